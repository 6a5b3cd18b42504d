#pragma once

#include "store/files/files.h"

namespace weft::store::files {

namespace detail {

/// What sealing adds to a chunk: version, key id, nonce, tag.
inline constexpr std::int64_t kSealBytes = 1 + 16 + 24 + 16;

/// A file that is cut off ends with a chunk that is not its last, and does not open.
enum class Last { kNo, kYes };
crypto::Aad chunk_aad(TenantId tenant, FileId id, std::int64_t chunk, Last last);

/// "5 GiB"
std::string amount(std::int64_t bytes);
Error too_large(std::int64_t file_bytes_max);
Error no_room(std::int64_t tenant_bytes_max);

}  // namespace detail

struct Upload::Parts {
    TenantId tenant;
    File file;
    runs::DataKeys::Key key;
    std::unique_ptr<blob::Writer> writer;
    crypto::Sha256 digest;
    std::string plain;  // not sealed yet: at most a chunk and a piece
    std::int64_t chunk = 0;
    std::int64_t size = 0;
    std::int64_t room = 0;                    // of the tenant's, when it began
    std::int64_t most = 0;                    // what its files may take
    std::shared_ptr<std::int64_t> under_way;  // of all uploads of the tenant, shared by them
    const Options* options = nullptr;         // of Files, which outlives its uploads
    const Meters* meters = nullptr;           // likewise

    Parts() = default;
    ~Parts() { *under_way -= size; }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
};

struct Download::Parts {
    TenantId tenant;
    File file;
    runs::DataKeys::Key key;
    std::unique_ptr<blob::Reader> reader;
    const Meters* meters = nullptr;  // of Files, which outlives its downloads
};

}  // namespace weft::store::files
