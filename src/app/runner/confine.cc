#include "app/runner/detail/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <iterator>

#ifndef __x86_64__
#error "the system call filter is written for x86-64"
#endif

namespace weft::runner {

namespace {

std::unexpected<Refused> refused(std::string_view stage) {
    return std::unexpected(Refused{errno, stage});
}

[[noreturn]] void die(const char* stage) {
    // Standard error is /dev/null in production; a test build shows it.
    (void)!write(2, stage, std::strlen(stage));
    _exit(97);
}

bool write_file(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool ok = write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
    close(fd);
    return ok;
}

/// One identity inside: root of the namespace is whoever we are outside.
Confined enter_user_namespace() {
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER) != 0) return refused("unshare a user namespace");
    char map[64];
    std::snprintf(map, sizeof map, "0 %u 1\n", uid);
    if (!write_file("/proc/self/uid_map", map)) return refused("map the user");
    if (!write_file("/proc/self/setgroups", "deny")) return refused("give up supplementary groups");
    std::snprintf(map, sizeof map, "0 %u 1\n", gid);
    if (!write_file("/proc/self/gid_map", map)) return refused("map the group");
    return {};
}

/// Nothing on the file system is left to be found: a read-only tmpfs without a single inode to spare.
Confined enter_empty_root() {
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return refused("make mounts private");
    const char* at = access("/tmp", X_OK) == 0 ? "/tmp" : "/dev";
    if (mount("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=1,mode=0555") != 0) {
        return refused("mount an empty root");
    }
    if (chdir(at) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return refused("pivot into the empty root");
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return refused("detach the old root");
    if (mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) !=
        0) {
        return refused("make the root read-only");
    }
    return {};
}

void set_limit(int resource, rlim_t value) {
    const rlimit limit{value, value};
    setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

/// Keeps at most `keep` of what we have.
bool keep_capabilities(std::uint64_t keep) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0) return false;
    for (int i = 0; i < 2; ++i) {
        const auto mask = static_cast<std::uint32_t>(keep >> (32 * i));
        auto& part = data[static_cast<std::size_t>(i)];
        part.permitted &= mask;
        part.effective = part.permitted;
        part.inheritable = 0;
    }
    return syscall(SYS_capset, &header, data.data()) == 0;
}

Confined drop_rights() {
    // Namespaces and users of runs; and writing into cgroup folders, which belong to the worker's user.
    constexpr std::uint64_t kKeep = std::uint64_t{1} << CAP_SYS_ADMIN | std::uint64_t{1} << CAP_SETUID |
                                    std::uint64_t{1} << CAP_SETGID | std::uint64_t{1} << CAP_DAC_OVERRIDE;
    for (int cap = 0; cap < 64; ++cap) {
        if ((kKeep >> cap & 1) != 0 || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1) continue;
        // Without CAP_SETPCAP it cannot be dropped, and then we hold nothing worth dropping either.
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
            return refused("drop the bounding set");
    }
    if (!keep_capabilities(kKeep)) return refused("drop capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("set no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("clear dumpable");
    return {};
}

// linux/landlock.h of Debian 12 stops at version 2; the numbers are the kernel's ABI.
struct LandlockRuleset {
    std::uint64_t access_fs;
    std::uint64_t access_net;
    std::uint64_t scoped;
};

#define ALLOW(number)                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/// Reads and writes on the one descriptor, memory without execute, clocks, randomness, exit. Everything else
/// kills. Most frequent first: the cost of each call is the length of the way to its line.
const sock_filter kFilter[] = {
    // Without effect, but none of the instructions that the kernel can work out beforehand, which it would do
    // for each of
    // its 900 calls: half of what installing costs, for every run. Each call asks the filter instead.
    BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_madvise),
    ALLOW(SYS_brk),
    ALLOW(SYS_munmap),
    ALLOW(SYS_getrandom),
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_mremap),
    ALLOW(SYS_futex),
    ALLOW(SYS_rt_sigprocmask),
    ALLOW(SYS_restart_syscall),
    ALLOW(SYS_exit),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),  // x32 numbers have bit 30 set and end here too
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static_assert(std::size(kFilter) < 60, "installing costs time linear in the length, for every run");

}  // namespace

Confined confine_zygote(const Confinement& how) {
    // If memory runs out on the machine, a run goes before anything of ours.
    write_file("/proc/self/oom_score_adj", "1000");
    if (how.has_namespaces && how.tier != Tier::kProcess) {
        if (how.tier == Tier::kRootless) {
            if (auto ok = enter_user_namespace(); !ok) return ok;
        }
        if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
            return refused("unshare mount, network, ipc and uts namespaces");
        }
        if (unshare(CLONE_NEWCGROUP) != 0) return refused("unshare a cgroup namespace");
        if (sethostname("sandbox", 7) != 0) return refused("set the host name");
        if (auto ok = enter_empty_root(); !ok) return ok;
    }
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    set_limit(RLIMIT_MEMLOCK, 0);
    set_limit(RLIMIT_MSGQUEUE, 0);
    set_limit(RLIMIT_NOFILE, 32);
    set_limit(RLIMIT_STACK, 8u << 20);
    // Above the engine's two reservations of 8 GiB with their guards, which are address space only.
    set_limit(RLIMIT_AS, std::size_t{24} << 30);
    set_limit(RLIMIT_DATA, how.memory_bytes);
    return drop_rights();
}

int make_landlock_ruleset() {
    const long abi = syscall(444, nullptr, 0, 1);  // landlock_create_ruleset, version query
    if (abi < 1) return -1;
    LandlockRuleset set{};
    set.access_fs = abi >= 5 ? 0xFFFF : abi >= 3 ? 0x7FFF : abi == 2 ? 0x3FFF : 0x1FFF;
    if (abi >= 4) set.access_net = 3;  // bind, connect
    if (abi >= 6) set.scoped = 3;      // abstract sockets, signals
    const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    return static_cast<int>(syscall(444, &set, size, 0));
}

void confine_child(const Confinement& how, const ChildLimits& limits, int stream) {
    // The soft limit lets the process say why it ends; the hard one does not ask.
    const rlimit cpu{limits.cpu_seconds, limits.cpu_seconds + 1};
    setrlimit(RLIMIT_CPU, &cpu);
    set_limit(RLIMIT_NPROC, 1);
    if (limits.uid != 0) {
        if (setgroups(0, nullptr) != 0) die("setgroups\n");
        if (setresgid(limits.uid, limits.uid, limits.uid) != 0) die("setresgid\n");
        if (setresuid(limits.uid, limits.uid, limits.uid) != 0) die("setresuid\n");
    }
    if (!keep_capabilities(0)) die("capset\n");
    // After the change of identity, which clears both.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) die("dumpable\n");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) die("pdeathsig\n");
    if (how.has_landlock && limits.landlock_fd >= 0 && syscall(446, limits.landlock_fd, 0) != 0)
        die("landlock\n");
    if (stream != 0 && dup2(stream, 0) != 0) die("dup2\n");
    if (syscall(SYS_close_range, 1u, ~0u, 0u) != 0) die("close_range\n");
    if (how.has_seccomp) {
        sock_fprog program{std::size(kFilter), const_cast<sock_filter*>(kFilter)};
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) die("seccomp\n");
    }
}

}  // namespace weft::runner
