#include "platform/proc/rights.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace weft::proc {

namespace {

std::unexpected<Error> refused(std::string_view what) {
    return fail(Error::unavailable(
        "Could not " + std::string(what) + ": " + std::strerror(errno) +
        ". Grant CAP_SETUID, CAP_SETGID and CAP_SETPCAP, or start Weft as an ordinary user."
    ));
}

/// Without CAP_SETPCAP it stays as it is; then no_new_privs alone keeps execve from giving anything.
Result<void> empty_bounding_set() {
    for (int cap = 0; ::prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap) {
        if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
            return refused("empty the bounding set");
    }
    return {};
}

Result<void> become(const Identity& who) {
    if (::setgroups(0, nullptr) != 0) return refused("drop its groups");
    // Only across the change of user: without it, none is left to choose from.
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return refused("keep capabilities");
    if (::setresgid(who.gid, who.gid, who.gid) != 0) return refused("become the group of " + who.user);
    if (::setresuid(who.uid, who.uid, who.uid) != 0) return refused("become the user " + who.user);
    return {};
}

Result<void> keep_capabilities(std::initializer_list<int> kept) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (::syscall(SYS_capget, &header, data.data()) != 0) return refused("read its capabilities");
    std::uint64_t wanted = 0;
    for (const int cap : kept) wanted |= std::uint64_t{1} << cap;
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i].permitted &= static_cast<std::uint32_t>(wanted >> (32 * i));
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    if (::syscall(SYS_capset, &header, data.data()) != 0) return refused("drop its capabilities");
    return {};
}

}  // namespace

Result<void> give_up_rights(const std::optional<Identity>& who, std::initializer_list<int> kept) {
    int death_signal = 0;
    const pid_t parent = ::getppid();
    if (::prctl(PR_GET_PDEATHSIG, &death_signal) != 0)
        return refused("read the signal at its parent's death");
    CHECK_OK(empty_bounding_set());
    if (who) CHECK_OK(become(*who));
    CHECK_OK(keep_capabilities(kept));
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return refused("clear the ambient set");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("give up new privileges");
    if (::prctl(PR_SET_PDEATHSIG, death_signal) != 0) return refused("tie it to its parent");
    // Had the parent died in between, nothing would tell us any more.
    if (death_signal != 0 && ::getppid() != parent) ::raise(death_signal);
    return {};
}

}  // namespace weft::proc
