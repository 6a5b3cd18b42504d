#include "graphql/model/detail/print_for_test.h"
#include "graphql/model/model_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TableMaker;
using ::testing::UnorderedElementsAre;

/// Metadata of one source with these tables (JSON objects), and what follows the list of tables.
std::string tables(std::string_view list, std::string_view more = "") {
    return R"({"version":3,"sources":[{"name":"default","tables":[)" + std::string(list) + "]" +
           std::string(more) + "}]}";
}

std::vector<std::string> reasons(const Model& model) {
    std::vector<std::string> out;
    for (const Inconsistency& each : model.inconsistencies()) out.push_back(each.name + ": " + each.reason);
    return out;
}

/// a and b with foreign keys of a: over (tenant_id, b_id), over (tenant_id, maybe_id), and over another
/// column.
Catalog two_tables() {
    Catalog out;
    TableMaker(out, "a", {"id int4!", "tenant_id uuid!", "b_id int4!", "maybe_id int4", "other_id int4!"})
        .key({"id"})
        .refers_by({"tenant_id", "b_id"}, "b", {"tenant_id", "id"})
        .refers_by({"tenant_id", "maybe_id"}, "b", {"tenant_id", "id"})
        .refers("other_id", "b");
    TableMaker(out, "b", {"id int4!", "tenant_id uuid!"}).key({"id"});
    return out;
}

TEST(Resolve, MakesRelationshipsNullableWhenTheKeyOrAFilterSays) {
    const std::string_view a = R"({"table":"a","object_relationships":[
        {"name":"both","using":{"foreign_key_constraint_on":["tenant_id","b_id"]}},
        {"name":"maybe","using":{"foreign_key_constraint_on":["tenant_id","maybe_id"]}},
        {"name":"other","using":{"foreign_key_constraint_on":"other_id"}},
        {"name":"manual","using":{"manual_configuration":{"remote_table":"b","column_mapping":{"b_id":"id"}}}}]})";
    const auto with = [&](const std::string& permissions) {
        return testing::model_of(
            two_tables(),
            tables(std::string(a) + R"(,{"table":"b","select_permissions":[)" + permissions + "]}")
        );
    };
    const auto nullable = [](const Model& model, std::string_view name) {
        return model.table({.name = "a"})->relationship(name)->is_nullable;
    };
    const auto open = with("");
    EXPECT_FALSE(nullable(*open, "both"));
    EXPECT_TRUE(nullable(*open, "maybe"));  // one NULL is enough to refer to nothing
    EXPECT_FALSE(nullable(*open, "other"));
    EXPECT_TRUE(nullable(*open, "manual"));
    const auto tenant = with(
        R"({"role":"user","permission":{"columns":"*","filter":{"tenant_id":{"_eq":"X-Hasura-Tenant-Id"}}}})"
    );
    EXPECT_FALSE(nullable(*tenant, "both"));  // the filter is about the key's own column
    EXPECT_TRUE(nullable(*tenant, "other"));
    const auto hidden = with(R"({"role":"user","permission":{"columns":"*","filter":{"id":{"_gt":5}}}})");
    EXPECT_TRUE(nullable(*hidden, "both"));
}

TEST(Resolve, PairsColumnsFromEitherSideOfTheKey) {
    const auto model = testing::model_of(
        two_tables(), tables(R"({"table":"a"},{"table":"b","array_relationships":[{"name":"as","using":{
            "foreign_key_constraint_on":{"columns":["tenant_id","b_id"],"table":"a"}}}]})")
    );
    const Relationship& as = *model->table({.name = "b"})->relationship("as");
    ASSERT_EQ(as.columns.size(), 2U);
    EXPECT_EQ(as.columns[1].first->pg_name(), "id");
    EXPECT_EQ(as.columns[1].second->pg_name(), "b_id");
    EXPECT_FALSE(as.is_inserted_before_parent);
}

TEST(Resolve, SaysWhichTablesAndRelationshipsDoNotFit) {
    const auto model =
        testing::model_of(two_tables(), tables(R"({"table":"gone"},{"table":"a","object_relationships":[
            {"name":"x","using":{"foreign_key_constraint_on":"id"}},
            {"name":"id","using":{"foreign_key_constraint_on":"other_id"}},
            {"name":"y","using":{"foreign_key_constraint_on":"other_id"}}]})"));
    const std::string in_a =
        R"( in table a in source default: Inconsistent object: in table "a": in relationship )";
    EXPECT_THAT(
        reasons(*model),
        ElementsAre(
            R"(table gone in source default: Inconsistent object: no such table/view exists in source: "gone")",
            "object_relation x" + in_a + R"("x": no foreign constraint exists on the given column(s))",
            "object_relation id" + in_a + R"("id": field with name "id" already exists)",
            "object_relation y" + in_a + R"("y": table "b" is not tracked)"
        )
    );
    EXPECT_EQ(model->inconsistencies().front().kind, "table");
}

TEST(Resolve, UsesCustomNames) {
    const auto model = testing::model_of(
        two_tables(),
        tables(R"({"table":"a","configuration":{"custom_name":"thing","custom_column_names":{"b_id":"bId"},
            "custom_root_fields":{"select":"things","insert_one":"addThing"}}})")
    );
    const View& view = model->access("admin").view();
    EXPECT_NE(view.field(*model->schema().query, "things"), nullptr);
    EXPECT_NE(view.field(*model->schema().query, "thing_by_pk"), nullptr);
    EXPECT_NE(view.field(*model->schema().mutation, "addThing"), nullptr);
    EXPECT_NE(view.field(*view.type("thing"), "bId"), nullptr);
    EXPECT_EQ(model->table({.name = "a"})->column_by_graphql_name("bId")->pg_name(), "b_id");
}

TEST(Resolve, RefusesEnumTablesWithoutValues) {
    const auto model = testing::model_of(
        testing::library_catalog(), tables(R"({"table":"kind","is_enum":true},{"table":"article"})")
    );
    ASSERT_EQ(model->inconsistencies().size(), 1U);
    EXPECT_THAT(model->inconsistencies().front().reason, HasSubstr("the table must have at least one row"));
    EXPECT_EQ(model->table({.name = "article"})->column("kind")->scalar, "String");
}

TEST(Resolve, RefusesFunctionsThatReturnNoTrackedTable) {
    const auto model = testing::model_of(
        testing::library_catalog(),
        tables(R"({"table":"author"})", R"(,"functions":[{"function":"search_articles"},{"function":"nope"},
            {"function":"full_name"}])")
    );
    EXPECT_THAT(
        reasons(*model),
        ElementsAre(
            HasSubstr(R"(the function's return table "article" is not tracked)"),
            HasSubstr(R"(no such function exists in source: "nope")"),
            HasSubstr("the function does not return a \"COMPOSITE\" type")
        )
    );
}

TEST(Resolve, SurvivesNamesThatCollide) {
    Catalog catalog;
    TableMaker(catalog, "t", {"id int4!"}).key({"id"});
    TableMaker(catalog, "t_aggregate", {"id int4!"}).key({"id"});
    const auto model =
        testing::model_of(std::move(catalog), tables(R"({"table":"t"},{"table":"t_aggregate"})"));
    EXPECT_THAT(
        reasons(*model),
        ElementsAre(
            HasSubstr(R"(conflicting definitions for GraphQL type "t_aggregate")"),
            HasSubstr("query_root"),
            HasSubstr("subscription_root")
        )
    );
}

// ---- inherited roles

std::string inheriting(std::string_view permissions, std::string_view roles) {
    std::string out = tables(R"({"table":"b",)" + std::string(permissions) + "}");
    out.pop_back();
    return out + R"(,"inherited_roles":)" + std::string(roles) + "}";
}

TEST(Resolve, UnitesWhatTheParentsSee) {
    const auto model = testing::model_of(
        two_tables(),
        inheriting(
            R"("select_permissions":[
            {"role":"x","permission":{"columns":["id"],"filter":{"id":1},"limit":3}},
            {"role":"y","permission":{"columns":["id","tenant_id"],"filter":{"id":2},"limit":5}},
            {"role":"all","permission":{"columns":["id"],"filter":{},"allow_aggregations":true}}])",
            // A child may stand before its parent.
            R"([{"role_name":"xyz","role_set":["xy","all"]},{"role_name":"xy","role_set":["x","y"]}])"
        )
    );
    EXPECT_THAT(reasons(*model), IsEmpty());
    const Table& b = *model->table({.name = "b"});
    const SelectRight& xy = *model->access("xy").select(b);
    EXPECT_EQ(testing::text(xy.filter), "(id _eq '1'::integer | id _eq '2'::integer)");
    EXPECT_EQ(xy.limit, 5);
    EXPECT_FALSE(xy.allows_aggregations);
    ASSERT_EQ(xy.masks.size(), 2U);
    EXPECT_EQ(xy.masks[0], nullptr) << "both see it wherever they see the row";
    EXPECT_EQ(testing::text(*xy.masks[1]), "id _eq '2'::integer");
    const SelectRight& xyz = *model->access("xyz").select(b);
    EXPECT_TRUE(xyz.filter.is_trivial());
    EXPECT_TRUE(xyz.allows_aggregations);
    EXPECT_EQ(testing::text(*xyz.masks[1]), "id _eq '2'::integer") << "not the filter of xy";
}

TEST(Resolve, AnOwnPermissionStandsBeforeAnInheritedOne) {
    const auto model = testing::model_of(
        two_tables(),
        inheriting(
            R"("select_permissions":[{"role":"x","permission":{"columns":"*","filter":{}}},
            {"role":"y","permission":{"columns":"*","filter":{"id":2}}},
            {"role":"xy","permission":{"columns":["id"],"filter":{"id":7}}}])",
            R"([{"role_name":"xy","role_set":["x","y"]}])"
        )
    );
    const SelectRight& xy = *model->access("xy").select(*model->table({.name = "b"}));
    EXPECT_EQ(testing::text(xy.filter), "id _eq '7'::integer");
    EXPECT_FALSE(xy.columns[1]);
    EXPECT_TRUE(xy.masks.empty());
}

TEST(Resolve, InheritsWritesThatAreTheSame) {
    const auto model = testing::model_of(
        two_tables(),
        inheriting(
            R"("delete_permissions":[{"role":"x","permission":{"filter":{"id":1}}},
            {"role":"y","permission":{"filter":{"id":1}}},{"role":"z","permission":{"filter":{"id":2}}}])",
            R"([{"role_name":"same","role_set":["x","y"]},{"role_name":"other","role_set":["x","z"]},
            {"role_name":"heir","role_set":["other"]}])"
        )
    );
    const Table& b = *model->table({.name = "b"});
    EXPECT_NE(model->access("same").remove(b), nullptr);
    EXPECT_EQ(model->access("other").remove(b), nullptr);
    EXPECT_EQ(model->access("heir").remove(b), nullptr) << "a conflict is inherited";
    ASSERT_EQ(model->inconsistencies().size(), 2U);
    EXPECT_EQ(
        model->inconsistencies()[0].reason,
        "Inconsistent object: Could not inherit permission for the role \"other\" for the entity: 'delete "
        "permission, table: b, source: 'default''"
    );
    EXPECT_TRUE(model->inconsistencies()[0].is_harmless);
}

TEST(Resolve, RefusesCirclesAndUnknownParents) {
    const auto model = testing::model_of(
        two_tables(),
        inheriting(
            R"("select_permissions":[{"role":"x","permission":{"columns":"*","filter":{}}}])",
            R"([{"role_name":"p","role_set":["x","q"]},{"role_name":"q","role_set":["p"]},
            {"role_name":"r","role_set":["x","nobody"]},{"role_name":"s","role_set":["x"]}])"
        )
    );
    EXPECT_THAT(
        reasons(*model),
        UnorderedElementsAre(
            HasSubstr("\"p\": its parents form a circle"),
            HasSubstr("\"q\": its parents form a circle"),
            HasSubstr("\"r\": there is no role \"nobody\"")
        )
    );
    const Table& b = *model->table({.name = "b"});
    EXPECT_EQ(model->access("p").select(b), nullptr);
    EXPECT_NE(model->access("s").select(b), nullptr);
}

TEST(Resolve, WarnsOfForeignKeysWithoutAnIndexForTheTenant) {
    const std::string metadata = tables(
        R"({"table":"a","select_permissions":[{"role":"user","permission":{"columns":"*",
            "filter":{"tenant_id":"X-Hasura-Tenant-Id"}}}]},{"table":"b"})"
    );
    const auto bare = testing::model_of(two_tables(), metadata);
    ASSERT_EQ(bare->index_warnings().size(), 3U);
    EXPECT_EQ(bare->index_warnings().front().table.name, "a");
    EXPECT_THAT(bare->index_warnings().front().columns, ElementsAre("tenant_id", "b_id"));
    Catalog indexed = two_tables();
    CatalogTable& a = indexed.tables.at({.name = "a"});
    a.indexes.push_back({"tenant_id", "b_id", "id"});
    a.indexes.push_back({"tenant_id", "maybe_id"});
    a.indexes.push_back({"other_id"});  // does not begin with the tenant
    const auto better = testing::model_of(std::move(indexed), metadata);
    ASSERT_EQ(better->index_warnings().size(), 1U);
    EXPECT_THAT(better->index_warnings().front().columns, ElementsAre("tenant_id", "other_id"));
}

}  // namespace
}  // namespace weft::graphql
