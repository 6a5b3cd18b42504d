#include "store/retention/retention.h"

#include "platform/pg/row.h"
#include "store/retention/queries.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace weft::store::retention {

namespace {

using std::chrono::hours;

constexpr int kDaysMax = 8;      // partitions of one table dropped in a step: each is locked until it commits
constexpr int kRowsMax = 5'000;  // rows of one table deleted in a step
// Rows of a table that move out of a day before it goes, while others wait for the table: a fifth of a
// second.
constexpr int kMovedMax = 20'000;
constexpr int kKeptRunsMax = 200'000;  // runs that outlive their days, looked at in a step
constexpr int kKeptBlobsMax = 50'000;
constexpr hours kKeys{24};        // what clients of the API are promised
constexpr hours kLinks{30 * 24};  // used or expired links say when the installation was claimed

const pg::Principal kDispatch = pg::Principal::system(pg::SystemRole::kDispatch);

struct History {
    const char* table;
    hours Policy::* keep;
};
constexpr std::array kHistory{
    // Values before runs: a run without values says so, values without their run are of no use.
    History{"payload", &Policy::values},
    History{"run_event", &Policy::events},
    History{"execution_log", &Policy::logs},
    History{"run_mark", &Policy::runs},
    History{"step_run", &Policy::runs},
    History{"workflow_run", &Policy::runs},
};

struct Left {
    std::optional<std::int64_t> blobs_before;
    std::optional<std::int64_t> oldest_run_days;
};
constexpr auto kLeft = pg::columns(
    pg::column<&Left::blobs_before>("blobs_before"), pg::column<&Left::oldest_run_days>("oldest_run_days")
);

struct Day {
    std::int64_t day = 0;  // since 1970
};
constexpr auto kDay = pg::columns(pg::column<&Day::day>("day"));

struct RunKey {
    TenantId tenant;
    RunId run;
};
constexpr auto kRunKey =
    pg::columns(pg::column<&RunKey::tenant>("tenant_id"), pg::column<&RunKey::run>("run_id"));

struct BlobName {
    Uuid name;
};
constexpr auto kBlobName = pg::columns(pg::column<&BlobName::name>("name"));

struct Rows {
    const char* table;
    pg::Query query;
    hours keep;
};

std::int64_t seconds(hours keep) {
    return std::chrono::duration_cast<std::chrono::seconds>(keep).count();
}

struct Named {
    std::string_view name;
    hours Policy::* keep;
};
constexpr std::array kNames{
    Named{"runs", &Policy::runs},
    Named{"values", &Policy::values},
    Named{"files", &Policy::files},
    Named{"events", &Policy::events},
    Named{"logs", &Policy::logs},
    Named{"usage", &Policy::usage},
    Named{"deliveries", &Policy::deliveries},
};
constexpr int kHoursMax = 100 * 366 * 24;

Instant start_of(std::int64_t day) {
    return Instant(std::chrono::days(day));
}

/// The lowest id of that day.
Uuid first_id(std::int64_t day) {
    auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<Millis>(start_of(day).time_since_epoch()).count()
    );
    Uuid out;
    for (std::size_t i = 6; i-- > 0; ms >>= 8) out.bytes[i] = static_cast<std::uint8_t>(ms);
    return out;
}

/// Whether the day is gone.
rt::Task<Result<bool>> retire_day(
    pg::Transaction& work, std::string table, std::int64_t day, hours keep, rt::Deadline by
) {
    auto params =
        pg::params(first_id(day), first_id(day + 1), start_of(day + 2), seconds(keep), kMovedMax + 1);
    CO_TRY(auto rows, co_await work.query(sql::kFindOutliving, std::move(params), by));
    CO_TRY(const auto runs, pg::all(rows, kRunKey));
    if (runs.size() > static_cast<std::size_t>(kMovedMax)) co_return false;
    auto what =
        pg::params(table, day, pg::array(runs, &RunKey::tenant), pg::array(runs, &RunKey::run), kMovedMax);
    CO_TRY(auto answer, co_await work.query(sql::kRetireDay, std::move(what), by));
    CO_TRY(const auto moved, pg::value<std::int64_t>(answer, "retire_day"));
    co_return moved >= 0;
}

/// One history table, in a transaction of its own: nobody waits for longer than for one.
rt::Task<Result<void>> retire_history(
    pg::Pool& pool, History history, hours keep, Retired& out, rt::Deadline by
) {
    CO_TRY(auto work, co_await pool.begin(kDispatch, by));
    CO_TRY(auto lock, co_await work.query(sql::kTryLock, pg::Params(), by));
    CO_TRY(out.is_ours, pg::value<bool>(lock, "pg_try_advisory_xact_lock"));
    if (!out.is_ours) co_return Result<void>{};
    auto which = pg::params(history.table, seconds(keep), kDaysMax);
    CO_TRY(auto rows, co_await work.query(sql::kListDays, std::move(which), by));
    CO_TRY(const auto days, pg::all(rows, kDay));
    std::int64_t gone = 0;
    for (const Day& day : days) {
        CO_TRY(const bool is_gone, co_await retire_day(work, history.table, day.day, keep, by));
        ++(is_gone ? gone : out.days_held);
    }
    out.deleted[history.table] = gone;
    out.is_more |= gone == kDaysMax;
    auto over = pg::params(history.table, seconds(keep), kKeptRunsMax);
    CO_TRY(auto answer, co_await work.query(sql::kForgetKept, std::move(over), by));
    CO_TRY(const auto forgotten, pg::value<std::int64_t>(answer, "forget_kept"));
    out.deleted[std::string(history.table) + "_kept"] = forgotten;
    co_return co_await work.commit(by);
}

}  // namespace

Result<Policy> parse_policy(const std::vector<std::string>& texts) {
    Policy out;
    for (const std::string& text : texts) {
        const Error wrong = Error::invalid(
            "\"" + text +
                "\" is not a time to keep something: write runs, values, files, events, logs, usage or "
                "deliveries, =, and days or hours, e.g. runs=30d or logs=12h",
            "keep"
        );
        const auto equals = text.find('=');
        const auto named = std::ranges::find(kNames, std::string_view(text).substr(0, equals), &Named::name);
        if (equals == std::string::npos || named == kNames.end()) return fail(wrong);
        const char* end = text.data() + text.size();
        int number = 0;
        auto [at, bad] = std::from_chars(text.data() + equals + 1, end, number);
        const bool is_days = at + 1 == end && *at == 'd';
        const bool is_hours = at + 1 == end && *at == 'h';
        if (bad != std::errc() || number < 1 || number > kHoursMax / 24 || !(is_days || is_hours))
            return fail(wrong);
        out.*named->keep = hours(is_days ? number * 24 : number);
    }
    return out;
}

rt::Task<Result<Retired>> retire(pg::Pool& pool, Policy policy, rt::Deadline by) {
    Retired out;
    for (const History& history : kHistory) {
        CO_CHECK_OK(co_await retire_history(pool, history, policy.*history.keep, out, by));
        if (!out.is_ours) co_return out;
    }
    CO_TRY(auto work, co_await pool.begin(kDispatch, by));
    CO_TRY(auto lock, co_await work.query(sql::kTryLock, pg::Params(), by));
    CO_TRY(out.is_ours, pg::value<bool>(lock, "pg_try_advisory_xact_lock"));
    if (!out.is_ours) co_return out;
    const std::array rows_of{
        Rows{"trigger_event", sql::kDropDeliveries, policy.deliveries},
        Rows{"idempotency_key", sql::kDropKeys, kKeys},
        Rows{"dead_letter", sql::kDropDeadLetters, policy.runs},
        Rows{"run_wait", sql::kDropWaits, policy.runs},
        Rows{"test_version", sql::kDropTests, policy.runs},
        Rows{"trigger_sample", sql::kDropSamples, policy.values},
        Rows{"kept_event", sql::kDropEvents, policy.deliveries},
        Rows{"usage_part", sql::kDropUsage, policy.usage},
        Rows{"session", sql::kDropSessions, hours(0)},
        Rows{"claim_link", sql::kDropLinks, kLinks},
    };
    for (const Rows& rows : rows_of) {
        auto params = pg::params(seconds(rows.keep), kRowsMax);
        CO_TRY(auto answer, co_await work.query(rows.query, std::move(params), by));
        CO_TRY(const auto gone, pg::value<std::int64_t>(answer, "count"));
        out.deleted[rows.table] = gone;
        out.is_more |= gone >= kRowsMax;
    }
    CO_TRY(auto left, co_await work.query(sql::kWhatIsLeft, pg::Params(), by));
    CO_TRY(auto first_days, pg::first(left, kLeft));
    if (first_days) {
        out.blobs_before = first_days->blobs_before;
        out.oldest_run_days = first_days->oldest_run_days.value_or(0);
    }
    CO_TRY(auto names, co_await work.query(sql::kKeptBlobs, pg::params(kKeptBlobsMax), by));
    CO_CHECK_OK(pg::each(names, kBlobName, [&](BlobName one) { out.blobs_kept.push_back(one.name); }));
    if (out.blobs_kept.size() == kKeptBlobsMax) out.blobs_before.reset();
    CO_CHECK_OK(co_await work.commit(by));
    co_return out;
}

}  // namespace weft::store::retention
