#include "control/api/family.h"
#include "control/files/files.h"

namespace weft::control {

using tenancy::Permission;

namespace {

constexpr std::string_view kFile = R"(
    id id
    name text = invoice.pdf
    type text = application/pdf
    size int = 48213
    sha256 text = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    origin upload|webhook|form|made = upload
    created_at time
    expires_at time)";

constexpr std::string_view kUpload = R"({"properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 255, "examples": ["invoice.pdf"]}}})";

constexpr auto kTransferTime = std::chrono::hours(1);  // 5 GiB at 12 Mbit/s

}  // namespace

void Files::add_operations(Table& table) {
    const Access read = may(Permission::kRunRead);
    const Access write = may(Permission::kRunStart);
    table.define("file", kFile);
    table.add(lists(
        {"files.list", "/files", "Files that are kept, newest first", read, "file"}, bind(this, &Files::list)
    ));
    table.add(
        shows({"files.get", "/files/{id}", "What is known of a file", read, "file"}, bind(this, &Files::get))
    );
    Operation drop = deletes(
        {"files.delete", "/files/{id}", "Delete a file and its bytes", write, "", "{}", "file"},
        bind(this, &Files::remove)
    );
    drop.mode = Mode::kOwn;
    table.add(std::move(drop));
    table.add({
        .name = "files.upload",
        .method = http::Method::kPost,
        .path = "/files",
        .summary = "Upload a file: the body is its bytes, content-type its type",
        .input = kUpload,
        .answer = "file",
        .access = write,
        .status = 201,
        .body_bytes_max = static_cast<std::size_t>(file::kFileBytesMax),
        .is_body_raw = true,
        .timeout = kTransferTime,
        .raw = [this](Context& context, Json input) { return upload(context, std::move(input)); },
    });
    table.add({
        .name = "files.download",
        .method = http::Method::kGet,
        .path = "/files/{id}/content",
        .summary = "The bytes of a file, or a range of them",
        .media = "application/octet-stream",
        .access = read,
        .timeout = kTransferTime,
        .raw = [this](Context& context, Json input) { return download(context, std::move(input)); },
    });
}

}  // namespace weft::control
