#pragma once

#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <boost/asio/any_io_executor.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

namespace boost::asio {
class io_context;
}

namespace weft::rt {

/// One thread's event loop: everything a process does runs on it, so its state needs no locks. Work over
/// about a millisecond of CPU goes to `on_pool`.
class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    boost::asio::io_context& context() { return *context_; }
    boost::asio::any_io_executor executor();

    /// Runs until `stop()`; returns at once if stopped before.
    void run();
    /// Callable from any thread and from signal-safe contexts of Asio; `run()` returns soon after.
    void stop();
    /// Runs `work` on the loop, soon. Callable from any thread.
    void post(std::move_only_function<void()> work);
    /// Calls `handler` on the loop for each arrival of one of `signals`, until the loop dies.
    void on_signals(std::span<const int> signals, std::function<void(int)> handler);

    /// Drives the loop until `task` has finished and returns its result: main functions and tests.
    template <class T>
    T run_until_done(Task<T> task) {
        if constexpr (std::is_void_v<T>) {
            drive(std::move(task));
        } else {
            std::optional<T> out;
            drive(store(std::move(task), out));
            return std::move(*out);
        }
    }

  private:
    template <class T>
    static Task<void> store(Task<T> task, std::optional<T>& out) {
        out.emplace(co_await std::move(task));
    }
    void drive(Task<void> task);

    struct Impl;
    std::unique_ptr<boost::asio::io_context> context_;
    std::unique_ptr<Impl> impl_;
};

/// Waits without holding anything; returns early with the error when `by` is over first.
Task<Result<void>> sleep_for(Steady::duration duration, Deadline by);

/// Lets other ready work run before continuing.
Task<void> yield();

/// Runs CPU-heavy `work` on the process's small thread pool (2 threads) and resumes on the caller's loop.
/// The work itself cannot be cancelled; it must be bounded.
Task<void> on_pool_erased(std::move_only_function<void()> work);

template <class F>
Task<std::invoke_result_t<F>> on_pool(F work) {
    std::optional<std::invoke_result_t<F>> out;
    std::move_only_function<void()> erased = [&out, &work] { out.emplace(work()); };
    co_await on_pool_erased(std::move(erased));
    co_return std::move(*out);
}

}  // namespace weft::rt
