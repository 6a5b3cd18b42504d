#include "store/runs/detail/flush.h"

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/runs/queries.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_set>

namespace weft::store::runs {

namespace {

/// One column per array; rows of all entries of one tenant.
struct Columns {
    explicit Columns(std::size_t count) : arrays(count) {}
    std::vector<pg::ArrayParam> arrays;
    void into(pg::Params& params) const {
        for (const pg::ArrayParam& array : arrays) params.add(array);
    }
};

/// In the order of the enum.
constexpr std::array<std::string_view, 5> kFates = {"keep", "park", "postpone", "crash", "finish"};

void add_entry(Columns& to, const Entry& entry) {
    auto& a = to.arrays;
    a[0].add(entry.lease.run);
    a[1].add(entry.lease.epoch);
    a[2].add(entry.state);
    a[3].add(entry.failure_kind);
    a[4].add(entry.error);
    a[5].add(entry.tier);
    a[6].add(entry.started_at);
    a[7].add(entry.finished_at);
    a[8].add(word_of(kFates, entry.fate));
    a[9].add(entry.park_for);
    a[10].add(entry.is_dead_letter);
}

void add_step(Columns& to, RunId run, const StepWrite& step) {
    auto& a = to.arrays;
    a[0].add(run);
    a[1].add(step.step);
    a[2].add(step.iteration);
    a[3].add(step.position);
    a[4].add(step.state);
    a[5].add(step.attempt);
    a[6].add(step.failure_kind);
    a[7].add(step.error);
    a[8].add(step.idempotency_key);
    a[9].add(step.intent_at);
    a[10].add(step.started_at);
    a[11].add(step.finished_at);
}

void add_payload(Columns& to, RunId run, const StoredPayload& payload) {
    auto& a = to.arrays;
    a[0].add(run);
    a[1].add(payload.slot.text());
    a[2].add(payload.size_bytes);
    a[3].add(payload.codec);
    a[4].add(payload.key_id);
    if (payload.data) {
        a[5].add_bytes(*payload.data);
        a[6].add_null();
    } else {
        a[5].add_null();
        a[6].add(payload.blob.value_or(Uuid{}).text());
    }
}

void add_event(Columns& to, RunId run, std::int64_t seq, const EventWrite& event) {
    auto& a = to.arrays;
    a[0].add(run);
    a[1].add(seq);
    a[2].add(event.at);
    a[3].add(event.kind);
    a[4].add(event.step);
    a[5].add(event.detail);
}

void add_log(Columns& to, RunId run, std::int64_t seq, const LogWrite& log) {
    auto& a = to.arrays;
    a[0].add(run);
    a[1].add(seq);
    a[2].add(log.at);
    a[3].add(log.level);
    a[4].add(log.step);
    a[5].add(log.message);
}

/// Each lease numbers its rows in a range of its own: a repeated flush meets its own rows, ordering by number
/// is ordering by time, and the identity column's own numbers (the API's events) stay far below.
std::int64_t first_seq(const queue::Lease& lease) {
    constexpr std::int64_t kRange = std::int64_t{1} << 40;
    return lease.epoch * kRange;
}

pg::Params params_of(std::span<Entry* const> entries) {
    Columns runs(11);
    Columns steps(12);
    Columns payloads(7);
    Columns events(6);
    Columns logs(6);
    for (const Entry* entry : entries) {
        const RunId run = entry->lease.run;
        add_entry(runs, *entry);
        for (const StepWrite& step : entry->steps) add_step(steps, run, step);
        for (const StoredPayload& payload : entry->payloads) add_payload(payloads, run, payload);
        std::int64_t seq = first_seq(entry->lease) + entry->events_before;
        for (const EventWrite& event : entry->events) add_event(events, run, seq++, event);
        seq = first_seq(entry->lease) + entry->logs_before;
        for (const LogWrite& log : entry->logs) add_log(logs, run, seq++, log);
    }
    pg::Params params;
    for (const Columns* columns : {&runs, &steps, &payloads, &events, &logs}) columns->into(params);
    return params;
}

}  // namespace

std::string without_fence(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        if (!line.ends_with("-- fence")) out.append(line).push_back('\n');
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return out;
}

pg::Query flush_query() {
#ifdef WEFT_TEST_NO_FENCING
    static const std::string unfenced = without_fence(sql::kFlush.text);
    return pg::Query{"runs.flush_unfenced", unfenced};
#else
    return sql::kFlush;
#endif
}

rt::Task<Result<std::vector<bool>>> flush(pg::Pool& pool, std::vector<Entry*> entries, rt::Deadline by) {
    co_return co_await flush_with(pool, flush_query(), std::move(entries), by);
}

rt::Task<Result<std::vector<bool>>> flush_with(
    pg::Pool& pool, pg::Query query, std::vector<Entry*> entries, rt::Deadline by
) {
    // In the order of tenant and run, like every statement that locks several jobs, so that none deadlock.
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    auto tenant_at = [&](std::size_t at) { return entries[at]->lease.tenant; };
    std::ranges::sort(order, {}, tenant_at);

    pg::Batch batch;
    std::vector<Entry*> group;
    for (std::size_t i = 0; i < order.size(); ++i) {
        group.push_back(entries[order[i]]);
        const bool is_last = i + 1 == order.size() || tenant_at(order[i + 1]) != tenant_at(order[i]);
        if (!is_last) continue;
        batch.as(pg::Principal::tenant(tenant_at(order[i])));
        batch.add(
            sql::kLockJobs, pg::params(pg::array(group, [](const Entry* entry) { return entry->lease.run; }))
        );
        batch.add(query, params_of(group));
        group.clear();
    }
    if (batch.empty()) co_return std::vector<bool>{};
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));

    std::unordered_set<RunId> held;
    for (std::size_t i = 1; i < answers.size(); i += 2) {  // of each tenant: its locks, then its flush
        CO_TRY(auto found, pg::values<RunId>(answers[i], "run_id"));
        held.insert(found.begin(), found.end());
    }
    std::vector<bool> out;
    out.reserve(entries.size());
    for (const Entry* entry : entries) out.push_back(held.contains(entry->lease.run));
    co_return out;
}

}  // namespace weft::store::runs
