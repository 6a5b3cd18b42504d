#include "control/runs/detail/view.h"

#include "core/workflow/workflow.h"

namespace weft::control::runview {

Json kind_json(const std::optional<runstate::FailureKind>& kind) {
    return kind ? Json(name(*kind)) : Json(nullptr);
}

void show(Context& context, std::span<const std::string_view> members, store::runs::Values values) {
    const bool sees_all = context.principal->permissions.has(tenancy::Permission::kRunStart);
    for (std::size_t i = 0; i < members.size(); ++i) {
        std::string text = std::move(values.texts[i]).value_or("null");
        if (!sees_all) text = workflow::hide_answer_addresses(std::move(text));
        context.texts.emplace_back(members[i], std::move(text));
    }
    context.room = std::move(values.room);
}

Json parsed(const std::optional<std::string>& text) {
    if (!text) return Json(nullptr);
    auto value = parse_json(*text, {.bytes_max = limits::kPayloadBytesMax, .depth_max = 64});
    return value ? std::move(*value) : Json(nullptr);
}

Json duration_json(std::optional<Instant> from, std::optional<Instant> to) {
    if (!from || !to) return Json(nullptr);
    return Json(std::chrono::duration_cast<Millis>(*to - *from).count());
}

JsonObject used_json(const store::runs::Used& used) {
    return JsonObject{
        {"steps", used.steps},
        {"cpu_us", used.cpu_us},
        {"memory_byte_seconds", used.memory_byte_seconds},
        {"bytes_in", used.bytes_in},
        {"bytes_out", used.bytes_out},
        {"calls", used.calls},
    };
}

JsonObject step_json(
    const store::runs::StepRun& step, const std::unordered_map<std::string, std::string>& uses
) {
    const auto found = uses.find(step.step);
    JsonObject used = used_json(step.used);
    used.erase("steps");
    return JsonObject{
        {"step_id", step.step},
        {"iteration", step.iteration},
        {"position", step.position},
        {"uses", found == uses.end() ? "" : found->second},
        {"state", name(step.state)},
        {"attempt", step.attempt},
        {"failure_kind", kind_json(step.failure_kind)},
        {"error", parsed(step.error)},
        {"started_at", time_json(step.started_at)},
        {"finished_at", time_json(step.finished_at)},
        {"duration_ms", duration_json(step.started_at, step.finished_at)},
        {"used", std::move(used)},
        {"source", step.source ? Json(name(*step.source)) : Json(nullptr)},
        {"has_input", step.has_input},
        {"has_output", step.has_output},
    };
}

}  // namespace weft::control::runview
