#pragma once

#include "data/isolation/detail/slot.h"
#include "data/isolation/isolation.h"

#include <memory>
#include <optional>

namespace weft::isolation {

/// A slot's child while it serves one run.
class Claimed final : public Sandbox {
  public:
    /// Who hears, at most once each, that the process ended other than by our order; and why it ended if
    /// a request was not answered.
    struct Listeners {
        std::function<void()> on_death;
        std::function<void(KillReason reason)> on_kill;
    };
    Claimed(std::shared_ptr<Slot> slot, Limits limits, const Options& options, Listeners listeners);
    Claimed(const Claimed&) = delete;
    ~Claimed() override;

    rt::Task<Result<Reply>> request(std::string frames, rt::Deadline by, int ahead) override;
    rt::Task<Result<Reply>> next(rt::Deadline by) override;
    Micros cpu() const override { return cpu_of_process() - cpu_before_; }
    std::size_t memory_bytes() const override;
    void kill() override;

  private:
    bool may_be_kept();
    rt::Task<Result<Reply>> exchange(std::string frames, rt::Deadline by);
    Micros cpu_of_process() const;
    rt::Task<Result<void>> write(std::string frames, rt::Deadline by);
    rt::Task<Result<Reply>> read(rt::Deadline by);
    Result<std::optional<Reply>> take(Reply& reply);
    rt::Task<Error> explain_death();
    void arm(rt::Deadline by);
    /// Waits for the stream; an error when `by` is over or the task was cancelled.
    rt::Task<Result<void>> wait(boost::asio::posix::stream_descriptor::wait_type what, rt::Deadline by);

    std::shared_ptr<Slot> slot_;  // shared with the pool and with pending operations
    const Options& options_;
    const Micros cpu_before_;  // of its process
    Listeners listeners_;
    std::optional<KillReason> death_;  // why, once the process has ended by itself
    protocol::FrameReader reader_;
    int lines_left_;
    int owed_ = 0;  // replies to what was sent
    bool is_over_ = false;
    bool has_hit_limit_ = false;
};

}  // namespace weft::isolation
