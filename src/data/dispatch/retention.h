#pragma once

#include "platform/pg/pg.h"
#include "platform/rt/sync.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/retention/retention.h"

#include <map>
#include <string>

namespace weft::dispatch {

/// Lets go of what is older than its policy: now and then, and at once when a disk gets full.
class Retention {
  public:
    struct Needs {
        rt::Loop& loop;
        pg::Pool& pool;
        telemetry::Logger log;
        telemetry::Metrics& metrics;
        store::retention::Policy policy;
        Millis every;
        std::string blob_folder;  // none when empty
    };
    explicit Retention(Needs needs);

    rt::Task<void> run(rt::Deadline by);
    void hurry() { wanted_.notify_all(); }

  private:
    rt::Task<Result<bool>> step(rt::Deadline by);
    void count(const std::string& kind, std::int64_t number);

    Needs needs_;
    rt::Signal wanted_;
    std::map<std::string, telemetry::Counter> deleted_;
    telemetry::Gauge oldest_;
};

}  // namespace weft::dispatch
