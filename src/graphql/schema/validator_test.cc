#include "graphql/schema/detail/schema_for_test.h"

#include <gmock/gmock.h>

namespace weft::graphql {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> problems(std::string_view sdl) {
    std::vector<std::string> out;
    for (const SchemaError& each : validate_schema(*schema_of(sdl))) out.push_back(each.message);
    return out;
}

/// The problems of `sdl` beside a valid query root.
std::vector<std::string> more(std::string_view sdl) {
    return problems("type Query { a: Int } " + std::string(sdl));
}

TEST(ValidateSchema, TakesAValidOne) {
    EXPECT_THAT(
        more("interface A { f(x: Int): A } interface B implements A { f(x: Int): B! } "
             "type C implements A & B { f(x: Int, y: Int): C! } union U = C input I { i: I l: [I!]! s: "
             "String! = \"\" } "
             "enum E { X } directive @d(i: I) on FIELD"),
        IsEmpty()
    );
}

TEST(ValidateSchema, WantsRootsThatAreObjects) {
    EXPECT_THAT(problems("type A { b: Int }"), ElementsAre("Query root type must be provided."));
    EXPECT_THAT(
        problems("schema { query: I mutation: I subscription: I } input I { a: Int }"),
        ElementsAre(
            "Query root type must be Object type, it cannot be I.",
            "Mutation root type must be Object type if provided, it cannot be I.",
            "Subscription root type must be Object type if provided, it cannot be I."
        )
    );
}

TEST(ValidateSchema, WantsTypesOfTheRightKind) {
    EXPECT_THAT(
        more("input I { q: Query } type T { i: I f(q: Query): Int } directive @d(q: [Query]) on FIELD"),
        ElementsAre(
            "The type of @d(q:) must be Input Type but got: [Query].",
            "The type of I.q must be Input Type but got: Query.",
            "The type of T.i must be Output Type but got: I.",
            "The type of T.f(q:) must be Input Type but got: Query."
        )
    );
    EXPECT_THAT(
        more("union U = Int | Query | Query type T implements Query { a: Int }"),
        ElementsAre(
            "Union type U can only include Object types, it cannot include Int.",
            "Union type U can only include type Query once.",
            "Type T must only implement Interface types, it cannot implement Query."
        )
    );
}

TEST(ValidateSchema, WantsTypesThatHoldSomething) {
    EXPECT_THAT(
        more("type T interface F union U enum E input I"),
        ElementsAre(
            "Type T must define one or more fields.",
            "Type F must define one or more fields.",
            "Union type U must define one or more member types.",
            "Enum type E must define one or more values.",
            "Input Object type I must define one or more fields."
        )
    );
}

TEST(ValidateSchema, ReservesNames) {
    const auto found =
        more("type __T { __f(__a: Int): Int } enum E { __V } input I { __i: Int } directive @__d on FIELD");
    for (const char* name : {"__T", "__f", "__a", "__V", "__i", "__d"}) {
        EXPECT_THAT(
            found,
            Contains(
                std::string("Name \"") + name +
                "\" must not begin with \"__\", which is reserved by GraphQL introspection."
            )
        );
    }
    EXPECT_EQ(found.size(), 6u);
}

TEST(ValidateSchema, WantsInterfacesImplemented) {
    EXPECT_THAT(
        more("interface I { a: Int b: Int! c(x: Int): Int d(x: Int): Int e: Int } "
             "type T implements I & I { b: Int c: Int d(x: String): Int e(y: Int!, z: Int! = 1): Int }"),
        ElementsAre(
            "Interface field I.a expected but T does not provide it.",
            "Interface field I.b expects type Int! but T.b is type Int.",
            "Interface field argument I.c(x:) expected but T.c does not provide it.",
            "Interface field argument I.d(x:) expects type Int but T.d(x:) is type String.",
            "Object field T.e includes required argument y that is missing from the Interface field I.e.",
            "Type T can only implement I once."
        )
    );
}

TEST(ValidateSchema, WantsInterfacesOfInterfacesToo) {
    EXPECT_THAT(
        more("interface A { a: Int } interface B implements A { a: Int } type T implements B { a: Int }"),
        ElementsAre("Type T must implement A because it is implemented by B.")
    );
    EXPECT_THAT(
        more("interface A implements A { a: Int }"),
        ElementsAre("Type A cannot implement itself because it would create a circular reference.")
    );
    EXPECT_THAT(
        more("interface A implements B { a: Int } interface B implements A { a: Int }"),
        ElementsAre(
            "Type A cannot implement B because it would create a circular reference.",
            "Type B cannot implement A because it would create a circular reference."
        )
    );
}

TEST(ValidateSchema, TypesOfFieldsMayNarrow) {
    EXPECT_THAT(
        more("interface N { self: N u: U l: [N] } union U = T | S type S { a: Int } "
             "type T implements N { self: T! u: T l: [T!]! }"),
        IsEmpty()
    );
    EXPECT_THAT(
        more("interface N { l: [N] m: N } type T implements N { l: T m: [T] }"),
        ElementsAre(
            "Interface field N.l expects type [N] but T.l is type T.",
            "Interface field N.m expects type N but T.m is type [T]."
        )
    );
}

TEST(ValidateSchema, InputObjectsMustEnd) {
    EXPECT_THAT(
        more("input A { a: A! }"),
        ElementsAre(
            "Cannot reference Input Object \"A\" within itself through a series of non-null fields: \"a\"."
        )
    );
    EXPECT_THAT(
        more("input A { b: B! } input B { c: C! } input C { b: B! }"),
        ElementsAre(
            "Cannot reference Input Object \"B\" within itself through a series of non-null fields: \"c.b\"."
        )
    );
}

TEST(ValidateSchema, RequiredThingsCannotBeDeprecated) {
    EXPECT_THAT(
        more("type T { f(a: Int! @deprecated, b: Int! = 1 @deprecated): Int } "
             "input I { a: Int! @deprecated b: Int @deprecated } directive @d(a: Int! @deprecated) on FIELD"),
        ElementsAre(
            "Required argument @d(a:) cannot be deprecated.",
            "Required argument T.f(a:) cannot be deprecated.",
            "Required input field I.a cannot be deprecated."
        )
    );
}

TEST(ValidateSchema, OneOfFieldsAreOptional) {
    EXPECT_THAT(
        more("input I @oneOf { a: Int! b: Int = 1 c: Int }"),
        ElementsAre(
            "OneOf input field I.a must be nullable.", "OneOf input field I.b cannot have a default value."
        )
    );
}

}  // namespace
}  // namespace weft::graphql
