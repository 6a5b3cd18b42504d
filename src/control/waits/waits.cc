#include "control/waits/waits.h"

#include "base/words.h"
#include "store/files/send.h"
#include "store/waits/approvals.h"

#include <algorithm>
#include <charconv>

namespace weft::control {

namespace rows = store::waits;
using store::runs::ValueSlot;

namespace {

constexpr int kLooksMax = 5;  // a run that ends at that moment costs one

/// A token that was made to read, and of which nobody has said that it decides, does not speak for its maker.
bool may_only_read(const Principal& who) {
    return who.identity.token_id && !who.identity.scopes && who.role == tenancy::Role::kViewer;
}

bool may_decide(const workflow::Approval& asked, const Principal& who) {
    return !may_only_read(who) && workflow::may_decide(asked, who.identity.email, who.role);
}

/// `after` is "<run>.<step>.<iteration>", the last of the page before: a run may have several.
Result<std::optional<store::waits::Place>> place_in(const Json& input) {
    const auto text = maybe_text_in(input, "after");
    if (!text) return std::nullopt;
    const auto dot = text->find('.');
    const auto run = RunId::parse(text->substr(0, dot));
    const auto last = text->rfind('.');
    std::int64_t iteration = 0;
    const char* end = text->data() + text->size();
    if (run && last > dot) {
        const auto read = std::from_chars(text->data() + last + 1, end, iteration);
        if (read.ec == std::errc() && read.ptr == end)
            return store::waits::Place{*run, {text->substr(dot + 1, last - dot - 1), iteration}};
    }
    return fail(Error::invalid("after must be the `next` of an earlier page", "after"));
}

store::runs::WaitRef wait_in(const Json& input) {
    return {text_in(input, "step_id"), int_or(input.get_object(), "iteration", 0)};
}

JsonObject approval_json(
    const workflow::Approval& asked, const Principal& who, const store::waits::OpenApproval& row
) {
    return JsonObject{
        {"run_id", row.run.text()},
        {"step_id", row.step},
        {"iteration", row.iteration},
        {"workflow_name", row.workflow_name ? Json(*row.workflow_name) : Json(nullptr)},
        {"title", asked.title},
        {"description", asked.description},
        {"approvers", JsonArray(asked.approvers.begin(), asked.approvers.end())},
        {"need", asked.need},
        {"veto", asked.has_veto},
        {"may_decide", may_decide(asked, who)},
        {"approvals", row.approvals},
        {"rejections", row.rejections},
        {"opened_at", time_json(row.opened_at)},
        {"until", time_json(row.deadline_at)},
    };
}

}  // namespace

rt::Task<Result<Json>> Waits::send_event(Context& context, Json input) {
    const rows::EventKey key{text_in(input, "name"), text_in(input, "key")};
    const Json* given = member_in(input, "payload");
    const JsonObject said{
        {"timed_out", false},
        {"event", key.name},
        {"key", key.key},
        {"payload", given != nullptr ? *given : Json(nullptr)},
        {"received_at", rfc3339(env_.clock.now())},
    };
    const std::string json = to_text(said);
    if (json.size() > rows::kEventBytesMax)
        co_return fail(Error::limit("An event's payload has at most 60 KiB", "payload"));
    const rt::Deadline by = context.deadline;
    CO_CHECK_OK(co_await rows::lock_event(context.db(), key, by));
    for (int i = 0; i < kLooksMax; ++i) {
        CO_TRY(auto found, co_await rows::find_event_wait(context.db(), key, by));
        if (!found) break;
        CO_TRY(
            auto sealed,
            co_await codec_.seal(
                context.tenant(), found->run, ValueSlot::answer_of(found->step, found->iteration), json, by
            )
        );
        const RunId run = found->run;
        CO_TRY(
            const bool is_taken,
            co_await rows::answer(context.db(), *std::move(found), std::move(sealed), std::nullopt, by)
        );
        if (!is_taken) continue;
        context.object = run.uuid();
        context.notify_after_commit.push_back(store::notices::CancelAsked{});
        co_return JsonObject{{"run_id", run.text()}, {"is_kept", false}};
    }
    // Sealed as the value of a run of its own, until it is some run's answer.
    const Uuid id = Uuid::v7(env_.clock.now(), env_.rng);
    CO_TRY(auto sealed, co_await codec_.seal(context.tenant(), RunId(id), ValueSlot::trigger(), json, by));
    CO_CHECK_OK(co_await rows::keep_event(context.db(), key, id, std::move(sealed), by));
    co_return JsonObject{{"run_id", nullptr}, {"is_kept", true}};
}

rt::Task<Result<Json>> Waits::list(Context& context, Json input) {
    CO_TRY(auto after, place_in(input));
    const int limit = maybe_int_in(input, "limit").value_or(limits::kPageSizeDefault);
    CO_TRY(
        auto found,
        co_await rows::open_approvals(
            context.db(), std::move(after), context.user().text(), limit + 1, context.deadline
        )
    );
    const bool has_more = found.size() > static_cast<std::size_t>(limit);
    if (has_more) found.pop_back();
    JsonArray items;
    for (const rows::OpenApproval& row : found) {
        store::runs::WaitRef of{row.step, row.iteration};
        auto asked = co_await rows::asked_by(
            context.db(), codec_, context.tenant(), row.run, std::move(of), context.deadline
        );
        // Its value is older than values are kept: who decides is still known.
        if (!asked && asked.error().code == Code::kNotFound) asked = workflow::approval_of(row.policy);
        if (!asked) co_return fail(std::move(asked).error());
        JsonObject item = approval_json(*asked, *context.principal, row);
        item["has_decided"] = row.has_decided;
        items.push_back(std::move(item));
    }
    Json next;
    if (has_more) {
        const rows::OpenApproval& last = found.back();
        next = last.run.text() + "." + last.step + "." + std::to_string(last.iteration);
    }
    co_return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}

rt::Task<Result<Json>> Waits::get(Context& context, Json input) {
    const auto run = id_in<RunId>(input);
    CO_TRY(
        auto standing,
        co_await rows::find_approval(
            context.db(), codec_, context.tenant(), run, wait_in(input), context.deadline
        )
    );
    rows::OpenApproval row{
        .run = run,
        .step = standing.target.step,
        .iteration = standing.target.iteration,
        .workflow_name = std::nullopt,
        .policy = {},
        .opened_at = standing.opened_at,
        .deadline_at = standing.deadline_at,
    };
    JsonArray decisions;
    bool has_decided = false;
    for (const rows::Recorded& each : standing.decisions) {
        ++(each.is_approved ? row.approvals : row.rejections);
        has_decided = has_decided || each.decider == context.user().text();
        decisions.push_back(
            JsonObject{{"by", each.name}, {"approved", each.is_approved}, {"at", time_json(each.at)}}
        );
    }
    JsonObject out = approval_json(standing.approval, *context.principal, row);
    out["has_decided"] = has_decided;
    out["state"] = word_of(rows::kStates, standing.target.state);
    out["form"] = standing.approval.form.value_or(Json(nullptr));
    out["decisions"] = std::move(decisions);
    JsonArray files;
    for (const FileId& id : standing.approval.files) {
        auto found = co_await files_.find_for_run(context.tenant(), run, {id}, context.deadline);
        if (!found && found.error().code == Code::kNotFound)
            continue;  // its time is over, or it was never the run's
        if (!found) co_return fail(std::move(found).error());
        const store::files::File& file = found->front();
        files.push_back(
            JsonObject{{"id", file.id.text()}, {"name", file.name}, {"type", file.type}, {"size", file.size}}
        );
    }
    out["files"] = std::move(files);
    co_return Json(std::move(out));
}

/// Whoever may read runs reads all files by files.download; here those who decide do, and what they decide
/// about.
rt::Task<Result<http::Response>> Waits::download(Context& context, Json input) {
    const auto run = id_in<RunId>(input);
    const auto wanted = FileId::parse(text_in(input, "file_id"));
    CO_TRY(
        auto standing,
        co_await rows::find_approval(
            context.db(), codec_, context.tenant(), run, wait_in(input), context.deadline
        )
    );
    if (!may_decide(standing.approval, *context.principal))
        co_return fail(Error::forbidden("This approval names others to decide"));
    if (!wanted || std::ranges::find(standing.approval.files, *wanted) == standing.approval.files.end())
        co_return fail(Error::not_found("The approval shows no such file"));
    CO_TRY(auto found, co_await files_.find_for_run(context.tenant(), run, {*wanted}, context.deadline));
    co_return co_await store::files::send(
        files_, context.tenant(), std::move(found.front()), *context.request
    );
}

rt::Task<Result<Json>> Waits::decide(Context& context, Json input) {
    const auto run = id_in<RunId>(input);
    context.object = run.uuid();
    const rt::Deadline by = context.deadline;
    CO_TRY(
        auto standing,
        co_await rows::find_approval(context.db(), codec_, context.tenant(), run, wait_in(input), by)
    );
    const auto& identity = context.principal->identity;
    if (may_only_read(*context.principal)) {
        co_return fail(Error::forbidden(
            "A token of role viewer decides nothing; give it the scope approval.decide, or a higher role"
        ));
    }
    if (!may_decide(standing.approval, *context.principal)) {
        co_return fail(Error::forbidden(
            standing.approval.approvers.empty()
                ? "Who has this approval's address decides it; it names nobody"
                : "This approval names others to decide"
        ));
    }
    rows::Decision decision{
        .decider = context.user().text(),
        .name = identity.user_name + (identity.token_id ? " (API token)" : ""),
        .is_approved = input.get_object().at("approved").get_bool(),
        .comment = text_in(input, "comment"),
        .form = std::nullopt,
    };
    if (const Json* form = member_in(input, "form")) decision.form = *form;
    context.audit_detail["step_id"] = standing.target.step;
    if (standing.target.iteration > 0) context.audit_detail["iteration"] = standing.target.iteration;
    context.audit_detail["approved"] = decision.is_approved;
    CO_TRY(
        auto decided,
        co_await rows::decide(context.db(), codec_, std::move(standing), std::move(decision), by)
    );
    if (decided.verdict != workflow::Verdict::kOpen)
        context.notify_after_commit.push_back(store::notices::CancelAsked{});
    co_return JsonObject{
        {"run_id", run.text()},
        {"state", word_of(workflow::kVerdicts, decided.verdict)},
        {"approvals", decided.approvals},
        {"rejections", decided.rejections},
    };
}

}  // namespace weft::control
