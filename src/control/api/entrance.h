#pragma once

#include "control/api/api.h"
#include "platform/http/turnstile.h"

#include <expected>
#include <optional>
#include <string>

namespace weft::control {

/// Who comes in, and how often (http::Turnstile): each person or token, and each tenant. One for all
/// transports; one loop.
class Entrance {
  public:
    /// `strangers` may be absent: then nobody counts them.
    Entrance(Environment& env, Authenticate authenticate, http::Strangers* strangers, ApiRates rates);

    struct Refused {
        Error error;
        std::optional<http::Quota> quota;  // the limit that is reached, for a kLimit
    };
    struct Entered {
        std::optional<Principal> principal;  // none: no credential, or one that does not hold
        std::optional<http::Quota> quota;    // the principal's, for headers
    };
    /// Errors: kLimit, those of `authenticate`.
    rt::Task<std::expected<Entered, Refused>> admit(
        std::optional<Credential> credential, std::string client, rt::Deadline by
    );
    /// Looks again, for what outlives its request; counts nothing.
    const Authenticate& authenticate() const { return authenticate_; }

  private:
    std::expected<Entered, Refused> as_stranger(const std::string& client, std::string_view proof);

    Authenticate authenticate_;
    http::Turnstile turnstile_;
};

}  // namespace weft::control
