#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>

namespace weft {

/// A capacity that many owners (tenants) draw from, of which something is always left for the next one:
/// nobody may hold more than `share` times what is free, and the last eighth is for those who hold nothing
/// yet. Alone an owner gets two thirds. No number to set, no timer, nothing to take back when another one
/// comes.
///
/// It counts only; waiting and waking are its user's.
template <class Owner>
class Shares {
  public:
    static constexpr std::int64_t kShare = 3;

    /// `share` 0: whoever comes first takes all (for controls of tests).
    explicit Shares(std::int64_t capacity, std::int64_t share = kShare)
        : capacity_(capacity), reserve_(capacity / 8), share_(share) {}

    /// May `owner` take `amount` more now? One that holds nothing may take what is free.
    bool may_take(const Owner& owner, std::int64_t amount = 1) const {
        const std::int64_t mine = held(owner);
        if (amount > free()) return false;
        return mine == 0 || share_ == 0 || mine + amount <= share_ * (free() - amount - reserve_);
    }
    /// How many single units `owner` may take now.
    std::int64_t room(const Owner& owner) const {
        if (share_ == 0) return free();
        const std::int64_t mine = held(owner);
        const std::int64_t fair =
            std::max<std::int64_t>((share_ * (free() - reserve_) - mine) / (share_ + 1), 0);
        return mine == 0 ? std::min(std::max<std::int64_t>(fair, 1), free()) : fair;
    }

    void take(const Owner& owner, std::int64_t amount = 1) {
        held_[owner] += amount;
        total_ += amount;
    }
    void give(const Owner& owner, std::int64_t amount = 1) {
        auto at = held_.find(owner);
        if (at == held_.end()) return;
        total_ -= amount;
        if ((at->second -= amount) <= 0) held_.erase(at);
    }

    std::int64_t held(const Owner& owner) const {
        auto at = held_.find(owner);
        return at == held_.end() ? 0 : at->second;
    }
    std::int64_t held() const { return total_; }
    /// What nobody holds; never negative.
    std::int64_t free() const { return std::max<std::int64_t>(capacity_ - total_, 0); }
    std::int64_t capacity() const { return capacity_; }
    /// Those who hold something, with how much.
    const std::unordered_map<Owner, std::int64_t>& owners() const { return held_; }

  private:
    std::int64_t capacity_;
    std::int64_t reserve_;
    std::int64_t share_;
    std::int64_t total_ = 0;
    std::unordered_map<Owner, std::int64_t> held_;
};

}  // namespace weft
