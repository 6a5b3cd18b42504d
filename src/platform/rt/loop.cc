#include "platform/rt/loop.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>

namespace weft::rt {

namespace asio = boost::asio;

struct Loop::Impl {
    std::list<asio::signal_set> signals;
    asio::executor_work_guard<asio::io_context::executor_type> work;
};

namespace {

/// Argon2id (46 MiB each) is the only regular guest; two threads bound its memory and leave the loop a core.
asio::thread_pool& pool() {
    static asio::thread_pool instance(2);
    return instance;
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
    context_->run();
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
    while (!done && context_->run_one() > 0) {
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

Task<void> on_pool_erased(std::move_only_function<void()> work) {
    auto home = co_await asio::this_coro::executor;
    co_await asio::post(asio::bind_executor(pool(), asio::use_awaitable));
    std::exception_ptr thrown;
    try {
        work();
    } catch (...) {
        thrown = std::current_exception();
    }
    co_await asio::post(asio::bind_executor(home, asio::use_awaitable));
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace weft::rt
