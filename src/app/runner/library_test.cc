#include "app/runner/detail/library.h"

#include "app/runner/detail/engine.h"
#include "app/runner/evaluator.h"
#include "base/json.h"
#include "core/schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace weft::script {

/// Gives scripts the host's function itself, which the library keeps from them.
struct EngineProbe {
    static void expose_library() {
        const auto body = [](void* self) {
            auto& it = *static_cast<Engine::Impl*>(self);
            const std::uint32_t name = it.copy_in("", "__library", "");
            const std::uint32_t function = QJS(qjs_new_host_function)(&it.instance, name, 9, 0);
            QJS(qjs_set_prop_string)(&it.instance, QJS(qjs_get_global)(&it.instance), name, function);
        };
        ASSERT_EQ(wasm::guarded(body, &Engine::impl()), WASM_RT_TRAP_NONE);
    }
};

}  // namespace weft::script

namespace weft::runner {
namespace {

using ::testing::HasSubstr;

/// Expressions as a run evaluates them, a fresh context each.
class Library : public ::testing::Test {
  protected:
    explicit Library(std::string input = "{}")
        : evaluator(engine, [this](const protocol::Reply& reply) {
              if (const auto* value = std::get_if<protocol::Value>(&reply)) last = value->json;
              if (const auto* failed = std::get_if<protocol::Failed>(&reply)) last = "! " + failed->message;
          }) {
        begin(std::move(input));
    }
    void begin(std::string input) {
        EXPECT_TRUE(evaluator.handle(protocol::Begin{.input = std::move(input), .script_timeout_ms = 2000}));
    }
    /// JSON, or "! " and the error's message.
    std::string value(std::string_view expression) {
        std::string quoted;
        append_json_string("{{ " + std::string(expression) + " }}", quoted);
        last = "no reply";
        EXPECT_TRUE(evaluator.handle(protocol::Evaluate{.value = quoted}));
        return last;
    }
    script::Engine engine;
    std::string last;
    Evaluator evaluator;
};

/// docs/expressions.md: ```js blocks of expressions, each followed by `// → JSON` or `// ! message`.
class Documented : public Library {
  protected:
    Documented() : Library(input_of(text())) {}

    static std::string text() {
        std::ifstream file(WEFT_DOCS "/expressions.md");
        std::stringstream out;
        out << file.rdbuf();
        return out.str();
    }
    static std::string input_of(const std::string& text) {
        const std::size_t at = text.find("```json\n") + 8;
        return text.substr(at, text.find("```", at) - at);
    }
};

std::string without_name(const std::string& shown) {
    for (const std::string_view name : {"TypeError: ", "RangeError: ", "ReferenceError: ", "SyntaxError: "})
        if (shown.starts_with("! " + std::string(name))) return "! " + shown.substr(2 + name.size());
    return shown;
}

TEST_F(Documented, ExamplesGiveWhatTheySay) {
    std::istringstream lines(text());
    std::string line;
    std::string expression;
    bool is_code = false;
    int examples = 0;
    while (std::getline(lines, line)) {
        if (line.starts_with("```")) {
            EXPECT_EQ(expression, "") << "an example without a result";
            is_code = line == "```js";
            continue;
        }
        if (!is_code) continue;
        if (line.starts_with("// → ")) {
            EXPECT_EQ(value(expression), line.substr(std::string_view("// → ").size())) << expression;
        } else if (line.starts_with("// ! ")) {
            EXPECT_EQ(without_name(value(expression)), line.substr(3)) << expression;
        } else {
            expression += line + "\n";
            continue;
        }
        expression.clear();
        ++examples;
    }
    EXPECT_GE(examples, 25);
}

TEST_F(Library, IsNotThereUntilItIsMentioned) {
    engine.reset();
    engine.set_timeout(2s);
    for (const std::string_view name : library::kNames) {
        const auto is_defined = engine.evaluate("typeof " + std::string(name), script::As::kText);
        EXPECT_EQ(is_defined->value(), "undefined") << name;
    }
    EXPECT_EQ(value("typeof dates"), R"("object")");
    EXPECT_EQ(value("typeof globalThis['da' + 'tes']"), R"("object")");
    engine.reset(script::Scope::kLibrary);
    for (const std::string_view name : library::kNames) {
        const auto is_defined = engine.evaluate("typeof " + std::string(name), script::As::kText);
        EXPECT_NE(is_defined->value(), "undefined") << name;
    }
}

/// Pages of the engine's memory that this process has copied.
int copied_pages() {
    std::ifstream file("/proc/self/smaps");
    bool is_engine = false;
    int pages = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.find(" rw-p ") != std::string::npos || line.find(" ---p ") != std::string::npos)
            is_engine = line.find("memfd:weft-engine") != std::string::npos;
        int kilobytes = 0;
        if (is_engine && std::sscanf(line.c_str(), "Anonymous: %d", &kilobytes) == 1) pages += kilobytes / 4;
    }
    return pages;
}

/// Each is paid in every run: 28 when this was written, 31 before there was a library, 44 with both in one
/// image.
TEST_F(Library, CostsNothingWhereItIsNotMentioned) {
    engine.reset();
    ASSERT_EQ(copied_pages(), 0);
    engine.set_timeout(2s);
    ASSERT_TRUE(engine.evaluate("1 + 1", script::As::kJson));
    EXPECT_LE(copied_pages(), 36);
    EXPECT_GT(copied_pages(), 8);  // the control: they are counted
}

TEST_F(Library, NothingOfOneEvaluationIsInTheNext) {
    EXPECT_EQ(value("(globalThis.left = dates.zoneData.length, 1)"), "1");
    EXPECT_EQ(value("[typeof left, typeof dates]"), R"(["undefined","object"])");
    EXPECT_EQ(value("typeof left"), R"("undefined")");
}

TEST_F(Library, NamesCanBeShadowedAndNotChanged) {
    EXPECT_EQ(value("((dates) => dates + 1)(1)"), "2");
    EXPECT_THAT(value("dates = 1"), HasSubstr("read-only"));
    EXPECT_THAT(value("dates.now = 1"), HasSubstr("read-only"));
    EXPECT_TRUE(evaluator.handle(
        protocol::Evaluate{.value = R"("{{ dates.x + 1 }}")", .bindings = {{"dates", R"({"x":1})"}}}
    ));
    EXPECT_EQ(last, "2");
}

TEST_F(Library, DatesInTextAreTheirIso) {
    EXPECT_EQ(
        value("dates.parse('2026-01-01') }} {{ dates.parse('2026-01-02')"),
        R"("2026-01-01T00:00:00.000Z 2026-01-02T00:00:00.000Z")"
    );
    EXPECT_EQ(value("'at' }} {{ new Date(0)"), R"("at 1970-01-01T00:00:00.000Z")");
}

TEST_F(Library, DatesAreExactAboutTheirArguments) {
    for (const auto& [expression, message] : std::initializer_list<std::pair<const char*, const char*>>{
             {"dates.parse('2026-01-01').plus({ days: 1.5 })", "date.plus: days must be a whole number"},
             {"dates.parse('2026-01-01').plus({ day: '1' })", "date.plus: day must be a number, not a text"},
             {"dates.parse('2026-01-01').plus({ fortnights: 1 })", "there is no unit fortnights"},
             {"dates.parse('2026-01-01').plus({ years: 9000 })", "must lie in the years 0 to 9999"},
             {"dates.parse('2026-01-01').plus({ years: 1e300 })", "must lie in the years 0 to 9999"},
             {"dates.parse('2026-01-01').in('Mars')", "date.in: zone must be an IANA name"},
             {"dates.parse('2026-01-01').startOf('weak')", "date.startOf: unit must be one of years"},
             {"dates.parse('2026-01-01').isBefore(5)",
              "the other date must be a date of the years 0 to 9999 or its text"},
             {"dates.fromDate(new Date('x'))",
              "date must be a date of the years 0 to 9999 or its text, not the Date that is invalid"},
             {"dates.fromDate(new Date(8e15))", "not the Date +255479-"},
             {"dates.parse('2026-01-01').with({ month: 13 })", "month must be a whole number from 1 to 12"},
             {"dates.of({ year: 2026, month: 2, day: 30 })", "day must be a whole number from 1 to 28"},
             {"dates.of({ month: 2 })", "year must be a whole number from 0 to 9999, not nothing"},
             {"dates.fromMillis(1e17)", "milliseconds must be a whole number"},
             {"dates.latest([])", "the list is empty"},
         })
        EXPECT_THAT(value(expression), HasSubstr(message)) << expression;
    EXPECT_EQ(value("dates.parse('2024-02-29').with({ year: 2025 })"), R"("2025-02-28T00:00:00.000Z")");
    EXPECT_EQ(value("dates.parse('2026-01-01').plus({ hours: 1.5 }).minus({ minute: 30 }).hour"), "1");
    EXPECT_EQ(value("dates.today().equals(dates.now().startOf('day'))"), "true");
    EXPECT_EQ(value("Math.abs(dates.now() - Date.now()) < 1000"), "true");
}

/// One grammar: what the schema accepts is an instant here, and one that JavaScript agrees with where it
/// reads it.
TEST_F(Library, SchemasAndDatesReadAlike) {
    const auto schema =
        schema::Schema::compile(*parse_json(R"({"format":"date-time"})"), "", {.checks_formats = true});
    ASSERT_TRUE(schema);
    struct Case {
        const char* text;
        const char* instant;  // nullptr: refused by both
    };
    for (const Case& each : {
             Case{"2026-03-28T09:30:00Z", "1774690200000"},
             Case{"2026-03-28t09:30:00.5z", "1774690200500"},
             Case{"2026-03-28T09:30:00.123456789+05:30", "1774670400123"},
             Case{"2026-03-28T09:30:00-00:00", "1774690200000"},
             Case{"2016-12-31T23:59:60Z", "1483228799000"},
             Case{"2017-01-01T00:59:60.25+01:00", "1483228799250"},
             Case{"0000-02-29T00:00:00Z", "-62162121600000"},
             Case{"0000-01-01T00:00:00+23:59", "-62167305540000"},
             Case{"9999-12-31T23:59:59.999-23:59", "253402387139999"},
             Case{"2026-02-29T00:00:00Z", nullptr},
             Case{"2026-03-28T24:00:00Z", nullptr},
             Case{"2026-03-28T09:30:60Z", nullptr},
             Case{"2026-03-28T09:30:00.Z", nullptr},
             Case{"2026-03-28T09:30:00+24:00", nullptr},
             Case{"2026-3-28T09:30:00Z", nullptr},
             Case{"2026-03-28T09:30:00Z ", nullptr},
         }) {
        EXPECT_EQ(schema->validate(Json(std::string(each.text))).has_value(), each.instant != nullptr)
            << each.text;
        const std::string given = value("dates.parse('" + std::string(each.text) + "').toMillis()");
        if (each.instant)
            EXPECT_EQ(given, each.instant) << each.text;
        else
            EXPECT_TRUE(given.starts_with("! RangeError: dates.parse: text must be")) << given;
    }
}

TEST_F(Library, RefusesWhatItCannotRead) {
    for (const auto& [expression, message] : std::initializer_list<std::pair<const char*, const char*>>{
             {"base64.decode('ab*d')", "base64.decode: text is not base64"},
             {"hex.decode('abc')", "hex.decode: text is not hex"},
             {"base64.encode(null)", "value must be a text or bytes (Uint8Array), not null"},
             {"hash.sha256('a', { encoding: 'utf8' })",
              "encoding must be one of hex, base64, base64url, not \"utf8\""},
             {"hash.hmac('sha3', 'k', 'v')", "the digest must be one of md5, sha1"},
             {"url.decode('%zz')", "url.decode: text holds a %"},
             {"url.parse('/a')", "url must be a whole URL"},
             {"url.query({ a: { b: 1 } })", "a must be a text, a number, true or false, not an object"},
             {"csv.parse('a\\n\"x')", "the quote in row 2 is not closed"},
             {"csv.parse('a\\n\"x\"y')", "row 2 has text behind a closed quote"},
             {"csv.parse('a,a\\n1,2')", "the header has a twice"},
             {"csv.parse('a\\n1,2')", "row 1 has 2 fields, and the header 1"},
             {"csv.parse('a', { separator: '||' })", "separator must be one character"},
             {"html.select('<p>', 'p >')", "selector ends without an element"},
             {"html.select('<p>', 'p:hover')", "selector is not understood at \":hover\""},
             {"xml.parse('<!DOCTYPE a [<!ENTITY b \"x\">]><a>&b;</a>')", "document types are not read"},
             {"xml.parse('<a>&b;</a>')", "&b;, which stands for nothing"},
             {"xml.parse('<a b=1/>')", "a quote is expected behind b="},
             {"xml.parse('<a/><b/>')", "there is a second element"},
             {"xml.parse('<a>')", "line 1: <a> is not closed"},
             {"xml.parse('<a>'.repeat(100))", "more than 60 elements are open"},
             {"xml.make({ 'a b': 1 })", "cannot be the name of an element"},
             {"xml.make({ a: 1, b: 2 })", "value must have one member"},
             {"lists.sum([1, '2'])", "lists.sum: item 1 must be a number, not a text"},
             {"lists.chunk([], 0)", "size must be a whole number from 1"},
             {"lists.unique('x')", "lists.unique: list must be a list, not a text"},
             {"numbers.round('1,5')", "value must be a number or its decimal text"},
             {"numbers.round(0/0)", "not the number NaN"},
             {"numbers.round('1e9999')", "more than 1,000 digits"},
             {"numbers.money(1, 'euro')", "currency must be an ISO code such as EUR"},
             {"numbers.format(1, { locale: 'xx' })", "locale must be one of de, en, es"},
             {"texts.compare('a', 1)", "the second must be a text, not the number 1"},
         })
        EXPECT_THAT(value(expression), HasSubstr(message)) << expression;
}

TEST_F(Library, BytesAndDigests) {
    EXPECT_EQ(value("base64.decode('dw 7E\\n=')"), value("base64.decode('dw7E')"));
    EXPECT_EQ(value("[...base64.toBytes('/wA=')]"), "[255,0]");
    EXPECT_EQ(value("hex.encode(new Uint8Array([255, 0]))"), R"("ff00")");
    EXPECT_EQ(value("base64url.encode(new Uint8Array([255, 239]))"), R"("_-8")");
    EXPECT_EQ(value("base64.encode('\\ud83d')"), R"("77+9")");  // half of a pair is U+FFFD
    EXPECT_EQ(value("base64.decode('AGE=')"), R"("\u0000a")");
    EXPECT_EQ(value("hash.md5('')"), R"("d41d8cd98f00b204e9800998ecf8427e")");
    // RFC 4231, case 6: a key longer than a block.
    EXPECT_EQ(
        value("hash.hmac('sha256', new Uint8Array(131).fill(0xaa), 'Test Using Larger Than Block-Size Key - "
              "Hash Key First')"),
        R"("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")"
    );
    EXPECT_EQ(value("hash.sha256(new Uint8Array([97, 98, 99])) === hash.sha256('abc')"), "true");
    EXPECT_EQ(
        value("[hash.equals('ab', 'ab'), hash.equals('ab', 'ac'), hash.equals('a', 'ab')]"),
        "[true,false,false]"
    );
    EXPECT_EQ(
        value("/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid())"), "true"
    );
    EXPECT_EQ(value("uuid(7).slice(0, 8) === Date.now().toString(16).padStart(12, '0').slice(0, 8)"), "true");
    EXPECT_EQ(value("new Set(Array.from({ length: 100 }, () => uuid())).size"), "100");
    EXPECT_NE(value("uuid()"), value("uuid()"));
}

TEST_F(Library, HtmlAsItIsFound) {
    EXPECT_EQ(value("html.toText('<table><tr><td>a<td>b<tr><td>c</table>')"), R"("a\tb\nc")");
    EXPECT_EQ(value("html.toText('a<script>x</script>b<!-- c --><style>d')"), R"("ab")");
    EXPECT_EQ(
        value("html.toText('a < b &amp;&nbsp;&eacute;&#x41;&unknown; <')"), R"("a < b & éA&unknown; <")"
    );
    EXPECT_EQ(value("html.toText('<pre>a\\n  b</pre>c')"), R"("a\n  b\n\nc")");
    EXPECT_EQ(value("html.toText('<div>'.repeat(5000) + 'x')"), R"("x")");
    EXPECT_EQ(
        value("html.select('<p id=a class=\"x y\">1<p>2<p>3', '.y, p:nth-child(2n+1):not(#a)')"),
        R"(["1","3"])"
    );
    EXPECT_EQ(value("html.select('<a>1</a><b>2</b><c>3</c>', 'a + b, a ~ c')"), R"(["2","3"])");
    EXPECT_EQ(
        value("html.select('<div><p>a <b x=\"&quot;\">c</b><br></div>', 'p', { get: 'outer' })"),
        R"(["<p>a <b x=\"&quot;\">c</b><br></p>"])"
    );
    EXPECT_EQ(value("html.select('<a href=x><a>', 'a', { attribute: 'href' })"), R"(["x",null])");
}

TEST_F(Library, MarkdownIsSafeToShow) {
    for (const char* hostile :
         {"<img src=x onerror=alert(1)>",
          "[a](javascript:alert(1))",
          "[a](java&#9;script:alert(1))",
          "[a](&#106;avascript:alert(1))",
          "![a](data:text/html,x)",
          "[a](<javascript:alert(1)>)",
          "[a](https://x \"\\\" onclick=alert(1)\")",
          "<javascript:alert(1)>",
          "`<script>`",
          "    <script>",
          "```<script>\n<script>",
          "| <b> |\n|---|\n| <i> |",
          "[x\" onclick=](/a)"}) {
        std::string quoted;
        append_json_string(hostile, quoted);
        const std::string shown = value("markdown.toHtml(" + quoted + ")");
        for (const char* wrong :
             {"<script", "<img src=x", "javascript:alert(1)\\\"", "=\\\"data:", "<b>", "<i>"})
            EXPECT_THAT(shown, ::testing::Not(HasSubstr(wrong))) << hostile;
        EXPECT_THAT(shown, ::testing::Not(::testing::ContainsRegex("<[^>]*[\\]\" onclick="))) << hostile;
    }
    const auto shown = [&](std::string_view text) {
        std::string quoted;
        append_json_string(text, quoted);
        return value("markdown.toHtml(" + quoted + ")");
    };
    EXPECT_EQ(shown("a_b_c 2*3*4 \\* __x__"), R"("<p>a_b_c 2<em>3</em>4 * <strong>x</strong></p>")");
    EXPECT_EQ(
        shown("1. a\n2. b\n\n   c"),
        R"("<ol>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n<p>c</p>\n</li>\n</ol>")"
    );
    EXPECT_EQ(shown("- a\n  - b\n- c"), R"("<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul></li>\n<li>c</li>\n</ul>")");
    EXPECT_EQ(
        shown("Title\n=====\n> q\n\n---\n~~~js\na<b\n~~~"),
        R"("<h1>Title</h1>\n<blockquote>\n<p>q</p>\n</blockquote>\n<hr>\n<pre><code class=\"language-js\">a&lt;b\n</code></pre>")"
    );
}

TEST_F(Library, HtmlBecomesMarkdown) {
    const auto shown = [&](std::string_view text) {
        std::string quoted;
        append_json_string(text, quoted);
        return value("markdown.fromHtml(" + quoted + ")");
    };
    EXPECT_EQ(shown("<div>a <b> b </b>c<p>d<br>e</div>"), R"("a **b** c\n\nd  \ne")");
    EXPECT_EQ(shown("<ol><li>a<ul><li>b</ul><li>c</ol>"), R"("1. a\n   - b\n2. c")");
    EXPECT_EQ(
        shown("<table><tr><th>a<th>b|c<tr><td>1</table>"), R"("| a | b\\|c |\n| --- | --- |\n| 1 |  |")"
    );
    EXPECT_EQ(
        shown("<blockquote><p>a<p>b</blockquote><pre>x\n y\n</pre>"), R"("> a\n> \n> b\n\n```\nx\n y\n```")"
    );
    EXPECT_EQ(shown("1. 2*3 [x] <script>y</script>"), R"("\\1. 2\\*3 \\[x\\]")");
    EXPECT_EQ(shown("<a href='x y(z)'>t</a><img alt=\"a]\" src=u>"), R"md("[t](x%20y%28z%29)![a](u)")md");
}

TEST_F(Library, TablesAndXmlComeBackAsTheyWere) {
    EXPECT_EQ(
        value("((rows) => JSON.stringify(csv.parse(csv.make(rows))) === JSON.stringify(rows))"
              "([{ a: 'x,\"y', b: ' z\\n' }, { a: '', b: 'ñ' }])"),
        "true"
    );
    EXPECT_EQ(
        value("csv.parse('\\ufeffa,b\\r\\n1,\\r\\n\\r\\n,2')"), R"([{"a":"1","b":""},{"a":"","b":"2"}])"
    );
    EXPECT_EQ(
        value("csv.make([[1, 2], [3, dates.parse('2026-01-01')]], { end: '\\n' })"),
        R"("1,2\n3,2026-01-01T00:00:00.000Z\n")"
    );
    EXPECT_EQ(
        value("((x) => JSON.stringify(xml.parse(xml.make(x, { indent: '  ' }))) === JSON.stringify(x))"
              "({ a: { '@q': '\"<&\\n', '#text': 't', b: ['1', { '@c': '2' }] } })"),
        "true"
    );
    EXPECT_EQ(
        value("xml.parse('<?xml version=\"1.0\"?><!-- c --><a><![CDATA[<&]]>&#65;</a>')"), R"({"a":"<&A"})"
    );
    EXPECT_EQ(value("Object.keys(xml.parse('<a><__proto__>x</__proto__></a>').a)"), R"(["__proto__"])");
    EXPECT_EQ(value("Object.keys(csv.parse('__proto__\\nx')[0])"), R"(["__proto__"])");
    EXPECT_EQ(value("Object.keys(url.parseQuery('__proto__=x'))"), R"(["__proto__"])");
    EXPECT_EQ(value("Object.keys(lists.groupBy(['__proto__']))"), R"(["__proto__"])");
}

/// What a script may use, it may use here: nothing of the library is outside of a script's limits.
TEST_F(Library, IsBoundedAsScriptsAre) {
    engine.reset(script::Scope::kLibrary);
    for (const char* source : {
             "csv.parse('a,'.repeat(20000000))",
             "markdown.toHtml('['.repeat(3000000))",
             "html.toText('<p>'.repeat(3000000))",
             "lists.unique(Array.from({ length: 3000000 }, (_, i) => ({ i })))",
             "numbers.multiply('9'.repeat(999), '9'.repeat(999)) + xml.parse('<a>' + '<b/>'.repeat(5000000) "
             "+ '</a>')",
             "(() => { for (;;) dates.now().plus({ days: 1 }); })()",
         }) {
        engine.reset(script::Scope::kLibrary);
        engine.set_timeout(Millis(300));
        const auto outcome = engine.evaluate(source, script::As::kText);
        ASSERT_FALSE(outcome) << source;
        EXPECT_TRUE(outcome.error().is_limit) << source << ": " << outcome.error().message;
    }
}

TEST_F(Library, TheHostTakesTextsAloneAndOneCallAtATime) {
    engine.reset(script::Scope::kLibrary);
    engine.set_timeout(2s);
    script::EngineProbe::expose_library();
    const auto shown = [&](std::string_view source) {
        return engine.evaluate(source, script::As::kJson)->value();
    };
    EXPECT_EQ(
        shown("(() => { let inner = 'not called'; const given = { toString() { inner = __library('tzdata'); "
              "return 'x'; } }; return [__library('encode', 'hex', given), inner]; })()"),
        R"(["!the library asks with texts alone","not called"])"
    );
    EXPECT_EQ(shown("__library('encode', 'hex', 1)"), R"("!the library asks with texts alone")");
    EXPECT_EQ(shown("__library(...'123456789')"), R"("!the library asks with too many texts")");
    EXPECT_EQ(
        shown("__library('encode', 'hex', 'x'.repeat(1 << 24))"),
        R"("!one call takes 16 MiB of text at most")"
    );
    // However the engine keeps a text.
    EXPECT_EQ(shown("((a) => __library('encode', 'hex', a + 'b' + a).length)('a'.repeat(9000))"), "36003");
}

TEST_F(Library, WhatTheBuiltInsBecomeDoesNotReachTheHost) {
    EXPECT_EQ(
        value("(() => { Array.prototype.map = () => ['tzdata']; String.prototype.slice = () => 'x';"
              " Array.prototype[Symbol.iterator] = function* () {}; globalThis.String = () => ({});"
              " return hash.md5(''); })()"),
        R"("d41d8cd98f00b204e9800998ecf8427e")"
    );
}

/// Far fewer operations than the engine does between two looks at its clock.
TEST_F(Library, TimeOfTheHostIsTheScriptsTime) {
    for (const char* source : {
             "(() => { const s = 'x'.repeat(4e6); for (let i = 0; i < 200; i++) hash.sha512(s); })()",
             "(() => { const s = 'x'.repeat(4e6); for (let i = 0; i < 200; i++) { try { hash.sha512(s); } "
             "catch {} finally { continue; } } })()",
             "(() => { const s = 'x'.repeat(8e6); for (let i = 0; i < 1000; i++) console.log(s); })()",
         }) {
        // On a machine that is busy with other things the clock may run out before the CPU time does.
        constexpr int kTries = 8;
        std::string message;
        for (int i = 0; i < kTries && message.find("its limit") == std::string::npos; ++i) {
            engine.reset(script::Scope::kLibrary);
            engine.set_timeout(Millis(200));
            const std::int64_t before = script::millis(CLOCK_PROCESS_CPUTIME_ID);
            const auto outcome = engine.evaluate(source, script::As::kText);
            ASSERT_FALSE(outcome) << source;
            EXPECT_LT(script::millis(CLOCK_PROCESS_CPUTIME_ID) - before, 1000) << source;
            EXPECT_TRUE(outcome.error().is_limit);
            message = outcome.error().message;
        }
        EXPECT_THAT(message, HasSubstr("and its limit is 0.2 s")) << source;
    }
    EXPECT_EQ(value("hash.md5('')"), R"("d41d8cd98f00b204e9800998ecf8427e")");  // as ever
}

TEST_F(Library, DatesStayInTheirYears) {
    for (const char* expression : {
             "dates.parse('9999-12-31').endOf('week')",
             "dates.parse('0000-01-01').startOf('week')",
             "dates.parse('9999-12-31T20:00').in('Pacific/Auckland')",
             "dates.parse('9999-12-31T20:00Z', { zone: 'Pacific/Auckland' })",
             "dates.parse('9999-12-31T20:00').format('y', { zone: 'Pacific/Auckland' })",
             "dates.parse('0000-01-01T00:00:00+05:00').in('UTC')",
             "dates.fromMillis(253402300799999, { zone: 'Pacific/Auckland' })",
             "dates.parse('9999-12-31T23:59').plus({ hours: 1 })",
             "dates.parse('2026-01-01').plus({ hours: 1e300 })",
         })
        EXPECT_THAT(value(expression), HasSubstr("the date must lie in the years 0 to 9999")) << expression;
    EXPECT_EQ(value("dates.parse('9999-12-31').endOf('month').year"), "9999");
    EXPECT_THAT(
        value("dates.now().plus({ hours: Infinity, minutes: -Infinity })"),
        HasSubstr("date.plus: hours must be a finite number, not the number Infinity")
    );
    EXPECT_THAT(value("dates.now().plus({ hours: 1e308, minutes: -1e308 })"), HasSubstr("a whole number"));
    EXPECT_EQ(value("dates.parse('9999-12-31').diff('0000-01-01', 'days')"), "3652424");
    EXPECT_EQ(value("dates.parse('0000-01-01').diff('9999-12-31', 'years')"), "-9999");
}

/// Whatever JavaScript may have been made to ask.
TEST(LibraryHost, ChecksWhatItIsAsked) {
    const std::string far = "180000000000000000";   // year 5,000,000
    const std::string outside = "900000000000000";  // a number that it reads
    for (const std::vector<std::string>& asked : std::vector<std::vector<std::string>>{
             {"start", "0", "UTC", "nonsense"},
             {"end", "0", "UTC", ""},
             {"difference", "0", "0", "UTC", "nonsense"},
             {"difference", far, "0", "UTC", "day"},
             {"difference", outside, "0", "UTC", "day"},
             {"difference", "0", outside, "UTC", "month"},
             {"fields", outside, "UTC"},
             {"fields", "", "UTC"},
             {"fields", "0", "Mars"},
             {"in", "NaN", "UTC"},
             {"iso", "1.5", "UTC"},
             {"iso", outside, "UTC"},
             {"format", outside, "UTC", "yyyy", "en"},
             {"format", "0x", "UTC", "yyyy", "en"},
             {"plus", "0", "UTC", "NaN", "0", "0"},
             {"plus", "0", "UTC", "0", far, "0"},
             {"plus", "0", "UTC", "0", "0", "Infinity"},
             {"plus", outside, "UTC", "0", "0", "0"},
             {"moment", outside, "UTC", "compatible"},
             {"moment", "0", "Mars", "compatible"},
         }) {
        std::string answer;
        library::answer(asked, answer);
        EXPECT_TRUE(answer.starts_with("!")) << asked[0] << " " << asked[1] << ": " << answer;
    }
}

}  // namespace
}  // namespace weft::runner
