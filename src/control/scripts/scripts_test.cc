#include "control/scripts/scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <tuple>

namespace weft::control::scripts {
namespace {

using testing::HasSubstr;

templates::Script expression(std::string source) {
    return {.source = std::move(source), .place = {.field = "steps[0].with"}};
}
templates::Script code(std::string source) {
    return {.source = std::move(source), .place = {.field = "steps[1].with.source"}, .is_code = true};
}

class Scripts : public testing::Test {
  protected:
    void SetUp() override {
        auto made = Checker::start({.runner_path = WEFT_RUNNER, .has_weakest_only = true});
        ASSERT_TRUE(made) << made.error().user << made.error().detail;
        checker = *std::move(made);
    }
    std::string first(templates::Script script) {
        const Found found = checker->check({std::move(script)});
        EXPECT_EQ(found.warning, "");
        return found.problems.empty() ? "" : found.problems.front().user;
    }
    std::unique_ptr<Checker> checker;
};

TEST_F(Scripts, BrokenOnesAreFoundWithTheirPlace) {
    EXPECT_EQ(first(expression(" input.a + 1 ")), "");
    EXPECT_EQ(first(code("const a = await 1; return a;")), "");
    EXPECT_THAT(first(expression("1 +")), HasSubstr("SyntaxError"));
    EXPECT_THAT(first(code("let a = 1;\nreturn a +;\n")), HasSubstr("line 2, column 11: SyntaxError"));
    EXPECT_THAT(first(code("const a = 1; const a = 2;")), HasSubstr("line 1"));
    EXPECT_THAT(first(code("return /(/;")), HasSubstr("SyntaxError"));
}

TEST_F(Scripts, NothingRuns) {
    EXPECT_EQ(first(expression("(() => { for (;;) {} })()")), "");
    EXPECT_EQ(first(code("throw new Error('ran');")), "");
    EXPECT_EQ(first(expression("undefined_name.x")), "");
}

TEST_F(Scripts, EachStandsAloneAndAllAreTold) {
    const Found found = checker->check({expression("1 +"), expression("1"), code("}")});
    ASSERT_EQ(found.problems.size(), 2u);
    EXPECT_EQ(found.problems[0].field, "steps[0].with");
    EXPECT_EQ(found.problems[1].field, "steps[1].with.source");
    const Stats stats = checker->stats();
    EXPECT_EQ(std::tuple(stats.good, stats.wrong, stats.unchecked), std::tuple(1u, 2u, 0u));
}

/// The first child of a process, as the kernel tells.
pid_t child_of(pid_t parent) {
    std::ifstream file("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
    pid_t pid = 0;
    file >> pid;
    return pid;
}

// A child that dies, or has used its time, is followed by another; what was asked meanwhile waits for it.
TEST_F(Scripts, GoesOnWhenTheChildIsGone) {
    EXPECT_FALSE(checker->check({expression(std::string(60'000, '['))}).problems.empty());
    const pid_t child = child_of(child_of(getpid()));
    ASSERT_GT(child, 1);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    // On a busy machine the next one takes its time, and what could not be checked meanwhile is a warning.
    for (int i = 0; i < 10 && !checker->check({expression("1")}).warning.empty(); ++i) {
    }
    EXPECT_EQ(first(expression("1")), "");
    EXPECT_THAT(first(expression("1 +")), HasSubstr("SyntaxError"));
}

TEST(ScriptsAway, TheStrongestThatTheHostGivesWorksAlike) {
    auto made = Checker::start({.runner_path = WEFT_RUNNER, .has_weakest = true, .uid = 199'990});
    ASSERT_TRUE(made) << made.error().user;
    EXPECT_EQ((*made)->check({expression("1 +"), expression("1")}).problems.size(), 1u);
}

/// A copy of weft-runner in a folder that only root may enter, as a clone made by `mktemp -d` is.
struct ClosedFolder {
    ClosedFolder() {
        char pattern[] = "/tmp/weft-scripts-XXXXXX";
        path = mkdtemp(pattern);
        std::filesystem::copy(WEFT_RUNNER, runner());
        opened = proc::Fd(open(runner().c_str(), O_PATH | O_CLOEXEC));
        // Not even its owner, for who is not root here.
        chmod(path.c_str(), geteuid() == 0 ? 0700 : 0);
    }
    ~ClosedFolder() {
        chmod(path.c_str(), 0700);
        std::filesystem::remove_all(path);
    }
    std::string runner() const { return path + "/weft-runner"; }
    std::string path;
    proc::Fd opened;
};

/// Whether a user without rights can start it; the checker's process ends with the child that started it.
bool starts_for_nobody(const Options& options) {
    constexpr uid_t kNobody = 65534;
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
                               setresuid(kNobody, kNobody, kNobody) != 0))
            _exit(2);
        const auto made = Checker::start(options);
        _exit(made && (*made)->check({expression("1 +")}).problems.size() == 1 ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_NE(WEXITSTATUS(status), 2) << "could not become nobody";
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ScriptsAway, AnOpenProgramIsStartedWhereItsPathIsClosed) {
    const ClosedFolder folder;
    Options options{.runner_path = folder.runner(), .has_weakest = true};
    EXPECT_FALSE(starts_for_nobody(options)) << "by its path; else this test shows nothing";
    options.runner_fd = folder.opened.get();
    EXPECT_TRUE(starts_for_nobody(options));
}

TEST(ScriptsAway, AMissingProgramIsAnErrorAndAWarning) {
    EXPECT_FALSE(Checker::start({.runner_path = "/nonexistent/weft-runner", .has_weakest = true}));
    const auto absent = Checker::absent();
    EXPECT_EQ(absent->check({}).warning, "") << "nothing is always checked";
    const Found found = absent->check({expression("1 +"), expression("1")});
    EXPECT_TRUE(found.problems.empty());
    EXPECT_NE(found.warning, "");
    EXPECT_EQ(absent->stats().unchecked, 2u);
}

}  // namespace
}  // namespace weft::control::scripts
