#pragma once

#include "data/dispatch/detail/slots.h"
#include "data/dispatch/worker.h"
#include "data/engine/engine.h"
#include "platform/proc/presence.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/queue/queue.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace weft::dispatch {

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
    rt::Task<void> orphan_loop();
    rt::Task<void> depth_loop();

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
    rt::Scope runs_;   // supervisors
    rt::Scope scope_;  // the loops
};

}  // namespace weft::dispatch
