#include "platform/http/imap.h"

#include "platform/http/detail/curl_multi.h"
#include "platform/http/detail/transfer.h"
#include "platform/rt/sync.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <curl/curl.h>

#include <fcntl.h>
#include <netdb.h>

#include <array>
#include <charconv>
#include <optional>

namespace weft::http {

namespace {

namespace asio = boost::asio;
using Socket = asio::posix::stream_descriptor;

constexpr std::size_t kPieceBytes = 16u << 10;
constexpr long kConnectionsMax = 256;  // there are fewer polls at a time

/// The socket of a connection that libcurl has made, for waiting alone: a duplicate, since libcurl closes its
/// own. Shared with a wait that is left standing.
struct Watch {
    Watch(rt::Loop& loop, int fd) : socket(loop.context(), fd), ready(loop) {}
    Socket socket;
    rt::Signal ready;
    std::array<bool, 2> is_pending{};  // reading, writing
};

void stand_by(const std::shared_ptr<Watch>& watch, bool is_write) {
    if (watch->is_pending[is_write]) return;
    watch->is_pending[is_write] = true;
    const auto kind = is_write ? Socket::wait_write : Socket::wait_read;
    watch->socket.async_wait(kind, [watch, is_write](const boost::system::error_code&) {
        watch->is_pending[is_write] = false;
        watch->ready.notify_all();
    });
}

Error gone() {
    return Error::unavailable("The mail server closed the connection");
}

}  // namespace

struct ImapStream::Parts {
    Parts(rt::Loop& on, detail::CurlMulti& with) : loop(on), multi(with), easy(curl_easy_init()), done(on) {}
    ~Parts() {
        if (watch) {
            boost::system::error_code ignored;
            watch->socket.close(ignored);
        }
        if (is_added) multi.remove(easy);  // and closes the connection, which nobody else may use
        curl_easy_cleanup(easy);
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    /// Until the socket may have something for us.
    rt::Task<Result<void>> wait(bool is_write, rt::Deadline by) {
        CO_CHECK_OK(by.check());
        stand_by(watch, is_write);
        auto waited = co_await watch->ready.wait(by);
        if (waited) co_return Result<void>();
        Error error = by.error();
        if (error.code == Code::kTimeout) error.user = "The mail server did not answer in time";
        co_return fail(std::move(error));
    }

    rt::Loop& loop;
    detail::CurlMulti& multi;
    CURL* easy;
    bool is_added = false;
    AddressCheck check;
    std::optional<Error> denied;
    rt::Signal done;
    std::optional<CURLcode> code;
    std::shared_ptr<Watch> watch;
};

namespace {

curl_socket_t on_imap_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& parts = *static_cast<ImapStream::Parts*>(self);
    std::array<char, 64> ip{};
    std::array<char, 8> port{};
    const int failed = getnameinfo(
        &address->addr,
        address->addrlen,
        ip.data(),
        ip.size(),
        port.data(),
        port.size(),
        NI_NUMERICHOST | NI_NUMERICSERV
    );
    std::uint16_t number = 0;
    const std::string_view digits(port.data());
    if (failed == 0) std::from_chars(digits.data(), digits.data() + digits.size(), number);
    auto allowed = parts.check(ip.data(), number);
    if (!allowed) {
        parts.denied = std::move(allowed).error();
        return CURL_SOCKET_BAD;
    }
    return parts.multi.open_socket(address->family, address->socktype, address->protocol);
}

std::size_t on_imap_greeting(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

Error login_failure(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return Error::unavailable("The name of the mail server was not found");
        case CURLE_COULDNT_CONNECT:
            return Error::unavailable("The mail server cannot be reached");
        case CURLE_OPERATION_TIMEDOUT:
            return Error::unavailable("The mail server did not answer in time");
        case CURLE_USE_SSL_FAILED:
            return Error::unavailable(
                "The mail server offers no STARTTLS here; use imaps://, or a server with TLS"
            );
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return Error::unavailable(
                "No secure connection to the mail server could be made: its certificate is not one for this "
                "name that is trusted here"
            );
        case CURLE_LOGIN_DENIED:
            return Error::unauthenticated("The mail server does not take this name and password");
        default:
            return Error::unavailable("The mail server did not let us in", curl_easy_strerror(code));
    }
}

}  // namespace

ImapStream::ImapStream(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ImapStream::~ImapStream() = default;

rt::Task<Result<void>> ImapStream::send(std::string bytes, rt::Deadline by) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::size_t sent = 0;
        const CURLcode code = curl_easy_send(parts_->easy, bytes.data() + at, bytes.size() - at, &sent);
        at += sent;
        if (code == CURLE_AGAIN) {
            CO_CHECK_OK(co_await parts_->wait(true, by));
        } else if (code != CURLE_OK) {
            co_return fail(gone());
        }
    }
    co_return Result<void>();
}

rt::Task<Result<std::string>> ImapStream::receive(rt::Deadline by) {
    std::string out(kPieceBytes, '\0');
    for (;;) {
        std::size_t got = 0;
        const CURLcode code = curl_easy_recv(parts_->easy, out.data(), out.size(), &got);
        if (code == CURLE_OK && got > 0) {
            out.resize(got);
            co_return out;
        }
        if (code != CURLE_AGAIN) co_return fail(gone());
        CO_CHECK_OK(co_await parts_->wait(false, by));
    }
}

struct Imap::Impl {
    Impl(rt::Loop& on, ImapOptions given)
        : loop(on),
          options(std::move(given)),
          trust(options.ca_file),
          multi(loop, 1, kConnectionsMax, [](CURL* easy, CURLcode code) {
              char* self = nullptr;
              curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
              auto& parts = *reinterpret_cast<ImapStream::Parts*>(self);
              parts.code = code;
              parts.done.notify_all();
          }) {}

    void prepare(ImapStream::Parts& parts, const ImapServer& server);

    rt::Loop& loop;
    ImapOptions options;
    detail::TrustStore trust;
    detail::CurlMulti multi;
};

void Imap::Impl::prepare(ImapStream::Parts& parts, const ImapServer& server) {
    const auto set = [&](auto option, auto value) { curl_easy_setopt(parts.easy, option, value); };
    set(CURLOPT_PRIVATE, &parts);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_URL, server.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "imap,imaps");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
    // Dials, does STARTTLS where there is no TLS yet, logs in, and leaves the rest to us: libcurl's own
    // FETCH would mark messages as seen, and takes lines within a message for answers.
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    set(CURLOPT_SSL_CTX_FUNCTION, &detail::TrustStore::install);
    set(CURLOPT_SSL_CTX_DATA, &trust);
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a session resumed by another tenant would tie the two together
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, std::string(server.password.reveal()).c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::chrono::duration_cast<Millis>(options.connect_timeout).count()));
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_WRITEFUNCTION, &on_imap_greeting);
    set(CURLOPT_OPENSOCKETFUNCTION, &on_imap_socket);
    set(CURLOPT_OPENSOCKETDATA, &parts);
    set(CURLOPT_CLOSESOCKETFUNCTION, &detail::CurlMulti::close_socket);
    set(CURLOPT_CLOSESOCKETDATA, &multi);
}

Imap::Imap(rt::Loop& loop, ImapOptions options) : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Imap::~Imap() = default;

rt::Task<Result<std::unique_ptr<ImapStream>>> Imap::open(ImapServer server, rt::Deadline by) {
    auto parts = std::make_unique<ImapStream::Parts>(impl_->loop, impl_->multi);
    parts->check = std::move(server.check_address);
    impl_->prepare(*parts, server);
    parts->is_added = impl_->multi.add(parts->easy) == CURLM_OK;
    if (!parts->is_added) co_return fail(Error::internal("curl_multi_add_handle failed"));
    while (!parts->code) {
        auto waited = co_await parts->done.wait(by);
        if (waited) continue;
        Error error = by.error();
        if (error.code == Code::kTimeout) error.user = "The mail server did not answer in time";
        co_return fail(std::move(error));
    }
    if (parts->denied) co_return fail(*std::move(parts->denied));
    if (*parts->code != CURLE_OK) co_return fail(login_failure(*parts->code));
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(parts->easy, CURLINFO_ACTIVESOCKET, &fd);
    const int copy = fd == CURL_SOCKET_BAD ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) co_return fail(gone());
    parts->watch = std::make_shared<Watch>(impl_->loop, copy);
    co_return std::make_unique<ImapStream>(std::move(parts));
}

}  // namespace weft::http
