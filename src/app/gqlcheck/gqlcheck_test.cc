#include "app/gqlcheck/gqlcheck.h"

#include <gtest/gtest.h>

namespace weft::gqlcheck {
namespace {

constexpr std::string_view kSchema = R"({"schema":"type Query { a: Int b(c: Int!): Query }",)";

std::string ask(std::string_view rest) {
    return Checker().answer(std::string(kSchema) + std::string(rest) + "}");
}

TEST(GqlCheck, ReportsEveryRuleWithLocations) {
    EXPECT_EQ(ask(R"("query":"{ a }")"), R"({"errors":[]})");
    EXPECT_EQ(
        ask(R"("query":"{ a\n  b }")"),
        R"({"errors":[{"message":"Field \"b\" of type \"Query\" must have a selection of subfields.)"
        R"( Did you mean \"b { ... }\"?","locations":[{"line":2,"column":3}]},)"
        R"({"message":"Field \"b\" argument \"c\" of type \"Int!\" is required, but it was not provided.",)"
        R"("locations":[{"line":2,"column":3}]}]})"
    );
}

TEST(GqlCheck, RunsOneRuleWhenAsked) {
    EXPECT_EQ(
        ask(R"("query":"{ b }","rule":"ProvidedRequiredArgumentsRule")"),
        R"({"errors":[{"message":"Field \"b\" argument \"c\" of type \"Int!\" is required, but it was not)"
        R"( provided.","locations":[{"line":1,"column":3}]}]})"
    );
    EXPECT_EQ(ask(R"("query":"{ b }","rule":"KnownTypeNamesRule")"), R"({"errors":[]})");
    EXPECT_EQ(
        ask(R"("query":"{ a }","rules":["ScalarLeafsRule","KnownTypeNamesRule"])"),
        R"({"by_rule":{"ScalarLeafsRule":[],"KnownTypeNamesRule":[]},"errors":[]})"
    );
}

TEST(GqlCheck, DepthOfIntrospectionIsCheckedOnlyOnRequest) {
    const std::string query =
        R"("query":"{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }")";
    EXPECT_EQ(ask(query), R"({"errors":[]})");
    EXPECT_TRUE(ask(query + R"(,"rule":"MaxIntrospectionDepthRule")").contains("Maximum introspection depth")
    );
}

TEST(GqlCheck, SyntaxErrorsAndBadSchemasAreErrors) {
    EXPECT_EQ(
        ask(R"("query":"{ a")"),
        R"({"errors":[{"message":"Syntax Error: Expected Name, found <EOF>.","locations":[{"line":1,"column":4}]}]})"
    );
    EXPECT_TRUE(Checker().answer(R"({"schema":"type Query {","query":"{ a }"})").contains("Syntax Error"));
    EXPECT_TRUE(Checker().answer(R"({"schema":"type Query { a: Nope }","query":"{ a }"})").contains("Nope"));
    EXPECT_TRUE(Checker().answer("[]").contains("JSON object"));
    EXPECT_TRUE(Checker().answer("{").contains("errors"));
}

TEST(GqlCheck, PrintsAndIntrospects) {
    EXPECT_EQ(ask(R"("query":"{a}","print":true)"), R"({"printed":"{\n  a\n}","errors":[]})");
    EXPECT_EQ(
        ask(R"("query":"{ t: __type(name: \"Query\") { name } __schema @skip(if: true) { __typename } }","introspect":true)"
        ),
        R"({"data":{"t":{"name":"Query"}},"errors":[]})"
    );
}

TEST(GqlCheck, KeepsTheSchemaForTheNextRequest) {
    Checker checker;
    checker.answer(std::string(kSchema) + R"("query":"{ a }"})");
    EXPECT_EQ(checker.answer(R"({"query":"{ a }"})"), R"({"errors":[]})");
    EXPECT_TRUE(checker.answer(R"({"query":"{ c }"})").contains("Cannot query field"));
}

}  // namespace
}  // namespace weft::gqlcheck
