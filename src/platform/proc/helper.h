#pragma once

#include "base/error.h"
#include "platform/proc/proc.h"

#include <sys/types.h>

#include <string>
#include <vector>

/// A program of ours that is started first thing in main, and then talked to over one socket.
namespace weft::proc {

/// The descriptor on which a helper finds its socket.
inline constexpr int kHelperSocketFd = 3;

struct HelperSpec {
    std::string path;
    int executable_fd = -1;          // run this file instead: for a path this process cannot search
    std::vector<std::string> words;  // its arguments
};

struct Helper {
    pid_t pid = -1;
    Fd socket;  // SOCK_SEQPACKET
};

/// The path of a program that is installed beside the running one.
std::string beside_this_program(const std::string& name);

/// Starts a program with an empty environment, nothing on its standard streams, and no descriptor but its
/// socket. What cannot be executed ends at once, and closes the socket. No signal tells of its end, which
/// only kill_and_reap (or __WALL) waits for. Errors: kUnavailable; the sentence names the path.
Result<Helper> start_helper(const HelperSpec& spec);

/// Kills and reaps one of our children; does nothing without the right to. Blocks for as long as its memory
/// takes to free.
void kill_and_reap(pid_t pid);

}  // namespace weft::proc
