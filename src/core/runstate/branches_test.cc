#include "core/runstate/detail/driver_for_test.h"
#include "core/runstate/runstate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::runstate {
namespace {

using testing::ElementsAre;

TEST(Runstate, TheBranchThatIsTakenRunsAndTheJoinAfterIt) {
    const auto on_branch = [](StepIndex i, Branch branch) { return Need{i, NeedOn::kSuccess, branch}; };
    const std::vector<PlanStep> steps{
        {.id = "route", .kind = StepKind::kSwitch},
        map_step("a", {on_branch(0, 0)}),
        map_step("b", {on_branch(0, 1)}),
        map_step("join", {on_success(1), on_success(2)}),
        map_step("whichever", {on_success(0)}),
    };
    Driver run(steps);
    run.start();
    EXPECT_THAT(run.send(InputEvaluated{.step = 0, .branch = 1}).evaluated(), ElementsAre(2, 4));
    EXPECT_EQ(run.all<JournalResult>().front(), (JournalResult{0, 1, StepStatus::kSuccess, {}, 1}));
    EXPECT_EQ(run.status(1), StepStatus::kSkipped);
    EXPECT_THAT(run.ready(2).evaluated(), ElementsAre(3));

    // Another worker goes on with what the journal says was taken.
    Driver resumed(steps);
    resumed.start({{.step = 0, .attempt = 1, .status = StepStatus::kSuccess, .branch = 0}});
    EXPECT_THAT(resumed.evaluated(), ElementsAre(1, 4));
    EXPECT_EQ(resumed.status(2), StepStatus::kSkipped);

    // One that failed took none.
    Driver failing(
        {{.id = "route", .kind = StepKind::kSwitch, .on_error = OnError::kContinue}, steps[1], steps[4]}
    );
    failing.plan.steps[2].needs = {on_success(0)};
    failing.start();
    failing.send(InputEvaluated{.step = 0, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo});
    EXPECT_EQ(failing.status(1), StepStatus::kSkipped);
    EXPECT_THAT(failing.evaluated(), ElementsAre(2));
}

}  // namespace
}  // namespace weft::runstate
