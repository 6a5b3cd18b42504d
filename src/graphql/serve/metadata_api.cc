#include "graphql/execute/errors.h"
#include "graphql/serve/detail/edits.h"
#include "graphql/serve/detail/endpoint.h"
#include "graphql/serve/detail/incoming.h"
#include "graphql/serve/detail/metadata_store.h"
#include "platform/http/router.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <map>
#include <utility>

namespace weft::graphql {

namespace {

constexpr std::size_t kMetadataBytesMax = 16u << 20;  // metadata of thousands of tables
constexpr auto kTimeout = std::chrono::seconds(120);
constexpr int kBulkDepthMax = 4;
constexpr std::size_t kBulkMax = 5'000;

using Allows = detail::MetadataStore::Allows;

/// {"path","error","code"}: how everything but GraphQL says what went wrong.
http::Response refuse(int status, const Failure& failure) {
    JsonObject body{{"path", failure.path}, {"error", failure.message}, {"code", failure.code}};
    if (!failure.internal.is_null()) body["internal"] = failure.internal;
    return http::Response::json(status, to_text(body));
}

/// Who is known but may not: 400, as in Hasura; who is not known: 401.
int status_of(const Failure& failure) {
    if (failure.code == kRateLimitExceeded) return 429;
    return failure.code == "access-denied" ? 401 : 400;
}

Json success() {
    return JsonObject{{"message", "success"}};
}

/// A query's answer as rows of texts, the names first.
Json rows_of(const pg::ScriptAnswer& answer) {
    if (!answer.has_rows) return JsonObject{{"result_type", "CommandOk"}, {"result", nullptr}};
    JsonArray rows;
    JsonArray names;
    for (const std::string& column : answer.columns) names.emplace_back(column);
    rows.push_back(std::move(names));
    for (const auto& row : answer.rows) {
        JsonArray values;
        // Hasura has no null here: the text "NULL" stands for it.
        for (const auto& value : row) values.emplace_back(value ? *value : std::string("NULL"));
        rows.push_back(std::move(values));
    }
    return JsonObject{{"result_type", "TuplesOk"}, {"result", std::move(rows)}};
}

Failure sql_failure(const pg::ServerError& error, std::string_view text) {
    const auto or_null = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    Failure out{.message = "query execution failed", .code = "postgres-error", .path = "$.args"};
    out.internal = JsonObject{
        {"statement", text},
        {"prepared", false},
        {"error",
         JsonObject{
             {"exec_status", "FatalError"},
             {"hint", or_null(error.hint)},
             {"message", error.message},
             {"status_code", error.sqlstate},
             {"description", or_null(error.detail)},
         }},
        {"arguments", JsonArray()},
    };
    return out;
}

bool flag(const JsonObject& arguments, std::string_view key) {
    const Json* found = arguments.if_contains(key);
    return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace

struct MetadataApi::Impl {
    Impl(
        rt::Loop& on,
        pg::Pool& of,
        Engine& with,
        Live& live,
        Authenticate asks,
        ModelOptions options,
        http::SiteRule rule
    )
        : pool(of),
          engine(with),
          authenticate(std::move(asks)),
          site(std::move(rule)),
          store(on, of, with, live, options) {}

    using Done = Outcome<Json>;
    rt::Task<Result<http::Response>> command(http::Request request);
    rt::Task<Done> run(Json command, int depth, rt::Deadline by);
    rt::Task<Done> bulk(Json arguments, int depth, rt::Deadline by);
    rt::Task<Done> edit(std::string type, Json arguments, rt::Deadline by);
    rt::Task<Done> replace(Json arguments, std::int64_t version, rt::Deadline by);
    rt::Task<Done> drop_inconsistent(rt::Deadline by);
    rt::Task<Done> run_sql(Json arguments, rt::Deadline by);
    Done read(std::string_view type, std::int64_t version) const;

    rt::Task<Result<http::Response>> explain(http::Request request);
    rt::Task<Outcome<JsonArray>> plan_lines(
        std::string sql, std::vector<std::optional<std::string>> values, rt::Deadline by
    );
    rt::Task<Result<http::Response>> health(http::Request request);
    /// The gate of all that is the admin's: who asks is known before the body is read.
    rt::Task<Result<http::Pass>> admit(http::Request head);

    pg::Pool& pool;
    Engine& engine;
    Authenticate authenticate;
    http::SiteRule site;
    detail::MetadataStore store;
};

rt::Task<Result<http::Pass>> MetadataApi::Impl::admit(http::Request head) {
    http::Pass pass;
    auto handshake = std::make_shared<const http::Handshake>(site, head);
    if (handshake->site() == http::Site::kForeign) {
        pass.refusal = refuse(403, detail::foreign_page());
        co_return pass;
    }
    Presented nothing;
    auto asker = co_await authenticate(std::move(handshake), std::move(nothing), http::Look::kEntry);
    if (!asker) {
        pass.refusal = refuse(status_of(asker.error()), asker.error());
        if (pass.refusal->status == 429) pass.refusal->headers.add("retry-after", "1");
    } else if (!asker->session.is_admin()) {
        const Failure other{
            .message = "restricted access : admin only", .code = "access-denied", .path = "$.args"
        };
        pass.refusal = refuse(400, other);
    } else {
        pass.share = asker->session.rate_key;
    }
    co_return pass;
}

MetadataApi::Impl::Done MetadataApi::Impl::read(std::string_view type, std::int64_t version) const {
    if (type == "export_metadata") {
        if (version < 2) return store.document();
        return JsonObject{{"resource_version", store.version()}, {"metadata", store.document()}};
    }
    return JsonObject{
        {"is_consistent", store.is_consistent()}, {"inconsistent_objects", store.inconsistencies()}
    };
}

rt::Task<MetadataApi::Impl::Done> MetadataApi::Impl::replace(
    Json arguments, std::int64_t version, rt::Deadline by
) {
    const JsonObject* object = arguments.if_object();
    const bool is_wrapped = version >= 2 || (object != nullptr && object->contains("metadata"));
    if (object == nullptr) co_return failure("parse-failed", "expected Object", "$.args");
    const bool allows = is_wrapped && flag(*object, "allow_inconsistent_metadata");
    const Allows what = allows ? Allows::kAnything : Allows::kNothing;
    auto done = co_await store.replace_document(std::move(arguments), what, std::move(by));
    if (!done) co_return std::unexpected(std::move(done).error());
    if (version < 2) co_return success();
    co_return read("get_inconsistent_metadata", version);
}

rt::Task<MetadataApi::Impl::Done> MetadataApi::Impl::edit(std::string type, Json arguments, rt::Deadline by) {
    JsonObject document = store.document();
    const auto done = detail::edit(document, type, arguments);
    if (!done) co_return failure("parse-failed", "unknown metadata command \"" + type + "\"", "$.type");
    if (!*done) co_return std::unexpected(done->error());
    const bool cascades = arguments.is_object() && flag(arguments.get_object(), "cascade");
    const Allows allows = cascades ? Allows::kAnything : Allows::kWhatWas;
    auto replaced = co_await store.replace_document(std::move(document), allows, by);
    if (!replaced) co_return std::unexpected(std::move(replaced).error());
    // What hung on the object that is gone goes, too.
    if (cascades) co_return co_await drop_inconsistent(std::move(by));
    co_return success();
}

rt::Task<MetadataApi::Impl::Done> MetadataApi::Impl::drop_inconsistent(rt::Deadline by) {
    // What hangs on a dropped object may become inconsistent in turn; a round drops at least one.
    for (int round = 0; round < 10 && !store.is_consistent(); ++round) {
        JsonObject document = store.document();
        bool has_dropped = false;
        const auto model = engine.model();
        for (const Inconsistency& one : model->inconsistencies()) {
            has_dropped |= detail::drop_object(document, one.name);
        }
        if (!has_dropped) break;
        auto done = co_await store.replace_document(std::move(document), Allows::kAnything, by);
        if (!done) co_return std::unexpected(std::move(done).error());
    }
    co_return success();
}

rt::Task<MetadataApi::Impl::Done> MetadataApi::Impl::run_sql(Json arguments, rt::Deadline by) {
    const JsonObject* object = arguments.if_object();
    const Json* sql = object == nullptr ? nullptr : object->if_contains("sql");
    if (sql == nullptr || !sql->is_string())
        co_return failure("parse-failed", "key \"sql\" not found", "$.args");
    std::string text(sql->get_string());
    const bool is_read_only = flag(*object, "read_only");
    const auto access = is_read_only ? pg::Pool::Access::kReadOnly : pg::Pool::Access::kReadWrite;
    pg::ServerError failed;
    auto answer = co_await pool.script(text, access, by, &failed);
    if (!answer) {
        co_return std::unexpected(
            failed.sqlstate.empty() ? to_failure(answer.error(), true) : sql_failure(failed, text)
        );
    }
    if (!is_read_only) {
        auto reloaded = co_await store.reload(by);
        if (!reloaded) co_return std::unexpected(std::move(reloaded).error());
        if (flag(*object, "cascade")) {
            auto dropped = co_await drop_inconsistent(by);
            if (!dropped) co_return dropped;
        }
    }
    co_return rows_of(*answer);
}

rt::Task<MetadataApi::Impl::Done> MetadataApi::Impl::bulk(Json arguments, int depth, rt::Deadline by) {
    if (!arguments.is_array()) co_return failure("parse-failed", "expected Array", "$.args");
    if (depth >= kBulkDepthMax || arguments.get_array().size() > kBulkMax) {
        co_return failure("bad-request", "this is too much for one request; send it in parts", "$.args");
    }
    const JsonObject before = store.document();
    JsonArray out;
    for (Json& command : arguments.get_array()) {
        auto done = co_await run(std::move(command), depth + 1, by);
        if (!done) {
            done.error().path.insert(1, ".args[" + std::to_string(out.size()) + "]");
            // All or nothing, as far as metadata go: what SQL has changed stays.
            (void)co_await store.replace_document(before, Allows::kAnything, rt::Deadline::in(kTimeout));
            co_return done;
        }
        out.push_back(std::move(*done));
    }
    co_return Json(std::move(out));
}

rt::Task<MetadataApi::Impl::Done> MetadataApi::Impl::run(Json command, int depth, rt::Deadline by) {
    if (!command.is_object()) co_return failure("parse-failed", "expected Object");
    JsonObject& object = command.get_object();
    const std::string type(text_or(object, "type"));
    const std::int64_t version = int_or(object, "version", 1);
    if (type.empty()) co_return failure("parse-failed", "key \"type\" not found");
    Json arguments = object.contains("args") ? std::move(object["args"]) : Json(JsonObject());
    if (type == "bulk" || type == "concurrent_bulk")
        co_return co_await bulk(std::move(arguments), depth, std::move(by));
    if (type == "run_sql" || type == "pg_run_sql")
        co_return co_await run_sql(std::move(arguments), std::move(by));
    if (type == "replace_metadata") co_return co_await replace(std::move(arguments), version, std::move(by));
    if (type == "export_metadata" || type == "get_inconsistent_metadata") co_return read(type, version);
    if (type == "drop_inconsistent_metadata") co_return co_await drop_inconsistent(std::move(by));
    if (type == "reload_metadata") {
        auto done = co_await store.reload(std::move(by));
        if (!done) co_return std::unexpected(std::move(done).error());
        JsonObject out{{"message", "success"}, {"is_consistent", store.is_consistent()}};
        if (!store.is_consistent()) out["inconsistent_objects"] = store.inconsistencies();
        co_return Json(std::move(out));
    }
    if (type == "clear_metadata") {
        auto done = co_await store.replace(metadata::Metadata(), Allows::kNothing, std::move(by));
        if (!done) co_return std::unexpected(std::move(done).error());
        co_return success();
    }
    co_return co_await edit(type, std::move(arguments), std::move(by));
}

rt::Task<Result<http::Response>> MetadataApi::Impl::command(http::Request request) {
    auto read = [&] { return parse_json(request.body, {.bytes_max = kMetadataBytesMax, .depth_max = 128}); };
    auto body = co_await rt::offload(request.body.size(), read);
    if (!body) co_return refuse(400, Failure{.message = body.error().user, .code = "invalid-json"});
    auto done = co_await run(std::move(*body), 0, std::move(request.deadline));
    if (!done) co_return refuse(400, done.error());
    co_return http::Response::json(200, to_text(*done));
}

rt::Task<Outcome<JsonArray>> MetadataApi::Impl::plan_lines(
    std::string sql, std::vector<std::optional<std::string>> values, rt::Deadline by
) {
    pg::Params params;
    for (const auto& value : values) params.add(value);
    const std::string text = "explain " + sql;
    pg::Batch batch;
    batch.as(pg::Principal::login()).add({"", text}, std::move(params));
    pg::ServerError failed;
    auto rows = co_await pool.run(std::move(batch), std::move(by), &failed);
    if (!rows) {
        co_return std::unexpected(
            failed.sqlstate.empty() ? to_failure(rows.error(), true) : to_failure(failed, "$", true)
        );
    }
    JsonArray out;
    for (int row = 0; row < rows->front().size(); ++row) out.emplace_back(rows->front().text(row, 0));
    co_return out;
}

rt::Task<Result<http::Response>> MetadataApi::Impl::explain(http::Request request) {
    auto read = [&] { return parse_json(request.body); };
    auto body = co_await rt::offload(request.body.size(), read);
    if (!body || !body->is_object() || !body->get_object().contains("query")) {
        co_return refuse(400, Failure{.message = "key \"query\" not found", .code = "parse-failed"});
    }
    auto wanted = detail::read_request(body->get_object()["query"]);
    if (!wanted) co_return refuse(400, wanted.error());
    Session session{.role = "admin"};
    if (const Json* user = body->get_object().if_contains("user"); user != nullptr && user->is_object()) {
        for (const auto& [name, value] : user->get_object()) {
            std::string key(name);
            std::ranges::transform(key, key.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            });
            if (value.is_string()) session.variables[key] = value.get_string();
        }
    }
    if (const auto role = session.variables.find("x-hasura-role"); role != session.variables.end()) {
        session.role = role->second;
    }
    auto ready = engine.prepare(*wanted, session);
    if (!ready) co_return refuse(400, ready.error());
    const Prepared& prepared = *ready->prepared;
    if (prepared.plan->kind == OperationKind::kMutation) {
        co_return refuse(400, Failure{.message = "only queries can be explained", .code = "invalid-params"});
    }
    if (prepared.statement.text.empty()) co_return http::Response::json(200, "[]");
    auto values = engine.bind(prepared.statement, ready->variables, session);
    if (!values) co_return refuse(400, values.error());
    auto lines = co_await plan_lines(prepared.statement.text, *values, std::move(request.deadline));
    if (!lines) co_return refuse(400, lines.error());
    JsonArray parameters;
    for (const auto& value : *values) parameters.push_back(value ? Json(*value) : Json());
    JsonObject entry{
        {"field", prepared.plan->roots.front().key},
        {"sql", prepared.statement.text},
        {"plan", std::move(*lines)},
        {"parameters", std::move(parameters)},
    };
    co_return http::Response::json(200, to_text(JsonArray{std::move(entry)}));
}

rt::Task<Result<http::Response>> MetadataApi::Impl::health(http::Request request) {
    const auto answers = co_await pool.ping(request.deadline);
    co_return answers ? http::Response::text(200, "OK") : http::Response::text(503, "ERROR");
}

MetadataApi::MetadataApi(
    rt::Loop& loop,
    pg::Pool& pool,
    Engine& engine,
    Live& live,
    Authenticate authenticate,
    ModelOptions model,
    http::SiteRule site
)
    : impl_(std::make_unique<Impl>(loop, pool, engine, live, std::move(authenticate), model, std::move(site))
      ) {}

MetadataApi::~MetadataApi() = default;

namespace {

rt::Task<Result<http::Response>> tell_version(http::Request) {
    const JsonObject version{{"version", WEFT_VERSION}, {"server_type", "weft"}};
    co_return http::Response::json(200, to_text(version));
}

}  // namespace

void MetadataApi::mount(http::Router& router) {
    Impl* impl = impl_.get();
    const auto gate = [impl](const http::Request& head) { return impl->admit(head); };
    const http::RouteOptions route{.body_bytes_max = kMetadataBytesMax, .timeout = kTimeout, .gate = gate};
    const auto command = [impl](http::Request request) { return impl->command(std::move(request)); };
    for (const char* path : {"/v1/metadata", "/v1/query", "/v2/query"}) {
        router.add(http::Method::kPost, path, command, route);
    }
    const auto explain = [impl](http::Request request) { return impl->explain(std::move(request)); };
    router.add(http::Method::kPost, "/v1/graphql/explain", explain, {.gate = gate});
    const auto health = [impl](http::Request request) { return impl->health(std::move(request)); };
    router.add(http::Method::kGet, "/healthz", health, {.timeout = std::chrono::seconds(2)});
    router.add(http::Method::kGet, "/v1/version", tell_version);
}

rt::Task<Outcome<>> MetadataApi::replace(
    metadata::Metadata metadata, bool allow_inconsistent, rt::Deadline by
) {
    const Allows allows = allow_inconsistent ? Allows::kAnything : Allows::kNothing;
    return impl_->store.replace(std::move(metadata), allows, std::move(by));
}

}  // namespace weft::graphql
