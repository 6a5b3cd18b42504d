#include "data/ingress/detail/request.h"

#include "base/bytes.h"
#include "base/json.h"

#include <algorithm>
#include <array>

namespace weft::ingress::detail {

namespace {

/// More fields than this in a form are an attack or a mistake.
constexpr std::size_t kFormFieldsMax = 1'000;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    });
    return out;
}

/// "application/json; charset=utf-8" gives "application/json".
std::string media_type(const http::Request& request) {
    auto value = request.headers.get("content-type");
    value = value.substr(0, value.find(';'));
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    return lower(value);
}

bool is_json_type(std::string_view type) {
    return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

/// Strict: no overlong forms, no surrogates, nothing beyond U+10FFFF; a JSON text must not hold anything
/// else.
bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        auto lead = static_cast<unsigned char>(text[at]);
        std::size_t more = lead < 0x80   ? 0
                           : lead < 0xC2 ? 9
                           : lead < 0xE0 ? 1
                           : lead < 0xF0 ? 2
                           : lead < 0xF5 ? 3
                                         : 9;
        if (more == 9 || at + more >= text.size()) return false;
        char32_t point = more == 0 ? lead : lead & (0x3F >> more);
        for (std::size_t i = 1; i <= more; ++i) {
            auto next = static_cast<unsigned char>(text[at + i]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3F);
        }
        bool is_overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (is_overlong || (point >= 0xD800 && point < 0xE000) || point > 0x10FFFF) return false;
        at += more + 1;
    }
    return true;
}

void put(JsonObject& object, std::string_view key, std::string_view value) {
    auto* present = object.if_contains(key);
    if (present == nullptr) {
        object[key] = value;
    } else if (present->is_array()) {
        present->as_array().emplace_back(value);
    } else {
        *present = JsonArray{*present, Json(value)};
    }
}

Result<std::string> form(std::string_view body) {
    // The target's parser decodes exactly this: pairs, percent escapes, '+' for a space.
    TRY(auto parsed, http::Target::parse("/?" + std::string(body)));
    if (parsed.query.size() > kFormFieldsMax)
        return fail(Error::invalid("The form has too many fields", "body"));
    JsonObject object;
    for (const auto& [key, value] : parsed.query) {
        if (!is_utf8(key) || !is_utf8(value)) return fail(Error::invalid("The form is not UTF-8", "body"));
        put(object, key, value);
    }
    return to_text(object);
}

/// Credentials, cookies, signatures and what belongs to the connection stay with us.
bool is_for_the_run(std::string_view name, const trigger::Signature& signature) {
    static constexpr std::array<std::string_view, 12> kConnection = {
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "content-length",
        "expect",
        "cookie",
        "host",
        "set-cookie",
    };
    static constexpr std::array<std::string_view, 7> kCredential = {
        "auth", "signature", "token", "secret", "password", "api-key", "apikey"
    };
    if (std::ranges::find(kConnection, name) != kConnection.end()) return false;
    if (name == lower(signature.signature_header)) return false;
    return std::ranges::none_of(kCredential, [&](std::string_view part) { return name.contains(part); });
}

}  // namespace

Result<std::string> input_of(const http::Request& request) {
    const std::string& body = request.body;
    std::string type = media_type(request);
    if (body.empty()) return "null";
    if (is_json_type(type)) {
        auto parsed = parse_json(body);
        if (!parsed) return fail(std::move(parsed).error().with_field("body"));
        return body;
    }
    if (type == "application/x-www-form-urlencoded") return form(body);
    // Senders that name no type mostly send JSON.
    if (type.empty() && parse_json(body)) return body;
    JsonObject object;
    if (is_utf8(body) && (type.empty() || type.starts_with("text/") || type.ends_with("xml"))) {
        object["text"] = body;
    } else {
        object["base64"] = base64(body);
    }
    if (is_utf8(type)) object["content_type"] = type;
    return to_text(object);
}

std::string trigger_of(
    const http::Request& request,
    const store::triggers::WebhookTarget& target,
    const trigger::Signature& signature,
    Instant received_at
) {
    JsonObject headers;
    for (const auto& [key, value] : request.headers) {
        std::string name = lower(key);
        if (is_for_the_run(name, signature) && is_utf8(value)) put(headers, name, value);
    }
    JsonObject query;
    for (const auto& [key, value] : request.target.query) {
        if (is_utf8(key) && is_utf8(value)) put(query, key, value);
    }
    JsonObject out;
    out["kind"] = "webhook";
    out["id"] = target.id.text();
    out["name"] = target.name;
    out["method"] = http::name(request.method);
    out["headers"] = std::move(headers);
    out["query"] = std::move(query);
    out["received_at"] = rfc3339(received_at);
    return to_text(out);
}

}  // namespace weft::ingress::detail
