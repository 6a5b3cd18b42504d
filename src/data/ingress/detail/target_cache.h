#pragma once

#include "base/time.h"
#include "core/trigger/trigger.h"
#include "store/triggers/inbox.h"

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weft::ingress::detail {

/// A trigger as the edge needs it, parsed once. Shared by the cache and the requests in flight.
struct KnownTarget {
    store::triggers::WebhookTarget row;
    trigger::Webhook webhook;
};

/// What tokens (by their SHA-256) lead to, the least recently used forgotten first. Unknown tokens are
/// remembered apart, so that guessing them cannot push the known ones out.
class TargetCache {
  public:
    TargetCache(std::size_t most, Steady::duration age, Steady::duration unknown_age)
        : known_{most, age}, unknown_{most, unknown_age} {}

    struct Found {
        std::shared_ptr<const KnownTarget> target;  // null: known to be unknown
    };
    std::optional<Found> find(const std::string& hash, Steady now);
    /// Counts invalidations: what was read before one must not be kept after it.
    std::uint64_t version() const { return version_; }
    void keep(
        const std::string& hash, std::shared_ptr<const KnownTarget> target, std::uint64_t read_at, Steady now
    );
    void forget(TriggerId id);
    void forget_all();
    std::size_t size() const { return known_.entries.size(); }

  private:
    struct Entry {
        std::string hash;
        std::shared_ptr<const KnownTarget> target;
        Steady until;
    };
    struct Shelf {
        std::size_t most;
        Steady::duration age;
        std::list<Entry> entries{};  // the most recently used first
        std::unordered_map<std::string, std::list<Entry>::iterator> by_hash{};

        Entry* find(const std::string& hash, Steady now);
        void keep(Entry entry);
        void clear();
    };
    Shelf known_;
    Shelf unknown_;
    std::uint64_t version_ = 0;
};

}  // namespace weft::ingress::detail
