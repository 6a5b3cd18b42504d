#include "platform/rt/sync.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weft::rt {

namespace asio = boost::asio;

struct Signal::Impl {
    struct Waiter {
        asio::steady_timer timer;
        bool is_notified = false;
    };
    explicit Impl(Loop& owner) : loop(owner) {}
    void wake(Waiter& waiter) {
        waiter.is_notified = true;
        waiter.timer.cancel();
    }
    Loop& loop;
    std::list<Waiter> waiters;
};

Signal::Signal(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}
Signal::~Signal() {
    notify_all();
}

Task<Result<void>> Signal::wait(Deadline by) {
    CO_CHECK_OK(by.check());
    auto impl = impl_;
    auto at = impl->waiters.emplace(impl->waiters.end(), asio::steady_timer(impl->loop.context(), by.when()));
    (void)co_await at->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    bool is_notified = at->is_notified;
    impl->waiters.erase(at);
    if (!is_notified) co_return fail(by.error());
    co_return Result<void>{};
}

void Signal::notify_one() {
    for (auto& waiter : impl_->waiters) {
        if (waiter.is_notified) continue;
        impl_->wake(waiter);
        return;
    }
}

void Signal::notify_all() {
    for (auto& waiter : impl_->waiters) impl_->wake(waiter);
}

std::size_t Signal::waiting() const {
    return impl_->waiters.size();
}

}  // namespace weft::rt
