#include "data/dispatch/slots.h"

#include <gtest/gtest.h>

namespace weft::dispatch {
namespace {

using namespace std::chrono_literals;

class SlotsTest : public testing::Test {
  protected:
    std::unique_ptr<engine::Job> make_job() {
        store::queue::Claimed claimed;
        claimed.lease.tenant = TenantId::make(Instant(1h), rng);
        return std::make_unique<engine::Job>(loop, std::move(claimed), store::runs::Loaded(), Steady());
    }
    static rt::Task<void> come_back(Slots& slots, engine::Job& job, std::optional<Code>& out) {
        auto back = co_await slots.enter(job);
        out = back ? std::nullopt : std::optional(back.error().code);
    }
    static rt::Task<void> turns() {
        for (int i = 0; i < 3; ++i) (void)co_await rt::sleep_for(1ms, rt::Deadline::in(10s));
    }

    SystemRng rng;
    rt::Loop loop;
    telemetry::Metrics metrics;
    Slots slots{{.slots_max = 1, .held_max = 8, .share = 3}, metrics, [] {}};
};

TEST_F(SlotsTest, ACancelEndsTheWaitOfARunThatHasNotHeardOfIt) {
    const auto busy = make_job();
    const auto waiting = make_job();
    slots.admit(*busy);
    waiting->has_slot = false;
    std::optional<Code> error;
    waiting->scope.spawn(come_back(slots, *waiting, error));
    waiting->request_cancel({});
    loop.run_until_done(waiting->scope.join());
    EXPECT_EQ(error, Code::kCancelled);
}

TEST_F(SlotsTest, TheFinalStepsOfACanceledRunWaitForTheirTurn) {
    const auto busy = make_job();
    const auto waiting = make_job();
    slots.admit(*busy);
    waiting->has_slot = false;
    waiting->request_cancel({});
    waiting->is_cancel_heard = true;
    std::optional<Code> error = Code::kInternal;
    waiting->scope.spawn(come_back(slots, *waiting, error));
    loop.run_until_done(turns());
    EXPECT_FALSE(waiting->has_slot);
    slots.leave(*busy);
    loop.run_until_done(waiting->scope.join());
    EXPECT_TRUE(waiting->has_slot);
    EXPECT_EQ(error, std::nullopt);
}

}  // namespace
}  // namespace weft::dispatch
