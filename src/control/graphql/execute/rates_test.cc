#include "control/graphql/execute/detail/rates.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

using namespace std::chrono_literals;

const Steady kStart{1h};

TEST(Rates, SpendsABucketAndFillsItAgain) {
    Rates rates;
    EXPECT_TRUE(rates.spend("tenant", 900, 100, kStart));
    EXPECT_FALSE(rates.spend("tenant", 200, 100, kStart));
    EXPECT_TRUE(rates.spend("tenant", 200, 100, kStart + 1s));
    EXPECT_FALSE(rates.spend("tenant", 1, 100, kStart + 1s));
}

TEST(Rates, KeepsKeysApart) {
    Rates rates;
    EXPECT_TRUE(rates.spend("a", 1'000, 100, kStart));
    EXPECT_FALSE(rates.spend("a", 1, 100, kStart));
    EXPECT_TRUE(rates.spend("b", 1, 100, kStart));
}

TEST(Rates, LetsAnOperationDearerThanTheBucketThroughWhenItIsFull) {
    Rates rates;
    EXPECT_TRUE(rates.spend("a", 50'000, 100, kStart));
    EXPECT_FALSE(rates.spend("a", 50'000, 100, kStart + 9s));
    EXPECT_TRUE(rates.spend("a", 50'000, 100, kStart + 10s));
}

}  // namespace
}  // namespace weft::graphql::detail
