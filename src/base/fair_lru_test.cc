#include "base/fair_lru.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(FairLru, ForgetsWhatOneOwnerUsedLongestAgo) {
    FairLru<int> cache(2);
    cache.add("a", "1", 1);
    cache.add("a", "2", 2);
    EXPECT_NE(cache.find("1"), nullptr);
    cache.add("a", "3", 3);
    EXPECT_EQ(cache.find("2"), nullptr);
    EXPECT_EQ(*cache.find("1"), 1);
    EXPECT_EQ(*cache.find("3"), 3);
}

TEST(FairLru, AFloodOfOneOwnerEvictsOnlyThatOwner) {
    FairLru<int> cache(100);
    for (int i = 0; i < 10; ++i) cache.add("quiet", "quiet-" + std::to_string(i), i);
    for (int i = 0; i < 10'000; ++i) cache.add("flood", "flood-" + std::to_string(i), i);
    EXPECT_EQ(cache.size("quiet"), 10u);
    EXPECT_EQ(cache.size("flood"), 90u);
}

TEST(FairLru, WithoutOwnersTheSameFloodTakesEverything) {  // the control of the test above
    FairLru<int> cache(100);
    for (int i = 0; i < 10; ++i) cache.add("all", "quiet-" + std::to_string(i), i);
    for (int i = 0; i < 10'000; ++i) cache.add("all", "flood-" + std::to_string(i), i);
    EXPECT_EQ(cache.find("quiet-9"), nullptr);
}

TEST(FairLru, ANewOwnerFindsRoomInAFullCache) {
    FairLru<int> cache(10);
    for (int i = 0; i < 10; ++i) cache.add("first", std::to_string(i), i);
    for (int i = 0; i < 5; ++i) cache.add("second", "b" + std::to_string(i), i);
    EXPECT_EQ(cache.size("first"), 5u);
    EXPECT_EQ(cache.size("second"), 5u);
}

TEST(FairLru, HoldsForManyOwners) {
    FairLru<int> cache(5'000);
    for (int i = 0; i < 10'000; ++i) cache.add("owner-" + std::to_string(i % 3'000), std::to_string(i), i);
    EXPECT_EQ(cache.size(), 5'000u);
    EXPECT_NE(cache.find("9999"), nullptr);
}

TEST(FairLru, BoundsBytesAndEntries) {
    FairLru<int> cache(10, 1'000);
    for (int i = 0; i < 50; ++i) cache.add("a", std::to_string(i), i, 1);
    EXPECT_EQ(cache.size(), 10u);
    cache.add("a", "large", 0, 900);
    EXPECT_EQ(cache.size(), 2u);
    cache.add("a", "huge", 0, 5'000);
    EXPECT_EQ(cache.size(), 1u);
    cache.add("a", "small", 0, 1);
    EXPECT_EQ(cache.size(), 1u);
}

TEST(FairLru, AnEntryThatGrowsPushesOutWhatItsOwnerHasMostOf) {
    FairLru<int> cache(10, 1'000);
    cache.add("quiet", "quiet", 0, 100);
    for (int i = 0; i < 4; ++i) cache.add("flood", std::to_string(i), i, 100);
    EXPECT_TRUE(cache.resize("3", 800));
    EXPECT_EQ(cache.size("quiet"), 1u);
    EXPECT_EQ(cache.size("flood"), 2u);
    EXPECT_EQ(cache.weight(), 1'000u);
    EXPECT_TRUE(cache.resize("3", 100));
    EXPECT_EQ(cache.weight(), 300u);
    EXPECT_FALSE(cache.resize("0", 1)) << "it is gone";
    cache.add("late", "late", 0, 500);
    EXPECT_FALSE(cache.resize("late", 2'000)) << "its owner has nothing else to give";
    EXPECT_EQ(cache.size(), 3u);
}

TEST(FairLru, ReplacesAndErases) {
    FairLru<int> cache(10);
    cache.add("a", "k", 1);
    cache.add("b", "k", 2);
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_EQ(cache.size("b"), 1u);
    EXPECT_EQ(*cache.find("k"), 2);
    cache.add("b", "l", 3);
    cache.erase_if([](int value) { return value == 3; });
    EXPECT_EQ(cache.find("l"), nullptr);
    EXPECT_TRUE(cache.erase("k"));
    EXPECT_FALSE(cache.erase("k"));
    EXPECT_EQ(cache.size(), 0u);
    cache.add("a", "again", 4);
    cache.clear();
    EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace weft
