#include "control/files/files.h"

#include "base/bytes.h"
#include "core/file/file.h"
#include "platform/http/range.h"

#include <charconv>

namespace weft::control {

namespace {

Json file_json(const store::files::File& file) {
    return JsonObject{
        {"id", file.id.text()},
        {"name", file.name},
        {"type", file.type},
        {"size", file.size},
        {"sha256", hex(file.sha256)},
        {"origin", name(file.origin)},
        {"created_at", rfc3339(file.created_at)},
        {"expires_at", rfc3339(file.expires_at)},
    };
}

/// Sends a range of the file; a chunk is in memory at a time, and the next is read once the kernel has this
/// one.
rt::Task<void> send(
    http::StreamWriter writer, std::shared_ptr<store::files::Download> from, http::Range range
) {
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

rt::Task<Result<Json>> Files::list(Context& context, Json input) {
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto found, co_await store::files::list(context.db(), page, context.deadline));
    co_return page_json(found, file_json);
}

rt::Task<Result<Json>> Files::get(Context& context, Json input) {
    CO_TRY(auto file, co_await store::files::find(context.db(), id_in<FileId>(input), context.deadline));
    co_return file_json(file);
}

rt::Task<Result<Json>> Files::remove(Context& context, Json input) {
    const auto id = id_in<FileId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await files_.find(context.tenant(), id, context.deadline));
    CO_CHECK_OK(co_await files_.drop(context.tenant(), id, context.deadline));
    co_return Json(nullptr);
}

rt::Task<Result<http::Response>> Files::upload(Context& context, Json input) {
    const http::Request& request = *context.request;
    std::string name = text_in(input, "name", "file");
    std::string type(request.headers.get("content-type"));
    if (type.empty()) type = file::type_of_name(name);
    std::optional<std::int64_t> stated;
    const std::string_view length = request.headers.get("content-length");
    if (std::int64_t bytes = 0;
        std::from_chars(length.data(), length.data() + length.size(), bytes).ec == std::errc())
        stated = bytes;
    store::files::What what{
        .name = std::move(name), .type = std::move(type), .origin = store::files::Origin::kUpload
    };
    CO_TRY(auto upload, co_await files_.create(context.tenant(), std::move(what), stated, context.deadline));
    for (;;) {
        CO_TRY(std::string piece, co_await request.incoming->read(context.deadline));
        if (piece.empty()) break;
        CO_CHECK_OK(co_await upload->append(std::move(piece), context.deadline));
    }
    CO_TRY(const auto made, co_await upload->finish(context.deadline));
    std::vector<std::unique_ptr<store::files::Upload>> uploads;
    uploads.push_back(std::move(upload));
    CO_CHECK_OK(co_await files_.keep(std::move(uploads), std::nullopt, context.deadline));
    CO_TRY(auto kept, co_await store::files::find(context.db(), made.id, context.deadline));
    co_return http::Response::json(201, to_text(file_json(kept)));
}

rt::Task<Result<http::Response>> Files::download(Context& context, Json input) {
    CO_TRY(auto file, co_await store::files::find(context.db(), id_in<FileId>(input), context.deadline));
    const std::int64_t size = file.size;
    http::Response response;
    const auto range = http::ranged(*context.request, size, response);
    if (!range) co_return http::no_such_range(size, context.request_id);
    response.headers.set("content-type", file.type);
    response.headers.set("content-disposition", file::disposition(file.name));
    // Whatever it is, a browser that shows it nevertheless gives it none of our origin's rights.
    response.headers.set("content-security-policy", "sandbox; default-src 'none'");
    response.headers.set("etag", "\"" + hex(file.sha256) + "\"");
    CO_TRY(auto opened, co_await files_.open(context.tenant(), std::move(file), context.deadline));
    // Shared with the stream, which outlives this handler.
    std::shared_ptr<store::files::Download> download = std::move(opened);
    response.stream_length = static_cast<std::uint64_t>(range->last + 1 - range->first);
    response.stream = [download, range = *range](http::StreamWriter writer) {
        return send(writer, download, range);
    };
    co_return response;
}

}  // namespace weft::control
