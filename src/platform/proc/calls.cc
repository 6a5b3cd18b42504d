#include "platform/proc/rights.h"

#include <seccomp.h>

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>

namespace weft::proc {

namespace {

using Argument = scmp_arg_cmp;

/// One way in which a call is allowed: whatever its arguments are, or when one of them fits.
struct Allowed {
    int call;
    std::array<Argument, 2> when{};
    unsigned conditions = 0;
};

constexpr Argument is(unsigned index, std::uint64_t value) {
    return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
constexpr Argument has(unsigned index, std::uint64_t mask, std::uint64_t value) {
    return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}
constexpr Allowed when(int call, Argument first) {
    return {.call = call, .when = {first}, .conditions = 1};
}
constexpr Allowed when(int call, Argument first, Argument second) {
    return {.call = call, .when = {first, second}, .conditions = 2};
}

constexpr std::uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t kSetVma = 0x53564d41;  // names a mapping; glibc does since 2.37

/// What traces of the system tests show, and what glibc, libpq, OpenSSL, curl and NSS use instead elsewhere.
constexpr auto kCalls = std::to_array<int>({
    // memory
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(membarrier),
    SCMP_SYS(mincore),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(mremap),
    SCMP_SYS(msync),
    SCMP_SYS(munlock),
    SCMP_SYS(munmap),
    // files
    SCMP_SYS(access),
    SCMP_SYS(chmod),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fallocate),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(fdatasync),
    SCMP_SYS(flock),
    SCMP_SYS(fstat),
    SCMP_SYS(fstatfs),
    SCMP_SYS(fsync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),
    SCMP_SYS(lseek),
    SCMP_SYS(lstat),
    SCMP_SYS(memfd_create),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(preadv2),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(pwritev2),
    SCMP_SYS(read),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(readv),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(rmdir),
    SCMP_SYS(sendfile),
    SCMP_SYS(stat),
    SCMP_SYS(statfs),
    SCMP_SYS(statx),
    SCMP_SYS(umask),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    // waiting
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pselect6),
    SCMP_SYS(select),
    SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(timerfd_settime),
    // sockets, once made
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),
    SCMP_SYS(listen),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    // time
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep),
    SCMP_SYS(time),
    SCMP_SYS(times),
    // threads, and this process about itself
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(getcpu),
    SCMP_SYS(getegid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getgroups),
    SCMP_SYS(getpgid),
    SCMP_SYS(getpgrp),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getpriority),
    SCMP_SYS(getrandom),
    SCMP_SYS(getresgid),
    SCMP_SYS(getresuid),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
    SCMP_SYS(getsid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    // signals to itself
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack),
});

/// clone3 hides its flags from a filter; glibc, told that there is none, takes clone.
constexpr auto kConditional = std::to_array<Allowed>({
    when(SCMP_SYS(clone), has(0, CLONE_THREAD | kNamespaces, CLONE_THREAD)),
    when(SCMP_SYS(mmap), has(2, PROT_WRITE | PROT_EXEC, 0)),
    when(SCMP_SYS(mmap), has(2, PROT_WRITE | PROT_EXEC, PROT_WRITE)),
    when(SCMP_SYS(mmap), has(2, PROT_WRITE | PROT_EXEC, PROT_EXEC)),  // a library of the name service
    when(SCMP_SYS(mprotect), has(2, PROT_EXEC, 0)),
    when(SCMP_SYS(socket), is(0, AF_UNIX)),
    when(SCMP_SYS(socket), is(0, AF_INET)),
    when(SCMP_SYS(socket), is(0, AF_INET6)),
    when(SCMP_SYS(socket), is(0, AF_NETLINK)),  // which addresses we have: getaddrinfo
    when(SCMP_SYS(socketpair), is(0, AF_UNIX)),
    when(SCMP_SYS(ioctl), is(1, FIONBIO)),
    when(SCMP_SYS(ioctl), is(1, FIONREAD)),
    when(SCMP_SYS(ioctl), is(1, FIOCLEX)),
    when(SCMP_SYS(ioctl), is(1, TCGETS)),
    // Not F_SETOWN and F_SETSIG: signals to others by a detour.
    when(SCMP_SYS(fcntl), is(1, F_DUPFD)),
    when(SCMP_SYS(fcntl), is(1, F_DUPFD_CLOEXEC)),
    when(SCMP_SYS(fcntl), is(1, F_GETFD)),
    when(SCMP_SYS(fcntl), is(1, F_SETFD)),
    when(SCMP_SYS(fcntl), is(1, F_GETFL)),
    when(SCMP_SYS(fcntl), is(1, F_SETFL)),
    when(SCMP_SYS(fcntl), is(1, F_GETLK)),
    when(SCMP_SYS(fcntl), is(1, F_SETLK)),
    when(SCMP_SYS(fcntl), is(1, F_SETLKW)),
    when(SCMP_SYS(fcntl), is(1, F_ADD_SEALS)),
    when(SCMP_SYS(fcntl), is(1, F_GET_SEALS)),
    when(SCMP_SYS(prctl), is(0, PR_SET_NAME)),
    when(SCMP_SYS(prctl), is(0, PR_GET_NAME)),
    when(SCMP_SYS(prctl), is(0, kSetVma)),
    when(SCMP_SYS(prlimit64), is(0, 0)),
});

/// Bit 31 is the sign of a process id: not -1, which is everybody, and no group.
constexpr auto kOverChildren = std::to_array<Allowed>({
    when(SCMP_SYS(kill), has(0, 0x80000000U, 0), is(1, SIGKILL)),
    {.call = SCMP_SYS(pidfd_open)},
    {.call = SCMP_SYS(wait4)},
    {.call = SCMP_SYS(waitid)},
});

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

int allow(const Context& context, const Allowed& allowed) {
    return seccomp_rule_add_array(
        context.get(), SCMP_ACT_ALLOW, allowed.call, allowed.conditions, allowed.when.data()
    );
}

}  // namespace

Result<void> restrict_calls(const CallFilter& filter) {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
    (void)filter;
    (void)&allow;
    return {};
#else
    const Context context(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release);
    int failed = context ? 0 : -ENOMEM;
    const auto add = [&](const Allowed& allowed) {
        if (failed == 0) failed = allow(context, allowed);
    };
    for (const int call : kCalls) add({.call = call});
    for (const Allowed& allowed : kConditional) add(allowed);
    const auto self = static_cast<std::uint64_t>(::getpid());
    add(when(SCMP_SYS(tgkill), is(0, self)));
    add(when(SCMP_SYS(kill), is(0, self)));
    if (filter.has_children) {
        for (const Allowed& allowed : kOverChildren) add(allowed);
    }
    // In all threads at once; as a tree, so that the last call of the list costs what the first does.
    if (failed == 0) failed = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    if (failed == 0) failed = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (failed == 0) failed = seccomp_load(context.get());
    if (failed == 0) return {};
    return fail(Error::unavailable(
        std::string("Could not restrict the system calls: ") + std::strerror(-failed) +
        ". The kernel must have seccomp filters (CONFIG_SECCOMP_FILTER)."
    ));
#endif
}

}  // namespace weft::proc
