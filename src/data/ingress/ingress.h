#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/random.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"
#include "platform/telemetry/metrics.h"
#include "store/files/files.h"
#include "store/idempotency/idempotency.h"
#include "store/notices/notices.h"
#include "store/quotas/quotas.h"
#include "store/runs/payload.h"
#include "store/runs/runs.h"
#include "store/triggers/inbox.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// How runs begin: every start (webhook, manual, re-run) goes through one batcher and is committed as event,
/// run, values and job together, before anybody is told that it was accepted.
namespace weft::ingress {

struct Options {
    std::size_t queue_max = 4'000;  // starts not yet committed; beyond: kUnavailable, before any ack
    std::size_t queue_bytes_max = 256u << 20;  // of their sealed values
    std::size_t flush_max = 500;               // starts in one transaction
    std::size_t flush_bytes_max = 16u << 20;   // of their sealed values
    /// Due jobs of a tenant without a quota of its own; beyond: kLimit.
    std::int64_t backlog_max = store::quotas::Defaults().due_runs;
    Steady::duration backlog_age = std::chrono::seconds(1);  // of the count
    Steady::duration flush_timeout = std::chrono::seconds(10);
    std::function<Result<void>()> admit;  // asked before anything is taken in: is there room to store it?
    /// Files that the input of a start by hand names are given to the run, and to one that repeats another
    /// that one's. Null: no run of these starts has files.
    store::files::Files* files = nullptr;
    store::runs::DataKeys* keys = nullptr;         // null: no event is kept as a sample
    std::optional<telemetry::Counter> captured;    // events that were kept as samples
    std::optional<telemetry::Counter> over_quota;  // starts that backlog_max refused
};

/// One run to begin. `input` and `trigger` are JSON texts, stored as the run's slots of these names.
struct StartRun {
    TenantId tenant;
    std::optional<RunId> id;  // by make_id or the like; else made here
    WorkflowId workflow;
    std::optional<WorkflowVersionId> version;  // the published one when not set
    std::string input = "null";
    std::string trigger = "{}";
    std::chrono::seconds* refused_for = nullptr;  // filled when a rate limit refuses it: when to try again
    std::optional<RunId> rerun_of;
    bool is_redrive = false;  // begins only if that one is a dead letter that nobody has dealt with
    /// Of those outside of loops. Their outputs together: at most limits::kKeptBytesMax.
    std::vector<store::runs::KeptStep> kept;
    /// Begins the run and takes the key in one transaction; the run that took it before is answered instead.
    std::optional<store::idempotency::Once> once;
};

/// One delivery of a webhook, already verified. The trigger must still be active and its workflow published
/// when the transaction runs; the run uses the version published then.
struct StartByEvent {
    TenantId tenant;
    TriggerId trigger_id;
    std::string dedupe_key;  // at most 200 bytes; empty: nothing to recognise a repeat by
    /// By Ingest::make_id, for who watches the run before it begins, to be told its answer; else made here.
    std::optional<RunId> run;
    bool is_awaited = false;  // somebody waits for its answer
    std::string input = "null";
    std::string trigger = "{}";
    std::chrono::seconds* refused_for = nullptr;  // as of StartRun
};

struct Started {
    RunId run;
    bool is_duplicate = false;  // `run` is the first delivery's, or the one that has the key
};

/// What is to become of an event. kKept: it is the trigger's sample, and begins no run, since trigger or
/// workflow are inactive or nothing is published; kUnwanted: likewise, and nobody listens any more.
enum class Capture { kBegin, kKept, kUnwanted };

/// The batcher: one flush at a time, the next as soon as the last has committed.
///
/// Errors of both: kInvalid (the key was used for another request), kNotFound (no such workflow or version,
/// trigger gone or inactive, nothing published), kLimit (backlog of the tenant, rate limit of the workflow,
/// value too large), kUnavailable (queue full, database away: not accepted, or the outcome is unknown and a
/// repeat with the same dedupe key is recognised), kTimeout.
class Ingest {
  public:
    Ingest(
        rt::Loop& loop,
        pg::Pool& pool,  // of weft_api
        store::runs::PayloadCodec& codec,
        store::notices::Tell tell,  // after each commit: JobsQueued, and RunChanged of the new runs
        const rt::Clock& clock,
        Rng& rng,
        Options options = {}
    );
    /// `close` must have finished.
    ~Ingest();
    Ingest(const Ingest&) = delete;
    Ingest& operator=(const Ingest&) = delete;

    /// What a start of this tenant's would be refused for now: kLimit, kUnavailable. Costs nothing.
    Result<void> may_start(TenantId tenant);
    /// The id of a run to come.
    RunId make_id();
    /// Returns after the commit. A caller that gives up does not undo the start.
    rt::Task<Result<Started>> start_run(StartRun start, rt::Deadline by);
    rt::Task<Result<Started>> start_by_event(StartByEvent start, rt::Deadline by);

    /// Keeps an event as its trigger's sample if somebody listens for one (store/triggers/samples.h); `input`
    /// and `about` are JSON texts, as of StartByEvent. Errors, where no run can begin: kUnavailable.
    rt::Task<Result<Capture>> capture(
        store::triggers::WebhookTarget of, std::string input, std::string about, rt::Deadline by
    );

    /// Takes nothing new, flushes what is waiting (within flush_timeout), stops.
    rt::Task<void> close();

    struct Stats {
        std::int64_t flushes = 0;
        std::int64_t started = 0;
        std::int64_t duplicates = 0;
        std::int64_t refused = 0;  // queue full or backlog
        std::size_t waiting = 0;
    };
    Stats stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::ingress
