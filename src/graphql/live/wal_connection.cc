#include "graphql/live/detail/wal_connection.h"

#include "platform/rt/clock.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libpq-fe.h>

#include <array>
#include <utility>

namespace weft::graphql::detail {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr int kTableRowsMax = 100'000;

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

Error away(std::string detail) {
    return Error::unavailable("The database's log can't be followed now", std::move(detail));
}

pg_conn* start(const std::string& url) {
    const std::array<const char*, 4> names{"dbname", "replication", "fallback_application_name", nullptr};
    const std::array<const char*, 4> values{url.c_str(), "database", "weft graphql live", nullptr};
    return PQconnectStartParams(names.data(), values.data(), 1);
}

}  // namespace

WalConnection::WalConnection(rt::Loop& loop, pg_conn* connection)
    : connection_(connection), socket_(loop.context()), timer_(loop.context()) {}

WalConnection::~WalConnection() {
    if (socket_.is_open()) socket_.release();  // libpq closes it
    PQfinish(connection_);
}

std::string WalConnection::why() const {
    std::string out = PQerrorMessage(connection_);
    while (out.ends_with('\n')) out.pop_back();
    return out;
}

rt::Task<Result<std::unique_ptr<WalConnection>>> WalConnection::open(
    rt::Loop& loop, std::string url, rt::Deadline by
) {
    // A host's name is looked up in this call, which takes its time.
    pg_conn* connection = co_await rt::on_pool([&url] { return start(url); });
    auto self = std::unique_ptr<WalConnection>(new WalConnection(loop, connection));
    CO_CHECK_OK(co_await self->connect(std::move(by)));
    co_return self;
}

rt::Task<Result<void>> WalConnection::connect(rt::Deadline by) {
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && PQstatus(connection_) != CONNECTION_BAD) {
        // libpq may have closed one attempt's socket and opened the next one's under the same number.
        if (socket_.is_open()) socket_.release();
        if (PQsocket(connection_) < 0) break;
        socket_.assign(PQsocket(connection_));
        CO_CHECK_OK(co_await wait(state == PGRES_POLLING_READING ? Direction::kRead : Direction::kWrite, by));
        state = PQconnectPoll(connection_);
    }
    if (PQstatus(connection_) != CONNECTION_OK) co_return fail(away("connect: " + why()));
    if (socket_.is_open()) socket_.release();
    socket_.assign(PQsocket(connection_));
    PQsetnonblocking(connection_, 1);
    co_return Result<void>{};
}

rt::Task<Result<void>> WalConnection::wait(Direction direction, rt::Deadline by) {
    CO_CHECK_OK(by.check());
    if (by.when() != Steady::max()) {
        timer_.expires_at(by.when());
        timer_.async_wait([this](const boost::system::error_code& ec) {
            // One that had fired already when its wait ended must not end the next.
            if (!ec && timer_.expiry() <= rt::SystemClock().steady()) socket_.cancel();
        });
    }
    const auto what = direction == Direction::kRead ? Descriptor::wait_read : Descriptor::wait_write;
    auto [ec] = co_await socket_.async_wait(what, kTuple);
    timer_.cancel();
    if (ec) co_return fail(by.is_over() ? by.error() : away("wait: " + ec.message()));
    co_return Result<void>{};
}

rt::Task<Result<void>> WalConnection::flush(rt::Deadline by) {
    int left = PQflush(connection_);
    while (left > 0) {
        CO_CHECK_OK(co_await wait(Direction::kWrite, by));
        left = PQflush(connection_);
    }
    if (left < 0) co_return fail(away("send: " + why()));
    co_return Result<void>{};
}

rt::Task<Result<WalConnection::Rows>> WalConnection::run(std::string text, rt::Deadline by) {
    sqlstate_.clear();
    if (PQsendQuery(connection_, text.c_str()) != 1) co_return fail(away("send: " + why()));
    CO_CHECK_OK(co_await flush(by));
    Rows rows;
    std::string refused;
    for (;;) {
        while (PQisBusy(connection_) == 1) {
            CO_CHECK_OK(co_await wait(Direction::kRead, by));
            if (PQconsumeInput(connection_) != 1) co_return fail(away("receive: " + why()));
        }
        const ResultPtr result(PQgetResult(connection_), &PQclear);
        if (result == nullptr) break;
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_COPY_BOTH) co_return rows;  // from now on messages
        if (status == PGRES_FATAL_ERROR) {
            const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
            sqlstate_ = state == nullptr ? "" : state;
            refused = PQresultErrorMessage(result.get());
            if (PQstatus(connection_) != CONNECTION_OK) break;
        }
        for (int row = 0; row < PQntuples(result.get()) && row < kTableRowsMax; ++row) {
            auto& values = rows.emplace_back();
            for (int column = 0; column < PQnfields(result.get()); ++column) {
                values.emplace_back(PQgetvalue(result.get(), row, column));
            }
        }
    }
    while (refused.ends_with('\n')) refused.pop_back();
    if (!refused.empty()) co_return fail(away(std::move(refused)));
    co_return rows;
}

rt::Task<Result<std::optional<std::string>>> WalConnection::next(rt::Deadline by) {
    for (;;) {
        char* buffer = nullptr;
        const int size = PQgetCopyData(connection_, &buffer, 1);
        const std::unique_ptr<char, decltype(&PQfreemem)> owner(buffer, &PQfreemem);
        if (size > 0) co_return std::string(buffer, static_cast<std::size_t>(size));
        if (size < 0) {
            const ResultPtr result(PQgetResult(connection_), &PQclear);  // it says why
            co_return fail(away("the stream ended: " + why()));
        }
        if (auto ready = co_await wait(Direction::kRead, by); !ready) {
            if (ready.error().code == Code::kTimeout) co_return std::optional<std::string>();
            co_return fail(std::move(ready).error());
        }
        if (PQconsumeInput(connection_) != 1) co_return fail(away("receive: " + why()));
    }
}

rt::Task<Result<void>> WalConnection::send(std::string message, rt::Deadline by) {
    if (PQputCopyData(connection_, message.data(), static_cast<int>(message.size())) != 1) {
        co_return fail(away("send: " + why()));
    }
    co_return co_await flush(std::move(by));
}

}  // namespace weft::graphql::detail
