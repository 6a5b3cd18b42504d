#include "graphql/language/language.h"
#include "graphql/model/model_for_test.h"
#include "graphql/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::HasSubstr;

class PlanMutationTest : public ::testing::Test {
  protected:
    Outcome<const Mutation*> plan(
        std::string_view text, std::string_view variables = "{}", std::string_view role = "admin"
    ) {
        document_ = *parse(text);
        const Operation& operation = *document_->operations.front();
        const Access& as = model_->access(role);
        TRY(variables_, coerce_variables(as.view(), operation, parse_json(variables)->get_object()));
        TRY(plan_,
            plan_operation(
                model_,
                {.document = *document_, .operation = operation, .variables = variables_, .access = as}
            ));
        return std::get<std::unique_ptr<Mutation>>(plan_->roots.front().what).get();
    }
    const Insert& insert(
        std::string_view text, std::string_view variables = "{}", std::string_view role = "admin"
    ) {
        auto made = plan(text, variables, role);
        if (!made) ADD_FAILURE() << made.error().message;
        return std::get<Insert>((*made)->change);
    }
    std::string refusal(std::string_view text, std::string_view role = "admin") {
        auto made = plan(text, "{}", role);
        return made ? "planned" : made.error().message + " @ " + made.error().path;
    }

    std::shared_ptr<const Model> model_ = testing::library_model();
    std::unique_ptr<Document> document_;
    Variables variables_;
    std::unique_ptr<Plan> plan_;
};

constexpr const char* kInsertObjects =
    "mutation ($o: [author_insert_input!]!) { insert_author(objects: $o) { affected_rows } }";

TEST_F(PlanMutationTest, BackendOnlyRightsMakeNoPlanWithoutTheHeader) {
    EXPECT_EQ(
        refusal("mutation { delete_author(where: {id: {_eq: 1}}) { affected_rows } }", "editor"),
        "the role does not see this kind of operation @ $"
    );
    EXPECT_EQ(
        refusal("mutation { delete_author(where: {id: {_eq: 1}}) { affected_rows } }", "user"),
        "\"delete_author\" is used, which the role does not see @ $"
    );
    EXPECT_EQ(
        refusal("mutation { insert_author(objects: [{tenant_id: \"t\"}]) { affected_rows } }", "user"),
        "\"tenant_id\" is used, which the role does not see @ $"
    );
}

TEST_F(PlanMutationTest, AListOfEqualObjectsInAVariableIsOneParameter) {
    const Insert& made = insert(
        kInsertObjects, R"({"o": [{"name": "a", "score": 1}, {"score": 2, "name": "b"}, {"name": "c"}]})"
    );
    ASSERT_TRUE(made.batch);
    EXPECT_EQ(made.batch->list.variable, 0);
    EXPECT_EQ(made.batch->list.shape, Source::Shape::kJson);
    ASSERT_EQ(made.batch->members.size(), 2U);
    EXPECT_EQ(made.batch->members[1].second->pg_name(), "score");
    EXPECT_EQ(made.rows.size(), 1U);
    EXPECT_TRUE(made.rows.front().values.empty());
}

TEST_F(PlanMutationTest, ObjectsThatLackAColumnWithADefaultAreReadOneByOne) {
    const Insert& made = insert(kInsertObjects, R"({"o": [{"name": "a", "id": 1}, {"name": "b"}]})");
    EXPECT_FALSE(made.batch);
    EXPECT_EQ(made.rows.size(), 2U);
    EXPECT_FALSE(insert(kInsertObjects, R"({"o": [{"name": "a"}]})").batch) << "one row needs no list";
    EXPECT_FALSE(
        insert("mutation { insert_author(objects: [{name: \"a\"}, {name: \"b\"}]) { affected_rows } }").batch
    );
}

TEST_F(PlanMutationTest, PresetsAreTheRowsThatTheBatchSharesAndComeFromTheSession) {
    const Insert& made = insert(kInsertObjects, R"({"o": [{"name": "a"}, {"name": "b"}]})", "user");
    ASSERT_TRUE(made.batch);
    ASSERT_EQ(made.rows.front().values.size(), 1U);
    const auto& [column, value] = made.rows.front().values.front();
    EXPECT_EQ(column->pg_name(), "tenant_id");
    EXPECT_EQ(value.source.kind, Source::Kind::kSession);
    EXPECT_EQ(plan_->session_variables, std::vector<std::string>{"x-hasura-tenant-id"});
    EXPECT_FALSE(made.right->check.is_trivial());
}

TEST_F(PlanMutationTest, NestedRowsGoBeforeOrAfterTheirParent) {
    const Insert& made = insert(
        "mutation { insert_article_one(object: {title: \"t\", author: {data: {name: \"a\", articles: {data: "
        "{title: \"u\"}}}}}) { id } }"
    );
    ASSERT_TRUE(made.has_nested);
    ASSERT_EQ(made.rows.front().before.size(), 1U);
    const Insert& author = made.rows.front().before.front().insert;
    EXPECT_EQ(author.path, "$.selectionSet.insert_article_one.args.object[0].author.data");
    ASSERT_EQ(author.rows.front().after.size(), 1U);
    EXPECT_EQ(
        author.rows.front().after.front().insert.path,
        "$.selectionSet.insert_article_one.args.object[0].author.data.articles.data"
    );
}

TEST_F(PlanMutationTest, NestingIsBounded) {
    Catalog catalog;
    testing::TableMaker(catalog, "folder", {"id int4!=", "parent int4"})
        .key({"id"})
        .refers("parent", "folder");
    model_ = testing::model_of(std::move(catalog), R"({"version": 3, "sources": [{"name": "default", "kind":
        "postgres", "configuration": {}, "tables": [{"table": "folder", "array_relationships": [{"name": "children",
        "using": {"foreign_key_constraint_on": {"column": "parent", "table": "folder"}}}]}]}]})");
    auto nested = [](int levels) {
        std::string text = "{}";
        for (int i = 0; i < levels; ++i) text = "{children: {data: [" + text + "]}}";
        return "mutation { insert_folder(objects: [" + text + "]) { affected_rows } }";
    };
    EXPECT_EQ(refusal(nested(10)), "planned");
    EXPECT_THAT(refusal(nested(11)), HasSubstr("rows may be nested 10 deep"));
}

TEST_F(PlanMutationTest, ConflictsCarryTheUpdatePermission) {
    const Insert& made = insert(
        "mutation { insert_author(objects: {name: \"a\"}, on_conflict: {constraint: author_name_key, "
        "update_columns: [name], "
        "where: {name: {_eq: \"b\"}}}) { affected_rows } }",
        "{}",
        "user"
    );
    ASSERT_TRUE(made.on_conflict);
    EXPECT_EQ(made.on_conflict->key->name, "author_name_key");
    ASSERT_TRUE(made.on_conflict->updated);
    EXPECT_NE(made.on_conflict->updated->filter(), nullptr);
    EXPECT_EQ(made.on_conflict->where.kind, BoolExp::Kind::kCompare);
    EXPECT_EQ(made.on_conflict->update_check, nullptr) << "it has none: the insert check holds";
}

TEST_F(PlanMutationTest, UpdatesAndDeletesAreMadeOfAttachedTables) {
    auto made = plan(
        "mutation { update_author(where: {name: {_eq: \"a\"}}, _set: {name: \"b\"}) { affected_rows } }",
        "{}",
        "user"
    );
    ASSERT_TRUE(made) << made.error().message;
    const Update& update = std::get<std::vector<Update>>((*made)->change).front();
    EXPECT_TRUE(update.table.is_attached());
    EXPECT_NE(update.table.filter(), nullptr);
}

TEST_F(PlanMutationTest, AWriteNeedsAComparisonWhereAColumnIsNamed) {
    auto update = [&](std::string_view where) {
        return refusal(
            "mutation { update_author(where: " + std::string(where) +
            ", _set: {name: \"b\"}) { affected_rows } }"
        );
    };
    EXPECT_THAT(update("{id: {}}"), HasSubstr("a comparison is expected here"));
    EXPECT_THAT(update("{_or: [{_not: {id: {}}}]}"), HasSubstr("a comparison is expected here"));
    EXPECT_EQ(update("{}"), "planned") << "all rows, in so many words";
}

TEST_F(PlanMutationTest, AVariableWithoutAValueIsNoConditionLess) {
    for (const char* document :
         {"mutation ($id: Int) { delete_author(where: {id: {_eq: $id}}) { affected_rows } }",
          "mutation ($id: Int) { delete_author(where: {_and: [{id: {_eq: $id}}]}) { affected_rows } }",
          "mutation ($id: Int) { delete_author(where: {articles: {id: {_eq: $id}}}) { affected_rows } }",
          "mutation ($id: Int_comparison_exp) { delete_author(where: {id: $id}) { affected_rows } }",
          "mutation ($id: author_bool_exp) { delete_author(where: {_not: $id}) { affected_rows } }"}) {
        EXPECT_THAT(refusal(document), HasSubstr("null")) << document;
    }
}

TEST_F(PlanMutationTest, OnlyOperatorsOfTheRoleAreNamed) {
    EXPECT_EQ(
        refusal("mutation { update_author(where: {id: {_eq: 1}}) { affected_rows } }", "user"),
        "at least any one of _set is expected @ $.selectionSet.update_author.args"
    );
}

TEST_F(PlanMutationTest, ReturnedRelationshipsAndComputedFieldsAreReadLater) {
    EXPECT_TRUE((*plan("mutation { delete_author(where: {}) { returning { articles { id } } } }"))
                    ->reads_relationships);
    EXPECT_TRUE(
        (*plan("mutation { delete_author(where: {}) { returning { full_name } } }"))->reads_relationships
    );
    EXPECT_FALSE((*plan("mutation { delete_author(where: {}) { returning { name } } }"))->reads_relationships
    );
}

}  // namespace
}  // namespace weft::graphql
