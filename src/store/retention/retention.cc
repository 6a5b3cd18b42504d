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
constexpr hours kKeys{24};       // what clients of the API are promised
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
    Named{"deliveries", &Policy::deliveries},
};
constexpr int kHoursMax = 100 * 366 * 24;

}  // namespace

Result<Policy> parse_policy(const std::vector<std::string>& texts) {
    Policy out;
    for (const std::string& text : texts) {
        const Error wrong = Error::invalid(
            "\"" + text +
                "\" is not a time to keep something: write runs, values, files, events, logs or deliveries, "
                "=, and "
                "days or hours, e.g. runs=30d or logs=12h",
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
    CO_TRY(auto work, co_await pool.begin(kDispatch, by));
    CO_TRY(auto lock, co_await work.query(sql::kTryLock, pg::Params(), by));
    CO_TRY(out.is_ours, pg::value<bool>(lock, "pg_try_advisory_xact_lock"));
    if (!out.is_ours) co_return out;
    for (const History& history : kHistory) {
        auto params = pg::params(history.table, seconds(policy.*history.keep), kDaysMax);
        CO_TRY(auto rows, co_await work.query(sql::kDropDays, std::move(params), by));
        CO_TRY(const auto days, pg::value<std::int64_t>(rows, "retire_partitions"));
        out.deleted[history.table] = days;
        out.is_more |= days == kDaysMax;
    }
    const std::array rows_of{
        Rows{"trigger_event", sql::kDropDeliveries, policy.deliveries},
        Rows{"idempotency_key", sql::kDropKeys, kKeys},
        Rows{"dead_letter", sql::kDropDeadLetters, policy.runs},
        Rows{"run_wait", sql::kDropWaits, policy.runs},
        Rows{"test_version", sql::kDropTests, policy.runs},
        Rows{"trigger_sample", sql::kDropSamples, policy.values},
        Rows{"kept_event", sql::kDropEvents, policy.deliveries},
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
    CO_CHECK_OK(co_await work.commit(by));
    co_return out;
}

}  // namespace weft::store::retention
