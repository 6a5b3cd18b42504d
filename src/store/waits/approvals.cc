#include "store/waits/approvals.h"

#include "core/schema/schema.h"
#include "platform/pg/row.h"
#include "store/waits/queries.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace weft::store::waits {

using workflow::Verdict;

namespace {

struct StandingRow {
    std::string state;
    bool is_late = false;
    Json policy;
    Instant opened_at;
    Instant deadline_at;
};
constexpr auto kStandingRow = pg::columns(
    pg::column<&StandingRow::state>("state"),
    pg::column<&StandingRow::is_late>("is_late"),
    pg::column<&StandingRow::policy>("policy"),
    pg::column<&StandingRow::opened_at>("opened_at"),
    pg::column<&StandingRow::deadline_at>("deadline_at")
);

struct SealedDecision {
    Recorded recorded;
    int size_bytes = 0;
    int codec = 0;
    TenantKeyId key_id;
    std::string data;
};
constexpr auto kRecorded = pg::columns(
    pg::column<&Recorded::decider>("decider"),
    pg::column<&Recorded::name>("name"),
    pg::column<&Recorded::is_approved>("is_approved"),
    pg::column<&Recorded::at>("decided_at")
);
constexpr auto kSealedDecision = pg::nested<SealedDecision, &SealedDecision::recorded, kRecorded>() +
                                 pg::columns(
                                     pg::column<&SealedDecision::size_bytes>("size_bytes"),
                                     pg::column<&SealedDecision::codec>("codec"),
                                     pg::column<&SealedDecision::key_id>("key_id"),
                                     pg::bytes<&SealedDecision::data>("data")
                                 );

struct Added {
    bool is_open = false;
    bool is_new = false;
};
constexpr auto kAdded =
    pg::columns(pg::column<&Added::is_open>("is_open"), pg::column<&Added::is_new>("is_new"));

struct InputRow {
    int size_bytes = 0;
    int codec = 0;
    TenantKeyId key_id;
    std::optional<std::string> data;
    std::optional<Uuid> blob;
};
constexpr auto kInputRow = pg::columns(
    pg::column<&InputRow::size_bytes>("size_bytes"),
    pg::column<&InputRow::codec>("codec"),
    pg::column<&InputRow::key_id>("key_id"),
    pg::bytes<&InputRow::data>("data"),
    pg::column<&InputRow::blob>("blob_ref")
);

constexpr auto kOpenApproval = pg::columns(
    pg::column<&OpenApproval::run>("run_id"),
    pg::column<&OpenApproval::step>("step_id"),
    pg::column<&OpenApproval::iteration>("iteration"),
    pg::column<&OpenApproval::workflow_name>("workflow_name"),
    pg::column<&OpenApproval::policy>("policy"),
    pg::column<&OpenApproval::opened_at>("opened_at"),
    pg::column<&OpenApproval::deadline_at>("deadline_at"),
    pg::column<&OpenApproval::approvals>("approvals"),
    pg::column<&OpenApproval::rejections>("rejections"),
    pg::column<&OpenApproval::has_decided>("has_decided")
);

Error settled() {
    return Error::conflict("This has been decided, its time is over, or the run has ended");
}

/// Comment and form, as they are sealed.
Json said(const Decision& decision) {
    JsonObject out{{"comment", decision.comment}};
    out["form"] = decision.form.value_or(Json(nullptr));
    return out;
}

Result<void> check_said(const workflow::Approval& approval, const Decision& decision) {
    if (decision.comment.size() > kCommentBytesMax)
        return fail(Error::invalid("A comment has at most 2000 bytes", "comment"));
    // PostgreSQL's text has no NUL; what is sealed shall not, either.
    if (decision.name.find('\0') != std::string::npos)
        return fail(Error::invalid("A name has no character NUL", "name"));
    if (decision.comment.find('\0') != std::string::npos)
        return fail(Error::invalid("A comment has no character NUL", "comment"));
    if (!decision.form) {
        if (!approval.form || !decision.is_approved) return {};
        return fail(Error::invalid("The form is to be filled in", "form"));
    }
    if (!approval.form) return fail(Error::invalid("This approval has no form", "form"));
    if (to_text(*decision.form).size() > kFormBytesMax)
        return fail(Error::invalid("A filled-in form has at most 32 KiB", "form"));
    TRY(auto schema, schema::Schema::compile(*approval.form, "form", {.checks_formats = true}));
    return schema.validate(*decision.form, "form", schema::Work::kQuick);
}

rt::Task<Result<std::vector<SealedDecision>>> decisions_of(Db db, Target target, rt::Deadline by) {
    auto params = pg::params(target.run, target.step, target.iteration);
    CO_TRY(auto rows, co_await db.query(sql::kListDecisions, std::move(params), by));
    co_return pg::all(rows, kSealedDecision);
}

/// Of count_deciders.
pg::Params deciders_of(const workflow::Approval& approval, std::span<const SealedDecision> decided) {
    std::vector<std::string> addresses;
    std::ranges::copy_if(approval.approvers, std::back_inserter(addresses), [](const std::string& name) {
        return name.find('@') != std::string::npos;
    });
    const auto decider = [](const SealedDecision& each) { return each.recorded.decider; };
    return pg::params(
        pg::array(workflow::deciding_roles(approval)), pg::array(addresses), pg::array(decided, decider)
    );
}

/// The step's output, of all that was said.
rt::Task<Result<std::string>> outcome_json(
    runs::PayloadCodec& codec,
    Target target,
    Verdict verdict,
    std::vector<SealedDecision> all,
    rt::Deadline by
) {
    JsonArray list;
    Json form(nullptr);
    for (SealedDecision& each : all) {
        runs::StoredPayload sealed{
            .slot = runs::ValueSlot::answer_of(target.step, target.iteration),
            .size_bytes = each.size_bytes,
            .codec = each.codec,
            .key_id = each.key_id,
            .data = std::move(each.data),
            .blob = std::nullopt,
        };
        CO_TRY(auto text, co_await codec.open(target.tenant, target.run, std::move(sealed), by));
        CO_TRY(Json said, parse_json(text));
        JsonObject one(said.get_object());
        one["by"] = each.recorded.name;
        one["approved"] = each.recorded.is_approved;
        one["at"] = rfc3339(each.recorded.at);
        if (each.recorded.is_approved && !one["form"].is_null()) form = one["form"];
        list.push_back(std::move(one));
    }
    co_return to_text(JsonObject{
        {"timed_out", false},
        {"approved", verdict == Verdict::kApproved},
        {"decisions", std::move(list)},
        {"form", std::move(form)},
    });
}

}  // namespace

rt::Task<Result<workflow::Approval>> asked_by(
    Db db, runs::PayloadCodec& codec, TenantId tenant, RunId run, runs::WaitRef wait, rt::Deadline by
) {
    auto slot = runs::ValueSlot::input_of(wait.step, wait.iteration);
    CO_TRY(auto rows, co_await db.query(sql::kFindValue, pg::params(run, slot.text()), by));
    CO_TRY(auto row, pg::first(rows, kInputRow));
    if (!row) co_return fail(Error::not_found("What was asked is not there any more"));
    runs::StoredPayload stored{
        .slot = std::move(slot),
        .size_bytes = row->size_bytes,
        .codec = row->codec,
        .key_id = row->key_id,
        .data = std::move(row->data),
        .blob = row->blob,
    };
    CO_TRY(auto text, co_await codec.open(tenant, run, std::move(stored), by));
    CO_TRY(Json with, parse_json(text, {.bytes_max = limits::kPayloadBytesMax}));
    co_return workflow::approval_of(with);
}

rt::Task<Result<Standing>> find_approval(
    Db db, runs::PayloadCodec& codec, TenantId tenant, RunId run, runs::WaitRef wait, rt::Deadline by
) {
    CO_TRY(auto rows, co_await db.query(sql::kFindApproval, pg::params(run, wait.step, wait.iteration), by));
    CO_TRY(auto row, pg::first(rows, kStandingRow));
    if (!row) co_return fail(Error::not_found("There is no such approval"));
    Standing out{
        .target =
            {.tenant = tenant,
             .run = run,
             .step = wait.step,
             .iteration = wait.iteration,
             .kind = runs::WaitKind::kApproval},
        .opened_at = row->opened_at,
        .deadline_at = row->deadline_at,
        .approval = {},
        .decisions = {},
    };
    out.target.state = state_from(row->state).value_or(State::kClosed);
    out.target.is_late = row->is_late;
    out.target.policy = std::move(row->policy);
    CO_TRY(out.approval, co_await asked_by(db, codec, tenant, run, std::move(wait), by));
    CO_TRY(auto decisions, co_await decisions_of(db, out.target, by));
    for (SealedDecision& each : decisions) out.decisions.push_back(std::move(each.recorded));
    co_return out;
}

rt::Task<Result<Decided>> decide(
    Db db, runs::PayloadCodec& codec, Standing standing, Decision decision, rt::Deadline by
) {
    const Target& target = standing.target;
    const workflow::Approval& approval = standing.approval;
    CO_CHECK_OK(check_said(approval, decision));
    auto slot = runs::ValueSlot::answer_of(target.step, target.iteration);
    CO_TRY(auto sealed, co_await codec.seal(target.tenant, target.run, slot, to_text(said(decision)), by));
    CO_CHECK_OK(co_await db.query(sql::kLockJob, pg::params(target.run), by));
    auto params = pg::params(target.run, target.step, target.iteration, decision.decider, decision.name);
    params.add(decision.is_approved)
        .add(sealed.size_bytes)
        .add(static_cast<std::int16_t>(sealed.codec))
        .add(sealed.key_id)
        .add(pg::maybe_bytes(sealed.data));
    CO_TRY(auto rows, co_await db.query(sql::kAddDecision, std::move(params), by));
    CO_TRY(const auto added, pg::first(rows, kAdded));
    if (!added || !added->is_open) co_return fail(settled());
    if (!added->is_new) co_return fail(Error::conflict("You have decided this already"));
    CO_TRY(auto all, co_await decisions_of(db, target, by));
    Decided out;
    for (const SealedDecision& each : all) ++(each.recorded.is_approved ? out.approvals : out.rejections);
    CO_TRY(auto counted, co_await db.query(sql::kCountDeciders, deciders_of(approval, all), by));
    CO_TRY(const auto left, pg::value<std::int64_t>(counted, "count"));
    const int people = out.approvals + out.rejections + static_cast<int>(left);
    out.verdict = workflow::verdict(approval, out.approvals, out.rejections, people);
    if (out.verdict == Verdict::kOpen) co_return out;
    CO_TRY(auto json, co_await outcome_json(codec, target, out.verdict, std::move(all), by));
    CO_TRY(auto value, co_await codec.seal(target.tenant, target.run, slot, std::move(json), by));
    std::optional<std::string> failure;
    if (out.verdict == Verdict::kRejected && approval.on_rejection == runstate::OnError::kFail) {
        failure = "Rejected by " + decision.name;  // the comment is sealed
        if (decision.is_approved) {
            failure = "It cannot be reached: " + std::to_string(approval.need) + " must approve, " +
                      std::to_string(people) + " may decide";
        }
    }
    CO_TRY(const bool is_taken, co_await answer(db, target, std::move(value), std::move(failure), by));
    if (!is_taken) co_return fail(settled());
    co_return out;
}

rt::Task<Result<std::vector<OpenApproval>>> open_approvals(
    Db db, std::optional<Place> after, std::string decider, int limit, rt::Deadline by
) {
    const auto run = after ? std::optional(after->run) : std::nullopt;
    const runs::WaitRef wait = after ? std::move(after->wait) : runs::WaitRef();
    auto params = pg::params(run, wait.step, wait.iteration, decider, limit);
    CO_TRY(auto rows, co_await db.query(sql::kListApprovals, std::move(params), by));
    co_return pg::all(rows, kOpenApproval);
}

}  // namespace weft::store::waits
