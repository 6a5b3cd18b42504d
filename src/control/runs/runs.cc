#include "control/runs/runs.h"

#include "control/runs/detail/view.h"
#include "core/workflow/workflow.h"
#include "platform/rt/loop.h"
#include "store/runcontrol/runcontrol.h"
#include "store/runlog/runlog.h"
#include "store/workflows/workflows.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace weft::control {

namespace rows = store::runs;
using rows::ValueSlot;

using runview::duration_json;
using runview::kind_json;
using runview::maybe_json;
using runview::parsed;
using runview::show;
using runview::step_json;

namespace {

// Eight looks, ever further apart: a second.
constexpr Steady::duration kFirstLook = std::chrono::milliseconds(4);
constexpr Steady::duration kLooksWithin = std::chrono::seconds(1);

/// Until nothing of the run is done any more, so that no step begins after the answer; a run that takes
/// longer (its `finally`, a call that does not end) stops after it.
rt::Task<void> wait_until_stopped(Context& context, RunId run) {
    for (Steady::duration pause = kFirstLook; pause < kLooksWithin; pause *= 2) {
        if (!co_await rt::sleep_for(pause, context.deadline)) co_return;
        auto live = co_await store::runcontrol::is_live(context.db(), run, context.deadline);
        if (!live || !*live) co_return;
    }
}

/// What a run is found by: its tags, and its values by name.
std::pair<JsonArray, JsonObject> marks_json(const std::optional<std::string>& marks) {
    JsonArray tags;
    JsonObject index;
    const Json list = parsed(marks);
    if (!list.is_array()) return {tags, index};
    for (const Json& mark : list.get_array()) {
        const JsonArray& pair = mark.get_array();
        if (std::string_view(pair.at(0).get_string()) == rows::kTag)
            tags.push_back(pair.at(1));
        else
            index[pair.at(0).get_string()] = pair.at(1);
    }
    return {tags, index};
}

/// Null: nothing keeps it from beginning.
Json held_json(const rows::Run& run) {
    if (!run.held_stage) return Json(nullptr);
    return JsonObject{
        {"rule", *run.held_stage}, {"key", maybe_json(run.held_key)}, {"ahead", maybe_json(run.runs_ahead)}
    };
}

Json event_json(const rows::Event& event) {
    return JsonObject{
        {"seq", event.seq},
        {"occurred_at", time_json(event.at)},
        {"kind", name(event.kind)},
        {"step_id", maybe_json(event.step)},
        {"iteration", event.iteration},
        {"detail", parsed(event.detail)},
    };
}

/// The failed attempts that a later one followed; the last attempt is the step itself.
JsonArray attempts_json(const std::vector<rows::Event>& events) {
    JsonArray out;
    for (const rows::Event& event : events) {
        const Json detail = parsed(event.detail);
        if (event.kind != rows::EventKind::kWait || !detail.is_object()) continue;
        const Json* error = detail.get_object().if_contains("error");
        if (error == nullptr) continue;
        out.push_back(JsonObject{
            {"attempt", int_or(detail.get_object(), "attempt", 0)},
            {"at", time_json(event.at)},
            {"error", *error}
        });
    }
    return out;
}

Result<std::int64_t> sequence_in(const Json& input) {
    const auto text = maybe_text_in(input, "after");
    if (!text) return 0;
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (ec != std::errc() || end != text->data() + text->size() || value < 0) {
        return fail(Error::invalid("after must be the `next` of an earlier page", "after"));
    }
    return value;
}

/// Where the next page of steps goes on.
std::string place_of(const rows::StepRun& step) {
    return fmt::format("{}.{}", step.position, step.iteration);
}

/// `after` is what place_of says of the last of the page before.
Result<rows::StepFilter> step_filter_in(const Json& input) {
    rows::StepFilter out{
        .step = maybe_text_in(input, "step_id"),
        .limit = maybe_int_in(input, "limit").value_or(limits::kPageSizeDefault),
    };
    const auto text = maybe_text_in(input, "after");
    if (!text) return out;
    const char* end = text->data() + text->size();
    const auto position = std::from_chars(text->data(), end, out.position);
    bool is_good = position.ec == std::errc() && position.ptr != end && *position.ptr == '.';
    if (is_good) {
        const auto iteration = std::from_chars(position.ptr + 1, end, out.iteration);
        is_good = iteration.ec == std::errc() && iteration.ptr == end;
    }
    if (!is_good) return fail(Error::invalid("after must be the `next` of an earlier page", "after"));
    return out;
}

}  // namespace

JsonObject Runs::run_json(const rows::Run& run) {
    auto [tags, index] = marks_json(run.marks);
    return JsonObject{
        {"id", run.id.text()},
        {"workflow_id", run.workflow.text()},
        // None of these once the workflow has been deleted.
        {"workflow_key", run.workflow_key.empty() ? Json(nullptr) : Json(run.workflow_key)},
        {"workflow_name", run.workflow_name.empty() ? Json(nullptr) : Json(run.workflow_name)},
        {"workflow_version_id", run.version.text()},
        {"version_number", run.version_number == 0 ? Json(nullptr) : Json(run.version_number)},
        {"trigger_id", id_json(run.trigger)},
        {"rerun_of", id_json(run.rerun_of)},
        {"cause", run.cause ? Json(name(*run.cause)) : Json(nullptr)},
        {"parent_run_id", id_json(run.parent)},
        {"parent_step_id", maybe_json(run.parent_step)},
        {"parent_iteration", run.parent_iteration ? Json(*run.parent_iteration) : Json(nullptr)},
        {"state", name(run.state)},
        {"failure_kind", kind_json(run.failure_kind)},
        {"error", parsed(run.error)},
        {"tier", maybe_json(run.tier)},
        {"is_cancel_requested", run.is_cancel_requested},
        {"canceled_by", id_json(run.canceled_by)},
        {"canceled_by_name", maybe_json(run.canceled_by_name)},
        {"cancel_reason", maybe_json(run.cancel_reason)},
        {"held", held_json(run)},
        {"tags", std::move(tags)},
        {"index", std::move(index)},
        {"created_at", time_json(run.created_at)},
        {"started_at", time_json(run.started_at)},
        {"finished_at", time_json(run.finished_at)},
        {"duration_ms", duration_json(run.started_at ? run.started_at : run.created_at, run.finished_at)},
        {"used", runview::used_json(run.used)},
    };
}

Json Runs::started_json(const Uuid& run) {
    return JsonObject{{"run_id", run.text()}};
}

rt::Task<Result<Json>> Runs::get(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    CO_TRY(auto run, co_await runs_.get(context.tenant(), id, context.deadline));
    rows::StepFilter filter;
    const auto shown = static_cast<std::size_t>(filter.limit++);
    CO_TRY(auto steps, co_await runs_.steps(context.tenant(), id, std::move(filter), context.deadline));
    Json more;
    if (steps.size() > shown) {
        steps.pop_back();
        more = place_of(steps.back());
    }
    CO_TRY(auto uses, co_await uses_of(context, run.version));
    constexpr std::array<std::string_view, 3> kMembers{"input", "trigger", "output"};
    const std::vector slots{ValueSlot::input(), ValueSlot::trigger(), ValueSlot::output()};
    CO_TRY(auto values, co_await runs_.values(context.tenant(), id, slots, context.deadline));
    show(context, kMembers, std::move(values));
    JsonObject out = run_json(run);
    JsonArray list;
    for (const rows::StepRun& step : steps) list.push_back(step_json(step, *uses));
    out["steps"] = std::move(list);
    out["more_steps"] = std::move(more);
    co_return Json(std::move(out));
}

rt::Task<Result<Json>> Runs::steps(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    CO_TRY(rows::StepFilter filter, step_filter_in(input));
    const auto limit = static_cast<std::size_t>(filter.limit++);
    CO_TRY(auto run, co_await runs_.get(context.tenant(), id, context.deadline));
    CO_TRY(auto steps, co_await runs_.steps(context.tenant(), id, std::move(filter), context.deadline));
    CO_TRY(auto uses, co_await uses_of(context, run.version));
    const bool has_more = steps.size() > limit;
    if (has_more) steps.pop_back();
    JsonArray items;
    for (const rows::StepRun& step : steps) items.push_back(step_json(step, *uses));
    Json next;
    if (has_more) next = place_of(steps.back());
    co_return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}

rt::Task<Result<Json>> Runs::get_step(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    const std::string wanted = text_in(input, "step_id");
    const std::int64_t iteration = int_or(input.get_object(), "iteration", 0);
    rows::StepFilter filter{.step = wanted, .only = iteration, .limit = 1};
    CO_TRY(auto run, co_await runs_.get(context.tenant(), id, context.deadline));
    CO_TRY(auto steps, co_await runs_.steps(context.tenant(), id, std::move(filter), context.deadline));
    if (steps.empty()) {
        co_return fail(Error::not_found(
            iteration > 0 ? "The run has no such step with this iteration"
                          : "The run has no such step; of one in a loop, say the item by iteration"
        ));
    }
    CO_TRY(auto happened, co_await runs_.events(context.tenant(), id, wanted, iteration, context.deadline));
    CO_TRY(auto uses, co_await uses_of(context, run.version));
    const std::vector slots{ValueSlot::input_of(wanted, iteration), ValueSlot::output_of(wanted, iteration)};
    CO_TRY(auto values, co_await runs_.values(context.tenant(), id, slots, context.deadline));
    constexpr std::array<std::string_view, 2> kMembers{"input", "output"};
    show(context, kMembers, std::move(values));
    JsonObject out = step_json(steps.front(), *uses);
    out["attempts"] = attempts_json(happened);
    co_return Json(std::move(out));
}

rt::Task<Result<Json>> Runs::logs(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    CO_TRY(const auto after, sequence_in(input));
    CO_CHECK_OK(co_await runs_.get(context.tenant(), id, context.deadline));
    store::runlog::Filter filter{
        .after = after,
        .step = maybe_text_in(input, "step_id"),
        .text = maybe_text_in(input, "text"),
        .limit = static_cast<int>(maybe_int_in(input, "limit").value_or(limits::kPageSizeMax)),
    };
    if (const auto level = maybe_text_in(input, "level"))
        filter.least = store::runlog::level_from(*level).value_or(store::runlog::Level::kDebug);
    CO_TRY(
        auto page,
        co_await store::runlog::list(env_.pool, context.tenant(), id, std::move(filter), context.deadline)
    );
    JsonArray items;
    for (const auto& line : page.lines) {
        items.push_back(JsonObject{
            {"seq", line.seq},
            {"logged_at", time_json(line.at)},
            {"level", name(line.level)},
            {"step_id", maybe_json(line.step)},
            {"iteration", line.iteration},
            {"message", line.message},
            {"fields", parsed(line.fields)},
        });
    }
    Json next = page.next ? Json(std::to_string(*page.next)) : Json(nullptr);
    co_return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}

rt::Task<Result<Json>> Runs::events(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    CO_CHECK_OK(co_await runs_.get(context.tenant(), id, context.deadline));
    CO_TRY(auto found, co_await runs_.events(context.tenant(), id, std::nullopt, 0, context.deadline));
    JsonArray items;
    for (const rows::Event& event : found) items.push_back(event_json(event));
    co_return JsonObject{{"items", std::move(items)}, {"next", nullptr}};
}

rt::Task<Result<Json>> Runs::cancel(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    context.object = id.uuid();
    const auto& identity = context.principal->identity;
    store::runcontrol::CancelRequest request{
        .by = context.user(),
        .by_name = identity.user_name + (identity.token_id ? " (API token)" : ""),
        .reason = maybe_text_in(input, "reason"),
    };
    if (request.reason) context.audit_detail["reason"] = *request.reason;
    CO_CHECK_OK(co_await store::runcontrol::request_cancel(
        context.db(), context.tenant(), id, std::move(request), context.deadline
    ));
    context.notify_after_commit.push_back(store::notices::CancelAsked{});
    context.settle = [&context, id] { return wait_until_stopped(context, id); };
    co_return JsonObject{{"run_id", id.text()}};
}

rt::Task<Result<Json>> Runs::start(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    CO_TRY(auto found, co_await store::workflows::find(context.db(), id, context.deadline));
    if (!found.published_version_id) co_return fail(Error::conflict("The workflow was never published"));
    CO_CHECK_OK(store::workflows::expect_active(found));
    CO_TRY(
        auto version,
        co_await rows::load_version(
            env_.pool, context.tenant(), *found.published_version_id, context.deadline
        )
    );
    const Json* given = member_in(input, "input");
    const Json value = given != nullptr ? *given : Json(JsonObject());
    auto check = [&]() -> Result<void> {
        TRY(Json tree, parse_json(version.compiled));
        TRY(auto compiled, workflow::CompiledWorkflow::load(tree));
        return workflow::check_input(compiled, value);
    };
    CO_CHECK_OK(co_await rt::on_pool(check, rt::Pool::kTenants));
    StartRequest request{
        .tenant = context.tenant(),
        .workflow = id,
        .version = found.published_version_id,
        .input = to_text(value),
        .trigger = to_text(JsonObject{{"kind", "manual"}, {"by", context.principal->identity.email}}),
        .rerun_of = std::nullopt,
        .once = context.once,
    };
    co_return co_await begin(context, std::move(request));
}

/// What a workflow's rate limit refuses is answered with the time after which it has room.
rt::Task<Result<StartedRun>> Runs::start_run(Context& context, StartRequest request) {
    std::chrono::seconds refused_for{0};
    request.refused_for = &refused_for;
    auto started = co_await start_(std::move(request), context.deadline);
    if (!started && refused_for.count() > 0) {
        context.quota =
            http::Quota{.policy = "workflow", .verdict = {.is_allowed = false, .retry_after = refused_for}};
    }
    co_return started;
}

rt::Task<Result<Json>> Runs::begin(Context& context, StartRequest request) {
    CO_TRY(StartedRun started, co_await start_run(context, std::move(request)));
    context.object = started.run.uuid();
    context.is_repeat = started.is_repeat;
    co_return started_json(started.run.uuid());
}

rt::Task<Result<std::shared_ptr<const Runs::UsesOf>>> Runs::uses_of(
    Context& context, WorkflowVersionId version
) {
    if (const auto* found = uses_.find(version.text())) co_return *found;
    auto uses = std::make_shared<UsesOf>();
    auto loaded = co_await rows::load_version(env_.pool, context.tenant(), version, context.deadline);
    // The workflow has been deleted; its runs are still shown.
    if (!loaded && loaded.error().code == Code::kNotFound) co_return std::shared_ptr<const UsesOf>(uses);
    if (!loaded) co_return fail(std::move(loaded).error());
    auto read = [&]() -> Result<void> {
        TRY(Json tree, parse_json(loaded->compiled));
        TRY(auto compiled, workflow::CompiledWorkflow::load(tree));
        for (const auto& step : compiled.steps()) uses->emplace(step.id, step.uses);
        return {};
    };
    (void)co_await rt::on_pool(read, rt::Pool::kTenants);
    uses_.add(context.tenant().text(), version.text(), uses);
    co_return std::shared_ptr<const UsesOf>(std::move(uses));
}

}  // namespace weft::control
