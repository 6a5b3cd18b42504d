#include "store/vault/circuits.h"

#include "store/vault/queries.h"

#include <algorithm>

namespace weft::store::vault {

namespace {

constexpr std::size_t kWindowsMax = 5'000;  // some 200 bytes each; one that is pushed out counts anew
constexpr Millis kAgain{1'000};             // after somebody else was faster, or the database did not answer
constexpr Millis kTryWait{5'000};           // while another call tries: as soon as it is known, others go
constexpr Millis kSpreadMax{5'000};         // not all that waited ask at once
constexpr Millis kGrace{5'000};             // beyond a call's time: until what it found is written

std::string_view word(Health health) {
    switch (health) {
        case Health::kWell:
            return "well";
        case Health::kIll:
            return "ill";
        case Health::kSilent:
            break;
    }
    return "silent";
}

}  // namespace

Circuits::Circuits(pg::Pool& pool, Vault& vault, const rt::Clock& clock, Rng& rng, Changed changed)
    : pool_(pool),
      vault_(vault),
      clock_(clock),
      rng_(rng),
      changed_(std::move(changed)),
      windows_(kWindowsMax) {}

rt::Task<Circuits::Entry> Circuits::enter(
    TenantId tenant, Vault::Opened connection, Millis within, rt::Deadline by
) {
    const Millis left =
        std::chrono::ceil<Millis>(connection->circuit_until.value_or(Instant()) - clock_.now());
    if (left.count() > 0) {
        const Millis wait = connection->circuit == Circuit::kHalfOpen ? std::min(left, kTryWait) : left;
        const Millis spread = std::min(wait / 10, kSpreadMax);
        co_return Entry{
            .wait =
                wait + Millis(static_cast<std::int64_t>(rng_.unit() * static_cast<double>(spread.count())))
        };
    }
    auto params = pg::params(connection->id, within + kGrace);
    auto rows = co_await pool_.query(pg::Principal::tenant(tenant), sql::kTakeProbe, std::move(params), by);
    if (!rows) co_return Entry{.wait = kAgain};
    auto probes = pg::values<std::int64_t>(*rows, "circuit_probe");
    vault_.forget(connection->id);  // what is kept is not true any more, whoever has changed it
    if (!probes || probes->empty()) co_return Entry{.wait = kAgain};
    changed_(tenant, connection->id);
    co_return Entry{.may_go = true, .probe = probes->front()};
}

rt::Task<bool> Circuits::change(
    TenantId tenant, ConnectionId connection, pg::Query query, pg::Params params, rt::Deadline by
) {
    auto rows = co_await pool_.query(pg::Principal::tenant(tenant), query, std::move(params), by);
    vault_.forget(connection);
    if (!rows || rows->empty()) co_return false;
    changed_(tenant, connection);
    co_return true;
}

rt::Task<void> Circuits::settle(
    TenantId tenant, ConnectionId connection, std::int64_t probe, Health health, rt::Deadline by
) {
    auto params = pg::params(connection, probe, word(health));
    (void)co_await change(tenant, connection, sql::kSettleProbe, std::move(params), by);
}

rt::Task<bool> Circuits::open(TenantId tenant, ConnectionId connection, std::string reason, rt::Deadline by) {
    auto params = pg::params(connection, reason);
    co_return co_await change(tenant, connection, sql::kOpenCircuit, std::move(params), by);
}

bool Circuits::note(TenantId tenant, const OpenConnection& connection, Health health) {
    if (health == Health::kSilent || connection.breaker_failures == 0) return false;
    if (health == Health::kWell && windows_.size() == 0) return false;  // nobody fails: the usual case
    const std::string key = connection.id.text();
    Window* window = windows_.find(key);
    if (window == nullptr) {
        if (health == Health::kWell) return false;
        window = &windows_.add(tenant.text(), key, Window{});
    }
    const std::int64_t length = std::max<std::int64_t>(connection.breaker_within.count() / kParts, 1);
    const std::int64_t now =
        std::chrono::duration_cast<Millis>(clock_.steady().time_since_epoch()).count() / length;
    Part& part = (*window)[static_cast<std::size_t>(now % kParts)];
    if (part.number != now) part = Part{.number = now};
    ++part.calls;
    if (health == Health::kIll) ++part.failures;
    int calls = 0;
    int failures = 0;
    for (const Part& one : *window) {
        if (one.number <= now - kParts || one.number > now) continue;
        calls += one.calls;
        failures += one.failures;
    }
    if (failures == 0) windows_.erase(key);
    // One sort of call that fails among many that do not is no reason to hold all of them back.
    if (failures < connection.breaker_failures || 2 * failures < calls) return false;
    windows_.erase(key);
    return true;
}

}  // namespace weft::store::vault
