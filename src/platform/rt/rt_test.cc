#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <gtest/gtest.h>

#include <ctime>
#include <thread>
#include <vector>

namespace weft::rt {
namespace {

Task<int> answer() {
    co_return 42;
}

TEST(Loop, RunsATaskToItsResult) {
    Loop loop;
    EXPECT_EQ(loop.run_until_done(answer()), 42);
}

Task<void> wait_then_record(Signal& signal, Deadline by, std::vector<Code>& seen) {
    auto waited = co_await signal.wait(by);
    seen.push_back(waited ? Code::kInternal : waited.error().code);
}

Task<void> wait_twice(Signal& signal, Deadline by, std::vector<Code>& seen) {
    co_await wait_then_record(signal, by, seen);
    co_await wait_then_record(signal, by, seen);
}

TEST(Scope, CancelInterruptsEveryTaskAndLaterWaitsToo) {
    Loop loop;
    Signal signal(loop);
    Scope scope(loop);
    std::vector<Code> seen;
    scope.spawn(wait_twice(signal, scope.forever(), seen));
    scope.spawn(wait_twice(signal, scope.deadline(1h), seen));
    loop.run_until_done(yield());
    EXPECT_EQ(scope.size(), 2u);
    scope.cancel(CancelReason::kLeaseLost);
    loop.run_until_done(scope.join());
    EXPECT_EQ(seen, std::vector<Code>(4, Code::kCancelled));
    EXPECT_EQ(scope.forever().reason(), CancelReason::kLeaseLost);
    scope.spawn(wait_twice(signal, scope.forever(), seen));
    EXPECT_EQ(scope.size(), 0u);
}

Task<void> clean_up(Signal& signal, Deadline by, bool& cleaned) {
    (void)co_await signal.wait(by);
    auto slept = co_await sleep_for(1ms, Deadline::in(1s));
    cleaned = slept.has_value();
}

TEST(Scope, CleanupWithAFreshDeadlineMayAwait) {
    Loop loop;
    Signal signal(loop);
    Scope scope(loop);
    bool cleaned = false;
    scope.spawn(clean_up(signal, scope.forever(), cleaned));
    loop.run_until_done(yield());
    loop.run_until_done(scope.close());
    EXPECT_TRUE(cleaned);
}

Task<void> throws() {
    co_await yield();
    throw std::runtime_error("bug");
}

TEST(Scope, AFaultEndsOnlyItsTask) {
    Loop loop;
    std::string fault;
    Scope scope(loop, [&](std::string what) { fault = what; });
    scope.spawn(throws());
    loop.run_until_done(scope.join());
    EXPECT_EQ(fault, "bug");
}

TEST(Signal, TimesOutAtTheDeadline) {
    Loop loop;
    Signal signal(loop);
    auto waited = loop.run_until_done(signal.wait(Deadline::in(2ms)));
    EXPECT_EQ(waited.error().code, Code::kTimeout);
    EXPECT_EQ(signal.waiting(), 0u);
}

Task<void> set_soon(OneShot<int>& shot) {
    co_await yield();
    shot.set(7);
}

TEST(OneShot, HandsItsValueOver) {
    Loop loop;
    Scope scope(loop);
    OneShot<int> shot(loop);
    scope.spawn(set_soon(shot));
    EXPECT_EQ(loop.run_until_done(shot.take(Deadline::in(1s))).value(), 7);
}

Task<bool> other_thread() {
    auto here = std::this_thread::get_id();
    auto there = co_await on_pool([] { return std::this_thread::get_id(); });
    co_return here != there&& here == std::this_thread::get_id();
}

TEST(Pool, RunsElsewhereAndComesHome) {
    Loop loop;
    EXPECT_TRUE(loop.run_until_done(other_thread()));
}

Task<bool> offloaded(std::size_t bytes) {
    auto here = std::this_thread::get_id();
    auto there = co_await offload(bytes, [] { return std::this_thread::get_id(); });
    co_return here != there;
}

TEST(Pool, TakesOnlyWhatALoopCannotBear) {
    Loop loop;
    EXPECT_FALSE(loop.run_until_done(offloaded(kInlineBytesMax)));
    EXPECT_TRUE(loop.run_until_done(offloaded(kInlineBytesMax + 1)));
}

/// By the thread's own clock: a busy machine must not make it shorter.
void work_for(Steady::duration time) {
    auto spent = [] {
        return Steady::duration(std::chrono::microseconds(std::clock() * 1'000'000 / CLOCKS_PER_SEC));
    };
    for (auto end = spent() + time; spent() < end;) {
    }
}

Task<void> wait_then_work(Steady::duration time) {
    (void)co_await sleep_for(150ms, Deadline::in(1min));  // the loop is idle before the handler comes
    work_for(time);
    co_await yield();  // and is not, before this one
    work_for(time);
}

TEST(Loop, TellsWhichHandlersHeldItAndNotHowLongItWaited) {
    Loop loop;
    std::vector<Steady::duration> stalls;
    loop.watch_stalls(100ms, [&](Steady::duration held) { stalls.push_back(held); });
    loop.run_until_done(wait_then_work(0ms));
    EXPECT_TRUE(stalls.empty()) << "waiting is no stall";
    loop.run_until_done(wait_then_work(120ms));
    EXPECT_EQ(stalls.size(), 2u);
}

}  // namespace
}  // namespace weft::rt
