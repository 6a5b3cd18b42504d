#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "base/random.h"
#include "core/workflow/workflow.h"
#include "data/broker/broker.h"
#include "data/isolation/isolation.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/files/files.h"
#include "store/queue/queue.h"
#include "store/quotas/waiting.h"
#include "store/runs/journal.h"
#include "store/runs/payload.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// Drives core/runstate for the runs that this worker holds: it gives the pure machine its events and carries
/// out its commands with a sandbox, the broker and the journal.
namespace weft::engine {

struct Job;

/// The right to compute: few runs of a worker have it at a time. A run has it from its claim on, leaves it
/// while all it does is wait for others, and then holds neither a sandbox nor a place that keeps others from
/// starting.
class Slots {
  public:
    virtual ~Slots() = default;
    /// Gives the job's slot back.
    virtual void leave(Job& job) = 0;
    /// Waits for the job's turn; nothing to do when it has a slot. Errors: kCancelled, when the job's scope
    /// is cancelled or its run is asked to stop.
    virtual rt::Task<Result<void>> enter(Job& job) = 0;
};

struct Deps {
    rt::Loop& loop;
    pg::Pool& pool;
    store::runs::PayloadCodec& codec;
    store::runs::JournalWriter& journal;
    isolation::Backend& sandboxes;
    broker::Broker& broker;
    const rt::Clock& clock;
    Rng& rng;
    telemetry::Logger log;
    telemetry::Metrics& metrics;
    rt::Budget* requests = nullptr;                 // charged with requests under way; null: unbounded
    Slots* slots = nullptr;                         // null: a run keeps its slot to its end
    store::files::Files* files = nullptr;           // null: steps neither read nor make any
    store::quotas::WaitingRuns* waiting = nullptr;  // null: as many as like may wait
};

struct Options {
    Millis journal_lag{50};  // what a step did is in the database this much later, unless the run ends first
    Millis sandbox_wait{10'000};  // for a free sandbox; then the job is given back
    /// How long a run that only waits keeps its slot and sandbox. Longer than most calls take, because coming
    /// back costs a new sandbox and a read of the run's values; short, because meanwhile others cannot start.
    Millis slot_patience{500};
    int crashes_max = limits::kCrashesMax;
    Millis code_cpu_max{30'000};  // what a code step of a tenant may ask for (limits.cpu)
    std::string public_url;       // how others reach the api, for addresses that runs give away
    std::set<std::string, std::less<>>
        shared_tenants;              // slugs: their runs may have a process that has served others
    std::size_t versions_max = 256;  // compiled workflows kept, some 100 KiB each at most
};

/// One claimed run. Its dispatcher owns it, and stops it through it.
struct Job {
    Job(rt::Loop& loop, store::queue::Claimed taken, store::runs::Loaded row, Steady at);

    /// A person asked: the run ends as canceled. Idempotent.
    void request_cancel(store::queue::Cancel asked);
    /// Asked to stop, and the run has not been told: what is under way for it may as well be dropped.
    /// Afterwards its final steps need what they need.
    bool has_unheard_cancel() const { return cancel && !is_cancel_heard; }
    /// Something that the run waits for was answered.
    void signal();

    const store::queue::Claimed claimed;
    store::runs::Loaded loaded;
    const Steady loaded_at;  // when `loaded.now` was true
    Steady held_until{};     // the lease by our own clock, short of the database's: the dispatcher's
    std::optional<store::queue::Cancel> cancel;
    bool is_cancel_heard = false;          // by the run
    bool is_signaled = false;              // and what it was has not been read
    isolation::Sandbox* asking = nullptr;  // while a request to it is under way
    bool has_slot = true;                  // kept by Slots
    rt::Signal woken;
    rt::Scope scope;  // cancel: the lease is lost, or we shut down; the run writes nothing more
};

enum class End {
    kFinished,  // committed
    kParked,    // given back to the queue, to be claimed later
    kLost,      // fenced off or cancelled from outside: nothing was written since
};

/// A version made ready to run; shared by its runs and the cache.
struct Prepared {
    store::runs::Version version;
    workflow::CompiledWorkflow workflow;
    std::vector<std::string> requests;  // by step: JSON text of the action's request template; "" = none
    bool is_shared = false;             // the operator lets its runs share sandboxes
};

class Engine {
  public:
    Engine(Deps deps, Options options);

    /// Runs the job until it ends, parks, or `job.scope` is cancelled. Spawn it in `job.scope`.
    rt::Task<End> run(Job& job);

    /// Ends a run that may not be tried again: state failed, kind platform, kept as a dead letter. Fenced.
    rt::Task<Result<void>> bury(store::queue::Poisoned poisoned, rt::Deadline by);

  private:
    using PreparedPtr = std::shared_ptr<const Prepared>;
    struct Kept {
        TenantId tenant;
        PreparedPtr prepared;
    };
    rt::Task<Result<PreparedPtr>> prepare(TenantId tenant, WorkflowVersionId version, rt::Deadline by);
    rt::Task<Result<void>> begin_handler(
        store::queue::Poisoned poisoned,
        store::runs::Loaded loaded,
        runstate::Failure failure,
        store::runs::Entry& entry,
        rt::Deadline by
    );
    /// What was used in this worker, for the metrics.
    void count(const store::runs::Used& from, const store::runs::Used& to) const;
    void keep(TenantId tenant, WorkflowVersionId version, PreparedPtr prepared);

    Deps deps_;
    Options options_;
    FairLru<Kept> versions_;  // by version id
    telemetry::Histogram seconds_;
    telemetry::Histogram start_seconds_;
    telemetry::Counter cpu_seconds_;
    telemetry::Counter memory_;
    telemetry::Counter bytes_in_;
    telemetry::Counter bytes_out_;
};

}  // namespace weft::engine
