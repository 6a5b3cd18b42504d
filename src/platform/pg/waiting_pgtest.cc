#include "platform/pg/pg.h"
#include "platform/rt/scope.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <ctime>
#include <thread>

namespace weft::pg {
namespace {

using rt::Deadline;

constexpr Query kOne{"test.one", "select 1"};
constexpr Millis kPatience{1000};  // after which a waiter looks whether the server is away

rt::Task<void> hold(Pool& pool, Steady until) {
    const Deadline by = Deadline::in(20s);
    auto transaction = co_await pool.begin(Principal::login(), by);
    if (!transaction) co_return;
    (void)co_await rt::sleep_for(until - std::chrono::steady_clock::now(), by);
}

/// The connection comes in the very turn of the loop in which the waiter's timer has run out: it is used at
/// once, and not kept in hand until the caller's time is over.
TEST(Waiting, AConnectionThatComesWithTheTimerIsTaken) {
    test::TestDatabase db;
    rt::Loop loop;
    Pool pool(loop, {.url = db.api_url(), .connections_max = 1});
    rt::Scope scope(loop);
    ASSERT_TRUE(loop.run_until_done(pool.query(Principal::login(), kOne, {}, Deadline::in(5s))));
    const Steady start = std::chrono::steady_clock::now();
    scope.spawn(hold(pool, start + kPatience - 50ms));
    auto waits = [](Pool& from, bool& is_served) -> rt::Task<void> {
        is_served = (co_await from.query(Principal::login(), kOne, {}, Deadline::in(5s))).has_value();
    };
    bool is_served = false;
    scope.spawn(waits(pool, is_served));
    auto stall = [](Steady from) -> rt::Task<void> {
        (void)co_await rt::sleep_for(kPatience / 2, Deadline::in(5s));
        // While the loop is held, the holder's time and the waiter's run out together.
        std::this_thread::sleep_until(from + kPatience + 200ms);
    };
    scope.spawn(stall(start));
    auto until_served = [](bool& served) -> rt::Task<void> {
        for (int i = 0; i < 300 && !served; ++i) (void)co_await rt::sleep_for(10ms, Deadline::in(5s));
    };
    loop.run_until_done(until_served(is_served));
    EXPECT_TRUE(is_served);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 4s) << "served, but when its time was over";
    loop.run_until_done(scope.close());
    loop.run_until_done(pool.close());
}

/// A busy database is waited for without work: longer than the patience, for the caller's whole time.
TEST(Waiting, WhoeverWaitsCostsNothing) {
    test::TestDatabase db;
    rt::Loop loop;
    Pool pool(loop, {.url = db.api_url(), .connections_max = 1});
    rt::Scope scope(loop);
    scope.spawn(hold(pool, std::chrono::steady_clock::now() + 4s));
    auto settle = []() -> rt::Task<void> { (void)co_await rt::sleep_for(200ms, Deadline::in(5s)); };
    loop.run_until_done(settle());
    const std::clock_t before = std::clock();
    auto answer = loop.run_until_done(pool.query(Principal::login(), kOne, {}, Deadline::in(kPatience * 3)));
    const double cpu_s = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kUnavailable) << answer.error().detail;
    EXPECT_LT(cpu_s, 0.5) << "of three seconds; looking without a pause takes nearly two of them";
    loop.run_until_done(scope.close());
    loop.run_until_done(pool.close());
}

}  // namespace
}  // namespace weft::pg
