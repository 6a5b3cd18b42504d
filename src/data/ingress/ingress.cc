#include "data/ingress/ingress.h"

#include "base/fair_lru.h"
#include "base/json.h"
#include "base/limits.h"
#include "core/file/file.h"
#include "core/flow/flow.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/runs/journal.h"
#include "store/triggers/inbox.h"
#include "store/triggers/samples.h"

#include <fmt/format.h>

#include <deque>

namespace weft::ingress {

namespace {

namespace triggers = store::triggers;
using store::runs::ValueSlot;

/// A flush that found no database is repeated this often and for so long: over a connection that was lost,
/// but callers are to hear within 2 s that the database is away.
constexpr auto kRetryPause = std::chrono::milliseconds(50);
constexpr auto kRetryFor = std::chrono::milliseconds(500);
/// A deadlock is found after a second, longer than that patience: the other one is through by then.
constexpr int kDeadlocksMax = 3;
/// Today's and tomorrow's tables are made here as well: events are taken in while no worker runs.
constexpr auto kPartitionsEvery = std::chrono::hours(1);
constexpr auto kPartitionsRetry = std::chrono::seconds(5);
/// Tenants whose backlog is remembered; beyond it the table starts afresh.
constexpr std::size_t kBacklogsMax = 10'000;
/// Triggers and workflows whose rules are remembered, some 500 bytes each; keys that a rate limit refuses for
/// now, for so long: whether there is room again the database knows.
constexpr std::size_t kRulesMax = 10'000;
constexpr std::size_t kRefusedMax = 10'000;
constexpr auto kRefusedFor = std::chrono::seconds(2);
constexpr int kRuleTriesMax = 3;  // a version may be published meanwhile

Error overloaded() {
    Error error =
        Error::unavailable("Too many events are waiting to be stored; try again", "ingest queue is full");
    error.retry = Retry::kBackoff;
    return error;
}

Error over_backlog(store::quotas::Use use) {
    Error error = store::quotas::used_up(
        "due_runs", use, "the runs of this tenant that are due begin first: try again later"
    );
    error.retry = Retry::kBackoff;
    return error;
}

Error over_rate(Millis wait, std::chrono::seconds* refused_for) {
    if (refused_for != nullptr)
        *refused_for = std::max(std::chrono::ceil<std::chrono::seconds>(wait), std::chrono::seconds(1));
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    Error error = Error::limit(
        "The workflow's rate-limit is reached; try again in " + std::to_string(std::max<long>(seconds, 1)) +
        " s"
    );
    error.retry = Retry::kBackoff;
    return error;
}

/// Where a run comes from, for what is remembered of it.
std::string source_of(const triggers::NewRun& run) {
    return run.trigger ? run.trigger->text() : run.workflow.text();
}

std::string rate_key_of(const triggers::NewRun& run) {
    auto keys = run.flow ? parse_json(run.flow->keys) : Json();
    return keys && keys->is_object() ? std::string(text_or(keys->get_object(), "rate")) : "";
}

/// Which rate refuses it: what another version's rules refused says nothing of this one's.
std::string refusal_of(const triggers::NewRun& run) {
    return source_of(run) + '\n' + run.flow->version.text() + '\n' + rate_key_of(run);
}

/// Whoever sends names it: it may have been accepted before, and is then no new one that a rate could refuse.
bool may_repeat(const triggers::NewRun& run) {
    return run.once || (!run.dedupe_key.empty() && run.dedupe_key != run.id.text());
}

bool is_deadlock(const Error& error) {
    return error.database && error.database->sqlstate == "40P01";
}

}  // namespace

struct Ingest::Impl {
    /// Shared by the queue and the waiting caller, who may give up first.
    struct Pending {
        Pending(rt::Loop& loop, triggers::NewRun from) : run(std::move(from)), outcome(loop) {}
        triggers::NewRun run;
        std::size_t bytes = 0;
        rt::OneShot<Started> outcome;
    };
    using Flush = std::vector<std::shared_ptr<Pending>>;
    struct Backlog {
        store::quotas::Use jobs;
        Steady counted_at{};
        bool is_counting = false;
    };

    rt::Loop& loop;
    pg::Pool& pool;
    store::runs::PayloadCodec& codec;
    store::notices::Tell tell;
    const rt::Clock& clock;
    Rng& rng;
    Options options;
    std::deque<std::shared_ptr<Pending>> queue{};
    std::size_t queue_bytes = 0;
    FairLru<Backlog> backlogs{kBacklogsMax};  // by tenant
    /// Rules of a version, shared by the cache and the starts that read their keys for them.
    struct Known {
        WorkflowVersionId version;
        std::shared_ptr<const flow::Rules> rules;
    };
    FairLru<Known> rules{kRulesMax};  // by source_of
    struct Refused {
        Steady until{};    // it is asked anew
        Steady room_at{};  // as the database said
    };
    FairLru<Refused> refused{kRefusedMax};  // by refusal_of
    Stats stats{};
    bool is_closing = false;
    bool is_flushing = false;
    rt::Signal wake{loop};
    rt::Signal idle{loop};
    rt::Scope scope{loop};

    Backlog& backlog_of(TenantId tenant) {
        const std::string key = tenant.text();
        Backlog* found = backlogs.find(key);
        if (found != nullptr) return *found;
        return backlogs.add("", key, Backlog{.jobs = {.used = 0, .most = options.backlog_max}});
    }
    Result<void> admit(TenantId tenant);
    rt::Task<void> count(TenantId tenant);
    rt::Task<Result<Started>> begin(
        triggers::NewRun run,
        std::string input,
        std::string trigger,
        std::chrono::seconds* refused_for,
        rt::Deadline by
    );
    /// Reads the run's keys for these rules. `refused_for` as in StartRun.
    rt::Task<Result<void>> read_keys(
        triggers::NewRun& run,
        Known known,
        const std::string* input,
        const std::string* trigger,
        std::chrono::seconds* refused_for
    );
    /// Nothing came of a start: its workflow may have rules that the run has no keys for, or a rate limit
    /// that refuses it. True: try again with the keys that it has now.
    rt::Task<Result<bool>> learn_rules(
        triggers::NewRun& run, std::chrono::seconds* refused_for, rt::Deadline by
    );
    rt::Task<Result<triggers::NewRun>> keep(
        triggers::NewRun run, std::vector<store::runs::KeptStep> kept, rt::Deadline by
    );
    /// `start` lives in the frame that awaits this.
    rt::Task<Result<void>> give_files(RunId run, const StartRun& start, rt::Deadline by);
    rt::Task<void> work();
    rt::Task<void> make_partitions();
    void refuse_waiting(const Error& why);
    Flush take();
    rt::Task<Result<std::vector<std::optional<triggers::Begun>>>> commit(Flush flush, rt::Deadline by);
    rt::Task<void> flush_one_by_one(Flush flush, rt::Deadline by);
    void settle(const Flush& flush, const std::vector<std::optional<triggers::Begun>>& begun);
};

Result<void> Ingest::Impl::admit(TenantId tenant) {
    bool is_full = queue.size() >= options.queue_max || queue_bytes >= options.queue_bytes_max;
    if (is_closing || is_full) {
        ++stats.refused;
        return fail(overloaded());
    }
    if (options.admit) {
        auto room = options.admit();
        if (!room) ++stats.refused;
        CHECK_OK(room);
    }
    Backlog& backlog = backlog_of(tenant);
    if (!backlog.is_counting && clock.steady() - backlog.counted_at >= options.backlog_age) {
        backlog.is_counting = true;
        scope.spawn(count(tenant));
    }
    if (!backlog.jobs.is_up()) return {};
    ++stats.refused;
    if (options.over_quota) options.over_quota->add();
    return fail(over_backlog(backlog.jobs));
}

/// In the background: a start is decided by the last known count, it never waits for a new one.
rt::Task<void> Ingest::Impl::count(TenantId tenant) {
    auto counted = co_await triggers::count_backlog(
        pool, tenant, options.backlog_max, scope.deadline(std::chrono::seconds(5))
    );
    Backlog* backlog = backlogs.find(tenant.text());
    if (backlog == nullptr) co_return;
    if (counted) backlog->jobs = *counted;
    backlog->counted_at = clock.steady();
    backlog->is_counting = false;
}

rt::Task<Result<Started>> Ingest::Impl::begin(
    triggers::NewRun run,
    std::string input,
    std::string trigger,
    std::chrono::seconds* refused_for,
    rt::Deadline by
) {
    CO_CHECK_OK(admit(run.tenant));
    if (const Known* known = rules.find(source_of(run)))
        CO_CHECK_OK(co_await read_keys(run, *known, &input, &trigger, refused_for));
    const auto as_input = ValueSlot::input();
    const auto as_trigger = ValueSlot::trigger();
    CO_TRY(auto input_value, co_await codec.seal(run.tenant, run.id, as_input, std::move(input), by));
    CO_TRY(auto trigger_value, co_await codec.seal(run.tenant, run.id, as_trigger, std::move(trigger), by));
    run.values.push_back(std::move(input_value));
    run.values.push_back(std::move(trigger_value));
    if (run.trigger && run.dedupe_key.empty()) run.dedupe_key = run.id.text();
    for (int tries = 1;; ++tries) {
        CO_CHECK_OK(admit(run.tenant));
        auto pending = std::make_shared<Pending>(loop, std::move(run));
        for (const auto& value : pending->run.values) pending->bytes += value.data ? value.data->size() : 0;
        queue_bytes += pending->bytes;
        queue.push_back(pending);
        wake.notify_one();
        auto outcome = co_await pending->outcome.take(by);
        const bool may_be_rules = !outcome && outcome.error().code == Code::kNotFound;
        if (!may_be_rules || tries == kRuleTriesMax) co_return outcome;
        run = std::move(pending->run);  // settled: nobody else looks at it
        CO_TRY(const bool has_learned, co_await learn_rules(run, refused_for, by));
        if (!has_learned) co_return outcome;
    }
}

rt::Task<Result<void>> Ingest::Impl::read_keys(
    triggers::NewRun& run,
    Known known,
    const std::string* input,
    const std::string* trigger,
    std::chrono::seconds* refused_for
) {
    auto read = [&] { return known.rules->keys(*input, *trigger); };
    CO_TRY(const Json keys, co_await rt::offload(input->size() + trigger->size(), read));
    run.flow = triggers::FlowKeys{.version = known.version, .keys = to_text(keys)};
    if (may_repeat(run)) co_return Result<void>{};
    const Refused* before = refused.find(refusal_of(run));
    const Steady now = clock.steady();
    if (before == nullptr || before->until <= now) co_return Result<void>{};
    ++stats.refused;
    co_return fail(over_rate(std::chrono::ceil<Millis>(before->room_at - now), refused_for));
}

rt::Task<Result<bool>> Ingest::Impl::learn_rules(
    triggers::NewRun& run, std::chrono::seconds* refused_for, rt::Deadline by
) {
    const std::string source = source_of(run);
    CO_TRY(
        auto found,
        co_await triggers::find_flow(pool, run.tenant, run.trigger, run.workflow, rate_key_of(run), by)
    );
    if (!found) co_return false;
    if (run.flow && run.flow->version == found->version) {
        if (!found->rate_wait || *found->rate_wait <= Millis(0)) co_return true;  // there is room by now
        const Steady now = clock.steady();
        const Steady room_at = now + *found->rate_wait;
        refused.add(run.tenant.text(), refusal_of(run), {std::min(room_at, now + kRefusedFor), room_at});
        ++stats.refused;
        co_return fail(over_rate(*found->rate_wait, refused_for));
    }
    CO_TRY(auto read, flow::Rules::of(found->rules));
    Known known{found->version, std::make_shared<const flow::Rules>(std::move(read))};
    rules.add(run.tenant.text(), source, known);
    std::string input;
    std::string trigger;
    for (const store::runs::StoredPayload& value : run.values) {
        if (value.slot != ValueSlot::input() && value.slot != ValueSlot::trigger()) continue;
        const bool is_input = value.slot == ValueSlot::input();
        CO_TRY((is_input ? input : trigger), co_await codec.open(run.tenant, run.id, value, by));
    }
    CO_CHECK_OK(co_await read_keys(run, std::move(known), &input, &trigger, refused_for));
    co_return true;
}

rt::Task<Result<triggers::NewRun>> Ingest::Impl::keep(
    triggers::NewRun run, std::vector<store::runs::KeptStep> kept, rt::Deadline by
) {
    std::size_t bytes = 0;
    for (store::runs::KeptStep& step : kept) {
        bytes += step.output ? step.output->size() : 0;
        if (bytes > limits::kKeptBytesMax) {
            constexpr std::string_view kWhy =
                "The outputs that would be kept are larger than {} MiB together; start from an earlier step";
            co_return fail(Error::invalid(fmt::format(kWhy, limits::kKeptBytesMax >> 20), "from"));
        }
        if (step.output) {
            const auto slot = ValueSlot::output_of(step.row.step);
            CO_TRY(auto value, co_await codec.seal(run.tenant, run.id, slot, *std::move(step.output), by));
            run.values.push_back(std::move(value));
        }
        run.kept.push_back(std::move(step.row));
    }
    co_return run;
}

Ingest::Impl::Flush Ingest::Impl::take() {
    Flush flush;
    std::size_t bytes = 0;
    while (!queue.empty() && flush.size() < options.flush_max &&
           (bytes < options.flush_bytes_max || flush.empty())) {
        bytes += queue.front()->bytes;
        flush.push_back(std::move(queue.front()));
        queue.pop_front();
    }
    queue_bytes -= bytes;
    return flush;
}

rt::Task<Result<std::vector<std::optional<triggers::Begun>>>> Ingest::Impl::commit(
    Flush flush, rt::Deadline by
) {
    auto patience = by.at_most(kRetryFor);
    for (int deadlocks = 0;;) {
        std::vector<const triggers::NewRun*> runs;
        for (const auto& pending : flush) runs.push_back(&pending->run);
        auto begun = co_await triggers::begin_runs(pool, std::move(runs), by);
        // The ids are the same each time, so a repeat after an unknown outcome finds its own runs.
        if (begun || begun.error().code != Code::kUnavailable) co_return begun;
        const bool is_again = is_deadlock(begun.error()) ? ++deadlocks < kDeadlocksMax : !patience.is_over();
        if (!is_again) co_return begun;
        (void)co_await rt::sleep_for(kRetryPause, by);
    }
}

/// One of them is what the database refuses: let it not take the others with it.
rt::Task<void> Ingest::Impl::flush_one_by_one(Flush flush, rt::Deadline by) {
    for (const auto& pending : flush) {
        Flush one{pending};
        auto begun = co_await commit(one, by);
        if (begun) {
            settle(one, *begun);
        } else {
            pending->outcome.set(fail(std::move(begun).error()));
        }
    }
}

void Ingest::Impl::settle(const Flush& flush, const std::vector<std::optional<triggers::Begun>>& begun) {
    bool any = false;
    for (std::size_t i = 0; i < flush.size(); ++i) {
        Pending& pending = *flush[i];
        if (!begun[i]) {
            pending.outcome.set(
                fail(Error::not_found("No such workflow, or it is inactive or was never published"))
            );
            continue;
        }
        if (!begun[i]->is_same_request) {
            pending.outcome.set(fail(store::idempotency::used_otherwise()));
            continue;
        }
        bool is_duplicate = begun[i]->id != pending.run.id;
        if (is_duplicate) {
            ++stats.duplicates;
        } else {
            ++stats.started;
            any = true;
            ++backlog_of(pending.run.tenant).jobs.used;
            if (begun[i]->workflow) {
                tell(store::notices::RunChanged{
                    pending.run.tenant, pending.run.id, runstate::RunStatus::kQueued, *begun[i]->workflow
                });
            }
        }
        pending.outcome.set(Started{.run = begun[i]->id, .is_duplicate = is_duplicate});
    }
    if (any) tell(store::notices::JobsQueued{});
}

rt::Task<void> Ingest::Impl::work() {
    while (!scope.is_cancelled()) {
        if (queue.empty()) {
            idle.notify_all();
            (void)co_await wake.wait(scope.forever());
            continue;
        }
        is_flushing = true;
        // Not a deadline of the scope: what was taken from the queue is seen through while the process
        // closes.
        auto by = rt::Deadline::in(options.flush_timeout);
        Flush flush = take();
        auto begun = co_await commit(flush, by);
        ++stats.flushes;
        if (begun) {
            settle(flush, *begun);
        } else if (begun.error().code == Code::kUnavailable || begun.error().code == Code::kTimeout ||
                   flush.size() == 1) {
            for (const auto& pending : flush) pending->outcome.set(fail(begun.error()));
            // Whoever waits behind it would only wait for the same: none of theirs has been sent.
            if (begun.error().code == Code::kUnavailable) refuse_waiting(begun.error());
        } else {
            co_await flush_one_by_one(std::move(flush), by);
        }
        is_flushing = false;
    }
    refuse_waiting(overloaded());
}

void Ingest::Impl::refuse_waiting(const Error& why) {
    for (const auto& pending : queue) pending->outcome.set(fail(why));
    queue.clear();
    queue_bytes = 0;
}

rt::Task<void> Ingest::Impl::make_partitions() {
    while (!scope.is_cancelled()) {
        auto made = co_await store::runs::ensure_partitions(pool, scope.deadline(std::chrono::seconds(30)));
        const Steady::duration pause =
            made ? Steady::duration(kPartitionsEvery) : Steady::duration(kPartitionsRetry);
        (void)co_await rt::sleep_for(pause, scope.forever());
    }
}

Ingest::Ingest(
    rt::Loop& loop,
    pg::Pool& pool,
    store::runs::PayloadCodec& codec,
    store::notices::Tell tell,
    const rt::Clock& clock,
    Rng& rng,
    Options options
)
    : impl_(std::make_unique<Impl>(loop, pool, codec, std::move(tell), clock, rng, options)) {
    impl_->scope.spawn(impl_->work());
    impl_->scope.spawn(impl_->make_partitions());
}

Ingest::~Ingest() = default;

Result<void> Ingest::may_start(TenantId tenant) {
    return impl_->admit(tenant);
}

RunId Ingest::make_id() {
    return RunId::make(impl_->clock.now(), impl_->rng);
}

rt::Task<Result<Started>> Ingest::start_run(StartRun start, rt::Deadline by) {
    triggers::NewRun run{
        .tenant = start.tenant,
        .id = start.id ? *start.id : make_id(),
        .workflow = start.workflow,
        .version = start.version,
        .rerun_of = start.rerun_of,
        .is_redrive = start.is_redrive,
        .once = std::move(start.once),
    };
    CO_CHECK_OK(co_await impl_->give_files(run.id, start, by));
    CO_TRY(run, co_await impl_->keep(std::move(run), std::move(start.kept), by));
    co_return co_await impl_->begin(
        std::move(run), std::move(start.input), std::move(start.trigger), start.refused_for, std::move(by)
    );
}

/// Before the run begins: it may use its files from its first step on. What is given to one that then does
/// not begin is used by nobody.
rt::Task<Result<void>> Ingest::Impl::give_files(RunId run, const StartRun& start, rt::Deadline by) {
    if (options.files == nullptr) co_return Result<void>{};
    // What a repeated run's input says may be another's text; what counts is what it was given.
    if (start.rerun_of) co_return co_await options.files->give_of_run(start.tenant, run, *start.rerun_of, by);
    if (!file::may_hold_handles(start.input)) co_return Result<void>{};
    auto look = [&]() -> Result<std::vector<FileId>> {
        TRY(const Json tree, parse_json(start.input, {.bytes_max = limits::kPayloadBytesMax}));
        return file::handles_in(tree);
    };
    CO_TRY(auto ids, co_await rt::offload(start.input.size(), look));
    co_return co_await options.files->give(start.tenant, run, std::move(ids), by);
}

rt::Task<Result<Started>> Ingest::start_by_event(StartByEvent start, rt::Deadline by) {
    triggers::NewRun run{
        .tenant = start.tenant,
        .id = start.run ? *start.run : make_id(),
        .trigger = start.trigger_id,
        .dedupe_key = std::move(start.dedupe_key),
        .is_awaited = start.is_awaited,
    };
    return impl_->begin(
        std::move(run), std::move(start.input), std::move(start.trigger), start.refused_for, std::move(by)
    );
}

rt::Task<Result<Capture>> Ingest::capture(
    triggers::WebhookTarget of, std::string input, std::string about, rt::Deadline by
) {
    Impl& impl = *impl_;
    if (!of.is_listening || impl.options.keys == nullptr) co_return Capture::kBegin;
    auto kept = co_await triggers::capture(
        impl.pool, *impl.options.keys, of.tenant, of.id, std::move(input), std::move(about), by
    );
    impl.tell(store::notices::TriggerChanged{of.id});  // nobody listens any more
    if (kept && *kept && impl.options.captured) impl.options.captured->add();
    if (of.is_live()) co_return Capture::kBegin;  // its run matters more than the sample
    CO_CHECK_OK(kept);
    if (*kept) co_return Capture::kKept;
    co_return of.is_active&& of.is_workflow_active ? Capture::kBegin : Capture::kUnwanted;
}

rt::Task<void> Ingest::close() {
    impl_->is_closing = true;
    auto by = rt::Deadline::in(impl_->options.flush_timeout);
    while ((!impl_->queue.empty() || impl_->is_flushing) && !by.is_over()) {
        (void)co_await impl_->idle.wait(by.at_most(std::chrono::milliseconds(100)));
    }
    co_await impl_->scope.close();
}

Ingest::Stats Ingest::stats() const {
    Stats stats = impl_->stats;
    stats.waiting = impl_->queue.size();
    return stats;
}

}  // namespace weft::ingress
