#include "platform/proc/helper.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

namespace weft::proc {

namespace {

/// In the forked child: only async-signal-safe calls.
[[noreturn]] void execute(int program, char* const* argv, int socket) {
    // Parked first: one of them may be at a number that the other gets.
    constexpr int kParkedAbove = kHelperSocketFd + 1;
    const int executable = ::fcntl(program, F_DUPFD_CLOEXEC, kParkedAbove);
    const int parked = ::fcntl(socket, F_DUPFD_CLOEXEC, kParkedAbove);
    const int null = ::fcntl(::open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD_CLOEXEC, kParkedAbove);
    if (executable < 0 || parked < 0 || null < 0) ::_exit(127);
    for (int fd = 0; fd < kHelperSocketFd; ++fd) ::dup2(null, fd);
    ::dup2(parked, kHelperSocketFd);
    if (::syscall(SYS_close_range, kHelperSocketFd + 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0) ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    char* const environment[] = {nullptr};
    ::syscall(SYS_execveat, executable, "", argv, environment, AT_EMPTY_PATH);
    ::_exit(127);
}

}  // namespace

std::string beside_this_program(const std::string& name) {
    std::error_code ec;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
    return ec ? name : (self.parent_path() / name).string();
}

Result<Helper> start_helper(const HelperSpec& spec) {
    Fd opened;
    if (spec.executable_fd < 0) {
        opened = Fd(::open(spec.path.c_str(), O_PATH | O_CLOEXEC));
        if (!opened) {
            return fail(Error::unavailable(fmt::format("cannot open {} ({})", spec.path, std::strerror(errno))
            ));
        }
    }
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return fail(Error::unavailable(fmt::format("cannot make a socket pair ({})", std::strerror(errno))));
    }
    Helper helper{.pid = -1, .socket = Fd(pair[0])};
    const Fd theirs(pair[1]);
    std::vector<char*> argv{const_cast<char*>(spec.path.c_str())};
    for (const std::string& word : spec.words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const int program = opened ? opened.get() : spec.executable_fd;
    // No exit signal, for it and for what it makes with CLONE_PARENT: one signal per run would interrupt the
    // worker, and a stranger's wait() could not reap them by accident.
    const long pid = ::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);
    if (pid == 0) execute(program, argv.data(), theirs.get());
    if (pid < 0) {
        return fail(Error::unavailable(fmt::format("cannot start {} ({})", spec.path, std::strerror(errno))));
    }
    helper.pid = static_cast<pid_t>(pid);
    return helper;
}

void kill_and_reap(pid_t pid) {
    if (pid <= 0 || ::kill(pid, SIGKILL) != 0) return;
    int status = 0;
    while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
    }
}

}  // namespace weft::proc
