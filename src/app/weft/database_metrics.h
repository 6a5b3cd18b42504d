#pragma once

#include "platform/pg/pg.h"
#include "platform/pg/server_clock.h"
#include "platform/rt/clock.h"
#include "platform/telemetry/metrics.h"

#include <vector>

namespace weft::app {

/// Connections in use and callers that wait for one, of all the process's pools together. All outlive the
/// exposition.
void watch_pools(std::vector<const pg::Pool*> pools, telemetry::Metrics& metrics);

/// How long the database takes for a statement that is no work: asked every two seconds, the wait for a
/// connection included, as it is for everybody else.
class QueryTime {
  public:
    explicit QueryTime(telemetry::Metrics& metrics);
    /// Brings `server_clock` up to date, and times that.
    rt::Task<void> follow(
        pg::ServerClock& server_clock, const rt::Clock& local, pg::Pool& pool, rt::Deadline by
    );

  private:
    telemetry::Histogram seconds_;
};

}  // namespace weft::app
