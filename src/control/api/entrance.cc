#include "control/api/entrance.h"

#include "platform/crypto/crypto.h"

namespace weft::control {

namespace {

/// About 200 bytes each. One that is forgotten costs its owner something only while strangers flood its
/// address.
constexpr std::size_t kGoodMax = 20'000;

Error too_many(std::string_view whose) {
    Error error = Error::limit("Too many requests of this " + std::string(whose) + "; slow down");
    error.retry = Retry::kBackoff;
    return error;
}

}  // namespace

Entrance::Entrance(Environment& env, Authenticate authenticate, http::Strangers* strangers, ApiRates rates)
    : env_(env),
      authenticate_(std::move(authenticate)),
      strangers_(strangers),
      rates_(rates),
      principals_(env.rng),
      tenants_(env.rng),
      good_(kGoodMax) {}

std::expected<Entrance::Entered, Entrance::Refused> Entrance::as_stranger(const std::string& client) {
    auto quota = strangers_ == nullptr ? std::nullopt : strangers_->count(client);
    if (!quota) return Entered{};
    return std::unexpected(Refused{too_many("address without a valid credential"), quota});
}

std::optional<http::Quota> Entrance::spend(const Principal& principal, Entered& entered) {
    const auto& identity = principal.identity;
    const std::string who = identity.token_id ? identity.token_id->text() : identity.user_id.text();
    const Steady now = env_.clock.steady();
    entered.quota = {"principal", rates_.principal, principals_.take(who, rates_.principal, 1, now)};
    if (!entered.quota->verdict.is_allowed) return entered.quota;
    const http::Quota tenant{
        "tenant", rates_.tenant, tenants_.take(identity.tenant_id.text(), rates_.tenant, 1, now)
    };
    return tenant.verdict.is_allowed ? std::nullopt : std::optional(tenant);
}

rt::Task<std::expected<Entrance::Entered, Entrance::Refused>> Entrance::admit(
    std::optional<Credential> credential, std::string client, rt::Deadline by
) {
    if (!credential) co_return as_stranger(client);
    std::string hash = crypto::sha256(credential->token.reveal());
    // Of an address that guesses, only what was good before is worth a look into the database.
    const bool is_guesser = strangers_ != nullptr && strangers_->is_spent(client);
    if (is_guesser && good_.find(hash) == nullptr) co_return as_stranger(client);
    auto principal = co_await authenticate_(std::move(*credential), std::move(by));
    if (!principal) co_return std::unexpected(Refused{std::move(principal).error(), std::nullopt});
    if (!*principal) {
        good_.erase(hash);
        co_return as_stranger(client);
    }
    Entered entered;
    if (auto over = spend(**principal, entered)) {
        co_return std::unexpected(Refused{too_many(over->policy), over});
    }
    good_.add((*principal)->identity.tenant_id.text(), std::move(hash), 0);
    entered.principal = std::move(*principal);
    co_return entered;
}

}  // namespace weft::control
