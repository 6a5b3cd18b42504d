#include "core/trigger/trigger.h"

#include "base/bytes.h"
#include "base/words.h"
#include "core/runstate/policy.h"
#include "core/trigger/detail/recipes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace weft::trigger {

using detail::check_id;
using detail::check_signed_id;
using detail::check_time;
using detail::matching;
using detail::refused;
using detail::single;

namespace {

constexpr Millis kToleranceMax{3'600'000};    // a replay window longer than this protects from nothing
constexpr std::size_t kSignaturesMax = 8;     // one per secret in rotation, with room
constexpr std::size_t kDedupeBytesMax = 200;  // an index key
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kParameterBytesMax = 64;
constexpr std::size_t kPathBytesMin = 3;
constexpr std::size_t kPathBytesMax = 80;

struct SchemeRow {
    Scheme scheme;
    std::string_view name;
};
constexpr std::array kSchemes{
    SchemeRow{Scheme::kNone, "none"},
    SchemeRow{Scheme::kHmacSha256, "hmac-sha256"},
    SchemeRow{Scheme::kToken, "token"},
    SchemeRow{Scheme::kBasic, "basic"},
};

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

}  // namespace

namespace detail {

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

Result<std::string> matching(
    std::span<const std::string> given,
    std::span<const std::string> keys,
    std::string_view message,
    const Hmac& hmac
) {
    // No early end: the time must not tell which secret or which entry matched.
    const std::string* match = nullptr;
    for (const std::string& key : keys) {
        const std::string expected = hmac(key, message);
        if (expected.size() != kDigestBytes && expected.size() != kSha1Bytes)
            return refused("no working HMAC");
        for (const std::string& digest : given)
            if (equal_constant_time(digest, expected)) match = &digest;
    }
    if (match == nullptr) return refused(given.empty() ? "no readable signature" : "no signature matches");
    return *match;
}

}  // namespace detail

namespace {

Result<> read_header(
    const JsonObject& object, std::string_view key, std::string& out, std::string_view field
) {
    if (!object.contains(key)) return {};
    out = text_or(object, key);
    if (is_header_name(out)) return {};
    return fail(Error::invalid("This is a header name, such as X-Gitlab-Token", below(field, key)));
}

/// A setting that would do nothing is a misunderstanding.
Result<> check_used(const JsonObject& object, Scheme scheme, std::string_view field) {
    if (scheme == Scheme::kNone || scheme == Scheme::kHmacSha256) return {};
    for (std::string_view key : {"timestamp_header", "tolerance"})
        if (object.contains(key))
            return fail(Error::invalid("Only hmac-sha256 signs a time", below(field, key)));
    if (scheme == Scheme::kBasic && object.contains("signature_header"))
        return fail(Error::invalid("basic uses the header Authorization", below(field, "signature_header")));
    if (scheme == Scheme::kToken && !object.contains("signature_header"))
        return fail(Error::invalid(
            "token needs the header that carries it, such as X-Gitlab-Token", below(field, "signature_header")
        ));
    return {};
}

Error bad_methods(std::string_view field) {
    return Error::invalid(
        R"(methods is a list of GET, HEAD, POST, PUT, PATCH and DELETE, each once, such as ["POST", "PUT"])",
        std::string(field)
    );
}

Result<Challenge> parse_challenge(const Json& value, std::string_view field) {
    CHECK_OK(check_members(value, {"parameter", "token_parameter"}, field));
    const JsonObject& object = value.get_object();
    Challenge out{
        .parameter = std::string(text_or(object, "parameter")),
        .token_parameter = std::string(text_or(object, "token_parameter")),
    };
    for (const auto& [key, text] :
         {std::pair("parameter", &out.parameter), {"token_parameter", &out.token_parameter}}) {
        const bool is_given = object.contains(key) || std::string_view(key) == "parameter";
        if (is_given && (text->empty() || text->size() > kParameterBytesMax))
            return fail(
                Error::invalid("This is a query parameter's name, such as hub.challenge", below(field, key))
            );
    }
    return out;
}

}  // namespace

namespace {

Result<> read_tolerance(const JsonObject& object, Signature& out, std::string_view field) {
    const Json* tolerance = object.if_contains("tolerance");
    if (tolerance == nullptr) return {};
    TRY(out.tolerance, runstate::duration_of(*tolerance, below(field, "tolerance")));
    if (out.tolerance.count() > 0 && out.tolerance <= kToleranceMax) return {};
    return fail(Error::invalid("tolerance is more than nothing and at most 1h", below(field, "tolerance")));
}

/// A provider's: where things stand is known.
Result<Signature> parse_recipe(
    const detail::Recipe& recipe, const JsonObject& object, std::string_view field
) {
    for (const auto& [key, value] : object)
        if (key != "scheme" && (key != "tolerance" || !recipe.is_timed()))
            return fail(Error::invalid(
                fmt::format("The scheme {} says this itself; leave it out", recipe.name), below(field, key)
            ));
    Signature out;
    out.scheme = recipe.scheme;
    out.signature_header = recipe.signature_header;
    out.timestamp_header = recipe.time_header;
    out.id_header = recipe.id_header;
    CHECK_OK(read_tolerance(object, out, field));
    return out;
}

}  // namespace

Result<Signature> parse_signature(const Json& value, std::string_view field) {
    CHECK_OK(check_members(
        value, {"scheme", "signature_header", "timestamp_header", "id_header", "tolerance"}, field
    ));
    const JsonObject& object = value.get_object();
    if (const detail::Recipe* recipe = detail::recipe_named(text_or(object, "scheme")))
        return parse_recipe(*recipe, object, field);
    const auto row = std::ranges::find(kSchemes, text_or(object, "scheme"), &SchemeRow::name);
    if (row == kSchemes.end())
        return fail(Error::invalid(
            "scheme is hmac-sha256, token, basic, github, stripe, slack, shopify, standard-webhooks, zoom, "
            "jira, xero, quickbooks, twilio, or none for an endpoint open to all",
            below(field, "scheme")
        ));
    Signature out;
    out.scheme = row->scheme;
    CHECK_OK(check_used(object, out.scheme, field));
    CHECK_OK(read_header(object, "signature_header", out.signature_header, field));
    CHECK_OK(read_header(object, "timestamp_header", out.timestamp_header, field));
    CHECK_OK(read_header(object, "id_header", out.id_header, field));
    if (out.scheme == Scheme::kBasic) out.signature_header = "Authorization";
    bool is_shared = same_name(out.signature_header, out.timestamp_header) ||
                     same_name(out.signature_header, out.id_header) ||
                     same_name(out.timestamp_header, out.id_header);
    if (is_shared) return fail(Error::invalid("The three headers need three names", std::string(field)));
    CHECK_OK(read_tolerance(object, out, field));
    return out;
}

Json to_json(const Signature& signature) {
    JsonObject out;
    if (const detail::Recipe* recipe = detail::recipe_of(signature.scheme)) {
        out["scheme"] = recipe->name;
        if (recipe->is_timed()) out["tolerance"] = runstate::duration_text(signature.tolerance);
        return out;
    }
    out["scheme"] = std::ranges::find(kSchemes, signature.scheme, &SchemeRow::scheme)->name;
    out["id_header"] = signature.id_header;
    if (signature.scheme == Scheme::kToken || signature.scheme == Scheme::kHmacSha256)
        out["signature_header"] = signature.signature_header;
    if (signature.scheme != Scheme::kHmacSha256) return out;
    out["timestamp_header"] = signature.timestamp_header;
    out["tolerance"] = runstate::duration_text(signature.tolerance);
    return out;
}

std::string Methods::text() const {
    std::string out;
    for (std::size_t i = 0; i < kMethods.size(); ++i)
        if (has(static_cast<Method>(i))) out.append(out.empty() ? "" : ", ").append(kMethods[i]);
    return out;
}

Result<> check_path(std::string_view path, std::string field) {
    const auto is_letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool is_good = path.size() >= kPathBytesMin && path.size() <= kPathBytesMax &&
                         is_letter_or_digit(path.front()) &&
                         std::ranges::all_of(path, [&](char c) { return is_letter_or_digit(c) || c == '-'; });
    if (is_good) return {};
    return fail(Error::invalid(
        fmt::format(
            "path is {} to {} lower-case letters, digits and dashes, such as contact-us",
            kPathBytesMin,
            kPathBytesMax
        ),
        std::move(field)
    ));
}

namespace {

Result<Methods> parse_methods(const Json& value, std::string_view field) {
    const JsonArray* list = value.if_array();
    Methods out{};
    for (const Json& each : list != nullptr ? *list : JsonArray()) {
        const std::string* text = each.if_string();
        const auto method = text == nullptr ? std::nullopt : find_word<Method>(kMethods, *text);
        if (!method || out.has(*method)) return fail(bad_methods(field));
        out.add(*method);
    }
    if (out == Methods{}) return fail(bad_methods(field));
    return out;
}

}  // namespace

Result<Webhook> parse_webhook(const Json& config, std::string_view field) {
    CHECK_OK(check_members(
        config,
        {"signature", "mode", "challenge", "on_invalid_input", "filter", "networks", "methods", "path"},
        field
    ));
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
        const detail::Recipe* recipe = detail::recipe_of(out.signature.scheme);
        const bool is_bare = recipe != nullptr && recipe->bare_status != 0 && !recipe->takes_answers;
        if (out.mode == Mode::kSync && is_bare)
            return fail(Error::invalid(
                "This scheme's sender wants an empty answer at once: mode is async", below(field, "mode")
            ));
    }
    if (object.contains("on_invalid_input")) {
        std::string_view what = text_or(object, "on_invalid_input");
        if (what != "fail" && what != "refuse")
            return fail(Error::invalid("on_invalid_input is fail or refuse", below(field, "on_invalid_input"))
            );
        out.on_invalid_input = what == "refuse" ? OnInvalidInput::kRefuse : OnInvalidInput::kFail;
    }
    if (const Json* challenge = object.if_contains("challenge")) {
        TRY(out.challenge, parse_challenge(*challenge, below(field, "challenge")));
        if (!out.challenge->token_parameter.empty() && out.signature.scheme == Scheme::kNone)
            return fail(Error::invalid(
                "A trigger of the scheme none has no secret to compare with",
                below(field, "challenge.token_parameter")
            ));
    }
    if (const Json* filter = object.if_contains("filter"); filter != nullptr && !filter->is_null()) {
        TRY(out.filter, Filter::parse(*filter, below(field, "filter")));
    }
    if (const Json* networks = object.if_contains("networks"); networks != nullptr && !networks->is_null()) {
        TRY(out.networks, Networks::parse(*networks, below(field, "networks")));
    }
    if (const Json* methods = object.if_contains("methods"); methods != nullptr && !methods->is_null()) {
        TRY(out.methods, parse_methods(*methods, below(field, "methods")));
    }
    if (const Json* path = object.if_contains("path"); path != nullptr && !path->is_null()) {
        out.path = text_or(object, "path");
        CHECK_OK(check_path(out.path, below(field, "path")));
    }
    return out;
}

Json to_json(const Webhook& webhook) {
    JsonObject out;
    out["signature"] = to_json(webhook.signature);
    out["mode"] = webhook.mode == Mode::kSync ? "sync" : "async";
    out["on_invalid_input"] = webhook.on_invalid_input == OnInvalidInput::kRefuse ? "refuse" : "fail";
    if (webhook.challenge) {
        JsonObject challenge;
        challenge["parameter"] = webhook.challenge->parameter;
        if (!webhook.challenge->token_parameter.empty())
            challenge["token_parameter"] = webhook.challenge->token_parameter;
        out["challenge"] = std::move(challenge);
    }
    if (webhook.filter) out["filter"] = webhook.filter->json();
    if (!webhook.networks.empty()) out["networks"] = webhook.networks.json();
    if (webhook.methods != Webhook().methods) {
        JsonArray methods;
        for (std::size_t i = 0; i < kMethods.size(); ++i)
            if (webhook.methods.has(static_cast<Method>(i))) methods.emplace_back(kMethods[i]);
        out["methods"] = std::move(methods);
    }
    if (!webhook.path.empty()) out["path"] = webhook.path;
    return out;
}

namespace {

/// What comes behind "<scheme> " in an Authorization header; nothing when it is of another scheme.
std::optional<std::string_view> credential_of(std::string_view header, std::string_view scheme) {
    const bool is_of_it = header.size() > scheme.size() && header[scheme.size()] == ' ' &&
                          same_name(header.substr(0, scheme.size()), scheme);
    if (!is_of_it) return std::nullopt;
    header.remove_prefix(scheme.size());
    return header.substr(std::min(header.find_first_not_of(' '), header.size()));
}

/// The secret itself, in a header.
Result<> verify_static(const Signature& signature, std::span<const Secret> secrets, Headers headers) {
    TRY(auto header, single(headers, signature.signature_header));
    if (!header) return refused("the header with the secret is missing");
    const bool is_standard = same_name(signature.signature_header, "Authorization");
    std::string given(*header);
    std::string_view password;
    if (signature.scheme == Scheme::kBasic) {
        const auto coded = credential_of(*header, "Basic");
        auto decoded = coded ? from_base64(*coded) : std::nullopt;
        if (!decoded) return refused("no basic credential");
        given = *std::move(decoded);
        // A secret that we made names no user.
        password = std::string_view(given).substr(std::min(given.find(':') + 1, given.size()));
    } else if (auto bearer = is_standard ? credential_of(*header, "Bearer") : std::nullopt) {
        given = *bearer;
    }
    const bool is_whole = is_secret(given, secrets);
    const bool is_password = is_secret(password, secrets);
    if (!is_whole && !is_password) return refused("the secret is another");
    return {};
}

}  // namespace

bool is_secret(std::string_view given, std::span<const Secret> secrets) {
    bool is_match = false;
    for (const Secret& secret : secrets)
        is_match |= !secret.empty() && equal_constant_time(given, secret.reveal());
    return is_match;
}

Result<Accepted> verify(
    const Signature& signature,
    std::span<const Secret> secrets,
    const Delivery& delivery,
    Instant now,
    const Hmac& hmac
) {
    if (const detail::Recipe* recipe = detail::recipe_of(signature.scheme))
        return detail::verify_by(*recipe, signature.tolerance, secrets, delivery, now, hmac);
    TRY(auto id, single(delivery.headers, signature.id_header));
    if (id) CHECK_OK(check_id(*id));
    const bool is_static = signature.scheme == Scheme::kToken || signature.scheme == Scheme::kBasic;
    if (is_static) CHECK_OK(verify_static(signature, secrets, delivery.headers));
    if (is_static || signature.scheme == Scheme::kNone) return Accepted{id ? "id:" + std::string(*id) : ""};
    if (id) CHECK_OK(check_signed_id(*id));
    TRY(auto timestamp, single(delivery.headers, signature.timestamp_header));
    TRY(auto header, single(delivery.headers, signature.signature_header));
    if (!timestamp || !header) return refused("signature or timestamp header is missing");
    CHECK_OK(check_time(*timestamp, signature.tolerance, now));
    const std::string message = message_of(id.value_or(""), *timestamp, delivery.body);
    const std::vector<std::string> given = digests(*header);
    std::vector<std::string> keys;
    for (const Secret& secret : secrets)
        if (!secret.empty()) keys.emplace_back(secret.reveal());
    TRY(const std::string match, matching(given, keys, message, hmac));
    return Accepted{id ? "id:" + std::string(*id) : "sig:" + hex(match)};
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
