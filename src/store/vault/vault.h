#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "base/json.h"
#include "base/random.h"
#include "base/secret.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "store/db/db.h"
#include "store/runs/payload.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Keys of tenants and the credentials sealed with them.
///
/// Three classes of key: `vault` is a key pair whose private half only the worker can unwrap (so the api
/// seals and cannot open); `data` (payloads) and `ingress` (webhook secrets) are symmetric and open for both
/// processes. Every sealed value is bound to tenant, object, field, version and purpose: moved, it does not
/// open.
namespace weft::store::vault {

enum class KeyClass { kVault, kIngress, kData };
std::string_view name(KeyClass key_class);

// ---- symmetric keys: api and worker -----------------------------------------------------------------------

/// A new key of class data or ingress, generated and wrapped; add it to the batch that makes the tenant.
struct NewKey {
    TenantId tenant;
    TenantKeyId id;
    KeyClass key_class = KeyClass::kData;
    int version = 1;
    std::string public_key;  // vault only
    std::string wrapped;
};
rt::Task<Result<NewKey>> make_symmetric_key(
    TenantId tenant,
    KeyClass key_class,
    crypto::KeyWrapper& wrapper,
    const rt::Clock& clock,
    Rng& rng,
    rt::Deadline by
);
/// Runs as the batch's current principal (weft_auth, or the tenant).
void add_key(pg::Batch& batch, const NewKey& key);

/// The tenants' data and ingress keys, unwrapped and kept for 5 minutes (1,000 keys at most). The wrapper is
/// the one both processes share. One loop.
class TenantKeys final : public runs::DataKeys {
  public:
    /// Which login reads: it decides the role that may see wrapped keys (weft_ingest for the api).
    enum class Reader { kApi, kWorker };
    TenantKeys(pg::Pool& pool, crypto::KeyWrapper& wrapper, const rt::Clock& clock, Reader reader);

    /// The newest key of a class: to seal with. kNotFound when the tenant has none.
    rt::Task<Result<Key>> current(TenantId tenant, KeyClass key_class, rt::Deadline by);
    /// The key a sealed value names (crypto::key_id_of): to open with.
    rt::Task<Result<Key>> by_id(TenantId tenant, TenantKeyId id, rt::Deadline by);
    void forget_all();

    /// runs::DataKeys: what payloads are sealed with.
    rt::Task<Result<Key>> newest(TenantId tenant, rt::Deadline by) override;
    rt::Task<Result<Key>> find(TenantId tenant, TenantKeyId key, rt::Deadline by) override;

  private:
    struct Entry {
        Key key;
        Steady until;
    };
    rt::Task<Result<Key>> unwrap(TenantId tenant, pg::Rows rows, rt::Deadline by);
    pg::Principal principal(TenantId tenant) const;
    void keep(TenantId tenant, std::string label, Key key);
    Key cached(TenantId tenant, const std::string& label);

    pg::Pool& pool_;
    crypto::KeyWrapper& wrapper_;
    const rt::Clock& clock_;
    Reader reader_;
    static constexpr std::size_t kKeysMax = 1'000;  // two labels per key; about 200 bytes each
    FairLru<Entry> entries_;                        // by tenant and key id, or tenant and class
};

// ---- connections: the api seals
// ------------------------------------------------------------------------------

/// What a connection's fields are bound to.
struct ConnectionRef {
    TenantId tenant;
    ConnectionId id;
    int revision = 1;
};

/// The tenant's public vault key. The worker makes it soon after the tenant: waits for it up to 2 s, then
/// kUnavailable.
rt::Task<Result<crypto::PublicKey>> find_public_key(Db db, rt::Deadline by);

/// Seals each field on its own. `fields` are name and value pairs; the result is one blob for
/// connection.sealed.
Result<std::string> seal_fields(
    const crypto::PublicKey& key, const ConnectionRef& connection, const std::map<std::string, Secret>& fields
);

// ---- connections: the worker opens
// -----------------------------------------------------------------------------

struct OpenConnection {
    ConnectionId id;
    AppId app;
    std::string key;
    std::string auth_kind;  // none, api_key, basic, bearer, headers
    int revision = 1;
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

    /// For `weft_connection` notifications: the payload is lines of connection ids. Unreadable: forgets all.
    void on_notify(std::string_view payload);
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

// ---- connections: rows
// --------------------------------------------------------------------------------------

struct Connection {
    ConnectionId id;
    AppId app_id;
    std::string key;
    std::string name;
    std::string auth_kind;
    int revision = 1;
    std::string status;
    std::optional<Instant> last_used_at;
    Instant created_at;
    Instant updated_at;
};
struct NewConnection {
    TenantId tenant;
    ConnectionId id;
    AppId app_id;
    std::string key;
    std::string name;
    std::string auth_kind;
    std::string sealed;
    Uuid key_id;
};
rt::Task<Result<Page<Connection>>> list_connections(Db db, PageRequest page, rt::Deadline by);
rt::Task<Result<Connection>> find_connection(Db db, ConnectionId id, rt::Deadline by);
rt::Task<Result<Connection>> find_connection_by_key(Db db, std::string key, rt::Deadline by);
/// kConflict when the key is taken.
rt::Task<Result<Connection>> add_connection(Db db, NewConnection connection, rt::Deadline by);
rt::Task<Result<Connection>> rename_connection(Db db, ConnectionId id, std::string name, rt::Deadline by);
struct NewSecret {
    ConnectionId id;
    int expected_revision = 1;  // the new one is this plus one
    std::string auth_kind;
    std::string sealed;  // for the new revision
    Uuid key_id;
};
/// kConflict when somebody else replaced it meanwhile.
rt::Task<Result<Connection>> replace_secret(Db db, NewSecret secret, rt::Deadline by);
rt::Task<Result<void>> drop_connection(Db db, ConnectionId id, rt::Deadline by);

}  // namespace weft::store::vault
