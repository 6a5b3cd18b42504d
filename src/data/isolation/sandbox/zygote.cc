#include "data/isolation/detail/zygote.h"

#include "core/protocol/control.h"

#include <fmt/format.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

namespace weft::isolation {

namespace {

namespace control = protocol::control;

constexpr int kStartTimeoutMs = 10'000;  // a busy machine; normally some 20 ms

constexpr const char* kHowToGrant =
    "Grant CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID (run as root; in Docker --cap-add SYS_ADMIN with "
    "--security-opt seccomp=unconfined apparmor=unconfined), or allow user namespaces "
    "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1), or accept weaker isolation with "
    "--isolation-floor=process";

static_assert(proc::kHelperSocketFd == control::kControlFd);

struct Attempt {
    proc::Helper helper;
    control::Hello hello;
};

std::string_view argument(Tier tier) {
    switch (tier) {
        case Tier::kFull:
            return "full";
        case Tier::kRootless:
            return "rootless";
        case Tier::kProcess:
            return "process";
    }
    return "full";
}

bool receive(int socket, void* packet, std::size_t size, int timeout_ms) {
    pollfd wait{socket, POLLIN, 0};
    int ready = 0;
    do ready = poll(&wait, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    return ready == 1 && recv(socket, packet, size, 0) == static_cast<ssize_t>(size);
}

Result<Attempt> launch(const Options& options, Tier tier) {
    proc::HelperSpec spec{
        .path = options.runner_path,
        .executable_fd = options.runner_fd,
        .words = {"zygote", std::string(argument(tier)), std::to_string(options.memory_bytes_max)}
    };
    spec.words.insert(spec.words.end(), options.runner_flags.begin(), options.runner_flags.end());
    Attempt attempt;
    TRY(attempt.helper, proc::start_helper(spec));
    if (!receive(attempt.helper.socket.get(), &attempt.hello, sizeof attempt.hello, kStartTimeoutMs) ||
        attempt.hello.magic != control::kMagic) {
        kill_and_reap(attempt.helper.pid);
        return fail(Error::unavailable(fmt::format("weft-runner does not start ({})", options.runner_path)));
    }
    return attempt;
}

}  // namespace

bool send_packet(int socket, const void* packet, std::size_t size, std::span<const int> fds) {
    alignas(cmsghdr) char space[CMSG_SPACE(control::kDescriptorsMax * sizeof(int))] = {};
    iovec data{const_cast<void*>(packet), size};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = space;
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(head), fds.data(), fds.size_bytes());
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

SandboxZygote::SandboxZygote(Options options, Made made)
    : options_(std::move(options)), made_(std::move(made)) {}

SandboxZygote::~SandboxZygote() {
    kill_and_reap(made_.pid);
}

Result<SlotZygote> SandboxZygote::make_slot(int index, const Cgroup& cgroup) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return fail(Error::unavailable("cannot make a socket pair", std::strerror(errno)));
    }
    SlotZygote slot;
    slot.control = Fd(pair[0]);
    const Fd theirs(pair[1]);
    std::vector<Fd> folders;
    std::vector<int> fds{theirs.get()};
    for (const std::string& path : cgroup.folders()) {
        folders.emplace_back(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folders.back().get() < 0)
            return fail(Error::unavailable("cannot open " + path, std::strerror(errno)));
        fds.push_back(folders.back().get());
    }
    const std::uint32_t uid = made_.has_uids ? options_.uid_base + static_cast<std::uint32_t>(index) : 0;
    const control::MakeSlot request{.uid = uid, .joins_cgroup = cgroup.is_v2() ? 0u : 1u};
    control::Made made;
    {
        const std::lock_guard hold(mutex_);
        if (!send_packet(made_.control.get(), &request, sizeof request, fds) ||
            !receive(made_.control.get(), &made, sizeof made, kStartTimeoutMs)) {
            return fail(Error::unavailable("the sandbox zygote is gone; the worker has to be restarted"));
        }
    }
    if (made.pid <= 0) {
        return fail(Error::unavailable("the host refuses a new process", std::strerror(-made.pid)));
    }
    slot.pid = made.pid;
    return slot;
}

std::string_view name(Tier tier) {
    switch (tier) {
        case Tier::kFull:
            return "full";
        case Tier::kRootless:
            return "rootless";
        case Tier::kProcess:
            return "process";
    }
    return "unknown";
}

Result<std::unique_ptr<Zygote>> Zygote::spawn(Options options) {
    if (options.runner_path.empty()) options.runner_path = proc::beside_this_program("weft-runner");
    if (options.runner_fd < 0 && access(options.runner_path.c_str(), X_OK) != 0) {
        return fail(Error::unavailable(fmt::format("{} is missing or not executable", options.runner_path)));
    }
    std::string refused;
    for (Tier tier : {Tier::kFull, Tier::kRootless, Tier::kProcess}) {
        if (tier > options.floor) break;
        // Root asked for the floor "process" still gets what the host gives: strongest first.
        if (tier < options.ceiling || (tier == Tier::kFull && geteuid() != 0)) continue;
        TRY(Attempt attempt, launch(options, tier));
        if (attempt.hello.error == 0) {
            SandboxZygote::Made made{
                .tier = tier, .pid = attempt.helper.pid, .control = std::move(attempt.helper.socket)
            };
            // In a rootless tier there is one identity only, and none to change to.
            made.has_uids = geteuid() == 0 && tier != Tier::kRootless;
            if (auto tree = CgroupTree::make(options)) made.cgroups.emplace(std::move(*tree));
            return std::make_unique<SandboxZygote>(std::move(options), std::move(made));
        }
        kill_and_reap(attempt.helper.pid);
        attempt.hello.stage[sizeof attempt.hello.stage - 1] = '\0';
        refused += fmt::format(
            "{}{}: cannot {} ({})",
            refused.empty() ? "" : "; ",
            name(tier),
            attempt.hello.stage,
            std::strerror(attempt.hello.error)
        );
    }
    return fail(Error::unavailable(fmt::format(
        "this host does not let weft isolate runs. {}. {}",
        refused.empty() ? "Not root" : refused,
        kHowToGrant
    )));
}

}  // namespace weft::isolation
