#include "data/ingress/detail/flow_for_test.h"

/// What goes wrong at gates, and what is too much for one turn of them.
namespace weft::ingress::testing {
namespace {

/// Whatever a gate's rule says, the other gates turn.
TEST_F(FlowTest, AGateThatCannotBeTurnedStopsNoOther) {
    const auto broken = flow(R"({"debounce": {"for_ms": 50}})", "broken");
    const auto fast = flow(R"({"throttle": {"limit": 10000, "per_ms": 1}})", "fast");
    const auto good = flow(R"({"debounce": {"for_ms": 50}})", "good");
    const RunId stuck = start(broken);
    set_rules(broken, R"({"debounce": {"for_ms": "soon"}})");
    const RunId passed = start(good);
    EXPECT_EQ(state(start(fast)), "ready") << "less than a microsecond for each";
    edge_.wait(rt::sleep_for(60ms, Edge::by()));
    worker_.turn();
    EXPECT_EQ(state(passed), "ready");
    EXPECT_EQ(state(stuck), "held");
    EXPECT_EQ(db_.scalar("select count(*) from weft.flow_gate where due_at > now() + interval '50 s'"), "1")
        << "a look a minute later";
}

/// A parked run's time is when it wakes, which says nothing of when it began.
TEST_F(FlowTest, WhoIsCanceledIsDecidedByTheBeginnings) {
    for (const std::string when_full : {"cancel-newest", "cancel-oldest"}) {
        const auto workflow =
            flow(R"({"concurrency": {"limit": 2, "when_full": ")" + when_full + R"("}})", when_full);
        const RunId first = start(workflow);
        const RunId second = start(workflow);
        db_.exec(
            "update weft.job set run_at = now() + interval '1 hour' where run_id = '" + first.text() + "'"
        );
        const RunId third = start(workflow);
        const bool is_newest = when_full == "cancel-newest";
        EXPECT_EQ(why(first).empty(), is_newest) << when_full;
        EXPECT_EQ(why(second), "") << when_full;
        EXPECT_EQ(why(third).empty(), !is_newest) << when_full;
    }
}

/// What one turn does is bounded; the rest does not wait for the repair.
TEST_F(FlowTest, AChangedRuleOverManyIsCarriedOutInTurns) {
    const auto workflow = flow(kOneAtATime);
    start(workflow);
    const RunId held = start(workflow);
    db_.exec(
        "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id, epoch, run_at, state, "
        "flow, "
        "stage, gate) select tenant_id, gen_random_uuid(), workflow_id, workflow_version_id, 0, now(), "
        "'held', "
        "flow, stage, gate from weft.job, generate_series(1, 1199) where run_id = '" +
        held.text() + "'"
    );
    set_rules(workflow, R"({"concurrency": {"limit": 1, "when_full": "skip", "key": ["input", "k"]}})");
    worker_.repair();
    EXPECT_EQ(count("weft.job where cancel_requested_at is not null"), "500");
    db_.exec("update weft.workflow set flow = null");
    edge_.wait(rt::sleep_for(250ms, Edge::by()));
    worker_.turn();
    EXPECT_EQ(count("weft.job where state = 'held'"), "200");
    worker_.turn();
    EXPECT_EQ(count("weft.job where state = 'held'"), "0");
    worker_.turn();
    EXPECT_EQ(count("weft.flow_gate"), "0");
}

/// A flush has spent of a rate and waits for a gate, which is locked by whoever clears the rates.
TEST_F(FlowTest, ClearingARateWaitsForNobody) {
    const auto workflow =
        flow(R"({"rate": {"limit": 100, "per_ms": 1000}, "concurrency": {"limit": 1, "when_full": "queue"}})"
        );
    start(workflow);
    db_.exec("update weft.flow_gate set due_at = now() - interval '1 s', next_at = now() - interval '1 s'");
    auto spending = edge_.wait(worker_.pool().begin(pg::Principal::tenant(tenant_), Edge::by()));
    ASSERT_TRUE(spending);
    constexpr pg::Query kLock{.name = "lock_rates", .text = "select 1 as one from weft.flow_gate for update"};
    ASSERT_TRUE(edge_.wait(spending->query(kLock, {}, Edge::by())));
    auto turned = edge_.wait(worker_.queue().turn_due_gates(rt::Deadline::in(1s)));
    EXPECT_TRUE(turned) << turned.error().detail;
    EXPECT_EQ(count("weft.flow_gate"), "1");
    ASSERT_TRUE(edge_.wait(spending->commit(Edge::by())));
    worker_.turn();
    EXPECT_EQ(count("weft.flow_gate"), "0");
}

TEST_F(FlowTest, ARuleThatIsGoneLetsEverybodyPass) {
    const auto workflow = flow(kOneAtATime);
    for (int i = 0; i < 3; ++i) start(workflow);
    EXPECT_EQ(worker_.runs().size(), 1u);
    db_.exec("update weft.workflow set flow = null");
    worker_.repair();
    EXPECT_EQ(worker_.runs().size(), 2u);
}

/// Another process has begun what this one begins as well, in the other order.
TEST_F(FlowTest, ADeadlockIsTriedAgain) {
    const auto workflow = flow(R"({"rate": {"limit": 1000, "per_ms": 1000, "key": ["input", "k"]}})");
    db_.exec(
        "create function weft.fall_once() returns trigger language plpgsql as $$ begin if "
        "nextval('weft.falls') = 1 then perform pg_sleep(0.6); raise sqlstate '40P01'; end if; return new; "
        "end "
        "$$; create sequence weft.falls; grant all on sequence weft.falls to public; create trigger falls "
        "before insert on weft.job for each row execute function weft.fall_once()"
    );
    auto started = try_start(workflow, R"({"k": 1})");
    EXPECT_TRUE(started) << started.error().detail;
}

}  // namespace
}  // namespace weft::ingress::testing
