#include "platform/pg/detail/connection.h"

#include "platform/pg/detail/sqlstate.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libpq-fe.h>

#include <sys/socket.h>

#include <cstring>

namespace weft::pg::detail {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// Beyond this many named statements a connection sends further ones unprepared: made statements (GraphQL)
/// must not grow a backend's memory for ever.
constexpr std::size_t kPreparedMax = 1'000;
/// The watchdog looks again at least this often, so that a far deadline cannot overflow the clock.
constexpr auto kWatchMax = std::chrono::hours(1);

constexpr Query kBecomeTenant{"pg.become_tenant", "select set_config('app.tenant_id', $1, true)"};
constexpr Query kBecome{
    "pg.become", "select set_config('role', $1, true), set_config('app.tenant_id', $2, true)"
};

const char* role_name(SystemRole role) {
    switch (role) {
        case SystemRole::kAuth:
            return "weft_auth";
        case SystemRole::kIngest:
            return "weft_ingest";
        case SystemRole::kDispatch:
            return "weft_dispatch";
    }
    return "none";
}

/// What every connection must have, whatever the server's or the role's defaults: ISO timestamps in UTC (the
/// readers of value.h), our schema, statements of a vanished client ended, no just-in-time compilation.
constexpr std::string_view kSessionOptions =
    "-c timezone=UTC -c datestyle=ISO -c search_path=weft -c client_connection_check_interval=1000 -c "
    "jit=off";

struct ConnInfo {
    std::string options{kSessionOptions};
    bool needs_lookup = false;
};

/// The url's own `options` are kept; a host name means that starting blocks on a name lookup.
ConnInfo examine(const std::string& url) {
    ConnInfo info;
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
        "options",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        nullptr
    };
    const char* values[] = {
        url.c_str(), application_name.c_str(), options.c_str(), "20", "5", "3", "15000", nullptr
    };
    return PQconnectStartParams(keywords, values, 1);
}

}  // namespace

Error away(std::string detail) {
    Error error = Error::unavailable("The database is away; try again", std::move(detail));
    error.retry = Retry::kBackoff;
    return error;
}

Result<void> check_params(const Params& params) {
    for (const auto& value : params.values()) {
        if (value && std::memchr(value->data(), 0, value->size()) != nullptr) {
            return fail(Error::invalid("The text holds a zero byte, which cannot be stored"));
        }
    }
    return {};
}

Connection::Connection(rt::Loop& loop, PGconn* connection)
    : connection_(connection), socket_(loop.context()), watchdog_(loop.context()) {}

Connection::~Connection() {
    if (socket_.is_open()) socket_.release();  // libpq closes it
    PQfinish(connection_);
}

rt::Task<Result<std::shared_ptr<Connection>>> Connection::open(
    rt::Loop& loop, ConnectOptions options, rt::Deadline by
) {
    ConnInfo info = examine(options.url);
    PGconn* raw = nullptr;
    if (info.needs_lookup) {
        auto begin = [&] { return start(options.url, options.application_name, info.options); };
        raw = co_await rt::on_pool(begin);
    } else {
        raw = start(options.url, options.application_name, info.options);
    }
    if (raw == nullptr) co_return fail(away("out of memory"));
    // From the start: a server that shuts down says so to connections that are still being made.
    PQsetNoticeReceiver(raw, [](void*, const PGresult*) {}, nullptr);
    std::shared_ptr<Connection> connection(new Connection(loop, raw));
    CO_CHECK_OK(co_await connection->finish_connecting(options.mode, by));
    co_return connection;
}

void Connection::follow_socket() {
    int current = PQsocket(connection_);
    if (socket_.is_open() && socket_.native_handle() == current) return;
    if (socket_.is_open()) socket_.release();
    if (current >= 0) socket_.assign(current);
}

rt::Task<Result<void>> Connection::finish_connecting(Mode mode, rt::Deadline by) {
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
    if (mode == Mode::kPipeline && PQenterPipelineMode(connection_) != 1) co_return fail(lost("pipeline"));
    co_return Result<void>{};
}

Error Connection::lost(std::string_view what) {
    is_broken_ = true;
    return away(std::string(what) + ": connection lost");
}

void Connection::watch(Steady until) {
    watch_until_ = until;
    auto look_at = std::min(until, std::chrono::steady_clock::now() + kWatchMax);
    if (is_watching_ && watchdog_.expiry() <= look_at) return;
    is_watching_ = true;
    watchdog_.expires_at(look_at);
    watchdog_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
        if (ec) return;
        if (auto self = weak.lock()) self->watch_fired();
    });
}

void Connection::watch_fired() {
    is_watching_ = false;
    if (!is_waiting_) return;
    if (std::chrono::steady_clock::now() < watch_until_) {
        watch(watch_until_);
        return;
    }
    has_timed_out_ = true;
    socket_.cancel();
}

rt::Task<Result<void>> Connection::wait(Direction direction, rt::Deadline by) {
    using namespace asio::experimental::awaitable_operators;
    if (by.is_over()) {
        is_broken_ = true;
        co_return fail(by.error());
    }
    watch(by.when());
    is_waiting_ = true;
    bool is_interrupted = false;
    if (direction == Direction::kBoth) {
        auto either = co_await (
            socket_.async_wait(Descriptor::wait_read, kTuple) ||
            socket_.async_wait(Descriptor::wait_write, kTuple)
        );
        is_interrupted = std::visit([](const auto& done) { return bool(std::get<0>(done)); }, either);
    } else {
        auto what = direction == Direction::kRead ? Descriptor::wait_read : Descriptor::wait_write;
        auto [ec] = co_await socket_.async_wait(what, kTuple);
        is_interrupted = bool(ec);
    }
    is_waiting_ = false;
    if (!is_interrupted) co_return Result<void>{};
    is_broken_ = true;
    if (has_timed_out_ || by.is_over()) co_return fail(by.error());
    co_return fail(lost("wait"));
}

bool Connection::is_fit() {
    if (!is_usable()) return false;
    for (;;) {
        char byte = 0;
        auto got = ::recv(PQsocket(connection_), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        if (got == 0 || PQconsumeInput(connection_) != 1) return false;
        (void)PQisBusy(connection_);  // parses what has come: notices, parameter changes, a farewell
        if (PQstatus(connection_) != CONNECTION_OK) return false;
    }
}

Result<void> Connection::send_control(const char* statement) {
    if (PQsendQueryParams(connection_, statement, 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) {
        return fail(lost(statement));
    }
    expected_.push_back({Kind::kControl, statement});
    return {};
}

Result<void> Connection::become(const Principal& who) {
    Params params;
    if (who.tenant_id() && !in_system_role_) {
        return send_named(kBecomeTenant, params.add(*who.tenant_id()), Kind::kSwitch);
    }
    // A system role has no tenant: '' makes weft.current_tenant() an error.
    if (who.tenant_id()) {
        params.add("none").add(*who.tenant_id());
    } else {
        params.add(role_name(who.role())).add("");
    }
    in_system_role_ = !who.tenant_id();
    return send_named(kBecome, params, Kind::kSwitch);
}

Result<void> Connection::send(const Query& query, const Params& params) {
    return send_named(query, params, Kind::kRows);
}

Result<const char*> Connection::prepare(const Query& query) {
    auto found = prepared_.find(query.name);
    if (found != prepared_.end()) {
        const std::string& text = found->second.text;
        if (text != query.text) {
            return fail(Error::internal("two texts under the name " + std::string(query.name)));
        }
        return found->second.server_name.c_str();
    }
    if (query.name.empty() || prepared_.size() >= kPreparedMax) return nullptr;
    // A short name of our own: the server compares only the first 63 bytes.
    Prepared entry{"w" + std::to_string(++names_given_), std::string(query.text)};
    if (PQsendPrepare(connection_, entry.server_name.c_str(), entry.text.c_str(), 0, nullptr) != 1) {
        return fail(lost(query.name));
    }
    auto at = prepared_.emplace(std::string(query.name), std::move(entry)).first;
    expected_.push_back({Kind::kPrepare, at->first});
    return at->second.server_name.c_str();
}

Result<void> Connection::send_named(const Query& query, const Params& params, Kind kind) {
    values_.clear();
    for (const auto& value : params.values()) values_.push_back(value ? value->c_str() : nullptr);
    int count = static_cast<int>(values_.size());
    TRY(const char* name, prepare(query));
    int sent = 0;
    if (name != nullptr) {
        sent = PQsendQueryPrepared(connection_, name, count, values_.data(), nullptr, nullptr, 0);
    } else {
        std::string text(query.text);
        sent =
            PQsendQueryParams(connection_, text.c_str(), count, nullptr, values_.data(), nullptr, nullptr, 0);
    }
    if (sent != 1) return fail(lost(query.name));
    expected_.push_back({kind, query.name});
    return {};
}

Result<void> Connection::send_sync() {
    in_system_role_ = false;  // a transaction names its principal once, a batch ends here
    if (PQpipelineSync(connection_) != 1) return fail(lost("sync"));
    return {};
}

rt::Task<Result<void>> Connection::flush(rt::Deadline by) {
    for (;;) {
        int left = PQflush(connection_);
        if (left == 0) co_return Result<void>{};
        if (left < 0) co_return fail(lost("flush"));
        // Read while writing: a server that cannot get rid of its answers stops taking our questions.
        CO_CHECK_OK(co_await wait(Direction::kBoth, by));
        if (PQconsumeInput(connection_) != 1) co_return fail(lost("flush"));
    }
}

rt::Task<Result<void>> Connection::fill(rt::Deadline by) {
    while (PQisBusy(connection_) == 1) {
        CO_CHECK_OK(co_await wait(Direction::kRead, by));
        if (PQconsumeInput(connection_) != 1) co_return fail(lost("read"));
    }
    co_return Result<void>{};
}

rt::Task<Result<PGresult*>> Connection::next(rt::Deadline by) {
    if (PQisBusy(connection_) == 1) CO_CHECK_OK(co_await fill(by));
    co_return PQgetResult(connection_);
}

rt::Task<Result<void>> Connection::collect_one(
    Expected expected, std::vector<Rows>& out, Error& first, rt::Deadline by
) {
    CO_TRY(PGresult * raw, co_await next(by));
    if (raw == nullptr) co_return fail(lost(expected.name));
    Rows rows(raw);
    auto status = PQresultStatus(raw);
    bool is_ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!is_ok && status != PGRES_PIPELINE_ABORTED && first.detail.empty()) {
        first = to_error(raw, expected.name);
        const char* field = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
        std::string_view state = field == nullptr ? "" : field;
        // A plan that no longer fits (a migration has run) or a statement the server forgot: start afresh.
        bool is_outdated = state == "0A000" || state == "26000" || state == "42P05";
        if (state.empty() || ends_connection(state) || is_outdated) is_broken_ = true;
    }
    if (is_ok && expected.kind == Kind::kControl) control_tag_ = PQcmdStatus(raw);
    if (is_ok && expected.kind == Kind::kRows) out.push_back(std::move(rows));
    if (PQstatus(connection_) == CONNECTION_BAD) co_return fail(lost(expected.name));
    CO_TRY(PGresult * end, co_await next(by));
    if (end != nullptr) {
        PQclear(end);
        co_return fail(lost(expected.name));
    }
    // Last, because the name lives in the entry.
    if (!is_ok && expected.kind == Kind::kPrepare) prepared_.erase(prepared_.find(expected.name));
    co_return Result<void>{};
}

rt::Task<Result<std::vector<Rows>>> Connection::collect(rt::Deadline by) {
    CO_CHECK_OK(co_await flush(by));
    std::vector<Rows> out;
    Error first;
    for (const Expected& expected : expected_) {
        auto collected = co_await collect_one(expected, out, first, by);
        if (collected) continue;
        is_broken_ = true;
        co_return fail(first.detail.empty() ? std::move(collected).error() : std::move(first));
    }
    CO_TRY(PGresult * sync, co_await next(by));
    bool is_synced = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
    PQclear(sync);
    if (!is_synced) co_return fail(lost("sync"));
    expected_.clear();
    if (!first.detail.empty()) co_return fail(std::move(first));
    co_return out;
}

rt::Task<Result<void>> Connection::run_simple(std::string text, rt::Deadline by) {
    if (PQsendQuery(connection_, text.c_str()) != 1) co_return fail(lost("simple"));
    CO_CHECK_OK(co_await flush(by));
    Result<void> outcome;
    for (;;) {
        CO_TRY(PGresult * raw, co_await next(by));
        if (raw == nullptr) break;
        Rows rows(raw);
        if (PQresultStatus(raw) == PGRES_FATAL_ERROR) outcome = fail(to_error(raw, "simple"));
    }
    if (PQstatus(connection_) != CONNECTION_OK) co_return fail(lost("simple"));
    co_return outcome;
}

bool Connection::hand_over(const Listener::OnNotify& on_notify) {
    bool any = false;
    while (PGnotify* note = PQnotifies(connection_)) {
        std::unique_ptr<PGnotify, void (*)(void*)> hold(note, PQfreemem);
        on_notify(note->relname, note->extra);
        any = true;
    }
    return any;
}

rt::Task<Result<void>> Connection::read_notifications(Listener::OnNotify on_notify, rt::Deadline by) {
    // Some may have come together with the answer to LISTEN.
    if (hand_over(on_notify)) co_return Result<void>{};
    CO_CHECK_OK(co_await wait(Direction::kRead, by));
    if (PQconsumeInput(connection_) != 1) co_return fail(lost("listen"));
    hand_over(on_notify);
    co_return Result<void>{};
}

}  // namespace weft::pg::detail
