#include "graphql/live/detail/change_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const QualifiedName kRun{.schema = "public", .name = "run"};

ChangeIndex::Equality is(std::string column, std::string value) {
    return {.column = std::move(column), .spelling = Spelling::kInteger, .value = std::move(value)};
}

class Index : public testing::Test {
  protected:
    ~Index() override {
        for (auto* entry : entries_) index_.remove(entry);
        EXPECT_EQ(index_.size(), 0U);
    }
    int* watch(std::vector<ChangeIndex::Equality> equalities, const QualifiedName& table = kRun) {
        watchers_.push_back(std::make_unique<int>(0));
        entries_.push_back(index_.add(watchers_.back().get(), table, std::move(equalities)));
        return watchers_.back().get();
    }
    std::vector<void*> hits(
        std::vector<std::pair<std::string, std::string>> values, QualifiedName table = kRun
    ) {
        std::vector<void*> out;
        index_.match(Change{.table = std::move(table), .values = std::move(values)}, out);
        return out;
    }
    ChangeIndex index_;
    std::vector<std::unique_ptr<int>> watchers_;
    std::vector<ChangeIndex::Entry*> entries_;
};

TEST_F(Index, HitsOnlyWatchersOfTheTableAndItsValues) {
    int* seven = watch({is("tenant", "7"), is("id", "1")});
    int* eight = watch({is("tenant", "8"), is("id", "1")});
    int* all = watch({});
    watch({}, {.schema = "public", .name = "step"});
    EXPECT_THAT(hits({{"tenant", "7"}, {"id", "1"}}), UnorderedElementsAre(seven, all));
    EXPECT_THAT(hits({{"tenant", "08"}, {"id", "+1"}}), UnorderedElementsAre(eight, all));
    EXPECT_THAT(hits({{"tenant", "7"}, {"id", "2"}}), ElementsAre(all));
    EXPECT_THAT(hits({}, {.schema = "other", .name = "run"}), IsEmpty());
}

TEST_F(Index, TakesColumnsThatAreNotNamedAsMet) {
    int* first = watch({is("tenant", "7"), is("id", "1")});
    int* second = watch({is("tenant", "7"), is("id", "2")});
    int* other = watch({is("tenant", "8"), is("id", "1")});
    EXPECT_THAT(hits({{"tenant", "7"}}), UnorderedElementsAre(first, second));
    EXPECT_THAT(hits({{"id", "1"}, {"name", "x"}}), UnorderedElementsAre(first, other));
    EXPECT_THAT(hits({}), UnorderedElementsAre(first, second, other));
}

TEST_F(Index, TakesOldAndNewValuesAlike) {
    int* before = watch({is("id", "1")});
    int* after = watch({is("id", "2")});
    watch({is("id", "3")});
    EXPECT_THAT(hits({{"id", "1"}, {"id", "2"}}), UnorderedElementsAre(before, after));
    EXPECT_THAT(hits({{"id", "1"}, {"id", "1"}}), ElementsAre(before));
}

TEST_F(Index, TakesAValueItCannotReadAsAny) {
    int* first = watch({is("id", "1")});
    int* second = watch({is("id", "2")});
    EXPECT_THAT(hits({{"id", "1"}, {"id", "1e3"}}), UnorderedElementsAre(first, second));
}

TEST_F(Index, ForgetsWhoIsRemovedAndKeepsTheOthers) {
    int* first = watch({is("id", "1")});
    watch({is("id", "1")});
    int* third = watch({is("id", "1")});
    index_.remove(entries_[1]);
    entries_.erase(entries_.begin() + 1);
    EXPECT_THAT(hits({{"id", "1"}}), UnorderedElementsAre(first, third));
    EXPECT_THAT(hits({}), UnorderedElementsAre(first, third));
}

}  // namespace
}  // namespace weft::graphql::detail
