#include "control/server/detail/test_api.h"

namespace weft::control {
namespace {

using testing::Caller;
using testing::Reply;
using testing::TestApi;

class ApiTest : public ::testing::Test {
  protected:
    JsonObject app(std::string_view key) { return JsonObject{{"key", key}, {"name", "App"}}; }
    std::string count(const std::string& table) {
        return api.db.scalar("select count(*) from weft." + table);
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    Caller token = api.token_of(owner, "owner");
};

TEST_F(ApiTest, ARepeatedCreateGetsTheFirstAnswer) {
    const Caller once = token.with("idempotency-key", "k-1");
    const Reply first = api.post(once, "/apps", app("shop"));
    ASSERT_EQ(first.status, 201);
    EXPECT_FALSE(first.headers.find("idempotency-replayed"));
    const Reply second = api.post(once, "/apps", app("shop"));
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.headers.get("idempotency-replayed"), "true");
    EXPECT_EQ(to_text(second.body), to_text(first.body));
    EXPECT_EQ(count("app"), "1");
    EXPECT_EQ(count("audit_event where action = 'app.create'"), "1");
    // Another body under the same key; the same body under another key.
    const Reply other = api.post(once, "/apps", app("different"));
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(other.text("field"), "Idempotency-Key");
    EXPECT_EQ(api.post(token.with("idempotency-key", "k-2"), "/apps", app("shop")).status, 409);
    EXPECT_EQ(api.post(token, "/apps", app("shop")).status, 409)
        << "negative control: without a key it is a conflict";
}

TEST_F(ApiTest, WhatIsStoredOfARequestConfirmsNoGuessOfIt) {
    EXPECT_EQ(api.post(token.with("idempotency-key", "k-1"), "/apps", app("shop")).status, 201);
    std::string guess(tenancy::name(tenancy::Role::kOwner));
    for (const auto permission : tenancy::permissions_of(tenancy::Role::kOwner).list()) {
        guess += ' ';
        guess += tenancy::name(permission);
    }
    guess += '\n' + to_text(app("shop"));
    const std::string stored = api.db.scalar("select encode(request_hash, 'hex') from weft.idempotency_key");
    EXPECT_NE(stored, hex(crypto::sha256(guess)));
    EXPECT_EQ(stored, hex(crypto::hmac_sha256(std::string(32, 'r'), guess))) << "control: the guess is right";
}

TEST_F(ApiTest, AStoredAnswerHoldsForADayAndForOnePersonOnly) {
    const Caller once = token.with("idempotency-key", "k-1");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).status, 201);
    const Caller colleague = api.member(owner.tenant, "owner").with("idempotency-key", "k-1");
    EXPECT_EQ(api.post(colleague, "/apps", app("shop")).status, 409) << "a request of its own";
    EXPECT_EQ(api.post(colleague, "/apps", app("mine")).status, 201);
    const Caller stranger = api.member(api.make_tenant("B"), "owner").with("idempotency-key", "k-1");
    EXPECT_EQ(api.post(stranger, "/apps", app("shop")).status, 201);
    api.db.exec("update weft.idempotency_key set created_at = now() - interval '25 hours'");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).status, 409) << "tried again, and the key is taken";
    EXPECT_EQ(api.post(once, "/apps", app("later")).status, 201);
}

TEST_F(ApiTest, AFailedCreateLeavesNothingBehindAndMayBeRepeated) {
    EXPECT_EQ(api.post(token, "/apps", app("shop")).status, 201);
    const Caller once = token.with("idempotency-key", "k-1");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).status, 409);
    EXPECT_EQ(count("idempotency_key"), "0");
    api.db.exec("delete from weft.app");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).status, 201);
}

TEST_F(ApiTest, WhileOneIsAtWorkTheOtherIsToldSo) {
    std::vector<int> statuses;
    rt::Scope scope(api.loop);
    const auto create = [&](std::string key) -> rt::Task<void> {
        auto caller = token.with("idempotency-key", "k-1");
        auto response = co_await api.request(caller, http::Method::kPost, "/api/v1/apps", app(key));
        statuses.push_back(response ? response->status : 0);
    };
    for (int i = 0; i < 5; ++i) scope.spawn(create("shop"));
    api.run(scope.join());
    EXPECT_EQ(statuses.size(), 5u);
    for (const int status : statuses) EXPECT_TRUE(status == 201 || status == 409) << status;
    EXPECT_GE(std::ranges::count(statuses, 201), 1);
    EXPECT_EQ(count("app"), "1");
}

TEST_F(ApiTest, ASecretIsShownOnceAndARepetitionIsToldToMakeANewOne) {
    const Caller once = owner.with("idempotency-key", "k-1");
    const JsonObject body{{"name", "ci"}, {"role", "viewer"}};
    const Reply made = api.post(once, "/tokens", body);
    ASSERT_EQ(made.status, 201);
    EXPECT_NE(made.text("token"), "");
    const Reply again = api.post(once, "/tokens", body);
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.id(), made.id()) << "what to delete";
    EXPECT_TRUE(again.body.at("replayed").get_bool());
    EXPECT_EQ(to_text(again.body).find(made.text("token")), std::string::npos);
    EXPECT_NE(again.text("detail").find("make a new one"), std::string::npos) << to_text(again.body);
    EXPECT_EQ(count("api_token where name = 'ci'"), "1");
    EXPECT_EQ(api.post(owner.with("idempotency-key", "k-2"), "/tokens", body).status, 201);
}

TEST_F(ApiTest, ARepetitionIsAnsweredToTheSameCredentialOnly) {
    const Caller once = owner.with("idempotency-key", "k-1");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).status, 201);
    EXPECT_EQ(api.post(once, "/apps", app("shop")).headers.get("idempotency-replayed"), "true") << "control";
    // The same person with a token, with an older and a newer one, and one that may not create.
    for (const Caller& other : {token, api.token_of(owner, "owner"), api.token_of(owner, "viewer")}) {
        const Reply reply = api.post(other.with("idempotency-key", "k-1"), "/apps", app("shop"));
        EXPECT_TRUE(reply.status == 409 || reply.status == 403) << reply.status;
        EXPECT_EQ(reply.text("id"), "");
    }
}

TEST_F(ApiTest, RightsThatHaveChangedEndARepetition) {
    const Caller viewer = api.token_of(owner, "builder");
    const Caller once = viewer.with("idempotency-key", "k-1");
    ASSERT_EQ(api.post(once, "/apps", app("shop")).status, 201);
    api.db.exec("update weft.api_token set scopes = array['app.edit']");
    const Reply narrowed = api.post(once, "/apps", app("shop"));
    EXPECT_EQ(narrowed.status, 422);
    EXPECT_EQ(narrowed.text("field"), "Idempotency-Key");
    api.db.exec("update weft.api_token set scopes = array['run.read']");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).status, 403) << "asked before the key is looked at";
    api.db.exec("update weft.api_token set scopes = null");
    EXPECT_EQ(api.post(once, "/apps", app("shop")).headers.get("idempotency-replayed"), "true") << "control";
}

TEST_F(ApiTest, ListsPageByKeyNewestFirst) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(api.post(token, "/apps", app("app-" + std::to_string(i))).status, 201);
        api.clock.advance(2ms);
    }
    std::vector<std::string> keys;
    std::string next;
    for (int page = 0; page < 5; ++page) {
        const Reply reply = api.get(token, "/apps?limit=2" + (next.empty() ? "" : "&after=" + next));
        ASSERT_EQ(reply.status, 200);
        for (const Json& item : reply.body.at("items").get_array()) {
            keys.emplace_back(text_or(item.get_object(), "key"));
        }
        next = reply.text("next");
        if (next.empty()) break;
        if (page == 0)
            EXPECT_EQ(api.post(token, "/apps", app("newcomer")).status, 201);  // does not shift pages
    }
    EXPECT_EQ(keys, (std::vector<std::string>{"app-4", "app-3", "app-2", "app-1", "app-0"}));
    EXPECT_EQ(api.get(token, "/apps?limit=0").text("field"), "limit");
    EXPECT_EQ(api.get(token, "/apps?limit=101").status, 422);
    EXPECT_EQ(api.get(token, "/apps?limit=ten").status, 422);
    EXPECT_EQ(api.get(token, "/apps?after=xyz").text("field"), "after");
    EXPECT_EQ(api.get(token, "/apps?offset=3").text("field"), "offset");
    EXPECT_EQ(api.get(token, "/apps?limit=1&limit=2").status, 422);
}

TEST_F(ApiTest, InputIsCheckedAndTheErrorNamesTheField) {
    EXPECT_EQ(api.post(token, "/apps", JsonObject{{"name", "x"}}).text("field"), "key");
    EXPECT_EQ(api.post(token, "/apps", JsonObject{{"key", "Bad Key"}, {"name", "x"}}).text("field"), "key");
    EXPECT_EQ(api.post(token, "/apps", JsonObject{{"key", "ok"}, {"name", ""}}).text("field"), "name");
    EXPECT_EQ(api.post(token, "/apps", JsonObject{{"key", "ok"}, {"name", 3}}).text("field"), "name");
    JsonObject extra = app("ok");
    extra["created_at"] = "2020-01-01T00:00:00Z";
    EXPECT_EQ(api.post(token, "/apps", extra).text("field"), "created_at");
    EXPECT_EQ(
        api.post(token, "/apps", JsonObject{{"key", "ok"}, {"name", std::string("a\0b", 3)}}).status, 422
    );
    EXPECT_EQ(api.post(token, "/apps", JsonArray()).status, 422);
    EXPECT_EQ(api.get(token, "/apps/not-an-id").status, 422);
    EXPECT_EQ(api.get(token, "/apps/%ff").status, 422);
    EXPECT_EQ(count("app"), "0");
    const Reply problem = api.get(token, "/apps/01890000-0000-7000-8000-000000000000");
    EXPECT_EQ(problem.status, 404);
    EXPECT_EQ(problem.headers.get("content-type"), "application/problem+json");
    EXPECT_FALSE(problem.text("request_id").empty());
    EXPECT_EQ(problem.headers.get("cache-control"), "no-store");
}

TEST_F(ApiTest, BodiesMustBeJson) {
    http::Request head;
    head.method = http::Method::kPost;
    head.raw_target = "/api/v1/apps";
    head.target = *http::Target::parse(head.raw_target);
    head.headers = {{"host", "weft.test"}, {"authorization", "Bearer " + token.token}};
    head.deadline = api.soon();
    const auto send = [&](std::string type, std::string body) {
        http::Request request = head;
        request.headers.add("content-type", std::move(type));
        request.body = std::move(body);
        return api.read(api.run(api.router.answer(std::move(request)))).status;
    };
    const std::string good = R"({"key": "shop", "name": "Shop"})";
    EXPECT_EQ(send("text/plain", good), 422);
    EXPECT_EQ(send("application/x-www-form-urlencoded", "key=shop"), 422);
    EXPECT_EQ(send("application/json", "{"), 422);
    EXPECT_EQ(send("application/json", R"({"key": "shop", "key": "other", "name": "Shop"})"), 422);
    EXPECT_EQ(send("application/json; charset=utf-8", good), 201);
}

TEST_F(ApiTest, EveryChangeLeavesOneAuditRowAndFailuresLeaveNone) {
    const Reply made = api.post(token, "/apps", app("shop"));
    EXPECT_EQ(
        api.call(token, http::Method::kPatch, "/apps/" + made.id(), JsonObject{{"name", "Other"}}).status, 200
    );
    EXPECT_EQ(api.post(token, "/apps", app("shop")).status, 409);
    EXPECT_EQ(api.call(token, http::Method::kDelete, "/apps/" + made.id()).status, 204);
    EXPECT_EQ(
        api.db.scalar("select string_agg(action, ' ' order by id) from weft.audit_event"),
        "app.create app.change app.delete"
    );
    EXPECT_EQ(count("audit_event where object_id = '" + made.id() + "' and actor_kind = 'token'"), "3");
    EXPECT_EQ(count("audit_event where request_id is null or ip is null"), "0");
}

TEST_F(ApiTest, OpenApiDescribesEveryOperation) {
    const Reply reply = api.get(TestApi::nobody(), "/openapi.json");
    ASSERT_EQ(reply.status, 200);
    std::size_t described = 0;
    for (const auto& [path, methods] : reply.body.at("paths").get_object()) {
        EXPECT_TRUE(path.starts_with("/api/v1/"));
        described += methods.get_object().size();
    }
    EXPECT_EQ(described, api.api->table().entries().size());
    EXPECT_EQ(to_text(reply.body).find("#/definitions/"), std::string::npos);
}

TEST_F(ApiTest, AWayDatabaseIsAProblemNotACrash) {
    // Every connection of the pool gone, and the login refused from now on.
    const auto connecting = [&](const std::string& grant) {
        api.db.exec("do $$ begin execute format('" + grant + "', current_database()); end $$");
    };
    connecting("revoke connect on database %I from public, weft_api");
    api.db.exec(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where usename = 'weft_api' and datname = current_database()"
    );
    http::Request head;
    head.raw_target = "/api/v1/apps";
    head.target = *http::Target::parse(head.raw_target);
    head.headers = {{"host", "weft.test"}, {"authorization", "Bearer " + token.token}};
    head.deadline = rt::Deadline::in(300ms);
    const Reply reply = api.read(api.run(api.router.answer(std::move(head))));
    connecting("grant connect on database %I to public");
    EXPECT_EQ(reply.status, 503) << to_text(reply.body);
    EXPECT_EQ(to_text(reply.body).find("weft_api"), std::string::npos);
    EXPECT_EQ(api.get(token, "/apps").status, 200);
}

}  // namespace
}  // namespace weft::control
