#include "core/runstate/detail/machine.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::runstate {

namespace {

Phase waiting_phase(StepKind kind, const JournalEntry& entry) {
    if (kind == StepKind::kSleep) return Phase::kSleeping;
    return kind == StepKind::kWait && !entry.failure ? Phase::kWaiting : Phase::kRetryWait;
}

}  // namespace

Failure unknown_outcome(const std::optional<Failure>& cause) {
    std::string why = cause ? cause->message : "the worker stopped while the request was under way";
    while (why.ends_with('.')) why.pop_back();
    return {
        cause ? cause->kind : FailureKind::kPlatform,
        fmt::format(
            "Outcome unknown: {}. The action is declared unsafe, so it was not repeated; check the other "
            "system.",
            why
        ),
        cause ? cause->error_class : std::nullopt
    };
}

void Machine::replay(StepIndex i, const JournalEntry& entry, Newest& newest) {
    StepState& step = at(i);
    if (is_through(step.phase)) return;
    step.attempt = std::max(step.attempt, entry.attempt);
    if (entry.excused.attempts > step.excused.attempts) step.excused = entry.excused;
    newest[static_cast<std::size_t>(i)] = &entry;
    switch (entry.entry) {
        case JournalEntry::Entry::kIntent:
            step.phase = Phase::kQueued;
            break;
        case JournalEntry::Entry::kWait:
            step.phase = waiting_phase(plan_at(i).kind, entry);
            step.until = entry.until;
            step.failure = entry.failure;
            break;
        case JournalEntry::Entry::kAnswer:
            if (step.phase != Phase::kWaiting) break;
            step.phase = Phase::kClosing;  // resume() ends it, once all lines are known
            step.failure = entry.failure;
            break;
        case JournalEntry::Entry::kLoop:
            step.phase = Phase::kLooping;
            step.loop = LoopState{.total = entry.items};
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

void Machine::resume_all(StepIndex first, StepIndex end, const Newest& newest, const Bodies& bodies) {
    for (const bool are_loops : {true, false})
        for (StepIndex i = first; i < end; ++i)
            if (plan_at(i).loop.has_value() == are_loops)
                resume(i, newest[static_cast<std::size_t>(i)], bodies);
}

void Machine::resume(StepIndex i, const JournalEntry* newest, const Bodies& bodies) {
    StepState& step = at(i);
    const bool intent_open = newest != nullptr && newest->entry == JournalEntry::Entry::kIntent;
    if (step.phase == Phase::kFailed) {
        if (!is_handled(plan_, i) && !plan_at(i).is_final)
            fail_around(i);  // we died between the result and the end
    } else if (step.phase == Phase::kLooping) {
        resume_loop(i, bodies);
    } else if (step.phase == Phase::kClosing) {
        wait_ended(i, step.failure, newest->is_retryable);
    } else if (step.status() == StepStatus::kWaiting) {
        emit(StartTimer{i, step.until});
    } else if (intent_open && is_unsafe(plan_at(i))) {
        const int spent = step.attempt - step.excused.attempts;
        bool again = plan_at(i).on_unknown == OnUnknown::kRetry && spent < plan_at(i).retry.attempts;
        if (!again) settle(i, Phase::kFailed, unknown_outcome(std::nullopt));
    }
}

}  // namespace weft::runstate
