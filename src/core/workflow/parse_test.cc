#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace weft::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Json json(std::string_view text) {
    return parse_json(text).value();
}
Json yaml(std::string_view text) {
    auto read = read_text(text, Format::kYaml);
    EXPECT_TRUE(read) << (read ? "" : read.error().user);
    return read ? *read : Json();
}
Error yaml_error(std::string_view text) {
    auto read = read_text(text, Format::kYaml);
    EXPECT_FALSE(read) << text;
    return read ? Error() : read.error();
}
/// Fields of all problems of a definition whose steps are `steps`.
std::vector<std::string> fields(std::string_view steps) {
    std::vector<std::string> out;
    for (const Error& error : problems(json(fmt::format(R"({{"name":"t","steps":{}}})", steps))))
        out.push_back(error.field);
    return out;
}

// ---------------------------------------------------------------- text

TEST(Yaml, ReadsTheArchitecturesExample) {
    Json tree = yaml(R"(
name: order-to-invoice
inputs: { type: object, required: [order_id], properties: { order_id: { type: string } } }
steps:
  - id: order
    uses: shopify/get-order@2                  # app/action@major
    connection: main-shop
    with: { id: "{{ input.order_id }}" }
  - id: notify
    needs: [order, {step: order2, on: failure}]
    if: "{{ steps.order.output.length > 0 }}"
    uses: slack/post-message@1
    retry: { attempts: 5, backoff: exponential, initial: 1s, max: 1m }
    timeout: 30s
    on-error: continue
  - id: order2
    uses: core/map
output: "{{ steps.order.output }}"
)");
    auto definition = parse(tree);
    ASSERT_TRUE(definition) << definition.error().field << ": " << definition.error().user;
    EXPECT_EQ(definition->steps[0].uses.text(), "shopify/get-order@2");
    EXPECT_EQ(definition->steps[1].needs[1].on, runstate::NeedOn::kFailure);
    EXPECT_EQ(definition->steps[1].timeout, Millis(30'000));
    EXPECT_EQ(definition->steps[1].on_error, runstate::OnError::kContinue);
    EXPECT_THAT(wanted(*definition).connections, ElementsAre("main-shop"));
    EXPECT_EQ(wanted(*definition).actions.size(), 2u);
}

TEST(Yaml, ResolvesPlainScalarsAsPeopleExpect) {
    EXPECT_EQ(
        yaml("{a: 1, b: -2.5, c: true, d: null, e: ~, f: yes, g: on, h: 007, i: 1s, j: '1', k: \"true\", l: "
             "1e3, m: , n: 0}"),
        json(
            R"({"a":1,"b":-2.5,"c":true,"d":null,"e":null,"f":"yes","g":"on","h":"007","i":"1s",
                "j":"1","k":"true",
                 "l":1000.0,"m":null,"n":0})"
        )
    );
}

TEST(Yaml, KeepsTheTextOfNumbers) {
    auto text = yaml(
        "{price: 19.90, id: 7615917337495251231, wei: 123456789012345678901234567890, far: 1E400, "
        "hex: 0x1F, plus: +5, dot: .5}"
    );
    EXPECT_EQ(
        to_text(text),
        R"({"price":19.90,"id":7615917337495251231,"wei":123456789012345678901234567890,"far":1E400,)"
        R"("hex":"0x1F","plus":"+5","dot":".5"})"
    );
}

TEST(Yaml, RefusesWhatMultipliesOrRedefines) {
    EXPECT_THAT(yaml_error("a: &x [1]\nb: *x").user, HasSubstr("line 1, column 4: Anchors"));
    EXPECT_THAT(yaml_error("a: !!python/object x").user, HasSubstr("Tags"));
    EXPECT_THAT(yaml_error("a: 1\na: 2").user, HasSubstr("line 2, column 1: \"a\" stands here twice"));
    EXPECT_THAT(yaml_error("<<: {a: 1}").user, HasSubstr("Merge"));
    EXPECT_THAT(yaml_error("? [a, b]\n: 1").user, HasSubstr("name in an object"));
    EXPECT_THAT(yaml_error("a: 1\n---\nb: 2").user, HasSubstr("two documents"));
    EXPECT_THAT(yaml_error("a: [1").user, HasSubstr("Not valid YAML"));
    EXPECT_THAT(yaml_error("").user, HasSubstr("empty"));
    EXPECT_THAT(yaml_error(std::string(100, '[') + std::string(100, ']')).user, HasSubstr("deeper"));
    EXPECT_EQ(yaml_error(std::string(600'000, ' ')).code, Code::kLimit);
    // The classic: nine levels of nine aliases each.
    std::string laughs = "a: &a [lol,lol]\n";
    for (char c = 'b'; c < 'j'; ++c)
        laughs += fmt::format("{0}: &{0} [*{1},*{1},*{1}]\n", c, static_cast<char>(c - 1));
    EXPECT_THAT(yaml_error(laughs).user, HasSubstr("Anchors"));
}

// Each row holds for the UI's reader too (web/app/features/workflows/yaml.logic.test.ts).
TEST(Yaml, SaysWhatTheTableSays) {
    std::ifstream file(WEFT_YAML_CASES);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const Json rows = json(text);
    ASSERT_GE(rows.get_array().size(), 60u);
    for (const Json& row : rows.get_array()) {
        const std::string& given = row.at("yaml").get_string();
        const auto read = read_text(given, Format::kYaml);
        if (const Json* why = row.get_object().if_contains("refused")) {
            EXPECT_FALSE(read) << given;
            if (!read) EXPECT_THAT(read.error().user, HasSubstr(why->get_string())) << given;
        } else {
            ASSERT_TRUE(read) << given << ": " << read.error().user;
            EXPECT_EQ(to_text(*read), row.at("json").get_string()) << given;
        }
    }
}

TEST(Yaml, AnExpressionWithoutQuotesIsToldWhereItIs) {
    EXPECT_EQ(
        yaml_error("steps:\n- id: a\n  with: {{ input.x }}\n").user,
        "YAML line 3, column 10: an expression needs quotes here, such as '{{ input.x }}': without them YAML "
        "reads braces as an object"
    );
    EXPECT_THAT(yaml_error("a: {{ x ?? \"b\" }}").user, HasSubstr("needs quotes"));
    EXPECT_THAT(yaml_error("a: {[b]: 1}").user, HasSubstr("name in an object")) << "no expression";
}

std::string place_in(std::string_view text, std::string field, std::string message = "wrong") {
    const auto found = places(text, {Error::invalid(std::move(message), std::move(field))});
    if (!found.front()) return "none";
    return std::to_string(found.front()->line) + ":" + std::to_string(found.front()->column);
}

TEST(Yaml, ProblemsHaveAPlaceInTheText) {
    const std::string_view text = R"(# äöü
name: x
steps:
- id: a
  with: {b: ö, c: "{{ 1 + }}"}
- id: code
  with:
    source: |

      let a = 1;
      return a +;
    folded: >
      one
      two
)";
    EXPECT_EQ(place_in(text, "name"), "2:7");
    EXPECT_EQ(place_in(text, "steps"), "3:1");
    EXPECT_EQ(place_in(text, "steps[1]"), "6:3");
    EXPECT_EQ(place_in(text, "steps[0].with.c"), "5:19");
    EXPECT_EQ(place_in(text, "steps[0].with.c", "line 1, column 8: unexpected"), "5:27");
    EXPECT_EQ(place_in(text, "steps[1].with.source", "line 3, column 11: unexpected"), "11:17");
    EXPECT_EQ(place_in(text, "steps[1].with.folded", "line 2, column 1: x"), "12:13");
    EXPECT_EQ(place_in(text, "steps[1].connection"), "6:3") << "the deepest part that is there";
    EXPECT_EQ(place_in(text, "nothing"), "none");
    EXPECT_EQ(place_in(R"({"a": [1, {"b": 2}]})", "a[1].b"), "1:17");
}

TEST(Scripts, AreTheExpressionsThatAreNoPathAndTheCode) {
    const auto definition = parse(yaml(R"(
steps:
- id: a
  uses: core/map
  if: "{{ input.n > 1 }}"
  with: { plain: "{{ input.n }}", text: "a {{ input.n + 1 }} b" }
- { id: c, uses: core/code, with: { source: "return 1;", input: { x: "{{ [1] }}" } } }
output: "{{ steps.a.output }}"
)"));
    ASSERT_TRUE(definition);
    const auto found = scripts(*definition);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].place.field, "steps[0].if");
    EXPECT_EQ(found[1].source, " input.n + 1 ");
    EXPECT_EQ(std::pair(found[1].place.line, found[1].place.column), std::pair(1u, 5u));
    EXPECT_EQ(found[2].place.field, "steps[1].with.input.x");
    EXPECT_TRUE(found[3].is_code);
    EXPECT_EQ(found[3].place.field, "steps[1].with.source");
}

TEST(Yaml, IsTheSameTreeAsJson) {
    EXPECT_EQ(yaml("steps:\n- {id: a, uses: core/map}"), json(R"({"steps":[{"id":"a","uses":"core/map"}]})"));
    EXPECT_TRUE(read_text(R"({"a":1})", Format::kJson));
    EXPECT_FALSE(read_text(R"({"a":1,"a":2})", Format::kJson));
}

// ---------------------------------------------------------------- shape

TEST(Definition, CodeMayAskForCpuTimeWithinItsTimeout) {
    auto one = [](std::string_view more) {
        return fields(
            fmt::format(R"([{{"id":"a","uses":"core/code","with":{{"source":"return 1"}},{}}}])", more)
        );
    };
    EXPECT_THAT(one(R"("limits":{"cpu":"20s"})"), ElementsAre());
    EXPECT_THAT(one(R"("limits":{"cpu":"20s"},"timeout":"20s")"), ElementsAre());
    EXPECT_THAT(one(R"("limits":{"cpu":"20s"},"timeout":"10s")"), ElementsAre("steps[0].limits.cpu"));
    EXPECT_THAT(one(R"("limits":{"cpu":"11m"})"), ElementsAre("steps[0].limits.cpu"));
    EXPECT_THAT(one(R"("limits":{"cpu":"0s"})"), ElementsAre("steps[0].limits.cpu"));
    EXPECT_THAT(one(R"("limits":{"cpu":"fast"})"), ElementsAre("steps[0].limits.cpu"));
    EXPECT_THAT(one(R"("limits":{"memory":"1G"})"), ElementsAre("steps[0].limits.memory"));
    EXPECT_THAT(one(R"("limits":"20s")"), ElementsAre("steps[0].limits"));
}

TEST(Definition, BranchesAreNamedByTheStepThatTakesThem) {
    auto after = [](std::string_view with, std::string_view needs) {
        return fields(fmt::format(
            R"([{{"id":"r","uses":"core/switch","with":{}}},{{"id":"m","uses":"core/map"}},
                {{"id":"a","uses":"core/map","needs":{}}}])",
            with,
            needs
        ));
    };
    constexpr std::string_view kCases = R"({"cases":{"big":"{{ input.n > 9 }}","small":true}})";
    EXPECT_THAT(after(kCases, R"([{"step":"r","on":"big"}])"), ElementsAre());
    EXPECT_THAT(after(kCases, R"([{"step":"r","on":"big"},{"step":"r","on":"else"}])"), ElementsAre());
    EXPECT_THAT(
        after(R"({"value":"{{ input.k }}","cases":["x","y"]})", R"([{"step":"r","on":"y"}])"), ElementsAre()
    );
    EXPECT_THAT(after(kCases, R"([{"step":"r","on":"huge"}])"), ElementsAre("steps[2].needs[0].on"));
    EXPECT_THAT(after(kCases, R"([{"step":"m","on":"big"}])"), ElementsAre("steps[2].needs[0].on"));
    EXPECT_THAT(
        after(kCases, R"([{"step":"r","on":"big"},{"step":"r","on":"big"}])"),
        ElementsAre("steps[2].needs[1]")
    );
    EXPECT_THAT(after(kCases, R"([{"step":"r","on":true}])"), ElementsAre("steps[2].needs[0].on"));
    EXPECT_THAT(after(R"("{{ input }}")", "[]"), ElementsAre("steps[0].with"));
    EXPECT_THAT(after("{}", "[]"), ElementsAre("steps[0].with.cases"));
    EXPECT_THAT(after(R"({"cases":{}})", "[]"), ElementsAre("steps[0].with.cases"));
    EXPECT_THAT(after(R"({"cases":["x"]})", "[]"), ElementsAre("steps[0].with.cases"));
    EXPECT_THAT(after(R"({"cases":{"else":true}})", "[]"), ElementsAre("steps[0].with.cases.else"));
    EXPECT_THAT(after(R"({"value":1,"cases":["x","x"]})", "[]"), ElementsAre("steps[0].with.cases[1]"));
    EXPECT_THAT(after(R"({"value":1,"cases":["success"]})", "[]"), ElementsAre("steps[0].with.cases[0]"));
}

TEST(Definition, NamesEachFieldAtFault) {
    auto one = [](std::string_view step) { return fields(fmt::format("[{}]", step)); };
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map"})"), ElementsAre());
    EXPECT_THAT(one(R"({"uses":"core/map"})"), ElementsAre("steps[0].id"));
    EXPECT_THAT(one(R"({"id":"a-b","uses":"core/map"})"), ElementsAre("steps[0].id"));
    EXPECT_THAT(one(R"({"id":"__proto__","uses":"core/map"})"), ElementsAre("steps[0].id"));
    EXPECT_THAT(one(R"({"id":"a"})"), ElementsAre("steps[0].uses"));
    EXPECT_THAT(one(R"({"id":"a","uses":"shop/get"})"), ElementsAre("steps[0].uses"));
    EXPECT_THAT(one(R"({"id":"a","uses":"shop/get@x"})"), ElementsAre("steps[0].uses"));
    EXPECT_THAT(one(R"({"id":"a","uses":"Shop/get@1"})"), ElementsAre("steps[0].uses"));
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","x-ui":{"x":1}})"), ElementsAre());
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","needed":[]})"), ElementsAre("steps[0].needed"));
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","timeout":"1d"})"), ElementsAre("steps[0].timeout"));
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","on-error":"ignore"})"), ElementsAre("steps[0].on-error"));
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","if":"yes"})"), ElementsAre("steps[0].if"));
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","limits":{"cpu":"1s"}})"), ElementsAre("steps[0].limits"));
    EXPECT_THAT(
        one(R"({"id":"a","uses":"core/map","on-invalid-output":"warn"})"),
        ElementsAre("steps[0].on-invalid-output")
    );
    EXPECT_THAT(
        one(R"({"id":"a","uses":"shop/get@1","on-invalid-output":"stop"})"),
        ElementsAre("steps[0].on-invalid-output")
    );
    EXPECT_THAT(
        one(R"({"id":"a","uses":"core/map","with":{"x":[{"y":"{{ a"}]}})"),
        ElementsAre("steps[0].with.x[0].y")
    );
    EXPECT_THAT(
        one(R"({"id":"a","uses":"a/b@1","retry":{"attempts":99}})"), ElementsAre("steps[0].retry.attempts")
    );
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","retry":{"attempts":2}})"), ElementsAre("steps[0].retry"));
    EXPECT_THAT(one(R"({"id":"a","uses":"core/map","connection":"c"})"), ElementsAre("steps[0].connection"));
    EXPECT_THAT(one("7"), ElementsAre("steps[0]"));
    EXPECT_THAT(fields("[]"), ElementsAre("steps"));
    EXPECT_THAT(
        fields(R"([{"id":"a","uses":"core/map"},{"id":"a","uses":"core/map"}])"), ElementsAre("steps[1].id")
    );
}

TEST(Definition, AnUnknownCoreStepListsTheKnownOnes) {
    auto found = problems(json(R"({"steps":[{"id":"a","uses":"core/loop"}]})"));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].field, "steps[0].uses");
    EXPECT_THAT(
        found[0].user, HasSubstr("core/map, core/code, core/http, core/respond, core/fail, core/sleep")
    );
}

TEST(Definition, ChecksCoreStepsShapes) {
    auto one = [](std::string_view uses, std::string_view with) {
        return fields(fmt::format(R"([{{"id":"a","uses":"core/{}","with":{}}}])", uses, with));
    };
    EXPECT_THAT(
        one("code", R"({"source":"return input.x + 1;","input":{"x":"{{ input.x }}"}})"), ElementsAre()
    );
    EXPECT_THAT(one("code", R"({"source":"return '{{ not a template }}';"})"), ElementsAre());
    EXPECT_THAT(one("code", "{}"), ElementsAre("steps[0].with.source"));
    EXPECT_THAT(one("code", R"({"source":7})"), ElementsAre("steps[0].with.source"));
    EXPECT_THAT(one("code", R"({"source":"return (1;"})"), ElementsAre("steps[0].with.source"));
    EXPECT_THAT(
        one("code", R"({"source":"return 1;","language":"python"})"), ElementsAre("steps[0].with.language")
    );
    EXPECT_THAT(one("code", R"({"source":"return 1;","input":"{{ a"})"), ElementsAre("steps[0].with.input"));
    EXPECT_THAT(one("http", R"({"url":"https://a.b/{{ input.x }}"})"), ElementsAre());
    EXPECT_THAT(one("http", R"({"url":"ftp://a.b"})"), ElementsAre("steps[0].with.url"));
    EXPECT_THAT(one("http", "{}"), ElementsAre("steps[0].with.url"));
    EXPECT_THAT(one("http", R"({"url":"https://a.b","verb":"GET"})"), ElementsAre("steps[0].with.verb"));
    EXPECT_THAT(one("respond", R"({"status":201,"body":{"ok":true}})"), ElementsAre());
    EXPECT_THAT(one("respond", R"({"status":999})"), ElementsAre("steps[0].with.status"));
    EXPECT_THAT(one("respond", R"({"code":200})"), ElementsAre("steps[0].with.code"));
    EXPECT_THAT(one("fail", R"({"message":"no"})"), ElementsAre());
    EXPECT_THAT(one("fail", "{}"), ElementsAre("steps[0].with.message"));
    EXPECT_THAT(one("sleep", R"({"duration":"10m"})"), ElementsAre());
    EXPECT_THAT(one("sleep", R"({"duration":"{{ input.d }}"})"), ElementsAre());
    EXPECT_THAT(one("sleep", R"({"duration":"1828d"})"), ElementsAre("steps[0].with.duration"));
    EXPECT_THAT(one("map", R"("{{ input }}")"), ElementsAre());
}

TEST(Definition, RefusesUnknownNeedsAndCircles) {
    EXPECT_THAT(fields(R"([{"id":"a","uses":"core/map","needs":["b"]}])"), ElementsAre("steps[0].needs[0]"));
    EXPECT_THAT(fields(R"([{"id":"a","uses":"core/map","needs":["a"]}])"), ElementsAre("steps[0].needs[0]"));
    EXPECT_THAT(
        fields(R"([{"id":"a","uses":"core/map"},{"id":"b","uses":"core/map","needs":["a","a"]}])"),
        ElementsAre("steps[1].needs[1]")
    );
    EXPECT_THAT(
        fields(
            R"([{"id":"a","uses":"core/map"},{"id":"b","uses":"core/map","needs":[{"step":"a",
                "on":"always"}]}])"
        ),
        ElementsAre("steps[1].needs[0].on")
    );
    auto found = problems(json(R"({"steps":[{"id":"x","uses":"core/map"},
        {"id":"a","uses":"core/map","needs":["c","x"]},{"id":"b","uses":"core/map","needs":["a"]},
        {"id":"c","uses":"core/map","needs":["b"]},{"id":"after","uses":"core/map","needs":["c"]}]})"));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].field, "steps[1].needs");
    EXPECT_EQ(found[0].user, "Steps need each other in a circle: a -> c -> b -> a");
}

TEST(Definition, IsBounded) {
    JsonArray steps;
    for (int i = 0; i < 501; ++i) steps.push_back(Json{{"id", fmt::format("s{}", i)}, {"uses", "core/map"}});
    Json tree = {{"steps", steps}};
    EXPECT_EQ(parse(tree).error().code, Code::kLimit);
    steps.pop_back();
    tree.get_object()["steps"] = steps;
    EXPECT_TRUE(parse(tree));
    tree.get_object()["description"] = Json(std::string(600'000, 'x'));
    EXPECT_EQ(parse(tree).error().code, Code::kLimit);
    JsonArray bad;
    for (int i = 0; i < 200; ++i) bad.push_back(Json(7));
    EXPECT_EQ(problems(Json{{"steps", bad}}).size(), 50u);
}

TEST(Definition, ChecksItsOwnMembers) {
    auto field = [](std::string_view text) {
        Json tree = json(R"({"name":"t","steps":[{"id":"a","uses":"core/map"}]})");
        for (const auto& member : json(text).get_object()) tree.get_object()[member.key()] = member.value();
        auto parsed = parse(tree);
        return parsed ? "accepted" : parsed.error().field;
    };
    EXPECT_EQ(
        field(R"({"format":"weft/1","timeout":"2h","env":{"REGION":"eu"},"output":"{{ steps.a.output }}"})"),
        "accepted"
    );
    EXPECT_EQ(field(R"({"format":"weft/2"})"), "format");
    EXPECT_EQ(field(R"({"name":7})"), "name");
    EXPECT_EQ(field(R"({"inputs":{"type":"objekt"}})"), "inputs.type");
    EXPECT_EQ(field(R"({"timeout":"2d"})"), "timeout");
    EXPECT_EQ(field(R"({"env":{"a b":"x"}})"), "env.a b");
    EXPECT_EQ(field(R"({"env":{"a":{}}})"), "env.a");
    EXPECT_EQ(field(R"({"output":"{{ "})"), "output");
    EXPECT_EQ(field(R"({"outputs":1})"), "outputs");
    EXPECT_FALSE(parse(json("[]")));
}

// ---------------------------------------------------------------- values at run time

TEST(CoreValues, SleepFailAndRespond) {
    EXPECT_EQ(fail_message(json(R"({"message":"no stock"})")), "no stock");
    EXPECT_EQ(fail_message(json(R"({"message":{"a":1}})")), R"({"a":1})");
    EXPECT_EQ(fail_message(json("7")), "The workflow failed");
    EXPECT_LT(fail_message(Json{{"message", Json(std::string(5'000, 'x'))}}).size(), 1'010u);

    Response plain = *response_of(json("{}"));
    EXPECT_EQ(plain.status, 200);
    EXPECT_EQ(plain.body, "");
    Response made = *response_of(json(
        R"({"status":201.0,"headers":{"Location":"/a","content-type":"application/problem+json"},
            "body":{"a":1}})"
    ));
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body, R"({"a":1})");
    EXPECT_EQ(made.content_type, "application/problem+json");
    EXPECT_EQ(made.headers, (std::vector<connector::Header>{{"Location", "/a"}}));
    EXPECT_EQ(response_of(json(R"({"body":"hi"})"))->content_type, "text/plain; charset=utf-8");
}

TEST(CoreValues, AResponseIsATextOfTheTypeThatItNames) {
    auto made = [](std::string_view type, std::string_view body) {
        auto response =
            response_of(json(fmt::format(R"({{"headers":{{"Content-Type":"{}"}},"body":{}}})", type, body)));
        return response ? response->content_type + "|" + response->body : response.error().user;
    };
    EXPECT_EQ(made("text/xml", R"("<Response/>")"), "text/xml; charset=utf-8|<Response/>");
    EXPECT_EQ(made("application/soap+xml", R"("<a/>")"), "application/soap+xml; charset=utf-8|<a/>");
    EXPECT_EQ(made("TEXT/HTML; charset=UTF-8", R"("<p>")"), "TEXT/HTML; charset=UTF-8|<p>");
    EXPECT_EQ(made("text/plain", R"("ok")"), "text/plain; charset=utf-8|ok");
    EXPECT_EQ(made("application/json", R"("{\"a\":1}")"), R"(application/json|{"a":1})");
    EXPECT_EQ(made("application/json", R"({"a":1})"), R"(application/json|{"a":1})");
    EXPECT_EQ(
        made("application/x-www-form-urlencoded", R"("a=1")"),
        "application/x-www-form-urlencoded; charset=utf-8|a=1"
    );
    EXPECT_THAT(made("text/xml; charset=latin1", R"("x")"), HasSubstr("UTF-8"));
}

// The answer is served from the UI's own origin: data/ingress tells browsers to keep it apart.
TEST(CoreValues, AResponseCannotSetCookiesOrServeScripts) {
    auto field = [](std::string_view text) {
        auto made = response_of(json(text));
        return made ? "accepted" : made.error().field;
    };
    EXPECT_EQ(field(R"({"headers":{"Set-Cookie":"a=b"}})"), "headers.Set-Cookie");
    EXPECT_EQ(field(R"({"headers":{"Content-Security-Policy":"x"}})"), "headers.Content-Security-Policy");
    EXPECT_EQ(field(R"({"headers":{"Transfer-Encoding":"chunked"}})"), "headers.Transfer-Encoding");
    for (std::string_view type :
         {"text/javascript", "application/javascript", "text/css", "image/png", "TEXT/HTML; charset=x", ""})
        EXPECT_EQ(
            field(fmt::format(R"({{"headers":{{"Content-Type":"{}"}},"body":"x"}})", type)),
            "headers.Content-Type"
        );
    EXPECT_EQ(field(R"({"headers":{"X-A":"a\r\nSet-Cookie: b"}})"), "headers.X-A");
    EXPECT_EQ(field(R"({"status":"200"})"), "status");
    EXPECT_EQ(field(R"({"status":200.5})"), "status");
    EXPECT_EQ(field(R"({"status":101})"), "status");
    EXPECT_EQ(field("[]"), "");
}

}  // namespace
}  // namespace weft::workflow
