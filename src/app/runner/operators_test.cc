#include "app/runner/detail/operators.h"

#include "base/json.h"
#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::runner {
namespace {

using script::As;

const std::string kInput =
    R"({"qty":3,"price":1.50,"name":"Ada","note":null,"ok":true,"big":9007199254740993,"zero":0,)"
    R"("o":{"a":1.10},"list":[1,"x"],"e":"\u00e9","empty":"",)"
    R"("huge":1e400,"low":-1e400,"tiny":1e-400,"minus":-0})";

std::string shown(std::string_view source, As as = As::kJson) {
    const Values values;
    const Bindings bindings = {{"input", kInput}};
    operators::Work work;
    const auto out = operators::compute(source, as, values, bindings, work);
    return !out ? "engine" : out->text.value_or("undefined");
}

TEST(OperatorsTest, ComputeAsJavaScript) {
    EXPECT_EQ(shown("input.qty * input.price"), "4.5");
    EXPECT_EQ(shown("1 + 2 * 3 - 4 / 8 % 3"), "6.5");
    EXPECT_EQ(shown("(1 + 2) * -input.qty"), "-9");
    EXPECT_EQ(shown(" input.qty - -1\n"), "4");
    EXPECT_EQ(shown("0.1 + 0.2"), "0.30000000000000004");
    EXPECT_EQ(shown("-input.zero"), "0");
    EXPECT_EQ(shown("'n' + -input.zero"), R"("n0")");
    EXPECT_EQ(shown("1e21 + 1"), "1e+21");
    EXPECT_EQ(shown("input.qty + 'x' + true + null + undefined"), R"("3xtruenullundefined")");
    EXPECT_EQ(shown("`${input.name}: ${input.price} $ {x}`"), R"("Ada: 1.5 $ {x}")");
    EXPECT_EQ(shown("input.qty > 2 && input.name === \"Ada\""), "true");
    EXPECT_EQ(shown("input.note == undefined"), "true");
    EXPECT_EQ(shown("input.note === undefined"), "false");
    EXPECT_EQ(shown("input.qty !== '3'"), "true");
    EXPECT_EQ(shown("input.o != null"), "true");
    EXPECT_EQ(shown("!input.empty"), "true");
    EXPECT_EQ(shown("input.name < 'B'"), "true");
    EXPECT_EQ(shown("input.qty >= 3 ? 'many' : input.qty ? 'few' : 'none'"), R"("many")");
    EXPECT_EQ(shown("input.list[1] + input.list.length + input['name'].length"), R"("x23")");
    EXPECT_EQ(shown("input.nope"), "undefined");
    EXPECT_EQ(shown("input.note?.a.b ?? input.nope?.x ?? 7"), "7");
}

TEST(OperatorsTest, WhatIsOnlyChosenStaysAsItIsWritten) {
    EXPECT_EQ(shown("input.price ?? 0"), "1.50");
    EXPECT_EQ(shown("input.nope || input.o"), R"({"a":1.10})");
    EXPECT_EQ(shown("input.ok ? input.big : 0"), "9007199254740993");
    EXPECT_EQ(shown("input.price ?? 0", As::kText), "1.50");
    EXPECT_EQ(shown("input.price + 0", As::kText), "1.5");
    EXPECT_EQ(shown("input.nope", As::kText), "");
    EXPECT_EQ(shown("input.nope", As::kBool), "false");
    EXPECT_EQ(shown("input.big", As::kBool), "true");
}

TEST(OperatorsTest, AllElseIsTheEngines) {
    for (std::string_view source :
         {"input.name.toUpperCase()",
          "input.big + 1",
          "input.nope.x",
          "input.note.x",
          "input.o + ''",
          "`${input.o}`",
          "input.list == input.list",
          "input.toString",
          "input.list.map",
          "input.name.trim",
          "1 / 0",
          "input.zero / input.zero",
          "input.ok + 1",
          "input.note + 1",
          "input.qty < '4'",
          "input.e < 'f'",
          "input.qty == '3'",
          "2 ** 3",
          "1 << 2",
          "a",
          "Math",
          "input.qty++",
          "input.qty--",
          "--input.qty",
          "1 --> 0",
          "input.qty = 1",
          "input.qty == = 1",
          "1 // 2",
          "1 /* a */",
          "'a\\n'",
          "010",
          "0x1F",
          "1_0",
          "10n",
          "1.",
          ".5",
          "[1]",
          "{}",
          "/a/",
          "x => 1",
          "typeof input",
          "new Date",
          "'a'.length",
          "(input).qty",
          "(1",
          "1)",
          "1 2",
          "",
          "`a",
          "`${1",
          "input.qty ? 1",
          "input?.5:1",
          "a ?? b || c",
          "1 || null ?? 2",
          "null ?? 1 || 2",
          "1 && null ?? 2",
          "null ?? 1 && 2",
          "input.",
          "input[",
          "input[01]",
          "input[-1]",
          "input['a'",
          "true.x",
          "input.o.a.b.c",
          "this",
          "input.\xc3\xa9",
          "1\xc2\xa0+ 1",
          "+input.qty",
          "~1"}) {
        EXPECT_EQ(shown(source), "engine") << source;
    }
    EXPECT_EQ(shown("(1 && null) ?? 2"), "2");
    EXPECT_EQ(shown("null ?? (1 && 2)"), "2");
    std::string deep;
    for (int i = 0; i < 40; ++i) deep += '(';
    EXPECT_EQ(shown(deep + "1" + std::string(40, ')')), "engine");
    EXPECT_EQ(shown(std::string(100'000, '!') + "1"), "engine");
    std::string text = "'" + std::string(1u << 20, 'x') + "'";
    std::string longer = text;
    for (int i = 0; i < 8; ++i) longer += "+" + text;
    EXPECT_EQ(shown(longer), "engine");
}

TEST(OperatorsTest, WorkOfATemplateIsBounded) {
    const Values values;
    const Bindings bindings = {{"input", R"({"s":")" + std::string(300'000, 'x') + R"("})"}};
    auto is_computed = [&](std::string_view source, operators::Work& work) {
        return operators::compute(source, script::As::kJson, values, bindings, work).has_value();
    };
    operators::Work made;
    EXPECT_TRUE(is_computed("input.s + 1", made));
    EXPECT_FALSE(is_computed("input.s + 1 + 2 + 3", made));
    EXPECT_TRUE(is_computed("1 + 2", made));
    operators::Work read;
    int looks = 0;
    while (is_computed("input.t ?? 1", read)) ++looks;
    EXPECT_EQ(looks, (32 << 20) / 300'008);
}

/// Random expressions of what we know, with a little of what we do not.
class RandomExpression {
  public:
    explicit RandomExpression(std::uint64_t seed) : rng_(seed) {}

    std::string expression(int depth) {
        if (depth == 0 || pick(5) == 0) return atom();
        switch (pick(8)) {
            case 0:
                return expression(depth - 1) + " ? " + expression(depth - 1) + " : " + expression(depth - 1);
            case 1:
                return "(" + expression(depth - 1) + ")";
            case 2:
                return one({"!", "-"}) + atom();
            case 3:
                return "`a${" + expression(depth - 1) + "}$`";
            default:
                return expression(depth - 1) +
                       one(
                           {" ?? ",
                            "||",
                            " && ",
                            "===",
                            " !== ",
                            "==",
                            "!=",
                            "<",
                            " <= ",
                            ">",
                            ">=",
                            "+",
                            " - ",
                            "*",
                            "/",
                            "%",
                            "+",
                            "+"}
                       ) +
                       expression(depth - 1);
        }
    }

  private:
    std::uint64_t pick(std::uint64_t below) { return rng_.next() % below; }
    std::string one(const std::vector<std::string>& all) { return all[pick(all.size())]; }
    std::string atom() {
        return one(
            {"input.qty",
             "input.price",
             "input.name",
             "input.note",
             "input.ok",
             "input.big",
             "input.zero",
             "input.o",
             "input.list",
             "input.e",
             "input.empty",
             "input.nope",
             "input.o?.a",
             "input.nope?.x.y",
             "input.note?.x",
             "input.huge",
             "input.low",
             "input.tiny",
             "input.minus",
             "input.list[0]",
             "input.list[\"1\"]",
             "input.list[7]",
             "input.name.length",
             "input.constructor",
             "1",
             "0",
             "2.5",
             "1e21",
             "0.1",
             "'a'",
             "\"\"",
             "'\xc3\xa9'",
             "true",
             "false",
             "null",
             "undefined",
             "'3'",
             "input.qty"}
        );
    }
    SeededRng rng_;
};

TEST(OperatorsTest, MeanWhatTheEngineMeans) {
    script::Engine engine;
    const Values values;
    const Bindings bindings = {{"input", kInput}};
    int computed = 0;
    for (std::uint64_t seed = 1; seed <= 6000; ++seed) {
        RandomExpression generate(seed);
        const std::string source = generate.expression(3);
        for (const As as : {As::kJson, As::kText, As::kBool}) {
            operators::Work work;
            const auto ours = operators::compute(source, as, values, bindings, work);
            if (!ours) continue;
            ++computed;
            engine.reset();
            engine.set_timeout(2s);
            ASSERT_FALSE(engine.install("{\"input\":" + kInput + "}"));
            auto theirs = engine.evaluate(source, as);
            ASSERT_TRUE(theirs) << source << ": " << theirs.error().message;
            if (ours->text == *theirs) continue;
            // What was only chosen keeps its digits; it reads back as what the engine made of it.
            ASSERT_TRUE(ours->text && *theirs) << source;
            engine.reset();
            engine.set_timeout(2s);
            ASSERT_FALSE(engine.install("{\"again\":" + *ours->text + "}")) << source;
            EXPECT_EQ(*engine.evaluate("again", as), *theirs) << source;
        }
    }
    EXPECT_GT(computed, 4000);
}

}  // namespace
}  // namespace weft::runner
