#pragma once

#include "control/api/api.h"
#include "store/runs/runs.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

/// How answers show runs, their steps and values.
namespace weft::control::runview {

Json kind_json(const std::optional<runstate::FailureKind>& kind);

template <class T>
Json maybe_json(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// JSON that the engine wrote; unreadable is shown as null rather than hiding the rest of the run.
Json parsed(const std::optional<std::string>& text);
Json duration_json(std::optional<Instant> from, std::optional<Instant> to);
/// The values of a run or step, as they are: members of the answer. Who may not start runs does not answer
/// them, either.
void show(Context& context, std::span<const std::string_view> members, store::runs::Values values);
/// Of a run, with the number of its steps.
JsonObject used_json(const store::runs::Used& used);
/// `uses`: by the steps of its version.
JsonObject step_json(
    const store::runs::StepRun& step, const std::unordered_map<std::string, std::string>& uses
);

}  // namespace weft::control::runview
