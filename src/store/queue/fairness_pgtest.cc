#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "store/queue/queue.h"
#include "support/pg.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <vector>

/// Who is served when more is due than there are slots. Prints its figures.
namespace weft::store::queue {
namespace {

/// 1 when all got the same, 1/n when one got everything (Jain).
double jain(const std::vector<double>& got) {
    double sum = 0;
    double squares = 0;
    for (const double one : got) {
        sum += one;
        squares += one * one;
    }
    return sum * sum / (static_cast<double>(got.size()) * squares);
}

class FairnessTest : public testing::Test {
  protected:
    FairnessTest() : pool_(loop_, {.url = db_.worker_url(), .connections_max = 4}), queue_(pool_) {}
    ~FairnessTest() override { loop_.run_until_done(pool_.close()); }

    TenantId tenant(double weight = 1) {
        const TenantId out = db_.create_tenant();
        db_.exec(fmt::format(
            "update weft.tenant_queue set active = true, weight = {}, inflight_max = 100000 where tenant_id "
            "= '{}'",
            weight,
            out.text()
        ));
        return out;
    }
    /// Due jobs, `age` old; runs are not needed.
    WorkflowId flood(TenantId tenant, std::string_view key, int jobs, std::string_view age = "1 minute") {
        const auto workflow = db_.create_workflow(tenant, key);
        db_.exec(fmt::format(
            "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id, run_at) select '{}', "
            "gen_random_uuid(), '{}', '{}', now() - interval '{}' + n * interval '1 microsecond' from "
            "generate_series(1, {}) n",
            tenant.text(),
            workflow.id.text(),
            workflow.version.text(),
            age,
            jobs
        ));
        return workflow.id;
    }
    /// Claims `slots` at a time, and ends all of them before the next claim, as runs of the same length
    /// would.
    std::vector<Claimed> serve(int slots) {
        auto out = loop_.run_until_done(queue_.claim(worker_, slots, 60s, rt::Deadline::in(60s)));
        EXPECT_TRUE(out) << out.error().detail;
        db_.exec("delete from weft.job where state = 'leased'");
        return out.value_or(std::vector<Claimed>{});
    }
    void analyze() { db_.exec("analyze weft.job"); }

    rt::SystemClock clock_;
    SystemRng rng_;
    rt::Loop loop_;
    test::TestDatabase db_;
    pg::Pool pool_;
    Queue queue_;
    WorkerId worker_ = WorkerId::make(clock_.now(), rng_);
};

TEST_F(FairnessTest, AFloodOfOneTenantKeepsNobodyWaiting) {
    constexpr int kFlood = 100'000;
    constexpr int kOthers = 49;
    constexpr int kEach = 10;
    const TenantId loud = tenant();
    flood(loud, "flood", kFlood);
    for (int i = 0; i < kOthers; ++i) flood(tenant(), "flow", kEach, "1 second");
    analyze();
    int others = 0;
    int loud_ones = 0;
    int claims = 0;
    const auto began = std::chrono::steady_clock::now();
    while (others < kOthers * kEach && claims < 1'000) {
        ++claims;
        for (const Claimed& one : serve(64)) ++(one.lease.tenant == loud ? loud_ones : others);
    }
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    fmt::print(
        "flood of {} against {} tenants with {} each: all {} served in {} claims of 64, {:.0f} ms, along "
        "with {} of the "
        "flood\n",
        kFlood,
        kOthers,
        kEach,
        others,
        claims,
        ms,
        loud_ones
    );
    EXPECT_EQ(others, kOthers * kEach);
    EXPECT_LE(claims, 2 * (kOthers * kEach) / 64 + kOthers);
}

TEST_F(FairnessTest, EqualTenantsGetTheSame) {
    std::map<TenantId, int> got;
    for (int i = 0; i < 10; ++i) {
        const TenantId one = tenant();
        flood(one, "flow", 1'000);
        got[one] = 0;
    }
    analyze();
    for (int claims = 0; claims < 60; ++claims)
        for (const Claimed& one : serve(64)) ++got[one.lease.tenant];
    std::vector<double> shares;
    for (const auto& [tenant, jobs] : got) shares.push_back(jobs);
    fmt::print("10 equal tenants: Jain {:.4f}\n", jain(shares));
    EXPECT_GE(jain(shares), 0.95);
}

TEST_F(FairnessTest, WeightsAreKept) {
    const TenantId light = tenant(1);
    const TenantId heavy = tenant(3);
    flood(light, "flow", 4'000);
    flood(heavy, "flow", 4'000);
    analyze();
    std::map<TenantId, double> got;
    for (int claims = 0; claims < 60; ++claims)
        for (const Claimed& one : serve(64)) ++got[one.lease.tenant];
    fmt::print("weights 1:3: served 1:{:.3f}\n", got[heavy] / got[light]);
    EXPECT_NEAR(got[heavy] / got[light], 3, 0.15);
}

TEST_F(FairnessTest, AFloodOfOneWorkflowKeepsTheOthersOfItsTenantGoing) {
    const TenantId one = tenant();
    const WorkflowId loud = flood(one, "flood", 20'000);
    flood(one, "quiet", 20, "1 second");
    analyze();
    int quiet = 0;
    int claims = 0;
    while (quiet < 20 && claims < 1'000) {
        ++claims;
        for (const Claimed& claimed : serve(8)) quiet += claimed.workflow == loud ? 0 : 1;
    }
    fmt::print("a workflow's flood of 20000 against another's 20: all served in {} claims of 8\n", claims);
    EXPECT_LE(claims, 5);
}

/// One slot: nothing under way says whose turn it is.
TEST_F(FairnessTest, WorkflowsShareASingleSlotToo) {
    const TenantId one = tenant();
    std::map<WorkflowId, double> got;
    for (int i = 0; i < 4; ++i)
        got[flood(one, fmt::format("flow-{}", i), 500, fmt::format("{} minutes", 4 - i))] = 0;
    analyze();
    for (int claims = 0; claims < 300; ++claims)
        for (const Claimed& claimed : serve(1)) ++got[claimed.workflow];
    std::vector<double> shares;
    for (const auto& [workflow, jobs] : got) shares.push_back(jobs);
    fmt::print("4 workflows of a tenant, one slot: Jain {:.4f}\n", jain(shares));
    EXPECT_GE(jain(shares), 0.95);
}

/// More than a claim looks at: the next claim goes on behind them.
TEST_F(FairnessTest, NoWorkflowOfManyIsLeftOut) {
    const TenantId one = tenant();
    std::map<WorkflowId, int> got;
    for (int i = 0; i < 300; ++i) got[flood(one, fmt::format("flow-{}", i), 20)] = 0;
    analyze();
    for (int claims = 0; claims < 200; ++claims)
        for (const Claimed& claimed : serve(8)) ++got[claimed.workflow];
    int served = 0;
    int place = 0;
    for (const auto& [workflow, jobs] : got) served += place++ >= 200 && jobs > 0 ? 1 : 0;
    fmt::print("of the last 100 of 300 workflows {} had a turn among 1600\n", served);
    EXPECT_GE(served, 90);
}

/// While runs last, a workflow that has more under way waits for those that have less.
TEST_F(FairnessTest, WhatIsUnderWayCounts) {
    const TenantId one = tenant();
    flood(one, "first", 100, "2 minutes");
    auto first = loop_.run_until_done(queue_.claim(worker_, 10, 60s, rt::Deadline::in(60s)));
    ASSERT_EQ(first.value_or(std::vector<Claimed>{}).size(), 10u);
    const WorkflowId second = flood(one, "second", 100, "1 second");
    auto next = loop_.run_until_done(queue_.claim(worker_, 10, 60s, rt::Deadline::in(60s)));
    ASSERT_TRUE(next) << next.error().detail;
    ASSERT_EQ(next->size(), 10u);
    for (const Claimed& claimed : *next) EXPECT_EQ(claimed.workflow, second);
}

}  // namespace
}  // namespace weft::store::queue
