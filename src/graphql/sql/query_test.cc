#include "graphql/language/language.h"
#include "graphql/model/model_for_test.h"
#include "graphql/plan/plan.h"
#include "graphql/sql/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SqlTest : public ::testing::Test {
  protected:
    Statement emit(
        std::string_view text,
        std::string_view role = "admin",
        std::string_view variables = "{}",
        ParameterStyle style = ParameterStyle::kNumbered
    ) {
        auto document = parse(text);
        if (!document) return {.text = document.error().message};
        document_ = *std::move(document);
        const Operation& operation = *document_->operations.front();
        const Access& as = model_->access(role);
        variables_ = coerce_variables(as.view(), operation, parse_json(variables)->get_object()).value();
        auto plan = plan_operation(
            model_, {.document = *document_, .operation = operation, .variables = variables_, .access = as}
        );
        if (!plan) return {.text = plan.error().message};
        plan_ = *std::move(plan);
        return style == ParameterStyle::kNumbered ? emit_query(*plan_) : emit_multiplexed(*plan_);
    }
    std::string sql(
        std::string_view text, std::string_view role = "admin", std::string_view variables = "{}"
    ) {
        return emit(text, role, variables).text;
    }

    std::shared_ptr<const Model> model_ = testing::library_model();
    std::unique_ptr<Document> document_;
    Variables variables_;
    std::unique_ptr<Plan> plan_;
};

TEST_F(SqlTest, AListIsOneSelectWithThePermissionAndItsLimit) {
    EXPECT_EQ(
        sql("{author {id key: name}}", "user"),
        "SELECT coalesce(json_agg(_e), '[]') FROM (SELECT _1.\"id\" AS \"id\", _1.\"name\" AS \"key\" "
        "FROM \"public\".\"author\" AS _1 WHERE (_1.\"tenant_id\" = $1::uuid) LIMIT 50) AS _e"
    );
    EXPECT_EQ(plan_->session_variables, std::vector<std::string>{"x-hasura-tenant-id"});
}

TEST_F(SqlTest, ThePageIsMadeBeforeItsChildren) {
    EXPECT_EQ(
        sql("{author(order_by: {name: desc}, limit: 2, offset: 1) {id articles(limit: 3) {title}}}"),
        "SELECT coalesce(json_agg(_e), '[]') FROM (SELECT _1.\"id\" AS \"id\", (SELECT "
        "coalesce(json_agg(_e), "
        "'[]') FROM (SELECT _2.\"title\" AS \"title\" FROM \"public\".\"article\" AS _2 WHERE "
        "(_2.\"author_id\" = _1.\"id\") ORDER BY _2.\"id\" ASC NULLS LAST LIMIT $1::integer) AS _e) AS "
        "\"articles\" FROM (SELECT _3.\"id\" FROM \"public\".\"author\" AS _3 ORDER BY _3.\"name\" DESC "
        "NULLS "
        "FIRST, _3.\"id\" ASC NULLS LAST LIMIT $2::integer OFFSET $3::bigint) AS _1) AS _e"
    );
}

TEST_F(SqlTest, ListsWithoutAPageAreNotOrderedBeyondTheRequest) {
    EXPECT_THAT(sql("{author {id articles {id}}}", "user"), Not(HasSubstr("ORDER BY")));
    EXPECT_THAT(
        sql("{author(order_by: {name: asc}) {id}}"), HasSubstr("ORDER BY _1.\"name\" ASC NULLS LAST) AS _e")
    );
    EXPECT_THAT(
        sql("{author(limit: 1) {id}}"), HasSubstr("ORDER BY _1.\"id\" ASC NULLS LAST LIMIT $1::integer")
    );
    EXPECT_THAT(
        sql("{author(limit: 1, order_by: {id: desc}) {id}}"),
        HasSubstr("ORDER BY _1.\"id\" DESC NULLS FIRST LIMIT $1::integer")
    );
}

TEST_F(SqlTest, OneRowIsAScalar) {
    EXPECT_EQ(
        sql("{author_by_pk(id: 1) {name}}", "user"),
        "SELECT (SELECT row_to_json(_e) FROM (SELECT _1.\"name\" AS \"name\" FROM \"public\".\"author\" AS "
        "_1 "
        "WHERE (_1.\"tenant_id\" = $1::uuid) AND (_1.\"id\" = $2::integer)) AS _e)"
    );
}

TEST_F(SqlTest, ConditionsThroughRelationshipsCarryTheRemotePermission) {
    EXPECT_THAT(
        sql("{author(where: {_or: [{id: {_in: [1, 2]}}, {articles: {title: {_like: \"a\"}}}], _not: {name: "
            "{_is_null: true}}}) {id}}",
            "user"),
        HasSubstr(
            " WHERE (_1.\"tenant_id\" = $1::uuid) AND ((_1.\"id\" = ANY($2::integer[])) OR EXISTS (SELECT "
            "FROM "
            "\"public\".\"article\" AS _2 WHERE EXISTS (SELECT FROM \"public\".\"author\" AS _3 WHERE "
            "(_3.\"id\" = "
            "_2.\"author_id\") AND (_3.\"tenant_id\" = $1::uuid)) AND (_2.\"author_id\" = _1.\"id\") AND "
            "(_2.\"title\" LIKE $3::text))) AND (NOT (_1.\"name\" IS NULL)) LIMIT 50"
        )
    );
    EXPECT_THAT(
        sql("{author(where: {articles_aggregate: {count: {predicate: {_gt: 1}}}}) {id}}"),
        HasSubstr("WHERE EXISTS (SELECT FROM (SELECT count(*) AS _a FROM \"public\".\"article\" AS _2 WHERE "
                  "(_2.\"author_id\" = _1.\"id\")) AS _3 WHERE (_3._a > $1::integer))")
    );
}

TEST_F(SqlTest, OrderingJoinsTheRemoteRowOnItsKeyWithItsPermission) {
    EXPECT_THAT(
        sql("{article(order_by: [{author: {name: asc}}]) {id}}", "user"),
        HasSubstr(
            "FROM \"public\".\"article\" AS _1 LEFT JOIN \"public\".\"author\" AS _2 ON (_2.\"tenant_id\" = "
            "$1::uuid) AND (_2.\"id\" = _1.\"author_id\") WHERE EXISTS (SELECT FROM \"public\".\"author\" AS "
            "_3 WHERE (_3.\"id\" = _1.\"author_id\") AND (_3.\"tenant_id\" = $1::uuid)) ORDER BY _2.\"name\" "
            "ASC NULLS LAST"
        )
    );
}

TEST_F(SqlTest, AggregatesHaveOnlyWhatIsSelectedAndNoPermissionLimit) {
    EXPECT_EQ(
        sql("{author_aggregate {aggregate {count max {id name}}}}", "user"),
        "SELECT (SELECT json_build_object('aggregate', (SELECT json_build_object('count', count(*), 'max', "
        "json_build_object('id', max(_1.\"id\"), 'name', max(_1.\"name\"))) FROM \"public\".\"author\" AS _1 "
        "WHERE "
        "(_1.\"tenant_id\" = $1::uuid))))"
    );
    EXPECT_EQ(
        sql("{author_aggregate(limit: 60) {nodes {id}}}", "user"),
        "SELECT (SELECT json_build_object('nodes', (SELECT coalesce(json_agg(_e), '[]') FROM (SELECT "
        "_1.\"id\" AS "
        "\"id\" FROM \"public\".\"author\" AS _1 WHERE (_1.\"tenant_id\" = $1::uuid) ORDER BY _1.\"id\" ASC "
        "NULLS "
        "LAST LIMIT 50) AS _e)))"
    );
    EXPECT_THAT(
        sql("{author_aggregate(limit: 60) {aggregate {count(columns: name, distinct: true)}}}", "user"),
        HasSubstr(
            "count(DISTINCT _1.\"name\")) FROM (SELECT _2.\"name\" FROM \"public\".\"author\" AS _2 WHERE "
            "(_2.\"tenant_id\" = $1::uuid) ORDER BY _2.\"id\" ASC NULLS LAST LIMIT $2::integer) AS _1"
        )
    );
}

TEST_F(SqlTest, RootsAreColumnsThatShareParameters) {
    Statement statement = emit(
        "query ($x: Int!) {a: author(where: {id: {_eq: $x}}) {id} b: author(where: {id: {_eq: $x}}) "
        "{full_name} "
        "c: article(where: {id: {_eq: 5}, author_id: {_gt: 5}}) {id}}",
        "user",
        R"({"x": 5})"
    );
    ASSERT_EQ(statement.parameters.size(), 4U);
    EXPECT_EQ(statement.parameters[0].source.kind, Source::Kind::kSession);
    EXPECT_EQ(statement.parameters[1].source.kind, Source::Kind::kVariable);
    EXPECT_EQ(statement.parameters[2].sql_type, "bigint");
    EXPECT_EQ(statement.parameters[3].sql_type, "integer");
    EXPECT_THAT(statement.text, HasSubstr("AS _e), (SELECT"));
}

TEST_F(SqlTest, ValuesAreNeverPrinted) {
    std::string text =
        sql("{author(where: {name: {_eq: \"it's\"}, meta: {_contains: {k: 99}}}, limit: 77, offset: 88) {id "
            "meta(path: "
            "\"secret\")}}");
    for (const char* value : {"it", "99", "77", "88", "secret"}) EXPECT_THAT(text, Not(HasSubstr(value)));
}

TEST_F(SqlTest, TheTextIsTheSameForOtherValues) {
    const char* text =
        "query ($w: author_bool_exp, $n: Int) {author(where: $w, limit: $n) {id articles(limit: $n) {id}}}";
    std::string first = sql(text, "user", R"({"w": {"id": {"_in": [1]}}, "n": 1})");
    EXPECT_EQ(sql(text, "user", R"({"w": {"id": {"_in": [1, 2, 3]}}, "n": 900})"), first);
    EXPECT_NE(sql(text, "user", R"({"w": {"id": {"_nin": [1]}}, "n": 1})"), first);
}

TEST_F(SqlTest, SubscribersAreRowsOfArrays) {
    Statement statement = emit(
        "subscription ($x: Int) {author(where: {id: {_gt: $x}}) {id}}",
        "user",
        R"({"x": 1})",
        ParameterStyle::kMultiplexed
    );
    EXPECT_EQ(
        statement.text,
        "SELECT _s.i, _r.* FROM unnest($1::int8[], $2::text[], $3::text[]) AS _s(i, p1, p2) LEFT JOIN "
        "LATERAL "
        "(SELECT coalesce(json_agg(_e), '[]') FROM (SELECT _1.\"id\" AS \"id\" FROM \"public\".\"author\" AS "
        "_1 WHERE "
        "(_1.\"tenant_id\" = _s.p1::uuid) AND (_1.\"id\" > _s.p2::integer) LIMIT 50) AS _e) AS _r ON TRUE "
        "ORDER BY _s.i"
    );
    EXPECT_EQ(statement.parameters.size(), 2U);
}

TEST_F(SqlTest, FunctionsAreGivenTheRowOfAPage) {
    EXPECT_THAT(
        sql("{author(limit: 1) {full_name}}"),
        HasSubstr("\"public\".\"full_name\"(_1._weft_row) AS \"full_name\" FROM (SELECT _2 AS _weft_row FROM")
    );
    EXPECT_THAT(
        sql("{search_articles(args: {query: \"x\"}) {id}}"),
        HasSubstr("FROM \"public\".\"search_articles\"($1::text, $2::json) AS _1")
    );
}

TEST_F(SqlTest, OutputRelationshipsAnswerAListOfRows) {
    emit("mutation {publish(input: {article_id: 1}) {article {title}}}", "user");
    const ActionCall& call = *std::get<std::unique_ptr<ActionCall>>(plan_->roots[0].what);
    const Output& output = call.selection.front();
    Statement statement = emit_output_relationship(*output.output_relationship, *output.select);
    EXPECT_EQ(statement.parameters[0].source.kind, Source::Kind::kRow);
    EXPECT_THAT(statement.text, HasSubstr("json_array_elements($1::json) WITH ORDINALITY"));
    EXPECT_THAT(statement.text, HasSubstr("(_2.\"id\" = (_1.v ->> 'article_id')::bigint)"));
    EXPECT_THAT(statement.text, HasSubstr("(_3.\"tenant_id\" = $2::uuid)"));
}

}  // namespace
}  // namespace weft::graphql
