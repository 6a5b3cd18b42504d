#include "platform/rate/rate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <list>
#include <unordered_map>

namespace weft::rate {
namespace {

using namespace std::chrono_literals;

const Steady kStart{1h};
constexpr Rate kFiveAMinute{.per_second = 5.0 / 60, .burst = 5};

class LimiterTest : public ::testing::Test {
  protected:
    SeededRng rng_{7};
    Limiter limiter_{rng_};

    int allowed(std::string_view key, const Rate& rate, int tries, Steady now) {
        int count = 0;
        for (int i = 0; i < tries; ++i) count += limiter_.take(key, rate, 1, now).is_allowed ? 1 : 0;
        return count;
    }
};

TEST_F(LimiterTest, AllowsTheBurstAndThenTheRate) {
    constexpr Rate kRate{.per_second = 20, .burst = 60};
    EXPECT_EQ(allowed("a", kRate, 1'000, kStart), 60);
    EXPECT_EQ(allowed("a", kRate, 1'000, kStart + 1s), 20);
    EXPECT_EQ(allowed("a", kRate, 1'000, kStart + 1h), 60);
}

TEST_F(LimiterTest, HoldsTheRateWithinTwoPercentOverTime) {
    constexpr Rate kRate{.per_second = 100, .burst = 100};
    int count = 0;
    for (int i = 0; i < 100'000; ++i) count += limiter_.take("a", kRate, 1, kStart + i * 1ms).is_allowed;
    EXPECT_NEAR(count, 100 * 100 + 100, 200);
}

TEST_F(LimiterTest, KeepsKeysApart) {
    EXPECT_EQ(allowed("a", kFiveAMinute, 10, kStart), 5);
    EXPECT_EQ(allowed("b", kFiveAMinute, 10, kStart), 5);
}

TEST_F(LimiterTest, SaysWhenToComeBackAndWhatIsLeft) {
    EXPECT_NEAR(limiter_.take("a", kFiveAMinute, 1, kStart).left, 4, 0.01);
    allowed("a", kFiveAMinute, 4, kStart);
    const Verdict refused = limiter_.take("a", kFiveAMinute, 1, kStart);
    EXPECT_FALSE(refused.is_allowed);
    EXPECT_NEAR(std::chrono::duration<double>(refused.retry_after).count(), 12, 0.01);
    EXPECT_NEAR(std::chrono::duration<double>(refused.full_after).count(), 60, 0.01);
    EXPECT_TRUE(limiter_.take("a", kFiveAMinute, 1, kStart + refused.retry_after).is_allowed);
}

TEST_F(LimiterTest, ChargesByWeightAndLetsWhatIsDearerThanTheBurstThroughWhenItIsFull) {
    constexpr Rate kRate{.per_second = 100, .burst = 1'000};
    EXPECT_TRUE(limiter_.take("a", kRate, 50'000, kStart).is_allowed);
    EXPECT_FALSE(limiter_.take("a", kRate, 50'000, kStart + 9s).is_allowed);
    EXPECT_TRUE(limiter_.take("a", kRate, 50'000, kStart + 10s).is_allowed);
}

TEST_F(LimiterTest, LookingSpendsNothing) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter_.look("a", kFiveAMinute, 5, kStart).is_allowed);
    EXPECT_EQ(allowed("a", kFiveAMinute, 10, kStart), 5);
    EXPECT_FALSE(limiter_.look("a", kFiveAMinute, 1, kStart).is_allowed);
}

TEST_F(LimiterTest, AFloodOfOtherKeysFreesNobody) {
    allowed("victim", kFiveAMinute, 5, kStart);
    for (int i = 0; i < 100'000; ++i) limiter_.take("other-" + std::to_string(i), kFiveAMinute, 1, kStart);
    EXPECT_FALSE(limiter_.take("victim", kFiveAMinute, 1, kStart).is_allowed);
}

/// What was here before: a table of 10,000 keys that makes room by forgetting one.
TEST(EvictingLimiter, IsFreedByAFloodOfOtherKeys) {  // the control of the test above
    constexpr std::size_t kKeysMax = 10'000;
    std::unordered_map<std::string, int> attempts;
    std::list<std::string> order;
    auto admit = [&](const std::string& key) {
        if (!attempts.contains(key) && attempts.size() >= kKeysMax) {
            attempts.erase(order.front());
            order.pop_front();
        }
        if (attempts[key]++ == 0) order.push_back(key);
        return attempts[key] <= 5;
    };
    for (int i = 0; i < 5; ++i) admit("victim");
    ASSERT_FALSE(admit("victim"));
    for (int i = 0; i < 10'000; ++i) admit("other-" + std::to_string(i));
    EXPECT_TRUE(admit("victim"));
}

TEST_F(LimiterTest, AThousandLimitedKeysHoldBackNobodyElse) {
    for (int i = 0; i < 1'000; ++i) allowed("busy-" + std::to_string(i), kFiveAMinute, 5, kStart);
    int held_back = 0;
    for (int i = 0; i < 10'000; ++i) {
        held_back += limiter_.look("quiet-" + std::to_string(i), kFiveAMinute, 1, kStart).is_allowed ? 0 : 1;
    }
    EXPECT_LE(held_back, 5);
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // they have memory of their own
long resident_bytes() {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
}

TEST(Limiter, TakesMemoryForWhatWasSpentOnly) {
    SeededRng rng{7};
    const long before = resident_bytes();
    std::list<Limiter> limiters;
    for (int i = 0; i < 40; ++i) limiters.emplace_back(rng).take("a", kFiveAMinute, 1, kStart);
    EXPECT_LT(resident_bytes() - before, 40 * (128 << 10)) << "of 512 KiB each";
}
#endif

TEST_F(LimiterTest, OffAllowsEverything) {
    EXPECT_EQ(allowed("a", Rate{}, 100, kStart), 100);
}

TEST(Rate, ReadsWhatOperatorsWrite) {
    EXPECT_EQ(Rate::parse("50/200").value(), (Rate{.per_second = 50, .burst = 200}));
    EXPECT_EQ(Rate::parse("0.5/1").value(), (Rate{.per_second = 0.5, .burst = 1}));
    EXPECT_EQ(Rate::parse("10").value(), (Rate{.per_second = 10, .burst = 20}));
    EXPECT_TRUE(Rate::parse("off").value().is_off());
    for (const char* wrong : {"", "0", "-1", "a", "5/", "5/0.5", "/5", "5/5/5", "nan", "inf"}) {
        EXPECT_FALSE(Rate::parse(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace weft::rate
