#include "store/triggers/holds.h"

#include "store/triggers/history.h"
#include "store/triggers/queries.h"

#include <algorithm>

namespace weft::store::triggers {

namespace {

pg::Params held_params(const HoldOutcome& outcome, const std::vector<std::optional<Begun>>& begun) {
    std::optional<RunId> last;
    std::int64_t fired = 0;
    for (const auto& one : begun) {
        if (!one) continue;
        last = one->id;
        ++fired;
    }
    return pg::params(
        outcome.tenant,
        outcome.trigger,
        outcome.epoch,
        static_cast<std::int64_t>(outcome.lease.count()),
        outcome.filtered,
        fired,
        last,
        static_cast<std::int64_t>(begun.size()) + outcome.filtered
    );
}

/// What was heard and began no run, for the history.
rt::Task<Result<void>> note_unheard(
    pg::Transaction& transaction, HoldOutcome outcome, std::int64_t refused, rt::Deadline by
) {
    const auto miss = [&](std::string reason, std::int64_t events) {
        return Miss{outcome.tenant, outcome.trigger, std::move(reason), events, std::nullopt};
    };
    for (Miss one :
         {miss("rate", refused), miss("overload", outcome.overload), miss("body-limit", outcome.too_large)})
        if (one.events > 0) CO_CHECK_OK(co_await note_miss(transaction, std::move(one), by));
    if (outcome.filtered > 0) {
        auto note = pg::params(outcome.tenant, outcome.trigger, outcome.filtered, outcome.size_filtered);
        CO_CHECK_OK(co_await transaction.query(sql::kAddFiltered, std::move(note), by));
    }
    co_return Result<void>();
}

}  // namespace

rt::Task<Result<std::vector<std::optional<Begun>>>> hold_poll(
    pg::Pool& pool, HoldOutcome outcome, std::vector<const NewRun*> runs, rt::Deadline by
) {
    const auto who = pg::Principal::system(pg::SystemRole::kIngest);
    CO_TRY(pg::Transaction transaction, co_await pool.begin(who, by));
    auto claim = pg::params(outcome.tenant, outcome.trigger, outcome.epoch);
    CO_TRY(auto held, co_await transaction.query(sql::kLockPoll, std::move(claim), by));
    if (pg::values<TriggerId>(held, "trigger_id")->empty()) co_return fail(Error::stale());
    if (outcome.is_first) {
        auto gap = pg::params(outcome.tenant, outcome.trigger);
        CO_CHECK_OK(co_await transaction.query(sql::kNoteGap, std::move(gap), by));
    }
    std::vector<std::optional<Begun>> begun;
    if (!runs.empty()) {
        CO_TRY(begun, co_await begin_runs(transaction, std::move(runs), Repeats::kFind, by));
    }
    auto params = held_params(outcome, begun);
    CO_TRY(auto kept, co_await transaction.query(sql::kHoldPoll, std::move(params), by));
    if (pg::values<TriggerId>(kept, "trigger_id")->empty())
        co_return fail(Error::conflict("Nobody needs to listen"));
    const std::int64_t refused = std::ranges::count_if(begun, [](const auto& one) { return !one; });
    CO_CHECK_OK(co_await note_unheard(transaction, outcome, refused, by));
    CO_CHECK_OK(co_await transaction.commit(by));
    co_return begun;
}

}  // namespace weft::store::triggers
