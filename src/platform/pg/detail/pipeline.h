#pragma once

#include "platform/pg/detail/link.h"
#include "platform/pg/detail/statements.h"
#include "platform/pg/pg.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::pg::detail {

/// The answer to one unit (what was sent up to a sync), as far as it has been read.
struct Reply {
    std::vector<Rows> rows;  // one per `send`
    bool has_failed = false;
    bool is_outdated = false;       // the prepared statement no longer fits or is gone: another try may work
    Error error;                    // the first one
    ServerError* server = nullptr;  // filled with the first error, when given
};

/// The extended protocol in pipeline mode on one Link. Its invariant: answers come in the order of what was
/// sent, and `expected_` holds exactly what is still to come.
///
/// A use is: any number of begin/become/send, one `send_sync`, one `collect`. With `take` and its neighbours
/// instead of `collect`, several units may be under way.
class Pipeline {
  public:
    static rt::Task<Result<std::shared_ptr<Pipeline>>> open(
        rt::Loop& loop, ConnectOptions options, rt::Deadline by
    );
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// Between uses, with the server still there as far as this end knows. Reads what has come in meanwhile.
    bool is_fit() { return is_usable() && link_->is_peer_there(); }
    bool is_usable() const { return link_->is_usable() && expected_.empty(); }
    /// The server does not answer: the use under way, if any, ends with kUnavailable, and there is no other.
    void abandon() { link_->abandon(); }
    bool is_alive() const { return link_->is_alive(); }

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
    bool read() { return link_->read(); }
    int write() { return link_->write(); }
    /// The names given with the nth unit under way (0: the oldest) are about to die.
    void forget_names(std::size_t nth);
    boost::asio::posix::stream_descriptor& socket() { return link_->socket(); }

    /// Command tag of the last control statement: COMMIT of a failed transaction answers ROLLBACK.
    const std::string& control_tag() const { return control_tag_; }

  private:
    enum class Kind { kControl, kPrepare, kDeallocate, kSwitch, kRows, kSync };
    enum class Speaker { kLogin, kTenant, kSystem };
    struct Expected {
        Kind kind;
        std::string_view name;     // of the query
        std::uint64_t number = 0;  // of the prepared statement
    };

    Pipeline(std::shared_ptr<Link> link, std::size_t prepared_max);
    Progress lose(Reply& reply, std::string_view what);
    bool accept(const Expected& expected, pg_result* raw, Reply& reply);
    void note_failure(const Expected& expected, const pg_result* raw, Reply& reply);
    void pop_expected();
    Result<const Statements::Entry*> prepare(const Query& query);
    Result<void> deallocate_stale();
    Result<void> send_named(const Query& query, const Params& params, Kind kind);

    std::shared_ptr<Link> link_;
    Speaker speaker_ = Speaker::kLogin;  // since the last sync
    std::string control_tag_;
    std::vector<Expected> expected_;  // those before answered_ have been answered
    std::size_t answered_ = 0;
    bool awaits_end_ = false;         // libpq ends each statement's results with a null
    bool is_commit_refused_ = false;  // the error that a sync brought is being read
    // Scratch of send.
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    Statements prepared_;
};

/// libpq's texts end at a zero byte: refused (kInvalid) instead of cut off.
Result<void> check_params(const Params& params);

}  // namespace weft::pg::detail
