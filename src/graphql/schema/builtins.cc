#include "graphql/schema/detail/builtins.h"

#include "graphql/schema/detail/find.h"

#include <array>

namespace weft::graphql {

namespace {

constexpr std::array<std::string_view, 8> kIntrospectionTypes = {
    "__Schema",
    "__Type",
    "__TypeKind",
    "__Field",
    "__InputValue",
    "__EnumValue",
    "__Directive",
    "__DirectiveLocation",
};
constexpr std::array<std::string_view, 5> kScalars = {"Int", "Float", "String", "Boolean", "ID"};
constexpr std::array<std::string_view, 5> kDirectives = {
    "include", "skip", "deprecated", "specifiedBy", "oneOf"
};

// The types of the specification's introspection chapter, as npm graphql 16 prints them.
constexpr std::string_view kSdl = R"(
"32-bit signed whole numbers." scalar Int
"Double-precision numbers (IEEE 754)." scalar Float
"Text in Unicode." scalar String
"`true` or `false`." scalar Boolean
"A unique key, sent as a string; input takes whole numbers as well." scalar ID

"What a service offers: its types, directives and the roots of its operations."
type __Schema {
  description: String
  types: [__Type!]!
  queryType: __Type!
  mutationType: __Type
  subscriptionType: __Type
  directives: [__Directive!]!
}
"A type, named or a list or non-null wrapper of another; `kind` tells which of the fields are set."
type __Type {
  kind: __TypeKind!
  name: String
  description: String
  specifiedByURL: String
  fields(includeDeprecated: Boolean = false): [__Field!]
  interfaces: [__Type!]
  possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean = false): [__InputValue!]
  ofType: __Type
  isOneOf: Boolean
}
"The kinds of types."
enum __TypeKind {
  SCALAR
  OBJECT
  INTERFACE
  UNION
  ENUM
  INPUT_OBJECT
  LIST
  NON_NULL
}
"A field of an object or interface."
type __Field {
  name: String!
  description: String
  args(includeDeprecated: Boolean = false): [__InputValue!]!
  type: __Type!
  isDeprecated: Boolean!
  deprecationReason: String
}
"An argument, or a field of an input object."
type __InputValue {
  name: String!
  description: String
  type: __Type!
  "The default as a GraphQL literal."
  defaultValue: String
  isDeprecated: Boolean!
  deprecationReason: String
}
"A value of an enum."
type __EnumValue {
  name: String!
  description: String
  isDeprecated: Boolean!
  deprecationReason: String
}
"A directive and the places where it may be used."
type __Directive {
  name: String!
  description: String
  isRepeatable: Boolean!
  locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean = false): [__InputValue!]!
}
"The places for directives, in operations and in type definitions."
enum __DirectiveLocation {
  QUERY
  MUTATION
  SUBSCRIPTION
  FIELD
  FRAGMENT_DEFINITION
  FRAGMENT_SPREAD
  INLINE_FRAGMENT
  VARIABLE_DEFINITION
  SCHEMA
  SCALAR
  OBJECT
  FIELD_DEFINITION
  ARGUMENT_DEFINITION
  INTERFACE
  UNION
  ENUM
  ENUM_VALUE
  INPUT_OBJECT
  INPUT_FIELD_DEFINITION
}
"Takes the selection only if the argument is true."
directive @include("Take it?" if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
"Leaves the selection out if the argument is true."
directive @skip("Leave it out?" if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
"Still works, but should no longer be used."
directive @deprecated(
  "Why, and what to use instead; in Markdown."
  reason: String = "No longer supported"
) on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
"Tells where a scalar's behaviour is specified."
directive @specifiedBy("Address of the specification." url: String!) on SCALAR
"Exactly one of the input object's fields has to be given."
directive @oneOf on INPUT_OBJECT
)";

}  // namespace

std::string_view builtin_sdl() {
    return kSdl;
}

bool is_introspection_type(std::string_view name) {
    return contains(kIntrospectionTypes, name);
}
bool is_specified_scalar(std::string_view name) {
    return contains(kScalars, name);
}
bool is_specified_directive(std::string_view name) {
    return contains(kDirectives, name);
}

}  // namespace weft::graphql
