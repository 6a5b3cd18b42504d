#pragma once

#include "base/shares.h"
#include "data/engine/engine.h"
#include "platform/telemetry/metrics.h"
#include "store/queue/queue.h"

#include <deque>
#include <functional>
#include <map>

namespace weft::dispatch {

/// Who may compute in this worker, and how many runs it may hold at all. Two capacities, shared by the
/// tenants so that none can take the last place (base/shares): slots, which a run leaves while it only waits
/// for other systems, and held runs, each of which keeps some 50 KiB and a lease.
///
/// Which run of which tenant gets a place is decided by the queue's virtual time when it is claimed. Of runs
/// that come back from waiting, the tenant's that computes least goes first.
class Slots final : public engine::Slots {
  public:
    struct Sizes {
        int slots_max = 64;
        int held_max = 1'024;
        int share = 3;
    };
    /// `on_free` hears that a place has become free.
    Slots(Sizes sizes, telemetry::Metrics& metrics, std::function<void()> on_free);

    /// How many runs may be claimed now, and how many of them of one tenant.
    int free() const;
    store::queue::Rooms rooms() const;
    bool is_crowded() const { return slots_.free() < slots_.capacity() / 2; }
    /// A job has been claimed, and has a slot; its run is over here.
    void admit(const engine::Job& job);
    void remove(const engine::Job& job);

    void leave(engine::Job& job) override;
    rt::Task<Result<void>> enter(engine::Job& job) override;

  private:
    class Turn;
    int room(TenantId tenant) const;
    void pass_on();
    void report() const;

    Shares<TenantId> slots_;
    Shares<TenantId> held_;
    std::map<TenantId, std::deque<engine::Job*>> turns_;  // who waits to go on; never an empty one
    std::function<void()> on_free_;
    telemetry::Gauge busy_;
    telemetry::Gauge waiting_;
    telemetry::Gauge idle_;
};

}  // namespace weft::dispatch
