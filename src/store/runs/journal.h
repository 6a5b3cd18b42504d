#pragma once

#include "base/error.h"
#include "base/id.h"
#include "core/file/file.h"
#include "platform/pg/pg.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/notices/notices.h"
#include "store/queue/queue.h"
#include "store/runlog/runlog.h"
#include "store/runs/payload.h"
#include "store/runs/runs.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// What workers write about runs: fenced by (run, epoch), batched over all runs of the process.
namespace weft::store::runs {

struct StepWrite {
    std::string step;
    std::int64_t iteration = 0;  // runstate::Iteration
    int position = 0;
    runstate::StepStatus state = runstate::StepStatus::kQueued;
    int attempt = 0;
    std::optional<runstate::FailureKind> failure_kind;
    std::optional<std::string> error;
    std::optional<std::string> idempotency_key;
    std::optional<Instant> intent_at;
    std::optional<Instant> started_at;
    std::optional<Instant> finished_at;
    Used used;  // of all its attempts so far
};

struct EventWrite {
    Instant at;
    EventKind kind = EventKind::kResumed;
    std::optional<std::string> step;
    std::int64_t iteration = 0;
    std::string detail = "{}";
};

struct LogWrite {
    Instant at;
    runlog::Level level = runlog::Level::kInfo;
    std::optional<std::string> step;
    std::int64_t iteration = 0;
    std::string message;
    std::optional<std::string> fields = {};  // JSON text of an object
};

/// What happens to the job in the same transaction. All but kKeep end the lease.
enum class JobFate {
    kKeep,
    kPark,      // due again in `park_for`; counts as progress: earlier crashes are forgotten
    kPostpone,  // due again in `park_for`, for a reason that is not the run's
    kCrash,     // due again in `park_for`, and counted as a crash
    kFinish,    // deleted
};

/// What a run waits for. In the order of the enum: the words of the column.
enum class WaitKind : std::uint8_t { kCallback, kEvent, kApproval, kChild };
inline constexpr std::array<std::string_view, 4> kWaitKinds = {"callback", "event", "approval", "child"};

/// That a step waits, and what ends that (table run_wait). The step's row and the wait's event go along.
struct WaitWrite {
    std::string step;
    std::int64_t iteration = 0;
    int attempt = 1;  // opens the wait of an earlier one anew
    WaitKind kind = WaitKind::kCallback;
    std::optional<std::string> token_hash;  // 32 bytes
    std::optional<std::string> event_name;
    std::optional<std::string> event_key;
    std::optional<std::string> policy;  // JSON text
    std::optional<RunId> child;         // of kChild: the run, among Entry::begun
    bool is_answered = false;           // from the beginning; the answer is among the payloads
    Instant deadline;
};

/// One of a run's waits.
struct WaitRef {
    std::string step;
    std::int64_t iteration = 0;
};

/// A run that the entry's run begins, in the same transaction.
struct RunWrite {
    RunId id;
    WorkflowId workflow;
    WorkflowVersionId version;
    Cause cause = Cause::kStep;
    std::optional<std::string> step;  // that begins it
    std::int64_t iteration = 0;
    int attempt = 0;
    int depth = 1;
    bool is_awaited = false;            // its end answers that step's wait
    std::vector<StoredPayload> values;  // its input and what triggered it, sealed for it
    std::vector<FileId> files;          // in those values: it may use those that the entry's run may
};
/// What begins is looked up by its key; nothing when there is no such workflow.
struct Callee {
    WorkflowId id;
    std::string state;  // for people
    bool is_active = false;
    std::optional<WorkflowVersionId> published;
};
rt::Task<Result<std::optional<Callee>>> find_callee(
    pg::Pool& pool, TenantId tenant, std::string key, rt::Deadline by
);

/// One run's rows for one flush.
struct Entry {
    queue::Lease lease;
    WorkflowId workflow;  // for the notification
    // The run row. Terminal states need JobFate::kFinish.
    runstate::RunStatus state = runstate::RunStatus::kRunning;
    std::optional<runstate::FailureKind> failure_kind;
    std::optional<std::string> error;
    std::optional<std::string> tier;
    std::optional<Instant> started_at;
    std::optional<Instant> finished_at;
    Used used;  // since the run began, so that a repeated flush counts nothing twice
    JobFate fate = JobFate::kKeep;
    Millis park_for{0};
    /// The slot, among `payloads`, of what a caller that waits for the run is answered.
    std::optional<ValueSlot> answer;
    bool is_first_lease = true;  // else an earlier one may have answered: the answer is to be read
    std::optional<std::string> failed_step = std::nullopt;  // with kFinish: whose failure ended the run
    bool is_poison = false;    // with kFinish: workers died with it, hence it is not tried again
    bool may_wait = false;     // with kFinish: what it waits for is closed
    bool has_crashed = false;  // since it last got on: if a step has ended now, that is forgotten
    bool is_gated = false;     // with kFinish: its place at a gate goes to the next
    bool is_known = false;     // with kFinish: the end is recorded already; nobody is told or charged again
    std::vector<StepWrite> steps;
    std::vector<WaitWrite> waits;
    std::vector<WaitRef> dropped;  // waits that nothing is to answer any more
    std::vector<RunWrite> begun;
    /// With kFinish and success: the output, sealed for the parent's run and the slot of its step's answer.
    std::optional<StoredPayload> parent_answer;
    std::vector<FileId> parent_files;  // in that output: the parent may use those that the run may
    bool may_have_parent = false;      // with kFinish; the database knows whom the end answers
    std::vector<StoredPayload> payloads;
    std::vector<EventWrite> events;
    std::vector<LogWrite> logs;
    std::vector<Mark> marks;  // what it is found by from now on
    /// Number of events and logs this lease has written before: makes their sequence, so that a repeated
    /// flush adds nothing twice.
    std::int64_t events_before = 0;
    std::int64_t logs_before = 0;
};

/// One transaction for all entries. kStale: one of them is not held any more, and nothing was written.
/// Repeating it after an unknown outcome is harmless.
rt::Task<Result<void>> flush(pg::Pool& pool, std::vector<Entry*> entries, rt::Deadline by);

/// Collects the entries of all runs: one flush at a time, the next starts when the last has committed.
class JournalWriter {
  public:
    /// `tell` hears of committed states: at once of a run that ends, is parked or has an answer; of one that
    /// goes on some 30 ms later, unless it has ended by then.
    JournalWriter(rt::Loop& loop, pg::Pool& pool, notices::Tell tell);
    /// close() must have finished.
    ~JournalWriter();

    /// Returns when the entry is committed. Retries while the database is away, until `by`. Errors: kStale
    /// (fenced off: the caller must stop), kTimeout, kCancelled (outcome unknown), kInternal (a row that
    /// the database refuses).
    rt::Task<Result<void>> write(Entry entry, rt::Deadline by);

    struct Stats {
        std::int64_t flushes = 0;
        std::int64_t entries = 0;
        std::int64_t stale = 0;
    };
    const Stats& stats() const { return stats_; }
    rt::Task<void> close();

  private:
    struct Pending;
    rt::Task<void> work();
    std::vector<std::shared_ptr<Pending>> take_batch();
    rt::Task<Result<void>> flush_all(std::vector<std::shared_ptr<Pending>> batch);
    rt::Task<Result<void>> flush_each(std::vector<std::shared_ptr<Pending>>& batch);
    void settle(Pending& pending, bool is_held);
    void tell(notices::RunChanged changed, bool goes_on);
    void tell_others(const Entry& entry);
    rt::Task<void> tell_progress();

    rt::Loop& loop_;
    pg::Pool& pool_;
    notices::Tell tell_;
    std::deque<std::shared_ptr<Pending>> queue_;  // shared with the waiting writers, who may give up first
    bool is_working_ = false;
    using Progress = std::unordered_map<RunId, notices::RunChanged>;
    Progress fresh_;  // of runs that go on: to be told at the tick after the next
    Progress aged_;   // at the next
    bool is_telling_ = false;
    Stats stats_;
    rt::Scope scope_;
};

/// The newest "wait" event of a step, or of one item of a step in a loop: {"attempt": n, "until":
/// microseconds since 1970, "error"?: {...}}.
struct Wait {
    std::string step;
    std::int64_t iteration = 0;
    std::string detail;  // JSON text
};

/// That a wait was answered; what with, is a value of the run (ValueSlot::answer_of).
struct Answer {
    std::string step;
    std::int64_t iteration = 0;
    std::optional<runstate::FailureKind> failure_kind;  // of a child that failed; else it is not told
    std::optional<std::string> failure;                 // why its step fails nevertheless
    std::optional<RunId> child;                         // whose end it is
};

/// A run as its next worker finds it.
struct Loaded {
    RunId run;
    runstate::RunStatus state = runstate::RunStatus::kQueued;
    Instant now;  // the database's
    std::optional<Instant> started_at;
    Used used;                    // before
    std::vector<StepRun> steps;   // empty for a first claim
    std::vector<Wait> waits;      // likewise
    std::vector<Answer> answers;  // likewise; their values are among the payloads, but those of loops' items
    std::vector<StoredPayload> payloads;
};

/// Loads the claimed runs in one round trip: all of it for those claimed before (epoch > 1); of a new one
/// only its input and what triggered it, because nobody else has written anything of it. Resumed runs that
/// are absent are left out. `now` is when they were claimed.
rt::Task<Result<std::vector<Loaded>>> load(
    pg::Pool& pool, std::vector<queue::Lease> leases, Instant now, rt::Deadline by
);

/// Which of these waits of a run under way were answered until now. Their values are there.
rt::Task<Result<std::vector<Answer>>> answered_so_far(
    pg::Pool& pool, queue::Lease lease, std::vector<WaitRef> waiting, rt::Deadline by
);

/// Nothing answers the step's wait any more, unless it has been answered before; its child is asked to stop.
/// kStale; kUnavailable: try again.
rt::Task<Result<void>> close_wait(pg::Pool& pool, queue::Lease lease, WaitRef wait, rt::Deadline by);

/// Ends live runs that have no job (queue::Orphan) as failed, kind platform; alerts and followers hear of it
/// as of any end. Returns how many.
rt::Task<Result<std::int64_t>> fail_orphans(
    pg::Pool& pool, std::vector<queue::Orphan> orphans, rt::Deadline by
);

/// Makes the history tables' partitions of the coming days. Call it at start and every hour.
rt::Task<Result<void>> ensure_partitions(pg::Pool& pool, rt::Deadline by);

}  // namespace weft::store::runs
