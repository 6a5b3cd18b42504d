#include "platform/pg/detail/subscription.h"

#include "platform/pg/detail/sqlstate.h"

#include <libpq-fe.h>

namespace weft::pg::detail {

namespace {

std::string listen_text(const std::vector<std::string>& channels) {
    std::string text;
    for (const auto& channel : channels) text += "listen \"" + channel + "\";";
    return text;
}

/// Rows are of no interest.
rt::Task<Result<void>> run_simple(std::shared_ptr<Link> link, std::string text, rt::Deadline by) {
    if (PQsendQuery(link->raw(), text.c_str()) != 1) co_return fail(link->lost("simple"));
    CO_CHECK_OK(co_await link->flush(by));
    Result<void> outcome;
    for (;;) {
        CO_TRY(PGresult * raw, co_await link->next(by));
        if (raw == nullptr) break;
        Rows rows(raw);
        if (PQresultStatus(raw) == PGRES_FATAL_ERROR) outcome = fail(to_error(raw, "simple"));
    }
    if (PQstatus(link->raw()) != CONNECTION_OK) co_return fail(link->lost("simple"));
    co_return outcome;
}

}  // namespace

rt::Task<Result<Subscription>> Subscription::open(
    rt::Loop& loop, std::string url, std::vector<std::string> channels, rt::Deadline by
) {
    ConnectOptions options{.url = std::move(url), .application_name = "weft listener"};
    CO_TRY(auto link, co_await Link::open(loop, std::move(options), by));
    CO_CHECK_OK(co_await run_simple(link, listen_text(channels), by));
    co_return Subscription(std::move(link));
}

bool Subscription::hand_over(const Listener::OnNotify& on_notify) {
    bool any = false;
    while (PGnotify* note = PQnotifies(link_->raw())) {
        std::unique_ptr<PGnotify, void (*)(void*)> hold(note, PQfreemem);
        on_notify(note->relname, note->extra);
        any = true;
    }
    return any;
}

rt::Task<Result<void>> Subscription::read(Listener::OnNotify on_notify, rt::Deadline by) {
    // Some may have come together with the answer to LISTEN.
    if (hand_over(on_notify)) co_return Result<void>{};
    CO_CHECK_OK(co_await link_->wait(Link::Direction::kRead, by));
    if (PQconsumeInput(link_->raw()) != 1) co_return fail(link_->lost("listen"));
    hand_over(on_notify);
    co_return Result<void>{};
}

}  // namespace weft::pg::detail
