#pragma once

#include "base/error.h"
#include "base/random.h"
#include "data/alerter/alerter.h"
#include "data/dispatch/dispatch.h"
#include "data/egress/egress.h"
#include "data/isolation/isolation.h"
#include "data/poller/poller.h"
#include "platform/blob/blob.h"
#include "platform/blob/streams.h"
#include "platform/crypto/crypto.h"
#include "platform/http/client.h"
#include "platform/http/smtp.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/telemetry/health.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/files/files.h"
#include "store/quotas/quotas.h"
#include "store/retention/retention.h"

#include <memory>
#include <set>
#include <string>

/// The data plane of one process: claims runs, drives them, and keeps the queue sound.
namespace weft::worker {

struct Options : dispatch::Options {
    int runs_max = 64;     // that compute at the same time; give isolation::Options::slots_max the same
    int held_max = 1'024;  // with those that wait for other systems, which hold no sandbox
    /// Memory for answers of other systems, from their first byte until journal and sandbox have them; and as
    /// much for the requests that are under way.
    std::int64_t answer_bytes_max = 256ll << 20;
    store::retention::Policy keep;
    store::quotas::Defaults quotas;  // of tenants without their own; of files: Deps::file_options
    Millis retire_every{10 * 60'000};
    std::string blob_folder;  // whose old days go with their rows; none when empty
    /// Where the workers of this machine announce themselves, so that the next one takes over at once what
    /// one of them held when it died (platform/proc/presence.h). None when empty: leases lapse.
    std::string presence_folder;
    int tenant_share = 3;  // a tenant holds at most so many times what is free of these (base/shares)
    Millis journal_lag{50};
    Millis slot_patience{500};                          // see engine::Options
    Millis code_cpu_max{30'000};                        // likewise
    std::set<std::string, std::less<>> shared_tenants;  // likewise
    std::string public_url;                             // likewise
    std::string ca_file;  // of mail servers and databases, instead of the system's; tests
    poller::Options poller;
    alerter::Options alerter;  // but `public_url`, which is ours
};

/// All of it borrowed for the worker's life, but `egress` and both options.
struct Deps {
    rt::Loop& loop;
    pg::Pool& pool;   // as weft_worker
    std::string url;  // of the same login: the listener's and the notifier's own connections
    isolation::Backend& sandboxes;
    crypto::KeyWrapper& shared_master;  // unwraps `data` keys
    crypto::KeyWrapper& vault_master;   // unwraps private vault keys
    http::Client& client;
    http::Smtp* smtp = nullptr;  // of alerts; null: there is no mail server
    blob::Store& blobs;
    blob::Streams& file_streams;
    store::files::Options file_options;
    egress::Policy egress;
    const rt::Clock& clock;
    Rng& rng;
    telemetry::Logger log;
    telemetry::Metrics& metrics;
    Options options;
};

struct Stats : dispatch::Stats {
    std::int64_t flushes = 0;  // of the journal
};

class Worker {
  public:
    explicit Worker(Deps deps);
    /// stop() must have returned.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Starts the loops and returns at once. A database that is away is waited for.
    void start();
    /// Claims nothing more, lets runs finish for Options::drain, gives the rest back to the queue. Once.
    rt::Task<void> stop();

    /// A disk gets full: what is older than its policy goes now.
    void hurry_retention();
    /// Ready while the last look into the queue succeeded, less than 10 s ago.
    Result<void> ready() const;
    Stats stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::worker
