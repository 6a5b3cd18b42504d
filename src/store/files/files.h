#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/random.h"
#include "core/file/file.h"
#include "platform/blob/streams.h"
#include "platform/crypto/crypto.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"
#include "platform/telemetry/metrics.h"
#include "store/db/db.h"
#include "store/runs/payload.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Files: rows, and their bytes in chunks, each sealed with the tenant's `data` key and bound to tenant, file
/// and place, so that any part is read without the rest, and memory does not grow with size.
namespace weft::store::files {

/// Where one came from. In the order of the enum.
enum class Origin : std::uint8_t { kUpload, kWebhook, kForm, kMade };
inline constexpr std::array<std::string_view, 4> kOrigins = {"upload", "webhook", "form", "made"};
std::string_view name(Origin origin);
std::optional<Origin> origin_from(std::string_view text);

struct File {
    FileId id;
    std::string name;
    std::string type;
    std::int64_t size = 0;
    std::string sha256;  // 32 raw bytes
    TenantKeyId key_id;
    Origin origin = Origin::kUpload;
    Instant created_at{};
    Instant expires_at{};

    file::Handle handle() const;
};

inline constexpr std::size_t kChunkBytes = 256u << 10;  // of plain bytes; what a reader or writer holds

struct Options {
    std::int64_t file_bytes_max = file::kFileBytesMax;
    std::int64_t tenant_bytes_max = 20ll << 30;  // of all files of a tenant that are kept, by default
    /// What may come out of an archive: so much at any rate, beyond it so many times the archive's size, and
    /// never more than a file may have. Text shrinks to a twentieth; a bomb to a thousandth.
    std::int64_t zip_bytes_free = 64ll << 20;
    std::int64_t zip_ratio_max = 200;
    std::chrono::hours keep{7 * 24};        // after it was made, and until the runs that use it have ended
    std::function<Result<void>()> admit;    // asked as bytes come: is there room to store them?
    telemetry::Metrics* metrics = nullptr;  // null: nothing is counted
};

/// Why a file was not stored; the words of the metric. In the order of the enum.
enum class Refusal : std::uint8_t { kSize, kRoom, kDisk };
inline constexpr std::array<std::string_view, 3> kRefusals = {"size", "room", "disk"};

/// What all processes count of files.
class Meters {
  public:
    explicit Meters(telemetry::Metrics* metrics);
    void stored(std::int64_t bytes) const;
    void read(std::size_t bytes) const;
    /// Gives the error back.
    Error refused(Refusal why, Error error) const;

  private:
    bool is_on_ = false;
    telemetry::Counter stored_, stored_bytes_, read_bytes_;
    std::array<telemetry::Counter, kRefusals.size()> refused_;
};

struct What {
    std::string name;  // cleaned here, as is the type
    std::string type;
    Origin origin = Origin::kUpload;
};

/// Bytes on their way into a file. Dropped before `keep`, nothing of it is left. One call at a time.
class Upload {
  public:
    struct Parts;
    explicit Upload(std::unique_ptr<Parts> parts);
    ~Upload();

    /// Errors: kLimit (field "file": the file's or the tenant's limit), kUnavailable (disk full), kTimeout,
    /// kCancelled. After one only dropping it is left.
    rt::Task<Result<void>> append(std::string bytes, rt::Deadline by);
    /// The bytes are whole and durable; they belong to nobody yet.
    rt::Task<Result<File>> finish(rt::Deadline by);
    std::int64_t size() const;

  private:
    friend class Files;
    rt::Task<Result<void>> seal(std::string plain, bool is_last, rt::Deadline by);
    std::unique_ptr<Parts> parts_;
};

/// Bytes of a file, from any place on. One call at a time.
class Download {
  public:
    struct Parts;
    explicit Download(std::unique_ptr<Parts> parts);
    ~Download();
    /// At most kChunkBytes from `offset` on, up to the next chunk's border; empty at the end. Errors:
    /// kInvalid (changed on the disk), kUnavailable.
    rt::Task<Result<std::string>> read(std::int64_t offset, rt::Deadline by);
    const File& file() const;

  private:
    std::unique_ptr<Parts> parts_;
};

class Files {
  public:
    Files(
        pg::Pool& pool,
        runs::DataKeys& keys,
        blob::Streams& streams,
        const rt::Clock& clock,
        Rng& rng,
        Options options = {}
    )
        : pool_(pool),
          keys_(keys),
          streams_(streams),
          clock_(clock),
          rng_(rng),
          options_(std::move(options)),
          meters_(options_.metrics) {}

    const Options& options() const { return options_; }

    /// Errors: kLimit (field "file": the tenant has no room; `stated` is the length, where it is known),
    /// kUnavailable.
    rt::Task<Result<std::unique_ptr<Upload>>> create(
        TenantId tenant, What what, std::optional<std::int64_t> stated, rt::Deadline by
    );
    /// Makes finished uploads files, all or none, and gives them to the run, if any. Errors: kLimit (the
    /// tenant has no room: others took it meanwhile), kUnavailable.
    rt::Task<Result<void>> keep(
        std::vector<std::unique_ptr<Upload>> uploads, std::optional<RunId> run, rt::Deadline by
    );

    /// Errors: kNotFound (also another tenant's).
    rt::Task<Result<File>> find(TenantId tenant, FileId id, rt::Deadline by);
    /// Of those that the run was given; the order of `ids`. Errors: kNotFound, which says what to do.
    rt::Task<Result<std::vector<File>>> find_for_run(
        TenantId tenant, RunId run, std::vector<FileId> ids, rt::Deadline by
    );
    /// Errors: kNotFound, kUnavailable.
    rt::Task<Result<std::unique_ptr<Download>>> open(TenantId tenant, File file, rt::Deadline by);

    /// Gives files of the tenant's to a run, which may not have begun. Errors: kNotFound (field "input").
    rt::Task<Result<void>> give(TenantId tenant, RunId run, std::vector<FileId> ids, rt::Deadline by);
    /// Gives it what another run was given: a run again, or one within another.
    rt::Task<Result<void>> give_of_run(TenantId tenant, RunId run, RunId from, rt::Deadline by);

    /// Row and bytes. Absent is a success.
    rt::Task<Result<void>> drop(TenantId tenant, FileId id, rt::Deadline by);

  private:
    std::shared_ptr<std::int64_t> under_way_of(TenantId tenant);

    pg::Pool& pool_;
    runs::DataKeys& keys_;
    blob::Streams& streams_;
    const rt::Clock& clock_;
    Rng& rng_;
    Options options_;
    Meters meters_;
    /// Bytes of each tenant's uploads under way, shared by them: they count before there are rows.
    std::unordered_map<TenantId, std::weak_ptr<std::int64_t>> under_way_;
};

// ---- for the API, in the caller's transaction or alone

rt::Task<Result<File>> find(Db db, FileId id, rt::Deadline by);
rt::Task<Result<Page<File>>> list(Db db, PageRequest page, rt::Deadline by);

// ---- what goes (across tenants)

struct Swept {
    bool is_ours = false;  // false: another worker does it at this moment
    std::int64_t expired = 0;
    std::int64_t expired_bytes = 0;
    std::int64_t orphans = 0;  // bytes that no row refers to: an upload or its process ended in the middle
    bool is_more = false;
};
inline constexpr std::chrono::hours kOrphanAge{2};  // longer than any upload may take
/// One bounded step. `after` walks over what is stored, from nil on; nil again at the end of it. Errors:
/// kUnavailable.
rt::Task<Result<Swept>> sweep(
    pg::Pool& pool, blob::Streams& streams, Uuid& after, std::chrono::seconds orphan_age, rt::Deadline by
);

}  // namespace weft::store::files
