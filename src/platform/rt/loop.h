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
/// about a millisecond of CPU goes to `on_pool` or `offload`; `watch_stalls` tells what did not.
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
    /// Calls `noticed` with the time that one handler held the loop, for each that took `at_least`: all
    /// others waited for it. On the loop, before the next handler; at most one watcher.
    void watch_stalls(Steady::duration at_least, std::function<void(Steady::duration)> noticed);
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
    std::size_t turn();
    void note(Steady::duration held);

    struct Impl;
    std::unique_ptr<boost::asio::io_context> context_;
    std::unique_ptr<Impl> impl_;
};

/// Waits without holding anything; returns early with the error when `by` is over first.
Task<Result<void>> sleep_for(Steady::duration duration, Deadline by);

/// Lets other ready work run before continuing.
Task<void> yield();

/// Two small pools of 2 threads each. Tenants' texts have one of their own, so that they wait for each other
/// and not a login or a file for them.
enum class Pool { kProcess, kTenants };

/// Runs CPU-heavy or blocking `work` on a pool and resumes on the caller's loop. The work itself cannot be
/// cancelled; it must be bounded.
Task<void> on_pool_erased(std::move_only_function<void()> work, Pool pool);

template <class F>
Task<std::invoke_result_t<F>> on_pool(F work, Pool pool = Pool::kProcess) {
    std::optional<std::invoke_result_t<F>> out;
    std::move_only_function<void()> erased = [&out, &work] { out.emplace(work()); };
    co_await on_pool_erased(std::move(erased), pool);
    co_return std::move(*out);
}

/// Reading, checking or packing this much text takes at most some 2 ms, which a loop can bear; going to a
/// pool and back costs some 20 us, which most texts are not worth.
inline constexpr std::size_t kInlineBytesMax = 64u << 10;

/// Runs `work`, whose cost grows with `bytes`, here if that is little, else on the tenants' pool. What `work`
/// refers to must stay as it is until then: take a copy or own it in the awaiting coroutine.
template <class F>
Task<std::invoke_result_t<F>> offload(std::size_t bytes, F work) {
    if (bytes <= kInlineBytesMax) co_return work();
    co_return co_await on_pool(std::move(work), Pool::kTenants);
}

}  // namespace weft::rt
