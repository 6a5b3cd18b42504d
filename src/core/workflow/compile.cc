#include "base/bytes.h"
#include "base/limits.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace weft::workflow {

namespace {

std::string pinned_name(const Uses& uses, const CatalogAction& action) {
    return fmt::format("{}/{}@{}", uses.app, uses.action, action.version);
}

/// Merged over the default of the action (or of core/http).
Result<Json> retry_json(const Step& step, const runstate::RetryPolicy& base, const std::string& field) {
    if (!step.retry) return runstate::to_json(base);
    TRY(auto merged, runstate::parse_retry(*step.retry, base, field));
    return runstate::to_json(merged);
}

struct Defaults {
    std::string uses;
    runstate::Effect effect = runstate::Effect::kIdempotent;
    runstate::RetryPolicy retry;
    Millis timeout{limits::kStepTimeoutDefault};
    runstate::OnInvalid on_invalid_output = runstate::OnInvalid::kWarn;
    runstate::OnOpen on_open = runstate::OnOpen::kWait;
    bool calls_out = false;
    bool may_retry = false;
};

Result<Defaults> defaults_of(const Step& step, const Catalog& catalog) {
    Defaults out;
    out.uses = step.uses.text();
    if (step.uses.is_core()) {
        out.calls_out = core_kind(step.uses.action) == CoreKind::kHttp;
        out.may_retry = out.calls_out || core_kind(step.uses.action) == CoreKind::kWorkflow;
        // A child may have done a part of its work: it is begun again only if the author says so.
        if (!out.calls_out) out.retry.attempts = 1;
        out.effect = http_effect(step.with);
        // Code that shares its machine takes longer than the time it computes.
        if (step.cpu) out.timeout = std::clamp(2 * *step.cpu, out.timeout, Millis(limits::kStepTimeoutMax));
        return out;
    }
    const CatalogAction& pinned = catalog.actions.at(step.uses);
    TRY(connector::Action action, connector::parse_action(pinned.definition));
    out.uses = pinned_name(step.uses, pinned);
    out.effect = action.effect;
    out.retry = action.retry;
    out.timeout = action.timeout;
    out.on_invalid_output = action.on_invalid_output;
    out.on_open = action.on_open;
    out.calls_out = true;
    out.may_retry = true;
    return out;
}

Json loop_json(const Step& step) {
    JsonObject out;
    if (step.uses.action == "while") {
        out["while"] = true;
        out["max"] = step.loop->max;
    }
    out["concurrency"] = step.loop->concurrency;
    if (step.loop->batch > 0) out["batch"] = step.loop->batch;
    out["on_item_error"] = runstate::name(step.loop->on_item_error);
    if (!step.loop->collects) out["collect"] = false;
    return out;
}

Result<Json> step_json(const Step& step, const Definition& definition, const Catalog& catalog) {
    TRY(Defaults defaults, defaults_of(step, catalog));
    JsonObject out;
    out["id"] = step.id;
    if (!step.title.empty()) out["title"] = step.title;
    out["uses"] = defaults.uses;
    if (!step.connection.empty()) out["connection"] = step.connection;
    if (step.condition) out["if"] = *step.condition;
    out["with"] = input_template(step);
    if (step.uses.text() == "core/code") out["source"] = text_or(step.with.get_object(), "source");
    if (const auto branches = branches_of(step); !branches.empty())
        out["branches"] = JsonArray(branches.begin(), branches.end());
    JsonArray needs;
    for (const NeedRef& need : step.needs)
        needs.push_back(Json{
            {"step", need.step},
            {"on", need.branch.empty() ? runstate::name(need.on) : std::string_view(need.branch)}
        });
    out["needs"] = std::move(needs);
    if (step.is_first_wins) out["join"] = "first";
    if (step.is_final) out["final"] = true;
    if (step.parent) out["in"] = definition.steps[*step.parent].id;
    if (step.loop) out["loop"] = loop_json(step);
    out["timeout_ms"] = step.timeout.value_or(defaults.timeout).count();
    out["on_error"] = runstate::name(step.on_error);
    if (step.cpu) out["cpu_ms"] = step.cpu->count();
    if (step.on_invalid_output.value_or(defaults.on_invalid_output) == runstate::OnInvalid::kFail)
        out["on_invalid_output"] = runstate::name(runstate::OnInvalid::kFail);
    if (defaults.calls_out) {
        out["effect"] = runstate::name(defaults.effect);
        out["on_unknown"] = runstate::name(step.on_unknown);
        if (step.on_open.value_or(defaults.on_open) == runstate::OnOpen::kFail)
            out["on_open"] = runstate::name(runstate::OnOpen::kFail);
    }
    if (defaults.may_retry) {
        TRY(out["retry"], retry_json(step, defaults.retry, below(step.field, "retry")));
    }
    return out;
}

Result<Json> actions_json(const Definition& definition, const Catalog& catalog) {
    JsonObject out;
    for (const Uses& uses : wanted(definition).actions) {
        const CatalogAction& pinned = catalog.actions.at(uses);
        TRY(connector::App app, connector::parse_app(pinned.manifest));
        TRY(connector::Action action, connector::parse_action(pinned.definition));
        JsonObject one;
        one["major"] = uses.major;
        one["version"] = pinned.version;
        one["app_version_id"] = pinned.app_version_id.text();
        one["action_id"] = pinned.action_id.text();
        one["manifest"] = connector::to_json(app);
        one["action"] = connector::to_json(action);
        out[pinned_name(uses, pinned)] = std::move(one);
    }
    return out;
}

Result<Json> connections_json(const Definition& definition, const Catalog& catalog) {
    JsonObject out;
    for (const std::string& name : wanted(definition).connections) {
        const CatalogConnection& pinned = catalog.connections.at(name);
        TRY(connector::App app, connector::parse_app(pinned.manifest));
        JsonObject one;
        one["id"] = pinned.id.text();
        one["app"] = pinned.app;
        one["manifest"] = connector::to_json(app);
        out[name] = std::move(one);
    }
    return out;
}

}  // namespace

Result<Json> compile(const Definition& definition, const Catalog& catalog) {
    if (auto errors = check(definition, catalog); !errors.empty()) return fail(std::move(errors.front()));
    JsonObject out;
    out["format"] = "weft-compiled/1";
    out["name"] = definition.name;
    out["timeout_ms"] = definition.timeout.value_or(Millis(limits::kRunTimeoutDefault)).count();
    if (definition.inputs) out["inputs"] = *definition.inputs;
    out["env"] = definition.env;
    TRY(out["actions"], actions_json(definition, catalog));
    TRY(out["connections"], connections_json(definition, catalog));
    JsonArray steps;
    for (const Step& step : definition.steps) {
        TRY(Json one, step_json(step, definition, catalog));
        steps.push_back(std::move(one));
    }
    out["steps"] = std::move(steps);
    if (definition.output) out["output"] = *definition.output;
    if (!definition.flow.empty()) out["flow"] = definition.flow;
    if (!definition.on_failure.empty()) out["on_failure"] = definition.on_failure;
    if (!definition.marks.empty()) out["marks"] = marks_json(definition.marks);
    return out;
}

std::string content_hash(const Json& compiled) {
    std::string text = to_text(compiled);
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(
        reinterpret_cast<unsigned char*>(digest.data()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size()
    );
    return hex(digest);
}

}  // namespace weft::workflow
