#include "graphql/schema/detail/schema_for_test.h"

#include <gmock/gmock.h>

namespace weft::graphql {
namespace {

using testing::HasSubstr;

TEST(BuildSchema, TakesRootsFromTheSchemaDefinitionAndItsExtensions) {
    const auto schema = schema_of(
        "extend schema { mutation: M } \"All of it\" schema { query: Q } type Q { a: Int } type M { b: Int } "
        "type Mutation { c: Int }"
    );
    EXPECT_EQ(schema->query->name, "Q");
    EXPECT_EQ(schema->mutation->name, "M");
    EXPECT_EQ(schema->subscription, nullptr);
    EXPECT_EQ(schema->description, "All of it");
}

TEST(BuildSchema, TakesRootsByTheirCommonNamesWithoutOne) {
    const auto schema = schema_of("type Query { a: Int } type Subscription { b: Int }");
    EXPECT_EQ(schema->query, schema->find("Query"));
    EXPECT_EQ(schema->mutation, nullptr);
    EXPECT_EQ(schema->subscription, schema->find("Subscription"));
}

TEST(BuildSchema, AddsExtensionsAfterTheDefinitionWhereverTheyStand) {
    const auto schema = schema_of(
        "extend type T implements I { b: Int } type T { a: Int } interface I { b: Int } extend enum E { Y } "
        "enum E { X } extend union U = T union U = S type S { a: Int } extend input In { b: Int = 2 } "
        "input In { a: Int } scalar Z extend scalar Z @specifiedBy(url: \"https://z\")"
    );
    EXPECT_EQ(schema->find("T")->fields[0].name, "a");
    EXPECT_EQ(schema->find("T")->fields[1].name, "b");
    EXPECT_EQ(schema->find("I")->possible[0], schema->find("T"));
    EXPECT_EQ(schema->find("E")->values[1].name, "Y");
    EXPECT_EQ(schema->find("U")->possible[1], schema->find("T"));
    EXPECT_EQ(schema->find("In")->input_field("b")->default_text, "2");
    EXPECT_EQ(schema->find("Z")->specified_by_url, "https://z");
}

TEST(BuildSchema, ReadsDirectivesThatMeanSomething) {
    const auto schema = schema_of(
        "type Query { a: Int @deprecated b: Int @deprecated(reason: \"old\") c: Int @deprecated(reason: "
        "null) } "
        "input One @oneOf { a: Int } scalar Url @specifiedBy(url: \"https://url\") "
        "directive @mine(a: Int = 1) repeatable on FIELD | QUERY"
    );
    EXPECT_EQ(schema->query->field("a")->deprecation, "No longer supported");
    EXPECT_EQ(schema->query->field("b")->deprecation, "old");
    EXPECT_EQ(schema->query->field("c")->deprecation, std::nullopt);
    EXPECT_TRUE(schema->find("One")->is_one_of);
    EXPECT_EQ(schema->find("Url")->specified_by_url, "https://url");
    EXPECT_TRUE(schema->directive("mine")->is_repeatable);
    EXPECT_THAT(schema->directive("mine")->locations, testing::ElementsAre("FIELD", "QUERY"));
    EXPECT_EQ(schema->directive("mine")->argument("a")->default_text, "1");
}

TEST(BuildSchema, SpecifiedDirectivesMayBeDefinedAnewButNotBuiltInTypes) {
    const auto schema = schema_of("directive @skip(unless: Int) on FIELD type String { a: Int }");
    EXPECT_EQ(schema->directive("skip")->argument("if"), nullptr);
    EXPECT_NE(schema->directive("skip")->argument("unless"), nullptr);
    EXPECT_TRUE(schema->find("String")->is_builtin_scalar);
}

TEST(BuildSchema, CoercesDefaults) {
    const auto schema = schema_of(R"(
        type Query { f(
          float: Float = 1, big: Float = 1.5e30, whole: Float = 1.0, small: Float = 0.00000012,
          list: [[Int]] = 1, id: ID = "7", name: ID = "x", block: String = """a
          b""", object: I = {b: 5}, any: Any = {x: [Y, 1.50]}, word: Any = Y, none: I = null,
          e: [E!] = [A, B],
          wrong: Int = "a", huge: Int = 2147483648, unknown: E = C
        ): Int }
        input I { a: Int = 3, b: Float, c: [J] = {} }
        input J { d: I, e: String = "s" }
        enum E { A B }
        scalar Any
    )");
    const Field& field = *schema->query->field("f");
    const auto text = [&](const char* name) { return field.argument(name)->default_text; };
    EXPECT_EQ(text("float"), "1");
    EXPECT_EQ(text("big"), "1.5e+30");
    EXPECT_EQ(text("whole"), "1");
    EXPECT_EQ(text("small"), "1.2e-7");
    EXPECT_EQ(text("list"), "[[1]]");
    EXPECT_EQ(text("id"), "7");
    EXPECT_EQ(text("name"), "\"x\"");
    EXPECT_EQ(text("block"), "\"a\\nb\"");
    EXPECT_EQ(text("object"), "{a: 3, b: 5, c: [{e: \"s\"}]}");
    EXPECT_EQ(text("any"), "{x: [Y, 1.50]}");
    EXPECT_EQ(text("word"), "\"Y\"");
    EXPECT_EQ(text("none"), "null");
    EXPECT_EQ(text("e"), "[A, B]");
    for (const char* name : {"wrong", "huge", "unknown"}) {
        EXPECT_EQ(text(name), "") << name;
        EXPECT_FALSE(field.argument(name)->default_value) << name;
    }
    EXPECT_EQ(field.argument("object")->default_value.kind, Value::Kind::kObject);
    EXPECT_EQ(field.argument("object")->default_value.fields[1].value.text, "5");
}

TEST(BuildSchema, ADefaultThatNeedsItselfIsNone) {
    const auto schema = schema_of("input A { a: A = {} b: Int } type Query { f(a: A = {b: 1}): Int }");
    EXPECT_EQ(schema->query->field("f")->argument("a")->type.text(), "A");
    EXPECT_EQ(schema->find("A")->input_field("a")->default_text, "{}");
}

TEST(BuildSchema, DefaultsThatDoubleAtEveryLevelEnd) {
    std::string sdl = "input I40 { x: Int = 1 } ";
    for (int i = 0; i < 40; ++i) {
        const std::string next = ": I" + std::to_string(i + 1) + " = {} ";
        sdl += "input I" + std::to_string(i) + " { a" + next + "b" + next + "} ";
    }
    const auto schema = schema_of(sdl);
    EXPECT_EQ(schema->find("I38")->input_field("a")->default_text, "{a: {x: 1}, b: {x: 1}}");
    EXPECT_EQ(schema->find("I0")->input_field("a")->type.text(), "I1");
    std::size_t longest = 0;
    for (const Type* type : schema->types()) {
        for (const InputValue& each : type->input_fields) {
            longest = std::max(longest, each.default_text.size());
        }
    }
    EXPECT_GT(longest, 1'000u);
    EXPECT_LT(longest, 300'000u);
}

TEST(BuildSchema, NamesTheFirstProblem) {
    const std::pair<const char*, const char*> cases[] = {
        {"type A { b: B }", "Unknown type \"B\"."},
        {"type A { b(c: [C!]): Int }", "Unknown type \"C\"."},
        {"type A implements I { b: Int }", "Unknown type \"I\"."},
        {"union U = X", "Unknown type \"X\"."},
        {"schema { query: Q }", "Unknown type \"Q\"."},
        {"type A { b: Int } type A { c: Int }", "There can be only one type named \"A\"."},
        {"type A { b: Int b: Int }", "Field \"A.b\" can only be defined once."},
        {"type A { b: Int } extend type A { b: Int }", "Field \"A.b\" can only be defined once."},
        {"input A { b: Int b: Int }", "Field \"A.b\" can only be defined once."},
        {"type A { b(c: Int c: Int): Int }", "Argument \"A.b(c:)\" can only be defined once."},
        {"directive @d(c: Int c: Int) on FIELD", "Argument \"@d(c:)\" can only be defined once."},
        {"enum E { A A }", "Enum value \"E.A\" can only be defined once."},
        {"directive @d on FIELD directive @d on FIELD", "There can be only one directive named \"@d\"."},
        {"schema { query: A query: A } type A { b: Int }", "There can be only one query type in schema."},
        {"schema { query: A } schema { query: A } type A { b: Int }",
         "Must provide only one schema definition."},
        {"extend type A { b: Int }", "Cannot extend type \"A\" because it is not defined."},
        {"enum A { B } extend type A { b: Int }", "Cannot extend non-object type \"A\"."},
        {"type A @d { b: Int }", "Unknown directive \"@d\"."},
        {"type A @skip(if: true) { b: Int }", "Directive \"@skip\" may not be used on OBJECT."},
        {"type A { b: Int @deprecated @deprecated }",
         "The directive \"@deprecated\" can only be used once at this location."},
        {"input A @oneOf { b: Int } extend input A @oneOf",
         "The directive \"@oneOf\" can only be used once at this location."},
        {"scalar A @specifiedBy",
         "Directive \"@specifiedBy\" argument \"url\" of type \"String!\" is required, but it was not "
         "provided."},
        {"type A { b: Int @deprecated(why: 1) }", "Unknown argument \"why\" on directive \"@deprecated\"."},
        {"type A { b: Int @deprecated(reason: \"\", reason: \"\") }",
         "There can be only one argument named \"reason\"."},
        {"type A { b: Int @deprecated(reason: 1) }", "Argument \"reason\" has invalid value 1."},
        {"type A { b(c: C = {d: 1, d: 1}): Int } input C { d: Int }",
         "There can be only one input field named \"d\"."},
    };
    for (const auto& [sdl, message] : cases) EXPECT_EQ(build_error(sdl), message) << sdl;
}

TEST(BuildSchema, RefusesMoreWrappersThanATypeUseHolds) {
    EXPECT_EQ(
        build_error("type Query { a: [[[[[[[[Int!]!]!]!]!]!]!]!]! }"),
        "A type has at most 16 list and non-null wrappers."
    );
    EXPECT_EQ(build_error("type Query { a: [[[[[[[Int!]!]!]!]!]!]!]! }"), "");
}

TEST(BuildSchema, BuildsWhatIsOnlyInvalid) {
    EXPECT_EQ(build_error("type Foo { a: In } input In { f: Foo } type __X union U"), "");
}

TEST(ExtendSchema, AddsTypesToASchemaUnderConstruction) {
    Schema schema;
    schema.query = &schema.add(TypeKind::kObject, "query_root");
    const auto sdl =
        parse("type Out { id: ID! } input In { a: Int = 1 } extend type query_root { act(in: In = {}): Out }"
        );
    ASSERT_TRUE(sdl);
    ASSERT_TRUE(extend_schema(schema, **sdl));
    schema.finish();
    EXPECT_EQ(schema.query->field("act")->argument("in")->default_text, "{a: 1}");
    EXPECT_TRUE(validate_schema(schema).empty());
}

TEST(ExtendSchema, ChangesNothingOnAnError) {
    Schema schema;
    Type& root = schema.add(TypeKind::kObject, "query_root");
    schema.query = &root;
    const std::size_t types = schema.types().size();
    const std::size_t directives = schema.directives().size();
    const std::pair<const char*, const char*> cases[] = {
        {"type query_root { a: Int }", "already exists in the schema"},
        {"directive @skip on FIELD", "cannot be redefined"},
        {"schema { query: query_root }", "Cannot define a new schema"},
        {"type Out { in: In } input In { a: Int } directive @d on FIELD extend type query_root { a: Out }",
         "The type of Out.in must be Output Type but got: In."},
        {"extend type query_root implements I { a: Int } interface I { b: Int }",
         "Interface field I.b expected but query_root does not provide it."},
        {"extend type query_root { a: Int } input A { a: A! }", "Cannot reference Input Object \"A\""},
        {"extend type query_root { a: Int } type B { a: Int @deprecated(reason: 1) }", "invalid value"},
    };
    for (const auto& [text, message] : cases) {
        const auto sdl = parse(text);
        ASSERT_TRUE(sdl) << text;
        const auto extended = extend_schema(schema, **sdl);
        ASSERT_FALSE(extended) << text;
        EXPECT_THAT(extended.error().message, HasSubstr(message));
        EXPECT_EQ(schema.types().size(), types);
        EXPECT_EQ(schema.directives().size(), directives);
        EXPECT_TRUE(root.fields.empty());
        EXPECT_TRUE(root.interfaces.empty());
        for (const char* name : {"Out", "In", "I", "A", "B"}) EXPECT_EQ(schema.find(name), nullptr);
    }
}

}  // namespace
}  // namespace weft::graphql
