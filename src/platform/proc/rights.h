#pragma once

#include "base/error.h"
#include "platform/proc/proc.h"

#include <initializer_list>
#include <optional>

/// What a process gives up once it has what it started for.
namespace weft::proc {

/// For good: supplementary groups, user and group (`who`; none: they stay), every capability but `kept`
/// (CAP_... of linux/capability.h), and whatever a later execve could give. Call it while the process has one
/// thread, since the kernel keeps rights by thread. The signal at the parent's death, which a change of user
/// clears, is set again. kUnavailable when the user cannot be changed; the sentence says what to grant.
Result<void> give_up_rights(const std::optional<Identity>& who, std::initializer_list<int> kept = {});

/// From now on, in every thread, the kernel answers "no such call" (ENOSYS, as an old kernel would) to all
/// but the system calls that a server of ours needs: no new program, no new process, no look into another, no
/// new namespace, mount, key, module or tracing. New mappings are writable or executable, never both. Signals
/// reach this process only. Does nothing in a sanitizer's build. Needs give_up_rights first.
struct CallFilter {
    bool has_children =
        false;  // may wait for processes and send SIGKILL to one (the kernel asks for the right)
};
Result<void> restrict_calls(const CallFilter& filter);

}  // namespace weft::proc
