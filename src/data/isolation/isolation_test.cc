#include "data/isolation/isolation.h"

#include "data/isolation/detail/sandbox_fixture.h"
#include "platform/proc/rights.h"
#include "platform/rt/scope.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace weft::isolation {
namespace {

using ::testing::HasSubstr;

class SandboxTest : public SandboxFixture {};

TEST_F(SandboxTest, EvaluatesAndKeepsTheRunsValues) {
    open(plain());
    if (IsSkipped()) return;
    auto sandbox = start();
    EXPECT_EQ(
        shown(
            ask(*sandbox,
                begin(R"({"a":[1,2,3]})") +
                    evaluate(R"({"n":"{{ input.a.length }}","s":"x{{ input.a.map(x => x * 2) }}"})"))
        ),
        R"({"n":3,"s":"x[2,4,6]"})"
    );
    auto reply = ask(*sandbox, code("console.log('hi', input.a); return input.a.reduce((a, b) => a + b)"));
    EXPECT_EQ(shown(reply), "6");
    ASSERT_EQ(reply->logs.size(), 1u);
    EXPECT_EQ(reply->logs[0].text, "hi [1,2,3]");
    EXPECT_GT(sandbox->cpu(), 0us);
    EXPECT_GT(sandbox->memory_bytes(), 0u);
}

TEST_F(SandboxTest, LargeValuesPassInBothDirections) {
    open(plain());
    if (IsSkipped()) return;
    auto sandbox = start();
    const std::string big = '"' + std::string(7u << 20, 'x') + '"';
    EXPECT_EQ(shown(ask(*sandbox, begin(big) + evaluate(R"("{{ input }}")"))), big);
    EXPECT_EQ(shown(ask(*sandbox, evaluate(R"("{{ input + '' }}")"))), big);
    EXPECT_THAT(
        shown(ask(*sandbox, evaluate(R"("{{ input }}{{ input }}")"))), HasSubstr("larger than 8 MiB")
    );
}

TEST_F(SandboxTest, AScriptsMemoryBombIsItsOwnFailure) {
    open(plain());
    if (IsSkipped()) return;
    auto sandbox = start();
    auto reply =
        ask(*sandbox,
            begin("{}", 5000) + code("const a = []; for (;;) a.push(new Array(1e5).fill(a.length))"));
    EXPECT_THAT(shown(reply), HasSubstr("out of memory"));
    EXPECT_EQ(shown(ask(*sandbox, evaluate("2"))), "2");
}

TEST_F(SandboxTest, ADeadlineKillsAndTheSlotServesAgain) {
    Options options = plain();
    options.slots_max = options.slots_eager = 1;
    open(std::move(options));
    if (IsSkipped()) return;
    for (int i = 0; i < 3; ++i) {
        auto sandbox = start();
        auto reply = ask(*sandbox, begin("{}", 60'000) + code("for (;;) {}"), 50ms);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, Code::kTimeout);
        EXPECT_EQ(ask(*sandbox, evaluate("1")).error().code, Code::kCancelled);
    }
    EXPECT_EQ(backend_->health().slots, 1);
}

rt::Task<void> ask_until_cancelled(Sandbox& sandbox, rt::Deadline by, Code& seen) {
    auto reply = co_await sandbox.request(begin("{}", 60'000) + code("for (;;) {}"), by);
    if (!reply) seen = reply.error().code;
}

TEST_F(SandboxTest, CancellingInterruptsARequest) {
    open(plain());
    if (IsSkipped()) return;
    auto sandbox = start();
    Code seen = Code::kInternal;
    rt::Scope scope(loop_);
    scope.spawn(ask_until_cancelled(*sandbox, scope.forever(), seen));
    loop_.run_until_done(rt::yield());
    loop_.run_until_done(scope.close());
    EXPECT_EQ(seen, Code::kCancelled);
}

TEST_F(SandboxTest, WaitsForASlotAndGrowsUpToTheLimit) {
    Options options = plain();
    options.slots_max = 3;
    options.slots_eager = 1;
    open(std::move(options));
    if (IsSkipped()) return;
    std::vector<std::unique_ptr<Sandbox>> held;
    for (int i = 0; i < 3; ++i) held.push_back(start());
    auto fourth = loop_.run_until_done(backend_->start({}, {}, rt::Deadline::in(50ms)));
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().code, Code::kTimeout);
    held.pop_back();
    EXPECT_TRUE(start());
    EXPECT_LE(backend_->health().slots, 3);
}

TEST_F(SandboxTest, RunsShareNeitherRandomnessNorValues) {
    open(plain());
    if (IsSkipped()) return;
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
        auto sandbox = start();
        seen.insert(shown(ask(*sandbox, begin() + evaluate(R"("{{ Math.random() }}")"))));
        EXPECT_THAT(
            shown(ask(*sandbox, evaluate(R"("{{ typeof globalThis.left }}{{ globalThis.left = 1 }}")"))),
            "\"undefined1\""
        );
    }
    EXPECT_EQ(seen.size(), 50u);
}

std::vector<std::string> cgroups_of(int pid) {
    std::vector<std::string> out;
    std::error_code ec;
    for (const char* root : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"}) {
        for (std::filesystem::recursive_directory_iterator at(root, ec), end; at != end; at.increment(ec)) {
            const std::string name = at->path().filename().string();
            if (name.starts_with("weft-" + std::to_string(pid) + "-")) out.push_back(at->path().string());
        }
    }
    return out;
}

/// Everything of ours that could stay: processes by parent, mounts, cgroups, files in the usual places.
std::string leftovers() {
    std::ostringstream out;
    std::ifstream children("/proc/self/task/" + std::to_string(getpid()) + "/children");
    out << "children:" << children.rdbuf() << "\n";
    std::ifstream mounts("/proc/self/mounts");
    int count = 0;
    for (std::string line; std::getline(mounts, line);) ++count;
    out << "mounts:" << count << "\n";
    for (const auto& folder : cgroups_of(getpid())) out << folder << "\n";
    for (const char* folder : {"/tmp", "/dev/shm", "/var/tmp"}) {
        std::error_code ec;
        for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
            if (entry.path().string().find("weft-engine") != std::string::npos)
                out << entry.path().string() << "\n";
        }
    }
    int fds = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        fds += entry.exists() ? 1 : 1;
    out << "fds:" << fds << "\n";
    return out.str();
}

TEST_F(SandboxTest, TwoThousandRunsLeaveNothingBehind) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root for sandboxes of tier full";
    open(plain());
    close();  // what the process itself sets up once (its thread pool) is not a leftover
    const std::string before = leftovers();
    open(plain());
    EXPECT_NE(leftovers(), before) << "the comparison sees nothing";
    for (int i = 0; i < 2000; ++i) {
        auto sandbox = start();
        ASSERT_EQ(
            shown(
                ask(*sandbox, begin("{\"n\":" + std::to_string(i) + "}") + evaluate(R"("{{ input.n + 1 }}")"))
            ),
            std::to_string(i + 1)
        );
    }
    EXPECT_EQ(backend_->health().started, 2000u);
    EXPECT_EQ(backend_->health().died, 0u);
    close();
    EXPECT_EQ(leftovers(), before);
}

TEST_F(SandboxTest, LeftoversOfADeadWorkerAreRemovedAtStart) {
    open(plain());
    if (IsSkipped()) return;
    const auto ours = cgroups_of(getpid());
    close();
    if (ours.empty()) GTEST_SKIP() << "no cgroups here";
    for (const auto& folder : ours) {
        const auto dead = std::filesystem::path(folder).parent_path() / "weft-999999999-1";
        std::filesystem::create_directory(dead);
        std::filesystem::create_directory(dead / "slot-0");
    }
    ASSERT_EQ(cgroups_of(999999999).size(), ours.size());
    open(plain());
    EXPECT_TRUE(cgroups_of(999999999).empty());
}

std::string children_of_self() {
    std::ifstream in("/proc/self/task/" + std::to_string(getpid()) + "/children");
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// What a worker does that root has started, `kept` being what it keeps: serves one run after the other in
/// one slot, then says which children it has, and goes on with a run that never ends.
[[noreturn]] void work_without_root(Options options, std::initializer_list<int> kept, int report) {
    auto say = [report](const std::string& text) { (void)!write(report, text.data(), text.size()); };
    options.slots_max = options.slots_eager = 1;
    options.owner_uid = options.owner_gid = 65534;
    auto zygote = Zygote::spawn(std::move(options));
    const proc::Identity nobody{.uid = 65534, .gid = 65534, .user = "nobody"};
    if (!zygote || !proc::give_up_rights(nobody, kept)) _exit(1);
    rt::Loop loop;
    auto backend = make_sandbox_backend(loop, std::move(*zygote));
    if (!backend) _exit(2);
    for (int i = 0; i < 3; ++i) {
        auto sandbox = loop.run_until_done((*backend)->start({}, {}, rt::Deadline::in(2s)));
        if (!sandbox) {
            say("run " + std::to_string(i) + ": " + std::string(name(sandbox.error().code)));
            _exit(3);
        }
        const bool is_last = i == 2;
        if (is_last) say(children_of_self() + "\n");
        auto spin = (*sandbox)->request(
            begin("{}", 60'000) + code("for (;;) {}"),
            rt::Deadline::in(is_last ? Steady::duration(60s) : 50ms)
        );
        (void)loop.run_until_done(std::move(spin));
    }
    _exit(4);
}

struct Rootless {
    pid_t pid = -1;
    std::string said;
};

Rootless start_without_root(const Options& options, std::initializer_list<int> kept) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {};
    Rootless out;
    out.pid = fork();
    if (out.pid == 0) work_without_root(options, kept, ends[1]);
    close(ends[1]);
    char text[4096];
    const ssize_t size = read(ends[0], text, sizeof text);
    close(ends[0]);
    if (size > 0) out.said.assign(text, static_cast<std::size_t>(size));
    return out;
}

bool is_running(pid_t pid) {
    std::string word;
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    in >> word >> word >> word;
    return in && word != "Z";
}

TEST_F(SandboxTest, AWorkerThatIsNotRootEndsItsRunsAndTakesThemWithIt) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root for sandboxes of tier full";
    const Rootless worker = start_without_root(plain(), {CAP_KILL});
    std::istringstream in(worker.said);
    std::vector<pid_t> children;
    for (pid_t pid = 0; in >> pid;) children.push_back(pid);
    ASSERT_EQ(children.size(), 3u) << worker.said;  // the zygote, the slot's, and the run
    kill(worker.pid, SIGKILL);
    waitpid(worker.pid, nullptr, 0);
    const auto by = rt::Deadline::in(10s);
    for (const pid_t pid : children) {
        while (is_running(pid) && !by.is_over()) (void)loop_.run_until_done(rt::sleep_for(1ms, by));
        EXPECT_FALSE(is_running(pid));
    }
    // Without the capability the first run, the self-test, stays in its slot for ever.
    const Rootless other = start_without_root(plain(), {});
    EXPECT_EQ(other.said, "run 0: timeout");
    waitpid(other.pid, nullptr, 0);
}

}  // namespace
}  // namespace weft::isolation
