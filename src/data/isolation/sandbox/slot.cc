#include "data/isolation/detail/slot.h"

#include "core/protocol/control.h"
#include "core/protocol/protocol.h"

#include <boost/asio/io_context.hpp>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::isolation {

namespace asio = boost::asio;
namespace control = protocol::control;

namespace {

constexpr int kBirthTimeoutMs = 2000;
constexpr auto kCleanTimeout = 1s;  // it takes some ten microseconds

std::string frame_of(const auto& message) {
    std::string out;
    (void)protocol::append(out, message);  // has no fields
    return out;
}

}  // namespace

Slot::Slot(rt::Loop& loop, SlotParts parts, std::uint32_t cpu_seconds, Events events)
    : parts_(std::move(parts)),
      cpu_seconds_(cpu_seconds),
      events_(std::move(events)),
      control_(loop.context(), parts_.zygote.control.release()),
      exit_(loop.context()),
      stream_(loop.context()),
      timer_(loop.context()),
      gone_(loop),
      oom_kills_(parts_.cgroup.oom_kills()) {}

Slot::~Slot() {
    shut_down();
}

void Slot::fork() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return break_down();
    const Fd theirs(pair[1]);
    // Ours joins the loop now: what can be done before a run arrives costs that run nothing.
    stream_.assign(pair[0]);
    const control::Fork request{.cpu_seconds = cpu_seconds_};
    if (!send_packet(control_.native_handle(), &request, sizeof request, {theirs.get()})) return break_down();
    state_ = State::kForking;
    end_ = {};
    control_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [self = shared_from_this()](const boost::system::error_code& ec) {
            if (!ec) self->on_made();
        }
    );
}

void Slot::on_made() {
    control::Made made;
    const ssize_t size = recv(control_.native_handle(), &made, sizeof made, MSG_DONTWAIT);
    if (size != sizeof made || made.pid <= 0) return break_down();
    child_ = made.pid;
    const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
    if (pidfd < 0) return break_down();
    exit_.assign(pidfd);
    exit_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [self = shared_from_this()](const boost::system::error_code& ec) {
            if (!ec) self->on_exit();
        }
    );
    // A run that was called off while we forked (close) leaves us dying.
    if (state_ != State::kForking) return kill();
    state_ = State::kReady;
    events_.on_ready(*this);
}

void Slot::on_exit() {
    if (child_ <= 0) return;
    if (wait4(child_, &end_.status, __WALL | WNOHANG, &end_.used) != child_) {
        // Not a zombie yet (another thread of ours cannot be): ask again when it is.
        exit_.async_wait(
            asio::posix::stream_descriptor::wait_read,
            [self = shared_from_this()](const boost::system::error_code& ec) {
                if (!ec) self->on_exit();
            }
        );
        return;
    }
    child_ = -1;
    exit_.close();
    if (!end_.by_us) {
        const std::uint64_t kills = parts_.cgroup.oom_kills();
        end_.out_of_memory = kills > oom_kills_;
        oom_kills_ = kills;
    }
    gone_.notify_all();
    if (state_ == State::kDying || state_ == State::kCleaning)
        recycle();
    else if (state_ == State::kKept) {
        events_.on_lost(*this);
        recycle();
    } else if (state_ == State::kReady)
        break_down();  // idle children have no reason to die
}

void Slot::keep(Millis idle_max) {
    static const std::string kReset = frame_of(protocol::Request(protocol::Reset{}));
    const auto sent =
        send(stream_.native_handle(), kReset.data(), kReset.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(kReset.size())) return release();
    state_ = State::kCleaning;
    timer_.expires_after(kCleanTimeout);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (!ec && self->state_ == State::kCleaning) self->release();
    });
    stream_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [self = shared_from_this(), idle_max](const boost::system::error_code& ec) {
            if (self->state_ != State::kCleaning) return;
            // Called off: by a deadline of the run's that was on its way.
            if (ec) return self->release();
            self->on_clean(idle_max);
        }
    );
}

/// Exactly the one frame, or the child has earned no trust.
void Slot::on_clean(Millis idle_max) {
    static const std::string kReady = frame_of(protocol::Reply(protocol::Ready{}));
    char got[16];
    const ssize_t size = recv(stream_.native_handle(), got, sizeof got, MSG_DONTWAIT);
    if (size < 0 || std::string_view(got, static_cast<std::size_t>(size)) != kReady) return release();
    state_ = State::kKept;
    timer_.expires_after(idle_max);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (ec || self->state_ != State::kKept) return;
        self->events_.on_lost(*self);
        self->release();
    });
    events_.on_kept(*this);
}

void Slot::recycle() {
    tenure.reset();
    if (stream_.is_open()) stream_.close();
    state_ = State::kIdle;
    fork();
}

void Slot::release() {
    if (state_ == State::kBroken) return;
    state_ = State::kDying;
    if (is_child_gone()) return recycle();
    kill();
}

void Slot::kill() {
    if (child_ <= 0) return;
    end_.by_us = true;
    ::kill(child_, SIGKILL);
    // The reader's own end goes with release(); a reader that waits is told by the closed other end.
}

void Slot::break_down() {
    if (state_ == State::kBroken) return;
    state_ = State::kBroken;
    events_.on_broken(*this);
}

void Slot::shut_down() {
    if (state_ == State::kForking && child_ <= 0) {
        // A child is being born whose name only its zygote knows. It is ours to reap, so ask before the
        // zygote goes.
        control::Made made;
        pollfd wait{control_.native_handle(), POLLIN, 0};
        if (poll(&wait, 1, kBirthTimeoutMs) == 1 &&
            recv(wait.fd, &made, sizeof made, MSG_DONTWAIT) == sizeof made) {
            child_ = made.pid;
        }
    }
    state_ = State::kBroken;
    boost::system::error_code ignored;
    for (auto* descriptor : {&control_, &exit_, &stream_}) {
        if (descriptor->is_open()) descriptor->close(ignored);
    }
    timer_.cancel();
    kill_and_reap(std::exchange(child_, -1));
    kill_and_reap(std::exchange(parts_.zygote.pid, -1));
    parts_.cgroup = Cgroup();
}

rt::Task<void> Slot::wait_gone(rt::Deadline by) {
    while (!is_child_gone() && state_ != State::kBroken) {
        if (!co_await gone_.wait(by)) co_return;
    }
}

}  // namespace weft::isolation
