#include "platform/http/detail/wire.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <string.h>
#include <sys/socket.h>

#include <array>

namespace weft::http::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kIdleBufferBytesMax = 4u << 10;  // a larger one is given back between requests
constexpr std::size_t kLingerBytesMax = 1u << 20;      // of a refused body, read so that our answer arrives
constexpr auto kLinger = 2s;

}  // namespace

Wire::Wire(ServerCore& core, Socket socket) : core_(core), socket_(std::move(socket)) {}

void Wire::arm(Steady::duration timeout) {
    expires_at_ = std::chrono::steady_clock::now() + timeout;
}

void Wire::expire(Steady now) {
    if (now < expires_at_ || is_expired_) return;
    is_expired_ = true;
    interrupt();
}

void Wire::interrupt() {
    error_code ignored;
    socket_.cancel(ignored);
}

void Wire::use(std::size_t bytes) {
    ::explicit_bzero(in_.data() + in_at_, bytes);
    in_at_ += bytes;
}

rt::Task<bool> Wire::fill() {
    if (in_at_ == in_.size()) {
        in_at_ = 0;
        in_.clear();
        if (in_.capacity() > kIdleBufferBytesMax) std::string().swap(in_);
    }
    while (!is_over()) {
        auto [ec] = co_await socket_.async_wait(asio::socket_base::wait_read, kAwait);
        if (ec || is_over()) co_return false;
        error_code failed;
        std::size_t got = socket_.read_some(asio::buffer(core_.scratch), failed);
        if (failed == asio::error::would_block || failed == asio::error::interrupted) continue;
        if (failed || got == 0) co_return false;
        if (in_at_ > 0) {
            in_ = in_.substr(in_at_);
            in_at_ = 0;
        }
        in_.append(core_.scratch.data(), got);
        ::explicit_bzero(core_.scratch.data(), got);
        co_return true;
    }
    co_return false;
}

bool Wire::write_now(std::string_view head, std::string_view body, std::string& rest) {
    std::array<asio::const_buffer, 2> parts{
        asio::buffer(head.data(), head.size()), asio::buffer(body.data(), body.size())
    };
    error_code ec;
    std::size_t done = socket_.write_some(parts, ec);
    if (ec && ec != asio::error::would_block && ec != asio::error::interrupted) return false;
    if (done < head.size()) rest = head.substr(done);
    rest += body.substr(done > head.size() ? done - head.size() : 0);
    return true;
}

rt::Task<bool> Wire::write_rest(std::string rest) {
    std::size_t done = 0;
    while (done < rest.size()) {
        arm(core_.options.write_timeout);
        auto [waited] = co_await socket_.async_wait(asio::socket_base::wait_write, kAwait);
        if (waited || is_over()) co_return false;
        error_code ec;
        done += socket_.write_some(asio::buffer(rest.data() + done, rest.size() - done), ec);
        if (ec && ec != asio::error::would_block && ec != asio::error::interrupted) co_return false;
    }
    disarm();
    co_return true;
}

rt::Task<bool> Wire::write(std::string bytes) {
    std::string rest;
    if (!write_now(bytes, {}, rest)) co_return false;
    co_return rest.empty() || co_await write_rest(std::move(rest));
}

rt::Task<void> Wire::linger() {
    error_code ec;
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    arm(kLinger);
    for (std::size_t seen = 0; !ec && seen < kLingerBytesMax; seen += in_.size()) {
        in_.clear();
        in_at_ = 0;
        if (!co_await fill()) break;
    }
}

}  // namespace weft::http::detail
