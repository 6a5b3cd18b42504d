#pragma once

#include "base/limits.h"
#include "platform/http/http.h"
#include "platform/rt/budget.h"
#include "platform/rt/loop.h"

#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace weft::http {

/// May the same request be put on the wire a second time when a reused connection turns out dead?
enum class Resend { kByMethod /* GET, HEAD, OPTIONS only */, kYes, kNo };

/// Asked with the address (IP literal, or "unix:<path>") and port about to be used, for each new connection
/// before it is opened and again before each request is sent. An error refuses: nothing is sent.
/// Called on the loop, inside libcurl: must not suspend or call the client.
using AddressCheck = std::function<Result<void>(std::string_view ip, std::uint16_t port)>;

/// A body that is made as it is sent, in memory that does not grow with it.
class BodySource {
  public:
    virtual ~BodySource() = default;
    virtual std::uint64_t size() const = 0;
    /// The next piece, never empty before `size` bytes have been given. An error ends the request.
    virtual rt::Task<Result<std::string>> next(rt::Deadline by) = 0;
    /// From the beginning again: the request is sent once more, on another connection.
    virtual void rewind() = 0;
};

/// Where an answer's body goes as it comes, instead of into memory.
class BodySink {
  public:
    virtual ~BodySink() = default;
    /// Asked once, before the first byte: whether it takes this answer's; others are kept as always.
    virtual bool wants(int status, const Fields& headers) = 0;
    /// The peer waits meanwhile. An error ends the request.
    virtual rt::Task<Result<void>> write(std::string piece, rt::Deadline by) = 0;
};

struct ClientRequest {
    std::string method = "GET";
    std::string url;  // http or https, no user name in it
    Fields headers;   // hop-by-hop headers, host and content-length are refused (kInvalid)
    std::string body;
    std::shared_ptr<BodySource> source;  // instead of `body`; shared with the caller, who made it
    /// The answer is asked for without a coding then, and may have `sink_bytes_max` bytes where it is taken.
    std::shared_ptr<BodySink> sink;
    std::size_t sink_bytes_max = 0;
    /// Connections are never shared between different partitions: the tenant id, as a rule.
    std::string partition;
    /// Dial this IP literal instead of resolving the URL's host; Host, SNI and certificate check keep the
    /// name.
    std::string connect_to_ip;
    /// Dial this unix socket instead; the URL's host is only the Host header.
    std::string unix_socket;
    AddressCheck check_address;
    std::size_t header_bytes_max = 64u << 10;
    std::size_t body_bytes_max = limits::kPayloadBytesMax;  // as sent, and with its coding undone
    /// Where the answer's body is charged, in the name of `partition`, before it is read: as much as its
    /// length says, or the limit when that is not known. While there is no room the socket is not read. Null:
    /// unbounded.
    rt::Budget* budget = nullptr;
    int copies = 1;  // how often the caller will hold the body at once
    Steady::duration connect_timeout = std::chrono::seconds(10);
    Resend resend = Resend::kByMethod;
};

struct ClientResponse {
    int status = 0;
    Fields headers;  // a content-encoding that is left names what could not be undone
    std::string body;
    rt::Budget::Charge charge;  // for `body`; keep it as long as what is made of it
    std::string peer_ip;
    bool is_sunk = false;    // the body went into the request's sink
    bool is_reused = false;  // sent on a connection kept from an earlier request
};

enum class Failure {
    kInvalid,    // the request itself: URL, header, method
    kConnect,    // name not resolved, refused, unreachable, connect timeout
    kTls,        // handshake or certificate
    kDenied,     // check_address said no
    kTimeout,    // `by` passed
    kCancelled,  // the caller was cancelled
    kTooLarge,   // headers or body over their limit
    kProtocol,   // the peer broke HTTP or closed the connection before a complete answer
    kOverload,   // the client's own limits
    kCrowded,    // the budget had no room for the answer until `by`
    kLocal,      // source or sink failed, as `error` says
};
std::string_view name(Failure kind);

/// `is_maybe_delivered`: the peer may have seen the request, so a repeat may act twice. False is a promise.
struct ClientError {
    Failure kind = Failure::kConnect;
    bool is_maybe_delivered = false;
    Error error;

    operator Error() && { return std::move(error); }  // NOLINT: lets CO_TRY pass it up as an Error
};
using ClientResult = std::expected<ClientResponse, ClientError>;

struct ClientOptions {
    std::size_t partitions_max = 256;         // idle ones beyond it are closed, least recently used first
    std::size_t partitions_busy_max = 4'096;  // more than this at once in use: kOverload
    long connections_per_partition = 64;      // kept open
    long connections_per_host = 256;          // open at once within a partition; further requests queue
    Steady::duration partition_idle = std::chrono::seconds(60);  // then its connections are closed
    std::string ca_file;  // instead of the system's; tests and private authorities
    std::string user_agent = "weft/1";
};

/// HTTP/1.1 and HTTP/2 over libcurl on the loop. No redirects, no cookies, no proxy (environment ignored), no
/// netrc. Any status is a success; only a missing answer is an error.
class Client {
  public:
    Client(rt::Loop& loop, ClientOptions options = {});
    /// No request may be under way.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Sends and waits for the complete answer or the end of `by`. Cancelling the caller's scope aborts the
    /// transfer and closes its connection.
    rt::Task<ClientResult> send(ClientRequest request, rt::Deadline by);

    std::size_t in_flight() const;
    /// Partitions with open connections or requests.
    std::size_t partitions() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::http
