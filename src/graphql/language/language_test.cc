#include "graphql/language/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weft::graphql {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

std::unique_ptr<Document> parsed(std::string_view source) {
    auto out = parse(source);
    EXPECT_TRUE(out) << source << "\n" << out.error().message;
    return out ? std::move(*out) : std::make_unique<Document>("");
}

struct Refusal {
    std::string_view source;
    std::string_view message;  // without "Syntax Error: "
    std::uint32_t at;
};

void expect_refused(const Refusal& row, ParseLimits limits = {}) {
    const auto out = parse(row.source, limits);
    ASSERT_FALSE(out) << row.source;
    EXPECT_EQ(out.error().message, "Syntax Error: " + std::string(row.message)) << row.source;
    EXPECT_EQ(out.error().at, row.at) << row.source;
}

std::string string_value(std::string_view literal) {
    auto out = parse_const_value(literal);
    EXPECT_TRUE(out) << literal << "\n" << out.error().message;
    return out ? std::string((*out)->value.text) : "";
}

// ---- lexer

TEST(Lexer, RefusesWhatIsNoToken) {
    const Refusal rows[] = {
        {"{ ? }", "Unexpected character: \"?\".", 2},
        {"{ . }", "Unexpected character: \".\".", 2},
        {"{ .. }", "Unexpected character: \".\".", 2},
        {"{ a\x01 }", "Unexpected character: U+0001.", 3},
        {"{ \x7F }", "Unexpected character: U+007F.", 2},
        {"{ \0 }"sv, "Unexpected character: U+0000.", 2},
        {"{ \xC3\xA9 }", "Unexpected character: U+00E9.", 2},
        {"{ \xF0\x9F\x98\x80 }", "Unexpected character: U+1F600.", 2},
        {"{ \xFF }", "Invalid character: byte 0xFF.", 2},
        {"{ \xED\xA0\x80 }", "Invalid character: byte 0xED.", 2},
        {"{ \xC0\x80 }", "Invalid character: byte 0xC0.", 2},
        {"{ \xF4\x90\x80\x80 }", "Invalid character: byte 0xF4.", 2},
        {"{ \xE2\x82", "Invalid character: byte 0xE2.", 2},
        {"{ a } # \xFF", "Invalid character: byte 0xFF.", 8},
        {"{ a(b: 'c') }", "Unexpected single quote character ('), did you mean to use a double quote (\")?", 7
        },
    };
    for (const Refusal& row : rows) expect_refused(row);
}

TEST(Lexer, RefusesMalformedNumbers) {
    const Refusal rows[] = {
        {"{ a(b: 00) }", "Invalid number, unexpected digit after 0: \"0\".", 8},
        {"{ a(b: -01) }", "Invalid number, unexpected digit after 0: \"1\".", 9},
        {"{ a(b: 1.) }", "Invalid number, expected digit but got: \")\".", 9},
        {"{ a(b: 1.e1) }", "Invalid number, expected digit but got: \"e\".", 9},
        {"{ a(b: 1.5.2) }", "Invalid number, expected digit but got: \".\".", 10},
        {"{ a(b: .5) }", "Unexpected character: \".\".", 7},
        {"{ a(b: +1) }", "Unexpected character: \"+\".", 7},
        {"{ a(b: -A) }", "Invalid number, expected digit but got: \"A\".", 8},
        {"{ a(b: 1e) }", "Invalid number, expected digit but got: \")\".", 9},
        {"{ a(b: 1eA) }", "Invalid number, expected digit but got: \"A\".", 9},
        {"{ a(b: 12x) }", "Invalid number, expected digit but got: \"x\".", 9},
        {"{ a(b: 0_1) }", "Invalid number, expected digit but got: \"_\".", 8},
        {"{ a(b: 1\"\") }", "Expected Name, found String \"\".", 8},
        {"{ a(b: -", "Invalid number, expected digit but got: <EOF>.", 8},
        {"{ a(b: -\"", "Invalid number, expected digit but got: '\"'.", 8},
    };
    for (const Refusal& row : rows) expect_refused(row);
}

TEST(Lexer, KeepsNumbersAsWritten) {
    for (const std::string_view text : {"0", "-0", "123", "-4.50", "1e10", "1E-2", "0.0e+7"}) {
        const auto out = parse_const_value(text);
        ASSERT_TRUE(out) << text;
        EXPECT_EQ((*out)->value.text, text);
        const bool is_float = text.find_first_of(".eE") != std::string_view::npos;
        EXPECT_EQ((*out)->value.kind, is_float ? Value::Kind::kFloat : Value::Kind::kInt) << text;
    }
}

TEST(Lexer, RefusesMalformedStrings) {
    const Refusal rows[] = {
        {R"({ a(b: ")", "Unterminated string.", 8},
        {R"({ a(b: "x)", "Unterminated string.", 9},
        {R"({ a(b: "\n)", "Unterminated string.", 10},
        {"{ a(b: \"x\ny\") }", "Unterminated string.", 9},
        {"{ a(b: \"\\t\ry\") }", "Unterminated string.", 10},
        {R"({ a(b: """x)", "Unterminated string.", 11},
        {R"({ a(b: """x\""")", "Unterminated string.", 15},
        {R"({ a(b: "\z") })", R"(Invalid character escape sequence: "\z".)", 8},
        {R"({ a(b: "\)", R"(Invalid character escape sequence: "\".)", 8},
        {"{ a(b: \"\\\xC3\xA9\") }", "Invalid character escape sequence: \"\\\xC3\xA9\".", 8},
    };
    for (const Refusal& row : rows) expect_refused(row);
    expect_refused({"{ a(b: \"\xFF\") }", "Invalid character within String: byte 0xFF.", 8});
    expect_refused({"{ a(b: \"\\t\xFF\") }", "Invalid character within String: byte 0xFF.", 10});
    expect_refused({"{ a(b: \"\"\"\xFF\"\"\") }", "Invalid character within String: byte 0xFF.", 10});
}

TEST(Lexer, RefusesMalformedUnicodeEscapes) {
    const Refusal rows[] = {
        {R"({ a(b: "\uXYZ1 ") })", R"(Invalid Unicode escape sequence: "\uXYZ1".)", 8},
        {R"({ a(b: "\u12G4 ") })", R"(Invalid Unicode escape sequence: "\u12G4".)", 8},
        {R"({ a(b: "\uD800 ") })", R"(Invalid Unicode escape sequence: "\uD800".)", 8},
        {R"({ a(b: "\uDC00\uD800") })", R"(Invalid Unicode escape sequence: "\uDC00".)", 8},
        {R"({ a(b: "\uD83D\u0041") })", R"(Invalid Unicode escape sequence: "\uD83D".)", 8},
        {R"({ a(b: "\uD83Dxx0041") })", R"(Invalid Unicode escape sequence: "\uD83D".)", 8},
        {R"({ a(b: "\u{}") })", R"(Invalid Unicode escape sequence: "\u{}".)", 8},
        {R"({ a(b: "\u{D800}") })", R"(Invalid Unicode escape sequence: "\u{D800}".)", 8},
        {R"({ a(b: "\u{110000}") })", R"(Invalid Unicode escape sequence: "\u{110000}".)", 8},
        {R"({ a(b: "\u{FFFFFFFF}") })", R"(Invalid Unicode escape sequence: "\u{FFFFFFFF".)", 8},
        {R"({ a(b: "\u{000000041}") })", R"(Invalid Unicode escape sequence: "\u{000000041".)", 8},
        {R"({ a(b: "\u{4x}") })", R"(Invalid Unicode escape sequence: "\u{4x".)", 8},
    };
    for (const Refusal& row : rows) expect_refused(row);
}

TEST(Lexer, DecodesEscapes) {
    EXPECT_EQ(string_value(R"("")"), "");
    EXPECT_EQ(string_value(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(string_value(R"("a\u00e9\u20AC b")"), "a\xC3\xA9\xE2\x82\xAC b");
    EXPECT_EQ(
        string_value(R"("\u{1F600}\u{41}\u{00000041}")"),
        "\xF0\x9F\x98\x80"
        "AA"
    );
    EXPECT_EQ(string_value(R"("\uD83D\uDE00\uDBFF\uDFFF")"), "\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    EXPECT_EQ(string_value(R"("\u0000")"), "\0"s);
    EXPECT_EQ(string_value("\"\xF0\x9F\x98\x80\x07\""), "\xF0\x9F\x98\x80\x07");
}

TEST(Lexer, StringsWithoutEscapesAreViewsOfTheSource) {
    const auto document = parsed(R"({ a(b: "plain", c: """block""") })");
    const auto& arguments = document->operations[0]->selections[0].arguments;
    for (const Argument& each : arguments) {
        EXPECT_GE(each.value.text.data(), document->source().data());
        EXPECT_LT(each.value.text.data(), document->source().data() + document->source().size());
    }
}

TEST(Lexer, StripsTheIndentationOfBlockStrings) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"\"\"\"\"\"\"", ""},
        {"\"\"\"  \n \t \n\"\"\"", ""},
        {"\"\"\"   \"\"\"", ""},
        {"\"\"\" x \"\"\"", " x "},
        {"\"\"\"\n    Hello,\n      World!\n\n    Yours\n  \"\"\"", "Hello,\n  World!\n\nYours"},
        {"\"\"\"  first\n    second\n   third\"\"\"", "  first\n second\nthird"},
        {"\"\"\"a\r\nb\rc\nd\"\"\"", "a\nb\nc\nd"},
        {"\"\"\"\n  a\n     \n  b\"\"\"", "a\n   \nb"},
        {"\"\"\"\n\ta\n\t\tb\"\"\"", "a\n\tb"},
        {R"("""a \""" b \n \u0041 "" ")"
         "\"\"",
         R"(a """ b \n \u0041 "" )"},
    };
    for (const auto& [literal, value] : rows) EXPECT_EQ(string_value(literal), value) << literal;
    EXPECT_TRUE((*parse_const_value("\"\"\"x\"\"\""))->value.is_block);
    EXPECT_FALSE((*parse_const_value("\"x\""))->value.is_block);
}

TEST(Lexer, IgnoresCommasCommentsLineEndsAndByteOrderMarks) {
    const auto document = parsed("\xEF\xBB\xBF,,{#c, \xE2\x82\xAC }\r\n\ta,\xEF\xBB\xBF,b#}\r}");
    EXPECT_EQ(print(*document), "{\n  a\n  b\n}");
    EXPECT_EQ(document->tokens, 4u);
}

// ---- executable documents

TEST(Parser, ReportsWhatItExpected) {
    const Refusal rows[] = {
        {"", "Unexpected <EOF>.", 0},
        {"  # only a comment", "Unexpected <EOF>.", 18},
        {"{", "Expected Name, found <EOF>.", 1},
        {"{ }", "Expected Name, found \"}\".", 2},
        {"{ a(", "Expected Name, found <EOF>.", 4},
        {"{ a() }", "Expected Name, found \")\".", 4},
        {"{ a(b) }", "Expected \":\", found \")\".", 5},
        {"{ a(b:) }", "Unexpected \")\".", 6},
        {"{ a: }", "Expected Name, found \"}\".", 5},
        {"{ a @ }", "Expected Name, found \"}\".", 6},
        {"{ ... }", "Expected \"{\", found \"}\".", 6},
        {"{ ...on }", "Expected Name, found \"}\".", 8},
        {"{ a { } }", "Expected Name, found \"}\".", 6},
        {"}", "Unexpected \"}\".", 0},
        {"notanoperation Foo { field }", "Unexpected Name \"notanoperation\".", 0},
        {"\"text\"", "Unexpected <EOF>.", 6},
        {"5", "Unexpected Int \"5\".", 0},
        {"1.5", "Unexpected Float \"1.5\".", 0},
        {"query", "Expected \"{\", found <EOF>.", 5},
        {"query ($a) { b }", "Expected \":\", found \")\".", 9},
        {"query () { b }", "Expected \"$\", found \")\".", 7},
        {"query ($a: ) { b }", "Expected Name, found \")\".", 11},
        {"query ($a: [Int) { b }", "Expected \"]\", found \")\".", 15},
        {"query ($a: Int = $b) { b }", "Unexpected variable \"$b\" in constant value.", 17},
        {"query ($a: Int = $) { b }", "Unexpected \"$\".", 17},
        {"query ($a: [Int] = [1, $b]) { b }", "Unexpected variable \"$b\" in constant value.", 23},
        {"query ($a: Int @d(x: $b)) { b }", "Unexpected variable \"$b\" in constant value.", 21},
        {"{ a(b: [1, }) }", "Unexpected \"}\".", 11},
        {"{ a(b: {1: 2}) }", "Expected Name, found Int \"1\".", 8},
        {"{ a(b: {c 2}) }", "Expected \":\", found Int \"2\".", 10},
        {"fragment on on on { a }", "Unexpected Name \"on\".", 9},
        {"fragment \"on\" on A { a }", "Unexpected String \"on\".", 9},
        {"fragment A a { a }", "Expected \"on\", found Name \"a\".", 11},
        {"fragment A on { a }", "Expected Name, found \"{\".", 14},
        {"fragment A on B", "Expected \"{\", found <EOF>.", 15},
        {"fragment A($a: Int) on B { a }", "Expected \"on\", found \"(\".", 10},
        {"{ a } \"x\" { b }",
         "Unexpected description, descriptions are not supported on shorthand queries.",
         6},
        {"\"\"\"d\"\"\" extend type A { b: C }",
         "Unexpected description, only GraphQL definitions support descriptions.",
         0},
        {"\"d\" other", "Unexpected description, only GraphQL definitions support descriptions.", 0},
        {"\"a\" \"\"\"b\"\"\" type A", "Unexpected BlockString \"b\".", 4},
    };
    for (const Refusal& row : rows) expect_refused(row);
}

TEST(Parser, ReadsEveryPartOfAnOperation) {
    const auto document = parsed(R"("why" query Q("first" $a: [Int!]! = [1] @d(x: {y: E}), $b: B) @op {
        alias: field(x: $a, y: {z: [true, null, 1.5]}) @skip(if: $b) { id }
        ...F @on
        ... on T @include(if: true) { a }
        ... @d { b }
        ... { c }
    }
    fragment F on T @f { x }
    subscription { y })");
    ASSERT_EQ(document->operations.size(), 2u);
    const Operation& q = *document->operations[0];
    EXPECT_EQ(q.at, 0u);
    EXPECT_EQ(q.description, "why");
    EXPECT_EQ(q.name.text, "Q");
    EXPECT_FALSE(q.is_shorthand);
    ASSERT_EQ(q.variables.size(), 2u);
    EXPECT_EQ(q.variables[0].description, "first");
    EXPECT_EQ(print(q.variables[0].type), "[Int!]!");
    EXPECT_EQ(print(q.variables[0].default_value), "[1]");
    EXPECT_EQ(q.variables[0].directives[0].arguments[0].value.fields[0].value.kind, Value::Kind::kEnum);
    EXPECT_FALSE(q.variables[1].default_value);
    ASSERT_EQ(q.selections.size(), 5u);
    EXPECT_EQ(q.selections[0].alias.text, "alias");
    EXPECT_EQ(q.selections[0].response_key(), "alias");
    EXPECT_EQ(q.selections[0].arguments[0].value.kind, Value::Kind::kVariable);
    EXPECT_EQ(q.selections[0].arguments[0].value.text, "a");
    EXPECT_EQ(print(q.selections[0].arguments[1].value), "{z: [true, null, 1.5]}");
    EXPECT_EQ(document->source()[q.selections[0].selections_at], '{');
    EXPECT_EQ(q.selections[1].kind, Selection::Kind::kFragmentSpread);
    EXPECT_EQ(q.selections[1].name.text, "F");
    EXPECT_FALSE(q.selections[1].has_selections);
    EXPECT_EQ(q.selections[2].type_condition.text, "T");
    EXPECT_FALSE(q.selections[3].type_condition);
    EXPECT_EQ(q.selections[4].directives.size(), 0u);
    EXPECT_EQ(document->operations[1]->kind, OperationKind::kSubscription);
    ASSERT_NE(document->fragment("F"), nullptr);
    EXPECT_EQ(document->fragment("F")->type_condition.text, "T");
    EXPECT_EQ(document->fragment("G"), nullptr);
    ASSERT_EQ(document->definitions.size(), 3u);
    EXPECT_EQ(document->source().substr(document->definitions[1].at(), 8), "fragment");
}

TEST(Parser, TakesKeywordsAsNames) {
    for (const std::string_view word :
         {"on", "fragment", "query", "mutation", "subscription", "true", "false", "null", "type", "extend"}) {
        const std::string fragment = word == "on" ? "a" : std::string(word);
        const std::string w(word);
        parsed(
            "query " + w + " { ..." + fragment + " ... on " + w + " { a } " + w + "(" + w + ": $" + w +
            ") @" + w + " } fragment " + fragment + " on Type { x: " + w + " }"
        );
    }
}

TEST(Parser, ReadsConstantValuesAlone) {
    const auto out = parse_const_value(" {a: [1, \"x\"], b: E} ");
    ASSERT_TRUE(out);
    EXPECT_EQ(print((*out)->value), "{a: [1, \"x\"], b: E}");
    EXPECT_EQ(
        parse_const_value("$a").error().message, "Syntax Error: Unexpected variable \"$a\" in constant value."
    );
    EXPECT_EQ(parse_const_value("1 2").error().message, "Syntax Error: Expected <EOF>, found Int \"2\".");
    EXPECT_EQ(parse_const_value("").error().message, "Syntax Error: Unexpected <EOF>.");
}

// ---- type system

TEST(ParserSdl, ReportsWhatItExpected) {
    const Refusal rows[] = {
        {"type A {}", "Expected Name, found \"}\".", 8},
        {"type A { b }", "Expected \":\", found \"}\".", 11},
        {"type A { b(): C }", "Expected Name, found \")\".", 11},
        {"type A implements { b: C }", "Expected Name, found \"{\".", 18},
        {"type A implements & & B { b: C }", "Expected Name, found \"&\".", 20},
        {"type A implements B, C { b: C }", "Unexpected Name \"C\".", 21},
        {"interface A {}", "Expected Name, found \"}\".", 13},
        {"input A {}", "Expected Name, found \"}\".", 9},
        {"input A { b(c: D): E }", "Expected \":\", found \"(\".", 11},
        {"input A { b: C = $d }", "Unexpected variable \"$d\" in constant value.", 17},
        {"enum A {}", "Expected Name, found \"}\".", 8},
        {"enum A { true }", "Name \"true\" is reserved and cannot be used for an enum value.", 9},
        {"enum A { null }", "Name \"null\" is reserved and cannot be used for an enum value.", 9},
        {"union A = ", "Expected Name, found <EOF>.", 10},
        {"union A = | ", "Expected Name, found <EOF>.", 12},
        {"union A = B | | C", "Expected Name, found \"|\".", 14},
        {"union A = B C", "Unexpected Name \"C\".", 12},
        {"schema", "Expected \"{\", found <EOF>.", 6},
        {"schema {}", "Expected Name, found \"}\".", 8},
        {"schema { other: A }", "Unexpected Name \"other\".", 9},
        {"directive A on FIELD", "Expected \"@\", found Name \"A\".", 10},
        {"directive @a FIELD", "Expected \"on\", found Name \"FIELD\".", 13},
        {"directive @a on FIELD | INCORRECT", "Unexpected Name \"INCORRECT\".", 24},
        {"directive @a on", "Expected Name, found <EOF>.", 15},
        {"extend A", "Unexpected Name \"A\".", 7},
        {"extend directive @a on FIELD", "Unexpected Name \"directive\".", 7},
        {"extend type A", "Unexpected <EOF>.", 13},
        {"extend interface A", "Unexpected <EOF>.", 18},
        {"extend scalar A", "Unexpected <EOF>.", 15},
        {"extend union A", "Unexpected <EOF>.", 14},
        {"extend enum A", "Unexpected <EOF>.", 13},
        {"extend input A", "Unexpected <EOF>.", 14},
        {"extend schema", "Unexpected <EOF>.", 13},
        {"extend schema {}", "Expected Name, found \"}\".", 15},
        {"extend \"d\" type A { b: C }", "Unexpected String \"d\".", 7},
    };
    for (const Refusal& row : rows) expect_refused(row);
}

constexpr std::string_view kSdl = R"("""This is the schema"""
schema @s {
  query: Query
  mutation: M
}

scalar Date @specifiedBy(url: "u")

"An object"
type Query implements A & B @d {
  "field"
  one(
    "argument"
    first: Int = 10 @deprecated

    """
    two
      lines
    """
    second: [String!]! = ["a"]
  ): T!
  two(a: Int, b: Int = 1): [T!]! @deprecated(reason: "no")
}

interface B implements A {
  id: ID
}

union U @d = A | B

enum E {
  "one"
  ONE @deprecated
  TWO
}

input I @oneOf {
  a: Int = 1
  b: [I!]
}

directive @d(a: Int = 1, b: [I!]) repeatable on FIELD | OBJECT

type Empty

union None

extend schema @x

extend scalar Date @x

extend type Query implements C

extend interface B {
  x: Int
}

extend union U = C

extend enum E {
  THREE
}

extend input I {
  c: Int
}

query Q {
  mixed
})";

TEST(ParserSdl, ReadsEveryKindOfDefinition) {
    const auto document = parsed(kSdl);
    ASSERT_EQ(document->definitions.size(), 18u);
    const TypeSystemDefinition& schema = *document->definitions[0].type_system;
    EXPECT_EQ(schema.roots[1].kind, OperationKind::kMutation);
    EXPECT_EQ(schema.roots[1].type.text, "M");
    EXPECT_TRUE(schema.is_block_description);
    const TypeSystemDefinition& query = *document->definitions[2].type_system;
    EXPECT_EQ(query.kind, TypeSystemDefinition::Kind::kObject);
    EXPECT_EQ(query.interfaces[1].text, "B");
    EXPECT_EQ(query.fields[0].arguments[1].description, "two\n  lines");
    EXPECT_EQ(print(query.fields[0].arguments[1].type), "[String!]!");
    const TypeSystemDefinition& directive = *document->definitions[7].type_system;
    EXPECT_TRUE(directive.is_repeatable);
    EXPECT_EQ(directive.locations[1].text, "OBJECT");
    EXPECT_EQ(directive.input_fields.size(), 2u);
    EXPECT_TRUE(document->definitions[10].type_system->is_extension);
    EXPECT_NE(document->definitions[17].operation, nullptr);
}

TEST(ParserSdl, LeadingSeparatorsAreAllowed) {
    EXPECT_EQ(
        print(*parsed("type A implements & B & C union U = | D | E directive @x on | FIELD | QUERY")),
        "type A implements B & C\n\nunion U = D | E\n\ndirective @x on FIELD | QUERY"
    );
}

// ---- printer

TEST(Printer, PrintsEveryDefinitionAsItWas) {
    // Blank lines between arguments are no part of the layout.
    std::string expected(kSdl);
    const auto blank = expected.find("\n\n    \"\"\"\n    two");
    expected.erase(blank, 1);
    EXPECT_EQ(print(*parsed(kSdl)), expected);
}

TEST(Printer, LaysOutOperations) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"query{a}", "{\n  a\n}"},
        {"\"\"query{a}", "\"\"\nquery {\n  a\n}"},
        {"mutation{a}", "mutation {\n  a\n}"},
        {"query($a:Int){a}", "query ($a: Int) {\n  a\n}"},
        {"query@d{a}", "query @d {\n  a\n}"},
        {"query Q{a}", "query Q {\n  a\n}"},
        {"query Q($a:Int,$b:[Int!]=1@d)@e{a}", "query Q($a: Int, $b: [Int!] = 1 @d) @e {\n  a\n}"},
        {"query Q(\"x\"$a:Int $b:B){a}", "query Q(\n\"x\"\n$a: Int\n$b: B\n) {\n  a\n}"},
        {"{x:a(b:1,c:{})@d{...F@e ...on T@g{h}...{i}}}",
         "{\n  x: a(b: 1, c: {}) @d {\n    ...F @e\n    ... on T @g {\n      h\n    }\n    ... {\n      i\n  "
         "  }\n  "
         "}\n}"},
        {"\"\"\"d\"\"\"fragment F on T@d{a}", "\"\"\"d\"\"\"\nfragment F on T @d {\n  a\n}"},
    };
    for (const auto& [source, text] : rows) EXPECT_EQ(print(*parsed(source)), text) << source;
}

TEST(Printer, BreaksArgumentsThatExceedTheLine) {
    const std::string fits(72, 'x');  // a(b: "...") of 80
    EXPECT_EQ(print(*parsed("{a(b:\"" + fits + "\")}")), "{\n  a(b: \"" + fits + "\")\n}");
    EXPECT_EQ(print(*parsed("{a(b:\"x" + fits + "\")}")), "{\n  a(\n    b: \"x" + fits + "\"\n  )\n}");
    // Two code units each, not four bytes: 36 of them are 72.
    std::string wide;
    for (int i = 0; i < 35; ++i) wide += "\xF0\x9F\x98\x80";
    EXPECT_EQ(print(*parsed("{a(b:\"" + wide + "x\")}")), "{\n  a(b: \"" + wide + "x\")\n}");
}

TEST(Printer, QuotesStrings) {
    std::string out;
    append_quoted(out, "\"\\/\b\f\n\r\t\x01\x1F\x7F\xC2\x80\xC2\x9F\xC2\xA0\xF0\x9F\x98\x80");
    EXPECT_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\\u007F\\u0080\\u009F\xC2\xA0\xF0\x9F\x98\x80\"");
}

TEST(Printer, LaysOutBlockStrings) {
    const std::string long_line(71, 'x');
    const std::pair<std::string, std::string> rows[] = {
        {"\"\"\"\"\"\"", "\"\"\"\"\"\""},
        {"\"\"\"short\"\"\"", "\"\"\"short\"\"\""},
        {"\"\"\" lead\"\"\"", "\"\"\" lead\"\"\""},
        {"\"\"\"" + long_line + "\"\"\"", "\"\"\"\n" + long_line + "\n\"\"\""},
        {"\"\"\"a\n  b\n  c\"\"\"", "\"\"\"\na\nb\nc\n\"\"\""},
        {"\"\"\"\n a\n  b\"\"\"", "\"\"\"\na\n b\n\"\"\""},
        {"\"\"\"quote\"\n\"\"\"", "\"\"\"\nquote\"\n\"\"\""},
        {"\"\"\"slash\\\n\"\"\"", "\"\"\"\nslash\\\n\"\"\""},
        {"\"\"\" quote\"\n\"\"\"", "\"\"\" quote\"\n\"\"\""},
        {"\"\"\"three\\\"\"\"\"\"\"", "\"\"\"\nthree\\\"\"\"\n\"\"\""},
    };
    for (const auto& [literal, text] : rows) {
        EXPECT_EQ(print((*parse_const_value(literal))->value), text) << literal;
    }
    EXPECT_EQ(print(*parsed("{a(b:\"\"\"x\ny\"\"\")}")), "{\n  a(b: \"\"\"\n  x\n  y\n  \"\"\")\n}");
}

// ---- limits

std::string nested(std::string_view open, int times, std::string_view inside, std::string_view close) {
    std::string out;
    for (int i = 0; i < times; ++i) out += open;
    out += inside;
    for (int i = 0; i < times; ++i) out += close;
    return out;
}

TEST(ParseLimits, BytesTokensAndDepthHaveMessagesOfTheirOwn) {
    EXPECT_TRUE(parse("{ a }", {.bytes_max = 5}));
    expect_refused({"{ a  }", "Document is larger than 5 bytes. Parsing aborted.", 5}, {.bytes_max = 5});
    EXPECT_TRUE(parse("{ a b }", {.tokens_max = 4}));
    expect_refused(
        {"{ a b c }", "Document contains more than 4 tokens. Parsing aborted.", 8}, {.tokens_max = 4}
    );
    EXPECT_TRUE(parse("{ a { b } }", {.depth_max = 2}));
    expect_refused(
        {"{ a { b { c } } }", "Document is nested more than 2 levels deep. Parsing aborted.", 8},
        {.depth_max = 2}
    );
}

TEST(ParseLimits, DepthCountsSelectionsValuesAndTypesTogether) {
    const auto too_deep = [](const std::string& source) {
        const auto out = parse(source, {.depth_max = 10});
        return !out && out.error().message.contains("more than 10 levels");
    };
    EXPECT_FALSE(too_deep("{ a(b: " + nested("[", 9, "", "]") + ") }"));
    EXPECT_TRUE(too_deep("{ a(b: " + nested("[", 10, "", "]") + ") }"));
    EXPECT_TRUE(too_deep("{ a(b: " + nested("{c: ", 10, "1", "}") + ") }"));
    EXPECT_TRUE(too_deep("{ a(b: " + nested("[{c: ", 5, "1", "}]") + ") }"));
    EXPECT_FALSE(too_deep("type A { b: " + nested("[", 10, "C", "]") + " }"));
    EXPECT_TRUE(too_deep("type A { b: " + nested("[", 11, "C", "]") + " }"));
    EXPECT_TRUE(too_deep(nested("{ ... ", 11, "{ a }", "}")));
    EXPECT_FALSE(too_deep("{ a { b } c { d } e { f } g { h } i { j } k { l } m { n } o { p } q { r } }"));
}

TEST(ParseLimits, HugeNestingIsRefusedEvenWithTrustedLimits) {
    for (const std::string_view open : {"{a", "{a(b:[", "{...", "query($a:[", "{a(b:{c:"}) {
        const std::string source = nested(open, 100'000, "", "");
        EXPECT_FALSE(parse(source, trusted_parse_limits()));
    }
    const auto out = parse("{a(b:" + nested("[", 100'000, "", ""), trusted_parse_limits());
    ASSERT_FALSE(out);
    EXPECT_THAT(out.error().message, testing::HasSubstr("more than 256 levels"));
}

TEST(LineColumn, CountsLinesOfAnyKindAndUtf16Units) {
    const std::string_view text = "ab\ncd\r\ne\rf\xF0\x9F\x98\x80\xC3\xA9g";
    const std::tuple<std::uint32_t, int, int> rows[] = {
        {0, 1, 1},
        {2, 1, 3},
        {3, 2, 1},
        {5, 2, 3},
        {6, 2, 4},
        {7, 3, 1},
        {9, 4, 1},
        {10, 4, 2},
        {16, 4, 5},
        {99, 4, 6}
    };
    for (const auto& [at, line, column] : rows) {
        const LineColumn out = line_column(text, at);
        EXPECT_EQ(out.line, line) << at;
        EXPECT_EQ(out.column, column) << at;
    }
}

}  // namespace
}  // namespace weft::graphql
