#pragma once

#include "core/runstate/runstate.h"

#include <optional>
#include <vector>

/// What a run that repeats an earlier one does itself, and what it takes from that one. Pure.
namespace weft::runstate {

/// How the earlier run left a step; kNotReached for one that it does not have.
using Ends = std::vector<StepStatus>;

/// For each step outside of loops, in the order of the plan: does the new run do it itself? `ends` has one
/// entry for each of them. Done again are `from`, whatever has not ended well, whatever depends on what is
/// done again, and final steps. Well is a success, a skip, and a failure that another step or the author
/// handles.
std::vector<bool> done_again(const Plan& plan, const Ends& ends, std::optional<StepIndex> from);

/// The defined step as it is planned: of one in a loop, the first copy.
const PlanStep& planned(const Plan& plan, StepIndex definition);

/// The step outside of loops that the defined step is a part of: itself, or the outermost loop around it.
StepIndex outermost(const Plan& plan, StepIndex definition);

}  // namespace weft::runstate
