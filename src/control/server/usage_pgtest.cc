#include "control/server/detail/test_api.h"

#include <fmt/format.h>

#include <algorithm>

/// What runs have cost, as people see it. How it comes about: data/worker/usage_pgtest.cc.
namespace weft::control {
namespace {

using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class UsageTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto loaded = api.run(api.api->load_graphql(api.soon()));
        ASSERT_TRUE(loaded) << loaded.error().detail;
    }
    std::string ask(const Caller& caller, const std::string& query) {
        const JsonObject body{{"query", query}};
        return to_text(
            api.read(api.run(api.request(caller, http::Method::kPost, "/v1/graphql", Json(body)))).body
        );
    }
    /// Of two parts, as if two workers had ended half of the runs each.
    void add(const std::string& day, const std::string& workflow, int runs) {
        for (int part = 0; part < 2; ++part)
            api.db.exec(fmt::format(
                "insert into weft.usage_part values ('{}', '{}', '{}', {}, {}, {}, {}, 1, 2, 3, 4)",
                owner.tenant.text(),
                day,
                workflow,
                part,
                runs / 2,
                runs,
                1000 * runs
            ));
    }
    /// "day workflow runs cpu_us" of each, the workflow as "o" or "u".
    std::vector<std::string> listed(const std::string& query) {
        std::vector<std::string> out;
        last = api.get(owner, "/usage" + query);
        EXPECT_EQ(last.status, 200) << to_text(last.body);
        if (last.status != 200) return out;
        for (const Json& item : last.body.at("items").get_array()) {
            const Json& workflow = item.at("workflow_id");
            out.push_back(fmt::format(
                "{} {} {} {}",
                item.at("day").is_null() ? "-" : std::string(item.at("day").get_string()),
                workflow.is_null() ? "-" : std::string(workflow.get_string() == ids["workflow"] ? "o" : "u"),
                to_text(item.at("runs")),
                to_text(item.at("cpu_us"))
            ));
        }
        return out;
    }
    using Lines = std::vector<std::string>;

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    Caller token = api.token_of(owner, "owner");
    testing::World world = make_world(api, owner);
    std::map<std::string, std::string>& ids = world.ids;
    Reply last;
};

TEST_F(UsageTest, IsSummedAsAskedForAndReadByThePage) {
    api.db.exec("delete from weft.usage_part");
    add("2026-01-30", ids["workflow"], 10);
    add("2026-01-31", ids["workflow"], 20);
    add("2026-01-31", ids["unpublished"], 40);
    add("2026-02-01", ids["workflow"], 80);
    const std::string days = "?from=2026-01-30&to=2026-01-31";
    EXPECT_EQ(listed(days + "&by=day"), (Lines{"2026-01-31 - 60 120000", "2026-01-30 - 10 20000"}));
    EXPECT_EQ(listed(days + "&by=all"), (Lines{"- - 70 140000"}));
    EXPECT_EQ(listed(days + "&by=day&workflow_id=" + ids["unpublished"]), (Lines{"2026-01-31 - 40 80000"}));
    Lines by_workflow = listed(days + "&by=workflow");
    std::ranges::sort(by_workflow);
    EXPECT_EQ(by_workflow, (Lines{"- o 30 60000", "- u 40 80000"}));

    for (const std::string by : {"day_and_workflow", "day", "workflow", "all"}) {
        const Lines all = listed(days + "&by=" + by);
        Lines paged = listed(days + "&limit=1&by=" + by);
        while (!last.body.at("next").is_null() && paged.size() <= all.size()) {
            std::string after(last.body.at("next").get_string());
            std::ranges::replace(after, ' ', '+');
            for (std::string& line : listed(days + "&limit=1&by=" + by + "&after=" + after))
                paged.push_back(std::move(line));
        }
        EXPECT_EQ(paged, all) << by;
    }
    EXPECT_EQ(listed("").size(), 0u) << "the last 30 days";
}

TEST_F(UsageTest, WhatCannotBeMeantIsRefusedByName) {
    for (const char* query :
         {"?from=2026-02-30",
          "?to=yesterday",
          "?from=2026-02-01&to=2026-01-01",
          "?from=2020-01-01",
          "?by=month",
          "?after=x",
          "?by=day&after=2026-01-01+x",
          "?workflow_id=x"})
        EXPECT_EQ(api.get(owner, std::string("/usage") + query).status, 422) << query;
    const Reply wide = api.get(owner, "/usage?from=2020-01-01&to=2026-01-01");
    EXPECT_TRUE(to_text(wide.body).contains("400 days")) << to_text(wide.body);
}

TEST_F(UsageTest, RunsAndStepsSayTheirs) {
    api.db.exec(fmt::format(
        "update weft.workflow_run set steps_done = 3, cpu_us = 700, calls = 2 where id = '{0}'; "
        "insert into weft.step_run (tenant_id, run_id, step_id, position, state, attempt, cpu_us, bytes_in) "
        "values ('{1}', '{0}', 'one', 0, 'success', 1, 650, 12)",
        ids["run"],
        owner.tenant.text()
    ));
    const Json run = api.get(owner, "/runs/" + ids["run"]).body;
    EXPECT_EQ(run.at("used").at("steps"), 3);
    EXPECT_EQ(run.at("used").at("cpu_us"), 700);
    EXPECT_EQ(run.at("used").at("calls"), 2);
    EXPECT_EQ(run.at("steps").at(0).at("used").at("cpu_us"), 650);
    EXPECT_EQ(run.at("steps").at(0).at("used").at("bytes_in"), 12);
    const std::string shown =
        ask(token,
            "{ runs(where: {id: {_eq: \"" + ids["run"] +
                "\"}}) { cpu_us calls steps { step_id cpu_us bytes_in } } }");
    EXPECT_TRUE(shown.contains(R"("cpu_us":"700","calls":"2")")) << shown;
    EXPECT_TRUE(shown.contains(R"("cpu_us":"650","bytes_in":"12")")) << shown;
}

TEST_F(UsageTest, GraphqlShowsTheSumsAndOnlyTheTenantsOwn) {
    add("2026-01-31", ids["workflow"], 20);
    const std::string query =
        "{ usage(where: {day: {_eq: \"2026-01-31\"}}) { day runs cpu_us workflow { key } } }";
    const std::string mine = ask(token, query);
    EXPECT_TRUE(mine.contains("2026-01-31") && mine.contains("orders")) << mine;
    EXPECT_TRUE(mine.contains("20")) << "both parts: " << mine;
    const Caller stranger = api.member(api.make_tenant("B"), "owner");
    EXPECT_FALSE(ask(api.token_of(stranger, "owner"), query).contains("2026-01-31"));
    EXPECT_EQ(
        api.get(stranger, "/usage?from=2026-01-31&to=2026-01-31").body.at("items").get_array().size(), 0u
    );
}

}  // namespace
}  // namespace weft::control
