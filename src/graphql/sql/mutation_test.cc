#include "graphql/language/language.h"
#include "graphql/model/model_for_test.h"
#include "graphql/sql/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EmitMutationTest : public ::testing::Test {
  protected:
    MutationScript emit(
        std::string_view text, std::string_view variables = "{}", std::string_view role = "admin"
    ) {
        document_ = *parse(text);
        const Operation& operation = *document_->operations.front();
        const Access& as = model_->access(role);
        variables_ = *coerce_variables(as.view(), operation, parse_json(variables)->get_object());
        plan_ = *plan_operation(
            model_, {.document = *document_, .operation = operation, .variables = variables_, .access = as}
        );
        return emit_mutation(*std::get<std::unique_ptr<Mutation>>(plan_->roots.front().what));
    }

    std::shared_ptr<const Model> model_ = testing::library_model();
    std::unique_ptr<Document> document_;
    Variables variables_;
    std::unique_ptr<Plan> plan_;
};

TEST_F(EmitMutationTest, AnUpdateIsOneStatementWithPermissionAndCondition) {
    MutationScript script = emit(
        "mutation { update_author(where: {name: {_eq: \"secret value\"}}, _set: {name: \"other value\"}) { "
        "affected_rows } }",
        "{}",
        "user"
    );
    ASSERT_EQ(script.steps.size(), 1U);
    const Statement& statement = script.steps.front().statement;
    EXPECT_EQ(
        statement.text,
        "WITH _m AS (UPDATE \"public\".\"author\" AS _t SET \"name\" = $1::text WHERE (_t.\"id\" > "
        "$2::integer) "
        "AND (_t.\"name\" = $3::text) RETURNING _t.*) SELECT json_build_object('affected_rows', (SELECT "
        "count(*) "
        "FROM _m))"
    );
    EXPECT_EQ(statement.parameters.size(), 3U);
    EXPECT_EQ(script.steps.front().path, "$");
    EXPECT_TRUE(script.steps.front().answers);
}

TEST_F(EmitMutationTest, TheTextOfABatchDoesNotDependOnItsLengthOrValues) {
    const char* text =
        "mutation ($o: [author_insert_input!]!) { insert_author(objects: $o) { affected_rows } }";
    MutationScript two = emit(text, R"({"o": [{"name": "a"}, {"name": "b"}]})", "user");
    MutationScript three = emit(text, R"({"o": [{"name": "x"}, {"name": "y"}, {"name": "z"}]})", "user");
    EXPECT_EQ(two.steps.front().statement.text, three.steps.front().statement.text);
    EXPECT_THAT(
        two.steps.front().statement.text,
        HasSubstr(
            "(\"name\", \"tenant_id\") SELECT _v.\"name\", $1::uuid FROM json_to_recordset($2::json) AS "
            "_v(\"name\" text)"
        )
    );
    EXPECT_THAT(two.steps.front().statement.text, HasSubstr("THEN NULL ELSE concat('weft:check'"));
}

TEST_F(EmitMutationTest, RowsOfDifferentColumnsShareAStatement) {
    MutationScript script =
        emit("mutation { insert_author(objects: [{name: \"a\", id: 1}, {name: \"b\"}]) { affected_rows } }");
    EXPECT_THAT(
        script.steps.front().statement.text,
        HasSubstr("(\"name\", \"id\") VALUES ($1::text, $2::integer), ($3::text, DEFAULT)")
    );
    EXPECT_THAT(script.steps.front().statement.text, Not(HasSubstr("weft:check"))) << "an admin has no check";
}

TEST_F(EmitMutationTest, NestedRowsReadTheirParentsKeyFromTheTransaction) {
    MutationScript script = emit(
        "mutation { insert_article_one(object: {title: \"t\", author: {data: {name: \"a\"}}}) { title } }"
    );
    ASSERT_EQ(script.steps.size(), 3U);
    EXPECT_THAT(script.steps[0].statement.text, HasSubstr("set_config('weft.slot1'"));
    EXPECT_THAT(
        script.steps[1].statement.text,
        HasSubstr("(SELECT (current_setting('weft.slot1')::\"public\".\"author\").\"id\")")
    );
    EXPECT_EQ(script.steps[0].no_row_path, "$.selectionSet.insert_article_one.args.object[0].author");
    EXPECT_FALSE(script.steps[1].answers);
    EXPECT_TRUE(script.steps[2].answers);
}

TEST_F(EmitMutationTest, AnUpdateOfNothingAsksForNothing) {
    MutationScript script =
        emit("mutation { update_author(where: {}, _set: {}) { n: affected_rows returning { id } } }");
    EXPECT_EQ(script.steps.front().statement.text, "SELECT $1::text");
    EXPECT_EQ(script.steps.front().statement.parameters.front().source.text, R"({"n":0,"returning":[]})");
}

}  // namespace
}  // namespace weft::graphql
