#pragma once

#include "base/fair_lru.h"
#include "control/api/api.h"
#include "platform/http/quota.h"

#include <expected>
#include <optional>
#include <string>

namespace weft::control {

/// Who comes in, and how often: L0 for those without a credential that holds (http::Strangers), L1 for each
/// person or token and for each tenant. One for all transports; one loop.
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
    std::expected<Entered, Refused> as_stranger(const std::string& client);
    std::optional<http::Quota> spend(const Principal& principal, Entered& entered);

    Environment& env_;
    Authenticate authenticate_;
    http::Strangers* strangers_;
    ApiRates rates_;
    rate::Limiter principals_;
    rate::Limiter tenants_;
    FairLru<char> good_;  // hashes of credentials that held, of all tenants
};

}  // namespace weft::control
