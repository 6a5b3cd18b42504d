#include "app/runner/evaluator.h"

#include "app/runner/detail/json_text.h"
#include "base/json.h"
#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace weft::runner {
namespace {

using protocol::Begin;
using protocol::Code;
using protocol::Evaluate;
using protocol::Failed;
using protocol::Put;
using ::testing::HasSubstr;

std::string shown(const protocol::Reply& reply) {
    if (const auto* value = std::get_if<protocol::Value>(&reply)) return value->json;
    if (const auto* failed = std::get_if<Failed>(&reply)) {
        return (failed->kind == Failed::Kind::kLimit ? "limit " : "failed ") + failed->field + ":" +
               std::to_string(failed->line) + ":" + std::to_string(failed->column) + " " + failed->message;
    }
    if (const auto* log = std::get_if<protocol::Log>(&reply)) return "log " + log->text;
    return "skipped";
}

class EvaluatorTest : public ::testing::Test {
  protected:
    EvaluatorTest()
        : evaluator(engine, [this](const protocol::Reply& reply) {
              last = shown(reply);
              ++replies;
          }) {}

    void begin(std::string input = "{}") {
        EXPECT_TRUE(evaluator.handle(Begin{
            .run = R"({"id":"r1"})",
            .input = std::move(input),
            .trigger = R"({"kind":"webhook"})",
            .env = R"({"SHOP":"x"})",
            .script_timeout_ms = 1000
        }));
    }
    std::string ask(protocol::Request request) {
        last = "no reply";
        EXPECT_TRUE(evaluator.handle(std::move(request)));
        return last;
    }
    std::string value(std::string json) { return ask(Evaluate{.value = std::move(json)}); }
    std::string request(std::string json, std::string input) {
        return ask(Evaluate{
            .value = std::move(json),
            .bindings = {{"input", std::move(input)}},
            .mode = protocol::Mode::kRequest
        });
    }

    script::Engine engine;
    std::string last;
    int replies = 0;
    Evaluator evaluator;
};

TEST_F(EvaluatorTest, WholeExpressionsKeepTheirTypeOthersJoin) {
    begin(R"({"n":1.50,"s":"a\"b","o":{"b":1,"2":[true,null]},"z":null})");
    EXPECT_EQ(
        value(R"({"a":"{{ input.n }}","b":"{{input.s}}","c":"{{ input.o }}","d":"{{ input.z }}","e":7})"),
        R"({"a":1.50,"b":"a\"b","c":{"b":1,"2":[true,null]},"d":null,"e":7})"
    );
    EXPECT_EQ(
        value(R"("n={{ input.n }} s={{ input.s }} o={{ input.o }} z={{ input.z }}.")"),
        R"("n=1.50 s=a\"b o={\"b\":1,\"2\":[true,null]} z=.")"
    );
    EXPECT_EQ(value(R"("{{ input.n + 1 }}-{{ [1, { a: 2 }] }}-{{ undefined }}")"), R"("2.5-[1,{\"a\":2}]-")");
    EXPECT_EQ(value(R"("{{ '{{' }}")"), R"("{{")");
}

TEST_F(EvaluatorTest, UndefinedIsLeftOut) {
    begin(R"({"a":{}})");
    EXPECT_EQ(
        value(R"({"x":"{{ input.a?.b }}","y":["{{ undefined }}",1],"z":"{{ input.a.b ?? 3 }}"})"),
        R"({"y":[null,1],"z":3})"
    );
    EXPECT_EQ(value(R"("{{ undefined }}")"), "null");
    EXPECT_EQ(value(R"("<{{ input.a?.b?.c }}>")"), R"("<>")");
}

TEST_F(EvaluatorTest, AbsentPathsAreErrorsThatNameThePath) {
    begin(R"({"a":{"list":null}})");
    EXPECT_EQ(
        value(R"({"x":{"y":["{{ input.a.b }}"]}})"),
        "failed x.y[0]:1:3 input.a.b is absent; write `input.a.b ?? null` if it may be"
    );
    EXPECT_EQ(
        value(R"("{{ input.a.b.c }}")"), "failed :1:4 input.a.b is absent; write ?. behind it if it may be"
    );
    EXPECT_THAT(value(R"("{{ input.a.list.map(x => x) }}")"), HasSubstr("input.a.list is absent"));
    EXPECT_THAT(value(R"("x {{ steps.nope.output.id }}")"), HasSubstr("steps.nope is absent"));
    EXPECT_THAT(value(R"("{{ nope }}")"), HasSubstr("nope is not defined"));
    EXPECT_THAT(value("{\"t\":\"a\\n{{ 1 +\\n  input.b.c }}\"}"), HasSubstr("failed t:3:"));
    EXPECT_THAT(value(R"("{{ 1 + }}")"), HasSubstr("SyntaxError"));
}

TEST_F(EvaluatorTest, StepsAreSeenAndKept) {
    begin();
    ask(Put{.step = "a", .status = "success", .output = R"({"id":7})", .error = ""});
    ask(Put{.step = "b-1", .status = "failed", .output = "", .error = R"({"kind":"provider"})"});
    EXPECT_EQ(replies, 0);
    EXPECT_EQ(
        value(R"(["{{ steps.a.output.id }}","{{ steps.a.status }}",)"
              R"("{{ steps['b-1'].error.kind }}","{{ steps['b-1'].output }}"])"),
        R"([7,"success","provider",null])"
    );
    EXPECT_EQ(
        ask(Evaluate{.value = R"({"n":"{{ steps.a.output.id * 2 }}"})", .keep_as = "c"}), R"({"n":14})"
    );
    EXPECT_EQ(
        ask(Code{.source = "return { m: steps.c.output.n + 1, keys: Object.keys(steps) }", .keep_as = "d"}),
        R"({"m":15,"keys":["a","b-1","c"]})"
    );
    EXPECT_EQ(value(R"("{{ steps.d.output.m }}")"), "15");
    EXPECT_EQ(value(R"("{{ Object.keys(steps).join() }}")"), R"("a,b-1,c,d")");
    EXPECT_EQ(value(R"("{{ ((id) => steps[id].output)('a').id }}")"), "7");
    EXPECT_EQ(value(R"("{{ run.id }} {{ trigger.kind }} {{ env.SHOP }}")"), R"("r1 webhook x")");
}

TEST_F(EvaluatorTest, BindingsLastForOneEvaluation) {
    begin(R"({"a":1})");
    EXPECT_EQ(
        ask(Evaluate{
            .value = R"("{{ item.x + index + input.a }}")",
            .bindings = {{"item", R"({"x":1})"}, {"index", "2"}}
        }),
        "4"
    );
    EXPECT_EQ(ask(Evaluate{.value = R"("{{ input.b }}")", .bindings = {{"input", R"({"b":5})"}}}), "5");
    EXPECT_EQ(ask(Code{.source = "return input.b + 1", .bindings = {{"input", R"({"b":5})"}}}), "6");
    EXPECT_THAT(value(R"("{{ item.x }}")"), HasSubstr("item is not defined"));
    EXPECT_EQ(value(R"("{{ input.a }}")"), "1");
    EXPECT_FALSE(evaluator.handle(Evaluate{.value = "1", .bindings = {{"a-b", "1"}}}));
    EXPECT_FALSE(evaluator.handle(Evaluate{.value = "1", .bindings = {{"__proto__", "1"}}}));
}

TEST_F(EvaluatorTest, ConditionsSkip) {
    begin(R"({"n":0,"s":"x"})");
    auto condition = [&](std::string text) {
        return ask(Evaluate{.condition = std::move(text), .value = "1"});
    };
    EXPECT_EQ(condition("true"), "1");
    EXPECT_EQ(condition("false"), "skipped");
    EXPECT_EQ(condition(R"("{{ input.n }}")"), "skipped");
    EXPECT_EQ(condition(R"("{{ input.s }}")"), "1");
    EXPECT_EQ(condition(R"("{{ input.n > 0 || input.s === 'x' }}")"), "1");
    EXPECT_EQ(condition(R"("{{ input.absent?.x }}")"), "skipped");
    EXPECT_THAT(condition(R"("{{ a }} == 1")"), HasSubstr("failed if"));
    EXPECT_THAT(condition(R"("{{ input.a.b }}")"), HasSubstr("failed if:1:"));
}

TEST_F(EvaluatorTest, WhatWasSentAheadIsSkippedUnlessTheOneBeforeGaveAValue) {
    begin();
    auto ahead = [&](std::string json) { return ask(Evaluate{.value = std::move(json), .is_ahead = true}); };
    EXPECT_EQ(value("1"), "1");
    EXPECT_EQ(ahead("2"), "2");
    EXPECT_EQ(ahead("3"), "3");
    EXPECT_THAT(value(R"("{{ input.a.b }}")"), HasSubstr("failed"));
    EXPECT_EQ(ahead(R"("{{ (() => { for (;;); })() }}")"), "skipped");
    EXPECT_EQ(ahead("4"), "skipped");
    EXPECT_EQ(ask(Evaluate{.condition = "false", .value = "5"}), "skipped");
    EXPECT_EQ(ahead("6"), "skipped");
    EXPECT_EQ(value("7"), "7");
    EXPECT_EQ(ahead("8"), "8");
}

TEST_F(EvaluatorTest, RequestsEncodePathsAndLeaveOutAbsentInputs) {
    begin();
    EXPECT_EQ(
        request(
            R"({"method":"GET","path":"/orders/{{ input.id }}/x","query":)"
            R"({"a":"{{ input.a }}","b":"{{ input.b }}","c":"q:{{ input.b }}"},)"
            R"("body":{"path":"{{ input.id }}"}})",
            R"({"id":"a/b ?#é","a":1})"
        ),
        R"({"method":"GET","path":"/orders/a%2Fb%20%3F%23%C3%A9/x","query":{"a":1},)"
        R"("body":{"path":"a/b ?#é"}})"
    );
    EXPECT_THAT(
        request(R"({"path":"/o/{{ input.id }}"})", "{}"), HasSubstr("failed path:1:6 the path needs a value")
    );
    EXPECT_THAT(request(R"({"path":"/o/{{ input.id }}"})", R"({"id":""})"), HasSubstr("needs a value"));
    EXPECT_THAT(request(R"({"path":"/o/{{ input.id }}/y"})", R"({"id":".."})"), HasSubstr("segment . or .."));
    EXPECT_THAT(request(R"({"path":"/o/.{{ input.id }}?x"})", R"({"id":"."})"), HasSubstr("segment . or .."));
    EXPECT_EQ(
        request(R"({"path":"/o/{{ input.id.toUpperCase() }}"})", R"({"id":"a/b"})"), R"({"path":"/o/A%2FB"})"
    );
    EXPECT_EQ(request(R"({"query":{"x":"{{ input.deep.er }}"}})", "{}"), R"({"query":{}})");
}

TEST_F(EvaluatorTest, CodeFailsWithItsPlace) {
    begin();
    EXPECT_EQ(
        ask(Code{.source = "const a = 1;\nthrow new Error('no stock')"}).substr(0, 25),
        "failed source:2:11 no sto"
    );
    EXPECT_THAT(ask(Code{.source = "for (;;) {}"}), HasSubstr("limit source"));
    EXPECT_THAT(
        ask(Code{.source = "for (;;) {}", .cpu_ms = 30, .wall_ms = 5000}),
        AllOf(HasSubstr("its limit is 0.03 s"), HasSubstr("limits: {cpu: ...}"))
    );
    EXPECT_THAT(ask(Code{.source = ""}), HasSubstr("empty"));
    EXPECT_THAT(
        ask(Code{.source = "return '['.repeat(70) && JSON.parse('['.repeat(70) + ']'.repeat(70))"}),
        HasSubstr("deeper than 64")
    );
    EXPECT_THAT(
        ask(Code{.source = "return 'x'.repeat(9e6)"}), HasSubstr("limit source:0:0 the value is larger")
    );
    EXPECT_EQ(ask(Code{.source = "return 1"}), "1");
}

TEST_F(EvaluatorTest, LogLinesAreBounded) {
    begin();
    ask(Code{.source = "for (let i = 0; i < 5000; i++) console.log(i)"});
    EXPECT_EQ(replies, limits::kLogLinesPerRunMax + 1);
}

TEST_F(EvaluatorTest, TheProtocolsOrderIsEnforced) {
    EXPECT_FALSE(evaluator.handle(Evaluate{.value = "1"}));
    begin();
    EXPECT_FALSE(evaluator.handle(Begin{}));
}

/// Random JSON, heavy on what JavaScript and JSON disagree about.
class Generator {
  public:
    explicit Generator(std::uint64_t seed) : rng_(seed) {}

    std::string value(int depth) {
        switch (rng_.next() % (depth > 0 ? 8 : 6)) {
            case 0:
                return "null";
            case 1:
                return rng_.next() % 2 != 0 ? "true" : "false";
            case 2:
            case 3:
                return number();
            case 4:
            case 5:
                return string();
            case 6: {
                std::string out = "[";
                for (std::uint64_t i = 0, n = rng_.next() % 4; i < n; ++i)
                    out += (i ? ", " : "") + value(depth - 1);
                return out + "]";
            }
            default: {
                std::string out = "{ ";
                const std::size_t start = rng_.next() % kKeys.size();
                const std::size_t n = rng_.next() % 5;
                for (std::size_t i = 0; i < n; ++i) {
                    out += (i ? "," : "") + ("\"" + kKeys[(start + i) % kKeys.size()] + "\" :") +
                           value(depth - 1);
                }
                return out + "}";
            }
        }
    }
    std::string path() {
        std::string out = "input";
        for (std::uint64_t i = 0, n = rng_.next() % 5; i < n; ++i) {
            const std::string optional = rng_.next() % 4 == 0 ? "?." : "";
            switch (rng_.next() % 3) {
                case 0:
                    out += optional + "[" + std::to_string(rng_.next() % 3) + "]";
                    break;
                case 1:
                    out += (optional.empty() ? "." : optional) + kNames[rng_.next() % kNames.size()];
                    break;
                default:
                    out += optional + "[\"" + kKeys[rng_.next() % (kKeys.size() - 1)] + "\"]";
            }
        }
        return out;
    }

  private:
    std::string number() {
        static const std::vector<std::string> odd = {
            "0",
            "-0",
            "1e21",
            "1E-7",
            "123456789012345680000",
            "0.1",
            "1.0",
            "100e-2",
            "9007199254740993",
            "18446744073709551615",
            "-1e-300",
            "5e-324",
            "1.7976931348623157e308",
            "0.000001",
            "1e-6",
            "123456.789e3",
            "4.35",
            "1e20"
        };
        if (rng_.next() % 2 != 0) return odd[rng_.next() % odd.size()];
        double value = 0;
        const std::uint64_t bits = rng_.next() & ~(std::uint64_t{1} << 62);
        std::memcpy(&value, &bits, sizeof value);
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", value);
        return text;
    }
    std::string string() {
        static const std::vector<std::string> all = {
            R"("")",
            R"("a")",
            R"("\u00e9\ud83d\ude00/\/")",
            "\"\xc3\xa9\xf0\x9f\x98\x80\"",
            R"("\b\f\n\r\t\"\\\u0001\u007f")",
            "\"\xe2\x80\xa8\"",
            R"("length")"
        };
        return all[rng_.next() % all.size()];
    }
    SeededRng rng_;
    const std::vector<std::string> kKeys = {
        "a",
        "b",
        "length",
        "0",
        "10",
        "2",
        "01",
        "4294967295",
        "x y",
        "__proto__",
        "constructor",
        "toString",
        "",
        "\\u0061b"
    };
    const std::vector<std::string> kNames = {
        "a", "b", "length", "__proto__", "constructor", "toString", "map", "x"
    };
};

/// The same path once natively and once as an expression the native resolver does not take: `(path)`.
TEST_F(EvaluatorTest, NativePathsMeanWhatTheEngineMeans) {
    begin();
    int natively = 0;
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        Generator generate(seed);
        const std::string input = generate.value(4);
        ASSERT_TRUE(parse_json(input)) << input;
        const std::string path = generate.path();
        Bindings bindings = {{"input", input}};
        Values values;
        auto text = templates::parse_text("{{" + path + "}}");
        ASSERT_TRUE(text) << path;
        const auto& expression = std::get<templates::Expression>(text->segments.front());
        ASSERT_TRUE(expression.is_path) << path;
        std::string scratch;
        auto native = values.resolve(expression.path, bindings, scratch);
        engine.reset();
        engine.set_timeout(2s);
        ASSERT_FALSE(engine.install("{\"input\":" + input + "}"));
        auto by_engine = engine.evaluate(path, script::As::kJson);
        if (!native) continue;  // then the engine's answer is the answer
        ++natively;
        ASSERT_TRUE(by_engine) << path << " of " << input << ": " << by_engine.error().message;
        const bool is_truthy = *engine.evaluate(path, script::As::kBool) == "true";
        EXPECT_EQ(json_text::is_truthy(*native), is_truthy) << path << " of " << input;
        // What is passed on untouched reads back as what the expression is.
        engine.reset();
        engine.set_timeout(2s);
        ASSERT_FALSE(engine.install("{\"again\":" + std::string(*native) + "}"));
        EXPECT_EQ(engine.evaluate("again", script::As::kJson)->value(), by_engine->value_or("undefined"))
            << "seed " << seed << ": " << path << " of " << input;
    }
    EXPECT_GT(natively, 500);
}

}  // namespace
}  // namespace weft::runner
