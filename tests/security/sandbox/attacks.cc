// What a run's process tries once somebody has taken it over. Linked only into weft-runner-attack, the test
// build of weft-runner: a frame of type 200 names an attack, the answer is its outcome. Each attack is one
// raw system call (or the few that belong together), so that what stops it is the confinement and nothing
// else.
#include "core/protocol/protocol.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

namespace weft::runner {

namespace {

using Attack = std::function<std::string()>;

std::string outcome(long result) {
    return result >= 0 ? "ok" : std::string(strerrorname_np(errno));
}

template <class... Args>
Attack call(long number, Args... args) {
    return [=] { return outcome(syscall(number, args...)); };
}

std::string connect_to(int family, const void* address, socklen_t size) {
    const int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0) return outcome(fd);
    const std::string out = outcome(connect(fd, static_cast<const sockaddr*>(address), size));
    close(fd);
    return out;
}

std::string tcp(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host, &address.sin_addr);
    return connect_to(AF_INET, &address, sizeof address);
}

std::string udp() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    inet_pton(AF_INET, "8.8.8.8", &address.sin_addr);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return outcome(fd);
    return outcome(sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

std::string unix_socket(const char* path, bool is_abstract) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path + (is_abstract ? 1 : 0), path, sizeof address.sun_path - 2);
    return connect_to(AF_UNIX, &address, sizeof address);
}

std::string list_root() {
    const int fd = open("/", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return outcome(fd);
    char buffer[4096];
    const long size = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    // "." and ".." take 24 bytes each.
    return size <= 48 ? "empty" : "entries";
}

std::string descriptors() {
    for (int fd = 1; fd < 1024; ++fd) {
        if (fcntl(fd, F_GETFD) >= 0) return "fd " + std::to_string(fd);
    }
    return "none";
}

std::string other_processes() {
    for (int pid = 2; pid < 5000; ++pid) {
        if (kill(pid, 0) == 0 || errno != ESRCH) return "pid " + std::to_string(pid);
    }
    return "none";
}

std::string capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0) return outcome(-1);
    std::uint32_t all = 0;
    for (const auto& part : data) all |= part.permitted | part.effective | part.inheritable;
    return all == 0 ? "none" : "some";
}

std::string fork_bomb() {
    std::string last = "none";
    for (int i = 0; i < 1000; ++i) {
        const long pid = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
        if (pid == 0) pause();
        if (pid < 0) return outcome(-1);
        last = "ok";
    }
    return last;
}

std::string run_memory_file() {
    const int fd = memfd_create("x", 0);
    if (fd < 0) return outcome(fd);
    const char script[] = "#!/bin/sh\n";
    if (write(fd, script, sizeof script) < 0) return outcome(-1);
    char* none[] = {nullptr};
    return outcome(syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH));
}

std::string touch(std::size_t bytes, int flags) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return outcome(-1);
    for (std::size_t i = 0; i < bytes; i += 4096) static_cast<volatile char*>(at)[i] = 1;
    return "ok";
}

std::string int80() {
    long result = 20;  // getpid in the 32-bit table
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    return result >= 0 ? "ok" : "refused";
}

/// "weft-trace-7391", which is nowhere in this program but in this form.
constexpr unsigned char kTrace[] = {
    0x22, 0x30, 0x33, 0x21, 0x78, 0x21, 0x27, 0x34, 0x36, 0x30, 0x78, 0x62, 0x66, 0x6c, 0x64
};
constexpr unsigned char kMask = 0x55;

/// Whether what a run before us was given is still somewhere in this process: "weft-trace-7391", which is
/// nowhere in this program but in this form. Needs /proc, hence a process without namespaces.
std::string find_trace() {
    FILE* maps = fopen("/proc/self/maps", "r");
    if (maps == nullptr) return "no maps";
    char line[512];
    std::string found;
    while (fgets(line, sizeof line, maps) != nullptr) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char rights[5] = {};
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, rights) != 3 || strncmp(rights, "rw", 2) != 0) continue;
        const auto* bytes = reinterpret_cast<const unsigned char*>(begin);
        for (unsigned long at = 0; at + sizeof kTrace <= end - begin; ++at) {
            std::size_t same = 0;
            while (same < sizeof kTrace && bytes[at + same] == (kTrace[same] ^ kMask)) ++same;
            if (same < sizeof kTrace) continue;
            found += line;
            break;
        }
    }
    fclose(maps);
    return found.empty() ? "none" : found;
}

/// The same text, all over the stack below the caller.
[[gnu::noinline]] std::string leave_trace_on_stack(int frames) {
    volatile char space[4096];
    for (std::size_t i = 0; i < sizeof space; ++i)
        space[i] = static_cast<char>(kTrace[i % sizeof kTrace] ^ kMask);
    const std::string out = frames > 0 ? leave_trace_on_stack(frames - 1) : "done";
    return space[0] == 0 ? "" : out;
}

const std::map<std::string, Attack, std::less<>>& attacks() {
    static char stack[256];
    static void* const nothing = nullptr;
    static const std::map<std::string, Attack, std::less<>> all = {
        {"read /etc/passwd", [] { return outcome(open("/etc/passwd", O_RDONLY)); }},
        {"read /proc/1/environ", [] { return outcome(open("/proc/1/environ", O_RDONLY)); }},
        {"list /", list_root},
        {"write /x", [] { return outcome(open("/x", O_WRONLY | O_CREAT, 0600)); }},
        {"stat /etc/passwd",
         [] {
             struct stat st;
             return outcome(stat("/etc/passwd", &st));
         }},
        {"chdir ..",
         [] { return outcome(chdir("../../..")) + (open("etc/passwd", O_RDONLY) < 0 ? "" : " escaped"); }},
        {"docker socket", [] { return unix_socket("/var/run/docker.sock", false); }},
        {"abstract socket", [] { return unix_socket("weft-test", true); }},
        {"tcp localhost", [] { return tcp("127.0.0.1", 5432); }},
        {"tcp metadata", [] { return tcp("169.254.169.254", 80); }},
        {"udp", udp},
        {"vsock", [] { return outcome(socket(40, SOCK_STREAM, 0)); }},
        {"netlink", [] { return outcome(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)); }},
        {"raw socket", [] { return outcome(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }},
        {"packet socket", [] { return outcome(socket(AF_PACKET, SOCK_RAW, 0)); }},
        {"fork bomb", fork_bomb},
        {"vfork", call(SYS_clone, SIGCHLD | CLONE_VFORK, 0, 0, 0, 0)},
        {"exec",
         [] {
             char* none[] = {nullptr};
             return outcome(execve("/bin/sh", none, none));
         }},
        {"exec memory file", run_memory_file},
        {"ptrace parent", call(SYS_ptrace, PTRACE_ATTACH, 2, 0, 0)},
        {"kill all", call(SYS_kill, -1, SIGKILL)},
        {"other processes", other_processes},
        {"read memory of others",
         [] {
             iovec io{stack, 8};
             return outcome(process_vm_readv(2, &io, 1, &io, 1, 0));
         }},
        {"pidfd of others", call(SYS_pidfd_open, 2, 0)},
        {"find trace", find_trace},
        {"leave trace", [] { return leave_trace_on_stack(16); }},
        {"own pid", [] { return std::to_string(syscall(SYS_getpid)); }},
        {"parent pid", [] { return std::to_string(syscall(SYS_getppid)); }},
        {"environment", [] { return std::string(environ[0] == nullptr ? "empty" : "set"); }},
        {"descriptors", descriptors},
        {"capabilities", capabilities},
        {"setuid 0", call(SYS_setuid, 0)},
        {"setgid 0", call(SYS_setgid, 0)},
        {"mount", [] { return outcome(mount("tmpfs", "/", "tmpfs", 0, nullptr)); }},
        {"chroot", call(SYS_chroot, "/")},
        {"pivot_root", call(SYS_pivot_root, "/", "/")},
        {"user namespace", call(SYS_unshare, CLONE_NEWUSER)},
        {"mount namespace", call(SYS_unshare, CLONE_NEWNS)},
        {"setns", call(SYS_setns, 0, 0)},
        {"keyctl", call(SYS_keyctl, 0, -3, 0, 0, 0)},
        {"add_key", call(SYS_add_key, "user", "x", "y", 1, -3)},
        {"bpf", call(SYS_bpf, 5, stack, sizeof stack)},
        {"io_uring", call(SYS_io_uring_setup, 1, stack)},
        {"userfaultfd", call(SYS_userfaultfd, 1)},
        {"perf", call(SYS_perf_event_open, stack, 0, -1, -1, 0)},
        {"shared memory", call(SYS_shmget, 0, 4096, 0600 | 01000)},
        {"message queue", call(SYS_msgget, 0, 0600 | 01000)},
        {"posix queue", call(SYS_mq_open, "x", O_CREAT | O_RDWR, 0600, nothing)},
        {"module", call(SYS_init_module, stack, 0, "")},
        {"kexec", call(SYS_kexec_load, 0, 0, 0, 0)},
        {"reboot", call(SYS_reboot, 0, 0, 0, 0)},
        {"host name", call(SYS_sethostname, "x", 1)},
        {"clock", call(SYS_settimeofday, stack, 0)},
        {"file handle", call(SYS_open_by_handle_at, -100, stack, 0)},
        {"memfd", call(SYS_memfd_create, "x", 0)},
        {"terminal input",
         [] {
             char c = 'x';
             return outcome(ioctl(0, TIOCSTI, &c));
         }},
        {"raise limits", call(SYS_prlimit64, 0, 7, stack, nothing)},
        {"core pattern", [] { return outcome(open("/proc/sys/kernel/core_pattern", O_WRONLY)); }},
        {"map rwx",
         [] {
             return outcome(
                 mmap(nullptr, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0
             );
         }},
        {"make executable",
         [] { return outcome(mprotect(stack - reinterpret_cast<std::uintptr_t>(stack) % 4096, 4096, 7)); }},
        {"x32 call", call(0x40000000 | 39)},
        {"int 0x80", int80},
        {"unknown call", call(9999)},
        {"private memory bomb", [] { return touch(512u << 20, MAP_PRIVATE); }},
        {"shared memory bomb", [] { return touch(512u << 20, MAP_SHARED); }},
        {"spin",
         [] {
             for (;;) asm volatile("");
             return std::string();
         }},
        {"flood",
         [] {
             static char junk[65536];
             memset(junk, 0xFF, sizeof junk);
             for (;;) (void)!write(0, junk, sizeof junk);
             return std::string();
         }},
        {"talk unasked",
         [] {
             std::string out;
             for (int i = 0; i < 2; ++i) (void)protocol::append(out, protocol::Reply(protocol::Value{"1"}));
             (void)!write(0, out.data(), out.size());
             return std::string("after");
         }},
        {"exit 0",
         [] {
             _exit(0);
             return std::string();
         }},
        {"crash",
         [] {
             *static_cast<volatile int*>(nothing) = 1;
             return std::string();
         }},
    };
    return all;
}

}  // namespace

bool attack(protocol::Frame frame, int stream) {
    if (frame.type != 200) return false;
    std::string answer;
    if (frame.body == "names") {
        for (const auto& [name, unused] : attacks()) answer += name + ";";
    } else {
        const auto found = attacks().find(frame.body);
        answer = found == attacks().end() ? "no such attack" : found->second();
    }
    std::string out;
    (void)protocol::append(out, protocol::Reply(protocol::Value{answer}));
    (void)!write(stream, out.data(), out.size());
    return true;
}

}  // namespace weft::runner
