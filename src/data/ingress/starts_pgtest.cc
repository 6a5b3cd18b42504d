#include "data/ingress/detail/edge_for_test.h"

namespace weft::ingress::testing {
namespace {

using StartsTest = IngressTest;

TEST_F(StartsTest, AKeyedStartTakesItsKeyAndBeginsOnce) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto flow = db_.create_workflow(tenant, "flow").id;
    const Uuid caller = Uuid::v7(edge.clock_.now(), edge.rng_);
    auto keyed = [&](std::string key, std::string hash, Uuid who) {
        StartRun from{.tenant = tenant, .workflow = flow, .input = "[1]"};
        from.once =
            store::idempotency::Once{{tenant, who, "workflows.start", std::move(key)}, std::move(hash)};
        return from;
    };
    auto start = [&](StartRun from) {
        return edge.wait(edge.ingest_.start_run(std::move(from), Edge::by()));
    };
    auto first = start(keyed("k", "asked", caller));
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_FALSE(first->is_duplicate);
    auto again = start(keyed("k", "asked", caller));
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_TRUE(again->is_duplicate);
    EXPECT_EQ(again->run, first->run);
    auto other_request = start(keyed("k", "asked otherwise", caller));
    ASSERT_FALSE(other_request);
    EXPECT_EQ(other_request.error().code, Code::kInvalid);
    EXPECT_EQ(other_request.error().field, "Idempotency-Key");
    EXPECT_EQ(count("workflow_run"), "1");
    EXPECT_FALSE(start(keyed("k", "asked", Uuid::v7(edge.clock_.now(), edge.rng_)))->is_duplicate)
        << "another caller's key is another key";
    EXPECT_FALSE(start({.tenant = tenant, .workflow = flow})->is_duplicate) << "control: without a key";
    EXPECT_FALSE(start({.tenant = tenant, .workflow = flow})->is_duplicate) << "control: without a key";
    EXPECT_EQ(count("workflow_run"), "4");
    db_.exec("update idempotency_key set created_at = now() - interval '25 hours'");
    EXPECT_FALSE(start(keyed("k", "asked otherwise", caller))->is_duplicate) << "a day later";
    EXPECT_EQ(count("workflow_run"), "5");
    EXPECT_EQ(count("job"), "5");
}

TEST_F(StartsTest, KeyedStartsAtTheSameTimeBecomeOneRun) {
    Edge one(db_);
    Edge two(db_);  // another api process
    auto tenant = one.tenant();
    auto flow = db_.create_workflow(tenant, "flow").id;
    const Uuid caller = Uuid::v7(one.clock_.now(), one.rng_);
    std::set<RunId> runs;
    auto start = [&](Edge& edge) -> rt::Task<void> {
        StartRun from{.tenant = tenant, .workflow = flow};
        from.once = store::idempotency::Once{{tenant, caller, "workflows.start", "k"}, "asked"};
        auto started = co_await edge.ingest_.start_run(std::move(from), Edge::by());
        EXPECT_TRUE(started) << started.error().detail;
        if (started) runs.insert(started->run);
    };
    rt::Scope first(one.loop_);
    rt::Scope second(two.loop_);
    for (int i = 0; i < 10; ++i) {
        first.spawn(start(one));
        second.spawn(start(two));
    }
    one.wait(first.join());
    two.wait(second.join());
    EXPECT_EQ(runs.size(), 1u);
    EXPECT_EQ(count("workflow_run"), "1");
}

TEST_F(StartsTest, AWrongClockLosesNoEventAndMaintenancePutsItInItsDay) {
    for (auto skew : {-72h, 72h, 24h * 40}) {
        Edge edge(db_, {}, {}, skew);
        auto tenant = edge.tenant();
        auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
        auto answer = edge.body(edge.request(hook, "[1]"));
        std::string run(answer["run_id"].get_string());
        EXPECT_TRUE(edge.wait(store::runs::ensure_partitions(edge.pool_, Edge::by())));
        auto day = db_.scalar("select to_char(day_of($1::uuid), 'YYYYMMDD')", {run});
        EXPECT_EQ(
            db_.scalar("select tableoid::regclass::text from workflow_run where id = $1::uuid", {run}),
            "workflow_run_" + day
        );
        EXPECT_EQ(edge.value(tenant, run, "input"), parse_json("[1]").value());
    }
    EXPECT_EQ(count("workflow_run_default"), "0");
    EXPECT_EQ(count("payload_default"), "0");
}

TEST_F(StartsTest, ADayWithoutAPlaceIsUnavailableAndNotAConflict) {
    db_.exec("drop table workflow_run_default");
    Edge edge(db_, {}, {}, -72h);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    auto answer = edge.wait(edge.hooks_.handle(edge.request(hook, "[1]")));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kUnavailable);
    EXPECT_EQ(http::problem(answer.error(), {}).headers.get("retry-after"), "1");
}

}  // namespace
}  // namespace weft::ingress::testing
