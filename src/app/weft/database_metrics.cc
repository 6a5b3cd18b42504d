#include "app/weft/database_metrics.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weft::app {

void watch_pools(std::vector<const pg::Pool*> pools, telemetry::Metrics& metrics) {
    constexpr const char* kConnections = "Connections to the database";
    auto busy = metrics.gauge("weft_db_connections", kConnections, {{"state", "busy"}});
    auto idle = metrics.gauge("weft_db_connections", kConnections, {{"state", "idle"}});
    auto shared = metrics.gauge("weft_db_connections", kConnections, {{"state", "shared"}});
    auto waiting = metrics.gauge("weft_db_waiting", "Callers that wait for a connection to the database");
    metrics.on_collect([=, pools = std::move(pools)] {
        double in_use = 0, free = 0, for_readers = 0, callers = 0;
        for (const pg::Pool* pool : pools) {
            const pg::Pool::Stats stats = pool->stats();
            in_use += stats.busy;
            free += std::max(stats.open - stats.busy, 0);
            for_readers += stats.shared_open;
            callers += stats.waiting;
        }
        busy.set(in_use);
        idle.set(free);
        shared.set(for_readers);
        waiting.set(callers);
    });
}

QueryTime::QueryTime(telemetry::Metrics& metrics)
    : seconds_(metrics.histogram(
          "weft_db_query_seconds", "Time of a small statement, with the wait for a connection"
      )) {}

rt::Task<void> QueryTime::follow(
    pg::ServerClock& server_clock, const rt::Clock& local, pg::Pool& pool, rt::Deadline by
) {
    const Steady asked_at = local.steady();
    (void)co_await server_clock.follow(pool, std::move(by));
    // One that was not answered in time counts, too: it took that long.
    seconds_.observe(std::chrono::duration<double>(local.steady() - asked_at).count());
}

}  // namespace weft::app
