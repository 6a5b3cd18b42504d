#pragma once

#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace weft::rt {

/// A condition to wait for on one loop: `wait` returns after a later `notify`. Check the condition in a loop.
class Signal {
  public:
    explicit Signal(Loop& loop);
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    /// Returns once notified; errors: kTimeout, kCancelled.
    Task<Result<void>> wait(Deadline by);
    void notify_one();
    void notify_all();
    std::size_t waiting() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with suspended waits
};

/// A value handed over once, from whoever computes it to one waiting task.
template <class T>
class OneShot {
  public:
    explicit OneShot(Loop& loop) : ready_(loop) {}

    void set(Result<T> value) {
        if (value_) return;
        value_.emplace(std::move(value));
        ready_.notify_all();
    }
    bool is_set() const { return value_.has_value(); }
    /// The value, or kTimeout / kCancelled when `by` is over first. Takes it: call once.
    Task<Result<T>> take(Deadline by) {
        while (!value_) CO_CHECK_OK(co_await ready_.wait(by));
        co_return std::move(*value_);
    }

  private:
    std::optional<Result<T>> value_;
    Signal ready_;
};

}  // namespace weft::rt
