#include "base/bytes.h"
#include "control/server/detail/test_api.h"
#include "store/alerts/alerts.h"

namespace weft::control {
namespace {

using http::Method;
using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class AlertsTest : public ::testing::Test {
  protected:
    Reply send(Method method, const std::string& target, const std::string& body) {
        return api.call(owner, method, target, *parse_json(body));
    }
    Reply make(const std::string& body) { return send(Method::kPost, "/alerts", body); }
    std::string row(const std::string& id, const std::string& what) {
        return api.db.scalar("select (" + what + ")::text from weft.alert_rule where id = $1::uuid", {id});
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
};

TEST_F(AlertsTest, TheAddressIsSealedAndTheSecretShownOnce) {
    const std::string id = world.ids["alert"];
    const Reply seen = api.get(owner, "/alerts/" + id);
    ASSERT_EQ(seen.status, 200);
    EXPECT_EQ(seen.text("target"), "ops.example.com");
    EXPECT_EQ(to_text(seen.body).find("canary-path"), std::string::npos);
    EXPECT_FALSE(seen.body.get_object().contains("secret"));
    EXPECT_EQ(seen.text("state"), "active");
    EXPECT_EQ(seen.text("group_for"), "1m");
    EXPECT_EQ(row(id, "alert_rule::text").find("canary-path"), std::string::npos);
    // The worker opens what the api cannot.
    const auto sealed = from_hex(row(id, "encode(sealed_target, 'hex')"));
    auto owner_of =
        store::alerts::owner_of(owner.tenant, *AlertRuleId::parse(id), store::alerts::Field::kTarget);
    auto opened = api.run(api.vault->open(owner.tenant, *sealed, owner_of, api.soon()));
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(opened->reveal(), "https://ops.example.com/canary-path");
    auto as_secret =
        store::alerts::owner_of(owner.tenant, *AlertRuleId::parse(id), store::alerts::Field::kSecret);
    EXPECT_FALSE(api.run(api.vault->open(owner.tenant, *sealed, as_secret, api.soon()))) << "moved";

    const Reply rotated = api.post(owner, "/alerts/" + id + "/secret");
    ASSERT_EQ(rotated.status, 200) << to_text(rotated.body);
    EXPECT_TRUE(rotated.text("secret").starts_with("whsec_"));
    EXPECT_FALSE(rotated.body.at("previous_secret_until").is_null());
    EXPECT_EQ(
        api.db.scalar(
            "select string_agg((until > now())::text, ',' order by until) from weft.alert_secret where "
            "rule_id = $1::uuid and "
            "until is not null",
            {id}
        ),
        "true"
    );
}

TEST_F(AlertsTest, ChangesKeepWhatTheyDoNotName) {
    const std::string id = world.ids["alert"];
    const std::string sealed = row(id, "encode(sealed_target, 'hex')");
    const std::string at = "/alerts/" + id;
    Reply after = send(
        Method::kPatch,
        at,
        R"({"workflow_id": ")" + world.ids["workflow"] +
            R"(", "states": ["failed", "canceled"], "failure_kinds": ["provider"], "group_for": "5m",
            "quiet": {"from": "22:00", "to": "07:00", "zone": "Europe/Madrid"}})"
    );
    ASSERT_EQ(after.status, 200) << to_text(after.body);
    EXPECT_EQ(after.text("name"), "Failures");
    EXPECT_EQ(after.text("workflow_id"), world.ids["workflow"]);
    EXPECT_EQ(to_text(after.body.at("states")), R"(["failed","canceled"])");
    EXPECT_EQ(to_text(after.body.at("failure_kinds")), R"(["provider"])");
    EXPECT_EQ(after.body.at("quiet").at("days").get_array().size(), 7u);
    EXPECT_EQ(row(id, "encode(sealed_target, 'hex')"), sealed);
    after = send(Method::kPatch, at, R"({"workflow_id": null, "failure_kinds": null, "quiet": null,
        "url": "https://other.example.com/x"})");
    EXPECT_TRUE(after.body.at("workflow_id").is_null());
    EXPECT_TRUE(after.body.at("quiet").is_null());
    EXPECT_EQ(after.text("target"), "other.example.com");
    EXPECT_EQ(after.text("group_for"), "5m");
    EXPECT_NE(row(id, "encode(sealed_target, 'hex')"), sealed);
    EXPECT_EQ(api.post(owner, at + "/disable").text("state"), "disabled");
    EXPECT_EQ(api.post(owner, at + "/enable").text("state"), "active");
    EXPECT_EQ(api.post(owner, at + "/test").body.at("is_testing"), true);
    EXPECT_EQ(api.call(owner, Method::kDelete, at).status, 204);
    EXPECT_EQ(api.get(owner, at).status, 404);
}

TEST_F(AlertsTest, WhatIsWrongIsNamed) {
    for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
             {R"({"name": "x", "channel": "slack"})", "url"},
             {R"({"name": "x", "channel": "slack", "url": "ftp://a.example/"})", "url"},
             {R"({"name": "x", "channel": "slack", "url": "https://a.example/", "to": ["a@b.example"]})", "to"
             },
             {R"({"name": "x", "channel": "email", "to": ["a@b.example"]})", "channel"},
             {R"({"name": "x", "channel": "pigeon", "url": "https://a.example/"})", "channel"},
             {R"({"name": "x", "channel": "slack", "url": "https://a.example/", "group_for": "2d"})",
              "group_for"},
             {R"({"name": "x", "channel": "slack", "url": "https://a.example/", "states": []})", "states"},
             {R"({"name": "x", "channel": "slack", "url": "https://a.example/", "quiet": {"from": "1"}})",
              "quiet.from"},
         }) {
        const Reply reply = make(body);
        EXPECT_EQ(reply.status, 422) << body << to_text(reply.body);
        EXPECT_EQ(reply.text("field"), field) << body << to_text(reply.body);
    }
    const Reply mail = make(R"({"name": "x", "channel": "email", "to": ["a@b.example"]})");
    EXPECT_NE(mail.text("detail").find("--smtp-url"), std::string::npos);
    const Reply unknown = make(
        R"({"name": "x", "channel": "slack", "url": "https://a.example/",
        "workflow_id": "01890000-0000-7000-8000-000000000000"})"
    );
    EXPECT_EQ(unknown.status, 404) << to_text(unknown.body);
}

TEST_F(AlertsTest, OfAWorkflowAreItsOwnAndThoseOfAll) {
    const std::string of =
        R"({"name": "x", "channel": "slack", "url": "https://a.example/", "workflow_id": ")";
    ASSERT_EQ(make(of + world.ids["workflow"] + "\"}").status, 201);
    ASSERT_EQ(make(of + world.ids["unpublished"] + "\"}").status, 201);
    EXPECT_EQ(api.get(owner, "/alerts").body.at("items").get_array().size(), 3u);
    EXPECT_EQ(
        api.get(owner, "/alerts?workflow_id=" + world.ids["workflow"]).body.at("items").get_array().size(), 2u
    );
    api.db.exec(
        "insert into weft.alert_rule (tenant_id, id, name, states, channel, target, sealed_target, group_ms) "
        "select "
        "tenant_id, gen_random_uuid(), 'x', '{failed}', 'slack', 'h', '', 0 from weft.alert_rule, "
        "generate_series(1, 40)"
    );
    const Reply full = make(R"({"name": "x", "channel": "slack", "url": "https://a.example/"})");
    EXPECT_EQ(full.status, 429) << to_text(full.body);
}

}  // namespace
}  // namespace weft::control
