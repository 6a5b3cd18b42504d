#include "platform/http/detail/connection.h"

#include "platform/http/address.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

namespace weft::http::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kIdleBufferBytesMax = 4u << 10;  // a larger one is given back between requests
constexpr std::size_t kLingerBytesMax = 1u << 20;      // of a refused body, read so that our answer arrives
constexpr auto kLinger = 2s;
constexpr std::uint16_t kGoingAway = 1001;  // RFC 6455: the server is shutting down

bool is_ours(std::string_view header) {
    static constexpr std::array<std::string_view, 5> kOwn{
        "content-length", "transfer-encoding", "connection", "date", "x-request-id"
    };
    return std::ranges::any_of(kOwn, [&](std::string_view own) {
        return own.size() == header.size() &&
               std::equal(own.begin(), own.end(), header.begin(), [](char a, char b) {
                   return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
               });
    });
}

bool has_valid_headers(const Response& response) {
    return std::ranges::all_of(response.headers, [](const Fields::Pair& pair) {
        return is_header_name(pair.first) && is_header_value(pair.second);
    });
}

void append_number(std::string& out, std::size_t value) {
    std::array<char, 24> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

Connection::Connection(ServerCore& core, Socket socket, std::string peer)
    : core_(core), socket_(std::move(socket)), peer_(std::move(peer)) {
    self_ = core_.open.insert(core_.open.end(), this);
    ++core_.stats.connections;
}

Connection::~Connection() {
    core_.open.erase(self_);
    --core_.stats.connections;
    core_.closed.notify_all();
}

void Connection::arm(Steady::duration timeout) {
    expires_at_ = std::chrono::steady_clock::now() + timeout;
}

void Connection::expire(Steady now) {
    if (now < expires_at_ || is_expired_) return;
    is_expired_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void Connection::drain() {
    error_code ignored;
    if (is_idle_) socket_.cancel(ignored);
    if (wake_ != nullptr) {
        wake_->notify_all();  // a WebSocket says goodbye first
    } else if (session_ != nullptr) {
        session_->cancel(rt::CancelReason::kShutdown);
    }
}

bool Connection::is_over() const {
    return is_expired_ || core_.tasks.is_cancelled();
}

rt::Task<void> Connection::serve() {
    error_code ec;
    socket_.non_blocking(true, ec);
    while (!ec && co_await serve_one() == Next::kKeepAlive) {
    }
    socket_.close(ec);
}

/// Reads what there is; false at the end of the connection, on expiry and on cancellation.
rt::Task<bool> Connection::fill() {
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

/// Feeds the parser until it is in `wanted` or kRefused; false when the connection ends before that.
rt::Task<bool> Connection::read_until(RequestParser::State wanted) {
    while (true) {
        if (in_at_ < in_.size()) {
            std::size_t used = parser_->feed(std::string_view(in_).substr(in_at_));
            // A connection kept alive must not keep the credential that a finished request carried.
            ::explicit_bzero(in_.data() + in_at_, used);
            in_at_ += used;
            auto state = parser_->state();
            if (state == wanted || state == RequestParser::State::kRefused) co_return true;
        }
        bool is_first = is_idle_ && in_at_ == in_.size();
        if (!co_await fill()) co_return false;
        if (is_first) {
            is_idle_ = false;
            started_ = std::chrono::steady_clock::now();
            expires_at_ = started_ + core_.options.header_timeout;  // once: later bytes do not extend it
        }
        if (wanted == RequestParser::State::kDone) arm_body();
    }
}

rt::Task<Connection::Next> Connection::serve_one() {
    parser_.emplace(core_.options);
    is_idle_ = in_at_ == in_.size();
    if (is_idle_ && core_.is_draining) co_return Next::kClose;
    arm(is_idle_ ? core_.options.idle_timeout : core_.options.header_timeout);
    started_ = std::chrono::steady_clock::now();
    bool has_head = co_await read_until(RequestParser::State::kHead);
    bool was_idle = std::exchange(is_idle_, false);
    if (was_idle && !has_head) co_return Next::kClose;

    note_head();
    if (!has_head || parser_->state() == RequestParser::State::kRefused) co_return co_await refuse_head();

    Admission admission = co_await admit();
    if (admission.refusal) {
        bool is_kept = parser_->is_keep_alive() && !parser_->has_body() && !core_.is_draining;
        Next next = is_kept ? Next::kKeepAlive : Next::kClose;
        co_return co_await answer(std::move(*admission.refusal), next);
    }
    if (parser_->has_body() && !co_await read_body(admission)) co_return co_await refuse_head();
    disarm();

    Request& request = parser_->request();
    bool keeps = parser_->is_keep_alive() && !core_.is_draining;
    request.deadline = core_.tasks.deadline(admission.timeout);
    body_bytes_in_ = request.body.size();
    if (request.headers.find("upgrade")) {
        upgrade_head_.emplace(request);
    }
    ++core_.stats.in_flight;
    auto result = co_await run_handler(std::move(request));
    --core_.stats.in_flight;
    if (core_.is_draining) keeps = false;
    Response response = result ? std::move(*result) : problem(result.error(), id_);
    co_return co_await answer(std::move(response), keeps ? Next::kKeepAlive : Next::kClose);
}

/// Remembers what is needed of the request after it has gone to the handler.
void Connection::note_head() {
    Request& request = parser_->request();
    id_ = request.id = RequestId::make(core_.clock.now(), core_.rng);
    request.peer = peer_;
    request.client = client_address(peer_, request.headers, core_.options.trusted_proxies);
    client_ = request.client;
    method_ = request.method;
    path_ = request.target.path;
    route_.clear();
    body_bytes_in_ = 0;
    is_http_1_0_ = parser_->is_http_1_0();
}

/// Decides from the head alone.
rt::Task<Admission> Connection::admit() {
    Request& request = parser_->request();
    ++core_.stats.requests;
    Admission admission = core_.service.admit(request);
    route_ = request.route;
    if (!admission.refusal && parser_->body_length().value_or(0) > admission.body_bytes_max) {
        admission.refusal =
            problem(413, "body_too_large", "The request's body is larger than allowed here", id_);
    }
    if (!admission.refusal && admission.gate != nullptr) {
        request.deadline = core_.tasks.deadline(admission.timeout);
        co_await ask_gate(admission);
    }
    co_return admission;
}

/// Answers what never became a request: malformed, too large, or too slow. Always closes.
rt::Task<Connection::Next> Connection::refuse_head() {
    Refusal why = parser_->refusal();
    if (parser_->state() != RequestParser::State::kRefused) {
        if (!is_expired_) {
            record(0, 0);
            co_return Next::kClose;
        }
        is_expired_ = false;
        why = {408, "request_timeout", "The request did not arrive in time"};
    }
    parser_->request().drop_body();  // what has arrived of it is for others again while we say so
    Response response = problem(why.status, why.kind, why.detail, id_);
    if (why.is_worth_retrying) {
        ++core_.stats.refused_bodies;
        response.headers.add("retry-after", "1");
    }
    if (why.status == 405) response.headers.add("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    co_return co_await answer(std::move(response), Next::kClose);
}

/// May the body come? Fills `refusal` when not.
rt::Task<void> Connection::ask_gate(Admission& admission) {
    Request& request = parser_->request();
    disarm();
    std::string fault;
    try {
        auto pass = co_await (*admission.gate)(request);
        if (!pass) {
            admission.refusal = problem(pass.error(), id_);
            co_return;
        }
        admission.refusal = std::move(pass->refusal);
        admission.share = std::move(pass->share);
        request.note = std::move(pass->note);
        co_return;
    } catch (const std::exception& thrown) {
        fault = thrown.what();
    }
    if (core_.options.on_fault) core_.options.on_fault(fault);
    admission.refusal = problem(Error::internal(std::move(fault)), id_);
}

/// Patience with a body grows with what has arrived: a sender that stalls holds its memory for seconds.
void Connection::arm_body() {
    const ServerOptions& o = core_.options;
    const auto earned = std::chrono::milliseconds(
        1'000 * parser_->request().body.size() / std::max<std::size_t>(1, o.body_bytes_per_second_min)
    );
    expires_at_ = body_started_ + std::min<Steady::duration>(o.body_timeout, o.body_grace + earned);
}

rt::Task<bool> Connection::read_body(const Admission& admission) {
    auto lease = std::make_shared<BodyBudget::Lease>(core_.bodies, address_key(client_), admission.share);
    parser_->limit_body(admission.body_bytes_max, *lease);
    parser_->request().body_lease = lease;
    body_started_ = std::chrono::steady_clock::now();
    arm_body();
    if (parser_->wants_continue() && in_at_ == in_.size()) {
        if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
        arm_body();
    }
    if (!co_await read_until(RequestParser::State::kDone)) co_return false;
    co_return parser_->state() == RequestParser::State::kDone;
}

rt::Task<Result<Response>> Connection::run_handler(Request request) {
    std::string fault;
    try {
        Result<Response> response = co_await core_.service.handle(std::move(request));
        if (!response && response.error().code == Code::kCancelled && core_.tasks.is_cancelled())
            co_return fail(Error::unavailable("The server is shutting down"));
        if (!response || has_valid_headers(*response)) co_return response;
        fault = "a handler answered with a malformed header";
    } catch (const std::exception& thrown) {
        fault = thrown.what();
    }
    if (core_.options.on_fault) core_.options.on_fault(fault);
    co_return fail(Error::internal(std::move(fault)));
}

std::string Connection::head_of(const Response& response, Next next, std::optional<std::size_t> length)
    const {
    std::string head;
    head.reserve(384);
    head += "HTTP/1.1 ";
    append_number(head, static_cast<std::size_t>(std::clamp(response.status, 100, 999)));
    head += ' ';
    head += reason_phrase(response.status);
    head += "\r\ndate: ";
    head += core_.date();
    head += "\r\nx-request-id: ";
    // A handler may give the client's own back.
    const auto given = response.headers.find("x-request-id");
    head += given ? std::string(*given) : id_.text();
    if (length && may_have_body(response.status)) {
        head += "\r\ncontent-length: ";
        append_number(head, *length);
    } else if (!length && !is_http_1_0_) {
        head += "\r\ntransfer-encoding: chunked";
    }
    if (next == Next::kClose) {
        head += "\r\nconnection: close";
    } else if (is_http_1_0_) {
        head += "\r\nconnection: keep-alive";
    }
    for (const auto& [key, value] : response.headers) {
        if (is_ours(key)) continue;
        head += "\r\n";
        head += key;
        head += ": ";
        head += value;
    }
    head += "\r\n\r\n";
    return head;
}

rt::Task<Connection::Next> Connection::answer(Response response, Next next) {
    if (response.upgrade) co_return co_await answer_upgrade(std::move(*response.upgrade));
    if (response.stream) co_return co_await answer_stream(std::move(response), next);
    std::string_view body = response.shared_body ? std::string_view(*response.shared_body) : response.body;
    std::string head = head_of(response, next, body.size());
    if (method_ == Method::kHead || !may_have_body(response.status)) body = {};
    std::string rest;
    bool is_sent = write_now(head, body, rest) && (rest.empty() || co_await write_rest(std::move(rest)));
    record(is_sent ? response.status : 0, body.size());
    if (!is_sent) co_return Next::kClose;
    // Closing with unread input would reset the connection and may destroy the answer on its way.
    bool is_all_read = parser_->state() == RequestParser::State::kDone ||
                       (parser_->state() == RequestParser::State::kHead && !parser_->has_body());
    if (next == Next::kClose && !is_all_read) co_await linger();
    co_return next;
}

/// Sends both in one call; what the socket does not take, which is rare, is left in `rest`. False: broken.
bool Connection::write_now(std::string_view head, std::string_view body, std::string& rest) {
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

rt::Task<bool> Connection::write_rest(std::string rest) {
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

rt::Task<bool> Connection::write(std::string bytes) {
    std::string rest;
    if (!write_now(bytes, {}, rest)) co_return false;
    co_return rest.empty() || co_await write_rest(std::move(rest));
}

rt::Task<void> Connection::linger() {
    error_code ec;
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    arm(kLinger);
    for (std::size_t seen = 0; !ec && seen < kLingerBytesMax; seen += in_.size()) {
        in_.clear();
        in_at_ = 0;
        if (!co_await fill()) break;
    }
}

void Connection::record(int status, std::size_t bytes_out) {
    if (!core_.options.on_access) return;
    AccessRecord entry;
    entry.id = id_;
    entry.method = method_;
    entry.path = path_;
    entry.route = route_;
    entry.client = client_;
    entry.status = status;
    entry.body_bytes_in = body_bytes_in_;
    entry.body_bytes_out = bytes_out;
    entry.duration = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - started_);
    core_.options.on_access(entry);
}

// --- streams and upgrades ---------------------------------------------------------------------------------

class Connection::ChunkSink final : public StreamWriter::Sink {
  public:
    ChunkSink(Connection& connection, rt::Deadline by) : connection_(connection), by_(std::move(by)) {}

    rt::Task<Result<void>> write(std::string chunk) override {
        CO_CHECK_OK(by_.check());
        if (chunk.empty() || connection_.method_ == Method::kHead) co_return Result<void>{};
        std::string head;
        if (!connection_.is_http_1_0_) {
            std::array<char, 20> digits;
            auto end = std::to_chars(digits.data(), digits.data() + digits.size(), chunk.size(), 16).ptr;
            head.assign(digits.data(), end);
            head += "\r\n";
            bytes_ += chunk.size();
            chunk += "\r\n";
        }
        head += chunk;
        if (co_await connection_.write(std::move(head))) co_return Result<void>{};
        CO_CHECK_OK(by_.check());
        if (connection_.is_expired_) co_return fail(Error::timeout("The client does not read"));
        co_return fail(Error::cancelled(name(rt::CancelReason::kPeerGone)));
    }
    std::size_t bytes() const { return bytes_; }

  private:
    Connection& connection_;
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

rt::Task<Connection::Next> Connection::answer_stream(Response response, Next next) {
    if (is_http_1_0_) next = Next::kClose;
    std::string head = head_of(response, next, std::nullopt);
    if (!co_await write(std::move(head))) {
        record(0, 0);
        co_return Next::kClose;
    }
    rt::Scope session(core_.loop, core_.options.on_fault);
    ChunkSink sink(*this, session.forever());
    Produced produced(core_.loop);
    session_ = &session;
    if (core_.is_draining) session.cancel(rt::CancelReason::kShutdown);
    StreamWriter writer(sink, session.forever());
    session.spawn(produce(std::move(response.stream), std::move(writer), produced, socket_));
    if (session.size() > 0) co_await watch(produced, socket_, session, core_.tasks.forever());
    co_await session.join();
    session_ = nullptr;
    bool is_complete = produced.is_complete && !is_expired_;
    record(response.status, sink.bytes());
    if (!is_complete) co_return Next::kClose;  // no last chunk: the peer must see that it was cut short
    if (!is_http_1_0_ && method_ != Method::kHead && !co_await write("0\r\n\r\n")) co_return Next::kClose;
    co_return core_.is_draining ? Next::kClose : next;
}

rt::Task<Connection::Next> Connection::answer_upgrade(Upgrade upgrade) {
    if (!upgrade_head_ || in_at_ < in_.size()) {
        co_return co_await answer(
            problem(400, "upgrade_expected", "This address speaks WebSocket only", id_), Next::kClose
        );
    }
    rt::Scope session(core_.loop, core_.options.on_fault);
    Produced ended(core_.loop);
    session_ = &session;
    wake_ = &ended.done;
    record(101, 0);
    disarm();
    Request head = std::move(*upgrade_head_);
    upgrade_head_.reset();
    std::shared_ptr<WebSocket::Impl> opened;
    session.spawn(run_session(
        run_websocket(std::move(socket_), std::move(head), std::move(upgrade), session, core_.loop, opened),
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
