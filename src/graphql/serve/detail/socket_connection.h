#pragma once

#include "graphql/serve/detail/socket_protocol.h"
#include "graphql/serve/serve.h"
#include "platform/rt/sync.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weft::graphql::detail {

/// What all sockets of an endpoint share.
struct SocketContext {
    const EndpointParts& parts;
    const EndpointOptions& options;
};

/// One socket: reads what the client says, runs its operations and writes the answers. Of a live query that
/// the client is too slow for, only the newest answer waits; a stream's answers wait in order, up to a bound.
class SocketConnection : public std::enable_shared_from_this<SocketConnection> {
  public:
    SocketConnection(
        SocketContext& context,
        std::optional<Dialect> dialect,
        std::shared_ptr<const http::Handshake> handshake,
        Steady now
    );
    ~SocketConnection();
    SocketConnection(const SocketConnection&) = delete;
    SocketConnection& operator=(const SocketConnection&) = delete;

    /// Until the socket is closed. `socket` is valid that long.
    rt::Task<void> run(http::WebSocket socket);
    /// Once in a while: pings and time limits.
    void look_after(Steady now);
    void close(SocketClose why);

  private:
    using Body = std::shared_ptr<const std::string>;
    struct Operation {
        std::string id;
        Live::Id live = 0;
        bool is_stream = false;
        bool is_queued = false;  // stands in `ready_`
        std::deque<Body> bodies;
        std::size_t bytes = 0;  // of the bodies
        std::size_t asked = 0;  // bytes of the message that began it
    };

    bool hear(std::string_view text);
    bool obey(const Conversation::Verdict& verdict, ClientMessage message);
    void start(ClientMessage message);
    Outcome<> try_start(ClientMessage& message);
    void forget(Operation& operation);
    void stop(const std::string& id);
    void answer(Operation& operation, Body body);
    void end(Operation& operation, std::string last_message);
    void refuse(const std::string& id, const Failure& failure);
    void say(std::string message);
    bool hold(std::size_t bytes);
    void let_go(std::size_t bytes);
    std::string next_text();
    rt::Task<void> read();
    rt::Task<void> write();
    rt::Task<void> close_socket();
    rt::Task<void> begin();
    bool take_lease(http::Leases::Terms terms);
    void revoke(http::Ending ending, const std::string& reason);

    SocketContext& context_;
    Conversation conversation_;
    bool has_dialect_;
    std::shared_ptr<const http::Handshake> handshake_;  // shared with authentications under way
    Presented presented_;                               // by the first message
    std::shared_ptr<const Session> session_;            // shared with the subscriptions
    std::unique_ptr<http::Lease> lease_;                // from when the session is known
    std::map<std::string, std::unique_ptr<Operation>, std::less<>> operations_;
    std::deque<Operation*> ready_;    // have bodies to be written
    std::deque<std::string> outbox_;  // messages, before all bodies
    std::size_t outbox_bytes_ = 0;
    std::optional<http::WebSocket> socket_;
    std::optional<SocketClose> closing_;
    Steady opened_;
    Steady pinged_;
    int unanswered_ = 0;
    rt::Signal wake_;
    rt::Scope tasks_;
};

}  // namespace weft::graphql::detail
