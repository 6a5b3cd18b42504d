#include "control/scripts/scripts.h"

#include "core/protocol/check.h"
#include "core/protocol/control.h"
#include "platform/rt/deadline.h"

#include <fmt/format.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>

namespace weft::control::scripts {

namespace {

namespace packets = protocol::check;

constexpr auto kStart = 10s;  // a busy machine; normally some 20 ms
constexpr auto kAll = 5s;     // of one definition
constexpr auto kOne = 3s;     // the child has 2 s of CPU time
constexpr auto kTurn = 1s;    // for the callers before
constexpr std::size_t kProblemsMax = 20;

std::string beside_this_program() {
    std::error_code ec;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
    return ec ? std::string("weft-runner") : (self.parent_path() / "weft-runner").string();
}

/// The next packet; empty when none comes in time.
std::string receive(int socket, rt::Deadline by) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(by.left()).count();
    pollfd wait{socket, POLLIN, 0};
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) != 1) return "";
    std::string out(packets::kPacketBytesMax, '\0');
    const ssize_t size = recv(socket, out.data(), out.size(), MSG_DONTWAIT);
    out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return out;
}

/// The runner gets no environment, nothing on its standard streams, and one descriptor.
pid_t spawn(const std::string& path, std::vector<std::string> words, int socket) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, socket, protocol::control::kControlFd);
    posix_spawn_file_actions_addclosefrom_np(&actions, protocol::control::kControlFd + 1);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<char*, 1> environment{nullptr};
    pid_t pid = -1;
    const int error = posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    errno = error;
    return error == 0 ? pid : -1;
}

}  // namespace

Found not_checked() {
    return {.problems = {}, .warning = "The JavaScript of this definition could not be checked here."};
}

Result<std::unique_ptr<Checker>> Checker::launch(const Options& options, const char* tier) {
    std::array<int, 2> pair{-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
        return fail(Error::unavailable("cannot make a socket pair", std::strerror(errno)));
    const std::uint32_t uid = geteuid() == 0 ? options.uid : 0;
    const pid_t pid = spawn(
        options.runner_path,
        {options.runner_path, "check", tier, std::to_string(options.memory_bytes_max), std::to_string(uid)},
        pair[1]
    );
    const int error = errno;
    close(pair[1]);
    auto out = std::unique_ptr<Checker>(new Checker(pid, pair[0]));
    if (pid < 0) return fail(Error::unavailable("cannot start weft-runner", std::strerror(error)));
    const std::string hello = receive(pair[0], rt::Deadline::in(kStart));
    std::string_view rest = hello;
    protocol::control::Hello said;
    if (!packets::take(rest, said) || said.magic != protocol::control::kMagic)
        return fail(Error::unavailable(fmt::format("weft-runner does not start ({})", options.runner_path)));
    said.stage[sizeof said.stage - 1] = '\0';
    if (said.error != 0)
        return fail(Error::unavailable(fmt::format("cannot {} ({})", said.stage, std::strerror(said.error))));
    return out;
}

Result<std::unique_ptr<Checker>> Checker::start(Options options) {
    if (options.runner_path.empty()) options.runner_path = beside_this_program();
    if (options.has_weakest_only) return launch(options, "process");
    Result<std::unique_ptr<Checker>> made = fail(Error::unavailable("the host gives no namespaces"));
    if (geteuid() == 0) made = launch(options, "full");
    if (!made) made = launch(options, "rootless");
    if (!made && options.has_weakest) made = launch(options, "process");
    return made;
}

Checker::~Checker() {
    close(socket_);  // it ends by itself then
    if (pid_ > 0 && kill(pid_, SIGKILL) == 0) waitpid(pid_, nullptr, 0);
}

Found Checker::check(const std::vector<workflow::Script>& scripts) {
    Found out;
    const std::unique_lock hold(mutex_, kTurn);
    if (!hold.owns_lock()) return not_checked();
    const auto by = rt::Deadline::in(kAll);
    for (const workflow::Script& script : scripts) {
        if (out.problems.size() >= kProblemsMax) break;
        const packets::Question question{.id = ++last_id_, .is_code = script.is_code ? 1u : 0u};
        const std::string packet = packets::packet(question, script.source);
        packets::Answer answer;
        std::string got;
        std::string_view rest;
        const bool is_sent =
            !by.is_over() && send(socket_, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                                 static_cast<ssize_t>(packet.size());
        // An earlier answer may still come: of a script that nobody waited for any more.
        while (is_sent && answer.id != question.id) {
            got = receive(socket_, by.at_most(kOne));
            rest = got;
            if (!packets::take(rest, answer)) break;
        }
        if (answer.id != question.id) {
            out.warning = fmt::format("The JavaScript at {} could not be checked here.", script.field);
            if (by.is_over() || !is_sent) break;
        } else if (answer.verdict == packets::Verdict::kTooMuch) {
            out.problems.push_back(
                Error::limit(fmt::format("is too much for the script engine: {}", rest), script.field)
            );
        } else if (answer.verdict == packets::Verdict::kWrong) {
            out.problems.push_back(workflow::script_problem(script, {answer.line, answer.column}, rest));
        }
    }
    return out;
}

}  // namespace weft::control::scripts
