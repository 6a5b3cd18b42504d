#include "store/runs/payload.h"

#include "platform/rt/loop.h"

#include <zstd.h>

#include <algorithm>
#include <vector>

namespace weft::store::runs {

namespace {

constexpr std::size_t kCompressFrom = 256;  // below it a frame's head eats the gain
constexpr int kLevel = 1;  // values are written once and seldom read; CPU is the scarce thing

crypto::Aad aad_of(TenantId tenant, RunId run, const ValueSlot& slot) {
    return crypto::Aad{tenant.text(), run.text(), slot.text(), "1", "payload"};
}

/// A context's tables cost more than a small value's compression: kept by each thread.
struct Contexts {
    ZSTD_CCtx* compress = ZSTD_createCCtx();
    ZSTD_DCtx* decompress = ZSTD_createDCtx();
    ~Contexts() {
        ZSTD_freeCCtx(compress);
        ZSTD_freeDCtx(decompress);
    }
};

Contexts& contexts() {
    thread_local Contexts kept;
    return kept;
}

/// Empty when compressing does not pay.
std::string compress(std::string_view text) {
    if (text.size() < kCompressFrom) return {};
    std::string out(ZSTD_compressBound(text.size()), '\0');
    std::size_t size =
        ZSTD_compressCCtx(contexts().compress, out.data(), out.size(), text.data(), text.size(), kLevel);
    if (ZSTD_isError(size) != 0 || size >= text.size()) return {};
    out.resize(size);
    return out;
}

Result<std::string> decompress(std::string_view bytes, std::size_t size) {
    std::string out(size, '\0');
    std::size_t got =
        ZSTD_decompressDCtx(contexts().decompress, out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0 || got != size) {
        return fail(Error::internal("a payload does not decompress to its size"));
    }
    return out;
}

}  // namespace

Result<StoredPayload> seal_payload(
    const crypto::SymmetricKey& key, TenantId tenant, RunId run, ValueSlot slot, std::string_view json
) {
    if (json.size() > limits::kPayloadBytesMax) {
        return fail(Error::limit("The value is larger than 8 MiB", slot.text()));
    }
    StoredPayload out;
    out.size_bytes = static_cast<int>(json.size());
    out.key_id = TenantKeyId(key.id);
    std::string compressed = compress(json);
    out.codec = compressed.empty() ? kCodecSealed : kCodecZstdSealed;
    out.data = crypto::seal(key, compressed.empty() ? json : compressed, aad_of(tenant, run, slot));
    out.slot = std::move(slot);
    return out;
}

Result<std::string> open_payload(
    const crypto::SymmetricKey& key, TenantId tenant, RunId run, const StoredPayload& payload
) {
    TRY(Secret plain, crypto::open(key, payload.data.value_or(""), aad_of(tenant, run, payload.slot)));
    const auto size = static_cast<std::size_t>(payload.size_bytes);
    if (payload.size_bytes < 0 || size > limits::kPayloadBytesMax) {
        return fail(Error::internal("a payload's size is out of bounds"));
    }
    if (payload.codec == kCodecZstdSealed) return decompress(plain.reveal(), size);
    if (payload.codec != kCodecSealed || plain.reveal().size() != size) {
        return fail(Error::internal("a payload of unknown codec or wrong size"));
    }
    return std::string(plain.reveal());
}

rt::Task<Result<StoredPayload>> PayloadCodec::seal(
    TenantId tenant, RunId run, ValueSlot slot, std::string json, rt::Deadline by
) {
    CO_TRY(auto key, co_await keys_.newest(tenant, by));
    auto pack = [&] { return seal_payload(*key, tenant, run, std::move(slot), json); };
    CO_TRY(auto out, co_await rt::offload(json.size(), pack));
    if (out.data->size() <= limits::kPayloadInlineBytesMax) co_return out;
    const Uuid name = Uuid::v7(clock_.now(), rng_);
    CO_CHECK_OK(co_await blobs_.put(name, std::move(*out.data), by));
    out.data.reset();
    out.blob = name;
    co_return out;
}

rt::Task<Result<std::string>> PayloadCodec::open(
    TenantId tenant, RunId run, StoredPayload payload, rt::Deadline by
) {
    CO_TRY(auto key, co_await keys_.find(tenant, payload.key_id, by));
    if (payload.blob) {
        // What sealing adds (key id, nonce, tag) and an incompressible value's frame fit in a page.
        CO_TRY(payload.data, co_await blobs_.get(*payload.blob, limits::kPayloadBytesMax + 4096, by));
    }
    auto unpack = [&] { return open_payload(*key, tenant, run, payload); };
    const auto size = static_cast<std::size_t>(std::max(payload.size_bytes, 0));
    co_return co_await rt::offload(size, unpack);
}

}  // namespace weft::store::runs
