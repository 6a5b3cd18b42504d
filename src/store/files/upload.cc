#include "platform/rt/loop.h"
#include "store/files/detail/parts.h"

namespace weft::store::files {

namespace detail {

crypto::Aad chunk_aad(TenantId tenant, FileId id, std::int64_t chunk, Last last) {
    return crypto::Aad{
        tenant.text(), id.text(), std::to_string(chunk), last == Last::kYes ? "last" : "more", "1", "file"
    };
}

}  // namespace detail

using detail::Last;

Upload::Upload(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Upload::~Upload() = default;

std::int64_t Upload::size() const {
    return parts_->size;
}

rt::Task<Result<void>> Upload::append(std::string bytes, rt::Deadline by) {
    Parts& parts = *parts_;
    parts.size += static_cast<std::int64_t>(bytes.size());
    *parts.under_way += static_cast<std::int64_t>(bytes.size());
    const Options& options = *parts.options;
    if (parts.size > options.file_bytes_max)
        co_return fail(parts.meters->refused(Refusal::kSize, detail::too_large(options.file_bytes_max)));
    if (*parts.under_way > parts.room)
        co_return fail(parts.meters->refused(Refusal::kRoom, detail::no_room(parts.most)));
    if (options.admit)
        if (auto room = options.admit(); !room)
            co_return fail(parts.meters->refused(Refusal::kDisk, std::move(room).error()));
    if (parts.plain.empty()) parts.plain.reserve(kChunkBytes + bytes.size());
    parts.plain += bytes;
    while (parts.plain.size() > kChunkBytes) {  // what is exactly one chunk may be the last
        std::string chunk = parts.plain.substr(0, kChunkBytes);
        parts.plain.erase(0, kChunkBytes);
        CO_CHECK_OK(co_await seal(std::move(chunk), false, by));
    }
    co_return Result<void>{};
}

/// Digests, seals and writes one chunk.
rt::Task<Result<void>> Upload::seal(std::string plain, bool is_last, rt::Deadline by) {
    Parts& parts = *parts_;
    auto work = [&]() -> std::string {
        parts.digest.add(plain);
        const auto aad =
            detail::chunk_aad(parts.tenant, parts.file.id, parts.chunk, is_last ? Last::kYes : Last::kNo);
        return crypto::seal(*parts.key, plain, aad);
    };
    std::string sealed = co_await rt::on_pool(std::move(work));
    ++parts.chunk;
    co_return co_await parts.writer->append(std::move(sealed), by);
}

rt::Task<Result<File>> Upload::finish(rt::Deadline by) {
    Parts& parts = *parts_;
    std::string last = std::move(parts.plain);
    CO_CHECK_OK(co_await seal(std::move(last), true, by));
    CO_CHECK_OK(co_await parts.writer->finish(by));
    parts.file.size = parts.size;
    parts.file.sha256 = parts.digest.finish();
    co_return parts.file;
}

Download::Download(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Download::~Download() = default;

const File& Download::file() const {
    return parts_->file;
}

rt::Task<Result<std::string>> Download::read(std::int64_t offset, rt::Deadline by) {
    Parts& parts = *parts_;
    const std::int64_t size = parts.file.size;
    if (offset < 0 || offset >= size) co_return std::string();
    constexpr auto kChunk = static_cast<std::int64_t>(kChunkBytes);
    const std::int64_t chunk = offset / kChunk;
    const std::int64_t plain = std::min(kChunk, size - chunk * kChunk);
    parts.meters->read(static_cast<std::size_t>(plain - (offset - chunk * kChunk)));
    const std::int64_t place = chunk * (kChunk + detail::kSealBytes);
    const auto length = static_cast<std::size_t>(plain + detail::kSealBytes);
    CO_TRY(auto sealed, co_await parts.reader->read(static_cast<std::uint64_t>(place), length, by));
    const Last last = (chunk + 1) * kChunk >= size ? Last::kYes : Last::kNo;
    auto work = [&]() -> Result<std::string> {
        const auto aad = detail::chunk_aad(parts.tenant, parts.file.id, chunk, last);
        TRY(Secret opened, crypto::open(*parts.key, sealed, aad));
        return std::string(opened.reveal().substr(static_cast<std::size_t>(offset - chunk * kChunk)));
    };
    co_return co_await rt::on_pool(std::move(work));
}

}  // namespace weft::store::files
