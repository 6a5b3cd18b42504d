#include "data/isolation/detail/claimed.h"

#include "base/words.h"
#include "core/protocol/control.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace weft::isolation {

namespace asio = boost::asio;
using Stream = asio::posix::stream_descriptor;

namespace {

constexpr std::size_t kReadBytes = 64u << 10;
constexpr auto kReapTimeout = 5s;  // the kernel frees at most memory_bytes_max; milliseconds
using protocol::control::kExitOutOfMemory;
using protocol::control::kExitOutOfTime;

Micros cpu_of(const rusage& used) {
    auto micros = [](const timeval& at) { return Micros(at.tv_sec * 1'000'000LL + at.tv_usec); };
    return micros(used.ru_utime) + micros(used.ru_stime);
}

/// Of a sandbox that we ended because a request was not answered.
KillReason kill_reason(Code code) {
    if (code == Code::kTimeout) return KillReason::kTime;
    if (code == Code::kCancelled) return KillReason::kCanceled;
    return code == Code::kLimit ? KillReason::kOutput : KillReason::kCrash;
}

std::size_t peak_of(const rusage& used) {
    return static_cast<std::size_t>(used.ru_maxrss) << 10;
}

/// In the order of the enum.
constexpr std::array<std::string_view, 8> kKillReasons = {
    "memory", "cpu", "syscall", "time", "output", "canceled", "crash", "outside"
};

}  // namespace

std::string_view name(KillReason reason) {
    return word_of(kKillReasons, reason);
}

Claimed::Claimed(std::shared_ptr<Slot> slot, Limits limits, const Options& options, Listeners listeners)
    : slot_(std::move(slot)),
      options_(options),
      cpu_before_(slot_->tenure && slot_->tenure->runs > 0 ? cpu_of_process() : Micros(0)),
      listeners_(std::move(listeners)),
      lines_left_(limits.log_lines) {}

Claimed::~Claimed() {
    slot_->timer().cancel();
    if (may_be_kept())
        slot_->keep(options_.shared_idle_max);
    else
        slot_->release();
}

bool Claimed::may_be_kept() {
    if (!slot_->tenure || is_over_ || has_hit_limit_ || slot_->is_child_gone() || owed_ > 0) return false;
    return slot_->tenure->runs < options_.shared_runs_max && slot_->tenure->until.check() &&
           cpu_of_process() < options_.shared_cpu_max;
}

void Claimed::kill() {
    is_over_ = true;
    slot_->kill();
}

void Claimed::arm(rt::Deadline by) {
    if (by.when() == Steady::max()) return;
    slot_->timer().expires_at(by.when());
    slot_->timer().async_wait([slot = slot_](const boost::system::error_code& ec) {
        // Cancelled by the next arm or by the end of this request.
        if (!ec && slot->stream().is_open()) slot->stream().cancel();
    });
}

rt::Task<Result<Reply>> Claimed::request(std::string frames, rt::Deadline by, int ahead) {
    if (!is_over_ && owed_ > 0) co_return fail(Error::internal("sandbox: a reply has not been taken"));
    owed_ = 1 + ahead;
    co_return co_await exchange(std::move(frames), std::move(by));
}

rt::Task<Result<Reply>> Claimed::next(rt::Deadline by) {
    if (!is_over_ && owed_ == 0) co_return fail(Error::internal("sandbox: nothing was sent ahead"));
    co_return co_await exchange({}, std::move(by));
}

/// Sends, and reads up to one reply.
rt::Task<Result<Reply>> Claimed::exchange(std::string frames, rt::Deadline by) {
    if (is_over_) co_return fail(Error::cancelled("the sandbox has ended"));
    arm(by);
    auto written = co_await write(std::move(frames), by);
    Result<Reply> reply = written ? co_await read(by) : Result<Reply>(fail(std::move(written).error()));
    slot_->timer().cancel();
    if (!reply) {
        listeners_.on_kill(death_ ? *death_ : kill_reason(reply.error().code));
        kill();
    }
    co_return reply;
}

rt::Task<Result<void>> Claimed::wait(Stream::wait_type what, rt::Deadline by) {
    for (;;) {
        CO_CHECK_OK(by.check());
        auto [ec] = co_await slot_->stream().async_wait(what, asio::as_tuple(asio::use_awaitable));
        if (!ec) co_return Result<void>{};
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none || is_over_) co_return fail(by.error());
        // A timer of an earlier request that had already fired: wait on unless it is ours.
    }
}

rt::Task<Result<void>> Claimed::write(std::string frames, rt::Deadline by) {
    std::string_view left = frames;
    while (!left.empty()) {
        CO_CHECK_OK(by.check());
        const ssize_t size =
            send(slot_->stream().native_handle(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size > 0) {
            left.remove_prefix(static_cast<std::size_t>(size));
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) co_return fail(co_await explain_death());
        CO_CHECK_OK(co_await wait(Stream::wait_write, by));
    }
    co_return Result<void>{};
}

rt::Task<Result<Reply>> Claimed::read(rt::Deadline by) {
    static char buffer[kReadBytes];  // one loop: filled and copied out without an await between
    Reply reply;
    for (;;) {
        CO_TRY(auto done, take(reply));
        if (done) co_return std::move(*done);
        CO_CHECK_OK(co_await wait(Stream::wait_read, by));
        if (is_over_) co_return fail(Error::cancelled("the sandbox has ended"));
        const ssize_t size = recv(slot_->stream().native_handle(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (size > 0) {
            reader_.feed({buffer, static_cast<std::size_t>(size)});
        } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
            co_return fail(co_await explain_death());
        }
    }
}

/// Moves complete frames into `reply`; gives it back once it is complete.
Result<std::optional<Reply>> Claimed::take(Reply& reply) {
    for (;;) {
        TRY(auto frame, reader_.next());
        if (!frame) return std::optional<Reply>();
        auto message = protocol::decode_reply(*frame);
        if (!message) return fail(Error::internal("sandbox: " + message.error().user));
        if (auto* log = std::get_if<protocol::Log>(&*message)) {
            if (lines_left_-- <= 0) return fail(Error::limit("the run writes more log lines than allowed"));
            reply.logs.push_back(std::move(*log));
            continue;
        }
        // Nothing may follow the last reply: the engine asks, the child answers.
        if (--owed_ == 0 && reader_.pending() > 0) return fail(Error::internal("sandbox: spoke unasked"));
        if (auto* value = std::get_if<protocol::Value>(&*message)) {
            reply.result = std::move(*value);
        } else if (auto* failed = std::get_if<protocol::Failed>(&*message)) {
            has_hit_limit_ = has_hit_limit_ || failed->kind == protocol::Failed::Kind::kLimit;
            reply.result = std::move(*failed);
        } else if (std::holds_alternative<protocol::Skipped>(*message)) {
            reply.result = protocol::Skipped{};
        } else {
            return fail(Error::internal("sandbox: nothing was to be put back"));
        }
        return std::optional<Reply>(std::move(reply));
    }
}

rt::Task<Error> Claimed::explain_death() {
    co_await slot_->wait_gone(rt::Deadline::in(kReapTimeout));
    if (is_over_) co_return Error::cancelled("the sandbox has ended");
    if (!slot_->is_child_gone()) co_return Error::unavailable("the sandbox does not end");
    listeners_.on_death();
    death_ = KillReason::kCrash;
    const Slot::End& end = slot_->end();
    const Micros cpu = cpu_of(end.used);
    const std::size_t peak = peak_of(end.used);
    const auto detail = fmt::format(
        "sandbox child: wait status {:#x}, cpu {} us, peak {} KiB", end.status, cpu.count(), peak >> 10
    );
    const int signal = WIFSIGNALED(end.status) ? WTERMSIG(end.status) : 0;
    const int code = WIFEXITED(end.status) ? WEXITSTATUS(end.status) : 0;
    if (end.out_of_memory || code == kExitOutOfMemory) {
        death_ = KillReason::kMemory;
        co_return Error::limit(
            fmt::format("the run used more than {} MiB of memory", options_.memory_bytes_max >> 20)
        )
            .with_detail(detail);
    }
    // At the hard limit, a second after the soft one, the kernel kills.
    if (code == kExitOutOfTime || (signal == SIGKILL && cpu >= options_.cpu_max)) {
        death_ = KillReason::kCpu;
        co_return Error::limit(fmt::format(
                                   "the run used more than {} s of CPU time ({:.1f} s in one sandbox)",
                                   options_.cpu_max.count() / 1000,
                                   static_cast<double>(cpu.count()) / 1e6
                               ))
            .with_detail(detail);
    }
    if (signal == SIGSYS) {
        death_ = KillReason::kSyscall;
        co_return Error::limit("the run tried something that a sandbox does not allow").with_detail(detail);
    }
    if (signal == SIGKILL) death_ = KillReason::kOutside;
    if (signal == SIGKILL) co_return Error::unavailable("the sandbox was killed from outside", detail);
    co_return Error::internal(detail);
}

/// From statm: "size resident shared ...", in pages. Shared are those that the process has as they were made,
/// by its zygote or from its program. The cgroup's own number would have the zygote's pages, and is not there
/// in the weaker tiers.
std::size_t Claimed::memory_bytes() const {
    if (slot_->is_child_gone()) return 0;
    std::array<char, 128> text{};
    const auto path = fmt::format("/proc/{}/statm", slot_->child());
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    const ssize_t size = ::read(fd, text.data(), text.size() - 1);
    close(fd);
    unsigned long total = 0, resident = 0, shared = 0;
    if (size <= 0 || std::sscanf(text.data(), "%lu %lu %lu", &total, &resident, &shared) != 3) return 0;
    static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return resident > shared ? (resident - shared) * page : 0;
}

Micros Claimed::cpu_of_process() const {
    if (slot_->is_child_gone()) return cpu_of(slot_->end().used);
    clockid_t clock = 0;
    timespec used{};
    if (clock_getcpuclockid(slot_->child(), &clock) != 0 || clock_gettime(clock, &used) != 0)
        return Micros(0);
    return Micros(used.tv_sec * 1'000'000LL + used.tv_nsec / 1000);
}

}  // namespace weft::isolation
