#include "platform/http/detail/transfer.h"

#include "base/text.h"
#include "platform/http/coding.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace weft::http::detail {

namespace {

constexpr std::size_t kHeadersMax = 256;
/// A body of unknown length is charged this much, and the limit once it is longer: never bit by bit, because
/// bodies that each hold a part and wait for more would wait for each other.
constexpr std::size_t kSmallBodyBytes = 64u << 10;
/// Handed to a sink at a time.
constexpr std::size_t kSinkPieceBytes = 256u << 10;

/// Ours or libcurl's to set: they frame the message or steer the connection.
constexpr std::array<std::string_view, 10> kRefusedHeaders{
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "proxy-authorization",
    "expect"
};

bool is_bodiless(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
}

bool may_resend(const ClientRequest& request) {
    if (request.resend != Resend::kByMethod) return request.resend == Resend::kYes;
    return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

Result<void> check_url(std::string_view url) {
    bool is_clean = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; });
    // Before the query, some readers take a backslash for a slash.
    if (!is_clean || url.substr(0, url.find('?')).contains('\\'))
        return fail(Error::invalid("The URL has a character that is not allowed in one", "url"));
    std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (scheme == 0) return fail(Error::invalid("Only http and https URLs can be called", "url"));
    auto rest = url.substr(scheme);
    auto authority = rest.substr(0, std::min(rest.find_first_of("/?#"), rest.size()));
    if (authority.empty()) return fail(Error::invalid("The URL names no host", "url"));
    if (authority.contains('@')) return fail(Error::invalid("A URL may not carry a user name", "url"));
    return {};
}

template <class T>
void set(CURL* easy, CURLoption option, T value) {
    curl_easy_setopt(easy, option, value);
}

struct Peer {
    std::string ip;
    std::uint16_t port = 0;
};

Peer describe(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.sa_family == AF_INET) {
        const auto& in = reinterpret_cast<const sockaddr_in&>(address);
        inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
        return {text.data(), ntohs(in.sin_port)};
    }
    if (address.sa_family == AF_INET6) {
        const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
        inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
        return {text.data(), ntohs(in.sin6_port)};
    }
    return {};
}

}  // namespace

Result<void> check_request(const ClientRequest& request) {
    CHECK_OK(check_url(request.url));
    if (!is_header_name(request.method)) return fail(Error::invalid("The method is not valid", "method"));
    if (request.method == "CONNECT" || request.method == "TRACE")
        return fail(Error::invalid("The method " + request.method + " cannot be used", "method"));
    if (request.headers.size() > kHeadersMax) return fail(Error::invalid("Too many headers", "headers"));
    for (const auto& [key, value] : request.headers) {
        if (!is_header_name(key)) return fail(Error::invalid("A header name is not valid", "headers"));
        if (!is_header_value(value))
            return fail(Error::invalid("The header " + key + " has a control character", "headers"));
    }
    for (auto refused : kRefusedHeaders) {
        if (request.headers.find(refused))
            return fail(Error::invalid("The header " + std::string(refused) + " cannot be set", "headers"));
    }
    // An IP literal goes into a curl option of its own syntax: let nothing else in.
    std::array<unsigned char, sizeof(in6_addr)> binary;
    const char* ip = request.connect_to_ip.c_str();
    if (!request.connect_to_ip.empty() && inet_pton(AF_INET, ip, binary.data()) != 1 &&
        inet_pton(AF_INET6, ip, binary.data()) != 1)
        return fail(Error::internal("connect_to_ip is no IP literal"));
    return {};
}

TrustStore::~TrustStore() {
    X509_STORE_free(store_);
}

CURLcode TrustStore::install(CURL*, void* ssl_context, void* self) {
    auto& trust = *static_cast<TrustStore*>(self);
    if (trust.store_ == nullptr) {
        X509_STORE* store = X509_STORE_new();
        int loaded = trust.ca_file_.empty() ? X509_STORE_set_default_paths(store)
                                            : X509_STORE_load_file(store, trust.ca_file_.c_str());
        if (loaded != 1) {
            X509_STORE_free(store);
            return CURLE_SSL_CACERT_BADFILE;
        }
        trust.store_ = store;
    }
    SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(ssl_context), trust.store_);
    return CURLE_OK;
}

Transfer::Transfer(TrustStore& trust, const std::string& user_agent) : easy_(curl_easy_init()) {
    set(easy_, CURLOPT_PRIVATE, this);
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_ERRORBUFFER, message_.data());
    set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy_, CURLOPT_PROXY, "");  // the environment's is ignored
    set(easy_, CURLOPT_NOPROXY, "*");
    set(easy_, CURLOPT_PATH_AS_IS, 1L);
    // Undone by coding.h: libcurl would do it on the loop, and fail for what is no coding at all.
    set(easy_, CURLOPT_ACCEPT_ENCODING, kCodingsWeKnow);
    set(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set(easy_, CURLOPT_USERAGENT, user_agent.c_str());
    set(easy_, CURLOPT_HTTP09_ALLOWED, 0L);
    set(easy_, CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(easy_, CURLOPT_CAPATH, static_cast<char*>(nullptr));
    set(easy_, CURLOPT_SSL_CTX_FUNCTION, &TrustStore::install);
    set(easy_, CURLOPT_SSL_CTX_DATA, &trust);
    // Handles move between partitions; a TLS session resumed by another tenant would tie the two together.
    set(easy_, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    // Ending a transfer whose name is still being resolved must not wait for the resolver's thread.
    set(easy_, CURLOPT_QUICK_EXIT, 1L);
    set(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(easy_, CURLOPT_HEADERDATA, this);
    set(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(easy_, CURLOPT_WRITEDATA, this);
    set(easy_, CURLOPT_READFUNCTION, &Transfer::on_read);
    set(easy_, CURLOPT_READDATA, this);
    set(easy_, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
    set(easy_, CURLOPT_SEEKDATA, this);
    set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
    set(easy_, CURLOPT_OPENSOCKETDATA, this);
    set(easy_, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::close_socket);
    set(easy_, CURLOPT_PREREQFUNCTION, &Transfer::on_ready);
    set(easy_, CURLOPT_PREREQDATA, this);
}

Transfer::~Transfer() {
    clear();
    curl_easy_cleanup(easy_);
}

Transfer& Transfer::of(CURL* easy) {
    char* self = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
    return *reinterpret_cast<Transfer*>(self);
}

void Transfer::prepare(ClientRequest request, CurlMulti& multi, rt::Loop& loop) {
    request_ = std::move(request);
    multi_ = &multi;
    done_.emplace(loop);
    if (request_.budget != nullptr) response_.charge = {*request_.budget, request_.partition};
    set(easy_, CURLOPT_URL, request_.url.c_str());
    set(easy_, CURLOPT_CLOSESOCKETDATA, multi_);
    auto connect = std::chrono::duration_cast<Millis>(request_.connect_timeout).count();
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(connect, 1)));
    const std::size_t most =
        std::max(request_.body_bytes_max, request_.sink != nullptr ? request_.sink_bytes_max : 0);
    set(easy_, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.method == "HEAD" ? 0 : most));
    // What goes to a sink is not here to be decoded.
    set(easy_, CURLOPT_ACCEPT_ENCODING, request_.sink != nullptr ? "identity" : kCodingsWeKnow);
    if (!request_.connect_to_ip.empty()) {
        bool is_v6 = request_.connect_to_ip.contains(':');
        std::string entry =
            is_v6 ? "::[" + request_.connect_to_ip + "]:" : "::" + request_.connect_to_ip + ":";
        connect_to_ = curl_slist_append(nullptr, entry.c_str());
    }
    set(easy_, CURLOPT_CONNECT_TO, connect_to_);
    const char* path = request_.unix_socket.empty() ? nullptr : request_.unix_socket.c_str();
    set(easy_, CURLOPT_UNIX_SOCKET_PATH, path);
    set_method();
    set_headers();
}

void Transfer::set_method() {
    const std::string& method = request_.method;
    set(easy_, CURLOPT_HTTPGET, 1L);  // also undoes what the last request set
    if (method == "HEAD") {
        set(easy_, CURLOPT_NOBODY, 1L);
    } else if (request_.source != nullptr) {
        set(easy_, CURLOPT_POST, 1L);
        set(easy_, CURLOPT_POSTFIELDS, static_cast<char*>(nullptr));
        set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.source->size()));
    } else if (!request_.body.empty() || !is_bodiless(method)) {
        set(easy_, CURLOPT_POST, 1L);
        set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    }
    set(easy_, CURLOPT_CUSTOMREQUEST, method == "HEAD" ? nullptr : method.c_str());
}

void Transfer::set_headers() {
    std::string line;
    auto append = [&] { headers_ = curl_slist_append(headers_, line.c_str()); };
    for (const auto& [key, value] : request_.headers) {
        // "Name;" is libcurl's way to say an empty value; "Name:" would remove the header.
        line = trim(value).empty() ? key + ";" : key + ": " + value;
        append();
    }
    if (!request_.headers.find("content-type")) {
        line = "Content-Type:";
        append();
    }
    line = "Expect:";  // a round trip for nothing
    append();
    set(easy_, CURLOPT_HTTPHEADER, headers_);
}

rt::Task<Result<void>> Transfer::wait(rt::Deadline by) {
    while (!code_ && !is_paused_) CO_CHECK_OK(co_await done_->wait(by));
    co_return Result<void>{};
}

void Transfer::finish(CURLcode code) {
    code_ = code;
    done_->notify_all();
}

rt::Task<Result<void>> Transfer::move_body(rt::Deadline by) {
    if (!sunk_.empty()) {
        std::string piece = std::move(sunk_);
        sunk_.clear();
        CO_CHECK_OK(co_await request_.sink->write(std::move(piece), by));
    }
    if (!needs_piece_ || is_done()) co_return Result<void>{};
    CO_TRY(piece_, co_await request_.source->next(by));
    piece_at_ = 0;
    // Fewer bytes than were said would leave the peer waiting for the rest.
    if (piece_.empty()) co_return fail(Error::internal("a body's source ended early"));
    co_return Result<void>{};
}

void Transfer::resume() {
    is_paused_ = needs_room_ = needs_piece_ = false;
    // What was kept back comes now; a refusal of it is not reported otherwise.
    if (CURLcode code = curl_easy_pause(easy_, CURLPAUSE_CONT); code != CURLE_OK) finish(code);
}

void Transfer::clear() {
    set(easy_, CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
    set(easy_, CURLOPT_CONNECT_TO, static_cast<curl_slist*>(nullptr));
    set(easy_, CURLOPT_POSTFIELDS, static_cast<char*>(nullptr));
    curl_slist_free_all(headers_);
    curl_slist_free_all(connect_to_);
    headers_ = connect_to_ = nullptr;
    request_ = {};
    response_ = {};
    done_.reset();
    code_.reset();
    denied_.reset();
    message_[0] = '\0';
    header_bytes_ = 0;
    attempts_ = 0;
    wanted_ = 0;
    is_head_done_ = is_too_large_ = is_paused_ = needs_room_ = needs_piece_ = false;
    std::string().swap(piece_);
    std::string().swap(sunk_);
    piece_at_ = 0;
    sent_ = sunk_bytes_ = 0;
    is_for_sink_.reset();
}

bool Transfer::is_allowed(const std::string& ip, std::uint16_t port) {
    if (!request_.check_address) return true;
    auto allowed = request_.check_address(ip, port);
    if (!allowed) denied_ = std::move(allowed).error();
    return allowed.has_value();
}

curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    Peer peer = describe(address->addr);
    if (address->family == AF_UNIX) peer.ip = "unix:" + transfer.request_.unix_socket;
    if (!transfer.is_allowed(peer.ip, peer.port)) return CURL_SOCKET_BAD;
    return transfer.multi_->open_socket(address->family, address->socktype, address->protocol);
}

/// Called when a connection (new or kept) is ready and the request is about to be sent on it: also each time
/// libcurl repeats a request because a kept connection turned out dead, which only some requests survive.
int Transfer::on_ready(void* self, char* peer_ip, char*, int peer_port, int) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.attempts_ > 0 && !may_resend(transfer.request_)) return CURL_PREREQFUNC_ABORT;
    std::string ip = transfer.request_.unix_socket.empty() ? std::string(peer_ip)
                                                           : "unix:" + transfer.request_.unix_socket;
    if (!transfer.is_allowed(ip, static_cast<std::uint16_t>(peer_port))) return CURL_PREREQFUNC_ABORT;
    ++transfer.attempts_;
    return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::size_t bytes = size * count;
    transfer.header_bytes_ += bytes;
    if (transfer.header_bytes_ > transfer.request_.header_bytes_max) {
        transfer.is_too_large_ = true;
        return 0;
    }
    std::string_view line(data, bytes);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    return transfer.take_header(line) ? bytes : 0;
}

bool Transfer::take_header(std::string_view line) {
    if (is_head_done_) return true;  // a trailer: nobody may mistake it for a header
    if (line.starts_with("HTTP/")) {
        response_.headers = {};  // after a 1xx
        return true;
    }
    if (line.empty()) {
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        is_head_done_ = status >= 200;
        return true;
    }
    auto colon = line.find(':');
    if (colon == line.npos) return true;
    if (response_.headers.size() == kHeadersMax) {
        is_too_large_ = true;
        return false;
    }
    response_.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    return true;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    auto& body = transfer.response_.body;
    std::size_t bytes = size * count;
    if (transfer.request_.sink != nullptr && !transfer.is_for_sink_) {
        long status = 0;
        curl_easy_getinfo(transfer.easy_, CURLINFO_RESPONSE_CODE, &status);
        transfer.is_for_sink_ =
            transfer.request_.sink->wants(static_cast<int>(status), transfer.response_.headers);
    }
    if (transfer.is_for_sink_.value_or(false)) return transfer.take_for_sink({data, bytes});
    if (body.size() + bytes > transfer.request_.body_bytes_max) {
        transfer.is_too_large_ = true;
        return 0;
    }
    if (!transfer.has_room(body.size() + bytes)) {
        transfer.needs_room_ = true;
        return transfer.pause(CURL_WRITEFUNC_PAUSE);  // the same bytes come again
    }
    body.append(data, bytes);
    return bytes;
}

std::size_t Transfer::pause(std::size_t how) {
    is_paused_ = true;
    done_->notify_all();
    return how;
}

std::size_t Transfer::take_for_sink(std::string_view bytes) {
    if (sunk_bytes_ + bytes.size() > request_.sink_bytes_max) {
        is_too_large_ = true;
        return 0;
    }
    if (sunk_.size() >= kSinkPieceBytes) return pause(CURL_WRITEFUNC_PAUSE);
    sunk_.append(bytes);
    sunk_bytes_ += bytes.size();
    return bytes.size();
}

std::size_t Transfer::on_read(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.request_.source == nullptr || transfer.sent_ == transfer.request_.source->size()) return 0;
    const std::size_t ready = transfer.piece_.size() - transfer.piece_at_;
    if (ready == 0) {
        transfer.needs_piece_ = true;
        return transfer.pause(CURL_READFUNC_PAUSE);
    }
    const std::uint64_t left = transfer.request_.source->size() - transfer.sent_;
    const std::size_t bytes = std::min({size * count, ready, static_cast<std::size_t>(left)});
    std::copy_n(transfer.piece_.data() + transfer.piece_at_, bytes, data);
    transfer.piece_at_ += bytes;
    transfer.sent_ += bytes;
    return bytes;
}

/// To the beginning only: the request goes over another connection.
int Transfer::on_seek(void* self, curl_off_t offset, int origin) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (offset != 0 || origin != SEEK_SET || transfer.request_.source == nullptr) return CURL_SEEKFUNC_FAIL;
    transfer.request_.source->rewind();
    transfer.piece_.clear();
    transfer.piece_at_ = 0;
    transfer.sent_ = 0;
    return CURL_SEEKFUNC_OK;
}

/// Charges a body that has come to `bytes`; false: no room now for `wanted_`.
bool Transfer::has_room(std::size_t bytes) {
    if (request_.budget == nullptr) return true;
    const std::int64_t copies = request_.copies;
    if (static_cast<std::int64_t>(bytes) * copies <= response_.charge.bytes()) return true;
    curl_off_t length = -1;
    curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    std::size_t whole = bytes <= kSmallBodyBytes ? kSmallBodyBytes : request_.body_bytes_max;
    if (length >= static_cast<curl_off_t>(bytes)) whole = static_cast<std::size_t>(length);
    wanted_ = static_cast<std::int64_t>(whole) * copies;
    if (!response_.charge.try_resize(wanted_)) return false;
    response_.body.reserve(whole);  // one block, of the size that is charged
    return true;
}

ClientResult Transfer::result() {
    if (*code_ != CURLE_OK) return std::unexpected(failure());
    long status = 0;
    long connects = 0;
    char* ip = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &ip);
    response_.charge.try_resize(static_cast<std::int64_t>(response_.body.size()) * request_.copies);
    response_.status = static_cast<int>(status);
    response_.is_sunk = is_for_sink_.value_or(false);
    response_.is_reused = connects == 0;
    response_.peer_ip = ip == nullptr ? "" : ip;
    return std::move(response_);
}

ClientError Transfer::failure() {
    CURLcode code = *code_;
    std::string detail = std::string(curl_easy_strerror(code)) + ": " + message_.data();
    auto make = [&](Failure kind, Error error) {
        return ClientError{kind, is_maybe_delivered(), std::move(error).with_detail(detail)};
    };
    if (denied_) return ClientError{Failure::kDenied, is_maybe_delivered(), std::move(*denied_)};
    if (is_too_large_ || code == CURLE_FILESIZE_EXCEEDED)
        return make(Failure::kTooLarge, Error::limit("The answer of the other system is too large"));
    switch (code) {
        case CURLE_URL_MALFORMAT:
            return make(Failure::kInvalid, Error::invalid("The URL is malformed", "url"));
        case CURLE_COULDNT_RESOLVE_HOST:
            return make(Failure::kConnect, Error::unavailable("The name of the other system was not found"));
        case CURLE_COULDNT_CONNECT:
        case CURLE_OPERATION_TIMEDOUT:  // the connect timeout: the only one that libcurl keeps
            return make(Failure::kConnect, Error::unavailable("The other system cannot be reached"));
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return make(
                Failure::kTls, Error::unavailable("No secure connection to the other system could be made")
            );
        default:
            return make(
                Failure::kProtocol, Error::unavailable("The other system closed the connection or broke HTTP")
            );
    }
}

}  // namespace weft::http::detail
