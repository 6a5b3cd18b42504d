#include "store/files/files.h"

#include "base/bytes.h"
#include "base/words.h"
#include "platform/pg/row.h"
#include "store/files/detail/parts.h"
#include "store/files/queries.h"
#include "store/quotas/quotas.h"

#include <algorithm>

namespace weft::pg {

template <>
struct Reader<store::files::Origin> : WordReader<store::files::Origin, store::files::origin_from> {};

}  // namespace weft::pg

namespace weft::store::files {

namespace {

constexpr auto kFile = pg::columns(
    pg::column<&File::id>("id"),
    pg::column<&File::name>("name"),
    pg::column<&File::type>("media_type"),
    pg::column<&File::size>("size_bytes"),
    pg::bytes<&File::sha256>("sha256"),
    pg::column<&File::key_id>("key_id"),
    pg::column<&File::origin>("origin"),
    pg::column<&File::created_at>("created_at"),
    pg::column<&File::expires_at>("expires_at")
);

Error gone() {
    return Error::not_found(
        "The file does not exist, or its time to be kept is over, or this run was not given it: a run uses "
        "files "
        "that it received or made, and those in the input that it was started with"
    );
}

}  // namespace

Meters::Meters(telemetry::Metrics* metrics) : is_on_(metrics != nullptr) {
    if (!is_on_) return;
    const auto bytes = [&](std::string_view way) {
        return metrics->counter("weft_file_bytes_total", "Bytes of files", {{"way", std::string(way)}});
    };
    stored_ = metrics->counter("weft_files_stored_total", "Files that were stored");
    stored_bytes_ = bytes("stored");
    read_bytes_ = bytes("read");
    for (std::size_t i = 0; i < kRefusals.size(); ++i)
        refused_[i] = metrics->counter(
            "weft_files_refused_total", "Files that were not stored", {{"reason", std::string(kRefusals[i])}}
        );
}
void Meters::stored(std::int64_t bytes) const {
    if (!is_on_) return;
    stored_.add();
    stored_bytes_.add(static_cast<double>(bytes));
}
void Meters::read(std::size_t bytes) const {
    if (is_on_) read_bytes_.add(static_cast<double>(bytes));
}
Error Meters::refused(Refusal why, Error error) const {
    if (is_on_) refused_.at(static_cast<std::size_t>(why)).add();
    return error;
}

std::string_view name(Origin origin) {
    return kOrigins.at(static_cast<std::size_t>(origin));
}
std::optional<Origin> origin_from(std::string_view text) {
    return find_word<Origin>(kOrigins, text);
}

file::Handle File::handle() const {
    return {.id = id, .name = name, .type = type, .size = size, .sha256 = hex(sha256)};
}

namespace detail {

std::string amount(std::int64_t bytes) {
    if (bytes >= 1ll << 30 && bytes % (1ll << 30) == 0) return std::to_string(bytes >> 30) + " GiB";
    if (bytes >= 1ll << 20 && bytes % (1ll << 20) == 0) return std::to_string(bytes >> 20) + " MiB";
    return std::to_string(bytes) + " bytes";
}

Error too_large(std::int64_t file_bytes_max) {
    return Error::limit("A file is at most " + amount(file_bytes_max), "file");
}

Error no_room(std::int64_t tenant_bytes_max) {
    return Error::limit(
        "The files that are kept for you take all of the " + amount(tenant_bytes_max) +
            " that they may: delete some, or wait until they have expired",
        "file"
    );
}

}  // namespace detail

rt::Task<Result<std::unique_ptr<Upload>>> Files::create(
    TenantId tenant, What what, std::optional<std::int64_t> stated, rt::Deadline by
) {
    if (options_.admit)
        if (auto room = options_.admit(); !room)
            co_return fail(meters_.refused(Refusal::kDisk, std::move(room).error()));
    const std::int64_t wanted = stated.value_or(1);
    if (wanted > options_.file_bytes_max)
        co_return fail(meters_.refused(Refusal::kSize, detail::too_large(options_.file_bytes_max)));
    const Db db(pool_, tenant);
    CO_TRY(auto rows, co_await db.query(sql::kUsedSpace, pg::params(options_.tenant_bytes_max), by));
    CO_TRY(const quotas::Use space, quotas::read_use(rows));
    const std::int64_t room = space.most - space.used;
    auto under_way = under_way_of(tenant);
    if (wanted > room - *under_way)
        co_return fail(meters_.refused(Refusal::kRoom, detail::no_room(space.most)));
    auto parts = std::make_unique<Upload::Parts>();
    CO_TRY(parts->key, co_await keys_.newest(tenant, by));
    parts->tenant = tenant;
    parts->file.id = FileId::make(clock_.now(), rng_);
    parts->file.name = file::clean_name(what.name);
    parts->file.type = file::clean_type(what.type);
    parts->file.key_id = TenantKeyId(parts->key->id);
    parts->file.origin = what.origin;
    parts->room = room;
    parts->most = space.most;
    parts->under_way = std::move(under_way);
    parts->options = &options_;
    parts->meters = &meters_;
    CO_TRY(parts->writer, co_await streams_.create(parts->file.id.uuid(), by));
    co_return std::make_unique<Upload>(std::move(parts));
}

std::shared_ptr<std::int64_t> Files::under_way_of(TenantId tenant) {
    std::erase_if(under_way_, [](const auto& one) { return one.second.expired(); });
    auto& kept = under_way_[tenant];
    auto out = kept.lock();
    if (out == nullptr) kept = out = std::make_shared<std::int64_t>(0);
    return out;
}

rt::Task<Result<void>> Files::keep(
    std::vector<std::unique_ptr<Upload>> uploads, std::optional<RunId> run, rt::Deadline by
) {
    if (uploads.empty()) co_return Result<void>{};
    const TenantId tenant = uploads.front()->parts_->tenant;
    CO_TRY(auto work, co_await pool_.begin(pg::Principal::tenant(tenant), by));
    const auto keep = std::chrono::duration_cast<std::chrono::seconds>(options_.keep).count();
    std::vector<FileId> ids;
    for (const auto& upload : uploads) {
        const File& file = upload->parts_->file;
        auto params = pg::params(file.id, file.name, file.type, pg::Bytes{file.sha256}, file.size);
        params.add(file.key_id).add(file.origin).add(static_cast<std::int64_t>(keep));
        params.add(options_.tenant_bytes_max);
        CO_TRY(auto rows, co_await work.query(sql::kAddFile, std::move(params), by));
        CO_TRY(const auto added, pg::value<std::int64_t>(rows, "added"));
        if (added == 0)
            co_return fail(meters_.refused(Refusal::kRoom, detail::no_room(upload->parts_->most)));
        ids.push_back(file.id);
    }
    if (run) CO_CHECK_OK(co_await work.query(sql::kGiveFiles, pg::params(*run, pg::array(ids)), by));
    CO_CHECK_OK(co_await work.commit(by));
    for (auto& upload : uploads) {
        upload->parts_->writer->release();
        meters_.stored(upload->size());
    }
    co_return Result<void>{};
}

rt::Task<Result<File>> Files::find(TenantId tenant, FileId id, rt::Deadline by) {
    return files::find(Db(pool_, tenant), id, std::move(by));
}

rt::Task<Result<std::vector<File>>> Files::find_for_run(
    TenantId tenant, RunId run, std::vector<FileId> ids, rt::Deadline by
) {
    const Db db(pool_, tenant);
    CO_TRY(auto rows, co_await db.query(sql::kFindFilesOfRun, pg::params(run, pg::array(ids)), by));
    CO_TRY(auto found, pg::all(rows, kFile));
    std::vector<File> out;
    for (const FileId& id : ids) {
        const auto file = std::ranges::find(found, id, &File::id);
        if (file == found.end()) co_return fail(gone());
        out.push_back(*file);
    }
    co_return out;
}

rt::Task<Result<std::unique_ptr<Download>>> Files::open(TenantId tenant, File file, rt::Deadline by) {
    auto parts = std::make_unique<Download::Parts>();
    CO_TRY(parts->key, co_await keys_.find(tenant, file.key_id, by));
    CO_TRY(parts->reader, co_await streams_.open(file.id.uuid(), by));
    parts->tenant = tenant;
    parts->meters = &meters_;
    parts->file = std::move(file);
    co_return std::make_unique<Download>(std::move(parts));
}

rt::Task<Result<void>> Files::give(TenantId tenant, RunId run, std::vector<FileId> ids, rt::Deadline by) {
    if (ids.empty()) co_return Result<void>{};
    const Db db(pool_, tenant);
    CO_TRY(auto rows, co_await db.query(sql::kGiveFiles, pg::params(run, pg::array(ids)), by));
    CO_TRY(const auto found, pg::value<std::int64_t>(rows, "found"));
    if (found == static_cast<std::int64_t>(ids.size())) co_return Result<void>{};
    co_return fail(Error::not_found("A file of the input does not exist any more: upload it again"));
}

rt::Task<Result<void>> Files::give_of_run(TenantId tenant, RunId run, RunId from, rt::Deadline by) {
    const Db db(pool_, tenant);
    CO_CHECK_OK(co_await db.query(sql::kGiveFilesOfRun, pg::params(run, from), by));
    co_return Result<void>{};
}

rt::Task<Result<void>> Files::drop(TenantId tenant, FileId id, rt::Deadline by) {
    const Db db(pool_, tenant);
    CO_TRY(auto rows, co_await db.query(sql::kDropFile, pg::params(id), by));
    CO_TRY(const auto dropped, pg::value<std::int64_t>(rows, "gone"));
    if (dropped == 0) co_return Result<void>{};
    co_return co_await streams_.remove(id.uuid(), by);
}

rt::Task<Result<File>> find(Db db, FileId id, rt::Deadline by) {
    const auto rows = co_await db.query(sql::kFindFile, pg::params(id), by);
    co_return one(rows, kFile, "File not found");
}

rt::Task<Result<Page<File>>> list(Db db, PageRequest page, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kListFiles, pg::params(page.after, fetch_limit(page)), by));
    co_return page_of(rows, kFile, page);
}

}  // namespace weft::store::files
