#include "store/runs/runs.h"

#include "store/runs/detail/rows.h"
#include "store/runs/queries.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::store::runs {

namespace {

/// As values, and in the answer that is made of them.
constexpr std::size_t kTimesHeld = 2;
/// For room; who finds none by then is to come again.
constexpr auto kRoomWait = std::chrono::seconds(5);

/// Of all values of a list_values, opened.
std::size_t bytes_of(const pg::Rows& rows) {
    constexpr int kSize = 2;
    std::size_t bytes = 0;
    for (int row = 0; row < rows.size(); ++row) bytes += static_cast<std::size_t>(rows.integer(row, kSize));
    return bytes;
}

Run read_run(const pg::Rows& rows, int row) {
    return Run{
        .id = rows.id<RunId>(row, 0),
        .workflow = rows.id<WorkflowId>(row, 1),
        .workflow_key = std::string(rows.text(row, 2)),
        .workflow_name = std::string(rows.text(row, 3)),
        .version = rows.id<WorkflowVersionId>(row, 4),
        .version_number = static_cast<int>(rows.integer(row, 5)),
        .trigger = rows.maybe_id<TriggerId>(row, 6),
        .rerun_of = rows.maybe_id<RunId>(row, 7),
        .state = std::string(rows.text(row, 8)),
        .failure_kind = rows.maybe_text(row, 9),
        .error = rows.maybe_text(row, 10),
        .tier = rows.maybe_text(row, 11),
        .created_at = rows.instant(row, 12),
        .started_at = rows.maybe_instant(row, 13),
        .finished_at = rows.maybe_instant(row, 14),
        .is_cancel_requested = rows.boolean(row, 15),
        .canceled_by = rows.maybe_id<UserId>(row, 16),
        .canceled_by_name = rows.maybe_text(row, 17),
        .cancel_reason = rows.maybe_text(row, 18),
    };
}

}  // namespace

StoredPayload read_payload(const pg::Rows& rows, int row, int at) {
    StoredPayload out;
    out.slot = rows.text(row, at);
    out.size_bytes = static_cast<int>(rows.integer(row, at + 1));
    out.codec = static_cast<int>(rows.integer(row, at + 2));
    out.key_id = rows.id<TenantKeyId>(row, at + 3);
    if (!rows.is_null(row, at + 4)) out.data = rows.bytes(row, at + 4);
    if (!rows.is_null(row, at + 5)) out.blob = Uuid::parse(rows.text(row, at + 5));
    return out;
}

StepRun read_step(const pg::Rows& rows, int row, int at) {
    return StepRun{
        .step = std::string(rows.text(row, at)),
        .iteration = static_cast<int>(rows.integer(row, at + 1)),
        .position = static_cast<int>(rows.integer(row, at + 2)),
        .state = std::string(rows.text(row, at + 3)),
        .attempt = static_cast<int>(rows.integer(row, at + 4)),
        .failure_kind = rows.maybe_text(row, at + 5),
        .error = rows.maybe_text(row, at + 6),
        .idempotency_key = rows.maybe_text(row, at + 7),
        .intent_at = rows.maybe_instant(row, at + 8),
        .started_at = rows.maybe_instant(row, at + 9),
        .finished_at = rows.maybe_instant(row, at + 10),
    };
}

rt::Task<Result<std::vector<Run>>> Runs::list(TenantId tenant, RunFilter filter, rt::Deadline by) {
    pg::Params params;
    // Always a bound: an index condition, where `$1 is null or ...` would be a filter over everything newer.
    Uuid last;
    last.bytes.fill(0xff);
    params.add(filter.before ? filter.before->uuid() : last).add(filter.state).add(filter.limit);
    pg::Query query = sql::kListRuns;
    if (filter.workflow) {
        query = sql::kListRunsOfWorkflow;
        params.add(*filter.workflow);
    }
    CO_TRY(auto rows, co_await pool_.query(pg::Principal::tenant(tenant), query, std::move(params), by));
    std::vector<Run> out;
    for (int row = 0; row < rows.size(); ++row) out.push_back(read_run(rows, row));
    co_return out;
}

rt::Task<Result<Run>> Runs::get(TenantId tenant, RunId run, rt::Deadline by) {
    pg::Params params;
    params.add(run);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kGetRun, std::move(params), by));
    if (rows.empty()) co_return fail(Error::not_found("Run not found"));
    co_return read_run(rows, 0);
}

rt::Task<Result<std::vector<StepRun>>> Runs::steps(TenantId tenant, RunId run, rt::Deadline by) {
    pg::Params params;
    params.add(run);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kListSteps, std::move(params), by));
    std::vector<StepRun> out;
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back(read_step(rows, row, 0));
        out.back().has_input = rows.boolean(row, 11);
        out.back().has_output = rows.boolean(row, 12);
    }
    co_return out;
}

rt::Task<Result<pg::Rows>> Runs::find_values(TenantId tenant, std::vector<ValueKey> wanted, rt::Deadline by) {
    pg::ArrayParam runs;
    pg::ArrayParam slots;
    for (const ValueKey& key : wanted) {
        runs.add(key.run);
        slots.add(key.slot);
    }
    pg::Params params;
    params.add(runs.text()).add(slots.text());
    const pg::Principal who = pg::Principal::tenant(tenant);
    co_return co_await pool_.query(who, sql::kListValues, std::move(params), by);
}

rt::Task<Result<Texts>> Runs::open_values(
    TenantId tenant, std::vector<ValueKey> wanted, pg::Rows rows, rt::Deadline by
) {
    Texts out(wanted.size());
    for (int row = 0; row < rows.size(); ++row) {
        const auto at = static_cast<std::size_t>(rows.integer(row, 0) - 1);
        StoredPayload stored = read_payload(rows, row, 1);
        CO_TRY(auto text, co_await codec_.open(tenant, wanted.at(at).run, std::move(stored), by));
        out[at] = std::move(text);
    }
    co_return out;
}

rt::Task<Result<Texts>> Runs::values(
    TenantId tenant, std::vector<ValueKey> wanted, rt::Deadline by, std::size_t bytes_max
) {
    CO_TRY(auto rows, co_await find_values(tenant, wanted, by));
    const std::size_t bytes = bytes_of(rows);
    if (bytes > bytes_max) {
        co_return fail(Error::limit(fmt::format(
            "The values asked for have {} bytes, and there is room for {}: ask for fewer at a time",
            bytes,
            bytes_max
        )));
    }
    co_return co_await open_values(tenant, std::move(wanted), std::move(rows), std::move(by));
}

rt::Task<Result<Values>> Runs::values(
    TenantId tenant, RunId run, std::vector<std::string> slots, rt::Deadline by
) {
    std::vector<ValueKey> wanted;
    for (std::string& slot : slots) wanted.push_back({run, std::move(slot)});
    CO_TRY(auto rows, co_await find_values(tenant, wanted, by));
    Values out{.texts = {}, .room = std::make_shared<rt::Budget::Charge>(room_, tenant.text())};
    const auto bytes = static_cast<std::int64_t>(kTimesHeld * bytes_of(rows));
    const auto fits = co_await out.room->resize(bytes, by.at_most(kRoomWait));
    if (!fits && fits.error().code == Code::kTimeout) {
        co_return fail(Error::unavailable("Too many large values are being read at this time; try again"));
    }
    CO_CHECK_OK(fits);
    CO_TRY(out.texts, co_await open_values(tenant, std::move(wanted), std::move(rows), std::move(by)));
    co_return out;
}

rt::Task<Result<std::vector<Event>>> Runs::events(
    TenantId tenant, RunId run, std::optional<std::string> step, rt::Deadline by
) {
    pg::Params params;
    params.add(run).add(step);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kListEvents, std::move(params), by));
    std::vector<Event> out;
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back({
            .seq = rows.integer(row, 0),
            .at = rows.instant(row, 1),
            .kind = std::string(rows.text(row, 2)),
            .step = rows.maybe_text(row, 3),
            .detail = std::string(rows.text(row, 4)),
        });
    }
    co_return out;
}

rt::Task<Result<Version>> load_version(
    pg::Pool& pool, TenantId tenant, WorkflowVersionId version, rt::Deadline by
) {
    pg::Params params;
    params.add(version);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kLoadVersion, std::move(params), by));
    if (rows.empty()) co_return fail(Error::not_found("Workflow version not found"));
    co_return Version{
        .id = version,
        .workflow = rows.id<WorkflowId>(0, 0),
        .workflow_key = std::string(rows.text(0, 1)),
        .number = static_cast<int>(rows.integer(0, 2)),
        .compiled = std::string(rows.text(0, 3)),
    };
}

}  // namespace weft::store::runs
