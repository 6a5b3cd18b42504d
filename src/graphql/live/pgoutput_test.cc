#include "graphql/live/detail/pgoutput.h"

#include "graphql/live/detail/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string number(std::uint64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> static_cast<unsigned>(8 * i));
    return out;
}
std::string text(std::string_view value) {
    return std::string(value) + '\0';
}
std::string begin(std::uint32_t transaction) {
    return "B" + number(100, 8) + number(0, 8) + number(transaction, 4);
}
std::string commit(std::uint64_t end = 200) {
    return "C" + number(0, 1) + number(150, 8) + number(end, 8) + number(0, 8);
}
/// Columns id (of the key) and state.
std::string relation(bool is_full = false) {
    std::string out =
        "R" + number(1, 4) + text("public") + text("run") + (is_full ? "f" : "d") + number(2, 2);
    for (const auto& [name, is_key] : {std::pair{"id", true}, {"state", is_full}}) {
        out += number(is_key ? 1 : 0, 1) + text(name) + number(25, 4) + number(0xffffffff, 4);
    }
    return out;
}
std::string value(std::string_view of) {
    return "t" + number(of.size(), 4) + std::string(of);
}
std::string row(std::string_view id, std::string_view state) {
    return number(2, 2) + value(id) + value(state);
}

class Output : public testing::Test {
  protected:
    void read(const std::vector<std::string>& messages) {
        for (const std::string& message : messages) ASSERT_TRUE(output_.read(message)) << message.front();
    }
    std::vector<Change> changes_;
    PgOutput output_{[this](const Change& change) { changes_.push_back(change); }};
};

TEST_F(Output, TellsOfAnInsertWhenItIsCommitted) {
    read({begin(7), relation(), "I" + number(1, 4) + "N" + row("1", "new")});
    EXPECT_THAT(changes_, IsEmpty());
    read({commit()});
    ASSERT_EQ(changes_.size(), 1U);
    EXPECT_EQ(changes_[0].table, (QualifiedName{.schema = "public", .name = "run"}));
    EXPECT_THAT(changes_[0].values, ElementsAre(Pair("id", "1"), Pair("state", "new")));
    EXPECT_EQ(changes_[0].transaction, 7U);
    EXPECT_EQ(output_.committed(), 200U);
}

TEST_F(Output, TellsOnlyTheKeyOfAnUpdateWithoutTheOldRow) {
    // The old state is not known: who looks at rows of that state must hear of it too.
    read({begin(7), relation(), "U" + number(1, 4) + "N" + row("1", "done"), commit()});
    ASSERT_EQ(changes_.size(), 1U);
    EXPECT_THAT(changes_[0].values, ElementsAre(Pair("id", "1")));
}

TEST_F(Output, TellsBothKeysOfAMovedRow) {
    const std::string key = number(2, 2) + value("1") + "n";
    read({begin(7), relation(), "U" + number(1, 4) + "K" + key + "N" + row("2", "done"), commit()});
    ASSERT_EQ(changes_.size(), 1U);
    EXPECT_THAT(changes_[0].values, ElementsAre(Pair("id", "1"), Pair("id", "2")));
}

TEST_F(Output, TellsOldAndNewValuesUnderFullIdentity) {
    const std::string update = "U" + number(1, 4) + "O" + row("1", "new") + "N" + row("1", "done");
    read({begin(7), relation(true), update, "D" + number(1, 4) + "O" + row("1", "done"), commit()});
    ASSERT_EQ(changes_.size(), 2U);
    EXPECT_THAT(
        changes_[0].values,
        ElementsAre(Pair("id", "1"), Pair("id", "1"), Pair("state", "new"), Pair("state", "done"))
    );
    EXPECT_THAT(changes_[1].values, ElementsAre(Pair("id", "1"), Pair("state", "done")));
}

TEST_F(Output, LeavesOutAColumnWithAValueThatIsNotKnown) {
    const std::string unchanged = number(2, 2) + value("1") + "u";
    const std::string large = row("2", std::string(10'000, 'x'));
    read(
        {begin(7),
         relation(true),
         "U" + number(1, 4) + "O" + row("1", "new") + "N" + unchanged,
         "I" + number(1, 4) + "N" + large,
         commit()}
    );
    ASSERT_EQ(changes_.size(), 2U);
    EXPECT_THAT(changes_[0].values, ElementsAre(Pair("id", "1"), Pair("id", "1")));
    EXPECT_THAT(changes_[1].values, ElementsAre(Pair("id", "2")));
}

TEST_F(Output, MakesManyRowsOneChangeOfTheTable) {
    read({begin(7), relation()});
    for (int i = 0; i < 10'000; ++i) read({"I" + number(1, 4) + "N" + row(std::to_string(i), "new")});
    read({commit()});
    ASSERT_EQ(changes_.size(), 1U);
    EXPECT_THAT(changes_[0].values, IsEmpty());
}

TEST_F(Output, MakesATruncateOneChangeOfTheTable) {
    read({begin(7), relation(), "T" + number(1, 4) + number(0, 1) + number(1, 4), commit()});
    ASSERT_EQ(changes_.size(), 1U);
    EXPECT_THAT(changes_[0].values, IsEmpty());
}

TEST_F(Output, RefusesWhatIsCutShort) {
    const std::string whole = "I" + number(1, 4) + "N" + row("1", "new");
    read({begin(7), relation()});
    for (std::size_t size = 1; size < whole.size(); ++size) {
        EXPECT_FALSE(output_.read(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(output_.read(""));
    EXPECT_FALSE(output_.read("I" + number(99, 4) + "N" + row("1", "new")));  // a table never named
}

TEST(Snapshot, SeesWhatHasEndedBeforeIt) {
    const auto snapshot = Snapshot::read("100:105:100,102");
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE(snapshot->sees(99));
    EXPECT_FALSE(snapshot->sees(100));
    EXPECT_TRUE(snapshot->sees(101));
    EXPECT_FALSE(snapshot->sees(102));
    EXPECT_FALSE(snapshot->sees(105));
    EXPECT_TRUE(Snapshot::read("7:7:")->sees(6));
    EXPECT_FALSE(Snapshot::read("nonsense"));
    EXPECT_FALSE(Snapshot::read(""));
}

TEST(Snapshot, ComparesNumbersAroundTheEndOfTheirRange) {
    const auto snapshot = Snapshot::read("4294967290:4294967300:4294967297");  // 2^32 is 4294967296
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE(snapshot->sees(4294967295U));
    EXPECT_TRUE(snapshot->sees(0));
    EXPECT_FALSE(snapshot->sees(1));
    EXPECT_FALSE(snapshot->sees(4));
}

}  // namespace
}  // namespace weft::graphql::detail
