#include "core/connector/detail/request.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "base/words.h"
#include "core/connector/connector.h"
#include "core/connector/detail/reading.h"
#include "core/connector/detail/url.h"
#include "core/file/file.h"
#include "core/media/media.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::connector {

using detail::below;
using detail::text_of;

namespace detail {

Result<> check_header_name(std::string_view name, Credentials credentials, std::string_view field) {
    static constexpr std::array<std::string_view, 10> kFraming = {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "http2-settings"
    };
    if (!is_token(name)) return fail(Error::invalid("This is no header name", std::string(field)));
    std::string plain = lower(name);
    if (std::ranges::find(kFraming, plain) != kFraming.end() || plain.starts_with("proxy-"))
        return fail(Error::invalid(fmt::format("The header {} is set by Weft", name), std::string(field)));
    bool is_credential = plain == "authorization" || plain == "cookie";
    if (is_credential && credentials == Credentials::kRefused)
        return fail(Error::invalid(
            fmt::format("The header {} comes from the connection and cannot be set here", name),
            std::string(field)
        ));
    return {};
}

}  // namespace detail

namespace {

constexpr std::size_t kBodyBytesMax = limits::kPayloadBytesMax;
constexpr std::size_t kFieldsMax = 200;  // of a multipart body
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

std::unexpected<Error> bad_field(std::string message, std::string field) {
    return fail(Error::invalid(std::move(message), std::move(field)));
}

Result<std::string> scalar_text(const Json& value, std::string_view field) {
    if (value.is_string()) return std::string(text_of(value));
    if (value.is_number() || value.is_bool()) return to_text(value);
    return bad_field("This is a text, a number or a boolean", std::string(field));
}

/// The header or query parameter that the app's auth fills is not the author's to set.
bool is_auth_header(const Auth& auth, std::string_view name) {
    if (auth.kind == AuthKind::kApiKey)
        return auth.in == Placement::kHeader && detail::same_header(auth.name, name);
    if (auth.kind == AuthKind::kHeaders)
        return std::ranges::any_of(auth.headers, [&](const auto& h) {
            return detail::same_header(h.first, name);
        });
    return false;
}

Result<> add_headers(
    HttpRequest& request, const Json* headers, const Auth* auth, detail::Credentials credentials
) {
    if (headers == nullptr || headers->is_null()) return {};
    if (!headers->is_object()) return bad_field("headers is an object", "headers");
    std::size_t bytes = 0;
    for (const auto& member : headers->get_object()) {
        if (member.value().is_null()) continue;
        std::string field = below("headers", member.key());
        CHECK_OK(detail::check_header_name(member.key(), credentials, field));
        if (auth != nullptr && is_auth_header(*auth, member.key()))
            return bad_field(
                "This header comes from the connection and cannot be set here", std::move(field)
            );
        TRY(std::string value, scalar_text(member.value(), field));
        if (!detail::is_header_value(value))
            return bad_field("A header's value has no line breaks or control characters", std::move(field));
        bytes += member.key().size() + value.size() + 4;
        request.headers.push_back({std::string(member.key()), std::move(value)});
    }
    if (bytes > limits::kHttpHeaderBytesMax) return bad_field("The headers are too long", "headers");
    return {};
}

Result<> add_pairs(std::string& out, const Json& value, std::string_view what, const Auth* auth) {
    if (value.is_null()) return {};
    if (!value.is_object()) return bad_field("This is an object of names and values", std::string(what));
    for (const auto& member : value.get_object()) {
        std::string field = below(what, member.key());
        bool is_credential = auth != nullptr && auth->kind == AuthKind::kApiKey &&
                             auth->in == Placement::kQuery && auth->name == std::string_view(member.key());
        if (is_credential)
            return bad_field("This parameter comes from the connection and cannot be set here", field);
        if (member.value().is_null()) continue;
        if (!member.value().is_array()) {
            TRY(std::string text, scalar_text(member.value(), field));
            detail::add_query(out, member.key(), text);
            continue;
        }
        for (const Json& item : member.value().get_array()) {
            TRY(std::string text, scalar_text(item, field));
            detail::add_query(out, member.key(), text);
        }
    }
    return {};
}

const Header* find_header(const std::vector<Header>& headers, std::string_view name) {
    auto found =
        std::ranges::find_if(headers, [&](const Header& h) { return detail::same_header(h.name, name); });
    return found == headers.end() ? nullptr : &*found;
}

/// A text in the charset that its Content-Type says.
Result<std::string> encoded_text(std::string text, const Header* type) {
    if (type == nullptr) return text;
    const std::string charset = media::parse_content_type(type->value).charset;
    auto bytes = media::from_utf8(std::move(text), charset);
    if (bytes) return *std::move(bytes);
    return bad_field(
        fmt::format("The body has a character that {} has not; leave the charset out", charset), "body"
    );
}

Result<> add_body(HttpRequest& request, const Json* body) {
    if (body == nullptr || body->is_null()) return {};
    const Header* type = find_header(request.headers, "content-type");
    std::string_view default_type = "application/json";
    if (body->is_string()) {
        TRY(request.body, encoded_text(std::string(text_of(*body)), type));
        default_type = "text/plain; charset=utf-8";
    } else if (type != nullptr && detail::lower(type->value).starts_with(kForm)) {
        CHECK_OK(add_pairs(request.body, *body, "body", nullptr));
    } else {
        request.body = to_text(*body);
    }
    if (request.body.size() > kBodyBytesMax)
        return fail(
            Error::limit(fmt::format("A request body has at most {} MiB", kBodyBytesMax >> 20), "body")
        );
    if (type == nullptr) request.headers.push_back({"Content-Type", std::string(default_type)});
    return {};
}

Result<> add_field(HttpRequest& request, const std::string& name, const Json& value, const std::string& at) {
    if (value.is_null()) return {};
    if (request.fields.size() == kFieldsMax)
        return fail(Error::limit(fmt::format("A multipart body has at most {} fields", kFieldsMax), "body"));
    Field field{.name = name};
    field.file = file::handle_in(value);
    if (!field.file) {
        if (value.is_object() || value.is_array())
            return bad_field("A field is a text, a number, a boolean, a file, or a list of these", at);
        TRY(field.text, scalar_text(value, at));
    }
    request.fields.push_back(std::move(field));
    return {};
}

Result<> add_fields(HttpRequest& request, const Json& body) {
    if (!body.is_object()) return bad_field("A multipart body is an object of its fields", "body");
    for (const auto& member : body.get_object()) {
        const std::string name(member.key());
        const std::string at = below("body", name);
        const auto* list = member.value().if_array();
        if (list == nullptr) {
            CHECK_OK(add_field(request, name, member.value(), at));
            continue;
        }
        for (const Json& item : *list) CHECK_OK(add_field(request, name, item, at));
    }
    if (request.fields.empty()) return bad_field("A multipart body has at least one field", "body");
    return {};
}

/// A body of files, whose Content-Type the broker adds where the author has not.
Result<> add_file_body(HttpRequest& request, const Json* body, BodyType type) {
    if (type == BodyType::kMultipart) {
        if (find_header(request.headers, "content-type") != nullptr)
            return bad_field("The Content-Type of a multipart body is set by Weft", "headers.Content-Type");
        return add_fields(request, body == nullptr ? Json() : *body);
    }
    if (body != nullptr) request.file = file::handle_in(*body);
    if (!request.file) return bad_field("A binary body is a file, such as {{ input.file }}", "body");
    return {};
}

/// `path` is at or below `base`, on a segment boundary.
bool is_below(std::string_view path, std::string_view base) {
    return path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

const Json* member(const JsonObject& object, std::string_view key) {
    return object.if_contains(key);
}

}  // namespace

Result<HttpRequest> build_request(const App& app, const Action& action, const Json& rendered) {
    if (!rendered.is_object()) return bad_field("The rendered request is not an object", "");
    const JsonObject& parts = rendered.get_object();
    const Json* path = member(parts, "path");
    if (path == nullptr || !path->is_string()) return bad_field("The path is missing", "path");
    TRY(std::string below_base, detail::normal_path(text_of(*path), "path"));
    detail::Url url{.origin = app.origin, .path = app.base_path + below_base};
    if (const Json* query = member(parts, "query"))
        CHECK_OK(add_pairs(url.query, *query, "query", &app.auth));
    HttpRequest request{.method = action.method, .url = url.text()};
    if (request.url.size() > limits::kHttpTargetBytesMax) return bad_field("The URL is too long", "query");
    CHECK_OK(add_headers(request, member(parts, "headers"), &app.auth, detail::Credentials::kRefused));
    request.answer = action.answer;
    if (action.body_type != BodyType::kAuto) {
        CHECK_OK(add_file_body(request, member(parts, "body"), action.body_type));
        return request;
    }
    CHECK_OK(add_body(request, member(parts, "body")));
    return request;
}

namespace {

/// The first when it is absent.
template <class E, std::size_t N>
Result<E> read_word(const std::array<std::string_view, N>& words, const Json* value, std::string_view field) {
    if (value == nullptr || value->is_null()) return E{};
    const auto found = value->is_string() ? find_word<E>(words, text_of(*value)) : std::nullopt;
    if (found) return *found;
    return bad_field(fmt::format("This is {}", fmt::join(words, " or ")), std::string(field));
}

}  // namespace

Result<HttpRequest> build_http_request(const Json& with, const App* app) {
    CHECK_OK(detail::check_members(
        with, {"url", "method", "headers", "query", "body", "body-type", "response"}, ""
    ));
    const JsonObject& parts = with.get_object();
    const Json* text = member(parts, "url");
    if (text == nullptr || !text->is_string())
        return bad_field("url is a URL such as https://api.example.com/v2", "url");
    TRY(detail::Url url, detail::parse_url(text_of(*text), "url"));
    if (app != nullptr && (url.origin != app->origin || !is_below(url.path, app->base_path)))
        return bad_field(fmt::format("This connection is for {} only", app->base_url), "url");
    const Json* method = member(parts, "method");
    HttpRequest request;
    request.method = "GET";
    if (method != nullptr && !method->is_null()) {
        if (!method->is_string() || !detail::is_token(text_of(*method)) || method->get_string().size() > 20)
            return bad_field("method is an HTTP method such as POST", "method");
        request.method = text_of(*method);
        for (char& c : request.method)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (request.method == "CONNECT" || request.method == "TRACE")
            return bad_field("This method is not allowed", "method");
    }
    const Auth* auth = app != nullptr ? &app->auth : nullptr;
    if (const Json* query = member(parts, "query")) CHECK_OK(add_pairs(url.query, *query, "query", auth));
    request.url = url.text();
    if (request.url.size() > limits::kHttpTargetBytesMax) return bad_field("The URL is too long", "url");
    auto credentials = app != nullptr ? detail::Credentials::kRefused : detail::Credentials::kAllowed;
    CHECK_OK(add_headers(request, member(parts, "headers"), auth, credentials));
    TRY(const auto type, read_word<BodyType>(kBodyTypes, member(parts, "body-type"), "body-type"));
    TRY(request.answer, read_word<Answer>(kAnswers, member(parts, "response"), "response"));
    if (type != BodyType::kAuto) {
        CHECK_OK(add_file_body(request, member(parts, "body"), type));
        return request;
    }
    CHECK_OK(add_body(request, member(parts, "body")));
    return request;
}

namespace {

/// May a field be empty? A name or password of basic may: some send a key as one and nothing as the other.
enum class Empty { kRefused, kAllowed };

Result<const Secret*> field_of(
    const std::map<std::string, Secret>& fields, const std::string& name, Empty empty = Empty::kRefused
) {
    auto found = fields.find(name);
    if (found == fields.end() || (empty == Empty::kRefused && found->second.empty()))
        return bad_field(fmt::format("The connection has no {}; edit it", name), below("fields", name));
    if (!detail::is_header_value(found->second.reveal()))
        return bad_field("The connection's field holds a line break", below("fields", name));
    return &found->second;
}

void set_header(HttpRequest& request, std::string_view name, std::string value) {
    std::erase_if(request.headers, [&](const Header& h) { return detail::same_header(h.name, name); });
    request.headers.push_back({std::string(name), std::move(value)});
}

}  // namespace

Result<HttpRequest> apply_auth(
    const App& app, const std::map<std::string, Secret>& fields, HttpRequest request
) {
    TRY(detail::Url url, detail::parse_url(request.url, "url"));
    if (url.origin != app.origin || !is_below(url.path, app.base_path))
        return fail(Error::forbidden(fmt::format("This connection is for {} only", app.base_url)));
    switch (app.auth.kind) {
        case AuthKind::kNone:
            break;
        case AuthKind::kApiKey: {
            TRY(const Secret* key, field_of(fields, app.auth.field));
            if (app.auth.in == Placement::kHeader) {
                set_header(request, app.auth.name, app.auth.prefix + std::string(key->reveal()));
            } else {
                detail::add_query(url.query, app.auth.name, key->reveal());
                request.url = url.text();
            }
            break;
        }
        case AuthKind::kBasic: {
            TRY(const Secret* user, field_of(fields, "username", Empty::kAllowed));
            TRY(const Secret* password, field_of(fields, "password", Empty::kAllowed));
            Secret pair(std::string(user->reveal()) + ":" + std::string(password->reveal()));
            set_header(request, "Authorization", "Basic " + base64(pair.reveal()));
            break;
        }
        case AuthKind::kBearer: {
            TRY(const Secret* token, field_of(fields, "token"));
            set_header(request, "Authorization", "Bearer " + std::string(token->reveal()));
            break;
        }
        case AuthKind::kHeaders:
            for (const auto& [header, field] : app.auth.headers) {
                TRY(const Secret* value, field_of(fields, field));
                set_header(request, header, std::string(value->reveal()));
            }
    }
    return request;
}

void set_idempotency_key(const Action& action, std::string_view key, HttpRequest& request) {
    if (action.effect == runstate::Effect::kKeyed)
        set_header(request, action.idempotency_header, std::string(key));
}

}  // namespace weft::connector
