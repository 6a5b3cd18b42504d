#pragma once

#include "base/json.h"
#include "graphql/validate/validate.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// What a token says when it is right.
struct JwtClaims {
    JsonObject all;
    std::optional<std::chrono::system_clock::time_point> expires_at;
};

/// How tokens are checked, and where Hasura's claims are in them: the JSON of --jwt-secret.
class JwtVerifier {
  public:
    /// Errors: kInvalid with what is wrong with the configuration.
    static Result<std::unique_ptr<JwtVerifier>> make(std::string_view configuration);
    virtual ~JwtVerifier() = default;

    /// Signature, times, audience and issuer. Failure: invalid-jwt, with Hasura's words.
    virtual Outcome<JwtClaims> verify(std::string_view token, std::chrono::system_clock::time_point now)
        const = 0;
    /// The claims of our namespace: "x-hasura-..." members. Failure: jwt-invalid-claims.
    virtual Outcome<JsonObject> hasura_claims(const JsonObject& all) const = 0;

    /// The cookie that holds the token; empty: it comes in Authorization.
    const std::string& cookie() const { return cookie_; }

  protected:
    std::string cookie_;
};

}  // namespace weft::graphql::detail
