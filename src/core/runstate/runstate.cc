#include "core/runstate/detail/machine.h"
#include "core/runstate/rerun.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace weft::runstate {

namespace {

constexpr Millis kRetryAfterMax{3'600'000};  // a provider's wish beyond this is a failure, not a pause
constexpr Millis kSpreadMax{300'000};        // of a wish, a tenth of which is added by chance
constexpr Millis kHoldDefault{1'000};

/// An attempt, or at least the look at its condition and input.
bool has_begun(const StepState& step) {
    return step.attempt > 0 || step.phase != Phase::kQueued;
}

Failure stopped_before() {
    return {FailureKind::kPlatform, "The run was being stopped when its worker ended; why was not written"};
}

/// Or is through.
bool has_begun_to_wait(Phase phase) {
    return is_through(phase) || phase == Phase::kWaiting || phase == Phase::kClosing;
}

}  // namespace

void Machine::apply(const Event& event) {
    if (state_.stage == Stage::kFinished) return;
    // What waits hears of nothing but the order to stop: its Park may not be carried out yet.
    if (state_.stage == Stage::kParked && !std::holds_alternative<CancelRequested>(event)) return;
    std::visit([this](const auto& e) { on(e); }, event);
    go_on();
}

// ---- events

void Machine::on(const Started& e) {
    if (state_.stage != Stage::kNew) return;
    state_.stage = Stage::kRunning;
    state_.steps.resize(plan_.steps.size());
    state_.lanes.resize(plan_.lanes.size());
    state_.deadline = e.started_at + plan_.timeout;
    for (const JournalEntry& entry : e.journal) {
        // As it was when they ended: what final steps wait for gives the run no more time, nor what was
        // skipped.
        if (entry.at == Instant() || entry.attempt == 0 || planned(plan_, entry.step).is_final) continue;
        state_.deadline = std::max(state_.deadline, Instant(entry.at + plan_.timeout));
    }
    for (StepIndex i = top(); i < count(); ++i)
        at(i).phase = Phase::kNotReached;  // until an item begins there
    emit(StartTimer{kRun, state_.deadline});
    Newest newest(plan_.steps.size(), nullptr);
    for (const JournalEntry& entry : e.journal)
        if (entry.step >= 0 && entry.step < top()) replay(entry.step, entry, newest);
    const Bodies bodies = bodies_of(e.journal);
    resume_all(0, top(), newest, bodies);
    if (e.is_canceled) {
        stop(RunStatus::kCanceled, std::nullopt, kRun);
        // A step that failed while it was being stopped did not end the run.
        state_.end = RunStatus::kCanceled;
        state_.failure.reset();
        state_.failed_step = kRun;
        if (!e.has_begun)
            for (StepIndex i = 0; i < count(); ++i)
                if (plan_at(i).is_final) drop(i);
    }
    // What final steps wait for is no reason: the run had reached its end before they began.
    bool is_off_the_clock = false;
    for (StepIndex i = 0; i < count(); ++i)
        is_off_the_clock = is_off_the_clock || (stops_the_clock(at(i).phase) && !plan_at(i).is_final);
    if (tick_.now >= state_.deadline && !is_off_the_clock) time_out();
    // Only a run that is being stopped cancels a step of its own; its worker died before it wrote the end.
    for (StepIndex i = 0; i < top(); ++i)
        if (at(i).phase == Phase::kCanceled && !plan_at(i).is_final && state_.stage == Stage::kRunning)
            stop(RunStatus::kFailed, stopped_before(), kRun);
}

void Machine::on(const InputEvaluated& e) {
    if (e.step == kRun) return output_evaluated(e);
    if (!is_in(e.step, Phase::kEvaluating) || !is_of(e.step, e.iteration)) return;
    switch (e.outcome) {
        case InputEvaluated::Outcome::kSkipped:
            return settle(e.step, Phase::kSkipped);
        case InputEvaluated::Outcome::kFailed:
            at(e.step).attempt = std::max(at(e.step).attempt, 1);
            return settle(
                e.step, Phase::kFailed, or_platform(e.failure, "The step's input was not evaluated")
            );
        case InputEvaluated::Outcome::kReady:
            break;
    }
    at(e.step).has_input = true;
    input_ready(e);
}

void Machine::on(const Collected& e) {
    if (!is_in(e.step, Phase::kCollecting) || !is_of(e.step, e.iteration)) return;
    settle(e.step, e.failure ? Phase::kFailed : Phase::kSuccess, e.failure);
}

void Machine::on(const IntentJournaled& e) {
    if (!is_in(e.step, Phase::kIntent) || !is_of(e.step, e.iteration)) return;
    if (at(e.step).attempt == e.attempt) perform(e.step);
}

void Machine::on(const WaitOpened& e) {
    if (!is_in(e.step, Phase::kOpening) || !is_of(e.step, e.iteration)) return;
    if (at(e.step).attempt != e.attempt) return;
    at(e.step).phase = Phase::kWaiting;
    emit(StartTimer{e.step, at(e.step).until});
}

void Machine::on(const WaitEnded& e) {
    if (!is_going() || e.step < 0 || e.step >= count() || !is_of(e.step, e.iteration)) return;
    if (waits_for_answer(at(e.step).phase) && at(e.step).attempt == e.attempt)
        wait_ended(e.step, e.failure, e.is_retryable);
}

void Machine::on(const CallFinished& e) {
    if (!is_in(e.step, Phase::kCalling) && !is_in(e.step, Phase::kCoding)) return;
    if (at(e.step).attempt != e.attempt || !is_of(e.step, e.iteration)) return;
    const bool is_stopping = state_.stage == Stage::kStopping || state_.is_cut_short;
    if (is_stopping || is_stopping_around(e.step)) return finished_while_stopping(e);
    Failure failure = or_platform(e.failure, "The call ended without an answer");
    bool again = false;
    switch (e.outcome) {
        case CallFinished::Outcome::kOk:
            return settle(e.step, Phase::kSuccess);
        case CallFinished::Outcome::kError:
            again = e.retryable || plan_at(e.step).retry.names(class_of(failure));
            if (again && e.retry_after && wait_as_asked(e.step, failure, *e.retry_after)) return;
            break;
        case CallFinished::Outcome::kAborted:
            again = true;
            break;
        case CallFinished::Outcome::kUnknown:
            again = !is_unsafe(plan_at(e.step)) || plan_at(e.step).on_unknown == OnUnknown::kRetry;
            if (!again) failure = unknown_outcome(failure);
            break;
        case CallFinished::Outcome::kHeld:
            if (hold(e.step, failure, e.retry_after.value_or(kHoldDefault))) return;
            break;
    }
    if (again && wait_for_retry(e.step, failure, e.retry_after)) return;
    settle(e.step, Phase::kFailed, std::move(failure));
}

void Machine::on(const TimerFired& e) {
    if (e.step == kRun) {
        if (state_.stage == Stage::kNew || state_.stage == Stage::kStopping) return;
        if (tick_.now < state_.deadline) return emit(StartTimer{kRun, state_.deadline});
        if (state_.stage != Stage::kFinally && any(stops_the_clock))
            return;  // the end of that starts it anew
        return time_out();
    }
    if (!is_going()) return;
    const bool is_for_answer = is_in(e.step, Phase::kWaiting);
    if (!is_in(e.step, Phase::kRetryWait) && !is_in(e.step, Phase::kSleeping) && !is_for_answer) return;
    if (tick_.now < at(e.step).until) return emit(StartTimer{e.step, at(e.step).until});
    if (at(e.step).phase == Phase::kSleeping) return wait_ended(e.step, std::nullopt, false);
    if (is_for_answer) {
        at(e.step).phase = Phase::kClosing;
        return emit(CloseWait{e.step});
    }
    at(e.step).phase = Phase::kQueued;  // go_on begins the next attempt when a slot is free
}

void Machine::on(const CancelRequested&) {
    if (state_.stage == Stage::kStopping) return;  // the first reason wins
    if (state_.stage == Stage::kFinally) {
        if (state_.end == RunStatus::kCanceled) return;
        drop_final();
        if (state_.end == RunStatus::kSuccess) state_.end = RunStatus::kCanceled;
        return;
    }
    state_.steps.resize(plan_.steps.size());
    state_.lanes.resize(plan_.lanes.size());
    stop(RunStatus::kCanceled, std::nullopt, kRun);
}

void Machine::on(const SandboxLost& e) {
    if (state_.stage == Stage::kNew || state_.stage == Stage::kStopping) return;
    const bool is_known = e.step != kRun && is_active(at(e.step).phase) && is_of(e.step, e.iteration);
    if (is_known) return settle(e.step, Phase::kFailed, e.failure);
    if (state_.stage != Stage::kFinally) return stop(RunStatus::kFailed, e.failure, kRun);
    cut_finally_short(e.failure);
}

// ---- one step

void Machine::begin(StepIndex i) {
    if (at(i).has_input) return begin_attempt(i);
    at(i).phase = Phase::kEvaluating;
    emit(Evaluate{i});
}

void Machine::input_ready(const InputEvaluated& e) {
    StepState& step = at(e.step);
    switch (plan_at(e.step).kind) {
        case StepKind::kCode:
        case StepKind::kCall:
            return begin_attempt(e.step);
        case StepKind::kMap:
            break;
        case StepKind::kLoop:
            return loop_evaluated(e);
        case StepKind::kBreak:
            if (plan_at(e.step).lane != kNoLane)
                at(lane_plan(plan_at(e.step).lane).loop).loop->is_broken = true;
            break;
        case StepKind::kSwitch:
            step.branch = e.branch;
            break;
        case StepKind::kRespond:
            emit(Respond{e.step});
            break;
        case StepKind::kFail:
            step.attempt = 1;
            return settle(
                e.step,
                Phase::kFailed,
                e.failure.value_or(Failure{FailureKind::kWorkflow, "The workflow failed"})
            );
        case StepKind::kSleep:
            step.attempt = 1;
            if (e.wake_at <= tick_.now) break;
            step.phase = Phase::kSleeping;
            step.until = e.wake_at;
            emit(JournalWait{e.step, step.attempt, step.until, std::nullopt});
            return emit(StartTimer{e.step, step.until});
        case StepKind::kWait:
            step.has_input = false;  // another attempt asks anew: its time begins then
            ++step.attempt;
            step.phase = Phase::kOpening;
            step.until = e.wake_at;
            return emit(OpenWait{e.step, step.attempt, step.until});
    }
    step.attempt = std::max(step.attempt, 1);
    settle(e.step, Phase::kSuccess);
}

void Machine::wait_ended(StepIndex i, std::optional<Failure> failure, bool is_retryable) {
    if (!plan_at(i).is_final) {
        state_.deadline = std::max(state_.deadline, Instant(tick_.now + plan_.timeout));
        emit(StartTimer{kRun, state_.deadline});
    }
    if (failure && is_retryable && wait_for_retry(i, *failure, std::nullopt)) return;
    settle(i, failure ? Phase::kFailed : Phase::kSuccess, std::move(failure));
}

void Machine::begin_attempt(StepIndex i) {
    StepState& step = at(i);
    ++step.attempt;
    if (plan_at(i).kind == StepKind::kCode) {
        step.phase = Phase::kCoding;
        emit(RunCode{i, step.attempt, attempt_deadline(i)});
    } else if (is_unsafe(plan_at(i))) {
        step.phase = Phase::kIntent;
        emit(JournalIntent{i, step.attempt});
    } else {
        perform(i);
    }
}

void Machine::perform(StepIndex i) {
    at(i).phase = Phase::kCalling;
    emit(Perform{i, at(i).attempt, attempt_deadline(i)});
}

/// False when the policy has no attempt left, or the run would be over before it.
bool Machine::wait_for_retry(StepIndex i, const Failure& failure, std::optional<Millis> retry_after) {
    const RetryPolicy policy = plan_at(i).retry.of(class_of(failure));
    const int spent = at(i).attempt - at(i).excused.attempts;
    if (spent >= policy.attempts) return false;
    return pause(i, failure, tick_.now + retry_delay(policy, spent, retry_after, tick_.unit));
}

/// As long as the other system says, without that an attempt is spent. False where nothing is ever repeated,
/// and when it has said so too often or for too long: then it is a failure like others.
bool Machine::wait_as_asked(StepIndex i, const Failure& failure, Millis wish) {
    const RetryPolicy policy = plan_at(i).retry.of(class_of(failure));
    const Excused before = at(i).excused;
    if (policy.attempts <= 1 || wish > kRetryAfterMax || before.waits >= kAskedWaitsMax) return false;
    // Growing, if it asks for next to nothing; and not all who were told the same come at once.
    const auto spread =
        static_cast<std::int64_t>(static_cast<double>(std::min(wish, kSpreadMax).count()) * tick_.unit / 10);
    const Millis wait = retry_delay(policy, before.waits + 1, wish, tick_.unit) + Millis(spread);
    if (before.asked + wait > kAskedMax) return false;
    at(i).excused = {before.attempts + 1, before.waits + 1, before.asked + wait};
    if (pause(i, failure, tick_.now + wait)) return true;
    at(i).excused = before;
    return false;
}

/// The attempt was not made.
bool Machine::hold(StepIndex i, const Failure& failure, Millis wait) {
    if (at(i).excused.attempts >= kExcusedMax) return false;
    ++at(i).excused.attempts;
    if (pause(i, failure, tick_.now + wait)) return true;
    --at(i).excused.attempts;
    return false;
}

/// Until the next attempt. False when the run would be over before it.
bool Machine::pause(StepIndex i, const Failure& failure, Instant until) {
    if (until >= state_.deadline && !any(stops_the_clock)) return false;
    StepState& step = at(i);
    step.phase = Phase::kRetryWait;
    step.until = until;
    step.failure = failure;
    emit(JournalWait{i, step.attempt, until, failure, step.excused});
    emit(StartTimer{i, until});
    return true;
}

void Machine::finished_while_stopping(const CallFinished& e) {
    switch (e.outcome) {
        case CallFinished::Outcome::kOk:
            return record(e.step, Phase::kSuccess, std::nullopt);
        case CallFinished::Outcome::kError:
            return record(e.step, Phase::kFailed, e.failure);
        case CallFinished::Outcome::kAborted:
        case CallFinished::Outcome::kHeld:
            return record(e.step, Phase::kCanceled, std::nullopt);
        case CallFinished::Outcome::kUnknown:
            return record(
                e.step, Phase::kCanceled, is_unsafe(plan_at(e.step)) ? unknown_outcome(e.failure) : e.failure
            );
    }
}

void Machine::record(StepIndex i, Phase phase, std::optional<Failure> failure, bool fails_item) {
    StepState& step = at(i);
    step.phase = phase;
    step.failure = std::move(failure);
    emit(JournalResult{i, step.attempt, step.status(), step.failure, step.branch, fails_item});
}

void Machine::settle(StepIndex i, Phase phase, std::optional<Failure> failure) {
    const bool is_unhandled = phase == Phase::kFailed && !is_handled(plan_, i);
    const LaneIndex lane = plan_at(i).lane;
    const bool fails_item = is_unhandled && lane != kNoLane && !lane_at(lane).is_stopping;
    record(i, phase, std::move(failure), fails_item);
    if (is_unhandled) fail_around(i);
}

void Machine::fail_around(StepIndex i) {
    const LaneIndex lane = plan_at(i).lane;
    if (lane == kNoLane && plan_at(i).is_final) return fail_finally(*at(i).failure, i);
    if (lane == kNoLane) return stop(RunStatus::kFailed, at(i).failure, i);
    if (lane_at(lane).is_stopping) return;
    lane_at(lane).failure = at(i).failure;
    stop_lane(lane);
}

void Machine::drop(StepIndex i) {
    if (at(i).phase == Phase::kCalling) return emit(Abort{i});
    if (is_through(at(i).phase)) return;
    if (waits_for_answer(at(i).phase)) emit(DropWait{i});
    at(i).phase = has_begun(at(i)) ? Phase::kCanceled : Phase::kNotReached;
}

/// The author said what happens when this step fails.
bool is_handled(const Plan& plan, StepIndex step) {
    if (plan.steps[static_cast<std::size_t>(step)].on_error == OnError::kContinue) return true;
    return std::ranges::any_of(plan.steps, [&](const PlanStep& other) {
        return std::ranges::any_of(other.needs, [&](const Need& need) {
            return need.step == step && need.on == NeedOn::kFailure;
        });
    });
}

// ---- the run

void Machine::time_out() {
    if (state_.stage == Stage::kFinally) {
        const std::string limit = duration_text(kFinallyMax);
        return cut_finally_short(
            {FailureKind::kLimit, fmt::format("The final steps reached their time limit of {}", limit)}
        );
    }
    Failure failure{
        FailureKind::kLimit, fmt::format("The run reached its time limit of {}", duration_text(plan_.timeout))
    };
    stop(RunStatus::kFailed, std::move(failure), kRun);
}

void Machine::output_evaluated(const InputEvaluated& e) {
    if (state_.stage != Stage::kOutput) return;
    if (e.outcome == InputEvaluated::Outcome::kFailed)
        return conclude(RunStatus::kFailed, or_platform(e.failure, "The output was not evaluated"), kRun);
    conclude(RunStatus::kSuccess, std::nullopt, kRun);
}

/// First call wins. Whatever has not reached the outside is dropped at once; calls are told to stop and
/// awaited, because only their answer says what happened.
void Machine::stop(RunStatus end, std::optional<Failure> failure, StepIndex step) {
    const Stage at_present = state_.stage;  // what is parked can be stopped
    if (at_present == Stage::kStopping || at_present == Stage::kFinally || at_present == Stage::kFinished)
        return;
    state_.stage = Stage::kStopping;
    state_.end = end;
    state_.failure = std::move(failure);
    state_.failed_step = step;
    for (StepIndex i = 0; i < count(); ++i)
        if (!plan_at(i).is_final) drop(i);
}

void Machine::conclude(RunStatus end, std::optional<Failure> failure, StepIndex step) {
    // Final steps that an earlier worker canceled, and died before it wrote the end.
    for (StepIndex i = 0; i < top(); ++i)
        if (end == RunStatus::kSuccess && plan_at(i).is_final && at(i).phase == Phase::kCanceled)
            std::tie(end, failure, step) = std::tuple(RunStatus::kFailed, stopped_before(), kRun);
    if (is_done(true)) return finish(end, std::move(failure), step);
    state_.stage = Stage::kFinally;
    state_.end = end;
    state_.failure = std::move(failure);
    state_.failed_step = step;
    state_.deadline = tick_.now + kFinallyMax;
    emit(StartTimer{kRun, state_.deadline});
    for (StepIndex i = 0; i < count(); ++i) {  // resumed, and what they asked for was not heard meanwhile
        if (!plan_at(i).is_final) continue;
        if (at(i).phase == Phase::kClosing)
            emit(CloseWait{i});
        else if (at(i).status() == StepStatus::kWaiting)
            emit(StartTimer{i, at(i).until});
    }
    for (StepIndex i = 0; i < top(); ++i)  // those that had failed before a crash
        if (plan_at(i).is_final && at(i).phase == Phase::kFailed && !is_handled(plan_, i))
            fail_finally(*at(i).failure, i);
}

void Machine::fail_finally(const Failure& failure, StepIndex step) {
    if (state_.stage != Stage::kFinally || state_.end != RunStatus::kSuccess) return;
    state_.end = RunStatus::kFailed;
    state_.failure = failure;
    state_.failed_step = step;
}

/// The run ends when calls under way have answered.
void Machine::cut_finally_short(const Failure& failure) {
    drop_final();
    fail_finally(failure, kRun);
}

void Machine::drop_final() {
    state_.is_cut_short = true;
    for (StepIndex i = 0; i < count(); ++i) drop(i);
}

void Machine::finish(RunStatus end, std::optional<Failure> failure, StepIndex step) {
    state_.stage = Stage::kFinished;
    state_.end = end;
    state_.failure = std::move(failure);
    state_.failed_step = step;
    emit(Finish{end, state_.failure, step});
}

bool Machine::has_gone_on(StepIndex i) const {
    return at(i).phase == Phase::kSuccess ||
           (at(i).phase == Phase::kFailed && plan_at(i).on_error == OnError::kContinue);
}

Machine::Readiness Machine::readiness_of_first(const PlanStep& step) const {
    bool is_through_all = true;
    for (const Need& need : step.needs) {
        const Phase phase = at(need.step).phase;
        if (need.on == NeedOn::kWaiting && has_begun_to_wait(phase) && phase != Phase::kSkipped)
            return Readiness::kRun;
        if (!is_through(phase)) {
            is_through_all = false;
            continue;
        }
        const bool is_taken = need.branch == kNoBranch || at(need.step).branch == need.branch;
        if (need.on == NeedOn::kFinished && phase != Phase::kSkipped) return Readiness::kRun;
        if (need.on == NeedOn::kFailure && phase == Phase::kFailed) return Readiness::kRun;
        if (need.on == NeedOn::kSuccess && has_gone_on(need.step) && is_taken) return Readiness::kRun;
    }
    return is_through_all ? Readiness::kSkip : Readiness::kNotYet;
}

/// A step is skipped when a success it needs did not happen, when none of the failures it handles
/// happened, or when everything it needs was skipped. A skipped need, or a branch that was not taken,
/// does not count beside a need that is met: a join after two exclusive branches runs.
Machine::Readiness Machine::readiness(const PlanStep& step) const {
    if (step.is_first_wins && !step.needs.empty()) return readiness_of_first(step);
    bool is_met = false;
    bool is_blocked = false;
    bool handles = false;
    bool handles_one = false;
    for (const Need& need : step.needs) {
        Phase phase = at(need.step).phase;
        if (need.on == NeedOn::kWaiting) {
            if (!has_begun_to_wait(phase)) return Readiness::kNotYet;
            is_met = is_met || phase != Phase::kSkipped;
            continue;
        }
        if (!is_through(phase)) return Readiness::kNotYet;
        bool went_on = has_gone_on(need.step);
        bool is_taken = need.branch == kNoBranch || at(need.step).branch == need.branch;
        switch (need.on) {
            case NeedOn::kSuccess:
                is_met = is_met || (went_on && is_taken);
                is_blocked = is_blocked || (!went_on && phase != Phase::kSkipped);
                break;
            case NeedOn::kFailure:
                handles = true;
                handles_one = handles_one || phase == Phase::kFailed;
                break;
            case NeedOn::kFinished:
                is_met = true;
                break;
            case NeedOn::kWaiting:
                break;  // above
        }
    }
    if (step.needs.empty()) return Readiness::kRun;
    bool runs = !is_blocked && (is_met || handles_one) && handles == handles_one;
    return runs ? Readiness::kRun : Readiness::kSkip;
}

void Machine::go_on() {
    for (Stage before = Stage::kNew; before != state_.stage;) {
        before = state_.stage;
        do {
            if (is_going()) start_ready();
        } while (is_going() && advance_loops());
        if (state_.stage == Stage::kRunning) end_or_park();
        if (state_.stage == Stage::kStopping && !any([](Phase p) { return p == Phase::kCalling; }))
            conclude(state_.end, state_.failure, state_.failed_step);
        if (state_.stage == Stage::kFinally && before == Stage::kFinally && is_done(true))
            finish(state_.end, state_.failure, state_.failed_step);
    }
}

bool Machine::is_done(bool is_final) const {
    for (StepIndex i = 0; i < count(); ++i)
        if (plan_at(i).is_final == is_final && !is_through(at(i).phase)) return false;
    return true;
}

void Machine::start_ready() {
    auto active = std::ranges::count_if(state_.steps, [](const StepState& s) { return is_active(s.phase); });
    // Skipping a step can make earlier ones ready, hence repeat until nothing changes.
    for (bool changed = true; changed;) {
        changed = false;
        for (StepIndex i = 0; i < count(); ++i) {
            if (at(i).phase != Phase::kQueued) continue;
            if (plan_at(i).is_final != (state_.stage == Stage::kFinally)) continue;
            Readiness ready = readiness(plan_at(i));
            if (ready == Readiness::kSkip) {
                settle(i, Phase::kSkipped);
                changed = true;
            } else if (ready == Readiness::kRun && active < plan_.parallel_max) {
                begin(i);
                ++active;
            }
        }
    }
}

void Machine::end_or_park() {
    if (is_done(false)) {
        if (!plan_.has_output) return conclude(RunStatus::kSuccess, std::nullopt, kRun);
        state_.stage = Stage::kOutput;
        return emit(Evaluate{kRun});
    }
    if (any(is_active)) return;
    const bool is_on_the_clock = !any(stops_the_clock);
    Instant next = is_on_the_clock ? state_.deadline : Instant::max();
    for (const StepState& step : state_.steps)
        if (step.status() == StepStatus::kWaiting) next = std::min(next, step.until);
    if (next - tick_.now < plan_.park_after) return;
    state_.stage = Stage::kParked;
    emit(Park{next});
}
std::pair<State, std::vector<Command>> step(const Plan& plan, State state, const Event& event, Tick tick) {
    std::vector<Command> commands;
    Machine(plan, state, tick, commands).apply(event);
    return {std::move(state), std::move(commands)};
}

Millis retry_delay(const RetryPolicy& policy, int attempt, std::optional<Millis> retry_after, double unit) {
    Millis ceiling = policy.initial;
    if (policy.backoff == Backoff::kExponential)
        for (int i = 1; i < attempt && ceiling < policy.max; ++i) ceiling *= 2;
    ceiling = std::min(ceiling, policy.max);
    Millis delay(static_cast<std::int64_t>(static_cast<double>(ceiling.count()) * unit));
    if (retry_after) delay = std::max(delay, std::min(*retry_after, kRetryAfterMax));
    return delay;
}

}  // namespace weft::runstate
