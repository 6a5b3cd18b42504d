#include "graphql/execute/detail/actions.h"
#include "platform/http/client.h"

#include <algorithm>
#include <array>

namespace weft::graphql::detail {

namespace {

constexpr std::size_t kAnswerBytesMax = 16u << 20;
constexpr std::string_view kPartition = "graphql-actions";

/// Headers of the client's request that are about its connection or its credential for us.
constexpr std::array<std::string_view, 16> kNotForwarded = {
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "host",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "accept-encoding",
    "user-agent",
    "origin",
    "x-hasura-admin-secret",
    "expect",
    "x-hasura-access-key",
    "trailer",
};

/// Replaces each `{{NAME}}` by the environment's value.
Outcome<std::string> expanded(std::string_view text, const std::map<std::string, std::string>& environment) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto open = text.find("{{", at);
        const auto close = open == std::string_view::npos ? open : text.find("}}", open);
        if (close == std::string_view::npos) {
            out.append(text.substr(at));
            break;
        }
        out.append(text.substr(at, open - at));
        const std::string name(text.substr(open + 2, close - open - 2));
        const auto found = environment.find(name);
        if (found == environment.end()) {
            return failure(
                "unexpected", "the environment variable \"" + name + "\" of an action's handler is not set"
            );
        }
        out.append(found->second);
        at = close + 2;
    }
    return out;
}

Outcome<http::ClientRequest> request_of(
    const ActionEnvironment& env, const metadata::Action& action, Json input
) {
    const Session& session = env.context.session;
    http::ClientRequest out;
    out.method = "POST";
    auto url = expanded(action.handler, env.options.environment);
    if (!url) return std::unexpected(std::move(url).error());
    out.url = std::move(*url);
    out.partition = kPartition;
    out.body_bytes_max = kAnswerBytesMax;
    out.resend = http::Resend::kNo;
    out.headers.add("content-type", "application/json");
    if (action.forwards_client_headers) {
        for (const auto& [name, value] : session.headers) {
            if (std::ranges::find(kNotForwarded, name) == kNotForwarded.end()) out.headers.set(name, value);
        }
    }
    for (const auto& [name, value] : action.headers) {
        auto text = expanded(value, env.options.environment);
        if (!text) return std::unexpected(std::move(text).error());
        out.headers.set(name, std::move(*text));
    }
    JsonObject variables;
    for (const auto& [name, value] : session.variables) variables[name] = value;
    if (!variables.contains("x-hasura-role")) variables["x-hasura-role"] = session.role;
    out.body = to_text(JsonObject{
        {"action", JsonObject{{"name", action.name}}},
        {"input", std::move(input)},
        {"session_variables", std::move(variables)},
        {"request_query", env.context.request_query},
    });
    return out;
}

/// What a handler says with a 4xx: {message, code?, extensions?}.
Failure refused(const JsonObject& body) {
    Failure out{.message = std::string(text_or(body, "message")), .code = "unexpected"};
    if (const auto code = text_or(body, "code"); !code.empty()) out.code = code;
    if (const Json* more = body.if_contains("extensions"); more != nullptr && more->is_object()) {
        out.extensions = *more;
        if (const auto code = text_or(more->get_object(), "code"); !code.empty()) out.code = code;
    }
    return out;
}

Outcome<Json> answer_of(const http::ClientResponse& response) {
    auto body = parse_json(response.body, {.bytes_max = kAnswerBytesMax, .depth_max = 64});
    if (response.status >= 200 && response.status < 300) {
        if (body) return std::move(*body);
        return failure("unexpected", "not a valid json response from webhook");
    }
    const bool is_refusal = response.status >= 400 && response.status < 500;
    if (is_refusal && body && body->is_object() && !text_or(body->get_object(), "message").empty()) {
        return std::unexpected(refused(body->get_object()));
    }
    Failure out{.message = "internal error", .code = "unexpected"};
    out.internal = JsonObject{{"status", response.status}};
    return std::unexpected(std::move(out));
}

}  // namespace

rt::Task<Outcome<Json>> call_webhook(ActionEnvironment& env, const metadata::Action& action, Json input) {
    if (env.options.client == nullptr)
        co_return failure("not-supported", "webhook actions are not enabled here");
    auto request = request_of(env, action, std::move(input));
    if (!request) co_return std::unexpected(std::move(request).error());
    auto response =
        co_await env.options.client->send(std::move(*request), env.context.deadline.at_most(action.timeout));
    if (!response) {
        Failure out{.message = "http exception when calling webhook", .code = "unexpected"};
        out.internal = JsonObject{{"reason", http::name(response.error().kind)}};
        co_return std::unexpected(std::move(out));
    }
    co_return answer_of(*response);
}

}  // namespace weft::graphql::detail
