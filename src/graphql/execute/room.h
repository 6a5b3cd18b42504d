#pragma once

#include "graphql/validate/validate.h"
#include "platform/rt/budget.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::graphql {

/// What one answer may hold in memory, from when its values are read until it has been sent; a batch is one
/// answer. A part of the budget that all answers of the process share.
class AnswerRoom {
  public:
    AnswerRoom(rt::Budget& budget, std::string owner, std::size_t bytes_max)
        : charge_(budget, std::move(owner)), bytes_max_(bytes_max) {}

    /// Reserves all that the answer may take, so that nobody waits for more with some of it in hand. Later
    /// calls return at once. Failure "limit": there was no room in time.
    rt::Task<Outcome<>> open(rt::Deadline by);
    /// Counts what has been read. Failure "limit": it is more than an answer may have.
    Outcome<> add(std::size_t bytes);
    std::size_t left() const { return bytes_max_ - used_; }
    /// The answer is whole: what it did not need is given back, the rest when this dies.
    void close() { (void)charge_.try_resize(static_cast<std::int64_t>(used_)); }

  private:
    rt::Budget::Charge charge_;
    std::size_t bytes_max_;
    std::size_t used_ = 0;
    bool is_open_ = false;
};

}  // namespace weft::graphql
