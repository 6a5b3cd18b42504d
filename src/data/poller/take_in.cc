#include "core/flow/flow.h"
#include "core/trigger/listen.h"
#include "core/trigger/mailbox.h"
#include "core/trigger/table.h"
#include "data/poller/detail/impl.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include <set>

// What an answer holds becomes runs, in one transaction with what is remembered of it.

namespace weft::poller {

namespace {

using store::runs::ValueSlot;

constexpr Millis kSoon{1'000};                 // there is more to take in
constexpr std::size_t kBatchItemsMax = 1'000;  // of one run
constexpr std::size_t kBatchBytesMax = 4u << 20;

std::string hex_of(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

}  // namespace

std::string key_of(std::string_view what, const rows::DuePoll& due, std::string_view digest) {
    // As before sources were counted: what has been taken in stays known.
    if (due.source == 0) return fmt::format("{}:{}", what, hex_of(digest));
    return fmt::format("{}:{}:{}", what, due.source, hex_of(digest));
}

Json about(const rows::DuePoll& due) {
    return JsonObject{
        {"kind", due.kind},
        {"id", due.trigger.text()},
        {"name", due.name},
        {"polled_at", rfc3339(due.now)},
    };
}

Result<trigger::Poll> settings_of(const rows::DuePoll& due) {
    const auto source = trigger::source_from(due.kind);
    if (!source) return fail(Error::invalid("This kind of trigger does not ask"));
    TRY(auto settled, trigger::parse_source(*source, due.config));
    return std::move(settled.poll);
}

std::string digest_of(std::string_view text) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(
        reinterpret_cast<unsigned char*>(out.data()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size()
    );
    return out;
}

Millis every_of(const rows::DuePoll& due) {
    if (due.kind == trigger::kMailKind) {
        const auto mailbox = trigger::parse_mailbox(due.config);
        return mailbox ? mailbox->every : trigger::kPollEveryMin;
    }
    if (due.kind == trigger::kTableKind) {
        const auto table = trigger::parse_table(due.config);
        return table ? table->every : trigger::kPollEveryMin;
    }
    if (due.kind == trigger::kListenKind) return trigger::kPollEveryMin;
    const auto settings = settings_of(due);
    return settings ? settings->every : trigger::kPollEveryMin;
}

rt::Task<Result<rows::NewRun>> Poller::Impl::seal(
    const rows::DuePoll& due, std::string key, std::string input, rt::Deadline by
) {
    rows::NewRun run{
        .tenant = due.tenant,
        .id = RunId::make(needs.clock.now(), needs.rng),
        .trigger = due.trigger,
        .dedupe_key = std::move(key),
    };
    std::string trigger = to_text(about(due));
    if (due.flow && due.version) {
        CO_TRY(auto rules, flow::Rules::of(*due.flow));
        CO_TRY(const Json keys, rules.keys(input, trigger));
        run.flow = rows::FlowKeys{.version = *due.version, .keys = to_text(keys)};
    }
    const auto as_input = ValueSlot::input();
    const auto as_trigger = ValueSlot::trigger();
    CO_TRY(auto sealed_input, co_await needs.codec.seal(due.tenant, run.id, as_input, std::move(input), by));
    CO_TRY(
        auto sealed_trigger, co_await needs.codec.seal(due.tenant, run.id, as_trigger, std::move(trigger), by)
    );
    run.values.push_back(std::move(sealed_input));
    run.values.push_back(std::move(sealed_trigger));
    co_return run;
}

/// A run for each, as many as one transaction takes.
rt::Task<Result<void>> Poller::Impl::seal_each(
    const rows::DuePoll& due, std::vector<trigger::PolledItem> fresh, Intake& in, rt::Deadline by
) {
    for (const trigger::PolledItem& item : fresh) {
        if (in.runs.size() >= needs.options.runs_max || in.bytes >= needs.options.bytes_max) break;
        CO_TRY(auto run, co_await seal(due, key_of("item", due, item.key), to_text(*item.value), by));
        for (const auto& value : run.values) in.bytes += value.data ? value.data->size() : 0;
        in.runs.push_back(std::move(run));
        in.outcome.run_items.push_back({item.key});
        ++in.items;
    }
    co_return Result<void>();
}

/// One run for all, as many as it takes.
rt::Task<Result<void>> Poller::Impl::seal_all(
    const rows::DuePoll& due, std::vector<trigger::PolledItem> fresh, Intake& in, rt::Deadline by
) {
    JsonArray items;
    std::vector<std::string> keys;
    for (const trigger::PolledItem& item : fresh) {
        in.bytes += to_text(*item.value).size();
        if (!items.empty() && (items.size() == kBatchItemsMax || in.bytes > kBatchBytesMax)) break;
        items.push_back(*item.value);
        keys.push_back(item.key);
    }
    if (items.empty()) co_return Result<void>();
    in.items += keys.size();
    in.outcome.run_items.push_back(std::move(keys));
    const auto ids = fmt::format("{}", fmt::join(in.outcome.run_items.back(), ""));  // each 32 bytes
    std::string key = key_of("items", due, digest_of(ids));
    CO_TRY(
        auto run, co_await seal(due, std::move(key), to_text(JsonObject{{"items", std::move(items)}}), by)
    );
    in.runs.push_back(std::move(run));
    co_return Result<void>();
}

rt::Task<Result<void>> Poller::Impl::has_room(TenantId tenant, rt::Deadline by) {
    CO_TRY(const auto jobs, co_await rows::count_backlog(needs.pool, tenant, needs.options.backlog_max, by));
    if (!jobs.is_up()) co_return Result<void>();
    over_quota.add();
    co_return fail(
        store::quotas::used_up("due_runs", jobs, "nothing new is taken in until some of them have begun")
    );
}

/// Errors: kInvalid, kLimit: a sentence for the owner.
rt::Task<Result<void>> Poller::Impl::take_in(const rows::DuePoll& due, Json answer) {
    const rt::Deadline by = soon();
    CO_TRY(const trigger::Poll settings, settings_of(due));
    Json before;
    if (due.cursor) {
        CO_TRY(before, parse_json(*due.cursor));
    }
    auto read = [&] { return trigger::read_answer(settings, answer, before); };
    CO_TRY(const trigger::Polled polled, co_await rt::on_pool(read, rt::Pool::kTenants));
    Intake in;
    in.outcome = {.tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch, .is_primed = true};
    std::vector<std::string> keys;
    for (const trigger::PolledItem& item : polled.items) keys.push_back(item.key);
    const bool is_silent = !due.is_primed && settings.start == trigger::PollStart::kNow;
    CO_TRY(const auto unseen, co_await rows::unseen_items(needs.pool, due.tenant, due.trigger, keys, by));
    if (is_silent || unseen.empty()) {
        in.outcome.items = std::move(keys);
    } else {
        CO_CHECK_OK(co_await has_room(due.tenant, by));
        const std::set<std::string> is_new(unseen.begin(), unseen.end());
        std::vector<trigger::PolledItem> fresh;
        for (const trigger::PolledItem& item : polled.items) {
            if (!is_new.contains(item.key)) continue;
            if (settings.filter && !settings.filter->passes(*item.value, about(due))) {
                in.outcome.items.push_back(item.key);  // seen, and dealt with
                in.outcome.size_filtered = static_cast<std::int64_t>(to_text(*item.value).size());
                ++in.outcome.filtered;
                ++in.items;
            } else {
                fresh.push_back(item);
            }
        }
        if (settings.is_batch) {
            CO_CHECK_OK(co_await seal_all(due, std::move(fresh), in, by));
        } else {
            CO_CHECK_OK(co_await seal_each(due, std::move(fresh), in, by));
        }
        // What is left is asked for again, with the same cursor.
        if (in.items < is_new.size()) in.outcome.next = kSoon;
        for (std::string& key : keys)  // those that are still shown stay remembered
            if (!is_new.contains(key)) in.outcome.items.push_back(std::move(key));
    }
    if (in.outcome.next == Millis(0)) {
        in.outcome.next = settings.every;
        if (polled.cursor) in.outcome.cursor = to_text(*polled.cursor);
    }
    std::vector<const rows::NewRun*> runs;
    for (const rows::NewRun& run : in.runs) runs.push_back(&run);
    rows::PollOutcome outcome = std::move(in.outcome);
    CO_TRY(const auto begun, co_await rows::settle_poll(needs.pool, std::move(outcome), std::move(runs), by));
    told(in.runs, begun);
    count(in.runs.empty() ? "nothing" : "new");
    co_return Result<void>();
}

void Poller::Impl::told(
    const std::deque<rows::NewRun>& runs, const std::vector<std::optional<rows::Begun>>& begun
) {
    bool is_any = false;
    for (std::size_t i = 0; i < begun.size(); ++i) {
        if (!begun[i] || !begun[i]->workflow) continue;
        is_any = true;
        fires.add();
        needs.tell(store::notices::RunChanged{
            runs[i].tenant, begun[i]->id, runstate::RunStatus::kQueued, *begun[i]->workflow
        });
    }
    if (is_any) needs.tell(store::notices::JobsQueued{});
}

}  // namespace weft::poller
