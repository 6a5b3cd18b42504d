#include "store/runs/runs.h"

#include "base/words.h"
#include "store/runs/detail/rows.h"
#include "store/runs/queries.h"

#include <algorithm>

namespace weft::store::runs {

namespace {

/// As values, and in the answer that is made of them.
constexpr std::size_t kTimesHeld = 2;
/// For room; who finds none by then is to come again.
constexpr auto kRoomWait = std::chrono::seconds(5);

constexpr auto kStepWithValues = kStep + pg::columns(
                                             pg::column<&StepRun::has_input>("has_input"),
                                             pg::column<&StepRun::has_output>("has_output"),
                                             pg::column<&StepRun::source>("source")
                                         );
constexpr auto kEvent = pg::columns(
    pg::column<&Event::seq>("seq"),
    pg::column<&Event::at>("occurred_at"),
    pg::column<&Event::kind>("kind"),
    pg::column<&Event::step>("step_id"),
    pg::column<&Event::iteration>("iteration"),
    pg::column<&Event::detail>("detail")
);
constexpr auto kVersion = pg::columns(
    pg::column<&Version::workflow>("workflow_id"),
    pg::column<&Version::workflow_key>("key"),
    pg::column<&Version::number>("number"),
    pg::column<&Version::tenant_slug>("slug"),
    pg::column<&Version::compiled>("compiled")
);
constexpr auto kFound = pg::nested<FoundValue, &FoundValue::stored, kPayload>() +
                        pg::columns(pg::column<&FoundValue::place>("n"));

std::size_t bytes_of(const std::vector<FoundValue>& values) {
    std::size_t bytes = 0;
    for (const FoundValue& value : values) bytes += static_cast<std::size_t>(value.stored.size_bytes);
    return bytes;
}

}  // namespace

std::string_view name(StepSource source) {
    return word_of(kStepSources, source);
}
std::optional<StepSource> step_source_from(std::string_view text) {
    return find_word<StepSource>(kStepSources, text);
}

std::string_view name(EventKind kind) {
    return word_of(kEventKinds, kind);
}
std::optional<EventKind> event_kind_from(std::string_view text) {
    return find_word<EventKind>(kEventKinds, text);
}

rt::Task<Result<Run>> Runs::get(TenantId tenant, RunId run, rt::Deadline by) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kGetRun, pg::params(run), by));
    CO_TRY(auto found, pg::first(rows, kRun));
    if (!found) co_return fail(Error::not_found("Run not found"));
    co_return std::move(*found);
}

rt::Task<Result<std::vector<StepRun>>> Runs::steps(
    TenantId tenant, RunId run, StepFilter filter, rt::Deadline by
) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(
        auto rows,
        co_await pool_.query(
            who,
            sql::kListSteps,
            pg::params(run, filter.step, filter.position, filter.iteration, filter.limit, filter.only),
            by
        )
    );
    co_return pg::all(rows, kStepWithValues);
}

rt::Task<Result<std::vector<Calls>>> Runs::calls(TenantId tenant, RunId run, rt::Deadline by) {
    constexpr auto kCalls = pg::columns(
        pg::column<&Calls::step>("step_id"),
        pg::column<&Calls::calls>("calls"),
        pg::column<&Calls::last_at>("last_at")
    );
    CO_TRY(
        auto rows, co_await pool_.query(pg::Principal::tenant(tenant), sql::kListCalls, pg::params(run), by)
    );
    co_return pg::all(rows, kCalls);
}

rt::Task<Result<std::vector<RunId>>> Runs::repeated(
    TenantId tenant, std::vector<RunId> runs, rt::Deadline by
) {
    struct Found {
        RunId run;
    };
    constexpr auto kRerun = pg::columns(pg::column<&Found::run>("rerun_of"));
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kListReruns, pg::params(pg::array(runs)), by));
    std::vector<RunId> out;
    CO_CHECK_OK(pg::each(rows, kRerun, [&](const Found& found) { out.push_back(found.run); }));
    co_return out;
}

rt::Task<Result<std::vector<FoundValue>>> Runs::find_values(
    TenantId tenant, std::vector<ValueKey> wanted, rt::Deadline by
) {
    auto params = pg::params(pg::array(wanted, &ValueKey::run), pg::array(wanted, [](const ValueKey& key) {
                                 return key.slot.text();
                             }));
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kListValues, std::move(params), by));
    co_return pg::all(rows, kFound);
}

rt::Task<Result<std::vector<StoredPayload>>> load_values(
    pg::Pool& pool, TenantId tenant, RunId run, std::vector<ValueSlot> slots, rt::Deadline by
) {
    std::vector<StoredPayload> out;
    if (slots.empty()) co_return out;
    pg::ArrayParam runs;
    pg::ArrayParam texts;
    for (const ValueSlot& slot : slots) {
        runs.add(run);
        texts.add(slot.text());
    }
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kListValues, pg::params(runs, texts), by));
    CO_CHECK_OK(pg::each(rows, kFound, [&](FoundValue found) { out.push_back(std::move(found.stored)); }));
    co_return out;
}

rt::Task<Result<void>> pass_files(
    pg::Pool& pool, TenantId tenant, RunId from, RunId to, std::vector<FileId> files, rt::Deadline by
) {
    if (files.empty()) co_return Result<void>();
    pg::ArrayParam tos;
    pg::ArrayParam givers;
    for (std::size_t i = 0; i < files.size(); ++i) {
        tos.add(to);
        givers.add(from);
    }
    const pg::Principal who = pg::Principal::tenant(tenant);
    auto params = pg::params(std::move(tos), std::move(givers), pg::array(files));
    CO_CHECK_OK(co_await pool.query(who, sql::kPassFiles, std::move(params), by));
    co_return Result<void>();
}

rt::Task<Result<Texts>> Runs::open_values(
    TenantId tenant, std::vector<ValueKey> wanted, std::vector<FoundValue> found, rt::Deadline by
) {
    Texts out(wanted.size());
    for (FoundValue& value : found) {
        const auto at = static_cast<std::size_t>(value.place - 1);
        CO_TRY(auto text, co_await codec_.open(tenant, wanted.at(at).run, std::move(value.stored), by));
        out[at] = std::move(text);
    }
    co_return out;
}

rt::Task<Result<Values>> Runs::values(
    TenantId tenant, RunId run, std::vector<ValueSlot> slots, rt::Deadline by
) {
    std::vector<ValueKey> wanted;
    for (ValueSlot& slot : slots) wanted.push_back({run, std::move(slot)});
    CO_TRY(auto found, co_await find_values(tenant, wanted, by));
    Values out;
    CO_TRY(out.room, co_await take_room(tenant, bytes_of(found), by));
    CO_TRY(out.texts, co_await open_values(tenant, std::move(wanted), std::move(found), std::move(by)));
    co_return out;
}

rt::Task<Result<Values>> Runs::open(TenantId tenant, RunId run, StoredPayload stored, rt::Deadline by) {
    Values out;
    CO_TRY(out.room, co_await take_room(tenant, static_cast<std::size_t>(stored.size_bytes), by));
    CO_TRY(auto text, co_await codec_.open(tenant, run, std::move(stored), std::move(by)));
    out.texts.emplace_back(std::move(text));
    co_return out;
}

rt::Task<Result<Runs::Room>> Runs::take_room(TenantId tenant, std::size_t bytes, rt::Deadline by) {
    auto room = std::make_shared<rt::Budget::Charge>(room_, tenant.text());
    const auto fits =
        co_await room->resize(static_cast<std::int64_t>(kTimesHeld * bytes), by.at_most(kRoomWait));
    if (!fits && fits.error().code == Code::kTimeout) {
        co_return fail(Error::unavailable("Too many large values are being read at this time; try again"));
    }
    CO_CHECK_OK(fits);
    co_return room;
}

rt::Task<Result<std::vector<Event>>> Runs::events(
    TenantId tenant, RunId run, std::optional<std::string> step, std::int64_t iteration, rt::Deadline by
) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kListEvents, pg::params(run, step, iteration), by));
    co_return pg::all(rows, kEvent);
}

rt::Task<Result<Version>> load_version(
    pg::Pool& pool, TenantId tenant, WorkflowVersionId version, rt::Deadline by
) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kLoadVersion, pg::params(version), by));
    CO_TRY(auto found, pg::first(rows, kVersion));
    if (!found) co_return fail(Error::not_found("Workflow version not found"));
    found->id = version;
    co_return std::move(*found);
}

}  // namespace weft::store::runs
