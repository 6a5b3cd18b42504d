#pragma once

#include "base/fair_lru.h"
#include "base/time.h"
#include "core/trigger/trigger.h"
#include "store/triggers/inbox.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weft::ingress::detail {

/// A trigger as the edge needs it, parsed once. Shared by the cache and the requests in flight.
struct KnownTarget {
    store::triggers::WebhookTarget row;
    trigger::Webhook webhook;
};

/// What tokens (by their SHA-256) lead to. Those of a tenant with many cannot push another's out; unknown
/// tokens are remembered apart, by who asked, so that guessing pushes out nothing but guesses.
class TargetCache {
  public:
    TargetCache(std::size_t most, Steady::duration age, Steady::duration unknown_age)
        : known_(most), unknown_(most), age_(age), unknown_age_(unknown_age) {}

    struct Found {
        std::shared_ptr<const KnownTarget> target;  // null: known to be unknown
    };
    std::optional<Found> find(const std::string& hash, Steady now);
    /// Counts invalidations: what was read before one must not be kept after it.
    std::uint64_t version() const { return version_; }
    void keep(
        const std::string& hash, std::shared_ptr<const KnownTarget> target, std::uint64_t read_at, Steady now
    );
    void keep_unknown(const std::string& hash, std::string_view asker, std::uint64_t read_at, Steady now);
    void forget(TriggerId id);
    void forget_all();
    std::size_t size() const { return known_.size(); }

  private:
    struct Entry {
        std::shared_ptr<const KnownTarget> target;
        Steady until;
    };
    static const Entry* find_in(FairLru<Entry>& shelf, const std::string& hash, Steady now);

    FairLru<Entry> known_;
    FairLru<Entry> unknown_;
    Steady::duration age_;
    Steady::duration unknown_age_;
    std::uint64_t version_ = 0;
};

}  // namespace weft::ingress::detail
