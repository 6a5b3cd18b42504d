#pragma once

#include "base/error.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

struct pg_conn;
struct pg_result;

namespace weft::pg::detail {

/// A watchdog looks again at least this often, so that a far deadline cannot overflow the clock.
inline constexpr auto kWatchMax = std::chrono::hours(1);

struct ConnectOptions {
    std::string url;
    std::string application_name;
    std::string search_path = "weft";
    std::string options = {};
    std::size_t prepared_max = 1'000;  // of a Pipeline
};

/// One libpq connection on the loop: its socket, and waiting for it. What is said on it is the affair of the
/// one protocol that holds it: Pipeline, run_script or Subscription.
///
/// Whoever is interrupted in a wait leaves it broken: the owner drops it, and
/// `client_connection_check_interval` ends the statement on the server.
class Link : public std::enable_shared_from_this<Link> {
  public:
    /// Connected, with every session setting that decides what bytes mean.
    static rt::Task<Result<std::shared_ptr<Link>>> open(
        rt::Loop& loop, ConnectOptions options, rt::Deadline by
    );
    /// The same of a connection that has been started, to whichever database; takes it over. Sets nothing.
    static rt::Task<Result<std::shared_ptr<Link>>> adopt(rt::Loop& loop, pg_conn* raw, rt::Deadline by);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    bool is_alive() const { return !is_broken_; }
    bool is_usable() const { return !is_broken_ && !is_abandoned_; }
    /// The server is still there as far as this end knows. Reads what has come in meanwhile; only between two
    /// uses.
    bool is_peer_there();
    /// The server does not answer: the wait under way, if any, ends with kUnavailable, and there is no other.
    void abandon();
    /// No use is made of it any more.
    void give_up() { is_broken_ = true; }
    /// The same, and the error that says so.
    Error lost(std::string_view what);

    enum class Direction { kRead, kWrite, kBoth };
    rt::Task<Result<void>> wait(Direction direction, rt::Deadline by);
    /// Something to read has come, while nothing is under way; false, and no harm done, when nothing has by
    /// then.
    rt::Task<Result<bool>> wait_for_news(rt::Deadline by);
    /// Writes all, reading meanwhile.
    rt::Task<Result<void>> flush(rt::Deadline by);
    /// The next result; null at the end of a statement's.
    rt::Task<Result<pg_result*>> next(rt::Deadline by);
    /// Takes in what the socket has, without waiting. False: lost.
    bool read();
    /// Writes what the socket takes, without waiting. 0: all, 1: not all, -1: lost.
    int write();

    pg_conn* raw() const { return connection_; }
    boost::asio::posix::stream_descriptor& socket() { return socket_; }

  private:
    Link(rt::Loop& loop, pg_conn* connection);
    rt::Task<Result<void>> finish_connecting(rt::Deadline by);
    void follow_socket();
    void watch(Steady until);
    void watch_fired();

    pg_conn* connection_;
    boost::asio::posix::stream_descriptor socket_;
    // One timer for all uses: it is left standing when a use ends early, and looks again when it fires.
    boost::asio::steady_timer watchdog_;
    Steady watch_until_{};
    bool is_watching_ = false;
    bool is_waiting_ = false;
    bool has_timed_out_ = false;
    bool is_broken_ = false;
    bool is_abandoned_ = false;
};

/// kUnavailable, worth another try.
Error away(std::string detail);

}  // namespace weft::pg::detail
