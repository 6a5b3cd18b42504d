#include "data/isolation/detail/sandbox_fixture.h"

#include <map>

namespace weft::isolation {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What stops each attack when seccomp is taken away, and when Landlock goes too: isolation.md section 7.
/// "ok" = nothing does, hence seccomp must be denied in every tier; an entry that becomes "ok" unnoticed is a
/// layer lost.
struct Expected {
    const char* without_seccomp;
    const char* without_landlock;
};
const std::map<std::string, Expected> kAttacks = {
    {"abstract socket", {"EPERM or ECONNREFUSED", "ECONNREFUSED"}},
    {"bpf", {"EPERM", "EPERM"}},
    {"capabilities", {"none", "none"}},
    {"chroot", {"EPERM", "EPERM"}},
    {"clock", {"EPERM", "EPERM"}},
    {"core pattern", {"ENOENT", "ENOENT"}},
    {"descriptors", {"none", "none"}},
    {"docker socket", {"ENOENT", "ENOENT"}},
    {"exec", {"ENOENT", "ENOENT"}},
    {"exec memory file", {"EFBIG", "EFBIG"}},
    {"fork bomb", {"EAGAIN", "EAGAIN"}},
    {"host name", {"EPERM", "EPERM"}},
    {"int 0x80", {"ok", "ok"}},
    {"kill all", {"ESRCH", "ESRCH"}},
    {"list /", {"EACCES", "empty"}},
    {"map rwx", {"ok", "ok"}},
    {"mount", {"EPERM", "EPERM"}},
    {"mount namespace", {"EPERM", "EPERM"}},
    {"netlink", {"ok", "ok"}},
    {"other processes", {"none", "none"}},
    {"own pid", {"1", "1"}},
    {"packet socket", {"EPERM", "EPERM"}},
    {"parent pid", {"0", "0"}},
    {"perf", {"EACCES", "EACCES"}},
    {"pidfd of others", {"ESRCH", "ESRCH"}},
    {"pivot_root", {"EPERM", "EPERM"}},
    {"ptrace parent", {"ESRCH", "ESRCH"}},
    {"raw socket", {"EPERM", "EPERM"}},
    {"read /etc/passwd", {"ENOENT", "ENOENT"}},
    {"read /proc/1/environ", {"ENOENT", "ENOENT"}},
    {"read memory of others", {"ESRCH", "ESRCH"}},
    {"reboot", {"EPERM", "EPERM"}},
    {"setgid 0", {"EPERM", "EPERM"}},
    {"setuid 0", {"EPERM", "EPERM"}},
    {"stat /etc/passwd", {"ENOENT", "ENOENT"}},
    {"tcp localhost", {"EACCES or ENETUNREACH", "ENETUNREACH"}},
    {"tcp metadata", {"EACCES or ENETUNREACH", "ENETUNREACH"}},
    {"terminal input", {"ENOTTY", "ENOTTY"}},
    {"udp", {"ENETUNREACH", "ENETUNREACH"}},
    {"user namespace", {"ok", "ok"}},
    {"vfork", {"EAGAIN", "EAGAIN"}},
    {"write /x", {"EROFS", "EROFS"}},
};

/// These end otherwise than by a forbidden call.
const std::vector<std::string> kOthers = {
    "environment",
    "exit 0",
    "find trace",
    "leave trace",
    "crash",
    "flood",
    "private memory bomb",
    "shared memory bomb",
    "spin",
    "talk unasked"
};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    for (std::size_t at = text.find(';'); at != std::string_view::npos; at = text.find(';')) {
        out.emplace_back(text.substr(0, at));
        text.remove_prefix(at + 1);
    }
    return out;
}

class AttackTest : public SandboxFixture {};

TEST_F(AttackTest, EverySystemCallOutsideTheListEndsTheRun) {
    open(attackable());
    if (IsSkipped()) return;
    const auto names = split(attacked("names"));
    EXPECT_GT(names.size(), 60u);
    for (const auto& name : names) {
        if (std::ranges::find(kOthers, name) != kOthers.end()) continue;
        EXPECT_THAT(attacked(name), AllOf(HasSubstr("error limit"), HasSubstr("wait status 0x1f"))) << name;
    }
    EXPECT_EQ(attacked("environment"), "empty");
}

TEST_F(AttackTest, WithoutSeccompTheNextLayerHolds) {
    open(attackable({"--without-seccomp"}));
    if (IsSkipped()) return;
    for (const auto& [name, expected] : kAttacks) {
        const std::string seen = attacked(name);
        EXPECT_THAT(std::string(expected.without_seccomp), HasSubstr(seen)) << name << " gave " << seen;
    }
}

TEST_F(AttackTest, WithoutSeccompAndLandlockNamespacesAndIdentityHold) {
    open(attackable({"--without-seccomp", "--without-landlock"}));
    if (IsSkipped()) return;
    for (const auto& [name, expected] : kAttacks)
        EXPECT_EQ(attacked(name), expected.without_landlock) << name;
}

/// The negative control: with every layer off, the attacks work, so the suite does see what it claims to.
TEST_F(AttackTest, WithoutAnyLayerTheAttacksSucceed) {
    open(attackable({"--without-seccomp", "--without-landlock", "--without-namespaces"}));
    if (IsSkipped()) return;
    EXPECT_EQ(attacked("read /etc/passwd"), "ok");
    EXPECT_EQ(attacked("list /"), "entries");
    EXPECT_THAT(attacked("tcp localhost"), AnyOf("ECONNREFUSED", "ok"));
    EXPECT_THAT(attacked("other processes"), HasSubstr("pid "));
    EXPECT_THAT(attacked("own pid"), Not("1"));
}

TEST_F(AttackTest, BombsEndOnlyTheirRun) {
    open(attackable());
    if (IsSkipped()) return;
    auto neighbour = start();
    EXPECT_EQ(shown(ask(*neighbour, begin(R"({"n":1})") + evaluate(R"("{{ input.n }}")"))), "1");
    EXPECT_THAT(
        attacked("shared memory bomb"), HasSubstr("error limit: the run used more than 128 MiB of memory")
    );
    EXPECT_EQ(attacked("private memory bomb"), "ENOMEM");
    EXPECT_THAT(attacked("fork bomb"), HasSubstr("error limit"));
    EXPECT_THAT(attacked("spin", 200ms), HasSubstr("error timeout"));
    EXPECT_THAT(attacked("flood"), HasSubstr("error"));
    EXPECT_THAT(attacked("talk unasked"), HasSubstr("spoke unasked"));
    EXPECT_THAT(attacked("crash"), HasSubstr("error internal"));
    EXPECT_EQ(shown(ask(*neighbour, evaluate(R"("{{ input.n + 1 }}")"))), "2");
}

TEST_F(AttackTest, CpuTimeIsBoundedByTheKernelToo) {
    Options options = attackable();
    options.cpu_max = 1s;
    open(std::move(options));
    if (IsSkipped()) return;
    EXPECT_THAT(attacked("spin"), HasSubstr("error limit: the run used more than 1 s of CPU time"));
}

TEST_F(AttackTest, RootlessTierKillsForbiddenCallsAndHidesTheHost) {
    Options options = attackable();
    options.ceiling = Tier::kRootless;
    if (auto probe = Zygote::spawn(options); !probe)
        GTEST_SKIP() << "no user namespaces here: " << probe.error().user;
    open(std::move(options));
    if (IsSkipped()) return;
    EXPECT_EQ(backend_->health().tier, Tier::kRootless);
    for (const char* name : {"read /etc/passwd", "vsock", "fork bomb", "map rwx", "user namespace"}) {
        EXPECT_THAT(attacked(name), HasSubstr("wait status 0x1f")) << name;
    }
    close();
    options = attackable({"--without-seccomp", "--without-landlock"});
    options.ceiling = Tier::kRootless;
    open(std::move(options));
    EXPECT_EQ(attacked("read /etc/passwd"), "ENOENT");
    EXPECT_EQ(attacked("tcp localhost"), "ENETUNREACH");
    EXPECT_EQ(attacked("other processes"), "none");
    EXPECT_EQ(attacked("capabilities"), "none");
}

TEST_F(AttackTest, ProcessTierHasSeccompAndLandlock) {
    Options options = attackable();
    options.floor = options.ceiling = Tier::kProcess;
    open(std::move(options));
    if (IsSkipped()) return;
    EXPECT_EQ(backend_->health().tier, Tier::kProcess);
    EXPECT_THAT(attacked("read /etc/passwd"), HasSubstr("wait status 0x1f"));
    close();
    options = attackable({"--without-seccomp"});
    options.floor = options.ceiling = Tier::kProcess;
    open(std::move(options));
    EXPECT_EQ(attacked("read /etc/passwd"), "EACCES");
    EXPECT_EQ(attacked("capabilities"), "none");
}

TEST(ZygoteTest, BelowTheFloorItSaysWhatToGrant) {
    Options options;
    options.runner_path = WEFT_RUNNER;
    options.ceiling = Tier::kProcess;  // as on a host where nothing stronger works
    options.floor = Tier::kRootless;
    auto zygote = Zygote::spawn(options);
    ASSERT_FALSE(zygote);
    EXPECT_EQ(zygote.error().code, Code::kUnavailable);
    EXPECT_THAT(
        zygote.error().user, AllOf(HasSubstr("CAP_SYS_ADMIN"), HasSubstr("--isolation-floor=process"))
    );
    options.runner_path = "/nonexistent";
    EXPECT_THAT(Zygote::spawn(options).error().user, HasSubstr("/nonexistent"));
}

}  // namespace
}  // namespace weft::isolation
