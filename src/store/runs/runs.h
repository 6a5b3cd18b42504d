#pragma once

#include "base/error.h"
#include "base/id.h"
#include "core/file/file.h"
#include "core/runstate/policy.h"
#include "core/runstate/states.h"
#include "platform/pg/pg.h"
#include "platform/rt/budget.h"
#include "store/runs/payload.h"
#include "store/runs/search.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Runs and their steps as people and the engine read them. Writing is in journal.h.
namespace weft::store::runs {

/// Where a step of a run comes from that the run has not done itself.
enum class StepSource : std::uint8_t { kRerun, kPin };
/// In the order of the enum: the words of the column. Of the run that it repeats; given by who tests.
inline constexpr std::array<std::string_view, 2> kStepSources = {"rerun", "pin"};
std::string_view name(StepSource source);
std::optional<StepSource> step_source_from(std::string_view text);

struct StepRun {
    std::string step;
    std::int64_t iteration = 0;  // see runstate::Iteration
    int position = 0;
    runstate::StepStatus state = runstate::StepStatus::kQueued;
    int attempt = 0;
    std::optional<runstate::FailureKind> failure_kind;
    std::optional<std::string> error;  // JSON text {message, field?, line?, column?, status?}
    std::optional<std::string> idempotency_key;
    std::optional<Instant> intent_at;
    std::optional<Instant> started_at;
    std::optional<Instant> finished_at;
    bool has_input = false;
    bool has_output = false;
    std::optional<StepSource> source;
    Used used;
};

/// A step that a run begins with instead of doing it, as if an earlier worker of it had.
struct KeptStep {
    StepRun row;                        // ended; its step, end, times and idempotency key count
    std::optional<std::string> output;  // JSON text
};

/// Which rows of a run's steps, and where to go on: behind that place.
struct StepFilter {
    std::optional<std::string> step;
    int position = -1;
    std::int64_t iteration = 0;
    std::optional<std::int64_t> only;  // this iteration
    int limit = 1'000;
};

/// Attempts of one step that were begun, whatever became of them.
struct Calls {
    std::string step;
    std::int64_t calls = 0;
    std::optional<Instant> last_at;
};

struct ValueKey {
    RunId run;
    ValueSlot slot;
};

/// What is worth telling of a run beside its steps.
enum class EventKind : std::uint8_t {
    kResumed,   // another worker has taken it up
    kWait,      // a step waits, for another attempt or asleep
    kCanceled,  // it was stopped
    kFinished,
    kCancelRequested,  // somebody asked it to stop; the worker has not heard yet
};
/// In the order of the enum.
inline constexpr std::array<std::string_view, 5> kEventKinds = {
    "resumed", "wait", "canceled", "finished", "run.cancel_requested"
};
std::string_view name(EventKind kind);
std::optional<EventKind> event_kind_from(std::string_view text);

struct Event {
    std::int64_t seq = 0;
    Instant at;
    EventKind kind = EventKind::kResumed;
    std::optional<std::string> step;
    std::int64_t iteration = 0;
    std::string detail;  // JSON text
};

/// A stored value, and which of the wanted ones it is, from 1.
struct FoundValue {
    std::int64_t place = 0;
    StoredPayload stored;
};

using Texts = std::vector<std::optional<std::string>>;

/// Those of a run's values that exist among `slots`, as they are stored.
rt::Task<Result<std::vector<StoredPayload>>> load_values(
    pg::Pool& pool, TenantId tenant, RunId run, std::vector<ValueSlot> slots, rt::Deadline by
);

/// Gives a run of the tenant, which may not have begun, those of these files that another was given.
rt::Task<Result<void>> pass_files(
    pg::Pool& pool, TenantId tenant, RunId from, RunId to, std::vector<FileId> files, rt::Deadline by
);

/// Values that have been opened, and the memory that they and what is made of them take: to be kept as long
/// as either is there.
struct Values {
    Texts texts;
    std::shared_ptr<rt::Budget::Charge> room;  // shared by whoever holds a part
};

/// Reads for one tenant; absent and another tenant's are both kNotFound.
class Runs {
  public:
    /// `room` is for all values that are open at a time; it outlives them.
    Runs(pg::Pool& pool, PayloadCodec& codec, rt::Budget& room) : pool_(pool), codec_(codec), room_(room) {}

    /// Newest first, after a bounded look: see RunPage. Errors: kInvalid, with the filter's member.
    rt::Task<Result<RunPage>> list(TenantId tenant, RunFilter filter, rt::Deadline by);
    rt::Task<Result<Run>> get(TenantId tenant, RunId run, rt::Deadline by);
    /// In the workflow's order, those in loops behind the others, item by item; empty for an absent run.
    rt::Task<Result<std::vector<StepRun>>> steps(
        TenantId tenant, RunId run, StepFilter filter, rt::Deadline by
    );
    /// Steps that the run has begun itself, or one that it repeats or that repeats one of them; those in
    /// loops counted over their items.
    rt::Task<Result<std::vector<Calls>>> calls(TenantId tenant, RunId run, rt::Deadline by);
    /// Those of `runs` that have been repeated.
    rt::Task<Result<std::vector<RunId>>> repeated(TenantId tenant, std::vector<RunId> runs, rt::Deadline by);
    /// Those that exist among `wanted`, as they are stored: one statement, however many runs.
    rt::Task<Result<std::vector<FoundValue>>> find_values(
        TenantId tenant, std::vector<ValueKey> wanted, rt::Deadline by
    );
    /// JSON text of one that was found. Its memory is the caller's to have reserved. Errors: kInvalid,
    /// kNotFound, kUnavailable.
    rt::Task<Result<std::string>> open_value(
        TenantId tenant, RunId run, StoredPayload stored, rt::Deadline by
    ) {
        return codec_.open(tenant, run, std::move(stored), std::move(by));
    }
    /// JSON text of those that exist among `slots`, in the order asked for, once there is room for them.
    /// Errors: kUnavailable (retry) when there is none in time.
    rt::Task<Result<Values>> values(
        TenantId tenant, RunId run, std::vector<ValueSlot> slots, rt::Deadline by
    );
    /// A value that is at hand as it was stored, opened once there is room for it. Errors: as of `values`,
    /// and kInvalid.
    rt::Task<Result<Values>> open(TenantId tenant, RunId run, StoredPayload stored, rt::Deadline by);
    /// Oldest first, of one step (of that item) when `step` is set.
    rt::Task<Result<std::vector<Event>>> events(
        TenantId tenant, RunId run, std::optional<std::string> step, std::int64_t iteration, rt::Deadline by
    );

  private:
    using Room = std::shared_ptr<rt::Budget::Charge>;
    struct Wanted;
    rt::Task<Result<Wanted>> find_ids(TenantId tenant, RunFilter filter, rt::Deadline by);
    /// For values of so many bytes, and what is made of them.
    rt::Task<Result<Room>> take_room(TenantId tenant, std::size_t bytes, rt::Deadline by);
    rt::Task<Result<Texts>> open_values(
        TenantId tenant, std::vector<ValueKey> wanted, std::vector<FoundValue> found, rt::Deadline by
    );

    pg::Pool& pool_;
    PayloadCodec& codec_;
    rt::Budget& room_;
};

/// A workflow version as the engine runs it.
struct Version {
    WorkflowVersionId id;
    WorkflowId workflow;
    std::string workflow_key;
    int number = 0;
    std::string tenant_slug;
    std::string compiled;  // JSON text made by core/workflow at publishing
};
rt::Task<Result<Version>> load_version(
    pg::Pool& pool, TenantId tenant, WorkflowVersionId version, rt::Deadline by
);

}  // namespace weft::store::runs
