#pragma once

#include "base/error.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

struct pg_conn;

namespace weft::graphql::detail {

/// A libpq connection in replication mode: simple statements, then a stream of messages both ways. After any
/// error it is finished.
class WalConnection {
  public:
    static rt::Task<Result<std::unique_ptr<WalConnection>>> open(
        rt::Loop& loop, std::string url, rt::Deadline by
    );
    ~WalConnection();
    WalConnection(const WalConnection&) = delete;
    WalConnection& operator=(const WalConnection&) = delete;

    using Rows = std::vector<std::vector<std::string>>;
    /// Runs one statement. A refusal leaves the connection as it was and its SQLSTATE in `sqlstate`.
    rt::Task<Result<Rows>> run(std::string text, rt::Deadline by);
    const std::string& sqlstate() const { return sqlstate_; }
    /// After START_REPLICATION: the next message, or nothing when none has come until `by`.
    rt::Task<Result<std::optional<std::string>>> next(rt::Deadline by);
    rt::Task<Result<void>> send(std::string message, rt::Deadline by);

  private:
    enum class Direction { kRead, kWrite };
    WalConnection(rt::Loop& loop, pg_conn* connection);
    rt::Task<Result<void>> connect(rt::Deadline by);
    rt::Task<Result<void>> flush(rt::Deadline by);
    rt::Task<Result<void>> wait(Direction direction, rt::Deadline by);
    std::string why() const;

    pg_conn* connection_;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer timer_;
    std::string sqlstate_;
};

}  // namespace weft::graphql::detail
