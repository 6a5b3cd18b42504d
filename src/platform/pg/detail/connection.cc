#include "platform/pg/detail/connection.h"

#include "platform/pg/detail/sqlstate.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libpq-fe.h>

#include <sys/socket.h>

#include <cstring>
#include <utility>

namespace weft::pg::detail {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// Stale statements let go of before one new prepare: more than one, so that a heap of them shrinks, and few,
/// so that nobody waits for it.
constexpr int kDeallocateAtOnce = 8;
/// Answered entries are cut off at this many, for a connection that is never idle.
constexpr std::size_t kAnsweredMax = 256;
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

/// The types of a prepared statement's parameters are numbers; a type that was dropped and created again has
/// another one. The text is internal to the server and not translated.
bool is_type_gone(const PGresult* raw) {
    const char* message = PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY);
    return message != nullptr && std::string_view(message).starts_with("cache lookup failed for type ");
}

}  // namespace

Error away(std::string detail) {
    Error error = Error::unavailable("The database is away; try again", std::move(detail));
    error.retry = Retry::kBackoff;
    return error;
}

Result<void> check_params(const Params& params) {
    constexpr std::size_t kParamsMax = 65'535;  // what the protocol counts in 16 bits
    if (params.values().size() > kParamsMax)
        return fail(Error::limit("A statement of the database takes at most 65535 parameters"));
    for (const auto& value : params.values()) {
        if (value && std::memchr(value->data(), 0, value->size()) != nullptr) {
            return fail(Error::invalid("The text holds a zero byte, which cannot be stored"));
        }
    }
    return {};
}

Connection::Connection(rt::Loop& loop, PGconn* connection, std::size_t prepared_max)
    : connection_(connection), socket_(loop.context()), watchdog_(loop.context()), prepared_(prepared_max) {}

Connection::~Connection() {
    if (socket_.is_open()) socket_.release();  // libpq closes it
    PQfinish(connection_);
}

rt::Task<Result<std::shared_ptr<Connection>>> Connection::open(
    rt::Loop& loop, ConnectOptions options, rt::Deadline by
) {
    ConnInfo info = examine(options.url, options.search_path, options.options);
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
    std::shared_ptr<Connection> connection(new Connection(loop, raw, options.prepared_max));
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

void Connection::abandon() {
    is_abandoned_ = true;
    if (is_waiting_) socket_.cancel();
}

rt::Task<Result<void>> Connection::wait(Direction direction, rt::Deadline by) {
    using namespace asio::experimental::awaitable_operators;
    if (is_abandoned_) co_return fail(lost("the server does not answer"));
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
    Speaker before = speaker_;
    if (who.is_login()) {
        speaker_ = Speaker::kLogin;
        if (before == Speaker::kLogin) return {};
        return send_named(kBecome, params.add("none").add(""), Kind::kSwitch);
    }
    speaker_ = who.tenant_id() ? Speaker::kTenant : Speaker::kSystem;
    if (!who.tenant_id()) {
        // A system role has no tenant: '' makes weft.current_tenant() an error.
        return send_named(kBecome, params.add(role_name(who.role())).add(""), Kind::kSwitch);
    }
    if (before != Speaker::kSystem) {
        return send_named(kBecomeTenant, params.add(*who.tenant_id()), Kind::kSwitch);
    }
    return send_named(kBecome, params.add("none").add(*who.tenant_id()), Kind::kSwitch);
}

Result<void> Connection::send(const Query& query, const Params& params) {
    return send_named(query, params, Kind::kRows);
}

Result<void> Connection::deallocate_stale() {
    for (int i = 0; i < kDeallocateAtOnce; ++i) {
        auto number = prepared_.take_stale();
        if (!number) break;
        std::string text = "deallocate " + Statements::server_name(*number);
        if (PQsendQueryParams(connection_, text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) {
            return fail(lost("deallocate"));
        }
        expected_.push_back({Kind::kDeallocate, "deallocate", *number});
    }
    return {};
}

Result<const Statements::Entry*> Connection::prepare(const Query& query) {
    if (query.name.empty()) return nullptr;
    if (const auto* found = prepared_.find(query.name)) {
        if (found->text == query.text) return found;
        return fail(Error::internal("two texts under the name " + std::string(query.name)));
    }
    const auto& entry = prepared_.add(query);
    CHECK_OK(deallocate_stale());
    if (PQsendPrepare(connection_, entry.server_name.c_str(), entry.text.c_str(), 0, nullptr) != 1) {
        return fail(lost(query.name));
    }
    expected_.push_back({Kind::kPrepare, query.name, entry.number});
    return &entry;
}

Result<void> Connection::send_named(const Query& query, const Params& params, Kind kind) {
    values_.clear();
    for (const auto& value : params.values()) values_.push_back(value ? value->c_str() : nullptr);
    int count = static_cast<int>(values_.size());
    const char* const* values = values_.data();
    TRY(const auto* entry, prepare(query));
    int sent = 0;
    if (entry != nullptr) {
        const char* name = entry->server_name.c_str();
        sent = PQsendQueryPrepared(connection_, name, count, values, nullptr, nullptr, 0);
    } else {
        std::string text(query.text);
        sent = PQsendQueryParams(connection_, text.c_str(), count, nullptr, values, nullptr, nullptr, 0);
    }
    if (sent != 1) return fail(lost(query.name));
    expected_.push_back({kind, query.name, entry == nullptr ? 0 : entry->number});
    return {};
}

Result<void> Connection::send_sync() {
    speaker_ = Speaker::kLogin;  // a transaction names its principal once, a batch ends here
    if (PQpipelineSync(connection_) != 1) return fail(lost("sync"));
    expected_.push_back({Kind::kSync, "sync"});
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

bool Connection::read() {
    if (PQconsumeInput(connection_) == 1) return true;
    is_broken_ = true;
    return false;
}

int Connection::write() {
    int left = PQflush(connection_);
    if (left < 0) is_broken_ = true;
    return left;
}

rt::Task<Result<PGresult*>> Connection::next(rt::Deadline by) {
    while (PQisBusy(connection_) == 1) {
        CO_CHECK_OK(co_await wait(Direction::kRead, by));
        if (PQconsumeInput(connection_) != 1) co_return fail(lost("read"));
    }
    co_return PQgetResult(connection_);
}

Connection::Progress Connection::lose(Reply& reply, std::string_view what) {
    is_broken_ = true;
    if (!reply.has_failed) reply.error = lost(what);
    reply.has_failed = true;
    return Progress::kLost;
}

void Connection::pop_expected() {
    ++answered_;
    if (answered_ < expected_.size() && answered_ < kAnsweredMax) return;
    expected_.erase(expected_.begin(), expected_.begin() + static_cast<std::ptrdiff_t>(answered_));
    answered_ = 0;
}

void Connection::note_failure(const Expected& expected, const PGresult* raw, Reply& reply) {
    const char* field = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
    std::string_view state = field == nullptr ? "" : field;
    if (!std::exchange(reply.has_failed, true)) {
        reply.error = to_error(raw, expected.name);
        if (reply.server != nullptr) {
            *reply.server = to_server_error(raw, static_cast<int>(reply.rows.size()));
        }
    }
    if (state.empty() || ends_connection(state) || state == "42P05") is_broken_ = true;
    if (expected.number == 0 || expected.kind == Kind::kPrepare) return;
    // A plan that no longer fits (a migration has run), or parameters of a type that was made anew under its
    // name: all are prepared afresh.
    const bool is_stale = state == "0A000" || (state == "XX000" && is_type_gone(raw));
    if (is_stale) prepared_.outdate(expected.number);
    // Its prepare stood in another unit, behind a statement that failed.
    if (state == "26000") prepared_.drop(expected.number);
    reply.is_outdated = is_stale || state == "26000";
}

/// False: the connection is lost.
bool Connection::accept(const Expected& expected, PGresult* raw, Reply& reply) {
    Rows rows(raw);
    auto status = PQresultStatus(raw);
    bool is_ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!is_ok && status != PGRES_PIPELINE_ABORTED) note_failure(expected, raw, reply);
    switch (expected.kind) {
        case Kind::kControl:
            if (is_ok) control_tag_ = PQcmdStatus(raw);
            break;
        case Kind::kPrepare:
            is_ok ? prepared_.confirm(expected.number) : prepared_.drop(expected.number);
            break;
        case Kind::kDeallocate:
            if (status == PGRES_PIPELINE_ABORTED) prepared_.put_back_stale(expected.number);
            break;
        case Kind::kRows:
            if (is_ok) reply.rows.push_back(std::move(rows));
            break;
        case Kind::kSwitch:
        case Kind::kSync:
            break;
    }
    return PQstatus(connection_) != CONNECTION_BAD;
}

Connection::Progress Connection::take(Reply& reply) {
    while (answered_ < expected_.size() && PQisBusy(connection_) != 1) {
        PGresult* raw = PQgetResult(connection_);
        const Expected expected = expected_[answered_];
        if (std::exchange(awaits_end_, false)) {
            if (raw != nullptr) PQclear(raw);
            if (raw != nullptr) return lose(reply, expected.name);
            if (!std::exchange(is_commit_refused_, false)) pop_expected();  // else its sync still comes
        } else if (raw == nullptr) {
            return lose(reply, expected.name);
        } else if (expected.kind == Kind::kSync) {
            const auto status = PQresultStatus(raw);
            // The implicit transaction commits here: a deferred constraint, for one, speaks only now.
            if (status == PGRES_FATAL_ERROR) note_failure(expected, raw, reply);
            PQclear(raw);
            if (status == PGRES_FATAL_ERROR && PQstatus(connection_) != CONNECTION_BAD) {
                awaits_end_ = true;
                is_commit_refused_ = true;
                continue;
            }
            if (status != PGRES_PIPELINE_SYNC) return lose(reply, expected.name);
            pop_expected();
            return Progress::kDone;
        } else {
            if (!accept(expected, raw, reply)) return lose(reply, expected.name);
            awaits_end_ = true;
        }
    }
    return PQstatus(connection_) == CONNECTION_BAD ? lose(reply, "read") : Progress::kMore;
}

void Connection::forget_names(std::size_t nth) {
    for (std::size_t i = answered_; i < expected_.size(); ++i) {
        bool is_end = expected_[i].kind == Kind::kSync;
        if (nth == 0 && !is_end) expected_[i].name = "left";
        if (is_end && nth-- == 0) return;
    }
}

rt::Task<Result<std::vector<Rows>>> Connection::collect(rt::Deadline by, ServerError* failed) {
    CO_CHECK_OK(co_await flush(by));
    Reply reply{.server = failed};
    for (;;) {
        auto progress = take(reply);
        if (progress != Progress::kMore) break;
        CO_CHECK_OK(co_await wait(Direction::kRead, by));
        if (!read()) {
            lose(reply, "read");
            break;
        }
    }
    if (reply.has_failed) co_return fail(std::move(reply.error));
    co_return std::move(reply.rows);
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
