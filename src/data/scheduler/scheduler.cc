#include "data/scheduler/scheduler.h"

#include "core/calendar/calendar.h"
#include "core/flow/flow.h"
#include "core/trigger/schedule.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/triggers/schedules.h"
#include "store/triggers/triggers.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace weft::scheduler {

namespace {

namespace rows = store::triggers;
using store::runs::ValueSlot;

constexpr auto kRetryPause = std::chrono::seconds(1);  // while the database is away
constexpr Steady::duration kIdleMax = std::chrono::milliseconds(200);
constexpr Steady::duration kPause =
    std::chrono::milliseconds(5);  // two schedulers do not spin around what the other has locked

std::vector<double> lateness_buckets() {
    return {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3'600};
}

std::string tzdata() {
    return std::string(calendar::tzdata_version());
}

/// What the run gets to see of the slot.
std::string trigger_of(const rows::DueSchedule& due, const trigger::Schedule& schedule, Instant slot) {
    JsonObject out;
    out["kind"] = name(rows::Kind::kSchedule);
    out["id"] = due.trigger.text();
    out["name"] = due.name;
    out["scheduled_for"] = rfc3339(slot);
    out["fired_at"] = rfc3339(due.now);
    out["local_time"] = calendar::iso(std::chrono::floor<Millis>(slot), schedule.zone);
    out["zone"] = schedule.zone.name();
    return to_text(out);
}

}  // namespace

struct Scheduler::Impl {
    explicit Impl(Needs from)
        : needs(std::move(from)),
          fires(needs.metrics.counter("weft_schedule_fires_total", "Runs that schedules have begun")),
          missed(needs.metrics.counter(
              "weft_schedule_missed_total",
              "Times of schedules that passed without a run, since nothing fired them"
          )),
          skipped(needs.metrics.counter(
              "weft_schedule_skipped_total", "Times of schedules left out, since the run before had not ended"
          )),
          lateness(needs.metrics.histogram(
              "weft_schedule_lateness_seconds", "From a schedule's time to its run", lateness_buckets()
          )),
          wanted(needs.loop),
          scope(needs.loop) {}

    /// What one transaction does.
    struct Turn {
        std::vector<rows::Settled> settled;
        std::deque<rows::NewRun> runs;  // they stay where they are
        std::vector<Millis> late;       // of each run
        std::int64_t missed = 0;
        std::int64_t skipped = 0;
        std::size_t bytes = 0;  // of the runs' values
        std::size_t runs_max = 0;
        std::size_t bytes_max = 0;

        bool is_full() const { return runs.size() >= runs_max || bytes >= bytes_max; }
        void add(rows::NewRun run, Millis by_how_much) {
            for (const auto& value : run.values) bytes += value.data ? value.data->size() : 0;
            runs.push_back(std::move(run));
            late.push_back(by_how_much);
        }
    };

    rt::Task<void> work();
    rt::Task<void> help();
    rt::Task<void> pause();
    rt::Task<void> replan();
    rt::Task<Result<int>> tick();
    rows::Settled postponed(const rows::DueSchedule& due, const Error& why) const;
    void halve();
    rt::Task<void> decide(const rows::DueSchedule& due, Turn& turn, rt::Deadline by);
    rt::Task<Result<rows::NewRun>> seal(
        const rows::DueSchedule& due, const trigger::Schedule& schedule, Instant slot, rt::Deadline by
    );
    void told(const Turn& turn, const std::vector<std::optional<rows::Begun>>& begun);
    rt::Task<void> set_aside(rows::DueSchedule due, Error why);

    Needs needs;
    telemetry::Counter fires;
    telemetry::Counter missed;
    telemetry::Counter skipped;
    telemetry::Histogram lateness;
    Stats stats{};
    bool is_woken = false;
    Steady::duration idle = kPause;
    Steady replan_at{};
    rows::ScheduleKey replanned;
    bool is_helped = false;
    int batch = needs.options.batch_max;  // less while transactions take too long
    bool is_one_by_one = false;           // the last transaction failed: find out whose fault it is
    rt::Signal wanted;
    rt::Scope scope;
};

rt::Task<Result<rows::NewRun>> Scheduler::Impl::seal(
    const rows::DueSchedule& due, const trigger::Schedule& schedule, Instant slot, rt::Deadline by
) {
    rows::NewRun run{
        .tenant = due.tenant,
        .id = RunId::make(needs.clock.now(), needs.rng),
        .trigger = due.trigger,
        .dedupe_key = rfc3339(slot),
    };
    std::string input = to_text(schedule.input);
    std::string trigger = trigger_of(due, schedule, slot);
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

/// Nothing is settled: catch-up decides what becomes of it. The longer it lasts the rarer it is tried, so
/// that thousands that are refused cost little.
rows::Settled Scheduler::Impl::postponed(const rows::DueSchedule& due, const Error& why) const {
    const Instant since = due.next_slot_at.value_or(due.settled_at);
    const Millis late = std::chrono::floor<Millis>(due.now - since);
    return {
        .tenant = due.tenant,
        .trigger = due.trigger,
        .settled_at = due.settled_at,
        .next_slot_at = due.next_slot_at,
        .due_at = due.now + std::clamp(late / 4, needs.options.postponed, needs.options.postponed_max),
        .waiting_slot_at = due.waiting_slot_at,
        .problem = why.user,
    };
}

/// Appends to the turn where the schedule stands afterwards, and its runs: as many as there is room for in
/// the turn. The rest stays due, all of it where nothing begins. Whatever is wrong with one schedule is told
/// to its owner and keeps nobody else's from firing.
rt::Task<void> Scheduler::Impl::decide(const rows::DueSchedule& due, Turn& turn, rt::Deadline by) {
    rows::Settled out{.tenant = due.tenant, .trigger = due.trigger, .settled_at = due.settled_at};
    out.waiting_slot_at = due.waiting_slot_at;
    if (!due.is_live) {  // whoever switches it on again plans it anew
        turn.settled.push_back(std::move(out));
        co_return;
    }
    auto schedule = trigger::parse_schedule(due.config);
    if (!schedule) {
        out.problem = schedule.error().user;
        turn.settled.push_back(std::move(out));
        co_return;
    }
    auto room = needs.may_start(due.tenant);  // first: of what is refused, nothing is computed
    if (!room) {
        turn.settled.push_back(postponed(due, room.error()));
        co_return;
    }
    const trigger::Due what = trigger::due(
        *schedule,
        {.settled = due.settled_at,
         .now = due.now,
         .is_running = due.is_running,
         .waiting = due.waiting_slot_at,
         .trigger_id = due.trigger.text()}
    );
    const Millis jitter = trigger::jitter_of(*schedule, due.trigger.text());
    for (const Instant slot : what.slots) {
        if (turn.is_full()) break;
        if (out.fired > 0) room = needs.may_start(due.tenant);
        if (!room) break;
        auto run = co_await seal(due, *schedule, slot, by);
        if (!run) {
            room = fail(run.error());
            break;
        }
        ++out.fired;
        out.last_slot_at = slot;
        out.last_run_id = run->id;
        turn.add(*std::move(run), std::chrono::floor<Millis>(due.now - slot) - jitter);
    }
    const auto begun = static_cast<std::size_t>(out.fired);
    if (begun == what.slots.size()) {
        out.settled_at = what.settled;
        out.next_slot_at = what.next;
        out.due_at = what.looks_next;
        out.waiting_slot_at = what.waiting;
    } else if (begun == 0) {
        if (!room) turn.settled.push_back(postponed(due, room.error()));
        co_return;
    } else {
        out.settled_at = *out.last_slot_at;
        out.next_slot_at = what.slots[begun];
        out.due_at = room ? due.now : due.now + needs.options.postponed;
        out.waiting_slot_at = std::nullopt;  // it was the first
        if (!room) out.problem = room.error().user;
    }
    out.missed = what.missed;
    out.skipped = what.skipped;
    turn.missed += what.missed;
    turn.skipped += what.skipped;
    turn.settled.push_back(std::move(out));
}

/// The next transactions do less, until one has been quick enough.
void Scheduler::Impl::halve() {
    batch = std::max(batch / 2, 1);
}

rt::Task<Result<int>> Scheduler::Impl::tick() {
    const auto by = scope.deadline(needs.options.timeout);
    const int limit = is_one_by_one ? 1 : batch;
    auto found = co_await rows::claim_schedules(needs.pool, limit, tzdata(), by);
    if (!found) {
        if (found.error().code == Code::kTimeout) halve();
        co_return fail(std::move(found).error());
    }
    rows::Claim claim = *std::move(found);
    const int claimed = static_cast<int>(claim.due.size());
    if (claimed == 0) {
        is_one_by_one = false;
        co_return 0;
    }
    idle = kPause;
    Turn turn;
    const auto share = static_cast<std::size_t>(std::max(needs.options.batch_max / batch, 1));
    turn.runs_max = std::max<std::size_t>(needs.options.runs_max / share, 1);
    turn.bytes_max = std::max<std::size_t>(needs.options.bytes_max / share, 1);
    for (const rows::DueSchedule& due : claim.due) {
        if (turn.is_full()) break;  // the others stay due
        co_await decide(due, turn, by);
        co_await rt::yield();  // what has been missed for long takes milliseconds to find
    }
    std::vector<const rows::NewRun*> runs;
    for (const rows::NewRun& run : turn.runs) runs.push_back(&run);
    const std::optional<rows::DueSchedule> only =
        claimed == 1 ? std::optional(claim.due.front()) : std::nullopt;
    std::vector<rows::Settled> settled = turn.settled;
    auto begun =
        co_await rows::settle_schedules(std::move(claim), std::move(settled), std::move(runs), tzdata(), by);
    if (begun) {
        told(turn, *begun);
        batch = std::min(batch * 2, needs.options.batch_max);
        co_return claimed;
    }
    const bool is_away = begun.error().code == Code::kUnavailable || begun.error().code == Code::kTimeout;
    if (begun.error().code == Code::kTimeout) halve();
    is_one_by_one = !is_away;
    if (!is_away && only) co_await set_aside(*only, begun.error());
    co_return fail(std::move(begun).error());
}

/// The database refuses what this one would do: others come first, until somebody has looked.
rt::Task<void> Scheduler::Impl::set_aside(rows::DueSchedule due, Error why) {
    needs.log.error(
        "a schedule cannot fire",
        {{"tenant", due.tenant.text()}, {"trigger", due.trigger.text()}, {"reason", why.detail}}
    );
    const auto by = scope.deadline(needs.options.timeout);
    auto claim = co_await rows::claim_schedules(needs.pool, 1, tzdata(), by);
    if (!claim || claim->due.empty() || claim->due.front().trigger != due.trigger) co_return;
    const rows::DueSchedule& now = claim->due.front();  // it may have been planned anew meanwhile
    rows::Settled out{.tenant = now.tenant, .trigger = now.trigger, .settled_at = now.settled_at};
    out.next_slot_at = now.next_slot_at;
    out.waiting_slot_at = now.waiting_slot_at;
    out.due_at = now.now + needs.options.failed;
    out.problem = "Weft cannot fire this schedule; its operator finds the reason in the log";
    std::vector<rows::Settled> settled{std::move(out)};
    auto done = co_await rows::settle_schedules(*std::move(claim), std::move(settled), {}, tzdata(), by);
    is_one_by_one = !done;
}

void Scheduler::Impl::told(const Turn& turn, const std::vector<std::optional<rows::Begun>>& begun) {
    bool any = false;
    for (std::size_t i = 0; i < begun.size(); ++i) {
        // The workflow was switched off a moment ago, or the slot had fired before.
        if (!begun[i] || !begun[i]->workflow) continue;
        any = true;
        ++stats.fired;
        fires.add();
        lateness.observe(std::chrono::duration<double>(std::max(turn.late[i], Millis(0))).count());
        needs.tell(store::notices::RunChanged{
            turn.runs[i].tenant, begun[i]->id, runstate::RunStatus::kQueued, *begun[i]->workflow
        });
    }
    if (any) needs.tell(store::notices::JobsQueued{});
    stats.missed += turn.missed;
    stats.skipped += turn.skipped;
    missed.add(static_cast<double>(turn.missed));
    skipped.add(static_cast<double>(turn.skipped));
}

/// Until the next one is due, as the database's clock has it.
rt::Task<void> Scheduler::Impl::pause() {
    if (std::exchange(is_woken, false)) co_return;
    auto until = co_await rows::time_until_due(needs.pool, scope.deadline(needs.options.timeout));
    Steady::duration wait = needs.options.look_max;
    if (!until) wait = kRetryPause;
    if (until && *until) wait = std::clamp<Steady::duration>(**until, kPause, needs.options.look_max);
    // Due and not to be had: another scheduler's, or of newer zones.
    if (until && *until && **until <= Millis(0)) wait = std::exchange(idle, std::min(2 * idle, kIdleMax));
    if (!std::exchange(is_woken, false)) (void)co_await wanted.wait(scope.deadline(wait));
    is_woken = false;
}

/// At the full hour, when many are due: while the database is at one batch, this process is at another.
rt::Task<void> Scheduler::Impl::help() {
    auto done = co_await tick();
    while (done && *done == needs.options.batch_max && !scope.is_cancelled()) done = co_await tick();
    is_helped = false;
}

/// A batch of what older zones have planned. Again and again: while versions are rolled out, others still
/// plan.
rt::Task<void> Scheduler::Impl::replan() {
    const auto by = scope.deadline(needs.options.timeout);
    auto last = co_await rows::replan_schedules(needs.pool, tzdata(), std::exchange(replanned, {}), by);
    if (last && *last) replanned = **last;
    if (last && !*last) replan_at = needs.clock.steady() + needs.options.replan;
}

rt::Task<void> Scheduler::Impl::work() {
    bool has_failed = false;
    while (!scope.is_cancelled()) {
        if (needs.clock.steady() >= replan_at) co_await replan();
        auto done = co_await tick();
        if (!done && !has_failed && !scope.is_cancelled())
            needs.log.warn("schedules do not fire", {{"reason", done.error().detail}});
        has_failed = !done;
        if (!done) {
            (void
            )co_await rt::sleep_for(is_one_by_one ? Steady::duration(kPause) : kRetryPause, scope.forever());
        } else if (*done == 0) {
            co_await pause();
        } else if (*done == needs.options.batch_max && !std::exchange(is_helped, true)) {
            scope.spawn(help());
        }
    }
}

Scheduler::Scheduler(Needs needs) : impl_(std::make_unique<Impl>(std::move(needs))) {}
Scheduler::~Scheduler() = default;

void Scheduler::start() {
    impl_->scope.spawn(impl_->work());
}

void Scheduler::wake() {
    impl_->is_woken = true;
    impl_->wanted.notify_all();
}

rt::Task<void> Scheduler::close() {
    co_await impl_->scope.close();
}

rt::Task<Result<int>> Scheduler::tick() {
    return impl_->tick();
}

Scheduler::Stats Scheduler::stats() const {
    return impl_->stats;
}

}  // namespace weft::scheduler
