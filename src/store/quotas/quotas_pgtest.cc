#include "platform/rt/loop.h"
#include "store/quotas/quotas.h"
#include "store/quotas/waiting.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace weft::store::quotas {
namespace {

using ::testing::HasSubstr;

class QuotasTest : public ::testing::Test {
  protected:
    QuotasTest()
        : worker(loop, {.url = database.worker_url(), .connections_max = 2}),
          api(loop, {.url = database.api_url(), .connections_max = 2}) {}
    ~QuotasTest() override {
        loop.run_until_done(worker.close());
        loop.run_until_done(api.close());
    }
    static rt::Deadline soon() { return rt::Deadline::in(std::chrono::seconds(20)); }
    template <class T>
    T wait(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }
    std::string slug_of(TenantId tenant) { return "t" + tenant.text(); }
    void add_jobs(TenantId tenant, int count, const std::string& run_at) {
        if (!workflows.contains(tenant)) workflows[tenant] = database.create_workflow(tenant, "flow");
        const auto& flow = workflows[tenant];
        for (int i = 0; i < count; ++i) {
            const std::string ids = "'" + tenant.text() + "', '" + RunId::make(clock.now(), rng).text() +
                                    "', '" + flow.id.text() + "', '" + flow.version.text() + "'";
            database.exec(
                "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id) values (" +
                ids +
                "); insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id, run_at) "
                "values (" +
                ids + ", " + run_at + ")"
            );
        }
    }
    std::map<std::string, Quota> listed(TenantId tenant, Defaults defaults = {}) {
        std::map<std::string, Quota> out;
        auto all = wait(list(Db(api, tenant), defaults, soon()));
        EXPECT_TRUE(all) << all.error().detail;
        for (Quota& quota : *all) out[quota.name] = quota;
        return out;
    }

    test::TestDatabase database;
    rt::Loop loop;
    pg::Pool worker;
    pg::Pool api;
    rt::ManualClock clock{Instant(std::chrono::hours(500'000))};
    SystemRng rng;
    telemetry::Metrics metrics;
    TenantId mine = database.create_tenant("A");
    TenantId other = database.create_tenant("B");
    std::map<TenantId, test::TestDatabase::Workflow> workflows;
};

TEST_F(QuotasTest, TheOperatorChangesOneTenantAndGivesDefaultsBack) {
    EXPECT_EQ(listed(mine)["waiting_runs"].most, Defaults().waiting_runs);
    auto set = wait(change(
        worker, slug_of(mine), {.due_runs = 10, .running_runs = 7, .waiting_runs = 5, .weight = 3}, soon()
    ));
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(set->waiting_runs, 5);
    EXPECT_EQ(set->triggers, std::nullopt);
    auto own = listed(mine);
    EXPECT_EQ(own["due_runs"].most, 10);
    EXPECT_EQ(own["running_runs"].most, 7);
    EXPECT_EQ(own["waiting_runs"].most, 5);
    EXPECT_TRUE(own["waiting_runs"].is_own);
    EXPECT_EQ(own["weight"].most, 3);
    EXPECT_FALSE(own["triggers"].is_own);
    auto others = listed(other, {.waiting_runs = 77});
    EXPECT_EQ(others["waiting_runs"].most, 77);
    EXPECT_EQ(others["running_runs"].most, 200);
    EXPECT_EQ(others["weight"].most, 1);

    set = wait(change(worker, slug_of(mine), {.running_runs = 0, .waiting_runs = 0, .weight = 0}, soon()));
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(set->due_runs, 10) << "what is not named stays";
    own = listed(mine, {.waiting_runs = 77});
    EXPECT_EQ(own["waiting_runs"].most, 77);
    EXPECT_EQ(own["running_runs"].most, 200);
    EXPECT_FALSE(own["running_runs"].is_own);
    EXPECT_EQ(own["weight"].most, 1);
    auto nobody = wait(change(worker, "nobody", {.weight = 3}, soon()));
    ASSERT_FALSE(nobody);
    EXPECT_THAT(nobody.error().user, HasSubstr("\"nobody\""));
}

TEST_F(QuotasTest, NobodyOfATenantMayChangeIt) {
    EXPECT_EQ(
        database.sqlstate_of(
            database.api_url(),
            "select set_config('app.tenant_id', '" + mine.text() +
                "', false); update tenant_queue set waiting_max = 9"
        ),
        "42501"
    );
    EXPECT_EQ(
        database.sqlstate_of(
            database.api_url(), "set role weft_ingest; update tenant_queue set weight = 9, inflight_max = 9"
        ),
        "42501"
    );
}

TEST_F(QuotasTest, TheUseIsWhatThereIs) {
    add_jobs(mine, 3, "now() - interval '1 s'");
    add_jobs(mine, 2, "now() + interval '1 hour'");
    add_jobs(other, 9, "now() + interval '1 hour'");
    auto own = listed(mine);
    EXPECT_EQ(own["due_runs"].used, 3);
    EXPECT_EQ(own["waiting_runs"].used, 2);
    EXPECT_EQ(own["running_runs"].used, 0);
    EXPECT_EQ(own["triggers"].used, 0);
    EXPECT_EQ(own["file_bytes"].used, 0);
    EXPECT_EQ(own["weight"].used, std::nullopt);
}

TEST_F(QuotasTest, NoMoreWaitThanMayAndOthersAreNotConcerned) {
    WaitingRuns waiting(worker, clock, refusals(metrics, "waiting_runs"), {});
    ASSERT_TRUE(wait(change(worker, slug_of(mine), {.waiting_runs = 4}, soon())));
    EXPECT_TRUE(wait(waiting.admit(mine, soon())));
    add_jobs(mine, 4, "now() + interval '1 hour'");
    EXPECT_TRUE(wait(waiting.admit(mine, soon()))) << "the count is of a moment ago";
    EXPECT_TRUE(wait(waiting.admit(mine, soon())));
    EXPECT_TRUE(wait(waiting.admit(mine, soon())));
    clock.advance(std::chrono::seconds(1));  // with those let in it may be used up: counted sooner
    auto refused = wait(waiting.admit(mine, soon()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kLimit);
    EXPECT_THAT(refused.error().user, HasSubstr("waiting_runs is used up: 4 of at most 4"));
    EXPECT_THAT(metrics.expose(), HasSubstr("weft_quota_refusals_total{quota=\"waiting_runs\"} 1"));
    EXPECT_TRUE(wait(waiting.admit(other, soon())));
    database.exec("delete from weft.job");
    EXPECT_FALSE(wait(waiting.admit(mine, soon())));
    clock.advance(std::chrono::seconds(1));
    EXPECT_TRUE(wait(waiting.admit(mine, soon())));
}

TEST_F(QuotasTest, ManyThatWaitAreCountedMoreSeldom) {
    WaitingRuns waiting(
        worker, clock, refusals(metrics, "waiting_runs"), {.age_each = std::chrono::seconds(10)}
    );
    ASSERT_TRUE(wait(change(worker, slug_of(mine), {.waiting_runs = 4}, soon())));
    add_jobs(mine, 4, "now() + interval '1 hour'");
    EXPECT_FALSE(wait(waiting.admit(mine, soon())));
    database.exec("delete from weft.job");
    clock.advance(std::chrono::seconds(39));
    EXPECT_FALSE(wait(waiting.admit(mine, soon())));
    clock.advance(std::chrono::seconds(1));
    EXPECT_TRUE(wait(waiting.admit(mine, soon())));
}

TEST(Quotas, DefaultsAreRead) {
    auto read = parse_defaults({"due-runs=10", "waiting-runs=20"});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->due_runs, 10);
    EXPECT_EQ(read->waiting_runs, 20);
    EXPECT_EQ(read->triggers, Defaults().triggers);
    for (const char* wrong :
         {"", "=", "due-runs", "due-runs=", "due-runs=0", "due-runs=-1", "due-runs=1x", "runs=1"})
        EXPECT_FALSE(parse_defaults({wrong})) << wrong;
}

}  // namespace
}  // namespace weft::store::quotas
