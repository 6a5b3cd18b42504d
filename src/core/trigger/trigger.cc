#include "core/trigger/trigger.h"

#include "base/bytes.h"
#include "core/runstate/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace weft::trigger {

namespace {

constexpr Millis kToleranceMax{3'600'000};    // a replay window longer than this protects from nothing
constexpr std::size_t kSignaturesMax = 8;     // one per secret in rotation, with room
constexpr std::size_t kDedupeBytesMax = 200;  // an index key
constexpr std::size_t kDigestBytes = 32;

std::string below(std::string_view field, std::string_view member) {
    return fmt::format("{}.{}", field, member);
}

bool same_name(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_header_name(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    });
}

Result<> check_members(
    const Json& value, std::initializer_list<std::string_view> known, std::string_view field
) {
    if (!value.is_object()) return fail(Error::invalid("This is an object", std::string(field)));
    for (const auto& member : value.get_object())
        if (std::ranges::find(known, std::string_view(member.key())) == known.end())
            return fail(Error::invalid("Unknown member", below(field, member.key())));
    return {};
}

std::unexpected<Error> refused(std::string_view why) {
    return fail(
        Error::unauthenticated("The delivery was not accepted").with_detail(fmt::format("webhook: {}", why))
    );
}

/// The one value of a header; nothing when absent. Two of them are refused: we and a proxy might pick
/// different ones.
Result<std::optional<std::string_view>> single(Headers headers, std::string_view name) {
    std::optional<std::string_view> found;
    for (const auto& [key, value] : headers) {
        if (!same_name(key, name)) continue;
        if (found) return refused("a header comes twice");
        found = value;
    }
    return found;
}

/// Raw digests of a signature header; entries that we do not understand are passed over (other algorithms).
std::vector<std::string> digests(std::string_view header) {
    std::vector<std::string> out;
    auto add = [&](std::optional<std::string> bytes) {
        if (bytes && bytes->size() == kDigestBytes && out.size() < kSignaturesMax)
            out.push_back(*std::move(bytes));
    };
    // "v1,<base64>" holds a comma itself, hence: split at blanks and commas, and join a bare "v1" with what
    // follows.
    bool is_base64_next = false;
    while (!header.empty()) {
        std::size_t end = std::min(header.find_first_of(", \t"), header.size());
        std::string_view part = header.substr(0, end);
        bool comma = end < header.size() && header[end] == ',';
        header.remove_prefix(std::min(end + 1, header.size()));
        if (part.empty()) continue;
        if (is_base64_next) {
            add(from_base64(part));
            is_base64_next = false;
        } else if (part == "v1" && comma) {
            is_base64_next = true;
        } else if (part.starts_with("sha256=")) {
            add(from_hex(part.substr(7)));
        } else if (part.starts_with("v1=")) {
            add(from_hex(part.substr(3)));
        }
    }
    return out;
}

std::string message_of(std::string_view id, std::string_view timestamp, std::string_view body) {
    std::string out;
    out.reserve(id.size() + timestamp.size() + body.size() + 2);
    if (!id.empty()) out.append(id).append(".");
    return out.append(timestamp).append(".").append(body);
}

Result<> check_id(std::string_view id) {
    bool is_good = !id.empty() && id.size() <= kDedupeBytesMax - 3 &&
                   std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; });
    if (!is_good) return refused("the delivery id is empty, too long, or holds blanks");
    return {};
}

/// What is signed must have one reading. A dot would move the border between id and time, and an id of digits
/// could be taken for the time of a delivery without an id, whose body then begins with the real time: a
/// captured delivery could be sent again as another one.
Result<> check_signed_id(std::string_view id) {
    bool is_number = std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number || id.contains('.'))
        return refused("a signed delivery id is a number or holds a dot; write msg_123 instead of 123");
    return {};
}

Result<> check_time(std::string_view text, Millis tolerance, Instant now) {
    std::int64_t seconds = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    // from_chars takes "-0" and leading zeros: one instant has one spelling, as in the signed text.
    if (ec != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > 99'999'999'999 ||
        text != std::to_string(seconds))
        return refused("the timestamp is not a number of seconds");
    Instant sent{Micros(seconds * 1'000'000)};
    if (now - sent > tolerance || sent - now > tolerance)
        return refused("the timestamp is outside the tolerance");
    return {};
}

}  // namespace

Result<Signature> parse_signature(const Json& value, std::string_view field) {
    CHECK_OK(check_members(
        value, {"scheme", "signature_header", "timestamp_header", "id_header", "tolerance"}, field
    ));
    const JsonObject& object = value.get_object();
    std::string_view scheme = text_or(object, "scheme");
    if (scheme != "none" && scheme != "hmac-sha256")
        return fail(Error::invalid(
            "scheme is hmac-sha256, or none for an endpoint open to all", below(field, "scheme")
        ));
    Signature out;
    out.scheme = scheme == "none" ? Scheme::kNone : Scheme::kHmacSha256;
    for (auto [key, target] : std::initializer_list<std::pair<std::string_view, std::string*>>{
             {"signature_header", &out.signature_header},
             {"timestamp_header", &out.timestamp_header},
             {"id_header", &out.id_header},
         }) {
        if (!object.contains(key)) continue;
        *target = text_or(object, key);
        if (!is_header_name(*target)) return fail(Error::invalid("This is a header name", below(field, key)));
    }
    bool is_shared = same_name(out.signature_header, out.timestamp_header) ||
                     same_name(out.signature_header, out.id_header) ||
                     same_name(out.timestamp_header, out.id_header);
    if (is_shared) return fail(Error::invalid("The three headers need three names", std::string(field)));
    if (const Json* tolerance = object.if_contains("tolerance")) {
        TRY(out.tolerance, runstate::duration_of(*tolerance, below(field, "tolerance")));
        if (out.tolerance.count() <= 0 || out.tolerance > kToleranceMax)
            return fail(
                Error::invalid("tolerance is more than nothing and at most 1h", below(field, "tolerance"))
            );
    }
    return out;
}

Json to_json(const Signature& signature) {
    JsonObject out;
    out["scheme"] = signature.scheme == Scheme::kNone ? "none" : "hmac-sha256";
    out["id_header"] = signature.id_header;
    if (signature.scheme == Scheme::kNone) return out;
    out["signature_header"] = signature.signature_header;
    out["timestamp_header"] = signature.timestamp_header;
    out["tolerance"] = runstate::duration_text(signature.tolerance);
    return out;
}

Result<Webhook> parse_webhook(const Json& config, std::string_view field) {
    CHECK_OK(check_members(config, {"signature", "mode"}, field));
    const JsonObject& object = config.get_object();
    const Json* signature = object.if_contains("signature");
    if (signature == nullptr)
        return fail(Error::invalid(
            R"(signature is missing; say {"scheme": "hmac-sha256"} or {"scheme": "none"})",
            below(field, "signature")
        ));
    Webhook out;
    TRY(out.signature, parse_signature(*signature, below(field, "signature")));
    if (object.contains("mode")) {
        std::string_view mode = text_or(object, "mode");
        if (mode != "async" && mode != "sync")
            return fail(Error::invalid("mode is async or sync", below(field, "mode")));
        out.mode = mode == "sync" ? Mode::kSync : Mode::kAsync;
    }
    return out;
}

Json to_json(const Webhook& webhook) {
    JsonObject out;
    out["signature"] = to_json(webhook.signature);
    out["mode"] = webhook.mode == Mode::kSync ? "sync" : "async";
    return out;
}

Result<Accepted> verify(
    const Signature& signature,
    std::span<const Secret> secrets,
    const Delivery& delivery,
    Instant now,
    const Hmac& hmac
) {
    TRY(auto id, single(delivery.headers, signature.id_header));
    if (id) CHECK_OK(check_id(*id));
    if (signature.scheme == Scheme::kNone) return Accepted{id ? "id:" + std::string(*id) : ""};
    if (id) CHECK_OK(check_signed_id(*id));
    TRY(auto timestamp, single(delivery.headers, signature.timestamp_header));
    TRY(auto header, single(delivery.headers, signature.signature_header));
    if (!timestamp || !header) return refused("signature or timestamp header is missing");
    CHECK_OK(check_time(*timestamp, signature.tolerance, now));
    const std::string message = message_of(id.value_or(""), *timestamp, delivery.body);
    const std::vector<std::string> given = digests(*header);
    // No early end: the time must not tell which secret or which entry matched.
    const std::string* match = nullptr;
    for (const Secret& secret : secrets) {
        if (secret.empty()) continue;
        const std::string expected = hmac(secret.reveal(), message);
        if (expected.size() != kDigestBytes) return refused("no working HMAC");
        for (const std::string& digest : given)
            if (equal_constant_time(digest, expected)) match = &digest;
    }
    if (match == nullptr) return refused(given.empty() ? "no readable signature" : "no signature matches");
    return Accepted{id ? "id:" + std::string(*id) : "sig:" + hex(*match)};
}

std::string sign(
    const Secret& secret,
    std::string_view id,
    std::int64_t timestamp_s,
    std::string_view body,
    const Hmac& hmac
) {
    return "sha256=" + hex(hmac(secret.reveal(), message_of(id, std::to_string(timestamp_s), body)));
}

}  // namespace weft::trigger
