#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Json document(std::string_view text) {
    return parse_json(text).value();
}

template <class Id>
Id id(std::uint64_t seed) {
    SeededRng rng(seed);
    return Id::make(Instant{}, rng);
}

Definition definition(std::string_view text) {
    auto parsed = parse(document(text));
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().field + ": " + parsed.error().user);
    return *parsed;
}

Json manifest(std::string_view base = "https://shop.example.com/api") {
    return Json{{"base_url", base}, {"auth", document(R"({"kind":"bearer"})")}};
}

Catalog catalog() {
    Catalog out;
    out.actions[Uses{"shop", "get-order", 2}] = {
        .app_version_id = id<AppVersionId>(1),
        .action_id = id<ActionId>(2),
        .version = "2.3.1",
        .manifest = manifest(),
        .definition =
            document(R"({"key":"get-order","name":"Get order","method":"GET","path":"/orders/{{ input.id }}",
            "query":{"full":"{{ input.full }}"},"input":{"type":"object","required":["id"],
                "additionalProperties":false,
            "properties":{"id":{"type":"string"},"full":{"type":"boolean"},"limit":{"type":"integer",
                "maximum":9}}},
            "retry":{"attempts":4},"timeout":"9s"})")
    };
    out.actions[Uses{"shop", "pay", 2}] = {
        .app_version_id = id<AppVersionId>(1),
        .action_id = id<ActionId>(3),
        .version = "2.3.1",
        .manifest = manifest(),
        .definition = document(R"({"key":"pay","method":"POST","path":"/pay","body":"{{ input }}"})")
    };
    out.connections["main"] = {.id = id<ConnectionId>(4), .app = "shop", .manifest = manifest()};
    out.connections["other"] = {.id = id<ConnectionId>(5), .app = "crm", .manifest = manifest()};
    out.connections["moved"] = {
        .id = id<ConnectionId>(6), .app = "shop", .manifest = manifest("https://old.example.com")
    };
    return out;
}

const char* kFlow = R"({"name":"order","inputs":{"type":"object","required":["order_id"],
    "properties":{"order_id":{"type":"string"},"lines":{"type":"array","items":{"type":"object",
        "properties":{"sku":{}}}}}},
    "env":{"REGION":"eu"},"timeout":"10m","output":"{{ steps.total.output }}","steps":[
    {"id":"order","title":"Order","uses":"shop/get-order@2","connection":"main",
        "with":{"id":"{{ input.order_id }}"},
     "retry":{"initial":"2s"}},
    {"id":"total","needs":["order"],"uses":"core/code","if":"{{ steps.order.status == 'success' }}",
     "with":{"source":"return input.n * 2;","input":{"n":"{{ steps.order.output.body.total }}"}}},
    {"id":"pay","needs":[{"step":"total","on":"success"}],"uses":"shop/pay@2","connection":"main",
        "on-error":"continue",
     "on-unknown":"retry","with":{"amount":"{{ steps.total.output }}","region":"{{ env.REGION }}"},
         "timeout":"1m"},
    {"id":"ping","needs":["pay"],"uses":"core/http","connection":"main",
     "with":{"url":"https://shop.example.com/api/ping","method":"POST"}},
    {"id":"answer","needs":["pay"],"uses":"core/respond","with":{"body":"{{ steps.pay.error }}"}}]})";

CompiledWorkflow loaded(std::string_view text = kFlow) {
    auto compiled = compile(definition(text), catalog());
    EXPECT_TRUE(compiled) << (compiled ? "" : compiled.error().field + ": " + compiled.error().user);
    auto out = CompiledWorkflow::load(parse_json(to_text(*compiled)).value());
    EXPECT_TRUE(out) << (out ? "" : out.error().detail);
    return *std::move(out);
}

/// "field: message" of every problem of steps against the catalog.
std::vector<std::string> errors(std::string_view steps, std::string_view extra = "") {
    std::vector<std::string> out;
    for (const Error& e : check(definition(fmt::format(R"({{"steps":{}{}}})", steps, extra)), catalog()))
        out.push_back(e.field + ": " + e.user);
    return out;
}
std::vector<std::string> map_errors(std::string_view value, std::string_view extra = "") {
    return errors(
        fmt::format(
            R"([{{"id":"a","uses":"core/map"}},{{"id":"b","uses":"core/map","needs":["a"],
                "with":{{"v":"{}"}}}},
                {{"id":"c","uses":"core/map"}}])",
            value
        ),
        extra
    );
}

// ---------------------------------------------------------------- references

TEST(Publish, AcceptsReferencesToAncestors) {
    EXPECT_THAT(
        map_errors("{{ steps.a.output.x.y }} {{ steps.a.status }} {{ steps?.a?.error }}"), ElementsAre()
    );
    EXPECT_THAT(map_errors("{{ input.anything }} {{ trigger.body }} {{ run.id }}"), ElementsAre());
}

TEST(Publish, RefusesReferencesThatCannotHold) {
    EXPECT_THAT(
        map_errors("{{ steps.nope.output }}"), ElementsAre(R"(steps[1].with.v: There is no step "nope")")
    );
    EXPECT_THAT(map_errors("{{ steps.b.output }}"), ElementsAre("steps[1].with.v: b cannot refer to itself"));
    EXPECT_THAT(
        map_errors("x {{ [1].map(n => n + steps.c.output) }}"),
        ElementsAre("steps[1].with.v: c need not be through when b begins; add it to the needs of b")
    );
    EXPECT_THAT(
        map_errors("{{ steps.a.outputs }}"),
        ElementsAre(
            "steps[1].with.v: A step has output, status and error, not outputs; say steps.a.output.outputs"
        )
    );
    EXPECT_THAT(map_errors("{{ item.x }}"), ElementsAre("steps[1].with.v: item exists inside loops only"));
    EXPECT_THAT(
        map_errors("{{ env.NAME }}"), ElementsAre("steps[1].with.v: env.NAME is not declared in env")
    );
    EXPECT_THAT(map_errors("{{ secret.KEY }}"), ElementsAre(HasSubstr("put credentials into a connection")));
}

TEST(Publish, AncestorsReachThroughSeveralNeeds) {
    const char* line = R"([{{"id":"a","uses":"core/map"}},{{"id":"b","uses":"core/map","needs":["a"]}},
        {{"id":"c","uses":"core/map","needs":["b"],"with":{{"v":"{}"}}}}])";
    EXPECT_THAT(errors(fmt::format(fmt::runtime(line), "{{ steps.a.output }}")), ElementsAre());
}

TEST(Publish, InputsMustBeDeclaredWhereASchemaIs) {
    const char* closed =
        R"(,"inputs":{"type":"object","properties":{"order":{"type":"object","properties":{"id":{}}}}})";
    EXPECT_THAT(map_errors("{{ input.order.id }}", closed), ElementsAre());
    EXPECT_THAT(
        map_errors("{{ input.ordr.id }}", closed),
        ElementsAre("steps[1].with.v: input.ordr.id is not declared in inputs")
    );
    EXPECT_THAT(map_errors("{{ input.order.idd ?? 1 }}", closed), ElementsAre(HasSubstr("input.order.idd")));
    EXPECT_THAT(map_errors("{{ input.ordr }}", R"(,"inputs":{"type":"object"})"), ElementsAre());
}

TEST(Publish, ChecksConditionsCodeAndOutput) {
    EXPECT_THAT(
        errors(R"([{"id":"a","uses":"core/map","if":"{{ steps.x.output }}"}])"),
        ElementsAre(R"(steps[0].if: There is no step "x")")
    );
    EXPECT_THAT(
        errors(
            R"([{"id":"a","uses":"core/code","with":{"source":"const y = 1;\nreturn steps.x.output + y;"}}])"
        ),
        ElementsAre(R"(steps[0].with.source: There is no step "x" (line 2, column 8))")
    );
    EXPECT_THAT(
        errors(
            R"([{"id":"a","uses":"core/code","with":{"source":"return input.whatever;",
                "input":{"v":"{{ input.no }}"}}}])",
            R"(,"inputs":{"type":"object","properties":{"yes":{}}})"
        ),
        ElementsAre("steps[0].with.input.v: input.no is not declared in inputs")
    );
    EXPECT_THAT(
        errors(R"([{"id":"a","uses":"core/map"}])", R"(,"output":{"x":"{{ steps.b.output }}"})"),
        ElementsAre(R"(output.x: There is no step "b")")
    );
}

// ---------------------------------------------------------------- catalog

TEST(Publish, ChecksActionsAndConnections) {
    auto one = [](std::string_view members) { return errors(fmt::format(R"([{{"id":"a",{}}}])", members)); };
    EXPECT_THAT(one(R"("uses":"shop/get-order@2","connection":"main","with":{"id":"1"})"), ElementsAre());
    EXPECT_THAT(
        one(R"("uses":"shop/get-order@3","connection":"main")"),
        ElementsAre("steps[0].uses: There is no published action get-order of shop in version 3")
    );
    EXPECT_THAT(
        one(R"("uses":"shop/get-order@2","with":{"id":"1"})"),
        ElementsAre("steps[0].connection: shop needs a connection")
    );
    EXPECT_THAT(
        one(R"("uses":"shop/get-order@2","connection":"nope","with":{"id":"1"})"),
        ElementsAre(R"(steps[0].connection: There is no connection "nope")")
    );
    EXPECT_THAT(
        one(R"("uses":"shop/get-order@2","connection":"other","with":{"id":"1"})"),
        ElementsAre(R"(steps[0].connection: The connection "other" is for crm, not for shop)")
    );
}

TEST(Publish, ACredentialDoesNotFollowAnAppToAnotherHost) {
    EXPECT_THAT(
        errors(R"([{"id":"a","uses":"shop/get-order@2","connection":"moved","with":{"id":"1"}}])"),
        ElementsAre(HasSubstr("was made for https://old.example.com"))
    );
    EXPECT_THAT(
        errors(R"([{"id":"a","uses":"core/http","connection":"main","with":{"url":"https://evil.com/"}}])"),
        ElementsAre("steps[0].with.url: This connection is for https://shop.example.com/api only")
    );
}

TEST(Publish, LiteralInputsMustFitTheActionsSchema) {
    auto with = [](std::string_view value) {
        return errors(
            fmt::format(R"([{{"id":"a","uses":"shop/get-order@2","connection":"main","with":{}}}])", value)
        );
    };
    EXPECT_THAT(
        with(R"({"id":"{{ input.x }}","full":"{{ input.y }}","limit":"{{ input.z }}"})"), ElementsAre()
    );
    EXPECT_THAT(with(R"("{{ input }}")"), ElementsAre());
    EXPECT_THAT(with("{}"), ElementsAre("steps[0].with.id: id is required"));
    EXPECT_THAT(with(R"({"id":7})"), ElementsAre("steps[0].with.id: id must be a string, not a number"));
    EXPECT_THAT(
        with(R"({"id":"1","limit":10})"), ElementsAre("steps[0].with.limit: limit must be at most 9")
    );
    EXPECT_THAT(
        with(R"({"id":"1","ful":"{{ input.x }}"})"), ElementsAre("steps[0].with.ful: ful is not allowed")
    );
}

TEST(Publish, CompileRefusesWhatCheckRefuses) {
    auto refused = compile(definition(R"({"steps":[{"id":"a","uses":"shop/get-order@9"}]})"), catalog());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().field, "steps[0].uses");
}

// ---------------------------------------------------------------- compiled form

TEST(Compiled, PinsVersionsAndMergesDefaults) {
    CompiledWorkflow flow = loaded();
    ASSERT_EQ(flow.steps().size(), 5u);
    const CompiledStep& order = flow.steps()[0];
    EXPECT_EQ(order.uses, "shop/get-order@2.3.1");
    ASSERT_NE(order.action, nullptr);
    EXPECT_EQ(order.action->version, "2.3.1");
    EXPECT_EQ(order.action->uses, (Uses{"shop", "get-order", 2}));
    EXPECT_EQ(order.action->action_id, id<ActionId>(2));
    EXPECT_EQ(order.action->app.base_url, "https://shop.example.com/api");
    EXPECT_EQ(
        order.action->request,
        document(R"({"path":"/orders/{{ input.id }}","query":{"full":"{{ input.full }}"}})")
    );
    EXPECT_FALSE(order.action->input.validate(document("{}")));
    ASSERT_NE(order.connection, nullptr);
    EXPECT_EQ(order.connection->id, id<ConnectionId>(4));
    EXPECT_EQ(order.with, R"({"id":"{{ input.order_id }}"})");
    EXPECT_EQ(order.condition, "");
    const runstate::PlanStep& plan = flow.plan().steps[0];
    EXPECT_EQ(plan.kind, runstate::StepKind::kCall);
    EXPECT_EQ(plan.effect, runstate::Effect::kIdempotent);
    EXPECT_EQ(plan.retry.attempts, 4);
    EXPECT_EQ(plan.retry.initial, Millis(2'000));
    EXPECT_EQ(plan.timeout, Millis(9'000));
}

TEST(Compiled, KeepsPoliciesNeedsAndCode) {
    CompiledWorkflow flow = loaded();
    EXPECT_EQ(flow.plan().timeout, Millis(600'000));
    EXPECT_TRUE(flow.plan().has_output);
    EXPECT_TRUE(flow.has_respond());
    EXPECT_EQ(flow.env(), R"({"REGION":"eu"})");
    EXPECT_EQ(flow.output(), R"("{{ steps.total.output }}")");
    const CompiledStep& code = flow.steps()[1];
    EXPECT_EQ(code.source, "return input.n * 2;");
    EXPECT_EQ(code.with, R"({"n":"{{ steps.order.output.body.total }}"})");
    EXPECT_EQ(code.condition, R"("{{ steps.order.status == 'success' }}")");
    EXPECT_EQ(flow.plan().steps[1].kind, runstate::StepKind::kCode);
    EXPECT_EQ(flow.plan().steps[1].needs, (std::vector<runstate::Need>{{0, runstate::NeedOn::kSuccess}}));
    const runstate::PlanStep& pay = flow.plan().steps[2];
    EXPECT_EQ(pay.effect, runstate::Effect::kUnsafe);
    EXPECT_EQ(pay.on_error, runstate::OnError::kContinue);
    EXPECT_EQ(pay.on_unknown, runstate::OnUnknown::kRetry);
    EXPECT_EQ(pay.timeout, Millis(60'000));
    EXPECT_EQ(flow.plan().steps[3].effect, runstate::Effect::kUnsafe);  // a POST
    EXPECT_EQ(flow.steps()[3].core, CoreKind::kHttp);
    EXPECT_EQ(flow.steps()[3].connection->app.base_url, "https://shop.example.com/api");
}

TEST(Compiled, StaysWholeWhenMoved) {
    CompiledWorkflow flow = loaded();
    CompiledWorkflow moved = std::move(flow);
    EXPECT_EQ(moved.steps()[0].action->version, "2.3.1");
    EXPECT_EQ(moved.steps()[0].connection->name, "main");
}

// A newer version of the app may have moved to another path or header: its own rules apply, to the same host.
TEST(Compiled, TheActionsVersionOfTheAppAppliesTheCredentials) {
    Catalog moved = catalog();
    moved.connections["main"].manifest = manifest("https://shop.example.com/v1");
    Json compiled = *compile(
        definition(R"({"steps":[{"id":"a","uses":"shop/get-order@2","connection":"main","with":{"id":"1"}},
            {"id":"b","uses":"core/http","connection":"main",
                "with":{"url":"https://shop.example.com/v1/x"}}]})"),
        moved
    );
    CompiledWorkflow flow = *CompiledWorkflow::load(compiled);
    EXPECT_EQ(flow.steps()[0].connection->app.base_url, "https://shop.example.com/api");
    EXPECT_EQ(flow.steps()[0].connection->id, id<ConnectionId>(4));
    EXPECT_EQ(flow.steps()[1].connection->app.base_url, "https://shop.example.com/v1");
}

TEST(Compiled, HasOneHashForEqualDefinitions) {
    Json first = *compile(definition(kFlow), catalog());
    Json second = *compile(definition(kFlow), catalog());
    EXPECT_EQ(content_hash(first), content_hash(second));
    EXPECT_EQ(content_hash(parse_json(to_text(first)).value()), content_hash(first));
    Catalog newer = catalog();
    newer.actions[Uses{"shop", "get-order", 2}].version = "2.4.0";
    EXPECT_NE(content_hash(*compile(definition(kFlow), newer)), content_hash(first));
    EXPECT_EQ(
        content_hash(Json("")), "12ae32cb1ec02d01eda3581b127c1fee3b0dc53572ed6baf239721a03d82e126"
    );  // of `""`
}

TEST(Compiled, KnowsItsBranches) {
    const auto flow = loaded(R"({"steps":[
        {"id":"a","uses":"core/map","needs":[{"step":"r","on":"odd"},{"step":"q","on":"else"}]},
        {"id":"r","uses":"core/switch","with":{"cases":{"big":"{{ input.n > 9 }}","odd":"{{ input.n % 2 }}"}}},
        {"id":"q","uses":"core/if","with":{"condition":"{{ input.q }}"}}]})");
    using runstate::NeedOn;
    const std::vector<runstate::Need> needs{{1, NeedOn::kSuccess, 1}, {2, NeedOn::kSuccess, 1}};
    EXPECT_EQ(flow.plan().steps[0].needs, needs);
    EXPECT_EQ(flow.plan().steps[1].kind, runstate::StepKind::kSwitch);
    EXPECT_EQ(flow.steps()[1].branches, (std::vector<std::string>{"big", "odd", "else"}));
    EXPECT_EQ(flow.steps()[2].branches, (std::vector<std::string>{"then", "else"}));
}

TEST(Branches, AreTakenByTheFirstConditionThatHoldsOrByTheValue) {
    const std::vector<std::string> cases{"big", "odd", "else"};
    const std::vector<std::string> either{"then", "else"};
    const auto taken = [](std::string_view with, const std::vector<std::string>& branches) {
        const auto branch = branch_of(document(with), branches);
        return branch ? branches.at(static_cast<std::size_t>(*branch)) : "refused: " + branch.error().user;
    };
    EXPECT_EQ(taken(R"({"cases":{"odd":true,"big":true}})", cases), "big")
        << "in the order of the definition";
    EXPECT_EQ(taken(R"({"cases":{"big":false,"odd":1}})", cases), "odd");
    EXPECT_EQ(taken(R"({"cases":{"odd":0}})", cases), "else");
    EXPECT_EQ(taken(R"({"value":"odd","cases":["big","odd"]})", cases), "odd");
    EXPECT_EQ(taken(R"({"value":"ODD","cases":["big","odd"]})", cases), "else");
    EXPECT_EQ(taken(R"({"value":null,"cases":["big","odd"]})", cases), "else");
    EXPECT_EQ(taken(R"({"value":"else","cases":["big","odd"]})", cases), "else");
    for (std::string_view no : {"false", "null", "0", "0.0", "-0e5", R"("")"})
        EXPECT_EQ(taken(R"({"condition":)" + std::string(no) + "}", either), "else") << no;
    for (std::string_view yes : {"true", "1", "-1e-9", R"("no")", "[]", "{}"})
        EXPECT_EQ(taken(R"({"condition":)" + std::string(yes) + "}", either), "then") << yes;
    EXPECT_EQ(taken("7", either), "refused: with is an object with condition or cases");
    EXPECT_EQ(taken(R"({"cases":7})", cases), "refused: cases is an object or a list");
}

TEST(Compiled, RefusesDamagedDocuments) {
    Json good = *compile(definition(kFlow), catalog());
    ASSERT_TRUE(CompiledWorkflow::load(good));
    auto broken = [&](auto change) {
        Json copy = good;
        change(copy.get_object());
        auto out = CompiledWorkflow::load(copy);
        return !out && out.error().code == Code::kInvalid;
    };
    EXPECT_TRUE(broken([](JsonObject& o) { o["format"] = "weft-compiled/9"; }));
    for (const auto& member : good.get_object())
        if (member.key() != "name" && member.key() != "inputs" && member.key() != "output" &&
            member.key() != "env")
            EXPECT_TRUE(broken([&](JsonObject& o) { o.erase(member.key()); })) << member.key();
    EXPECT_TRUE(broken([](JsonObject& o) {
        o["steps"].get_array()[0].get_object()["uses"] = "shop/gone@1.0.0";
    }));
    EXPECT_TRUE(broken([](JsonObject& o) { o["steps"].get_array()[0].get_object()["connection"] = "gone"; }));
    EXPECT_TRUE(broken([](JsonObject& o) {
        o["steps"].get_array()[1].get_object()["needs"] = document(R"([{"step":"x","on":"success"}])");
    }));
    EXPECT_TRUE(broken([](JsonObject& o) { o["steps"].get_array()[1].get_object()["uses"] = "core/future"; })
    );
    EXPECT_TRUE(broken([](JsonObject& o) { o["steps"].get_array()[1].get_object()["id"] = "order"; }));
    EXPECT_FALSE(CompiledWorkflow::load(document("[]")));
}

TEST(Compiled, ChecksTheRunsInput) {
    CompiledWorkflow flow = loaded();
    EXPECT_TRUE(check_input(flow, document(R"({"order_id":"7"})")));
    auto refused = check_input(flow, document(R"({"order_id":7})"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().field, "input.order_id");
    EXPECT_EQ(refused.error().user, "input.order_id must be a string, not a number");
    EXPECT_TRUE(check_input(loaded(R"({"steps":[{"id":"a","uses":"core/map"}]})"), document("7")));
}

}  // namespace
}  // namespace weft::workflow
