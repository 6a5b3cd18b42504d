#include "control/scripts/scripts.h"

#include "core/protocol/check.h"
#include "core/protocol/control.h"
#include "platform/proc/helper.h"
#include "platform/rt/deadline.h"

#include <fmt/format.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <optional>

namespace weft::control::scripts {

namespace {

namespace packets = protocol::check;

static_assert(proc::kHelperSocketFd == protocol::control::kControlFd);

constexpr auto kStart = 10s;  // a busy machine; normally some 20 ms
constexpr auto kAll = 5s;     // of one definition
constexpr auto kOne = 3s;     // the child has 2 s of CPU time
constexpr auto kTurn = 1s;    // for the callers before
constexpr std::size_t kProblemsMax = 20;

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

struct Answered {
    packets::Answer head;
    std::string text;
};

/// Nothing when no answer comes: the child died over it, or is too slow.
std::optional<Answered> ask(
    int socket, std::uint32_t id, const templates::Script& script, const rt::Deadline& by
) {
    const packets::Question question{.id = id, .is_code = script.is_code ? 1u : 0u};
    const std::string packet = packets::packet(question, script.source);
    if (by.is_over() || send(socket, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
                            static_cast<ssize_t>(packet.size()))
        return std::nullopt;
    Answered out;
    do {
        const std::string got = receive(socket, by.at_most(kOne));
        std::string_view rest = got;
        if (!packets::take(rest, out.head)) return std::nullopt;
        out.text = rest;
        // An earlier answer may still come: of a script that nobody waited for any more.
    } while (out.head.id != id);
    return out;
}

}  // namespace

std::unique_ptr<Checker> Checker::absent() {
    return std::unique_ptr<Checker>(new Checker(proc::Helper()));
}

Result<std::unique_ptr<Checker>> Checker::launch(const Options& options, const char* tier) {
    const std::uint32_t uid = geteuid() == 0 ? options.uid : 0;
    const proc::HelperSpec spec{
        .path = options.runner_path,
        .executable_fd = options.runner_fd,
        .words = {"check", tier, std::to_string(options.memory_bytes_max), std::to_string(uid)},
    };
    TRY(proc::Helper helper, proc::start_helper(spec));
    auto out = std::unique_ptr<Checker>(new Checker(std::move(helper)));
    const std::string hello = receive(out->helper_.socket.get(), rt::Deadline::in(kStart));
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
    if (options.runner_path.empty()) options.runner_path = proc::beside_this_program("weft-runner");
    if (options.has_weakest_only) return launch(options, "process");
    Result<std::unique_ptr<Checker>> made = fail(Error::unavailable("the host gives no namespaces"));
    if (geteuid() == 0) made = launch(options, "full");
    if (!made) made = launch(options, "rootless");
    if (!made && options.has_weakest) made = launch(options, "process");
    return made;
}

Checker::~Checker() {
    helper_.socket.reset();  // it ends by itself then
    proc::kill_and_reap(helper_.pid);
}

Found Checker::check(const std::vector<templates::Script>& scripts) {
    Found out;
    if (scripts.empty()) return out;
    const std::unique_lock hold(mutex_, kTurn);
    if (!helper_.socket || !hold.owns_lock()) {
        unchecked_ += scripts.size();
        out.warning = "The JavaScript of this definition could not be checked here.";
        return out;
    }
    const auto by = rt::Deadline::in(kAll);
    for (const templates::Script& script : scripts) {
        if (out.problems.size() >= kProblemsMax) break;
        const auto answer = ask(helper_.socket.get(), ++last_id_, script, by);
        if (!answer) {
            ++unchecked_;
            out.warning = fmt::format("The JavaScript at {} could not be checked here.", script.place.field);
            continue;
        }
        const auto& [head, text] = *answer;
        ++(head.verdict == packets::Verdict::kGood ? good_ : wrong_);
        if (head.verdict == packets::Verdict::kTooMuch) {
            std::string message = fmt::format("is too much for the script engine: {}", text);
            out.problems.push_back(Error::limit(std::move(message), script.place.field));
        } else if (head.verdict == packets::Verdict::kWrong) {
            out.problems.push_back(templates::script_problem(script, head.line, head.column, text));
        }
    }
    return out;
}

}  // namespace weft::control::scripts
