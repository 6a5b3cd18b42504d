#include "base/limits.h"
#include "base/words.h"
#include "core/connector/connector.h"
#include "core/connector/detail/reading.h"
#include "core/connector/detail/request.h"
#include "core/connector/detail/url.h"
#include "core/template/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::connector {

using detail::below;
using detail::text_of;

namespace {

constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kQueryMax = 128;

std::unexpected<Error> wrong(std::string message, std::string field) {
    return fail(Error::invalid(std::move(message), std::move(field)));
}

bool repeats_safely(std::string_view method) {
    return method != "POST" && method != "PATCH";
}

/// The literal parts must make a proper path; what is substituted is percent-encoded by the sandbox and
/// checked again.
Result<> check_path_template(std::string_view path) {
    TRY(templates::Text text, templates::parse_text(path, "path"));
    std::string sample;
    for (const templates::Segment& segment : text.segments) {
        const std::string* literal = std::get_if<std::string>(&segment);
        sample += literal != nullptr ? *literal : "x";
    }
    CHECK_OK(detail::normal_path(sample, "path"));
    return {};
}

Result<JsonObject> read_templates(const JsonObject& object, std::string_view key, std::size_t count_max) {
    const Json* found = object.if_contains(key);
    if (found == nullptr) return JsonObject();
    if (!found->is_object()) return wrong("This is an object of names and values", std::string(key));
    if (found->get_object().size() > count_max)
        return wrong(fmt::format("At most {} members", count_max), std::string(key));
    CHECK_OK(templates::parse(*found, key));
    return found->get_object();
}

Result<> read_schema(const JsonObject& object, std::string_view key, Json& out) {
    const Json* found = object.if_contains(key);
    out = found != nullptr ? *found : Json(JsonObject());
    CHECK_OK(schema::Schema::compile(out, key, {.checks_formats = true}));
    return {};
}

Result<> read_request(const JsonObject& object, Action& action) {
    static constexpr std::array<std::string_view, 7> kMethods = {
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"
    };
    action.method = text_or(object, "method");
    if (std::ranges::find(kMethods, action.method) == kMethods.end())
        return wrong("method is GET, HEAD, POST, PUT, DELETE, PATCH or OPTIONS", "method");
    action.path = text_or(object, "path");
    CHECK_OK(check_path_template(action.path));
    TRY(action.query, read_templates(object, "query", kQueryMax));
    TRY(action.headers, read_templates(object, "headers", kHeadersMax));
    for (const auto& member : action.headers) {
        std::string field = below("headers", member.key());
        CHECK_OK(detail::check_header_name(member.key(), detail::Credentials::kRefused, field));
        if (!member.value().is_string() && !member.value().is_number() && !member.value().is_bool())
            return wrong("A header's value is a text, a number or a boolean", std::move(field));
    }
    if (const Json* body = object.if_contains("body")) {
        CHECK_OK(templates::parse(*body, "body"));
        action.body = *body;
    }
    return {};
}

Result<> read_policy(const JsonObject& object, Action& action) {
    action.effect = repeats_safely(action.method) ? runstate::Effect::kIdempotent : runstate::Effect::kUnsafe;
    if (object.contains("effect")) {
        auto effect = runstate::effect_from(text_or(object, "effect"));
        if (!effect) return wrong("effect is idempotent, keyed or unsafe", "effect");
        action.effect = *effect;
    }
    if (object.contains("idempotency_header")) {
        action.idempotency_header = text_or(object, "idempotency_header");
        CHECK_OK(detail::check_header_name(
            action.idempotency_header, detail::Credentials::kRefused, "idempotency_header"
        ));
    }
    if (object.contains("body_type")) {
        const auto read = find_word<BodyType>(kBodyTypes, text_or(object, "body_type"));
        if (!read) return wrong("body_type is auto, multipart or binary", "body_type");
        action.body_type = *read;
    }
    if (object.contains("response")) {
        const auto read = find_word<Answer>(kAnswers, text_or(object, "response"));
        if (!read) return wrong("response is auto or file", "response");
        action.answer = *read;
    }
    if (object.contains("on_invalid_output")) {
        auto read = runstate::on_invalid_from(text_or(object, "on_invalid_output"));
        if (!read) return wrong("on_invalid_output is warn or fail", "on_invalid_output");
        action.on_invalid_output = *read;
    }
    if (object.contains("on_circuit_open")) {
        auto read = runstate::on_open_from(text_or(object, "on_circuit_open"));
        if (!read) return wrong("on_circuit_open is wait or fail", "on_circuit_open");
        action.on_open = *read;
    }
    if (const Json* retry = object.if_contains("retry")) {
        TRY(action.retry, runstate::parse_retry(*retry, action.retry, "retry"));
    }
    if (const Json* timeout = object.if_contains("timeout")) {
        TRY(action.timeout, runstate::duration_of(*timeout, "timeout"));
        if (action.timeout.count() <= 0 || action.timeout > limits::kStepTimeoutMax)
            return wrong("timeout is more than nothing and at most 10m", "timeout");
    }
    return {};
}

}  // namespace

Result<Action> parse_action(const Json& definition) {
    CHECK_OK(detail::check_members(
        definition,
        {"key",
         "name",
         "description",
         "method",
         "path",
         "query",
         "headers",
         "body",
         "input",
         "output",
         "effect",
         "idempotency_header",
         "retry",
         "timeout",
         "on_invalid_output",
         "on_circuit_open",
         "body_type",
         "response"},
        ""
    ));
    const JsonObject& object = definition.get_object();
    Action action;
    for (std::string_view text : {"key", "name", "method", "path", "effect", "idempotency_header"})
        if (const Json* found = object.if_contains(text); found != nullptr && !found->is_string())
            return wrong("This is a text", std::string(text));
    action.key = text_or(object, "key");
    CHECK_OK(check_key(action.key, "key"));
    TRY(action.name, detail::read_text(object, "name", action.key, 200));
    TRY(action.description, detail::read_text(object, "description", "", 4096));
    CHECK_OK(read_request(object, action));
    CHECK_OK(read_schema(object, "input", action.input));
    CHECK_OK(read_schema(object, "output", action.output));
    CHECK_OK(read_policy(object, action));
    return action;
}

Json to_json(const Action& action) {
    JsonObject out;
    out["key"] = action.key;
    out["name"] = action.name;
    if (!action.description.empty()) out["description"] = action.description;
    out["method"] = action.method;
    out["path"] = action.path;
    if (!action.query.empty()) out["query"] = action.query;
    if (!action.headers.empty()) out["headers"] = action.headers;
    if (action.body) out["body"] = *action.body;
    out["input"] = action.input;
    out["output"] = action.output;
    out["effect"] = runstate::name(action.effect);
    if (action.effect == runstate::Effect::kKeyed) out["idempotency_header"] = action.idempotency_header;
    out["retry"] = runstate::to_json(action.retry);
    out["timeout"] = runstate::duration_text(action.timeout);
    if (action.body_type != BodyType::kAuto) out["body_type"] = word_of(kBodyTypes, action.body_type);
    if (action.answer != Answer::kValue) out["response"] = word_of(kAnswers, action.answer);
    if (action.on_invalid_output != runstate::OnInvalid::kWarn) {
        out["on_invalid_output"] = runstate::name(action.on_invalid_output);
    }
    if (action.on_open != runstate::OnOpen::kWait) out["on_circuit_open"] = runstate::name(action.on_open);
    return out;
}

Json request_template(const Action& action) {
    JsonObject out;
    out["path"] = action.path;
    if (!action.query.empty()) out["query"] = action.query;
    if (!action.headers.empty()) out["headers"] = action.headers;
    if (action.body) out["body"] = *action.body;
    return out;
}

std::vector<templates::Script> scripts(const Action& action) {
    const auto node = templates::parse(request_template(action));
    return node ? templates::scripts(*node) : std::vector<templates::Script>();
}

}  // namespace weft::connector
