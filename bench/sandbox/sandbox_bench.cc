// Cost of one run's sandbox, beside the tools people would use instead. See README.md.
//
//   weft_sandbox_bench [rounds]
#include "data/isolation/isolation.h"
#include "platform/rt/scope.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace weft;
using isolation::Backend;
using isolation::Sandbox;
using Clock = std::chrono::steady_clock;

double micros_since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double cpu_micros() {
    double total = 0;
    for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage used{};
        getrusage(who, &used);
        for (const timeval& at : {used.ru_utime, used.ru_stime}) {
            total += static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_usec);
        }
    }
    return total;
}

double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[std::min(
        values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size()))
    )];
}

void print(std::string_view what, const std::vector<double>& micros) {
    fmt::print(
        "{:<52} p50 {:>9.3f} ms   p99 {:>9.3f} ms   n {}\n",
        what,
        quantile(micros, 0.5) / 1000,
        quantile(micros, 0.99) / 1000,
        micros.size()
    );
}

[[noreturn]] void die(std::string_view why) {
    fmt::print(stderr, "{}\n", why);
    std::exit(1);
}

std::string frames_for(std::string_view kind) {
    std::string out;
    protocol::Begin begin{.input = R"({"order":{"id":7,"items":[{"sku":"a","n":2},{"sku":"b","n":0}]}})"};
    protocol::Evaluate evaluate;
    if (kind == "path")
        evaluate.value = R"({"id":"{{ input.order.id }}","sku":"{{ input.order.items[0].sku }}"})";
    else
        evaluate.value =
            R"("{{ input.order.items.filter(i => i.n > 0).map(i => ({ sku: i.sku, n: i.n * 2 })) }}")";
    if (!protocol::append(out, protocol::Request(begin)) ||
        !protocol::append(out, protocol::Request(evaluate)))
        die("append");
    return out;
}

struct Pool {
    rt::Loop loop;
    std::unique_ptr<Backend> backend;

    explicit Pool(int slots) {
        isolation::Options options;
        options.runner_path = WEFT_RUNNER;
        options.slots_eager = slots;
        auto zygote = isolation::Zygote::spawn(std::move(options));
        if (!zygote) die(zygote.error().user);
        auto made = isolation::make_sandbox_backend(loop, std::move(*zygote));
        if (!made) die(made.error().user + " " + made.error().detail);
        backend = std::move(*made);
    }
    ~Pool() { loop.run_until_done(backend->close()); }
};

struct Samples {
    std::vector<double> claim;   // start() alone
    std::vector<double> answer;  // start() to the first answer
};

rt::Task<void> one_run(Backend& backend, std::string frames, Samples& samples) {
    const auto start = Clock::now();
    auto sandbox = co_await backend.start({}, {}, rt::Deadline::in(30s));
    if (!sandbox) die(sandbox.error().user);
    samples.claim.push_back(micros_since(start));
    auto reply = co_await (*sandbox)->request(std::move(frames), rt::Deadline::in(30s));
    if (!reply || !std::holds_alternative<protocol::Value>(reply->result)) die("no value");
    samples.answer.push_back(micros_since(start));
}

rt::Task<void> many_runs(Backend& backend, std::string frames, int count, Samples& samples) {
    for (int i = 0; i < count; ++i) co_await one_run(backend, frames, samples);
}

rt::Task<void> paced_runs(Backend& backend, std::string frames, int count, Samples& samples) {
    for (int i = 0; i < count; ++i) {
        co_await one_run(backend, frames, samples);
        (void)co_await rt::sleep_for(4ms, rt::Deadline::in(1s));
    }
}

void measure_pool(std::string_view kind, int count) {
    Samples paced;
    {
        Pool pool(8);
        pool.loop.run_until_done(paced_runs(*pool.backend, frames_for(kind), count / 4, paced));
    }
    print(fmt::format("claim from the pool, one every 4 ms ({})", kind), paced.claim);
    print(fmt::format("claim to first answer, one every 4 ms ({})", kind), paced.answer);

    // The control: the same start-up and end without a run.
    double control = cpu_micros();
    {
        const Pool pool(8);
    }
    control = cpu_micros() - control;
    Samples busy;
    double cpu = cpu_micros();
    double wall = 0;
    {
        Pool pool(8);
        const auto start = Clock::now();
        rt::Scope scope(pool.loop);
        for (int i = 0; i < 4; ++i) scope.spawn(many_runs(*pool.backend, frames_for(kind), count / 4, busy));
        pool.loop.run_until_done(scope.join());
        wall = micros_since(start);
    }
    cpu = cpu_micros() - cpu - control;
    print(fmt::format("claim, four back to back ({})", kind), busy.claim);
    print(fmt::format("claim to first answer, four back to back ({})", kind), busy.answer);
    fmt::print(
        "{:<52} {:.3f} ms CPU per sandbox, {:.0f} sandboxes/s\n\n",
        fmt::format("created, one answer, killed, reaped ({})", kind),
        cpu / count / 1000,
        count / (wall / 1e6)
    );
}

/// Runs a command to its end; false when it fails.
bool run_command(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    pid_t pid = 0;
    const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return false;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Contender {
    std::string name;
    std::function<bool()> run;
    std::vector<double> wall = {};
    std::vector<double> cpu = {};  // of the processes we start and reap; a daemon's is not in it
};

/// A bundle for crun: an empty root file system with the one static program.
std::vector<std::string> crun_command(const std::filesystem::path& folder) {
    for (const char* name : {"rootfs/proc", "rootfs/dev", "rootfs/sys"})
        std::filesystem::create_directories(folder / name);
    std::filesystem::copy_file(
        NOTHING, folder / "rootfs/nothing", std::filesystem::copy_options::overwrite_existing
    );
    std::ofstream(folder / "config.json")
        << R"({"ociVersion":"1.0.0","root":{"path":"rootfs","readonly":true},
        "process":{"terminal":false,"user":{"uid":0,"gid":0},"args":["/nothing"],"env":[],"cwd":"/",
                   "noNewPrivileges":true},
        "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
                  {"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
        "linux":{"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},
                               {"type":"mount"}]}})";
    return {"crun", "--cgroup-manager=disabled", "run", "-b", folder.string()};
}

bool has_docker_image(const std::filesystem::path& folder) {
    return run_command(
        {"sh",
         "-c",
         fmt::format(
             "timeout 5 docker info && tar -C {}/rootfs -c nothing | docker import - weft-bench-nothing",
             folder.string()
         )}
    );
}

void measure_contenders(int rounds) {
    const auto folder =
        std::filesystem::temp_directory_path() / fmt::format("weft-sandbox-bench-{}", getpid());
    auto crun = crun_command(folder);
    Pool pool(4);
    const std::string frames = frames_for("path");
    Samples samples;
    int serial = 0;
    std::vector<Contender> all;
    all.push_back({"weft sandbox, an answer included", [&] {
                       pool.loop.run_until_done(one_run(*pool.backend, frames, samples));
                       return true;
                   }});
    all.push_back({"plain process (posix_spawn of a static program)", [] { return run_command({NOTHING}); }});
    all.push_back(
        {"bubblewrap --unshare-all",
         [&] {
             return run_command(
                 {"bwrap", "--unshare-all", "--ro-bind", (folder / "rootfs").string(), "/", "/nothing"}
             );
         }}
    );
    all.push_back({"crun run", [&] {
                       auto words = crun;
                       words.push_back(fmt::format("weft-bench-{}-{}", getpid(), serial++));
                       return run_command(words);
                   }});
    if (has_docker_image(folder)) {
        all.push_back({"docker run --network none", [] {
                           return run_command(
                               {"docker", "run", "--rm", "--network", "none", "weft-bench-nothing", "/nothing"
                               }
                           );
                       }});
    } else {
        fmt::print("docker: no engine answers, left out\n");
    }
    std::erase_if(all, [](Contender& each) {
        const bool works = each.run();
        if (!works) fmt::print("{}: does not run here, left out\n", each.name);
        return !works;
    });
    std::mt19937 order(1);
    for (int round = 0; round < rounds; ++round) {
        std::ranges::shuffle(all, order);
        for (Contender& each : all) {
            usleep(5000
            );  // let the loop's own refill and daemons settle: each is measured cold-ish, as it is used
            pool.loop.run_until_done(rt::yield());
            const double cpu = cpu_micros();
            const auto start = Clock::now();
            if (!each.run()) die(each.name + " failed");
            each.wall.push_back(micros_since(start));
            each.cpu.push_back(cpu_micros() - cpu);
        }
    }
    std::ranges::sort(all, {}, [](const Contender& each) { return quantile(each.wall, 0.5); });
    for (const Contender& each : all) print(each.name, each.wall);
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
}

/// crun 1.8 refuses hosts that mount both versions of cgroups, although it is told to use none: hide one from
/// it, in a mount namespace of ours.
void hide_second_cgroup_tree() {
    if (access("/sys/fs/cgroup/unified", F_OK) != 0 || unshare(CLONE_NEWNS) != 0) return;
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    umount2("/sys/fs/cgroup/unified", MNT_DETACH);
}

}  // namespace

int main(int argc, char** argv) {
    hide_second_cgroup_tree();
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 40;
    measure_pool("path", 4000);
    measure_pool("expression", 4000);
    measure_contenders(rounds);
    return 0;
}
