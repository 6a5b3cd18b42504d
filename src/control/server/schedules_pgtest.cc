#include "control/server/detail/test_api.h"
#include "core/calendar/calendar.h"

namespace weft::control {
namespace {

using http::Method;
using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class Schedules : public ::testing::Test {
  protected:
    Reply send(Method method, const std::string& target, std::string_view body) {
        return api.call(owner, method, target, *parse_json(body));
    }
    Reply make(std::string_view config) {
        return send(
            Method::kPost,
            triggers,
            R"({"kind": "schedule", "name": "Nightly", "config": )" + std::string(config) + "}"
        );
    }
    /// What the scheduler would find.
    std::string row(const std::string& id, const std::string& what) {
        return api.db.scalar(
            "select (" + what + ")::text from weft.trigger_schedule where trigger_id = $1::uuid", {id}
        );
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::string triggers = "/workflows/" + world.ids["workflow"] + "/triggers";
};

TEST_F(Schedules, AreMadeShownSwitchedAndDeleted) {
    const Reply made = make(R"({"cron": "0 9 * * MON-FRI", "zone": "Europe/Madrid"})");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(made.text("kind"), "schedule");
    EXPECT_EQ(made.text("state"), "inactive");
    EXPECT_TRUE(made.body.at("url").is_null());
    EXPECT_EQ(made.body.at("config").at("overlap"), "allow");
    EXPECT_TRUE(made.body.at("schedule").at("next_at").is_null()) << "it is not active";
    const std::string at = "/triggers/" + made.id();
    EXPECT_EQ(row(made.id(), "due_at is null"), "true");

    api.notified.clear();
    const Reply active = api.post(owner, at + "/activate");
    EXPECT_EQ(active.text("state"), "active");
    EXPECT_FALSE(active.body.at("schedule").at("next_at").is_null());
    EXPECT_EQ(row(made.id(), "due_at <= clock_timestamp()"), "true") << "the scheduler plans it now";
    const store::notices::Notice told = store::notices::TriggerChanged{*TriggerId::parse(made.id())};
    EXPECT_NE(std::ranges::find(api.notified, told), api.notified.end());
    const std::string before = row(made.id(), "settled_at");
    EXPECT_EQ(api.post(owner, at + "/activate").status, 200);
    EXPECT_EQ(row(made.id(), "settled_at"), before) << "it was active: nothing is planned anew";

    EXPECT_EQ(api.post(owner, at + "/deactivate").text("state"), "inactive");
    EXPECT_EQ(row(made.id(), "due_at is null"), "true");
    EXPECT_EQ(send(Method::kPost, at + "/rotate", R"({"what": "token"})").status, 409);
    std::map<std::string, Json> by_kind;
    const Reply list = api.get(owner, triggers);
    for (const Json& item : list.body.at("items").get_array())
        by_kind[std::string(item.at("kind").get_string())] = item.at("schedule");
    EXPECT_EQ(by_kind.at("schedule").at("fired"), 0);
    EXPECT_TRUE(by_kind.at("webhook").is_null());
    EXPECT_EQ(api.call(owner, Method::kDelete, at).status, 204);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.trigger_schedule"), "0");
}

TEST_F(Schedules, AnEditMovesThemButANameDoesNot) {
    const Reply made = make(R"({"every": "3 days at 9:00", "zone": "Europe/Madrid"})");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    const std::string starting(made.body.at("config").at("starting").get_string());
    const std::string at = "/triggers/" + made.id();
    EXPECT_EQ(api.post(owner, at + "/activate").status, 200);
    api.db.exec(
        "update weft.trigger_schedule set due_at = now() + interval '1 day', next_slot_at = now() + interval "
        "'1 day'"
    );
    EXPECT_EQ(send(Method::kPatch, at, R"({"name": "Other"})").text("name"), "Other");
    EXPECT_EQ(send(Method::kPatch, at, R"({"config": )" + to_text(made.body.at("config")) + "}").status, 200);
    EXPECT_EQ(row(made.id(), "due_at > now()"), "true") << "the same settings";
    const Reply edited =
        send(Method::kPatch, at, R"({"config": {"every": "3 days at 10:00", "zone": "Europe/Madrid"}})");
    EXPECT_EQ(edited.body.at("config").at("starting"), starting) << "counting goes on";
    api.db.exec(
        "update weft.trigger set config = jsonb_set(config::jsonb, '{starting}', '\"2026-01-02\"')::json "
        "where id = '" +
        made.id() + "'"
    );
    const std::string other =
        R"({"config": {"every": "3 days at 11:00"}, "trigger_id": ")" + made.id() + "\"}";
    const Reply shown = send(Method::kPost, "/schedules/preview", other);
    EXPECT_EQ(shown.body.at("config").at("starting"), "2026-01-02") << "as saving it would";
    EXPECT_EQ(row(made.id(), "due_at <= clock_timestamp() and next_slot_at is null"), "true");
}

TEST_F(Schedules, FollowTheStateOfTheirWorkflow) {
    const Reply made = make(R"({"cron": "@hourly"})");
    EXPECT_EQ(api.post(owner, "/triggers/" + made.id() + "/activate").status, 200);
    const std::string workflow = "/workflows/" + world.ids["workflow"];
    for (const std::string off : {"/deactivate", "/archive"}) {
        EXPECT_EQ(api.post(owner, workflow + off).status, 200);
        EXPECT_EQ(row(made.id(), "due_at is null"), "true") << off;
        EXPECT_TRUE(api.get(owner, "/triggers/" + made.id()).body.at("schedule").at("next_at").is_null());
    }
    EXPECT_EQ(api.post(owner, workflow + "/restore").status, 200);
    EXPECT_EQ(row(made.id(), "due_at is null"), "true") << "restored as inactive";
    api.db.exec("update weft.trigger_schedule set settled_at = now() - interval '10 days'");
    EXPECT_EQ(api.post(owner, workflow + "/activate").status, 200);
    EXPECT_EQ(row(made.id(), "due_at is not null and settled_at > now() - interval '1 minute'"), "true")
        << "nothing of ten days is made up for";
    const std::string before = row(made.id(), "settled_at");
    EXPECT_EQ(api.post(owner, workflow + "/publish").status, 201);
    EXPECT_EQ(row(made.id(), "settled_at"), before) << "what fires goes on";
}

TEST_F(Schedules, WhatIsWrongIsSaidWithItsField) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases = {
        {R"({})", "config.every"},
        {R"({"cron": "61 * * * *"})", "config.cron"},
        {R"({"cron": "0 0 31 2 *"})", "config.cron"},
        {R"({"every": "2 fortnights"})", "config.every"},
        {R"({"cron": "@daily", "zone": "Europe/Atlantis"})", "config.zone"},
        {R"({"cron": "@daily", "jitter": "3h"})", "config.jitter"},
        {R"({"signature": {"scheme": "none"}})", "config.signature"},
    };
    for (const auto& [config, field] : cases) {
        for (const Reply& reply :
             {make(config),
              send(Method::kPost, "/schedules/preview", R"({"config": )" + std::string(config) + "}")}) {
            EXPECT_EQ(reply.status, 422) << config;
            EXPECT_EQ(reply.text("field"), field) << config;
            EXPECT_FALSE(reply.text("detail").empty());
        }
    }
    EXPECT_EQ(
        send(Method::kPost, triggers, R"({"kind": "schedule", "name": "S", "secret": "sixteen-bytes-at-least",
        "config": {"cron": "@daily"}})")
            .text("field"),
        "secret"
    );
    EXPECT_EQ(
        send(Method::kPatch, "/triggers/" + world.ids["trigger"], R"({"config": {"cron": "@daily"}})")
            .text("field"),
        "config.cron"
    ) << "a webhook stays one";
}

TEST_F(Schedules, NextTimesAreShownBeforeSaving) {
    const Reply shown = send(
        Method::kPost,
        "/schedules/preview",
        R"({"config": {"every": "2 weeks on Monday at 9:00", "zone": "Europe/Madrid"}, "count": 3})"
    );
    ASSERT_EQ(shown.status, 200) << to_text(shown.body);
    ASSERT_EQ(shown.body.at("times").get_array().size(), 3u);
    const auto local = std::string(shown.body.at("times").at(0).at("local").get_string());
    EXPECT_EQ(local.substr(11, 12), "09:00:00.000");
    EXPECT_EQ(shown.body.at("config").at("starting"), local.substr(0, 10));
    EXPECT_EQ(shown.text("tzdata"), calendar::tzdata_version());
    const Reply zones = api.get(owner, "/schedules/zones");
    EXPECT_GT(zones.body.at("names").get_array().size(), 400u);
    EXPECT_EQ(zones.text("tzdata"), calendar::tzdata_version());
}

TEST_F(Schedules, AreTheirTenantsAndInGraphqlToo) {
    const Reply made = make(R"({"cron": "@hourly"})");
    auto loaded = api.run(api.api->load_graphql(api.soon()));
    ASSERT_TRUE(loaded) << loaded.error().detail;
    const auto ask = [&](const Caller& caller, std::string_view query) {
        JsonObject body{{"query", query}};
        auto answer = api.run(api.request(caller, Method::kPost, "/v1/graphql", Json(std::move(body))));
        return to_text(api.read(std::move(answer)).body);
    };
    const std::string_view query =
        "{ triggers(where: {kind: {_eq: \"schedule\"}}) { schedule { fired problem } } }";
    EXPECT_EQ(ask(owner, query), R"({"data":{"triggers":[{"schedule":{"fired":"0","problem":null}}]}})");
    const Caller other = api.member(api.make_tenant("B"), "owner");
    EXPECT_EQ(ask(other, query), R"({"data":{"triggers":[]}})");
    EXPECT_EQ(api.get(other, "/triggers/" + made.id()).status, 404);
    EXPECT_EQ(api.post(other, "/triggers/" + made.id() + "/activate").status, 404);
}

}  // namespace
}  // namespace weft::control
