#include "app/runner/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

namespace weft::script {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A fresh context per call, as the runner does it.
class Script : public ::testing::Test {
  protected:
    Outcome eval(std::string_view expression, As as = As::kJson, std::string_view data = "{}") {
        engine.reset();
        engine.set_timeout(2s);
        if (auto failure = engine.install(data)) return std::unexpected(*failure);
        return engine.evaluate(expression, as);
    }
    std::string json(std::string_view expression, std::string_view data = "{}") {
        auto outcome = eval(expression, As::kJson, data);
        return outcome ? outcome->value_or("undefined") : "! " + outcome.error().message;
    }
    std::string code(std::string_view body) {
        engine.reset();
        engine.set_timeout(2s);
        auto outcome = engine.run(body);
        return outcome ? outcome->value_or("undefined") : "! " + outcome.error().message;
    }
    Engine engine;
};

TEST_F(Script, EvaluatesExpressions) {
    EXPECT_EQ(json("1 + 1"), "2");
    EXPECT_EQ(json("input.a.map(x => ({ y: x * 2 }))", R"({"input":{"a":[1,2]}})"), R"([{"y":2},{"y":4}])");
    EXPECT_EQ(json("undefined"), "undefined");
    EXPECT_EQ(json("() => 1"), "undefined");
    EXPECT_EQ(json("'caf\\u00e9 \\u{1F600}'"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
    EXPECT_EQ(json("'\\u{1F600}'[0] + '\\\\ud83d'"), "\"\\ufffd\\\\ud83d\"");
}

TEST_F(Script, ChecksWithoutRunning) {
    auto wrong = [&](std::string_view source, bool is_body) {
        engine.reset();
        auto failure = engine.check(source, is_body);
        return failure ? std::to_string(failure->line) + " " + failure->message : std::string();
    };
    EXPECT_EQ(wrong("input.a.b", false), "");
    EXPECT_EQ(wrong("(() => { throw 1; })()", false), "");
    EXPECT_EQ(wrong("for (;;) {}", true), "");
    EXPECT_EQ(wrong("return await 1;", true), "");
    EXPECT_THAT(wrong("1 +", false), HasSubstr("SyntaxError"));
    EXPECT_THAT(wrong("let a;\nlet a;", true), HasSubstr("2 SyntaxError"));
    EXPECT_THAT(wrong("let a = 1;", false), HasSubstr("SyntaxError"));
}

TEST_F(Script, JoinsAsText) {
    auto text = [&](std::string_view expression) { return eval(expression, As::kText)->value_or("?"); };
    EXPECT_EQ(text("'a\"b'"), "a\"b");
    EXPECT_EQ(text("1.50"), "1.5");
    EXPECT_EQ(text("null"), "");
    EXPECT_EQ(text("undefined"), "");
    EXPECT_EQ(text("[1,{a:2}]"), R"([1,{"a":2}])");
    EXPECT_EQ(text("10n"), "10");
    EXPECT_EQ(eval("''", As::kBool)->value(), "false");
    EXPECT_EQ(eval("'false'", As::kBool)->value(), "true");
}

TEST_F(Script, DataIsFrozen) {
    EXPECT_THAT(json("input.a = 2", R"({"input":{"a":1}})"), HasSubstr("TypeError"));
    EXPECT_THAT(json("input.a.b.push(1)", R"({"input":{"a":{"b":[]}}})"), HasSubstr("TypeError"));
    EXPECT_THAT(json("input = 1", R"({"input":{}})"), HasSubstr("TypeError"));
    EXPECT_EQ(json("Object.keys(input)", R"({"input":{"__proto__":{"x":1}}})"), R"(["__proto__"])");
}

TEST_F(Script, NothingLeaksBetweenEvaluations) {
    EXPECT_EQ(json("(globalThis.x = 1, Array.prototype.y = 2, Object.prototype.z = 3)"), "3");
    EXPECT_EQ(json("[typeof x, typeof [].y, typeof ({}).z]"), R"(["undefined","undefined","undefined"])");
    EXPECT_EQ(json("'x'.repeat(20e6).length"), "20000000");
    EXPECT_GT(engine.memory_bytes(), 20u << 20);
    engine.reset();
    EXPECT_LT(engine.memory_bytes(), 2u << 20);
}

TEST_F(Script, RandomnessDiffersThoughTheSnapshotIsTheSame) {
    const std::string first = json("[Math.random(), Math.random()]");
    EXPECT_NE(first, json("[Math.random(), Math.random()]"));
    EXPECT_EQ(json("Array.from({length: 1000}, Math.random).every(x => x >= 0 && x < 1)"), "true");
}

TEST_F(Script, EndlessWorkIsInterrupted) {
    for (std::string_view source :
         {"while (true) {}",
          "for (;;) { try { for (;;) {} } catch {} }",
          "await (async function f() { for (;;) await 0 })()",
          "const f = () => Promise.resolve().then(f); await f()",
          "return /(a+)+$/.test('a'.repeat(40) + 'b')"}) {
        engine.reset();
        engine.set_timeout(50ms, 5s);
        const std::clock_t start = std::clock();
        auto outcome = engine.run(source);
        ASSERT_FALSE(outcome) << source;
        EXPECT_TRUE(outcome.error().is_limit) << source << outcome.error().message;
        EXPECT_THAT(outcome.error().message, HasSubstr("of CPU time, and its limit is 0.05 s")) << source;
        EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC / 2) << source;
    }
    EXPECT_EQ(json("1"), "1");
}

/// What others on the machine take is not charged to the script, but not waited for without end either.
TEST_F(Script, TheTimeThatPassesHasABoundOfItsOwn) {
    engine.reset();
    engine.set_timeout(5s, 50ms);
    auto outcome = engine.run("while (true) {}");
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().is_limit);
    EXPECT_FALSE(outcome.error().is_out_of_cpu);
    EXPECT_THAT(outcome.error().message, HasSubstr("did not end within 0.05 s"));
}

TEST_F(Script, MemoryAndStackAreBounded) {
    for (std::string_view source :
         {"const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)",
          "return 'x'.repeat(500e6)",
          "return new Uint8Array(500e6)",
          "function f() { return f() + 1 } return f()",
          "let s = '['.repeat(200000); return JSON.parse(s)",
          "let o = {}; for (let i = 0; i < 1e6; i++) o = {o}; return o"}) {
        engine.reset();
        engine.set_timeout(5s);
        auto outcome = engine.run(source);
        ASSERT_FALSE(outcome) << source;
        EXPECT_EQ(code("return 1"), "1") << source;
    }
    engine.reset();
    engine.set_timeout(5s);
    auto bomb = engine.run("const a = []; for (;;) a.push(new Array(1e5).fill(a.length))");
    ASSERT_FALSE(bomb);
    EXPECT_TRUE(bomb.error().is_limit) << bomb.error().message;
}

TEST_F(Script, AValueTooLargeIsALimitAndNotTheAuthorsMistake) {
    for (std::string_view source : {
             "'x'.repeat(2 ** 31)",
             "'x'.repeat(2 ** 30)",
             "'x'.padEnd(2 ** 31)",
             "'x'.repeat(2 ** 29).concat('x'.repeat(2 ** 29))",
             "new Array(2 ** 28).join('abcdefgh')",
             "new ArrayBuffer(2 ** 40)",
             "new ArrayBuffer(2 ** 31)",
             "new Uint8Array(2 ** 31)",
             "new Float64Array(2 ** 30)",
             "2n ** (2n ** 31n)",
             "1n << (2n ** 31n)",
             "1n << (2n ** 40n)",
             "BigInt.asUintN(2 ** 31, -1n)",
             "(() => { const a = []; for (;;) a.push(new Array(1e5).fill(a.length)) })()",
             "(function f() { return f() + 1 })()",
             "JSON.parse('['.repeat(200000))",
         }) {
        auto outcome = eval(source);
        ASSERT_FALSE(outcome) << source;
        EXPECT_TRUE(outcome.error().is_limit) << source << " -> " << outcome.error().message;
        EXPECT_THAT(outcome.error().message, Not(HasSubstr("CPU time"))) << source << ": size, not time";
    }
}

TEST_F(Script, AWrongArgumentIsTheAuthorsMistakeAndNoLimit) {
    for (std::string_view source : {
             "'x'.repeat(-1)",
             "'x'.repeat(Infinity)",
             "new ArrayBuffer(8, { maxByteLength: 4 })",
             "new Array(-1)",
             "new ArrayBuffer(-1)",
             "new Uint8Array(-1)",
             "1n << 'x'",
             "2n ** -1n",
             "1n / 0n",
             "(1).toFixed(1000)",
             "BigInt(1.5)",
             "JSON.parse('{')",
             "(() => { throw new Error('out of memory') })()",
         }) {
        auto outcome = eval(source);
        ASSERT_FALSE(outcome) << source;
        EXPECT_FALSE(outcome.error().is_limit) << source << " -> " << outcome.error().message;
    }
}

TEST_F(Script, ErrorsNameMessageAndPlace) {
    auto outcome = eval("1 +\n  input.b.c", As::kJson, R"({"input":{}})");
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message, HasSubstr("cannot read property 'c' of undefined"));
    EXPECT_TRUE(outcome.error().reads_absent);
    EXPECT_EQ(outcome.error().line, 2u);
    EXPECT_GT(outcome.error().column, 2u);
    outcome = eval("1 +\n  'x'.repeat(2 ** 31)");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().line, 2u) << "the script's place, though the error was made in ours";
    outcome = eval("nope + 1");
    EXPECT_EQ(outcome.error().message, "ReferenceError: nope is not defined");
    outcome = eval("1 +* 2");
    EXPECT_THAT(outcome.error().message, HasSubstr("SyntaxError"));
    EXPECT_EQ(outcome.error().line, 1u);
    EXPECT_EQ(code("\n\nthrow new Error('no stock')"), "! no stock");
    EXPECT_EQ(code("throw 'plain'"), "! plain");
    EXPECT_EQ(code("throw { toString() { throw 1 } }"), "! {}");
}

TEST_F(Script, CodeIsAnAsyncBody) {
    EXPECT_EQ(code("const a = await Promise.resolve(20); return { a: a + 1 }"), R"({"a":21})");
    EXPECT_EQ(code("await 1"), "undefined");
    EXPECT_THAT(code("await new Promise(() => {})"), HasSubstr("never happens"));
    EXPECT_THAT(code("const a = {}; a.a = a; return a"), HasSubstr("circular"));
}

TEST_F(Script, WholeNumbersBeyond2To53KeepTheirDigits) {
    constexpr std::string_view kInput =
        R"({"input":{"id":7615917337495251231,"min":-9007199254740992,"safe":9007199254740991,"price":19.90,)"
        R"("far":1e21,"text":"7615917337495251231","__proto__":[123456789012345678901234567890]}})";
    auto value = [&](std::string_view source, As as = As::kJson) {
        auto outcome = eval(source, as, kInput);
        return outcome ? outcome->value_or("undefined") : "! " + outcome.error().message;
    };
    EXPECT_EQ(value("input.id"), "7615917337495251231");
    EXPECT_EQ(
        value("[input.min, input.safe, typeof input.safe]"),
        R"([-9007199254740992,9007199254740991,"number"])"
    );
    EXPECT_EQ(value("({...input, more: input.id + 1n}).more"), "7615917337495251232");
    EXPECT_EQ(value("`id ${input.id}`", As::kText), "id 7615917337495251231");
    EXPECT_EQ(value("[input.id]", As::kText), "[7615917337495251231]");
    EXPECT_EQ(
        value("JSON.stringify({id: input.id, n: 1}, null, 1)"),
        R"("{\n \"id\": 7615917337495251231,\n \"n\": 1\n}")"
    );
    EXPECT_EQ(
        value("Object.getOwnPropertyDescriptor(input, '__proto__').value[0]"),
        "123456789012345678901234567890"
    );
    EXPECT_EQ(value("[input.price, input.far, input.text]"), R"([19.9,1e+21,"7615917337495251231"])");
    EXPECT_EQ(value("Number(input.id) > 7e18"), "true");
    EXPECT_THAT(value("input.id + 1"), HasSubstr("Number(x) rounds it"));
    EXPECT_EQ(value("2n ** 70n"), "1180591620717411303424");
    EXPECT_EQ(value("Object.isFrozen(input)"), "true");
}

TEST_F(Script, ATextThatLooksLikeTheMarkStaysAText) {
    auto outcome =
        eval("[input.a, 'big:1:5', (5n).toJSON().slice(0, 4)]", As::kJson, R"({"input":{"a":"big:1:7"}})");
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(**outcome, R"(["big:1:7","big:1:5","big:"])");
}

TEST_F(Script, LocalesAndTimeZonesAreRefusedRatherThanIgnored) {
    for (std::string_view source :
         {"(1234.5).toLocaleString('de-DE')",
          "(1234.5).toLocaleString(undefined, {style: 'currency', currency: 'EUR'})",
          "(5n).toLocaleString('de')",
          "new Date(0).toLocaleString('en-US', {timeZone: 'America/New_York'})",
          "new Date(0).toLocaleDateString('de')",
          "new Date(0).toLocaleTimeString([], {hour12: false})",
          "[1].toLocaleString('de')",
          "'i'.toLocaleUpperCase('tr')",
          "'a'.localeCompare('b', 'sv')",
          "'a2'.localeCompare('a10', undefined, {numeric: true})"}) {
        auto outcome = eval(source);
        ASSERT_FALSE(outcome) << source;
        EXPECT_THAT(outcome.error().message, HasSubstr("knows no locales and time zones here: write "))
            << source;
    }
    EXPECT_EQ(json("'a'.localeCompare('b') + 'i'.toLocaleUpperCase()"), R"("-1I")");
    EXPECT_EQ(json("typeof (1.5).toLocaleString()"), R"("string")");
}

TEST_F(Script, WhatIsNotThereSaysWhatIs) {
    EXPECT_THAT(
        json("new Date('2026-03-05 10:00 Europe/Madrid').toISOString()"), HasSubstr("dates.parse(text, {zone")
    );
    EXPECT_THAT(json("new Intl.NumberFormat('de')"), HasSubstr("Intl is not defined: dates.parse"));
    EXPECT_THAT(json("crypto.randomUUID()"), HasSubstr("uuid() are here"));
    EXPECT_THAT(json("other"), ::testing::EndsWith("other is not defined"));
    EXPECT_EQ(json("typeof Intl"), R"("undefined")");
}

TEST_F(Script, TextNeverBecomesCodeAndModulesDoNotExist) {
    for (std::string_view source :
         {"return eval('1')",
          "return new Function('return 1')()",
          "return (0, eval)('1')",
          "return (() => {}).constructor('return 1')()",
          "return (async () => {}).constructor('return 1')()",
          "return (function* () {}).constructor('return 1')()",
          "return Object.getPrototypeOf(async function* () {}).constructor('return 1')()",
          "return await import('std')",
          "return require('fs')",
          "return setTimeout(() => 1)",
          "return new SharedArrayBuffer(8)",
          "return Atomics.load",
          "return fetch('http://x')",
          "return process.env",
          "import fs from 'fs'"}) {
        EXPECT_THAT(code(source), ::testing::StartsWith("!")) << source;
    }
    EXPECT_EQ(code("return (() => 1) instanceof Function"), "true");
}

TEST_F(Script, ClocksTickInMilliseconds) {
    EXPECT_EQ(
        code("return typeof performance === 'undefined' || Number.isInteger(performance.now()) || "
             "performance.now() * 1000 % 1000 < 1e-3"),
        "true"
    );
    EXPECT_EQ(
        json(
            "Math.abs(Date.now() - " +
            std::to_string(
                std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())
                    .count()
            ) +
            ") < 5000"
        ),
        "true"
    );
    EXPECT_EQ(json("new Date(0).getTimezoneOffset()"), "0");
}

TEST_F(Script, ConsoleGoesToTheSink) {
    std::vector<std::string> lines;
    engine.set_log([&](const protocol::Log& line) {
        lines.push_back(
            std::to_string(int(line.level)) + line.text + (line.fields.empty() ? "" : "|") + line.fields
        );
    });
    EXPECT_EQ(
        code("console.log('a', 1, [2]); console.error(new Error('x')); console.warn('y'.repeat(1e5));"
             "console.log({ b: [2] }); console.log('a', { b: 1 }, 'c')"),
        "undefined"
    );
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0], "1a 1 [2]");
    EXPECT_EQ(lines[1], "3Error: x");
    EXPECT_LE(lines[2].size(), limits::kLogLineBytesMax + protocol::kLogMarginBytes + 1);
    EXPECT_EQ(lines[3], R"(1{"b":[2]})") << "alone an object is the text";
    EXPECT_EQ(lines[4], R"(1a {"b":1} c)") << "so it is between texts";
}

TEST_F(Script, AnObjectBehindTheTextIsTheLinesFields) {
    std::vector<protocol::Log> lines;
    engine.set_log([&](protocol::Log line) { lines.push_back(std::move(line)); });
    EXPECT_EQ(
        code("console.info('paid', { order: 7, why: new Error('late'), at: new Date(0), none: undefined });"
             "console.warn('half', { half: '\\ud83d' });"
             "console.log('thrown', { get x() { throw new Error('no'); } });"
             "console.log('on', new Date(0));"
             "console.log('much', { much: 'z'.repeat(5000) }); return 1"),
        "1"
    );
    EXPECT_EQ(
        json("console.log('big', { big: input.n })", R"({"input":{"n":9007199254740993}})"), "undefined"
    );
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_EQ(lines[0].text, "paid");
    EXPECT_EQ(lines[0].fields, R"({"order":7,"why":"Error: late","at":"1970-01-01T00:00:00.000Z"})");
    EXPECT_EQ(lines[1].fields, R"({"half":"\ufffd"})");
    EXPECT_EQ(lines[2].text + lines[2].fields, "thrown [object]");
    EXPECT_EQ(lines[3].text + lines[3].fields, "on 1970-01-01T00:00:00.000Z");
    EXPECT_EQ(lines[4].fields, "") << "more than a line's fields may be: cut they would be no JSON";
    EXPECT_TRUE(lines[4].text.starts_with(R"(much {"much":"zzz)")) << lines[4].text;
    EXPECT_EQ(lines[5].fields, R"({"big":9007199254740993})");
}

}  // namespace
}  // namespace weft::script
