#include "core/runstate/detail/driver_for_test.h"

#include <gtest/gtest.h>

/// Attempts that do not count, policies by what went wrong, and runs that never began.
namespace weft::runstate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Failure kTooMany{FailureKind::kProvider, "HTTP 429", ErrorClass::kRateLimited};
const Failure kAway{FailureKind::kProvider, "HTTP 503", ErrorClass::kUnavailable};
const Failure kOpen{FailureKind::kProvider, "The circuit is open", ErrorClass::kUnavailable};

CallFinished told(int attempt, Millis wish, const Failure& failure = kTooMany) {
    return {
        .step = 0,
        .attempt = attempt,
        .outcome = CallOutcome::kError,
        .failure = failure,
        .retryable = true,
        .retry_after = wish
    };
}

CallFinished held(int attempt, Millis wait) {
    return {
        .step = 0, .attempt = attempt, .outcome = CallOutcome::kHeld, .failure = kOpen, .retry_after = wait
    };
}

/// Lets the pause pass.
void pass(Driver& run) {
    const auto* timer = run.one<StartTimer>();
    ASSERT_NE(timer, nullptr);
    run.now = timer->at;
    run.send(TimerFired{0});
}

TEST(RunstateRetry, WaitsAsLongAsItIsToldWithoutSpendingAnAttempt) {
    Driver run({call_step("a")});
    run.unit = 0;
    run.start().ready(0);
    for (int attempt = 1; attempt <= 10; ++attempt) {
        run.send(told(attempt, Millis(4'000)));
        ASSERT_NE(run.one<StartTimer>(), nullptr) << attempt;
        EXPECT_EQ(run.one<StartTimer>()->at, run.now + Millis(4'000));
        EXPECT_EQ(run.one<JournalWait>()->excused.waits, attempt);
        pass(run);
        EXPECT_EQ(run.one<Perform>()->attempt, attempt + 1);
    }
    // All three of the policy are left.
    run.error(0, kAway, true);
    pass(run);
    run.error(0, kAway, true);
    pass(run);
    run.error(0, kAway, true);
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kAway, 0}));
}

TEST(RunstateRetry, NotAllWhoWereToldTheSameComeAtOnce) {
    Driver run({call_step("a")});
    run.unit = 0.99;
    run.start().ready(0).send(told(1, minutes(2)));
    const Instant at = run.one<StartTimer>()->at;
    EXPECT_GT(at, run.now + minutes(2));
    EXPECT_LT(at, run.now + minutes(2) + std::chrono::seconds(13));
}

TEST(RunstateRetry, WaitsLongerEachTimeWhereItIsToldToComeAtOnce) {
    Driver run({call_step("a")});
    run.unit = 0.99;
    run.plan.park_after = hours(1);
    run.start().ready(0);
    Instant::duration before{};
    for (int attempt = 1; attempt <= 5; ++attempt) {
        run.send(told(attempt, Millis(0)));
        const auto wait = run.one<StartTimer>()->at - run.now;
        EXPECT_GT(wait, before) << "a loop that asks again and again otherwise";
        before = wait;
        pass(run);
    }
}

TEST(RunstateRetry, ItIsWaitedForSoOftenAndSoLongOnly) {
    Driver often({call_step("a")});
    often.unit = 0;
    often.plan.timeout = hours(24);
    often.start().ready(0);
    for (int attempt = 1; attempt <= kAskedWaitsMax; ++attempt) {
        often.send(told(attempt, Millis(1'000)));
        pass(often);
    }
    for (int spent = 0; spent < 3; ++spent) {
        const int attempt = often.attempt(0);
        often.send(told(attempt, Millis(1'000)));
        if (spent < 2) pass(often);
    }
    EXPECT_EQ(*often.one<Finish>(), (Finish{RunStatus::kFailed, kTooMany, 0})) << "then attempts are spent";

    Driver longer({call_step("a")});
    longer.unit = 0;
    longer.plan.timeout = hours(24);
    longer.plan.park_after = hours(24);
    longer.start().ready(0);
    longer.send(told(1, minutes(55)));
    pass(longer);
    longer.send(told(2, minutes(55)));
    EXPECT_EQ(longer.one<JournalWait>()->excused.asked, minutes(110));
    pass(longer);
    longer.send(told(3, minutes(55)));
    EXPECT_EQ(longer.one<JournalWait>()->excused.asked, minutes(110)) << "this one spends an attempt";
    pass(longer);
    longer.send(told(4, hours(2)));
    EXPECT_EQ(longer.one<JournalWait>()->excused.waits, 2) << "and so does what is more than an hour";
}

TEST(RunstateRetry, WhatIsNeverRepeatedDoesNotWaitEither) {
    Driver run({call_step("a")});
    run.plan.steps[0].retry.attempts = 1;
    run.start().ready(0).send(told(1, Millis(1'000)));
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kTooMany, 0}));
}

TEST(RunstateRetry, AnUnknownOutcomeIsNoReasonToComeAgainForNothing) {
    Driver run({call_step("a", {}, Effect::kUnsafe)});
    run.plan.steps[0].on_unknown = OnUnknown::kRetry;
    run.start().ready(0).send(IntentJournaled{.step = 0, .attempt = 1});
    CallFinished unknown = told(1, Millis(1'000));
    unknown.outcome = CallOutcome::kUnknown;
    run.send(unknown);
    EXPECT_EQ(run.one<JournalWait>()->excused, Excused{});
}

TEST(RunstateRetry, WhatDoesNotCountIsKnownAfterACrash) {
    Driver run({call_step("a", {}, Effect::kUnsafe)});
    run.unit = 0;
    run.start().ready(0).send(IntentJournaled{.step = 0, .attempt = 1}).send(told(1, Millis(1'000)));
    const JournalWait wait = *run.one<JournalWait>();
    Driver next({call_step("a", {}, Effect::kUnsafe)});
    next.unit = 0;
    next.plan.steps[0].on_unknown = OnUnknown::kRetry;
    next.now = wait.until;
    const JournalEntry line{
        .entry = JournalEntry::Entry::kWait, .attempt = 1, .until = wait.until, .excused = wait.excused
    };
    const JournalEntry intent{.entry = JournalEntry::Entry::kIntent, .attempt = 4, .excused = wait.excused};
    next.start({line}).send(TimerFired{0}).ready(0);
    EXPECT_EQ(next.one<JournalIntent>()->attempt, 2);
    EXPECT_EQ(next.state.steps[0].excused, wait.excused);
    // Its fourth call is the third that counts: there is none after it.
    Driver last({call_step("a", {}, Effect::kUnsafe)});
    last.plan.steps[0].on_unknown = OnUnknown::kRetry;
    last.start({line, intent});
    EXPECT_NE(last.one<Finish>(), nullptr);
    Driver third({call_step("a", {}, Effect::kUnsafe)});
    third.plan.steps[0].on_unknown = OnUnknown::kRetry;
    JournalEntry earlier = intent;
    earlier.attempt = 3;
    third.start({line, earlier});
    EXPECT_EQ(third.one<Finish>(), nullptr);
}

TEST(RunstateRetry, WhatIsHeldBackIsTriedAgainUntilItIsMade) {
    Driver run({call_step("a")});
    run.start().ready(0);
    for (int attempt = 1; attempt <= 50; ++attempt) {
        run.send(held(attempt, Millis(1'500)));
        EXPECT_EQ(run.one<StartTimer>()->at, run.now + Millis(1'500));
        EXPECT_EQ(run.one<JournalWait>()->failure, kOpen);
        pass(run);
    }
    EXPECT_EQ(run.state.steps[0].excused, (Excused{.attempts = 50}));
    run.ok(0);
    EXPECT_EQ(run.one<Finish>()->status, RunStatus::kSuccess);
}

TEST(RunstateRetry, WhatIsHeldBackBeyondTheRunsEndFails) {
    Driver run({call_step("a")});
    run.plan.timeout = minutes(10);
    run.start().ready(0).send(held(1, minutes(11)));
    EXPECT_EQ(*run.one<Finish>(), (Finish{RunStatus::kFailed, kOpen, 0}));
}

TEST(RunstateRetry, EachClassOfErrorsMayHaveItsPolicy) {
    Driver run({call_step("a")});
    RetryPolicy& policy = run.plan.steps[0].retry;
    policy.classes = {
        {.error_class = ErrorClass::kUnavailable, .attempts = 5},
        {.error_class = ErrorClass::kAuth, .attempts = 1},
        {.error_class = ErrorClass::kRejected, .attempts = 2},
    };
    const auto attempts = [&](const Failure& failure, bool is_retryable) {
        Driver one({call_step("a")});
        one.plan = run.plan;
        one.start().ready(0);
        while (one.one<Finish>() == nullptr) {
            one.error(0, failure, is_retryable);
            if (one.one<Finish>() == nullptr) pass(one);
        }
        return one.attempt(0);
    };
    EXPECT_EQ(attempts(kAway, true), 5);
    EXPECT_EQ(attempts(kTooMany, true), 3) << "as all others";
    EXPECT_EQ(attempts({FailureKind::kProvider, "401", ErrorClass::kAuth}, true), 1);
    EXPECT_EQ(attempts({FailureKind::kProvider, "409"}, false), 2) << "the author says that it helps";
    EXPECT_EQ(attempts(kTypo, false), 1);
}

TEST(RunstateRetry, FinalStepsAreForRunsThatHaveBegun) {
    const auto canceled = [](bool has_begun) {
        PlanStep last = map_step("tidy");
        last.is_final = true;
        Driver run({call_step("a"), last});
        run.send(Started{.started_at = run.now, .journal = {}, .is_canceled = true, .has_begun = has_begun});
        return run;
    };
    EXPECT_EQ(canceled(true).evaluated(), std::vector<StepIndex>{1});
    const Driver held_at_the_gate = canceled(false);
    EXPECT_TRUE(held_at_the_gate.evaluated().empty());
    EXPECT_EQ(held_at_the_gate.one<Finish>()->status, RunStatus::kCanceled);
    EXPECT_EQ(held_at_the_gate.status(1), StepStatus::kNotReached);
}

}  // namespace
}  // namespace weft::runstate
