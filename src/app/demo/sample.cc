#include "app/demo/sample.h"

#include "core/runstate/states.h"
#include "core/trigger/trigger.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>

namespace weft::demo {

namespace {

Json schema_with(std::string_view field) {
    return JsonObject{
        {"type", "object"},
        {"required", JsonArray{Json(field)}},
        {"properties", JsonObject{{field, JsonObject{{"type", "string"}}}}},
    };
}

Json get_order_action(const SampleOptions& options) {
    return JsonObject{
        {"key", "get-order"},
        {"name", "Get an order"},
        {"definition",
         JsonObject{
             {"method", "GET"},
             {"path", options.path},
             {"input", schema_with("id")},
             {"output", JsonObject{{"type", "object"}}},
             {"effect", options.effect},
             {"timeout", "10s"},
             {"retry",
              JsonObject{{"attempts", 3}, {"backoff", "exponential"}, {"initial", "200ms"}, {"max", "5s"}}},
         }},
    };
}

Json definition(const SampleOptions& options) {
    JsonArray steps;
    steps.emplace_back(JsonObject{
        {"id", "prepare"},
        {"uses", "core/map"},
        {"with", JsonObject{{"id", "{{ input.order_id }}"}}},
    });
    steps.emplace_back(JsonObject{
        {"id", "order"},
        {"needs", JsonArray{"prepare"}},
        {"uses", options.key + "/get-order@1"},
        {"connection", options.key},
        {"with", JsonObject{{"id", "{{ steps.prepare.output.id }}"}}},
    });
    steps.emplace_back(JsonObject{
        {"id", "invoice"},
        {"needs", JsonArray{"order"}},
        {"uses", "core/map"},
        {"with",
         JsonObject{
             {"order", "{{ steps.order.output.body.id }}"},
             {"total",
              "{{ (steps.order.output.body.lines ?? []).reduce((sum, l) => sum + l.price * l.quantity, 0) }}"
             },
         }},
    });
    return JsonObject{
        {"name", options.key},
        {"inputs", schema_with("order_id")},
        {"steps", std::move(steps)},
        {"output", "{{ steps.invoice.output }}"},
    };
}

std::string id_of(const Json& value) {
    return std::string(text_or(value.get_object(), "id"));
}

rt::Task<Result<std::string>> create_app(ApiClient& api, const SampleOptions& options, rt::Deadline by) {
    Json app_body = JsonObject{{"key", options.key}, {"name", "Orders"}};
    CO_TRY(Json app, co_await api.call("POST", "/api/v1/apps", std::move(app_body), by));
    Json manifest = JsonObject{
        {"base_url", options.upstream_url},
        {"auth", JsonObject{{"kind", "api_key"}, {"in", "header"}, {"name", "x-api-key"}}},
    };
    Json version_body = JsonObject{{"manifest", std::move(manifest)}};
    CO_TRY(
        Json version, co_await api.call("POST", "/api/v1/apps/" + id_of(app) + "/versions", version_body, by)
    );
    std::string version_path = "/api/v1/app-versions/" + id_of(version);
    CO_CHECK_OK(co_await api.call("POST", version_path + "/actions", get_order_action(options), by));
    CO_CHECK_OK(co_await api.call("POST", version_path + "/publish", JsonObject{}, by));
    co_return id_of(app);
}

rt::Task<Result<void>> create_trigger(
    ApiClient& api, const SampleOptions& options, Sample& sample, rt::Deadline by
) {
    Json signature = JsonObject{{"scheme", options.is_signed ? "hmac-sha256" : "none"}};
    Json body = JsonObject{
        {"kind", "webhook"},
        {"name", "Order placed"},
        {"config", JsonObject{{"signature", std::move(signature)}, {"mode", options.mode}}},
    };
    CO_TRY(
        Json made,
        co_await api.call("POST", "/api/v1/workflows/" + sample.workflow_id + "/triggers", body, by)
    );
    sample.trigger_id = id_of(made);
    sample.webhook_url = text_or(made.get_object(), "url");
    if (sample.webhook_url.starts_with('/')) sample.webhook_url = api.base_url() + sample.webhook_url;
    sample.webhook_secret = Secret(std::string(text_or(made.get_object(), "secret")));
    CO_CHECK_OK(
        co_await api.call("POST", "/api/v1/triggers/" + sample.trigger_id + "/activate", JsonObject{}, by)
    );
    co_return Result<void>{};
}

bool has_ended(std::string_view state) {
    const auto status = runstate::run_status_from(state);
    return status && is_terminal(*status);
}

}  // namespace

rt::Task<Result<Sample>> create_sample(ApiClient& api, SampleOptions options, rt::Deadline by) {
    Sample sample;
    CO_TRY(sample.app_id, co_await create_app(api, options, by));
    Json connection_body = JsonObject{
        {"key", options.key},
        {"name", "Orders"},
        {"app_id", sample.app_id},
        {"fields", JsonObject{{"api_key", options.api_key.reveal()}}},
    };
    CO_TRY(Json connection, co_await api.call("POST", "/api/v1/connections", std::move(connection_body), by));
    sample.connection_id = id_of(connection);
    Json workflow_body =
        JsonObject{{"key", options.key}, {"name", "Order to invoice"}, {"definition", definition(options)}};
    CO_TRY(Json workflow, co_await api.call("POST", "/api/v1/workflows", std::move(workflow_body), by));
    sample.workflow_id = id_of(workflow);
    std::string publish = "/api/v1/workflows/" + sample.workflow_id + "/publish";
    CO_CHECK_OK(co_await api.call("POST", std::move(publish), JsonObject{}, by));
    CO_CHECK_OK(co_await create_trigger(api, options, sample, by));
    co_return sample;
}

http::Fields delivery_headers(
    const Sample& sample, std::string_view delivery_id, std::string_view body, const rt::Clock& clock
) {
    http::Fields headers{{"content-type", "application/json"}, {"x-weft-delivery", std::string(delivery_id)}};
    if (sample.webhook_secret.empty()) return headers;
    auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
    headers.set("x-weft-timestamp", std::to_string(now));
    headers.set(
        "x-weft-signature", trigger::sign(sample.webhook_secret, delivery_id, now, body, crypto::hmac_sha256)
    );
    return headers;
}

rt::Task<Result<std::string>> post_event(
    http::Client& client, Sample sample, std::string order_id, const rt::Clock& clock, rt::Deadline by
) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = sample.webhook_url;
    request.body = to_text(JsonObject{{"order_id", order_id}});
    request.headers = delivery_headers(sample, "order-" + order_id, request.body, clock);
    auto sent = co_await client.send(std::move(request), by);
    if (!sent) co_return fail(std::move(sent).error().error);
    if (sent->status != 202 && sent->status != 200)
        co_return fail(Error::unavailable(fmt::format("The webhook answered {}: {}", sent->status, sent->body)
        ));
    CO_TRY(Json body, parse_json(sent->body));
    co_return std::string(text_or(body.get_object(), "run_id"));
}

rt::Task<Result<Json>> wait_for_run(ApiClient& api, std::string run_id, rt::Deadline by) {
    while (true) {
        CO_TRY(Json run, co_await api.call("GET", "/api/v1/runs/" + run_id, nullptr, by));
        if (has_ended(text_or(run.get_object(), "state"))) co_return run;
        CO_CHECK_OK(co_await rt::sleep_for(50ms, by));
    }
}

}  // namespace weft::demo
