#include "core/trigger/detail/recipes.h"

#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::trigger {

namespace detail {

namespace {

constexpr std::size_t kEntriesMax = 8;  // of one header: one per secret in rotation, with room
constexpr std::size_t kMemberBytesMax = 190;
constexpr std::size_t kProbeBytesMax = 4u
                                       << 10;  // of a delivery that only asks; real ones are some 200 bytes
constexpr std::size_t kKeyBytesMin = 16;       // of a secret in base64
constexpr std::string_view kKeyPrefix = "whsec_";

constexpr std::array kRecipes{
    Recipe{
        .scheme = Scheme::kGithub,
        .name = "github",
        .signature_header = "X-Hub-Signature-256",
        .prefix = "sha256=",
        .id_header = "X-GitHub-Delivery",
    },
    Recipe{
        .scheme = Scheme::kStripe,
        .name = "stripe",
        .signature_header = "Stripe-Signature",
        .message = "{time}.{body}",
        .id_member = "id",
        .layout = Recipe::Layout::kPairs,
    },
    Recipe{
        .scheme = Scheme::kSlack,
        .name = "slack",
        .signature_header = "X-Slack-Signature",
        .prefix = "v0=",
        .message = "v0:{time}:{body}",
        .time_header = "X-Slack-Request-Timestamp",
        .id_member = "event_id",
        .handshake = Recipe::Handshake::kSlack,
    },
    Recipe{
        .scheme = Scheme::kShopify,
        .name = "shopify",
        .signature_header = "X-Shopify-Hmac-Sha256",
        .encoding = Recipe::Encoding::kBase64,
        .id_header = "X-Shopify-Event-Id",
    },
    Recipe{
        .scheme = Scheme::kStandardWebhooks,
        .name = "standard-webhooks",
        .signature_header = "webhook-signature",
        .encoding = Recipe::Encoding::kBase64,
        .message = "{id}.{time}.{body}",
        .time_header = "webhook-timestamp",
        .id_header = "webhook-id",
        .layout = Recipe::Layout::kList,
        .is_secret_base64 = true,
    },
    Recipe{
        .scheme = Scheme::kZoom,
        .name = "zoom",
        .signature_header = "x-zm-signature",
        .prefix = "v0=",
        .message = "v0:{time}:{body}",
        .time_header = "x-zm-request-timestamp",
        .handshake = Recipe::Handshake::kZoom,
        .is_told_by_body = true,
        .bare_status = 204,
    },
    Recipe{
        .scheme = Scheme::kJira,
        .name = "jira",
        .signature_header = "X-Hub-Signature",
        .prefix = "sha256=",
    },
    Recipe{
        .scheme = Scheme::kXero,
        .name = "xero",
        .signature_header = "x-xero-signature",
        .encoding = Recipe::Encoding::kBase64,
        .handshake = Recipe::Handshake::kXero,
        .bare_status = 200,
    },
    Recipe{
        .scheme = Scheme::kQuickBooks,
        .name = "quickbooks",
        .signature_header = "intuit-signature",
        .encoding = Recipe::Encoding::kBase64,
    },
    Recipe{
        .scheme = Scheme::kTwilio,
        .name = "twilio",
        .signature_header = "X-Twilio-Signature",
        .encoding = Recipe::Encoding::kBase64,
        .bare_status = 204,
        .takes_answers = true,
        .signs_address = true,
    },
};

std::string filled(
    std::string_view pattern, std::string_view id, std::string_view time, std::string_view body
) {
    std::string out;
    out.reserve(pattern.size() + id.size() + time.size() + body.size());
    while (!pattern.empty()) {
        const auto open = std::min(pattern.find('{'), pattern.size());
        out.append(pattern.substr(0, open));
        pattern.remove_prefix(open);
        if (pattern.empty()) break;
        const auto name = pattern.substr(1, pattern.find('}') - 1);
        out.append(name == "id" ? id : name == "time" ? time : body);
        pattern.remove_prefix(name.size() + 2);
    }
    return out;
}

struct Entries {
    std::vector<std::string> digests;  // raw
    std::string_view time;             // of kPairs
};

Entries entries_of(const Recipe& recipe, std::string_view header) {
    Entries out;
    auto add = [&](std::string_view text) {
        auto bytes = recipe.encoding == Recipe::Encoding::kHex ? from_hex(text) : from_base64(text);
        if (bytes && out.digests.size() < kEntriesMax) out.digests.push_back(*std::move(bytes));
    };
    if (recipe.layout == Recipe::Layout::kOne) {
        if (header.starts_with(recipe.prefix)) add(header.substr(recipe.prefix.size()));
        return out;
    }
    const bool is_list = recipe.layout == Recipe::Layout::kList;
    while (!header.empty()) {
        const auto end = std::min(header.find(is_list ? ' ' : ','), header.size());
        std::string_view part = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
        if (part.starts_with(is_list ? "v1," : "v1=")) add(part.substr(3));
        if (!is_list && part.starts_with("t=") && out.time.empty()) out.time = part.substr(2);
    }
    return out;
}

std::optional<std::string> key_in(std::string_view text) {
    if (text.starts_with(kKeyPrefix)) text.remove_prefix(kKeyPrefix.size());
    return from_base64(text);
}

std::vector<std::string> keys_of(const Recipe& recipe, std::span<const Secret> secrets) {
    std::vector<std::string> out;
    for (const Secret& secret : secrets) {
        if (secret.empty()) continue;
        const std::string_view text = secret.reveal();
        if (!recipe.is_secret_base64) {
            out.emplace_back(text);
            continue;
        }
        if (auto bytes = key_in(text)) out.push_back(*std::move(bytes));
    }
    return out;
}

/// What a signed body calls itself; empty when it does not.
std::string member_of(std::string_view body, std::string_view member) {
    if (member.empty()) return "";
    const auto tree = parse_json(body);
    if (!tree || !tree->is_object()) return "";
    const std::string_view id = text_or(tree->get_object(), member);
    return id.size() <= kMemberBytesMax && check_id(id.empty() ? "?" : id) ? std::string(id) : "";
}

}  // namespace

const Recipe* recipe_of(Scheme scheme) {
    const auto found = std::ranges::find(kRecipes, scheme, &Recipe::scheme);
    return found == kRecipes.end() ? nullptr : &*found;
}
const Recipe* recipe_named(std::string_view name) {
    const auto found = std::ranges::find(kRecipes, name, &Recipe::name);
    return found == kRecipes.end() ? nullptr : &*found;
}

Result<Accepted> verify_by(
    const Recipe& recipe,
    Millis tolerance,
    std::span<const Secret> secrets,
    const Delivery& delivery,
    Instant now,
    const Hmac& hmac
) {
    if (recipe.signs_address) return verify_address(recipe, secrets, delivery);
    TRY(auto header, single(delivery.headers, recipe.signature_header));
    if (!header) return refused("the signature header is missing");
    const Entries entries = entries_of(recipe, *header);
    std::string_view time = entries.time;
    if (!recipe.time_header.empty()) {
        TRY(auto given, single(delivery.headers, recipe.time_header));
        time = given.value_or("");
    }
    if (recipe.is_timed()) CHECK_OK(check_time(time, tolerance, now));
    std::optional<std::string_view> id;
    if (!recipe.id_header.empty()) {
        TRY(id, single(delivery.headers, recipe.id_header));
        if (id) CHECK_OK(check_id(*id));
    }
    if (recipe.message.contains("{id}")) {
        if (!id) return refused("the delivery id is missing");
        CHECK_OK(check_signed_id(*id));
    }
    const std::vector<std::string> keys = keys_of(recipe, secrets);
    const std::string message = filled(recipe.message, id.value_or(""), time, delivery.body);
    TRY(std::string match, matching(entries.digests, keys, message, hmac));
    if (id) return Accepted{"id:" + std::string(*id)};
    // No secret: whichever of two signed it, the body is the same.
    if (recipe.is_told_by_body) return Accepted{"body:" + hex(hmac(recipe.name, delivery.body))};
    const std::string member = member_of(delivery.body, recipe.id_member);
    return Accepted{member.empty() ? "sig:" + hex(match) : "id:" + member};
}

}  // namespace detail

Result<> check_secret(const Signature& signature, std::string_view secret, std::string_view field) {
    const detail::Recipe* recipe = detail::recipe_of(signature.scheme);
    if (recipe == nullptr || !recipe->is_secret_base64) return {};
    const auto key = detail::key_in(secret);
    if (key && key->size() >= detail::kKeyBytesMin) return {};
    return fail(Error::invalid(
        fmt::format(
            "A secret of {} is whsec_ and at least {} bytes in base64, as the sender shows it",
            recipe->name,
            detail::kKeyBytesMin
        ),
        std::string(field)
    ));
}

std::optional<int> bare_status(const Signature& signature) {
    const detail::Recipe* recipe = detail::recipe_of(signature.scheme);
    return recipe == nullptr || recipe->bare_status == 0 ? std::nullopt : std::optional(recipe->bare_status);
}

std::optional<Handshake> handshake(
    const Signature& signature, std::span<const Secret> secrets, std::string_view body, const Hmac& hmac
) {
    using Kind = detail::Recipe::Handshake;
    const detail::Recipe* recipe = detail::recipe_of(signature.scheme);
    const Kind kind = recipe == nullptr ? Kind::kNone : recipe->handshake;
    const std::string_view word = kind == Kind::kSlack  ? "url_verification"
                                  : kind == Kind::kXero ? "events"
                                                        : "endpoint.url_validation";
    // Events are many, and this is asked once: no tree is made of them.
    const bool is_probe = body.size() <= detail::kProbeBytesMax && body.contains(word);
    if (kind == Kind::kNone || secrets.empty() || !is_probe) return std::nullopt;
    const auto tree = parse_json(body);
    if (!tree || !tree->is_object()) return std::nullopt;
    const JsonObject& object = tree->get_object();
    if (kind == Kind::kXero) {  // its "intent to receive" brings no events
        const Json* events = object.if_contains("events");
        const bool is_asking = events != nullptr && events->is_array() && events->get_array().empty();
        return is_asking ? std::optional(Handshake{}) : std::nullopt;
    }
    if (text_or(object, kind == Kind::kSlack ? "type" : "event") != word) return std::nullopt;
    if (kind == Kind::kSlack) return Handshake{std::string(text_or(object, "challenge")), false};
    const Json* payload = object.if_contains("payload");
    if (payload == nullptr || !payload->is_object()) return std::nullopt;
    const std::string_view plain = text_or(payload->get_object(), "plainToken");
    const JsonObject answer{
        {"plainToken", plain}, {"encryptedToken", hex(hmac(secrets.front().reveal(), plain))}
    };
    return Handshake{to_text(Json(answer)), true};
}

}  // namespace weft::trigger
