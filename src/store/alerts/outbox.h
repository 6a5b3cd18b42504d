#pragma once

#include "base/id.h"
#include "base/json.h"
#include "core/alert/alert.h"
#include "store/db/db.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What alerts have to send: claimed by a worker, and settled under the claim's epoch. Across tenants as
/// weft_ingest, but for what a rule seals and what its ends are.
namespace weft::store::alerts {

/// A rule that has something to send, held by whoever claimed it until `lease` is over on the database's
/// clock.
struct Due {
    TenantId tenant;
    AlertRuleId rule;
    std::string name;
    alert::Channel channel = alert::Channel::kWebhook;
    std::optional<Json> quiet;
    std::int64_t epoch = 0;
    std::optional<Uuid> message;  // begun by an earlier claim
    std::int64_t ends = 0;        // of it
    std::optional<Instant> made_at;
    int attempts = 0;          // that failed
    std::optional<Uuid> test;  // asked for; goes first
    Instant now;               // of the database
};
/// At most `limit`, oldest first; none of the tenants in `full`.
rt::Task<Result<std::vector<Due>>> claim(
    pg::Pool& pool, int limit, Millis lease, std::vector<TenantId> full, rt::Deadline by
);
/// How long until the next one is due, on the database's clock; negative: it is; nothing: none is.
rt::Task<Result<std::optional<Millis>>> time_until_due(pg::Pool& pool, rt::Deadline by);

/// Whom it tells, sealed: see owner_of.
struct Sealed {
    std::string target;
    std::vector<std::string> secrets;  // of webhooks, newest first
};
rt::Task<Result<Sealed>> load_target(pg::Pool& pool, TenantId tenant, AlertRuleId rule, rt::Deadline by);

/// What has come becomes the message of this id: how many ends, and when. kStale: the claim holds no more, or
/// there is one already.
struct Taken {
    std::int64_t ends = 0;
    Instant made_at;
};
rt::Task<Result<Taken>> take_ends(pg::Pool& pool, Due due, Uuid message, rt::Deadline by);
/// Those that the message names, oldest first.
rt::Task<Result<std::vector<alert::Ended>>> load_ends(
    pg::Pool& pool, TenantId tenant, AlertRuleId rule, Uuid message, rt::Deadline by
);

// ---- how a claim ends; nothing is written when it holds no more
/// Until then; nothing: as it was.
rt::Task<Result<void>> hold(pg::Pool& pool, Due due, std::optional<Instant> until, rt::Deadline by);
/// What has come is never told.
rt::Task<Result<void>> silence(pg::Pool& pool, Due due, rt::Deadline by);
rt::Task<Result<void>> settle_test(
    pg::Pool& pool, Due due, std::optional<std::string> problem, rt::Deadline by
);
rt::Task<Result<void>> settle_sent(pg::Pool& pool, Due due, rt::Deadline by);
rt::Task<Result<void>> settle_failed(
    pg::Pool& pool, Due due, Millis again, std::string problem, rt::Deadline by
);
/// The message is given up; `is_gone`: the rule is disabled as well.
rt::Task<Result<void>> settle_lost(
    pg::Pool& pool, Due due, std::string problem, bool is_gone, rt::Deadline by
);

/// For gauges: ends that are not told yet, and rules whose last attempt failed.
struct Counts {
    std::int64_t waiting = 0;
    std::int64_t failing = 0;
};
rt::Task<Result<Counts>> count(pg::Pool& pool, rt::Deadline by);

}  // namespace weft::store::alerts
