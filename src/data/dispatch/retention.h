#pragma once

#include "platform/blob/streams.h"
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
        std::string blob_folder;         // none when empty
        blob::Streams* files = nullptr;  // bytes of files; null: none
    };
    explicit Retention(Needs needs);

    rt::Task<void> run(rt::Deadline by);
    void hurry() { wanted_.notify_all(); }

  private:
    rt::Task<Result<bool>> step(rt::Deadline by);
    rt::Task<Result<bool>> sweep_files(rt::Deadline by);
    void count(const std::string& kind, std::int64_t number);

    Needs needs_;
    rt::Signal wanted_;
    std::map<std::string, telemetry::Counter> deleted_;
    telemetry::Gauge oldest_;
    telemetry::Gauge held_;
    Uuid files_after_;  // how far the sweep of files has come
};

}  // namespace weft::dispatch
