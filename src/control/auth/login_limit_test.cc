#include "control/auth/login_limit.h"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

class LoginLimitTest : public ::testing::Test {
  protected:
    bool fails_once(const std::string& account, const std::string& client, const std::string& device = "") {
        auto pass = limit_.begin({account, client, device});
        if (pass) pass->failed();
        return pass.has_value();
    }
    int failures(int tries, const std::string& account, const std::string& client, std::string device = "") {
        int allowed = 0;
        for (int i = 0; i < tries; ++i) allowed += fails_once(account, client, device) ? 1 : 0;
        return allowed;
    }
    bool may_try(const std::string& account, const std::string& client, const std::string& device = "") {
        return limit_.begin({account, client, device}).has_value();
    }

    rt::ManualClock clock_{Instant(Micros(1'800'000'000'000'000))};
    SeededRng rng_{7};
    LoginLimit limit_{clock_, rng_, Secret(std::string(32, 'k'))};
};

TEST_F(LoginLimitTest, AllowsFiveFailuresAMinuteByAccountAndAddress) {
    EXPECT_EQ(failures(10, "ada", "192.0.2.1"), 5);
    EXPECT_TRUE(may_try("ada", "192.0.2.2"));
    EXPECT_TRUE(may_try("bob", "192.0.2.1"));
    clock_.advance(12s);
    EXPECT_EQ(failures(10, "ada", "192.0.2.1"), 1);
}

TEST_F(LoginLimitTest, SuccessCostsNothing) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(may_try("ada", "192.0.2.1"));
}

TEST_F(LoginLimitTest, CountsAttemptsThatAreUnderWay) {
    auto first = limit_.begin({"ada", "192.0.2.1", ""});
    auto second = limit_.begin({"ada", "192.0.2.1", ""});
    auto third = limit_.begin({"ada", "192.0.2.1", ""});
    ASSERT_TRUE(first && second && third);
    EXPECT_FALSE(may_try("ada", "192.0.2.1"));
    EXPECT_FALSE(may_try("bob", "192.0.2.1")) << "one address must not hold all places of the hasher";
    EXPECT_TRUE(may_try("bob", "192.0.2.2"));
}

TEST_F(LoginLimitTest, OneAddressCannotTryManyAccounts) {
    int allowed = 0;
    for (int i = 0; i < 100; ++i)
        allowed += fails_once("user-" + std::to_string(i), "2001:db8::" + std::to_string(i));
    EXPECT_EQ(allowed, 20) << "addresses of one /64 are one";
    EXPECT_TRUE(may_try("ada", "2001:db8:0:1::1"));
}

TEST_F(LoginLimitTest, ManyAddressesCannotTryOneAccountForLong) {
    int allowed = 0;
    for (int i = 0; i < 1'000; ++i)
        allowed += fails_once("ada", "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    EXPECT_EQ(allowed, 50);
}

TEST_F(LoginLimitTest, TheOwnerIsNotLockedOutByOthersGuesses) {
    const std::string device(limit_.device_for("ada").reveal());
    for (int i = 0; i < 1'000; ++i)
        fails_once("ada", "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    failures(100, "bob", "192.0.2.1");
    EXPECT_TRUE(may_try("ada", "192.0.2.1", device));
    EXPECT_FALSE(may_try("ada", "192.0.2.1")) << "the control: without the cookie it is one of the crowd";
}

TEST_F(LoginLimitTest, AStolenDeviceHasFiveGuessesLikeAnybody) {
    const std::string device(limit_.device_for("ada").reveal());
    EXPECT_EQ(failures(100, "ada", "192.0.2.1", device), 5);
    EXPECT_EQ(failures(100, "ada", "192.0.2.2", device), 0);
}

TEST_F(LoginLimitTest, DevicesAreForOneAccountSignedAndOfAnAge) {
    failures(10, "ada", "192.0.2.1");
    const std::string device(limit_.device_for("ada").reveal());
    EXPECT_TRUE(may_try("ada", "192.0.2.1", device));
    const std::string other(limit_.device_for("bob").reveal());
    std::string forged = device;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    SeededRng rng(8);
    LoginLimit elsewhere(clock_, rng, Secret(std::string(32, 'x')));
    const std::string foreign(elsewhere.device_for("ada").reveal());
    for (const std::string& bad : {other, forged, foreign, std::string("."), std::string("a.b.c")}) {
        EXPECT_FALSE(may_try("ada", "192.0.2.1", bad)) << bad;
    }
    clock_.advance(std::chrono::hours(24 * 181));
    failures(10, "ada", "192.0.2.1");
    EXPECT_FALSE(may_try("ada", "192.0.2.1", device));
}

TEST_F(LoginLimitTest, AFloodOfOtherAccountsFreesNobody) {  // platform/rate has the control
    failures(10, "ada", "192.0.2.1");
    for (int i = 0; i < 20'000; ++i)
        fails_once(
            "flood-" + std::to_string(i), "10." + std::to_string(i / 250) + ".0." + std::to_string(i % 250)
        );
    EXPECT_FALSE(may_try("ada", "192.0.2.1"));
}

}  // namespace
}  // namespace weft::control
