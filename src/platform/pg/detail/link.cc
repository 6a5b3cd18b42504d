#include "platform/pg/detail/link.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libpq-fe.h>

#include <sys/socket.h>

#include <algorithm>

namespace weft::pg::detail {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

Error away(std::string detail) {
    Error error = Error::unavailable("The database is away; try again", std::move(detail));
    error.retry = Retry::kBackoff;
    return error;
}

Link::Link(rt::Loop& loop, PGconn* connection)
    : connection_(connection), socket_(loop.context()), watchdog_(loop.context()) {}

Link::~Link() {
    if (socket_.is_open()) socket_.release();  // libpq closes it
    PQfinish(connection_);
}

Error Link::lost(std::string_view what) {
    is_broken_ = true;
    return away(std::string(what) + ": connection lost");
}

void Link::watch(Steady until) {
    watch_until_ = until;
    auto look_at = std::min(until, std::chrono::steady_clock::now() + kWatchMax);
    if (is_watching_ && watchdog_.expiry() <= look_at) return;
    is_watching_ = true;
    watchdog_.expires_at(look_at);
    watchdog_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
        if (ec) return;
        if (auto self = weak.lock()) self->watch_fired();
    });
}

void Link::watch_fired() {
    is_watching_ = false;
    if (!is_waiting_) return;
    if (std::chrono::steady_clock::now() < watch_until_) {
        watch(watch_until_);
        return;
    }
    has_timed_out_ = true;
    socket_.cancel();
}

void Link::abandon() {
    is_abandoned_ = true;
    if (is_waiting_) socket_.cancel();
}

rt::Task<Result<void>> Link::wait(Direction direction, rt::Deadline by) {
    using namespace asio::experimental::awaitable_operators;
    if (is_abandoned_) co_return fail(lost("the server does not answer"));
    if (by.is_over()) {
        is_broken_ = true;
        co_return fail(by.error());
    }
    watch(by.when());
    is_waiting_ = true;
    bool is_interrupted = false;
    if (direction == Direction::kBoth) {
        auto either = co_await (
            socket_.async_wait(Descriptor::wait_read, kTuple) ||
            socket_.async_wait(Descriptor::wait_write, kTuple)
        );
        is_interrupted = std::visit([](const auto& done) { return bool(std::get<0>(done)); }, either);
    } else {
        auto what = direction == Direction::kRead ? Descriptor::wait_read : Descriptor::wait_write;
        auto [ec] = co_await socket_.async_wait(what, kTuple);
        is_interrupted = bool(ec);
    }
    is_waiting_ = false;
    if (!is_interrupted) co_return Result<void>{};
    is_broken_ = true;
    if (has_timed_out_ || by.is_over()) co_return fail(by.error());
    co_return fail(lost("wait"));
}

rt::Task<Result<bool>> Link::wait_for_news(rt::Deadline by) {
    if (is_abandoned_) co_return fail(lost("the server does not answer"));
    if (by.is_over()) co_return false;
    watch(by.when());
    has_timed_out_ = false;
    is_waiting_ = true;
    auto [ec] = co_await socket_.async_wait(Descriptor::wait_read, kTuple);
    is_waiting_ = false;
    if (!ec) co_return true;
    if (std::exchange(has_timed_out_, false)) co_return false;
    is_broken_ = true;
    if (by.is_over()) co_return fail(by.error());
    co_return fail(lost("wait"));
}

bool Link::is_peer_there() {
    for (;;) {
        char byte = 0;
        auto got = ::recv(PQsocket(connection_), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        if (got == 0 || PQconsumeInput(connection_) != 1) return false;
        (void)PQisBusy(connection_);  // parses what has come: notices, parameter changes, a farewell
        if (PQstatus(connection_) != CONNECTION_OK) return false;
    }
}

rt::Task<Result<void>> Link::flush(rt::Deadline by) {
    for (;;) {
        int left = PQflush(connection_);
        if (left == 0) co_return Result<void>{};
        if (left < 0) co_return fail(lost("flush"));
        // Read while writing: a server that cannot get rid of its answers stops taking our questions.
        CO_CHECK_OK(co_await wait(Direction::kBoth, by));
        if (PQconsumeInput(connection_) != 1) co_return fail(lost("flush"));
    }
}

bool Link::read() {
    if (PQconsumeInput(connection_) == 1) return true;
    is_broken_ = true;
    return false;
}

int Link::write() {
    int left = PQflush(connection_);
    if (left < 0) is_broken_ = true;
    return left;
}

rt::Task<Result<PGresult*>> Link::next(rt::Deadline by) {
    while (PQisBusy(connection_) == 1) {
        CO_CHECK_OK(co_await wait(Direction::kRead, by));
        if (PQconsumeInput(connection_) != 1) co_return fail(lost("read"));
    }
    co_return PQgetResult(connection_);
}

}  // namespace weft::pg::detail
