#include "base/random.h"
#include "data/isolation/detail/sandbox_fixture.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <set>

namespace weft::isolation {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Shared mode: a process that serves consecutive runs of one workflow version.
class SharedTest : public SandboxFixture {
  protected:
    WorkflowVersionId version() { return WorkflowVersionId::make(Instant(1s), rng_); }
    /// Lets the loop work until `is_true`.
    bool eventually(const std::function<bool()>& is_true) {
        const rt::Deadline by = rt::Deadline::in(10s);
        while (!is_true() && by.check()) loop_.context().run_one_for(10ms);
        return is_true();
    }
    /// Ends the run and waits until its process is kept or gone.
    void end(std::unique_ptr<Sandbox> sandbox) {
        sandbox.reset();
        EXPECT_TRUE(eventually([&] {
            const Health now = backend_->health();
            return now.kept + now.ready == now.slots;
        })) << backend_->health().text();
    }
    /// One run of nothing but an answer.
    std::string run_of(WorkflowVersionId version, std::string frames) {
        auto sandbox = start(version);
        std::string out = shown(ask(*sandbox, std::move(frames)));
        end(std::move(sandbox));
        return out;
    }
    /// Where a run's values still are after its end, as far as its successor could find them.
    std::string trace_after(WorkflowVersionId version) {
        // In two parts, so that this program's frames are the only place that holds it.
        const std::string trace = std::string("weft-trace") + "-7391";
        auto first = start(version);
        const std::string input =
            R"({"t":")" + trace + R"(","big":")" + std::string(3u << 20, 'x') + trace + R"("})";
        EXPECT_TRUE(ask(
            *first,
            begin(input) +
                evaluate(R"({"a":"{{ input.t }}","b":"{{ input.t + 1 }}","c":"{{ input.big.slice(1) }}"})")
        ));
        EXPECT_TRUE(ask(
            *first, code("globalThis.kept = input.t; return [input.t.repeat(1000), base64.encode(input.t)]")
        ));
        EXPECT_EQ(shown(ask(*first, attack("leave trace"))), "done");
        end(std::move(first));
        auto second = start(version);
        EXPECT_EQ(reused(), 1u);
        return shown(ask(*second, attack("find trace")));
    }
    std::uint64_t reused() const { return backend_->health().reused; }

    SeededRng rng_{7};
};

TEST_F(SharedTest, RunsOfAVersionFollowEachOtherInOneProcess) {
    open(plain());
    if (IsSkipped()) return;
    const auto one = version();
    const auto two = version();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(
            run_of(
                one, begin("{\"n\":" + std::to_string(i) + "}") + evaluate(R"("{{ input.n.toFixed(1) }}")")
            ),
            "\"" + std::to_string(i) + ".0\""
        );
    }
    EXPECT_EQ(reused(), 19u);
    EXPECT_EQ(run_of(two, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), 19u);  // another version's runs have a process of their own
    EXPECT_EQ(backend_->health().kept, 2);
    auto fresh = start();
    EXPECT_EQ(shown(ask(*fresh, begin() + evaluate("1"))), "1");
    EXPECT_EQ(reused(), 19u);  // and so has a run that shares with nobody
}

TEST_F(SharedTest, ValuesContextAndRandomnessAreNotSeenByTheNext) {
    open(plain());
    if (IsSkipped()) return;
    const auto one = version();
    const std::string look =
        begin() + code(
                      "const had = typeof globalThis.left; globalThis.left = 1; Array.prototype.left = 1;"
                      "return [had, typeof [].left === 'number', Object.keys(steps), Math.random()]"
                  );
    std::set<std::string> seen;
    for (int i = 0; i < 10; ++i) {
        const std::string out = run_of(one, look);
        EXPECT_THAT(out, HasSubstr("[\"undefined\",true,[],"));
        seen.insert(out);
    }
    EXPECT_EQ(seen.size(), 10u);
    EXPECT_EQ(reused(), 9u);
}

/// Inside all walls: the library's image, zones of the program, digests, randomness; and without them again.
TEST_F(SharedTest, TheLibraryIsThereAndGoesAgain) {
    open(plain());
    if (IsSkipped()) return;
    const auto one = version();
    const std::string used = evaluate(
        R"("{{ dates.parse('2026-03-29T02:30', { zone: 'Europe/Madrid' }) }} {{ uuid() === uuid() }} {{ hash.md5('') }}")"
    );
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(
            run_of(one, begin() + used),
            R"("2026-03-29T03:30:00.000+02:00 false d41d8cd98f00b204e9800998ecf8427e")"
        );
        EXPECT_EQ(
            run_of(one, begin() + evaluate(R"("{{ [1].map(() => typeof left).join() }}")")), "\"undefined\""
        );
    }
    EXPECT_EQ(reused(), 9u);
}

TEST_F(SharedTest, NothingOfARunIsLeftInMemory) {
    // The attack reads /proc/self/maps, which takes a process without walls; what it looks at is its own
    // memory.
    std::vector<std::string> flags = {"--without-seccomp", "--without-landlock", "--without-namespaces"};
    open(attackable(flags));
    if (IsSkipped()) return;
    EXPECT_EQ(trace_after(version()), "none");
    close();
    // The negative control: it is found where nothing is put back.
    flags.emplace_back("--without-reset");
    open(attackable(flags));
    EXPECT_THAT(trace_after(version()), AllOf(HasSubstr("[heap]"), HasSubstr("[stack]")));
}

TEST_F(SharedTest, AfterALimitOrAnErrorTheProcessIsNotUsedAgain) {
    open(plain());
    if (IsSkipped()) return;
    const auto one = version();
    EXPECT_THAT(run_of(one, begin("{}", 50) + code("for (;;) {}")), HasSubstr("failed"));
    EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), 0u);
    auto killed = start(one);
    EXPECT_THAT(
        shown(ask(*killed, begin("{}", 60'000) + code("for (;;) {}"), 50ms)), HasSubstr("error timeout")
    );
    end(std::move(killed));
    const auto before = reused();
    EXPECT_EQ(before, 1u);  // of the run that was killed
    EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), before);
    // An author's mistake is no reason.
    EXPECT_THAT(run_of(one, begin() + evaluate(R"("{{ nope }}")")), HasSubstr("failed"));
    EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), before + 2);
}

TEST_F(SharedTest, AProcessIsReplacedAfterItsRunsItsTimeAndItsCpu) {
    Options options = plain();
    options.shared_runs_max = 3;
    open(options);
    if (IsSkipped()) return;
    const auto one = version();
    for (int i = 0; i < 9; ++i) EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), 6u);
    close();
    options = plain();
    options.shared_age_max = 0ms;
    open(options);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), 0u);
    close();
    options = plain();
    options.shared_cpu_max = 2ms;
    open(options);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(
            run_of(
                one, begin() + code("const until = Date.now() + 40; while (Date.now() < until); return 1")
            ),
            "1"
        );
    }
    EXPECT_EQ(reused(), 0u);
    close();
    options = plain();
    options.shared_idle_max = 20ms;
    open(options);
    EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_TRUE(eventually([&] { return backend_->health().kept == 0; }));
    EXPECT_EQ(run_of(one, begin() + evaluate("1")), "1");
    EXPECT_EQ(reused(), 0u);
}

TEST_F(SharedTest, KeptProcessesGiveWayToRunsThatNeedTheirSlots) {
    Options options = plain();
    options.slots_max = options.slots_eager = 2;
    open(options);
    if (IsSkipped()) return;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(run_of(version(), begin() + evaluate("1")), "1");
    EXPECT_LE(backend_->health().slots, 2);
    auto first = start();
    auto second = start(version());
    EXPECT_EQ(shown(ask(*first, begin() + evaluate("1"))), "1");
    EXPECT_EQ(shown(ask(*second, begin() + evaluate("1"))), "1");
    EXPECT_EQ(reused(), 0u);
}

TEST_F(SharedTest, WhatARunUsedIsNotTheNextOnes) {
    open(plain());
    if (IsSkipped()) return;
    const auto one = version();
    EXPECT_EQ(
        run_of(one, begin() + code("const until = Date.now() + 50; while (Date.now() < until); return 1")),
        "1"
    );
    auto next = start(one);
    EXPECT_EQ(shown(ask(*next, begin() + evaluate("1"))), "1");
    EXPECT_EQ(reused(), 1u);
    EXPECT_LT(next->cpu(), 25ms);
}

}  // namespace
}  // namespace weft::isolation
