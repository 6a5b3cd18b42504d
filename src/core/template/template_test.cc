#include "core/template/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::templates {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json json(std::string_view text) {
    return *parse_json(text);
}

std::vector<std::string> sources(std::string_view text) {
    auto parsed = parse_text(text);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().user);
    std::vector<std::string> out;
    if (!parsed) return out;
    for (const auto& segment : parsed->segments) {
        if (const auto* expression = std::get_if<Expression>(&segment))
            out.push_back(expression->source);
        else
            out.push_back("=" + std::get<std::string>(segment));
    }
    return out;
}

std::vector<std::string> refs(std::string_view source) {
    auto found = references(source);
    EXPECT_TRUE(found) << (found ? "" : found.error().user);
    std::vector<std::string> out;
    if (!found) return out;
    for (const auto& reference : *found) {
        std::string line = reference.root;
        for (const auto& member : reference.members) line += "." + member;
        out.push_back(line);
    }
    return out;
}

TEST(Template, CutsTextAndExpressions) {
    EXPECT_THAT(sources("a {{ x }} b{{y}}"), ElementsAre("=a ", " x ", "= b", "y"));
    EXPECT_THAT(sources("plain }} text"), ElementsAre("=plain }} text"));
    EXPECT_TRUE(parse_text("{{ x }}")->is_whole());
    EXPECT_FALSE(parse_text(" {{ x }}")->is_whole());
}

TEST(Template, BracesInsideTheExpressionDoNotEndIt) {
    EXPECT_THAT(sources("{{ {a:{b:1}} }}"), ElementsAre(" {a:{b:1}} "));
    EXPECT_THAT(sources("{{{a:{b:1}}}}"), ElementsAre("{a:{b:1}}"));
    EXPECT_THAT(sources(R"({{ "}}" }}!)"), ElementsAre(R"( "}}" )", "=!"));
    EXPECT_THAT(sources("{{ '\\'}}' }}"), ElementsAre(" '\\'}}' "));
    EXPECT_THAT(
        sources("{{ `}} ${ `}}${ {a:1}.a }` } }}` }}"), ElementsAre(" `}} ${ `}}${ {a:1}.a }` } }}` ")
    );
    EXPECT_THAT(sources("{{ x /* }} */ }}"), ElementsAre(" x /* }} */ "));
    EXPECT_THAT(sources("{{ x // }}\n }}"), ElementsAre(" x // }}\n "));
    EXPECT_THAT(sources("{{ s.replace(/[}/]}}/g, '') }}"), ElementsAre(" s.replace(/[}/]}}/g, '') "));
    EXPECT_THAT(sources("{{ a / b }} {{ c / d }}"), ElementsAre(" a / b ", "= ", " c / d "));
    EXPECT_THAT(sources("{{ (a) / 2 }}/{{ b }}"), ElementsAre(" (a) / 2 ", "=/", " b "));
    EXPECT_THAT(
        sources("{{ items.map(i => ({ ...i, n: i.n ?? .5 })) }}"),
        ElementsAre(" items.map(i => ({ ...i, n: i.n ?? .5 })) ")
    );
}

TEST(Template, ErrorsNameFieldLineAndColumn) {
    auto error = [](std::string_view text) {
        auto parsed = parse(json(text));
        EXPECT_FALSE(parsed);
        return parsed ? std::string() : parsed.error().field + "|" + parsed.error().user;
    };
    EXPECT_EQ(error(R"({"a":{"b":["x","{{ y"]}})"), "a.b[1]|line 1, column 5: the {{ is not closed with }}");
    EXPECT_EQ(error(R"("\n é {{ f(x] }}")"), "|line 2, column 10: expected ')' before ']'");
    EXPECT_EQ(error(R"("{{  }}")"), "|line 1, column 3: the expression is empty");
    EXPECT_THAT(error(R"("{{ 'a }}")"), HasSubstr("the string is not closed"));
    EXPECT_THAT(error(R"("{{ (a }}")"), HasSubstr("expected ')'"));
    EXPECT_THAT(error(R"("{{ a } }}")"), HasSubstr("unexpected '}'"));
    EXPECT_THAT(error(R"("{{ st\\u0065ps }}")"), HasSubstr("escapes in names"));
}

TEST(Template, PartsWithoutExpressionsStayLiteral) {
    auto node = parse(json(R"({"a":{"b":[1,2]},"c":"{{ x }}"})"));
    ASSERT_TRUE(node);
    const auto& members = std::get<Members>(node->value);
    EXPECT_EQ(members.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<Json>(members[0].value.value));
    EXPECT_TRUE(std::holds_alternative<Text>(members[1].value.value));
}

TEST(Template, RecognisesPlainPaths) {
    auto path = [](std::string_view source) {
        auto text = parse_text("{{" + std::string(source) + "}}");
        const auto& expression = std::get<Expression>(text->segments.at(0));
        return expression.is_path ? expression.path.text() : "-";
    };
    EXPECT_EQ(path(" steps.a.output.items[0].id "), "steps.a.output.items[0].id");
    EXPECT_EQ(path("steps['a-b']?.output?.[2]?.[\"x\"]"), "steps[\"a-b\"]?.output?.[2]?.x");
    EXPECT_EQ(path("input"), "input");
    EXPECT_EQ(path("input . a /* c */ . default"), "input.a.default");
    for (std::string_view other :
         {"input[x]",
          "input.a()",
          "a + b",
          "true",
          "null",
          "this.a",
          "undefined",
          "'a'.length",
          "input['a\\n']",
          "input[01]",
          "input[1.5]",
          "input[-1]",
          "input.#a",
          "input.",
          "f`x`",
          "input.a = 1",
          "new Date",
          "input?.",
          "(input)"}) {
        EXPECT_EQ(path(other), "-") << other;
    }
}

TEST(Template, ConditionsMustBeBoolOrWhole) {
    EXPECT_TRUE(parse_condition(json("true")));
    EXPECT_TRUE(parse_condition(json(R"("{{ input.a > 1 }}")")));
    EXPECT_FALSE(parse_condition(json(R"("input.a > 1")")));
    EXPECT_FALSE(parse_condition(json(R"("{{ a }} == {{ b }}")")));
    EXPECT_FALSE(parse_condition(json("1")));
}

TEST(References, FindsStepsAndInputs) {
    EXPECT_THAT(refs("steps.lines.output.lines"), ElementsAre("steps.lines.output.lines"));
    EXPECT_THAT(refs("steps['a b'].output[0] + input.x?.y"), ElementsAre("steps.a b.output.0", "input.x.y"));
    EXPECT_THAT(refs("steps[input.id].output"), ElementsAre("steps", "input.id"));
    EXPECT_THAT(refs("`${steps.a.output} ${`${run.id}`}`"), ElementsAre("steps.a.output", "run.id"));
    EXPECT_THAT(refs("input.items.map(x => x.id).length"), ElementsAre("input.items"));
    EXPECT_THAT(refs("a.steps + x.input"), ElementsAre("a.steps", "x.input"));
    EXPECT_THAT(refs("Math.max(...input.n, JSON.parse('1'))"), ElementsAre("input.n"));
    EXPECT_THAT(
        refs("input.s.replace(/steps.a/g, 'steps.b') /* steps.c */ // steps.d"), ElementsAre("input.s")
    );
    EXPECT_TRUE(references("input.a?.b")->at(0).is_optional);
}

TEST(References, KeysAreNotNamesButShorthandIs) {
    EXPECT_THAT(refs("{ steps: 1, input: run }"), ElementsAre("run"));
    EXPECT_THAT(refs("{ input }"), ElementsAre("input"));
    EXPECT_THAT(refs("true ? input : trigger"), ElementsAre("input", "trigger"));
    EXPECT_THAT(refs("({ a: x ? input : env })"), ElementsAre("x", "input", "env"));
}

TEST(References, ParametersShadow) {
    EXPECT_THAT(refs("input.a.map(steps => steps.x)"), ElementsAre("input.a"));
    EXPECT_THAT(refs("input.a.map(steps => steps.x), steps.y"), ElementsAre("input.a", "steps.y"));
    EXPECT_THAT(
        refs("f((input, { a: [item], ...index }, env = run.id) => { return input + item + index + env + a })"
        ),
        ElementsAre("f", "run.id", "a")
    );
    EXPECT_THAT(refs("(function steps(x) { return x + steps(1) })(2)"), ElementsAre());
    EXPECT_THAT(
        refs("input.map(({ id, input: other }) => id + other + input)"), ElementsAre("input", "input")
    );
}

TEST(References, DeclarationsShadowInCode) {
    EXPECT_THAT(
        refs(
            "const { id, name: input } = steps.a.output\nlet n = 1, m = 2\nreturn input + id + n + m + run.id"
        ),
        ElementsAre("steps.a.output", "run.id")
    );
    EXPECT_THAT(refs("for (const item of input.items) { use(item) }"), ElementsAre("input.items", "use"));
    EXPECT_THAT(
        refs("try { x() } catch (env) { log(env.message) } return env"), ElementsAre("x", "log", "env")
    );
    EXPECT_THAT(
        refs("class Run { go(input) { return input } } return new Run().go(trigger)"), ElementsAre("trigger")
    );
}

TEST(References, CarryPlacesOfTheWholeString) {
    auto node = parse(json(R"({"t":["a\nbc {{ 1 +\n input.x }}"]})"));
    auto found = references(*node);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(found->at(0).place, (Place{.field = "t[0]", .offset = 13, .line = 3, .column = 2}));
}

TEST(Mentions, ErrsOnTheSafeSide) {
    EXPECT_TRUE(mentions("steps => steps.x", "steps"));
    EXPECT_FALSE(mentions("x.steps", "steps"));
    EXPECT_FALSE(mentions("({ a: 1, steps: 2 })", "steps"));
    EXPECT_TRUE(mentions("({ a: 1, steps })", "steps"));
    EXPECT_TRUE(mentions("f(a ? steps : b)", "steps"));
    EXPECT_TRUE(mentions("[a, steps]", "steps"));
    constexpr std::string_view kNames[] = {"input", "steps", "env"};
    EXPECT_EQ(mentioned("env.a + x.steps + input", kNames), 0b101u);
    EXPECT_EQ(mentioned("this.env", kNames) & 0b111, 0b111u);
    EXPECT_FALSE(mentions("'steps'", "steps"));
    EXPECT_TRUE(mentions("globalThis['st' + 'eps']", "steps"));
    EXPECT_TRUE(mentions("'unclosed", "steps"));
}

TEST(CheckSource, RefusesEmptyAndUnbalanced) {
    EXPECT_TRUE(check_source("return { a: 1 }", "with.source"));
    EXPECT_FALSE(check_source(" // nothing\n", "with.source"));
    EXPECT_FALSE(check_source("return {", "with.source"));
}

TEST(Scripts, AreTheExpressionsThatAreNoPaths) {
    const auto node = parse(parse_json(R"({"a": "x {{ input.n }} {{ input.n +\n 1 }}"})").value(), "with");
    ASSERT_TRUE(node);
    const auto found = scripts(*node);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].source, " input.n +\n 1 ");
    const Error problem = script_problem(found[0], 1, 3, "unexpected");
    EXPECT_EQ(problem.user, "line 1, column 21: unexpected");
    EXPECT_EQ(problem.field, "with.a");
    EXPECT_EQ(script_problem(found[0], 2, 3, "x").user, "line 2, column 3: x");
    EXPECT_EQ(
        script_problem(found[0], 3, 1, "')'").user, "line 2, column 4: SyntaxError: this ends too early"
    );
}

TEST(Condition, IsNotAnyText) {
    EXPECT_TRUE(parse_condition(Json(true)));
    const auto refused = parse_condition(Json("{{ a }} b"), "steps[0].if");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().user, "if must be true, false, or one whole {{ expression }}");
    EXPECT_EQ(refused.error().field, "steps[0].if");
}

TEST(References, FunctionsInParametersAreBoundedInWork) {
    std::string nested = "a";
    for (int i = 0; i < 400; ++i) nested = "(a," + nested + ")=>a";
    auto found = references(nested);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::kLimit);
    EXPECT_TRUE(references("((a, b = (c) => c) => (d) => a + d)(x)"));
    std::string chain = "y";
    for (int i = 0; i < 5'000; ++i) chain = "a=>" + chain;
    ASSERT_TRUE(references(chain));
    EXPECT_EQ(references(chain)->size(), 1u);
}

TEST(References, ANameBoundManyTimesIsFreeWhereNoneHolds) {
    auto found = references("x + (x => x)(1) + x + function (x) { return x }(x)");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 3u);
}

}  // namespace
}  // namespace weft::templates
