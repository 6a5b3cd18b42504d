#include "base/random.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "store/retention/retention.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::store::retention {
namespace {

using std::chrono::hours;

class RetentionTest : public testing::Test {
  protected:
    RetentionTest() : pool(loop, {.url = database.worker_url(), .connections_max = 4}) {
        tenant = database.create_tenant();
        workflow = database.create_workflow(tenant, "flow");
    }
    ~RetentionTest() override { loop.run_until_done(pool.close()); }

    Retired step(Policy policy = {}) {
        auto out = loop.run_until_done(retire(pool, policy, rt::Deadline::in(20s)));
        EXPECT_TRUE(out) << out.error().detail;
        return out.value_or(Retired{});
    }
    /// The partitions of a day in the past, as they were made then, with one ended run.
    RunId run_of(int days_ago) {
        const std::string day = "((now() at time zone 'UTC')::date - " + std::to_string(days_ago) + ")";
        for (const char* parent : {"workflow_run", "step_run", "payload", "run_event", "execution_log"}) {
            database.exec(
                "set role weft_owner; do $$ begin execute format('create table if not exists weft.%I "
                "partition of weft.%I for values from "
                "(%L) to (%L)', '" +
                std::string(parent) + "_' || to_char(" + day + ", 'YYYYMMDD'), '" + parent +
                "', weft.day_bound(" + day + "), weft.day_bound(" + day + " + 1)); end $$; reset role"
            );
        }
        const RunId run = RunId::make(clock.now() - std::chrono::days(days_ago), rng);
        const std::string ids = "'" + tenant.text() + "', '" + run.text() + "'";
        database.exec(
            "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id, state, "
            "finished_at) values (" +
            ids + ", '" + workflow.id.text() + "', '" + workflow.version.text() +
            "', 'success', now() - interval '" + std::to_string(days_ago) +
            " days');"
            "insert into weft.step_run (tenant_id, run_id, step_id, position, state) values (" +
            ids +
            ", 'a', 0, 'success');"
            "insert into weft.payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data) values (" +
            ids + ", 'input', 1, 1, '" + run.text() +
            "', 'x');"
            "insert into weft.run_event (tenant_id, run_id, kind) values (" +
            ids +
            ", 'finished');"
            "insert into weft.execution_log (tenant_id, run_id, level, message) values (" +
            ids + ", 'info', 'x')"
        );
        return run;
    }
    /// One of that day that waits.
    RunId live_run_of(int days_ago) {
        const RunId run = run_of(days_ago);
        database.exec(
            "alter table weft.workflow_run disable trigger all;"
            "update weft.workflow_run set state = 'waiting', finished_at = null where id = '" +
            run.text() +
            "'; alter table weft.workflow_run enable trigger all;"
            "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) values ('" +
            tenant.text() + "', '" + run.text() + "', '" + workflow.id.text() + "', '" +
            workflow.version.text() + "')"
        );
        return run;
    }
    std::string rows_of(const std::string& table, RunId run) {
        return count(
            table + " where " + (table == "workflow_run" ? "id" : "run_id") + " = '" + run.text() + "'"
        );
    }
    std::string count(const std::string& what) {
        return database.scalar("select count(*) from weft." + what);
    }

    test::TestDatabase database;
    rt::Loop loop;
    rt::SystemClock clock;
    SystemRng rng;
    pg::Pool pool;
    TenantId tenant;
    test::TestDatabase::Workflow workflow;
};

TEST_F(RetentionTest, WholeDaysGoByThePolicyOfTheirKind) {
    run_of(40);
    run_of(10);
    run_of(3);
    auto retired = step();
    EXPECT_TRUE(retired.is_ours);
    EXPECT_EQ(count("workflow_run"), "2");
    EXPECT_EQ(count("step_run"), "2");
    EXPECT_EQ(count("payload"), "1");
    EXPECT_EQ(count("run_event"), "1");
    EXPECT_EQ(count("execution_log"), "1");
    EXPECT_EQ(retired.deleted["payload"], 2);
    EXPECT_EQ(retired.deleted["workflow_run"], 1);
    EXPECT_EQ(retired.oldest_run_days, 10);
    const auto today = std::chrono::floor<std::chrono::days>(clock.now().time_since_epoch()).count();
    EXPECT_EQ(retired.blobs_before, today - 3 - 1) << "values of the oldest day left may be a day older";
    EXPECT_EQ(step().deleted["payload"], 0);
}

TEST_F(RetentionTest, UnderALongPolicyNothingGoes) {  // the control of the test above
    run_of(40);
    const hours century{100 * 366 * 24};
    auto retired = step({century, century, century, century, century});
    EXPECT_EQ(count("workflow_run"), "1");
    EXPECT_EQ(count("payload"), "1");
    for (const auto& [table, number] : retired.deleted) EXPECT_EQ(number, 0) << table;
}

TEST_F(RetentionTest, ALiveRunLeavesItsDayWhichGoes) {
    const RunId live = live_run_of(40);
    run_of(40);
    run_of(39);
    const RunId newer = live_run_of(35);
    auto retired = step();
    for (const char* table : {"workflow_run", "step_run", "payload", "run_event", "execution_log"}) {
        EXPECT_EQ(rows_of(table, live), "1") << table;
        EXPECT_EQ(rows_of(table, newer), "1") << table;
        EXPECT_EQ(count(std::string(table) + "_kept"), "2") << table;
        EXPECT_EQ(count(table), "2") << "the others of those days have gone: " << table;
    }
    EXPECT_EQ(retired.deleted["workflow_run"], 3);
    EXPECT_EQ(retired.days_held, 0);
    EXPECT_LE(retired.oldest_run_days, 1) << "no day is kept for them";
    // Such a run goes on: what it writes stands beside what it has.
    database.exec(
        "insert into weft.step_run (tenant_id, run_id, step_id, position, state) values ('" + tenant.text() +
        "', '" + live.text() + "', 'b', 1, 'running')"
    );
    EXPECT_EQ(count("step_run_kept"), "3");
    EXPECT_EQ(step().deleted["workflow_run_kept"], 0) << "as long as it lives";
    EXPECT_EQ(rows_of("payload", live), "1");
}

TEST_F(RetentionTest, WhatIsKeptOfARunGoesByItsEnd) {
    const RunId run = live_run_of(2'000);
    step();
    const std::string its = " where id = '" + run.text() + "'";
    database.exec(
        "delete from weft.job; update weft.workflow_run set state = 'success', finished_at = now()" + its
    );
    step();
    EXPECT_EQ(rows_of("payload", run), "1") << "it ended just now";
    const auto ended = [&](int days_ago) {
        database.exec("alter table weft.workflow_run disable trigger all");
        database.exec(
            "update weft.workflow_run set finished_at = now() - interval '" + std::to_string(days_ago) +
            " days'" + its
        );
        database.exec("alter table weft.workflow_run enable trigger all");
        step();
    };
    ended(8);
    EXPECT_EQ(rows_of("payload", run), "0");
    EXPECT_EQ(rows_of("execution_log", run), "0");
    EXPECT_EQ(rows_of("workflow_run", run), "1");
    ended(31);
    EXPECT_EQ(rows_of("workflow_run", run), "0");
    EXPECT_EQ(rows_of("step_run", run), "0");
}

TEST_F(RetentionTest, ARunThatEndedLongAfterItsDayIsKeptFromItsEnd) {
    const RunId late = run_of(40);
    const RunId soon = run_of(40);
    database.exec("alter table weft.workflow_run disable trigger all");
    database.exec(
        "update weft.workflow_run set finished_at = now() - interval '2 days' where id = '" + late.text() +
        "'"
    );
    database.exec("alter table weft.workflow_run enable trigger all");
    step();
    EXPECT_EQ(rows_of("workflow_run", late), "1");
    EXPECT_EQ(rows_of("payload", late), "1");
    EXPECT_EQ(rows_of("workflow_run", soon), "0");
}

TEST_F(RetentionTest, ADayThatTooMuchOutlivesStaysWhole) {
    const RunId live = live_run_of(40);
    const RunId other = run_of(40);
    const RunId behind = live_run_of(39);
    run_of(38);
    database.exec(
        "insert into weft.step_run (tenant_id, run_id, step_id, iteration, position, state) select '" +
        tenant.text() + "', '" + live.text() + "', 'loop', n, 1, 'success' from generate_series(1, 20000) n"
    );
    auto retired = step();
    EXPECT_EQ(retired.days_held, 2) << "of the steps: that day, and the one behind it that somebody needs";
    EXPECT_EQ(rows_of("step_run", live), "20001");
    EXPECT_EQ(rows_of("step_run", other), "1");
    EXPECT_EQ(rows_of("step_run", behind), "1");
    EXPECT_EQ(count("step_run"), "20003") << "a day that nobody needs goes";
    EXPECT_EQ(count("payload"), "2") << "other tables do not wait for it";
    database.exec("delete from weft.step_run where iteration > 10000");
    EXPECT_EQ(step().days_held, 0);
    EXPECT_EQ(count("step_run"), "10002");
}

TEST_F(RetentionTest, WhileSomebodyReadsADayItStays) {
    const RunId live = live_run_of(40);
    constexpr pg::Query kRead{"test.read", "select count(*) from workflow_run"};
    auto other =
        loop.run_until_done(pool.begin(pg::Principal::system(pg::SystemRole::kDispatch), rt::Deadline::in(5s))
        );
    ASSERT_TRUE(other);
    ASSERT_TRUE(loop.run_until_done(other->query(kRead, pg::Params(), rt::Deadline::in(5s))));
    auto retired = step();
    EXPECT_EQ(retired.days_held, 1);
    EXPECT_EQ(retired.deleted["payload"], 1);
    EXPECT_EQ(rows_of("workflow_run", live), "1");
    EXPECT_EQ(count("workflow_run_kept"), "0");
    ASSERT_TRUE(loop.run_until_done(other->commit(rt::Deadline::in(5s))));
    EXPECT_EQ(step().days_held, 0);
    EXPECT_EQ(count("workflow_run_kept"), "1");
}

TEST_F(RetentionTest, WhatTheDefaultPartitionHasOfOldDaysIsNotLost) {
    live_run_of(40);
    const RunId stray = RunId::make(clock.now() - std::chrono::days(4'000), rng);
    database.exec(
        "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id, state) values ('" +
        tenant.text() + "', '" + stray.text() + "', '" + workflow.id.text() + "', '" +
        workflow.version.text() + "', 'waiting')"
    );
    ASSERT_EQ(count("workflow_run_default"), "1");
    EXPECT_EQ(step().days_held, 0);
    EXPECT_EQ(count("workflow_run_default"), "0");
    EXPECT_EQ(rows_of("workflow_run", stray), "1");
    database.exec("select weft.ensure_partitions(7)");
}

TEST_F(RetentionTest, SamplesGoWithTheValuesUnlessSomebodyListensForANewOne) {
    for (int days = 6; days <= 9; ++days) {
        const auto trigger = TriggerId::make(clock.now(), rng);
        const std::string ids = "'" + tenant.text() + "', '" + trigger.text() + "', ";
        const std::string listens = days == 9 ? "now() + interval '1 minute'" : "null";
        database.exec(
            "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, config) values (" + ids + "'" +
            workflow.id.text() +
            "', 'schedule', 'T', '{}');"
            "insert into weft.trigger_sample (tenant_id, trigger_id, listen_until, captured_at, size_bytes, "
            "codec, key_id, data) values (" +
            ids + listens + ", now() - interval '" + std::to_string(days) +
            " days', 1, 1, gen_random_uuid(), 'x')"
        );
    }
    EXPECT_EQ(step().deleted["trigger_sample"], 2);
    EXPECT_EQ(count("trigger_sample where captured_at < now() - interval '7 days 1 hour'"), "1");
    EXPECT_EQ(count("trigger_sample"), "2");
}

TEST_F(RetentionTest, WhatHasNoDaysGoesByItsAge) {
    const std::string id = "'" + tenant.text() + "', ";
    database.exec(
        "insert into weft.trigger_event (tenant_id, trigger_id, dedupe_key, run_id, received_at) "
        "select " +
        id +
        "gen_random_uuid(), n::text, gen_random_uuid(), now() - n * interval '1 day' "
        "from generate_series(1, 20) n;"
        "insert into weft.dead_letter (tenant_id, run_id, workflow_id, origin_run_id, error_class, reason, "
        "created_at) select " +
        id +
        "gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'crash', 'x', now() - n * interval '10 "
        "day' "
        "from generate_series(1, 5) n;"
        "insert into weft.run_wait (tenant_id, run_id, step_id, kind, state, deadline_at, ended_at) "
        "select " +
        id +
        "gen_random_uuid(), 'ask', 'callback', case n when 5 then 'open' else 'closed' end, now(), "
        "case when n < 5 then now() - n * interval '10 day' end from generate_series(1, 5) n;"
        "insert into weft.claim_link (id, token_hash, expires_at) "
        "select gen_random_uuid(), n::text::bytea, now() - n * interval '10 day' from generate_series(1, 5) n"
    );
    auto retired = step();
    EXPECT_EQ(count("trigger_event"), "6");
    EXPECT_EQ(retired.deleted["trigger_event"], 14);
    EXPECT_EQ(count("dead_letter"), "2");
    EXPECT_EQ(count("run_wait"), "3") << "two that are not old, and the open one";
    EXPECT_EQ(count("claim_link"), "2");
    EXPECT_FALSE(retired.is_more);
}

TEST_F(RetentionTest, ManyRowsTakeMoreThanOneStep) {
    database.exec(
        "insert into weft.trigger_event (tenant_id, trigger_id, dedupe_key, run_id, received_at) "
        "select '" +
        tenant.text() +
        "', gen_random_uuid(), n::text, gen_random_uuid(), now() - interval '9 day' "
        "from generate_series(1, 5001) n"
    );
    EXPECT_TRUE(step().is_more);
    EXPECT_EQ(count("trigger_event"), "1");
    EXPECT_FALSE(step().is_more);
    EXPECT_EQ(count("trigger_event"), "0");
}

TEST_F(RetentionTest, OneWorkerAtATimeDoesIt) {
    run_of(40);
    auto other =
        loop.run_until_done(pool.begin(pg::Principal::system(pg::SystemRole::kDispatch), rt::Deadline::in(5s))
        );
    ASSERT_TRUE(other);
    constexpr pg::Query kLock{"test.lock", "select pg_advisory_xact_lock(7265768)"};
    ASSERT_TRUE(loop.run_until_done(other->query(kLock, pg::Params(), rt::Deadline::in(5s))));
    EXPECT_FALSE(step().is_ours);
    EXPECT_EQ(count("workflow_run"), "1");
    ASSERT_TRUE(loop.run_until_done(other->commit(rt::Deadline::in(5s))));
    EXPECT_TRUE(step().is_ours);
}

TEST_F(RetentionTest, TodayCannotBeDroppedByAnybody) {
    for (const char* day : {"current_date", "current_date - 1", "current_date + 1"})
        EXPECT_EQ(
            database.scalar(std::string("select weft.retire_day('payload', ") + day + ", '{}', '{}', 100)"),
            "-1"
        );
    EXPECT_NE(
        database.scalar("select to_regclass('weft.payload_' || to_char(now() at time zone 'UTC', 'YYYYMMDD'))"
        ),
        ""
    );
}

TEST(RetentionPolicyTest, IsReadFromTexts) {
    auto policy = parse_policy({"runs=90d", "logs=12h"});
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->runs, hours(90 * 24));
    EXPECT_EQ(policy->logs, hours(12));
    EXPECT_EQ(policy->values, Policy{}.values);
    for (const char* wrong :
         {"", "runs", "runs=", "runs=0d", "runs=5", "runs=5dd", "audit=1d", "runs=-1d", "runs=9999999d"}) {
        EXPECT_FALSE(parse_policy({wrong})) << wrong;
    }
}

}  // namespace
}  // namespace weft::store::retention
