#pragma once

#include <cstdint>

/// What the worker and its zygotes say to each other: fixed-size packets over SOCK_SEQPACKET, descriptors
/// attached. Both ends are ours and of one build; no tenant byte ever travels here.
namespace weft::protocol::control {

inline constexpr std::uint32_t kMagic = 0x57454654;
/// The descriptor on which weft-runner finds its control socket.
inline constexpr int kControlFd = 3;
/// Of one packet: a socket, and the folders of a cgroup.
inline constexpr int kDescriptorsMax = 3;

/// What a run's process ends with, besides signals.
inline constexpr int kExitOutOfMemory = 98;
inline constexpr int kExitFault = 99;  // a bug of ours: a fault outside of the script engine's cage
inline constexpr int kExitOutOfTime = 100;

/// First packet of the zygote.
struct Hello {
    std::uint32_t magic = kMagic;
    std::int32_t error = 0;  // errno of what failed; 0 = ready
    char stage[56] = {};     // what was being done, for the operator
};

/// Worker to zygote, with the slot's control socket and the folders of the slot's cgroup attached, if it has
/// one.
struct MakeSlot {
    std::uint32_t uid = 0;  // 0 = keep ours
    std::uint32_t joins_cgroup =
        0;  // version 1: the slot's zygote joins, its runs inherit; 2: runs are born in it
};

/// Worker to a slot's zygote, with the run's stream socket attached.
struct Fork {
    std::uint32_t cpu_seconds = 60;
};

/// Answer to MakeSlot and Fork: the new process, or minus an errno.
struct Made {
    std::int32_t pid = 0;
};

}  // namespace weft::protocol::control
