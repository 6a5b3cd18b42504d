// Runs again: from the beginning, from where a run failed or from one of its steps; one run or many.
#include "control/api/family.h"
#include "control/runs/runs.h"
#include "core/runstate/rerun.h"
#include "core/workflow/workflow.h"
#include "platform/rt/loop.h"
#include "store/workflows/workflows.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace weft::control {

namespace rows = store::runs;
using rows::ValueSlot;
using runstate::StepIndex;
using runstate::StepStatus;
using tenancy::Permission;

namespace {

constexpr std::string_view kHow = R"(
    "version": {"enum": ["same", "newest"], "default": "same", "description":
        "What the run had, or what is published now"},
    "repeat_effects": {"type": "boolean", "default": false, "description":
        "Calls that may act twice are made again; refused else, naming them"})";

constexpr std::string_view kFrom = R"(
    "from": {"enum": ["beginning", "failure", "step"], "default": "beginning", "description":
        "failure: what ended well is kept. step: so is what does not depend on step_id"},
    "step_id": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "examples": ["order"]})";

constexpr std::string_view kManyOf = R"(
    "workflow_id": {"$ref": "#/definitions/id"},
    "state": {"enum": ["success", "failed", "canceled"], "default": "failed"},
    "created_after": {"type": "string", "format": "date-time"},
    "created_before": {"type": "string", "format": "date-time"},
    "from": {"enum": ["beginning", "failure"], "default": "failure"},
    "dead_letters": {"type": "boolean", "default": false, "description":
        "Dead letters that nobody has dealt with, of all workflows unless one is said: run_ids, or all"},
    "run_ids": {"type": "array", "minItems": 1, "maxItems": 100, "uniqueItems": true,
        "items": {"$ref": "#/definitions/id"}, "description": "With dead_letters"},
    "all": {"type": "boolean", "default": false, "description": "With dead_letters: what the filters fit"},
    "error_class": {"description": "With dead_letters", "enum": ["workflow", "rejected", "auth",
        "rate_limited", "unavailable", "timeout", "limit", "platform", "crash", "circuit_open"]},
    "again": {"type": "boolean", "default": false, "description": "Also those that were repeated before"},
    "after": {"$ref": "#/definitions/after"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50})";

constexpr std::string_view kPlan = R"(
    version_number int? = 3
    kept [text]
    again [text]
    effects [run_effect])";

constexpr std::string_view kEffect = R"(
    step_id text = pay
    uses text = shop/pay@1.0.0
    effect keyed|unsafe = unsafe
    calls int = 1
    last_at time?)";

constexpr std::string_view kMany = R"(
    started [run_repeated]
    left [run_left]
    next text? = null)";

/// Rows of steps outside of loops; a definition has fewer.
constexpr int kStepsMax = 1'000;
/// Of the steps that a refusal names.
constexpr std::size_t kNamedMax = 5;

bool is_set(const Json& input, std::string_view member) {
    const Json* found = member_in(input, member);
    return found != nullptr && found->is_bool() && found->get_bool();
}

std::string_view without_version(std::string_view uses) {
    return uses.substr(0, uses.find('@'));
}

using Steps = std::vector<workflow::CompiledStep>;

std::optional<StepIndex> index_of(const Steps& steps, std::string_view id) {
    const auto found = std::ranges::find(steps, id, &workflow::CompiledStep::id);
    if (found == steps.end()) return std::nullopt;
    return static_cast<StepIndex>(found - steps.begin());
}

/// What repeating an attempt of the step does outside. Another workflow may do anything.
runstate::Effect effect_of(const workflow::CompiledWorkflow& workflow, StepIndex definition) {
    const workflow::CompiledStep& step = workflow.steps()[static_cast<std::size_t>(definition)];
    if (step.core == workflow::CoreKind::kWorkflow) return runstate::Effect::kUnsafe;
    return runstate::planned(workflow.plan(), definition).effect;
}

/// Which runs are to be repeated.
Result<rows::RunFilter> many_in(const Json& input) {
    TRY(auto page, page_in(input));
    return rows::RunFilter{
        .states = {*runstate::run_status_from(text_in(input, "state", "failed"))},
        .workflow = id_in<WorkflowId>(input, "workflow_id"),
        .created_from = maybe_time_in(input, "created_after"),
        .created_to = maybe_time_in(input, "created_before"),
        .before = page.after.transform([](const Uuid& after) { return RunId(after); }),
        .limit = page.limit,
    };
}

JsonObject left_json(RunId run, std::string_view why) {
    return JsonObject{{"run_id", run.text()}, {"reason", why}};
}

/// Is there a step of another name that does what this one did, which is gone?
bool may_be_renamed(const workflow::CompiledStep& gone, const Steps& steps, const Steps& were) {
    return std::ranges::any_of(steps, [&](const workflow::CompiledStep& step) {
        return without_version(step.uses) == without_version(gone.uses) && !index_of(were, step.id);
    });
}

}  // namespace

struct Runs::Chosen {
    std::vector<rows::Run> runs;
    std::optional<Uuid> next;
    bool are_letters = false;
    JsonArray left;
    std::unordered_set<RunId> repeated;
};

struct Runs::Rerun {
    struct Effect {
        rows::Calls calls;
        std::string uses;
        runstate::Effect effect;
    };
    WorkflowVersionId version;
    int number = 0;
    std::shared_ptr<const workflow::CompiledWorkflow> compiled;  // made on another thread
    std::vector<rows::StepRun> kept;
    std::vector<std::string> again;
    std::vector<Effect> effects;

    Result<void> choose(const std::vector<rows::StepRun>& earlier, const Steps* were, const Json& input);
    void find_effects(const std::vector<rows::Calls>& calls, const workflow::CompiledWorkflow* were);
    JsonArray effects_json() const;
    Error refusal() const;
};

/// Which steps are kept. `were`: the steps of the version that the earlier run had, when it is another one.
Result<void> Runs::Rerun::choose(
    const std::vector<rows::StepRun>& earlier, const Steps* were, const Json& input
) {
    const std::string from = text_in(input, "from", "beginning");
    const Steps& steps = compiled->steps();
    const runstate::Plan& plan = compiled->plan();
    std::optional<StepIndex> first;
    if (from == "step") {
        const std::string id = text_in(input, "step_id");
        if (id.empty()) return fail(Error::invalid("from: step needs step_id", "step_id"));
        first = index_of(steps, id);
        if (!first) return fail(Error::invalid("The version has no such step", "step_id"));
        const StepIndex around = runstate::outermost(plan, *first);
        if (around != *first) {
            const std::string& loop = steps[static_cast<std::size_t>(around)].id;
            return fail(Error::invalid(
                fmt::format("The step is in the loop \"{}\", which can only be repeated as a whole", loop),
                "step_id"
            ));
        }
    }
    // Those outside of loops stand first, in the plan as in the definition.
    const auto is_top = [&](std::size_t i) {
        return runstate::outermost(plan, static_cast<StepIndex>(i)) == static_cast<StepIndex>(i);
    };
    std::size_t top = 0;
    while (top < steps.size() && is_top(top)) ++top;
    runstate::Ends ends(top, StepStatus::kNotReached);
    std::vector<const rows::StepRun*> found(top);
    for (const rows::StepRun& row : earlier) {
        const auto index = index_of(steps, row.step);
        if (!index || static_cast<std::size_t>(*index) >= top) continue;
        const auto i = static_cast<std::size_t>(*index);
        if (were != nullptr) {  // what has the same name must do the same
            const auto was = index_of(*were, row.step);
            if (!was || without_version((*were)[static_cast<std::size_t>(*was)].uses) !=
                            without_version(steps[i].uses))
                continue;
        }
        ends[i] = row.state;
        found[i] = &row;
    }
    if (from == "beginning") std::ranges::fill(ends, StepStatus::kNotReached);
    const std::vector<bool> is_again = runstate::done_again(plan, ends, first);
    for (std::size_t i = 0; i < top; ++i) {
        // What a test was given is given again.
        const bool is_pinned = found[i] != nullptr && found[i]->source == rows::StepSource::kPin &&
                               first != static_cast<StepIndex>(i);
        if (is_again[i] && !is_pinned) {
            again.push_back(steps[i].id);
            continue;
        }
        kept.push_back(*found[i]);
        kept.back().position = static_cast<int>(i);
        if (!is_pinned) kept.back().source = rows::StepSource::kRerun;
    }
    return {};
}

/// `were`: the version that the earlier run had, when it is another one. Calls of a step that may have been
/// renamed since are told as well.
void Runs::Rerun::find_effects(
    const std::vector<rows::Calls>& calls, const workflow::CompiledWorkflow* were
) {
    for (const rows::Calls& made : calls) {
        const workflow::CompiledWorkflow* of = compiled.get();
        auto index = index_of(of->steps(), made.step);
        const bool is_gone = !index && were != nullptr;
        if (is_gone) {
            of = were;
            index = index_of(of->steps(), made.step);
        }
        if (!index) continue;
        const workflow::CompiledStep& step = of->steps()[static_cast<std::size_t>(*index)];
        if (is_gone && !may_be_renamed(step, compiled->steps(), were->steps())) continue;
        const runstate::Effect effect = effect_of(*of, *index);
        const auto outer = static_cast<std::size_t>(runstate::outermost(of->plan(), *index));
        const bool is_again = is_gone || std::ranges::find(again, of->steps()[outer].id) != again.end();
        if (effect != runstate::Effect::kIdempotent && is_again) effects.push_back({made, step.uses, effect});
    }
}

JsonArray Runs::Rerun::effects_json() const {
    JsonArray out;
    for (const Effect& effect : effects) {
        out.push_back(JsonObject{
            {"step_id", effect.calls.step},
            {"uses", effect.uses},
            {"effect", name(effect.effect)},
            {"calls", effect.calls.calls},
            {"last_at", time_json(effect.calls.last_at)},
        });
    }
    return out;
}

Error Runs::Rerun::refusal() const {
    std::string names;
    for (std::size_t i = 0; i < std::min(effects.size(), kNamedMax); ++i) {
        const auto& [calls, uses, effect] = effects[i];
        names += fmt::format("{}{} ({} of {})", i == 0 ? "" : ", ", calls.step, calls.calls, uses);
    }
    if (effects.size() > kNamedMax) names += fmt::format(" and {} more", effects.size() - kNamedMax);
    Error error = Error::conflict(fmt::format(
        "The run has made calls that may act twice when they are made again: {}. Start behind them, or say "
        "repeat_effects: true",
        names
    ));
    error.field = "repeat_effects";
    return error;
}

rt::Task<Result<Runs::Rerun>> Runs::plan_rerun(Context& context, rows::Run run, Json input) {
    if (!is_terminal(run.state)) co_return fail(Error::conflict("The run has not ended yet"));
    CO_TRY(auto workflow, co_await store::workflows::find(context.db(), run.workflow, context.deadline));
    if (text_in(input, "from") == "failure" && run.state == runstate::RunStatus::kSuccess) {
        co_return fail(Error::conflict("The run has succeeded: there is no failure to start from"));
    }
    Rerun out{.version = run.version};
    if (text_in(input, "version") == "newest") {
        if (!workflow.published_version_id)
            co_return fail(Error::conflict("The workflow was never published"));
        out.version = *workflow.published_version_id;
    }
    const TenantId tenant = context.tenant();
    const rt::Deadline by = context.deadline;
    CO_TRY(auto version, co_await rows::load_version(env_.pool, tenant, out.version, by));
    out.number = version.number;
    if (out.number == 0) {  // a test: it takes what a test takes, and the workflow may be switched off
        CO_CHECK_OK(tenancy::require(context.principal->permissions, Permission::kWorkflowEdit));
        CO_CHECK_OK(store::workflows::expect_changeable(workflow));
    } else {
        CO_CHECK_OK(store::workflows::expect_active(workflow));
    }
    std::optional<rows::Version> before;
    if (out.version != run.version) {
        // A version that is gone kept its workflow's other ones: nothing of the run can be told to be the
        // same.
        CO_TRY(before, co_await rows::load_version(env_.pool, tenant, run.version, by));
    }
    CO_TRY(auto earlier, co_await runs_.steps(tenant, run.id, {.only = 0, .limit = kStepsMax}, by));
    CO_TRY(auto calls, co_await runs_.calls(tenant, run.id, by));
    auto work = [&]() -> Result<void> {
        const auto read = [](const std::string& text
                          ) -> Result<std::shared_ptr<const workflow::CompiledWorkflow>> {
            TRY(Json tree, parse_json(text));
            TRY(auto loaded, workflow::CompiledWorkflow::load(tree));
            return std::make_shared<const workflow::CompiledWorkflow>(std::move(loaded));
        };
        TRY(out.compiled, read(version.compiled));
        std::shared_ptr<const workflow::CompiledWorkflow> were;
        if (before) {
            TRY(were, read(before->compiled));
        }
        CHECK_OK(out.choose(earlier, were ? &were->steps() : nullptr, input));
        out.find_effects(calls, were.get());
        if (const Json* given = member_in(input, "input"))
            return workflow::check_input(*out.compiled, *given);
        return {};
    };
    CO_CHECK_OK(co_await rt::on_pool(work, rt::Pool::kTenants));
    co_return out;
}

/// All that a run needs that repeats `run` as `input` says. `context.room`: the memory of its values.
rt::Task<Result<StartRequest>> Runs::prepare_rerun(Context& context, rows::Run run, Json input) {
    const RunId id = run.id;
    const WorkflowId workflow = run.workflow;
    CO_TRY(Rerun rerun, co_await plan_rerun(context, std::move(run), input));
    if (!rerun.effects.empty() && !is_set(input, "repeat_effects")) {
        context.problem["effects"] = rerun.effects_json();
        co_return fail(rerun.refusal());
    }
    std::vector<ValueSlot> slots{ValueSlot::input(), ValueSlot::trigger()};
    for (const auto& step : rerun.kept) slots.push_back(ValueSlot::output_of(step.step));
    CO_TRY(auto values, co_await runs_.values(context.tenant(), id, std::move(slots), context.deadline));
    const bool has_input = member_in(input, "input") != nullptr;
    // A run's values go all at once, when their day has passed.
    if (!values.texts[0] && (!has_input || !rerun.kept.empty())) {
        co_return fail(Error::conflict("The values of the run are not kept any more; start a new one"));
    }
    StartRequest request{
        .tenant = context.tenant(),
        .workflow = workflow,
        .version = rerun.version,
        .input = std::move(values.texts[0]).value_or("null"),
        .trigger = std::move(values.texts[1]).value_or("{}"),
        .rerun_of = id,
        .once = context.once,
    };
    if (const Json* given = member_in(input, "input")) request.input = to_text(*given);
    for (std::size_t i = 0; i < rerun.kept.size(); ++i) {
        request.kept.push_back({std::move(rerun.kept[i]), std::move(values.texts[i + 2])});
    }
    context.room = std::move(values.room);
    co_return request;
}

rt::Task<Result<Json>> Runs::rerun(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    CO_TRY(auto run, co_await runs_.get(context.tenant(), id, context.deadline));
    CO_TRY(auto request, co_await prepare_rerun(context, std::move(run), input));
    context.audit_detail["rerun_of"] = id.text();
    for (const std::string_view said : {"from", "step_id", "version", "repeat_effects"}) {
        if (const Json* value = member_in(input, said)) context.audit_detail[said] = *value;
    }
    if (member_in(input, "input") != nullptr) context.audit_detail["has_other_input"] = true;
    co_return co_await begin(context, std::move(request));
}

rt::Task<Result<Json>> Runs::preview_rerun(Context& context, Json input) {
    CO_TRY(auto run, co_await runs_.get(context.tenant(), id_in<RunId>(input), context.deadline));
    CO_TRY(Rerun rerun, co_await plan_rerun(context, std::move(run), std::move(input)));
    JsonArray kept;
    for (const auto& step : rerun.kept) kept.push_back(Json(step.step));
    co_return JsonObject{
        {"version_number", rerun.number == 0 ? Json(nullptr) : Json(rerun.number)},
        {"kept", std::move(kept)},
        {"again", JsonArray(rerun.again.begin(), rerun.again.end())},
        {"effects", rerun.effects_json()},
    };
}

/// Runs of a workflow, or dead letters.
rt::Task<Result<Runs::Chosen>> Runs::choose_runs(Context& context, Json input) {
    const rt::Deadline by = context.deadline;
    Chosen out{.are_letters = is_set(input, "dead_letters")};
    const bool has_workflow = member_in(input, "workflow_id") != nullptr;
    if (has_workflow)
        CO_CHECK_OK(co_await store::workflows::find(context.db(), id_in<WorkflowId>(input, "workflow_id"), by)
        );
    if (!out.are_letters) {
        if (!has_workflow)
            co_return fail(Error::invalid("Say whose runs, unless they are dead_letters", "workflow_id"));
        for (const std::string_view said : {"run_ids", "all", "error_class"})
            if (member_in(input, said) != nullptr)
                co_return fail(Error::invalid("Is said of dead_letters only", std::string(said)));
        CO_TRY(rows::RunFilter filter, many_in(input));
        CO_TRY(auto cut, co_await runs_.list(context.tenant(), std::move(filter), by));
        if (cut.next) out.next = cut.next->uuid();
        out.runs = std::move(cut.items);
    } else {
        if (member_in(input, "state") != nullptr)
            co_return fail(Error::invalid("A dead letter is a run that has failed: leave it out", "state"));
        CO_TRY(const auto letters, co_await choose_letters(context, input));
        out.next = letters.next;
        for (const auto& letter : letters.items) {
            auto run = co_await runs_.get(context.tenant(), letter.run, by);
            if (!run && run.error().code == Code::kNotFound) {
                out.left.push_back(left_json(letter.run, "The run is not kept any more; drop it"));
                continue;
            }
            if (!run) co_return fail(std::move(run).error());
            out.runs.push_back(*std::move(run));
        }
    }
    if (out.are_letters || is_set(input, "again")) co_return out;
    std::vector<RunId> ids;
    for (const rows::Run& run : out.runs) ids.push_back(run.id);
    CO_TRY(const auto repeated, co_await runs_.repeated(context.tenant(), std::move(ids), by));
    out.repeated.insert(repeated.begin(), repeated.end());
    co_return out;
}

/// One of many. What keeps it from being repeated is an error.
rt::Task<Result<RunId>> Runs::repeat_one(Context& context, rows::Run run, bool is_letter, Json input) {
    const RunId id = run.id;
    CO_TRY(StartRequest request, co_await prepare_rerun(context, std::move(run), std::move(input)));
    request.is_redrive = is_letter;
    auto begun = co_await start_(std::move(request), context.deadline);
    if (begun) co_return begun->run;
    if (!is_letter || begun.error().code != Code::kNotFound) co_return fail(std::move(begun).error());
    const auto letter = co_await store::letters::find(context.db(), id, context.deadline);
    if (letter && letter->state != store::letters::State::kOpen)
        co_return fail(Error::conflict("Somebody else has dealt with it meanwhile"));
    co_return fail(std::move(begun).error());
}

/// Each for itself: what cannot be repeated is named, and does not keep the others from it.
rt::Task<Result<Json>> Runs::rerun_many(Context& context, Json input) {
    CO_TRY(Chosen chosen, co_await choose_runs(context, input));
    if (member_in(input, "from") == nullptr) input.get_object()["from"] = "failure";
    JsonArray started;
    JsonArray left = std::move(chosen.left);
    bool stops = false;
    auto last = maybe_text_in(input, "after");
    for (rows::Run& run : chosen.runs) {
        const RunId id = run.id;
        if (run.version_number == 0) {
            left.push_back(left_json(id, "It is a test; repeat it by itself"));
        } else if (chosen.repeated.contains(id)) {
            left.push_back(left_json(id, "It has been repeated before; say again: true to do so once more"));
        } else {
            const auto begun = co_await repeat_one(context, std::move(run), chosen.are_letters, input);
            if (begun) {
                started.push_back(JsonObject{{"run_id", begun->text()}, {"rerun_of", id.text()}});
            } else {
                left.push_back(left_json(id, begun.error().user));
                // No room for more at present: the page ends here, and what was begun is told.
                stops = begun.error().code == Code::kUnavailable || begun.error().code == Code::kLimit;
                if (stops) break;
            }
        }
        last = id.text();
    }
    Json next;
    if (stops && last)
        next = *last;
    else if (!stops && chosen.next)
        next = chosen.next->text();
    context.problem = {};
    context.room = {};
    if (member_in(input, "workflow_id") != nullptr)
        context.object = id_in<WorkflowId>(input, "workflow_id").uuid();
    if (chosen.are_letters) context.audit_detail["dead_letters"] = true;
    context.audit_detail["started"] = started.size();
    context.audit_detail["left"] = left.size();
    co_return JsonObject{
        {"started", std::move(started)},
        {"left", std::move(left)},
        {"next", std::move(next)},
    };
}

void Runs::add_reruns(Table& table) {
    static const std::string one = fmt::format(
        R"({{"properties": {{{},{},"input": {{"examples": [{{"order_id": "1001"}}]}}}}}})", kFrom, kHow
    );
    static const std::string preview = fmt::format(R"({{"properties": {{{},{}}}}})", kFrom, kHow);
    static const std::string many = fmt::format(R"({{"properties": {{{},{}}}}})", kManyOf, kHow);
    table.define("run_effect", kEffect);
    table.define("rerun_plan", kPlan);
    table.define("run_repeated", "run_id id\nrerun_of id");
    table.define("run_left", "run_id id\nreason text = The run has succeeded");
    table.define("runs_repeated", kMany);
    const Access start = may(Permission::kRunStart);
    Operation again = commands(
        {.name = "runs.rerun",
         .path = "/runs/{id}/rerun",
         .summary = "Start a run that repeats one, or the rest of it",
         .access = start,
         .answer = "run_started",
         .input = one,
         .object = "run"},
        bind(this, &Runs::rerun)
    );
    again.status = 202;
    again.mode = Mode::kOwn;
    again.replay = Replay::kYes;
    again.answer_from = &Runs::started_json;
    table.add(std::move(again));
    table.add(shows(
        {"runs.preview_rerun",
         "/runs/{id}/rerun",
         "What repeating a run would do, keep, and do twice",
         start,
         "rerun_plan",
         preview},
        bind(this, &Runs::preview_rerun)
    ));
    Operation bulk = commands(
        {.name = "runs.rerun_many",
         .path = "/runs/rerun",
         .summary = "Repeat runs of a workflow, newest first, a page at a time",
         .access = start,
         .answer = "runs_repeated",
         .input = many,
         .object = "workflow"},
        bind(this, &Runs::rerun_many)
    );
    bulk.status = 202;
    bulk.mode = Mode::kOwn;
    bulk.timeout = std::chrono::minutes(2);
    table.add(std::move(bulk));
}

}  // namespace weft::control
