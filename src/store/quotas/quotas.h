#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"
#include "platform/telemetry/metrics.h"
#include "store/db/db.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the operator lets a tenant have (docs/adr/0057).
namespace weft::store::quotas {

/// For tenants whom the operator has given no limit of their own.
struct Defaults {
    std::int64_t due_runs = 50'000;         // that may begin, and have not
    std::int64_t waiting_runs = 1'000'000;  // parked: for an answer, a time, the next attempt
    std::int64_t triggers = 1'000;
    std::int64_t file_bytes = 20ll << 30;
};
/// Of "due-runs=50000"; names are due-runs, waiting-runs and triggers. kInvalid names what is wrong.
Result<Defaults> parse_defaults(const std::vector<std::string>& texts);

struct Use {
    std::int64_t used = 0;  // counted up to `most`
    std::int64_t most = 0;
    bool is_up() const { return used >= most; }
};
/// Of a statement that counts: its columns `used` and `most`.
Result<Use> read_use(const pg::Rows& rows);
/// What refused them is counted, by the quota's name.
telemetry::Counter refusals(telemetry::Metrics& metrics, const std::string& quota);
/// kLimit: names the quota, its limit, the use and what to do; `advice` is a clause.
Error used_up(std::string_view quota, Use use, std::string_view advice);

struct Quota {
    std::string name;  // due_runs, running_runs, waiting_runs, triggers, file_bytes, weight
    std::int64_t most = 0;
    std::optional<std::int64_t> used;  // counted up to 1,000,000; a weight is not used up
    bool is_own = false;               // not the server's default
};
rt::Task<Result<std::vector<Quota>>> list(Db db, Defaults defaults, rt::Deadline by);

/// May the tenant have another trigger? Exact but for those that are made at the same moment.
rt::Task<Result<void>> check_triggers(Db db, Defaults defaults, rt::Deadline by);
rt::Task<Result<Use>> count_waiting(Db db, std::int64_t most, rt::Deadline by);

/// Of one tenant. Asked for: nothing leaves what there is, 0 gives the default back. Answered: nothing is the
/// server's default.
struct Limits {
    std::optional<std::int64_t> due_runs;
    std::optional<std::int64_t> running_runs;
    std::optional<std::int64_t> waiting_runs;
    std::optional<std::int64_t> triggers;
    std::optional<std::int64_t> file_bytes;
    std::optional<std::int64_t> weight;
};
/// The operator's: by a login that may act as weft_dispatch. kNotFound: no tenant has this slug.
rt::Task<Result<Limits>> change(pg::Pool& pool, std::string slug, Limits limits, rt::Deadline by);

}  // namespace weft::store::quotas
