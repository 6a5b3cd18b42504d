#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "base/random.h"
#include "platform/crypto/crypto.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "store/runs/payload.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Keys of tenants. Three classes: `vault` is a key pair whose private half only the worker can unwrap (so
/// the api seals and cannot open); `data` (payloads) and `ingress` (webhook secrets) are symmetric and open
/// for both processes. Every sealed value is bound to tenant, object, field, version and purpose: moved, it
/// does not open.
namespace weft::store::vault {

enum class KeyClass : std::uint8_t { kVault, kIngress, kData };
std::string_view name(KeyClass key_class);
std::optional<KeyClass> key_class_from(std::string_view text);

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

}  // namespace weft::store::vault
