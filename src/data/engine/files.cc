#include "base/bytes.h"
#include "base/json.h"
#include "core/file/file.h"
#include "core/media/media.h"
#include "data/engine/detail/driver.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <utility>

// core/read-file and core/make-file: code of ours that runs in the run's sandbox like an author's. The worker
// hands it a file's text and takes the text that it gives; what a table or a document means is the sandbox's
// alone.

namespace weft::engine {

namespace {

constexpr std::size_t kPageBytes = 2u << 20;  // of a file that is read in pages
constexpr std::int64_t kCopies = 4;           // of a file's bytes while it is read: bytes, text, JSON, frame

constexpr std::string_view kRead = R"js(
const options = input.options ?? {};
const lengthOf = (text) => {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    bytes += c < 0x80 ? 1 : c < 0x800 || (c >= 0xd800 && c < 0xe000) ? 2 : 3;
  }
  return bytes;
};
// Up to the last end of a row: one inside of quotes is none.
const rowsOf = (text) => {
  let isQuoted = false, end = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) isQuoted = !isQuoted;
    else if (c === 10 && !isQuoted) end = i + 1;
  }
  return text.slice(0, end);
};
switch (input.as ?? "text") {
  case "text": return file.text;
  case "lines": return file.text.replace(/\r?\n$/, "").split(/\r?\n/);
  case "json": return JSON.parse(file.text);
  case "xml": return xml.parse(file.text, options);
  case "base64": return file.base64;
  case "csv": {
    if (input.offset === undefined || input.offset === null) return csv.parse(file.text, options);
    const page = file.is_end ? file.text : rowsOf(file.text);
    if (page === "" && !file.is_end) throw new Error("a row is longer than a page, which has 2 MiB");
    const rows = csv.parse(page, { ...options, header: false });
    let names = options.header ?? true;
    if (names === true) {
      if (input.offset > 0) {
        throw new Error("a page that is not the first needs options.header, the names that the first gave");
      }
      names = rows.shift() ?? [];
    }
    const named = (row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ""]));
    const next = file.is_end ? null : input.offset + file.skipped + lengthOf(page);
    return { items: names === false ? rows : rows.map(named), header: names, next };
  }
  default: throw new Error("as is text, lines, csv, json, xml, base64 or zip");
}
)js";

constexpr std::string_view kMake = R"js(
const options = input.options ?? {};
const content = input.content;
switch (input.as ?? "text") {
  case "text": case "base64":
    if (typeof content !== "string") throw new Error("content is a text");
    return content;
  case "json": return JSON.stringify(content, null, options.indent ?? 0);
  case "csv": return csv.make(content, options);
  case "xml": return xml.make(content, options);
  default: throw new Error("as is text, csv, json, xml, base64 or zip");
}
)js";

std::string_view type_of(std::string_view as) {
    if (as == "csv") return "text/csv";
    if (as == "json") return "application/json";
    if (as == "xml") return "application/xml";
    return as == "base64" ? file::kAnyType : "text/plain";
}

std::string text_member(const Json& with, std::string_view member) {
    return with.is_object() ? std::string(text_or(with.get_object(), member)) : "";
}

/// Where a page begins; nothing when all of it is to be read.
Result<std::optional<std::int64_t>> offset_of(const Json& with) {
    const Json* offset = with.get_object().if_contains("offset");
    if (offset == nullptr || offset->is_null()) return std::nullopt;
    const auto number = offset->if_int64();
    if (!number || *number < 0)
        return fail(Error::invalid("offset is 0, or the `next` of the page before", "offset"));
    return number;
}

struct Loaded {
    std::string bytes;
    bool is_page = false;
    bool is_end = true;
};

/// `file`, as the code sees it.
Result<std::string> seen_by_code(Loaded loaded, const Json& with) {
    JsonObject out;
    std::int64_t skipped = 0;
    if (text_member(with, "as") == "base64") {
        out["base64"] = base64(loaded.bytes);
    } else if (loaded.is_page) {
        std::string& bytes = loaded.bytes;
        if (bytes.starts_with("\xEF\xBB\xBF")) {
            bytes.erase(0, 3);
            skipped = 3;
        }
        // A character that the page cuts is the next one's.
        for (int i = 0; i < 3 && !loaded.is_end && !media::is_utf8(bytes); ++i) bytes.pop_back();
        if (!media::is_utf8(bytes))
            return fail(Error::invalid("Pages are of files in UTF-8; read this one whole", "offset"));
        out["text"] = std::move(bytes);
    } else {
        std::string charset = text_member(with, "charset");
        if (charset.empty()) charset = media::xml_encoding(loaded.bytes);
        out["text"] = media::to_utf8(std::move(loaded.bytes), charset).utf8;
    }
    out["is_end"] = loaded.is_end;
    out["skipped"] = skipped;
    std::string text = to_text(Json(std::move(out)));
    if (text.size() > limits::kPayloadBytesMax)
        return fail(
            Error::limit("The file is larger than 8 MiB as a value: read it in pages, with offset", "file")
        );
    return text;
}

Result<std::string> bytes_of(const Json& made, const Json& with) {
    const std::string* text = made.if_string();
    if (text == nullptr) return fail(Error::internal("the sandbox gave no text"));
    if (text_member(with, "as") == "base64") {
        auto bytes = from_base64(*text);
        if (!bytes) return fail(Error::invalid("content is no base64", "content"));
        return *std::move(bytes);
    }
    auto bytes = media::from_utf8(*text, text_member(with, "charset"));
    if (!bytes) return fail(Error::invalid("The text has a character that this charset has not", "charset"));
    return *std::move(bytes);
}

}  // namespace

/// Whoever waits for the run's output may use the files in it that the run may.
Result<void> Driver::pass_files(std::string_view output, const Json& tree) {
    if (!run_.job.claimed.parent || !file::may_hold_handles(output)) return {};
    TRY(passed_, file::handles_in(tree, "output"));
    return {};
}

/// A response whose body is a file that the run has not would answer nobody. What cannot be looked up now
/// is looked up again for whoever waits.
rt::Task<Result<void>> Driver::find_answered_file(const Value& response) {
    if (run_.deps.files == nullptr || !file::may_hold_handles(response.text)) co_return Result<void>{};
    const auto* with = response.tree.if_object();
    const Json* body = with != nullptr ? with->if_contains("body") : nullptr;
    const auto id = body != nullptr ? file::handle_in(*body) : std::nullopt;
    if (!id) co_return Result<void>{};
    std::vector<FileId> ids{*id};
    const rt::Deadline by = run_.job.scope.deadline(10s);
    auto found = co_await run_.deps.files->find_for_run(run_.tenant, run_.id, std::move(ids), by);
    if (!found && found.error().code == Code::kNotFound)
        co_return fail(std::move(found).error().with_field("body"));
    co_return Result<void>{};
}

std::string_view Driver::file_code(Index step) const {
    const auto core = run_.step(step).core;
    if (core == workflow::CoreKind::kReadFile) return kRead;
    return core == workflow::CoreKind::kMakeFile ? kMake : std::string_view();
}

/// The step's `file`, which the run was given.
rt::Task<Result<std::unique_ptr<store::files::Download>>> Driver::open_file(Index step, rt::Deadline by) {
    CO_TRY(const Value with, co_await read_value(slot(step).input));
    const Json* handle = with.tree.is_object() ? with.tree.get_object().if_contains("file") : nullptr;
    const auto id = handle != nullptr ? file::handle_in(*handle) : std::nullopt;
    if (!id) co_return fail(Error::invalid("file is a file, such as {{ input.file }}", "file"));
    std::vector<FileId> ids{*id};
    CO_TRY(auto found, co_await run_.deps.files->find_for_run(run_.tenant, run_.id, std::move(ids), by));
    co_return co_await run_.deps.files->open(run_.tenant, std::move(found.front()), by);
}

rt::Task<Result<std::string>> Driver::read_file(Index step, rt::Budget::Charge& charge, rt::Deadline by) {
    if (run_.deps.files == nullptr) co_return fail(Error::invalid("This server keeps no files"));
    CO_TRY(const Value with, co_await read_value(slot(step).input));
    const Json* handle = with.tree.is_object() ? with.tree.get_object().if_contains("file") : nullptr;
    const auto id = handle != nullptr ? file::handle_in(*handle) : std::nullopt;
    if (!id) co_return fail(Error::invalid("file is a file, such as {{ input.file }}", "file"));
    CO_TRY(const auto offset, offset_of(with.tree));
    std::vector<FileId> ids{*id};
    CO_TRY(auto found, co_await run_.deps.files->find_for_run(run_.tenant, run_.id, std::move(ids), by));
    const std::int64_t size = found.front().size;
    const std::int64_t from = std::min(offset.value_or(0), size);
    const std::int64_t end = offset ? std::min(size, from + static_cast<std::int64_t>(kPageBytes)) : size;
    if (end - from > static_cast<std::int64_t>(limits::kPayloadBytesMax))
        co_return fail(Error::limit(
            "The file is larger than 8 MiB: read a table in pages, with offset, or pass the file on as it is",
            "file"
        ));
    if (run_.deps.requests != nullptr) {
        charge = {*run_.deps.requests, run_.tenant.text()};
        CO_CHECK_OK(co_await charge.resize(kCopies * (end - from) + 1, by));
    }
    CO_TRY(auto download, co_await run_.deps.files->open(run_.tenant, std::move(found.front()), by));
    Loaded loaded{.bytes = {}, .is_page = offset.has_value(), .is_end = end == size};
    for (std::int64_t at = from; at < end;) {
        CO_TRY(std::string chunk, co_await download->read(at, by));
        chunk.resize(std::min(chunk.size(), static_cast<std::size_t>(end - at)));
        at += static_cast<std::int64_t>(chunk.size());
        loaded.bytes += chunk;
    }
    const std::size_t bytes = loaded.bytes.size();
    auto show = [&] { return seen_by_code(std::move(loaded), with.tree); };
    co_return co_await rt::offload(bytes, show);
}

rt::Task<Result<std::string>> Driver::make_file(Index step, Value made, rt::Deadline by) {
    if (run_.deps.files == nullptr) co_return fail(Error::invalid("This server keeps no files"));
    CO_TRY(const Value with, co_await read_value(slot(step).input));
    auto convert = [&] { return bytes_of(made.tree, with.tree); };
    CO_TRY(std::string bytes, co_await rt::offload(made.text.size(), convert));
    store::files::What what{
        .name = text_member(with.tree, "name"),
        .type = text_member(with.tree, "type"),
        .origin = store::files::Origin::kMade
    };
    if (what.type.empty()) what.type = file::type_of_name(what.name);
    if (what.type == file::kAnyType) what.type = type_of(text_member(with.tree, "as"));
    const auto stated = static_cast<std::int64_t>(bytes.size());
    CO_TRY(auto upload, co_await run_.deps.files->create(run_.tenant, std::move(what), stated, by));
    CO_CHECK_OK(co_await upload->append(std::move(bytes), by));
    CO_TRY(const auto file, co_await upload->finish(by));
    std::vector<std::unique_ptr<store::files::Upload>> uploads;
    uploads.push_back(std::move(upload));
    CO_CHECK_OK(co_await run_.deps.files->keep(std::move(uploads), run_.id, by));
    co_return to_text(file::to_json(file.handle()));
}

}  // namespace weft::engine
