#include "platform/http/turnstile.h"

namespace weft::http {

namespace {

/// About 200 bytes each. One that is forgotten costs its owner something only while strangers flood its
/// address.
constexpr std::size_t kGoodMax = 20'000;

}  // namespace

Turnstile::Turnstile(const rt::Clock& clock, Rng& rng, Strangers* strangers, CallerRates rates)
    : clock_(clock), strangers_(strangers), rates_(rates), principals_(rng), tenants_(rng), good_(kGoodMax) {}

bool Turnstile::may_look(std::string_view client, std::string_view proof) {
    return strangers_ == nullptr || !strangers_->is_spent(client) || good_.find(proof) != nullptr;
}

std::optional<Quota> Turnstile::count_stranger(std::string_view client, std::string_view proof) {
    good_.erase(proof);
    return strangers_ == nullptr ? std::nullopt : strangers_->count(client);
}

Turnstile::Counted Turnstile::count(const Caller& caller, std::string proof) {
    const auto& owner = caller.tenant.empty() ? caller.principal : caller.tenant;
    const Steady now = clock_.steady();
    Counted out;
    if (!caller.principal.empty()) {
        const auto verdict = principals_.take(caller.principal, rates_.principal, 1, now);
        out.principal = Quota{"principal", rates_.principal, verdict};
        if (!verdict.is_allowed) out.over = out.principal;
    }
    if (!caller.tenant.empty() && !out.over) {
        const auto verdict = tenants_.take(caller.tenant, rates_.tenant, 1, now);
        if (!verdict.is_allowed) out.over = Quota{"tenant", rates_.tenant, verdict};
    }
    if (!out.over && !proof.empty() && good_.find(proof) == nullptr) good_.add(owner, std::move(proof), 0);
    return out;
}

std::string too_many(const Quota& quota) {
    const bool is_stranger = quota.policy == kAddressPolicy;
    const std::string_view whose = is_stranger ? "address without a valid credential" : quota.policy;
    return "Too many requests of this " + std::string(whose) + "; slow down";
}

}  // namespace weft::http
