#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "base/time.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weft::ingress::detail {

/// What tokens (by their SHA-256) lead to: a `Known` has the trigger's `row`. Those of a tenant with many
/// cannot push another's out; unknown tokens are remembered apart, by who asked, so that guessing pushes out
/// nothing but guesses.
template <class Known>
class TargetCache {
  public:
    TargetCache(std::size_t most, Steady::duration age, Steady::duration unknown_age)
        : known_(most), unknown_(most), age_(age), unknown_age_(unknown_age) {}

    struct Found {
        std::shared_ptr<const Known> target;  // null: known to be unknown
    };
    std::optional<Found> find(const std::string& hash, Steady now) {
        if (const Entry* entry = find_in(known_, hash, now)) return Found{entry->target};
        if (find_in(unknown_, hash, now) != nullptr) return Found{nullptr};
        return std::nullopt;
    }
    /// Counts invalidations: what was read before one must not be kept after it.
    std::uint64_t version() const { return version_; }
    void keep(
        const std::string& hash, std::shared_ptr<const Known> target, std::uint64_t read_at, Steady now
    ) {
        if (read_at != version_) return;
        const std::string owner = target->row.tenant.text();
        known_.add(owner, hash, {std::move(target), now + age_});
    }
    void keep_unknown(const std::string& hash, std::string_view asker, std::uint64_t read_at, Steady now) {
        if (read_at == version_) unknown_.add(asker, hash, {nullptr, now + unknown_age_});
    }
    void forget(TriggerId id) {
        ++version_;
        unknown_.clear();  // one of them may be this trigger's, active from now on
        known_.erase_if([&](const Entry& entry) { return entry.target->row.id == id; });
    }
    void forget_all() {
        ++version_;
        known_.clear();
        unknown_.clear();
    }
    std::size_t size() const { return known_.size(); }

  private:
    struct Entry {
        std::shared_ptr<const Known> target;
        Steady until;
    };
    static const Entry* find_in(FairLru<Entry>& shelf, const std::string& hash, Steady now) {
        const Entry* found = shelf.find(hash);
        if (found != nullptr && found->until > now) return found;
        shelf.erase(hash);
        return nullptr;
    }

    FairLru<Entry> known_;
    FairLru<Entry> unknown_;
    Steady::duration age_;
    Steady::duration unknown_age_;
    std::uint64_t version_ = 0;
};

}  // namespace weft::ingress::detail
