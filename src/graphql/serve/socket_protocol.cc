#include "graphql/serve/detail/socket_protocol.h"

#include "base/text.h"
#include "base/utf8.h"

#include <algorithm>
#include <array>

namespace weft::graphql::detail {

namespace {

using Kind = ClientMessage::Kind;
using Verdict = Conversation::Verdict;

constexpr std::size_t kReasonBytesMax = 123;  // RFC 6455: a control frame has 125 bytes, two are the code
constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kMessageBytesMax = 16u << 20;  // the socket's own limit is lower

constexpr std::array kDialects{Dialect::kTransportWs, Dialect::kLegacy};

struct Type {
    std::string_view name;
    Dialect dialect;
    Kind kind;
    bool has_id;
};
constexpr auto kTypes = std::to_array<Type>({
    {"connection_init", Dialect::kTransportWs, Kind::kInit, false},
    {"ping", Dialect::kTransportWs, Kind::kPing, false},
    {"pong", Dialect::kTransportWs, Kind::kPong, false},
    {"subscribe", Dialect::kTransportWs, Kind::kSubscribe, true},
    {"complete", Dialect::kTransportWs, Kind::kComplete, true},
    {"connection_init", Dialect::kLegacy, Kind::kInit, false},
    {"start", Dialect::kLegacy, Kind::kSubscribe, true},
    {"stop", Dialect::kLegacy, Kind::kComplete, true},
    {"connection_terminate", Dialect::kLegacy, Kind::kTerminate, false},
});

Verdict close_with(std::uint16_t code, std::string_view reason) {
    return {.kind = Verdict::Kind::kClose, .close = socket_close(code, reason), .reason = {}};
}

Verdict only(Verdict::Kind kind) {
    return {.kind = kind, .close = {}, .reason = {}};
}

/// {"id":...,"type":"...","payload":...}
std::string message(std::string_view type, std::string_view id, std::string_view payload) {
    std::string out = "{";
    if (!id.empty()) out += "\"id\":" + to_text(Json(id)) + ",";
    out += "\"type\":\"";
    out += type;
    out += '"';
    if (!payload.empty()) {
        out.reserve(out.size() + payload.size() + 16);
        out += ",\"payload\":";
        out += payload;
    }
    out += '}';
    return out;
}

}  // namespace

std::string_view name(Dialect dialect) {
    return dialect == Dialect::kTransportWs ? "graphql-transport-ws" : "graphql-ws";
}

std::optional<Dialect> choose_dialect(std::string_view offered) {
    while (!offered.empty()) {
        const auto end = std::min(offered.find(','), offered.size());
        const std::string_view one = trim(offered.substr(0, end));
        for (const Dialect dialect : kDialects) {
            if (one == name(dialect)) return dialect;
        }
        offered.remove_prefix(std::min(end + 1, offered.size()));
    }
    return std::nullopt;
}

SocketClose socket_close(std::uint16_t code, std::string_view reason) {
    return {code, std::string(utf8::prefix(reason, kReasonBytesMax))};
}

std::optional<ClientMessage> read_message(Dialect dialect, std::string_view text) {
    auto value = parse_json(text, {.bytes_max = kMessageBytesMax});
    if (!value || !value->is_object()) return std::nullopt;
    JsonObject& object = value->get_object();
    const std::string_view type = text_or(object, "type");
    const auto* found = std::ranges::find_if(kTypes, [&](const Type& each) {
        return each.dialect == dialect && each.name == type;
    });
    if (found == kTypes.end()) return std::nullopt;
    ClientMessage out{.kind = found->kind, .id = {}, .payload = {}, .bytes = text.size()};
    if (found->has_id) {
        out.id = text_or(object, "id");
        if (out.id.empty() || out.id.size() > kIdBytesMax) return std::nullopt;
    }
    if (Json* payload = object.if_contains("payload")) out.payload = std::move(*payload);
    const bool must_be_object = found->kind == Kind::kSubscribe;
    const bool is_good = out.payload.is_object() || (out.payload.is_null() && !must_be_object);
    return is_good ? std::optional(std::move(out)) : std::nullopt;
}

std::string ack_message() {
    return message("connection_ack", {}, {});
}

std::string ping_message(Dialect dialect) {
    return message(dialect == Dialect::kTransportWs ? "ping" : "ka", {}, {});
}

std::string pong_message(const Json& payload) {
    return message("pong", {}, payload.is_null() ? std::string() : to_text(payload));
}

std::string next_message(Dialect dialect, std::string_view id, std::string_view payload) {
    return message(dialect == Dialect::kTransportWs ? "next" : "data", id, payload);
}

std::string error_message(Dialect dialect, std::string_view id, std::string_view errors_body) {
    if (dialect == Dialect::kLegacy) return message("error", id, errors_body);
    // The newer protocol wants the list alone.
    const auto body = parse_json(errors_body);
    const Json* errors = body && body->is_object() ? body->get_object().if_contains("errors") : nullptr;
    return message("error", id, errors == nullptr ? "[]" : to_text(*errors));
}

std::string complete_message(std::string_view id) {
    return message("complete", id, {});
}

std::string connection_error_message(std::string_view errors_body) {
    return message("connection_error", {}, errors_body);
}

Verdict Conversation::hear_nonsense() {
    if (dialect_ == Dialect::kLegacy) {
        Verdict out = only(Verdict::Kind::kRefuse);
        out.reason = "the message is not one of the protocol graphql-ws";
        return out;
    }
    return close_with(close_code::kInvalidMessage, "Invalid message received");
}

Verdict Conversation::hear(const ClientMessage& message) {
    const bool is_legacy = dialect_ == Dialect::kLegacy;
    switch (message.kind) {
        case Kind::kInit:
            if (has_begun_) return close_with(close_code::kTooManyInits, "Too many initialisation requests");
            has_begun_ = true;
            return only(Verdict::Kind::kAuthenticate);
        case Kind::kPing:
            return only(Verdict::Kind::kPong);
        case Kind::kPong:
            return only(Verdict::Kind::kAlive);
        case Kind::kSubscribe: {
            Verdict refusal = only(Verdict::Kind::kRefuse);
            if (!is_acknowledged_) {
                if (!is_legacy) return close_with(close_code::kUnauthorized, "Unauthorized");
                refusal.reason = "start received before the connection is initialised";
                return refusal;
            }
            if (ids_.insert(message.id).second) return only(Verdict::Kind::kStart);
            if (!is_legacy) {
                return close_with(
                    close_code::kSubscriberExists, "Subscriber for " + message.id + " already exists"
                );
            }
            refusal.reason = "an operation already exists with this id: " + message.id;
            return refusal;
        }
        case Kind::kComplete:
            ids_.erase(message.id);
            return only(Verdict::Kind::kStop);
        case Kind::kTerminate:
            return close_with(1000, "");
    }
    return hear_nonsense();
}

}  // namespace weft::graphql::detail
