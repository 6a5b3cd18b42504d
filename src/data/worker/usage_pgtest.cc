#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::RunStatus;
using store::runs::Used;

/// What steps and runs cost, as real sandboxes and calls do (docs/adr/0048).
class UsageTest : public WorkerTest {
  protected:
    Used counted(const test::TestDatabase::Workflow& flow) {
        const auto sum = [&](const std::string& column) {
            return std::stoll(database().scalar(
                "select coalesce(sum(" + column + "), 0) from weft.usage_day where workflow_id = $1::uuid",
                {flow.id.text()}
            ));
        };
        return {
            .cpu_us = sum("cpu_us"),
            .memory_byte_seconds = sum("memory_byte_seconds"),
            .bytes_in = sum("bytes_in"),
            .bytes_out = sum("bytes_out"),
            .calls = sum("calls"),
            .steps = sum("steps"),
        };
    }
    std::string runs_counted(const test::TestDatabase::Workflow& flow) {
        return database().scalar(
            "select coalesce(sum(runs), 0) from weft.usage_day where workflow_id = $1::uuid", {flow.id.text()}
        );
    }
    /// A code step that takes some ten milliseconds of CPU time for each million.
    static std::string busy(const std::string& id, int millions) {
        return R"({"id":")" + id + R"(","uses":"core/code","limits":{"cpu":"10s"},"with":{"source":
            "let n = 0; for (let i = 0; i < )" +
               std::to_string(millions) + R"(e6; ++i) n += i; return n","input":{}}})";
    }
};

TEST_F(UsageTest, AStepIsChargedWhatItWorkedAndItsNeighbourNothingOfIt) {
    auto flow = publish(
        R"({"name":"f","steps":[)" + busy("long", 3) + "," +
        R"({"id":"short","uses":"core/map","needs":["long"],"with":{"n":"{{ 1 + 1 }}"}}]})"
    );
    start_worker();
    const RunId run = start_run(flow);
    ASSERT_EQ(finish(run).state, RunStatus::kSuccess);
    auto of = steps(run);
    EXPECT_GE(of["long"].used.cpu_us, 10'000);
    EXPECT_LE(of["long"].used.cpu_us, 10'000'000);
    EXPECT_GT(of["long"].used.memory_byte_seconds, 1'000) << "some hundred KiB for some milliseconds";
    EXPECT_LT(of["long"].used.memory_byte_seconds, 256 << 20);
    EXPECT_LT(of["short"].used.cpu_us, of["long"].used.cpu_us / 2);
    const Used all = row(run).used;
    EXPECT_EQ(all.steps, 2);
    EXPECT_EQ(all.calls, 0);
    EXPECT_GE(all.cpu_us, of["long"].used.cpu_us + of["short"].used.cpu_us);
    EXPECT_EQ(counted(flow), all);
    EXPECT_EQ(runs_counted(flow), "1");
}

TEST_F(UsageTest, CallsCountWithEachAttemptAndTheBodiesBothWays) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"call","uses":"core/http","retry":{"attempts":4,"initial":"10ms"},
            "with":{"url":")" +
        base_ + R"(/flaky"}},{"id":"send","uses":"core/http","needs":["call"],
            "with":{"method":"POST","url":")" +
        base_ + R"(/echo","body":{"a":"12345678"}}}]})"
    );
    start_worker();
    const RunId run = start_run(flow);
    ASSERT_EQ(finish(run).state, RunStatus::kSuccess);
    const auto of = steps(run);
    const Used& called = of.at("call").used;
    EXPECT_EQ(called.calls, 3) << "two were answered with 503";
    EXPECT_EQ(called.bytes_out, 0);
    const std::string_view busy = R"({"error":"busy"})";
    const std::string_view echo = R"({"path":"/flaky","body":""})";
    EXPECT_EQ(called.bytes_in, static_cast<std::int64_t>(2 * busy.size() + echo.size()));
    const Used& sent = of.at("send").used;
    EXPECT_EQ(sent.calls, 1);
    EXPECT_EQ(sent.bytes_out, static_cast<std::int64_t>(std::string_view(R"({"a":"12345678"})").size()));
    EXPECT_EQ(row(run).used.bytes_in, called.bytes_in + sent.bytes_in);
    EXPECT_EQ(counted(flow).calls, 4);
    EXPECT_EQ(counted(flow).bytes_out, sent.bytes_out);
}

TEST_F(UsageTest, ACallThatIsNotSentIsNone) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"call","uses":"core/http","retry":{"attempts":1},
            "with":{"method":"POST","url":"http://127.0.0.1:1/","body":"12345678"}}]})"
    );
    start_worker();
    const RunId run = start_run(flow);
    ASSERT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_EQ(row(run).used.calls, 0);
    EXPECT_EQ(row(run).used.bytes_out, 0);
    EXPECT_EQ(runs_counted(flow), "1") << "but the run has been one";
}

TEST_F(UsageTest, WhatEndsWithItsSandboxIsChargedToo) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"loop","uses":"core/code","limits":{"cpu":"100ms"},
            "with":{"source":"for (;;);","input":{}}}]})"
    );
    start_worker();
    const RunId run = start_run(flow);
    ASSERT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_GE(steps(run)["loop"].used.cpu_us, 90'000);
    EXPECT_GE(counted(flow).cpu_us, 90'000);
}

TEST_F(UsageTest, EachItemOfALoopHasItsOwnAndTheRunHasAll) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"each","uses":"core/foreach","with":{"items":"{{ [1,2,3] }}"},
            "steps":[)" +
        busy("work", 1) + R"(]}]})"
    );
    start_worker();
    const RunId run = start_run(flow);
    ASSERT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(
        database().scalar(
            "select count(*) from weft.step_run where step_id = 'work' and cpu_us > 3000 and run_id = "
            "$1::uuid",
            {run.text()}
        ),
        "3"
    );
    EXPECT_EQ(row(run).used.steps, 4) << "the loop and three times its step";
}

TEST_F(UsageTest, ARunThatIsTakenUpAgainKeepsWhatItHadCost) {
    auto flow = publish(
        R"({"name":"f","steps":[)" + busy("first", 2) +
        R"(,{"id":"call","uses":"core/http","needs":["first"],"with":{"url":")" + base_ + R"(/slow"}}]})"
    );
    start_worker();
    const RunId run = start_run(flow);
    ASSERT_TRUE(eventually([&] {
        return !calls_["/slow"].empty() &&
               count("step_run where step_id = 'first' and state = 'success'", run) == "1";
    }));
    const std::int64_t before = steps(run)["first"].used.cpu_us;
    EXPECT_GT(before, 5'000);
    stop_worker();
    is_released_ = true;
    database().exec("update weft.job set lease_until = now() - interval '1 s' where state = 'leased'");
    start_worker();
    ASSERT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(steps(run)["first"].used.cpu_us, before) << "it was not done again";
    EXPECT_GE(row(run).used.cpu_us, before);
    EXPECT_EQ(row(run).used.steps, 2);
    EXPECT_EQ(runs_counted(flow), "1");
    EXPECT_EQ(counted(flow), row(run).used);
}

}  // namespace
}  // namespace weft::worker
