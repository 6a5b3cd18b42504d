#include "graphql/model/detail/print_for_test.h"
#include "graphql/model/model_for_test.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

/// author with articles; the role's filter on author is `filter`.
std::shared_ptr<const Model> with_filter(std::string_view filter) {
    const std::string metadata = R"({"version":3,"sources":[{"name":"default","tables":[
      {"table":{"schema":"public","name":"author"},
       "array_relationships":[{"name":"articles","using":{"foreign_key_constraint_on":
         {"column":"author_id","table":{"schema":"public","name":"article"}}}}],
       "computed_fields":[{"name":"full_name","definition":{"function":"full_name"}}],
       "select_permissions":[{"role":"user","permission":{"columns":"*","filter":)" +
                                 std::string(filter) + R"(}}]},
      {"table":{"schema":"public","name":"article"}}]}]})";
    return testing::model_of(testing::library_catalog(), metadata);
}

/// What the filter became, or why not.
std::string resolved(std::string_view filter) {
    const auto model = with_filter(filter);
    if (!model->inconsistencies().empty()) return model->inconsistencies().front().reason;
    return testing::text(model->access("user").select(*model->table({.name = "author"}))->filter);
}

TEST(Condition, TakesEverySpellingOfEquality) {
    for (const char* each : {R"({"id":5})", R"({"id":{"_eq":5}})", R"({"id":{"$eq":5}})"}) {
        EXPECT_EQ(resolved(each), "id _eq '5'::integer") << each;
    }
    EXPECT_EQ(resolved(R"({"id":{"$ne":5}})"), "id _neq '5'::integer");
    EXPECT_EQ(resolved(R"({"is_active":true})"), "is_active _eq 'true'::boolean");
    EXPECT_EQ(resolved(R"({"id":null})"), "id _eq null::integer");
}

TEST(Condition, CombinesListsAndObjects) {
    EXPECT_EQ(resolved("{}"), "true");
    EXPECT_EQ(resolved(R"({"_or":[]})"), "false");
    EXPECT_EQ(resolved(R"({"_and":[]})"), "true");
    EXPECT_EQ(resolved(R"({"id":1,"name":"a"})"), "(id _eq '1'::integer & name _eq 'a'::text)");
    EXPECT_EQ(resolved(R"({"id":{"_gt":1,"_lt":9}})"), "(id _gt '1'::integer & id _lt '9'::integer)");
    EXPECT_EQ(
        resolved(R"({"_or":[{"id":1},{"$not":{"id":2}}]})"), "(id _eq '1'::integer | !(id _eq '2'::integer))"
    );
    EXPECT_EQ(resolved(R"({"_or":{"id":1}})"), "id _eq '1'::integer");
    EXPECT_EQ(resolved(R"({"_not":{}})"), "!(true)");
}

TEST(Condition, KnowsSessionVariablesInAnyCase) {
    EXPECT_EQ(resolved(R"({"tenant_id":"X-HASURA-Tenant-Id"})"), "tenant_id _eq $x-hasura-tenant-id::uuid");
    EXPECT_EQ(
        resolved(R"({"id":{"_in":"X-Hasura-Allowed-Ids"}})"), "id _in $x-hasura-allowed-ids::integer[]"
    );
    EXPECT_EQ(resolved(R"({"name":"x-hasura"})"), "name _eq 'x-hasura'::text");
    EXPECT_EQ(
        resolved(R"({"id":{"_nin":[1,"X-Hasura-Id"]}})"),
        "!((id _eq '1'::integer | id _eq $x-hasura-id::integer))"
    );
}

TEST(Condition, WritesListsAsArrayLiterals) {
    EXPECT_EQ(resolved(R"({"id":{"_in":[1,2]}})"), R"(id _in '{"1","2"}'::integer[])");
    EXPECT_EQ(
        resolved(R"({"name":{"_nin":["a\"b","c\\d",null]}})"), R"(name _nin '{"a\"b","c\\d",NULL}'::text[])"
    );
    EXPECT_EQ(resolved(R"({"meta":{"_has_keys_any":["a"]}})"), R"(meta _has_keys_any '{"a"}'::text[])");
}

TEST(Condition, ReadsJsonOperatorsAndCasts) {
    EXPECT_EQ(resolved(R"({"meta":{"_contains":{"a":1}}})"), R"(meta _contains '{"a":1}'::jsonb)");
    EXPECT_EQ(resolved(R"({"meta":{"a":1}})"), R"(meta _eq '{"a":1}'::jsonb)");
    EXPECT_EQ(resolved(R"({"meta":{"_eq":"x"}})"), R"(meta _eq '"x"'::jsonb)");
    EXPECT_EQ(resolved(R"({"meta":{"_cast":{"String":{"_like":"%x%"}}}})"), "meta::text _like '%x%'::text");
    EXPECT_EQ(resolved(R"({"tags":{"_contains":["a"]}})"), R"(tags _contains '{"a"}'::text[])");
    EXPECT_EQ(resolved(R"({"score":{"_is_null":true}})"), "score _is_null true");
}

TEST(Condition, FollowsRelationshipsAndTables) {
    EXPECT_EQ(resolved(R"({"articles":{"title":"a"}})"), "articles(title _eq 'a'::text)");
    EXPECT_EQ(resolved(R"({"articles":{}})"), "articles(true)");
    EXPECT_EQ(
        resolved(R"({"_exists":{"_table":{"schema":"public","name":"article"},"_where":{"title":"a"}}})"),
        "exists article(title _eq 'a'::text)"
    );
    EXPECT_EQ(resolved(R"({"$exists":{"_table":"article","_where":{}}})"), "exists article(true)");
    EXPECT_EQ(resolved(R"({"full_name":{"_like":"A%"}})"), "full_name() _like 'A%'::text");
}

TEST(Condition, ComparesColumns) {
    EXPECT_EQ(resolved(R"({"name":{"_ceq":"secret"}})"), "name _ceq secret");
    EXPECT_EQ(
        resolved(R"({"articles":{"tenant_id":{"_cneq":["$","tenant_id"]}}})"),
        "articles(tenant_id _cneq $.tenant_id)"
    );
    EXPECT_EQ(resolved(R"({"name":{"$cgt":["secret"]}})"), "name _cgt secret");
}

TEST(Condition, SaysWhatDoesNotFit) {
    const std::string start = R"(Inconsistent object: in table "author": in permission for role "user": )";
    EXPECT_EQ(resolved(R"({"nope":1})"), start + R"(column "nope" does not exist)");
    EXPECT_EQ(resolved(R"({"id":{"_nope":1}})"), start + R"(unknown operator "_nope")");
    EXPECT_EQ(
        resolved(R"({"id":{"_like":"a"}})"), start + R"(operator "_like" is not allowed on type "int4")"
    );
    EXPECT_EQ(resolved(R"({"id":{"_in":5}})"), start + R"(expected a list for "_in")");
    EXPECT_EQ(resolved(R"({"id":{"_is_null":1}})"), start + "expected a boolean for _is_null");
    EXPECT_EQ(
        resolved(R"({"_exists":{"_table":"gone","_where":{}}})"), start + R"(table "gone" does not exist)"
    );
    EXPECT_EQ(resolved(R"({"articles":5})"), start + R"(expected an object for "articles")");
    EXPECT_EQ(resolved(R"({"name":{"_ceq":"gone"}})"), start + R"(column "gone" does not exist)");
    EXPECT_EQ(resolved(R"({"meta":{"_cast":{"Int":{}}}})"), start + R"(cannot cast column to type "Int")");
}

TEST(Condition, DropsOnlyThePermissionThatDoesNotFit) {
    const auto model = with_filter(R"({"nope":1})");
    ASSERT_EQ(model->inconsistencies().size(), 1U);
    EXPECT_EQ(model->inconsistencies().front().kind, "select_permission");
    EXPECT_EQ(
        model->inconsistencies().front().name, "select_permission user in table author in source default"
    );
    const Table& author = *model->table({.name = "author"});
    EXPECT_EQ(model->access("user").select(author), nullptr);
    EXPECT_FALSE(TableRef::attach(author, model->access("user"), TableRef::Use::kSelect).has_value());
    EXPECT_TRUE(TableRef::attach(author, model->access("admin"), TableRef::Use::kSelect).has_value());
}

}  // namespace
}  // namespace weft::graphql
