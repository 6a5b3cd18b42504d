#include "graphql/serve/detail/jwt.h"

#include "base/bytes.h"
#include "graphql/serve/detail/signature.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace weft::graphql::detail {

namespace {

using Clock = std::chrono::system_clock;

constexpr std::string_view kNamespaceDefault = "https://hasura.io/jwt/claims";
constexpr std::size_t kTokenBytesMax = 16u << 10;
constexpr double kSecondsMax = 1e11;  // a time beyond this is no time

std::unexpected<Failure> not_verified(std::string_view why) {
    return failure("invalid-jwt", "Could not verify JWT: " + std::string(why));
}

std::unexpected<Failure> bad_claims(std::string message) {
    return failure("jwt-invalid-claims", std::move(message));
}

/// A text or a list of texts; empty: absent.
Result<std::vector<std::string>> read_texts(const JsonObject& object, std::string_view key) {
    std::vector<std::string> out;
    const Json* found = object.if_contains(key);
    if (found == nullptr || found->is_null()) return out;
    const Error wrong = Error::invalid("must be a text or a list of texts", std::string(key));
    if (found->is_string()) return std::vector<std::string>{std::string(found->get_string())};
    if (!found->is_array()) return fail(wrong);
    for (const Json& item : found->get_array()) {
        if (!item.is_string()) return fail(wrong);
        out.emplace_back(item.get_string());
    }
    return out;
}

/// "$.claims.hasura" and "$['my claims']" to the names on the way.
Result<std::vector<std::string>> read_path(std::string_view text) {
    std::vector<std::string> out;
    const Error wrong = Error::invalid("is not a JSON path like $.hasura.claims", "claims_namespace_path");
    if (!text.starts_with('$')) return fail(wrong);
    text.remove_prefix(1);
    while (!text.empty()) {
        std::size_t end = 0;
        if (text.starts_with("['") || text.starts_with("[\"")) {
            end = text.find(text[1] == '\'' ? "']" : "\"]", 2);
            if (end == text.npos) return fail(wrong);
            out.emplace_back(text.substr(2, end - 2));
            text.remove_prefix(end + 2);
        } else if (text.starts_with('.')) {
            end = std::min(text.find_first_of(".[", 1), text.size());
            if (end == 1) return fail(wrong);
            out.emplace_back(text.substr(1, end - 1));
            text.remove_prefix(end);
        } else {
            return fail(wrong);
        }
    }
    return out;
}

std::optional<double> seconds(const JsonObject& claims, std::string_view key) {
    const Json* found = claims.if_contains(key);
    if (found == nullptr || !found->is_number()) return std::nullopt;
    const double out = found->get_number().to_double();
    return std::abs(out) < kSecondsMax ? std::optional(out) : std::nullopt;
}

bool is_malformed_time(const JsonObject& claims) {
    return std::ranges::any_of(std::array{"exp", "nbf", "iat"}, [&](const char* key) {
        return claims.contains(key) && !seconds(claims, key);
    });
}

class Verifier final : public JwtVerifier {
  public:
    Verifier(SignatureKey key) : key_(std::move(key)) {}

    Result<void> read(const JsonObject& from);
    Outcome<JwtClaims> verify(std::string_view token, Clock::time_point now) const override;
    Outcome<JsonObject> hasura_claims(const JsonObject& all) const override;

  private:
    Outcome<> check_times(const JsonObject& claims, Clock::time_point now) const;
    Outcome<> check_names(const JsonObject& claims) const;
    const Json* at_namespace(const JsonObject& all) const;

    SignatureKey key_;
    std::vector<std::string> namespace_path_;
    std::string namespace_text_;  // for messages
    bool is_path_ = false;
    bool is_stringified_ = false;
    std::vector<std::string> audience_;
    std::vector<std::string> issuer_;
    double skew_ = 0;
};

Result<void> Verifier::read(const JsonObject& from) {
    for (const char* key : {"jwk_url", "claims_map"}) {
        if (from.contains(key)) return fail(Error::invalid(std::string(key) + " is not supported", key));
    }
    const std::string_view path = text_or(from, "claims_namespace_path");
    const std::string_view name = text_or(from, "claims_namespace");
    if (!path.empty() && !name.empty()) {
        return fail(Error::invalid("claims_namespace and claims_namespace_path both cannot be set"));
    }
    is_path_ = !path.empty();
    if (is_path_) {
        TRY(namespace_path_, read_path(path));
        namespace_text_ = path;
    } else {
        namespace_text_ = name.empty() ? kNamespaceDefault : name;
        namespace_path_.push_back(namespace_text_);
    }
    const std::string_view format = text_or(from, "claims_format", "json");
    if (format != "json" && format != "stringified_json") {
        return fail(Error::invalid("must be json or stringified_json", "claims_format"));
    }
    is_stringified_ = format == "stringified_json";
    TRY(audience_, read_texts(from, "audience"));
    TRY(issuer_, read_texts(from, "issuer"));
    skew_ = seconds(from, "allowed_skew").value_or(0);
    if (skew_ < 0) return fail(Error::invalid("must not be negative", "allowed_skew"));
    if (const Json* header = from.if_contains("header"); header != nullptr && header->is_object()) {
        const std::string_view type = text_or(header->get_object(), "type");
        cookie_ = text_or(header->get_object(), "name");
        const bool is_known =
            (type == "Cookie" && !cookie_.empty()) || (type == "Authorization" && cookie_.empty());
        if (!is_known) return fail(Error::invalid("must be Authorization, or Cookie with a name", "header"));
    }
    return {};
}

Outcome<> Verifier::check_times(const JsonObject& claims, Clock::time_point now) const {
    if (is_malformed_time(claims)) return not_verified("JWTClaimsSetDecodeError");
    const double here = std::chrono::duration<double>(now.time_since_epoch()).count();
    if (const auto exp = seconds(claims, "exp"); exp && here - skew_ >= *exp)
        return not_verified("JWTExpired");
    if (const auto nbf = seconds(claims, "nbf"); nbf && here + skew_ < *nbf)
        return not_verified("JWTNotYetValid");
    if (const auto iat = seconds(claims, "iat"); iat && here + skew_ < *iat) {
        return not_verified("JWTIssuedAtFuture");
    }
    return {};
}

/// Stricter than Hasura, which lets a token through that names nobody.
Outcome<> Verifier::check_names(const JsonObject& claims) const {
    const auto names_one_of = [&](const std::vector<std::string>& wanted, std::string_view key) {
        const auto found = read_texts(claims, key);
        return wanted.empty() || (found && std::ranges::find_first_of(*found, wanted) != found->end());
    };
    if (!names_one_of(audience_, "aud")) return not_verified("JWTNotInAudience");
    if (!names_one_of(issuer_, "iss")) return not_verified("JWTNotInIssuer");
    return {};
}

Outcome<JwtClaims> Verifier::verify(std::string_view token, Clock::time_point now) const {
    const auto parts = std::ranges::count(token, '.') + 1;
    if (token.size() > kTokenBytesMax || parts != 3) {
        return not_verified(
            "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got " +
            std::to_string(parts) + ")"
        );
    }
    const auto first = token.find('.');
    const auto second = token.rfind('.');
    const auto header_text = from_base64url(token.substr(0, first));
    const auto payload_text = from_base64url(token.substr(first + 1, second - first - 1));
    const auto signature = from_base64url(token.substr(second + 1));
    if (!header_text || !payload_text || !signature) return not_verified("JWSError (JSONDecodeError)");
    const auto header = parse_json(*header_text);
    if (!header || !header->is_object()) return not_verified("JWSError (JSONDecodeError)");
    // Understood or refused: an extension may change what the signature means.
    if (header->get_object().contains("crit")) return not_verified("JWSError JWSCritUnsupported");
    if (text_or(header->get_object(), "alg") != key_.algorithm()) {
        return not_verified("JWSError JWSInvalidSignature");
    }
    if (!key_.verify(token.substr(0, second), *signature))
        return not_verified("JWSError JWSInvalidSignature");
    auto claims = parse_json(*payload_text);
    if (!claims || !claims->is_object()) return not_verified("JWTClaimsSetDecodeError");
    JwtClaims out{.all = std::move(claims->get_object()), .expires_at = std::nullopt};
    if (auto fine = check_times(out.all, now); !fine) return std::unexpected(std::move(fine).error());
    if (auto fine = check_names(out.all); !fine) return std::unexpected(std::move(fine).error());
    if (const auto exp = seconds(out.all, "exp")) {
        const std::chrono::duration<double> since(*exp + skew_);
        out.expires_at = Clock::time_point(std::chrono::duration_cast<Clock::duration>(since));
    }
    return out;
}

const Json* Verifier::at_namespace(const JsonObject& all) const {
    const JsonObject* object = &all;
    const Json* found = nullptr;
    for (const std::string& name : namespace_path_) {
        if (object == nullptr) return nullptr;
        found = object->if_contains(name);
        if (found == nullptr) return nullptr;
        object = found->if_object();
    }
    return found;
}

Outcome<JsonObject> Verifier::hasura_claims(const JsonObject& all) const {
    const Json* found = at_namespace(all);
    Json root;
    if (namespace_path_.empty()) {  // "$": the claims are the token's own
        root = all;
        found = &root;
    }
    if (found == nullptr) {
        return bad_claims(
            is_path_ ? "claims not found at claims_namespace_path: '" + namespace_text_ + "'"
                     : "claims key: '" + namespace_text_ + "' not found"
        );
    }
    Json parsed;
    if (is_stringified_) {
        if (!found->is_string())
            return bad_claims("expecting a string when claims_format is stringified_json");
        auto value = parse_json(std::string_view(found->get_string()));
        if (!value || !value->is_object()) {
            return bad_claims(
                "expecting stringified json at: '" +
                std::string(is_path_ ? "claims_namespace_path " : "claims_namespace ") + namespace_text_ +
                "', but found: " + std::string(found->get_string())
            );
        }
        parsed = std::move(*value);
        found = &parsed;
    }
    if (!found->is_object()) return bad_claims("expecting a json object when claims_format is json");
    JsonObject out;
    for (const auto& member : found->get_object()) {
        std::string key(member.key());
        std::ranges::transform(key, key.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        if (key.starts_with("x-hasura-")) out[key] = member.value();
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<JwtVerifier>> JwtVerifier::make(std::string_view configuration) {
    TRY(Json value, parse_json(configuration));
    if (!value.is_object()) return fail(Error::invalid("the JWT secret must be a JSON object"));
    const JsonObject& object = value.get_object();
    TRY(SignatureKey key, SignatureKey::make(text_or(object, "type"), text_or(object, "key")));
    auto out = std::make_unique<Verifier>(std::move(key));
    CHECK_OK(out->read(object));
    return out;
}

}  // namespace weft::graphql::detail
