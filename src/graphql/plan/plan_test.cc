#include "graphql/plan/plan.h"

#include "graphql/language/language.h"
#include "graphql/model/model_for_test.h"
#include "graphql/plan/detail/visit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlanTest : public ::testing::Test {
  protected:
    Outcome<> plan(
        std::string_view text, std::string_view variables = "{}", std::string_view role = "admin"
    ) {
        auto document = parse(text);
        if (!document) return failure("syntax", document.error().message);
        document_ = *std::move(document);
        const Operation& operation = *document_->operations.front();
        const Access& as = model_->access(role);
        TRY(variables_, coerce_variables(as.view(), operation, parse_json(variables)->get_object()));
        PlanRequest request{
            .document = *document_, .operation = operation, .variables = variables_, .access = as
        };
        request.limits = limits_;
        TRY(plan_, plan_operation(model_, request));
        return {};
    }
    std::string refusal(
        std::string_view text, std::string_view variables = "{}", std::string_view role = "admin"
    ) {
        auto made = plan(text, variables, role);
        return made ? "planned" : made.error().code + ": " + made.error().message + " @ " + made.error().path;
    }
    const Select& root(std::size_t at = 0) const {
        return *std::get<std::unique_ptr<Select>>(plan_->roots[at].what);
    }
    std::vector<std::string> keys(const std::vector<Output>& outputs) const {
        std::vector<std::string> out;
        for (const Output& each : outputs) out.push_back(each.key);
        return out;
    }

    std::shared_ptr<const Model> model_ = testing::library_model();
    PlanLimits limits_;
    std::unique_ptr<Document> document_;
    Variables variables_;
    std::unique_ptr<Plan> plan_;
};

/// Validation would have refused all of these. The control: without a role's limits they are planned.
TEST_F(PlanTest, WhatTheViewDoesNotShowBecomesNoPlanWithoutValidationEither) {
    for (const char* text :
         {"{ author { secret } }",
          "{ author_by_pk(id: 1) { name } }",
          "{ author(where: {secret: {_eq: \"x\"}}) { name } }",
          "{ author(order_by: {id: asc}) { name } }",
          "{ author(distinct_on: id) { name } }",
          "{ author { articles(limit: 1) { id } } }",
          "subscription { article { title } }"}) {
        EXPECT_THAT(refusal(text, "{}", "reader"), HasSubstr("unexpected: ")) << text;
    }
    for (const char* text :
         {"{ author { secret } }",
          "{ author_by_pk(id: 1) { name } }",
          "{ author(where: {secret: {_eq: \"x\"}}) { name } }",
          "{ author(distinct_on: id) { name } }",
          "{ author { articles(limit: 1) { id } } }",
          "subscription { article { title } }"}) {
        EXPECT_EQ(refusal(text), "planned") << text;
    }
}

TEST_F(PlanTest, FieldsOfOneResponseKeyAreMergedInOrderOfAppearance) {
    ASSERT_TRUE(
        plan("{author {...F name articles {id} ... on author {articles {title} x: id} id @skip(if: true)}} "
             "fragment F on author {id ...F}")
    );
    EXPECT_THAT(keys(root().outputs), ElementsAre("id", "name", "articles", "x"));
    EXPECT_THAT(keys(root().outputs[2].select->outputs), ElementsAre("id", "title"));
}

TEST_F(PlanTest, LiteralsAndVariablesBecomeSources) {
    ASSERT_TRUE(plan(
        "query ($w: author_bool_exp!, $n: Int) {author(where: {_and: [$w, {id: {_in: [1, $n]}}, {meta: "
        "{_contains: "
        "{a: [$n], b: 2}}}]}, limit: 3) {id}}",
        R"({"w": {"name": {"_eq": "Ann"}}, "n": 7})"
    ));
    const BoolExp& where = root().where;
    ASSERT_EQ(where.children.size(), 3U);
    const Source& name = where.children[0].right.source;
    EXPECT_EQ(name.kind, Source::Kind::kVariable);
    EXPECT_EQ(name.variable, 0);
    EXPECT_THAT(name.path, ElementsAre("name", "_eq"));
    const Source& list = where.children[1].right.source;
    EXPECT_EQ(list.kind, Source::Kind::kComposite);
    EXPECT_EQ(list.items.front().text, "1");
    EXPECT_EQ(list.items.back().variable, 1);
    EXPECT_EQ(where.children[1].right.sql_type, "integer[]");
    const Source& json = where.children[2].right.source;
    EXPECT_THAT(json.keys, ElementsAre("a", "b"));
    EXPECT_EQ(json.items[0].items[0].variable, 1);
    EXPECT_EQ(json.items[1].text, "2");
    EXPECT_EQ(root().limit->source.text, "3");
}

TEST_F(PlanTest, PlansOfTwoRequestsOfOneShapeAreTheSame) {
    const char* text = "query ($w: author_bool_exp!, $l: Int) {author(where: $w, limit: $l) {id}}";
    ASSERT_TRUE(plan(text, R"({"w": {"name": {"_like": "A%"}, "id": {"_in": [1, 2]}}, "l": 5})"));
    std::string shape = variables_.shape;
    Operand first = root().where.children[1].right;
    ASSERT_TRUE(plan(text, R"({"w": {"name": {"_like": "Bob"}, "id": {"_in": [9]}}, "l": 7})"));
    EXPECT_EQ(shape, variables_.shape);
    EXPECT_EQ(root().where.children[1].right.source, first.source);
}

TEST_F(PlanTest, NullsInConditionsAreRefusedAndElsewhereNotGiven) {
    EXPECT_EQ(
        refusal("{author(where: {id: {_eq: null}}) {id}}"),
        "validation-failed: unexpected null value for type \"Int\" @ $.selectionSet.author.args.where.id._eq"
    );
    EXPECT_EQ(
        refusal("query ($x: Int) {author(where: {id: {_eq: $x}}) {id}}", R"({"x": null})"),
        "validation-failed: unexpected null value for type \"Int\" @ $.selectionSet.author.args.where.id._eq"
    );
    EXPECT_EQ(
        refusal("{author(where: {id: null}) {id}}"),
        "validation-failed: expected an object for type \"Int_comparison_exp\", but found null @ "
        "$.selectionSet.author.args.where.id"
    );
    EXPECT_EQ(
        refusal("{author(where: {_or: [{id: {_in: null}}]}) {id}}"),
        "validation-failed: expected a list, but found null @ $.selectionSet.author.args.where._or[0].id._in"
    );
    ASSERT_TRUE(
        plan("{author(where: null, limit: null, order_by: null, distinct_on: null, offset: null) {id}}")
    );
    EXPECT_TRUE(root().where.is_trivial());
    EXPECT_FALSE(root().limit || root().offset);
    ASSERT_TRUE(plan("{article(order_by: [{id: null, author: null, title: desc}]) {id}}"));
    EXPECT_EQ(root().order_by.size(), 1U);
    EXPECT_EQ(root().order_by.front().direction, "desc");
}

TEST_F(PlanTest, UnsetVariablesAreNotGiven) {
    ASSERT_TRUE(plan("query ($x: Int, $w: author_bool_exp) {author(where: $w, limit: $x) {id}}"));
    EXPECT_TRUE(root().where.is_trivial());
    EXPECT_FALSE(root().limit);
}

TEST_F(PlanTest, ConditionsAreCounted) {
    limits_.bool_nodes_max = 4;
    EXPECT_EQ(refusal("{author(where: {id: {_gt: 1, _lt: 3}, name: {}}) {id}}"), "planned");
    EXPECT_THAT(
        refusal("{author(where: {id: {_gt: 1, _lt: 3}, name: {_eq: \"\"}}) {id}}"),
        HasSubstr("more than 4 keys; use fewer @ $.selectionSet.author.args.where.name")
    );
}

TEST_F(PlanTest, TheSmallestLimitIsKept) {
    ASSERT_TRUE(plan("{author {id}}", "{}", "user"));
    EXPECT_EQ(root().limit_max, 50);
    ASSERT_TRUE(plan("{author_by_pk(id: 1) {id}}", "{}", "user"));
    EXPECT_EQ(root().limit_max, std::nullopt);
    model_ = testing::model_of(
        testing::library_catalog(), testing::library_metadata(), {}, {.limit_default = 20, .limit_max = 30}
    );
    ASSERT_TRUE(plan("{author {id articles(limit: 5) {id}}}", "{}", "user"));
    EXPECT_EQ(root().limit_max, 20);
    EXPECT_EQ(root().outputs[1].select->limit_max, 30);
    ASSERT_TRUE(plan("{author {id}}"));
    EXPECT_EQ(root().limit_max, std::nullopt) << "an admin has none";
}

TEST_F(PlanTest, CostIsTheProductOfLimitsAlongEachPath) {
    ASSERT_TRUE(plan("{author(limit: 4) {id articles(limit: 3) {author {id}}} article_by_pk(id: 1) {id}}"));
    EXPECT_EQ(plan_->cost, 4 + 12 + 12 + 1);
    ASSERT_TRUE(plan("{author {articles {id}}}"));
    EXPECT_EQ(plan_->cost, 100 + 1000) << "without limits: 100 rows, 10 for each of them";
    limits_.cost_max = 50;
    EXPECT_EQ(
        refusal("{article(limit: 1) {id} author(limit: 100) {id}}"),
        "validation-failed: this operation may read 101 rows; at most 50 are allowed: lower the limits on "
        "its "
        "lists @ $.selectionSet.author"
    );
}

TEST_F(PlanTest, LimitsInVariablesAreCheckedForEveryRequest) {
    const char* text = "query ($n: Int) {author(limit: $n) {id}}";
    ASSERT_TRUE(plan(text, R"({"n": 10})"));
    std::unique_ptr<Plan> kept = std::move(plan_);
    EXPECT_EQ(check_request(*kept, variables_, limits_).value(), 10);
    limits_.cost_max = 1e9;
    ASSERT_TRUE(plan(text, R"({"n": 900000})"));
    limits_.cost_max = 1000;
    auto checked = check_request(*kept, variables_, limits_);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("may read 900000 rows; at most 1000 are allowed"));
    EXPECT_EQ(
        refusal(text, R"({"n": -1})"),
        "validation-failed: expected a non-negative 32-bit integer for type \"Int\", but found a number @ "
        "$.selectionSet.author.args.limit"
    );
    checked = check_request(*kept, variables_, limits_);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().path, "$.selectionSet.author.args");
}

TEST_F(PlanTest, DistinctColumnsMustLeadTheOrder) {
    EXPECT_EQ(refusal("{author(distinct_on: name) {id}}"), "planned");
    EXPECT_EQ(
        refusal("{author(distinct_on: [id, name], order_by: [{name: asc}, {id: asc}]) {id}}"), "planned"
    );
    EXPECT_EQ(
        refusal("{author(distinct_on: [name], order_by: [{id: asc}, {name: asc}]) {id}}"),
        "validation-failed: \"distinct_on\" columns must match initial \"order_by\" columns @ "
        "$.selectionSet.author.args"
    );
}

TEST_F(PlanTest, RootsWithoutRowsAreConstantsOrIntrospection) {
    ASSERT_TRUE(plan("{__typename t: __type(name: \"Int\") {name} t: __type(name: \"Int\") {kind}}"));
    EXPECT_EQ(std::get<std::string>(plan_->roots[0].what), "\"query_root\"");
    const auto& type = std::get<RootField::Introspection>(plan_->roots[1].what);
    EXPECT_EQ(type.selection->selections.size(), 2U);
    EXPECT_EQ(type.selection->arguments.size(), 1U);
}

TEST_F(PlanTest, ActionsHaveTheirArgumentsAndWhatIsSelected) {
    ASSERT_TRUE(plan(
        "mutation ($i: bigint!) {publish(input: {article_id: $i}) {id: article_id __typename article "
        "{title}}}",
        R"({"i": 5})",
        "user"
    ));
    const ActionCall& call = *std::get<std::unique_ptr<ActionCall>>(plan_->roots[0].what);
    EXPECT_EQ(call.arguments.front().first, "input");
    EXPECT_THAT(call.arguments.front().second.keys, ElementsAre("article_id"));
    EXPECT_THAT(keys(call.selection), ElementsAre("id", "__typename", "article"));
    EXPECT_EQ(call.selection[0].text, "article_id");
    EXPECT_EQ(call.selection[2].output_relationship->remote->name, "article");
    EXPECT_TRUE(call.selection[2].select->from.is_attached());
}

TEST_F(PlanTest, DependenciesNameTheEqualitiesOfTheRoot) {
    ASSERT_TRUE(plan("{author(where: {id: {_eq: 3}, name: {_gt: \"\"}}) {id articles {id}}}", "{}", "user"));
    EXPECT_THAT(plan_->session_variables, ElementsAre("x-hasura-tenant-id"));
    ASSERT_EQ(plan_->dependencies.size(), 2U);
    EXPECT_EQ(plan_->dependencies[0].table->name, "author");
    // articles are filtered by their author: the table is read twice, so that no equality holds for all.
    EXPECT_TRUE(plan_->dependencies[0].equalities.empty());
    ASSERT_TRUE(plan("{author(where: {id: {_eq: 3}}) {id}}", "{}", "user"));
    ASSERT_EQ(plan_->dependencies[0].equalities.size(), 2U);
    EXPECT_EQ(plan_->dependencies[0].equalities[0].first->name, "tenant_id");
    EXPECT_EQ(plan_->dependencies[0].equalities[1].first->name, "id");
    ASSERT_TRUE(plan("{author_by_pk(id: 3) {articles {id}}}"));
    EXPECT_EQ(plan_->dependencies[0].equalities[0].second.source.text, "3");
    EXPECT_TRUE(plan_->dependencies[1].equalities.empty());
}

TEST_F(PlanTest, FunctionsTakeTheSessionAndTheParentRow) {
    ASSERT_TRUE(plan("{search_articles(args: {query: \"x\"}) {id author {full_name}}}"));
    const FunctionCall& call = *root().function;
    EXPECT_EQ(call.arguments[0].operand->source.text, "x");
    EXPECT_EQ(call.arguments[1].operand->source.kind, Source::Kind::kAllSession);
    EXPECT_TRUE(root().outputs[1].select->outputs[0].call->arguments[0].is_row);
}

TEST(JsonPath, IsTakenApart) {
    auto steps = [](std::string_view path) {
        return parse_json_path(path).value_or(std::vector<std::string>{"?"});
    };
    EXPECT_THAT(steps("$"), ElementsAre());
    EXPECT_THAT(steps("$.a.b"), ElementsAre("a", "b"));
    EXPECT_THAT(steps("a.b"), ElementsAre("a", "b"));
    EXPECT_THAT(steps("[0].x"), ElementsAre("0", "x"));
    EXPECT_THAT(steps("$['any key'][\"k\\\"\"]"), ElementsAre("any key", "k\""));
    EXPECT_THAT(steps("$['a b'][0].c"), ElementsAre("a b", "0", "c"));
    EXPECT_THAT(steps("a[\"b\"]"), ElementsAre("a", "b"));
    EXPECT_THAT(steps("$.['a'].[1]b"), ElementsAre("a", "1", "b")) << "dots may stand, and be left out";
    EXPECT_THAT(steps("$a.b-c"), ElementsAre("a", "b-c"));
    EXPECT_THAT(steps("['it\\'s \"so\"']"), ElementsAre("it's \"so\""));
    EXPECT_THAT(steps("[\"\\u00e9\\n.]\"]"), ElementsAre("\u00e9\n.]")) << "a JSON string";
    EXPECT_THAT(steps("['']"), ElementsAre(""));
    EXPECT_THAT(steps("stra\u00dfe"), ElementsAre("stra\u00dfe"));
    auto error = [](std::string_view path) {
        auto made = parse_json_path(path);
        return made ? "read" : made.error().message;
    };
    for (const char* wrong :
         {"",
          "$.",
          "a.",
          "a[]",
          "a[b]",
          "a[-1]",
          "1a",
          "a b",
          "a..b",
          "['a",
          "['a'",
          "['a']x y",
          "['\\",
          "['\\q']",
          "$$a",
          "[\"a']"})
        EXPECT_EQ(
            error(wrong),
            "parse json path error: " + std::string(wrong) +
                ". Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes enclosed in bracket "
                "([\"...\"]) if there is any special character"
        );
}

}  // namespace
}  // namespace weft::graphql
