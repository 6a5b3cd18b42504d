#pragma once

#include "base/error.h"
#include "base/fair_lru.h"
#include "base/id.h"
#include "core/connector/connector.h"
#include "core/runstate/policy.h"
#include "data/broker/bodies.h"
#include "data/egress/egress.h"
#include "platform/rt/clock.h"
#include "platform/telemetry/metrics.h"
#include "platform/telemetry/notices.h"
#include "store/runs/used.h"
#include "store/vault/circuits.h"
#include "store/vault/open.h"
#include "store/vault/uses.h"

#include <memory>
#include <optional>
#include <string>

/// The only user of credentials and of the network. It takes a request that a sandbox had a say in, trusts
/// nothing of it, adds the credential as the last step, for the connection's own origin only, and takes every
/// trace of the credential out of what comes back.
namespace weft::broker {

/// On whose behalf. From the claimed job, never from a sandbox.
struct Principal {
    TenantId tenant;
    RunId run;
    WorkflowVersionId version;
};

/// A connection as publishing pinned it in the workflow version.
struct ConnectionRef {
    ConnectionId id;
    const connector::App* app = nullptr;  // its own app: how fields are applied, and to which origin only
};

struct Request {
    connector::HttpRequest http;                // without credentials (connector::build_request)
    const connector::Action* action = nullptr;  // null for core/http
    runstate::Effect effect = runstate::Effect::kUnsafe;
    std::string idempotency_key;  // the same in all attempts of one call
    std::optional<ConnectionRef> connection;
};

struct Response {
    enum class Outcome {
        kOk,       // `output` is the step's
        kError,    // definite: refused by us, not sent, or the other system said no
        kUnknown,  // an unsafe call that may or may not have taken effect
        kAborted,  // called off before it was sent
        kHeld,     // not sent: the connection's circuit is open. After `retry_after` it may be
    };
    Outcome outcome = Outcome::kError;
    std::string output;         // kOk: JSON text {status, headers, body}, redacted
    rt::Budget::Charge charge;  // for `output`: keep it as long as copies of it
    int status = 0;             // of the other system's answer; 0 = none
    // kError, kUnknown, kHeld:
    runstate::FailureKind kind = runstate::FailureKind::kPlatform;
    std::string message;                                             // for the tenant, redacted
    std::optional<runstate::ErrorClass> error_class = std::nullopt;  // where more is known than the kind
    bool is_retryable = false;
    std::optional<Millis> retry_after;
    store::vault::Health health = store::vault::Health::kSilent;  // of the other system, as far as this tells
    store::runs::Used used = {};                                  // one call, if it was sent, and the bodies
};

struct Deps {
    store::vault::Vault& vault;
    egress::Egress& egress;
    const rt::Clock& clock;
    telemetry::Metrics& metrics;
    telemetry::Notices* notices = nullptr;       // of odd answers; null: nobody asks
    store::vault::Uses* uses = nullptr;          // of connections; null: nobody asks
    store::files::Files* files = nullptr;        // null: calls neither send nor keep any
    store::vault::Circuits* circuits = nullptr;  // of connections; null: none ever opens
};

class Broker {
  public:
    explicit Broker(Deps deps);

    /// Never fails otherwise than by what Response says. The pointers in `request` must outlive the call.
    /// Cancelling `by` aborts the transfer: kAborted if nothing was sent, else as an answer that never came.
    rt::Task<Response> perform(Principal who, Request request, rt::Deadline by);

  private:
    /// Needles are made once per opened connection, not once per call.
    struct Redacting {
        store::vault::Vault::Opened opened;
        std::shared_ptr<const connector::Redactor> redactor;  // shared with calls under way
    };
    using RedactorPtr = std::shared_ptr<const connector::Redactor>;
    struct Authorized {
        RedactorPtr redactor;
        store::vault::Vault::Opened connection;  // null: none was asked for
    };

    rt::Task<Response> exchange(Principal who, Request request, Authorized authorized, rt::Deadline by);
    /// What it was told: counted, or the end of a try.
    rt::Task<void> note_health(
        Principal who,
        store::vault::Vault::Opened used,
        std::int64_t probe,
        store::vault::Health health,
        std::string problem
    );
    /// What the answer tells of the connection. A refusal of its secret is said in `out`.
    void note_use(
        Principal who,
        const store::vault::OpenConnection& used,
        std::string_view host,
        int status,
        Response& out
    );
    void tell(Principal who, const connector::Oddities& seen, const std::string& coding);
    /// Opens the files that the request sends; what is kept of its answer goes to the sink.
    rt::Task<Result<void>> attach(
        Principal who, connector::HttpRequest& request, http::ClientRequest& wire, rt::Deadline by
    );
    /// An answer whose body is a file now: its handle stands for the body.
    rt::Task<Result<Json>> keep_file(
        Principal who, FileSink& sink, http::ClientResponse& answer, rt::Deadline by
    );
    rt::Task<Result<Authorized>> authorize(Principal who, Request& request, rt::Deadline by);
    RedactorPtr redactor_of(TenantId tenant, ConnectionRef ref, const store::vault::Vault::Opened& opened);

    Deps deps_;
    static constexpr std::size_t kRedactorsMax = 500;
    FairLru<Redacting> redacting_{kRedactorsMax};  // by connection
    telemetry::Histogram seconds_;
    telemetry::Counter refused_;
    telemetry::Counter held_;
    telemetry::Counter opened_;
};

}  // namespace weft::broker
