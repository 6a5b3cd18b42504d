#pragma once

#include "base/error.h"
#include "base/random.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/notices/notices.h"
#include "store/runs/payload.h"

#include <cstdint>
#include <functional>
#include <memory>

/// Fires schedules, in any number of processes at once; README.md says how they share the work.
namespace weft::scheduler {

struct Options {
    int batch_max = 200;                                   // schedules in one transaction
    std::size_t runs_max = 500;                            // likewise; what is left is due at once
    std::size_t bytes_max = 8 << 20;                       // of their values
    Steady::duration look_max = std::chrono::seconds(10);  // a notice that was lost costs so much
    Steady::duration timeout = std::chrono::seconds(10);   // of a transaction
    Millis postponed{5'000};       // what a limit keeps from firing is tried again then, and later and later,
    Millis postponed_max{60'000};  // up to this
    Steady::duration replan = std::chrono::minutes(10);  // looks for what older zones have planned
    Millis failed{60'000};                               // what cannot be fired at all
};

struct Needs {
    rt::Loop& loop;
    pg::Pool& pool;  // of weft_api
    store::runs::PayloadCodec& codec;
    store::notices::Tell tell;  // after each commit: JobsQueued, and RunChanged of the new runs
    const rt::Clock& clock;     // for ids
    Rng& rng;
    telemetry::Metrics& metrics;
    telemetry::Logger log;
    /// Whether a run of the tenant may begin now (backlog, disk); asked before each.
    std::function<Result<void>(TenantId)> may_start;
    Options options{};
};

class Scheduler {
  public:
    explicit Scheduler(Needs needs);
    /// `close` must have finished.
    ~Scheduler();
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    /// Starts the loop and returns at once. A database that is away is waited for.
    void start();
    /// Something may be due earlier than was known.
    void wake();
    rt::Task<void> close();

    /// One transaction: how many schedules it has dealt with. For tests.
    rt::Task<Result<int>> tick();

    struct Stats {
        std::int64_t fired = 0;
        std::int64_t missed = 0;
        std::int64_t skipped = 0;
    };
    Stats stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::scheduler
