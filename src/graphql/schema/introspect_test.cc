#include "base/json.h"
#include "graphql/schema/detail/schema_for_test.h"

#include <gmock/gmock.h>

#include <map>

namespace weft::graphql {
namespace {

constexpr std::string_view kSdl = R"(
"The \"whole\"\nthing" schema { query: Query mutation: Mutation }
type Query {
  "A field" a(x: Int = 1, old: E @deprecated(reason: "no")): [Thing!]!
  gone: Int @deprecated
  hidden: Hidden
}
type Mutation { m(in: In, one: One): Node }
interface Node { id: ID! }
interface Part implements Node { id: ID! }
type Thing implements Node { id: ID! }
type Hidden implements Node { id: ID! }
union Any = Thing | Hidden
enum E { NEW OLD @deprecated }
input In { a: String = "x" b: Int @deprecated }
input One @oneOf { a: Int }
scalar Url @specifiedBy(url: "https://url")
directive @d(a: Int, b: Int @deprecated) repeatable on FIELD | QUERY
)";

/// Variables are literals; a directive @skip or @include with a boolean literal or variable works.
class Input : public IntrospectionInput {
  public:
    std::map<std::string, Value, std::less<>> variables;

    Value variable(std::string_view name) const override {
        const auto found = variables.find(name);
        return found == variables.end() ? Value{} : found->second;
    }
    bool includes(const Selection& selection) const override {
        for (const Directive& each : selection.directives) {
            const Value& value = each.arguments[0].value;
            const Value known = value.kind == Value::Kind::kVariable ? variable(value.text) : value;
            if ((known.text == "true") == (each.name.text == "skip")) return false;
        }
        return true;
    }
};

struct Answer {
    bool is_complete;
    std::string json;
};

Answer ask(const Schema& schema, const Mask& mask, std::string_view query, const Input& input = {}) {
    const auto document = parse(query, trusted_parse_limits());
    if (!document) {
        ADD_FAILURE() << document.error().message;
        return {};
    }
    std::string out = "data:";
    const bool is_complete =
        introspect(out, View(schema, mask), **document, (*document)->operations[0]->selections[0], input);
    EXPECT_TRUE(out.starts_with("data:"));
    out.erase(0, 5);
    return {is_complete, out};
}

std::string ask(std::string_view query, const Input& input = {}) {
    const auto schema = schema_of(kSdl);
    const Answer answer = ask(*schema, everything(*schema), query, input);
    EXPECT_TRUE(answer.is_complete);
    EXPECT_TRUE(parse_json(answer.json)) << answer.json;
    return answer.json;
}

TEST(Introspect, TheSchema) {
    EXPECT_EQ(
        ask("{ __schema { __typename description queryType { name } mutationType { kind } "
            "subscriptionType { name } } }"),
        R"({"__typename":"__Schema","description":"The \"whole\"\nthing","queryType":{"name":"Query"},)"
        R"("mutationType":{"kind":"OBJECT"},"subscriptionType":null})"
    );
    EXPECT_THAT(ask("{ __schema { types { name } } }"), testing::HasSubstr(R"({"name":"__TypeKind"})"));
    EXPECT_THAT(
        ask("{ __schema { directives { name isRepeatable locations args { name } } } }"),
        testing::HasSubstr(
            R"({"name":"d","isRepeatable":true,"locations":["FIELD","QUERY"],"args":[{"name":"a"}]})"
        )
    );
}

TEST(Introspect, AnUnknownTypeIsNull) {
    EXPECT_EQ(ask("{ __type(name: \"No\") { name } }"), "null");
}

TEST(Introspect, FieldsAndTheirTypes) {
    EXPECT_EQ(
        ask("{ __type(name: \"Query\") { fields { name description type { kind name ofType { kind ofType { "
            "kind "
            "ofType { name ofType { name } } } } } isDeprecated deprecationReason } } }"),
        R"({"fields":[{"name":"a","description":"A field","type":{"kind":"NON_NULL","name":null,"ofType":)"
        R"({"kind":"LIST","ofType":{"kind":"NON_NULL","ofType":{"name":"Thing","ofType":null}}}},)"
        R"("isDeprecated":false,"deprecationReason":null},)"
        R"({"name":"hidden","description":null,"type":{"kind":"OBJECT","name":"Hidden","ofType":null},)"
        R"("isDeprecated":false,"deprecationReason":null}]})"
    );
}

TEST(Introspect, DeprecatedThingsAreAskedFor) {
    EXPECT_EQ(
        ask("{ __type(name: \"Query\") { fields(includeDeprecated: true) { name isDeprecated "
            "deprecationReason "
            "args { name defaultValue } all: args(includeDeprecated: true) { name deprecationReason } } } }"),
        R"({"fields":[{"name":"a","isDeprecated":false,"deprecationReason":null,)"
        R"("args":[{"name":"x","defaultValue":"1"}],"all":[{"name":"x","deprecationReason":null},)"
        R"({"name":"old","deprecationReason":"no"}]},)"
        R"({"name":"gone","isDeprecated":true,"deprecationReason":"No longer supported","args":[],"all":[]},)"
        R"({"name":"hidden","isDeprecated":false,"deprecationReason":null,"args":[],"all":[]}]})"
    );
    EXPECT_EQ(
        ask("{ __type(name: \"E\") { enumValues { name } all: enumValues(includeDeprecated: true) { name } } "
            "}"),
        R"({"enumValues":[{"name":"NEW"}],"all":[{"name":"NEW"},{"name":"OLD"}]})"
    );
    EXPECT_EQ(
        ask("{ __type(name: \"In\") { inputFields { name } all: inputFields(includeDeprecated: true) { name "
            "} } }"),
        R"({"inputFields":[{"name":"a"}],"all":[{"name":"a"},{"name":"b"}]})"
    );
}

TEST(Introspect, WhatAKindDoesNotHaveIsNull) {
    constexpr std::string_view kAll =
        "kind fields { name } interfaces { name } possibleTypes { name } enumValues { name } inputFields { "
        "name } "
        "specifiedByURL isOneOf";
    const auto all = [&](std::string_view name) {
        return ask("{ __type(name: \"" + std::string(name) + "\") { " + std::string(kAll) + " } }");
    };
    EXPECT_EQ(
        all("Url"),
        R"({"kind":"SCALAR","fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,)"
        R"("inputFields":null,"specifiedByURL":"https://url","isOneOf":null})"
    );
    EXPECT_EQ(
        all("Thing"),
        R"({"kind":"OBJECT","fields":[{"name":"id"}],"interfaces":[{"name":"Node"}],"possibleTypes":null,)"
        R"("enumValues":null,"inputFields":null,"specifiedByURL":null,"isOneOf":null})"
    );
    EXPECT_EQ(
        all("Node"),
        R"({"kind":"INTERFACE","fields":[{"name":"id"}],"interfaces":[],)"
        R"("possibleTypes":[{"name":"Thing"},{"name":"Hidden"}],"enumValues":null,"inputFields":null,)"
        R"("specifiedByURL":null,"isOneOf":null})"
    );
    EXPECT_EQ(
        all("One"),
        R"({"kind":"INPUT_OBJECT","fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,)"
        R"("inputFields":[{"name":"a"}],"specifiedByURL":null,"isOneOf":true})"
    );
    EXPECT_THAT(all("In"), testing::HasSubstr("\"isOneOf\":false"));
    EXPECT_THAT(all("Any"), testing::HasSubstr(R"("possibleTypes":[{"name":"Thing"},{"name":"Hidden"}])"));
}

TEST(Introspect, MergesAliasesFragmentsAndDuplicates) {
    EXPECT_EQ(
        ask("{ __type(name: \"Thing\") { title: name ...F ... on __Type { fields { type { kind } } } ... { "
            "name } "
            "...F } } fragment F on __Type { name fields { name type { k: kind } } }"),
        R"({"title":"Thing","name":"Thing",)"
        R"("fields":[{"name":"id","type":{"k":"NON_NULL","kind":"NON_NULL"}}]})"
    );
}

TEST(Introspect, TakesVariables) {
    Input input;
    input.variables["n"] = Value{.kind = Value::Kind::kString, .text = "E"};
    input.variables["d"] = Value{.kind = Value::Kind::kBoolean, .text = "true"};
    constexpr std::string_view kQuery =
        "query ($n: String!, $d: Boolean, $no: Boolean) { __type(name: $n) { name @skip(if: $d) "
        "kind @include(if: $d) a: enumValues(includeDeprecated: $d) { name } "
        "b: enumValues(includeDeprecated: $no) { name } } }";
    EXPECT_EQ(
        ask(kQuery, input), R"({"kind":"ENUM","a":[{"name":"NEW"},{"name":"OLD"}],"b":[{"name":"NEW"}]})"
    );
}

TEST(Introspect, ShowsOnlyWhatTheViewShows) {
    const auto schema = schema_of(kSdl);
    Mask mask(schema->elements());
    const Field& a = *schema->query->field("a");
    mask.add(a.element);
    mask.add(a.argument("old")->element);
    mask.add(schema->find("E")->value("OLD")->element);
    mask.add(schema->find("Thing")->field("id")->element);
    mask.add(schema->find("Node")->field("id")->element);
    schema->close(mask);
    const auto see = [&](std::string_view query) { return ask(*schema, mask, query).json; };
    EXPECT_EQ(
        see("{ __type(name: \"Query\") { fields { name args(includeDeprecated: true) { name } } } }"),
        R"({"fields":[{"name":"a","args":[{"name":"old"}]}]})"
    );
    EXPECT_EQ(
        see("{ __type(name: \"E\") { enumValues(includeDeprecated: true) { name } } }"),
        R"({"enumValues":[{"name":"OLD"}]})"
    );
    EXPECT_EQ(
        see("{ __type(name: \"Node\") { possibleTypes { name } } }"),
        R"({"possibleTypes":[{"name":"Thing"}]})"
    );
    EXPECT_EQ(see("{ __type(name: \"Hidden\") { name } }"), "null");
    EXPECT_EQ(see("{ __schema { mutationType { name } } }"), R"({"mutationType":null})");
    EXPECT_THAT(see("{ __schema { types { name } } }"), testing::Not(testing::HasSubstr("Hidden")));
    EXPECT_THAT(see("{ __schema { types { name } } }"), testing::Not(testing::HasSubstr("Mutation")));
}

TEST(Introspect, EscapesText) {
    const auto schema = schema_of("\"\\u0001 \\\\ \\t ä\" type Query { a: Int }");
    EXPECT_EQ(
        ask(*schema, everything(*schema), "{ __type(name: \"Query\") { description } }").json,
        R"({"description":"\u0001 \\ \u0009 ä"})"
    );
}

TEST(Introspect, RefusesAnswersBeyondItsLimit) {
    std::string sdl = "type Query { a: Int } type Wide { ";
    for (int i = 0; i < 2'000; ++i) sdl += "f" + std::to_string(i) + ": Wide ";
    const auto schema = schema_of(sdl + "}");
    const Mask mask = everything(*schema);
    const Answer few = ask(*schema, mask, "{ __type(name: \"Wide\") { fields { name } } }");
    EXPECT_TRUE(few.is_complete);
    const Answer many =
        ask(*schema,
            mask,
            "{ __type(name: \"Wide\") { fields { type { fields { type { fields { name } } } } } } }");
    EXPECT_FALSE(many.is_complete);
    EXPECT_EQ(many.json, "");
}

TEST(Introspect, RefusesFragmentsThatExpandWithoutEnd) {
    std::string query = "{ __type(name: \"Query\") { ...F0 } } ";
    for (int i = 0; i < 40; ++i) {
        const std::string next = "...F" + std::to_string(i + 1);
        query += "fragment F" + std::to_string(i) + " on __Type { a: ofType { " + next + " } b: ofType { " +
                 next + " } } ";
    }
    query += "fragment F40 on __Type { name }";
    const auto schema = schema_of(kSdl);
    EXPECT_FALSE(ask(*schema, everything(*schema), query).is_complete);
}

}  // namespace
}  // namespace weft::graphql
