#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/limits.h"
#include "platform/blob/blob.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/clock.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"
#include "store/runs/slot.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The values of runs (inputs, outputs, responses) as they are stored: compressed, encrypted with the
/// tenant's `data` key, bound to their place (tenant | run | slot | payload).
namespace weft::store::runs {

/// The tenants' `data` keys; store/vault gives them. Cached there: a call normally does not leave the
/// process.
class DataKeys {
  public:
    virtual ~DataKeys() = default;
    using Key = std::shared_ptr<const crypto::SymmetricKey>;  // shared with the cache
    /// The key to seal with. Errors: kNotFound (a tenant without keys), kUnavailable.
    virtual rt::Task<Result<Key>> newest(TenantId tenant, rt::Deadline by) = 0;
    /// The key a stored value names. Errors: kNotFound, kUnavailable.
    virtual rt::Task<Result<Key>> find(TenantId tenant, TenantKeyId key, rt::Deadline by) = 0;
};

/// The columns of one `payload` row. Exactly one of `data` and `blob` holds the sealed bytes.
struct StoredPayload {
    ValueSlot slot = ValueSlot::input();
    int size_bytes = 0;  // of the JSON text
    int codec = 0;       // kCodecSealed or kCodecZstdSealed
    TenantKeyId key_id;
    std::optional<std::string> data;
    std::optional<Uuid> blob;
};

inline constexpr int kCodecSealed = 1;
inline constexpr int kCodecZstdSealed = 2;

/// Compresses (where that pays) and seals; `data` is always set, whatever its size. Pure. Errors: kLimit
/// beyond limits::kPayloadBytesMax.
Result<StoredPayload> seal_payload(
    const crypto::SymmetricKey& key, TenantId tenant, RunId run, ValueSlot slot, std::string_view json
);
/// The inverse, for a payload whose `data` is set. Errors: kInvalid (changed, or moved from another place).
Result<std::string> open_payload(
    const crypto::SymmetricKey& key, TenantId tenant, RunId run, const StoredPayload& payload
);

/// Seals and opens with the right key, and keeps what is larger than limits::kPayloadInlineBytesMax in the
/// blob store.
class PayloadCodec {
  public:
    PayloadCodec(DataKeys& keys, blob::Store& blobs, const rt::Clock& clock, Rng& rng)
        : keys_(keys), blobs_(blobs), clock_(clock), rng_(rng) {}

    /// Errors: kLimit (too large), kNotFound (no key), kUnavailable. A blob is durable when it returns.
    rt::Task<Result<StoredPayload>> seal(
        TenantId tenant, RunId run, ValueSlot slot, std::string json, rt::Deadline by
    );
    /// Errors: kInvalid, kNotFound, kUnavailable.
    rt::Task<Result<std::string>> open(TenantId tenant, RunId run, StoredPayload payload, rt::Deadline by);

  private:
    DataKeys& keys_;
    blob::Store& blobs_;
    const rt::Clock& clock_;
    Rng& rng_;
};

}  // namespace weft::store::runs
