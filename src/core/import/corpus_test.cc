#include "core/import/import.h"
#include "core/workflow/workflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace weft::importer {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string file_text(const std::string& name) {
    std::stringstream out;
    out << std::ifstream(WEFT_IMPORT_CASES "/" + name + ".json").rdbuf();
    return out.str();
}

std::vector<std::string> corpus() {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(WEFT_IMPORT_CASES))
        out.push_back(entry.path().stem().string());
    std::ranges::sort(out);
    return out;
}

class Corpus : public ::testing::TestWithParam<std::string> {};

TEST_P(Corpus, BecomesADefinitionWithoutProblems) {
    const auto imported = from_n8n(file_text(GetParam()));
    ASSERT_TRUE(imported) << imported.error().user;
    for (const Error& problem : workflow::problems(imported->definition))
        ADD_FAILURE() << problem.field << ": " << problem.user;
    for (const NodeReport& node : imported->nodes)
        if (node.fit != Fit::kExact) EXPECT_THAT(node.notes, ::testing::Not(IsEmpty())) << node.node;
}

TEST_P(Corpus, ReportsEveryNodeOnce) {
    const auto tree = parse_json(file_text(GetParam()));
    ASSERT_TRUE(tree);
    const auto imported = from_n8n(file_text(GetParam()));
    ASSERT_TRUE(imported);
    std::vector<std::string> there, told;
    for (const Json& node : tree->at("nodes").get_array()) there.push_back(node.at("name").get_string());
    for (const NodeReport& node : imported->nodes) told.push_back(node.node);
    EXPECT_EQ(told, there);
}

INSTANTIATE_TEST_SUITE_P(Files, Corpus, ::testing::ValuesIn(corpus()), [](const auto& file) {
    std::string name = file.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

Imported import_case(const std::string& name) {
    auto imported = from_n8n(file_text(name));
    EXPECT_TRUE(imported) << name;
    return std::move(*imported);
}

const NodeReport& node_of(const Imported& imported, std::string_view name) {
    const auto found = std::ranges::find(imported.nodes, name, &NodeReport::node);
    EXPECT_NE(found, imported.nodes.end()) << name;
    return *found;
}

/// Also of those in loops.
const JsonObject* find_step(const Json& steps, std::string_view id) {
    for (const Json& step : steps.get_array()) {
        if (step.at("id") == Json(id)) return step.if_object();
        const Json* body = step.get_object().if_contains("steps");
        const JsonObject* inner = body == nullptr ? nullptr : find_step(*body, id);
        if (inner != nullptr) return inner;
    }
    return nullptr;
}

const JsonObject& step_of(const Imported& imported, std::string_view id) {
    if (const JsonObject* found = find_step(imported.definition.at("steps"), id)) return *found;
    ADD_FAILURE() << "no step " << id;
    static const JsonObject kNone;
    return kNone;
}

TEST(ImportedNodes, AreByHandWhereTheirMeaningCannotBeKept) {
    const Imported imported = import_case("by-hand");
    for (const NodeReport& node : imported.nodes) {
        if (node.node == "Start" || node.node == "Alone" || node.node == "Note") continue;
        EXPECT_EQ(node.fit, Fit::kByHand) << node.node;
        if (node.step.empty()) continue;
        const JsonObject& step = step_of(imported, node.step);
        EXPECT_EQ(step.at("uses"), Json("core/fail")) << node.node;
        EXPECT_TRUE(step.at("x-n8n").get_object().contains("type"));
    }
    for (const auto& [node, step] : std::map<std::string, std::string>{
             {"Node convertToFile", "core/make-file"},
             {"Node extractFromFile", "core/read-file"},
             {"Node compression", "as: zip"},
             {"Node spreadsheetFile", "as: csv"},
         })
        EXPECT_THAT(node_of(imported, node).notes, Contains(HasSubstr(step))) << node;
    EXPECT_TRUE(node_of(imported, "Alone").step.empty());
    EXPECT_EQ(imported.definition.at("x-notes").at(0).at("text"), Json("## Read this"));
    EXPECT_THAT(imported.notes, Contains(HasSubstr("Pinned data")));
}

TEST(ImportedCalls, RunTheWorkflowThatHasTheNameAsItsKey) {
    const Imported imported = import_case("subflows");
    const JsonObject& once = step_of(imported, "all_at_once_call");
    EXPECT_EQ(once.at("uses"), Json("core/workflow"));
    EXPECT_EQ(once.at("with").at("workflow"), Json("make-an-invoice"));
    const JsonObject& each = step_of(imported, "each_call");
    EXPECT_EQ(each.at("uses"), Json("core/foreach"));
    EXPECT_EQ(each.at("steps").at(0).at("with").at("workflow"), Json("make-an-invoice"));
    EXPECT_EQ(step_of(imported, "not_waited_for_call").at("with").at("mode"), Json("start"));
    EXPECT_EQ(step_of(imported, "not_waited_for_call").at("with").at("workflow"), Json("w-17"));
    EXPECT_EQ(node_of(imported, "Chosen").fit, Fit::kByHand);
    EXPECT_EQ(
        import_case("called").definition.at("output"),
        Json("{{ (steps.double.output ?? []).map((item) => item.json) }}")
    );
    EXPECT_EQ(node_of(import_case("errors"), "On error").fit, Fit::kAdapted);
}

TEST(ImportedNodes, AreNeverWhollyUnknown) {
    const auto imported = from_n8n(
        R"({"nodes":[{"name":"S","type":"n8n-nodes-base.manualTrigger"},{"name":"X","type":"some.node"}],
            "connections":{"S":{"main":[[{"node":"X"}]]}}})"
    );
    ASSERT_TRUE(imported);
    EXPECT_EQ(node_of(*imported, "X").fit, Fit::kByHand);
    EXPECT_EQ(step_of(*imported, "x").at("uses"), Json("core/fail"));
}

TEST(ImportedLoops, AreCutAndSaidSo) {
    const Imported imported = import_case("cycle");
    EXPECT_EQ(node_of(imported, "Loop").fit, Fit::kByHand);
    EXPECT_THAT(node_of(imported, "Loop").notes, Contains(HasSubstr("loop comes back to it from Work")));
}

Imported loop_of(const std::string& parameters, const std::string& wires, double version = 3) {
    auto imported = from_n8n(
        R"({"nodes":[{"name":"S","type":"n8n-nodes-base.manualTrigger"},
            {"name":"L","type":"n8n-nodes-base.splitInBatches","typeVersion":)" +
        std::to_string(version) + R"(,"parameters":)" + parameters + R"(},
            {"name":"W","type":"n8n-nodes-base.noOp"},{"name":"D","type":"n8n-nodes-base.noOp"}],
            "connections":{"S":{"main":[[{"node":"L"}]]},)" +
        wires + "}}"
    );
    EXPECT_TRUE(imported);
    return std::move(*imported);
}

TEST(ImportedLoops, BecomeForeach) {
    const Imported imported = import_case("loops");
    for (const NodeReport& node : imported.nodes) EXPECT_NE(node.fit, Fit::kByHand) << node.node;
    EXPECT_EQ(node_of(imported, "Loop").fit, Fit::kExact);
    EXPECT_EQ(node_of(imported, "Pairs").fit, Fit::kAdapted) << "two ways back";
    const JsonObject& loop = step_of(imported, "each_group");
    EXPECT_EQ(loop.at("uses"), Json("core/foreach"));
    std::vector<std::string> body;
    for (const Json& step : loop.at("steps").get_array()) body.emplace_back(step.at("id").get_string());
    EXPECT_THAT(
        body,
        ::testing::ElementsAre(
            "each_group_batch", "members", "each_member", "members_done", "each_group_back", "each_group_stop"
        )
    );
}

TEST(ImportedLoops, AreByHandWhenTheyAreNone) {
    const std::string back = R"("L":{"main":[[{"node":"D"}],[{"node":"W"}]]},"W":{"main":[[{"node":"L"}]]})";
    const auto why = [](const Imported& imported) {
        const NodeReport& node = node_of(imported, "L");
        return node.fit == Fit::kByHand ? node.notes.front() : "";
    };
    EXPECT_EQ(why(loop_of("{}", back)), "");
    EXPECT_THAT(why(loop_of("{}", back, 1)), HasSubstr("first version"));
    EXPECT_THAT(why(loop_of(R"({"options":{"reset":true}})", back)), HasSubstr("reset"));
    EXPECT_THAT(why(loop_of(R"({"batchSize":"={{ 2 }}"})", back)), HasSubstr("is an expression"));
    EXPECT_THAT(
        why(loop_of("{}", R"("L":{"main":[[{"node":"D"}],[{"node":"W"}]]})")), HasSubstr("nothing comes back")
    );
    EXPECT_THAT(why(loop_of("{}", R"("L":{"main":[[{"node":"D"}]]})")), HasSubstr("nothing stands"));
    const std::string both = R"("L":{"main":[[{"node":"W"}],[{"node":"W"}]]},"W":{"main":[[{"node":"L"}]]})";
    EXPECT_THAT(why(loop_of("{}", both)), HasSubstr("W is led to from outside"));
    // Behind the loop the way leads back to before it.
    const std::string around =
        R"("L":{"main":[[{"node":"D"}],[{"node":"W"}]]},"W":{"main":[[{"node":"L"}]]},"D":{"main":[[{"node":"L"}]]})";
    const Imported cycle = loop_of("{}", around);
    EXPECT_THAT(why(cycle), HasSubstr("comes back to it from D"));
    EXPECT_THAT(workflow::problems(cycle.definition), IsEmpty());
    EXPECT_EQ(step_of(cycle, "l_hand").at("uses"), Json("core/fail"));
    EXPECT_EQ(step_of(cycle, "l").at("uses"), Json("core/foreach"));
}

TEST(ImportedTriggers, HaveSettingsOfOurs) {
    const Imported imported = import_case("times");
    ASSERT_EQ(imported.triggers.size(), 10U);
    std::vector<std::string> rules;
    for (const NewTrigger& trigger : imported.triggers) {
        EXPECT_EQ(trigger.config.at("zone"), Json("Europe/Madrid"));
        const JsonObject& config = trigger.config.get_object();
        rules.emplace_back(text_or(config, "every", text_or(config, "cron")));
    }
    EXPECT_THAT(
        rules,
        ::testing::ElementsAre(
            "30 seconds",
            "*/15 * * * *",
            "5 */2 * * *",
            "day at 9:00",
            "3 days at 7:30",
            "week on Monday and Thursday at 8:00",
            "2 weeks on Friday at 0:00",
            "month on the 15th at 6:00",
            "3 months on the 1st at 0:00",
            "0 9 * * 1-5"
        )
    );
}

TEST(ImportedTriggers, AmongSeveralRunOnlyWhenTheyStarted) {
    const Imported imported = import_case("triggers");
    EXPECT_EQ(step_of(imported, "start").at("if"), Json("{{ trigger.kind === \"manual\" }}"));
    EXPECT_EQ(
        step_of(imported, "hook").at("if"),
        Json("{{ trigger.kind === \"webhook\" && trigger.name === \"Hook\" }}")
    );
    EXPECT_EQ(step_of(imported, "mail_in").at("if"), Json(false));
    EXPECT_EQ(step_of(imported, "same").at("needs").get_array().size(), 6U);
}

TEST(ImportedCalls, KeepWhatIsSentAndRetried) {
    const Imported imported = import_case("answers");
    const JsonObject& fetch = step_of(imported, "fetch_call");
    EXPECT_EQ(
        fetch.at("with").at("url"),
        Json("{{ n8n.text(\"https://api.example.com/orders/\", steps.order.output[0].json.body?.id) }}")
    );
    EXPECT_EQ(fetch.at("retry"), *parse_json(R"({"attempts":4,"backoff":"fixed","initial":"2000ms"})"));
    EXPECT_EQ(fetch.at("timeout"), Json("5000ms"));
    const JsonObject& send = step_of(imported, "send_call");
    EXPECT_EQ(send.at("connection"), Json("log-api"));
    EXPECT_EQ(send.at("on-error"), Json("continue"));
    EXPECT_EQ(step_of(imported, "send_made").at("needs").at(0).at("on"), Json("finished"));
    EXPECT_EQ(step_of(imported, "answer_respond").at("with").at("status"), Json(201));
    EXPECT_EQ(step_of(imported, "failed").at("if"), Json("{{ steps.old.output[1].length > 0 }}"));
    ASSERT_EQ(imported.triggers.size(), 1U);
    EXPECT_EQ(imported.triggers[0].config.at("mode"), Json("sync"));
}

TEST(ImportedFiles, AreRefusedWhenTheyAreNone) {
    for (std::string_view text :
         {"",
          "[]",
          "{}",
          R"({"nodes": []})",
          R"({"nodes": [{"name": "a"}]})",
          R"({"nodes": [{"name": "a", "type": "n8n-nodes-base.set"}]})"})
        EXPECT_FALSE(from_n8n(text)) << text;
    const std::string twice =
        R"({"nodes":[{"name":"S","type":"n8n-nodes-base.manualTrigger"},{"name":"S","type":"x"}]})";
    EXPECT_EQ(from_n8n(twice).error().field, "nodes[1].name");
}

TEST(ImportedFiles, AreBounded) {
    std::string many = R"({"nodes":[)";
    for (int i = 0; i < 201; ++i)
        many += (i == 0 ? "" : ",") + std::string(R"({"name":"n)") + std::to_string(i) + R"(","type":"t"})";
    EXPECT_EQ(from_n8n(many + "]}").error().code, Code::kLimit);
    EXPECT_FALSE(from_n8n(std::string(3u << 20, ' ')));
}

TEST(ImportedFiles, WithoutAZoneSaySo) {
    EXPECT_THAT(import_case("no-zone").notes, Contains(HasSubstr("no time zone")));
    const auto imported = from_n8n(file_text("no-zone"), {.zone = "Asia/Tokyo"});
    ASSERT_TRUE(imported);
    EXPECT_THAT(imported->notes, IsEmpty());
    EXPECT_THAT(to_text(imported->definition), HasSubstr(R"(n8n.now(\"Asia/Tokyo)"));
}

}  // namespace
}  // namespace weft::importer
