#include "core/runstate/detail/driver_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::runstate {
namespace {

using testing::ElementsAre;
using Entry = JournalEntry::Entry;

constexpr Millis kDay{86'400'000};
const Failure kLate{FailureKind::kLimit, "Nobody answered within 1d"};

PlanStep wait_step(std::string id, OnError on_error = OnError::kFail) {
    return {.id = std::move(id), .kind = StepKind::kWait, .on_error = on_error};
}

Driver waiting(std::vector<PlanStep> steps) {
    Driver run(std::move(steps));
    run.start();
    run.send(InputEvaluated{.step = 0, .wake_at = run.now + kDay});
    return run;
}

TEST(RunstateWaits, OpensBeforeAnybodyCanSeeIt) {
    Driver run =
        waiting({wait_step("ask"), map_step("mail", {on_waiting(0)}), map_step("go", {on_success(0)})});
    EXPECT_EQ(run.out, (std::vector<Command>{OpenWait{0, 1, run.now + kDay}}));
    EXPECT_EQ(run.status(0), StepStatus::kRunning);
    run.send(WaitOpened{0});
    EXPECT_EQ(run.status(0), StepStatus::kWaiting);
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
    run.ready(1);
    EXPECT_EQ(run.out.back(), Command(Park{run.now + kDay}));
}

TEST(RunstateWaits, AnAnswerEndsTheWait) {
    Driver run = waiting({wait_step("ask"), call_step("other"), map_step("go", {on_success(0)})});
    run.send(WaitOpened{0}).send(WaitEnded{.step = 0});
    EXPECT_EQ(run.status(0), StepStatus::kSuccess);
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
}

TEST(RunstateWaits, AnAnswerThatWasThereBeforeEndsTheOpening) {
    Driver run = waiting({wait_step("event"), map_step("go", {on_success(0)})});
    run.send(WaitEnded{.step = 0});
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
}

TEST(RunstateWaits, AtTheDeadlineItAsksWhetherItWasAnsweredBefore) {
    Driver run = waiting({wait_step("ask"), call_step("other")});
    run.send(WaitOpened{0});
    run.now += kDay;
    run.send(TimerFired{0});
    EXPECT_EQ(run.out, (std::vector<Command>{CloseWait{0}}));
    EXPECT_EQ(run.status(0), StepStatus::kWaiting);
    Driver answered = run;
    answered.send(WaitEnded{.step = 0});
    EXPECT_EQ(answered.status(0), StepStatus::kSuccess);
    run.send(WaitEnded{.step = 0, .failure = kLate});
    EXPECT_EQ(run.status(0), StepStatus::kFailed);
    EXPECT_EQ(run.state.failure, kLate);
}

TEST(RunstateWaits, AnAnswerInTheJournalEndsTheWaitOfTheNextWorker) {
    Driver run({map_step("first"), wait_step("ask"), map_step("go", {on_success(1)})});
    run.send(Started{
        run.now,
        {{.step = 1, .entry = Entry::kWait, .attempt = 1, .until = run.now + kDay},
         {.step = 1, .entry = Entry::kAnswer},
         {.step = 0, .attempt = 1}}
    });
    EXPECT_EQ(run.status(1), StepStatus::kSuccess);
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
}

TEST(RunstateWaits, AnAnswerMayFailTheStep) {
    const Failure no{FailureKind::kWorkflow, "Rejected"};
    Driver run({wait_step("ask"), map_step("go", {on_success(0)}), map_step("sorry", {on_failure(0)})});
    run.send(Started{
        run.now,
        {{.step = 0, .entry = Entry::kWait, .attempt = 1, .until = run.now + kDay},
         {.step = 0, .entry = Entry::kAnswer, .failure = no}}
    });
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
    EXPECT_EQ(run.status(1), StepStatus::kSkipped);
}

TEST(RunstateWaits, TheRunsTimeLimitIsNotInForceMeanwhile) {
    Driver run = waiting({wait_step("ask"), call_step("other"), map_step("go", {on_success(0)})});
    run.send(WaitOpened{0}).ready(1);
    run.now += run.plan.timeout * 2;
    run.send(TimerFired{kRun});
    EXPECT_EQ(run.one<Finish>(), nullptr);
    run.send(WaitEnded{.step = 0});
    EXPECT_EQ(run.state.deadline, run.now + run.plan.timeout);
    EXPECT_THAT(run.all<StartTimer>(), ElementsAre(StartTimer{kRun, run.now + run.plan.timeout}));
}

TEST(RunstateWaits, TheTimeLimitCountsFromTheEndOfTheLastWait) {
    const Instant started(std::chrono::hours(1));
    Driver run({{.id = "sleep", .kind = StepKind::kSleep}, call_step("b")});
    run.now = started + kDay;
    run.send(Started{started, {{.step = 0, .attempt = 1, .at = run.now}}});
    EXPECT_EQ(run.state.deadline, run.now + run.plan.timeout);
    EXPECT_EQ(run.one<Finish>(), nullptr);
}

/// The time limit is in no journal: whoever goes on finds it passed again, whatever final steps wait for.
TEST(RunstateWaits, FinalStepsThatWaitGiveTheRunNoMoreTime) {
    PlanStep nap{.id = "nap", .kind = StepKind::kSleep, .is_final = true};
    Driver run({call_step("a"), nap});
    const Instant started = run.now;
    run.start().ready(0);
    run.now += run.plan.timeout;
    run.send(TimerFired{kRun});
    run.send(CallFinished{.step = 0, .attempt = 1, .outcome = CallOutcome::kAborted});
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
    const Instant until = run.now + Millis(10'000);
    run.send(InputEvaluated{.step = 1, .wake_at = until});
    EXPECT_THAT(
        run.all<JournalWait>(), ElementsAre(JournalWait{.step = 1, .attempt = run.attempt(1), .until = until})
    );

    // Its worker dies.
    const JournalEntry canceled{.step = 0, .attempt = 1, .status = StepStatus::kCanceled};
    const JournalEntry asleep{.step = 1, .entry = Entry::kWait, .attempt = 1, .until = until};
    const JournalEntry awake{.step = 1, .attempt = 1, .at = until};
    for (const auto& journal : {std::vector{canceled, asleep}, std::vector{canceled, asleep, awake}}) {
        Driver next({call_step("a"), nap});
        next.now = until;
        next.send(Started{started, journal});
        if (next.one<Finish>() == nullptr) next.send(TimerFired{1});
        ASSERT_NE(next.one<Finish>(), nullptr);
        ASSERT_EQ(next.one<Finish>()->status, RunStatus::kFailed);
        EXPECT_EQ(next.one<Finish>()->failure->kind, FailureKind::kLimit);
    }
}

TEST(RunstateWaits, CancelReachesWhatWaits) {
    Driver run = waiting({wait_step("ask")});
    run.send(WaitOpened{0});
    EXPECT_EQ(run.out.back(), Command(Park{run.now + kDay}));
    run.send(CancelRequested{});
    EXPECT_THAT(run.all<DropWait>(), ElementsAre(DropWait{0}));
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kCanceled);
    EXPECT_EQ(run.status(0), StepStatus::kCanceled);
    run.send(WaitEnded{.step = 0});
    EXPECT_TRUE(run.out.empty());
}

TEST(RunstateWaits, ASkippedWaitSkipsWhatWouldTellOfIt) {
    Driver run({wait_step("ask"), map_step("mail", {on_waiting(0)})});
    run.start().skip(0);
    EXPECT_EQ(run.status(1), StepStatus::kSkipped);
}

TEST(RunstateWaits, WhatFailedWithAnAnswerIsBegunAnewAsThePolicySays) {
    const Failure down{FailureKind::kProvider, "HTTP 503"};
    PlanStep child = wait_step("child");
    child.retry = {.attempts = 2, .initial = Millis(1000)};
    Driver run = waiting({child, call_step("other")});
    run.send(WaitOpened{0}).send(WaitEnded{.step = 0, .failure = down, .is_retryable = true});
    const auto* wait = run.one<JournalWait>();
    ASSERT_NE(wait, nullptr);
    EXPECT_EQ(wait->failure, down);
    // The next worker finds the same, and that what had answered has been heard.
    Driver next = run;
    next.state = {};
    next.send(Started{
        run.now,
        {{.step = 0, .entry = Entry::kWait, .attempt = 1, .until = wait->until, .failure = down},
         {.step = 0, .entry = Entry::kAnswer, .failure = down, .is_retryable = true}}
    });
    EXPECT_EQ(next.state.steps[0].phase, Phase::kRetryWait);
    run.now = wait->until;
    run.send(TimerFired{0});
    EXPECT_THAT(run.evaluated(), ElementsAre(0)) << "its time is counted from then";
    run.send(InputEvaluated{.step = 0, .wake_at = run.now + kDay});
    EXPECT_EQ(run.out, (std::vector<Command>{OpenWait{0, 2, run.now + kDay}}));
    run.send(WaitOpened{.step = 0, .attempt = 2}).send(WaitEnded{.step = 0});
    EXPECT_EQ(run.status(0), StepStatus::kWaiting) << "of the attempt before";
    run.send(WaitEnded{.step = 0, .attempt = 2, .failure = down, .is_retryable = true});
    EXPECT_EQ(run.status(0), StepStatus::kFailed);
    EXPECT_EQ(run.state.failure, down);
}

}  // namespace
}  // namespace weft::runstate
