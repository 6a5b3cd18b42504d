// Shared by the tests of this folder.
#include "control/server/detail/test_api.h"
#include "platform/crypto/crypto.h"
#include "store/vault/keys.h"

namespace weft::control::testing {

namespace {

std::unique_ptr<crypto::KeyWrapper> master_key(const std::filesystem::path& path, Rng& rng) {
    auto text = crypto::read_key_file(path, rng);
    return std::move(*crypto::make_key_wrapper(*text));
}

std::string sql_text(std::string_view text) {
    return "'" + std::string(text) + "'";
}

/// Takes the next segment of a path.
std::string_view segment(std::string_view& path) {
    path.remove_prefix(std::min<std::size_t>(1, path.size()));
    const auto end = std::min(path.find('/'), path.size());
    const std::string_view out = path.substr(0, end);
    path.remove_prefix(end);
    return out;
}

bool matches(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = segment(pattern);
        if (wanted != segment(path) && !wanted.starts_with('{')) return false;
    }
    return pattern.empty() && path.empty();
}

const Table::Entry* entry_of(const Table& table, http::Method method, std::string_view target) {
    for (const auto& entry : table.entries()) {
        const bool is_it = entry->operation.method == method &&
                           matches(entry->operation.path, target.substr(0, target.find('?')));
        if (is_it) return entry.get();
    }
    return nullptr;
}

std::string hashed(std::string_view token) {
    return "decode('" + hex(crypto::sha256(token)) + "', 'hex')";
}

}  // namespace

ApiOptions TestApi::without_rates() {
    ApiOptions options;
    options.rates = {.principal = {}, .tenant = {}, .cost = {}};
    return options;
}

TestApi::TestApi(ApiOptions options, std::int64_t value_bytes, std::unique_ptr<scripts::Checker> scripts)
    : checker(std::move(scripts)), values(loop, value_bytes) {
    EXPECT_TRUE(crypto::init());
    folder = std::filesystem::temp_directory_path() / ("weft-api-" + Uuid::v7(clock.now(), rng).text());
    std::filesystem::create_directory(folder);
    shared_master = master_key(folder / "shared.key", rng);
    vault_master = master_key(folder / "vault.key", rng);
    pool = std::make_unique<pg::Pool>(loop, pg::PoolOptions{.url = db.api_url(), .connections_max = 6});
    worker = std::make_unique<pg::Pool>(loop, pg::PoolOptions{.url = db.worker_url(), .connections_max = 2});
    keys = std::make_unique<store::vault::TenantKeys>(
        *pool, *shared_master, clock, store::vault::TenantKeys::Reader::kApi
    );
    vault = std::make_unique<store::vault::Vault>(*worker, *vault_master, clock, rng);
    blobs = std::move(*blob::open_directory(folder / "blobs"));
    codec = std::make_unique<store::runs::PayloadCodec>(*keys, *blobs, clock, rng);
    runs = std::make_unique<store::runs::Runs>(*pool, *codec, values);
    streams = std::move(*blob::open_streams(folder / "blobs"));
    files = std::make_unique<store::files::Files>(*pool, *keys, *streams, clock, rng);
    ApiParts parts{
        .loop = loop,
        .pool = *pool,
        .clock = clock,
        .rng = rng,
        .hasher = hasher,
        .shared_master = *shared_master,
        .device_key = Secret(std::string(32, 'd')),
        .request_key = Secret(std::string(32, 'r')),
        .keys = *keys,
        .runs = *runs,
        .codec = *codec,
        .files = *files,
        .notify = [this](const store::notices::Notice& notice) { notified.push_back(notice); },
        .start_run = [this](StartRequest wanted, rt::Deadline by) { return start(std::move(wanted), by); },
        .log = telemetry::Logger({.level = telemetry::Level::kError}),
        .checker = *checker,
    };
    options.public_url = "http://weft.test";
    options.trusted_proxies = {"10.0.0.9"};
    auto made = Api::make(std::move(parts), std::move(options));
    EXPECT_TRUE(made) << (made ? "" : made.error().detail);
    api = std::move(*made);
    api->mount(router);
}

TestApi::~TestApi() {
    run(api->close());
    run(pool->close());
    run(worker->close());
    std::filesystem::remove_all(folder);
}

rt::Task<Result<http::Response>> TestApi::request(
    Caller caller, http::Method method, std::string target, std::optional<Json> body
) {
    http::Request head;
    head.method = method;
    head.raw_target = target;
    auto parsed = http::Target::parse(target);
    if (!parsed) co_return fail(parsed.error());
    head.target = std::move(*parsed);
    head.peer = head.client = "127.0.0.1";
    head.id = RequestId::make(clock.now(), rng);
    head.headers = caller.extra;
    head.headers.add("host", "weft.test");
    if (!caller.cookie.empty()) {
        head.headers.add("cookie", "theme=dark; __Host-weft_session=" + caller.cookie);
        if (!head.headers.find("x-weft-csrf")) head.headers.add("x-weft-csrf", "1");
    }
    if (!caller.token.empty()) head.headers.add("authorization", "Bearer " + caller.token);
    if (body) head.headers.add("content-type", "application/json");
    if (body) head.body = to_text(*body);
    head.deadline = rt::Deadline::in(std::chrono::seconds(20));
    co_return co_await router.answer(std::move(head));
}

Reply TestApi::read(Result<http::Response> response) const {
    Reply out;
    EXPECT_TRUE(response) << (response ? "" : response.error().user);
    if (!response) return out;
    out.status = response->status;
    out.headers = response->headers;
    out.stream = std::move(response->stream);
    out.stream_length = response->stream_length;
    const std::string& text = response->shared_body ? *response->shared_body : response->body;
    if (auto parsed = parse_json(text, {.bytes_max = 32u << 20, .nodes_max = 4'000'000}))
        out.body = std::move(*parsed);
    return out;
}

Reply TestApi::call(const Caller& caller, http::Method method, std::string target, std::optional<Json> body) {
    Reply reply = read(run(request(caller, method, "/api/v1" + target, std::move(body))));
    // Whatever a test is about: what is answered is what the document says.
    const Table::Entry* entry = entry_of(api->table(), method, target);
    const bool is_whole = reply.status < 300 && reply.status != 206;
    if (entry != nullptr && is_whole) EXPECT_EQ(complaint(*entry, reply), "") << target;
    return reply;
}

std::string TestApi::complaint(const Table::Entry& entry, const Reply& reply) {
    const Operation& operation = entry.operation;
    if (reply.status != operation.status) return "status " + std::to_string(reply.status);
    if (operation.answer.empty()) return "";
    for (const std::string_view secret : {"secret", "token"}) {
        if (!reply.text(secret).empty() && operation.shown_once != secret) return "shows a secret";
    }
    auto known = answers_.find(operation.name);
    if (known == answers_.end()) {
        JsonObject schema = api->table().answer_schema(operation);
        JsonObject definitions = api->table().answers();
        for (const auto& [name, each] : entry.input_schema.at("definitions").get_object())
            definitions[name] = each;
        schema["definitions"] = std::move(definitions);
        auto compiled = schema::Schema::compile(Json(std::move(schema)));
        if (!compiled) return "schema: " + compiled.error().field + ": " + compiled.error().user;
        known = answers_.emplace(std::string(operation.name), std::move(*compiled)).first;
    }
    auto fits = known->second.validate(reply.body);
    return fits ? "" : fits.error().user + " in " + to_text(reply.body).substr(0, 500);
}

std::string TestApi::claim_token() {
    auto link = run(api->ensure_claim_link(soon()));
    EXPECT_TRUE(link && *link);
    return std::string((*link)->reveal());
}

TenantId TestApi::make_tenant(std::string_view name) {
    const TenantId tenant = db.create_tenant(name);
    pg::Batch batch;
    batch.as(pg::Principal::system(pg::SystemRole::kAuth));
    for (auto key_class : {store::vault::KeyClass::kData, store::vault::KeyClass::kIngress}) {
        auto key =
            run(store::vault::make_symmetric_key(tenant, key_class, *shared_master, clock, rng, soon()));
        store::vault::add_key(batch, *key);
    }
    EXPECT_TRUE(run(pool->run(std::move(batch), soon())));
    EXPECT_TRUE(run(vault->ensure_keys(soon())));
    return tenant;
}

Caller TestApi::member(TenantId tenant, std::string_view role) {
    Caller caller{.tenant = tenant, .user = db.create_user(tenant, role), .cookie = "", .token = ""};
    caller.cookie = crypto::make_token(rng).reveal();
    db.exec(
        "insert into weft.session (tenant_id, id, user_id, token_hash, expires_at) values (" +
        sql_text(tenant.text()) + ", gen_random_uuid(), " + sql_text(caller.user.text()) + ", " +
        hashed(caller.cookie) + ", now() + interval '7 days')"
    );
    return caller;
}

Caller TestApi::token_of(const Caller& person, std::string_view role, std::string scopes) {
    Caller caller{.tenant = person.tenant, .user = person.user, .cookie = "", .token = ""};
    caller.token = crypto::make_token(rng).reveal();
    db.exec(
        "insert into weft.api_token (tenant_id, id, name, role, scopes, token_hash, hint, created_by, "
        "expires_at) "
        "values (" +
        sql_text(person.tenant.text()) + ", gen_random_uuid(), 'token', " + sql_text(role) + ", " + scopes +
        ", " + hashed(caller.token) + ", 'weft_', " + sql_text(person.user.text()) +
        ", now() + interval '1 day')"
    );
    return caller;
}

RunId TestApi::make_run(TenantId tenant, const std::string& workflow, std::string state) {
    const auto version =
        db.scalar("select published_version_id from weft.workflow where id = $1", {workflow});
    StartRequest wanted{
        .tenant = tenant,
        .workflow = *WorkflowId::parse(workflow),
        .version = *WorkflowVersionId::parse(version),
        .input = R"({"n": 1})",
        .trigger = "{}",
        .rerun_of = std::nullopt,
    };
    auto made = run(start(std::move(wanted), soon()));
    EXPECT_TRUE(made);
    if (state != "queued") {
        db.exec("delete from weft.job where run_id = " + sql_text(made->run.text()));
        db.exec(
            "update weft.workflow_run set state = " + sql_text(state) +
            ", started_at = now(), finished_at = now() where id = " + sql_text(made->run.text())
        );
    }
    return made->run;
}

RunId TestApi::make_letter(TenantId tenant, const std::string& workflow) {
    const RunId id = make_run(tenant, workflow, "failed");
    db.exec(
        "insert into weft.dead_letter (tenant_id, run_id, reason, workflow_id, failure_kind, error_class, "
        "step_id, "
        "origin_run_id) values (" +
        sql_text(tenant.text()) + ", " + sql_text(id.text()) + ", 'The provider answered 503', " +
        sql_text(workflow) + ", 'provider', 'unavailable', 'two', " + sql_text(id.text()) + ")"
    );
    return id;
}

void TestApi::add_value(TenantId tenant, RunId id, std::string slot, std::string json) {
    auto sealed =
        run(codec->seal(tenant, id, store::runs::ValueSlot::parse(slot).value(), std::move(json), soon()));
    ASSERT_TRUE(sealed) << sealed.error().detail;
    const std::string data = sealed->data ? "decode('" + hex(*sealed->data) + "', 'hex')" : "null";
    const std::string blob = sealed->blob ? sql_text(sealed->blob->text()) : "null";
    db.exec(
        "insert into weft.payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref) "
        "values (" +
        sql_text(tenant.text()) + ", " + sql_text(id.text()) + ", " + sql_text(slot) + ", " +
        std::to_string(sealed->size_bytes) + ", " + std::to_string(sealed->codec) + ", " +
        sql_text(sealed->key_id.text()) + ", " + data + ", " + blob + ")"
    );
}

/// Stands in for data/ingress, which the control plane does not know: the same rows, one statement each.
rt::Task<Result<StartedRun>> TestApi::start(StartRequest request, rt::Deadline by) {
    if (rate_limit_passes.count() > 0) {
        if (request.refused_for != nullptr) *request.refused_for = rate_limit_passes;
        Error error = Error::limit("The workflow's rate-limit is reached");
        error.retry = Retry::kBackoff;
        co_return fail(std::move(error));
    }
    started.push_back(request);
    const auto id = RunId::make(clock.now(), rng);
    if (request.once) {
        const auto& key = request.once->key;
        db.exec(
            "insert into weft.idempotency_key (tenant_id, caller, operation, key, request_hash, object_id) "
            "values (" +
            sql_text(key.tenant.text()) + ", " + sql_text(key.caller.text()) + ", " +
            sql_text(key.operation) + ", " + sql_text(key.key) + ", decode('" +
            hex(request.once->request_hash) + "', 'hex'), " + sql_text(id.text()) + ")"
        );
    }
    for (const auto& [slot, text] :
         {std::pair("input", request.input), std::pair("trigger", request.trigger)}) {
        auto sealed =
            co_await codec->seal(request.tenant, id, store::runs::ValueSlot::parse(slot).value(), text, by);
        if (!sealed) co_return fail(sealed.error());
        db.exec(
            "insert into weft.payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data) values (" +
            sql_text(request.tenant.text()) + ", " + sql_text(id.text()) + ", " + sql_text(slot) + ", " +
            std::to_string(sealed->size_bytes) + ", " + std::to_string(sealed->codec) + ", " +
            sql_text(sealed->key_id.text()) + ", decode('" + hex(*sealed->data) + "', 'hex'))"
        );
    }
    const std::string row = sql_text(request.tenant.text()) + ", " + sql_text(id.text()) + ", " +
                            sql_text(request.workflow.text()) + ", " + sql_text(request.version->text());
    const std::string origin = request.rerun_of ? sql_text(request.rerun_of->text()) : "null";
    db.exec(
        "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id, rerun_of) values (" +
        row + ", " + origin + ")"
    );
    db.exec(
        "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) values (" + row + ")"
    );
    co_return StartedRun{.run = id};
}

World make_world(TestApi& api, const Caller& owner) {
    World world;
    auto& ids = world.ids;
    const auto made = [&](const char* name, const Reply& reply) {
        EXPECT_EQ(reply.status, 201) << name << ": " << to_text(reply.body);
        ids[name] = reply.id();
    };
    const Json manifest =
        *parse_json(R"({"base_url": "https://api.example.com", "auth": {"kind": "api_key", "in": "header",
        "name": "x-api-key"}})");
    const Json action =
        *parse_json(R"({"key": "get-order", "name": "Get an order", "definition": {"method": "GET",
        "path": "/orders/{{ input.id }}", "input": {"type": "object", "required": ["id"],
        "properties": {"id": {"type": "string"}}}}})");
    made("app", api.post(owner, "/apps", JsonObject{{"key", "shop"}, {"name", "Shop"}}));
    const std::string versions = "/apps/" + ids["app"] + "/versions";
    made("published", api.post(owner, versions, JsonObject{{"manifest", manifest}}));
    made("old_action", api.post(owner, "/app-versions/" + ids["published"] + "/actions", action));
    EXPECT_EQ(api.post(owner, "/app-versions/" + ids["published"] + "/publish").status, 200);
    made("draft", api.post(owner, versions, JsonObject{{"major", 2}, {"manifest", manifest}}));
    made("action", api.post(owner, "/app-versions/" + ids["draft"] + "/actions", action));
    made(
        "connection",
        api.post(
            owner,
            "/connections",
            JsonObject{
                {"key", "main-shop"},
                {"name", "Main shop"},
                {"app_id", ids["app"]},
                {"fields", JsonObject{{"api_key", "canary-credential-1"}}},
            }
        )
    );
    const Json definition = *parse_json(R"({"name": "orders", "inputs": {"type": "object", "required": ["n"],
        "properties": {"n": {"type": "integer"}}}, "steps": [
        {"id": "one", "uses": "core/map", "with": {"id": "{{ input.n }}"}},
        {"id": "two", "needs": ["one"], "uses": "shop/get-order@1", "connection": "main-shop",
        "with": {"id": "x"}}]})");
    const JsonObject workflow{{"key", "orders"}, {"name", "Orders"}, {"definition", definition}};
    made("workflow", api.post(owner, "/workflows", workflow));
    made("version", api.post(owner, "/workflows/" + ids["workflow"] + "/publish"));
    made("unpublished", api.post(owner, "/workflows", JsonObject{{"key", "empty"}, {"name", "Empty"}}));
    const Json trigger = *parse_json(
        R"({"kind": "webhook", "name": "Placed", "config": {"signature": {"scheme": "hmac-sha256"}}})"
    );
    made("trigger", api.post(owner, "/workflows/" + ids["workflow"] + "/triggers", trigger));
    const Json alert = *parse_json(
        R"({"name": "Failures", "channel": "webhook", "url": "https://ops.example.com/canary-path"})"
    );
    made("alert", api.post(owner, "/alerts", alert));
    made("token", api.post(owner, "/tokens", JsonObject{{"name", "ci"}, {"role", "viewer"}}));
    made("file", api.post(owner, "/files?name=a.json", JsonObject{{"a", 1}}));
    ids["ended_run"] = api.make_run(owner.tenant, ids["workflow"], "success").text();
    ids["run"] = api.make_run(owner.tenant, ids["workflow"], "queued").text();
    ids["letter"] = api.make_letter(owner.tenant, ids["workflow"]).text();
    return world;
}

std::map<std::string, Call> calls_on(const World& world) {
    using M = http::Method;
    const auto at = [&](const std::string& before, const char* name, const std::string& after = "") {
        return before + world.ids.at(name) + after;
    };
    const Json empty = JsonObject();
    const Json renamed = JsonObject{{"name", "Renamed"}};
    const Json manifest =
        *parse_json(R"({"manifest": {"base_url": "https://evil.example.com", "auth": {"kind": "none"}}})");
    const Json action =
        *parse_json(R"({"key": "new", "name": "New", "definition": {"method": "GET", "path": "/"}})");
    const Json fields = *parse_json(R"({"fields": {"api_key": "other-credential"}})");
    const Json definition = *parse_json(R"({"definition": {"name": "x", "steps": []}})");
    const Json trigger =
        *parse_json(R"({"kind": "webhook", "name": "T", "config": {"signature": {"scheme": "none"}}})");
    const Json connection = JsonObject{
        {"key", "mine"},
        {"name", "Mine"},
        {"app_id", world.ids.at("app")},
        {"fields", JsonObject{{"api_key", "k"}}}
    };
    return {
        {"tokens.delete", {M::kDelete, at("/tokens/", "token"), {}}},
        {"apps.get", {M::kGet, at("/apps/", "app"), {}}},
        {"apps.change", {M::kPatch, at("/apps/", "app"), renamed}},
        {"apps.delete", {M::kDelete, at("/apps/", "app"), {}}},
        {"app_versions.list", {M::kGet, at("/apps/", "app", "/versions"), {}}},
        {"app_versions.create", {M::kPost, at("/apps/", "app", "/versions"), manifest}},
        {"app_versions.get", {M::kGet, at("/app-versions/", "published"), {}}},
        {"app_versions.change", {M::kPatch, at("/app-versions/", "draft"), manifest}},
        {"app_versions.publish", {M::kPost, at("/app-versions/", "draft", "/publish"), empty}},
        {"app_versions.deprecate", {M::kPost, at("/app-versions/", "published", "/deprecate"), empty}},
        {"app_versions.restore", {M::kPost, at("/app-versions/", "published", "/restore"), empty}},
        {"actions.list", {M::kGet, at("/app-versions/", "draft", "/actions"), {}}},
        {"actions.create", {M::kPost, at("/app-versions/", "draft", "/actions"), action}},
        {"actions.get", {M::kGet, at("/actions/", "action"), {}}},
        {"actions.change", {M::kPatch, at("/actions/", "action"), renamed}},
        {"actions.delete", {M::kDelete, at("/actions/", "action"), {}}},
        {"connections.create", {M::kPost, "/connections", connection}},
        {"connections.get", {M::kGet, at("/connections/", "connection"), {}}},
        {"connections.change", {M::kPatch, at("/connections/", "connection"), renamed}},
        {"connections.replace_secret", {M::kPut, at("/connections/", "connection", "/secret"), fields}},
        {"connections.close_circuit", {M::kPost, at("/connections/", "connection", "/close-circuit"), {}}},
        {"connections.delete", {M::kDelete, at("/connections/", "connection"), {}}},
        {"workflows.get", {M::kGet, at("/workflows/", "workflow"), {}}},
        {"workflows.change", {M::kPatch, at("/workflows/", "workflow"), renamed}},
        {"workflows.delete", {M::kDelete, at("/workflows/", "unpublished"), {}}},
        {"workflows.get_draft", {M::kGet, at("/workflows/", "workflow", "/draft"), {}}},
        {"workflows.save_draft", {M::kPut, at("/workflows/", "workflow", "/draft"), definition}},
        {"workflows.validate", {M::kPost, at("/workflows/", "workflow", "/validate"), definition}},
        {"workflows.publish", {M::kPost, at("/workflows/", "workflow", "/publish"), empty}},
        {"workflows.activate", {M::kPost, at("/workflows/", "workflow", "/activate"), empty}},
        {"workflows.deactivate", {M::kPost, at("/workflows/", "workflow", "/deactivate"), empty}},
        {"workflows.archive", {M::kPost, at("/workflows/", "workflow", "/archive"), empty}},
        {"workflows.get_pause", {M::kGet, at("/workflows/", "workflow", "/pause"), {}}},
        {"workflows.resume", {M::kPost, at("/workflows/", "workflow", "/resume"), empty}},
        {"workflows.restore", {M::kPost, at("/workflows/", "workflow", "/restore"), empty}},
        {"workflows.list_versions", {M::kGet, at("/workflows/", "workflow", "/versions"), {}}},
        {"workflow_versions.get", {M::kGet, at("/workflow-versions/", "version"), {}}},
        {"workflows.start",
         {M::kPost, at("/workflows/", "workflow", "/runs"), *parse_json(R"({"input": {"n": 1}})")}},
        {"triggers.list", {M::kGet, at("/workflows/", "workflow", "/triggers"), {}}},
        {"triggers.create", {M::kPost, at("/workflows/", "workflow", "/triggers"), trigger}},
        {"triggers.get", {M::kGet, at("/triggers/", "trigger"), {}}},
        {"triggers.refused", {M::kGet, at("/triggers/", "trigger", "/refused"), {}}},
        {"triggers.health", {M::kGet, at("/triggers/", "trigger", "/health"), {}}},
        {"triggers.history", {M::kGet, at("/triggers/", "trigger", "/history"), {}}},
        {"triggers.sample", {M::kGet, at("/triggers/", "trigger", "/sample"), {}}},
        {"triggers.capture", {M::kPost, at("/triggers/", "trigger", "/capture"), empty}},
        {"triggers.change", {M::kPatch, at("/triggers/", "trigger"), renamed}},
        {"triggers.delete", {M::kDelete, at("/triggers/", "trigger"), {}}},
        {"triggers.activate", {M::kPost, at("/triggers/", "trigger", "/activate"), empty}},
        {"triggers.deactivate", {M::kPost, at("/triggers/", "trigger", "/deactivate"), empty}},
        {"triggers.rotate", {M::kPost, at("/triggers/", "trigger", "/rotate"), JsonObject{{"what", "token"}}}
        },
        {"runs.get", {M::kGet, at("/runs/", "run"), {}}},
        {"runs.steps", {M::kGet, at("/runs/", "run", "/steps"), {}}},
        {"runs.get_step", {M::kGet, at("/runs/", "run", "/steps/one"), {}}},
        {"runs.value", {M::kGet, at("/runs/", "run", "/value?of=input"), {}}},
        {"runs.value_shape", {M::kGet, at("/runs/", "run", "/value/shape?of=input"), {}}},
        {"runs.logs", {M::kGet, at("/runs/", "run", "/logs"), {}}},
        {"runs.events", {M::kGet, at("/runs/", "run", "/events"), {}}},
        {"runs.cancel", {M::kPost, at("/runs/", "run", "/cancel"), empty}},
        {"runs.rerun", {M::kPost, at("/runs/", "ended_run", "/rerun"), empty}},
        {"workflows.test",
         {M::kPost,
          at("/workflows/", "workflow", "/test"),
          JsonObject{{"input", JsonObject{{"n", 1}}}, {"until", "one"}}}},
        {"runs.preview_rerun", {M::kGet, at("/runs/", "ended_run", "/rerun"), {}}},
        {"runs.rerun_many", {M::kPost, "/runs/rerun", JsonObject{{"workflow_id", world.ids.at("workflow")}}}},
        {"dead_letters.get", {M::kGet, at("/dead-letters/", "letter"), {}}},
        {"dead_letters.drop", {M::kPost, at("/dead-letters/", "letter", "/drop"), empty}},
        {"dead_letters.drop_many",
         {M::kPost, "/dead-letters/drop", JsonObject{{"run_ids", JsonArray{world.ids.at("letter")}}}}},
        {"files.get", {M::kGet, at("/files/", "file"), {}}},
        {"files.download", {M::kGet, at("/files/", "file", "/content"), {}}},
        {"files.delete", {M::kDelete, at("/files/", "file"), {}}},
        {"alerts.get", {M::kGet, at("/alerts/", "alert"), {}}},
        {"alerts.change", {M::kPatch, at("/alerts/", "alert"), renamed}},
        {"alerts.delete", {M::kDelete, at("/alerts/", "alert"), {}}},
        {"alerts.enable", {M::kPost, at("/alerts/", "alert", "/enable"), empty}},
        {"alerts.disable", {M::kPost, at("/alerts/", "alert", "/disable"), empty}},
        {"alerts.test", {M::kPost, at("/alerts/", "alert", "/test"), empty}},
        {"alerts.rotate_secret", {M::kPost, at("/alerts/", "alert", "/secret"), empty}},
        {"approvals.get", {M::kGet, at("/runs/", "run", "/approvals/ask"), {}}},
        {"approvals.file", {M::kGet, at("/runs/", "run", "/approvals/ask/files/" + world.ids.at("run")), {}}},
        {"approvals.decide", {M::kPost, at("/runs/", "run", "/approvals/ask"), JsonObject{{"approved", true}}}
        },
    };
}

}  // namespace weft::control::testing
