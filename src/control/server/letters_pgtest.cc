#include "control/server/detail/test_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

/// Runs that failed for good, as people look after them. How they come about: data/worker/letters_pgtest.cc.
namespace weft::control {
namespace {

using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class LettersTest : public ::testing::Test {
  protected:
    std::string make(std::string_view error_class = "unavailable") {
        const std::string run = api.make_letter(owner.tenant, ids["workflow"]).text();
        api.db.exec(fmt::format(
            "update weft.dead_letter set error_class = '{}' where run_id = '{}'", error_class, run
        ));
        return run;
    }
    std::vector<std::string> listed(const std::string& query = "") {
        std::vector<std::string> out;
        const Reply page = api.get(owner, "/dead-letters" + query);
        for (const Json& item : page.body.at("items").get_array())
            out.emplace_back(item.at("run_id").get_string());
        return out;
    }
    static JsonObject named(std::initializer_list<std::string> runs) {
        JsonArray out;
        for (const std::string& run : runs) out.emplace_back(run);
        return JsonObject{{"run_ids", std::move(out)}};
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::map<std::string, std::string>& ids = world.ids;
};

TEST_F(LettersTest, AreListedByWorkflowClassTimeAndState) {
    const std::string auth = make("auth");
    const std::string slow = make("timeout");
    std::vector all{slow, auth, ids["letter"]};
    std::ranges::sort(all, std::greater());  // newest first; some are of the same moment
    EXPECT_EQ(listed(), all);
    EXPECT_EQ(listed("?error_class=auth"), std::vector{auth});
    EXPECT_EQ(listed("?workflow_id=" + ids["workflow"]).size(), 3u);
    EXPECT_EQ(listed("?workflow_id=" + ids["unpublished"]).size(), 0u);
    EXPECT_EQ(listed("?created_after=2020-01-01T00:00:00Z").size(), 3u);
    EXPECT_EQ(listed("?created_before=2020-01-01T00:00:00Z").size(), 0u);
    EXPECT_EQ(listed("?state=dropped").size(), 0u);
    EXPECT_EQ(api.get(owner, "/dead-letters?error_class=odd").status, 422);
    const Reply page = api.get(owner, "/dead-letters?limit=2");
    EXPECT_EQ(page.body.at("items").get_array().size(), 2u);
    EXPECT_EQ(listed("?after=" + page.text("next")), std::vector{all.back()});
}

TEST_F(LettersTest, OneShowsTheInputAndTheStepThatFailed) {
    const RunId run = *RunId::parse(ids["letter"]);
    api.add_value(owner.tenant, run, "step.two.input", R"({"id": "x"})");
    api.db.exec(
        "insert into weft.step_run (tenant_id, run_id, step_id, position, state, attempt, failure_kind, "
        "error) select "
        "tenant_id, run_id, 'two', 1, 'failed', 3, 'provider', '{\"message\": \"Away\", \"class\": "
        "\"unavailable\"}' "
        "from weft.dead_letter where run_id = '" +
        ids["letter"] + "'"
    );
    const Json shown = api.get(owner, "/dead-letters/" + ids["letter"]).body;
    EXPECT_EQ(to_text(shown.at("input")), R"({"n":1})");
    EXPECT_EQ(to_text(shown.at("step_input")), R"({"id":"x"})");
    EXPECT_EQ(shown.at("step").at("attempt"), 3);
    EXPECT_EQ(shown.at("step").at("error").at("class"), "unavailable");
    EXPECT_EQ(shown.at("message"), "The provider answered 503");
    EXPECT_EQ(shown.at("workflow_key"), "orders");
    EXPECT_EQ(api.get(owner, "/dead-letters/" + ids["ended_run"]).status, 404) << "it is none";
}

TEST_F(LettersTest, DroppingSaysWhoAndWhyAndHappensOnce) {
    const std::string at = "/dead-letters/" + ids["letter"] + "/drop";
    EXPECT_EQ(api.post(owner, at, JsonObject{{"note", "Done by hand"}}).status, 200);
    EXPECT_EQ(api.post(owner, at).status, 409);
    EXPECT_EQ(listed().size(), 0u);
    const Json shown = api.get(owner, "/dead-letters/" + ids["letter"]).body;
    EXPECT_EQ(shown.at("state"), "dropped");
    EXPECT_EQ(shown.at("note"), "Done by hand");
    EXPECT_EQ(shown.at("dropped_by"), owner.user.text());
    EXPECT_EQ(
        api.db.scalar("select detail ->> 'note' from weft.audit_event where action = 'dead_letter.drop'"),
        "Done by hand"
    );
}

TEST_F(LettersTest, ManyAreDroppedByNameOrByFilterButNeverByAccident) {
    const std::string auth = make("auth");
    const std::string slow = make("timeout");
    EXPECT_EQ(api.post(owner, "/dead-letters/drop").status, 422) << "neither named nor all";
    EXPECT_EQ(api.post(owner, "/dead-letters/drop", named({ids["ended_run"]})).status, 404);
    const Reply by_class =
        api.post(owner, "/dead-letters/drop", JsonObject{{"all", true}, {"error_class", "timeout"}});
    EXPECT_EQ(to_text(by_class.body.at("dropped")), R"([")" + slow + R"("])");
    EXPECT_EQ(api.post(owner, "/dead-letters/drop", named({auth})).status, 200);
    EXPECT_EQ(listed(), std::vector{ids["letter"]});
}

TEST_F(LettersTest, AreRepeatedInBulkEachAsADeadLetter) {
    const std::string other = make("auth");
    EXPECT_EQ(api.post(owner, "/runs/rerun").status, 422) << "whose?";
    EXPECT_EQ(api.post(owner, "/runs/rerun", JsonObject{{"dead_letters", true}}).status, 422);
    const JsonObject wrong{{"workflow_id", ids["workflow"]}, {"error_class", "auth"}};
    EXPECT_EQ(api.post(owner, "/runs/rerun", wrong).status, 422) << "said of dead letters only";
    const std::size_t before = api.started.size();
    JsonObject some = named({other});
    some["dead_letters"] = true;
    const Reply begun = api.post(owner, "/runs/rerun", some);
    ASSERT_EQ(begun.status, 202) << to_text(begun.body);
    ASSERT_EQ(begun.body.at("started").get_array().size(), 1u) << to_text(begun.body);
    EXPECT_EQ(begun.body.at("started").at(0).at("rerun_of"), other);
    ASSERT_EQ(api.started.size(), before + 1);
    EXPECT_TRUE(api.started.back().is_redrive);
    const JsonObject all{{"dead_letters", true}, {"all", true}, {"error_class", "unavailable"}};
    EXPECT_EQ(api.post(owner, "/runs/rerun", all).body.at("started").at(0).at("rerun_of"), ids["letter"]);
}

TEST_F(LettersTest, OfOtherTenantsThereAreNone) {
    const Caller stranger = api.member(api.make_tenant("B"), "owner");
    EXPECT_EQ(api.get(stranger, "/dead-letters").body.at("items").get_array().size(), 0u);
    EXPECT_EQ(api.get(stranger, "/dead-letters/" + ids["letter"]).status, 404);
    EXPECT_EQ(api.post(stranger, "/dead-letters/drop", named({ids["letter"]})).status, 404);
    EXPECT_EQ(listed().size(), 1u);
}

}  // namespace
}  // namespace weft::control
