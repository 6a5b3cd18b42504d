#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/time.h"
#include "platform/pg/pg.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Deletes what is older than its policy, across tenants, in bounded steps.
namespace weft::store::retention {

/// How long each kind is kept, after the day it belongs to has ended; of a run that outlives that day by
/// more than another, after its own end. Audit is kept for good.
struct Policy {
    std::chrono::hours runs{30 * 24};       // runs, their steps, dead letters
    std::chrono::hours values{7 * 24};      // inputs and outputs, also those in the blob folder
    std::chrono::hours files{7 * 24};       // and until the runs that use one have ended (store/files)
    std::chrono::hours events{7 * 24};      // what happened to a run besides its steps
    std::chrono::hours logs{7 * 24};        // lines that runs wrote
    std::chrono::hours usage{400 * 24};     // sums of what runs have cost, by day
    std::chrono::hours deliveries{7 * 24};  // by what a webhook's repeat is recognised
};

/// "runs=30d" or "values=12h", any number of them; what is not named keeps its default. Errors: kInvalid.
Result<Policy> parse_policy(const std::vector<std::string>& texts);

struct Retired {
    bool is_ours = false;                         // false: another worker does it at this moment
    std::map<std::string, std::int64_t> deleted;  // days of a history table, rows of another one, by table
    bool is_more = false;                         // a bound was reached: step again soon
    /// Days whose time has come and that stay: too many runs outlive them, or a lock was not had.
    std::int64_t days_held = 0;
    /// Days since 1970: no row refers to a blob made before, but for those in `blobs_kept`. Nothing when
    /// there is no partition, or too many are kept.
    std::optional<std::int64_t> blobs_before;
    std::vector<Uuid> blobs_kept;
    std::int64_t oldest_run_days = 0;  // age of the first day that still has runs
};

/// One step. Errors: kUnavailable (a lock was not had in time: try later), kTimeout, kCancelled.
rt::Task<Result<Retired>> retire(pg::Pool& pool, Policy policy, rt::Deadline by);

}  // namespace weft::store::retention
