#pragma once

#include "base/error.h"
#include "base/time.h"

#include <memory>
#include <string_view>

namespace weft::rt {

enum class CancelReason { kNone, kUser, kDeadline, kShutdown, kOverload, kLeaseLost, kPeerGone };

std::string_view name(CancelReason reason);

/// Shared by the owner who may cancel and the work that asks. Read and written on one loop only.
struct CancelState {
    CancelReason reason = CancelReason::kNone;
};

/// Until when a piece of work may run, and whether somebody has called it off. Passed by value down every
/// call that leaves the process, so that a callee inherits its caller's limit instead of inventing one.
class Deadline {
  public:
    /// Bounded in time, tied to nobody's cancellation: cleanup, start-up, tests.
    static Deadline in(Steady::duration duration) {
        return Deadline(std::chrono::steady_clock::now() + duration);
    }
    static Deadline at(Steady when) { return Deadline(when); }
    explicit Deadline(Steady when, std::shared_ptr<const CancelState> state = nullptr)
        : at_(when), state_(std::move(state)) {}

    Steady when() const { return at_; }
    /// The same cancellation with at most this much time from now.
    Deadline at_most(Steady::duration duration) const;
    Steady::duration left() const { return at_ - std::chrono::steady_clock::now(); }
    /// kDeadline once the time has passed, else the owner's reason, else kNone.
    CancelReason reason() const;
    bool is_over() const { return reason() != CancelReason::kNone; }
    /// kTimeout or kCancelled once over; call it where a loop turns and after a wait was interrupted.
    Result<void> check() const;
    /// The error an interrupted wait returns: the reason if there is one, else `kTimeout`.
    Error error() const;

  private:
    Steady at_;
    std::shared_ptr<const CancelState> state_;
};

}  // namespace weft::rt
