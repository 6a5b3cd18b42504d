#include "core/import/import.h"
#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

/// What would seem well and mean another thing.
namespace weft::importer {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A manual trigger S and a node N behind it, of this type; `more` are members of N beside its parameters.
Imported with_node(std::string_view type, std::string_view parameters, std::string_view more = "") {
    auto imported = from_n8n(fmt::format(
        R"({{"settings":{{"timezone":"UTC"}},"nodes":[
            {{"name":"S","type":"n8n-nodes-base.manualTrigger"}},
            {{"name":"N","type":"n8n-nodes-base.{}","parameters":{}{}}},
            {{"name":"A","type":"n8n-nodes-base.noOp"}},{{"name":"B","type":"n8n-nodes-base.noOp"}}],
            "connections":{{"S":{{"main":[[{{"node":"N"}},{{"node":"A"}},{{"node":"B"}}]]}},
                            "A":{{"main":[[{{"node":"N","index":1}}]]}},
                            "B":{{"main":[[{{"node":"N","index":2}}]]}}}}}})",
        type,
        parameters,
        more
    ));
    EXPECT_TRUE(imported) << imported.error().user;
    for (const Error& problem : workflow::problems(imported->definition))
        ADD_FAILURE() << problem.field << ": " << problem.user;
    return std::move(*imported);
}

const NodeReport& report_on(const Imported& imported, std::string_view name = "N") {
    return *std::ranges::find(imported.nodes, name, &NodeReport::node);
}

std::string given_by(const Imported& imported, std::string_view step = "n") {
    for (const Json& each : imported.definition.at("steps").get_array())
        if (each.at("id") == Json(step)) return to_text(each.at("with"));
    return "";
}

TEST(ImportedMeaning, ADisabledNodeHandsItsItemsToItsFirstOutput) {
    for (std::string_view outputs : {R"([{"node":"X"}])", R"([{"node":"X"}],[{"node":"Y"}])"}) {
        for (std::string_view type : {"if", "switch"}) {
            const auto imported = from_n8n(fmt::format(
                R"({{"nodes":[{{"name":"S","type":"n8n-nodes-base.manualTrigger"}},
                {{"name":"N","type":"n8n-nodes-base.{}","disabled":true}},
                {{"name":"X","type":"n8n-nodes-base.noOp"}},{{"name":"Y","type":"n8n-nodes-base.noOp"}}],
                "connections":{{"S":{{"main":[[{{"node":"N"}}]]}},"N":{{"main":[{}]}}}}}})",
                type,
                outputs
            ));
            ASSERT_TRUE(imported);
            const bool is_split = outputs.contains('Y');
            EXPECT_EQ(
                given_by(*imported),
                is_split ? R"("{{ [steps.s.output, []] }}")" : R"("{{ steps.s.output }}")"
            );
            EXPECT_EQ(
                given_by(*imported, "x"),
                is_split ? R"("{{ steps.n.output[0] }}")" : R"("{{ steps.n.output }}")"
            );
        }
    }
}

TEST(ImportedMeaning, AMergeGivesTheInputThatItChooses) {
    const auto chosen = [](std::string_view number) {
        return with_node(
            "merge",
            fmt::format(R"({{"mode":"chooseBranch","numberInputs":3,"useDataOfInput":{}}})", number),
            R"(,"typeVersion":3)"
        );
    };
    EXPECT_THAT(given_by(chosen("3")), HasSubstr("steps.b.output"));
    EXPECT_THAT(given_by(chosen("\"3\"")), HasSubstr("steps.b.output"));
    EXPECT_THAT(given_by(chosen("2")), HasSubstr("steps.a.output"));
    EXPECT_THAT(given_by(chosen("1")), HasSubstr("steps.s.output"));
    for (std::string_view no_number : {"\"={{ $json.n }}\"", "0", "\"x\"", "1.5"})
        EXPECT_EQ(report_on(chosen(no_number)).fit, Fit::kByHand) << no_number;
}

TEST(ImportedMeaning, MoreRowsThanAreReadAreByHand) {
    const auto renamed = [](int rows) {
        std::string list;
        for (int i = 0; i < rows; ++i)
            list += fmt::format(R"({}{{"currentKey":"a{}","newKey":"b"}})", i == 0 ? "" : ",", i);
        return with_node("renameKeys", fmt::format(R"({{"keys":{{"key":[{}]}}}})", list));
    };
    EXPECT_EQ(report_on(renamed(500)).fit, Fit::kExact);
    EXPECT_EQ(report_on(renamed(501)).fit, Fit::kByHand);
    EXPECT_THAT(report_on(renamed(501)).notes, Contains(HasSubstr("more than 500 rows in keys.key")));
}

TEST(ImportedMeaning, CodeMayGiveItsNamesOtherValues) {
    for (std::string_view parameters :
         {R"({"jsCode":"items = items.filter((i) => i.json.a); return items"})",
          R"({"mode":"runOnceForEachItem","jsCode":"item = {json: {}}; return item"})"}) {
        const std::string source = given_by(with_node("code", parameters, R"(,"typeVersion":2)"));
        EXPECT_THAT(source, HasSubstr("let { $input, items, item"));
        EXPECT_THAT(source, Not(HasSubstr("const { $input")));
    }
}

TEST(ImportedMeaning, ACommentAtTheEndTakesNothingWithIt) {
    const std::string sorted =
        given_by(with_node("sort", R"({"type":"code","code":"return a.json.n - b.json.n // by n"})"));
    EXPECT_THAT(sorted, HasSubstr("// by n\\n})"));
    const std::string set = given_by(with_node(
        "set",
        R"({"assignments":{"assignments":[{"name":"a","type":"string",
            "value":"={{ $json.a\n + 1 // one more\n}}"}]}})",
        R"(,"typeVersion":3.4)"
    ));
    EXPECT_THAT(set, HasSubstr("item.json.a\\n + 1"));
    EXPECT_THAT(set, Not(HasSubstr("//")));
}

TEST(ImportedMeaning, AFallbackIsTheNumberOfAnOutput) {
    const auto fallback = [](std::string_view value, bool is_old = false) {
        const std::string rules = R"([{"conditions":{"conditions":[]}}])";
        return with_node(
            "switch",
            is_old ? fmt::format(R"({{"rules":{{"rules":[{{"value2":1}}]}},"fallbackOutput":{}}})", value)
                   : fmt::format(
                         R"({{"rules":{{"values":{}}},"options":{{"fallbackOutput":{}}}}})", rules, value
                     ),
            is_old ? R"(,"typeVersion":1)" : R"(,"typeVersion":3)"
        );
    };
    for (const bool is_old : {false, true}) {
        for (std::string_view text : {"\"={{ 1 }}\"", "\"process.exit()\"", "1.5", "{}"})
            EXPECT_EQ(report_on(fallback(text, is_old)).fit, Fit::kByHand) << text;
        EXPECT_THAT(given_by(fallback("2", is_old)), HasSubstr(": 2)"));
        EXPECT_THAT(given_by(fallback("\"2\"", is_old)), HasSubstr(": 2)"));
    }
    EXPECT_THAT(given_by(fallback("\"extra\"")), HasSubstr(": 1)"));
    EXPECT_THAT(given_by(fallback("\"none\"")), HasSubstr(": undefined)"));
    EXPECT_THAT(given_by(fallback("-1", true)), HasSubstr(": undefined)"));
}

TEST(Feeds, BecomeTriggersThatAskAsOftenAsBefore) {
    const auto of = [](std::string_view times, std::string_view url) {
        return from_n8n(fmt::format(
            R"({{"nodes":[{{"name":"R","type":"n8n-nodes-base.rssFeedReadTrigger","parameters":{{"feedUrl":"{}","pollTimes":{{"item":[{}]}}}}}}]}})",
            url,
            times
        ));
    };
    const auto every = [&](std::string_view times) {
        const auto imported = of(times, "https://x.example/f");
        EXPECT_TRUE(imported);
        EXPECT_EQ(imported->triggers.size(), 1u);
        EXPECT_EQ(imported->triggers.front().kind, "feed");
        return std::string(text_or(imported->triggers.front().config.get_object(), "every"));
    };
    EXPECT_EQ(every(""), "1m");
    EXPECT_EQ(every(R"({"mode":"everyHour"})"), "1h");
    EXPECT_EQ(every(R"({"mode":"everyX","value":20,"unit":"minutes"})"), "20m");
    EXPECT_EQ(every(R"({"mode":"everyX","value":3,"unit":"hours"})"), "3h");
    EXPECT_EQ(every(R"({"mode":"everyDay","hour":14})"), "1d");
    const auto by_hand = of(R"({"mode":"custom","cronExpression":"* * * * *"})", "={{ $json.url }}");
    ASSERT_TRUE(by_hand);
    EXPECT_EQ(by_hand->nodes.front().fit, Fit::kByHand);
}

Imported scheduled(std::string_view type, std::string_view parameters) {
    auto imported = from_n8n(fmt::format(
        R"({{"nodes":[{{"name":"N","type":"n8n-nodes-base.{}","parameters":{}}}]}})", type, parameters
    ));
    EXPECT_TRUE(imported);
    return std::move(*imported);
}
Imported interval(std::string_view rule) {
    return scheduled("scheduleTrigger", fmt::format(R"({{"rule":{{"interval":[{}]}}}})", rule));
}
std::string when(const Imported& imported) {
    if (imported.triggers.empty()) return report_on(imported).notes.front();
    const JsonObject& config = imported.triggers[0].config.get_object();
    return std::string(text_or(config, "every", text_or(config, "cron")));
}

TEST(ImportedSchedules, KeepIntervalsThatCronCannotSay) {
    EXPECT_EQ(when(interval(R"({"field":"minutes","minutesInterval":59})")), "*/59 * * * *");
    EXPECT_EQ(when(interval(R"({"field":"minutes","minutesInterval":90})")), "90 minutes");
    EXPECT_EQ(when(interval(R"({"field":"hours","hoursInterval":23})")), "0 */23 * * *");
    EXPECT_EQ(when(interval(R"({"field":"hours","hoursInterval":36})")), "36 hours");
    EXPECT_THAT(
        when(interval(R"({"field":"hours","hoursInterval":36,"triggerAtMinute":5})")),
        HasSubstr("every 36 hours at minute 5")
    );
    const auto old = [](std::string_view row) {
        return when(scheduled("cron", fmt::format(R"({{"triggerTimes":{{"item":[{}]}}}})", row)));
    };
    EXPECT_EQ(old(R"({"mode":"everyX","unit":"minutes","value":90})"), "90 minutes");
    EXPECT_EQ(old(R"({"mode":"everyX","unit":"hours","value":36})"), "36 hours");
    EXPECT_EQ(old(R"({"mode":"everyX","unit":"hours","value":6})"), "0 */6 * * *");
}

TEST(ImportedSchedules, AreByHandWithTheReasonWhenTheyCouldNotBeSaved) {
    EXPECT_THAT(
        when(interval(R"({"field":"cronExpression","expression":"0 25 * * *"})")),
        HasSubstr("the schedule 0 25 * * *: At character 3")
    );
    EXPECT_THAT(
        when(interval(R"({"field":"cronExpression","expression":"nonsense"})")), HasSubstr("nonsense")
    );
    EXPECT_THAT(when(interval(R"({"field":"minutes","minutesInterval":0})")), HasSubstr("minutesInterval"));
    EXPECT_THAT(when(interval(R"({"triggerAtHour":"={{ 5 }}"})")), HasSubstr("triggerAtHour is no number"));
    EXPECT_THAT(when(interval(R"({"triggerAtHour":24})")), HasSubstr("from 0 to 23"));
}

TEST(ImportedTriggersAmongSeveral, FailWhenNoStepIsOfTheOneThatStarted) {
    const auto imported = from_n8n(
        R"({"nodes":[{"name":"Hook","type":"n8n-nodes-base.webhook","parameters":{"httpMethod":"POST"}},
                     {"name":"SC","type":"n8n-nodes-base.scheduleTrigger"}]})"
    );
    ASSERT_TRUE(imported);
    const Json& guard = imported->definition.at("steps").at(0);
    EXPECT_EQ(guard.at("uses"), Json("core/fail"));
    const std::string condition = guard.at("if").get_string();
    EXPECT_THAT(condition, HasSubstr(R"((trigger.kind === "webhook" && trigger.name === "Hook"))"));
    EXPECT_THAT(condition, HasSubstr(R"((trigger.kind === "schedule" && trigger.name === "SC"))"));
    EXPECT_THAT(workflow::problems(imported->definition), IsEmpty());
    for (std::string_view name : {"Hook", "SC"})
        EXPECT_THAT(report_on(*imported, name).notes, Contains(HasSubstr("rename both or none")));
    const auto alone = from_n8n(R"({"nodes":[{"name":"SC","type":"n8n-nodes-base.scheduleTrigger"}]})");
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->definition.at("steps").get_array().size(), 1U) << "one needs no guard";
}

TEST(ImportedWebhook, TakesTheMethodsOfTheNode) {
    const auto methods = [](std::string_view parameters) {
        const auto imported = from_n8n(
            R"({"nodes":[{"name":"Hook","type":"n8n-nodes-base.webhook","parameters":)" +
            std::string(parameters) + "}]}"
        );
        EXPECT_TRUE(imported);
        return imported ? to_text(imported->triggers.at(0).config.at("methods")) : "";
    };
    EXPECT_EQ(methods("{}"), R"(["GET"])");
    EXPECT_EQ(methods(R"({"httpMethod":"PUT"})"), R"(["PUT"])");
    EXPECT_EQ(methods(R"({"multipleMethods":true,"httpMethod":["GET","DELETE"]})"), R"(["GET","DELETE"])");
}

}  // namespace
}  // namespace weft::importer
