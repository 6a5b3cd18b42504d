#include "platform/rt/deadline.h"

#include <algorithm>

namespace weft::rt {

std::string_view name(CancelReason reason) {
    switch (reason) {
        case CancelReason::kNone:
            return "none";
        case CancelReason::kUser:
            return "user";
        case CancelReason::kDeadline:
            return "deadline";
        case CancelReason::kShutdown:
            return "shutdown";
        case CancelReason::kOverload:
            return "overload";
        case CancelReason::kLeaseLost:
            return "lease_lost";
        case CancelReason::kPeerGone:
            return "peer_gone";
    }
    return "unknown";
}

Deadline Deadline::at_most(Steady::duration duration) const {
    return Deadline(std::min(at_, std::chrono::steady_clock::now() + duration), state_);
}

CancelReason Deadline::reason() const {
    if (state_ != nullptr && state_->reason != CancelReason::kNone) return state_->reason;
    return left() <= Steady::duration::zero() ? CancelReason::kDeadline : CancelReason::kNone;
}

Error Deadline::error() const {
    CancelReason why = reason();
    if (why == CancelReason::kNone || why == CancelReason::kDeadline)
        return Error::timeout("The time limit has passed");
    return Error::cancelled(name(why));
}

Result<void> Deadline::check() const {
    if (is_over()) return fail(error());
    return {};
}

}  // namespace weft::rt
