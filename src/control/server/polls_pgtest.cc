#include "control/server/detail/test_api.h"

namespace weft::control {
namespace {

using http::Method;
using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

constexpr const char* kConfig =
    R"({"with": {"url": "https://api.example.com/orders"}, "items": "body.items", "id": "id"})";

class Polls : public ::testing::Test {
  protected:
    Reply send(Method method, const std::string& target, const std::string& body, const Caller& who) {
        return api.call(who, method, target, *parse_json(body));
    }
    Reply send(Method method, const std::string& target, const std::string& body) {
        return send(method, target, body, owner);
    }
    Reply make(const std::string& config) {
        return send(Method::kPost, triggers, R"({"kind": "poll", "name": "New", "config": )" + config + "}");
    }
    /// What the poller would find.
    std::string row(const std::string& id, const std::string& what) {
        return api.db.scalar(
            "select (" + what + ")::text from weft.trigger_poll where trigger_id = $1::uuid", {id}
        );
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::string triggers = "/workflows/" + world.ids["workflow"] + "/triggers";
};

TEST_F(Polls, AreMadeShownSwitchedAndDeleted) {
    const Reply made = make(kConfig);
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(made.text("kind"), "poll");
    EXPECT_EQ(made.text("state"), "inactive");
    EXPECT_TRUE(made.body.at("url").is_null());
    EXPECT_EQ(made.body.at("config").at("every"), "5m");
    EXPECT_EQ(made.body.at("config").at("start"), "now");
    EXPECT_TRUE(made.body.at("poll").at("next_at").is_null()) << "it is not active";
    EXPECT_EQ(made.body.at("poll").at("health"), "off");
    const std::string at = "/triggers/" + made.id();
    EXPECT_EQ(send(Method::kPost, at + "/rotate", R"({"what": "token"})").status, 409);

    api.notified.clear();
    EXPECT_FALSE(api.post(owner, at + "/activate").body.at("poll").at("next_at").is_null());
    EXPECT_EQ(row(made.id(), "due_at <= clock_timestamp()"), "true");
    const auto setup = [&] { return api.get(owner, at).text("setup"); };
    const auto health = [&] { return api.get(owner, at).body.at("poll").at("health"); };
    EXPECT_EQ(health(), "waiting");
    EXPECT_EQ(setup(), "pending");
    api.db.exec("update weft.trigger_poll set failing_since = now(), problem = 'x'");
    EXPECT_EQ(setup(), "failed");
    api.db.exec("update weft.trigger_poll set failing_since = null, problem = null, checked_at = now()");
    EXPECT_EQ(setup(), "active");
    api.db.exec("update weft.trigger_poll set polled_at = now()");
    EXPECT_EQ(health(), "ok");
    api.db.exec("update weft.trigger_poll set failing_since = now(), problem = 'x'");
    EXPECT_EQ(health(), "failing");
    const store::notices::Notice told = store::notices::TriggerChanged{*TriggerId::parse(made.id())};
    EXPECT_NE(std::ranges::find(api.notified, told), api.notified.end());

    // How far it has read outlives switching off and on, and whoever asks meanwhile is fenced off.
    api.db.exec(
        "update weft.trigger_poll set cursor = '\"c\"', is_primed = true, epoch = 7, lease_until = now() + "
        "interval '1 minute'"
    );
    const Reply off = api.post(owner, at + "/deactivate");
    EXPECT_EQ(off.body.at("poll").at("cursor"), "c");
    EXPECT_EQ(off.text("setup"), "deactivating") << "somebody has asked, and has not given up yet";
    EXPECT_EQ(row(made.id(), "(due_at is null)::text || epoch"), "true7");
    EXPECT_EQ(api.post(owner, at + "/activate").status, 200);
    EXPECT_EQ(row(made.id(), "cursor || is_primed || epoch || (lease_until is null)"), "\"c\"true8true");
    EXPECT_EQ(api.call(owner, Method::kDelete, at).status, 204);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.trigger_poll"), "0");
}

/// The wish stands in the transaction that switches the workflow.
TEST_F(Polls, FollowTheirWorkflow) {
    const std::string at = "/triggers/" + make(kConfig).id();
    const auto due = [&] { return api.db.scalar("select (due_at <= now())::text from weft.trigger_poll"); };
    const auto setup = [&] { return api.get(owner, at).text("setup"); };
    const std::string workflow = "/workflows/" + world.ids["workflow"];
    EXPECT_EQ(api.post(owner, workflow + "/deactivate").status, 200);
    EXPECT_EQ(api.post(owner, at + "/activate").text("setup"), "inactive") << "its workflow is";
    EXPECT_EQ(due(), "");
    EXPECT_EQ(api.post(owner, workflow + "/activate").status, 200);
    EXPECT_EQ(due(), "true");
    EXPECT_EQ(setup(), "pending");
    api.db.exec("update weft.trigger_poll set checked_at = now(), due_at = now() + interval '1 hour'");
    EXPECT_EQ(api.post(owner, workflow + "/publish").status, 201);
    EXPECT_EQ(due(), "false") << "another version changes nothing about it";
    EXPECT_EQ(setup(), "active");
    EXPECT_EQ(api.post(owner, workflow + "/deactivate").status, 200);
    EXPECT_EQ(due(), "");
    EXPECT_EQ(setup(), "inactive");
}

TEST_F(Polls, OnlyAnotherSourceIsReadFromItsBeginning) {
    const Reply made = make(kConfig);
    const std::string at = "/triggers/" + made.id();
    const auto seen = [&] {
        return row(made.id(), "cursor is not null") + api.db.scalar("select count(*) from weft.polled_item");
    };
    api.db.exec(
        "update weft.trigger_poll set cursor = '1'; insert into weft.polled_item select tenant_id, "
        "trigger_id, "
        "sha256('x'), now() from weft.trigger_poll"
    );
    EXPECT_EQ(send(Method::kPatch, at, R"({"name": "Other"})").text("name"), "Other");
    const std::string often =
        R"({"config": {"with": {"url": "https://api.example.com/orders", "headers": {"x": "y"}}, "items": "body.items", "id": "id", "every": "1m"}})";
    EXPECT_EQ(send(Method::kPatch, at, often).body.at("config").at("every"), "1m");
    EXPECT_EQ(seen(), "true1");
    const std::string other =
        R"({"config": {"with": {"url": "https://api.example.com/other"}, "items": "body.items", "id": "id"}})";
    EXPECT_EQ(send(Method::kPatch, at, other).status, 200);
    EXPECT_EQ(seen(), "false0");
}

TEST_F(Polls, WhatIsWrongWithTheSettingsIsNamed) {
    const std::string with = R"({"with": {"url": "https://x.example"})";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"{}", "config.with"},
        {with + R"(, "every": "5s"})", "config.every"},
        {with + R"(, "items": "a..b"})", "config.items"},
        {with + R"(, "start": "then"})", "config.start"},
        {with + R"(, "uses": "core/code"})", "config.uses"},
        {with + R"(, "uses": "shop/nothing@1"})", "config.uses"},
        {with + R"(, "connection": "unknown"})", "config.connection"},
        {with + R"(, "cursor": {"of": "items"}})", "config.cursor.path"},
        {R"({"with": {"url": "{{ steps.x.output }}"}})", "config.with.url"},
        {with + R"(, "colour": 1})", "config.colour"},
    };
    for (const auto& [config, field] : cases) {
        const Reply reply = make(config);
        EXPECT_EQ(reply.status, 422) << config << to_text(reply.body);
        EXPECT_TRUE(to_text(reply.body).contains('"' + field)) << field << " of " << to_text(reply.body);
    }
}

TEST_F(Polls, AFeedIsItsAddress) {
    const auto feed = [&](const std::string& config) {
        return send(Method::kPost, triggers, R"({"kind": "feed", "name": "News", "config": )" + config + "}");
    };
    const Reply made = feed(R"({"url": "https://example.com/news.xml", "headers": {"x": "y"}})");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(
        to_text(made.body.at("config")),
        R"({"url":"https://example.com/news.xml","headers":{"x":"y"},"every":"15m","start":"now","batch":false})"
    );
    EXPECT_EQ(
        row(made.id(),
            "compiled like '%feed.parse(%If-None-Match%' or compiled like '%If-None-Match%feed.parse(%'"),
        "true"
    );
    EXPECT_TRUE(to_text(feed("{}").body).contains("\"config.url\""));
    EXPECT_TRUE(
        to_text(feed(R"({"url": "https://x.example", "items": "a"})").body).contains("\"config.items\"")
    );
    const std::string at = "/triggers/" + made.id();
    const Reply same = send(Method::kPatch, at, R"({"config": )" + to_text(made.body.at("config")) + "}");
    EXPECT_EQ(same.body.at("config"), made.body.at("config")) << "what is shown can be sent";
}

TEST_F(Polls, ChannelsAreListenedToOfDatabasesAlone) {
    const auto listen = [&](const std::string& config) {
        return send(Method::kPost, triggers, R"({"kind": "notify", "name": "N", "config": )" + config + "}");
    };
    EXPECT_TRUE(to_text(listen(R"({"connection": "main-shop"})").body).contains("\"config.channel"));
    const Reply web = listen(R"({"connection": "main-shop", "channel": "orders"})");
    EXPECT_EQ(web.status, 422);
    EXPECT_TRUE(to_text(web.body).contains("postgres://host/database")) << to_text(web.body);
    // As the manifest of a database's app has it.
    api.db.exec(
        "update weft.app_version set manifest = (manifest::jsonb || "
        "'{\"base_url\": \"postgres://db.example.com/shop\", \"auth\": {\"kind\": \"basic\"}}')::json"
    );
    const Reply made = listen(R"({"connection": "main-shop", "channel": "orders"})");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(row(made.id(), "is_held"), "true");
    const std::string at = "/triggers/" + made.id();
    EXPECT_EQ(api.post(owner, at + "/activate").text("setup"), "pending");
    api.db.exec("update weft.trigger_poll set is_primed = true, source = 3");
    EXPECT_EQ(
        send(Method::kPatch, at, R"({"config": {"connection": "main-shop", "channel": "Orders"}})").status,
        200
    );
    EXPECT_EQ(row(made.id(), "source || ' ' || is_primed || ' ' || is_held"), "4 false true");
}

TEST_F(Polls, AConnectionTakesTheRightToUseIt) {
    const std::string config =
        R"({"uses": "shop/get-order@1", "connection": "main-shop", "with": {"id": "7"}, "items": "body"})";
    const Reply made = make(config);
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(row(made.id(), "compiled like '%" + world.ids["connection"] + "%'"), "true");
    const Caller viewer = api.member(owner.tenant, "viewer");
    const Reply refused =
        send(Method::kPost, triggers, R"({"kind": "poll", "name": "N", "config": )" + config + "}", viewer);
    EXPECT_EQ(refused.status, 403);
}

}  // namespace
}  // namespace weft::control
