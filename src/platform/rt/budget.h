#pragma once

#include "base/shares.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <list>
#include <string>

namespace weft::rt {

/// Bytes of memory that much work at once shares: taken before they are filled, given back when the last copy
/// is gone. Owners share them as base/shares says, so that one cannot take what another needs; who finds no
/// room waits its turn. Belongs to one loop.
class Budget {
  public:
    explicit Budget(Loop& loop, std::int64_t capacity, std::int64_t share = Shares<std::string>::kShare);
    /// No charge may be left.
    ~Budget();
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;

    /// What one piece of work has taken; gives it back at its end.
    class Charge {
      public:
        Charge() = default;
        Charge(Budget& budget, std::string owner) : budget_(&budget), owner_(std::move(owner)) {}
        ~Charge() { reset(); }
        Charge(Charge&& other) noexcept;
        Charge& operator=(Charge&& other) noexcept;

        /// Changes it to `bytes` if there is room now and nobody waits before; always when it shrinks.
        bool try_resize(std::int64_t bytes);
        /// Waits for the room. Errors: kLimit (more than a budget can ever give), kTimeout, kCancelled.
        Task<Result<void>> resize(std::int64_t bytes, Deadline by);
        void reset();
        std::int64_t bytes() const { return bytes_; }

      private:
        friend class Budget;
        Budget* budget_ = nullptr;
        std::string owner_;
        std::int64_t bytes_ = 0;
    };

    std::int64_t held() const { return shares_.held(); }
    std::int64_t capacity() const { return shares_.capacity(); }
    std::size_t waiting() const { return waiting_.size(); }

  private:
    struct Waiter;
    bool may_take(const std::string& owner, std::int64_t more) const;
    void give(const std::string& owner, std::int64_t bytes);
    void pass_on();

    Loop& loop_;
    Shares<std::string> shares_;
    std::list<Waiter*> waiting_;
};

}  // namespace weft::rt
