#include "platform/proc/proc.h"

#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weft::proc {
namespace {

using testing::HasSubstr;

/// A scratch folder that others may search.
struct Folder {
    Folder() {
        char pattern[] = "/tmp/weft-proc-XXXXXX";
        path = ::mkdtemp(pattern);
        ::chmod(path.c_str(), 0755);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

Spec shell(std::string script) {
    return Spec{.name = "script", .argv = {"/bin/sh", "-c", std::move(script)}, .environment = {"A=1"}};
}

Result<std::string> output_of(Spec spec, Steady::duration patience = 10s) {
    rt::Loop loop;
    return loop.run_until_done(run(loop, std::move(spec), rt::Deadline::in(patience)));
}

TEST(Spawn, RunsWithExactlyTheGivenEnvironmentAndDescriptors) {
    Fd leaked(::open("/dev/null", O_RDONLY));  // not close-on-exec
    auto file = sealed_file("secret", "hello");
    ASSERT_TRUE(file);
    Spec spec = shell("echo $A $PWD; cat <&5; echo; ls /proc/self/fd | tr '\\n' ' '; env | grep -c =");
    spec.fds = {{file->get(), 5}};
    // 3 is ls's own folder; PWD, A and _ may be the shell's.
    EXPECT_THAT(output_of(spec).value(), HasSubstr("1 /\nhello\n0 1 2 3 5 "));
}

TEST(Spawn, SaysWhichStepFailed) {
    Spec spec{.name = "nothing", .argv = {"/no/such/program"}};
    auto result = output_of(spec);
    ASSERT_FALSE(result);
    EXPECT_EQ(
        result.error().user,
        "Could not start nothing: failed to execute the program (No such file or directory)."
    );
    spec = shell("true");
    spec.directory = "/no/such/folder";
    EXPECT_THAT(output_of(spec).error().user, HasSubstr("enter its directory"));
}

TEST(Run, AnExitCodeIsAnErrorWithTheOutput) {
    auto result = output_of(shell("echo why >&2; exit 3"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().user, "script failed with exit code 3.");
    EXPECT_EQ(result.error().detail, "why\n");
}

TEST(Run, KillsAtItsDeadline) {
    auto result = output_of(shell("sleep 100"), 30ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::kTimeout);
}

TEST(Spawn, DropsToAnotherUserWithoutGroupsOrNewPrivileges) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: there is nothing to drop from";
    Spec spec = shell("id -u; id -G; grep -E 'CapBnd|NoNewPrivs' /proc/self/status");
    spec.identity = find_user("nobody");
    EXPECT_EQ(output_of(spec).value(), "65534\n65534\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST(Spawn, BindsAFolderForTheChildAlone) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: the right to mount";
    Folder folder;
    std::ofstream(folder.path + "/file") << "bound";
    Spec spec = shell("cat /mnt/file; touch /mnt/new 2>&1 || true");
    spec.binds = {BindMount{.source = folder.path, .target = "/mnt", .read_only = true}};
    EXPECT_THAT(
        output_of(spec).value(), HasSubstr("boundtouch: cannot touch '/mnt/new': Read-only file system")
    );
    EXPECT_FALSE(std::filesystem::exists("/mnt/file"));
}

TEST(Reach, NeedsEveryFolderOnTheWay) {
    Folder folder;
    Identity nobody{.uid = 65534, .gid = 65534, .user = "nobody"};
    std::filesystem::create_directory(folder.path + "/inner");
    EXPECT_TRUE(can_reach(nobody, folder.path + "/inner"));
    ::chmod(folder.path.c_str(), 0700);
    EXPECT_EQ(can_reach(nobody, folder.path + "/inner"), ::geteuid() == 65534);
    EXPECT_FALSE(can_reach(nobody, folder.path + "/absent"));
}

TEST(SealedFile, CannotBeChanged) {
    auto file = sealed_file("x", "content");
    ASSERT_TRUE(file);
    EXPECT_EQ(read_sealed(file->get()).value(), "content");
    EXPECT_LT(::pwrite(file->get(), "y", 1, 0), 0);
}

rt::Task<void> until(rt::Signal& changed, const int& count, int wanted) {
    while (count < wanted) (void)co_await changed.wait(rt::Deadline::in(5s));
}

TEST(Keeper, StartsAgainWhatWasKilledAndStopsOnRequest) {
    rt::Loop loop;
    rt::Signal changed(loop);
    std::vector<Keeper::Event> events;
    int started = 0;
    auto on_event = [&](const Keeper::Event& event) {
        events.push_back(event);
        if (event.kind == Keeper::Event::Kind::kStarted) ++started;
        changed.notify_all();
    };
    Keeper keeper(loop, shell("exec sleep 100"), on_event, nullptr, {.initial = 1ms});
    rt::Scope scope(loop);
    scope.spawn(keeper.run(scope.forever()));
    loop.run_until_done(until(changed, started, 1));
    pid_t first = keeper.pid();
    ::kill(first, SIGKILL);
    loop.run_until_done(until(changed, started, 2));
    EXPECT_NE(keeper.pid(), first);
    loop.run_until_done(keeper.stop(SIGTERM, 5s));
    EXPECT_EQ(keeper.pid(), 0);
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(events[1].text, "signal 9 (Killed)");
    EXPECT_EQ(events[3].text, "signal 15 (Terminated)");
    loop.run_until_done(scope.close());
}

TEST(Keeper, KillsWhatIgnoresTheRequestToStop) {
    rt::Loop loop;
    rt::Signal changed(loop);
    int started = 0;
    auto on_event = [&](const Keeper::Event&) {
        ++started;
        changed.notify_all();
    };
    Folder folder;
    Spec spec = shell("trap '' TERM; touch " + folder.path + "/ready; while :; do sleep 0.01; done");
    Keeper keeper(loop, spec, on_event);
    rt::Scope scope(loop);
    scope.spawn(keeper.run(scope.forever()));
    while (!std::filesystem::exists(folder.path + "/ready")) {
        (void)loop.run_until_done(rt::sleep_for(1ms, rt::Deadline::in(1s)));
    }
    loop.run_until_done(keeper.stop(SIGTERM, 20ms));
    EXPECT_EQ(keeper.pid(), 0);
    loop.run_until_done(scope.close());
}

/// A child of a child: the middle one is killed, and the kernel must end the last.
TEST(Spawn, DiesWithItsParent) {
    Folder folder;
    pid_t middle = ::fork();
    if (middle == 0) {
        rt::Loop loop;
        auto child = spawn(
            loop,
            shell(
                "echo $$ > " + folder.path + "/tmp; mv " + folder.path + "/tmp " + folder.path +
                "/pid; exec sleep 100"
            )
        );
        ::pause();
        ::_exit(0);
    }
    pid_t last = 0;
    rt::Loop loop;
    while (last == 0) {
        std::ifstream(folder.path + "/pid") >> last;
        (void)loop.run_until_done(rt::sleep_for(1ms, rt::Deadline::in(1s)));
    }
    ASSERT_EQ(::kill(last, 0), 0);
    ::kill(middle, SIGKILL);
    ::waitpid(middle, nullptr, 0);
    auto patience = rt::Deadline::in(5s);
    auto is_alive = [&] {
        std::string state;
        std::ifstream status("/proc/" + std::to_string(last) + "/stat");
        status >> state >> state >> state;
        return status && state != "Z";
    };
    while (is_alive() && !patience.is_over())
        (void)loop.run_until_done(rt::sleep_for(1ms, rt::Deadline::in(1s)));
    EXPECT_FALSE(is_alive());
}

}  // namespace
}  // namespace weft::proc
