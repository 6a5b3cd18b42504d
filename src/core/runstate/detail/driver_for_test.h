#pragma once

#include "core/runstate/runstate.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

/// For the module's tests: steps, and a run that is driven by hand.
namespace weft::runstate {

using CallOutcome = CallFinished::Outcome;

inline const Failure kDown{FailureKind::kProvider, "HTTP 503"};
inline const Failure kWrong{FailureKind::kProvider, "HTTP 422"};
inline const Failure kTypo{FailureKind::kWorkflow, "steps.a.output.x is absent"};

inline PlanStep map_step(std::string id, std::vector<Need> needs = {}) {
    return {.id = std::move(id), .kind = StepKind::kMap, .needs = std::move(needs)};
}
inline PlanStep call_step(std::string id, std::vector<Need> needs = {}, Effect effect = Effect::kIdempotent) {
    return {
        .id = std::move(id),
        .kind = StepKind::kCall,
        .effect = effect,
        .needs = std::move(needs),
        .retry = {.attempts = 3, .initial = Millis(1000), .max = Millis(60'000)}
    };
}

/// Drives one state by hand; commands of the last event are in `out`.
struct Driver {
    Plan plan;
    State state;
    Instant now = Instant(std::chrono::hours(1));
    double unit = 0.5;
    std::vector<Command> out;

    explicit Driver(std::vector<PlanStep> steps) { plan.steps = std::move(steps); }
    Driver& send(const Event& event) {
        auto [next, commands] = step(plan, std::move(state), event, {now, unit});
        state = std::move(next);
        out = std::move(commands);
        return *this;
    }
    Driver& start(std::vector<JournalEntry> journal = {}) { return send(Started{now, std::move(journal)}); }
    Driver& ready(StepIndex i) { return send(InputEvaluated{.step = i}); }
    Driver& skip(StepIndex i) {
        return send(InputEvaluated{.step = i, .outcome = InputEvaluated::Outcome::kSkipped});
    }
    Driver& ok(StepIndex i) { return send(CallFinished{.step = i, .attempt = attempt(i)}); }
    Driver& error(StepIndex i, const Failure& failure, bool retryable = false) {
        return send(CallFinished{
            .step = i,
            .attempt = attempt(i),
            .outcome = CallOutcome::kError,
            .failure = failure,
            .retryable = retryable
        });
    }
    Driver& unknown(StepIndex i) {
        return send(
            CallFinished{.step = i, .attempt = attempt(i), .outcome = CallOutcome::kUnknown, .failure = kDown}
        );
    }
    int attempt(StepIndex i) const { return state.steps[static_cast<std::size_t>(i)].attempt; }
    StepStatus status(StepIndex i) const { return state.steps[static_cast<std::size_t>(i)].status(); }

    template <class C>
    std::vector<C> all() const {
        std::vector<C> found;
        for (const Command& command : out)
            if (const C* c = std::get_if<C>(&command)) found.push_back(*c);
        return found;
    }
    template <class C>
    const C* one() const {
        for (const Command& command : out)
            if (const C* c = std::get_if<C>(&command)) return c;
        return nullptr;
    }
    std::vector<StepIndex> evaluated() const {
        std::vector<StepIndex> steps;
        for (const Evaluate& e : all<Evaluate>()) steps.push_back(e.step);
        return steps;
    }
};

inline Need on_success(StepIndex i) {
    return {i, NeedOn::kSuccess};
}
inline Need on_failure(StepIndex i) {
    return {i, NeedOn::kFailure};
}
inline Need on_finished(StepIndex i) {
    return {i, NeedOn::kFinished};
}
inline Need on_waiting(StepIndex i) {
    return {i, NeedOn::kWaiting};
}

}  // namespace weft::runstate
