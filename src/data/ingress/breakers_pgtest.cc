#include "data/ingress/detail/flow_for_test.h"
#include "store/workflows/workflows.h"

#include <gmock/gmock.h>

/// Workflows that pause when their runs fail in a row.
namespace weft::ingress::testing {
namespace {

constexpr const char* kBreaker = R"({"breaker": {"failures": 3, "within_ms": 3600000, "pause_ms": 60000}})";

class BreakersTest : public FlowTest {
  protected:
    /// Starts a run and ends it.
    RunId fail(WorkflowId workflow, const std::string& error_class = "unavailable") {
        const RunId run = start(workflow);
        EXPECT_EQ(worker_.runs(), Runs{run});
        worker_.fail(run, error_class);
        return run;
    }
    void succeed(WorkflowId workflow) {
        const RunId run = start(workflow);
        EXPECT_EQ(worker_.runs(), Runs{run});
        worker_.end(run);
    }
    std::string pause() { return db_.scalar("select state from weft.workflow_pause"); }
    void let_time_pass() {
        db_.exec(
            "update weft.workflow_pause set until = now() where state = 'open'; "
            "update weft.flow_gate set due_at = now()"
        );
        worker_.turn();
    }
};

TEST_F(BreakersTest, FailuresInARowPauseItAndOneRunTries) {
    const auto workflow = flow(kBreaker);
    for (int i = 0; i < 3; ++i) fail(workflow);
    EXPECT_EQ(pause(), "open");
    const RunId first = start(workflow);
    const RunId second = start(workflow);
    EXPECT_EQ(state(first) + state(second), "heldheld");
    worker_.turn();
    EXPECT_EQ(worker_.runs(), Runs{});
    let_time_pass();
    EXPECT_EQ(worker_.runs(), Runs{first}) << "one tries, the oldest";
    EXPECT_EQ(pause(), "half_open");
    const RunId third = start(workflow);
    let_time_pass();
    EXPECT_EQ(worker_.runs(), Runs{}) << "while it tries";
    worker_.fail(first, "timeout");
    EXPECT_EQ(pause(), "open");
    EXPECT_EQ(worker_.runs(), Runs{});
    let_time_pass();
    EXPECT_EQ(worker_.runs(), Runs{second});
    worker_.end(second);
    EXPECT_EQ(count("weft.workflow_pause"), "0");
    EXPECT_EQ(worker_.runs(), Runs{third});
    worker_.end(third);
    expect_nothing_left();
}

TEST_F(BreakersTest, OnlyFailuresOfOthersInARowCount) {
    const auto workflow = flow(kBreaker);
    for (const char* own : {"workflow", "rejected", "auth", "limit", "platform"}) fail(workflow, own);
    EXPECT_EQ(count("weft.workflow_pause"), "0");
    fail(workflow, "rate_limited");
    fail(workflow, "crash");
    EXPECT_EQ(pause(), "closed");
    fail(workflow, "workflow");
    succeed(workflow);
    EXPECT_EQ(count("weft.workflow_pause"), "0") << "a success ends the row";
    fail(workflow, "circuit_open");
    fail(workflow);
    db_.exec("update weft.workflow_pause set failed_at = array[now() - interval '2 hours', now()]");
    fail(workflow);
    EXPECT_EQ(pause(), "closed") << "one was too long ago";
    fail(workflow);
    EXPECT_EQ(pause(), "open");
}

TEST_F(BreakersTest, OthersAreNotPausedAndOneWithoutABreakerNeverIs) {
    const auto paused = flow(kBreaker, "paused");
    const auto other = flow(kBreaker, "other");
    const auto plain = flow(R"({"concurrency": {"limit": 9}})", "plain");
    for (int i = 0; i < 3; ++i) fail(paused);
    for (int i = 0; i < 5; ++i) fail(plain);
    EXPECT_EQ(count("weft.workflow_pause"), "1");
    EXPECT_EQ(state(start(paused)), "held");
    EXPECT_EQ(state(start(other)), "ready");
    EXPECT_EQ(state(start(plain)), "ready");
}

TEST_F(BreakersTest, ATryThatIsStoppedLeavesItsTurn) {
    const auto workflow = flow(kBreaker);
    for (int i = 0; i < 3; ++i) fail(workflow);
    const RunId first = start(workflow);
    const RunId second = start(workflow);
    let_time_pass();
    EXPECT_EQ(worker_.runs(), Runs{first});
    worker_.fail(first, "workflow");
    EXPECT_EQ(worker_.runs(), Runs{second});
    db_.exec("delete from weft.job where run_id = '" + second.text() + "'");  // whoever it was, it is gone
    const RunId third = start(workflow);
    EXPECT_EQ(worker_.runs(), Runs{third});
}

TEST_F(BreakersTest, RunsOfAPausedOnePassItsOtherGatesLater) {
    const auto workflow = flow(
        R"({"breaker": {"failures": 1, "within_ms": 3600000, "pause_ms": 60000}, "concurrency": {"limit": 1, "when_full": "queue"}})"
    );
    fail(workflow);
    const RunId first = start(workflow);
    const RunId second = start(workflow);
    const RunId third = start(workflow);
    let_time_pass();
    EXPECT_EQ(worker_.runs(), Runs{first});
    worker_.end(first);
    EXPECT_EQ(worker_.runs(), Runs{second}) << "one at a time";
    worker_.end(second);
    EXPECT_EQ(worker_.runs(), Runs{third});
    worker_.end(third);
    expect_nothing_left();
}

TEST_F(BreakersTest, ResumedByHandAllBegin) {
    const auto workflow = flow(kBreaker);
    for (int i = 0; i < 3; ++i) fail(workflow);
    const RunId waits = start(workflow);
    store::Db db(worker_.pool(), tenant_);
    auto pause = edge_.wait(store::workflows::find_pause(db, workflow, Edge::by()));
    ASSERT_TRUE(pause);
    EXPECT_EQ(pause->state, store::workflows::Breaker::kOpen);
    EXPECT_EQ(pause->failures, 3);
    EXPECT_EQ(pause->reason, "3 runs failed in a row, the last one: away");
    EXPECT_TRUE(pause->until && pause->opened_at);
    ASSERT_TRUE(edge_.wait(store::workflows::end_pause(db, workflow, Edge::by())));
    worker_.turn();
    EXPECT_EQ(worker_.runs(), Runs{waits});
}

TEST_F(BreakersTest, WhoHearsOfTheFailureHearsOfThePause) {
    const auto workflow = flow(kBreaker);
    db_.exec(
        "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, state, config) values ('" +
        tenant_.text() + "', gen_random_uuid(), '" + workflow.text() + "', 'event', 'E', 'active', '{}')"
    );
    RunId last;
    for (int i = 0; i < 3; ++i) last = fail(workflow);
    EXPECT_THAT(
        db_.scalar("select error ->> 'message' from weft.run_end where run_id = $1::uuid", {last.text()}),
        ::testing::MatchesRegex("away \\(the workflow is paused until .* UTC: 3 runs failed in a row\\)")
    );
    EXPECT_EQ(count("weft.run_end where error ->> 'message' = 'away'"), "2");
}

TEST_F(BreakersTest, RunsThatGoWellWriteNothing) {
    const auto workflow = flow(kBreaker);
    succeed(workflow);
    EXPECT_EQ(count("weft.workflow_pause"), "0");
    EXPECT_EQ(count("weft.flow_gate"), "0");
}

}  // namespace
}  // namespace weft::ingress::testing
