#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The states of runs and steps, and how they are written: in definitions, rows, notices, the API and the UI
/// there is no other spelling.
namespace weft::runstate {

enum class RunStatus : std::uint8_t { kQueued, kRunning, kWaiting, kSuccess, kFailed, kCanceled };
/// kSkipped: its condition was false, or what it needs was not met. kCanceled: it had begun when the run was
/// stopped. kNotReached: it had not.
enum class StepStatus : std::uint8_t {
    kQueued,
    kRunning,
    kWaiting,
    kSuccess,
    kFailed,
    kSkipped,
    kCanceled,
    kNotReached,
};

/// In the order of the enum.
inline constexpr std::array<std::string_view, 6> kRunStatuses = {
    "queued", "running", "waiting", "success", "failed", "canceled"
};
inline constexpr std::array<std::string_view, 8> kStepStatuses = {
    "queued", "running", "waiting", "success", "failed", "skipped", "canceled", "not_reached"
};

std::string_view name(RunStatus status);
std::string_view name(StepStatus status);
std::optional<RunStatus> run_status_from(std::string_view text);
std::optional<StepStatus> step_status_from(std::string_view text);
/// Success, failed or canceled; of a step also skipped and not reached.
bool is_terminal(RunStatus status);
bool is_terminal(StepStatus status);

}  // namespace weft::runstate
