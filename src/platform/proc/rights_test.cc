#include "platform/proc/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <netdb.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <sstream>

namespace weft::proc {
namespace {

using testing::HasSubstr;

/// What `body` writes, run in a child of ours: what it gives up is gone for good.
std::string in_child(const std::function<std::string()>& body) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    const pid_t pid = ::fork();
    if (pid == 0) {
        const std::string text = body();
        (void)!::write(ends[1], text.data(), text.size());
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string out;
    char chunk[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], chunk, sizeof chunk)) > 0;)
        out.append(chunk, static_cast<std::size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) out += "signal " + std::to_string(WTERMSIG(status));
    return out;
}

std::string status_of_self() {
    std::ifstream in("/proc/self/status");
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

TEST(Rights, RootKeepsOneCapabilityAndNothingElse) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: there is nothing to drop from";
    const Identity who{.uid = 65534, .gid = 65534, .user = "nobody"};
    const std::string status = in_child([&] {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        auto given_up = give_up_rights(who, {CAP_KILL});
        int signal = 0;
        ::prctl(PR_GET_PDEATHSIG, &signal);
        return (given_up ? "" : given_up.error().user) + status_of_self() + "death signal " +
               std::to_string(signal);
    });
    for (const char* line :
         {"Uid:\t65534\t65534\t65534\t65534\n",
          "Gid:\t65534\t65534\t65534\t65534\n",
          "Groups:\t \n",
          "CapInh:\t0000000000000000\n",
          "CapPrm:\t0000000000000020\n",
          "CapEff:\t0000000000000020\n",
          "CapBnd:\t0000000000000000\n",
          "CapAmb:\t0000000000000000\n",
          "NoNewPrivs:\t1\n",
          "death signal 15"}) {
        EXPECT_THAT(status, HasSubstr(line));
    }
}

TEST(Rights, WithoutAnyToGiveUpItStillEndsNewOnes) {
    const std::string status = in_child([] {
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return std::string("setresuid");
        auto given_up = give_up_rights(std::nullopt);
        return (given_up ? "" : given_up.error().user) + status_of_self();
    });
    for (const char* line :
         {"CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n"})
        EXPECT_THAT(status, HasSubstr(line));
}

long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
    return ::syscall(number, a, b, c, d, e);
}
long at(const void* pointer) {
    return reinterpret_cast<long>(pointer);
}

/// Each would be a way out of the process, or of what it was started for. All are harmless: what the kernel
/// does not refuse, it finds wrong or already so.
const std::map<std::string, std::function<long()>> kForbidden = {
    {"add_key", [] { return raw(SYS_add_key, 0, 0, 0, 0, 0); }},
    {"bpf", [] { return raw(SYS_bpf, -1, 0, 0); }},
    {"chroot", [] { return raw(SYS_chroot, at("/no/such/folder")); }},
    {"clone", [] { return raw(SYS_clone, CLONE_NEWUSER | CLONE_SIGHAND); }},
    {"clone thread and namespace", [] { return raw(SYS_clone, CLONE_THREAD | CLONE_NEWUSER); }},
    {"clone3", [] { return raw(SYS_clone3, 0, 0); }},
    {"execve", [] { return raw(SYS_execve, at("/no/such/program"), 0, 0); }},
    {"execveat", [] { return raw(SYS_execveat, -1, at("x"), 0, 0, 0); }},
    {"finit_module", [] { return raw(SYS_finit_module, -1, at(""), 0); }},
    {"init_module", [] { return raw(SYS_init_module, 0, 0, at("")); }},
    {"io_uring_setup", [] { return raw(SYS_io_uring_setup, 0, 0); }},
    {"kexec_load", [] { return raw(SYS_kexec_load, 0, 99, 0, -1); }},
    {"keyctl", [] { return raw(SYS_keyctl, -1); }},
    {"kill another", [] { return raw(SYS_kill, ::getppid(), 0); }},
    {"map writable code", [] { return raw(SYS_mmap, 0, 0, PROT_WRITE | PROT_EXEC, MAP_PRIVATE, -1); }},
    {"make memory code", [] { return raw(SYS_mprotect, 1, 4096, PROT_READ | PROT_EXEC); }},
    {"mount", [] { return raw(SYS_mount, 0, 0, 0, 0, 0); }},
    {"move_mount", [] { return raw(SYS_move_mount, -1, 0, -1, 0, 0); }},
    {"name_to_handle_at", [] { return raw(SYS_name_to_handle_at, -1, 0, 0, 0, 0); }},
    {"open_by_handle_at", [] { return raw(SYS_open_by_handle_at, -1, 0, 0); }},
    {"packet socket", [] { return raw(SYS_socket, AF_PACKET, 0, 0); }},
    {"perf_event_open", [] { return raw(SYS_perf_event_open, 0, 0, 0, -1, 0); }},
    {"personality", [] { return raw(SYS_personality, 0xffffffff); }},
    {"pidfd_getfd", [] { return raw(SYS_pidfd_getfd, -1, 0, 0); }},
    {"pidfd_send_signal", [] { return raw(SYS_pidfd_send_signal, -1, 0, 0, 0); }},
    {"pivot_root", [] { return raw(SYS_pivot_root, 0, 0); }},
    {"prctl dumpable", [] { return raw(SYS_prctl, PR_SET_DUMPABLE, 7); }},
    {"process_vm_readv", [] { return raw(SYS_process_vm_readv, ::getppid(), 0, 1, 0, 1); }},
    {"process_vm_writev", [] { return raw(SYS_process_vm_writev, ::getppid(), 0, 1, 0, 1); }},
    {"ptrace", [] { return raw(SYS_ptrace, -1, 0, 0, 0); }},
    {"set another's limits", [] { return raw(SYS_prlimit64, ::getppid(), 99, 0, 0); }},
    {"setgid", [] { return raw(SYS_setgid, -1); }},
    {"setns", [] { return raw(SYS_setns, -1, 0); }},
    {"setuid", [] { return raw(SYS_setuid, -1); }},
    {"signal by fcntl", [] { return raw(SYS_fcntl, -1, F_SETOWN, 1); }},
    {"terminal input", [] { return raw(SYS_ioctl, -1, 0x5412, 0); }},
    {"unshare", [] { return raw(SYS_unshare, -1); }},
    {"userfaultfd", [] { return raw(SYS_userfaultfd, -1); }},
    {"vsock", [] { return raw(SYS_socket, AF_VSOCK, -1, 0); }},
};

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kHasFilter = false;  // a sanitizer does what no server should
#else
constexpr bool kHasFilter = true;
#endif

std::string not_refused(bool has_filter) {
    return in_child([&] {
        if (auto done = give_up_rights(std::nullopt); !done) return done.error().user;
        if (has_filter) {
            if (auto done = restrict_calls({}); !done) return done.error().user;
        }
        std::string out;
        for (const auto& [name, call] : kForbidden) {
            errno = 0;
            if (call() != -1 || errno != ENOSYS) out += name + ", ";
        }
        return out;
    });
}

TEST(Calls, WhatAServerDoesNotNeedDoesNotExist) {
    if (kHasFilter) EXPECT_EQ(not_refused(true), "");
    // Without the filter the kernel knows nearly all of them: the refusals above are the filter's.
    const std::string known = not_refused(false);
    EXPECT_GE(std::ranges::count(known, ','), static_cast<long>(kForbidden.size()) - 8) << known;
}

/// Threads, name lookups (which load libraries), files, sockets, timers: as our processes use them.
std::string serve_a_little() {
    std::string out;
    if (std::async(std::launch::async, [] { return 6 * 7; }).get() != 42) out += "thread, ";
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", "80", nullptr, &found) != 0) out += "name, ";
    if (found != nullptr) ::freeaddrinfo(found);
    for (int family : {AF_UNIX, AF_INET, AF_NETLINK}) {
        if (::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) < 0) out += "socket, ";
    }
    auto file = sealed_file("x", "content");
    if (!file || read_sealed(file->get()).value_or("") != "content") out += "file, ";
    rt::Loop loop;
    if (!loop.run_until_done(rt::sleep_for(1ms, rt::Deadline::in(1s)))) out += "timer, ";
    if (::kill(::getpid(), 0) != 0) out += "self, ";
    return out;
}

TEST(Calls, WhatAServerNeedsStays) {
    EXPECT_EQ(
        in_child([] {
            if (!give_up_rights(std::nullopt)) return std::string("rights");
            if (auto done = restrict_calls({}); !done) return done.error().user;
            return serve_a_little();
        }),
        ""
    );
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // all of it is the filter's
TEST(Calls, OnlyAProcessWithChildrenMayEndOne) {
    const auto outcome = [](bool has_children) {
        return in_child([&] {
            int life[2];  // ends with its parent, however quick that is
            if (::pipe2(life, O_CLOEXEC) != 0) return std::string("no pipe");
            const pid_t child = ::fork();
            if (child == 0) {
                ::close(life[1]);
                char nothing = 0;
                (void)!::read(life[0], &nothing, 1);
                ::_exit(0);
            }
            if (!give_up_rights(std::nullopt) || !restrict_calls({.has_children = has_children}))
                return std::string("no");
            std::string out;
            out += ::kill(child, SIGTERM) == 0 ? "terminated " : "";
            // A group that cannot be: without the filter the kernel would look for it.
            out += ::kill(-0x7ffffff0, SIGKILL) == 0 || errno != ENOSYS ? "a group " : "";
            out += ::kill(child, SIGKILL) == 0 ? "killed" : "";
            int status = 0;
            if (has_children && ::waitpid(child, &status, 0) != child) out += ", not reaped";
            return out;
        });
    };
    EXPECT_EQ(outcome(true), "killed");
    EXPECT_EQ(outcome(false), "");
}
#endif

}  // namespace
}  // namespace weft::proc
