#pragma once

#include "platform/pg/pg.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct pg_conn;
struct pg_result;

namespace weft::pg::detail {

enum class Mode { kPipeline, kSimple };

struct ConnectOptions {
    std::string url;
    std::string application_name;
    Mode mode = Mode::kPipeline;
};

/// One libpq connection on the loop, for one user at a time. Whoever is interrupted in the middle leaves it
/// unusable: the owner drops it, and `client_connection_check_interval` ends the statement on the server.
///
/// A use is: any number of begin/become/send, one `send_sync`, one `collect`.
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
    bool is_usable() const { return !is_broken_ && expected_.empty(); }

    /// BEGIN, COMMIT, ROLLBACK: no rows. Texts in `params` must not hold a zero byte (`check_params`).
    Result<void> send_control(const char* statement);
    /// Takes on `who` until the transaction ends or the next switch.
    Result<void> become(const Principal& who);
    Result<void> send(const Query& query, const Params& params);
    /// Ends a unit: an implicit transaction commits here, a failed pipeline recovers here.
    Result<void> send_sync();
    /// Flushes and reads up to the sync: one Rows per `send`, or the first error.
    rt::Task<Result<std::vector<Rows>>> collect(rt::Deadline by);
    /// Command tag of the last control statement: COMMIT of a failed transaction answers ROLLBACK.
    const std::string& control_tag() const { return control_tag_; }

    /// Simple mode, for LISTEN: runs one text, discards rows.
    rt::Task<Result<void>> run_simple(std::string text, rt::Deadline by);
    /// Simple mode: waits for input once, then hands over what notifications have come.
    rt::Task<Result<void>> read_notifications(Listener::OnNotify on_notify, rt::Deadline by);

  private:
    enum class Direction { kRead, kWrite, kBoth };
    enum class Kind { kControl, kPrepare, kSwitch, kRows };
    struct Expected {
        Kind kind;
        std::string_view name;  // of the query; for kPrepare the key in prepared_
    };
    struct Prepared {
        std::string server_name;
        std::string text;
    };
    struct NameHash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    Connection(rt::Loop& loop, pg_conn* connection);
    rt::Task<Result<void>> finish_connecting(Mode mode, rt::Deadline by);
    rt::Task<Result<void>> wait(Direction direction, rt::Deadline by);
    rt::Task<Result<void>> flush(rt::Deadline by);
    rt::Task<Result<void>> fill(rt::Deadline by);
    rt::Task<Result<pg_result*>> next(rt::Deadline by);
    rt::Task<Result<void>> collect_one(
        Expected expected, std::vector<Rows>& out, Error& first, rt::Deadline by
    );
    void watch(Steady until);
    void watch_fired();
    bool hand_over(const Listener::OnNotify& on_notify);
    void follow_socket();
    Result<const char*> prepare(const Query& query);
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
    bool in_system_role_ = false;
    std::string control_tag_;
    std::vector<Expected> expected_;
    std::vector<const char*> values_;  // scratch of send
    std::unordered_map<std::string, Prepared, NameHash, std::equal_to<>> prepared_;
    std::uint64_t names_given_ = 0;
};

/// libpq's texts end at a zero byte: refused (kInvalid) instead of cut off.
Result<void> check_params(const Params& params);

/// kUnavailable, worth another try.
Error away(std::string detail);

}  // namespace weft::pg::detail
