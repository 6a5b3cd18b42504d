#pragma once

#include "base/fair_lru.h"
#include "platform/rt/clock.h"
#include "platform/telemetry/metrics.h"
#include "store/quotas/quotas.h"

namespace weft::store::quotas {

/// May another run of a tenant begin to wait? Decided by a count of those that are parked, which is taken
/// anew when it is old, or when with those let in since it may be used up. Hence a tenant may exceed its
/// quota by its runs that are under way (they are parked a moment later) and by what other workers let in
/// meanwhile. Many are counted more seldom, so that counting stays a few hundredths of a processor. While the
/// database does not answer, the last count holds.
class WaitingRuns {
  public:
    struct Options {
        std::int64_t most = Defaults().waiting_runs;          // by default
        Steady::duration age = std::chrono::seconds(5);       // of a count
        Steady::duration near_age = std::chrono::seconds(1);  // likewise, where it may be used up
        // At least, for each that was counted: 0.7 us each is what PostgreSQL took for a million.
        Steady::duration age_each = std::chrono::microseconds(20);
    };
    WaitingRuns(pg::Pool& pool, const rt::Clock& clock, telemetry::Counter refused, Options options)
        : pool_(pool), clock_(clock), refused_(refused), options_(options) {}

    /// kLimit: none; a sentence for the tenant.
    rt::Task<Result<void>> admit(TenantId tenant, rt::Deadline by);

  private:
    struct Known {
        Use use;
        std::int64_t let_in = 0;  // since
        std::optional<Steady> counted_at;
        bool is_counting = false;
    };
    Known& known_of(TenantId tenant);

    pg::Pool& pool_;
    const rt::Clock& clock_;
    telemetry::Counter refused_;
    Options options_;
    FairLru<Known> known_{10'000};  // by tenant
};

}  // namespace weft::store::quotas
