#pragma once

#include "platform/pg/detail/pipeline.h"
#include "platform/pg/pg.h"
#include "platform/rt/sync.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft::pg::detail {

/// Sends all statements of a checked batch and its sync.
Result<void> send_batch(Pipeline& connection, const Batch& batch);
Result<void> check_batch(const Batch& batch);

/// Opens a connection, with backoff, until it works or nobody wants one any more (null). `failure` tells why
/// the last attempt failed. All references must outlive the task.
rt::Task<std::shared_ptr<Pipeline>> connect_while(
    std::function<bool()> is_wanted,
    rt::Loop& loop,
    const PoolOptions& options,
    rt::Signal& closing,
    std::string& failure
);

/// While the server is away nobody waits longer than this for a connection; who waits for a busy one does.
inline constexpr std::chrono::milliseconds kPatience{1'000};
/// How often whoever has waited longer looks whether the server is away.
inline constexpr std::chrono::milliseconds kLookAgain{100};

/// The connections behind Pool::shared: lanes on which the batches of many callers follow each other.
///
/// A caller's frame holds its Call; a Slot stands for it in a queue. A caller that leaves early takes its
/// Call away, and the slot stays until its answer has been read past.
class Sharing : public std::enable_shared_from_this<Sharing> {
  public:
    Sharing(rt::Loop& loop, const PoolOptions& options);

    rt::Task<Result<std::vector<Rows>>> run(Batch batch, rt::Deadline by, ServerError* failed);
    /// Everybody who waits is told kUnavailable, soon.
    void stop();
    /// The server does not answer: what is under way has another try on a new connection, if one comes in
    /// time.
    void give_up(std::string why);
    rt::Task<void> close();
    int open() const { return static_cast<int>(lanes_.size()); }
    std::size_t waiting() const { return queue_.size(); }

  private:
    using Resume = std::move_only_function<void()>;
    struct Call {
        Batch batch;
        rt::Deadline by;
        Reply reply;
        bool has_been_moved = false;  // to another lane; once
    };
    struct Slot {
        Call* call;  // null: the caller has left
        Resume resume;
        Steady until;  // the caller's deadline, or when it left
        Steady queued_at;
    };
    struct Lane {
        std::shared_ptr<Pipeline> connection;
        std::deque<Slot> slots;
        Steady moved_at;                // when the front slot became it
        Steady::duration usual_time{};  // that a batch takes, lately
        bool is_lively(Steady now) const;
        bool is_writing = false;
        int looks = 0;  // for the next piece of an answer, in a row
    };
    struct Wait;  // the caller's wait, which can be cancelled

    std::shared_ptr<Lane> pick();
    void submit(Call& call, Resume resume);
    void send(const std::shared_ptr<Lane>& lane, Slot slot);
    void send_queued();
    void flush(const std::shared_ptr<Lane>& lane);
    void await_input(const std::shared_ptr<Lane>& lane);
    void readable(const std::shared_ptr<Lane>& lane);
    bool take_answers(Lane& lane, std::vector<Resume>& done);
    bool again(Slot& slot);
    void lose(const std::shared_ptr<Lane>& lane, std::string_view why);
    void finish(Slot& slot, Error error);
    void leave(Call* call);
    void watch(Steady until);
    void look_for_late();
    bool is_away() const { return lanes_.empty() && !connect_failure_.empty(); }
    Error refusal(rt::Deadline by) const;
    rt::Task<void> open_lane();

    rt::Loop& loop_;
    PoolOptions options_;
    std::vector<std::shared_ptr<Lane>> lanes_;
    std::deque<Slot> queue_;  // no lane has room
    boost::asio::steady_timer watchdog_;
    bool is_watching_ = false;
    bool is_sending_soon_ = false;
    bool is_closed_ = false;
    int connecting_ = 0;
    std::string connect_failure_;
    Reply discarded_;  // of callers that have left
    rt::Signal closing_;
    rt::Signal changed_;
};

}  // namespace weft::pg::detail
