#include "store/quotas/quotas.h"

#include "platform/pg/row.h"
#include "store/quotas/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace weft::store::quotas {

namespace {

constexpr std::int64_t kCountedMax = 1'000'000;
constexpr std::int64_t kDefaultMax = 1'000'000'000'000;

struct Named {
    std::string_view name;
    std::int64_t Defaults::* limit;
};
constexpr std::array kNames{
    Named{"due-runs", &Defaults::due_runs},
    Named{"waiting-runs", &Defaults::waiting_runs},
    Named{"triggers", &Defaults::triggers},
};

constexpr auto kUse = pg::columns(pg::column<&Use::used>("used"), pg::column<&Use::most>("most"));
constexpr auto kQuota = pg::columns(
    pg::column<&Quota::name>("name"),
    pg::column<&Quota::most>("most"),
    pg::column<&Quota::used>("used"),
    pg::column<&Quota::is_own>("is_own")
);
constexpr auto kLimits = pg::columns(
    pg::column<&Limits::due_runs>("due_max"),
    pg::column<&Limits::running_runs>("inflight_max"),
    pg::column<&Limits::waiting_runs>("waiting_max"),
    pg::column<&Limits::triggers>("triggers_max"),
    pg::column<&Limits::file_bytes>("file_bytes_max"),
    pg::column<&Limits::weight>("weight")
);

}  // namespace

Result<Defaults> parse_defaults(const std::vector<std::string>& texts) {
    Defaults out;
    for (const std::string& text : texts) {
        const auto equals = std::min(text.find('='), text.size());
        const auto named = std::ranges::find(kNames, std::string_view(text).substr(0, equals), &Named::name);
        const char* end = text.data() + text.size();
        std::int64_t number = 0;
        const char* from = std::min(text.data() + equals + 1, end);
        const auto [at, bad] = std::from_chars(from, end, number);
        if (named == kNames.end() || bad != std::errc() || at != end || number < 1 || number > kDefaultMax)
            return fail(Error::invalid(
                "\"" + text +
                    "\" is no quota: write due-runs, waiting-runs or triggers, =, and a number from 1, e.g. "
                    "waiting-runs=100000",
                "quota"
            ));
        out.*named->limit = number;
    }
    return out;
}

Result<Use> read_use(const pg::Rows& rows) {
    TRY(const auto uses, pg::all(rows, kUse));
    if (uses.size() != 1) return fail(Error::internal("a count has one row"));
    return uses.front();
}

telemetry::Counter refusals(telemetry::Metrics& metrics, const std::string& quota) {
    return metrics.counter(
        "weft_quota_refusals_total", "What was refused since a tenant has all that it may", {{"quota", quota}}
    );
}

Error used_up(std::string_view quota, Use use, std::string_view advice) {
    return Error::limit(
        fmt::format("The quota {} is used up: {} of at most {}; {}", quota, use.used, use.most, advice)
    );
}

rt::Task<Result<std::vector<Quota>>> list(Db db, Defaults defaults, rt::Deadline by) {
    auto params = pg::params(
        defaults.due_runs, defaults.waiting_runs, defaults.triggers, defaults.file_bytes, kCountedMax
    );
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return pg::all(rows, kQuota);
}

rt::Task<Result<void>> check_triggers(Db db, Defaults defaults, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kCountTriggers, pg::params(defaults.triggers), by));
    CO_TRY(const Use use, read_use(rows));
    if (!use.is_up()) co_return Result<void>{};
    co_return fail(used_up("triggers", use, "delete some, or ask the operator for more"));
}

rt::Task<Result<Use>> count_waiting(Db db, std::int64_t most, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kCountWaiting, pg::params(most), by));
    co_return read_use(rows);
}

rt::Task<Result<Limits>> change(pg::Pool& pool, std::string slug, Limits limits, rt::Deadline by) {
    const Db db(pool, pg::Principal::system(pg::SystemRole::kDispatch));
    auto params = pg::params(
        slug, limits.due_runs, limits.running_runs, limits.waiting_runs, limits.triggers, limits.file_bytes
    );
    params.add(limits.weight);
    CO_TRY(auto rows, co_await db.query(sql::kChange, std::move(params), by));
    CO_TRY(auto changed, pg::all(rows, kLimits));
    if (changed.empty())
        co_return fail(Error::not_found("No tenant has the slug \"" + slug + "\"; look at its address"));
    co_return changed.front();
}

}  // namespace weft::store::quotas
