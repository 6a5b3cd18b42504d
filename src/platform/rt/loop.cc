#include "platform/rt/loop.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <ctime>
#include <list>
#include <memory>
#include <mutex>

namespace weft::rt {

namespace asio = boost::asio;

struct Loop::Impl {
    std::list<asio::signal_set> signals;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    Steady::duration stall_from = Steady::duration::max();
    std::function<void(Steady::duration)> on_stall;
};

namespace {

/// Argon2id (46 MiB each) is the process's only regular guest; two threads bound its memory.
asio::thread_pool& threads_of(Pool pool) {
    static asio::thread_pool process(2);
    if (pool == Pool::kProcess) return process;
    static asio::thread_pool tenants(2);
    return tenants;
}

/// Threads of pools that work for a loop, which waits for them before it ends: Asio wakes a loop after it let
/// go of its lock, so a thread may be at that when what it posted has already run.
class Visitors : public asio::execution_context::service {
  public:
    using key_type = Visitors;
    static inline asio::execution_context::id id;

    explicit Visitors(asio::execution_context& context) : service(context) {}

    /// The visit lasts as long as what is returned.
    std::shared_ptr<void> begin() {
        const std::lock_guard hold(state_->mutex);
        ++state_->count;
        return {nullptr, [state = state_](void*) {
                    const std::lock_guard last(state->mutex);
                    --state->count;
                    state->changed.notify_all();
                }};
    }

  private:
    struct State {  // outlives the loop until the last visitor let go of it
        std::mutex mutex;
        std::condition_variable changed;
        int count = 0;
    };

    void shutdown() override {
        std::unique_lock hold(state_->mutex);
        state_->changed.wait(hold, [&] { return state_->count == 0; });
    }

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

Steady::duration thread_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void listen(asio::signal_set& set, std::shared_ptr<std::function<void(int)>> handler) {
    set.async_wait([&set, handler](const boost::system::error_code& ec, int signal) {
        if (ec) return;
        (*handler)(signal);
        listen(set, handler);
    });
}

}  // namespace

Loop::Loop()
    : context_(std::make_unique<asio::io_context>(1)),
      impl_(std::make_unique<Impl>(std::list<asio::signal_set>{}, asio::make_work_guard(*context_))) {}

Loop::~Loop() {
    impl_.reset();
}

asio::any_io_executor Loop::executor() {
    return context_->get_executor();
}

void Loop::run() {
    while (turn() > 0) {
    }
}

/// Runs one handler, waiting for one if none is ready; 0 when the loop was stopped.
std::size_t Loop::turn() {
    const auto start = std::chrono::steady_clock::now();
    if (context_->poll_one() > 0) {
        note(std::chrono::steady_clock::now() - start);
        return 1;
    }
    // This waits, which is no work: here the thread's CPU time tells how long the handler ran. Asking for it
    // is a system call, not worth making where not even wait and handler together took long.
    const auto cpu = thread_time();
    const std::size_t ran = context_->run_one();
    if (std::chrono::steady_clock::now() - start >= impl_->stall_from) note(thread_time() - cpu);
    return ran;
}

void Loop::note(Steady::duration held) {
    if (held >= impl_->stall_from) impl_->on_stall(held);
}

void Loop::watch_stalls(Steady::duration at_least, std::function<void(Steady::duration)> noticed) {
    impl_->stall_from = at_least;
    impl_->on_stall = std::move(noticed);
}

void Loop::stop() {
    context_->stop();
}

void Loop::post(std::move_only_function<void()> work) {
    // Asio 1.81 wants copyable handlers in places; the shared owner is this one posted call.
    auto shared = std::make_shared<std::move_only_function<void()>>(std::move(work));
    asio::post(*context_, [shared] { (*shared)(); });
}

void Loop::on_signals(std::span<const int> signals, std::function<void(int)> handler) {
    asio::signal_set& set = impl_->signals.emplace_back(*context_);
    for (int signal : signals) set.add(signal);
    listen(set, std::make_shared<std::function<void(int)>>(std::move(handler)));
}

void Loop::drive(Task<void> task) {
    bool done = false;
    std::exception_ptr thrown;
    asio::co_spawn(*context_, std::move(task), [&](std::exception_ptr error) {
        thrown = error;
        done = true;
    });
    context_->restart();
    while (!done && turn() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
}

Task<Result<void>> sleep_for(Steady::duration duration, Deadline by) {
    CO_CHECK_OK(by.check());
    asio::steady_timer timer(co_await asio::this_coro::executor);
    auto wake = std::chrono::steady_clock::now() + duration;
    bool cut_short = by.when() < wake;
    timer.expires_at(cut_short ? by.when() : wake);
    auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (ec || cut_short) co_return fail(by.error());
    co_return Result<void>{};
}

Task<void> yield() {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

Task<void> on_pool_erased(std::move_only_function<void()> work, Pool pool) {
    auto home = co_await asio::this_coro::executor;
    std::exception_ptr thrown;
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        [&](auto resume) {
            auto away = asio::use_service<Visitors>(asio::query(home, asio::execution::context)).begin();
            // Asio 1.81 wants copyable handlers.
            auto shared = std::make_shared<decltype(resume)>(std::move(resume));
            asio::post(threads_of(pool), [&work, &thrown, home, shared, away]() mutable {
                try {
                    work();
                } catch (...) {
                    thrown = std::current_exception();
                }
                asio::post(home, [shared = std::move(shared)] { (*shared)(); });
            });
        },
        asio::use_awaitable
    );
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace weft::rt
