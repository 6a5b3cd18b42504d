#include "platform/http/detail/websocket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket.hpp>

namespace weft::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr auto kCloseTimeout = 2s;

using Stream = websocket::stream<Socket>;

/// Cuts the connection when `by` passes: Beast cannot abandon one operation and go on.
class Cutoff {
  public:
    Cutoff(Stream& stream, const rt::Deadline& by) : timer_(stream.get_executor()) {
        if (by.when() == Steady::max()) return;
        timer_.expires_at(by.when());
        timer_.async_wait([&stream](const error_code& ec) {
            if (!ec) cut(stream);
        });
    }
    static void cut(Stream& stream) {
        error_code ignored;
        beast::get_lowest_layer(stream).close(ignored);
    }

  private:
    asio::steady_timer timer_;
};

class Session final : public WebSocket::Impl {
  public:
    Session(rt::Loop& loop, Socket socket) : stream_(std::move(socket)), free_(loop) {}

    Stream& stream() { return stream_; }

    rt::Task<Result<Message>> read(rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        beast::flat_buffer buffer;
        error_code ec;
        {
            Cutoff cutoff(stream_, by);
            auto [failed, size] = co_await stream_.async_read(buffer, kAwait);
            ec = failed;
        }
        if (ec) co_return fail(describe(ec, by));
        Message message;
        message.kind = stream_.got_text() ? Message::Kind::kText : Message::Kind::kBinary;
        message.data = beast::buffers_to_string(buffer.data());
        co_return message;
    }

    rt::Task<Result<void>> write(Message message, rt::Deadline by) override {
        while (is_writing_) CO_CHECK_OK(co_await free_.wait(by));
        CO_CHECK_OK(by.check());
        is_writing_ = true;
        stream_.text(message.kind == Message::Kind::kText);
        error_code ec;
        {
            Cutoff cutoff(stream_, by);
            auto [failed, size] = co_await stream_.async_write(asio::buffer(message.data), kAwait);
            ec = failed;
        }
        is_writing_ = false;
        free_.notify_one();
        if (ec) co_return fail(describe(ec, by));
        co_return Result<void>{};
    }

    rt::Task<void> close(std::uint16_t code, std::string reason) override {
        if (!stream_.is_open()) co_return;
        websocket::close_reason why(static_cast<websocket::close_code>(code));
        why.reason.assign(reason.substr(0, why.reason.max_size()));
        Cutoff cutoff(stream_, rt::Deadline::in(kCloseTimeout));
        (void)co_await stream_.async_close(why, kAwait);
    }

  private:
    static Error describe(const error_code& ec, const rt::Deadline& by) {
        if (by.is_over()) return by.error();
        if (ec == websocket::error::message_too_big)
            return Error::limit("The WebSocket message is too large");
        return Error::cancelled(name(rt::CancelReason::kPeerGone)).with_detail(ec.message());
    }

    Stream stream_;
    rt::Signal free_;
    bool is_writing_ = false;
};

beast::http::request<beast::http::empty_body> handshake_of(const Request& head) {
    beast::http::request<beast::http::empty_body> request;
    request.method(beast::http::verb::get);
    request.target(head.raw_target);
    request.version(11);
    for (const auto& [key, value] : head.headers) request.insert(key, value);
    return request;
}

}  // namespace

rt::Task<void> run_websocket(
    Socket socket,
    Request head,
    Upgrade upgrade,
    rt::Scope& scope,
    rt::Loop& loop,
    std::shared_ptr<WebSocket::Impl>& opened
) {
    auto session = std::make_shared<Session>(loop, std::move(socket));
    Stream& stream = session->stream();
    stream.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    stream.set_option(websocket::stream_base::decorator(
        [id = head.id.text(), protocol = upgrade.subprotocol](websocket::response_type& response) {
            response.set("x-request-id", id);
            if (!protocol.empty()) response.set("sec-websocket-protocol", protocol);
        }
    ));
    stream.read_message_max(upgrade.message_bytes_max);
    auto request = handshake_of(head);
    auto [ec] = co_await stream.async_accept(request, kAwait);
    if (ec) co_return;
    opened = session;
    WebSocket handle(session, scope.forever());
    co_await upgrade.session(std::move(handle));
    if (scope.is_cancelled()) co_return;
    std::string no_reason;
    co_await session->close(websocket::close_code::normal, std::move(no_reason));
}

}  // namespace weft::http::detail
