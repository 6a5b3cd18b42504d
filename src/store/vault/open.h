#pragma once

#include "base/fair_lru.h"
#include "base/random.h"
#include "platform/rt/clock.h"
#include "store/vault/connections.h"
#include "store/vault/seal.h"

#include <map>
#include <memory>
#include <string>

/// The worker's half of the vault: it opens credentials. Nothing of the api's may include this (tidy:
/// vault_open).
namespace weft::store::vault {

struct OpenConnection {
    ConnectionId id;
    AppId app;
    std::string key;
    std::string name;
    std::string auth_kind;  // none, api_key, basic, bearer, headers
    int revision = 1;
    int breaker_failures = 0;
    Millis breaker_within{60'000};
    Circuit circuit = Circuit::kClosed;  // when it was read; whoever changes it tells
    std::optional<Instant> circuit_until;
    std::optional<std::string> circuit_reason;
    std::map<std::string, Secret> fields;
};

/// Opens credentials; exists in the worker only, whose master key unwraps private halves. One loop.
class Vault {
  public:
    using Opened = std::shared_ptr<const OpenConnection>;  // shared by the cache and those who use it
    Vault(pg::Pool& pool, crypto::KeyWrapper& vault_master, const rt::Clock& clock, Rng& rng);

    /// Makes the vault key pair of every tenant that has none; returns how many were made. Safe to run in
    /// many workers at once. Call it at start, and every second or on a hint.
    rt::Task<Result<int>> ensure_keys(rt::Deadline by);

    /// The fields of a connection, by id or by its key in the tenant. Cached for 30 s (500 connections at
    /// most). kNotFound; kInvalid when the stored value does not open (changed, moved, or of another key).
    rt::Task<Result<Opened>> open(TenantId tenant, ConnectionId id, rt::Deadline by);
    rt::Task<Result<Opened>> open(TenantId tenant, std::string key, rt::Deadline by);

    /// A value that was sealed (crypto::seal_to) to the tenant's vault key for `owner`. Errors as above.
    rt::Task<Result<Secret>> open(TenantId tenant, std::string sealed, crypto::Aad owner, rt::Deadline by);

    void forget(ConnectionId id) { opened_.erase(id.text()); }
    void forget_all() { opened_.clear(); }

  private:
    struct Entry {
        TenantId tenant;
        Opened connection;
        Steady until;
    };
    struct PrivateEntry {
        TenantId tenant;
        std::shared_ptr<const crypto::PrivateKey> key;
        Steady until;
    };
    rt::Task<Result<int>> make_key(TenantId tenant, rt::Deadline by);
    rt::Task<Result<Opened>> open_row(TenantId tenant, pg::Rows rows, rt::Deadline by);
    rt::Task<Result<std::shared_ptr<const crypto::PrivateKey>>> private_key(
        TenantId tenant, TenantKeyId id, rt::Deadline by
    );

    pg::Pool& pool_;
    crypto::KeyWrapper& master_;
    const rt::Clock& clock_;
    Rng& rng_;
    FairLru<Entry> opened_;               // by connection id
    FairLru<PrivateEntry> private_keys_;  // by key id
};

/// Opens what seal_fields made; exposed for tests of what must not open.
Result<std::map<std::string, Secret>> open_fields(
    const crypto::PrivateKey& key, const ConnectionRef& connection, std::string_view sealed
);

}  // namespace weft::store::vault
