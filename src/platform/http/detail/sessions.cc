#include "platform/http/detail/exchange.h"
#include "platform/http/detail/websocket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>

#include <array>
#include <charconv>

// Answers that last: streams and WebSockets.

namespace weft::http::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::uint16_t kGoingAway = 1001;  // RFC 6455: the server is shutting down

}  // namespace

class Exchange::ChunkSink final : public StreamWriter::Sink {
  public:
    ChunkSink(Exchange& exchange, std::optional<std::uint64_t> length, rt::Deadline by)
        : exchange_(exchange), length_(length), by_(std::move(by)) {}

    rt::Task<Result<void>> write(std::string chunk) override {
        CO_CHECK_OK(by_.check());
        if (chunk.empty() || exchange_.method_ == Method::kHead) co_return Result<void>{};
        std::string head;
        bytes_ += chunk.size();
        if (length_ && bytes_ > *length_) co_return fail(Error::internal("a stream is longer than it said"));
        if (!length_ && !exchange_.is_http_1_0_) {
            std::array<char, 20> digits;
            auto end = std::to_chars(digits.data(), digits.data() + digits.size(), chunk.size(), 16).ptr;
            head.assign(digits.data(), end);
            head += "\r\n";
            chunk += "\r\n";
        }
        if (head.empty()) {
            head = std::move(chunk);
        } else {
            head += chunk;
        }
        if (co_await exchange_.wire_.write(std::move(head))) co_return Result<void>{};
        CO_CHECK_OK(by_.check());
        if (exchange_.wire_.is_expired()) co_return fail(Error::timeout("The client does not read"));
        co_return fail(Error::cancelled(name(rt::CancelReason::kPeerGone)));
    }
    std::size_t bytes() const { return bytes_; }
    bool is_whole() const { return !length_ || bytes_ == *length_ || exchange_.method_ == Method::kHead; }

  private:
    Exchange& exchange_;
    std::optional<std::uint64_t> length_;
    rt::Deadline by_;
    std::size_t bytes_ = 0;
};

namespace {

struct Produced {
    explicit Produced(rt::Loop& loop) : done(loop) {}
    bool is_done = false;
    bool is_complete = false;
    rt::Signal done;
};

rt::Task<void> produce(StreamProducer producer, StreamWriter writer, Produced& out, Socket& socket) {
    // The mark must be set on an exception too, or the watcher would wait for ever.
    struct Mark {
        Produced& out;
        Socket& socket;
        ~Mark() {
            out.is_done = true;
            error_code ignored;
            socket.cancel(ignored);  // wakes the watcher
            out.done.notify_all();
        }
    } mark{out, socket};
    co_await producer(writer);
    out.is_complete = !writer.deadline().is_over();
}

rt::Task<void> run_session(rt::Task<void> session, Produced& out) {
    struct Mark {
        Produced& out;
        ~Mark() {
            out.is_done = true;
            out.done.notify_all();
        }
    } mark{out};
    co_await std::move(session);
}

/// Waits for the producer; cancels it when the peer goes away, time runs out or the server stops.
rt::Task<void> watch(Produced& produced, Socket& socket, rt::Scope& session, rt::Deadline by) {
    bool can_watch = true;
    while (!produced.is_done && !session.is_cancelled()) {
        if (by.is_over()) {
            session.cancel(by.reason());
        } else if (!can_watch) {
            (void)co_await produced.done.wait(by);
        } else {
            auto [ec] = co_await socket.async_wait(asio::socket_base::wait_read, kAwait);
            if (produced.is_done) break;
            if (ec) {
                session.cancel(by.is_over() ? by.reason() : rt::CancelReason::kPeerGone);
                break;
            }
            char byte = 0;
            auto seen = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (seen == 0 || (seen < 0 && errno != EAGAIN && errno != EINTR)) {
                session.cancel(rt::CancelReason::kPeerGone);
            } else if (seen > 0) {
                can_watch = false;  // a pipelined request hides the end of input from us
            }
        }
    }
}

}  // namespace

rt::Task<Next> Exchange::answer_stream(Response response, Next next) {
    if (is_http_1_0_ && !response.stream_length) next = Next::kClose;
    const auto length = response.stream_length;
    std::string head = head_of(response, next, length);
    if (!co_await wire_.write(std::move(head))) {
        record(0, 0);
        co_return Next::kClose;
    }
    rt::Scope session(core_.loop, core_.options.on_fault);
    ChunkSink sink(*this, length, session.forever());
    Produced produced(core_.loop);
    session_ = &session;
    if (core_.is_draining) session.cancel(rt::CancelReason::kShutdown);
    StreamWriter writer(sink, session.forever());
    session.spawn(produce(std::move(response.stream), std::move(writer), produced, wire_.socket()));
    if (session.size() > 0) co_await watch(produced, wire_.socket(), session, core_.tasks.forever());
    co_await session.join();
    session_ = nullptr;
    bool is_complete = produced.is_complete && !wire_.is_expired() && sink.is_whole();
    record(response.status, sink.bytes());
    if (!is_complete) co_return Next::kClose;  // no last chunk: the peer must see that it was cut short
    if (!length && !is_http_1_0_ && method_ != Method::kHead && !co_await wire_.write("0\r\n\r\n"))
        co_return Next::kClose;
    co_return core_.is_draining ? Next::kClose : next;
}

rt::Task<Next> Exchange::answer_upgrade(Upgrade upgrade) {
    if (!upgrade_head_ || wire_.has_unread()) {
        co_return co_await answer(
            problem(400, "upgrade_expected", "This address speaks WebSocket only", id_), Next::kClose
        );
    }
    rt::Scope session(core_.loop, core_.options.on_fault);
    Produced ended(core_.loop);
    session_ = &session;
    wake_ = &ended.done;
    record(101, 0);
    wire_.disarm();
    Request head = std::move(*upgrade_head_);
    upgrade_head_.reset();
    std::shared_ptr<WebSocket::Impl> opened;
    session.spawn(run_session(
        run_websocket(
            std::move(wire_.socket()), std::move(head), std::move(upgrade), session, core_.loop, opened
        ),
        ended
    ));
    while (session.size() > 0 && !ended.is_done && !core_.is_draining && !core_.tasks.is_cancelled())
        (void)co_await ended.done.wait(core_.tasks.forever());
    // Said while the session may still be reading: an interrupted read would leave no stream to say it on.
    std::string no_reason;
    if (!ended.is_done && opened && !core_.tasks.is_cancelled())
        co_await opened->close(kGoingAway, std::move(no_reason));
    session.cancel(rt::CancelReason::kShutdown);
    co_await session.join();
    session_ = nullptr;
    wake_ = nullptr;
    co_return Next::kClose;
}

}  // namespace weft::http::detail
