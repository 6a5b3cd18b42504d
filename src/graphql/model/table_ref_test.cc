#include "graphql/model/table_ref.h"

#include "graphql/model/detail/print_for_test.h"
#include "graphql/model/model_for_test.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using Use = TableRef::Use;

const Model& books() {
    static const std::shared_ptr<const Model> model = testing::library_model();
    return *model;
}
const Table& author() {
    return *books().table({.name = "author"});
}

TEST(TableRef, CarriesTheRolesFilterAndLimit) {
    const auto ref = TableRef::attach(author(), books().access("user"), Use::kSelect);
    ASSERT_TRUE(ref);
    ASSERT_NE(ref->filter(), nullptr);
    EXPECT_EQ(testing::text(*ref->filter()), "tenant_id _eq $x-hasura-tenant-id::uuid");
    EXPECT_EQ(ref->limit(), 50);
    EXPECT_TRUE(ref->is_attached());
}

TEST(TableRef, TakesTheFilterOfTheUse) {
    const auto ref = TableRef::attach(author(), books().access("user"), Use::kUpdate);
    ASSERT_TRUE(ref);
    EXPECT_EQ(testing::text(*ref->filter()), "id _gt '0'::integer");
    EXPECT_FALSE(ref->limit().has_value());
    EXPECT_FALSE(TableRef::attach(author(), books().access("user"), Use::kDelete));
}

TEST(TableRef, RefusesWhoHasNoRight) {
    EXPECT_FALSE(TableRef::attach(author(), books().access("editor"), Use::kSelect));
    EXPECT_FALSE(TableRef::attach(author(), books().access("stranger"), Use::kSelect));
    EXPECT_FALSE(TableRef::attach(*books().table({.name = "kind"}), books().access("user"), Use::kSelect));
}

TEST(TableRef, LeavesBackendOnlyRightsToABackend) {
    EXPECT_FALSE(TableRef::attach(author(), books().access("editor"), Use::kDelete));
    EXPECT_TRUE(TableRef::attach(author(), books().access("editor", Backend::kYes), Use::kDelete));
}

TEST(TableRef, GivesTheAdminEverything) {
    for (const Use use : {Use::kSelect, Use::kUpdate, Use::kDelete}) {
        const auto ref = TableRef::attach(author(), books().access("admin"), use);
        ASSERT_TRUE(ref);
        EXPECT_EQ(ref->filter(), nullptr);
    }
}

TEST(TableRef, MarksReferencesWithoutAPermission) {
    EXPECT_FALSE(TableRef::by_metadata(author()).is_attached());
    EXPECT_FALSE(TableRef::of_written_rows(author(), books().access("user")).is_attached());
}

}  // namespace
}  // namespace weft::graphql
