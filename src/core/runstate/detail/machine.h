#pragma once

#include "core/runstate/runstate.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::runstate {

inline bool is_through(Phase phase) {
    return phase >= Phase::kSuccess;
}

/// Holds a slot of `parallel_max`.
inline bool is_active(Phase phase) {
    return phase >= Phase::kEvaluating && phase <= Phase::kCollecting;
}

/// While a step waits like this, the run's time limit is not in force: that is for its work.
inline bool stops_the_clock(Phase phase) {
    return phase == Phase::kSleeping || phase == Phase::kWaiting;
}

/// Or what answers the step is being made known, or no longer so.
inline bool waits_for_answer(Phase phase) {
    return phase == Phase::kOpening || phase == Phase::kWaiting || phase == Phase::kClosing;
}

inline bool is_unsafe(const PlanStep& step) {
    return step.kind == StepKind::kCall && step.effect == Effect::kUnsafe;
}

/// What is said of an unsafe call of which nobody knows whether it happened.
Failure unknown_outcome(const std::optional<Failure>& cause);

/// One event applied to one state: `on` handles it, `go_on` follows. Steps and the run are in runstate.cc,
/// loops in loops.cc.
class Machine {
  public:
    Machine(const Plan& plan, State& state, Tick tick, std::vector<Command>& out)
        : plan_(plan), state_(state), tick_(tick), out_(out) {}

    void apply(const Event& event);

  private:
    // ---- events
    void on(const Started& e);
    void on(const InputEvaluated& e);
    void on(const Collected& e);
    void on(const IntentJournaled& e);
    void on(const WaitOpened& e);
    void on(const WaitEnded& e);
    void on(const CallFinished& e);
    void on(const TimerFired& e);
    void on(const CancelRequested& e);
    void on(const SandboxLost& e);

    // ---- resuming
    /// The lines of loops' bodies: by loop as defined and the iteration that it is in, then by item.
    using Items = std::map<Iteration, std::vector<const JournalEntry*>>;
    using Bodies = std::map<std::pair<StepIndex, Iteration>, Items>;
    /// The newest line of each step, null where there is none.
    using Newest = std::vector<const JournalEntry*>;
    void replay(StepIndex i, const JournalEntry& entry, Newest& newest);
    void resume(StepIndex i, const JournalEntry* newest, const Bodies& bodies);
    /// Of a list of steps. Loops first: a failure of another stops what is under way in them.
    void resume_all(StepIndex first, StepIndex end, const Newest& newest, const Bodies& bodies);
    Bodies bodies_of(const std::vector<JournalEntry>& journal) const;
    void resume_loop(StepIndex i, const Bodies& bodies);
    void resume_item(
        LaneIndex lane,
        Iteration iteration,
        const std::vector<const JournalEntry*>& entries,
        const Bodies& bodies
    );
    void count_item(StepIndex i, Iteration index, const std::vector<const JournalEntry*>& entries);

    // ---- one step
    void begin(StepIndex i);
    void input_ready(const InputEvaluated& e);
    /// Of a sleep or a wait: the run's time limit counts anew from here.
    void wait_ended(StepIndex i, std::optional<Failure> failure, bool is_retryable);
    void begin_attempt(StepIndex i);
    void perform(StepIndex i);
    bool wait_for_retry(StepIndex i, const Failure& failure, std::optional<Millis> retry_after);
    bool wait_as_asked(StepIndex i, const Failure& failure, Millis wish);
    bool hold(StepIndex i, const Failure& failure, Millis wait);
    bool pause(StepIndex i, const Failure& failure, Instant until);
    void finished_while_stopping(const CallFinished& e);
    void record(StepIndex i, Phase phase, std::optional<Failure> failure, bool fails_item = false);
    void settle(StepIndex i, Phase phase, std::optional<Failure> failure = std::nullopt);
    /// An unhandled failure: of the run, or of the item that the step is a part of.
    void fail_around(StepIndex i);
    /// What has not reached the outside is dropped at once; a call is told to stop.
    void drop(StepIndex i);

    // ---- the run
    void time_out();
    void output_evaluated(const InputEvaluated& e);
    void stop(RunStatus end, std::optional<Failure> failure, StepIndex step);
    /// How it ends is known: on to the final steps, if there are any.
    void conclude(RunStatus end, std::optional<Failure> failure, StepIndex step);
    void finish(RunStatus end, std::optional<Failure> failure, StepIndex step);
    /// A final step's failure, or the limit of all of them: it makes a success a failure.
    void fail_finally(const Failure& failure, StepIndex step);
    void cut_finally_short(const Failure& failure);
    void drop_final();
    enum class Readiness { kNotYet, kRun, kSkip };
    Readiness readiness(const PlanStep& step) const;
    Readiness readiness_of_first(const PlanStep& step) const;
    bool has_gone_on(StepIndex i) const;
    void go_on();
    bool is_going() const { return state_.stage == Stage::kRunning || state_.stage == Stage::kFinally; }
    /// All final steps are through, or all the others.
    bool is_done(bool is_final) const;
    void start_ready();
    void end_or_park();

    // ---- loops
    void loop_evaluated(const InputEvaluated& e);
    /// Whether a loop has moved: an item has ended or begun, or the loop is through.
    bool advance_loops();
    bool advance_loop(StepIndex i);
    bool begin_items(StepIndex i);
    void begin_item(LaneIndex lane, Iteration iteration, bool is_resumed);
    void end_item(StepIndex i, LaneIndex lane);
    void fail_item(StepIndex i, Iteration index, const Failure& failure);
    void stop_lane(LaneIndex lane);
    void stop_lanes(StepIndex i);
    /// Ends its item, and those of loops in it.
    void free_lane(LaneIndex lane);
    bool is_quiet(LaneIndex lane) const;
    /// The step's lane, or one around it, is stopping.
    bool is_stopping_around(StepIndex i) const;

    // ---- small ones
    template <class Predicate>
    bool any(Predicate predicate) const {
        return std::ranges::any_of(state_.steps, [&](const StepState& step) {
            return predicate(step.phase);
        });
    }
    static Failure or_platform(const std::optional<Failure>& failure, std::string_view message) {
        return failure.value_or(Failure{FailureKind::kPlatform, std::string(message)});
    }
    Instant attempt_deadline(StepIndex i) const {
        const Instant own = tick_.now + plan_at(i).timeout;
        return any(stops_the_clock) ? own : std::min(own, state_.deadline);
    }
    StepIndex count() const { return static_cast<StepIndex>(state_.steps.size()); }
    StepIndex top() const { return plan_.lanes.empty() ? count() : plan_.lanes.front().first; }
    bool is_in(StepIndex i, Phase phase) const { return i >= 0 && i < count() && at(i).phase == phase; }
    bool is_of(StepIndex i, Iteration iteration) const { return state_.iteration_of(plan_, i) == iteration; }
    StepState& at(StepIndex i) { return state_.steps[static_cast<std::size_t>(i)]; }
    const StepState& at(StepIndex i) const { return state_.steps[static_cast<std::size_t>(i)]; }
    const PlanStep& plan_at(StepIndex i) const { return plan_.steps[static_cast<std::size_t>(i)]; }
    const Loop& loop_at(StepIndex i) const { return *plan_at(i).loop; }
    LaneState& lane_at(LaneIndex i) { return state_.lanes[static_cast<std::size_t>(i)]; }
    const LaneState& lane_at(LaneIndex i) const { return state_.lanes[static_cast<std::size_t>(i)]; }
    const Lane& lane_plan(LaneIndex i) const { return plan_.lanes[static_cast<std::size_t>(i)]; }
    void emit(Command command) { out_.push_back(std::move(command)); }

    const Plan& plan_;
    State& state_;
    Tick tick_;
    std::vector<Command>& out_;
};

}  // namespace weft::runstate
