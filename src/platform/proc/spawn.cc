#include "platform/proc/proc.h"
#include "platform/rt/sync.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace weft::proc {

namespace asio = boost::asio;

namespace {

/// What the child writes to its parent when a step before exec fails.
struct Failure {
    int error = 0;
    char step[28] = {};
};

/// Numbers at which the descriptors that must survive until exec are parked, above all numbers a Spec may
/// name.
constexpr int kParkedFrom = 64;
constexpr std::size_t kToolOutputMax = 64u << 10;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

/// The life of the child between fork and exec. Memory is prepared before the fork: only async-signal-safe
/// calls are allowed here, since another thread may have held a lock when we forked.
class Launch {
  public:
    explicit Launch(const Spec& spec)
        : spec_(spec),
          argv_(pointers(spec.argv)),
          environment_(pointers(spec.environment)),
          parent_(::getpid()) {
        moves_ = {{spec.stdin_fd, 0}, {spec.stdout_fd, 1}, {spec.stderr_fd, 2}};
        moves_.insert(moves_.end(), spec.fds.begin(), spec.fds.end());
    }

    [[noreturn]] void child(int report_fd) {
        report_ = ::fcntl(report_fd, F_DUPFD_CLOEXEC, kParkedFrom);
        executable_ =
            spec_.executable_fd >= 0 ? ::fcntl(spec_.executable_fd, F_DUPFD_CLOEXEC, kParkedFrom) : -1;
        reset_signals();
        ::setpgid(0, 0);
        mount_binds();
        place_descriptors();
        become();
        die_with_parent();
        check(::chdir(spec_.directory.c_str()), "enter its directory");
        if (executable_ >= 0) {
            ::syscall(SYS_execveat, executable_, "", argv_.data(), environment_.data(), AT_EMPTY_PATH);
        } else {
            ::execve(argv_[0], argv_.data(), environment_.data());
        }
        stop("execute the program");
    }

  private:
    [[noreturn]] void stop(const char* step) {
        Failure failure{.error = errno};
        std::strncpy(failure.step, step, sizeof failure.step - 1);
        (void)!::write(report_, &failure, sizeof failure);
        ::_exit(127);
    }
    void check(long result, const char* step) {
        if (result < 0) stop(step);
    }

    /// The parent blocked all signals around the fork, so that its handlers cannot run in the child.
    static void reset_signals() {
        for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
    }

    void mount_binds() {
        if (spec_.binds.empty()) return;
        check(::unshare(CLONE_NEWNS), "make a mount namespace");
        check(::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr), "detach its mounts");
        for (const BindMount& bind : spec_.binds) {
            check(
                ::mount(bind.source.c_str(), bind.target.c_str(), nullptr, MS_BIND, nullptr), "bind a folder"
            );
            if (!bind.read_only) continue;
            constexpr unsigned long kFlags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
            check(::mount(nullptr, bind.target.c_str(), nullptr, kFlags, nullptr), "make a folder read-only");
        }
    }

    void place_descriptors() {
        check(::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close descriptors");
        int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        check(null, "open /dev/null");
        // Park all sources first: one's target may be another's source.
        for (auto& [from, to] : moves_) {
            if (from < 0) from = to == 0 ? null : to;
            from = ::fcntl(from, F_DUPFD_CLOEXEC, kParkedFrom);
        }
        for (auto [from, to] : moves_) {
            // A closed 1 or 2 of ours becomes /dev/null.
            check(::dup2(from >= 0 ? from : null, to), "place descriptors");
        }
    }

    void become() {
        if (!spec_.identity) return;
        const Identity& who = *spec_.identity;
        if (::geteuid() == 0) check(::setgroups(0, nullptr), "drop its groups");
        // Only root may; then no file's capabilities can come back to it.
        for (int cap = 0; ::prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap) {
            if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM) stop("empty its bounding set");
        }
        check(::setresgid(who.gid, who.gid, who.gid), "change its group");
        check(::setresuid(who.uid, who.uid, who.uid), "change its user");
        check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "give up new privileges");
    }

    /// After the change of user, which would clear it.
    void die_with_parent() {
        check(::prctl(PR_SET_PDEATHSIG, spec_.death_signal), "tie it to its parent");
        if (::getppid() != parent_) ::_exit(127);
    }

    const Spec& spec_;
    std::vector<char*> argv_;
    std::vector<char*> environment_;
    std::vector<std::pair<int, int>> moves_;
    pid_t parent_;
    int report_ = -1;
    int executable_ = -1;
};

Error cannot_start(const Spec& spec, std::string_view step, int error) {
    std::string program = spec.argv.empty() ? spec.name : spec.argv[0];
    return Error::unavailable(
        "Could not start " + spec.name + ": failed to " + std::string(step) + " (" + std::strerror(error) +
            ").",
        program
    );
}

}  // namespace

std::string Exit::text() const {
    if (!by_signal) return "exit code " + std::to_string(code);
    return "signal " + std::to_string(code) + " (" + ::strsignal(code) + ")";
}

struct Child::Impl {
    Impl(rt::Loop& loop, pid_t child, int pidfd) : pid(child), ended(loop), watch(loop.context(), pidfd) {}

    /// True once the child is reaped.
    bool reap(int flags) {
        if (exit) return true;
        int status = 0;
        pid_t reaped = 0;
        do reaped = ::waitpid(pid, &status, flags);
        while (reaped < 0 && errno == EINTR);
        if (reaped == 0) return false;
        exit = WIFSIGNALED(status) ? Exit{.by_signal = true, .code = WTERMSIG(status)}
                                   : Exit{.by_signal = false, .code = WEXITSTATUS(status)};
        return true;
    }

    pid_t pid;
    std::optional<Exit> exit;
    rt::Signal ended;
    asio::posix::stream_descriptor watch;
};

Child::Child(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}

Child::~Child() {
    if (!impl_ || impl_->reap(WNOHANG)) return;
    ::kill(-impl_->pid, SIGKILL);
    ::kill(impl_->pid, SIGKILL);
    impl_->reap(0);
}

pid_t Child::pid() const {
    return impl_->pid;
}

void Child::signal(int number) {
    if (!impl_->reap(WNOHANG)) ::kill(impl_->pid, number);
}

rt::Task<Result<Exit>> Child::wait(rt::Deadline by) {
    while (!impl_->reap(WNOHANG)) CO_CHECK_OK(co_await impl_->ended.wait(by));
    co_return *impl_->exit;
}

Result<Child> spawn(rt::Loop& loop, const Spec& spec) {
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0) return fail(cannot_start(spec, "make a pipe", errno));
    Fd report_read(report[0]);
    Fd report_write(report[1]);
    Launch launch(spec);

    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = ::fork();
    if (pid == 0) launch.child(report_write.get());
    int fork_error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return fail(cannot_start(spec, "fork", fork_error));

    int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) {
        int error = errno;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return fail(cannot_start(spec, "watch it", error));
    }
    auto impl = std::make_shared<Child::Impl>(loop, pid, pidfd);
    // Weak: the completion may already be queued when the handle dies.
    auto notify = [weak = std::weak_ptr(impl)](boost::system::error_code) {
        if (auto alive = weak.lock()) alive->ended.notify_all();
    };
    impl->watch.async_wait(asio::posix::stream_descriptor::wait_read, std::move(notify));
    Child child(std::move(impl));

    report_write.reset();
    Failure failure;
    ssize_t got = 0;
    do got = ::read(report_read.get(), &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got == sizeof failure) return fail(cannot_start(spec, failure.step, failure.error));
    return child;
}

rt::Task<Result<std::string>> run(rt::Loop& loop, Spec spec, rt::Deadline by) {
    Fd output(::memfd_create("output", MFD_CLOEXEC));
    if (!output) co_return fail(cannot_start(spec, "keep its output", errno));
    spec.stdout_fd = output.get();
    spec.stderr_fd = output.get();
    CO_TRY(Child child, spawn(loop, spec));
    CO_TRY(Exit exit, co_await child.wait(by));
    std::string text(kToolOutputMax, '\0');
    ssize_t length = ::pread(output.get(), text.data(), text.size(), 0);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    if (!exit.is_success()) {
        co_return fail(Error::unavailable(spec.name + " failed with " + exit.text() + ".", std::move(text)));
    }
    co_return text;
}

}  // namespace weft::proc
