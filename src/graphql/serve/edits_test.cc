#include "graphql/serve/detail/edits.h"

#include "base/json_pointer.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {

namespace {

class Edits : public ::testing::Test {
  protected:
    /// "" when the command works; else "code: message".
    std::string run(std::string_view command, std::string_view arguments) {
        const auto done = edit(document_, command, parse_json(arguments).value());
        if (!done) return "unknown";
        return *done ? "" : done->error().code + ": " + done->error().message;
    }
    std::string text(std::string_view pointer) {
        const Json root = document_;
        const Json* found = find_pointer(root, pointer);
        return found == nullptr ? "absent" : to_text(*found);
    }

    JsonObject document_{{"version", 3}};
};

TEST_F(Edits, TracksATableOnce) {
    EXPECT_EQ(run("pg_track_table", R"({"source":"default","table":"author"})"), "");
    EXPECT_EQ(
        run("pg_track_table", R"({"table":{"schema":"public","name":"author"}})"),
        "already-tracked: view/table already tracked: \"author\""
    );
    EXPECT_EQ(run("track_table", R"({"schema":"stats","name":"visit"})"), "");
    EXPECT_EQ(run("track_table", R"("tag")"), "");
    EXPECT_EQ(
        text("/sources/0/tables"),
        R"([{"table":"author"},{"table":{"schema":"stats","name":"visit"}},{"table":"tag"}])"
    );
    EXPECT_EQ(run("pg_untrack_table", R"({"table":"author","cascade":true})"), "");
    EXPECT_EQ(
        run("pg_untrack_table", R"({"table":"author"})"),
        "already-untracked: view/table already untracked: \"author\""
    );
}

TEST_F(Edits, TracksManyTablesAtOnce) {
    EXPECT_EQ(
        run("pg_track_tables", R"({"tables":[{"table":"a"},{"source":"default","schema":"s","name":"b"}]})"),
        ""
    );
    EXPECT_EQ(text("/sources/0/tables"), R"([{"table":"a"},{"table":{"schema":"s","name":"b"}}])");
    EXPECT_EQ(run("pg_untrack_tables", R"({"tables":[{"table":"a"}]})"), "");
    EXPECT_EQ(text("/sources/0/tables"), R"([{"table":{"schema":"s","name":"b"}}])");
    EXPECT_EQ(run("pg_track_tables", "{}"), "parse-failed: key \"tables\" not found");
}

TEST_F(Edits, AddsRelationshipsAndPermissionsToTheirTable) {
    ASSERT_EQ(run("track_table", R"("author")"), "");
    EXPECT_EQ(
        run("pg_create_array_relationship",
            R"({"source":"default","table":"author","name":"articles","using":{"foreign_key_constraint_on":1}})"
        ),
        ""
    );
    EXPECT_EQ(
        text("/sources/0/tables/0/array_relationships"),
        R"([{"name":"articles","using":{"foreign_key_constraint_on":1}}])"
    );
    EXPECT_EQ(
        run("pg_create_select_permission",
            R"({"table":"author","role":"user","permission":{"columns":"*"}})"),
        ""
    );
    EXPECT_EQ(
        run("pg_create_select_permission", R"({"table":"author","role":"user","permission":{}})"),
        "already-exists: select permission already defined for role \"user\""
    );
    EXPECT_EQ(
        text("/sources/0/tables/0/select_permissions"), R"([{"role":"user","permission":{"columns":"*"}}])"
    );
    EXPECT_EQ(run("pg_drop_select_permission", R"({"table":"author","role":"user"})"), "");
    EXPECT_EQ(text("/sources/0/tables/0/select_permissions"), "[]");
    EXPECT_EQ(run("pg_drop_relationship", R"({"table":"author","relationship":"articles"})"), "");
    EXPECT_EQ(
        run("pg_drop_relationship", R"({"table":"author","relationship":"articles"})"),
        "not-exists: relationship \"articles\" does not exist"
    );
}

TEST_F(Edits, SaysWhenTheTableIsNotTracked) {
    EXPECT_EQ(
        run("pg_create_select_permission", R"({"table":"author","role":"user","permission":{}})"),
        "not-exists: table \"author\" does not exist"
    );
    EXPECT_EQ(run("pg_set_table_is_enum", R"({"is_enum":true})"), "parse-failed: key \"table\" not found");
}

TEST_F(Edits, KnowsActionsTypesAndCollections) {
    EXPECT_EQ(run("create_action", R"({"name":"greet","definition":{"handler":"h"}})"), "");
    EXPECT_EQ(run("create_action_permission", R"({"action":"greet","role":"user"})"), "");
    EXPECT_EQ(run("update_action", R"({"name":"greet","definition":{"handler":"i"}})"), "");
    EXPECT_EQ(
        text("/actions"), R"([{"name":"greet","definition":{"handler":"i"},"permissions":[{"role":"user"}]}])"
    );
    EXPECT_EQ(run("set_custom_types", R"({"objects":[]})"), "");
    EXPECT_EQ(text("/custom_types"), R"({"objects":[]})");
    EXPECT_EQ(run("create_query_collection", R"({"name":"c","definition":{"queries":[]}})"), "");
    EXPECT_EQ(
        run("add_query_to_collection", R"({"collection_name":"c","query_name":"q","query":"{a}"})"), ""
    );
    EXPECT_EQ(text("/query_collections/0/definition/queries"), R"([{"name":"q","query":"{a}"}])");
    EXPECT_EQ(run("add_collection_to_allowlist", R"({"collection":"c"})"), "");
    EXPECT_EQ(text("/allowlist"), R"([{"collection":"c"}])");
    EXPECT_EQ(run("drop_action", R"({"name":"greet"})"), "");
    EXPECT_EQ(text("/actions"), "[]");
}

TEST_F(Edits, SetsMembersOfATable) {
    ASSERT_EQ(run("track_table", R"({"table":"genre"})"), "");
    EXPECT_EQ(run("pg_set_table_is_enum", R"({"table":"genre","is_enum":true})"), "");
    EXPECT_EQ(text("/sources/0/tables/0/is_enum"), "true");
}

TEST_F(Edits, AddsAndDropsInheritedRoles) {
    EXPECT_EQ(run("add_inherited_role", R"({"role_name":"both","role_set":["a","b"]})"), "");
    EXPECT_EQ(text("/inherited_roles"), R"([{"role_name":"both","role_set":["a","b"]}])");
    EXPECT_EQ(
        run("add_inherited_role", R"({"role_name":"both","role_set":["a"]})"),
        "already-exists: inherited role \"both\" already exists"
    );
    EXPECT_EQ(run("drop_inherited_role", R"({"role_name":"both"})"), "");
    EXPECT_EQ(text("/inherited_roles"), "[]");
}

TEST_F(Edits, AnUnknownCommandIsNoEdit) {
    EXPECT_EQ(run("make_coffee", "{}"), "unknown");
}

TEST_F(Edits, DropsWhatTheModelNamed) {
    ASSERT_EQ(run("track_table", R"("author")"), "");
    ASSERT_EQ(run("track_table", R"({"schema":"stats","name":"visit"})"), "");
    ASSERT_EQ(
        run("create_select_permission",
            R"({"table":"author","role":"user","permission":{"columns":["no"]}})"),
        ""
    );
    EXPECT_TRUE(drop_object(document_, "select_permission user in table author in source default"));
    EXPECT_EQ(text("/sources/0/tables/0/select_permissions"), "[]");
    EXPECT_TRUE(drop_object(document_, "table stats.visit in source default"));
    EXPECT_FALSE(drop_object(document_, "table stats.visit in source default"));
    EXPECT_FALSE(drop_object(document_, "source default"));
}

}  // namespace
}  // namespace weft::graphql::detail
