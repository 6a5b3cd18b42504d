#include "core/runstate/rerun.h"

#include "core/runstate/detail/driver_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::runstate {
namespace {

using testing::ElementsAre;
using enum StepStatus;

Plan plan_of(std::vector<PlanStep> steps) {
    Plan out;
    out.steps = std::move(steps);
    return out;
}

TEST(Rerun, KeepsWhatEndedWellAndDoesTheRest) {
    const Plan plan =
        plan_of({map_step("a"), map_step("b", {on_success(0)}), map_step("c", {on_success(1)}), map_step("d")}
        );
    EXPECT_THAT(
        done_again(plan, {kSuccess, kFailed, kNotReached, kSuccess}, {}),
        ElementsAre(false, true, true, false)
    );
    EXPECT_THAT(
        done_again(plan, {kSuccess, kCanceled, kNotReached, kNotReached}, {}),
        ElementsAre(false, true, true, true)
    );
    EXPECT_THAT(
        done_again(plan, {kSuccess, kSuccess, kSkipped, kSuccess}, {}),
        ElementsAre(false, false, false, false)
    );
}

TEST(Rerun, DoesWhatDependsOnWhatIsDoneAgainWhereverItStands) {
    const Plan plan =
        plan_of({map_step("last", {on_success(2)}), map_step("first"), map_step("middle", {on_success(1)})});
    EXPECT_THAT(done_again(plan, {kSuccess, kSuccess, kSuccess}, 1), ElementsAre(true, true, true));
    EXPECT_THAT(done_again(plan, {kSuccess, kSuccess, kSuccess}, 2), ElementsAre(true, false, true));
    EXPECT_THAT(done_again(plan, {kSuccess, kSuccess, kSuccess}, 0), ElementsAre(true, false, false));
}

TEST(Rerun, KeepsFailuresThatWereHandled) {
    Plan plan = plan_of({map_step("a"), map_step("b", {{0, NeedOn::kFailure}}), map_step("c")});
    EXPECT_THAT(done_again(plan, {kFailed, kSuccess, kFailed}, {}), ElementsAre(false, false, true));
    plan.steps[2].on_error = OnError::kContinue;
    EXPECT_THAT(done_again(plan, {kFailed, kSuccess, kFailed}, {}), ElementsAre(false, false, false));
}

TEST(Rerun, DoesFinalStepsAlways) {
    Plan plan = plan_of({map_step("a"), map_step("tidy")});
    plan.steps[1].is_final = true;
    EXPECT_THAT(done_again(plan, {kSuccess, kSuccess}, {}), ElementsAre(false, true));
}

TEST(Rerun, KnowsTheOutermostLoopOfAStep) {
    PlanStep outer{.id = "outer", .kind = StepKind::kLoop};
    outer.loop = Loop{.body = 2, .body_count = 2, .lanes = 2};
    PlanStep inner{.id = "inner", .kind = StepKind::kLoop};
    inner.loop = Loop{.body = 4, .body_count = 1, .lanes = 2};
    PlanStep pay = call_step("pay", {}, Effect::kUnsafe);
    const auto plan = lay_out({map_step("a"), outer, map_step("b"), inner, pay}, 2);
    ASSERT_TRUE(plan);
    const auto tops = [&](StepIndex i) { return outermost(*plan, i); };
    EXPECT_THAT((std::vector{tops(0), tops(1), tops(2), tops(3), tops(4)}), ElementsAre(0, 1, 1, 1, 1));
    EXPECT_EQ(planned(*plan, 4).id, "pay");
    EXPECT_EQ(planned(*plan, 4).effect, Effect::kUnsafe);
}

}  // namespace
}  // namespace weft::runstate
