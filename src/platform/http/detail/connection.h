#pragma once

#include "platform/http/detail/body_budget.h"
#include "platform/http/detail/refusal.h"
#include "platform/http/detail/request_parser.h"
#include "platform/http/server.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <boost/asio/generic/stream_protocol.hpp>

#include <array>
#include <list>
#include <optional>
#include <vector>

namespace weft::http::detail {

using Socket = boost::asio::generic::stream_protocol::socket;

class Connection;

/// What all connections of one server share. Everything here belongs to the loop's thread.
struct ServerCore {
    ServerCore(rt::Loop& l, Service& s, const rt::Clock& c, Rng& r, ServerOptions o);

    /// The current `date` header value; formatted once a second.
    std::string_view date();

    rt::Loop& loop;
    Service& service;
    const rt::Clock& clock;
    Rng& rng;
    ServerOptions options;
    ServerStats stats;
    ReserveDescriptor reserve;
    BodyBudget bodies;
    bool is_draining = false;
    std::list<Connection*> open;  // for the sweep and the drain
    std::vector<char> scratch;    // reads land here first: an idle connection holds no buffer
    rt::Signal closed;            // a connection ended
    rt::Scope tasks;              // one per connection, acceptors, the sweep

  private:
    std::string date_;
    Instant date_at_{};
};

/// One accepted connection, alive as long as its `serve` task.
class Connection {
  public:
    Connection(ServerCore& core, Socket socket, std::string peer);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Requests and answers until either side is done.
    rt::Task<void> serve();
    /// Ends the current wait when its time has passed; the server calls it a few times a second, which costs
    /// far less than a timer for each wait.
    void expire(Steady now);
    /// Ends idle waits, streams and WebSockets at once; a plain request in flight is answered first.
    void drain();

  private:
    enum class Next { kKeepAlive, kClose };

    rt::Task<Next> serve_one();
    rt::Task<bool> read_until(RequestParser::State wanted);
    rt::Task<bool> fill();
    rt::Task<Next> refuse_head();
    void note_head();
    rt::Task<Admission> admit();
    rt::Task<void> ask_gate(Admission& admission);
    rt::Task<bool> read_body(const Admission& admission);
    rt::Task<Result<Response>> run_handler(Request request);
    rt::Task<Next> answer(Response response, Next next);
    bool write_now(std::string_view head, std::string_view body, std::string& rest);
    rt::Task<bool> write_rest(std::string rest);
    rt::Task<bool> write(std::string bytes);
    rt::Task<Next> answer_stream(Response response, Next next);
    rt::Task<Next> answer_upgrade(Upgrade upgrade);
    rt::Task<void> linger();

    void arm(Steady::duration timeout);
    void arm_body();
    void disarm() { expires_at_ = Steady::max(); }
    std::string head_of(const Response& response, Next next, std::optional<std::size_t> length) const;
    void record(int status, std::size_t bytes_out);
    bool is_over() const;

    class ChunkSink;

    ServerCore& core_;
    Socket socket_;
    std::string peer_;
    std::list<Connection*>::iterator self_;
    std::string in_;  // received and not yet parsed
    std::size_t in_at_ = 0;
    std::optional<RequestParser> parser_;
    Steady started_{};
    Steady body_started_{};
    Steady expires_at_ = Steady::max();
    bool is_expired_ = false;
    bool is_idle_ = false;
    rt::Scope* session_ = nullptr;  // of the stream or WebSocket under way
    rt::Signal* wake_ = nullptr;    // of the WebSocket under way

    // Of the request being answered; the Request itself has gone to the handler.
    RequestId id_;
    std::string client_;  // who sent it: peer_, or whom a trusted proxy names
    Method method_ = Method::kGet;
    std::string path_;
    std::string route_;
    std::size_t body_bytes_in_ = 0;
    bool is_http_1_0_ = false;
    std::optional<Request> upgrade_head_;
};

/// Completes the WebSocket handshake on `socket`, publishes the stream in `opened` and runs the session,
/// whose deadline is `scope`'s.
rt::Task<void> run_websocket(
    Socket socket,
    Request head,
    Upgrade upgrade,
    rt::Scope& scope,
    rt::Loop& loop,
    std::shared_ptr<WebSocket::Impl>& opened
);

std::string_view reason_phrase(int status);

}  // namespace weft::http::detail
