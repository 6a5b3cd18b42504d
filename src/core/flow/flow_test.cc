#include "core/flow/flow.h"

#include <gtest/gtest.h>

namespace weft::flow {

namespace {

JsonObject object(std::string_view text) {
    return parse_json(text)->get_object();
}

/// The fields of what is wrong.
std::vector<std::string> wrong(std::string_view definition) {
    std::vector<Error> problems;
    (void)read(object(definition), problems);
    std::vector<std::string> out;
    for (const Error& problem : problems) out.push_back(problem.field);
    return out;
}

std::string keys(std::string_view definition, std::string_view input, std::string_view trigger = "{}") {
    std::vector<Error> problems;
    auto rules = Rules::of(Json(read(object(definition), problems)));
    EXPECT_TRUE(problems.empty());
    auto out = rules->keys(input, trigger);
    return out ? to_text(*out) : out.error().user;
}

using Fields = std::vector<std::string>;

TEST(Flow, ReadsEachRule) {
    std::vector<Error> problems;
    const JsonObject rules = read(
        object(R"({"concurrency": {"limit": 5, "key": "{{ input.customer }}", "when-full": "cancel-oldest"},
                   "throttle": {"limit": 10, "per": "1m"}, "rate-limit": {"limit": 3, "per": 60},
                   "debounce": {"for": "30s", "max": "10m", "key": "trigger.headers[\"x-id\"]"},
                   "priority": "input.urgency", "steps": []})"),
        problems
    );
    EXPECT_TRUE(problems.empty());
    EXPECT_EQ(
        to_text(Json(rules)),
        R"({"concurrency":{"limit":5,"when_full":"cancel-oldest","key":["input","customer"]},)"
        R"("throttle":{"limit":10,"per_ms":60000},"rate":{"limit":3,"per_ms":60000},)"
        R"("debounce":{"for_ms":30000,"max_ms":600000,"key":["trigger","headers","x-id"]},)"
        R"("priority":["input","urgency"]})"
    );
}

TEST(Flow, ADefinitionWithoutRulesHasNone) {
    std::vector<Error> problems;
    EXPECT_TRUE(read(object(R"({"steps": []})"), problems).empty());
    EXPECT_TRUE(problems.empty());
}

TEST(Flow, ASingletonIsAConcurrencyOfOneThatSkips) {
    std::vector<Error> problems;
    EXPECT_EQ(
        to_text(Json(read(object(R"({"singleton": true})"), problems))),
        R"({"concurrency":{"limit":1,"when_full":"skip"}})"
    );
    EXPECT_EQ(wrong(R"({"singleton": true, "concurrency": {"limit": 2}})"), Fields{"singleton"});
    EXPECT_EQ(wrong(R"({"singleton": false, "concurrency": {"limit": 2}})"), Fields{})
        << "it is switched off";
}

TEST(Flow, SaysWhichFieldIsWrong) {
    EXPECT_EQ(wrong(R"({"concurrency": 5})"), Fields{"concurrency"});
    EXPECT_EQ(wrong(R"({"concurrency": {"limit": 0}})"), Fields{"concurrency.limit"});
    EXPECT_EQ(wrong(R"({"concurrency": {"limit": 1001}})"), Fields{"concurrency.limit"});
    EXPECT_EQ(
        wrong(R"({"concurrency": {"limit": 1, "when-full": "drop"}})"), Fields{"concurrency.when-full"}
    );
    EXPECT_EQ(wrong(R"({"concurrency": {"limit": 1, "max": 2}})"), Fields{"concurrency.max"});
    EXPECT_EQ(wrong(R"({"throttle": {"limit": 1}})"), Fields{"throttle.per"});
    EXPECT_EQ(wrong(R"({"throttle": {"limit": 1, "per": "32d"}})"), Fields{"throttle.per"});
    EXPECT_EQ(wrong(R"({"debounce": {"for": "1m", "max": "1s"}})"), Fields{"debounce.max"});
    EXPECT_EQ(wrong(R"({"breaker": {"failures": 3, "within": "1h", "pause": "5m"}})"), Fields{});
    EXPECT_EQ(
        wrong(R"({"breaker": {"failures": 0, "within": "1h"}})"),
        (Fields{"breaker.failures", "breaker.pause"})
    );
    EXPECT_EQ(
        wrong(R"({"breaker": {"failures": 101, "within": "8d", "pause": "8d"}})"),
        (Fields{"breaker.failures", "breaker.within", "breaker.pause"})
    );
    EXPECT_EQ(wrong(R"({"priority": 601})"), Fields{"priority"});
    EXPECT_EQ(wrong(R"({"priority": -1})"), Fields{"priority"});
}

TEST(Flow, ARateHasAMicrosecondForEachRun) {
    EXPECT_EQ(wrong(R"({"throttle": {"limit": 1000, "per": 0.001}})"), Fields{});
    EXPECT_EQ(wrong(R"({"throttle": {"limit": 1001, "per": 0.001}})"), Fields{"throttle.limit"});
    EXPECT_EQ(wrong(R"({"rate-limit": {"limit": 10000, "per": "1ms"}})"), Fields{"rate-limit.limit"});
}

/// Where runs begin nothing of a tenant's may be computed.
TEST(Flow, AKeyIsAPlainPathIntoInputOrTrigger) {
    for (const std::string_view key :
         {"{{ input.a + 1 }}",
          "input.a()",
          "steps.a.output",
          "env.X",
          "a {{ input.b }}",
          "",
          "{{ input.a ?? 1 }}",
          "x-{{input.a}}",
          "`${input.a}`"}) {
        JsonObject rule{{"limit", 1}, {"key", key}};
        std::vector<Error> problems;
        (void)read(JsonObject{{"concurrency", std::move(rule)}}, problems);
        ASSERT_EQ(problems.size(), 1u) << key;
        EXPECT_EQ(problems.front().field, "concurrency.key");
    }
}

TEST(Flow, KeysAreTextsOfWhatThePathsLeadTo) {
    const std::string_view by_id = R"({"concurrency": {"limit": 1, "key": "input.list[1].id"}})";
    EXPECT_EQ(keys(by_id, R"({"list": [0, {"id": "b"}]})"), R"({"concurrency":"b"})");
    EXPECT_EQ(keys(by_id, R"({"list": [0, {"id": 7}]})"), R"({"concurrency":"7"})");
    EXPECT_EQ(keys(by_id, R"({"list": [0, {"id": {"a": 1}}]})"), R"({"concurrency":"{\"a\":1}"})");
    EXPECT_EQ(keys(by_id, R"({"list": [0]})"), R"({"concurrency":""})");
    EXPECT_EQ(keys(by_id, "null"), R"({"concurrency":""})");
    EXPECT_EQ(
        keys(
            R"({"concurrency": {"limit": 1, "key": "trigger.headers.host"}})",
            "nonsense",
            R"({"headers": {"host": "h"}})"
        ),
        R"({"concurrency":"h"})"
    );
}

TEST(Flow, LongKeysAreKnownByTheirHash) {
    const std::string_view by_id = R"({"concurrency": {"limit": 1, "key": "input"}})";
    const std::string most(kKeyBytesMax, 'a');
    EXPECT_EQ(keys(by_id, to_text(Json(most))), to_text(Json(JsonObject{{"concurrency", most}})));
    const std::string hashed = keys(by_id, to_text(Json(most + "a")));
    EXPECT_EQ(hashed.size(), std::string(R"({"concurrency":"sha256:"})").size() + 64);
    EXPECT_NE(hashed, keys(by_id, to_text(Json(most + "b"))));
}

TEST(Flow, PriorityIsBounded) {
    EXPECT_EQ(keys(R"({"priority": 60})", "null"), R"({"priority":60})");
    EXPECT_EQ(keys(R"({"priority": "input.p"})", R"({"p": 10000})"), R"({"priority":600})");
    EXPECT_EQ(keys(R"({"priority": "input.p"})", R"({"p": -5})"), "{}");
    EXPECT_EQ(keys(R"({"priority": "input.p"})", R"({"p": "high"})"), "{}");
}

}  // namespace

}  // namespace weft::flow
