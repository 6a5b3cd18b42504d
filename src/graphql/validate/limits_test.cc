#include "graphql/validate/detail/test_support.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace weft::graphql {

namespace {

using ::testing::HasSubstr;
using testing::parsed;

std::string checked(std::string_view text, OperationLimits limits = {}) {
    auto document = parsed(text);
    auto out = check_limits(*document, *document->operations[0], limits);
    return out ? "" : out.error().message;
}

std::string repeated(std::string_view piece, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += fmt::format(fmt::runtime(piece), i);
    return out;
}

TEST(Limits, LetOrdinaryOperationsPass) {
    EXPECT_EQ(
        checked(
            "query Q($a: Int) { a(x: $a) { ...F ... on T @include(if: true) { b } } } fragment F on T { c }"
        ),
        ""
    );
}

TEST(Limits, Depth) {
    EXPECT_EQ(checked("{ a { b { c } } }", {.depth_max = 3}), "");
    EXPECT_EQ(
        checked("{ a { b { c } } }", {.depth_max = 2}),
        "the selection is more than 2 levels deep; split the operation"
    );
    EXPECT_NE(checked("{ a { ...F } } fragment F on T { b { c } }", {.depth_max = 2}), "");
    EXPECT_EQ(checked("{ a { ... { ... { b } } } }", {.depth_max = 2}), "");
    EXPECT_EQ(checked("{ __schema { types { fields { type { name } } } } }", {.depth_max = 2}), "");
    EXPECT_NE(checked("{ __schema { types { name } } a { b { c } } }", {.depth_max = 2}), "");
}

TEST(Limits, FieldsAreCountedAfterExpansion) {
    EXPECT_EQ(checked("{ ...F ...F } fragment F on T { a b }", {.fields_max = 4}), "");
    EXPECT_THAT(
        checked("{ ...F ...F } fragment F on T { a b }", {.fields_max = 3}), HasSubstr("more than 3 fields")
    );
}

TEST(Limits, AliasesOfOneField) {
    EXPECT_EQ(checked("{ " + repeated("a{}: f ", 30) + "}"), "");
    EXPECT_EQ(
        checked("{ " + repeated("a{}: f ", 31) + "}"),
        "the field \"f\" is selected more than 30 times side by side; ask for less at a time"
    );
    EXPECT_NE(
        checked(
            "{ ...F ... { " + repeated("a{}: f ", 20) + "} } fragment F on T { " + repeated("b{}: f ", 20) +
            "}"
        ),
        ""
    );
    EXPECT_EQ(checked("{ " + repeated("f ", 100) + "}"), "") << "fields that are merged are one";
    EXPECT_EQ(checked("{ " + repeated("a{}: f ", 20) + "x { " + repeated("a{}: f ", 20) + "} }"), "");
}

TEST(Limits, DirectivesVariablesAndLists) {
    EXPECT_THAT(checked("{ f " + repeated("@d{} ", 26) + "}"), HasSubstr("more than 25 directives"));
    EXPECT_THAT(
        checked("query (" + repeated("$v{}: Int ", 51) + ") { f }"), HasSubstr("more than 50 variables")
    );
    EXPECT_EQ(checked("{ f(a: {b: [" + repeated("{} ", 1'000) + "]}) }"), "");
    EXPECT_EQ(
        checked("{ f(a: {b: [" + repeated("{} ", 1'001) + "]}) }"),
        "a list has 1001 values; at most 1000 are allowed"
    );
    EXPECT_NE(checked("query ($a: [Int] = [" + repeated("{} ", 1'001) + "]) { f }"), "");
}

TEST(Limits, OnlyTheChosenOperationCounts) {
    auto document = parsed("query A { a { b } } query B { a }");
    EXPECT_FALSE(check_limits(*document, *document->operations[0], {.depth_max = 1}));
    EXPECT_TRUE(check_limits(*document, *document->operations[1], {.depth_max = 1}));
}

TEST(Limits, CyclesAreLeftToTheRules) {
    EXPECT_EQ(checked("{ ...F } fragment F on T { a { ...G } } fragment G on T { ...F }"), "");
}

}  // namespace

}  // namespace weft::graphql
