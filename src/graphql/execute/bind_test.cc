#include "graphql/execute/detail/bind.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

Variables given(std::string_view name, std::string_view json) {
    Variables out;
    Variables::One one{.name = name, .is_given = true};
    one.value = *parse_json(json);
    out.all.push_back(std::move(one));
    return out;
}

Source variable(Source::Shape shape, std::vector<std::string> path = {}) {
    return {.kind = Source::Kind::kVariable, .shape = shape, .variable = 0, .path = std::move(path)};
}

std::string bound(const Source& source, std::string_view json) {
    auto value = value_of(source, given("v", json), {});
    if (!value) return "FAILED " + value.error().message;
    return value->value_or("NULL");
}

TEST(Bind, GivesScalarsAsPostgresqlReadsThem) {
    EXPECT_EQ(bound(variable(Source::Shape::kText), "12"), "12");
    EXPECT_EQ(bound(variable(Source::Shape::kText), "true"), "true");
    EXPECT_EQ(bound(variable(Source::Shape::kText), R"("a\"b")"), "a\"b");
    EXPECT_EQ(bound(variable(Source::Shape::kText), "null"), "NULL");
}

TEST(Bind, GivesJsonAsText) {
    EXPECT_EQ(bound(variable(Source::Shape::kJson), R"({"a":[1,"x"]})"), R"({"a":[1,"x"]})");
    EXPECT_EQ(bound(variable(Source::Shape::kJson), "null"), "null");
}

TEST(Bind, GivesListsAsOneArray) {
    EXPECT_EQ(bound(variable(Source::Shape::kArray), "[1,2,null]"), R"({"1","2",NULL})");
    EXPECT_EQ(bound(variable(Source::Shape::kArray), "7"), R"({"7"})");
    EXPECT_EQ(bound(variable(Source::Shape::kArray), "\"{1,2}\""), "{1,2}");
    EXPECT_EQ(
        bound(variable(Source::Shape::kArray), R"([["a\"",null],["b",1.5]])"), R"({{"a\"",NULL},{"b","1.5"}})"
    );
}

TEST(Bind, WritesNumbersOut) {
    EXPECT_EQ(bound(variable(Source::Shape::kText), "2.5"), "2.5");
    EXPECT_EQ(bound(variable(Source::Shape::kText), "19.90"), "19.90");
    EXPECT_EQ(bound(variable(Source::Shape::kText), "123456789012345678901"), "123456789012345678901");
    EXPECT_EQ(bound(variable(Source::Shape::kText), "1e6"), "1000000");
    EXPECT_EQ(bound(variable(Source::Shape::kText), "-1e-7"), "-0.0000001");
    EXPECT_EQ(
        bound(variable(Source::Shape::kJson), R"({"a":[1e3,{"b":0.250}]})"), R"({"a":[1e3,{"b":0.250}]})"
    );
}

TEST(Bind, TakesPathsIntoJsonApart) {
    EXPECT_EQ(bound(variable(Source::Shape::kJsonPath), R"("$.a[0]['b c']")"), R"({"a","0","b c"})");
    const Source written{.shape = Source::Shape::kJsonPath, .text = "a.b"};
    EXPECT_EQ(bound(written, "null"), R"({"a","b"})");
    const Source broken{.shape = Source::Shape::kJsonPath, .text = "a.b["};
    EXPECT_TRUE(bound(broken, "null").starts_with("FAILED parse json path error: a.b[. Accept"));
}

TEST(Bind, FindsPartsOfAVariable) {
    const std::string_view json = R"({"id":{"_in":[5,6]},"list":[{"a":1},{"a":2}]})";
    EXPECT_EQ(bound(variable(Source::Shape::kText, {"list", "1", "a"}), json), "2");
    EXPECT_EQ(bound(variable(Source::Shape::kArray, {"id", "_in"}), json), R"({"5","6"})");
    EXPECT_EQ(bound(variable(Source::Shape::kText, {"list", "7", "a"}), json), "NULL");
    EXPECT_EQ(bound(variable(Source::Shape::kText, {"nothing"}), json), "NULL");
    // A lone value of a list type is a list of one.
    EXPECT_EQ(bound(variable(Source::Shape::kText, {"0"}), "3"), "3");
}

TEST(Bind, TakesSessionVariablesOrSaysWhichIsMissing) {
    Session session;
    session.variables["x-hasura-user-id"] = "5";
    Source source{.kind = Source::Kind::kSession, .text = "x-hasura-user-id"};
    EXPECT_EQ(value_of(source, {}, session).value(), "5");
    source.text = "x-hasura-org";
    auto missing = value_of(source, {}, session);
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().message, "missing session variables: \"x-hasura-org\"");
    EXPECT_EQ(missing.error().code, "not-found");
    EXPECT_EQ(missing.error().path, "$");
}

TEST(Bind, GivesAllSessionVariablesAsOneObject) {
    Session session;
    session.variables = {{"x-hasura-role", "user"}, {"x-hasura-user-id", "5"}};
    const Source source{.kind = Source::Kind::kAllSession};
    EXPECT_EQ(value_of(source, {}, session).value(), R"({"x-hasura-role":"user","x-hasura-user-id":"5"})");
}

}  // namespace
}  // namespace weft::graphql::detail
