// Tests of drafts: a run of what is not published, up to a step, with outputs given for others.
#include "control/api/family.h"
#include "control/runs/runs.h"
#include "control/workflows/workflows.h"
#include "core/runstate/rerun.h"
#include "platform/rt/loop.h"
#include "store/runs/runs.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::control {

namespace rows = store::workflows;
using runstate::StepStatus;
using store::runs::KeptStep;
using store::runs::StepSource;

namespace {

constexpr std::string_view kTest = R"({"properties": {
    "definition": {"$ref": "#/definitions/workflow_definition"},
    "input": {"examples": [{"order_id": "1001"}]},
    "pins": {"type": "object", "maxProperties": 500, "description":
        "Outputs of steps, by id, that are not run", "examples": [{"order": {"status": 200}}]},
    "trigger": {"type": "object", "description":
        "What the run sees as its trigger, e.g. of an event that was captured",
        "examples": [{"kind": "webhook"}]},
    "until": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "description":
        "The step that is tested, with what it needs; else all of them"}}})";

/// The output that a test gives a step must be one that the step could have.
Result<void> check_pin(const workflow::CompiledStep& step, const Json& output) {
    if (step.branches.empty()) return {};
    const std::string_view taken = output.is_object() ? text_or(output.get_object(), "branch") : "";
    if (std::ranges::find(step.branches, taken) != step.branches.end()) return {};
    return fail(Error::invalid(
        fmt::format(
            "The output must say which branch is taken: {{\"branch\": \"{}\"}}", step.branches.front()
        ),
        "pins." + step.id
    ));
}

/// Rows of the steps that the test does not run. `idle`: those nobody asks for.
Result<std::vector<KeptStep>> kept_steps(
    const workflow::CompiledWorkflow& compiled, const JsonObject& pins, const std::set<std::string>& idle
) {
    std::vector<KeptStep> out;
    const auto& steps = compiled.steps();
    const runstate::Plan& plan = compiled.plan();
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Json* output = pins.if_contains(steps[i].id);
        if (output == nullptr && !idle.contains(steps[i].id)) continue;
        const auto index = static_cast<runstate::StepIndex>(i);
        if (runstate::outermost(plan, index) != index) {
            return fail(
                Error::invalid("A step in a loop cannot be pinned; pin the loop", "pins." + steps[i].id)
            );
        }
        KeptStep kept{
            .row =
                {.step = steps[i].id,
                 .position = static_cast<int>(i),
                 .state = output != nullptr ? StepStatus::kSuccess : StepStatus::kSkipped,
                 .source = StepSource::kPin}
        };
        if (output != nullptr) {
            CHECK_OK(check_pin(steps[i], *output));
            kept.output = to_text(*output);
        }
        out.push_back(std::move(kept));
    }
    return out;
}

Result<void> check_pinned_steps(const JsonObject& pins, const workflow::Definition& definition) {
    for (const auto& pin : pins) {
        const auto found =
            std::ranges::find(definition.steps, std::string_view(pin.key()), &workflow::Step::id);
        if (found != definition.steps.end()) continue;
        return fail(Error::invalid("The test has no such step", "pins." + std::string(pin.key())));
    }
    return {};
}

}  // namespace

void Workflows::add_tests(Table& table) {
    Operation test = commands(
        {.name = "workflows.test",
         .path = "/workflows/{id}/test",
         .summary = "Run the draft, or a definition given, as a test",
         .access = may(tenancy::Permission::kRunStart),
         .answer = "run_started",
         .input = kTest,
         .object = "run"},
        bind(this, &Workflows::test)
    );
    test.status = 202;
    test.mode = Mode::kOwn;
    test.replay = Replay::kYes;
    test.answer_from = &Runs::started_json;
    table.add(std::move(test));
}

rt::Task<Result<Json>> Workflows::test(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    CO_CHECK_OK(tenancy::require(context.principal->permissions, tenancy::Permission::kWorkflowEdit));
    CO_TRY(auto workflow, co_await rows::find(context.db(), id, context.deadline));
    CO_CHECK_OK(rows::expect_changeable(workflow));
    CO_TRY(Json definition, co_await given_or_draft(context, id, input));
    const Json* said = member_in(input, "pins");
    const JsonObject pins = said != nullptr ? said->get_object() : JsonObject();
    const std::string until = text_in(input, "until");
    Checked checked = co_await check_all(context.db(), definition, workflow.key, context.deadline, until);
    CO_CHECK_OK(checked.database);
    if (!checked.problems.empty()) {
        context.problem["problems"] = problems_of(checked, definition);
        co_return fail(checked.problems.front());
    }
    if (!checked.catalog.connections.empty()) {
        CO_CHECK_OK(tenancy::require(context.principal->permissions, tenancy::Permission::kConnectionUse));
    }
    const Json* given = member_in(input, "input");
    const Json value = given != nullptr ? *given : Json(JsonObject());
    const auto run = RunId::make(env_.clock.now(), env_.rng);
    rows::NewTestVersion version{
        .tenant = context.tenant(),
        .id = WorkflowVersionId(run.uuid()),
        .workflow_id = id,
        .made_by = context.user(),
    };
    std::vector<KeptStep> kept;
    auto work = [&]() -> Result<void> {
        CHECK_OK(check_pinned_steps(pins, *checked.definition));
        std::set<std::string> pinned;
        for (const auto& pin : pins) pinned.emplace(pin.key());
        std::set<std::string> idle;
        if (!until.empty()) idle = workflow::idle_steps(*checked.definition, pinned, until);
        workflow::wait_for_pinned(*checked.definition, pinned);
        checked.definition->on_failure.clear();  // who tests sees what fails
        TRY(version.compiled, workflow::compile(*checked.definition, checked.catalog));
        TRY(auto compiled, workflow::CompiledWorkflow::load(version.compiled));
        TRY(kept, kept_steps(compiled, pins, idle));
        return workflow::check_input(compiled, value);
    };
    CO_CHECK_OK(co_await rt::on_pool(work, rt::Pool::kTenants));
    const Json* event = member_in(input, "trigger");
    JsonObject about = event != nullptr ? event->get_object() : JsonObject{{"kind", "test"}};
    about["by"] = context.principal->identity.email;
    StartRequest request{
        .tenant = context.tenant(),
        .id = run,
        .workflow = id,
        .version = version.id,
        .input = to_text(value),
        .trigger = to_text(about),
        .kept = std::move(kept),
        .once = context.once,
    };
    CO_CHECK_OK(co_await rows::add_test_version(context.db(), std::move(version), context.deadline));
    if (!until.empty()) context.audit_detail["until"] = until;
    if (!pins.empty()) context.audit_detail["pins"] = pins.size();
    CO_TRY(StartedRun started, co_await start_(std::move(request), context.deadline));
    context.object = started.run.uuid();
    context.is_repeat = started.is_repeat;
    co_return Runs::started_json(started.run.uuid());
}

}  // namespace weft::control
