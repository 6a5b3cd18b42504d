#include "data/worker/detail/world.h"
#include "store/triggers/samples.h"

namespace weft::worker {
namespace {

using runstate::RunStatus;
using ::testing::HasSubstr;

/// Triggers that wait for the ends of runs.
class FollowsTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        options_.public_url = "https://weft.example.com";
        log_level_ = telemetry::Level::kWarn;
    }
    /// Its key is flow-<n>, in the order that they are published in. What its input says, it fails with.
    test::TestDatabase::Workflow make_flow(const std::string& why = "{{ input?.why ?? '' }}") {
        return publish(
            R"({"name":"f","steps":[
                {"id":"no","uses":"core/fail","if":"{{ (input?.why ?? '') != '' }}","with":{"message":")" +
            why + R"("}},
                {"id":"told","uses":"core/map","with":"{{ input }}"}],
                "output":"{{ steps.told?.output ?? null }}"})"
        );
    }
    TriggerId follow(const test::TestDatabase::Workflow& flow, const std::string& config) {
        const TriggerId id = TriggerId::make(clock_.now(), rng_);
        database().scalar(
            "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, state, config) "
            "values ($1::uuid, $2::uuid, $3::uuid, 'event', 'After', 'active', $4::json)",
            {tenant_.text(), id.text(), flow.id.text(), config}
        );
        return id;
    }
    std::string ends() {
        return database().scalar(
            "select count(*) from weft.run_end where tenant_id = $1::uuid", {tenant_.text()}
        );
    }
    std::string followers(const std::string& more = "") {
        return database().scalar(
            "select count(*) from weft.workflow_run where cause = 'follower' and tenant_id = '" +
            tenant_.text() + "'" + more
        );
    }
};

TEST_F(FollowsTest, AnEndThatIsNamedBeginsOneRunAndTellsItWhatEnded) {
    auto first = make_flow();
    auto second = make_flow();
    const TriggerId trigger = follow(second, R"({"on":["success"],"workflows":["flow-1"]})");
    start_worker();
    RunId run = start_run(first, R"({"n":7})");
    RunId failing = start_run(first, R"({"why":"no"})");
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(finish(failing).state, RunStatus::kFailed);
    ASSERT_TRUE(eventually([&] { return followers(" and state = 'success'") == "1"; }));
    const RunId next = *RunId::parse(database().scalar(
        "select id from weft.workflow_run where cause = 'follower' and tenant_id = $1::uuid", {tenant_.text()}
    ));
    EXPECT_EQ(row(next).parent, run);
    EXPECT_EQ(row(next).trigger, trigger);
    const std::string told = value(next, "output");
    EXPECT_THAT(told, HasSubstr(R"("workflow":"flow-1")"));
    EXPECT_THAT(told, HasSubstr(R"("output":{"n":7})"));
    EXPECT_THAT(told, HasSubstr("https://weft.example.com/runs/" + run.text()));
    EXPECT_THAT(value(next, "trigger"), HasSubstr(R"("kind":"event")"));
    EXPECT_TRUE(eventually([&] { return ends() == "0"; }));
}

TEST_F(FollowsTest, WithoutNamesItWaitsForWhatBeganByItself) {
    auto first = make_flow();
    auto second = make_flow();
    auto third = make_flow();
    follow(second, R"({"on":["success","failed"]})");
    follow(third, R"({"on":["success","failed"]})");
    start_worker();
    RunId run = start_run(first, R"({"why":"Out of stock"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    ASSERT_TRUE(eventually([&] { return followers(" and finished_at is not null") == "2"; }));
    // Neither of the two begins the other.
    EXPECT_TRUE(eventually([&] { return ends() == "0"; }));
    EXPECT_EQ(followers(), "2");
}

TEST_F(FollowsTest, TwoThatNameEachOtherEndVisibly) {
    auto first = make_flow();
    auto second = make_flow();
    const TriggerId one = follow(first, R"({"on":["success"],"workflows":["flow-2"]})");
    const TriggerId other = follow(second, R"({"on":["success"],"workflows":["flow-1"]})");
    start_worker();
    start_run(first);
    EXPECT_TRUE(eventually(
        [&] {
            return database().scalar(
                       "select count(*) from weft.refused_delivery where reason = 'depth' and trigger_id in "
                       "('" +
                       one.text() + "', '" + other.text() + "')"
                   ) == "1";
        },
        20s
    ));
    EXPECT_EQ(followers(), "10");
}

/// What is wrong with one trigger's workflow is told at that trigger, and keeps no other from its ends.
TEST_F(FollowsTest, OneThatCannotBeReadHoldsUpNoOther) {
    auto first = make_flow();
    auto broken = make_flow();
    auto sound = make_flow();
    const TriggerId trigger = follow(broken, R"({"on":["success"],"workflows":["flow-1"]})");
    follow(sound, R"({"on":["success"],"workflows":["flow-1"]})");
    database().exec("update weft.workflow set flow = '[\"damaged\"]' where id = '" + broken.id.text() + "'");
    log_level_ = telemetry::Level::kError;
    start_worker();
    EXPECT_EQ(finish(start_run(first)).state, RunStatus::kSuccess);
    EXPECT_TRUE(eventually([&] { return followers() == "1" && ends() == "0"; }));
    EXPECT_EQ(
        database().scalar(
            "select sum(deliveries) from weft.refused_delivery where reason = 'other' and trigger_id = "
            "$1::uuid",
            {trigger.text()}
        ),
        "1"
    );
}

/// A worker that died before it wrote anything has not looked at the input either.
TEST_F(FollowsTest, AnInputIsCheckedByWhoeverBeginsTheRun) {
    auto flow = publish(
        R"({"name":"f","inputs":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}},
            "steps":[{"id":"a","uses":"core/map","with":"{{ input.n }}"}]})"
    );
    const RunId run = start_run(flow, R"({"n":"no"})");
    database().exec("update weft.job set epoch = 1 where run_id = '" + run.text() + "'");
    start_worker();
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
}

/// While a workflow is built its trigger is inactive: the next end that it would wait for is kept, and
/// nothing runs.
TEST_F(FollowsTest, ASampleIsTheNextEndThatItWaitsFor) {
    auto first = make_flow();
    auto second = make_flow();
    const TriggerId trigger = follow(second, R"({"on":["success"],"workflows":["flow-1"]})");
    database().exec(
        "update weft.trigger set state = 'inactive'; insert into weft.trigger_sample (tenant_id, trigger_id, "
        "listen_until) select tenant_id, id, now() + interval '1 minute' from weft.trigger where id = '" +
        trigger.text() + "'"
    );
    const auto captured = [&] {
        return database().scalar(
            "select count(captured_at) from weft.trigger_sample where trigger_id = $1::uuid", {trigger.text()}
        );
    };
    start_worker();
    EXPECT_EQ(finish(start_run(first, R"({"why":"no"})")).state, RunStatus::kFailed);
    ASSERT_TRUE(eventually([&] { return ends() == "0"; }));
    EXPECT_EQ(captured(), "0") << "it waits for another end";
    EXPECT_EQ(finish(start_run(first, R"({"n":7})")).state, RunStatus::kSuccess);
    ASSERT_TRUE(eventually([&] { return captured() == "1"; }));
    auto found = wait(store::triggers::find_sample(store::Db(*api_pool_, tenant_), trigger, soon()));
    ASSERT_TRUE(found) << found.error().detail;
    auto event =
        wait(store::triggers::open_sample(*keys_, tenant_, trigger, std::move(found->sealed), soon()));
    ASSERT_TRUE(event) << event.error().detail;
    EXPECT_THAT(*event, HasSubstr(R"("output":{"n":7})"));
    EXPECT_THAT(*event, HasSubstr(R"("kind":"event")"));
    EXPECT_EQ(followers(), "0");
    EXPECT_TRUE(eventually([&] { return ends() == "0"; }));
    EXPECT_EQ(finish(start_run(first)).state, RunStatus::kSuccess);
    EXPECT_EQ(ends(), "0") << "nobody wants to know any more";
}

/// Whoever dies after an end leaves it to the next; what was begun is not begun again.
TEST_F(FollowsTest, AnEndIsFollowedOnceWhoeverLooks) {
    auto first = make_flow();
    auto second = make_flow();
    follow(second, R"({"on":["success"],"workflows":["flow-1"]})");
    start_worker();
    std::vector<RunId> runs;
    for (int i = 0; i < 40; ++i) runs.push_back(start_run(first));
    for (int i = 0; i < 6; ++i) {
        (void)wait(rt::sleep_for(50ms, soon()));
        stop_worker();
        start_worker();
    }
    for (const RunId run : runs) EXPECT_EQ(finish(run, 20s).state, RunStatus::kSuccess);
    EXPECT_TRUE(eventually([&] { return followers(" and state = 'success'") == "40"; }, 20s));
    EXPECT_EQ(
        database().scalar(
            "select count(distinct parent_run_id) from weft.workflow_run where cause = 'follower' and "
            "tenant_id = $1::uuid",
            {tenant_.text()}
        ),
        "40"
    );
}

}  // namespace
}  // namespace weft::worker
