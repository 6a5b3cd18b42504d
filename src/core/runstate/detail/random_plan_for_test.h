#pragma once

#include "base/random.h"
#include "core/runstate/runstate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

/// Random plans for the simulator: graphs, loops in loops, final steps.
namespace weft::runstate {

struct Dice {
    explicit Dice(std::uint64_t seed) : rng(seed) {}
    int below(int n) { return static_cast<int>(rng.next() % static_cast<std::uint64_t>(n)); }
    bool chance(double p) { return rng.unit() < p; }
    SeededRng rng;
};

inline constexpr int kBranches = 2;

inline StepKind random_kind(Dice& dice, bool is_in_loop) {
    const int kind = dice.below(15);
    if (kind >= 13) return is_in_loop && kind == 13 ? StepKind::kBreak : StepKind::kWait;
    return kind < 6     ? StepKind::kCall
           : kind == 6  ? StepKind::kMap
           : kind == 7  ? StepKind::kCode
           : kind == 8  ? StepKind::kSleep
           : kind >= 10 ? StepKind::kSwitch
                        : StepKind::kRespond;
}

/// So many steps that may need each other, behind those that are there.
inline void add_steps(Dice& dice, std::vector<PlanStep>& steps, int count, bool is_in_loop) {
    const auto first = static_cast<StepIndex>(steps.size());
    for (int i = 0; i < count; ++i) {
        PlanStep step;
        step.id = fmt::format("s{}", first + i);
        step.kind = random_kind(dice, is_in_loop);
        step.effect = static_cast<Effect>(dice.below(3));
        step.on_error = dice.chance(0.2) ? OnError::kContinue : OnError::kFail;
        step.on_unknown = dice.chance(0.2) ? OnUnknown::kRetry : OnUnknown::kFail;
        step.retry = {.attempts = 1 + dice.below(4), .initial = Millis(1000), .max = Millis(20'000)};
        step.is_first_wins = dice.chance(0.1);
        for (int need = 0; need < i; ++need) {
            if (!dice.chance(0.3)) continue;
            int on = dice.below(8);
            step.needs.push_back(
                {first + need,
                 on == 0   ? NeedOn::kFailure
                 : on == 1 ? NeedOn::kFinished
                           : NeedOn::kSuccess}
            );
            const auto& needed = steps[static_cast<std::size_t>(first + need)];
            if (needed.kind == StepKind::kWait && dice.chance(0.5)) step.needs.back().on = NeedOn::kWaiting;
            if (on > 2 && needed.kind == StepKind::kSwitch) step.needs.back().branch = dice.below(kBranches);
        }
        steps.push_back(std::move(step));
    }
    // The order in the plan means nothing: mirror it half of the time.
    if (!dice.chance(0.5)) return;
    std::reverse(steps.begin() + first, steps.end());
    for (auto step = steps.begin() + first; step != steps.end(); ++step)
        for (Need& need : step->needs) need.step = 2 * first + count - 1 - need.step;
}

inline Plan random_plan(Dice& dice) {
    std::vector<PlanStep> steps;
    add_steps(dice, steps, 1 + dice.below(9), false);
    const auto main = steps.size();
    if (dice.chance(0.2)) add_steps(dice, steps, 1 + dice.below(3), false);
    const auto top = static_cast<StepIndex>(steps.size());
    for (std::size_t i = main; i < steps.size(); ++i) steps[i].is_final = true;
    // Some become loops, whose bodies come behind; those of the first bodies too.
    const auto outer = steps.size();
    std::vector<int> depths(outer, 0);
    for (std::size_t i = 0; i < steps.size() && steps.size() < 30; ++i) {
        if (!dice.chance(i < outer ? 0.15 : 0.05) || depths[i] == kLoopDepthMax) continue;
        Loop loop;
        loop.is_while = dice.chance(0.3);
        loop.on_item_error = dice.chance(0.5) ? OnError::kContinue : OnError::kFail;
        loop.max = 1 + dice.below(6);
        loop.lanes = loop.is_while ? 1 : 1 + dice.below(3);
        loop.body = static_cast<StepIndex>(steps.size());
        loop.body_count = 1 + dice.below(4);
        add_steps(dice, steps, loop.body_count, true);
        depths.resize(steps.size(), depths[i] + 1);
        for (StepIndex k = 0; k < loop.body_count; ++k)
            steps[static_cast<std::size_t>(loop.body + k)].is_final = steps[i].is_final;
        for (PlanStep& step : steps)
            for (Need& need : step.needs)
                if (need.step == static_cast<StepIndex>(i)) need.branch = kNoBranch;
        steps[i].kind = StepKind::kLoop;
        steps[i].loop = loop;
    }
    Plan plan = lay_out(steps, top).value();
    plan.has_output = dice.chance(0.5);
    plan.parallel_max = 1 + dice.below(4);
    return plan;
}

}  // namespace weft::runstate
