#pragma once

#include "base/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace weft::graphql::detail {

/// graphql-transport-ws, and the older graphql-ws (of the package subscriptions-transport-ws).
enum class Dialect : std::uint8_t { kTransportWs, kLegacy };

/// The first sub-protocol that a client offers and we speak; nothing when there is none.
std::optional<Dialect> choose_dialect(std::string_view offered);
std::string_view name(Dialect dialect);

/// Why a socket is closed, in both dialects.
struct SocketClose {
    std::uint16_t code = 0;
    std::string reason;  // at most 123 bytes
};
namespace close_code {
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kOverload = 1013;
inline constexpr std::uint16_t kInvalidMessage = 4400;
inline constexpr std::uint16_t kUnauthorized = 4401;
inline constexpr std::uint16_t kForbidden = 4403;
inline constexpr std::uint16_t kWrongProtocol = 4406;
inline constexpr std::uint16_t kInitTimeout = 4408;
inline constexpr std::uint16_t kSubscriberExists = 4409;
inline constexpr std::uint16_t kTooManyInits = 4429;
inline constexpr std::uint16_t kTerminated = 4499;  // no pong came
}  // namespace close_code
/// With the reason cut to what a close frame holds.
SocketClose socket_close(std::uint16_t code, std::string_view reason);

struct ClientMessage {
    enum class Kind : std::uint8_t { kInit, kPing, kPong, kSubscribe, kComplete, kTerminate };
    Kind kind = Kind::kInit;
    std::string id;
    Json payload;           // null when absent
    std::size_t bytes = 0;  // of its text
};
/// Nothing: no message of the dialect.
std::optional<ClientMessage> read_message(Dialect dialect, std::string_view text);

// What the server says. `payload` is JSON text; `errors_body` is {"errors":[...]}.
std::string ack_message();
std::string ping_message(Dialect dialect);
std::string pong_message(const Json& payload);
std::string next_message(Dialect dialect, std::string_view id, std::string_view payload);
std::string error_message(Dialect dialect, std::string_view id, std::string_view errors_body);
std::string complete_message(std::string_view id);
/// (legacy) The connection could not be begun, or a message was not understood.
std::string connection_error_message(std::string_view errors_body);

/// The order in which a client may say things. Pure; knows nothing of time.
class Conversation {
  public:
    explicit Conversation(Dialect dialect) : dialect_(dialect) {}

    struct Verdict {
        enum class Kind : std::uint8_t {
            kIgnore,
            kAuthenticate,  // then `acknowledge`
            kPong,          // answer with the payload
            kAlive,         // it answered a ping
            kStart,
            kStop,
            kRefuse,  // (legacy) say `reason` about this id and go on
            kClose,
        };
        Kind kind = Kind::kIgnore;
        SocketClose close;
        std::string reason;
    };
    Verdict hear(const ClientMessage& message);
    Verdict hear_nonsense();
    void acknowledge() { is_acknowledged_ = true; }
    /// The operation is over: its id may be used again.
    void finish(const std::string& id) { ids_.erase(id); }
    bool has_begun() const { return has_begun_; }
    bool is_acknowledged() const { return is_acknowledged_; }
    Dialect dialect() const { return dialect_; }

  private:
    Dialect dialect_;
    bool has_begun_ = false;
    bool is_acknowledged_ = false;
    std::unordered_set<std::string> ids_;
};

}  // namespace weft::graphql::detail
