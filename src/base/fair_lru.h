#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace weft {

/// A bounded map from text for caches that many owners (tenants) fill. When it is full, the owner who holds
/// most gives up what it used longest ago: so an owner who floods it evicts only itself, and one that asks
/// for little keeps it, however busy others are. With one owner it is a plain LRU.
///
/// An entry weighs the bytes it is said to take, but at least `bytes_max / entries_max`; so both bounds hold.
template <class T>
class FairLru {
  public:
    explicit FairLru(std::size_t entries_max, std::size_t bytes_max = 0)
        : weight_max_(std::max(entries_max, bytes_max)),
          weight_min_(bytes_max == 0 ? 1 : std::max<std::size_t>(1, bytes_max / entries_max)) {}

    /// Null when it is not there; else it is its owner's newest now. The pointer lives until the entry goes.
    T* find(std::string_view key) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return nullptr;
        auto& own = found->second->owner->second.entries;
        own.splice(own.begin(), own, found->second);
        return &found->second->value;
    }
    /// Replaces what is there. One that is larger than everything may be is kept alone.
    T& add(std::string_view owner, std::string key, T value, std::size_t bytes = 0) {
        erase(key);
        const std::size_t weight = std::max(bytes, weight_min_);
        while (!by_key_.empty() && weight_ + weight > weight_max_) drop();
        auto* who = &*owners_.try_emplace(std::string(owner)).first;
        auto& own = who->second.entries;
        own.push_front({std::move(key), std::move(value), weight, who});
        by_key_.emplace(own.front().key, own.begin());
        weigh(who, who->second.weight + weight);
        return own.front().value;
    }
    /// The entry takes other bytes from now on. False: it is not there, or had itself to go to make room.
    bool resize(std::string_view key, std::size_t bytes) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return false;
        const auto entry = found->second;
        const std::size_t weight = std::max(bytes, weight_min_);
        weigh(entry->owner, entry->owner->second.weight - entry->weight + weight);
        entry->weight = weight;
        while (by_key_.size() > 1 && weight_ > weight_max_) drop();
        return by_key_.contains(key);
    }
    /// The first of all, in no order, that `matches(value)` is true for; null when there is none.
    template <class Matches>
    T* find_if(Matches matches) {
        for (auto& [key, entry] : by_key_) {
            if (matches(entry->value)) return &entry->value;
        }
        return nullptr;
    }
    /// `visit(value)` for each, in no order.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& [key, entry] : by_key_) visit(entry->value);
    }
    bool erase(std::string_view key) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return false;
        remove(found->second);
        return true;
    }
    /// `matches(value)` for each; what it is true for goes.
    template <class Matches>
    void erase_if(Matches matches) {
        for (auto at = by_key_.begin(); at != by_key_.end();) {
            const auto entry = (at++)->second;
            if (matches(entry->value)) remove(entry);
        }
    }
    void clear() {
        by_key_.clear();
        by_weight_.clear();
        owners_.clear();
        weight_ = 0;
    }
    std::size_t size() const { return by_key_.size(); }
    /// Of all; see above.
    std::size_t weight() const { return weight_; }
    /// Of one owner.
    std::size_t size(std::string_view owner) const {
        const auto found = owners_.find(std::string(owner));
        return found == owners_.end() ? 0 : found->second.entries.size();
    }

  private:
    struct Owner;
    using Owners = std::unordered_map<std::string, Owner>;
    using Owned = typename Owners::value_type;
    struct Entry {
        std::string key;
        T value;
        std::size_t weight;
        Owned* owner;  // lives as long as it has entries
    };
    using Entries = std::list<Entry>;
    struct Owner {
        Entries entries{};  // the most recently used first
        std::size_t weight = 0;
    };

    void weigh(Owned* owner, std::size_t weight) {
        by_weight_.erase({owner->second.weight, owner->first});
        weight_ += weight - owner->second.weight;
        owner->second.weight = weight;
        if (weight > 0) by_weight_.emplace(weight, owner->first);
    }
    void remove(typename Entries::iterator entry) {
        Owned* owner = entry->owner;
        const std::size_t left = owner->second.weight - entry->weight;
        by_key_.erase(entry->key);
        weigh(owner, left);
        owner->second.entries.erase(entry);
        if (owner->second.entries.empty()) owners_.erase(owners_.find(owner->first));
    }
    void drop() {
        const auto most = owners_.find(std::string(by_weight_.rbegin()->second));
        remove(std::prev(most->second.entries.end()));
    }

    std::size_t weight_max_;
    std::size_t weight_min_;
    std::size_t weight_ = 0;
    Owners owners_;
    std::set<std::pair<std::size_t, std::string_view>> by_weight_;             // names view into owners_
    std::unordered_map<std::string_view, typename Entries::iterator> by_key_;  // keys view into the entries
};

}  // namespace weft
