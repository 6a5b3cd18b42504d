#include "graphql/validate/detail/test_support.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace weft::graphql {

namespace {

using testing::Api;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::parsed;

constexpr std::string_view kRulesSdl = R"(
directive @onQuery(n: Int!) on QUERY
directive @many repeatable on FIELD
enum Color { RED GREEN BLUE }
input Point { x: Int! y: Int = 1 tags: [String!] below: Point }
input One @oneOf { a: Int b: String }
interface Animal { name(short: Boolean): String }
type Dog implements Animal { name(short: Boolean): String barks: Boolean owner: Human friends: [Animal!]! }
type Cat implements Animal { name(short: Boolean): String meows: Int owner: Human }
type Human { name: String pets: [Animal] }
union CatOrDog = Cat | Dog
scalar jsonb
type Query {
  dog: Dog animal: Animal catOrDog: CatOrDog human(id: ID!, n: Int): Human secret: Secret
  args(i: Int, f: Float, s: String, b: Boolean, e: Color, p: Point, o: One, j: jsonb, l: [Int!], ps: [Point!],
    d: Int! = 1): Int
}
type Secret { dogs: Int }
type Mutation { add: Int }
type Subscription { one: Int two: Dog }
)";

class Rules : public ::testing::Test {
  protected:
    std::vector<Finding> findings(std::string_view text, ValidateOptions options = {}) {
        document_ = parsed(text);
        return validate(*document_, api_.view(), options);
    }
    /// "message @offsets", one for each finding.
    std::vector<std::string> texts(std::string_view text, ValidateOptions options = {}) {
        std::vector<std::string> out;
        for (const Finding& each : findings(text, options))
            out.push_back(fmt::format("{} @{}", each.message, fmt::join(each.at, ",")));
        return out;
    }
    /// "code path message" in Hasura's terms.
    std::vector<std::string> hasura(std::string_view text, ValidateOptions options = {}) {
        std::vector<std::string> out;
        for (const Finding& each : findings(text, options))
            out.push_back(fmt::format("{} {} {}", each.hasura.code, each.hasura.path, each.hasura.message));
        return out;
    }

    Api api_{kRulesSdl};
    std::unique_ptr<Document> document_;
};

TEST_F(Rules, ValidDocumentsHaveNoFindings) {
    for (std::string_view text : {
             "{ dog { name } }",
             "query Q($a: Int = 3, $s: [String!]) @onQuery(n: 1) { args(p: {x: $a, tags: $s}) }",
             "{ catOrDog { ... on Dog { name } ... on Cat { x: meows } __typename } }",
             "{ animal { ...A ... @include(if: true) { name } } } fragment A on Animal { name }",
             "{ dog { name name @many @many x: name(short: true) x: name(short: true) } }",
             "{ animal { ... on Dog { x: name } ... on Cat { x: name(short: true) } } }",
             "query A { dog { name } } query B { __schema { types { name } } } mutation C { add }",
             "subscription { one }",
             "query ($o: Int!) { args(o: {a: $o}, j: {any: [1, $o]}, l: 1) }",
         })
        EXPECT_THAT(texts(text), IsEmpty()) << text;
}

TEST_F(Rules, Operations) {
    EXPECT_THAT(
        texts("{ dog { name } } type T { a: Int } extend schema { query: T }"),
        ElementsAre(
            "The \"T\" definition is not executable. @17", "The schema definition is not executable. @35"
        )
    );
    EXPECT_THAT(
        hasura("{ dog { name } } type T { a: Int }"),
        ElementsAre("validation-failed $.query not a valid graphql query")
    );
    EXPECT_THAT(
        texts("query A { __typename } query A { __typename }"),
        ElementsAre("There can be only one operation named \"A\". @6,29")
    );
    EXPECT_THAT(
        texts("{ __typename } query A { __typename }"),
        ElementsAre("This anonymous operation must be the only defined operation. @0")
    );
}

TEST_F(Rules, Subscriptions) {
    EXPECT_THAT(
        texts("subscription S { one ...F } fragment F on Subscription { two { name } x: one }"),
        ElementsAre("Subscription \"S\" must select only one top level field. @57,70")
    );
    EXPECT_THAT(
        hasura("subscription { one x: one }"),
        ElementsAre("validation-failed $ subscriptions must select one top level field")
    );
    EXPECT_THAT(
        texts("subscription { __typename }"),
        ElementsAre("Anonymous Subscription must not select an introspection top level field. @15")
    );
    EXPECT_THAT(
        texts("subscription { one @skip(if: true) two { name } }"),
        ElementsAre("Anonymous Subscription must not use `@skip` or `@include` directives in the top level "
                    "selection. @19")
    );
}

TEST_F(Rules, Types) {
    EXPECT_THAT(
        texts("query ($a: Colour) { args(e: $a) dog { ... on Dogg { name } } }"),
        ElementsAre(
            "Unknown type \"Colour\". Did you mean \"Color\"? @11",
            "Unknown type \"Dogg\". Did you mean \"Dog\"? @46"
        )
    );
    EXPECT_THAT(
        texts("{ dog { ... on Color { x } ...F } } fragment F on Point { x }"),
        ElementsAre(
            "Fragment cannot condition on non composite type \"Color\". @15",
            "Fragment \"F\" cannot condition on non composite type \"Point\". @50"
        )
    );
    EXPECT_THAT(
        texts("query ($a: [Dog!]) { args(i: $a) }", {.only_rule = "VariablesAreInputTypesRule"}),
        ElementsAre("Variable \"$a\" cannot be non-input type \"[Dog!]\". @11")
    );
}

TEST_F(Rules, Fields) {
    EXPECT_THAT(
        texts("{ dog { name { x } owner } }"),
        ElementsAre(
            "Field \"name\" must not have a selection since type \"String\" has no subfields. @13",
            "Field \"owner\" of type \"Human\" must have a selection of subfields. Did you mean \"owner { "
            "... }\"? @19"
        )
    );
    EXPECT_THAT(
        hasura("{ dog { name { x } x: owner } }"),
        ElementsAre(
            "validation-failed $.selectionSet.dog.selectionSet.name unexpected subselection set for "
            "non-object field",
            "validation-failed $.selectionSet.dog.selectionSet.owner missing selection set for \"Human\""
        )
    );
    EXPECT_THAT(
        texts("{ dog { nam } animal { meows owner } catOrDog { name zzz } }"),
        ElementsAre(
            "Cannot query field \"nam\" on type \"Dog\". Did you mean \"name\"? @8",
            "Cannot query field \"meows\" on type \"Animal\". Did you mean to use an inline fragment on "
            "\"Cat\"? @23",
            "Cannot query field \"owner\" on type \"Animal\". Did you mean to use an inline fragment on "
            "\"Cat\" or \"Dog\"? @29",
            "Cannot query field \"name\" on type \"CatOrDog\". Did you mean to use an inline fragment on "
            "\"Animal\", \"Cat\", or \"Dog\"? @48",
            "Cannot query field \"zzz\" on type \"CatOrDog\". @53"
        )
    );
    EXPECT_THAT(
        hasura("{ dog { owner { nope } } }"),
        ElementsAre(
            "validation-failed $.selectionSet.dog.selectionSet.owner.selectionSet.nope field \"nope\" not "
            "found in type: 'Human'"
        )
    );
}

TEST_F(Rules, Fragments) {
    EXPECT_THAT(
        texts("{ ...F ...G } fragment F on Query { dog { name } } fragment F on Query { __typename }"),
        ElementsAre("Unknown fragment \"G\". @10", "There can be only one fragment named \"F\". @23,60")
    );
    EXPECT_THAT(
        hasura(
            "{ dog { ...G } } fragment F on Dog { name } fragment F on Dog { name }", {.is_lenient = true}
        ),
        ElementsAre(
            "validation-failed $.selectionSet.dog.selectionSet reference to undefined fragment \"G\"",
            "parse-failed $ multiple definitions for fragment \"F\""
        )
    );
    EXPECT_THAT(
        texts("{ __typename } fragment F on Dog { name }"), ElementsAre("Fragment \"F\" is never used. @15")
    );
    EXPECT_THAT(
        texts("{ dog { ... on Human { name } ...C } } fragment C on Cat { name }"),
        ElementsAre(
            "Fragment cannot be spread here as objects of type \"Dog\" can never be of type \"Human\". @8",
            "Fragment \"C\" cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\". "
            "@30"
        )
    );
    EXPECT_THAT(
        texts("{ ...A } fragment A on Query { ...B } fragment B on Query { ...C ...B } fragment C on Query { "
              "...A }"),
        ElementsAre(
            "Cannot spread fragment \"A\" within itself via \"B\", \"C\". @31,60,94",
            "Cannot spread fragment \"B\" within itself. @65"
        )
    );
    EXPECT_THAT(
        hasura("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
        ElementsAre("validation-failed $ the fragment definition(s) A and B form a cycle")
    );
}

TEST_F(Rules, LenientDocumentsMayHaveUnusedParts) {
    constexpr std::string_view kText =
        "query ($a: Int) { dog { ... on Human { name } } } fragment F on Dog { name }";
    EXPECT_THAT(texts(kText, {.is_lenient = true}), IsEmpty());
    EXPECT_EQ(texts(kText).size(), 3u);
}

TEST_F(Rules, Variables) {
    EXPECT_THAT(
        texts("query Q($a: Int, $a: Int) { args(i: $a) }"),
        ElementsAre("There can be only one variable named \"$a\". @9,18")
    );
    EXPECT_THAT(
        texts("query Q($b: Int) { ...F } fragment F on Query { args(i: $a) }"),
        ElementsAre(
            "Variable \"$a\" is not defined by operation \"Q\". @56,0",
            "Variable \"$b\" is never used in operation \"Q\". @8"
        )
    );
    EXPECT_THAT(
        hasura("query Q($b: Int) { args(i: $a) }", {.is_lenient = true}),
        ElementsAre("validation-failed $ unbound variable \"a\"")
    );
    EXPECT_THAT(
        texts("query ($a: Int, $l: [Int]) { args(p: {x: $a}, l: $l, d: $a) }"),
        ElementsAre(
            "Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\". @7,41",
            "Variable \"$l\" of type \"[Int]\" used in position expecting type \"[Int!]\". @16,49"
        )
    );
    EXPECT_THAT(
        hasura("query ($a: String) { dog { owner { ...F } } args(ps: {x: $a}) } fragment F on Human { pets { "
               "name(short: $a) } }"),
        ElementsAre(
            "validation-failed $.selectionSet.args.args.ps[0].x variable \"a\" is declared as String, but "
            "used where Int! is expected",
            "validation-failed "
            "$.selectionSet.dog.selectionSet.owner.selectionSet.pets.selectionSet.name.args.short "
            "variable \"a\" is declared as String, but used where Boolean is expected"
        )
    );
    EXPECT_THAT(
        texts("query ($a: Int) { args(o: {a: $a}) }"),
        ElementsAre(
            "Variable \"a\" must be non-nullable to be used for OneOf Input Object \"One\". @26",
            "Variable \"$a\" is of type \"Int\" but must be non-nullable to be used for OneOf Input Object "
            "\"One\". @7,30"
        )
    );
}

TEST_F(Rules, Directives) {
    EXPECT_THAT(
        texts("query @skip(if: true) { dog @nope @skip(if: true) @skip(if: false) @many @many { name } }"),
        ElementsAre(
            "Directive \"@skip\" may not be used on QUERY. @6",
            "The directive \"@skip\" can only be used once at this location. @34,50",
            "Unknown directive \"@nope\". @28"
        )
    );
    EXPECT_THAT(
        hasura("query @skip(if: true) { dog { name @nope owner @skip(if: true) @skip(if: false) { name } } }"
        ),
        ElementsAre(
            "validation-failed $ directive \"skip\" is not allowed on a query",
            "validation-failed $.selectionSet.dog.selectionSet.name directive \"nope\" is not defined in the "
            "schema",
            "validation-failed $.selectionSet.dog.selectionSet the following directives are used more than "
            "once: skip"
        )
    );
    EXPECT_THAT(
        texts("query @onQuery(m: 1) { dog @include(iff: true) { name } }"),
        ElementsAre(
            "Unknown argument \"m\" on directive \"@onQuery\". Did you mean \"n\"? @15",
            "Directive \"@onQuery\" argument \"n\" of type \"Int!\" is required, but it was not provided. @6",
            "Unknown argument \"iff\" on directive \"@include\". Did you mean \"if\"? @36",
            "Directive \"@include\" argument \"if\" of type \"Boolean!\" is required, but it was not "
            "provided. @27"
        )
    );
}

TEST_F(Rules, Arguments) {
    EXPECT_THAT(
        texts("{ human(idd: 1, n: 1, n: 2) { name } }"),
        ElementsAre(
            "There can be only one argument named \"n\". @16,22",
            "Unknown argument \"idd\" on field \"Query.human\". Did you mean \"id\"? @8",
            "Field \"human\" argument \"id\" of type \"ID!\" is required, but it was not provided. @2"
        )
    );
    EXPECT_THAT(
        hasura("{ x: human(zzz: 1) { name } }"),
        ElementsAre(
            "validation-failed $.selectionSet.human \"human\" has no argument named \"zzz\"",
            "validation-failed $.selectionSet.human.args.id missing required field \"id\""
        )
    );
}

TEST_F(Rules, Values) {
    struct Case {
        std::string_view arguments, message, hasura;
    };
    for (const Case& each : std::initializer_list<Case>{
             {"i: \"1\"",
              "Int cannot represent non-integer value: \"1\"",
              "validation-failed .i expected a 32-bit integer for type \"Int\", but found a string"},
             {"i: 2147483648",
              "Int cannot represent non 32-bit signed integer value: 2147483648",
              "parse-failed .i The value 2.147483648e9 lies outside the bounds or is not an integer.  Maybe "
              "it is a "
              "float, or is there integer overflow?"},
             {"f: true",
              "Float cannot represent non numeric value: true",
              "validation-failed .f expected a float for type \"Float\", but found a boolean"},
             {"s: RED",
              "String cannot represent a non string value: RED",
              "validation-failed .s expected a string for type \"String\", but found an enum value"},
             {"b: 1",
              "Boolean cannot represent a non boolean value: 1",
              "validation-failed .b expected a boolean for type \"Boolean\", but found an integer"},
             {"b: [1, {a: 2}]",
              "Boolean cannot represent a non boolean value: [1, {a: 2}]",
              "validation-failed .b expected a boolean for type \"Boolean\", but found a list"},
             {"e: \"RED\"",
              "Enum \"Color\" cannot represent non-enum value: \"RED\". Did you mean the enum value \"RED\" "
              "or \"GREEN\"?",
              "validation-failed .e expected an enum value for type \"Color\", but found a string"},
             {"e: GREN",
              "Value \"GREN\" does not exist in \"Color\" enum. Did you mean the enum value \"GREEN\" or "
              "\"RED\"?",
              "validation-failed .e expected one of the values RED, GREEN, or BLUE for type \"Color\", but "
              "found \"GREN\""},
             {"p: 1",
              "Expected value of type \"Point\", found 1.",
              "validation-failed .p expected an object for type \"Point\", but found an integer"},
             {"p: {y: 1}",
              "Field \"Point.x\" of required type \"Int!\" was not provided.",
              "validation-failed .p.x missing required field \"x\""},
             {"p: {x: 1, z: 1}",
              "Field \"z\" is not defined by type \"Point\". Did you mean \"x\" or \"y\"?",
              "validation-failed .p.z field \"z\" not found in type: 'Point'"},
             {"p: {x: 1, below: {x: 1, tags: [\"a\", 1]}}",
              "String cannot represent a non string value: 1",
              "validation-failed .p.below.tags[1] expected a string for type \"String\", but found an integer"
             },
             {"p: {x: null}",
              "Expected value of type \"Int!\", found null.",
              "validation-failed .p.x unexpected null value for type \"Int\""},
             {"l: [1, null]",
              "Expected value of type \"Int!\", found null.",
              "validation-failed .l[1] unexpected null value for type \"Int\""},
             {"l: \"x\"",
              "Int cannot represent non-integer value: \"x\"",
              "validation-failed .l[0] expected a 32-bit integer for type \"Int\", but found a string"},
             {"ps: [null]",
              "Expected value of type \"Point!\", found null.",
              "validation-failed .ps[0] expected an object for type \"Point\", but found null"},
             {"d: null",
              "Expected value of type \"Int!\", found null.",
              "validation-failed .d unexpected null value for type \"Int\""},
             {"o: {a: 1, b: \"x\"}",
              "OneOf Input Object \"One\" must specify exactly one key.",
              "validation-failed .o exactly one field has to be given for the oneOf type \"One\""},
             {"o: {a: null}",
              "Field \"One.a\" must be non-null.",
              "validation-failed .o.a unexpected null value for type \"Int\""},
             {"p: {x: 1, x: 2}",
              "There can be only one input field named \"x\".",
              "validation-failed .p.x There can be only one input field named \"x\"."},
         }) {
        auto out = findings(fmt::format("{{ args({}) }}", each.arguments));
        ASSERT_EQ(out.size(), 1u) << each.arguments;
        EXPECT_EQ(out[0].message, each.message);
        const Failure& failure = out[0].hasura;
        constexpr std::string_view kBase = "$.selectionSet.args.args";
        EXPECT_EQ(
            fmt::format("{} {} {}", failure.code, failure.path.substr(kBase.size()), failure.message),
            each.hasura
        );
    }
}

TEST_F(Rules, DefaultValuesOfVariables) {
    EXPECT_THAT(
        texts("query ($a: Int! = null, $p: Point = {y: \"x\"}) { args(d: $a, p: $p) }"),
        ElementsAre(
            "Expected value of type \"Int!\", found null. @18",
            "Field \"Point.x\" of required type \"Int!\" was not provided. @36",
            "Int cannot represent non-integer value: \"x\" @40"
        )
    );
}

TEST_F(Rules, OverlappingFields) {
    constexpr std::string_view kTail =
        ". Use different aliases on the fields to fetch both if this was intentional.";
    EXPECT_THAT(
        texts("{ x: dog { name } x: animal { name } }"),
        ElementsAre(fmt::format(
            "Fields \"x\" conflict because \"dog\" and \"animal\" are different fields{} @2,18", kTail
        ))
    );
    EXPECT_THAT(
        texts("{ dog { name name(short: true) } }"),
        ElementsAre(
            fmt::format("Fields \"name\" conflict because they have differing arguments{} @8,13", kTail)
        )
    );
    EXPECT_THAT(
        texts("{ animal { ... on Dog { x: barks } ... on Cat { x: meows } } }"),
        ElementsAre(fmt::format(
            "Fields \"x\" conflict because they return conflicting types \"Boolean\" and "
            "\"Int\"{} @24,48",
            kTail
        ))
    );
    EXPECT_THAT(
        texts("{ dog { x: name y: barks } ...F } fragment F on Query { dog { x: barks y: name } }"),
        ElementsAre(fmt::format(
            "Fields \"dog\" conflict because subfields \"x\" conflict because \"name\" and "
            "\"barks\" are different fields and subfields \"y\" conflict because \"barks\" and "
            "\"name\" are different fields{} @2,8,16,56,62,71",
            kTail
        ))
    );
    EXPECT_THAT(
        hasura("{ dog { x: name x: barks } args(i: 1) args(i: 2) }"),
        ElementsAre(
            "validation-failed $.selectionSet inconsistent arguments between multiple selections of field "
            "args",
            "validation-failed $.selectionSet.dog.selectionSet selection of both name and barks specify "
            "the same response name, x"
        )
    );
}

TEST_F(Rules, IntrospectionDepth) {
    EXPECT_THAT(
        texts("{ __schema { types { fields { args { type { fields { type { ...T } } } } } } } } fragment T "
              "on __Type { "
              "possibleTypes { name } }"),
        ElementsAre("Maximum introspection depth exceeded @2")
    );
    EXPECT_THAT(texts("{ __type(name: \"x\") { fields { type { interfaces { name } } } } }"), IsEmpty());
    EXPECT_THAT(
        texts(
            "{ __type(name: \"x\") { fields { type { interfaces { name } } } } }",
            {.introspection_depth_max = 2}
        ),
        ElementsAre("Maximum introspection depth exceeded @2")
    );
    EXPECT_THAT(
        texts(
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
            {.introspection_depth_max = 0}
        ),
        IsEmpty()
    );
}

TEST_F(Rules, PathsInFragmentsStartAtTheirFirstSpread) {
    EXPECT_THAT(
        hasura("fragment G on Human { nope } { catOrDog { ... on Dog { x: owner { ...G } } } dog { owner { "
               "...G } } }"),
        ElementsAre("validation-failed $.selectionSet.catOrDog.selectionSet.owner.selectionSet.nope field "
                    "\"nope\" not "
                    "found in type: 'Human'")
    );
    EXPECT_THAT(
        hasura("{ dog { ...F } } fragment F on Dog { owner { ...G } } fragment G on Human { nope }"),
        ElementsAre("validation-failed $.selectionSet.dog.selectionSet.owner.selectionSet.nope field "
                    "\"nope\" not found "
                    "in type: 'Human'")
    );
}

TEST_F(Rules, NothingHiddenIsNamedOrUsable) {
    Mask mask(api_.schema().elements(), true);
    const Type& query = *api_.schema().find("Query");
    for (Element hidden :
         {api_.schema().find("Secret")->element,
          query.field("secret")->element,
          query.field("human")->argument("n")->element,
          api_.schema().find("Color")->value("RED")->element,
          api_.schema().find("Point")->input_field("tags")->element})
        mask.remove(hidden);
    api_.mask() = mask;
    EXPECT_THAT(
        texts("query ($s: Secrt) { secret { dogs } secre human(id: 1, n: 1) { name } args(e: RE, p: {x: 1, "
              "tag: 1}, i: $s) "
              "... on Secret { dogs } }"),
        ElementsAre(
            HasSubstr("Unknown type \"Secrt\". Did you mean \"Cat\"? @"),
            HasSubstr("Cannot query field \"secret\" on type \"Query\". @"),
            HasSubstr("Cannot query field \"secre\" on type \"Query\". @"),
            HasSubstr("Unknown argument \"n\" on field \"Query.human\". @"),
            HasSubstr("Value \"RE\" does not exist in \"Color\" enum. @"),
            HasSubstr("Field \"tag\" is not defined by type \"Point\". @"),
            HasSubstr("Unknown type \"Secret\". @")
        )
    );
    for (const Finding& each : findings("{ args(e: RED) secre }"))
        EXPECT_EQ(each.hasura.message.find("RED,"), std::string::npos) << each.hasura.message;
}

TEST_F(Rules, AnOperationWithoutAVisibleRootTypeIsRefused) {
    const auto kinds = {OperationKind::kMutation, OperationKind::kSubscription};
    for (OperationKind kind : kinds) {
        if (const Type* root = api_.schema().root(kind)) api_.mask().remove(root->element);
    }
    EXPECT_THAT(hasura("mutation { anything }"), ElementsAre("validation-failed $ no mutations exist"));
    EXPECT_THAT(hasura("mutation { __typename }"), ElementsAre("validation-failed $ no mutations exist"));
    EXPECT_THAT(
        hasura("subscription { anything }"), ElementsAre("validation-failed $ no subscriptions exist")
    );
    EXPECT_THAT(
        texts("query A { dog { name } } mutation B { anything }", {.only_rule = "KnownOperationTypesRule"}),
        ElementsAre("The mutation operation is not supported by the schema. @25")
    );
}

TEST_F(Rules, FindingsAreBounded) {
    std::string many = "{ ";
    for (int i = 0; i < 200; ++i) many += fmt::format("f{} ", i);
    auto out = findings(many + "}");
    ASSERT_EQ(out.size(), 101u);
    EXPECT_EQ(out.back().message, "Too many validation errors, error limit reached. Validation aborted.");
    EXPECT_EQ(findings(many + "}", {.findings_max = 3}).size(), 4u);
}

TEST_F(Rules, SuggestionsCanBeSwitchedOff) {
    EXPECT_THAT(
        texts("{ dogg animal { owner { name } } }", {.with_suggestions = false}),
        ElementsAre(
            "Cannot query field \"dogg\" on type \"Query\". @2",
            "Cannot query field \"owner\" on type \"Animal\". @16"
        )
    );
}

}  // namespace

}  // namespace weft::graphql
