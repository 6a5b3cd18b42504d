#include "platform/pg/guest.h"

#include "platform/pg/detail/link.h"
#include "platform/pg/value.h"
#include "platform/rt/sync.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <array>

namespace weft::pg {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kAddressesMax = 8;    // of a name; each that does not answer costs time
constexpr std::size_t kSaidBytesMax = 500;  // of what a server says
constexpr std::size_t kIdentifierBytesMax = 63;
constexpr const char* kSystemTrust = "/etc/ssl/certs/ca-certificates.crt";
/// Values as one text each, whatever the server's own settings; nothing is written; no name or operator of
/// somebody's schema stands for one of the system's.
constexpr std::string_view kGuestSettings =
    "select pg_catalog.set_config('search_path', 'pg_catalog', false), "
    "set_config('default_transaction_read_only', 'on', false), set_config('statement_timeout', '30000', "
    "false), "
    "set_config('datestyle', 'ISO, MDY', false), set_config('timezone', 'UTC', false), "
    "set_config('intervalstyle', 'postgres', false), set_config('bytea_output', 'hex', false), "
    "set_config('extra_float_digits', '1', false)";

std::string said(std::string_view text) {
    std::string out(text.substr(0, kSaidBytesMax));
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    for (char& c : out)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

Error unreachable(std::string_view why) {
    const bool is_refusal = why.contains("authentication failed") || why.contains("no password supplied");
    if (is_refusal)
        return Error::unauthenticated("The database does not take this name and password: " + said(why));
    return Error::unavailable("The database cannot be reached: " + said(why));
}

/// Addresses of a name, by a thread of Asio's: a slow server of names holds up nothing else.
rt::Task<Result<std::vector<std::string>>> resolve(rt::Loop& loop, std::string host, rt::Deadline by) {
    struct State {
        explicit State(rt::Loop& on) : resolver(on.context()), done(on) {}
        tcp::resolver resolver;
        rt::Signal done;
        bool is_done = false;
        std::vector<std::string> found;
    };
    auto state = std::make_shared<State>(loop);  // shared with an answer that comes too late
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    state->resolver
        .async_resolve(host, "", [state](const boost::system::error_code& ec, const auto& results) {
            state->is_done = true;
            for (const auto& one : results)
                if (!ec && state->found.size() < kAddressesMax)
                    state->found.push_back(one.endpoint().address().to_string());
            state->done.notify_all();
        });
    while (!state->is_done) {
        auto waited = co_await state->done.wait(by);
        if (!waited) state->resolver.cancel();
        CO_CHECK_OK(waited);
    }
    if (state->found.empty())
        co_return fail(Error::unavailable("The name of the database's host was not found"));
    co_return std::move(state->found);
}

pg_conn* knock(const Door& door, const std::string& ip) {
    const std::string port = std::to_string(door.port);
    const std::string password(door.password.reveal());
    const std::string trust = door.ca_file.empty() ? kSystemTrust : door.ca_file;
    std::string host = door.host;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    const std::array<std::pair<const char*, const char*>, 17> settings{{
        {"host", host.c_str()},
        {"hostaddr", ip.c_str()},
        {"port", port.c_str()},
        {"dbname", door.database.c_str()},
        {"user", door.user.c_str()},
        {"password", password.c_str()},
        {"passfile", "/dev/null"},
        {"sslmode", door.is_plain ? "disable" : "verify-full"},
        {"sslrootcert", trust.c_str()},
        {"sslcert", "/dev/null/none"},
        {"gssencmode", "disable"},
        {"client_encoding", "UTF8"},
        {"application_name", "weft"},
        {"keepalives_idle", "20"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "15000"},
    }};
    std::array<const char*, settings.size() + 1> keywords{};
    std::array<const char*, settings.size() + 1> values{};
    for (std::size_t i = 0; i < settings.size(); ++i) {
        keywords[i] = settings[i].first;
        values[i] = settings[i].second;
    }
    // A name of a database is no connection string, whatever it looks like.
    return PQconnectStartParams(keywords.data(), values.data(), 0);
}

}  // namespace

struct Guest::Parts {
    std::shared_ptr<detail::Link> link;
};

Guest::Guest(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Guest::~Guest() = default;

rt::Task<Result<std::unique_ptr<Guest>>> Guest::open(rt::Loop& loop, Door door, rt::Deadline by) {
    CO_TRY(const auto addresses, co_await resolve(loop, door.host, by));
    Error last = Error::unavailable("The database cannot be reached");
    for (const std::string& ip : addresses) {
        auto allowed = door.check_address(ip, door.port);
        if (!allowed) {
            last = std::move(allowed).error();
            continue;
        }
        pg_conn* raw = knock(door, ip);
        if (raw == nullptr) co_return fail(Error::internal("out of memory"));
        auto link = co_await detail::Link::adopt(loop, raw, by);
        if (!link) {
            last = std::move(link).error();
            if (last.code == Code::kUnavailable) last = unreachable(last.detail);
            if (last.code == Code::kTimeout) last.user = "The database did not answer in time";
            continue;
        }
        auto parts = std::make_unique<Parts>();
        parts->link = *std::move(link);
        auto guest = std::make_unique<Guest>(std::move(parts));
        CO_CHECK_OK(co_await guest->ask(std::string(kGuestSettings), {}, {}, by));
        co_return guest;
    }
    co_return fail(std::move(last));
}

Result<std::string> Guest::quoted(std::string_view name) const {
    if (name.empty() || name.size() > kIdentifierBytesMax || name.contains('\0'))
        return fail(Error::invalid("A name of the database has 1 to 63 bytes"));
    char* quoted = PQescapeIdentifier(parts_->link->raw(), name.data(), name.size());
    if (quoted == nullptr) return fail(Error::invalid("This is no name in UTF-8"));
    std::string out(quoted);
    PQfreemem(quoted);
    return out;
}

rt::Task<Result<std::vector<Guest::Row>>> Guest::ask(
    std::string text, Values values, Bounds bounds, rt::Deadline by
) {
    pg_conn* raw = parts_->link->raw();
    std::vector<const char*> given;
    for (const auto& value : values) given.push_back(value ? value->c_str() : nullptr);
    const int count = static_cast<int>(given.size());
    if (PQsendQueryParams(raw, text.c_str(), count, nullptr, given.data(), nullptr, nullptr, 0) != 1)
        co_return fail(Error::unavailable("The database closed the connection"));
    PQsetSingleRowMode(raw);
    const auto lost = [&](Error why) {
        why.user = why.code == Code::kTimeout ? "The database did not answer in time"
                                              : "The database closed the connection";
        return fail(std::move(why));
    };
    if (auto sent = co_await parts_->link->flush(by); !sent) co_return lost(std::move(sent).error());
    std::vector<Row> out;
    std::size_t bytes = 0;
    Result<void> outcome;
    for (;;) {
        auto next = co_await parts_->link->next(by);
        if (!next) co_return lost(std::move(next).error());
        if (*next == nullptr) break;
        const Rows hold(*next);
        if (PQresultStatus(*next) == PGRES_FATAL_ERROR)
            outcome = fail(Error::invalid("The database refused: " + said(PQresultErrorMessage(*next))));
        if (PQresultStatus(*next) != PGRES_SINGLE_TUPLE) continue;
        Row& row = out.emplace_back();
        for (int column = 0; column < PQnfields(*next); ++column) {
            row.emplace_back();
            if (PQgetisnull(*next, 0, column) == 1) continue;
            row.back().emplace(
                PQgetvalue(*next, 0, column), static_cast<std::size_t>(PQgetlength(*next, 0, column))
            );
            bytes += row.back()->size();
        }
        if (out.size() > bounds.rows || bytes > bounds.bytes) {
            parts_->link->give_up();
            co_return fail(Error::limit("The database answered with more than was asked for"));
        }
    }
    CO_CHECK_OK(outcome);
    co_return out;
}

rt::Task<Result<void>> Guest::listen(std::string channel, rt::Deadline by) {
    CO_TRY(const std::string name, quoted(channel));
    CO_CHECK_OK(co_await ask("listen " + name, {}, {}, by));
    co_return Result<void>();
}

rt::Task<Result<std::vector<Guest::Notice>>> Guest::heard(std::size_t most, rt::Deadline by) {
    pg_conn* raw = parts_->link->raw();
    std::vector<Notice> out;
    const auto take = [&] {
        while (out.size() < most) {
            const std::unique_ptr<PGnotify, void (*)(void*)> note(PQnotifies(raw), PQfreemem);
            if (note == nullptr) return;
            out.push_back({note->relname, note->extra});
        }
    };
    const auto closed = [] { return fail(Error::unavailable("The database closed the connection")); };
    take();  // some may have come with an answer
    while (out.empty()) {
        auto news = co_await parts_->link->wait_for_news(by);
        if (!news && news.error().code == Code::kCancelled) co_return fail(std::move(news).error());
        if (!news) co_return closed();
        if (!*news) co_return out;
        // What is read here has been read to its end before more is: a flood stays in the socket.
        if (!parts_->link->read()) co_return closed();
        take();
        if (PQstatus(raw) != CONNECTION_OK) co_return closed();
    }
    co_return out;
}

}  // namespace weft::pg
