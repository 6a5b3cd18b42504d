#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "store/vault/connections.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What calls tell of connections: when they were used, and whether their secret was taken.
namespace weft::store::vault {

/// One answered call.
struct Use {
    TenantId tenant;
    ConnectionId connection;
    int revision = 1;  // of the secret that was sent
    int status = 200;  // of the answer
};
/// The other system does not take the secret, or not for this.
inline bool is_refusal(int status) {
    return status == 401 || status == 403;
}

/// Keeps uses in memory and writes them off the runs' path: for each connection at most once a minute, and
/// after five seconds when its state has changed. What a process that dies has not written is lost; the next
/// use tells it again. One loop.
class Uses {
  public:
    /// `changed` hears of connections whose state is another now: lines for GraphQL's watchers.
    using Changed = std::function<void(TenantId, ConnectionId)>;
    Uses(pg::Pool& pool, const rt::Clock& clock, Changed changed);

    void note(const Use& use);
    /// What is due; with kAll what is not due yet as well, for a process that ends. Errors: those of the
    /// pool; what was to be written then is lost until the next use.
    enum class Which { kDue, kAll };
    rt::Task<Result<void>> write(Which which, rt::Deadline by);

  private:
    struct Entry {
        Use last;
        Instant used_at{};
        std::optional<State> state{};    // what the last telling answer said of `last.revision`
        std::optional<State> written{};  // what the row says, as far as this process knows
        std::optional<int> error_status{};
        std::optional<Instant> error_at{};
        std::optional<Steady> written_at{};
        bool is_pending = false;
    };
    bool is_due(const Entry& entry) const;
    rt::Task<Result<void>> write_tenant(TenantId tenant, std::vector<Entry> entries, rt::Deadline by);

    pg::Pool& pool_;
    const rt::Clock& clock_;
    Changed changed_;
    FairLru<Entry> entries_;
    std::vector<std::string> pending_;  // keys of entries
};

}  // namespace weft::store::vault
