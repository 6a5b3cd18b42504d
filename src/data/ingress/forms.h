#pragma once

#include "data/ingress/ingress.h"
#include "data/ingress/refusals.h"
#include "platform/http/quota.h"
#include "platform/http/router.h"
#include "platform/telemetry/metrics.h"
#include "store/files/files.h"

#include <memory>
#include <string_view>

namespace weft::ingress {

struct FormOptions {
    rate::Rate of_form{.per_second = 5, .burst = 50};  // submissions of one form
    rate::Rate of_address{
        .per_second = 0.2, .burst = 10
    };  // of one address to one form; a look costs a tenth, what does not fit an eighth
    http::Strangers* strangers = nullptr;  // who asks for unknown forms; null: nobody counts
    Refusals* refusals = nullptr;          // what a trigger's owner sees; null: nothing
    store::files::Files* files = nullptr;  // null: forms that ask for files take nothing
};

/// `GET` and `POST /forms/{token}`: the page of a form trigger, and what is sent with it. The form is that of
/// the published version's `inputs` (core/form); a submission that fits is an event like a webhook's, and the
/// sender is thanked after the commit. Pages need no script, and their policy allows none.
///
/// Bodies: application/x-www-form-urlencoded, multipart/form-data, and JSON for programs, which are answered
/// in JSON: 202 {"run_id", "duplicate"}, or a problem. Files go to the disk as they come; what the form does
/// not take is read and dropped, and named on the page.
///
/// A page holds a nonce: the same entries sent twice with one nonce are one run, since people click twice.
/// Other entries with the same nonce (somebody went back) are another one. Of files their bytes count.
///
/// Status: 303 after a submission; 404 unknown or inactive; 409 workflow inactive; 413 too large; 422 with
/// the page, which shows what was typed and what is wrong with it; 429 too many, of the address or of all;
/// 503 overload.
class Forms {
  public:
    Forms(
        rt::Loop& loop,
        Ingest& ingest,
        pg::Pool& pool,  // of weft_api
        const rt::Clock& clock,
        Rng& rng,
        telemetry::Metrics& metrics,
        FormOptions options = {}
    );
    ~Forms();
    Forms(const Forms&) = delete;
    Forms& operator=(const Forms&) = delete;

    void add_routes(http::Router& router);
    /// The gate of the routes: its note is the trigger, its share the tenant.
    rt::Task<Result<http::Pass>> admit(const http::Request& head);
    /// Asks `admit` first when nobody has.
    rt::Task<Result<http::Response>> handle(http::Request request);

    /// It, or what it starts, has changed.
    void forget(TriggerId trigger);
    void forget_all();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::ingress
