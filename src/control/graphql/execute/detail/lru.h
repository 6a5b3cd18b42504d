#pragma once

#include <cstddef>
#include <limits>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace weft::graphql::detail {

/// A map from text, bounded in entries and in the bytes that they are said to take, that forgets what was
/// used longest ago.
template <class T>
class Lru {
  public:
    explicit Lru(std::size_t entries_max, std::size_t bytes_max = std::numeric_limits<std::size_t>::max())
        : max_(entries_max), bytes_max_(bytes_max) {}

    /// Null when it is not there; else it is the newest now. The pointer lives until the entry goes.
    T* find(std::string_view key) {
        auto found = by_key_.find(key);
        if (found == by_key_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &found->second->value;
    }
    /// The key must not be there yet. One that is larger than everything may be is kept alone.
    T& add(std::string key, T value, std::size_t bytes = 0) {
        while (!entries_.empty() && (entries_.size() >= max_ || bytes_ + bytes > bytes_max_)) drop_oldest();
        entries_.push_front({std::move(key), std::move(value), bytes});
        bytes_ += bytes;
        by_key_.emplace(entries_.front().key, entries_.begin());
        return entries_.front().value;
    }
    void drop_oldest() {
        bytes_ -= entries_.back().bytes;
        by_key_.erase(entries_.back().key);
        entries_.pop_back();
    }
    T& oldest() { return entries_.back().value; }
    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }
    void clear() {
        by_key_.clear();
        entries_.clear();
        bytes_ = 0;
    }

  private:
    struct Entry {
        std::string key;
        T value;
        std::size_t bytes = 0;
    };
    using Entries = std::list<Entry>;
    std::size_t max_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    Entries entries_;
    std::unordered_map<std::string_view, typename Entries::iterator> by_key_;  // keys view into entries_
};

}  // namespace weft::graphql::detail
