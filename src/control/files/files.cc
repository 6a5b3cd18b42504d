#include "control/files/files.h"

#include "base/bytes.h"
#include "core/file/file.h"
#include "store/files/send.h"

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
    co_return co_await store::files::send(files_, context.tenant(), std::move(file), *context.request);
}

}  // namespace weft::control
