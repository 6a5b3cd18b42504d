#include "app/runner/detail/zygote.h"

#include "app/runner/detail/memory.h"
#include "core/protocol/control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace weft::runner {

namespace {

namespace control = protocol::control;

struct Received {
    bool ok = false;
    std::array<int, control::kDescriptorsMax> fds = {-1, -1, -1};
};

/// One packet of exactly sizeof(T) with its descriptors; not ok at the end of the stream.
template <class T>
Received receive(int socket, T& packet) {
    alignas(cmsghdr) char space[CMSG_SPACE(control::kDescriptorsMax * sizeof(int))];
    iovec data{&packet, sizeof packet};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    ssize_t size = 0;
    do size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    Received out;
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t bytes = std::min(head->cmsg_len - CMSG_LEN(0), sizeof out.fds);
        std::memcpy(out.fds.data(), CMSG_DATA(head), bytes);
    }
    out.ok = size == sizeof packet;
    return out;
}

template <class T>
bool answer(int socket, const T& packet) {
    return send(socket, &packet, sizeof packet, MSG_NOSIGNAL) == sizeof packet;
}

/// Forks a sibling: the worker becomes its parent and is the one to reap it. Falls back to clone where a
/// container's filter hides clone3.
long fork_sibling(std::uint64_t flags, int cgroup) {
    clone_args args{};
    args.flags = flags | CLONE_PARENT;
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(cgroup);
    }
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid >= 0 || errno != ENOSYS || cgroup >= 0) return pid >= 0 ? pid : -errno;
    const long other = syscall(SYS_clone, flags | CLONE_PARENT, nullptr, nullptr, nullptr, nullptr);
    return other >= 0 ? other : -errno;
}

struct Slot {
    Confinement confinement;
    int control = -1;
    int cgroup = -1;  // version 2
    std::uint32_t uid = 0;
};

/// Here and not in the worker: only root may move a process of root's, and the worker no longer is.
bool join_cgroup(int folder) {
    const int procs = openat(folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    const bool joined = procs >= 0 && write(procs, "0", 1) == 1;
    if (procs >= 0) close(procs);
    close(folder);
    return joined;
}

/// A slot's zygote: forks one run after the other. It never reads anything a run wrote.
[[noreturn]] void serve_slot(const Slot& slot, script::Engine& engine) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ChildLimits limits;
    limits.uid = slot.uid;
    limits.landlock_fd = slot.confinement.has_landlock ? make_landlock_ruleset() : -1;
    const bool has_pid_namespace = slot.confinement.has_namespaces && slot.confinement.tier != Tier::kProcess;
    for (;;) {
        control::Fork request;
        const Received received = receive(slot.control, request);
        if (!received.ok) _exit(0);
        const long pid = fork_sibling(has_pid_namespace ? CLONE_NEWPID : 0, slot.cgroup);
        if (pid == 0) {
            limits.cpu_seconds = request.cpu_seconds;
            confine_child(slot.confinement, limits, received.fds[0]);
            while (serve_run(0, engine) == RunEnd::kReset) {
                if (slot.confinement.resets_memory) memory::restore();
                say_ready(0);
            }
            _exit(0);
        }
        close(received.fds[0]);
        if (!answer(slot.control, control::Made{static_cast<std::int32_t>(pid)})) _exit(0);
    }
}

}  // namespace

int run_zygote(const ZygoteOptions& options, script::Engine& engine) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    auto confined = confine_zygote(options.confinement);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // a change of identity clears it
    control::Hello hello;
    if (!confined) {
        hello.error = confined.error().error;
        const auto stage = confined.error().stage.substr(0, sizeof hello.stage - 1);
        std::memcpy(hello.stage, stage.data(), stage.size());
    }
    if (!answer(options.control, hello) || !confined) return 1;
    for (;;) {
        control::MakeSlot request;
        const Received received = receive(options.control, request);
        if (!received.ok) return 0;
        const long pid = fork_sibling(0, -1);
        if (pid == 0) {
            close(options.control);
            const Slot slot{
                options.confinement, received.fds[0], request.joins_cgroup ? -1 : received.fds[1], request.uid
            };
            for (std::size_t i = 1; request.joins_cgroup && i < received.fds.size(); ++i) {
                if (received.fds[i] >= 0 && !join_cgroup(received.fds[i])) _exit(1);
            }
            serve_slot(slot, engine);
        }
        for (int fd : received.fds) {
            if (fd >= 0) close(fd);
        }
        if (!answer(options.control, control::Made{static_cast<std::int32_t>(pid)})) return 0;
    }
}

}  // namespace weft::runner
