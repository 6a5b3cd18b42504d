#pragma once

#include "data/ingress/ingress.h"
#include "data/ingress/refusals.h"
#include "platform/http/quota.h"
#include "platform/http/router.h"
#include "platform/telemetry/notices.h"
#include "store/files/files.h"
#include "store/notices/notices.h"
#include "store/runs/runs.h"
#include "store/vault/keys.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft::ingress {

/// Wakes callers that wait for a run; fed with notices. While nothing is told, waiting costs no statement:
/// what a lost notification meant is found by one look for all watched runs, now and then.
class RunWatch {
  public:
    explicit RunWatch(rt::Loop& loop);
    ~RunWatch();
    /// Wakes who waits when the run has ended, or there is an answer.
    void hear(const store::notices::RunChanged& changed);
    /// There may be an answer to be read.
    void wake(RunId run) { wake(run, ""); }

    /// Registered from its making on, so that nothing is missed when it is made before the run begins.
    class Watcher {
      public:
        Watcher(RunWatch& watch, TenantId tenant, RunId run);
        ~Watcher();
        Watcher(const Watcher&) = delete;
        Watcher& operator=(const Watcher&) = delete;
        /// Returns once there is an answer, or may be one, since the last call: notices::RunChanged::answer,
        /// "" when it is to be read. Errors: kTimeout, kCancelled.
        rt::Task<Result<std::string>> next(rt::Deadline by);

      private:
        RunWatch& watch_;
        RunId run_;
        std::uint64_t seen_ = 0;
    };

    /// The watched runs by tenant when the last such look is `every` ago, else nothing: the first who asks
    /// then looks for all.
    std::map<TenantId, std::vector<RunId>> take_sweep(Steady now, Steady::duration every);

  private:
    void wake(RunId run, std::string_view answer);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct HookOptions {
    std::size_t cache_max = 10'000;                          // known tokens, and as many unknown ones
    Steady::duration cache_age = std::chrono::seconds(10);   // a lost notification costs this much
    Steady::duration unknown_age = std::chrono::seconds(2);  // of a token that was not found
    Steady::duration sync_timeout = limits::kSyncResponseTimeout;
    rate::Rate events{.per_second = 100, .burst = 500};  // of one trigger; beyond it 429, and providers retry
    rate::Rate bytes{.per_second = 10u << 20, .burst = 50u << 20};  // of one trigger's bodies
    http::Strangers* strangers = nullptr;   // who asks for unknown hooks; null: nobody counts
    telemetry::Notices* notices = nullptr;  // of refused and odd deliveries; null: nobody asks
    Refusals* refusals = nullptr;           // what a trigger's owner sees of them; null: nothing
    store::files::Files* files = nullptr;   // null: deliveries bring none (422)
    Steady::duration sweep_every =
        std::chrono::seconds(5);  // a lost notification costs a sync caller this much
    /// How senders reach us, without a trailing slash, for signatures of addresses; empty: as they say.
    std::string public_url = {};
    int callers_max = 4'000;  // sync callers that wait: each keeps a connection and some 20 KiB
};

/// `POST /hooks/{token}`: looks the trigger up, verifies the raw bytes, hands the event to the batcher. GET
/// is a delivery too, mostly without a body. HEAD asks whether the address is there, and starts nothing: 200.
/// A request with the trigger's challenge parameter is answered with that parameter's value (core/trigger).
///
/// Unknown tokens, rates and the backlog are decided before the body is read; the rates are charged for what
/// verifies, so nobody can use up a trigger's with forged events.
///
/// Answers: 202 {"run_id", "duplicate"} after the commit, or 202 {"filtered": true} when the trigger's filter
/// does not want it; 403 from outside of the trigger's networks; in sync mode the run's own response, or 202
/// when the run has given none in time. 404 unknown or inactive; 401 signature; 413 too large, unpacked too
/// large, too deep or too many fields; 422 the body is not what its type or coding says, or does not fit the
/// workflow's input and the trigger refuses such; 429 + retry-after: backlog,
/// too much under way, or too many of the tenant's callers wait; 503 + retry-after overload.
///
/// The run sees `trigger` = {"kind": "webhook", "id", "name", "method", "headers", "query", "received_at"};
/// headers in lower case without those that carry credentials, cookies, signatures or the connection's own
/// business; and `input` by content type: JSON as parsed; a form as an object of texts (of lists where a name
/// repeats); other text as {"text": …}; bytes that are none in their charset as {"base64": …,
/// "content_type": …}; any other type as {"file": handle, "content_type": …}; multipart/form-data as an
/// object of texts and handles; an empty body as null. Codings are undone and charsets become UTF-8 first
/// (platform/http/coding.h, core/media). What brings files is read as it comes, and may be as large as a
/// file.
class Hooks {
  public:
    Hooks(
        rt::Loop& loop,
        Ingest& ingest,
        pg::Pool& pool,                  // of weft_api
        store::vault::TenantKeys& keys,  // opens signing secrets (class ingress)
        store::runs::Runs& runs,         // reads a sync run's response
        RunWatch& watch,
        const rt::Clock& clock,
        Rng& rng,
        HookOptions options = {}
    );
    ~Hooks();
    Hooks(const Hooks&) = delete;
    Hooks& operator=(const Hooks&) = delete;

    void add_routes(http::Router& router);
    /// The gate of the route: its note is the trigger, its share the tenant.
    rt::Task<Result<http::Pass>> admit(const http::Request& head);
    /// Asks `admit` first when nobody has.
    rt::Task<Result<http::Response>> handle(http::Request request);

    /// It, or what it starts, has changed.
    void forget(TriggerId trigger);
    void forget_all();

    struct Stats {
        std::size_t cached = 0;
        std::int64_t lookups = 0;   // that went to the database
        std::int64_t rejected = 0;  // 401
        std::int64_t waiting = 0;   // sync callers
    };
    Stats stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::ingress
