#include "graphql/schema/detail/schema_for_test.h"

namespace weft::graphql {
namespace {

std::string printed(std::string_view sdl) {
    const auto schema = schema_of(sdl);
    const Mask mask = everything(*schema);
    return print_schema(View(*schema, mask));
}

TEST(PrintSchema, WritesWhatItRead) {
    constexpr std::string_view kWritten = R"SDL("""All of it"""
schema {
  query: Root
}

"""
Says
more
"""
directive @d(a: Int = 1, b: [String!]! = ["x"]) repeatable on FIELD | QUERY

enum Colour {
  RED

  """Like grass"""
  GREEN @deprecated
}

input Filter {
  """First"""
  a: Int = 5 @deprecated(reason: "\"b\"")

  """Second"""
  b: Filter
}

interface Node {
  id: ID!
}

input One @oneOf {
  a: Int
}

"""Says "hi\""""
type Root implements Node & Thing {
  id: ID!

  """A list"""
  list(
    """How many"""
    first: Int

    """From where"""
    after: String = "a\nb"
  ): [Thing!]!
  plain(a: Int, filter: Filter = {a: 5}): Colour @deprecated(reason: "why")
}

interface Thing implements Node {
  id: ID!
}

union Union = Root | Url2

scalar Url @specifiedBy(url: "https://url")

type Url2 {
  a: Url
})SDL";
    // The one thing that reads differently: a closing quote forces lines of its own.
    std::string expected(kWritten);
    const std::string_view odd = "\"\"\"Says \"hi\\\"\"\"\"";
    const auto at = expected.find(odd);
    expected.replace(at, odd.size(), "\"\"\"\nSays \"hi\"\n\"\"\"");
    EXPECT_EQ(printed(expected), expected);
}

TEST(PrintSchema, LeavesOutCommonRootsBuiltInsAndOrdersByName) {
    EXPECT_EQ(
        printed("type Query { b: B a: A } type B { x: Int } type A { x: Float }"),
        "type A {\n  x: Float\n}\n\ntype B {\n  x: Int\n}\n\ntype Query {\n  b: B\n  a: A\n}"
    );
}

TEST(PrintSchema, DescriptionsThatNoBlockStringHoldsAreQuoted) {
    EXPECT_EQ(
        printed("\"a \\u0007\\n\" type Query { a: Int }"), "\"a \\u0007\\n\"\ntype Query {\n  a: Int\n}"
    );
    EXPECT_EQ(printed("\" a\\n b\" scalar X"), "\" a\\n b\"\nscalar X");
    EXPECT_EQ(printed("\"  a\\nb\" scalar X"), "\"\"\"\n  a\nb\n\"\"\"\nscalar X");
}

TEST(PrintSchema, ShowsOnlyWhatTheViewShows) {
    const auto schema = schema_of(
        "type Query { a(x: Int, y: E): Int b: Secret } type Secret { c: Int } enum E { X Y } "
        "interface I { a(x: Int): Int }"
    );
    Mask mask(schema->elements());
    const Field& a = *schema->query->field("a");
    mask.add(a.element);
    mask.add(a.argument("y")->element);
    mask.add(schema->find("E")->value("Y")->element);
    schema->close(mask);
    EXPECT_EQ(print_schema(View(*schema, mask)), "enum E {\n  Y\n}\n\ntype Query {\n  a(y: E): Int\n}");
}

}  // namespace
}  // namespace weft::graphql
