#include "data/ingress/detail/request.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/limits.h"
#include "core/media/media.h"
#include "store/triggers/triggers.h"

#include <algorithm>
#include <array>
#include <charconv>

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

/// A field's text; what was odd about it is kept in `seen`.
std::string decoded(std::string bytes, const std::string& charset, Reading& seen) {
    media::Text text = media::to_utf8(std::move(bytes), charset);
    seen.has_broken_text |= text.has_replacements;
    if (text.is_label_unknown) seen.charset = charset;
    return std::move(text.utf8);
}

Result<std::string> form(std::string_view body, const std::string& charset, Reading& seen) {
    TRY(auto pairs, http::parse_pairs(body, kFormFieldsMax));
    JsonObject object;
    for (const auto& [key, value] : pairs)
        put(object, decoded(key, charset, seen), decoded(value, charset, seen));
    return to_text(object);
}

/// An escape of half a character outside the Basic Multilingual Plane: "\\ud83d". Whole ones match too.
bool has_surrogate_escape(std::string_view json) {
    for (std::size_t at = json.find("\\u"); at != json.npos; at = json.find("\\u", at + 2)) {
        const int digit = at + 3 < json.size() && (json[at + 2] | 0x20) == 'd' ? hex_digit(json[at + 3]) : -1;
        if (digit >= 8) return true;
    }
    return false;
}

/// The text as it is, which keeps numbers as they were written, unless it has escapes that not every reader
/// takes.
Result<std::string> json_text(std::string body) {
    auto parsed = parse_json(body, {.bytes_max = limits::kPayloadBytesMax});
    if (!parsed) return fail(std::move(parsed).error().with_field("body"));
    return has_surrogate_escape(body) ? to_text(*parsed) : std::move(body);
}

/// Credentials, cookies, signatures and what belongs to the connection stay with us.
bool is_for_the_run(std::string_view name, std::string_view credential_header) {
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
    if (name == lower(credential_header)) return false;
    return std::ranges::none_of(kCredential, [&](std::string_view part) { return name.contains(part); });
}

Result<std::string> input_of(std::string body, const media::ContentType& type, Reading& seen) {
    if (body.empty()) return "null";
    if (type.type == "application/x-www-form-urlencoded") return form(body, type.charset, seen);
    std::string charset = type.charset;
    if (charset.empty() && media::is_xml(type.type)) charset = media::xml_encoding(body);
    if (media::is_json(type.type)) {
        body = decoded(std::move(body), charset, seen);
        if (body.empty()) return "null";
        return json_text(std::move(body));
    }
    // Senders that name no type mostly send JSON.
    if (type.type.empty()) {
        std::string text = media::is_utf8(body) ? media::to_utf8(body, "").utf8 : "";
        if (auto json = json_text(std::move(text))) return json;
    }
    const bool is_text = type.type.empty() || media::is_text(type.type);
    const bool is_charset_known =
        media::is_utf8(body) || (is_text && (!charset.empty() || media::has_mark(body)));
    JsonObject object;
    if (is_text && is_charset_known) {
        object["text"] = decoded(std::move(body), charset, seen);
    } else {
        object["base64"] = base64(body);
    }
    if (!type.type.empty()) object["content_type"] = media::header_text(type.type);
    return to_text(object);
}

}  // namespace

void put(JsonObject& object, std::string_view key, Json value) {
    auto* present = object.if_contains(key);
    if (present == nullptr) {
        object[key] = std::move(value);
    } else if (present->is_array()) {
        present->get_array().push_back(std::move(value));
    } else {
        *present = JsonArray{std::move(*present), std::move(value)};
    }
}

bool is_bytes(std::string_view type) {
    return !type.empty() && !media::is_text(type) && !media::is_json(type) &&
           type != "application/x-www-form-urlencoded";
}

std::vector<std::string> urls_of(const std::string& public_url, const http::Request& request) {
    if (!public_url.empty()) return {public_url + request.raw_target};
    const std::string rest = std::string(request.headers.get("host")) + request.raw_target;
    return {"https://" + rest, "http://" + rest};
}

std::size_t stated_length(const http::Request& head) {
    const std::string_view text = head.headers.get("content-length");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

std::size_t reading_bytes_max(const http::Request& request, const http::Codings& codings) {
    const std::size_t sent = request.body.size();
    const bool is_coded = !codings.applied.empty();
    const std::size_t plain = is_coded ? http::decoded_bytes_max(sent, limits::kWebhookBodyBytesMax) : sent;
    const auto charset = media::parse_content_type(request.headers.get("content-type")).charset;
    const bool is_utf8 = charset.empty() || media::encoding_of(charset) == "utf-8";
    return sent + (is_coded ? plain : 0) + (is_utf8 ? 0 : 3 * plain);
}

Result<Reading> read_delivery(http::Request& request, const http::Codings& codings) {
    Reading out;
    TRY(auto plain, http::decode_body(std::move(request.body), codings, limits::kWebhookBodyBytesMax));
    request.body.clear();
    out.is_mislabelled = plain.is_mislabelled;
    const auto type = media::parse_content_type(request.headers.get("content-type"));
    if (!plain.body.empty() && is_bytes(type.type)) {
        out.bytes = std::move(plain.body);
        return out;
    }
    TRY(out.input, input_of(std::move(plain.body), type, out));
    return out;
}

JsonObject query_json(const http::Request& request) {
    JsonObject query;
    for (const auto& [key, value] : request.target.query) {
        put(query, media::to_utf8(key, "").utf8, media::to_utf8(value, "").utf8);
    }
    return query;
}

std::string trigger_of(
    store::triggers::Kind kind,
    const http::Request& request,
    const store::triggers::WebhookTarget& target,
    std::string_view credential_header,
    Instant received_at
) {
    JsonObject headers;
    for (const auto& [key, value] : request.headers) {
        std::string name = lower(key);
        if (is_for_the_run(name, credential_header)) put(headers, name, media::header_text(value));
    }
    JsonObject out;
    out["kind"] = name(kind);
    out["id"] = target.id.text();
    out["name"] = target.name;
    out["method"] = http::name(request.method);
    out["headers"] = std::move(headers);
    out["query"] = query_json(request);
    out["received_at"] = rfc3339(received_at);
    return to_text(out);
}

bool passes(const trigger::Filter& filter, std::string_view input, std::string_view trigger) {
    const JsonLimits limits{.bytes_max = limits::kPayloadBytesMax};
    const auto given = parse_json(input, limits);
    const auto about = parse_json(trigger, limits);
    // What is no value for a run is the run's to refuse.
    return !given || !about || filter.passes(*given, *about);
}

}  // namespace weft::ingress::detail
