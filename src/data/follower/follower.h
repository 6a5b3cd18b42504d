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
#include "store/quotas/quotas.h"
#include "store/runs/payload.h"

#include <memory>
#include <string>

/// Begins runs when others have ended; README.md says how.
namespace weft::follower {

struct Options {
    int ends_max = 50;                                        // in one transaction
    std::size_t output_bytes_max = 1u << 20;                  // of an ended run, told to what follows
    Steady::duration pause = std::chrono::milliseconds(250);  // between looks, while nothing ends
    Steady::duration timeout = std::chrono::seconds(10);      // of a transaction
    /// Due jobs of a tenant without a quota of its own, as of data/ingress.
    std::int64_t backlog_max = store::quotas::Defaults().due_runs;
    std::string public_url;  // how others reach the api
};

struct Needs {
    rt::Loop& loop;
    pg::Pool& pool;  // of weft_worker
    store::runs::PayloadCodec& codec;
    store::runs::DataKeys& keys;  // of samples
    store::notices::Tell tell;    // after each commit: JobsQueued, and RunChanged of the new runs
    const rt::Clock& clock;       // for ids
    Rng& rng;
    telemetry::Metrics& metrics;
    telemetry::Logger log;
    Options options{};
};

class Follower {
  public:
    explicit Follower(Needs needs);
    /// `close` must have finished.
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    /// Starts the loop and returns at once. A database that is away is waited for.
    void start();
    rt::Task<void> close();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::follower
