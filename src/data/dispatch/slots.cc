#include "data/dispatch/slots.h"

#include <algorithm>

namespace weft::dispatch {

/// A job's place among those that wait; left however the wait ends.
class Slots::Turn {
  public:
    Turn(Slots& slots, engine::Job& job) : slots_(slots), job_(job) {
        slots_.turns_[tenant()].push_back(&job_);
    }
    ~Turn() {
        auto at = slots_.turns_.find(tenant());
        if (at == slots_.turns_.end()) return;
        std::erase(at->second, &job_);
        if (at->second.empty()) slots_.turns_.erase(at);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    TenantId tenant() const { return job_.claimed.lease.tenant; }
    Slots& slots_;
    engine::Job& job_;
};

Slots::Slots(Sizes sizes, telemetry::Metrics& metrics, std::function<void()> on_free)
    : slots_(sizes.slots_max, sizes.share),
      held_(sizes.held_max, sizes.share),
      on_free_(std::move(on_free)),
      busy_(metrics.gauge("weft_slots_busy", "Runs that compute, or may at once")),
      waiting_(metrics.gauge("weft_runs_waiting", "Runs that hold no slot while other systems answer")),
      idle_(metrics.gauge("weft_slots_free", "Runs that this worker could begin at once")) {
    report();
}

int Slots::free() const {
    return static_cast<int>(std::min(slots_.free(), held_.free()));
}

int Slots::room(TenantId tenant) const {
    return static_cast<int>(std::min(slots_.room(tenant), held_.room(tenant)));
}

store::queue::Rooms Slots::rooms() const {
    store::queue::Rooms out{.others = room(TenantId()), .of = {}};
    for (const auto& [tenant, held] : held_.owners()) out.of.emplace_back(tenant, room(tenant));
    return out;
}

void Slots::admit(const engine::Job& job) {
    held_.take(job.claimed.lease.tenant);
    slots_.take(job.claimed.lease.tenant);
    report();
}

void Slots::remove(const engine::Job& job) {
    held_.give(job.claimed.lease.tenant);
    if (job.has_slot) slots_.give(job.claimed.lease.tenant);
    pass_on();
}

void Slots::leave(engine::Job& job) {
    job.has_slot = false;
    slots_.give(job.claimed.lease.tenant);
    pass_on();
}

rt::Task<Result<void>> Slots::enter(engine::Job& job) {
    if (job.has_slot) co_return Result<void>{};
    Turn turn(*this, job);
    pass_on();
    while (!job.has_slot) {
        if (job.has_unheard_cancel()) co_return fail(Error::cancelled("the run is asked to stop"));
        CO_CHECK_OK(co_await job.woken.wait(job.scope.forever()));
    }
    co_return Result<void>{};
}

/// Gives free slots to those who wait for one.
void Slots::pass_on() {
    for (;;) {
        auto next = turns_.end();
        for (auto at = turns_.begin(); at != turns_.end(); ++at) {
            if (!slots_.may_take(at->first)) continue;
            if (next == turns_.end() || slots_.held(at->first) < slots_.held(next->first)) next = at;
        }
        if (next == turns_.end()) break;
        engine::Job& job = *next->second.front();
        next->second.pop_front();
        slots_.take(next->first);
        if (next->second.empty()) turns_.erase(next);
        job.has_slot = true;
        job.woken.notify_all();
    }
    report();
    if (free() > 0) on_free_();
}

void Slots::report() const {
    busy_.set(static_cast<double>(slots_.held()));
    waiting_.set(static_cast<double>(held_.held() - slots_.held()));
    idle_.set(free());
}

}  // namespace weft::dispatch
