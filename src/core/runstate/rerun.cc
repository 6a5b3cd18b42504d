#include "core/runstate/rerun.h"

#include <algorithm>
#include <utility>

namespace weft::runstate {

namespace {

const Lane* lane_of(const Plan& plan, StepIndex definition) {
    const auto found = std::ranges::find_if(plan.lanes, [&](const Lane& lane) {
        return definition >= lane.definition && definition < lane.definition + lane.count;
    });
    return found == plan.lanes.end() ? nullptr : &*found;
}

}  // namespace

const PlanStep& planned(const Plan& plan, StepIndex definition) {
    const Lane* lane = lane_of(plan, definition);
    const StepIndex at = lane == nullptr ? definition : lane->first + definition - lane->definition;
    return plan.steps[static_cast<std::size_t>(at)];
}

StepIndex outermost(const Plan& plan, StepIndex definition) {
    const Lane* lane = lane_of(plan, definition);
    return lane == nullptr ? definition : outermost(plan, plan.definition_of(lane->loop));
}

std::vector<bool> done_again(const Plan& plan, const Ends& ends, std::optional<StepIndex> from) {
    std::vector<bool> again(ends.size());
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const auto step = static_cast<StepIndex>(i);
        const bool is_good = ends[i] == StepStatus::kSuccess || ends[i] == StepStatus::kSkipped ||
                             (ends[i] == StepStatus::kFailed && is_handled(plan, step));
        again[i] = !is_good || plan.steps[i].is_final || from == step;
    }
    // Needs may point forward, so once through the steps is not always enough; each pass marks one or is the
    // last.
    for (bool is_changed = true; std::exchange(is_changed, false);) {
        for (std::size_t i = 0; i < ends.size(); ++i) {
            const auto is_again = [&](const Need& need) {
                return again[static_cast<std::size_t>(need.step)];
            };
            if (again[i] || std::ranges::none_of(plan.steps[i].needs, is_again)) continue;
            again[i] = is_changed = true;
        }
    }
    return again;
}

}  // namespace weft::runstate
