#include "core/runstate/runstate.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::runstate {

namespace {

constexpr Millis kRetryAfterMax{3'600'000};  // a provider's wish beyond this is a failure, not a pause

bool is_through(Phase phase) {
    return phase >= Phase::kSuccess;
}

/// An attempt, or at least the look at its condition and input.
bool has_begun(const StepState& step) {
    return step.attempt > 0 || step.phase != Phase::kQueued;
}

/// Holds a slot of `parallel_max`.
bool is_active(Phase phase) {
    return phase >= Phase::kEvaluating && phase <= Phase::kClosing;
}

/// While a step waits like this, the run's time limit is not in force: that is for its work.
bool stops_the_clock(Phase phase) {
    return phase == Phase::kSleeping || phase == Phase::kWaiting;
}

bool is_unsafe(const PlanStep& step) {
    return step.kind == StepKind::kCall && step.effect == Effect::kUnsafe;
}

Failure unknown_outcome(const std::optional<Failure>& cause) {
    std::string why = cause ? cause->message : "the worker stopped while the request was under way";
    while (why.ends_with('.')) why.pop_back();
    return {
        cause ? cause->kind : FailureKind::kPlatform,
        fmt::format(
            "Outcome unknown: {}. The action is declared unsafe, so it was not repeated; check the other "
            "system.",
            why
        )
    };
}

/// One event applied to one state. Every public member is an event handler; `go_on` follows each.
class Machine {
  public:
    Machine(const Plan& plan, State& state, Tick tick, std::vector<Command>& out)
        : plan_(plan), state_(state), tick_(tick), out_(out) {}

    void apply(const Event& event) {
        if (state_.stage == Stage::kFinished) return;
        // What waits hears of nothing but the order to stop: its Park may not be carried out yet.
        if (state_.stage == Stage::kParked && !std::holds_alternative<CancelRequested>(event)) return;
        std::visit([this](const auto& e) { on(e); }, event);
        go_on();
    }

  private:
    // ---- events

    void on(const Started& e) {
        if (state_.stage != Stage::kNew) return;
        state_.stage = Stage::kRunning;
        state_.steps.resize(plan_.steps.size());
        state_.deadline = e.started_at + plan_.timeout;
        for (const JournalEntry& entry : e.journal)
            state_.deadline = std::max(state_.deadline, Instant(entry.at + plan_.timeout));
        emit(StartTimer{kRun, state_.deadline});
        std::vector<bool> intent_open(plan_.steps.size(), false);
        for (const JournalEntry& entry : e.journal) replay(entry, intent_open);
        for (StepIndex i = 0; i < count(); ++i) resume(i, intent_open[static_cast<std::size_t>(i)]);
        if (tick_.now >= state_.deadline && !any(stops_the_clock)) time_out();
    }

    void on(const InputEvaluated& e) {
        if (e.step == kRun) return output_evaluated(e);
        if (!is_in(e.step, Phase::kEvaluating)) return;
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

    void on(const IntentJournaled& e) {
        if (is_in(e.step, Phase::kIntent) && at(e.step).attempt == e.attempt) perform(e.step);
    }

    void on(const WaitOpened& e) {
        if (!is_in(e.step, Phase::kOpening)) return;
        at(e.step).phase = Phase::kWaiting;
        emit(StartTimer{e.step, at(e.step).until});
    }

    void on(const WaitEnded& e) {
        if (state_.stage != Stage::kRunning) return;
        if (is_in(e.step, Phase::kOpening) || is_in(e.step, Phase::kWaiting) ||
            is_in(e.step, Phase::kClosing))
            wait_ended(e.step, e.failure);
    }

    void on(const CallFinished& e) {
        if (!is_in(e.step, Phase::kCalling) && !is_in(e.step, Phase::kCoding)) return;
        if (at(e.step).attempt != e.attempt) return;
        if (state_.stage == Stage::kStopping) return finished_while_stopping(e);
        bool again = e.retryable;
        Failure failure = or_platform(e.failure, "The call ended without an answer");
        switch (e.outcome) {
            case CallFinished::Outcome::kOk:
                return settle(e.step, Phase::kSuccess);
            case CallFinished::Outcome::kError:
                break;
            case CallFinished::Outcome::kAborted:
                again = true;
                break;
            case CallFinished::Outcome::kUnknown:
                again = !is_unsafe(plan_at(e.step)) || plan_at(e.step).on_unknown == OnUnknown::kRetry;
                if (!again) failure = unknown_outcome(failure);
                break;
        }
        if (again && wait_for_retry(e.step, failure, e.retry_after)) return;
        settle(e.step, Phase::kFailed, std::move(failure));
    }

    void on(const TimerFired& e) {
        if (e.step == kRun) {
            if (state_.stage == Stage::kNew || state_.stage == Stage::kStopping) return;
            if (tick_.now < state_.deadline) return emit(StartTimer{kRun, state_.deadline});
            if (any(stops_the_clock)) return;  // the end of that starts it anew
            return time_out();
        }
        if (state_.stage != Stage::kRunning) return;
        const bool is_for_answer = is_in(e.step, Phase::kWaiting);
        if (!is_in(e.step, Phase::kRetryWait) && !is_in(e.step, Phase::kSleeping) && !is_for_answer) return;
        if (tick_.now < at(e.step).until) return emit(StartTimer{e.step, at(e.step).until});
        if (at(e.step).phase == Phase::kSleeping) return wait_ended(e.step, std::nullopt);
        if (is_for_answer) {
            at(e.step).phase = Phase::kClosing;
            return emit(CloseWait{e.step});
        }
        at(e.step).phase = Phase::kQueued;  // go_on begins the next attempt when a slot is free
    }

    void on(const CancelRequested&) {
        if (state_.stage == Stage::kStopping) return;  // the first reason to stop wins
        state_.steps.resize(plan_.steps.size());
        stop(RunStatus::kCanceled, std::nullopt, kRun);
    }

    void on(const SandboxLost& e) {
        if (state_.stage == Stage::kNew || state_.stage == Stage::kStopping) return;
        StepIndex culprit = kRun;
        int busy = 0;
        for (StepIndex i = 0; i < count(); ++i) {
            if (at(i).phase != Phase::kEvaluating && at(i).phase != Phase::kCoding) continue;
            culprit = i;
            ++busy;
        }
        if (busy != 1) culprit = kRun;
        if (culprit != kRun) record(culprit, Phase::kFailed, e.failure);
        stop(RunStatus::kFailed, e.failure, culprit);
    }

    // ---- resuming

    void replay(const JournalEntry& entry, std::vector<bool>& intent_open) {
        if (entry.step < 0 || entry.step >= count() || is_through(at(entry.step).phase)) return;
        StepState& step = at(entry.step);
        step.attempt = std::max(step.attempt, entry.attempt);
        intent_open[static_cast<std::size_t>(entry.step)] = entry.entry == JournalEntry::Entry::kIntent;
        switch (entry.entry) {
            case JournalEntry::Entry::kIntent:
                step.phase = Phase::kQueued;
                break;
            case JournalEntry::Entry::kWait:
                step.phase = waiting_phase(plan_at(entry.step).kind);
                step.until = entry.until;
                step.failure = entry.failure;
                break;
            case JournalEntry::Entry::kAnswer:
                if (step.phase != Phase::kWaiting) break;
                step.phase = Phase::kClosing;  // resume() ends it, once all lines are known
                step.failure = entry.failure;
                break;
            case JournalEntry::Entry::kResult:
                step.failure = entry.failure;
                step.branch = entry.branch;
                switch (entry.status) {
                    case StepStatus::kSuccess:
                        step.phase = Phase::kSuccess;
                        break;
                    case StepStatus::kFailed:
                        step.phase = Phase::kFailed;
                        break;
                    case StepStatus::kSkipped:
                        step.phase = Phase::kSkipped;
                        break;
                    case StepStatus::kCanceled:
                        step.phase = Phase::kCanceled;
                        break;
                    case StepStatus::kNotReached:
                        step.phase = Phase::kNotReached;
                        break;
                    case StepStatus::kQueued:
                    case StepStatus::kRunning:
                    case StepStatus::kWaiting:
                        break;  // no result; the step runs again
                }
                break;
        }
    }

    static Phase waiting_phase(StepKind kind) {
        if (kind == StepKind::kSleep) return Phase::kSleeping;
        return kind == StepKind::kWait ? Phase::kWaiting : Phase::kRetryWait;
    }

    void resume(StepIndex i, bool intent_open) {
        StepState& step = at(i);
        if (step.phase == Phase::kFailed) {
            if (!is_handled(i))
                stop(RunStatus::kFailed, step.failure, i);  // we died between the result and the end
        } else if (step.phase == Phase::kClosing) {
            wait_ended(i, step.failure);
        } else if (step.status() == StepStatus::kWaiting) {
            emit(StartTimer{i, step.until});
        } else if (intent_open && is_unsafe(plan_at(i))) {
            bool again =
                plan_at(i).on_unknown == OnUnknown::kRetry && step.attempt < plan_at(i).retry.attempts;
            if (!again) settle(i, Phase::kFailed, unknown_outcome(std::nullopt));
        }
    }

    // ---- one step

    void begin(StepIndex i) {
        if (at(i).has_input) return begin_attempt(i);
        at(i).phase = Phase::kEvaluating;
        emit(Evaluate{i});
    }

    void input_ready(const InputEvaluated& e) {
        StepState& step = at(e.step);
        switch (plan_at(e.step).kind) {
            case StepKind::kCode:
            case StepKind::kCall:
                return begin_attempt(e.step);
            case StepKind::kMap:
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
                step.attempt = 1;
                step.phase = Phase::kOpening;
                step.until = e.wake_at;
                return emit(OpenWait{e.step, step.attempt, step.until});
        }
        step.attempt = std::max(step.attempt, 1);
        settle(e.step, Phase::kSuccess);
    }

    /// Of a sleep or a wait: the run's time limit counts anew from here.
    void wait_ended(StepIndex i, std::optional<Failure> failure) {
        state_.deadline = std::max(state_.deadline, Instant(tick_.now + plan_.timeout));
        emit(StartTimer{kRun, state_.deadline});
        settle(i, failure ? Phase::kFailed : Phase::kSuccess, std::move(failure));
    }

    void begin_attempt(StepIndex i) {
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

    void perform(StepIndex i) {
        at(i).phase = Phase::kCalling;
        emit(Perform{i, at(i).attempt, attempt_deadline(i)});
    }

    /// False when the policy has no attempt left, or the run would be over before it.
    bool wait_for_retry(StepIndex i, const Failure& failure, std::optional<Millis> retry_after) {
        StepState& step = at(i);
        const RetryPolicy& policy = plan_at(i).retry;
        if (step.attempt >= policy.attempts) return false;
        Instant until = tick_.now + retry_delay(policy, step.attempt, retry_after, tick_.unit);
        if (until >= state_.deadline && !any(stops_the_clock)) return false;
        step.phase = Phase::kRetryWait;
        step.until = until;
        step.failure = failure;
        emit(JournalWait{i, step.attempt, until, failure});
        emit(StartTimer{i, until});
        return true;
    }

    void finished_while_stopping(const CallFinished& e) {
        switch (e.outcome) {
            case CallFinished::Outcome::kOk:
                return record(e.step, Phase::kSuccess, std::nullopt);
            case CallFinished::Outcome::kError:
                return record(e.step, Phase::kFailed, e.failure);
            case CallFinished::Outcome::kAborted:
                return record(e.step, Phase::kCanceled, std::nullopt);
            case CallFinished::Outcome::kUnknown:
                return record(
                    e.step,
                    Phase::kCanceled,
                    is_unsafe(plan_at(e.step)) ? unknown_outcome(e.failure) : e.failure
                );
        }
    }

    void record(StepIndex i, Phase phase, std::optional<Failure> failure) {
        StepState& step = at(i);
        step.phase = phase;
        step.failure = std::move(failure);
        emit(JournalResult{i, step.attempt, step.status(), step.failure, step.branch});
    }

    void settle(StepIndex i, Phase phase, std::optional<Failure> failure = std::nullopt) {
        record(i, phase, std::move(failure));
        if (phase == Phase::kFailed && !is_handled(i)) stop(RunStatus::kFailed, at(i).failure, i);
    }

    /// The author said what happens when this step fails.
    bool is_handled(StepIndex i) const {
        if (plan_at(i).on_error == OnError::kContinue) return true;
        return std::ranges::any_of(plan_.steps, [&](const PlanStep& other) {
            return std::ranges::any_of(other.needs, [&](const Need& need) {
                return need.step == i && need.on == NeedOn::kFailure;
            });
        });
    }

    // ---- the run

    void time_out() {
        Failure failure{
            FailureKind::kLimit,
            fmt::format("The run reached its time limit of {}", duration_text(plan_.timeout))
        };
        stop(RunStatus::kFailed, std::move(failure), kRun);
    }

    void output_evaluated(const InputEvaluated& e) {
        if (state_.stage != Stage::kOutput) return;
        if (e.outcome == InputEvaluated::Outcome::kFailed)
            return finish(RunStatus::kFailed, or_platform(e.failure, "The output was not evaluated"), kRun);
        finish(RunStatus::kSuccess, std::nullopt, kRun);
    }

    /// First call wins. Whatever has not reached the outside is dropped at once; calls are told to stop and
    /// awaited, because only their answer says what happened.
    void stop(RunStatus end, std::optional<Failure> failure, StepIndex step) {
        if (state_.stage == Stage::kStopping || state_.stage == Stage::kFinished) return;
        state_.stage = Stage::kStopping;
        state_.end = end;
        state_.failure = std::move(failure);
        state_.failed_step = step;
        for (StepIndex i = 0; i < count(); ++i) {
            if (at(i).phase == Phase::kCalling)
                emit(Abort{i});
            else if (!is_through(at(i).phase))
                at(i).phase = has_begun(at(i)) ? Phase::kCanceled : Phase::kNotReached;
        }
    }

    void finish(RunStatus end, std::optional<Failure> failure, StepIndex step) {
        state_.stage = Stage::kFinished;
        state_.end = end;
        state_.failure = std::move(failure);
        state_.failed_step = step;
        emit(Finish{end, state_.failure, step});
    }

    enum class Readiness { kNotYet, kRun, kSkip };

    /// A step is skipped when a success it needs did not happen, when none of the failures it handles
    /// happened, or when everything it needs was skipped. A skipped need, or a branch that was not taken,
    /// does not count beside a need that is met: a join after two exclusive branches runs.
    Readiness readiness(const PlanStep& step) const {
        bool is_met = false;
        bool is_blocked = false;
        bool handles = false;
        bool handles_one = false;
        for (const Need& need : step.needs) {
            Phase phase = at(need.step).phase;
            if (need.on == NeedOn::kWaiting) {
                if (!is_through(phase) && phase != Phase::kWaiting && phase != Phase::kClosing)
                    return Readiness::kNotYet;
                is_met = is_met || phase != Phase::kSkipped;
                continue;
            }
            if (!is_through(phase)) return Readiness::kNotYet;
            bool went_on = phase == Phase::kSuccess ||
                           (phase == Phase::kFailed && plan_at(need.step).on_error == OnError::kContinue);
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

    void go_on() {
        if (state_.stage == Stage::kRunning) start_ready();
        if (state_.stage == Stage::kRunning) end_or_park();
        if (state_.stage == Stage::kStopping && !any([](Phase p) { return p == Phase::kCalling; }))
            finish(state_.end, state_.failure, state_.failed_step);
    }

    void start_ready() {
        auto active =
            std::ranges::count_if(state_.steps, [](const StepState& s) { return is_active(s.phase); });
        // Skipping a step can make earlier ones ready, hence repeat until nothing changes.
        for (bool changed = true; changed;) {
            changed = false;
            for (StepIndex i = 0; i < count(); ++i) {
                if (at(i).phase != Phase::kQueued) continue;
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

    void end_or_park() {
        if (!any([](Phase p) { return !is_through(p); })) {
            if (!plan_.has_output) return finish(RunStatus::kSuccess, std::nullopt, kRun);
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
    bool is_in(StepIndex i, Phase phase) const { return i >= 0 && i < count() && at(i).phase == phase; }
    StepState& at(StepIndex i) { return state_.steps[static_cast<std::size_t>(i)]; }
    const StepState& at(StepIndex i) const { return state_.steps[static_cast<std::size_t>(i)]; }
    const PlanStep& plan_at(StepIndex i) const { return plan_.steps[static_cast<std::size_t>(i)]; }
    void emit(Command command) { out_.push_back(std::move(command)); }

    const Plan& plan_;
    State& state_;
    Tick tick_;
    std::vector<Command>& out_;
};

}  // namespace

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
