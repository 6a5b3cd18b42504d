#include "app/demo/instance.h"

#include "base/time.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

extern char** environ;

namespace weft::demo {

namespace {

namespace fs = std::filesystem;

constexpr auto kStartTimeout = 60s;
constexpr auto kStopTimeout = 20s;
constexpr std::string_view kServing = "Weft is at ";
constexpr std::string_view kClaim = "/claim#token=";

struct ProcessEntry {
    pid_t parent = 0;
    std::string command;
};

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

std::map<pid_t, ProcessEntry> all_processes() {
    std::map<pid_t, ProcessEntry> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0) continue;
        std::string stat = read_file(entry.path() / "stat");
        auto close = stat.rfind(')');
        if (close == std::string::npos || stat.size() < close + 5 || stat[close + 2] == 'Z') continue;
        ProcessEntry& process = found[pid];
        process.parent = std::atoi(stat.c_str() + close + 4);
        process.command = read_file(entry.path() / "cmdline");
        for (char& c : process.command) c = c == '\0' ? ' ' : c;
    }
    return found;
}

bool is_below(const std::map<pid_t, ProcessEntry>& all, pid_t pid, pid_t root) {
    for (int depth = 0; depth < 16 && pid > 1; ++depth) {
        if (pid == root) return true;
        auto at = all.find(pid);
        if (at == all.end()) return false;
        pid = at->second.parent;
    }
    return false;
}

std::string last_lines(const std::string& path) {
    std::string text = read_file(path);
    constexpr std::size_t kTail = 2000;
    return text.size() > kTail ? text.substr(text.size() - kTail) : text;
}

}  // namespace

Result<std::unique_ptr<Instance>> Instance::start(InstanceOptions options) {
    std::unique_ptr<Instance> instance(new Instance(std::move(options)));
    CHECK_OK(instance->launch());
    return instance;
}

Result<void> Instance::launch() {
    if (options_.data_dir.empty()) {
        std::string pattern = (fs::temp_directory_path() / "weft-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr)
            return fail(Error::unavailable(
                "Cannot make a temporary folder; check that the temporary folder is writable"
            ));
        options_.data_dir = pattern;
        owns_data_dir_ = true;
    }
    if (options_.log_path.empty()) options_.log_path = options_.data_dir + "/serve.log";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return fail(Error::internal("pipe"));
    std::vector<std::string> args{options_.binary, "serve", "--listen", "127.0.0.1:0"};
    args.insert(args.end(), options_.serve_args.begin(), options_.serve_args.end());
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; ++at)
        if (!std::string_view(*at).starts_with("WEFT_DATA=")) variables.emplace_back(*at);
    variables.push_back("WEFT_DATA=" + options_.data_dir);
    std::vector<char*> env;
    for (std::string& variable : variables) env.push_back(variable.data());
    env.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(
        &actions, 2, options_.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600
    );
    int error = posix_spawn(&pid_, options_.binary.c_str(), &actions, nullptr, argv.data(), env.data());
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    stdout_fd_ = ends[0];
    if (error != 0)
        return fail(Error::unavailable(fmt::format("Cannot start {}: is it built?", options_.binary)));
    return wait_until_serving(ends[0]);
}

Result<void> Instance::wait_until_serving(int stdout_fd) {
    auto until = std::chrono::steady_clock::now() + kStartTimeout;
    std::string text;
    while (true) {
        auto left = std::chrono::duration_cast<Millis>(until - std::chrono::steady_clock::now()).count();
        pollfd ready{stdout_fd, POLLIN, 0};
        if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0)
            return fail(failed_to_start("it did not serve in time"));
        char buffer[4096];
        ssize_t got = read(stdout_fd, buffer, sizeof buffer);
        if (got <= 0) return fail(failed_to_start("it ended"));
        text.append(buffer, static_cast<std::size_t>(got));
        auto token = text.find(kClaim);
        if (token != std::string::npos) {
            auto end = text.find_first_of(" \r\n", token);
            if (end == std::string::npos) continue;
            claim_token_ = Secret(text.substr(token + kClaim.size(), end - token - kClaim.size()));
        }
        // Address and claim link are printed in one write, so that whoever sees one has both.
        auto serving = text.find(kServing);
        if (serving == std::string::npos) continue;
        auto end = text.find_first_of(" \r\n", serving + kServing.size());
        if (end == std::string::npos) continue;
        url_ = text.substr(serving + kServing.size(), end - serving - kServing.size());
        while (url_.ends_with('/')) url_.pop_back();
        return {};
    }
}

Error Instance::failed_to_start(std::string_view why) const {
    return Error::unavailable(
        fmt::format("weft serve did not start: {}\n{}", why, last_lines(options_.log_path))
    );
}

std::vector<pid_t> Instance::processes(Kind kind) const {
    auto all = all_processes();
    auto matches = [&](pid_t pid, const ProcessEntry& process) {
        auto parent = all.find(process.parent);
        bool below_postgres =
            parent != all.end() && parent->second.command.find("postgres") != std::string::npos;
        switch (kind) {
            case Kind::kApi:
                return process.command.find("weft api") != std::string::npos;
            case Kind::kWorker:
                return process.command.find("weft worker") != std::string::npos;
            case Kind::kRunner:
                return process.command.find("weft-runner") != std::string::npos && pid != pid_;
            case Kind::kPostmaster:
                return process.command.find("/postgres ") != std::string::npos && !below_postgres;
        }
        return false;
    };
    std::vector<pid_t> out;
    for (const auto& [pid, process] : all)
        if (is_below(all, pid, pid_) && matches(pid, process)) out.push_back(pid);
    return out;
}

bool Instance::stop() {
    if (pid_ <= 0) return false;
    kill(pid_, SIGTERM);
    auto until = std::chrono::steady_clock::now() + kStopTimeout;
    int status = 0;
    bool has_ended = false;
    while (!has_ended && std::chrono::steady_clock::now() < until) {
        has_ended = waitpid(pid_, &status, WNOHANG) == pid_;
        if (!has_ended) poll(nullptr, 0, 10);
    }
    if (!has_ended) {
        kill(pid_, SIGKILL);
        waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    close(stdout_fd_);
    if (owns_data_dir_) {
        std::error_code ignored;
        fs::remove_all(options_.data_dir, ignored);
    }
    return has_ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Instance::~Instance() {
    stop();
}

}  // namespace weft::demo
