#include "control/server/detail/test_api.h"
#include "core/trigger/trigger.h"
#include "store/triggers/triggers.h"

namespace weft::control {
namespace {

using http::Method;
using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

Json json(std::string_view text) {
    return *parse_json(text);
}

class Definitions : public ::testing::Test {
  protected:
    Reply send(Method method, const std::string& target, std::string_view body) {
        return api.call(owner, method, target, json(body));
    }
    bool was_notified(const store::notices::Notice& notice) const {
        return std::ranges::find(api.notified, notice) != api.notified.end();
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::map<std::string, std::string>& ids = world.ids;
};

TEST_F(Definitions, PublishedAppVersionsDoNotChange) {
    const std::string version = "/app-versions/" + ids["published"];
    const std::string manifest =
        R"({"manifest": {"base_url": "https://x.example.com", "auth": {"kind": "none"}}})";
    EXPECT_EQ(send(Method::kPatch, version, manifest).status, 409);
    EXPECT_EQ(send(Method::kPatch, "/app-versions/" + ids["draft"], manifest).status, 200);
    EXPECT_EQ(send(Method::kPatch, "/actions/" + ids["old_action"], R"({"name": "Other"})").status, 409);
    EXPECT_EQ(api.call(owner, Method::kDelete, "/actions/" + ids["old_action"]).status, 409);
    EXPECT_EQ(
        send(Method::kPost, version + "/actions", R"({"key": "a", "name": "A", "definition": {"method": "GET",
        "path": "/"}})")
            .status,
        409
    );
    EXPECT_EQ(api.post(owner, version + "/publish").status, 409);
    EXPECT_EQ(api.post(owner, version + "/restore").status, 409);
    EXPECT_EQ(api.post(owner, version + "/deprecate").text("state"), "deprecated");
    EXPECT_EQ(api.post(owner, version + "/deprecate").status, 409);
    EXPECT_EQ(api.post(owner, version + "/restore").text("state"), "published");
}

TEST_F(Definitions, ANextVersionStartsWithTheActionsOfTheOneBefore) {
    const Reply next = send(
        Method::kPost,
        "/apps/" + ids["app"] + "/versions",
        R"({"major": 1, "manifest": {"base_url": "https://api.example.com", "auth": {"kind": "none"}}})"
    );
    ASSERT_EQ(next.status, 201);
    EXPECT_EQ(next.body.at("major"), 1);
    EXPECT_EQ(next.body.at("minor"), 1);
    const Reply actions = api.get(owner, "/app-versions/" + next.id() + "/actions");
    ASSERT_EQ(actions.body.at("items").get_array().size(), 1u);
    EXPECT_EQ(actions.body.at("items").at(0).at("key"), "get-order");
    EXPECT_NE(text_or(actions.body.at("items").at(0).get_object(), "id"), ids["old_action"]);
}

TEST_F(Definitions, ErrorsOfManifestsAndActionsNameTheField) {
    const std::string versions = "/apps/" + ids["app"] + "/versions";
    const Reply manifest =
        send(Method::kPost, versions, R"({"manifest": {"base_url": "ftp://x", "auth": {"kind": "none"}}})");
    EXPECT_EQ(manifest.status, 422);
    EXPECT_TRUE(manifest.text("field").starts_with("manifest")) << manifest.text("field");
    const Reply action = send(
        Method::kPost,
        "/app-versions/" + ids["draft"] + "/actions",
        R"({"key": "a", "name": "A", "definition": {"method": "SING", "path": "/"}})"
    );
    EXPECT_EQ(action.status, 422);
    EXPECT_EQ(action.text("field"), "definition.method");
}

TEST_F(Definitions, AnAppWithConnectionsStays) {
    EXPECT_EQ(api.call(owner, Method::kDelete, "/apps/" + ids["app"]).status, 409);
    EXPECT_EQ(api.call(owner, Method::kDelete, "/connections/" + ids["connection"]).status, 204);
    EXPECT_EQ(api.call(owner, Method::kDelete, "/apps/" + ids["app"]).status, 204);
    EXPECT_TRUE(was_notified(store::notices::ConnectionChanged{*ConnectionId::parse(ids["connection"])}));
}

TEST_F(Definitions, ConnectionsNeverShowTheirFields) {
    const std::string at = "/connections/" + ids["connection"];
    for (const Reply& reply :
         {api.get(owner, at),
          api.get(owner, "/connections"),
          send(Method::kPatch, at, R"({"name": "Other"})"),
          send(Method::kPut, at + "/secret", R"({"fields": {"api_key": "canary-credential-2"}})")}) {
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(to_text(reply.body).find("canary"), std::string::npos);
        EXPECT_EQ(to_text(reply.body).find("sealed"), std::string::npos);
    }
    EXPECT_EQ(api.get(owner, at).body.at("revision"), 2);
    // The worker, and only it, reads the new one.
    auto opened = api.run(api.vault->open(owner.tenant, *ConnectionId::parse(ids["connection"]), api.soon()));
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->fields.at("api_key").reveal(), "canary-credential-2");
    EXPECT_EQ((*opened)->revision, 2);
    // Nowhere in the database, in no form that a reader could undo.
    EXPECT_EQ(
        api.db.scalar(
            "select count(*) from weft.connection where convert_from(sealed, 'UTF8') like '%canary%'"
        ),
        "0"
    );
    EXPECT_EQ(api.db.scalar("select count(*) from weft.audit_event where detail::text like '%canary%'"), "0");
}

TEST_F(Definitions, WrongConnectionFieldsAreNamedAndNotRepeated) {
    const std::string start = R"({"key": "c", "name": "C", "app_id": ")" + ids["app"] + R"(", "fields": )";
    const Reply missing = send(Method::kPost, "/connections", start + "{}}");
    EXPECT_EQ(missing.status, 422);
    EXPECT_EQ(missing.text("field"), "fields.api_key");
    const Reply unknown =
        send(Method::kPost, "/connections", start + R"({"api_key": "x", "canary-field": "canary"}})");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_EQ(to_text(unknown.body).find("\"canary\""), std::string::npos);
}

TEST_F(Definitions, ATenantWithoutAWorkerGetsAClearAnswer) {
    api.db.exec("update weft.connection set key_id = key_id");
    const auto tenant = api.db.create_tenant("No worker");
    const Caller other = api.member(tenant, "owner");
    const Reply app = api.post(other, "/apps", JsonObject{{"key", "a"}, {"name", "A"}});
    const Json manifest =
        json(R"({"manifest": {"base_url": "https://x.example.com", "auth": {"kind": "bearer"}}})");
    EXPECT_EQ(api.post(other, "/apps/" + app.id() + "/versions", manifest).status, 201);
    const JsonObject connection{
        {"key", "c"}, {"name", "C"}, {"app_id", app.id()}, {"fields", JsonObject{{"token", "secret-token"}}}
    };
    const Reply refused = api.post(other, "/connections", connection);
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.text("detail").find("worker"), std::string::npos);
    EXPECT_TRUE(api.run(api.vault->ensure_keys(api.soon())));
    EXPECT_EQ(api.post(other, "/connections", connection).status, 201);
}

TEST_F(Definitions, DraftsAreSavedUnderARevision) {
    const std::string draft = "/workflows/" + ids["unpublished"] + "/draft";
    EXPECT_EQ(api.get(owner, draft).body.at("revision"), 0);
    EXPECT_EQ(
        send(Method::kPut, draft, R"({"definition": {"steps": []}, "revision": 0})").body.at("revision"), 1
    );
    EXPECT_EQ(send(Method::kPut, draft, R"({"definition": {"steps": []}, "revision": 0})").status, 409);
    EXPECT_EQ(
        send(Method::kPut, draft, R"({"definition": {"steps": [1]}, "revision": 1})").body.at("revision"), 2
    );
    EXPECT_EQ(
        send(Method::kPut, draft, R"({"definition": {"steps": []}, "revision": 1})").text("field"), "revision"
    );
    EXPECT_EQ(send(Method::kPut, draft, R"({"definition": {}})").body.at("revision"), 3)
        << "without one: take it";
    const Reply yaml =
        send(Method::kPut, draft, R"({"definition": "name: x\nsteps:\n  - id: a\n    uses: core/map\n"})");
    EXPECT_EQ(yaml.status, 200);
    EXPECT_EQ(yaml.text("definition"), "name: x\nsteps:\n  - id: a\n    uses: core/map\n");
    const Reply commented =
        send(Method::kPut, draft, R"({"definition": "# why\nb: 1\na: >-\n  one\n  two # no comment\n"})");
    EXPECT_EQ(commented.text("definition"), "# why\nb: 1\na: >-\n  one\n  two # no comment\n");
    EXPECT_EQ(api.get(owner, draft).text("definition"), commented.text("definition"));
    EXPECT_EQ(send(Method::kPut, draft, R"({"definition": "- a\n- b\n"})").status, 422);
}

TEST_F(Definitions, ValidationSaysAllThatPublishingWouldRefuse) {
    const std::string at = "/workflows/" + ids["workflow"];
    EXPECT_TRUE(api.post(owner, at + "/validate").body.at("valid").get_bool());
    const std::string_view wrong = R"({"definition": {"name": "x", "steps": [
        {"id": "a", "uses": "shop/no-such@1", "connection": "nobody", "with": {}},
        {"id": "b", "needs": ["a"], "uses": "core/map", "with": {"x": "{{ steps.zzz.output }}"}}]}})";
    const Reply reply = send(Method::kPost, at + "/validate", wrong);
    ASSERT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.body.at("valid").get_bool());
    EXPECT_GE(reply.body.at("problems").get_array().size(), 2u) << to_text(reply.body);
    EXPECT_EQ(send(Method::kPut, at + "/draft", wrong).status, 200);
    const Reply refused = api.post(owner, at + "/publish");
    EXPECT_EQ(refused.status, 422);
    EXPECT_GE(refused.body.at("problems").get_array().size(), 2u);
    EXPECT_FALSE(refused.text("field").empty());
    EXPECT_EQ(api.db.scalar("select count(*) from weft.workflow_version"), "1");
}

TEST_F(Definitions, ProblemsOfATextHaveLineAndColumn) {
    const std::string at = "/workflows/" + ids["workflow"];
    const std::string_view text =
        R"({"definition": "name: x\nsteps:\n- id: a\n  uses: core/map\n  with: { x: '{{ steps.b.output }}' }\n"})";
    const Reply wrong = send(Method::kPost, at + "/validate", text);
    const Json& problem = wrong.body.at("problems").at(0);
    EXPECT_EQ(problem.at("field"), "steps[0].with.x") << to_text(wrong.body);
    EXPECT_EQ(problem.at("line"), 5);
    EXPECT_EQ(send(Method::kPut, at + "/draft", text).status, 200);
    EXPECT_EQ(api.post(owner, at + "/publish").body.at("problems").at(0).at("line"), 5);
    const Reply bare =
        send(Method::kPost, at + "/validate", R"({"definition": "steps:\n- with: {{ x }}\n"})");
    EXPECT_NE(
        bare.body.at("problems").at(0).at("message").get_string().find("line 2, column 10"), std::string::npos
    );
}

TEST_F(Definitions, WhatCannotBeCheckedIsAWarning) {
    const std::string at = "/workflows/" + ids["workflow"];
    const Reply reply = send(Method::kPost, at + "/validate", R"({"definition": {"name": "x", "steps": [
        {"id": "a", "uses": "core/map", "with": {"x": "{{ 1 + 1 }}"}}]}})");
    EXPECT_TRUE(reply.body.at("valid").get_bool());
    EXPECT_EQ(reply.body.at("warnings").get_array().size(), 1u) << "there is no checker in this test";
}

TEST_F(Definitions, VersionsAreNumberedHashedAndKept) {
    const std::string at = "/workflows/" + ids["workflow"];
    const Reply same = api.post(owner, at + "/publish");
    EXPECT_EQ(same.id(), ids["version"]) << "nothing changed, so nothing new";
    EXPECT_EQ(
        send(Method::kPut, at + "/draft", R"({"definition": {"name": "orders", "steps": [
        {"id": "only", "uses": "core/map", "with": {}}]}})")
            .status,
        200
    );
    const Reply next = api.post(owner, at + "/publish");
    ASSERT_EQ(next.status, 201) << to_text(next.body);
    EXPECT_EQ(next.body.at("number"), 2);
    EXPECT_EQ(next.text("content_hash").size(), 64u);
    EXPECT_TRUE(was_notified(store::notices::TriggerChanged{*TriggerId::parse(ids["trigger"])}))
        << "the ingress must learn of the new version";
    const Reply list = api.get(owner, at + "/versions");
    ASSERT_EQ(list.body.at("items").get_array().size(), 2u);
    const Reply old = api.get(owner, "/workflow-versions/" + ids["version"]);
    EXPECT_EQ(old.body.at("definition").at("steps").get_array().size(), 2u);
    EXPECT_EQ(api.get(owner, at).body.at("published_version_number"), 2);
}

TEST_F(Definitions, AnInactiveWorkflowKeepsEverythingAndStartsNothing) {
    const std::string at = "/workflows/" + ids["workflow"];
    const Reply off = api.post(owner, at + "/deactivate");
    ASSERT_EQ(off.status, 200) << to_text(off.body);
    EXPECT_EQ(off.text("state"), "inactive");
    EXPECT_TRUE(was_notified(store::notices::TriggerChanged{*TriggerId::parse(ids["trigger"])}))
        << "the ingress must stop at once";
    const Reply start = send(Method::kPost, at + "/runs", R"({"input": {"n": 1}})");
    EXPECT_EQ(start.status, 409);
    EXPECT_NE(start.text("detail").find("activate it first"), std::string::npos);
    EXPECT_EQ(api.post(owner, "/runs/" + ids["ended_run"] + "/rerun").status, 409);
    EXPECT_EQ(api.get(owner, at).body.at("published_version_number"), 1);
    EXPECT_EQ(api.get(owner, "/runs/" + ids["run"]).text("state"), "queued") << "what runs goes on";
    EXPECT_EQ(api.post(owner, at + "/publish").status, 201) << "publishing does not switch it on";
    EXPECT_EQ(api.get(owner, at).text("state"), "inactive");
    EXPECT_EQ(api.post(owner, at + "/activate").text("state"), "active");
    EXPECT_EQ(send(Method::kPost, at + "/runs", R"({"input": {"n": 1}})").status, 202);
    EXPECT_EQ(
        api.db.scalar("select string_agg(action, ' ' order by id) from weft.audit_event where action like "
                      "'workflow.%ac%'"),
        "workflow.deactivate workflow.activate"
    );
}

TEST_F(Definitions, AnArchivedWorkflowLeavesTheListDoesNotChangeAndComesBack) {
    const std::string at = "/workflows/" + ids["workflow"];
    EXPECT_EQ(api.post(owner, at + "/restore").status, 409) << "it is not archived";
    EXPECT_EQ(api.post(owner, at + "/archive").text("state"), "archived");
    EXPECT_EQ(api.get(owner, "/workflows").body.at("items").get_array().size(), 1u);
    EXPECT_EQ(api.get(owner, "/workflows?state=archived").body.at("items").at(0).at("id"), ids["workflow"]);
    EXPECT_EQ(api.get(owner, "/workflows?state=nonsense").status, 422);
    for (const auto& [method, target, body] : std::vector<std::tuple<Method, std::string, std::string>>{
             {Method::kPatch, at, R"({"name": "Other"})"},
             {Method::kPut, at + "/draft", R"({"definition": {"steps": []}})"},
             {Method::kPost, at + "/publish", "{}"},
             {Method::kPost, at + "/activate", "{}"},
             {Method::kPost, at + "/runs", R"({"input": {"n": 1}})"},
             {Method::kPost, "/triggers/" + ids["trigger"] + "/activate", "{}"},
             {Method::kPost,
              at + "/triggers",
              R"({"kind": "webhook", "name": "T", "config": {"signature": {"scheme": "none"}}})"},
         }) {
        const Reply refused = send(method, target, body);
        EXPECT_EQ(refused.status, 409) << target;
        EXPECT_NE(refused.text("detail").find("restore it first"), std::string::npos) << target;
    }
    EXPECT_EQ(api.post(owner, at + "/restore").text("state"), "inactive");
    EXPECT_EQ(api.post(owner, at + "/activate").text("state"), "active");
}

TEST_F(Definitions, AWorkflowIsDeletedOnceNothingOfItRunsAndItsHistoryIsPutAway) {
    const std::string at = "/workflows/" + ids["workflow"];
    const Reply live = api.call(owner, Method::kDelete, at);
    EXPECT_EQ(live.status, 409);
    EXPECT_NE(live.text("detail").find("1 run of the workflow"), std::string::npos) << live.text("detail");
    api.db.exec("delete from weft.job");
    const Reply history = api.call(owner, Method::kDelete, at);
    EXPECT_EQ(history.status, 409);
    EXPECT_NE(history.text("detail").find("archive it"), std::string::npos);
    const Caller editor = api.token_of(owner, "owner", "'{workflow.edit,workflow.read}'");
    EXPECT_EQ(api.post(owner, at + "/archive").status, 200);
    EXPECT_EQ(api.call(editor, Method::kDelete, at).status, 403) << "what was live needs workflow.publish";
    api.notified.clear();
    EXPECT_EQ(api.call(owner, Method::kDelete, at).status, 204);
    EXPECT_TRUE(was_notified(store::notices::TriggerChanged{*TriggerId::parse(ids["trigger"])}));
    EXPECT_EQ(api.get(owner, at).status, 404);
    EXPECT_EQ(api.get(owner, "/triggers/" + ids["trigger"]).status, 404);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.workflow_version"), "0");
    // Its runs are shown as long as history is kept, and cannot be repeated.
    const Reply run = api.get(owner, "/runs/" + ids["ended_run"]);
    EXPECT_EQ(run.status, 200) << to_text(run.body);
    EXPECT_TRUE(run.body.at("workflow_key").is_null());
    EXPECT_EQ(run.body.at("input").at("n"), 1);
    EXPECT_EQ(api.get(owner, "/runs").body.at("items").get_array().size(), 3u);
    EXPECT_EQ(api.post(owner, "/runs/" + ids["ended_run"] + "/rerun").status, 404);
    // What never ran goes at once, published or not.
    const Reply fresh = send(Method::kPost, "/workflows", R"({"key": "fresh", "name": "Fresh", "definition":
        {"name": "fresh", "steps": [{"id": "a", "uses": "core/map", "with": {}}]}})");
    EXPECT_EQ(api.post(owner, "/workflows/" + fresh.id() + "/publish").status, 201);
    EXPECT_EQ(api.call(owner, Method::kDelete, "/workflows/" + fresh.id()).status, 204);
    EXPECT_EQ(api.call(owner, Method::kDelete, "/workflows/" + ids["unpublished"]).status, 204);
}

TEST_F(Definitions, AWorkflowSaysWhetherItsDraftDiffersFromWhatIsPublished) {
    const std::string at = "/workflows/" + ids["workflow"];
    const auto differs = [&] { return api.get(owner, at).body.at("has_unpublished_changes").get_bool(); };
    const std::string empty = "/workflows/" + ids["unpublished"];
    EXPECT_FALSE(differs());
    EXPECT_FALSE(api.get(owner, empty).body.at("has_unpublished_changes").get_bool()) << "no draft";
    EXPECT_EQ(send(Method::kPut, empty + "/draft", R"({"definition": {"steps": []}})").status, 200);
    EXPECT_TRUE(api.get(owner, empty).body.at("has_unpublished_changes").get_bool());
    const Json first = api.get(owner, at + "/draft").body.at("definition");
    Json other = first;
    other.get_object()["description"] = "Only words";
    const auto save = [&](const Json& definition) {
        const Reply reply =
            api.call(owner, Method::kPut, at + "/draft", JsonObject{{"definition", definition}});
        EXPECT_EQ(reply.status, 200);
    };
    save(other);
    EXPECT_TRUE(differs());
    EXPECT_TRUE(api.get(owner, "/workflows").body.at("items").at(1).at("has_unpublished_changes").get_bool());
    save(first);
    EXPECT_FALSE(differs()) << "written back: computed, not remembered";
    save(other);
    const Reply same = api.post(owner, at + "/publish");
    EXPECT_EQ(same.body.at("number"), 1) << "to run, words are no change";
    EXPECT_FALSE(differs()) << "but it has been published";
}

TEST_F(Definitions, TriggersShowTheirAddressToEditorsAndTheirSecretOnce) {
    const std::string triggers = "/workflows/" + ids["workflow"] + "/triggers";
    const Reply made = send(Method::kPost, triggers, R"({"kind": "webhook", "name": "T", "config":
        {"signature": {"scheme": "hmac-sha256"}, "response": "sync", "dedupe_header": "X-Event-Id"}})");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_TRUE(made.text("url").starts_with("http://weft.test/hooks/whk_"));
    EXPECT_TRUE(made.text("secret").starts_with("whsec_"));
    EXPECT_EQ(made.body.at("config").at("mode"), "sync");
    EXPECT_EQ(made.body.at("config").at("signature").at("id_header"), "X-Event-Id");
    EXPECT_TRUE(trigger::parse_webhook(made.body.at("config"))) << "the ingress parses what is stored";
    const Reply again = api.get(owner, "/triggers/" + made.id());
    EXPECT_EQ(again.text("url"), made.text("url"));
    EXPECT_EQ(again.body.get_object().if_contains("secret"), nullptr);
    const Caller viewer = api.member(owner.tenant, "viewer");
    EXPECT_TRUE(api.get(viewer, "/triggers/" + made.id()).body.at("url").is_null());
    EXPECT_TRUE(was_notified(store::notices::TriggerChanged{*TriggerId::parse(made.id())}));
    const std::string token = made.text("url").substr(std::string("http://weft.test/hooks/").size());
    EXPECT_EQ(
        api.db.scalar("select encode(token_hash, 'hex') from weft.trigger where id = $1", {made.id()}),
        hex(crypto::sha256(token))
    );
    // One's own secret is not repeated; it has no use without a signature.
    const Reply own =
        send(Method::kPost, triggers, R"({"kind": "webhook", "name": "T", "secret": "sixteen-bytes-at-least",
        "config": {"signature": {"scheme": "hmac-sha256"}}})");
    EXPECT_EQ(own.body.get_object().if_contains("secret"), nullptr);
    EXPECT_EQ(
        send(Method::kPost, triggers, R"({"kind": "webhook", "name": "T", "secret": "sixteen-bytes-at-least",
        "config": {"signature": {"scheme": "none"}}})")
            .text("field"),
        "secret"
    );
    EXPECT_EQ(send(Method::kPost, triggers, R"({"kind": "webhook", "name": "T", "config": {}})").status, 422);
}

TEST_F(Definitions, TriggersAreSwitchedAndRotated) {
    const std::string at = "/triggers/" + ids["trigger"];
    const std::string before = api.get(owner, at).text("url");
    EXPECT_EQ(api.post(owner, at + "/activate").text("state"), "active");
    EXPECT_EQ(api.post(owner, at + "/deactivate").text("state"), "inactive");
    const Reply address = send(Method::kPost, at + "/rotate", R"({"what": "token"})");
    EXPECT_EQ(address.status, 200);
    EXPECT_NE(address.text("url"), before);
    EXPECT_EQ(api.get(owner, at).text("url"), address.text("url"));
    const Reply secret = send(Method::kPost, at + "/rotate", R"({"what": "secret"})");
    EXPECT_TRUE(secret.text("secret").starts_with("whsec_"));
    // Both secrets hold for a day, then the new one alone.
    const auto sealed = *from_hex(
        api.db.scalar("select encode(sealed_secret, 'hex') from weft.trigger where id = $1", {ids["trigger"]})
    );
    auto key = api.run(api.keys->current(owner.tenant, store::vault::KeyClass::kIngress, api.soon()));
    const auto id = *TriggerId::parse(ids["trigger"]);
    auto secrets = store::triggers::open_secrets(**key, owner.tenant, id, sealed);
    ASSERT_TRUE(secrets);
    EXPECT_EQ(secrets->current.reveal(), secret.text("secret"));
    EXPECT_EQ(store::triggers::valid_at(*secrets, api.clock.now()).size(), 2u);
    EXPECT_EQ(store::triggers::valid_at(*secrets, api.clock.now() + 25h).size(), 1u);
    EXPECT_FALSE(store::triggers::open_secrets(**key, owner.tenant, TriggerId(), sealed))
        << "moved to another trigger";
    const std::string theirs = R"("secret": "the-secret-that-the-provider-shows")";
    const Reply given = send(Method::kPost, at + "/rotate", R"({"what": "secret", )" + theirs + "}");
    EXPECT_EQ(given.status, 200) << to_text(given.body);
    EXPECT_EQ(given.text("secret"), "") << "it is known where it was made";
    const auto sealed_given = *from_hex(
        api.db.scalar("select encode(sealed_secret, 'hex') from weft.trigger where id = $1", {ids["trigger"]})
    );
    const auto of_theirs = store::triggers::open_secrets(**key, owner.tenant, id, sealed_given);
    ASSERT_TRUE(of_theirs);
    EXPECT_EQ(of_theirs->current.reveal(), "the-secret-that-the-provider-shows");
    EXPECT_EQ(of_theirs->previous->reveal(), secret.text("secret"));
    EXPECT_EQ(send(Method::kPost, at + "/rotate", R"({"what": "token", )" + theirs + "}").status, 422);
    const Reply unpublished = send(
        Method::kPost,
        "/workflows/" + ids["unpublished"] + "/triggers",
        R"({"kind": "webhook", "name": "T", "config": {"signature": {"scheme": "none"}}})"
    );
    EXPECT_EQ(api.post(owner, "/triggers/" + unpublished.id() + "/activate").status, 409);
    EXPECT_EQ(
        send(Method::kPost, "/triggers/" + unpublished.id() + "/rotate", R"({"what": "secret"})").status, 409
    );
    const Reply now_signed = send(
        Method::kPatch,
        "/triggers/" + unpublished.id(),
        R"({"config": {"signature": {"scheme": "hmac-sha256"}}})"
    );
    EXPECT_TRUE(now_signed.text("secret").starts_with("whsec_")) << "never signed without a secret";
}

TEST_F(Definitions, RunsAreShownWithValuesAndSteps) {
    api.db.exec(
        "insert into weft.step_run (tenant_id, run_id, step_id, position, state, attempt, error) values ('" +
        owner.tenant.text() + "', '" + ids["ended_run"] + "', 'two', 1, 'failed', 2, '{\"message\": \"no\"}')"
    );
    api.db.exec(
        "insert into weft.run_event (tenant_id, run_id, kind, step_id, detail) values ('" +
        owner.tenant.text() + "', '" + ids["ended_run"] +
        "', 'wait', 'two', '{\"attempt\": 1, \"error\": {\"message\": \"first\"}}')"
    );
    api.db.exec(
        "insert into weft.execution_log (tenant_id, run_id, level, step_id, message) select '" +
        owner.tenant.text() + "', '" + ids["ended_run"] +
        "', 'info', 'two', 'line ' || n from generate_series(1, 5) n"
    );
    const std::string at = "/runs/" + ids["ended_run"];
    const Reply run = api.get(owner, at);
    ASSERT_EQ(run.status, 200);
    EXPECT_EQ(run.text("workflow_key"), "orders");
    EXPECT_EQ(run.body.at("version_number"), 1);
    EXPECT_EQ(run.body.at("input").at("n"), 1);
    EXPECT_TRUE(run.body.at("output").is_null());
    EXPECT_EQ(run.body.at("steps").at(0).at("uses"), "shop/get-order@1.0.0");
    EXPECT_EQ(run.body.at("steps").at(0).at("error").at("message"), "no");
    const Reply step = api.get(owner, at + "/steps/two");
    EXPECT_EQ(step.body.at("attempts").at(0).at("error").at("message"), "first");
    EXPECT_EQ(api.get(owner, at + "/steps/zzz").status, 404);
    const Reply logs = api.get(owner, at + "/logs?limit=3");
    EXPECT_EQ(logs.body.at("items").get_array().size(), 3u);
    const Reply rest = api.get(owner, at + "/logs?limit=3&after=" + logs.text("next"));
    EXPECT_EQ(rest.body.at("items").at(0).at("message"), "line 4");
    EXPECT_TRUE(rest.body.at("next").is_null());
    EXPECT_EQ(api.get(owner, at + "/logs?after=x").text("field"), "after");
    api.db.exec(
        "update weft.execution_log set level = 'warn', fields = '{\"order\": 7}' where message = 'line 2'"
    );
    const Reply found = api.get(owner, at + "/logs?level=warn&step_id=two&text=ORDER");
    EXPECT_EQ(found.body.at("items").get_array().size(), 1u);
    EXPECT_EQ(found.body.at("items").at(0).at("fields").at("order"), 7);
    EXPECT_EQ(api.get(owner, at + "/logs?step_id=one").body.at("items").get_array().size(), 0u);
    EXPECT_EQ(api.get(owner, at + "/logs?level=loud").status, 422);
    EXPECT_EQ(api.get(owner, at + "/events").body.at("items").get_array().size(), 1u);
    EXPECT_EQ(api.get(owner, "/runs?state=success").body.at("items").get_array().size(), 1u);
    EXPECT_EQ(api.get(owner, "/runs?state=nonsense").status, 422);
    const Reply page = api.get(owner, "/runs?limit=1&workflow_id=" + ids["workflow"]);
    EXPECT_EQ(page.body.at("items").get_array().size(), 1u);
    EXPECT_EQ(
        api.get(owner, "/runs?limit=1&after=" + page.text("next")).body.at("items").get_array().size(), 1u
    );
}

TEST_F(Definitions, CancellingMarksTheJobOnce) {
    const std::string at = "/runs/" + ids["run"] + "/cancel";
    api.db.exec("update weft.job set run_at = now() + interval '1 day'");
    api.db.exec("update weft.tenant_queue set active = false");
    EXPECT_EQ(send(Method::kPost, at, R"({"reason": "wrong order"})").status, 202);
    EXPECT_EQ(send(Method::kPost, at, R"({"reason": "again"})").status, 202);
    EXPECT_EQ(
        api.db.scalar(
            "select cancel_reason || ' ' || (run_at <= now()) from weft.job where cancel_requested_at is not "
            "null"
        ),
        "wrong order true"
    );
    EXPECT_EQ(api.db.scalar("select active from weft.tenant_queue"), "t");
    EXPECT_EQ(api.db.scalar("select count(*) from weft.run_event where kind = 'run.cancel_requested'"), "1");
    EXPECT_TRUE(was_notified(store::notices::CancelAsked{}));
    const Reply run = api.get(owner, "/runs/" + ids["run"]);
    EXPECT_TRUE(run.body.at("is_cancel_requested").get_bool());
    EXPECT_EQ(run.text("cancel_reason"), "wrong order");
    EXPECT_EQ(run.text("canceled_by"), owner.user.text());
    EXPECT_FALSE(run.text("canceled_by_name").empty());
    EXPECT_EQ(
        api.db.scalar(
            "select count(*) from weft.run_event where kind = 'run.cancel_requested' and detail ->> 'by' = "
            "$1 "
            "and detail ->> 'reason' = 'wrong order'",
            {run.text("canceled_by_name")}
        ),
        "1"
    );
    const Reply ended = api.post(owner, "/runs/" + ids["ended_run"] + "/cancel");
    EXPECT_EQ(ended.status, 409);
    EXPECT_NE(ended.text("detail").find("success"), std::string::npos);
}

TEST_F(Definitions, RunsStartByHandAndAgainWithTheSameInput) {
    const std::string at = "/workflows/" + ids["workflow"] + "/runs";
    const Reply wrong = send(Method::kPost, at, R"({"input": {"n": "one"}})");
    EXPECT_EQ(wrong.status, 422);
    EXPECT_EQ(wrong.text("field"), "input.n");
    const auto before = api.started.size();
    const Caller once = owner.with("idempotency-key", "start-1");
    const Reply first = api.post(once, at, json(R"({"input": {"n": 7}})"));
    ASSERT_EQ(first.status, 202) << to_text(first.body);
    EXPECT_EQ(api.post(once, at, json(R"({"input": {"n": 7}})")).text("run_id"), first.text("run_id"));
    EXPECT_EQ(api.started.size(), before + 1);
    EXPECT_EQ(api.started.back().input, R"({"n":7})");
    EXPECT_EQ(api.post(owner, "/runs/" + first.text("run_id") + "/rerun").status, 409) << "it has not ended";
    const Reply again = api.post(owner, "/runs/" + ids["ended_run"] + "/rerun");
    ASSERT_EQ(again.status, 202);
    EXPECT_EQ(*parse_json(api.started.back().input), json(R"({"n": 1})"));
    EXPECT_EQ(api.started.back().rerun_of->text(), ids["ended_run"]);
    EXPECT_EQ(api.get(owner, "/runs/" + again.text("run_id")).text("rerun_of"), ids["ended_run"]);
    EXPECT_EQ(api.post(owner, "/workflows/" + ids["unpublished"] + "/runs").status, 409);
    EXPECT_EQ(
        api.db.scalar(
            "select string_agg(action, ' ' order by id) from weft.audit_event where object_kind = 'run'"
        ),
        "run.start run.rerun"
    );
}

}  // namespace
}  // namespace weft::control
