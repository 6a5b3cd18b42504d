#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/random.h"
#include "data/broker/broker.h"
#include "data/broker/logins.h"
#include "data/isolation/isolation.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/files/files.h"
#include "store/notices/notices.h"
#include "store/quotas/quotas.h"
#include "store/runs/payload.h"

#include <cstdint>
#include <memory>
#include <optional>

/// Asks other systems what is new there, for triggers; README.md says how processes share the work.
namespace weft::poller {

struct Options {
    int polls_max = 16;           // at a time; a tenant's share as of base/shares
    Millis timeout{60'000};       // of one poll
    int listens_max = 50;         // connections that are held at a time, likewise
    Millis listen_lease{20'000};  // renewed every five seconds; who takes over after a crash waits so long
    Millis lease{90'000};         // longer: who holds it is through by then, or dead
    Steady::duration look_max = std::chrono::seconds(5);  // a notice that was lost costs so much
    std::size_t runs_max = 200;                           // begun in one transaction; the rest comes next
    std::size_t bytes_max = 8 << 20;                      // likewise, of their values
    /// Due jobs of a tenant without a quota of its own, as of data/ingress.
    std::int64_t backlog_max = store::quotas::Defaults().due_runs;
};

struct Needs {
    rt::Loop& loop;
    pg::Pool& pool;  // of weft_worker
    store::runs::PayloadCodec& codec;
    store::runs::DataKeys& keys;  // of samples
    isolation::Backend& sandboxes;
    broker::Broker& broker;
    broker::Logins& logins;
    store::files::Files* files;  // of attachments
    store::notices::Tell tell;   // after each commit: JobsQueued, and RunChanged of the new runs
    const rt::Clock& clock;      // for ids
    Rng& rng;
    telemetry::Metrics& metrics;
    telemetry::Logger log;
    Options options{};
};

class Poller {
  public:
    explicit Poller(Needs needs);
    /// `close` must have finished.
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    /// Starts the loop and returns at once. A database that is away is waited for.
    void start();
    /// Something may be due earlier than was known.
    void wake();
    /// Whoever is logged in with it comes in again. Nothing: any of them.
    void forget(std::optional<ConnectionId> connection);
    /// Calls off what is under way and gives it back.
    rt::Task<void> close();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::poller
