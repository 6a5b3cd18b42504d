#include "store/quotas/waiting.h"

#include <algorithm>

namespace weft::store::quotas {

WaitingRuns::Known& WaitingRuns::known_of(TenantId tenant) {
    const std::string key = tenant.text();
    Known* found = known_.find(key);
    return found != nullptr ? *found : known_.add("", key, Known{.use = {.used = 0, .most = options_.most}});
}

rt::Task<Result<void>> WaitingRuns::admit(TenantId tenant, rt::Deadline by) {
    const Steady now = clock_.steady();
    const Known before = known_of(tenant);
    const bool is_near = before.use.used + before.let_in >= before.use.most;
    const auto age =
        std::max(is_near ? options_.near_age : options_.age, before.use.used * options_.age_each);
    if (!before.is_counting && (!before.counted_at || now - *before.counted_at >= age)) {
        known_of(tenant).is_counting = true;
        auto counted = co_await count_waiting(Db(pool_, tenant), options_.most, std::move(by));
        Known& after = known_of(tenant);
        after.is_counting = false;
        after.counted_at = now;
        if (counted) after.use = *counted;
        if (counted) after.let_in = 0;
    }
    Known& known = known_of(tenant);
    if (known.use.is_up()) {
        refused_.add();
        co_return fail(used_up(
            "waiting_runs",
            known.use,
            "nothing more can begin to wait until some have gone on or are canceled"
        ));
    }
    ++known.let_in;
    co_return Result<void>{};
}

}  // namespace weft::store::quotas
