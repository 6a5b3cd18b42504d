#pragma once

#include "base/id.h"
#include "base/limits.h"
#include "base/time.h"
#include "core/runstate/policy.h"
#include "core/runstate/states.h"
#include "store/runs/used.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Runs as rows, and which of them are looked for.
namespace weft::store::runs {

/// Why one run begins another. In the order of the enum: the words of the column.
enum class Cause : std::uint8_t {
    kStep,     // a step of core/workflow
    kFailure,  // the other failed, and its workflow says what is to be done then
    kEvent,    // a trigger that waits for the ends of others
};
inline constexpr std::array<std::string_view, 3> kCauses = {"child", "handler", "follower"};
std::string_view name(Cause cause);
std::optional<Cause> cause_from(std::string_view text);

/// What the author of a workflow lets a run be found by: an indexed value of that name, or a tag.
struct Mark {
    std::string name;
    std::string value;

    auto operator<=>(const Mark&) const = default;
};
inline constexpr std::string_view kTag = "tag";  // no value has this name

struct Run {
    RunId id;
    WorkflowId workflow;
    std::string workflow_key;
    std::string workflow_name;
    WorkflowVersionId version;
    int version_number = 0;
    std::optional<TriggerId> trigger;
    std::optional<RunId> rerun_of;
    // By which run it was begun, and by which step of it.
    std::optional<Cause> cause;
    std::optional<RunId> parent;
    std::optional<std::string> parent_step;
    std::optional<std::int64_t> parent_iteration;
    runstate::RunStatus state = runstate::RunStatus::kQueued;
    std::optional<runstate::FailureKind> failure_kind;
    std::optional<std::string> error;  // JSON text
    std::optional<std::string> tier;
    Instant created_at;
    std::optional<Instant> started_at;
    std::optional<Instant> finished_at;
    bool is_cancel_requested = false;
    // Who asked it to stop, and why: of a live run, and of one that ended as canceled.
    std::optional<UserId> canceled_by;
    std::optional<std::string> canceled_by_name;
    std::optional<std::string> cancel_reason;
    // The gate that it stands before (docs/adr/0040), its key there and, of one run alone, how many stand
    // ahead of it: at most 1,000 are counted.
    std::optional<std::string> held_stage;
    std::optional<std::string> held_key;
    std::optional<std::int64_t> runs_ahead;
    std::optional<std::string> marks;  // JSON text: [[name, value], ...], see Mark
    Used used;                         // until it was last written
};

/// What began a run. In the order of the enum, with the words that people use: from kWebhook on, kinds of
/// triggers.
enum class Beginning : std::uint8_t {
    kManual,
    kRerun,
    kChild,
    kHandler,
    kWebhook,
    kForm,
    kSchedule,
    kPoll,
    kFeed,
    kMail,
    kPostgres,
    kNotify,
    kEvent,
};
inline constexpr std::array<std::string_view, 13> kBeginnings = {
    "manual",
    "rerun",
    "child",
    "handler",
    "webhook",
    "form",
    "schedule",
    "poll",
    "feed",
    "mail",
    "postgres",
    "notify",
    "event",
};
std::string_view name(Beginning beginning);
std::optional<Beginning> beginning_from(std::string_view text);

/// All that is set must hold.
struct RunFilter {
    std::vector<runstate::RunStatus> states;  // any of them; none: whatever it is
    std::optional<WorkflowId> workflow;
    std::optional<int> version;  // its number; needs `workflow`
    std::optional<RunId> parent;
    std::optional<TriggerId> trigger;
    std::optional<Beginning> begun_by;
    std::optional<runstate::FailureKind> failure;
    std::string error;  // what its message contains, in any case of letters
    // From the first, to the second: inclusive. Creation is in the run's id, to the millisecond.
    std::optional<Instant> created_from, created_to;
    std::optional<Instant> started_from, started_to;
    std::optional<Instant> finished_from, finished_to;
    std::optional<Millis> duration_min, duration_max;
    std::string tag;
    std::optional<Mark> mark;
    bool is_beginning = false;    // of the mark's value
    std::optional<RunId> before;  // keyset: runs older than this one
    int limit = limits::kPageSizeDefault;
};

/// What one look has found. The look ends at a full page, at the end, or after a fixed number of candidates:
/// then the page is short, maybe empty, and `next` says that there may be more.
struct RunPage {
    std::vector<Run> items;
    std::optional<RunId> next;  // RunFilter::before of the next look
};

}  // namespace weft::store::runs
