#pragma once

#include "platform/pg/detail/statements.h"
#include "platform/pg/pg.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <vector>

struct pg_conn;
struct pg_result;

namespace weft::pg::detail {

enum class Mode { kPipeline, kSimple };

struct ConnectOptions {
    std::string url;
    std::string application_name;
    Mode mode = Mode::kPipeline;
    std::string search_path = "weft";
    std::string options = {};
    std::size_t prepared_max = 1'000;
};

/// The answer to one unit (what was sent up to a sync), as far as it has been read.
struct Reply {
    std::vector<Rows> rows;  // one per `send`
    bool has_failed = false;
    bool is_outdated = false;       // the prepared statement no longer fits or is gone: another try may work
    Error error;                    // the first one
    ServerError* server = nullptr;  // filled with the first error, when given
};

/// One libpq connection on the loop. Whoever is interrupted in the middle leaves it unusable: the owner drops
/// it, and `client_connection_check_interval` ends the statement on the server.
///
/// A use is: any number of begin/become/send, one `send_sync`, one `collect`. With `take` and its neighbours
/// instead of `collect`, several units may be under way.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    static rt::Task<Result<std::shared_ptr<Connection>>> open(
        rt::Loop& loop, ConnectOptions options, rt::Deadline by
    );
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Between uses, with the server still there as far as this end knows. Reads what has come in meanwhile.
    bool is_fit();
    bool is_usable() const { return !is_broken_ && !is_abandoned_ && expected_.empty(); }
    /// The server does not answer: the use under way, if any, ends with kUnavailable, and there is no other.
    void abandon();
    bool is_alive() const { return !is_broken_; }

    /// BEGIN, COMMIT, ROLLBACK: no rows. Texts in `params` must not hold a zero byte (`check_params`).
    Result<void> send_control(const char* statement);
    /// Takes on `who` until the transaction ends or the next switch.
    Result<void> become(const Principal& who);
    Result<void> send(const Query& query, const Params& params);
    /// Ends a unit: an implicit transaction commits here, a failed pipeline recovers here.
    Result<void> send_sync();
    /// Flushes and reads up to the sync: one Rows per `send`, or the first error.
    rt::Task<Result<std::vector<Rows>>> collect(rt::Deadline by, ServerError* failed = nullptr);

    enum class Progress { kMore, kDone, kLost };
    /// Reads what has come of the oldest unit's answer, without waiting; kDone: its sync is there.
    Progress take(Reply& reply);
    /// Takes in what the socket has. False: lost.
    bool read();
    /// Writes what the socket takes. 0: all, 1: not all, -1: lost.
    int write();
    /// The names given with the nth unit under way (0: the oldest) are about to die.
    void forget_names(std::size_t nth);
    boost::asio::posix::stream_descriptor& socket() { return socket_; }

    /// Command tag of the last control statement: COMMIT of a failed transaction answers ROLLBACK.
    const std::string& control_tag() const { return control_tag_; }

    /// Simple mode, for LISTEN: runs one text, discards rows.
    rt::Task<Result<void>> run_simple(std::string text, rt::Deadline by);
    /// Simple mode: runs one text of many statements; the answer of the last one, at most `kScriptRowsMax`
    /// rows.
    static constexpr int kScriptRowsMax = 100'000;
    rt::Task<Result<ScriptAnswer>> run_script(std::string text, rt::Deadline by, ServerError* failed);
    /// Simple mode: waits for input once, then hands over what notifications have come.
    rt::Task<Result<void>> read_notifications(Listener::OnNotify on_notify, rt::Deadline by);

  private:
    enum class Direction { kRead, kWrite, kBoth };
    enum class Kind { kControl, kPrepare, kDeallocate, kSwitch, kRows, kSync };
    enum class Speaker { kLogin, kTenant, kSystem };
    struct Expected {
        Kind kind;
        std::string_view name;     // of the query
        std::uint64_t number = 0;  // of the prepared statement
    };

    Connection(rt::Loop& loop, pg_conn* connection, std::size_t prepared_max);
    rt::Task<Result<void>> finish_connecting(Mode mode, rt::Deadline by);
    rt::Task<Result<void>> wait(Direction direction, rt::Deadline by);
    rt::Task<Result<void>> flush(rt::Deadline by);
    rt::Task<Result<pg_result*>> next(rt::Deadline by);
    Progress lose(Reply& reply, std::string_view what);
    bool accept(const Expected& expected, pg_result* raw, Reply& reply);
    void note_failure(const Expected& expected, const pg_result* raw, Reply& reply);
    void pop_expected();
    void watch(Steady until);
    void watch_fired();
    bool hand_over(const Listener::OnNotify& on_notify);
    void follow_socket();
    Result<const Statements::Entry*> prepare(const Query& query);
    Result<void> deallocate_stale();
    Result<void> send_named(const Query& query, const Params& params, Kind kind);
    Error lost(std::string_view what);

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
    Speaker speaker_ = Speaker::kLogin;  // since the last sync
    std::string control_tag_;
    std::vector<Expected> expected_;  // those before answered_ have been answered
    std::size_t answered_ = 0;
    bool awaits_end_ = false;          // libpq ends each statement's results with a null
    bool is_commit_refused_ = false;   // the error that a sync brought is being read
    std::vector<const char*> values_;  // scratch of send
    Statements prepared_;
};

/// libpq's texts end at a zero byte: refused (kInvalid) instead of cut off.
Result<void> check_params(const Params& params);

/// kUnavailable, worth another try.
Error away(std::string detail);

}  // namespace weft::pg::detail
