#include "app/runner/detail/library.h"

#include "app/runner/evaluator.h"
#include "base/json.h"
#include "core/schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

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
    for (const std::string_view name : library::names()) {
        const auto is_defined = engine.evaluate("typeof " + std::string(name), script::As::kText);
        EXPECT_EQ(is_defined->value(), "undefined") << name;
    }
    EXPECT_EQ(value("typeof dates"), R"("object")");
    EXPECT_EQ(value("typeof globalThis['da' + 'tes']"), R"("object")");
    engine.reset(script::Scope::kLibrary);
    for (const std::string_view name : library::names()) {
        const auto is_defined = engine.evaluate("typeof " + std::string(name), script::As::kText);
        EXPECT_NE(is_defined->value(), "undefined") << name;
    }
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
             {"dates.parse('2026-01-01').isBefore(5)", "the other date must be a date or its text"},
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

}  // namespace
}  // namespace weft::runner
