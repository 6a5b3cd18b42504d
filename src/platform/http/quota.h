#pragma once

#include "platform/http/http.h"
#include "platform/rate/rate.h"
#include "platform/rt/clock.h"

#include <optional>
#include <string_view>

/// Rate limits as HTTP says them.
namespace weft::http {

/// What a limiter decided, with the name of the limit that users read: "address", "principal".
struct Quota {
    std::string_view policy;
    rate::Rate rate;
    rate::Verdict verdict;
};

/// The name of the limit of strangers.
inline constexpr std::string_view kAddressPolicy = "address";

/// RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers): the burst, the seconds that it
/// takes to come back, what is left and when all of it is back. Nothing for a limit that is off.
void add_quota(Response& response, const Quota& quota);
/// 429 with these headers, Retry-After and a problem of type quota-exceeded; `detail` says what to do.
Response quota_exceeded(const Quota& quota, std::string_view detail, const RequestId& id);

/// How often an address may come without a credential that holds: no credential, a bad one, an unknown hook.
/// Requests with a good one are not counted, so a busy provider or an office behind one address is not slowed
/// down; but once an address has used up its allowance, `is_spent`, only those are looked at that are already
/// known here to be good. So guessing costs the guesser's neighbours nothing, and us no look into the
/// database.
class Strangers {
  public:
    Strangers(const rt::Clock& clock, Rng& rng, rate::Rate rate)
        : clock_(clock), rate_(rate), limiter_(rng) {}

    bool is_spent(std::string_view client) const;
    /// Counts one; the quota when it is one too many.
    std::optional<Quota> count(std::string_view client);
    /// The answer to a request of an address that has spent its allowance.
    Response refusal(const Request& request) const;

  private:
    Quota look(std::string_view client) const;

    const rt::Clock& clock_;
    rate::Rate rate_;
    rate::Limiter limiter_;
};

}  // namespace weft::http
