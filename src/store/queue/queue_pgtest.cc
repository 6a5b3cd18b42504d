#include "platform/rt/clock.h"
#include "platform/rt/scope.h"
#include "store/queue/queue.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace weft::store::queue {
namespace {

const rt::Deadline kSoon = rt::Deadline::in(10min);  // of all tests of the process

class QueueTest : public testing::Test {
  protected:
    QueueTest() : pool(loop, {.url = database.worker_url(), .connections_max = 4}), queue(pool) {}
    ~QueueTest() override { loop.run_until_done(pool.close()); }

    /// `count` due runs with their jobs; the tenant becomes active as ingress would make it.
    void enqueue(TenantId tenant, int count, std::string_view run_at = "clock_timestamp()") {
        auto workflow = workflow_of(tenant);
        for (int i = 0; i < count; ++i) {
            RunId run = RunId::make(clock.now(), rng);
            std::string key = "'" + tenant.text() + "', '" + run.text() + "', '" + workflow.id.text() +
                              "', '" + workflow.version.text() + "'";
            database.exec(
                "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id) values (" +
                key +
                ");"
                "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id, run_at) values "
                "(" +
                key + ", " + std::string(run_at) + ")"
            );
        }
        database.exec("update weft.tenant_queue set active = true where tenant_id = '" + tenant.text() + "'");
    }
    test::TestDatabase::Workflow workflow_of(TenantId tenant) {
        auto found = workflows.find(tenant);
        if (found == workflows.end())
            found = workflows.emplace(tenant, database.create_workflow(tenant, "flow")).first;
        return found->second;
    }
    std::vector<Claimed> claim(int limit, Millis lease = 30s) {
        auto out = loop.run_until_done(queue.claim(worker, limit, lease, kSoon));
        EXPECT_TRUE(out.has_value()) << out.error().detail;
        return out.value_or(std::vector<Claimed>{});
    }
    void expire(const Lease& lease) {
        database.exec(
            "update weft.job set lease_until = clock_timestamp() - interval '1 s' where run_id = '" +
            lease.run.text() + "'"
        );
    }
    std::string job(const Lease& lease, const std::string& column) {
        return database.scalar(
            "select " + column + " from weft.job where run_id = $1::uuid", {lease.run.text()}
        );
    }

    rt::SystemClock clock;
    SystemRng rng;
    rt::Loop loop;
    test::TestDatabase database;
    std::map<TenantId, test::TestDatabase::Workflow> workflows;
    pg::Pool pool;
    Queue queue;
    WorkerId worker = WorkerId::make(clock.now(), rng);
};

TEST_F(QueueTest, ClaimsDueJobsOnceWithGrowingEpochs) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 3);
    enqueue(tenant, 1, "clock_timestamp() + interval '1 hour'");
    auto first = claim(10);
    ASSERT_EQ(first.size(), 3u);
    for (const auto& one : first) EXPECT_EQ(one.lease.epoch, 1);
    EXPECT_TRUE(claim(10).empty());

    std::vector<Lease> leases{first[0].lease};
    ASSERT_TRUE(loop.run_until_done(queue.release(leases, kSoon)));
    auto again = claim(10);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].lease.run, first[0].lease.run);
    EXPECT_EQ(again[0].lease.epoch, 2);
    EXPECT_EQ(again[0].crashes, 0);
}

TEST_F(QueueTest, OneTenantGetsAllSlotsAndANoisyOneOnlyItsShare) {
    TenantId noisy = database.create_tenant("Noisy");
    enqueue(noisy, 200);
    EXPECT_EQ(claim(16).size(), 16u);

    std::vector<TenantId> quiet;
    for (int i = 0; i < 5; ++i) {
        quiet.push_back(database.create_tenant("Quiet"));
        enqueue(quiet.back(), 2);
    }
    // Two claims of 16: everybody's 10 jobs are in them, whatever the noisy one has waiting.
    std::map<TenantId, int> served;
    for (int turn = 0; turn < 2; ++turn) {
        for (const auto& one : claim(16)) ++served[one.lease.tenant];
    }
    for (TenantId tenant : quiet) EXPECT_EQ(served[tenant], 2);
    EXPECT_GT(served[noisy], 0);
}

TEST_F(QueueTest, ServesTenantsByWeight) {
    TenantId light = database.create_tenant("Light");
    TenantId heavy = database.create_tenant("Heavy");
    enqueue(light, 150);
    enqueue(heavy, 150);
    database.exec("update weft.tenant_queue set weight = 3 where tenant_id = '" + heavy.text() + "'");
    std::map<TenantId, int> served;
    for (int turn = 0; turn < 10; ++turn) {
        for (const auto& one : claim(8)) ++served[one.lease.tenant];
    }
    EXPECT_EQ(served[light] + served[heavy], 80);
    EXPECT_EQ(served[heavy], 60);
}

TEST_F(QueueTest, HonoursATenantsInflightLimit) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 10);
    database.exec("update weft.tenant_queue set inflight_max = 4 where tenant_id = '" + tenant.text() + "'");
    auto first = claim(10);
    EXPECT_EQ(first.size(), 4u);
    EXPECT_TRUE(claim(10).empty());
    std::vector<Lease> leases{first[0].lease};
    ASSERT_TRUE(loop.run_until_done(queue.release(leases, kSoon)));
    EXPECT_EQ(claim(10).size(), 1u);
}

TEST_F(QueueTest, HeartbeatExtendsTellsLossAndCancel) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 3);
    auto claimed = claim(3, 5s);
    ASSERT_EQ(claimed.size(), 3u);
    std::vector<Lease> leases;
    for (const auto& one : claimed) leases.push_back(one.lease);
    database.exec(
        "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough' where run_id = '" +
        leases[0].run.text() + "'"
    );
    leases[1].epoch = 7;  // as if another worker had it
    auto beat = loop.run_until_done(queue.heartbeat(leases, 60s, kSoon));
    ASSERT_TRUE(beat);
    EXPECT_EQ(beat->lost, std::vector<RunId>{leases[1].run});
    ASSERT_EQ(beat->canceled.size(), 1u);
    EXPECT_EQ(beat->canceled[0].run, leases[0].run);
    EXPECT_EQ(beat->canceled[0].cancel.reason, "enough");
    EXPECT_EQ(job(leases[2], "lease_until > now() + interval '50 s'"), "t");
    EXPECT_EQ(job(leases[1], "lease_until > now() + interval '50 s'"), "f");

    database.exec("update weft.job set is_signaled = true where run_id = '" + leases[2].run.text() + "'");
    auto asked = loop.run_until_done(queue.asked(leases, kSoon));
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->canceled.size(), 1u);
    EXPECT_EQ(asked->signaled, std::vector<RunId>{leases[2].run});
}

TEST_F(QueueTest, ReapsLapsedLeasesAndQuarantinesThePoisoned) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 2);
    auto claimed = claim(2);
    ASSERT_EQ(claimed.size(), 2u);
    expire(claimed[0].lease);
    auto reaped = loop.run_until_done(queue.reap(worker, 3, 30s, kSoon));
    ASSERT_TRUE(reaped);
    EXPECT_EQ(reaped->requeued, 1);
    EXPECT_TRUE(reaped->poisoned.empty());
    EXPECT_EQ(job(claimed[0].lease, "state"), "ready");
    EXPECT_EQ(job(claimed[1].lease, "state"), "leased");

    for (int crash = 2; crash <= 3; ++crash) {
        auto again = claim(1);
        ASSERT_EQ(again.size(), 1u);
        EXPECT_EQ(again[0].crashes, crash - 1);
        expire(again[0].lease);
        reaped = loop.run_until_done(queue.reap(worker, 3, 30s, kSoon));
        ASSERT_TRUE(reaped);
    }
    ASSERT_EQ(reaped->poisoned.size(), 1u);
    EXPECT_EQ(reaped->poisoned[0].lease.run, claimed[0].lease.run);
    EXPECT_EQ(reaped->poisoned[0].lease.epoch, 4);
    EXPECT_EQ(reaped->poisoned[0].crashes, 3);
    EXPECT_TRUE(claim(1).empty());  // the reaper holds it
}

TEST_F(QueueTest, TakesOverWhatADeadWorkerHeldAndNothingElse) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 3);
    const WorkerId living = WorkerId::make(clock.now(), rng);
    const WorkerId dead = std::exchange(worker, living);
    auto kept = claim(1);
    worker = dead;
    auto left = claim(2);
    worker = living;
    ASSERT_EQ(kept.size() + left.size(), 3u);
    database.exec("update weft.job set crashes = 2 where run_id = '" + left[1].lease.run.text() + "'");

    std::vector<WorkerId> gone{dead};
    auto taken = loop.run_until_done(queue.take_over(gone, living, 3, 30s, kSoon));
    ASSERT_TRUE(taken) << taken.error().detail;
    EXPECT_EQ(taken->requeued, 1);
    ASSERT_EQ(taken->poisoned.size(), 1u);
    EXPECT_EQ(taken->poisoned[0].lease.run, left[1].lease.run);
    EXPECT_EQ(taken->poisoned[0].lease.epoch, 2);
    EXPECT_EQ(job(left[0].lease, "state || crashes || ' ' || epoch"), "ready1 2");
    EXPECT_EQ(job(kept[0].lease, "state || crashes || ' ' || epoch"), "leased0 1");

    // What the dead one sent last comes too late already, before anybody has claimed it.
    std::vector<Lease> stale{left[0].lease};
    auto beat = loop.run_until_done(queue.heartbeat(stale, 30s, kSoon));
    ASSERT_TRUE(beat);
    EXPECT_EQ(beat->lost.size(), 1u);
    auto again = claim(1);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].lease.epoch, 3);
    EXPECT_EQ(again[0].crashes, 1);
}

TEST_F(QueueTest, AClaimSaysWhetherMoreMayBeDue) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 3);
    auto some = claim(2);
    ASSERT_EQ(some.size(), 2u);
    EXPECT_TRUE(some.front().may_be_more);
    auto rest = claim(5);
    ASSERT_EQ(rest.size(), 1u);
    EXPECT_FALSE(rest.front().may_be_more);
    TenantId other = database.create_tenant("Other");
    enqueue(tenant, 1);
    enqueue(other, 1);
    auto both = claim(10);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_TRUE(both.front().may_be_more);
}

TEST_F(QueueTest, SweepWakesAForgottenTenantAndPutsIdleOnesToSleep) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 1);
    database.exec("update weft.tenant_queue set active = false");
    EXPECT_TRUE(claim(1).empty());
    auto woken = loop.run_until_done(queue.sweep_tenants(Queue::Idle::kLeave, kSoon));
    ASSERT_TRUE(woken);
    EXPECT_EQ(*woken, 1);
    EXPECT_EQ(claim(1).size(), 1u);

    auto active = [&] { return database.scalar("select active from weft.tenant_queue"); };
    ASSERT_TRUE(loop.run_until_done(queue.sweep_tenants(Queue::Idle::kPutToSleep, kSoon)));
    EXPECT_EQ(active(), "t");  // its job is leased
    database.exec("delete from weft.job");
    ASSERT_TRUE(loop.run_until_done(queue.sweep_tenants(Queue::Idle::kPutToSleep, kSoon)));
    EXPECT_EQ(active(), "t");  // it had work a moment ago: its next event may be about to commit
    database.exec("update weft.tenant_queue set charged_at = now() - interval '11 seconds'");
    ASSERT_TRUE(loop.run_until_done(queue.sweep_tenants(Queue::Idle::kPutToSleep, kSoon)));
    EXPECT_EQ(active(), "f");
    enqueue(tenant, 1);
    EXPECT_EQ(claim(1).size(), 1u);
    EXPECT_EQ(
        database.scalar("select charged_at > now() - interval '10 seconds' from weft.tenant_queue"), "t"
    );
}

TEST_F(QueueTest, AWokenTenantHasNoCreditFromIdling) {
    TenantId busy = database.create_tenant("Busy");
    TenantId idle = database.create_tenant("Idle");
    database.exec(
        "update weft.tenant_queue set active = true, vtime = 1000 where tenant_id = '" + busy.text() + "'"
    );
    enqueue(idle, 1);
    database.exec("update weft.tenant_queue set active = false where tenant_id = '" + idle.text() + "'");
    ASSERT_TRUE(loop.run_until_done(queue.sweep_tenants(Queue::Idle::kLeave, kSoon)));
    std::string vtime =
        database.scalar("select vtime from weft.tenant_queue where tenant_id = $1::uuid", {idle.text()});
    EXPECT_EQ(vtime, "1000");
}

TEST_F(QueueTest, TellsHowDeepItIs) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 2, "clock_timestamp() - interval '1 min'");
    enqueue(tenant, 1, "clock_timestamp() + interval '1 hour'");
    ASSERT_EQ(claim(1).size(), 1u);
    auto depths = loop.run_until_done(queue.depths(kSoon));
    ASSERT_TRUE(depths) << depths.error().detail;
    std::map<std::string_view, std::pair<std::int64_t, double>> found;
    for (const auto& depth : *depths) found[name(depth.standing)] = {depth.jobs, depth.oldest_seconds};
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found["held"].first, 0);
    EXPECT_EQ(found["due"].first, 1);
    EXPECT_NEAR(found["due"].second, 60, 20);
    EXPECT_EQ(found["running"].first, 1);
    EXPECT_EQ(found["waiting"], std::pair(std::int64_t{1}, 0.0));
}

TEST_F(QueueTest, FindsLiveRunsWithoutAJob) {
    TenantId tenant = database.create_tenant();
    enqueue(tenant, 3);
    auto claimed = claim(2);
    ASSERT_EQ(claimed.size(), 2u);
    database.exec("delete from weft.job where run_id = '" + claimed[0].lease.run.text() + "'");
    auto orphans = loop.run_until_done(queue.orphans(1h, 0ms, kSoon));
    ASSERT_TRUE(orphans) << orphans.error().detail;
    ASSERT_EQ(orphans->size(), 1u);
    EXPECT_EQ(orphans->front().run, claimed[0].lease.run);
    auto young = loop.run_until_done(queue.orphans(1h, 1min, kSoon));
    ASSERT_TRUE(young);
    EXPECT_TRUE(young->empty());
}

TEST_F(QueueTest, ConcurrentClaimsNeverShareAJob) {
    std::vector<TenantId> tenants;
    for (int i = 0; i < 4; ++i) {
        tenants.push_back(database.create_tenant());
        enqueue(tenants.back(), 25);
    }
    std::set<RunId> seen;
    int total = 0;
    auto worker_task = [](Queue& jobs, WorkerId id, std::set<RunId>& runs, int& count) -> rt::Task<void> {
        for (int i = 0; i < 40; ++i) {
            auto got = co_await jobs.claim(id, 3, 30s, kSoon);
            if (!got) continue;
            for (const auto& one : *got) runs.insert(one.lease.run);
            count += static_cast<int>(got->size());
        }
    };
    rt::Scope scope(loop);
    for (int i = 0; i < 4; ++i) scope.spawn(worker_task(queue, worker, seen, total));
    loop.run_until_done(scope.join());
    EXPECT_EQ(total, 100);
    EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace weft::store::queue
