#include "store/triggers/polls.h"

#include "platform/pg/row.h"
#include "store/triggers/history.h"
#include "store/triggers/queries.h"

#include <algorithm>
#include <iterator>

namespace weft::store::triggers {

namespace {

constexpr auto kPollState = pg::columns(
    pg::column<&PollState::trigger_id>("trigger_id"),
    pg::column<&PollState::due_at>("due_at"),
    pg::column<&PollState::polled_at>("polled_at"),
    pg::column<&PollState::event_at>("event_at"),
    pg::column<&PollState::last_run_id>("last_run_id"),
    pg::column<&PollState::cursor>("cursor"),
    pg::column<&PollState::polls>("polls"),
    pg::column<&PollState::items>("items"),
    pg::column<&PollState::fired>("fired"),
    pg::column<&PollState::filtered>("filtered"),
    pg::column<&PollState::failures>("failures"),
    pg::column<&PollState::failing_since>("failing_since"),
    pg::column<&PollState::problem>("problem")
);

constexpr auto kDuePoll = pg::columns(
    pg::column<&DuePoll::tenant>("tenant_id"),
    pg::column<&DuePoll::trigger>("trigger_id"),
    pg::column<&DuePoll::workflow>("workflow_id"),
    pg::column<&DuePoll::kind>("kind"),
    pg::column<&DuePoll::name>("name"),
    pg::column<&DuePoll::config>("config"),
    pg::column<&DuePoll::compiled>("compiled"),
    pg::column<&DuePoll::epoch>("epoch"),
    pg::column<&DuePoll::source>("source"),
    pg::column<&DuePoll::is_primed>("is_primed"),
    pg::column<&DuePoll::cursor>("cursor"),
    pg::column<&DuePoll::failures>("failures"),
    pg::column<&DuePoll::is_checked>("is_checked"),
    pg::column<&DuePoll::is_listening>("is_listening"),
    pg::column<&DuePoll::is_live>("is_live"),
    pg::column<&DuePoll::version>("published_version_id"),
    pg::column<&DuePoll::flow>("flow"),
    pg::column<&DuePoll::now>("now")
);

pg::Principal poll_principal() {
    return pg::Principal::system(pg::SystemRole::kIngest);
}

pg::ArrayParam digests(const std::vector<std::string>& items) {
    pg::ArrayParam out;
    for (const std::string& item : items) out.add(pg::Bytes{item});
    return out;
}

constexpr Millis kAfterRefusal{30'000};

/// What did not begin is not remembered, since it would never run: it is asked for again, by the same cursor.
Result<void> leave_out_refused(PollOutcome& outcome, const std::vector<std::optional<Begun>>& begun) {
    std::size_t refused = 0;
    for (std::size_t i = 0; i < begun.size(); ++i) {
        if (!begun[i]) ++refused;
        if (begun[i]) std::ranges::move(outcome.run_items.at(i), std::back_inserter(outcome.items));
    }
    if (refused == begun.size())
        return fail(Error::conflict(
            "The trigger or its workflow is inactive or was changed, or its rate-limit has no room"
        ));
    if (refused > 0) {
        outcome.cursor = std::nullopt;
        outcome.next = kAfterRefusal;
    }
    return {};
}

pg::Params settled_params(const PollOutcome& outcome, const std::vector<std::optional<Begun>>& begun) {
    std::optional<RunId> last;
    std::int64_t fired = 0;
    for (const auto& one : begun) {
        if (!one || !one->workflow) continue;
        last = one->id;
        ++fired;
    }
    return pg::params(
        outcome.tenant,
        outcome.trigger,
        outcome.epoch,
        static_cast<std::int64_t>(outcome.next.count()),
        outcome.is_asked,
        outcome.is_primed,
        outcome.cursor,
        outcome.filtered,
        fired,
        last,
        outcome.problem
    );
}

}  // namespace

rt::Task<Result<std::map<TriggerId, PollState>>> find_polls(
    Db db, std::vector<TriggerId> ids, rt::Deadline by
) {
    std::map<TriggerId, PollState> out;
    if (ids.empty()) co_return out;
    CO_TRY(auto rows, co_await db.query(sql::kFindPolls, pg::params(pg::array(ids)), by));
    CO_CHECK_OK(pg::each(rows, kPollState, [&](PollState row) {
        const TriggerId id = row.trigger_id;
        out.emplace(id, std::move(row));
    }));
    co_return out;
}

rt::Task<Result<void>> plan_poll(
    Db db, TriggerId id, Way way, std::string compiled, Memory memory, rt::Deadline by
) {
    auto params = pg::params(id, compiled, memory == Memory::kForget, way == Way::kHeld);
    CO_CHECK_OK(co_await db.query(sql::kPlanPoll, std::move(params), by));
    if (memory == Memory::kForget) CO_CHECK_OK(co_await db.query(sql::kForgetItems, pg::params(id), by));
    co_return Result<void>();
}

rt::Task<Result<void>> switch_poll(Db db, TriggerId id, Polling polling, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kSwitchPoll, pg::params(id, polling == Polling::kOn), by));
    co_return Result<void>();
}

rt::Task<Result<void>> switch_polls_of_workflow(Db db, WorkflowId workflow, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kPollsOfWorkflow, pg::params(workflow), by));
    co_return Result<void>();
}

rt::Task<Result<void>> release_poll(pg::Pool& pool, DuePoll due, rt::Deadline by) {
    auto params = pg::params(due.tenant, due.trigger, due.epoch);
    CO_CHECK_OK(co_await pool.query(poll_principal(), sql::kReleasePoll, std::move(params), by));
    co_return Result<void>();
}

rt::Task<Result<std::vector<DuePoll>>> claim_polls(
    pg::Pool& pool, Way way, int limit, Millis lease, std::vector<TenantId> full, rt::Deadline by
) {
    auto params =
        pg::params(limit, static_cast<std::int64_t>(lease.count()), pg::array(full), way == Way::kHeld);
    CO_TRY(auto rows, co_await pool.query(poll_principal(), sql::kClaimPolls, std::move(params), by));
    co_return pg::all(rows, kDuePoll);
}

rt::Task<Result<std::vector<std::string>>> unseen_items(
    pg::Pool& pool, TenantId tenant, TriggerId trigger, std::vector<std::string> items, rt::Deadline by
) {
    struct Found {
        std::int64_t position = 0;
    };
    constexpr auto kFound = pg::columns(pg::column<&Found::position>("position"));
    auto params = pg::params(tenant, trigger, digests(items));
    CO_TRY(auto rows, co_await pool.query(poll_principal(), sql::kUnseenItems, std::move(params), by));
    std::vector<std::string> out;
    CO_CHECK_OK(pg::each(rows, kFound, [&](Found row) {
        out.push_back(items[static_cast<std::size_t>(row.position) - 1]);
    }));
    co_return out;
}

rt::Task<Result<std::vector<std::optional<Begun>>>> settle_poll(
    pg::Pool& pool, PollOutcome outcome, std::vector<const NewRun*> runs, rt::Deadline by
) {
    CO_TRY(pg::Transaction transaction, co_await pool.begin(poll_principal(), by));
    auto claim = pg::params(outcome.tenant, outcome.trigger, outcome.epoch);
    CO_TRY(auto held, co_await transaction.query(sql::kLockPoll, std::move(claim), by));
    if (pg::values<TriggerId>(held, "trigger_id")->empty()) co_return fail(Error::stale());
    std::vector<std::optional<Begun>> begun;
    if (!runs.empty()) {
        CO_TRY(begun, co_await begin_runs(transaction, std::move(runs), Repeats::kFind, by));
        CO_CHECK_OK(leave_out_refused(outcome, begun));
    }
    CO_CHECK_OK(co_await transaction.query(sql::kSettlePoll, settled_params(outcome, begun), by));
    if (!outcome.items.empty()) {
        auto seen = pg::params(outcome.tenant, outcome.trigger, digests(outcome.items));
        CO_TRY(auto added, co_await transaction.query(sql::kRememberItems, std::move(seen), by));
        CO_TRY(const auto count, pg::value<std::int64_t>(added, "items"));
        if (count > 0) {
            auto trim = pg::params(outcome.tenant, outcome.trigger, count, kRememberedMax);
            CO_CHECK_OK(co_await transaction.query(sql::kTrimItems, std::move(trim), by));
        }
    }
    if (outcome.problem) {
        Miss miss{outcome.tenant, outcome.trigger, "failed", 1, outcome.problem};
        CO_CHECK_OK(co_await note_miss(transaction, std::move(miss), by));
    }
    if (outcome.filtered > 0) {
        auto note = pg::params(outcome.tenant, outcome.trigger, outcome.filtered, outcome.size_filtered);
        CO_CHECK_OK(co_await transaction.query(sql::kAddFiltered, std::move(note), by));
    }
    CO_CHECK_OK(co_await transaction.commit(by));
    co_return begun;
}

rt::Task<Result<std::optional<Millis>>> time_until_poll(pg::Pool& pool, Way way, rt::Deadline by) {
    struct Found {
        std::optional<Millis> wait;
    };
    constexpr auto kFound = pg::columns(pg::column<&Found::wait>("wait_ms"));
    CO_TRY(
        auto rows,
        co_await pool.query(poll_principal(), sql::kTimeUntilPoll, pg::params(way == Way::kHeld), by)
    );
    CO_TRY(auto found, pg::first(rows, kFound));
    co_return found ? found->wait : std::nullopt;
}

}  // namespace weft::store::triggers
