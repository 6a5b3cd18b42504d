#pragma once

#include "platform/http/quota.h"
#include "platform/http/router.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "store/files/files.h"
#include "store/notices/notices.h"
#include "store/runs/payload.h"
#include "store/waits/waits.h"

namespace weft::ingress {

/// `POST` and `GET /callbacks/{token}`: the answer that a core/callback step waits for; HEAD looks whether it
/// still does. Whoever has the address may answer, once: it holds 256 random bits, of which the database has
/// the hash.
///
/// Answers: 202 {"accepted": true} once it is committed, with the run's wake-up; 404 unknown; 410 answered
/// before, too late, or the run has ended; 413, 422 as a webhook's body; 429 + retry-after: the address has
/// asked for too much that is not there, or not there any more.
///
/// Of an approval the address is for a page: GET answers what is asked, {"title", "description", "form",
/// "until", "is_for_members", "run_id", "step_id", "files"}, and `GET .../files/{id}` the bytes of one of
/// those; POST {"approved", "comment"?, "form"?, "name"?} decides, where it names nobody who must sign in
/// (403 otherwise; then description and form are not shown, either).
///
/// The step's output has "method", "query", "body" and "received_at" then; the body as webhooks read it.
class Callbacks {
  public:
    struct Needs {
        pg::Pool& pool;  // of weft_api
        store::runs::PayloadCodec& codec;
        store::notices::Tell tell;
        const rt::Clock& clock;
        http::Strangers* strangers = nullptr;  // null: nobody counts
        store::files::Files* files = nullptr;  // null: approvals show none
    };
    explicit Callbacks(Needs needs) : needs_(std::move(needs)) {}

    void add_routes(http::Router& router);
    /// The gate of the route: its note is the wait, its share the tenant.
    rt::Task<Result<http::Pass>> admit(const http::Request& head);
    rt::Task<Result<http::Response>> handle(http::Request request);

  private:
    rt::Task<Result<http::Response>> send_file(http::Request request);
    rt::Task<Result<http::Response>> show_approval(store::waits::Target target, http::Request request);
    rt::Task<Result<http::Response>> decide(store::waits::Target target, http::Request request);
    Result<http::Pass> refuse(const http::Request& head, http::Response answer) const;

    Needs needs_;
};

}  // namespace weft::ingress
