#pragma once

#include "base/shares.h"
#include "data/ingress/hooks.h"

#include <optional>
#include <string>

namespace weft::ingress::detail {

/// The answer to an event that a rate limit refuses: when to send it again.
http::Response refused_for(const Error& error, std::chrono::seconds time, const RequestId& id);

/// 202, with the run's id.
http::Response accepted(const Started& started);
/// The api's origin serves the UI too: what a workflow answers must not run as a page of it.
void keep_apart(http::Response& response);

/// Senders that wait for the answers of their runs.
class Callers {
  public:
    /// All outlive it.
    Callers(
        Ingest& ingest,
        pg::Pool& pool,
        store::runs::Runs& runs,
        RunWatch& watch,
        const rt::Clock& clock,
        const HookOptions& options
    );

    /// The run's answer, or 202 when it has given none in time. Errors: kLimit, before anything is taken in,
    /// when too many wait; those of Ingest::start_by_event.
    rt::Task<Result<http::Response>> start_and_wait(StartByEvent start, RequestId id, rt::Deadline by);
    std::int64_t waiting() const { return places_.held(); }

  private:
    rt::Task<Result<http::Response>> answer_of_run(
        RunWatch::Watcher& watcher, TenantId tenant, Started started, RequestId id, rt::Deadline by
    );
    /// What a stored value is as an answer: the body may be a file that the run was given or has made.
    rt::Task<Result<http::Response>> respond(
        TenantId tenant,
        RunId run,
        store::runs::ValueSlot slot,
        std::string text,
        std::shared_ptr<const void> room,
        RequestId request,
        rt::Deadline by
    );
    /// The run's answer if it has one by now; `told` is what a notice said of it, and spares the statements.
    rt::Task<Result<std::optional<http::Response>>> answer_now(
        TenantId tenant, RunId run, std::string told, RequestId id, rt::Deadline by
    );
    rt::Task<Result<std::optional<http::Response>>> look(
        TenantId tenant, RunId run, RequestId id, rt::Deadline by
    );
    /// For what was never told: one statement per tenant, by one of all callers.
    rt::Task<void> sweep(rt::Deadline by);

    Ingest& ingest_;
    pg::Pool& pool_;
    store::runs::Runs& runs_;
    RunWatch& watch_;
    const rt::Clock& clock_;
    const HookOptions& options_;
    Shares<TenantId> places_{options_.callers_max};
};

}  // namespace weft::ingress::detail
