#include "graphql/validate/detail/test_support.h"

#include <gmock/gmock.h>

#include <chrono>

namespace weft::graphql {

namespace {

using testing::Api;
using testing::parsed;

constexpr std::string_view kCoerceSdl = R"(
scalar jsonb
enum order { asc desc }
input point { x: Int! y: Int = 7 tags: [String!] order: order }
input filter { _and: [filter!] id: cmp name: String }
input cmp { _eq: Int _in: [Int!] }
input choice @oneOf { a: Int b: String }
type Query {
  f(id: Int, ids: [Int], p: point, w: filter, o: [order!], c: choice, j: jsonb, id2: ID, b: Boolean,
    x: Float, s: String): Int
  g: Query
}
)";

class Coerce : public ::testing::Test {
  protected:
    Outcome<Variables> run(
        std::string_view definitions, std::string_view values, std::string_view rest = "{ g { g { f } } }"
    ) {
        document_ = parsed("query Q(" + std::string(definitions) + ") " + std::string(rest));
        given_ = parse_json(values)->get_object();
        return coerce_variables(api_.view(), *document_->operations[0], given_, 5, document_.get());
    }
    std::string value(std::string_view type, std::string_view json) {
        auto out = run("$v: " + std::string(type), "{\"v\":" + std::string(json) + "}");
        return out ? to_text(out->all[0].value) : out.error().message;
    }
    std::string path(std::string_view type, std::string_view json) {
        auto out = run("$v: " + std::string(type), "{\"v\":" + std::string(json) + "}");
        return out ? "" : out.error().path;
    }
    std::string shape(std::string_view type, std::string_view json) {
        auto out = run("$v: " + std::string(type), "{\"v\":" + std::string(json) + "}");
        return out ? out->shape : out.error().message;
    }

    Api api_{kCoerceSdl};
    std::unique_ptr<Document> document_;
    JsonObject given_;
};

TEST_F(Coerce, KeepsAndConvertsBuiltInScalars) {
    EXPECT_EQ(value("Int", "5"), "5");
    EXPECT_EQ(value("Int", "5.0"), "5");
    EXPECT_EQ(value("Int", "-2147483648"), "-2147483648");
    EXPECT_EQ(value("Float", "5"), "5");
    EXPECT_EQ(value("ID", "7"), "\"7\"");
    EXPECT_EQ(value("ID", "\"x\""), "\"x\"");
    EXPECT_EQ(value("Boolean", "true"), "true");
    EXPECT_EQ(value("String", "null"), "null");
    EXPECT_EQ(value("jsonb", R"({"a":[1,"b"]})"), R"({"a":[1,"b"]})");
}

TEST_F(Coerce, RefusesWrongScalarsWithHasurasWords) {
    EXPECT_EQ(value("Int", "\"5\""), "expected a 32-bit integer for type \"Int\", but found a string");
    EXPECT_EQ(value("String", "5"), "expected a string for type \"String\", but found a number");
    EXPECT_EQ(value("Boolean", "1"), "expected a boolean for type \"Boolean\", but found a number");
    EXPECT_EQ(value("Float", "\"1\""), "expected a float for type \"Float\", but found a string");
    EXPECT_EQ(
        value("ID", "{}"), "expected a String or a 32-bit integer for type \"ID\", but found an object"
    );
    EXPECT_EQ(value("Int!", "null"), "unexpected null value for type \"Int\"");
    EXPECT_EQ(value("[Int]!", "null"), "expected a list, but found null");
    EXPECT_EQ(value("point!", "null"), "expected an object for type \"point\", but found null");
}

TEST_F(Coerce, RefusesNumbersThatAreNoInt) {
    constexpr std::string_view kTail =
        " lies outside the bounds or is not an integer.  Maybe it is a float, or is there integer overflow?";
    for (auto [given, shown] :
         {std::pair{"2147483648", "2.147483648e9"},
          {"1.5", "1.5"},
          {"0.15", "0.15"},
          {"-3000000000", "-3.0e9"},
          {"1e30", "1.0e30"},
          {"0.015", "1.5e-2"}})
        EXPECT_EQ(value("Int", given), "The value " + std::string(shown) + std::string(kTail));
    EXPECT_EQ(run("$v: Int", R"({"v":1.5})").error().code, "parse-failed");
}

TEST_F(Coerce, MakesListsOfSingleValues) {
    EXPECT_EQ(value("[Int]", "5"), "[5]");
    EXPECT_EQ(value("[[Int]]", "5"), "[[5]]");
    EXPECT_EQ(value("[Int]", "[1,null]"), "[1,null]");
    EXPECT_EQ(value("[Int]", "null"), "null");
    EXPECT_EQ(path("[Int!]", "[1,null]"), "$.variableValues.v[1]");
}

TEST_F(Coerce, ChecksInputObjects) {
    EXPECT_EQ(value("point", R"({"x":1})"), R"({"x":1})");
    EXPECT_EQ(value("point", R"({"y":1})"), "missing required field \"x\"");
    EXPECT_EQ(path("point", R"({"y":1})"), "$.variableValues.v.x");
    EXPECT_EQ(value("point", R"({"x":1,"z":1})"), "field \"z\" not found in type: 'point'");
    EXPECT_EQ(path("point", R"({"x":1,"odd key":1})"), "$.variableValues.v['odd key']");
    EXPECT_EQ(value("point", "[]"), "expected an object for type \"point\", but found a list");
    EXPECT_EQ(value("choice", R"({"a":1})"), R"({"a":1})");
    EXPECT_EQ(
        value("choice", R"({"a":1,"b":"x"})"),
        "exactly one field has to be given for the oneOf type \"choice\""
    );
    EXPECT_EQ(value("choice", R"({"a":null})"), "unexpected null value for type \"Int\"");
}

TEST_F(Coerce, TakesEnumsFromStrings) {
    EXPECT_EQ(value("order", "\"asc\""), "\"asc\"");
    EXPECT_EQ(
        value("order", "\"up\""),
        "expected one of the values asc or desc for type \"order\", but found \"up\""
    );
    EXPECT_EQ(value("order", "1"), "expected an enum value for type \"order\", but found a number");
}

TEST_F(Coerce, NamesOnlyEnumValuesThatTheRoleSees) {
    const Type& order = *api_.schema().find("order");
    Mask mask(api_.schema().elements());
    for (Element e = 0; e < api_.schema().elements(); ++e) {
        if (e != order.value("asc")->element) mask.add(e);
    }
    api_.mask() = mask;
    EXPECT_EQ(
        value("order", "\"asc\""), "expected one of the values desc for type \"order\", but found \"asc\""
    );
}

TEST_F(Coerce, BoundsLists) {
    EXPECT_EQ(value("[Int]", "[1,2,3,4,5,6]"), "a list has 6 values; at most 5 are allowed");
    EXPECT_EQ(value("jsonb", "[1,2,3,4,5,6]"), "[1,2,3,4,5,6]");
}

TEST_F(Coerce, ReportsMissingAndUnexpectedVariablesFirst) {
    auto missing = run("$a: Int, $v: Int!", R"({"a":"x"})");
    EXPECT_EQ(missing.error().message, "expecting a value for non-nullable variable: \"v\"");
    EXPECT_EQ(missing.error().path, "$");
    auto unexpected = run("$a: Int", R"({"a":"x","b":1,"c":2})");
    EXPECT_EQ(unexpected.error().message, "unexpected variables in variableValues: b, c");
}

TEST_F(Coerce, FillsInDefaultsOfVariables) {
    auto out = run("$a: Int = 3, $b: [order] = asc, $c: Int, $d: Int! = 1", "{\"d\":2}");
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(to_text(out->find("a")->value), "3");
    EXPECT_EQ(to_text(out->find("b")->value), "[\"asc\"]");
    EXPECT_FALSE(out->find("c")->is_given);
    EXPECT_EQ(to_text(out->find("d")->value), "2");
    EXPECT_EQ(out->find("e"), nullptr);
}

TEST_F(Coerce, PointsToTheFirstUseOfAVariable) {
    auto error = [&](std::string_view rest) { return run("$v: Int", R"({"v":"x"})", rest).error().path; };
    EXPECT_EQ(
        error("{ a: g { f(p: {x: 1, tags: [], y: $v}) } }"), "$.selectionSet.g.selectionSet.f.args.p.y"
    );
    EXPECT_EQ(
        error("{ g { ...F } } fragment F on Query { ...F f(id: $v) }"),
        "$.selectionSet.g.selectionSet.f.args.id"
    );
    EXPECT_EQ(error("{ f(ids: [1, $v]) }"), "$.selectionSet.f.args.ids[1]");
    EXPECT_EQ(error("{ f }"), "$.variableValues.v");
}

TEST_F(Coerce, ShapeIgnoresScalarsAndSeesStructure) {
    EXPECT_EQ(shape("Int", "1"), shape("Int", "2"));
    EXPECT_NE(shape("Int", "1"), shape("Int", "null"));
    EXPECT_NE(shape("Boolean", "true"), shape("Boolean", "false"));
    EXPECT_NE(shape("order", "\"asc\""), shape("order", "\"desc\""));
    EXPECT_EQ(shape("[Int]", "[1]"), shape("[Int]", "[2,3]"));
    EXPECT_NE(shape("[Int]", "[1]"), shape("[Int]", "[2,null]"));
    EXPECT_EQ(shape("filter", R"({"id":{"_eq":1}})"), shape("filter", R"({"id":{"_eq":2}})"));
    EXPECT_NE(shape("filter", R"({"id":{"_eq":1}})"), shape("filter", R"({"id":{"_in":1}})"));
    EXPECT_EQ(shape("filter", R"({"id":{"_in":[1,2]}})"), shape("filter", R"({"id":{"_in":3}})"));
    EXPECT_NE(shape("[filter]", "[{}]"), shape("[filter]", "[{},{}]"));
    EXPECT_NE(shape("[filter]", "[{},null]"), shape("[filter]", "[null,{}]"));
    EXPECT_EQ(shape("jsonb", "{}"), shape("jsonb", "[1]"));
    EXPECT_NE(run("$v: Int", "{}")->shape, run("$v: Int", R"({"v":null})")->shape);
}

TEST_F(Coerce, ChoosesAnOperation) {
    auto one = parsed("{ g { f } }");
    auto two = parsed("query A { g { f } } query B { g { f } } fragment F on Query { f }");
    EXPECT_EQ(*choose_operation(*one, ""), one->operations[0]);
    EXPECT_EQ(*choose_operation(*two, "B"), two->operations[1]);
    EXPECT_EQ(choose_operation(*two, "C").error().message, "no such operation found in the document: \"C\"");
    EXPECT_EQ(
        choose_operation(*two, "").error().message,
        "exactly one operation has to be present in the document when operationName is not specified"
    );
    EXPECT_EQ(
        choose_operation(*one, "A").error().message,
        "operationName cannot be used when an anonymous operation exists in the document"
    );
}

TEST_F(Coerce, AppliesSkipAndInclude) {
    auto kept = [&](std::string_view directives) {
        auto values = run(
            "$t: Boolean!, $f: Boolean!", R"({"t":true,"f":false})", "{ f " + std::string(directives) + "}"
        );
        return includes(document_->operations[0]->selections[0].directives, *values);
    };
    EXPECT_TRUE(kept(""));
    EXPECT_FALSE(kept("@skip(if: true)"));
    EXPECT_TRUE(kept("@skip(if: $f)"));
    EXPECT_TRUE(kept("@include(if: $t) @skip(if: false)"));
    EXPECT_FALSE(kept("@include(if: $t) @skip(if: $t)"));
    EXPECT_FALSE(kept("@include(if: $f)"));
}

TEST(Path, QuotesWhatIsNoIdentifier) {
    Path path;
    path.key("selectionSet").key("a_1");
    auto mark = path.mark();
    path.key("it's").index(3).key("9");
    EXPECT_EQ(path.text(), "$.selectionSet.a_1['it\\'s'][3]['9']");
    path.back_to(mark);
    EXPECT_EQ(path.text(), "$.selectionSet.a_1");
}

}  // namespace

}  // namespace weft::graphql
