#include "control/server/detail/test_api.h"

#include <set>

namespace weft::control {
namespace {

using testing::Call;
using testing::Caller;
using testing::Reply;
using testing::TestApi;

/// The policy, written by hand and not read from the code: who may call what. Letters: o owner, a admin, b
/// builder, v viewer, p everybody (no credential needed). A new operation needs a row here.
const std::map<std::string, std::string> kPolicy{
    {"auth.status", "p"},
    {"auth.claim", "p"},
    {"auth.login", "p"},
    {"auth.logout", "p"},
    {"openapi", "p"},
    {"tokens.list", "oabv"},
    {"tokens.create", "oabv"},
    {"tokens.delete", "oabv"},
    {"apps.list", "oabv"},
    {"apps.create", "oab"},
    {"apps.get", "oabv"},
    {"apps.change", "oab"},
    {"apps.delete", "oab"},
    {"app_versions.list", "oabv"},
    {"app_versions.create", "oab"},
    {"app_versions.get", "oabv"},
    {"app_versions.change", "oab"},
    {"app_versions.publish", "oab"},
    {"app_versions.deprecate", "oab"},
    {"app_versions.restore", "oab"},
    {"actions.list", "oabv"},
    {"actions.create", "oab"},
    {"actions.get", "oabv"},
    {"actions.change", "oab"},
    {"actions.delete", "oab"},
    {"connections.list", "oabv"},
    {"connections.create", "oab"},
    {"connections.get", "oabv"},
    {"connections.change", "oab"},
    {"connections.replace_secret", "oab"},
    {"connections.close_circuit", "oab"},
    {"connections.delete", "oab"},
    {"workflows.list", "oabv"},
    {"workflows.create", "oab"},
    {"workflows.import_n8n", "oab"},
    {"workflows.get", "oabv"},
    {"workflows.change", "oab"},
    {"workflows.delete", "oab"},
    {"workflows.get_draft", "oabv"},
    {"workflows.save_draft", "oab"},
    {"workflows.validate", "oabv"},
    {"workflows.publish", "oab"},
    {"workflows.activate", "oab"},
    {"workflows.deactivate", "oab"},
    {"workflows.archive", "oab"},
    {"workflows.get_pause", "oabv"},
    {"workflows.resume", "oab"},
    {"workflows.restore", "oab"},
    {"workflows.list_versions", "oabv"},
    {"workflow_versions.get", "oabv"},
    {"workflows.start", "oab"},
    {"triggers.list", "oabv"},
    {"triggers.create", "oab"},
    {"triggers.get", "oabv"},
    {"triggers.refused", "oabv"},
    {"triggers.health", "oabv"},
    {"triggers.history", "oabv"},
    {"triggers.sample", "oabv"},
    {"triggers.capture", "oab"},
    {"triggers.change", "oab"},
    {"triggers.delete", "oab"},
    {"triggers.activate", "oab"},
    {"triggers.deactivate", "oab"},
    {"triggers.rotate", "oab"},
    {"schedules.zones", "oabv"},
    {"schedules.preview", "oabv"},
    {"runs.list", "oabv"},
    {"runs.get", "oabv"},
    {"runs.steps", "oabv"},
    {"runs.get_step", "oabv"},
    {"runs.value", "oabv"},
    {"runs.value_shape", "oabv"},
    {"runs.logs", "oabv"},
    {"runs.events", "oabv"},
    {"runs.cancel", "oab"},
    {"workflows.test", "oab"},
    {"runs.rerun", "oab"},
    {"runs.preview_rerun", "oab"},
    {"runs.rerun_many", "oab"},
    {"usage.list", "oabv"},
    {"quotas.list", "oabv"},
    {"dead_letters.list", "oabv"},
    {"dead_letters.get", "oabv"},
    {"dead_letters.drop", "oab"},
    {"dead_letters.drop_many", "oab"},
    {"events.send", "oab"},
    {"files.list", "oabv"},
    {"files.get", "oabv"},
    {"files.download", "oabv"},
    {"files.upload", "oab"},
    {"files.delete", "oab"},
    {"approvals.list", "oabv"},
    {"approvals.get", "oabv"},
    {"approvals.decide", "oabv"},
    {"approvals.file", "oabv"},
    {"alerts.list", "oabv"},
    {"alerts.create", "oab"},
    {"alerts.get", "oabv"},
    {"alerts.change", "oab"},
    {"alerts.delete", "oab"},
    {"alerts.enable", "oab"},
    {"alerts.disable", "oab"},
    {"alerts.test", "oab"},
    {"alerts.rotate_secret", "oab"},
    {"live", "oabv"},
};

/// The operation's path with ids that nothing has: what matters here is who gets past the door.
Reply knock(TestApi& api, const Caller& caller, const Operation& operation) {
    std::string path(operation.path);
    for (std::size_t at = 0; (at = path.find('{')) != std::string::npos;) {
        const auto end = path.find('}', at);
        const bool is_id = path.substr(at, end - at + 1) == "{id}";
        path.replace(at, end - at + 1, is_id ? "01890000-0000-7000-8000-000000000000" : "one");
    }
    const bool has_body = operation.method != http::Method::kGet && operation.method != http::Method::kDelete;
    return api.call(
        caller, operation.method, path, has_body ? std::optional<Json>(JsonObject()) : std::nullopt
    );
}

TEST(Authorization, EveryOperationHasARowInThePolicyAndEveryRowAnOperation) {
    TestApi api;
    for (const auto& entry : api.api->table().entries()) {
        EXPECT_TRUE(kPolicy.contains(std::string(entry->operation.name))) << entry->operation.name;
    }
    EXPECT_EQ(kPolicy.size(), api.api->table().entries().size());
}

TEST(Authorization, FourRolesTimesEveryOperationObeysThePolicy) {
    TestApi api;
    const auto tenant = api.make_tenant("A");
    const std::map<char, std::string> roles{
        {'o', "owner"}, {'a', "admin"}, {'b', "builder"}, {'v', "viewer"}
    };
    int cells = 0;
    for (const auto& [letter, role] : roles) {
        const Caller person = api.member(tenant, role);
        const Caller token = api.token_of(person, role);
        for (const auto& entry : api.api->table().entries()) {
            const Operation& operation = entry->operation;
            const std::string& allowed = kPolicy.at(std::string(operation.name));
            if (operation.name == "auth.logout") continue;  // would end the session under test
            const bool may = allowed == "p" || allowed.find(letter) != std::string::npos;
            for (const Caller& caller : {person, token}) {
                if (!caller.token.empty() && operation.name == "tokens.create") continue;  // sessions only
                const Reply reply = knock(api, caller, operation);
                if (operation.name == "auth.login" || operation.name == "auth.claim") {
                    EXPECT_EQ(reply.status, 422) << operation.name;
                } else if (may) {
                    EXPECT_TRUE(reply.status != 401 && reply.status != 403) << role << " " << operation.name;
                    EXPECT_LT(reply.status, 500) << role << " " << operation.name << to_text(reply.body);
                } else {
                    EXPECT_EQ(reply.status, 403) << role << " " << operation.name;
                }
                ++cells;
            }
        }
    }
    RecordProperty("cells", cells);
}

TEST(Authorization, NobodyGetsNothingThatIsNotPublic) {
    TestApi api;
    api.make_tenant("A");
    Caller stranger;
    stranger.token = "weft_" + std::string(43, 'A');
    Caller forger;
    forger.cookie = stranger.token;
    for (const auto& entry : api.api->table().entries()) {
        const Operation& operation = entry->operation;
        if (kPolicy.at(std::string(operation.name)) == "p") continue;
        for (const Caller& caller : {TestApi::nobody(), stranger, forger}) {
            const Reply reply = knock(api, caller, operation);
            EXPECT_EQ(reply.status, 401) << operation.name;
            EXPECT_TRUE(reply.headers.find("www-authenticate")) << operation.name;
        }
    }
}

TEST(Authorization, ATokenIsNarrowedByScopesAndByItsMakersRoleNow) {
    TestApi api;
    const auto tenant = api.make_tenant("A");
    const Caller owner = api.member(tenant, "owner");
    const Caller scoped = api.token_of(owner, "owner", "'{app.read}'");
    EXPECT_EQ(api.get(scoped, "/apps").status, 200);
    EXPECT_EQ(api.get(scoped, "/workflows").status, 403);
    EXPECT_EQ(api.post(scoped, "/apps", JsonObject{{"key", "x"}, {"name", "X"}}).status, 403);

    const Caller builder = api.member(tenant, "builder");
    const Caller token = api.token_of(builder, "builder");
    EXPECT_EQ(api.post(token, "/apps", JsonObject{{"key", "one"}, {"name", "X"}}).status, 201);
    api.db.exec("update weft.membership set role = 'viewer' where user_id = '" + builder.user.text() + "'");
    EXPECT_EQ(api.post(token, "/apps", JsonObject{{"key", "two"}, {"name", "X"}}).status, 403);
    EXPECT_EQ(api.get(token, "/apps").status, 200);
    api.db.exec("update weft.app_user set disabled_at = now() where id = '" + builder.user.text() + "'");
    EXPECT_EQ(api.get(token, "/apps").status, 401);
    EXPECT_EQ(api.get(builder, "/apps").status, 401);
}

TEST(Authorization, TokensCannotExceedTheirMakerNorMakeTokens) {
    TestApi api;
    const auto tenant = api.make_tenant("A");
    const Caller builder = api.member(tenant, "builder");
    EXPECT_EQ(api.post(builder, "/tokens", JsonObject{{"name", "x"}, {"role", "admin"}}).status, 403);
    const Reply made = api.post(builder, "/tokens", JsonObject{{"name", "x"}, {"role", "viewer"}});
    ASSERT_EQ(made.status, 201);
    Caller token;
    token.token = made.text("token");
    EXPECT_TRUE(token.token.starts_with("weft_"));
    EXPECT_EQ(api.get(token, "/apps").status, 200);
    EXPECT_EQ(api.post(token, "/tokens", JsonObject{{"name", "y"}, {"role", "viewer"}}).status, 403);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.api_token where token_hash::text like '%weft%'"), "0");
    const Reply listed = api.get(builder, "/tokens");
    EXPECT_EQ(to_text(listed.body).find(token.token), std::string::npos);
    // Revocation holds on the next request.
    EXPECT_EQ(api.call(builder, http::Method::kDelete, "/tokens/" + made.id()).status, 204);
    EXPECT_EQ(api.get(token, "/apps").status, 401);
    // Others' tokens: visible to an admin, not to a builder.
    const Caller other = api.member(tenant, "builder");
    const Reply mine = api.post(builder, "/tokens", JsonObject{{"name", "z"}, {"role", "viewer"}});
    EXPECT_EQ(api.call(other, http::Method::kDelete, "/tokens/" + mine.id()).status, 404);
    EXPECT_EQ(api.get(other, "/tokens").body.at("items").get_array().size(), 0u);
    const Caller admin = api.member(tenant, "admin");
    EXPECT_EQ(api.get(admin, "/tokens").body.at("items").get_array().size(), 1u);
}

/// A hash over all rows of a tenant, table by table.
std::string rows_of(TestApi& api, TenantId tenant) {
    std::string all;
    for (const char* table :
         {"app",
          "app_version",
          "action",
          "connection",
          "workflow",
          "workflow_draft",
          "workflow_version",
          "trigger",
          "alert_rule",
          "workflow_run",
          "job",
          "payload",
          "run_event",
          "step_run",
          "run_wait",
          "kept_event",
          "approval_decision",
          "api_token",
          "session",
          "membership",
          "tenant_key",
          "tenant_queue",
          "audit_event",
          "idempotency_key"}) {
        all += std::string(table) + " " +
               api.db.scalar(
                   "select md5(coalesce(string_agg(md5(t::text), '' order by t::text), '')) from weft." +
                       std::string(table) + " t where tenant_id = $1",
                   {tenant.text()}
               ) +
               "\n";
    }
    return all;
}

TEST(TenantSweep, EveryIdOfAnotherTenantIsNotFoundAndNothingChanges) {
    TestApi api;
    const Caller owner_a = api.member(api.make_tenant("A"), "owner");
    const Caller owner_b = api.member(api.make_tenant("B"), "owner");
    const Caller token_a = api.token_of(owner_a, "owner");
    // A has the same things under the same keys: an answer from A's rows must not look like one from B's.
    make_world(api, owner_a);
    const auto world_b = make_world(api, owner_b);
    const auto calls = calls_on(world_b);
    for (const auto& entry : api.api->table().entries()) {
        const bool takes_id = entry->operation.path.find('{') != std::string_view::npos;
        if (takes_id)
            EXPECT_TRUE(calls.contains(std::string(entry->operation.name))) << entry->operation.name;
    }
    const std::string before = rows_of(api, owner_b.tenant);
    const auto started = api.started.size();
    for (const auto& [name, call] : calls) {
        for (const Caller& caller : {owner_a, token_a}) {
            const Reply reply = api.call(caller, call.method, call.target, call.body);
            EXPECT_EQ(reply.status, 404) << name << " " << to_text(reply.body);
        }
    }
    EXPECT_EQ(rows_of(api, owner_b.tenant), before);
    EXPECT_EQ(api.started.size(), started);
    // Lists of A hold nothing of B.
    for (const char* list : {"/apps", "/connections", "/workflows", "/runs", "/tokens"}) {
        const std::string text = to_text(api.get(token_a, list).body);
        for (const auto& [name, id] : world_b.ids)
            EXPECT_EQ(text.find(id), std::string::npos) << list << name;
    }
    const auto filter = "/runs?workflow_id=" + world_b.ids.at("workflow");
    EXPECT_EQ(api.get(token_a, filter).body.at("items").get_array().size(), 0u);
    // Negative control: B itself gets past the door with the very same calls, and its rows do change.
    for (const char* name :
         {"apps.get", "connections.get", "runs.get", "triggers.get", "apps.change", "runs.cancel"}) {
        const Call& call = calls.at(name);
        EXPECT_LT(api.call(owner_b, call.method, call.target, call.body).status, 300) << name;
    }
    EXPECT_NE(rows_of(api, owner_b.tenant), before);
}

TEST(Answers, EveryOperationAnswersWhatTheDocumentSays) {
    TestApi api;
    const Caller owner = api.member(api.make_tenant("A"), "owner");
    // A world for each noun, and where an operation undoes what the next one needs. The check is
    // TestApi::call's.
    const std::set<std::string> afresh{
        "workflows.publish", "workflows.start", "triggers.activate", "alerts.enable"
    };
    Caller caller = owner;
    std::map<std::string, Call> calls;
    std::string noun;
    for (const auto& entry : api.api->table().entries()) {
        const std::string name(entry->operation.name);
        const std::string its = name.substr(0, name.find('.'));
        if (its != noun || afresh.contains(name)) {
            caller = api.member(api.make_tenant(name), "owner");
            calls = calls_on(make_world(api, caller));
            noun = its;
        }
        if (name == "triggers.rotate") {
            api.post(caller, calls.at(name).target, JsonObject{{"what", "secret"}});
        }
        const auto found = calls.find(name);
        if (found == calls.end() || name == "files.download") continue;  // a row has no bytes: see FilesApi
        const Reply reply = api.call(caller, found->second.method, found->second.target, found->second.body);
        const std::map<std::string, int> others{
            {"runs.get_step", 404},
            {"apps.delete", 409},
            {"approvals.get", 404},
            {"approvals.decide", 404},
            {"approvals.file", 404}
        };
        const int expected = others.contains(name) ? others.at(name) : entry->operation.status;
        EXPECT_EQ(reply.status, expected) << name << to_text(reply.body);
    }
    make_world(api, owner);
    for (const char* list : {"/apps", "/connections", "/workflows", "/runs", "/tokens", "/auth/status"}) {
        EXPECT_EQ(api.get(owner, list).status, 200);
    }
    // Negative control: an answer with a member too few or too many is told.
    const Table::Entry& entry = *api.api->table().find("workflows.get");
    Reply reply = api.get(owner, "/workflows");
    reply.body = Json(reply.body.at("items").at(0));
    EXPECT_EQ(api.complaint(entry, reply), "");
    reply.body.get_object()["more"] = 1;
    EXPECT_NE(api.complaint(entry, reply), "");
    reply.body.get_object().erase("more");
    reply.body.get_object().erase("state");
    EXPECT_NE(api.complaint(entry, reply), "");
}

TEST(TenantSweep, TheTenantComesFromTheCredentialOnly) {
    TestApi api;
    const Caller owner_a = api.member(api.make_tenant("A"), "owner");
    const auto tenant_b = api.make_tenant("B");
    JsonObject body{{"key", "x"}, {"name", "X"}, {"tenant_id", tenant_b.text()}};
    const Reply refused = api.post(owner_a, "/apps", body);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.text("field"), "tenant_id");
    EXPECT_EQ(api.get(owner_a, "/apps?tenant_id=" + tenant_b.text()).status, 422);
    const Caller header =
        owner_a.with("x-tenant-id", tenant_b.text()).with("x-hasura-tenant-id", tenant_b.text());
    EXPECT_EQ(api.post(header, "/apps", JsonObject{{"key", "x"}, {"name", "X"}}).status, 201);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.app where tenant_id = $1", {tenant_b.text()}), "0");
}

}  // namespace
}  // namespace weft::control
