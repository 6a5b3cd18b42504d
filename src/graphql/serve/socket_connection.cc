#include "graphql/serve/detail/socket_connection.h"

#include "graphql/serve/detail/asker.h"
#include "graphql/serve/detail/endpoint.h"
#include "graphql/serve/detail/incoming.h"

#include <algorithm>
#include <utility>

namespace weft::graphql::detail {

namespace {

using VerdictKind = Conversation::Verdict::Kind;

/// A client that takes no byte for this long is gone.
constexpr auto kWriteTimeout = std::chrono::seconds(30);
/// Answers of a stream, and messages, that wait for a slow client.
constexpr std::size_t kStreamBodiesMax = 256;
constexpr std::size_t kStreamBytesMax = 8u << 20;
/// Of somebody who has not said yet who it is.
constexpr std::size_t kStrangerBytesMax = 64u << 10;

}  // namespace

SocketConnection::SocketConnection(
    SocketContext& context,
    std::optional<Dialect> dialect,
    std::shared_ptr<const http::Handshake> handshake,
    Steady now
)
    : context_(context),
      conversation_(dialect.value_or(Dialect::kTransportWs)),
      has_dialect_(dialect.has_value()),
      handshake_(std::move(handshake)),
      opened_(now),
      pinged_(now),
      wake_(context.parts.loop),
      tasks_(context.parts.loop) {}

SocketConnection::~SocketConnection() = default;

// ---- the client's messages

rt::Task<void> SocketConnection::begin() {
    auto asker = co_await ask(context_.parts, handshake_, presented_);
    if (closing_) co_return;
    if (!asker) {
        if (conversation_.dialect() == Dialect::kLegacy) {
            say(connection_error_message(Engine::error_body(asker.error(), Session())));
        }
        close(socket_close(close_code::kForbidden, "Forbidden: " + asker.error().message));
        co_return;
    }
    session_ = std::move(asker->session);
    if (!take_lease(std::move(asker->terms))) co_return;
    conversation_.acknowledge();
    say(ack_message());
    if (conversation_.dialect() == Dialect::kLegacy) say(ping_message(Dialect::kLegacy));
}

/// False: the socket is being closed.
bool SocketConnection::take_lease(http::Leases::Terms terms) {
    terms.end = [weak = weak_from_this()](http::Ending ending, const std::string& reason) {
        if (const auto self = weak.lock()) self->revoke(ending, reason);
    };
    auto lease = context_.parts.leases.take(std::move(terms));
    Result<void> held;
    if (lease) held = (*lease)->add(http::Held::kBytes, outbox_bytes_);
    if (!lease || !held) {
        const Error& error = lease ? held.error() : lease.error();
        close(socket_close(close_code::kOverload, error.user));
        return false;
    }
    lease_ = std::move(*lease);
    return true;
}

/// Nothing that still waits is said: it may no longer be this client's to know.
void SocketConnection::revoke(http::Ending ending, const std::string& reason) {
    ready_.clear();
    outbox_.clear();
    switch (ending) {
        case http::Ending::kGone:
            return close(socket_close(close_code::kUnauthorized, "Unauthorized: " + reason));
        case http::Ending::kExpired:
            return close(socket_close(close_code::kForbidden, "Forbidden: your credential has expired"));
        case http::Ending::kChanged:
            return close(socket_close(close_code::kForbidden, "Forbidden: " + reason));
    }
}

bool SocketConnection::hear(std::string_view text) {
    auto message = read_message(conversation_.dialect(), text);
    if (!message) return obey(conversation_.hear_nonsense(), {});
    const auto verdict = conversation_.hear(*message);
    return obey(verdict, std::move(*message));
}

/// False: the socket is to be closed.
bool SocketConnection::obey(const Conversation::Verdict& verdict, ClientMessage message) {
    switch (verdict.kind) {
        case VerdictKind::kIgnore:
            break;
        case VerdictKind::kAuthenticate:
            presented_ = read_presented(message.payload);
            tasks_.spawn(begin());
            break;
        case VerdictKind::kPong:
            say(pong_message(message.payload));
            break;
        case VerdictKind::kAlive:
            unanswered_ = 0;
            break;
        case VerdictKind::kStart:
            start(std::move(message));
            break;
        case VerdictKind::kStop:
            stop(message.id);
            break;
        case VerdictKind::kRefuse:
            refuse(message.id, Failure{.message = verdict.reason, .code = "start-failed"});
            break;
        case VerdictKind::kClose:
            close(verdict.close);
            return false;
    }
    return true;
}

void SocketConnection::refuse(const std::string& id, const Failure& failure) {
    const Session nobody;
    const std::string body = Engine::error_body(failure, session_ == nullptr ? nobody : *session_);
    if (id.empty()) return say(connection_error_message(body));
    say(error_message(conversation_.dialect(), id, body));
    if (conversation_.dialect() == Dialect::kLegacy) say(complete_message(id));
}

void SocketConnection::start(ClientMessage message) {
    auto started = try_start(message);
    if (started) return;
    conversation_.finish(message.id);
    refuse(message.id, started.error());
}

Outcome<> SocketConnection::try_start(ClientMessage& message) {
    auto request = read_request(std::move(message.payload));
    if (!request) return std::unexpected(std::move(request).error());
    const int most = context_.parts.engine.limits_of(session_->role).subscriptions_per_socket_max;
    if (operations_.size() >= static_cast<std::size_t>(most)) {
        return failure("limit", "a socket holds at most " + std::to_string(most) + " subscriptions");
    }
    if (auto held = lease_->add(http::Held::kSubscriptions, 1); !held) {
        return std::unexpected(limit_reached(held.error()));
    }
    auto owned = std::make_unique<Operation>();
    Operation* operation = owned.get();
    operation->id = message.id;
    if (auto held = lease_->add(http::Held::kBytes, message.bytes); !held) {
        forget(*operation);
        return std::unexpected(limit_reached(held.error()));
    }
    operation->asked = message.bytes;
    Live::Sink sink{
        .next = [this, operation](Body body) { answer(*operation, std::move(body)); },
        .error = [this, operation](const std::string& body
                 ) { end(*operation, error_message(conversation_.dialect(), operation->id, body)); },
        .complete = [this, operation] { end(*operation, complete_message(operation->id)); },
    };
    request->wants_locations = conversation_.dialect() == Dialect::kTransportWs;
    auto id = context_.parts.live.subscribe(*request, session_, std::move(sink));
    if (!id) {
        forget(*operation);
        return std::unexpected(std::move(id).error());
    }
    operation->live = *id;
    operation->is_stream = context_.parts.live.is_stream(*id);
    operations_.emplace(message.id, std::move(owned));
    return {};
}

/// Gives back what it holds.
void SocketConnection::forget(Operation& operation) {
    std::erase(ready_, &operation);
    let_go(operation.bytes + operation.asked);
    lease_->give_back(http::Held::kSubscriptions, 1);
}

void SocketConnection::stop(const std::string& id) {
    const auto found = operations_.find(id);
    if (found == operations_.end()) return;
    context_.parts.live.unsubscribe(found->second->live);
    forget(*found->second);
    operations_.erase(found);
    if (conversation_.dialect() == Dialect::kLegacy) say(complete_message(id));
}

// ---- answers

void SocketConnection::answer(Operation& operation, Body body) {
    if (closing_) return;
    if (!operation.is_stream && !operation.bodies.empty()) {  // only the newest counts
        let_go(operation.bodies.back()->size());
        operation.bytes -= operation.bodies.back()->size();
        operation.bodies.pop_back();
    }
    if (!hold(body->size())) return;
    operation.bytes += body->size();
    operation.bodies.push_back(std::move(body));
    const bool is_full = operation.bodies.size() > kStreamBodiesMax || operation.bytes > kStreamBytesMax;
    if (operation.is_stream && is_full && operation.bodies.size() > 1) {
        const Failure slow{
            .message = "the client reads the stream too slowly; begin again at the last row", .code = "busy"
        };
        context_.parts.live.unsubscribe(operation.live);
        const std::string body_text = Engine::error_body(slow, *session_);
        return end(operation, error_message(conversation_.dialect(), operation.id, body_text));
    }
    if (!std::exchange(operation.is_queued, true)) ready_.push_back(&operation);
    wake_.notify_one();
}

/// After what still waits; from now on the id is free.
void SocketConnection::end(Operation& operation, std::string last_message) {
    forget(operation);
    for (const Body& body : operation.bodies) say(next_message(conversation_.dialect(), operation.id, *body));
    conversation_.finish(operation.id);
    say(std::move(last_message));
    operations_.erase(std::string(operation.id));
}

void SocketConnection::say(std::string message) {
    if (closing_ || !hold(message.size())) return;
    outbox_bytes_ += message.size();
    outbox_.push_back(std::move(message));
    wake_.notify_one();
}

/// False: the socket is being closed, for too much waits for its reader, or for all readers of its tenant.
bool SocketConnection::hold(std::size_t bytes) {
    Result<void> held;
    if (lease_ != nullptr) {
        held = lease_->add(http::Held::kBytes, bytes);
    } else if (outbox_bytes_ + bytes > kStrangerBytesMax) {
        held = fail(Error::limit("You read too slowly"));
    }
    if (!held) close(socket_close(close_code::kOverload, held.error().user));
    return held.has_value();
}

void SocketConnection::let_go(std::size_t bytes) {
    if (lease_ != nullptr) lease_->give_back(http::Held::kBytes, bytes);
}

/// The next thing to write; empty when there is none.
std::string SocketConnection::next_text() {
    if (!outbox_.empty()) {
        std::string out = std::move(outbox_.front());
        outbox_.pop_front();
        outbox_bytes_ -= out.size();
        let_go(out.size());
        return out;
    }
    if (ready_.empty()) return {};
    Operation* operation = ready_.front();
    ready_.pop_front();
    const Body body = std::move(operation->bodies.front());
    operation->bodies.pop_front();
    operation->bytes -= body->size();
    let_go(body->size());
    operation->is_queued = !operation->bodies.empty();
    if (operation->is_queued) ready_.push_back(operation);
    return next_message(conversation_.dialect(), operation->id, *body);
}

rt::Task<void> SocketConnection::write() {
    while (!closing_ && !tasks_.is_cancelled()) {
        std::string text = next_text();
        if (text.empty()) {
            (void)co_await wake_.wait(tasks_.forever());
            continue;
        }
        http::Message message{.kind = http::Message::Kind::kText, .data = std::move(text)};
        auto written = co_await socket_->write(std::move(message), tasks_.deadline(kWriteTimeout));
        if (!written) co_return;  // the reader sees that it is over
    }
}

// ---- its life

void SocketConnection::close(SocketClose why) {
    if (closing_) return;
    closing_ = std::move(why);
    if (socket_) tasks_.spawn(close_socket());
    wake_.notify_all();
}

rt::Task<void> SocketConnection::close_socket() {
    while (!outbox_.empty()) {  // what was said before, such as why
        http::Message message{.kind = http::Message::Kind::kText, .data = next_text()};
        if (!co_await socket_->write(std::move(message), rt::Deadline::in(std::chrono::seconds(1)))) break;
    }
    co_await socket_->close(closing_->code, closing_->reason);
}

rt::Task<void> SocketConnection::read() {
    while (true) {
        auto message = co_await socket_->read(socket_->deadline());
        if (!message) co_return;
        if (closing_) continue;  // until the client has closed its side
        if (message->kind != http::Message::Kind::kText) {
            close(socket_close(close_code::kInvalidMessage, "Only text messages are understood"));
        } else {
            (void)hear(message->data);
        }
    }
}

rt::Task<void> SocketConnection::run(http::WebSocket socket) {
    const auto self = shared_from_this();
    socket_ = std::move(socket);
    if (!has_dialect_) {
        closing_ = socket_close(close_code::kWrongProtocol, "Subprotocol not acceptable");
    }
    if (closing_) {
        co_await socket_->close(closing_->code, closing_->reason);
    } else {
        tasks_.spawn(write());
        co_await read();
    }
    if (!closing_) closing_ = SocketClose{};
    for (const auto& [id, operation] : operations_) context_.parts.live.unsubscribe(operation->live);
    ready_.clear();
    operations_.clear();
    wake_.notify_all();
    co_await tasks_.close();
    lease_.reset();
    socket_.reset();
}

void SocketConnection::look_after(Steady now) {
    const EndpointOptions& options = context_.options;
    if (closing_) return;
    if (!conversation_.has_begun()) {
        if (now >= opened_ + options.init_timeout) {
            close(socket_close(close_code::kInitTimeout, "Connection initialisation timeout"));
        }
        return;
    }
    if (!conversation_.is_acknowledged()) return;
    if (now >= pinged_ + options.ping) {
        pinged_ = now;
        if (unanswered_ >= options.missed_pings_max) {
            return close(socket_close(close_code::kTerminated, "Terminated"));
        }
        if (conversation_.dialect() == Dialect::kTransportWs) ++unanswered_;
        say(ping_message(conversation_.dialect()));
    }
}

}  // namespace weft::graphql::detail
