#pragma once

#include "base/id.h"
#include "base/time.h"
#include "platform/pg/pg.h"
#include "store/db/db.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What has become of a trigger: its runs, and what it did not take or could not do (`trigger_miss`).
namespace weft::store::triggers {

/// Runs of the last day are counted up to here.
inline constexpr int kDayRunsMax = 10'000;

/// A run, or what there was none for.
using HappeningId = Id<struct HappeningTag>;
struct Happening {
    HappeningId id;
    Instant at{};  // of the last one
    std::optional<RunId> run_id;
    std::optional<std::string> run_state;
    std::optional<std::string> reason;  // a RefusalReason; or failed, missed, skipped, gap
    std::int64_t events = 1;            // alike, in one minute
    std::optional<std::string> detail;
};
/// Newest first. What was seen last is at that time: a page further down may show less than there was.
rt::Task<Result<Page<Happening>>> list_history(Db db, TriggerId id, PageRequest page, rt::Deadline by);

struct Health {
    std::string health;
    std::optional<Instant> event_at;  // of the newest run that is kept
    std::optional<RunId> last_run_id;
    std::optional<Instant> missed_at;
    std::optional<std::string> missed_reason;
    std::optional<std::string> missed_detail;
    std::int64_t runs = 0;    // of the last 24 hours, up to kDayRunsMax
    std::int64_t missed = 0;  // likewise
};
/// kNotFound.
rt::Task<Result<Health>> find_health(Db db, TriggerId id, rt::Deadline by);
/// In a word: how each fares, and how far setting it up has come.
struct Standing {
    std::string health;  // as `trigger_health` of the database has it
    std::string setup;   // as `trigger_setup`
};
rt::Task<Result<std::map<TriggerId, Standing>>> find_healths(
    Db db, std::vector<TriggerId> ids, rt::Deadline by
);

/// What a worker or the scheduler could not do, noted in their transaction (weft_ingest).
struct Miss {
    TenantId tenant;
    TriggerId trigger;
    std::string reason;
    std::int64_t events = 1;
    std::optional<std::string> detail;  // a sentence for the owner, at most 1,000 bytes and "..."
};
rt::Task<Result<void>> note_miss(pg::Transaction& transaction, Miss miss, rt::Deadline by);

}  // namespace weft::store::triggers
