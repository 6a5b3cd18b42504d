#pragma once

#include "base/error.h"
#include "base/time.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Child processes on the loop. No shell is involved anywhere: a program is a path and a list of arguments.
namespace weft::proc {

/// Owns one file descriptor.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    /// Gives it out of our hands.
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }
    void reset();

  private:
    int fd_ = -1;
};

/// Whom a child runs as; supplementary groups are dropped.
struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string user;
};

/// The system user of this name; nothing when there is none.
std::optional<Identity> find_user(const std::string& name);

/// True when `who` may search every folder on the way to `path`. Decides by owner and mode bits.
bool can_reach(const Identity& who, const std::string& path);

/// Makes `source` appear at `target` (an existing folder) for the child alone, in a mount namespace of its
/// own. Needs root.
struct BindMount {
    std::string source;
    std::string target;
    bool read_only = false;
};

struct Spec {
    std::string name;               // for messages
    std::vector<std::string> argv;  // argv[0] is the program's path
    int executable_fd = -1;         // run this file instead of argv[0]: for a path the identity cannot search
    std::vector<std::string> environment;  // complete, "NAME=value"
    std::string directory = "/";
    std::optional<Identity> identity;  // none: as this process
    std::vector<BindMount> binds;
    /// Descriptors the child gets besides 0, 1 and 2, as {ours, number there}, numbers from 3 up. Nothing
    /// else is inherited.
    std::vector<std::pair<int, int>> fds;
    int stdin_fd = -1;   // -1: /dev/null
    int stdout_fd = -1;  // -1: ours
    int stderr_fd = -1;  // -1: ours
    /// Sent to the child when this process dies in whatever way.
    int death_signal = SIGKILL;
};

/// How a process ended.
struct Exit {
    bool by_signal = false;
    int code = 0;  // exit code, or the signal's number
    bool is_success() const { return !by_signal && code == 0; }
    std::string text() const;  // "exit code 1", "signal 9 (Killed)"
};

/// A running child in a process group of its own, so that the terminal's Ctrl-C reaches only its parent.
/// Destroying a handle whose child has not been waited for kills and reaps it.
class Child {
  public:
    Child(Child&&) noexcept;
    Child& operator=(Child&&) noexcept;
    ~Child();

    pid_t pid() const;
    /// Waits for the end and reaps; the handle stays in place meanwhile. Errors: kTimeout, kCancelled; the
    /// child is then still running.
    rt::Task<Result<Exit>> wait(rt::Deadline by);
    /// Does nothing when the child has ended.
    void signal(int number);

  private:
    friend Result<Child> spawn(rt::Loop& loop, const Spec& spec);
    struct Impl;
    explicit Child(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  // shared with the completion that hears of the end
};

/// Starts a program; returns once it has been executed (blocks for about a millisecond). The error
/// (kUnavailable) says which step of it failed and why.
Result<Child> spawn(rt::Loop& loop, const Spec& spec);

/// Runs a program to its end and returns its standard output and error together, at most 64 KiB, the rest
/// dropped. A non-zero exit is an error (kUnavailable) with that text as detail. On timeout the program is
/// killed.
rt::Task<Result<std::string>> run(rt::Loop& loop, Spec spec, rt::Deadline by);

/// An anonymous file holding `content`, sealed against change: how a child is handed what must not stand in
/// its arguments, environment or on disk. Readers use pread, since children started with it share its offset.
Result<Fd> sealed_file(const char* name, std::string_view content);

/// Everything in a descriptor of `sealed_file`.
Result<std::string> read_sealed(int fd);

struct Backoff {
    Millis initial{100};
    Millis max{5'000};
    Millis stable_after{10'000};  // a child that lived this long is started again at once
};

/// Keeps one program running until told to stop: starts it again whenever it ends.
class Keeper {
  public:
    /// What happened to the program, for the owner's log.
    struct Event {
        enum class Kind { kStarted, kEnded, kStartFailed };
        Kind kind = Kind::kStarted;
        std::string_view name;
        pid_t pid = 0;
        bool by_signal = false;  // kEnded
        std::string text;        // how it ended, or why it could not start
        Millis retry_in{0};      // 0 when it is not started again
    };
    using OnEvent = std::function<void(const Event&)>;
    /// Called before each start; may change the specification (a new file, say). An error counts as a failed
    /// start.
    using Prepare = std::function<rt::Task<Result<void>>(Spec&)>;

    Keeper(rt::Loop& loop, Spec spec, OnEvent on_event, Prepare prepare = nullptr, Backoff backoff = {});
    /// `stop` must have finished if `run` was started.
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    /// Starts and restarts until `stop`, or until `by` is over, which kills the child. Spawn it once.
    rt::Task<void> run(rt::Deadline by);
    /// Sends `number` and waits; kills what has not ended within `grace`. Returns when the child is gone.
    rt::Task<void> stop(int number, Steady::duration grace);
    /// 0 when it is not running.
    pid_t pid() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::proc
