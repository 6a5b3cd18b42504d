#include "core/runstate/runstate.h"

#include "core/runstate/detail/driver_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

namespace weft::runstate {
namespace {

using testing::ElementsAre;

// ---------------------------------------------------------------- graph

TEST(Runstate, RunsALineOfStepsAndFinishes) {
    Driver run({map_step("a"), call_step("b", {on_success(0)})});
    run.start();
    EXPECT_THAT(run.evaluated(), ElementsAre(0));
    ASSERT_NE(run.one<StartTimer>(), nullptr);
    EXPECT_EQ(*run.one<StartTimer>(), (StartTimer{kRun, run.now + run.plan.timeout}));
    run.ready(0);
    EXPECT_EQ(run.out, (std::vector<Command>{JournalResult{0, 1, StepStatus::kSuccess, {}}, Evaluate{1}}));
    run.ready(1);
    EXPECT_EQ(run.out, (std::vector<Command>{Perform{1, 1, run.now + Millis(30'000)}}));
    run.ok(1);
    EXPECT_EQ(
        run.out,
        (std::vector<Command>{
            JournalResult{1, 1, StepStatus::kSuccess, {}}, Finish{RunStatus::kSuccess, std::nullopt, kRun}
        })
    );
    EXPECT_EQ(run.state.status(), RunStatus::kSuccess);
}

TEST(Runstate, EmptyPlanSucceedsAtOnce) {
    Driver run({});
    run.start();
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, StartsAllReadyStepsAndJoinsThem) {
    Driver run({map_step("a"), map_step("b"), map_step("c", {on_success(0), on_success(1)})});
    run.start();
    EXPECT_THAT(run.evaluated(), ElementsAre(0, 1));
    run.ready(1);
    EXPECT_TRUE(run.evaluated().empty());
    run.ready(0);
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
}

TEST(Runstate, OrderInThePlanDoesNotMatter) {
    Driver run({map_step("last", {on_success(1)}), map_step("first")});
    EXPECT_THAT(run.start().evaluated(), ElementsAre(1));
    EXPECT_THAT(run.ready(1).evaluated(), ElementsAre(0));
}

TEST(Runstate, LimitsStepsUnderWay) {
    Driver run({map_step("a"), map_step("b"), map_step("c")});
    run.plan.parallel_max = 2;
    EXPECT_THAT(run.start().evaluated(), ElementsAre(0, 1));
    EXPECT_THAT(run.ready(0).evaluated(), ElementsAre(2));
}

TEST(Runstate, EvaluatesTheOutputLast) {
    Driver run({map_step("a")});
    run.plan.has_output = true;
    run.start().ready(0);
    EXPECT_THAT(run.evaluated(), ElementsAre(kRun));
    EXPECT_EQ(run.one<Finish>(), nullptr);
    run.ready(kRun);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, FailsWhenTheOutputCannotBeEvaluated) {
    Driver run({});
    run.plan.has_output = true;
    run.start();
    run.send(InputEvaluated{.step = kRun, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo});
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kTypo, kRun}));
}

// ---------------------------------------------------------------- skipping and failing

TEST(Runstate, SkippingSpreadsDownALine) {
    Driver run({map_step("a"), map_step("b", {on_success(0)}), map_step("c", {on_success(1)})});
    run.start().skip(0);
    EXPECT_EQ(run.status(1), StepStatus::kSkipped);
    EXPECT_EQ(run.status(2), StepStatus::kSkipped);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, SkippingSpreadsAgainstPlanOrderToo) {
    Driver run({map_step("c", {on_success(1)}), map_step("b", {on_success(2)}), map_step("a")});
    run.start().skip(2);
    EXPECT_EQ(run.status(0), StepStatus::kSkipped);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, AJoinAfterExclusiveBranchesRuns) {
    Driver run({map_step("yes"), map_step("no"), map_step("join", {on_success(0), on_success(1)})});
    run.start().ready(0).skip(1);
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
}

TEST(Runstate, FinishedRunsAfterASkippedStep) {
    Driver run({map_step("a"), map_step("b", {on_finished(0)})});
    EXPECT_THAT(run.start().skip(0).evaluated(), ElementsAre(1));
}

TEST(Runstate, FirstFailureEndsTheRunAndAbortsCalls) {
    Driver run(
        {call_step("a"), call_step("b"), map_step("c", {on_success(0)}), map_step("d", {on_success(1)})}
    );
    run.start().ready(0).ready(1);
    run.error(0, kWrong);
    EXPECT_EQ(run.out, (std::vector<Command>{JournalResult{0, 1, StepStatus::kFailed, kWrong}, Abort{1}}));
    run.send(CallFinished{.step = 1, .attempt = 1, .outcome = CallOutcome::kAborted});
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kWrong, 0}));
    EXPECT_EQ(run.status(1), StepStatus::kCanceled);
    EXPECT_EQ(run.status(2), StepStatus::kNotReached);
    EXPECT_EQ(run.status(3), StepStatus::kNotReached);
}

TEST(Runstate, ACallThatSucceedsWhileStoppingIsRecordedAsSuccess) {
    Driver run({call_step("a"), call_step("b"), map_step("c", {on_success(1)})});
    run.start().ready(0).ready(1).error(0, kWrong).ok(1);
    EXPECT_EQ(run.status(1), StepStatus::kSuccess);
    EXPECT_TRUE(run.evaluated().empty());
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kWrong, 0}));
}

TEST(Runstate, TheFirstOfTwoFailuresIsTheRunsFailure) {
    Driver run({call_step("a"), call_step("b")});
    run.start().ready(0).ready(1).error(0, kWrong).error(1, kDown);
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kWrong, 0}));
    EXPECT_EQ(run.status(1), StepStatus::kFailed);
}

TEST(Runstate, ContinueLetsDependantsRunAndTheRunSucceed) {
    PlanStep a = call_step("a");
    a.on_error = OnError::kContinue;
    Driver run({a, map_step("b", {on_success(0)})});
    run.start().ready(0).error(0, kWrong);
    EXPECT_EQ(run.status(0), StepStatus::kFailed);
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
    EXPECT_EQ(run.ready(1).one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, AFailureHandlerRunsInsteadOfTheSuccessPath) {
    Driver run({call_step("a"), map_step("next", {on_success(0)}), map_step("handler", {on_failure(0)})});
    run.start().ready(0).error(0, kWrong);
    EXPECT_THAT(run.evaluated(), ElementsAre(2));
    EXPECT_EQ(run.status(1), StepStatus::kSkipped);
    EXPECT_EQ(run.ready(2).one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, AFailureHandlerIsSkippedWhenNothingFailed) {
    Driver run({call_step("a"), map_step("handler", {on_failure(0)})});
    run.start().ready(0).ok(0);
    EXPECT_EQ(run.status(1), StepStatus::kSkipped);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, AHandlerOfTwoStepsRunsWhenOneFails) {
    Driver run({call_step("a"), call_step("b"), map_step("handler", {on_failure(0), on_failure(1)})});
    run.start().ready(0).ready(1).ok(0);
    EXPECT_THAT(run.error(1, kWrong).evaluated(), ElementsAre(2));
}

TEST(Runstate, AFailedEvaluationIsTheAuthorsAndNotRetried) {
    Driver run({call_step("a")});
    run.start();
    run.send(InputEvaluated{.step = 0, .outcome = InputEvaluated::Outcome::kFailed, .failure = kTypo});
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kTypo, 0}));
}

TEST(Runstate, FailStepFailsWithTheAuthorsMessage) {
    Driver run({{.id = "stop", .kind = StepKind::kFail}});
    run.start();
    run.send(InputEvaluated{.step = 0, .failure = Failure{FailureKind::kWorkflow, "no stock"}});
    EXPECT_EQ(run.one<Finish>()->failure->message, "no stock");
}

TEST(Runstate, RespondsBeforeTheRunEnds) {
    Driver run({{.id = "answer", .kind = StepKind::kRespond}, map_step("after", {on_success(0)})});
    run.start().ready(0);
    EXPECT_EQ(run.out.front(), Command(Respond{0}));
    EXPECT_EQ(run.one<Finish>(), nullptr);
}

// ---------------------------------------------------------------- retries and timers

TEST(Runstate, RetriesWithBackoffThenGivesUp) {
    Driver run({call_step("a")});
    run.start().ready(0);
    run.error(0, kDown, true);
    Instant first = run.now + Millis(500);
    EXPECT_EQ(run.out, (std::vector<Command>{JournalWait{0, 1, first, kDown}, StartTimer{0, first}}));
    EXPECT_EQ(run.status(0), StepStatus::kWaiting);
    run.now = first;
    run.send(TimerFired{0});
    EXPECT_EQ(run.out, (std::vector<Command>{Perform{0, 2, run.now + Millis(30'000)}}));
    run.error(0, kDown, true);
    EXPECT_EQ(run.one<StartTimer>()->at, run.now + Millis(1000));
    run.now += Millis(1000);
    run.send(TimerFired{0}).error(0, kDown, true);
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kDown, 0}));
    EXPECT_EQ(run.attempt(0), 3);
}

TEST(Runstate, ATimerThatFiresEarlyIsSetAgain) {
    Driver run({call_step("a")});
    run.start().ready(0).error(0, kDown, true);
    Instant until = run.one<StartTimer>()->at;
    run.now = until - Millis(1);
    run.send(TimerFired{0});
    EXPECT_EQ(run.out, (std::vector<Command>{StartTimer{0, until}}));
}

TEST(Runstate, DoesNotWaitBeyondTheRunsEnd) {
    Driver run({call_step("a")});
    run.plan.timeout = Millis(2'000);
    run.start().ready(0);
    EXPECT_EQ(run.one<Perform>()->by, run.now + Millis(2'000));
    run.send(CallFinished{
        .step = 0,
        .attempt = 1,
        .outcome = CallOutcome::kError,
        .failure = kDown,
        .retryable = true,
        .retry_after = Millis(10'000)
    });
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kDown, 0}));
}

TEST(Runstate, AnAnswerOfAnEarlierAttemptIsIgnored) {
    Driver run({call_step("a")});
    run.start().ready(0).error(0, kDown, true);
    run.now = run.one<StartTimer>()->at;
    run.send(TimerFired{0});
    State before = run.state;
    run.send(CallFinished{.step = 0, .attempt = 1});
    EXPECT_TRUE(run.out.empty());
    EXPECT_EQ(run.state, before);
}

TEST(Runstate, SleepsShortlyInPlace) {
    Driver run({{.id = "nap", .kind = StepKind::kSleep}});
    run.start();
    run.send(InputEvaluated{.step = 0, .wake_at = run.now + Millis(1'000)});
    EXPECT_EQ(run.status(0), StepStatus::kWaiting);
    EXPECT_EQ(run.one<Park>(), nullptr);
    run.now += Millis(1'000);
    run.send(TimerFired{0});
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, ParksForALongSleepAndGoesOnElsewhere) {
    Driver run({{.id = "sleep", .kind = StepKind::kSleep}, map_step("b", {on_success(0)})});
    run.start();
    Instant started = run.now;
    Instant wake = run.now + Millis(600'000);
    run.send(InputEvaluated{.step = 0, .wake_at = wake});
    EXPECT_EQ(run.out.back(), Command(Park{wake}));
    EXPECT_EQ(run.state.status(), RunStatus::kWaiting);

    Driver later(run.plan.steps);
    later.now = wake;
    later.send(
        Started{started, {{.step = 0, .entry = JournalEntry::Entry::kWait, .attempt = 1, .until = wake}}}
    );
    later.send(TimerFired{0});
    EXPECT_THAT(later.evaluated(), ElementsAre(1));
}

TEST(Runstate, DoesNotParkWhileAnotherStepIsBusy) {
    Driver run({{.id = "sleep", .kind = StepKind::kSleep}, call_step("b")});
    run.start();
    run.send(InputEvaluated{.step = 0, .wake_at = run.now + Millis(600'000)});
    EXPECT_EQ(run.one<Park>(), nullptr);
    run.ready(1).ok(1);
    EXPECT_NE(run.one<Park>(), nullptr);
}

TEST(Runstate, RunTimeoutEndsTheRunAsLimit) {
    Driver run({call_step("a")});
    run.start().ready(0);
    run.now = run.state.deadline;
    run.send(TimerFired{kRun});
    EXPECT_EQ(run.out, (std::vector<Command>{Abort{0}}));
    run.send(CallFinished{.step = 0, .attempt = 1, .outcome = CallOutcome::kAborted});
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->failure->kind, FailureKind::kLimit);
    EXPECT_EQ(run.one<Finish>()->failure->message, "The run reached its time limit of 1h");
}

TEST(Runstate, ARunResumedAfterItsDeadlineEndsWithoutStartingAnything) {
    Driver run({map_step("a")});
    run.send(Started{run.now - run.plan.timeout, {}});
    EXPECT_TRUE(run.evaluated().empty());
    EXPECT_EQ(run.one<Finish>()->failure->kind, FailureKind::kLimit);
}

// ---------------------------------------------------------------- cancel and lost sandboxes

TEST(Runstate, CancelStartsNothingNewAndWaitsForCalls) {
    Driver run({call_step("a"), map_step("b", {on_success(0)}), map_step("c")});
    run.start().ready(0);
    run.send(CancelRequested{"by ann"});
    EXPECT_EQ(run.out, (std::vector<Command>{Abort{0}}));
    EXPECT_EQ(run.status(2), StepStatus::kCanceled);
    run.ready(2);
    EXPECT_TRUE(run.out.empty());
    run.ok(0);
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kCanceled, std::nullopt, kRun}));
    EXPECT_EQ(run.status(0), StepStatus::kSuccess);
    EXPECT_EQ(run.status(1), StepStatus::kNotReached);
}

TEST(Runstate, CancelBeforeTheStartFinishesAtOnce) {
    Driver run({map_step("a")});
    run.send(CancelRequested{"by ann"});
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kCanceled);
    EXPECT_TRUE(run.start().out.empty());
}

TEST(Runstate, CancelWhileAnIntentIsCommittedMakesNoCall) {
    Driver run({call_step("a", {}, Effect::kUnsafe)});
    run.start().ready(0);
    run.send(CancelRequested{"by ann"});
    EXPECT_NE(run.one<Finish>(), nullptr);
    EXPECT_TRUE(run.send(IntentJournaled{0, 0, 1}).out.empty());
}

TEST(Runstate, ALostSandboxEndsTheRunWithItsKind) {
    Driver run({{.id = "bomb", .kind = StepKind::kCode}, call_step("b")});
    run.start().ready(0).ready(1);
    run.send(SandboxLost{.failure = {FailureKind::kLimit, "out of memory"}, .step = 0});
    EXPECT_EQ(run.status(0), StepStatus::kFailed);
    run.ok(1);
    EXPECT_EQ(
        *run.one<Finish>(), (Finish{RunStatus::kFailed, Failure{FailureKind::kLimit, "out of memory"}, 0})
    );
}

// ---------------------------------------------------------------- effects and resuming

TEST(Runstate, CommitsTheIntentOfAnUnsafeCallFirst) {
    Driver run({call_step("pay", {}, Effect::kUnsafe)});
    run.start().ready(0);
    EXPECT_EQ(run.out, (std::vector<Command>{JournalIntent{0, 1}}));
    run.send(IntentJournaled{0, 0, 1});
    EXPECT_EQ(run.out, (std::vector<Command>{Perform{0, 1, run.now + Millis(30'000)}}));
}

TEST(Runstate, AnUnsafeCallOfUnknownOutcomeIsNotRepeated) {
    Driver run({call_step("pay", {}, Effect::kUnsafe)});
    run.start().ready(0).send(IntentJournaled{0, 0, 1}).unknown(0);
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->failure->kind, FailureKind::kProvider);
    EXPECT_THAT(run.one<Finish>()->failure->message, testing::StartsWith("Outcome unknown: HTTP 503. "));
}

TEST(Runstate, KeyedAndIdempotentCallsOfUnknownOutcomeAreRepeated) {
    for (Effect effect : {Effect::kKeyed, Effect::kIdempotent}) {
        Driver run({call_step("a", {}, effect)});
        run.start().ready(0).unknown(0);
        EXPECT_NE(run.one<JournalWait>(), nullptr);
    }
}

TEST(Runstate, UnsafeIsRepeatedAfterADefiniteFailureAndWithPolicyRetry) {
    PlanStep pay = call_step("pay", {}, Effect::kUnsafe);
    Driver definite({pay});
    definite.start().ready(0).send(IntentJournaled{0, 0, 1}).error(0, kDown, true);
    ASSERT_NE(definite.one<StartTimer>(), nullptr);
    definite.now = definite.one<StartTimer>()->at;
    EXPECT_EQ(definite.send(TimerFired{0}).out, (std::vector<Command>{JournalIntent{0, 2}}));

    pay.on_unknown = OnUnknown::kRetry;
    Driver told({pay});
    told.start().ready(0).send(IntentJournaled{0, 0, 1}).unknown(0);
    EXPECT_NE(told.one<JournalWait>(), nullptr);
}

TEST(Runstate, ResumingRepeatsNoFinishedStep) {
    Driver run({call_step("a"), call_step("b", {on_success(0)}), call_step("c", {on_success(0)})});
    run.start({{.step = 0, .attempt = 1}, {.step = 2, .attempt = 1}});
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
    run.ready(1).ok(1);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, ResumingAnOpenIntentFailsAsOutcomeUnknown) {
    Driver run({call_step("pay", {}, Effect::kUnsafe)});
    run.start({{.step = 0, .entry = JournalEntry::Entry::kIntent, .attempt = 1}});
    EXPECT_TRUE(run.evaluated().empty());
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->failure->kind, FailureKind::kPlatform);
    EXPECT_EQ(run.one<JournalResult>()->status, StepStatus::kFailed);
}

TEST(Runstate, ResumingAnOpenIntentWithPolicyRetryMakesANewAttempt) {
    PlanStep pay = call_step("pay", {}, Effect::kUnsafe);
    pay.on_unknown = OnUnknown::kRetry;
    Driver run({pay});
    run.start({{.step = 0, .entry = JournalEntry::Entry::kIntent, .attempt = 1}});
    run.ready(0);
    EXPECT_EQ(run.out, (std::vector<Command>{JournalIntent{0, 2}}));
}

TEST(Runstate, ResumingAnOpenIntentOfAHandledStepRunsItsHandler) {
    Driver run({call_step("pay", {}, Effect::kUnsafe), map_step("ask", {on_failure(0)})});
    run.start({{.step = 0, .entry = JournalEntry::Entry::kIntent, .attempt = 1}});
    EXPECT_THAT(run.evaluated(), ElementsAre(1));
}

TEST(Runstate, ResumingKeepsCountOfAttempts) {
    Driver run({call_step("a")});
    Instant until = run.now + Millis(100);
    run.start({{.step = 0, .entry = JournalEntry::Entry::kWait, .attempt = 2, .until = until}});
    run.now = until;
    EXPECT_THAT(run.send(TimerFired{0}).evaluated(), ElementsAre(0));
    run.ready(0);
    EXPECT_EQ(run.one<Perform>()->attempt, 3);
    EXPECT_EQ(run.error(0, kDown, true).one<Finish>()->status, RunStatus::kFailed);
}

TEST(Runstate, ResumingAfterAFailedResultOnlyEnds) {
    Driver run({call_step("a"), call_step("b")});
    run.start({{.step = 0, .attempt = 1, .status = StepStatus::kFailed, .failure = kWrong}});
    EXPECT_TRUE(run.evaluated().empty());
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kWrong, 0}));
}

TEST(Runstate, AFinalCallThatWasToldToStopIsNotTriedAgain) {
    PlanStep call = call_step("a");
    call.is_final = true;
    Driver run({call});
    run.start().ready(0);
    ASSERT_NE(run.one<Perform>(), nullptr);
    run.send(CancelRequested{});
    ASSERT_NE(run.one<Abort>(), nullptr);
    run.send(CallFinished{.step = 0, .attempt = 1, .outcome = CallOutcome::kAborted});
    EXPECT_EQ(run.status(0), StepStatus::kCanceled);
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kCanceled);
}

TEST(Runstate, ACanceledFinalStepOfAnEarlierWorkerIsNoSuccess) {
    PlanStep last = call_step("b");
    last.is_final = true;
    Driver run({map_step("a"), last});
    run.start({{.step = 0, .attempt = 1}, {.step = 1, .attempt = 1, .status = StepStatus::kCanceled}});
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kFailed);
}

TEST(Runstate, ResumingAfterACallWasStoppedOnlyEnds) {
    Driver run({call_step("a"), map_step("b", {on_finished(0)})});
    run.start({{.step = 0, .attempt = 1, .status = StepStatus::kCanceled}});
    EXPECT_TRUE(run.evaluated().empty());
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kFailed);
}

TEST(Runstate, ASkippedSleepGivesTheRunNoMoreTime) {
    PlanStep sleep = map_step("a");
    sleep.kind = StepKind::kSleep;
    Driver run({sleep, call_step("b", {on_finished(0)})});
    const Instant began = run.now;
    run.now += run.plan.timeout;
    run.send(Started{began, {{.step = 0, .status = StepStatus::kSkipped, .at = run.now}}});
    ASSERT_NE(run.one<Finish>(), nullptr);
    EXPECT_EQ(run.one<Finish>()->failure->kind, FailureKind::kLimit);
}

TEST(Runstate, ResumingWithEverythingDoneOnlyEnds) {
    Driver run({call_step("a")});
    run.start({{.step = 0, .attempt = 1}});
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(Runstate, NothingFollowsTheEnd) {
    Driver run({map_step("a")});
    run.start().ready(0);
    State end = run.state;
    for (const Event& event : std::vector<Event>{
             Started{},
             InputEvaluated{},
             IntentJournaled{},
             CallFinished{},
             TimerFired{},
             TimerFired{0},
             CancelRequested{},
             SandboxLost{}
         }) {
        EXPECT_TRUE(run.send(event).out.empty());
        EXPECT_EQ(run.state, end);
    }
}

TEST(Runstate, EventsForStepsThatDoNotExistAreIgnored) {
    Driver run({map_step("a")});
    run.start({{.step = 99}, {.step = -5}});
    for (StepIndex i : {-7, 1, 99}) {
        EXPECT_TRUE(run.ready(i).out.empty());
        EXPECT_TRUE(run.send(CallFinished{.step = i}).out.empty());
        EXPECT_TRUE(run.send(TimerFired{i}).out.empty());
        EXPECT_TRUE(run.send(IntentJournaled{i, 0, 1}).out.empty());
    }
}

}  // namespace
}  // namespace weft::runstate
