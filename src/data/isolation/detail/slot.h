#pragma once

#include "data/isolation/detail/cgroups.h"
#include "data/isolation/detail/zygote.h"
#include "platform/rt/sync.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace weft::isolation {

/// What a slot is made of; assembled off the loop because joining a cgroup of version 1 blocks.
struct SlotParts {
    int index = 0;
    SlotZygote zygote;
    Cgroup cgroup;
};

/// One place for one run at a time: a uid, a cgroup, a zygote that lives in it, and the zygote's current
/// child.
///
///   idle -> forking -> ready -> busy -> dying -> idle
///                                 busy -> cleaning -> kept -> busy
///
/// The child of a busy slot serves one run. It is killed and reaped before the next is forked, so that
/// nothing of a run can meet the next one. In shared mode it may serve several runs of one workflow version:
/// it puts its memory back after each, says so, and is kept.
class Slot : public std::enable_shared_from_this<Slot> {
  public:
    enum class State { kIdle, kForking, kReady, kBusy, kCleaning, kKept, kDying, kBroken };

    struct Events {
        std::function<void(Slot&)> on_ready;  // forked, waiting for a run
        std::function<void(Slot&)> on_kept;   // as new, waiting for the next run of its version
        std::function<void(Slot&)>
            on_lost;  // was kept and is no longer: idle for too long, or its child ended
        std::function<void(Slot&)> on_broken;  // its zygote is gone
    };

    Slot(rt::Loop& loop, SlotParts parts, std::uint32_t cpu_seconds, Events events);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    /// Asks for a fresh child; `on_ready` follows.
    void fork();
    void claim() { state_ = State::kBusy; }
    /// The run has ended well; its child may serve the next of the same version. `on_kept` follows, or a
    /// fresh child.
    void keep(Millis idle_max);
    /// Whose runs the child serves, in shared mode.
    struct Tenure {
        WorkflowVersionId version;
        int runs = 0;
        rt::Deadline until;  // then another process
    };
    std::optional<Tenure> tenure;
    /// Ends the run; the slot forks its next child by itself.
    void release();
    void kill();
    /// Kills and reaps everything, blocking. The slot is of no use afterwards.
    void shut_down();

    State state() const { return state_; }
    int index() const { return parts_.index; }
    bool is_child_gone() const { return child_ <= 0; }
    /// Returns once the child has been reaped, or `by` is over.
    rt::Task<void> wait_gone(rt::Deadline by);

    boost::asio::posix::stream_descriptor& stream() { return stream_; }
    boost::asio::steady_timer& timer() { return timer_; }
    pid_t child() const { return child_; }

    /// How the last child ended; valid once it is gone.
    struct End {
        int status = 0;
        rusage used{};
        bool by_us = false;
        bool out_of_memory = false;
    };
    const End& end() const { return end_; }
    const Cgroup& cgroup() const { return parts_.cgroup; }

  private:
    void on_made();
    void on_exit();
    void on_clean(Millis idle_max);
    void recycle();
    void break_down();

    SlotParts parts_;
    std::uint32_t cpu_seconds_;
    Events events_;
    boost::asio::posix::stream_descriptor control_;
    boost::asio::posix::stream_descriptor exit_;
    boost::asio::posix::stream_descriptor stream_;
    boost::asio::steady_timer timer_;
    rt::Signal gone_;
    State state_ = State::kIdle;
    pid_t child_ = -1;
    std::uint64_t oom_kills_ = 0;
    End end_;
};

}  // namespace weft::isolation
