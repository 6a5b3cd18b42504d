#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "base/random.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "store/vault/open.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>

/// Circuits of connections: whether calls go out, and what calls tell of the other system (docs/adr/0044).
namespace weft::store::vault {

/// What one call tells of the other system.
enum class Health : std::uint8_t {
    kWell,    // it answered, be it with a refusal
    kIll,     // no connection, no answer in time, 5xx, or 429 without a time
    kSilent,  // nothing: the call did not get so far
};

/// The worker's half. What is known of a circuit came with the connection (OpenConnection, which the vault
/// keeps), so a call through a closed one asks nobody. Each worker counts the failures that it sees, in
/// memory; that a circuit opens, is tried and closes is a row, and a notice to the other workers. One loop.
class Circuits {
  public:
    /// Hears of circuits that have changed, to tell all workers and whoever watches.
    using Changed = std::function<void(TenantId, ConnectionId)>;
    Circuits(pg::Pool& pool, Vault& vault, const rt::Clock& clock, Rng& rng, Changed changed);

    struct Entry {
        bool may_go = false;
        std::int64_t probe = 0;  // with may_go: the call is the one that tries; tell settle() what it found
        Millis wait{1'000};      // else: when to ask again
    };
    /// Of a connection that is not closed: may this call go? `within`: how long it takes at most.
    rt::Task<Entry> enter(TenantId tenant, Vault::Opened connection, Millis within, rt::Deadline by);
    /// What the call that tries has found. Of no effect when the right was another's meanwhile.
    rt::Task<void> settle(
        TenantId tenant, ConnectionId connection, std::int64_t probe, Health health, rt::Deadline by
    );
    /// Counts a call that no circuit held back. True: it is to be opened.
    bool note(TenantId tenant, const OpenConnection& connection, Health health);
    /// Once for all workers; true for the one that has done it. `reason` is for the tenant.
    rt::Task<bool> open(TenantId tenant, ConnectionId connection, std::string reason, rt::Deadline by);

  private:
    struct Part {
        std::int64_t number = -1;  // of the parts of the time since the beginning
        int calls = 0;
        int failures = 0;
    };
    static constexpr std::int64_t kParts = 8;  // of the time within which failures count
    using Window = std::array<Part, kParts>;   // each part's place is its number modulo kParts
    rt::Task<bool> change(
        TenantId tenant, ConnectionId connection, pg::Query query, pg::Params params, rt::Deadline by
    );

    pg::Pool& pool_;
    Vault& vault_;
    const rt::Clock& clock_;
    Rng& rng_;
    Changed changed_;
    FairLru<Window> windows_;  // by connection: those with failures
};

}  // namespace weft::store::vault
