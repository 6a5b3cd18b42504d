#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "platform/http/client.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <memory>
#include <string>

/// Connections to mailboxes: libcurl dials, makes the TLS and logs in; what is said then is the caller's.
namespace weft::http {

struct ImapServer {
    std::string url;  // imaps://host:993, or imap://host:143, where STARTTLS is demanded
    std::string user;
    Secret password;
    AddressCheck check_address;  // asked with each address that is about to be dialled
};

struct ImapOptions {
    std::string ca_file;  // instead of the system's; tests and private authorities
    Steady::duration connect_timeout = std::chrono::seconds(15);
};

/// One connection, logged in. Ends with this object. One call at a time.
class ImapStream {
  public:
    struct Parts;
    explicit ImapStream(std::unique_ptr<Parts> parts);
    ~ImapStream();
    ImapStream(const ImapStream&) = delete;
    ImapStream& operator=(const ImapStream&) = delete;

    /// Errors: kUnavailable (gone), kTimeout, kCancelled. After one only dropping it is left.
    rt::Task<Result<void>> send(std::string bytes, rt::Deadline by);
    /// What has come, never empty. Errors as above.
    rt::Task<Result<std::string>> receive(rt::Deadline by);

  private:
    std::unique_ptr<Parts> parts_;
};

class Imap {
  public:
    Imap(rt::Loop& loop, ImapOptions options = {});
    /// No stream may be left.
    ~Imap();
    Imap(const Imap&) = delete;
    Imap& operator=(const Imap&) = delete;

    /// Errors, each a sentence for who made the connection: kUnauthenticated (the server does not take name
    /// and password), kForbidden (check_address), kUnavailable, kTimeout, kCancelled.
    rt::Task<Result<std::unique_ptr<ImapStream>>> open(ImapServer server, rt::Deadline by);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::http
