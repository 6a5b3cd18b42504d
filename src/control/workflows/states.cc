#include "control/workflows/detail/answers.h"
#include "control/workflows/workflows.h"
#include "core/tenancy/tenancy.h"
#include "store/triggers/polls.h"
#include "store/triggers/schedules.h"
#include "store/triggers/triggers.h"

/// Switching a workflow off and on, putting it away, deleting it. Each in one transaction under the
/// workflow's lock; the triggers ask for its state whenever they accept or start something, so they stop with
/// the commit.
namespace weft::control {

namespace rows = store::workflows;

namespace {

void tell(Context& context, const std::vector<TriggerId>& triggers) {
    for (const TriggerId id : triggers) {
        context.notify_after_commit.push_back(store::notices::TriggerChanged{id});
    }
}

Json pause_json(const rows::Pause& pause) {
    return JsonObject{
        {"state", name(pause.state)},
        {"failures", pause.failures},
        {"until", time_json(pause.until)},
        {"opened_at", time_json(pause.opened_at)},
        {"probe_run_id", pause.probe ? Json(pause.probe->text()) : Json(nullptr)},
        {"reason", pause.reason ? Json(*pause.reason) : Json(nullptr)},
    };
}

Error runs_are_live(std::int64_t count) {
    const std::string runs = count == 1 ? "1 run" : std::to_string(count) + " runs";
    return Error::conflict(runs + " of the workflow have not ended; cancel them, or wait for them");
}

}  // namespace

rt::Task<Result<void>> Workflows::tell_triggers(Context& context, WorkflowId id) {
    CO_TRY(auto triggers, co_await store::triggers::ids_of_workflow(context.db(), id, context.deadline));
    tell(context, triggers);
    CO_CHECK_OK(co_await store::triggers::plan_schedules_of_workflow(context.db(), id, context.deadline));
    CO_CHECK_OK(co_await store::triggers::switch_polls_of_workflow(context.db(), id, context.deadline));
    co_return Result<void>();
}

rt::Task<Result<Json>> Workflows::set_state(Context& context, WorkflowId id, rows::State state) {
    CO_TRY(auto after, co_await rows::set_state(context.db(), id, state, context.deadline));
    CO_CHECK_OK(co_await tell_triggers(context, id));
    co_return workflow_json(after);
}

rt::Task<Result<Json>> Workflows::switch_to(Context& context, Json input, rows::State state) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await store::triggers::lock_schedules_of_workflow(context.db(), id, context.deadline));
    CO_TRY(auto workflow, co_await rows::lock(context.db(), id, context.deadline));
    CO_CHECK_OK(rows::expect_changeable(workflow));
    co_return co_await set_state(context, id, state);
}

rt::Task<Result<Json>> Workflows::archive(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await store::triggers::lock_schedules_of_workflow(context.db(), id, context.deadline));
    CO_CHECK_OK(co_await rows::lock(context.db(), id, context.deadline));
    co_return co_await set_state(context, id, rows::State::kArchived);
}

rt::Task<Result<Json>> Workflows::restore(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await store::triggers::lock_schedules_of_workflow(context.db(), id, context.deadline));
    CO_TRY(auto workflow, co_await rows::lock(context.db(), id, context.deadline));
    if (workflow.state != rows::State::kArchived)
        co_return fail(Error::conflict("The workflow is not archived"));
    co_return co_await set_state(context, id, rows::State::kInactive);
}

rt::Task<Result<Json>> Workflows::pause(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    CO_CHECK_OK(co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(auto pause, co_await rows::find_pause(context.db(), id, context.deadline));
    co_return pause_json(pause);
}

rt::Task<Result<Json>> Workflows::resume(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::find(context.db(), id, context.deadline));
    CO_CHECK_OK(co_await rows::end_pause(context.db(), id, context.deadline));
    co_return pause_json(rows::Pause{});
}

rt::Task<Result<Json>> Workflows::remove(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await store::triggers::lock_schedules_of_workflow(context.db(), id, context.deadline));
    CO_TRY(auto workflow, co_await rows::lock(context.db(), id, context.deadline));
    if (workflow.published_version_id) {
        CO_CHECK_OK(tenancy::require(context.principal->permissions, tenancy::Permission::kWorkflowPublish));
    }
    CO_TRY(auto usage, co_await rows::usage(context.db(), id, context.deadline));
    if (usage.live_runs > 0) co_return fail(runs_are_live(usage.live_runs));
    if (usage.has_runs && workflow.state != rows::State::kArchived) {
        co_return fail(Error::conflict(
            "The workflow has runs: archive it, and delete it then if it is really not needed any more"
        ));
    }
    CO_TRY(auto triggers, co_await store::triggers::drop_of_workflow(context.db(), id, context.deadline));
    tell(context, triggers);
    CO_CHECK_OK(co_await rows::drop(context.db(), id, context.deadline));
    context.audit_detail["key"] = workflow.key;
    co_return Json(nullptr);
}

}  // namespace weft::control
