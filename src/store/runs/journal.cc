#include "store/runs/journal.h"

#include "store/runs/answered.h"
#include "store/runs/detail/flush.h"
#include "store/runs/detail/rows.h"
#include "store/runs/queries.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace weft::store::runs {

namespace {

constexpr std::size_t kEntriesPerFlush = 256;     // bounds a transaction's length
constexpr std::size_t kBytesPerFlush = 8u << 20;  // one large payload still fits
constexpr auto kFlushTimeout = std::chrono::seconds(20);
constexpr auto kBackoffFirst = std::chrono::milliseconds(20);
constexpr auto kBackoffMax = std::chrono::milliseconds(1000);
constexpr auto kProgressTick = std::chrono::milliseconds(20);  // after one or two, most runs have ended

bool is_passing(const Error& error) {
    return error.code == Code::kUnavailable || error.code == Code::kTimeout;
}

std::size_t size_of(const Entry& entry) {
    std::size_t out = 1024;
    for (const RunWrite& child : entry.begun)
        for (const StoredPayload& value : child.values) out += value.data ? value.data->size() : 0;
    if (entry.parent_answer && entry.parent_answer->data) out += entry.parent_answer->data->size();
    for (const StoredPayload& payload : entry.payloads) out += payload.data ? payload.data->size() : 0;
    for (const LogWrite& log : entry.logs) out += log.message.size() + (log.fields ? log.fields->size() : 0);
    return out;
}

/// What a notice says of an answer in these rows.
std::optional<std::string> answer_in(const Entry& entry, bool is_held) {
    if (!entry.answer) return std::nullopt;
    // Not held: what is in the database may be another worker's.
    if (!is_held || !entry.is_first_lease) return "";
    const auto found = std::ranges::find(entry.payloads, *entry.answer, &StoredPayload::slot);
    return found == entry.payloads.end() ? "" : notice_text(*found).value_or("");
}

}  // namespace

struct JournalWriter::Pending {
    Pending(rt::Loop& loop, Entry rows, rt::Deadline until) : entry(std::move(rows)), by(until), done(loop) {}
    Entry entry;
    rt::Deadline by;
    rt::OneShot<void> done;
    bool is_abandoned = false;
    bool was_unknown = false;  // an earlier flush with it may have committed
};

JournalWriter::JournalWriter(rt::Loop& loop, pg::Pool& pool, notices::Tell tell)
    : loop_(loop), pool_(pool), tell_(std::move(tell)), scope_(loop) {}

JournalWriter::~JournalWriter() = default;

rt::Task<void> JournalWriter::close() {
    co_await scope_.close();
    for (auto& pending : queue_) pending->done.set(fail(Error::cancelled("shutdown")));
    queue_.clear();
}

rt::Task<Result<void>> JournalWriter::write(Entry entry, rt::Deadline by) {
    auto pending = std::make_shared<Pending>(loop_, std::move(entry), by);
    queue_.push_back(pending);
    if (!is_working_ && !scope_.is_cancelled()) {
        is_working_ = true;
        scope_.spawn(work());
    }
    auto out = co_await pending->done.take(by);
    // Not yet on its way: it stays unwritten. On its way: the fence decides.
    if (!out) pending->is_abandoned = true;
    co_return out;
}

rt::Task<void> JournalWriter::work() {
    Steady::duration backoff = kBackoffFirst;
    while (!queue_.empty() && !scope_.is_cancelled()) {
        std::vector<std::shared_ptr<Pending>> batch = take_batch();
        if (batch.empty()) continue;
        auto written = co_await flush_all(batch);
        if (written) {
            backoff = kBackoffFirst;
            continue;
        }
        if (!is_passing(written.error())) written = co_await flush_each(batch);
        if (written) continue;
        for (auto at = batch.rbegin(); at != batch.rend(); ++at) {
            (*at)->was_unknown = true;
            queue_.push_front(*at);
        }
        (void)co_await rt::sleep_for(backoff, scope_.forever());
        backoff = std::min<Steady::duration>(backoff * 2, kBackoffMax);
    }
    is_working_ = false;
}

std::vector<std::shared_ptr<JournalWriter::Pending>> JournalWriter::take_batch() {
    std::vector<std::shared_ptr<Pending>> batch;
    std::deque<std::shared_ptr<Pending>> later;
    std::unordered_set<RunId> runs;
    std::size_t bytes = 0;
    while (!queue_.empty() && batch.size() < kEntriesPerFlush && bytes < kBytesPerFlush) {
        auto pending = std::move(queue_.front());
        queue_.pop_front();
        if (pending->is_abandoned || pending->by.is_over()) continue;
        // A run's entries commit in their order: a second one waits for the next flush.
        if (!runs.insert(pending->entry.lease.run).second) {
            later.push_back(std::move(pending));
            continue;
        }
        bytes += size_of(pending->entry);
        batch.push_back(std::move(pending));
    }
    for (auto at = later.rbegin(); at != later.rend(); ++at) queue_.push_front(std::move(*at));
    return batch;
}

rt::Task<Result<void>> JournalWriter::flush_all(std::vector<std::shared_ptr<Pending>> batch) {
    std::vector<Entry*> entries;
    for (auto& pending : batch) entries.push_back(&pending->entry);
    CO_CHECK_OK(co_await flush(pool_, std::move(entries), scope_.deadline(kFlushTimeout)));
    ++stats_.flushes;
    for (auto& pending : batch) settle(*pending, true);
    co_return Result<void>{};
}

/// One of them is not held, or refused by the database: find out which, so that the others do not suffer from
/// it. An error that passes leaves in `batch` what is not settled.
rt::Task<Result<void>> JournalWriter::flush_each(std::vector<std::shared_ptr<Pending>>& batch) {
    for (; !batch.empty(); batch.erase(batch.begin())) {
        Pending& pending = *batch.front();
        std::vector<std::shared_ptr<Pending>> alone{batch.front()};
        auto written = co_await flush_all(std::move(alone));
        if (written) continue;
        if (is_passing(written.error())) co_return written;
        if (written.error().code == Code::kStale) {
            settle(pending, false);
        } else {
            pending.done.set(fail(std::move(written).error().during("write the journal")));
        }
    }
    co_return Result<void>{};
}

void JournalWriter::settle(Pending& pending, bool is_held) {
    const Entry& entry = pending.entry;
    ++stats_.entries;
    // Not held after an unknown outcome is most likely our own finish: the hint does no harm if it was not.
    for (Progress* earlier : {&fresh_, &aged_}) earlier->erase(entry.lease.run);
    if ((is_held || pending.was_unknown) && tell_) {
        notices::RunChanged changed{
            entry.lease.tenant, entry.lease.run, entry.state, entry.workflow, answer_in(entry, is_held)
        };
        const bool goes_on = entry.fate == JobFate::kKeep && !changed.answer;
        tell(std::move(changed), goes_on);
        tell_others(entry);
    }
    if (is_held) {
        pending.done.set({});
    } else {
        ++stats_.stale;
        pending.done.set(fail(Error::stale()));
    }
}

/// Of the runs that this one began, answered or let go: workers look for them.
void JournalWriter::tell_others(const Entry& entry) {
    const bool is_end = entry.fate == JobFate::kFinish;
    for (const RunWrite& child : entry.begun)
        tell_(notices::RunChanged{entry.lease.tenant, child.id, runstate::RunStatus::kQueued, child.workflow}
        );
    const bool lets_go = !entry.dropped.empty() || (is_end && entry.may_wait);
    const bool answers = is_end && entry.may_have_parent;
    if (!entry.begun.empty() || lets_go || answers) tell_(notices::JobsQueued{});
    if (lets_go || answers) tell_(notices::CancelAsked{});
}

void JournalWriter::tell(notices::RunChanged changed, bool goes_on) {
    if (!goes_on) return tell_(changed);
    fresh_.insert_or_assign(changed.run, std::move(changed));
    if (!std::exchange(is_telling_, true)) scope_.spawn(tell_progress());
}

rt::Task<void> JournalWriter::tell_progress() {
    while (!(fresh_.empty() && aged_.empty()) && !scope_.is_cancelled()) {
        (void)co_await rt::sleep_for(kProgressTick, scope_.forever());
        for (const auto& [run, changed] : std::exchange(aged_, std::exchange(fresh_, {}))) tell_(changed);
    }
    is_telling_ = false;
}

namespace {

void add_loads(pg::Batch& batch, TenantId tenant, std::span<const queue::Lease> leases) {
    pg::ArrayParam fresh;
    pg::ArrayParam resumed;
    bool has_fresh = false;
    bool has_resumed = false;
    for (const queue::Lease& lease : leases) {
        (lease.epoch > 1 ? resumed : fresh).add(lease.run);
        (lease.epoch > 1 ? has_resumed : has_fresh) = true;
    }
    batch.as(pg::Principal::tenant(tenant));
    if (has_fresh) batch.add(sql::kLoadInputs, pg::params(fresh));
    if (!has_resumed) return;
    batch.add(sql::kLoadRuns, pg::params(resumed));
    batch.add(sql::kLoadAnswers, pg::params(resumed));
    batch.add(sql::kLoadJournal, pg::params(resumed));
    batch.add(sql::kLoadSteps, pg::params(resumed));
    batch.add(sql::kLoadWaits, pg::params(resumed));
}

/// Runs by id; those of a first claim are there from the start, the others come with their row.
using Found = std::unordered_map<RunId, Loaded>;

constexpr auto kLoadedRun = pg::columns(
                                pg::column<&Loaded::run>("id"),
                                pg::column<&Loaded::state>("state"),
                                pg::column<&Loaded::now>("now"),
                                pg::column<&Loaded::started_at>("started_at")
                            ) +
                            pg::nested<Loaded, &Loaded::used, kUsedByRun>();
constexpr auto kWait = pg::columns(
    pg::column<&Wait::step>("step_id"),
    pg::column<&Wait::iteration>("iteration"),
    pg::column<&Wait::detail>("detail")
);

constexpr auto kAnswer = pg::columns(
    pg::column<&Answer::step>("step_id"),
    pg::column<&Answer::iteration>("iteration"),
    pg::column<&Answer::failure_kind>("failure_kind"),
    pg::column<&Answer::failure>("failure"),
    pg::column<&Answer::child>("child_run_id")
);

/// A row of some run's.
template <class T>
struct Of {
    RunId run;
    T row;
};
template <class T, const auto& kColumns>
constexpr auto of_run() {
    return pg::nested<Of<T>, &Of<T>::row, kColumns>() + pg::columns(pg::column<&Of<T>::run>("run_id"));
}

template <class T, const auto& kColumns>
Result<void> read_into(std::vector<T> Loaded::* list, const pg::Rows& rows, Found& found) {
    return pg::each(rows, of_run<T, kColumns>(), [&](Of<T> each) {
        const auto run = found.find(each.run);
        if (run != found.end()) (run->second.*list).push_back(std::move(each.row));
    });
}

Result<void> read_answer(std::string_view name, const pg::Rows& rows, Found& found) {
    if (name == sql::kLoadRuns.name) {
        return pg::each(rows, kLoadedRun, [&](Loaded run) { found[run.run] = std::move(run); });
    }
    if (name == sql::kLoadSteps.name) return read_into<StepRun, kStep>(&Loaded::steps, rows, found);
    if (name == sql::kLoadAnswers.name) return read_into<Answer, kAnswer>(&Loaded::answers, rows, found);
    if (name == sql::kLoadWaits.name) return read_into<Wait, kWait>(&Loaded::waits, rows, found);
    return read_into<StoredPayload, kPayload>(&Loaded::payloads, rows, found);
}

}  // namespace

rt::Task<Result<std::vector<Loaded>>> load(
    pg::Pool& pool, std::vector<queue::Lease> leases, Instant now, rt::Deadline by
) {
    std::ranges::sort(leases, {}, &queue::Lease::tenant);
    pg::Batch batch;
    Found found;
    std::span<const queue::Lease> left = leases;
    while (!left.empty()) {
        auto end = std::ranges::find_if(left, [&](const auto& l) { return l.tenant != left.front().tenant; });
        const auto count = static_cast<std::size_t>(end - left.begin());
        add_loads(batch, left.front().tenant, left.first(count));
        left = left.subspan(count);
    }
    for (const queue::Lease& lease : leases) {
        if (lease.epoch == 1) found[lease.run] = Loaded{.run = lease.run, .now = now};
    }
    if (batch.empty()) co_return std::vector<Loaded>{};
    std::vector<std::string_view> names;
    for (const auto& statement : batch.statements()) names.push_back(statement.query.name);
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    for (std::size_t i = 0; i < answers.size(); ++i) CO_CHECK_OK(read_answer(names[i], answers[i], found));
    std::vector<Loaded> out;
    out.reserve(found.size());
    for (auto& [run, loaded] : found) out.push_back(std::move(loaded));
    co_return out;
}

rt::Task<Result<std::vector<Answer>>> answered_so_far(
    pg::Pool& pool, queue::Lease lease, std::vector<WaitRef> waiting, rt::Deadline by
) {
    pg::Batch batch;
    batch.as(pg::Principal::tenant(lease.tenant));
    // In this order: what comes between the two is told again.
    batch.add(sql::kTakeSignal, pg::params(lease.run, lease.epoch));
    auto steps = pg::array(waiting, &WaitRef::step);
    auto iterations = pg::array(waiting, &WaitRef::iteration);
    batch.add(sql::kLoadNewAnswers, pg::params(lease.run, steps, iterations));
    CO_TRY(auto rows, co_await pool.run(std::move(batch), by));
    std::vector<Answer> out;
    CO_CHECK_OK(pg::each(rows[1], of_run<Answer, kAnswer>(), [&](Of<Answer> each) {
        out.push_back(std::move(each.row));
    }));
    co_return out;
}

rt::Task<Result<void>> close_wait(pg::Pool& pool, queue::Lease lease, WaitRef wait, rt::Deadline by) {
    pg::ArrayParam run, epoch, step, iteration;
    run.add(lease.run);
    epoch.add(lease.epoch);
    step.add(wait.step);
    iteration.add(wait.iteration);
    pg::Batch batch;
    batch.as(pg::Principal::tenant(lease.tenant));
    batch.add(sql::kHoldJobs, pg::params(run, epoch, true, pg::ArrayParam(), run));
    batch.add(sql::kCloseWaits, pg::params(run, step, iteration));
    CO_CHECK_OK(co_await pool.run(std::move(batch), by));
    co_return Result<void>{};
}

rt::Task<Result<std::optional<Callee>>> find_callee(
    pg::Pool& pool, TenantId tenant, std::string key, rt::Deadline by
) {
    constexpr auto kCallee = pg::columns(
        pg::column<&Callee::id>("id"),
        pg::column<&Callee::state>("state"),
        pg::column<&Callee::is_active>("is_active"),
        pg::column<&Callee::published>("published_version_id")
    );
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindCallee, pg::params(key), by));
    co_return pg::first(rows, kCallee);
}

rt::Task<Result<std::int64_t>> fail_orphans(
    pg::Pool& pool, std::vector<queue::Orphan> orphans, rt::Deadline by
) {
    struct Ended {
        RunId run;
        std::string state;
        std::string failure_kind;
        std::string error;
    };
    constexpr auto kEnded = pg::columns(
        pg::column<&Ended::run>("id"),
        pg::column<&Ended::state>("state"),
        pg::column<&Ended::failure_kind>("failure_kind"),
        pg::column<&Ended::error>("error")
    );
    std::ranges::sort(orphans, {}, &queue::Orphan::tenant);
    std::int64_t count = 0;
    for (std::size_t i = 0; i < orphans.size();) {
        const TenantId tenant = orphans[i].tenant;
        pg::ArrayParam runs;
        for (; i < orphans.size() && orphans[i].tenant == tenant; ++i) runs.add(orphans[i].run);
        CO_TRY(auto work, co_await pool.begin(pg::Principal::tenant(tenant), by));
        CO_TRY(auto rows, co_await work.query(sql::kFailOrphans, pg::params(runs), by));
        CO_TRY(const auto ended, pg::all(rows, kEnded));
        pg::ArrayParam ids;
        pg::ArrayParam states;
        pg::ArrayParam kinds;
        pg::ArrayParam errors;
        for (const Ended& each : ended) {
            ids.add(each.run);
            states.add(each.state);
            kinds.add(each.failure_kind);
            errors.add(each.error);
        }
        CO_CHECK_OK(co_await work.query(sql::kNoteEnds, pg::params(ids, states, kinds, errors), by));
        CO_CHECK_OK(co_await work.commit(by));
        count += static_cast<std::int64_t>(ended.size());
    }
    co_return count;
}

rt::Task<Result<void>> ensure_partitions(pg::Pool& pool, rt::Deadline by) {
    // No tenant table is touched; a principal is needed all the same, and this one has the least.
    const pg::Principal who = pg::Principal::tenant(TenantId());
    CO_CHECK_OK(co_await pool.query(who, sql::kEnsurePartitions, pg::Params(), by));
    co_return Result<void>{};
}

}  // namespace weft::store::runs
