#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/scope.h"
#include "platform/telemetry/metrics.h"
#include "store/triggers/refused.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weft::ingress {

/// A delivery that was not taken, without anything of its content.
struct Refusal {
    TenantId tenant;
    TriggerId trigger;
    store::triggers::RefusalReason reason = store::triggers::RefusalReason::kOther;
    int status = 0;
    std::size_t size = 0;      // bytes of the body as sent, or as announced
    std::string content_type;  // cut
    std::string address;       // of the sender, masked
};

/// Of a delivery that was known and verified.
store::triggers::RefusalReason refusal_reason(const Error& error);

/// The network of an address: its /24, or /48 of an IPv6 one; "" for what is no address.
std::string masked_address(std::string_view address);

/// Keeps what a trigger's owner can see of refused deliveries, so that refusing costs the database little,
/// whoever sends how much: what is alike is counted together, and only so many rows are written in a turn, of
/// one trigger and at all. What is beyond is counted by the metric alone.
class Refusals {
  public:
    struct Options {
        Steady::duration every = std::chrono::seconds(2);  // between two turns
        std::size_t kinds_max = 8;                         // rows of one trigger in a turn
        std::size_t rows_max = 200;                        // of all triggers in a turn
    };
    Refusals(rt::Loop& loop, pg::Pool& pool, const rt::Clock& clock, telemetry::Metrics& metrics);
    Refusals(
        rt::Loop& loop, pg::Pool& pool, const rt::Clock& clock, telemetry::Metrics& metrics, Options options
    );
    /// close() must have returned.
    ~Refusals();
    Refusals(const Refusals&) = delete;
    Refusals& operator=(const Refusals&) = delete;

    /// Counts, and lets it be written with the next turn.
    void note(Refusal refusal);
    /// Writes what is waiting, now.
    rt::Task<void> flush(rt::Deadline by);
    /// Writes what is waiting, and stops.
    rt::Task<void> close(rt::Deadline by);

  private:
    using Kind = store::triggers::RefusedKind;
    struct Waiting {
        TenantId tenant;
        std::map<Kind, store::triggers::RefusedCount> kinds;
    };
    rt::Task<void> work();
    void count(store::triggers::RefusalReason reason);
    store::triggers::RefusedCount* place_for(const Refusal& refusal);

    rt::Loop& loop_;
    pg::Pool& pool_;
    const rt::Clock& clock_;
    telemetry::Metrics& metrics_;
    Options options_;
    std::map<TriggerId, Waiting> waiting_;
    std::size_t rows_ = 0;  // in `waiting_`
    std::map<store::triggers::RefusalReason, telemetry::Counter> counters_;
    telemetry::Counter unwritten_;
    bool is_working_ = false;
    rt::Scope scope_;
};

}  // namespace weft::ingress
