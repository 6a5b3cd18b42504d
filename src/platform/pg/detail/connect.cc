#include "platform/pg/detail/link.h"

#include <libpq-fe.h>

#include <cstring>

// How a Link comes to be.

namespace weft::pg::detail {

namespace {

/// What every connection must have, whatever the server, the database, the role or the connection string
/// says: all that decides what bytes mean, in either direction; statements of a vanished client ended; no
/// just-in-time compilation. The search path stays the database's own where PoolOptions name none: its
/// functions count on it, and our statements name their schemas.
constexpr std::string_view kSessionOptions =
    "-c client_encoding=UTF8 -c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=postgres -c "
    "bytea_output=hex "
    "-c extra_float_digits=1 -c lc_monetary=C -c standard_conforming_strings=on -c array_nulls=on "
    "-c transform_null_equals=off -c client_connection_check_interval=1000 -c jit=off";

struct ConnInfo {
    std::string options{kSessionOptions};
    bool needs_lookup = false;
};

std::string search_path_option(std::string_view path) {
    std::string option = " -c search_path=";
    for (char c : path) {
        if (c == ' ' || c == '\\') option += '\\';
        option += c;
    }
    return path.empty() ? std::string() : option;
}

/// The url's own `options` are kept; a host name means that starting blocks on a name lookup.
ConnInfo examine(const std::string& url, std::string_view search_path, const std::string& options) {
    ConnInfo info;
    info.options += search_path_option(search_path);
    if (!options.empty()) info.options += " " + options;
    PQconninfoOption* parsed = PQconninfoParse(url.c_str(), nullptr);
    if (parsed == nullptr) return info;
    for (PQconninfoOption* at = parsed; at->keyword != nullptr; ++at) {
        if (at->val == nullptr) continue;
        if (std::strcmp(at->keyword, "options") == 0)
            info.options = std::string(at->val) + " " + info.options;
        if (std::strcmp(at->keyword, "host") == 0 && *at->val != '\0') info.needs_lookup = at->val[0] != '/';
    }
    PQconninfoFree(parsed);
    return info;
}

PGconn* start(const std::string& url, const std::string& application_name, const std::string& options) {
    const char* keywords[] = {
        "dbname",
        "application_name",
        "client_encoding",
        "options",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        nullptr
    };
    const char* values[] = {
        url.c_str(), application_name.c_str(), "UTF8", options.c_str(), "20", "5", "3", "15000", nullptr
    };
    return PQconnectStartParams(keywords, values, 1);
}

}  // namespace

rt::Task<Result<std::shared_ptr<Link>>> Link::open(rt::Loop& loop, ConnectOptions options, rt::Deadline by) {
    ConnInfo info = examine(options.url, options.search_path, options.options);
    PGconn* raw = nullptr;
    if (info.needs_lookup) {
        auto begin = [&] { return start(options.url, options.application_name, info.options); };
        raw = co_await rt::on_pool(begin);
    } else {
        raw = start(options.url, options.application_name, info.options);
    }
    if (raw == nullptr) co_return fail(away("out of memory"));
    co_return co_await adopt(loop, raw, std::move(by));
}

rt::Task<Result<std::shared_ptr<Link>>> Link::adopt(rt::Loop& loop, pg_conn* raw, rt::Deadline by) {
    // From the start: a server that shuts down says so to connections that are still being made.
    PQsetNoticeReceiver(raw, [](void*, const PGresult*) {}, nullptr);
    std::shared_ptr<Link> link(new Link(loop, raw));
    CO_CHECK_OK(co_await link->finish_connecting(by));
    co_return link;
}

void Link::follow_socket() {
    int current = PQsocket(connection_);
    if (socket_.is_open() && socket_.native_handle() == current) return;
    if (socket_.is_open()) socket_.release();
    if (current >= 0) socket_.assign(current);
}

rt::Task<Result<void>> Link::finish_connecting(rt::Deadline by) {
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(connection_) != CONNECTION_BAD) {
        // libpq may have closed one attempt's socket and opened the next one's under the same number.
        if (socket_.is_open()) socket_.release();
        follow_socket();
        if (!socket_.is_open()) break;
        CO_CHECK_OK(co_await wait(state == PGRES_POLLING_READING ? Direction::kRead : Direction::kWrite, by));
        state = PQconnectPoll(connection_);
        if (state == PGRES_POLLING_OK || state == PGRES_POLLING_FAILED) break;
    }
    if (state != PGRES_POLLING_OK || PQstatus(connection_) != CONNECTION_OK) {
        std::string why = PQerrorMessage(connection_);
        while (!why.empty() && why.back() == '\n') why.pop_back();
        co_return fail(away("connect: " + why));
    }
    if (socket_.is_open()) socket_.release();
    follow_socket();
    PQsetnonblocking(connection_, 1);
    co_return Result<void>{};
}

}  // namespace weft::pg::detail
