#include "platform/http/smtp.h"

#include "platform/http/detail/curl_multi.h"
#include "platform/rt/sync.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace weft::http {

namespace {

/// A message on its way.
struct Letter {
    explicit Letter(rt::Loop& loop) : easy(curl_easy_init()), done(loop) {}
    ~Letter() {
        curl_easy_cleanup(easy);
        curl_slist_free_all(to);
    }
    Letter(const Letter&) = delete;
    Letter& operator=(const Letter&) = delete;

    CURL* easy;
    curl_slist* to = nullptr;
    std::string text;
    std::size_t read = 0;
    rt::Signal done;
    std::optional<CURLcode> code;
};

std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self) {
    auto& letter = *static_cast<Letter*>(self);
    const std::size_t bytes = std::min(size * count, letter.text.size() - letter.read);
    std::memcpy(to, letter.text.data() + letter.read, bytes);
    letter.read += bytes;
    return bytes;
}

std::size_t on_answer(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

curl_socket_t on_open(void* multi, curlsocktype, curl_sockaddr* address) {
    return static_cast<detail::CurlMulti*>(multi)->open_socket(
        address->family, address->socktype, address->protocol
    );
}

/// Takes its letter out of the handle however the wait ends.
class UnderWay {
  public:
    UnderWay(detail::CurlMulti& multi, Letter& letter)
        : multi_(multi), letter_(letter), is_added_(multi.add(letter.easy) == CURLM_OK) {}
    ~UnderWay() {
        if (is_added_) multi_.remove(letter_.easy);
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    bool is_added() const { return is_added_; }

  private:
    detail::CurlMulti& multi_;
    Letter& letter_;
    bool is_added_;
};

Error failure(const Letter& letter) {
    long status = 0;
    curl_easy_getinfo(letter.easy, CURLINFO_RESPONSE_CODE, &status);
    switch (*letter.code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return Error::unavailable("The name of the mail server was not found");
        case CURLE_COULDNT_CONNECT:
            return Error::unavailable("The mail server cannot be reached");
        case CURLE_OPERATION_TIMEDOUT:
            return Error::unavailable("The mail server did not answer in time");
        case CURLE_USE_SSL_FAILED:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
            return Error::unavailable("No secure connection to the mail server could be made");
        case CURLE_LOGIN_DENIED:
            return Error::unavailable("The mail server does not take our user and password");
        default:
            break;
    }
    if (status >= 500)
        return Error::invalid(fmt::format("The mail server refused the message or an address: {}", status));
    if (status >= 400) return Error::unavailable(fmt::format("The mail server answered {}", status));
    return Error::unavailable("The mail server closed the connection");
}

}  // namespace

Result<void> check_smtp_url(std::string_view url, std::string_view field) {
    const bool is_tls = url.starts_with("smtps://");
    if (!is_tls && !url.starts_with("smtp://"))
        return fail(Error::invalid("A mail server is smtp://host:587 or smtps://host", std::string(field)));
    const std::string_view rest = url.substr(is_tls ? 8 : 7);
    const bool is_plain = !rest.empty() && std::ranges::all_of(rest, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-.:[]").find(c) != std::string_view::npos;
    });
    if (!is_plain)
        return fail(Error::invalid(
            "Of a mail server the url names host and port only; user and password have options of their own",
            std::string(field)
        ));
    return {};
}

struct Smtp::Impl {
    Impl(rt::Loop& on, SmtpServer where)
        : loop(on), server(std::move(where)), multi(loop, 2, 4, [](CURL* easy, CURLcode code) {
              char* self = nullptr;
              curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
              auto& letter = *reinterpret_cast<Letter*>(self);
              letter.code = code;
              letter.done.notify_all();
          }) {}

    void prepare(Letter& letter, Mail mail);

    rt::Loop& loop;
    SmtpServer server;
    detail::CurlMulti multi;
};

void Smtp::Impl::prepare(Letter& letter, Mail mail) {
    const auto set = [&](auto option, auto value) { curl_easy_setopt(letter.easy, option, value); };
    letter.text = std::move(mail.text);
    for (const std::string& address : mail.to)
        letter.to = curl_slist_append(letter.to, ("<" + address + ">").c_str());
    set(CURLOPT_PRIVATE, &letter);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_URL, server.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_USE_SSL, static_cast<long>(server.is_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (!server.ca_file.empty()) set(CURLOPT_CAINFO, server.ca_file.c_str());
    if (!server.user.empty()) {
        set(CURLOPT_USERNAME, server.user.c_str());
        set(CURLOPT_PASSWORD, std::string(server.password.reveal()).c_str());
    }
    const auto connect = std::chrono::duration_cast<Millis>(server.connect_timeout).count();
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect));
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
    set(CURLOPT_MAIL_RCPT, letter.to);
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &on_read);
    set(CURLOPT_READDATA, &letter);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(letter.text.size()));
    set(CURLOPT_WRITEFUNCTION, &on_answer);
    set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
    set(CURLOPT_OPENSOCKETDATA, &multi);
    set(CURLOPT_CLOSESOCKETFUNCTION, &detail::CurlMulti::close_socket);
    set(CURLOPT_CLOSESOCKETDATA, &multi);
}

Smtp::Smtp(rt::Loop& loop, SmtpServer server) : impl_(std::make_unique<Impl>(loop, std::move(server))) {}
Smtp::~Smtp() = default;

rt::Task<Result<void>> Smtp::send(Mail mail, rt::Deadline by) {
    Letter letter(impl_->loop);
    impl_->prepare(letter, std::move(mail));
    UnderWay lease(impl_->multi, letter);
    if (!lease.is_added()) co_return fail(Error::internal("curl_multi_add_handle failed"));
    while (!letter.code) {
        auto waited = co_await letter.done.wait(by);
        if (waited) continue;
        Error error = by.error();
        if (error.code == Code::kTimeout) error.user = "The mail server did not answer in time";
        co_return fail(std::move(error));
    }
    if (*letter.code != CURLE_OK) co_return fail(failure(letter));
    co_return Result<void>();
}

}  // namespace weft::http
