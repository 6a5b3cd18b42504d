#include "core/runstate/detail/driver_for_test.h"
#include "core/runstate/runstate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::runstate {
namespace {

using testing::ElementsAre;

PlanStep loop_step(std::string id, Loop loop) {
    PlanStep out{.id = std::move(id), .kind = StepKind::kLoop};
    out.loop = loop;
    return out;
}

/// A loop over one call, then a step behind it.
Driver loop_over_a_call(Loop loop) {
    loop.body = 2;
    loop.body_count = 1;
    Driver out({});
    out.plan =
        lay_out({loop_step("each", loop), map_step("after", {on_success(0)}), call_step("call")}, 2).value();
    return out;
}

TEST(RunstateLoops, BeginAsManyItemsAsTheyMayAndCollectThemInTheEnd) {
    Driver run = loop_over_a_call({.lanes = 2});
    run.start();
    run.send(InputEvaluated{.step = 0, .items = 3});
    EXPECT_EQ(*run.one<JournalLoop>(), (JournalLoop{0, 3}));
    EXPECT_THAT(run.all<BeginItem>(), ElementsAre(BeginItem{0, 1}, BeginItem{1, 2}));
    EXPECT_THAT(run.evaluated(), ElementsAre(2, 3));
    run.send(InputEvaluated{.step = 2, .iteration = 1}).send(InputEvaluated{.step = 3, .iteration = 2});
    run.send(CallFinished{.step = 3, .iteration = 2, .attempt = 1});
    EXPECT_THAT(run.all<EndItem>(), ElementsAre(EndItem{1, 2, {}}));
    EXPECT_THAT(run.all<BeginItem>(), ElementsAre(BeginItem{1, 3}));
    run.send(InputEvaluated{.step = 3, .iteration = 3});
    run.send(CallFinished{.step = 3, .iteration = 3, .attempt = 1});
    EXPECT_EQ(run.one<Collect>(), nullptr) << "the first item is under way";
    run.send(CallFinished{.step = 2, .iteration = 1, .attempt = 1});
    ASSERT_NE(run.one<Collect>(), nullptr);
    EXPECT_THAT(run.send(Collected{.step = 0}).evaluated(), ElementsAre(1));
}

TEST(RunstateLoops, OfNothingAreThroughAtOnce) {
    Driver run = loop_over_a_call({});
    run.start().send(InputEvaluated{.step = 0, .items = 0});
    ASSERT_NE(run.one<Collect>(), nullptr);
    EXPECT_TRUE(run.all<BeginItem>().empty());
}

TEST(RunstateLoops, AnItemThatFailsEndsTheLoopAndCallsUnderWayAreAwaited) {
    Driver run = loop_over_a_call({.lanes = 2});
    run.start().send(InputEvaluated{.step = 0, .items = 9});
    run.send(InputEvaluated{.step = 2, .iteration = 1}).send(InputEvaluated{.step = 3, .iteration = 2});
    const Failure down{FailureKind::kProvider, "HTTP 500"};
    run.send(CallFinished{
        .step = 3, .iteration = 2, .attempt = 1, .outcome = CallFinished::Outcome::kError, .failure = down
    });
    EXPECT_THAT(run.all<Abort>(), ElementsAre(Abort{2}));
    EXPECT_TRUE(run.all<BeginItem>().empty());
    EXPECT_EQ(run.one<Finish>(), nullptr);
    run.send(CallFinished{.step = 2, .iteration = 1, .attempt = 1, .outcome = CallFinished::Outcome::kAborted}
    );
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->failure, (Failure{FailureKind::kProvider, "Item 2: HTTP 500"}));
    EXPECT_EQ(run.one<Finish>()->step, 0);
}

TEST(RunstateLoops, GoOnPastItemsThatFailWhenTold) {
    Driver run = loop_over_a_call({.on_item_error = OnError::kContinue});
    run.start().send(InputEvaluated{.step = 0, .items = 2});
    run.send(InputEvaluated{
        .step = 2, .iteration = 1, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo
    });
    EXPECT_THAT(run.all<EndItem>(), ElementsAre(EndItem{0, 1, kTypo}));
    EXPECT_TRUE(run.one<JournalResult>()->fails_item) << "what the item gives is written with it";
    EXPECT_THAT(run.all<BeginItem>(), ElementsAre(BeginItem{0, 2}));
    run.send(InputEvaluated{.step = 2, .iteration = 2})
        .send(CallFinished{.step = 2, .iteration = 2, .attempt = 1});
    ASSERT_NE(run.one<Collect>(), nullptr);
    EXPECT_EQ(run.state.steps[0].loop->failed, 1);
}

TEST(RunstateLoops, ALostSandboxCostsOneItemOnly) {
    Driver run = loop_over_a_call({.on_item_error = OnError::kContinue, .lanes = 2});
    run.start().send(InputEvaluated{.step = 0, .items = 2});
    run.send(SandboxLost{.failure = {FailureKind::kLimit, "out of memory"}, .step = 3, .iteration = 2});
    EXPECT_EQ(run.state.steps[2].phase, Phase::kEvaluating);
    EXPECT_EQ(run.state.steps[0].loop->failed, 1);
    EXPECT_EQ(run.one<Finish>(), nullptr);
}

TEST(RunstateLoops, AnAnswerForAnItemThatHasGoneIsNobodys) {
    Driver run = loop_over_a_call({.on_item_error = OnError::kContinue});
    run.start().send(InputEvaluated{.step = 0, .items = 2});
    run.send(InputEvaluated{
        .step = 2, .iteration = 1, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo
    });
    EXPECT_TRUE(run.send(InputEvaluated{.step = 2, .iteration = 1}).out.empty());
    EXPECT_EQ(run.state.steps[2].phase, Phase::kEvaluating);
}

TEST(RunstateLoops, GoOnWhereTheJournalSaysTheyWere) {
    Driver run = loop_over_a_call({.lanes = 2});
    using Entry = JournalEntry::Entry;
    // Item 1 is through, 0 was begun before it, 2 was being sent.
    run.start({
        {.step = 0, .entry = Entry::kLoop, .attempt = 1, .items = 5},
        {.step = 2, .iteration = 2, .attempt = 1, .status = StepStatus::kSuccess},
        {.step = 2, .iteration = 3, .entry = Entry::kIntent, .attempt = 1},
    });
    EXPECT_THAT(run.all<BeginItem>(), ElementsAre(BeginItem{0, 1, true}, BeginItem{1, 3, true}));
    EXPECT_EQ(run.state.steps[0].loop->next, 3);
    EXPECT_THAT(run.evaluated(), ElementsAre(2, 3));
}

TEST(RunstateLoops, ABreakBeginsNoMoreItems) {
    Driver run({});
    Loop loop{.body = 1, .body_count = 1, .lanes = 1};
    run.plan = lay_out({loop_step("each", loop), {.id = "enough", .kind = StepKind::kBreak}}, 1).value();
    run.start().send(InputEvaluated{.step = 0, .items = 100});
    run.send(InputEvaluated{.step = 1, .iteration = 1, .outcome = InputEvaluated::Outcome::kSkipped});
    EXPECT_THAT(run.all<BeginItem>(), ElementsAre(BeginItem{0, 2}));
    run.send(InputEvaluated{.step = 1, .iteration = 2});
    EXPECT_TRUE(run.all<BeginItem>().empty());
    ASSERT_NE(run.one<Collect>(), nullptr);
    EXPECT_EQ(run.state.steps[0].loop->next, 2);
}

TEST(RunstateLoops, AWhileLoopAsksBeforeEachTimeAndHasABound) {
    for (const bool is_bounded : {false, true}) {
        Driver run = loop_over_a_call({.is_while = true, .max = is_bounded ? 1 : 10});
        run.start().send(InputEvaluated{.step = 0, .items = 1});
        run.send(InputEvaluated{.step = 2, .iteration = 1});
        run.send(CallFinished{.step = 2, .iteration = 1, .attempt = 1});
        EXPECT_THAT(run.evaluated(), ElementsAre(0));
        if (is_bounded) {
            run.send(InputEvaluated{.step = 0, .items = 1});
            ASSERT_NE(run.one<Finish>(), nullptr);
            EXPECT_EQ(run.one<Finish>()->failure->kind, FailureKind::kLimit);
            continue;
        }
        run.send(InputEvaluated{.step = 0, .items = 0});
        ASSERT_NE(run.one<Collect>(), nullptr);
    }
}

TEST(RunstateLoops, NumberTheItemsOfInnerLoopsByTheOuterOnes) {
    Driver run({});
    Loop outer{.body = 1, .body_count = 1};
    Loop inner{.body = 2, .body_count = 1, .lanes = 2};
    run.plan = lay_out({loop_step("outer", outer), loop_step("inner", inner), map_step("a")}, 1).value();
    ASSERT_EQ(run.plan.steps.size(), 4u);
    run.start().send(InputEvaluated{.step = 0, .items = 2});
    run.send(InputEvaluated{.step = 1, .iteration = 1, .items = 0})
        .send(Collected{.step = 1, .iteration = 1});
    EXPECT_THAT(run.all<BeginItem>(), ElementsAre(BeginItem{0, 2}));
    run.send(InputEvaluated{.step = 1, .iteration = 2, .items = 2});
    EXPECT_THAT(
        run.all<BeginItem>(),
        ElementsAre(BeginItem{1, 2 * kNumberStep + 1}, BeginItem{2, 2 * kNumberStep + 2})
    );
}

TEST(RunstateLoops, WhoWantsTooManyLanesGetsNoPlan) {
    Loop loop{.body = 1, .body_count = 101, .lanes = 50};
    std::vector<PlanStep> steps{loop_step("each", loop)};
    for (int i = 0; i < 101; ++i) steps.push_back(map_step("s" + std::to_string(i)));
    EXPECT_FALSE(lay_out(steps, 1));
}

// ---------------------------------------------------------------- final steps, and who comes first

TEST(RunstateFinally, RunsHoweverTheRunEnds) {
    for (const RunStatus end : {RunStatus::kSuccess, RunStatus::kFailed, RunStatus::kCanceled}) {
        Driver run({map_step("a"), {.id = "last", .is_final = true}});
        EXPECT_THAT(run.start().evaluated(), ElementsAre(0));
        if (end == RunStatus::kSuccess) run.ready(0);
        if (end == RunStatus::kCanceled) run.send(CancelRequested{"enough"});
        if (end == RunStatus::kFailed)
            run.send(InputEvaluated{.step = 0, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo}
            );
        EXPECT_EQ(run.one<Finish>(), nullptr);
        EXPECT_THAT(run.evaluated(), ElementsAre(1));
        run.ready(1);
        ASSERT_NE(run.one<Finish>(), nullptr);
        EXPECT_EQ(run.one<Finish>()->status, end);
    }
}

TEST(RunstateFinally, AFinalStepThatFailsMakesASuccessAFailureAndHasALimit) {
    Driver run({map_step("a"), {.id = "last", .is_final = true}});
    run.start().ready(0);
    run.send(InputEvaluated{.step = 1, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo});
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kFailed);

    Driver slow({map_step("a"), {.id = "last", .is_final = true}});
    slow.start().ready(0);
    slow.now += kFinallyMax;
    slow.send(TimerFired{kRun});
    ASSERT_NE(slow.one<Finish>(), nullptr);
    EXPECT_EQ(slow.one<Finish>()->failure->kind, FailureKind::kLimit);
}

TEST(RunstateFinally, FollowsAStepThatCostTheSandbox) {
    Driver run({PlanStep{.id = "bomb", .kind = StepKind::kCode}, {.id = "last", .is_final = true}});
    run.start().ready(0).send(SandboxLost{.failure = {FailureKind::kLimit, "out of memory"}, .step = 0});
    EXPECT_EQ(run.status(0), StepStatus::kFailed);
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
}

TEST(RunstateFinally, ALoopInItGoesRound) {
    Driver run({});
    std::vector<PlanStep> steps{
        map_step("a"), loop_step("each", {.body = 2, .body_count = 1}), map_step("b")
    };
    steps[1].is_final = steps[2].is_final = true;
    run.plan = lay_out(steps, 2).value();
    run.start().ready(0);
    run.send(InputEvaluated{.step = 1, .items = 1});
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
}

TEST(RunstateFinally, ARunThatWasCanceledStaysItAfterACrash) {
    const std::vector<PlanStep> steps{map_step("a"), {.id = "last", .is_final = true}};
    Driver run(steps);
    run.send(Started{run.now, {{.step = 0, .attempt = 1, .status = StepStatus::kSuccess}}, true});
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
    run.send(CancelRequested{"again"}).ready(1);
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kCanceled);

    Driver late(steps);
    late.start().ready(0);
    late.send(CancelRequested{"while it tidies up"});
    ASSERT_NE(late.one<Finish>(), nullptr);
    EXPECT_EQ(late.one<Finish>()->status, RunStatus::kCanceled);
}

TEST(Runstate, OneNeedIsEnoughWhereTheFirstWins) {
    Driver run({map_step("a"), map_step("b"), map_step("c", {on_success(0), on_success(1)})});
    run.plan.steps[2].is_first_wins = true;
    run.start();
    EXPECT_THAT(run.ready(1).evaluated(), ElementsAre(2));
}

}  // namespace
}  // namespace weft::runstate
