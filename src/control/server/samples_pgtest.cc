#include "control/server/detail/test_api.h"

namespace weft::control {
namespace {

using http::Method;
using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class Samples : public ::testing::Test {
  protected:
    std::string make(const std::string& kind, const std::string& config) {
        const std::string body = R"({"kind": ")" + kind + R"(", "name": "T", "config": )" + config + "}";
        const Reply made = api.call(
            owner,
            Method::kPost,
            "/workflows/" + world.ids["workflow"] + "/triggers",
            parse_json(body)->get_object()
        );
        EXPECT_EQ(made.status, 201) << to_text(made.body);
        return "/triggers/" + made.id();
    }
    Reply listen(const std::string& at, const std::string& body = "{}") {
        return api.call(owner, Method::kPost, at + "/capture", parse_json(body)->get_object());
    }
    /// As an event would be stored.
    void store(const std::string& at) {
        auto key = api.run(api.keys->newest(owner.tenant, api.soon()));
        const auto id = TriggerId::parse(at.substr(at.rfind('/') + 1)).value();
        auto sealed = store::runs::seal_payload(
            **key,
            owner.tenant,
            RunId(id.uuid()),
            store::runs::ValueSlot::input(),
            R"({"input":1,"trigger":{}})"
        );
        api.db.scalar(
            "update weft.trigger_sample set listen_until = null, captured_at = now(), size_bytes = "
            "$2::int, codec = $3::smallint, key_id = $4::uuid, data = decode($5, 'hex') "
            "where trigger_id = $1::uuid",
            {id.text(),
             std::to_string(sealed->size_bytes),
             std::to_string(sealed->codec),
             sealed->key_id.text(),
             hex(*sealed->data)}
        );
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
};

TEST_F(Samples, AreListenedForByWhoMayEditAndShownToWhoMayStart) {
    const std::string at = make("webhook", R"({"signature": {"scheme": "none"}})");
    EXPECT_EQ(api.get(owner, at + "/sample").text("state"), "none");
    api.notified.clear();
    const Reply asked = listen(at);
    ASSERT_EQ(asked.status, 200) << to_text(asked.body);
    EXPECT_EQ(asked.text("state"), "listening");
    EXPECT_TRUE(asked.body.at("listening_until").is_string());
    EXPECT_FALSE(api.notified.empty()) << "the edge must forget what it knows";
    EXPECT_EQ(api.db.scalar("select count(*) from weft.audit_event where action = 'trigger.capture'"), "1");
    store(at);
    const Reply seen = api.get(owner, at + "/sample");
    EXPECT_EQ(seen.text("state"), "captured");
    EXPECT_EQ(to_text(seen.body.at("event")), R"({"input":1,"trigger":{}})");
    EXPECT_EQ(seen.body.at("is_hidden"), false);

    const Caller viewer = api.member(owner.tenant, "viewer");
    const Reply hidden = api.get(viewer, at + "/sample");
    EXPECT_EQ(hidden.status, 200);
    EXPECT_TRUE(hidden.body.at("event").is_null());
    EXPECT_EQ(hidden.body.at("is_hidden"), true);
    EXPECT_EQ(api.post(viewer, at + "/capture").status, 403);
    const Caller other = api.member(api.make_tenant("B"), "owner");
    EXPECT_EQ(api.get(other, at + "/sample").status, 404);
    EXPECT_EQ(api.post(other, at + "/capture").status, 404);

    EXPECT_EQ(listen(at, R"({"seconds": 0})").text("state"), "captured")
        << "no longer, and the old one stays";
    EXPECT_EQ(listen(at, R"({"seconds": 601})").status, 422);
    api.call(owner, Method::kDelete, at, JsonObject());
    EXPECT_EQ(api.db.scalar("select count(*) from weft.trigger_sample"), "0");
}

TEST_F(Samples, OfASchedulesNextFireAreMadeUp) {
    const std::string at =
        make("schedule", R"({"cron": "0 9 * * *", "zone": "Europe/Madrid", "input": {"a": 1}})");
    const Reply made = api.get(owner, at + "/sample");
    EXPECT_EQ(made.text("state"), "made");
    const Json& event = made.body.at("event");
    EXPECT_EQ(event.at("input").at("a"), 1);
    EXPECT_EQ(event.at("trigger").at("kind"), "schedule");
    EXPECT_TRUE(std::string(event.at("trigger").at("local_time").get_string()).contains("T09:00:00"));
    EXPECT_EQ(listen(at).status, 409);
}

TEST_F(Samples, OfAPollAreAskedForAtOnceAlsoWhileItIsInactive) {
    const std::string at = make(
        "poll", R"({"with": {"url": "https://api.example.com/orders"}, "items": "body.items", "id": "id"})"
    );
    const auto due = [&] {
        return api.db.scalar("select (due_at <= clock_timestamp())::text from weft.trigger_poll");
    };
    ASSERT_EQ(listen(at).status, 200);
    EXPECT_EQ(due(), "true");
}

TEST_F(Samples, AFormWithoutAPublishedPageSaysSo) {
    api.db.exec("update weft.workflow set published_version_id = null");
    const std::string at = make("form", "{}");
    const Reply refused = listen(at);
    EXPECT_EQ(refused.status, 409);
    EXPECT_TRUE(refused.text("detail").contains("publish the workflow first"));
}

TEST_F(Samples, ATestSeesTheEventsTrigger) {
    const Reply begun = api.call(
        owner,
        Method::kPost,
        "/workflows/" + world.ids["workflow"] + "/test",
        parse_json(R"({"input": {"n": 1}, "trigger": {"kind": "webhook", "method": "PUT"}})")->get_object()
    );
    ASSERT_EQ(begun.status, 202) << to_text(begun.body);
    const Json trigger = *parse_json(api.started.back().trigger);
    EXPECT_EQ(trigger.at("method"), "PUT");
    EXPECT_EQ(trigger.at("kind"), "webhook");
    EXPECT_TRUE(trigger.at("by").is_string());
}

}  // namespace
}  // namespace weft::control
