#pragma once

#include "base/error.h"
#include "core/connector/protocol.h"
#include "data/broker/broker.h"
#include "platform/http/imap.h"
#include "platform/pg/guest.h"

#include <memory>
#include <string>

/// What is logged in to rather than called: mailboxes and databases. Beside the broker the only user of
/// credentials, and like it: the connection is opened as the tenant, and dialled at its app's own host alone.
namespace weft::broker {

/// What comes from there may hold the credential: redact what is shown.
using RedactorPtr = std::shared_ptr<const connector::Redactor>;  // shared with nobody yet
struct OpenMailbox {
    std::unique_ptr<http::ImapStream> stream;
    RedactorPtr redactor;
};
struct OpenDatabase {
    std::unique_ptr<pg::Guest> guest;
    RedactorPtr redactor;
};

class Logins {
  public:
    struct Needs {
        rt::Loop& loop;
        store::vault::Vault& vault;
        egress::Egress& egress;
        store::vault::Uses& uses;
        http::Imap& imap;
        std::string database_ca;  // whose certificates databases may have; empty: the system's
    };
    explicit Logins(Needs needs) : needs_(std::move(needs)) {}

    /// `ref.app` must outlive the call. Errors: sentences for who made the connection; kCancelled.
    rt::Task<Result<OpenMailbox>> open_mailbox(TenantId tenant, ConnectionRef ref, rt::Deadline by);
    rt::Task<Result<OpenDatabase>> open_database(TenantId tenant, ConnectionRef ref, rt::Deadline by);

  private:
    using Opened = store::vault::Vault::Opened;
    rt::Task<Result<Opened>> open(
        TenantId tenant, ConnectionRef ref, connector::Protocol protocol, rt::Deadline by
    );
    void note(TenantId tenant, const store::vault::OpenConnection& used, bool is_taken);
    Error not_let_in(TenantId tenant, const store::vault::OpenConnection& used, Error why);

    Needs needs_;
};

}  // namespace weft::broker
