#include "store/alerts/outbox.h"

#include "store/alerts/detail/words.h"
#include "store/alerts/queries.h"

namespace weft::store::alerts {

namespace {

constexpr auto kDue = pg::columns(
    pg::column<&Due::tenant>("tenant_id"),
    pg::column<&Due::rule>("id"),
    pg::column<&Due::name>("name"),
    pg::column<&Due::channel>("channel"),
    pg::column<&Due::quiet>("quiet"),
    pg::column<&Due::epoch>("epoch"),
    pg::column<&Due::message>("message_id"),
    pg::column<&Due::ends>("message_ends"),
    pg::column<&Due::made_at>("message_at"),
    pg::column<&Due::attempts>("attempts"),
    pg::column<&Due::test>("test_id"),
    pg::column<&Due::now>("now")
);

constexpr auto kTarget = pg::columns(pg::bytes<&Sealed::target>("sealed_target"));
struct OneSecret {
    std::string sealed;
};
constexpr auto kSecret = pg::columns(pg::bytes<&OneSecret::sealed>("sealed"));

constexpr auto kTaken =
    pg::columns(pg::column<&Taken::ends>("message_ends"), pg::column<&Taken::made_at>("message_at"));

constexpr auto kEnded = pg::columns(
    pg::column<&alert::Ended::run>("run_id"),
    pg::column<&alert::Ended::workflow>("workflow_id"),
    pg::column<&alert::Ended::workflow_key>("workflow_key"),
    pg::column<&alert::Ended::workflow_name>("workflow_name"),
    pg::column<&alert::Ended::state>("state"),
    pg::column<&alert::Ended::failure_kind>("failure_kind"),
    pg::column<&alert::Ended::message>("message"),
    pg::column<&alert::Ended::step>("step_id"),
    pg::column<&alert::Ended::ended_at>("ended_at")
);

constexpr auto kCounts =
    pg::columns(pg::column<&Counts::waiting>("waiting"), pg::column<&Counts::failing>("failing"));

pg::Principal sender() {
    return pg::Principal::system(pg::SystemRole::kIngest);
}

/// A statement under the claim, which `more` follows.
template <class... More>
rt::Task<Result<void>> settle(pg::Pool& pool, pg::Query query, Due due, rt::Deadline by, More... more) {
    auto params = pg::params(due.tenant, due.rule, due.epoch, more...);
    CO_CHECK_OK(co_await pool.query(sender(), query, std::move(params), by));
    co_return Result<void>();
}

}  // namespace

rt::Task<Result<std::vector<Due>>> claim(
    pg::Pool& pool, int limit, Millis lease, std::vector<TenantId> full, rt::Deadline by
) {
    auto params = pg::params(limit, static_cast<std::int64_t>(lease.count()), pg::array(full));
    CO_TRY(auto rows, co_await pool.query(sender(), sql::kClaimMessages, std::move(params), by));
    co_return pg::all(rows, kDue);
}

rt::Task<Result<std::optional<Millis>>> time_until_due(pg::Pool& pool, rt::Deadline by) {
    struct Found {
        std::optional<Millis> wait;
    };
    constexpr auto kFound = pg::columns(pg::column<&Found::wait>("wait_ms"));
    CO_TRY(auto rows, co_await pool.query(sender(), sql::kTimeUntilMessage, {}, by));
    CO_TRY(auto found, pg::first(rows, kFound));
    co_return found ? found->wait : std::nullopt;
}

rt::Task<Result<Sealed>> load_target(pg::Pool& pool, TenantId tenant, AlertRuleId rule, rt::Deadline by) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    auto rows = co_await pool.query(who, sql::kLoadTarget, pg::params(rule), by);
    CO_TRY(Sealed out, one(rows, kTarget, "Alert not found"));
    CO_TRY(auto secrets, co_await pool.query(who, sql::kLoadSecrets, pg::params(rule), by));
    CO_CHECK_OK(pg::each(secrets, kSecret, [&](OneSecret row) {
        out.secrets.push_back(std::move(row.sealed));
    }));
    co_return out;
}

rt::Task<Result<Taken>> take_ends(pg::Pool& pool, Due due, Uuid message, rt::Deadline by) {
    auto params = pg::params(due.tenant, due.rule, due.epoch, message);
    CO_TRY(auto rows, co_await pool.query(sender(), sql::kTakeEnds, std::move(params), by));
    CO_TRY(auto taken, pg::first(rows, kTaken));
    if (!taken) co_return fail(Error::stale());
    co_return *taken;
}

rt::Task<Result<std::vector<alert::Ended>>> load_ends(
    pg::Pool& pool, TenantId tenant, AlertRuleId rule, Uuid message, rt::Deadline by
) {
    auto params = pg::params(rule, message);
    CO_TRY(
        auto rows, co_await pool.query(pg::Principal::tenant(tenant), sql::kLoadEnds, std::move(params), by)
    );
    co_return pg::all(rows, kEnded);
}

rt::Task<Result<void>> hold(pg::Pool& pool, Due due, std::optional<Instant> until, rt::Deadline by) {
    return settle(pool, sql::kHold, std::move(due), std::move(by), until);
}

rt::Task<Result<void>> silence(pg::Pool& pool, Due due, rt::Deadline by) {
    return settle(pool, sql::kSilence, std::move(due), std::move(by));
}

rt::Task<Result<void>> settle_test(
    pg::Pool& pool, Due due, std::optional<std::string> problem, rt::Deadline by
) {
    return settle(pool, sql::kSettleTest, std::move(due), std::move(by), std::move(problem));
}

rt::Task<Result<void>> settle_sent(pg::Pool& pool, Due due, rt::Deadline by) {
    const auto message = due.message;
    const auto ends = due.ends;
    return settle(pool, sql::kSettleSent, std::move(due), std::move(by), message, ends);
}

rt::Task<Result<void>> settle_failed(
    pg::Pool& pool, Due due, Millis again, std::string problem, rt::Deadline by
) {
    const auto after = static_cast<std::int64_t>(again.count());
    return settle(pool, sql::kSettleFailed, std::move(due), std::move(by), after, std::move(problem));
}

rt::Task<Result<void>> settle_lost(
    pg::Pool& pool, Due due, std::string problem, bool is_gone, rt::Deadline by
) {
    const auto message = due.message;
    return settle(
        pool, sql::kSettleLost, std::move(due), std::move(by), message, std::move(problem), is_gone
    );
}

rt::Task<Result<Counts>> count(pg::Pool& pool, rt::Deadline by) {
    auto rows = co_await pool.query(sender(), sql::kCountStates, {}, by);
    co_return one(rows, kCounts, "There is always a row");
}

}  // namespace weft::store::alerts
