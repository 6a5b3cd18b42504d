#pragma once

#include "base/limits.h"
#include "data/dispatch/slots.h"
#include "data/engine/engine.h"
#include "platform/pg/pg.h"
#include "platform/proc/presence.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/queue/queue.h"

#include <memory>
#include <unordered_map>
#include <vector>

/// Which runs a worker has.
namespace weft::dispatch {

struct Options {
    Millis lease = limits::kLease;
    Millis heartbeat = limits::kHeartbeat;  // a third of the lease
    Millis poll_max{1'000};                 // between looks into the queue when nothing hints
    Millis reap_every{5'000};
    Millis departed_every{1'000};  // looks for workers of this machine that have died
    Millis sweep_every{1'000};     // lost wake-ups
    Millis gates_max{1'000};       // between looks for gates that are due
    Millis gates_repair{10'000};   // between looks at all gates that runs stand before
    Millis cancel_every{500};      // looks for runs asked to stop
    Millis orphans_every{60'000};
    Millis depths_every{10'000};  // looks at the whole queue, for the metrics
    Millis drain{5'000};          // at stop(): what runs get to finish by themselves
    int crashes_max = limits::kCrashesMax;
};

struct Stats {
    int running = 0;
    std::int64_t claimed = 0;
    std::int64_t finished = 0;
    std::int64_t parked = 0;
    std::int64_t lost = 0;  // leases
    std::int64_t reaped = 0;
    std::int64_t taken_over = 0;
};

/// Which runs this worker has: claims them, keeps their leases, stops them, gives them back.
class Dispatcher {
  public:
    struct Needs {
        rt::Loop& loop;
        pg::Pool& pool;
        engine::Engine& engine;
        Slots& slots;
        const rt::Clock& clock;
        telemetry::Logger log;
        telemetry::Metrics& metrics;
        WorkerId id;
        Options options;
        const proc::Presence* presence = nullptr;  // none: nobody's end can be proven
    };
    explicit Dispatcher(Needs needs);

    void start();
    rt::Task<void> stop();
    /// Hints: there may be work; there may be a cancel request.
    void wake();
    void on_free() { work_.notify_all(); }
    void look_for_cancels() { cancels_.notify_all(); }
    Result<void> ready() const;
    Stats stats() const;

  private:
    struct Running {
        std::unique_ptr<engine::Job> job;
        Steady since;
        Steady beaten;  // when its lease was last taken or extended
    };

    rt::Task<void> claim_loop();
    /// How many jobs were claimed, of how many asked for.
    rt::Task<Result<int>> claim_once(int wanted);
    rt::Task<void> wait_for_work(Steady::duration pause);
    rt::Task<Result<void>> start_claimed(std::vector<store::queue::Claimed> claimed, Steady asked_at);
    rt::Task<void> supervise(engine::Job* job);

    rt::Task<void> heartbeat_loop();
    rt::Task<void> beat();
    void drop_lapsed();
    rt::Task<void> cancel_loop();
    rt::Task<void> reap_loop();
    rt::Task<void> take_over_loop();
    rt::Task<bool> take_over(std::vector<WorkerId> dead);
    rt::Task<void> on_reaped(store::queue::Reaped reaped);
    rt::Task<void> sweep_loop();
    rt::Task<void> gate_loop();
    rt::Task<void> orphan_loop();
    rt::Task<void> depth_loop();
    rt::Task<void> tell_waits();

    std::vector<store::queue::Lease> leases_older_than(Steady::duration age, Steady Running::* since) const;
    void cancel(const std::vector<store::queue::Canceled>& canceled);
    /// When a lease taken or extended by a statement sent at `asked_at` ends for us: before the database's.
    Steady held_until(Steady asked_at) const;
    void complain(std::string_view what, const Error& error) const;

    Needs needs_;
    store::queue::Queue queue_;
    std::unordered_map<RunId, Running> running_;
    rt::Signal work_;  // a hint, or a free slot
    rt::Signal cancels_;
    bool may_be_more_ = true;  // due, than the last claim took
    bool is_hinted_ = true;
    bool is_draining_ = false;
    Steady looked_at_{};  // last successful look into the queue
    Stats stats_;
    telemetry::Counter claimed_;
    telemetry::Counter finished_;
    telemetry::Counter lost_;
    telemetry::Counter reaped_;
    telemetry::Counter taken_over_;
    telemetry::Gauge busy_;
    telemetry::Gauge letters_;
    rt::Scope runs_;   // supervisors
    rt::Scope scope_;  // the loops
};

}  // namespace weft::dispatch
