#pragma once

#include "base/error.h"
#include "base/random.h"
#include "data/egress/egress.h"
#include "platform/http/smtp.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/vault/open.h"

#include <memory>
#include <string>

/// Tells people and other systems that runs have ended; README.md says how.
namespace weft::alerter {

struct Options {
    int messages_max = 16;                                // at a time; a tenant's share as of base/shares
    Millis timeout{15'000};                               // of one attempt
    Millis lease{60'000};                                 // longer: who holds it is through by then, or dead
    Millis first_pause{10'000};                           // between attempts; see alert::backoff
    Steady::duration look_max = std::chrono::seconds(1);  // between looks for what is due
    Steady::duration count_every = std::chrono::seconds(15);  // of the gauges
    std::string mail_from;                                    // the address of e-mail's sender
    std::string public_url;                                   // that links begin with; "": messages have none
};

struct Needs {
    rt::Loop& loop;
    pg::Pool& pool;  // of weft_worker
    store::vault::Vault& vault;
    egress::Egress& egress;
    http::Smtp* smtp;        // null: there is no mail server
    const rt::Clock& clock;  // for timestamps of signatures
    Rng& rng;
    telemetry::Metrics& metrics;
    telemetry::Logger log;
    Options options{};
};

class Alerter {
  public:
    explicit Alerter(Needs needs);
    /// `close` must have finished.
    ~Alerter();
    Alerter(const Alerter&) = delete;
    Alerter& operator=(const Alerter&) = delete;

    /// Starts the loop and returns at once. A database that is away is waited for.
    void start();
    /// Calls off what is under way and gives it back.
    rt::Task<void> close();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::alerter
