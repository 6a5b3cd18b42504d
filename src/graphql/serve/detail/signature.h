#pragma once

#include "base/error.h"

#include <memory>
#include <string>
#include <string_view>

namespace weft::graphql::detail {

/// One key and the one algorithm it is for: a token can't choose another.
class SignatureKey {
  public:
    /// `algorithm`: HS256/384/512 with the secret's bytes; RS256/384/512, ES256, EdDSA (or Ed25519) with a
    /// public key or certificate in PEM, or, for EdDSA, 32 raw bytes in base64url. Errors: kInvalid.
    static Result<SignatureKey> make(std::string_view algorithm, std::string_view key);
    SignatureKey(SignatureKey&&) noexcept;
    SignatureKey& operator=(SignatureKey&&) noexcept;
    ~SignatureKey();

    /// As a token's header names it: "HS256", "EdDSA".
    const std::string& algorithm() const;
    bool verify(std::string_view text, std::string_view signature) const;

  private:
    struct Impl;
    explicit SignatureKey(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::graphql::detail
