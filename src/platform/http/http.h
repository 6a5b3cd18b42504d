#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::http {

/// The methods this server knows; any other is answered 405 before a handler hears of it.
enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

std::string_view name(Method method);
std::optional<Method> parse_method(std::string_view text);

/// Name and value pairs in their order of arrival; names compare without case. Headers and query alike.
class Fields {
  public:
    using Pair = std::pair<std::string, std::string>;

    Fields() = default;
    Fields(std::initializer_list<Pair> pairs) : pairs_(pairs) {}

    /// The first value, or nothing. The view dies with the next change.
    std::optional<std::string_view> find(std::string_view key) const;
    /// The first value, or the fallback.
    std::string_view get(std::string_view key, std::string_view fallback = "") const;
    std::size_t count(std::string_view key) const;
    void add(std::string key, std::string value) { pairs_.emplace_back(std::move(key), std::move(value)); }
    /// Replaces all values of `key`.
    void set(std::string_view key, std::string value);
    void remove(std::string_view key);

    std::size_t size() const { return pairs_.size(); }
    bool empty() const { return pairs_.empty(); }
    auto begin() const { return pairs_.begin(); }
    auto end() const { return pairs_.end(); }

  private:
    std::vector<Pair> pairs_;
};

/// True for an RFC 9110 token, and for a value without CR, LF, NUL or another control character.
bool is_header_name(std::string_view text);
bool is_header_value(std::string_view text);
/// Names of headers compare without case.
bool same_name(std::string_view a, std::string_view b);

/// "a=1&b=2" as the URL standard reads application/x-www-form-urlencoded: '+' is a space, a '%' without two
/// hexadecimal digits stands for itself, a name alone has an empty value. Bytes as they come, maybe not
/// UTF-8. kLimit with field "body": more than `pairs_max`.
Result<Fields> parse_pairs(std::string_view text, std::size_t pairs_max);

/// An origin-form target, taken apart once. `path` is percent-decoded and starts with '/'; a target with a
/// dot segment, an encoded slash or backslash, a control character or a bad escape is refused (kInvalid), so
/// that no later layer reads the path differently. The query as `parse_pairs` reads it, at most 256 pairs.
struct Target {
    std::string path;
    Fields query;

    static Result<Target> parse(std::string_view text);
};

/// What one body holds of the server's budget; given back when it dies.
class BodyLease {
  public:
    virtual ~BodyLease() = default;
    /// Holds `bytes` from now on, always when that is less. Errors, the holding unchanged: kLimit with
    /// Retry::kBackoff (the sender's or the owner's bodies), kUnavailable (all bodies).
    virtual Result<void> resize(std::size_t bytes) = 0;
};

/// A body that is read as it comes, for a route that asked for that. The server's; valid until the handler
/// returns. What is not read when it does is not kept, and the connection is closed.
class BodyReader {
  public:
    virtual ~BodyReader() = default;
    /// The next piece, at most some 64 KiB; empty at the end. The sender waits while nobody reads. Errors:
    /// kInvalid (malformed, or longer than admitted: the server answers the request itself then, whatever
    /// the handler says), kTimeout (too slow), kCancelled (the sender is gone, shutdown). One read at a time.
    virtual rt::Task<Result<std::string>> read(rt::Deadline by) = 0;
};

struct Request {
    Method method = Method::kGet;
    std::string raw_target;  // as sent; for logs and signatures only
    Target target;
    Fields headers;
    std::string body;  // complete, at most what the route admitted; empty when `incoming` is set
    BodyReader* incoming = nullptr;  // see RouteOptions::Streaming
    std::string peer;                // of the connection: IP address without port, or "unix"
    std::string client;              // who sent it: the peer, or whom a trusted proxy names (client_address)
    RequestId id;                    // ours, new for every request; also sent back as x-request-id
    Fields params;                   // what the route's {names} matched, decoded
    std::string route;  // the pattern that matched; empty when none did. A bounded label for metrics
    const void* matched = nullptr;                            // the Service's own note from admit to handle
    std::shared_ptr<const void> note;                         // what the route's gate found out
    std::shared_ptr<BodyLease> body_lease;                    // counts `body` in the server's budget
    rt::Deadline deadline = rt::Deadline::at(Steady::max());  // of the route; cancelled when the server stops

    std::string_view path() const { return target.path; }
    std::string_view param(std::string_view key) const { return params.get(key); }
    /// For a handler that goes on for long after it has read the body: its memory is for others again.
    void drop_body() {
        std::string().swap(body);
        body_lease.reset();
    }
};

/// Writes a streaming response's body. Copyable handle; valid until the producer returns.
class StreamWriter {
  public:
    class Sink {
      public:
        virtual ~Sink() = default;
        virtual rt::Task<Result<void>> write(std::string chunk) = 0;
    };
    StreamWriter(Sink& sink, rt::Deadline deadline) : sink_(&sink), deadline_(std::move(deadline)) {}

    /// Sends one chunk at once and waits until the kernel has taken it. Errors: kCancelled (peer gone,
    /// shutdown), kTimeout (the peer does not read). One write at a time.
    rt::Task<Result<void>> write(std::string chunk) { return sink_->write(std::move(chunk)); }
    /// Over as soon as the peer goes away or the server stops: give it to every await of the producer.
    const rt::Deadline& deadline() const { return deadline_; }

  private:
    Sink* sink_;
    rt::Deadline deadline_;
};

struct Message {
    enum class Kind { kText, kBinary };
    Kind kind = Kind::kText;
    std::string data;
};

/// An upgraded connection. Copyable handle; valid until the session function returns, which closes it.
/// One task may read while others write.
class WebSocket {
  public:
    class Impl {
      public:
        virtual ~Impl() = default;
        virtual rt::Task<Result<Message>> read(rt::Deadline by) = 0;
        virtual rt::Task<Result<void>> write(Message message, rt::Deadline by) = 0;
        virtual rt::Task<void> close(std::uint16_t code, std::string reason) = 0;
    };
    WebSocket(std::shared_ptr<Impl> impl, rt::Deadline deadline)
        : impl_(std::move(impl)), deadline_(std::move(deadline)) {}

    /// The next complete message. Errors: kCancelled (closed by the peer, or shutdown), kTimeout, kLimit
    /// (a message over the stated size). After any error but none the connection is finished.
    rt::Task<Result<Message>> read(rt::Deadline by) { return impl_->read(std::move(by)); }
    rt::Task<Result<void>> write(Message message, rt::Deadline by) {
        return impl_->write(std::move(message), std::move(by));
    }
    rt::Task<void> close(std::uint16_t code, std::string reason) {
        return impl_->close(code, std::move(reason));
    }
    /// Over when the server stops.
    const rt::Deadline& deadline() const { return deadline_; }

  private:
    std::shared_ptr<Impl> impl_;  // shared by copies of the handle
    rt::Deadline deadline_;
};

using StreamProducer = std::function<rt::Task<void>(StreamWriter)>;

struct Upgrade {
    std::string subprotocol;  // answered in sec-websocket-protocol when not empty
    std::size_t message_bytes_max = 1u << 20;
    std::function<rt::Task<void>(WebSocket)> session;
};

/// What a handler answers. content-length, transfer-encoding, connection and date are the server's; so is
/// x-request-id unless the handler gives one; the rest is the handler's. Exactly one of body, shared_body,
/// stream and upgrade is used. `stream_length`: how many bytes the stream will be, where that is known; one
/// that writes fewer or more is cut off.
struct Response {
    int status = 200;
    Fields headers;
    std::string body;
    std::shared_ptr<const std::string> shared_body;  // shared by all answers with one static file
    StreamProducer stream;                           // chunked; runs until it returns or the peer goes away
    std::optional<std::uint64_t> stream_length;
    std::optional<Upgrade> upgrade;  // 101 and a WebSocket

    static Response text(int status, std::string body, std::string_view type = "text/plain; charset=utf-8");
    /// `body` is JSON text already.
    static Response json(int status, std::string body);
    static Response empty(int status);
};

/// RFC 9457 application/problem+json {type,title,status,detail,field?,request_id}. `detail` is `error.user`;
/// `error.detail` stays here. kUnavailable and a retryable kLimit carry retry-after.
Response problem(const Error& error, const RequestId& id);
/// The same with a status that no Code has (413, 405, ...).
Response problem(int status, std::string_view kind, std::string_view detail, const RequestId& id);

/// What a gate found out about a request from its head.
struct Pass {
    std::optional<Response> refusal;   // answered at once, the body unread
    std::string share;                 // whose bytes the body is, besides its address's: a tenant
    std::shared_ptr<const void> note;  // becomes Request::note, for the handler
};
/// Looks at credentials, tokens and limits before a body is read. `head` lives until the task ends; its
/// deadline is the route's. An error becomes a problem.
using Gate = std::function<rt::Task<Result<Pass>>(const Request& head)>;

/// What a route allows, decided from the head of a request before its body is read.
struct Admission {
    std::size_t body_bytes_max = 0;
    Steady::duration timeout = std::chrono::seconds(30);
    std::optional<Response> refusal;  // answered at once, the body unread
    std::string share;                // as the gate says
    bool is_streamed = false;         // the handler reads the body as it comes
    const Gate* gate = nullptr;       // asked next, if the length that was stated is allowed; null: none
};

/// The application behind a server. Outlives it.
class Service {
  public:
    virtual ~Service() = default;
    /// Called with everything but body and deadline. May fill `params` and `route`.
    virtual Admission admit(Request& head) = 0;
    /// An error becomes a problem; an exception becomes a 500 and is reported to `Server`'s fault hook.
    virtual rt::Task<Result<Response>> handle(Request request) = 0;
};

using Handler = std::function<rt::Task<Result<Response>>(Request)>;

}  // namespace weft::http
