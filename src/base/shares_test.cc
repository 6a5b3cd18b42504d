#include "base/shares.h"

#include <gtest/gtest.h>

#include <string>

namespace weft {
namespace {

std::int64_t fill(Shares<std::string>& shares, const std::string& owner) {
    while (shares.may_take(owner)) shares.take(owner);
    return shares.held(owner);
}

TEST(SharesTest, OneOwnerNeverTakesAll) {
    Shares<std::string> shares(64);
    EXPECT_EQ(shares.room("a"), 42);
    EXPECT_EQ(fill(shares, "a"), 42);
    EXPECT_EQ(shares.room("a"), 0);
    EXPECT_EQ(shares.room("b"), 10);
}

TEST(SharesTest, SomethingIsLeftForTheNextOwnerHoweverManyCame) {
    Shares<std::string> shares(1'000);
    for (int i = 0; i < 100; ++i) fill(shares, std::to_string(i));
    EXPECT_GT(shares.free(), 0);
    EXPECT_GE(shares.room("next"), 1);
}

TEST(SharesTest, WithoutAShareTheFirstTakesAll) {  // the control of the tests above
    Shares<std::string> shares(64, 0);
    EXPECT_EQ(shares.room("a"), 64);
    EXPECT_EQ(fill(shares, "a"), 64);
    EXPECT_EQ(shares.room("b"), 0);
}

TEST(SharesTest, RoomIsWhatMayBeTakenOneByOne) {
    for (std::int64_t capacity : {1, 2, 3, 16, 64, 1'000}) {
        Shares<std::string> shares(capacity);
        const std::int64_t room = shares.room("a");
        EXPECT_EQ(fill(shares, "a"), room) << capacity;
        EXPECT_GE(room, 1) << "a small capacity still serves";
    }
}

TEST(SharesTest, WhatIsGivenBackIsFreeForAll) {
    Shares<std::string> shares(8);
    shares.take("a", 6);
    EXPECT_FALSE(shares.may_take("b", 3));
    EXPECT_TRUE(shares.may_take("b", 2));
    shares.give("a", 6);
    EXPECT_EQ(shares.held(), 0);
    EXPECT_TRUE(shares.owners().empty());
    EXPECT_TRUE(shares.may_take("b", 8)) << "who holds nothing may take what is free";
}

}  // namespace
}  // namespace weft
