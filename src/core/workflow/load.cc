#include "base/limits.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::workflow {

namespace {

/// Our own document: what does not fit is damage or a newer format, never the author's mistake.
std::unexpected<Error> damaged(std::string_view what) {
    return fail(Error::invalid("This workflow version cannot be read; publish it again")
                    .with_detail(fmt::format("compiled workflow: {}", what)));
}

const JsonObject* object_in(const JsonObject& object, std::string_view key) {
    const Json* found = object.if_contains(key);
    return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

bool flag_in(const JsonObject& object, std::string_view key, bool fallback) {
    const Json* found = object.if_contains(key);
    return found != nullptr && found->is_bool() ? found->get_bool() : fallback;
}

template <class Id>
Result<Id> id_in(const JsonObject& object, std::string_view key) {
    if (auto id = Id::parse(text_or(object, key))) return *id;
    return damaged(key);
}

Result<PinnedAction> read_action(std::string_view name, const Json& value) {
    if (!value.is_object() || !value.get_object().contains("manifest") ||
        !value.get_object().contains("action"))
        return damaged("an action is incomplete");
    const JsonObject& object = value.get_object();
    TRY(connector::App app, connector::parse_app(object.at("manifest")));
    TRY(connector::Action action, connector::parse_action(object.at("action")));
    TRY(schema::Schema input, schema::Schema::compile(action.input, "input", {.checks_formats = true}));
    TRY(schema::Schema output, schema::Schema::compile(action.output, "output", {.checks_formats = true}));
    TRY(AppVersionId app_version_id, id_in<AppVersionId>(object, "app_version_id"));
    TRY(ActionId action_id, id_in<ActionId>(object, "action_id"));
    Json request = connector::request_template(action);
    Uses uses{
        .app = std::string(name.substr(0, name.find('/'))),
        .action = action.key,
        .major = static_cast<int>(int_or(object, "major", 0)),
    };
    return PinnedAction{
        .uses = std::move(uses),
        .version = std::string(text_or(object, "version")),
        .app_version_id = app_version_id,
        .action_id = action_id,
        .app = std::move(app),
        .action = std::move(action),
        .request = std::move(request),
        .input = std::move(input),
        .output = std::move(output),
    };
}

Result<PinnedConnection> read_connection(std::string_view name, const Json& value) {
    if (!value.is_object() || !value.get_object().contains("manifest"))
        return damaged("a connection is incomplete");
    TRY(connector::App app, connector::parse_app(value.get_object().at("manifest")));
    TRY(ConnectionId id, id_in<ConnectionId>(value.get_object(), "id"));
    return PinnedConnection{.name = std::string(name), .id = id, .app = std::move(app)};
}

using StepIndexes = std::map<std::string, runstate::StepIndex, std::less<>>;

std::vector<std::string> branches_in(const JsonObject& step) {
    std::vector<std::string> out;
    const Json* names = step.if_contains("branches");
    if (names == nullptr || !names->is_array()) return out;
    for (const Json& name : names->get_array())
        out.emplace_back(name.is_string() ? text_of(name) : std::string_view());
    return out;
}

/// "success", "failure", "finished", or the name of a branch of `step`.
std::optional<runstate::Need> read_need(
    runstate::StepIndex index, const JsonObject& step, std::string_view on
) {
    // Its branches first: one may be called as a word that was none when the version was published.
    const auto branches = branches_in(step);
    const auto found = std::ranges::find(branches, on);
    if (found != branches.end()) {
        return runstate::Need{
            index, runstate::NeedOn::kSuccess, static_cast<runstate::Branch>(found - branches.begin())
        };
    }
    if (const auto word = runstate::need_on_from(on)) return runstate::Need{index, *word};
    return std::nullopt;
}

Result<runstate::PlanStep> read_plan_step(
    const JsonObject& object, const StepIndexes& indexes, const JsonArray& steps
) {
    runstate::PlanStep out;
    out.id = text_or(object, "id");
    out.timeout = Millis(int_or(object, "timeout_ms", 0));
    if (out.timeout.count() <= 0 || out.timeout > limits::kStepTimeoutMax) return damaged("timeout_ms");
    auto on_error = runstate::on_error_from(text_or(object, "on_error"));
    auto effect = runstate::effect_from(text_or(object, "effect", "idempotent"));
    auto on_unknown = runstate::on_unknown_from(text_or(object, "on_unknown", "fail"));
    if (!on_error || !effect || !on_unknown) return damaged("a step's policy");
    out.on_error = *on_error;
    out.effect = *effect;
    out.on_unknown = *on_unknown;
    if (const Json* retry = object.if_contains("retry")) {
        TRY(out.retry, runstate::parse_retry(*retry, {}, "retry"));
    }
    out.is_first_wins = text_or(object, "join", "all") == "first";
    out.is_final = flag_in(object, "final", false);
    const Json* needs = object.if_contains("needs");
    if (needs == nullptr || !needs->is_array()) return damaged("needs");
    for (const Json& need : needs->get_array()) {
        if (!need.is_object()) return damaged("needs");
        auto step = indexes.find(text_or(need.get_object(), "step"));
        if (step == indexes.end()) return damaged("needs");
        const JsonObject& needed = steps[static_cast<std::size_t>(step->second)].get_object();
        const auto read = read_need(step->second, needed, text_or(need.get_object(), "on"));
        if (!read) return damaged("needs");
        out.needs.push_back(*read);
    }
    return out;
}

Result<LoopSettings> read_loop(const JsonObject& object) {
    LoopSettings out;
    const auto on_item_error = runstate::on_error_from(text_or(object, "on_item_error"));
    if (!on_item_error) return damaged("on_item_error");
    out.on_item_error = *on_item_error;
    out.concurrency = static_cast<int>(int_or(object, "concurrency", 0));
    out.batch = static_cast<int>(int_or(object, "batch", 0));
    out.max = int_or(object, "max", out.max);
    out.collects = flag_in(object, "collect", true);
    if (out.concurrency < 1 || out.batch < 0 || out.max < 1 || out.max > runstate::kItemsMax)
        return damaged("loop");
    return out;
}

/// Tells the loops where their bodies stand. Gives the number of steps outside of loops.
Result<runstate::StepIndex> place_bodies(
    const JsonArray& steps, const StepIndexes& indexes, std::vector<runstate::PlanStep>& plans
) {
    runstate::StepIndex top = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string_view in = text_or(steps[i].get_object(), "in");
        const auto at = static_cast<runstate::StepIndex>(i);
        if (in.empty()) {
            if (top++ != at) return damaged("a loop's body");
            continue;
        }
        const auto found = indexes.find(in);
        if (found == indexes.end() || found->second >= at) return damaged("a loop's body");
        auto& loop = plans[static_cast<std::size_t>(found->second)].loop;
        if (!loop) return damaged("a loop's body");
        if (loop->body_count == 0) loop->body = at;
        if (loop->body + loop->body_count++ != at) return damaged("a loop's body");
    }
    for (const runstate::PlanStep& plan : plans) {
        if (plan.loop && plan.loop->body_count == 0) return damaged("a loop without steps");
        for (const runstate::Need& need : plan.needs)
            if (text_or(steps[static_cast<std::size_t>(need.step)].get_object(), "in") !=
                text_or(steps[indexes.find(plan.id)->second].get_object(), "in"))
                return damaged("needs");
    }
    return top;
}

}  // namespace

Result<CompiledWorkflow> CompiledWorkflow::load(const Json& compiled) {
    if (!compiled.is_object() || text_or(compiled.get_object(), "format") != "weft-compiled/1")
        return damaged("another format");
    const JsonObject& object = compiled.get_object();
    const JsonObject* actions = object_in(object, "actions");
    const JsonObject* connections = object_in(object, "connections");
    const Json* steps = object.if_contains("steps");
    if (actions == nullptr || connections == nullptr || steps == nullptr || !steps->is_array())
        return damaged("a part is missing");
    CompiledWorkflow out;
    out.name_ = text_or(object, "name");
    out.plan_.timeout = Millis(int_or(object, "timeout_ms", 0));
    if (out.plan_.timeout.count() <= 0 || out.plan_.timeout > limits::kRunTimeoutMax)
        return damaged("timeout_ms");
    for (const auto& member : *actions) {
        TRY(PinnedAction action, read_action(member.key(), member.value()));
        out.actions_.emplace(member.key(), std::move(action));
    }
    for (const auto& member : *connections) {
        TRY(PinnedConnection connection, read_connection(member.key(), member.value()));
        out.connections_.emplace(member.key(), std::move(connection));
    }
    StepIndexes indexes;
    for (const Json& step : steps->get_array()) {
        if (!step.is_object()) return damaged("steps");
        bool is_new =
            indexes.emplace(text_or(step.get_object(), "id"), static_cast<int>(indexes.size())).second;
        if (!is_new) return damaged("a step's id comes twice");
    }
    std::vector<runstate::PlanStep> plans;
    for (const Json& step : steps->get_array()) {
        TRY(runstate::PlanStep plan, read_plan_step(step.get_object(), indexes, steps->get_array()));
        CHECK_OK(out.add_step(step.get_object(), plan));
        plans.push_back(std::move(plan));
    }
    TRY(const runstate::StepIndex top, place_bodies(steps->get_array(), indexes, plans));
    auto laid_out = runstate::lay_out(plans, top);
    if (!laid_out) return damaged("too many steps under way");
    out.plan_.steps = std::move(laid_out->steps);
    out.plan_.lanes = std::move(laid_out->lanes);
    const Json* env = object.if_contains("env");
    out.env_ = env != nullptr ? to_text(*env) : "{}";
    if (const Json* output = object.if_contains("output")) out.output_ = to_text(*output);
    out.plan_.has_output = !out.output_.empty();
    out.on_failure_ = text_or(object, "on_failure");
    if (const Json* marks = object.if_contains("marks")) {
        if (!marks->is_array()) return damaged("marks");
        for (const Json& mark : marks->get_array()) {
            if (!mark.is_object() || !mark.get_object().contains("value")) return damaged("marks");
            const Json& value = mark.get_object().at("value");
            CompiledMark one{.name = std::string(text_or(mark.get_object(), "name"))};
            if (has_template(value))
                one.value = to_text(value);
            else
                one.literal = value;
            out.marks_.push_back(std::move(one));
        }
    }
    if (const Json* inputs = object.if_contains("inputs")) {
        TRY(out.inputs_, schema::Schema::compile(*inputs, "inputs", {.checks_formats = true}));
    }
    return out;
}

Result<> CompiledWorkflow::add_step(const JsonObject& object, runstate::PlanStep& plan) {
    CompiledStep step;
    step.id = plan.id;
    step.title = text_or(object, "title");
    step.uses = text_or(object, "uses");
    if (step.uses.starts_with("core/")) {
        step.core = core_kind(std::string_view(step.uses).substr(5));
        if (!step.core) return damaged("an unknown core step");
    } else {
        auto found = actions_.find(step.uses);
        if (found == actions_.end()) return damaged("an action is missing");
        step.action = &found->second;
    }
    if (std::string_view name = text_or(object, "connection"); !name.empty()) {
        auto found = connections_.find(std::string(name));
        if (found == connections_.end()) return damaged("a connection is missing");
        step.connection = &found->second;
        if (step.action != nullptr) {
            // The action's version of the app says how the fields are sent; check made sure that the host is
            // the same.
            PinnedConnection applied = found->second;
            applied.app = step.action->app;
            std::string key = fmt::format("{}\n{}", name, step.uses);
            step.connection = &connections_.emplace(std::move(key), std::move(applied)).first->second;
        }
    }
    if (const Json* condition = object.if_contains("if")) step.condition = to_text(*condition);
    const Json* with = object.if_contains("with");
    if (with == nullptr) return damaged("with");
    step.with = to_text(*with);
    step.source = text_or(object, "source");
    step.branches = branches_in(object);
    if (const std::int64_t cpu = int_or(object, "cpu_ms", 0); cpu > 0) step.cpu = Millis(cpu);
    auto on_invalid = runstate::on_invalid_from(text_or(object, "on_invalid_output", "warn"));
    if (!on_invalid) return damaged("on_invalid_output");
    step.on_invalid_output = *on_invalid;
    auto on_open = runstate::on_open_from(text_or(object, "on_open", "wait"));
    if (!on_open) return damaged("on_open");
    step.on_open = *on_open;
    plan.kind = step_kind(step.core);
    if (plan.kind == runstate::StepKind::kLoop) {
        const JsonObject* loop = object_in(object, "loop");
        if (loop == nullptr) return damaged("loop");
        TRY(step.loop, read_loop(*loop));
        plan.loop = runstate::Loop{
            .is_while = step.core == CoreKind::kWhile,
            .on_item_error = step.loop->on_item_error,
            .max = step.loop->max,
            .lanes = step.loop->concurrency,
        };
    }
    has_respond_ = has_respond_ || step.core == CoreKind::kRespond;
    has_waits_ = has_waits_ || plan.kind == runstate::StepKind::kWait;
    steps_.push_back(std::move(step));
    return {};
}

Result<const Json*> declared_inputs(const Json& compiled) {
    if (!compiled.is_object() || text_or(compiled.get_object(), "format") != "weft-compiled/1")
        return damaged("another format");
    return compiled.get_object().if_contains("inputs");
}

Result<std::optional<schema::Schema>> inputs_of(const Json& compiled) {
    TRY(const Json* inputs, declared_inputs(compiled));
    if (inputs == nullptr) return std::nullopt;
    TRY(auto schema, schema::Schema::compile(*inputs, "inputs"));
    return std::optional(std::move(schema));
}

Result<> check_input(const CompiledWorkflow& workflow, const Json& input, schema::Work work) {
    if (!workflow.inputs()) return {};
    return workflow.inputs()->validate(input, "input", work);
}

}  // namespace weft::workflow
