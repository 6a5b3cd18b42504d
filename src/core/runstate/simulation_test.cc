#include "core/runstate/detail/world_for_test.h"

#include <gtest/gtest.h>

namespace weft::runstate {
namespace {

TEST(RunstateSimulation, HoldsItsInvariantsUnderCrashes) {
    std::map<RunStatus, int> ends;
    int crashes = 0;
    int pauses = 0;
    std::size_t items = 0;
    std::size_t kept = 0;
    std::set<FaultPair> pairs;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        World world(seed, {});
        ASSERT_EQ(world.run(), "") << "seed " << seed;
        ++ends[world.end()];
        crashes += world.crashes();
        pauses += world.pauses();
        items += world.items();
        ASSERT_EQ(world.run_again(), "") << "again, seed " << seed;
        kept += world.kept();
        pairs.insert(world.pairs().begin(), world.pairs().end());
    }
    // The generator must keep reaching every kind of end, or the test has gone blind.
    EXPECT_GT(ends[RunStatus::kSuccess], 2'000);
    EXPECT_GT(ends[RunStatus::kFailed], 2'000);
    EXPECT_GT(ends[RunStatus::kCanceled], 500);
    EXPECT_GT(crashes, 5'000);
    EXPECT_GT(pauses, 5'000);
    EXPECT_GT(items, 5'000);
    EXPECT_GT(kept, 20'000u);
    EXPECT_GT(pairs.size(), kFaultNames.size() * kFaultNames.size() * 9 / 10);
}

int violations(Options options, std::string_view what) {
    int count = 0;
    for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
        World world(seed, options);
        if (world.run() == what) ++count;
    }
    return count;
}

TEST(RunstateSimulation, NoticesLostIntents) {
    Options options{.sabotage = Sabotage::kLoseIntents, .crash = 0.1};
    EXPECT_GT(violations(options, "one unsafe attempt was made twice"), 20);
    EXPECT_EQ(violations({.crash = 0.1}, "one unsafe attempt was made twice"), 0);
}

TEST(RunstateSimulation, NoticesBranchesThatChange) {
    Options options{.sabotage = Sabotage::kLoseBranches, .crash = 0.3};
    EXPECT_GT(violations(options, "a step began on a branch that was not taken"), 10);
    EXPECT_EQ(violations({.crash = 0.3}, "a step began on a branch that was not taken"), 0);
}

TEST(RunstateSimulation, NoticesLostAnswers) {
    constexpr std::string_view kLost = "an answer that was taken got lost";
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseAnswers, .crash = 0.1}, kLost), 20);
    EXPECT_EQ(violations({.crash = 0.1}, kLost), 0);
}

TEST(RunstateSimulation, NoticesAnswersThatComeTooLate) {
    constexpr std::string_view kLost = "an answer that was taken got lost";
    constexpr std::string_view kTwice = "an answer was taken after the end of the wait";
    EXPECT_GT(violations({.sabotage = Sabotage::kAnswerTwice, .crash = 0.1}, kTwice), 20);
    EXPECT_EQ(violations({.crash = 0.1}, kTwice), 0);
    EXPECT_EQ(violations({.crash = 0.1}, kLost), 0);
}

TEST(RunstateSimulation, NoticesChildrenThatBeginTwice) {
    constexpr std::string_view kTwice = "a child was begun twice";
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseOpenings, .crash = 0.1}, kTwice), 20);
    EXPECT_EQ(violations({.crash = 0.1}, kTwice), 0);
}

TEST(RunstateSimulation, NoticesChildrenThatAreLeftBehind) {
    constexpr std::string_view kLeft = "a child was left behind";
    constexpr std::string_view kItem = "a child goes on without its item";
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseDrops, .crash = 0.1}, kLeft), 20);
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseDrops, .crash = 0.1}, kItem), 5);
}

TEST(RunstateSimulation, NoticesLoopsThatBeginAgain) {
    Options options{.sabotage = Sabotage::kLoseLoops, .crash = 0.1};
    EXPECT_GT(violations(options, "a finished step was done again"), 20);
    EXPECT_EQ(violations({.crash = 0.1}, "a finished step was done again"), 0);
}

TEST(RunstateSimulation, NoticesLostExcuses) {
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseExcuses, .crash = 0.1}, "an excuse got lost"), 20);
    EXPECT_EQ(violations({.crash = 0.1}, "an excuse got lost"), 0);
}

TEST(RunstateSimulation, NoticesLostResults) {
    Options options{.sabotage = Sabotage::kLoseResults, .crash = 0.1};
    EXPECT_GT(violations(options, "a finished step was done again"), 20);
}

TEST(RunstateSimulation, NoticesWorkersThatWriteWithoutTheirLease) {
    constexpr std::string_view kTwice = "a step has two results";
    EXPECT_GT(violations({.sabotage = Sabotage::kNoFence, .crash = 0.1, .pause = 0.05}, kTwice), 20);
    EXPECT_EQ(violations({.crash = 0.1, .pause = 0.05}, kTwice), 0);
}

TEST(RunstateSimulation, NoticesClocksOfTheWorkersOwn) {
    EXPECT_GT(violations({.sabotage = Sabotage::kOwnClock, .crash = 0.1}, "a sleep ended too early"), 20);
}

TEST(RunstateSimulation, NoticesLostTimers) {
    constexpr std::string_view kStuck = "stuck: nothing is under way and the run has not ended";
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseTimers, .crash = 0.1}, kStuck), 20);
}

TEST(RunstateSimulation, NoticesCallsThatWereNotMadeAndNobodyAnswersFor) {
    constexpr std::string_view kStuck = "stuck: nothing is under way and the run has not ended";
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseAborts, .sandbox = 0.1}, kStuck), 20);
    EXPECT_EQ(violations({.sandbox = 0.1}, kStuck), 0);
}

TEST(RunstateSimulation, NoticesLostCancels) {
    EXPECT_GT(violations({.sabotage = Sabotage::kLoseCancels, .crash = 0.1}, "a cancel got lost"), 20);
}

TEST(RunstateSimulation, NoticesWhatAReplayIsNotToldOf) {
    int noticed = 0;
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        World world(seed, {.sabotage = Sabotage::kLoseKept});
        ASSERT_EQ(world.run(), "");
        noticed += world.run_again() == "a finished step was done again" ? 1 : 0;
    }
    EXPECT_GT(noticed, 100);
}

}  // namespace
}  // namespace weft::runstate
