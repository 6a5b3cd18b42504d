#include "control/server/detail/test_api.h"

#include <fmt/format.h>

/// What is told of runs that may not begin yet, or not at all.
namespace weft::control {
namespace {

using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class RunsTest : public ::testing::Test {
  protected:
    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::map<std::string, std::string>& ids = world.ids;
};

TEST_F(RunsTest, ARunThatMayNotBeginSaysWhyAndItsPlaceInLine) {
    const std::string at = "/runs/" + ids["run"];
    EXPECT_TRUE(api.get(owner, at).body.at("held").is_null());
    api.db.exec(
        "update weft.job set state = 'held', stage = 'concurrency', gate = 'c-7', run_at = now() where "
        "run_id = '" +
        ids["run"] + "'"
    );
    const auto others = [&](std::string_view workflow, std::string_view gate, std::string_view when, int n) {
        api.db.exec(fmt::format(
            "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id, state, stage, gate, "
            "run_at) "
            "select tenant_id, gen_random_uuid(), {}, workflow_version_id, 'held', 'concurrency', '{}', "
            "now() {} "
            "from weft.job, generate_series(1, {}) where run_id = '{}'",
            workflow,
            gate,
            when,
            n,
            ids["run"]
        ));
    };
    others("workflow_id", "c-7", "- interval '1 min'", 3);
    others("workflow_id", "c-7", "+ interval '1 min'", 5);
    others("workflow_id", "c-8", "- interval '1 min'", 7);
    others("gen_random_uuid()", "c-7", "- interval '1 min'", 9);
    const Json held = api.get(owner, at).body.at("held");
    EXPECT_EQ(to_text(held), R"({"rule":"concurrency","key":"c-7","ahead":3})");
    const Reply page = api.get(owner, "/runs?state=queued");
    EXPECT_EQ(
        to_text(page.body.at("items").at(0).at("held")), R"({"rule":"concurrency","key":"c-7","ahead":null})"
    );
    others("workflow_id", "c-7", "- interval '1 min'", 1'200);
    EXPECT_EQ(api.get(owner, at).body.at("held").at("ahead"), 1'000) << "a bound on the work";
    api.db.exec("update weft.job set stage = 'debounce' where gate = 'c-7'");
    EXPECT_EQ(api.get(owner, at).body.at("held").at("ahead"), 0) << "the newest passes, whoever came before";
    api.db.exec("update weft.job set state = 'ready' where run_id = '" + ids["run"] + "'");
    EXPECT_TRUE(api.get(owner, at).body.at("held").is_null()) << "it holds the gate's place now";
}

TEST_F(RunsTest, AStartThatARateLimitRefusesSaysWhenThereIsRoom) {
    api.rate_limit_passes = std::chrono::seconds(37);
    for (const std::string& at :
         {"/workflows/" + ids["workflow"] + "/runs", "/runs/" + ids["ended_run"] + "/rerun"}) {
        const Reply refused = api.post(owner, at, JsonObject{{"input", JsonObject{{"n", 1}}}});
        EXPECT_EQ(refused.status, 429) << at;
        EXPECT_EQ(refused.headers.get("retry-after"), "37") << at;
    }
}

}  // namespace
}  // namespace weft::control
