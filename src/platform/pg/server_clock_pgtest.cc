#include "platform/pg/server_clock.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::pg {
namespace {

/// A machine whose clock somebody sets.
class WrongClock final : public rt::Clock {
  public:
    Instant now() const override { return real_.now() + skew; }
    Steady steady() const override { return real_.steady(); }
    Micros skew{};

  private:
    rt::SystemClock real_;
};

TEST(ServerClock, TellsTheServersTimeHoweverWrongTheLocalOneIs) {
    test::TestDatabase db;
    rt::Loop loop;
    Pool pool(loop, {.url = db.api_url()});
    for (Micros skew : {Micros(-72h), Micros(0), Micros(72h)}) {
        WrongClock local;
        local.skew = skew;
        ServerClock clock(local);
        EXPECT_LT(std::chrono::abs(clock.now() - local.now()), 1s) << "not known yet";
        ASSERT_TRUE(loop.run_until_done(clock.follow(pool, rt::Deadline::in(5s))));
        const Instant real = rt::SystemClock().now();
        EXPECT_LT(std::chrono::abs(clock.now() - real), 5s);
        EXPECT_LT(std::chrono::abs(clock.local_ahead() - skew), 5s);
        // Set while we run: nobody notices.
        local.skew += 24h * 365;
        EXPECT_LT(std::chrono::abs(clock.now() - real), 5s);
    }
    loop.run_until_done(pool.close());
}

}  // namespace
}  // namespace weft::pg
