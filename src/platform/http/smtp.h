#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <memory>
#include <string>
#include <vector>

/// Sends e-mail by SMTP, over libcurl as the client of HTTP does.
namespace weft::http {

/// The mail server that the operator names. It is not a tenant's: no rule of egress stands in its way.
struct SmtpServer {
    std::string url;  // smtp://host:587 (STARTTLS), smtps://host:465
    std::string user;
    Secret password;
    bool is_plain = false;  // without TLS, where the operator says so
    std::string ca_file;    // instead of the system's
    Steady::duration connect_timeout = std::chrono::seconds(10);
};
/// kInvalid with `field`: no smtp or smtps, no host, a user or a path in it.
Result<void> check_smtp_url(std::string_view url, std::string_view field);

class Smtp {
  public:
    Smtp(rt::Loop& loop, SmtpServer server);
    /// No message may be under way.
    ~Smtp();
    Smtp(const Smtp&) = delete;
    Smtp& operator=(const Smtp&) = delete;

    struct Mail {
        std::string from;             // an address
        std::vector<std::string> to;  // likewise
        std::string text;             // RFC 5322, lines end in CRLF
    };
    /// Returns when the server has taken it for all. Errors: a sentence for who wants it sent; kInvalid: the
    /// server refused an address or the message for good (5xx).
    rt::Task<Result<void>> send(Mail mail, rt::Deadline by);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::http
