#include "store/files/send.h"

#include "base/bytes.h"
#include "core/file/file.h"
#include "platform/http/range.h"

namespace weft::store::files {

namespace {

/// Sends a range of the file; a chunk is in memory at a time, and the next is read once the kernel has this
/// one.
rt::Task<void> send_range(http::StreamWriter writer, std::shared_ptr<Download> from, http::Range range) {
    for (std::int64_t at = range.first; at <= range.last;) {
        auto chunk = co_await from->read(at, writer.deadline());
        if (!chunk || chunk->empty()) co_return;  // shorter than was said: the client sees that it was cut
        const auto left = static_cast<std::size_t>(range.last + 1 - at);
        if (chunk->size() > left) chunk->resize(left);
        at += static_cast<std::int64_t>(chunk->size());
        if (!co_await writer.write(*std::move(chunk))) co_return;
    }
}

}  // namespace

rt::Task<Result<http::Response>> send(Files& files, TenantId tenant, File file, http::Request request) {
    const std::int64_t size = file.size;
    http::Response response;
    const auto range = http::ranged(request, size, response);
    if (!range) co_return http::no_such_range(size, request.id);
    response.headers.set("content-type", file.type);
    response.headers.set("content-disposition", file::disposition(file.name));
    // Whatever it is, a browser that shows it nevertheless gives it none of our origin's rights.
    response.headers.set("content-security-policy", "sandbox; default-src 'none'");
    response.headers.set("etag", "\"" + hex(file.sha256) + "\"");
    CO_TRY(auto opened, co_await files.open(tenant, std::move(file), request.deadline));
    // Shared with the stream, which outlives this handler.
    std::shared_ptr<Download> download = std::move(opened);
    response.stream_length = static_cast<std::uint64_t>(range->last + 1 - range->first);
    response.stream = [download, range = *range](http::StreamWriter writer) {
        return send_range(writer, download, range);
    };
    co_return response;
}

}  // namespace weft::store::files
