#include "app/runner/detail/check.h"

#include "core/protocol/check.h"
#include "core/protocol/control.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace weft::runner {

namespace {

namespace check = protocol::check;
namespace control = protocol::control;

constexpr std::uint32_t kCpuSecondsMax = 2;   // of a child; the kernel ends it then, whatever it compiles
constexpr std::int64_t kCpuMsEnough = 1'000;  // after which it makes room for a fresh one between two scripts
constexpr int kExitUsedUp = 3;
constexpr Millis kTimeout{1'000};  // the engine looks only while it runs something; a second bound
constexpr long kPauseNanos = 20'000'000;

std::int64_t cpu_ms() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::int64_t{used.tv_sec} * 1000 + used.tv_nsec / 1'000'000;
}

std::string answer_to(std::string_view packet, script::Engine& engine) {
    check::Question question;
    check::Answer answer;
    if (!check::take(packet, question)) return check::packet(answer, "");
    answer.id = question.id;
    engine.reset();
    engine.set_timeout(kTimeout);
    const auto failure = engine.check(packet, question.is_code != 0);
    if (!failure) return check::packet(answer, "");
    answer.verdict = failure->is_limit ? check::Verdict::kTooMuch : check::Verdict::kWrong;
    answer.line = failure->line;
    answer.column = failure->column;
    return check::packet(answer, std::string_view(failure->message).substr(0, 2'000));
}

/// read and write, because the filter knows no others; of this kind of socket each is one packet.
[[noreturn]] void serve_checks(int stream, script::Engine& engine) {
    static char buffer[check::kPacketBytesMax];
    for (;;) {
        const ssize_t size = read(stream, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) _exit(0);
        const std::string out = answer_to({buffer, static_cast<std::size_t>(size)}, engine);
        if (write(stream, out.data(), out.size()) != static_cast<ssize_t>(out.size())) _exit(0);
        if (cpu_ms() > kCpuMsEnough) _exit(kExitUsedUp);
    }
}

bool say_hello(int socket, const Confined& confined) {
    control::Hello hello;
    if (!confined) {
        hello.error = confined.error().error;
        const auto stage = confined.error().stage.substr(0, sizeof hello.stage - 1);
        std::memcpy(hello.stage, stage.data(), stage.size());
    }
    return send(socket, &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello;
}

}  // namespace

int run_checker(const CheckerOptions& options, script::Engine& engine) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const auto confined = confine_zygote(options.confinement);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // a change of identity clears it
    if (!say_hello(options.control, confined) || !confined) return 1;
    const Confinement& how = options.confinement;
    const ChildLimits limits{
        .uid = how.tier == Tier::kRootless ? 0 : options.uid,
        .cpu_seconds = kCpuSecondsMax,
        .landlock_fd = how.has_landlock ? make_landlock_ruleset() : -1,
    };
    const bool has_pid_namespace = how.has_namespaces && how.tier != Tier::kProcess;
    for (;;) {
        const unsigned long flags = SIGCHLD | (has_pid_namespace ? CLONE_NEWPID : 0);
        const long pid = syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
        if (pid < 0) return 1;
        if (pid == 0) {
            confine_child(how, limits, options.control);
            serve_checks(0, engine);
        }
        int status = 0;
        while (waitpid(static_cast<pid_t>(pid), &status, 0) < 0 && errno == EINTR) {
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
        const timespec pause{0, kPauseNanos};  // what dies at once must not keep a core busy
        nanosleep(&pause, nullptr);
    }
}

}  // namespace weft::runner
