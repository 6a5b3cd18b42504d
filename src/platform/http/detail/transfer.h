#pragma once

#include "platform/http/client.h"
#include "platform/http/detail/curl_multi.h"
#include "platform/rt/sync.h"

#include <array>
#include <optional>

struct x509_store_st;  // OpenSSL's X509_STORE

namespace weft::http::detail {

/// Refuses what libcurl would take: other schemes, user names, control characters, hop-by-hop headers.
Result<void> check_request(const ClientRequest& request);

/// The trusted authorities, read once: libcurl alone would read the system's file (about 20 ms of CPU on the
/// loop) again for every partition.
class TrustStore {
  public:
    explicit TrustStore(std::string ca_file) : ca_file_(std::move(ca_file)) {}
    ~TrustStore();
    TrustStore(const TrustStore&) = delete;
    TrustStore& operator=(const TrustStore&) = delete;

    /// CURLOPT_SSL_CTX_FUNCTION with the TrustStore as its data.
    static CURLcode install(CURL*, void* ssl_context, void* self);

  private:
    std::string ca_file_;
    x509_store_st* store_ = nullptr;
};

/// One libcurl easy handle and the state of the request it carries. Reused, because making one is dear.
class Transfer {
  public:
    Transfer(TrustStore& trust, const std::string& user_agent);
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    static Transfer& of(CURL* easy);
    CURL* easy() { return easy_; }

    void prepare(ClientRequest request, CurlMulti& multi, rt::Loop& loop);
    /// Returns once `finish` was called, or a body waits for us; an error when `by` is over first.
    rt::Task<Result<void>> wait(rt::Deadline by);
    bool is_done() const { return code_.has_value(); }
    /// What has come goes to the sink, and what is to be sent next comes from the source.
    rt::Task<Result<void>> move_body(rt::Deadline by);
    bool needs_room() const { return needs_room_; }
    /// Waits for the room that the body needs, then `resume` reads on. Not from inside a libcurl callback.
    rt::Task<Result<void>> take_room(rt::Deadline by) {
        return response_.charge.resize(wanted_, std::move(by));
    }
    void resume();
    void finish(CURLcode code);
    /// After `wait`.
    ClientResult result();
    bool is_maybe_delivered() const { return attempts_ > 0; }
    /// Forgets the request; the handle must be out of its multi.
    void clear();

  private:
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_read(char* data, std::size_t size, std::size_t count, void* self);
    static int on_seek(void* self, curl_off_t offset, int origin);
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_ready(void* self, char* peer_ip, char* own_ip, int peer_port, int own_port);

    bool take_header(std::string_view line);
    bool has_room(std::size_t bytes);
    std::size_t take_for_sink(std::string_view bytes);
    std::size_t pause(std::size_t how);
    bool is_allowed(const std::string& ip, std::uint16_t port);
    void set_method();
    void set_headers();
    ClientError failure();

    CURL* easy_;
    CurlMulti* multi_ = nullptr;
    ClientRequest request_;
    ClientResponse response_;
    curl_slist* headers_ = nullptr;
    curl_slist* connect_to_ = nullptr;
    std::optional<rt::Signal> done_;
    std::optional<CURLcode> code_;
    std::array<char, CURL_ERROR_SIZE> message_{};
    std::optional<Error> denied_;
    std::size_t header_bytes_ = 0;
    std::int64_t wanted_ = 0;  // of the budget
    bool is_paused_ = false;
    bool needs_room_ = false;   // why
    bool needs_piece_ = false;  // likewise: of the source
    std::string piece_;         // of the source, sent up to piece_at_
    std::size_t piece_at_ = 0;
    std::uint64_t sent_ = 0;           // of the source, since its beginning
    std::optional<bool> is_for_sink_;  // asked once the head is there
    std::string sunk_;                 // for the sink, and not there yet
    std::uint64_t sunk_bytes_ = 0;
    int attempts_ = 0;  // times the request was about to be put on the wire
    bool is_head_done_ = false;
    bool is_too_large_ = false;
};

}  // namespace weft::http::detail
