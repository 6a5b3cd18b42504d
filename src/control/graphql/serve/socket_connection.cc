#include "control/graphql/serve/detail/socket_connection.h"

#include "control/graphql/serve/detail/endpoint.h"

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
constexpr std::size_t kOutboxBytesMax = 32u << 20;
/// Headers that a client may add in `connection_init`.
constexpr std::size_t kHeadersMax = 100;
constexpr std::size_t kHeaderBytesMax = 8u << 10;

/// Failures that say nothing about the credential.
bool is_transient(const Failure& failure) {
    return failure.code == "unexpected" || failure.code == "postgres-error" || failure.code == "cancelled" ||
           failure.code == "time-limit-exceeded";
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

}  // namespace

SocketConnection::SocketConnection(
    SocketContext& context, std::optional<Dialect> dialect, http::Request request, Steady now
)
    : context_(context),
      conversation_(dialect.value_or(Dialect::kTransportWs)),
      has_dialect_(dialect.has_value()),
      headers_(std::move(request.headers)),
      peer_(std::move(request.peer)),
      opened_(now),
      pinged_(now),
      authenticated_(now),
      wake_(context.loop),
      tasks_(context.loop) {}

SocketConnection::~SocketConnection() = default;

// ---- the client's messages

void SocketConnection::merge_headers(const Json& payload) {
    if (!payload.is_object()) return;
    const Json* nested = payload.get_object().if_contains("headers");
    const JsonObject& given =
        nested != nullptr && nested->is_object() ? nested->get_object() : payload.get_object();
    for (const auto& [key, value] : given) {
        if (value.is_object() || value.is_array() || value.is_null()) continue;
        const std::string text = value.is_string() ? std::string(value.get_string()) : to_text(value);
        const bool is_good = http::is_header_name(key) && http::is_header_value(text) &&
                             text.size() <= kHeaderBytesMax && headers_.size() < kHeadersMax;
        if (is_good) headers_.set(lower(key), text);
    }
}

rt::Task<void> SocketConnection::begin() {
    is_authenticating_ = true;
    auto session = co_await context_.authenticate(headers_, peer_);
    is_authenticating_ = false;
    if (closing_) co_return;
    if (!session) {
        if (conversation_.dialect() == Dialect::kLegacy) {
            say(connection_error_message(Engine::error_body(session.error(), Session{.role = ""})));
        }
        close(socket_close(close_code::kForbidden, "Forbidden: " + session.error().message));
        co_return;
    }
    const auto model = context_.engine.model();
    // Only webhooks read them.
    if (model != nullptr && !model->metadata().actions.empty()) session->headers = lower_case(headers_);
    expires_at_ = session->expires_at;
    session_ = std::make_shared<const Session>(std::move(*session));
    conversation_.acknowledge();
    say(ack_message());
    if (conversation_.dialect() == Dialect::kLegacy) say(ping_message(Dialect::kLegacy));
}

/// A credential that was revoked, or means something else by now, ends the socket.
rt::Task<void> SocketConnection::authenticate_again() {
    is_authenticating_ = true;
    auto session = co_await context_.authenticate(headers_, peer_);
    is_authenticating_ = false;
    if (closing_ || (!session && is_transient(session.error()))) co_return;
    if (!session) {
        close(socket_close(close_code::kForbidden, "Forbidden: " + session.error().message));
    } else if (session->role != session_->role || session->variables != session_->variables) {
        close(socket_close(close_code::kForbidden, "Forbidden: your rights have changed"));
    } else {
        expires_at_ = session->expires_at;
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
            merge_headers(message.payload);
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
    const Session nobody{.role = ""};
    const std::string body = Engine::error_body(failure, session_ == nullptr ? nobody : *session_);
    if (id.empty()) return say(connection_error_message(body));
    say(error_message(conversation_.dialect(), id, body));
    if (conversation_.dialect() == Dialect::kLegacy) say(complete_message(id));
}

void SocketConnection::start(ClientMessage message) {
    auto request = read_request(std::move(message.payload));
    const int most = context_.engine.limits_of(session_->role).subscriptions_per_socket_max;
    if (request && operations_.size() >= static_cast<std::size_t>(most)) {
        request = failure("limit", "a socket holds at most " + std::to_string(most) + " subscriptions");
    }
    if (!request) {
        conversation_.finish(message.id);
        return refuse(message.id, request.error());
    }
    auto held = std::make_unique<Operation>();
    Operation* operation = held.get();
    operation->id = message.id;
    Live::Sink sink{
        .next = [this, operation](Body body) { answer(*operation, std::move(body)); },
        .error = [this, operation](const std::string& body
                 ) { end(*operation, error_message(conversation_.dialect(), operation->id, body)); },
        .complete = [this, operation] { end(*operation, complete_message(operation->id)); },
    };
    request->wants_locations = conversation_.dialect() == Dialect::kTransportWs;
    auto id = context_.live.subscribe(*request, session_, std::move(sink));
    if (!id) {
        conversation_.finish(message.id);
        return refuse(message.id, id.error());
    }
    operation->live = *id;
    operation->is_stream = context_.live.is_stream(*id);
    operations_.emplace(message.id, std::move(held));
}

void SocketConnection::stop(const std::string& id) {
    const auto found = operations_.find(id);
    if (found == operations_.end()) return;
    Operation* operation = found->second.get();
    context_.live.unsubscribe(operation->live);
    std::erase(ready_, operation);
    operations_.erase(found);
    if (conversation_.dialect() == Dialect::kLegacy) say(complete_message(id));
}

// ---- answers

void SocketConnection::answer(Operation& operation, Body body) {
    if (!operation.is_stream && !operation.bodies.empty()) {
        operation.bodies.back() = std::move(body);  // only the newest counts
        return;
    }
    operation.bytes += body->size();
    operation.bodies.push_back(std::move(body));
    const bool is_full = operation.bodies.size() > kStreamBodiesMax || operation.bytes > kStreamBytesMax;
    if (operation.is_stream && is_full && operation.bodies.size() > 1) {
        const Failure slow{
            .message = "the client reads the stream too slowly; begin again at the last row", .code = "busy"
        };
        context_.live.unsubscribe(operation.live);
        const std::string body_text = Engine::error_body(slow, *session_);
        return end(operation, error_message(conversation_.dialect(), operation.id, body_text));
    }
    if (!std::exchange(operation.is_queued, true)) ready_.push_back(&operation);
    wake_.notify_one();
}

/// After what still waits; from now on the id is free.
void SocketConnection::end(Operation& operation, std::string last_message) {
    for (const Body& body : operation.bodies) say(next_message(conversation_.dialect(), operation.id, *body));
    std::erase(ready_, &operation);
    conversation_.finish(operation.id);
    say(std::move(last_message));
    operations_.erase(std::string(operation.id));
}

void SocketConnection::say(std::string message) {
    outbox_bytes_ += message.size();
    if (outbox_bytes_ > kOutboxBytesMax) {
        return close(socket_close(close_code::kOverload, "You read too slowly"));
    }
    outbox_.push_back(std::move(message));
    wake_.notify_one();
}

/// The next thing to write; empty when there is none.
std::string SocketConnection::next_text() {
    if (!outbox_.empty()) {
        std::string out = std::move(outbox_.front());
        outbox_.pop_front();
        outbox_bytes_ -= out.size();
        return out;
    }
    if (ready_.empty()) return {};
    Operation* operation = ready_.front();
    ready_.pop_front();
    const Body body = std::move(operation->bodies.front());
    operation->bodies.pop_front();
    operation->bytes -= std::min(operation->bytes, body->size());
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
    for (const auto& [id, operation] : operations_) context_.live.unsubscribe(operation->live);
    ready_.clear();
    operations_.clear();
    wake_.notify_all();
    co_await tasks_.close();
    socket_.reset();
}

void SocketConnection::look_after(Steady now, std::chrono::system_clock::time_point wall) {
    const EndpointOptions& options = context_.options;
    if (closing_) return;
    if (!conversation_.has_begun()) {
        if (now >= opened_ + options.init_timeout) {
            close(socket_close(close_code::kInitTimeout, "Connection initialisation timeout"));
        }
        return;
    }
    if (!conversation_.is_acknowledged()) return;
    if (expires_at_ && wall >= *expires_at_) {
        return close(socket_close(close_code::kForbidden, "Forbidden: your credential has expired"));
    }
    if (now >= pinged_ + options.ping) {
        pinged_ = now;
        if (unanswered_ >= options.missed_pings_max) {
            return close(socket_close(close_code::kTerminated, "Terminated"));
        }
        if (conversation_.dialect() == Dialect::kTransportWs) ++unanswered_;
        say(ping_message(conversation_.dialect()));
    }
    if (now >= authenticated_ + options.reauthenticate && !is_authenticating_) {
        authenticated_ = now;
        tasks_.spawn(authenticate_again());
    }
}

}  // namespace weft::graphql::detail
