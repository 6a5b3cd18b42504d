#include "platform/rt/scope.h"

#include "platform/rt/sync.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstdio>
#include <cstdlib>
#include <list>

namespace weft::rt {

namespace asio = boost::asio;

namespace {

/// Interrupted waits report an error code instead of throwing; the deadline tells the task why.
Task<void> without_throwing(Task<void> task) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await std::move(task);
}

std::string describe(std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& thrown) {
        return thrown.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

struct Scope::Impl {
    explicit Impl(Loop& owner, FaultHandler handler)
        : loop(owner), on_fault(std::move(handler)), state(std::make_shared<CancelState>()), idle(owner) {}

    Loop& loop;
    FaultHandler on_fault;
    std::shared_ptr<CancelState> state;
    std::list<asio::cancellation_signal> running;
    Signal idle;
};

Scope::Scope(Loop& loop, FaultHandler on_fault) : impl_(std::make_shared<Impl>(loop, std::move(on_fault))) {}

Scope::~Scope() {
    if (!impl_->running.empty()) {
        std::fprintf(
            stderr, "weft: a Scope died with %zu running tasks; close() it first\n", impl_->running.size()
        );
        std::abort();
    }
}

void Scope::spawn(Task<void> task) {
    if (is_cancelled()) return;
    auto at = impl_->running.emplace(impl_->running.end());
    auto done = [impl = impl_, at](std::exception_ptr error) {
        impl->running.erase(at);
        if (error && impl->on_fault) impl->on_fault(describe(error));
        if (impl->running.empty()) impl->idle.notify_all();
    };
    asio::co_spawn(
        impl_->loop.context(),
        without_throwing(std::move(task)),
        asio::bind_cancellation_slot(at->slot(), std::move(done))
    );
}

void Scope::cancel(CancelReason reason) {
    if (is_cancelled()) return;
    impl_->state->reason = reason;
    auto interrupt = [impl = impl_] {
        // A handler may finish its task at once and erase its node: step over it first.
        for (auto at = impl->running.begin(); at != impl->running.end();) {
            auto current = at++;
            current->emit(asio::cancellation_type::terminal);
        }
    };
    // From outside the loop Asio would queue each emit beside the task's own end, which frees what the emit
    // uses.
    if (impl_->loop.context().get_executor().running_in_this_thread()) {
        interrupt();
    } else {
        asio::post(impl_->loop.context(), interrupt);
    }
}

Task<void> Scope::join() {
    auto impl = impl_;
    while (!impl->running.empty()) (void)co_await impl->idle.wait(Deadline::in(1s));
}

Task<void> Scope::close() {
    cancel(CancelReason::kShutdown);
    co_await join();
}

std::size_t Scope::size() const {
    return impl_->running.size();
}
bool Scope::is_cancelled() const {
    return impl_->state->reason != CancelReason::kNone;
}

Deadline Scope::deadline(Steady::duration duration) const {
    return Deadline(std::chrono::steady_clock::now() + duration, impl_->state);
}

Deadline Scope::forever() const {
    return Deadline(Steady::max(), impl_->state);
}

}  // namespace weft::rt
