#include "base/bytes.h"
#include "core/file/zip.h"
#include "data/engine/detail/driver.h"
#include "data/engine/detail/look.h"
#include "platform/pack/pack.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <utility>

// ZIP archives, whose bytes go by. What is in one that is read, a sandbox says: it is given the directory, as
// text in base64. The worker follows its word within the file's bounds, and unpacks as it does for answers of
// others.

namespace weft::engine {

using namespace runstate;

namespace {

constexpr std::int64_t kTailBytes = 68u << 10;  // the end's record, its comment of at most 64 KiB, ZIP64's
constexpr std::int64_t kDirectoryBytes = 4u << 20;  // of some 40,000 members
constexpr std::int64_t kCopies = 5;                 // of a directory: bytes, base64, frame, JSON

/// Where the directory is.
constexpr std::string_view kZipEnd = R"js(
const bytes = base64.toBytes(file.base64);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const u16 = (at) => view.getUint16(at, true), u32 = (at) => view.getUint32(at, true);
const large = (at) => Number(view.getBigUint64(at, true));
for (let at = bytes.length - 22; at >= 0; at--) {
  if (u32(at) !== 0x06054b50 || at + 22 + u16(at + 20) !== bytes.length) continue;
  let count = u16(at + 10), size = u32(at + 12), offset = u32(at + 16), end = at;
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    const locator = at - 20;
    const record = locator >= 0 && u32(locator) === 0x07064b50 ? large(locator + 8) - file.from : -1;
    if (record >= 0 && record + 56 <= locator && u32(record) === 0x06064b50) {
      count = large(record + 32); size = large(record + 40); offset = large(record + 48); end = record;
    }
  }
  const begin = file.from + end - size;
  // Something may stand before the archive: its numbers count from its own beginning.
  return { begin, size, count, shift: begin - offset };
}
throw new Error("file is no ZIP archive, or it is cut short");
)js";

/// Its members, and which of them are to be taken out.
constexpr std::string_view kZipList = R"js(
const bytes = base64.toBytes(file.base64);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const u16 = (at) => view.getUint16(at, true), u32 = (at) => view.getUint32(at, true);
const upper = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»" +
  "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧" +
  "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";  // code page 437
const nameOf = (raw) => {
  try { return base64.decode(raw.toBase64()); } catch { }
  return Array.from(raw, (b) => b < 0x80 ? String.fromCharCode(b) : upper[b - 0x80]).join("");
};
const damaged = () => new Error("the archive's directory is damaged");
const asked = input.extract ?? false;
if (typeof asked !== "boolean" && !(Array.isArray(asked) && asked.every((one) => typeof one === "string"))) {
  throw new Error("extract is true, or a list of members' names");
}
const members = [], wanted = [], found = new Set();
let at = 0;
for (let i = 0; i < file.count; i++) {
  if (at + 46 > bytes.length || u32(at) !== 0x02014b50) throw damaged();
  const flags = u16(at + 8), method = u16(at + 10), crc = u32(at + 16);
  const names = u16(at + 28), extra = u16(at + 30);
  let packed = u32(at + 20), plain = u32(at + 24), head = u32(at + 42);
  const next = at + 46 + names + extra + u16(at + 32);
  if (next > bytes.length) throw damaged();
  const name = nameOf(bytes.subarray(at + 46, at + 46 + names));
  for (let e = at + 46 + names; e + 4 <= at + 46 + names + extra; e += 4 + u16(e + 2)) {
    if (u16(e) !== 1) continue;
    let from = e + 4;
    const large = () => { from += 8; return Number(view.getBigUint64(from - 8, true)); };
    if (plain === 0xffffffff) plain = large();
    if (packed === 0xffffffff) packed = large();
    if (head === 0xffffffff) head = large();
    break;
  }
  at = next;
  if (name.endsWith("/")) continue;
  const place = members.push({ name, size: plain }) - 1;
  if (asked === false || (asked !== true && !asked.includes(name))) continue;
  found.add(name);
  if ((flags & 1) !== 0) throw new Error(`the member "${name}" is encrypted`);
  if (method !== 0 && method !== 8) {
    throw new Error(`the member "${name}" is packed in a way that is not known (${method}); deflate is`);
  }
  wanted.push({ place, name, at: head + file.shift, packed, plain, crc, deflated: method === 8 });
}
if (asked !== true && asked !== false) {
  for (const name of asked) if (!found.has(name)) throw new Error(`there is no member "${name}"`);
}
return { members, wanted };
)js";

/// A piece of the archive as the code sees it.
std::string seen(std::string_view bytes, JsonObject more) {
    more["base64"] = base64(bytes);
    return to_text(Json(std::move(more)));
}

Error damaged(const std::string& name) {
    return Error::invalid("The archive's member \"" + name.substr(0, 200) + "\" is damaged", "file");
}

}  // namespace

bool Driver::is_zip(Index step) const {
    const auto core = run_.step(step).core;
    if (core != workflow::CoreKind::kReadFile && core != workflow::CoreKind::kMakeFile) return false;
    const std::string& input = slots_[static_cast<std::size_t>(step)].input;
    if (!input.contains("\"zip\"")) return false;  // most are, and some have 8 MiB
    const auto with = parse_json(input, {.bytes_max = limits::kPayloadBytesMax});
    return with && with->is_object() && text_or(with->get_object(), "as") == "zip";
}

rt::Task<Result<void>> Driver::run_zip(RunCode command) {
    const Index step = command.step;
    const rt::Deadline by = run_.deadline(command.by);
    Result<std::string> made = fail(Error::invalid("This server keeps no files"));
    if (run_.deps.files != nullptr) {
        const bool reads = run_.step(step).core == workflow::CoreKind::kReadFile;
        made = reads ? co_await unzip(step, by) : co_await zip(step, by);
    }
    if (end_) co_return Result<void>{};
    if (!made && run_.job.scope.is_cancelled()) co_return fail(std::move(made).error());
    if (!is_in(step, Phase::kCoding)) co_return Result<void>{};            // its sandbox was lost meanwhile
    if (!made && run_.job.has_unheard_cancel()) co_return Result<void>{};  // turn() goes on from here
    if (!made) {
        code_failed(step, command.attempt, made.error());
        co_return Result<void>{};
    }
    slot(step).output = *std::move(made);
    apply(CallFinished{.step = step, .attempt = command.attempt});
    co_return Result<void>{};
}

/// Between two pieces of much work.
Result<void> Driver::may_go_on(const rt::Deadline& by) const {
    if (run_.job.scope.is_cancelled() || run_.job.has_unheard_cancel())
        return fail(Error::cancelled("the run is stopped"));
    if (by.is_over())
        return fail(Error::timeout("The step's time is over; its timeout may be up to 10 minutes"));
    return {};
}

/// What one of the scripts above says of a piece of the archive.
rt::Task<Result<Json>> Driver::ask_about(Index step, std::string script, std::string file, rt::Deadline by) {
    protocol::Code request;
    request.source = std::move(script);
    request.bindings = bindings(step);
    request.bindings.push_back({"input", slot(step).input});
    request.bindings.push_back({"file", std::move(file)});
    request.scope = run_.scope(step);
    request.cpu_ms = static_cast<std::uint32_t>(code_cpu(step).count());
    std::vector<protocol::Request> requests;
    requests.push_back(std::move(request));
    CO_TRY(auto reply, co_await ask(std::move(requests), step, by));
    if (!reply) co_return fail(Error::unavailable("the sandbox is gone"));
    if (auto* given = std::get_if<protocol::Value>(&reply->result)) {
        CO_TRY(Value value, co_await read_value(std::move(given->json)));
        co_return std::move(value.tree);
    }
    const auto* failed = std::get_if<protocol::Failed>(&reply->result);
    if (failed == nullptr) co_return fail(Error::internal("the sandbox gave no value"));
    const bool is_limit = failed->kind == protocol::Failed::Kind::kLimit;
    co_return fail(
        is_limit ? Error::limit(failed->message, "file") : Error::invalid(failed->message, "file")
    );
}

rt::Task<Result<std::string>> Driver::read_bytes(
    store::files::Download& from, std::int64_t at, std::int64_t count, rt::Deadline by
) {
    std::string out;
    while (std::cmp_less(out.size(), count)) {
        CO_TRY(std::string chunk, co_await from.read(at + static_cast<std::int64_t>(out.size()), by));
        if (chunk.empty()) break;
        out.append(chunk, 0, static_cast<std::size_t>(count) - out.size());
    }
    co_return out;
}

/// The members as a list; those that are taken out are files.
rt::Task<Result<std::string>> Driver::unzip(Index step, rt::Deadline by) {
    CO_TRY(const bool is_ready, co_await open_session());
    if (!is_ready) co_return fail(Error::unavailable("there is no sandbox"));
    CO_TRY(auto archive, co_await open_file(step, by));
    const std::int64_t size = archive->file().size;
    const std::int64_t from = std::max<std::int64_t>(size - kTailBytes, 0);
    CO_TRY(std::string bytes, co_await read_bytes(*archive, from, size - from, by));
    CO_TRY(
        const Json end,
        co_await ask_about(step, std::string(kZipEnd), seen(bytes, JsonObject{{"from", from}}), by)
    );
    if (!end.is_object()) co_return fail(Error::internal("the sandbox gave nonsense"));
    const auto said = [&](std::string_view key) { return int_or(end.get_object(), key, -1); };
    const std::int64_t begin = said("begin");
    const std::int64_t length = said("size");
    if (length > kDirectoryBytes || said("count") > file::kZipMembersMax)
        co_return fail(Error::limit("An archive has at most 10,000 members, whose names take 4 MiB", "file"));
    if (begin < 0 || length < 0 || begin > size - length)
        co_return fail(Error::invalid("file is no ZIP archive, or it is damaged", "file"));
    rt::Budget::Charge charge;
    if (run_.deps.requests != nullptr) {
        charge = {*run_.deps.requests, run_.tenant.text()};
        CO_CHECK_OK(co_await charge.resize(kCopies * length + 1, by));
    }
    CO_TRY(bytes, co_await read_bytes(*archive, begin, length, by));
    std::string file = seen(bytes, JsonObject{{"count", said("count")}, {"shift", said("shift")}});
    CO_TRY(Json list, co_await ask_about(step, std::string(kZipList), std::move(file), by));
    JsonObject* object = list.if_object();
    Json* members = object != nullptr ? object->if_contains("members") : nullptr;
    const Json* wanted = object != nullptr ? object->if_contains("wanted") : nullptr;
    if (members == nullptr || !members->is_array() || wanted == nullptr || !wanted->is_array())
        co_return fail(Error::internal("the sandbox gave nonsense"));
    std::vector<file::ZipMember> taken;
    for (const Json& one : wanted->get_array()) {
        auto member = file::zip_member(one, size);
        if (!member || member->place >= members->get_array().size())
            co_return fail(Error::invalid("The archive's directory is damaged", "file"));
        taken.push_back(*std::move(member));
    }
    CO_CHECK_OK(co_await extract(*archive, std::move(taken), members->get_array(), by));
    co_return to_text(*members);
}

rt::Task<Result<void>> Driver::extract(
    store::files::Download& archive, std::vector<file::ZipMember> wanted, JsonArray& members, rt::Deadline by
) {
    if (wanted.size() > file::kFilesPerValueMax)
        co_return fail(
            Error::limit("At most 100 members are taken out at a time: name them in extract", "extract")
        );
    const auto& limits = run_.deps.files->options();
    // Stated sizes are hints; what comes out is counted.
    const std::int64_t most = std::max(limits.zip_bytes_free, archive.file().size * limits.zip_ratio_max);
    std::int64_t left = std::min(most, limits.file_bytes_max);
    std::vector<std::unique_ptr<store::files::Upload>> uploads;
    std::vector<std::pair<std::size_t, file::Handle>> handles;
    for (const file::ZipMember& member : wanted) {
        store::files::What what{
            .name = member.name,
            .type = std::string(file::type_of_name(member.name)),
            .origin = store::files::Origin::kMade
        };
        CO_TRY(auto upload, co_await run_.deps.files->create(run_.tenant, std::move(what), std::nullopt, by));
        CO_TRY(const std::int64_t plain, co_await unpack_member(archive, member, *upload, left, by));
        left -= plain;
        CO_TRY(const auto file, co_await upload->finish(by));
        handles.emplace_back(member.place, file.handle());
        uploads.push_back(std::move(upload));
    }
    CO_CHECK_OK(co_await run_.deps.files->keep(std::move(uploads), run_.id, by));
    for (const auto& [place, handle] : handles)
        if (JsonObject* one = members[place].if_object()) (*one)["file"] = file::to_json(handle);
    co_return Result<void>{};
}

/// How many bytes it was.
rt::Task<Result<std::int64_t>> Driver::unpack_member(
    store::files::Download& archive,
    const file::ZipMember& member,
    store::files::Upload& to,
    std::int64_t most,
    rt::Deadline by
) {
    CO_TRY(
        const std::string head,
        co_await read_bytes(archive, member.at, static_cast<std::int64_t>(file::kZipHeadBytes), by)
    );
    const auto data = file::zip_data_at(head, member.at);
    if (!data || *data > archive.file().size - member.packed) co_return fail(damaged(member.name));
    pack::Inflater inflater;
    pack::Count count;
    const auto take = [&](std::string_view piece) -> Result<void> {
        count.add(piece);
        if (count.bytes > member.plain) return fail(damaged(member.name));
        if (count.bytes <= most) return {};
        return fail(Error::limit(
            "The archive's members are more than may come out of it: " + std::to_string(most) +
                " bytes are left",
            "file"
        ));
    };
    for (std::int64_t at = 0; at < member.packed;) {
        CO_TRY(std::string packed, co_await archive.read(*data + at, by));
        packed.resize(std::min(packed.size(), static_cast<std::size_t>(member.packed - at)));
        if (packed.empty()) co_return fail(damaged(member.name));
        at += static_cast<std::int64_t>(packed.size());
        if (member.is_deflated) inflater.feed(std::move(packed));
        for (bool goes_on = true; goes_on;) {
            CO_CHECK_OK(may_go_on(by));
            std::string piece = std::move(packed);
            goes_on = member.is_deflated;
            if (member.is_deflated) {
                auto work = [&] { return inflater.next(); };
                auto next = co_await rt::offload(pack::kPieceBytes, work);
                if (!next) co_return fail(damaged(member.name));
                piece = *std::move(next);
                if (piece.empty()) break;
            }
            CO_CHECK_OK(take(piece));
            CO_CHECK_OK(co_await to.append(std::move(piece), by));
        }
    }
    const bool is_whole = !member.is_deflated || inflater.is_done() || member.packed == 0;
    if (!is_whole || count.bytes != member.plain || count.crc != member.crc)
        co_return fail(damaged(member.name));
    co_return count.bytes;
}

/// Of `content`, a list of files and of {"name", "file"}.
rt::Task<Result<std::string>> Driver::zip(Index step, rt::Deadline by) {
    CO_TRY(const Value with, co_await read_value(slot(step).input));
    const JsonObject& object = with.tree.get_object();
    const Json* content = object.if_contains("content");
    const JsonArray* list = content != nullptr ? content->if_array() : nullptr;
    constexpr std::string_view kWhat = "content is a list of files, or of objects {name, file}";
    if (list == nullptr) co_return fail(Error::invalid(std::string(kWhat), "content"));
    if (list->size() > file::kFilesPerValueMax)
        co_return fail(Error::limit("An archive is made of at most 100 files", "content"));
    std::vector<FileId> ids;
    std::vector<std::string> names;
    for (const Json& one : *list) {
        const JsonObject* entry = one.if_object();
        const Json* inner = entry != nullptr ? entry->if_contains("file") : nullptr;
        const auto id = file::handle_in(inner != nullptr ? *inner : one);
        if (!id) co_return fail(Error::invalid(std::string(kWhat), "content"));
        ids.push_back(*id);
        names.emplace_back(inner != nullptr ? text_or(*entry, "name") : "");
    }
    CO_TRY(auto files, co_await run_.deps.files->find_for_run(run_.tenant, run_.id, std::move(ids), by));
    std::string name(text_or(object, "name"));
    store::files::What what{
        .name = name.empty() ? "archive.zip" : std::move(name),
        .type = "application/zip",
        .origin = store::files::Origin::kMade
    };
    CO_TRY(auto upload, co_await run_.deps.files->create(run_.tenant, std::move(what), std::nullopt, by));
    file::ZipWriter writer(run_.now());
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string& asked = names[i].empty() ? files[i].name : names[i];
        std::string head = writer.begin(file::unlike(file::clean_member(asked), taken), files[i].size);
        CO_CHECK_OK(co_await upload->append(std::move(head), by));
        CO_TRY(auto from, co_await run_.deps.files->open(run_.tenant, std::move(files[i]), by));
        CO_TRY(const auto sizes, co_await pack_file(*from, *upload, by));
        CO_CHECK_OK(co_await upload->append(writer.end(sizes), by));
    }
    CO_CHECK_OK(co_await upload->append(writer.finish(), by));
    CO_TRY(const auto file, co_await upload->finish(by));
    std::vector<std::unique_ptr<store::files::Upload>> uploads;
    uploads.push_back(std::move(upload));
    CO_CHECK_OK(co_await run_.deps.files->keep(std::move(uploads), run_.id, by));
    co_return to_text(file::to_json(file.handle()));
}

rt::Task<Result<file::ZipSizes>> Driver::pack_file(
    store::files::Download& from, store::files::Upload& to, rt::Deadline by
) {
    pack::Deflater deflater;
    pack::Count plain;
    std::int64_t packed = 0;
    for (bool is_last = false; !is_last;) {
        CO_CHECK_OK(may_go_on(by));
        CO_TRY(const std::string chunk, co_await from.read(plain.bytes, by));
        is_last = chunk.empty();
        plain.add(chunk);
        auto work = [&] {
            return deflater.add(chunk, is_last ? pack::Deflater::Last::kYes : pack::Deflater::Last::kNo);
        };
        std::string out = co_await rt::offload(chunk.size(), work);
        packed += static_cast<std::int64_t>(out.size());
        CO_CHECK_OK(co_await to.append(std::move(out), by));
    }
    co_return file::ZipSizes{.crc = plain.crc, .packed = packed, .plain = plain.bytes};
}

}  // namespace weft::engine
