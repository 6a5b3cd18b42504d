#pragma once

#include "base/fair_lru.h"
#include "platform/http/quota.h"

#include <optional>
#include <string>
#include <string_view>

namespace weft::http {

/// How often one caller, and all of one tenant, may come.
struct CallerRates {
    rate::Rate principal;
    rate::Rate tenant;
};

/// Counts who comes in, for all transports: L0 for those without a credential that holds (Strangers), L1 for
/// each caller and each tenant. What a credential is, and whether it holds, its user knows. One loop.
class Turnstile {
  public:
    /// `strangers` may be absent: then nobody counts them.
    Turnstile(const rt::Clock& clock, Rng& rng, Strangers* strangers, CallerRates rates);

    /// May a credential be looked at? Of an address that guesses only what was good before. `proof` names the
    /// credential, by a hash.
    bool may_look(std::string_view client, std::string_view proof);
    /// Counts one that has come without a credential that holds; the quota when it is one too many. `proof`
    /// is good no more.
    std::optional<Quota> count_stranger(std::string_view client, std::string_view proof = "");

    struct Caller {
        std::string principal;  // empty: no rate of its own
        std::string tenant;     // likewise
    };
    struct Counted {
        std::optional<Quota> principal;  // for headers
        std::optional<Quota> over;       // the limit that is reached: this one has to wait
    };
    /// Counts one whose credential holds, and remembers that it does. `proof` is empty for those who need
    /// none.
    Counted count(const Caller& caller, std::string proof);

  private:
    const rt::Clock& clock_;
    Strangers* strangers_;
    CallerRates rates_;
    rate::Limiter principals_;
    rate::Limiter tenants_;
    FairLru<char> good_;  // proofs that held, of all tenants
};

/// "Too many requests of this principal; slow down", of the limit that is reached.
std::string too_many(const Quota& quota);

}  // namespace weft::http
