#include "control/api/entrance.h"

#include "platform/crypto/crypto.h"

namespace weft::control {

namespace {

using Refused = Entrance::Refused;

Refused refused(const http::Quota& quota) {
    Error error = Error::limit(http::too_many(quota));
    error.retry = Retry::kBackoff;
    return {std::move(error), quota};
}

}  // namespace

Entrance::Entrance(Environment& env, Authenticate authenticate, http::Strangers* strangers, ApiRates rates)
    : authenticate_(std::move(authenticate)),
      turnstile_(env.clock, env.rng, strangers, {.principal = rates.principal, .tenant = rates.tenant}) {}

std::expected<Entrance::Entered, Refused> Entrance::as_stranger(
    const std::string& client, std::string_view proof
) {
    if (auto over = turnstile_.count_stranger(client, proof)) return std::unexpected(refused(*over));
    return Entered{};
}

rt::Task<std::expected<Entrance::Entered, Refused>> Entrance::admit(
    std::optional<Credential> credential, std::string client, rt::Deadline by
) {
    if (!credential) co_return as_stranger(client, "");
    std::string proof = crypto::sha256(credential->token.reveal());
    if (!turnstile_.may_look(client, proof)) co_return as_stranger(client, "");
    auto principal = co_await authenticate_(std::move(*credential), std::move(by));
    if (!principal) co_return std::unexpected(Refused{std::move(principal).error(), std::nullopt});
    if (!*principal) co_return as_stranger(client, proof);
    const auto& identity = (*principal)->identity;
    const http::Turnstile::Caller caller{
        .principal = identity.token_id ? identity.token_id->text() : identity.user_id.text(),
        .tenant = identity.tenant_id.text(),
    };
    auto counted = turnstile_.count(caller, std::move(proof));
    if (counted.over) co_return std::unexpected(refused(*counted.over));
    co_return Entered{.principal = std::move(*principal), .quota = counted.principal};
}

}  // namespace weft::control
