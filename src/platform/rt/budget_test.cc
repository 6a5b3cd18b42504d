#include "platform/rt/budget.h"

#include "platform/rt/scope.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::rt {
namespace {

class BudgetTest : public testing::Test {
  protected:
    /// Takes `bytes` for `owner` and notes that it has them.
    Task<void> take(Budget::Charge& charge, std::int64_t bytes, std::string note) {
        auto taken = co_await charge.resize(bytes, scope.forever());
        if (taken) got.push_back(std::move(note));
    }
    void turn() { (void)loop.run_until_done(sleep_for(1ms, Deadline::in(1s))); }

    Loop loop;
    Scope scope{loop};
    Budget budget{loop, 100};
    std::vector<std::string> got;
};

TEST_F(BudgetTest, OneOwnerWaitsWhileAnotherFindsRoom) {
    Budget::Charge first(budget, "greedy");
    Budget::Charge second(budget, "greedy");
    Budget::Charge other(budget, "calm");
    EXPECT_TRUE(first.try_resize(60));
    EXPECT_FALSE(second.try_resize(30));
    scope.spawn(take(second, 30, "greedy"));
    turn();
    EXPECT_TRUE(got.empty());
    EXPECT_TRUE(other.try_resize(10)) << "its share is its own";
    first.try_resize(20);
    turn();
    EXPECT_EQ(got, std::vector<std::string>{"greedy"});
    EXPECT_EQ(budget.held(), 60);
}

TEST_F(BudgetTest, ALargeOneIsNotOvertakenForEver) {
    Budget::Charge first(budget, "a");
    Budget::Charge large(budget, "b");
    Budget::Charge small(budget, "c");
    EXPECT_TRUE(first.try_resize(70));
    scope.spawn(take(large, 60, "large"));
    turn();
    EXPECT_FALSE(small.try_resize(5)) << "there is room, but another one waits for it";
    first.reset();
    turn();
    EXPECT_EQ(got, std::vector<std::string>{"large"});
    EXPECT_TRUE(small.try_resize(5));
}

TEST_F(BudgetTest, WhoGivesUpLetsTheNextOneIn) {
    Budget::Charge first(budget, "a");
    Budget::Charge large(budget, "b");
    Budget::Charge small(budget, "c");
    EXPECT_TRUE(first.try_resize(70));
    Scope hasty(loop);
    hasty.spawn(take(large, 60, "large"));
    auto waited = loop.run_until_done(large.resize(60, Deadline::in(10ms)));
    EXPECT_EQ(waited.error().code, Code::kTimeout);
    EXPECT_EQ(budget.waiting(), 1u);
    EXPECT_FALSE(small.try_resize(5));
    scope.spawn(take(small, 5, "small"));
    scope.cancel(CancelReason::kShutdown);
    hasty.cancel(CancelReason::kShutdown);
    loop.run_until_done(hasty.join());
    loop.run_until_done(scope.join());
    EXPECT_EQ(budget.waiting(), 0u);
    EXPECT_TRUE(small.try_resize(5));
    Budget::Charge never(budget, "d");
    EXPECT_EQ(loop.run_until_done(never.resize(101, Deadline::in(1s))).error().code, Code::kLimit);
}

TEST_F(BudgetTest, AMovedChargeGivesBackOnce) {
    {
        Budget::Charge first(budget, "a");
        EXPECT_TRUE(first.try_resize(40));
        Budget::Charge second = std::move(first);
        first.reset();
        EXPECT_EQ(budget.held(), 40);
    }
    EXPECT_EQ(budget.held(), 0);
    Budget::Charge nobodys;
    EXPECT_TRUE(nobodys.try_resize(1'000)) << "without a budget there is no bound";
}

}  // namespace
}  // namespace weft::rt
