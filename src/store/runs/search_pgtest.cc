#include "platform/rt/clock.h"
#include "store/runs/runs.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

namespace weft::store::runs {
namespace {

using runstate::FailureKind;
using runstate::RunStatus;

class NoKeys final : public DataKeys {
  public:
    rt::Task<Result<Key>> newest(TenantId, rt::Deadline) override {
        co_return fail(Error::not_found("none"));
    }
    rt::Task<Result<Key>> find(TenantId, TenantKeyId, rt::Deadline) override {
        co_return fail(Error::not_found("none"));
    }
};

/// Two hours of runs, one each `seconds`, of every kind that there is; the id's time is the creation.
constexpr std::string_view kMake = R"(
insert into weft.workflow_run (
    tenant_id, id, workflow_id, workflow_version_id, trigger_id, rerun_of, cause, parent_run_id, state,
    failure_kind, error, created_at, started_at, finished_at, canceled_by_name, cancel_reason
)
select
    $1::uuid, s.id, case when n % 3 = 0 then $3::uuid else $2::uuid end,
    case when n % 3 = 0 then $5::uuid when n % 2 = 0 then $4::uuid else $6::uuid end,
    case when n % 5 in (0, 1) then ('01900000-0000-7000-8000-00000000000' || n % 2)::uuid end,
    case when n % 5 = 2 then $2::uuid end, case when n % 5 = 3 then 'child' end,
    case when n % 5 = 3 then $7::uuid end,
    s.state,
    case s.state when 'failed' then (array['workflow', 'provider', 'limit', 'platform'])[1 + n / 8 % 4] end,
    case s.state when 'failed' then jsonb_build_object(
        'message', case when n % 16 = 1 then 'It TIMED out' else 'No, 100% wrong_' end
    ) end,
    s.at, case when s.state <> 'queued' then s.at + interval '2 s' end,
    case when s.state in ('success', 'failed', 'canceled')
        then s.at + interval '2 s' + n % 7 * interval '100 ms' end,
    case when s.state = 'canceled' and n % 2 = 0 then 'Grace' end,
    case when s.state = 'canceled' and n % 2 = 1 then 'R' end
from (
    select
        n, at,
        (array['success', 'failed', 'canceled', 'success', 'queued', 'running', 'waiting', 'success'])[
            1 + n % 8
        ]
            as state,
        (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000'
            || lpad(to_hex(n), 12, '0'))::uuid as id
    from (
        select n, '2026-05-01 10:00:00+00'::timestamptz + n * interval '10 s' as at
        from generate_series(0, 699) n
    ) t
) s;
)";

class SearchTest : public testing::Test {
  protected:
    SearchTest() : pool(loop, {.url = database.api_url(), .connections_max = 2}) {
        folder = (std::filesystem::temp_directory_path() / "weft-search-XXXXXX").string();
        EXPECT_NE(mkdtemp(folder.data()), nullptr);
        blobs = *blob::open_directory(folder);
        codec = std::make_unique<PayloadCodec>(keys, *blobs, clock, rng);
        tenant = database.create_tenant();
        first = database.create_workflow(tenant, "first");
        second = database.create_workflow(tenant, "second");
        other = RunId::make(clock.now(), rng);
        trigger = *TriggerId::parse("01900000-0000-7000-8000-000000000000");
    }
    ~SearchTest() override {
        loop.run_until_done(pool.close());
        std::filesystem::remove_all(folder);
    }
    void fill(TenantId of) {
        std::string text(kMake);
        const auto put = [&](const std::string& name, const std::string& value) {
            for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;)
                text.replace(at, name.size(), "'" + value + "'");
        };
        put("$1", of.text());
        put("$2", first.id.text());
        put("$3", second.id.text());
        put("$4", first.version.text());
        put("$5", second.version.text());
        put("$6", of.text());  // some other version
        put("$7", other.text());
        database.exec(text);
        const std::string runs =
            " from weft.workflow_run r cross join lateral (select (right(r.id::text, 12))::text as t) x "
            "where r.tenant_id = '" +
            of.text() + "'";
        database.exec(
            "insert into weft.run_mark (tenant_id, name, value, run_id) "
            "select r.tenant_id, 'order_id', left(md5(r.id::text), 3), r.id" +
            runs
        );
        database.exec(
            "insert into weft.run_mark (tenant_id, name, value, run_id) "
            "select r.tenant_id, 'tag', 'eu', r.id" +
            runs + " and md5(r.id::text) < '4'"
        );
        database.exec(
            "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) select r.tenant_id, "
            "r.id, "
            "r.workflow_id, r.workflow_version_id" +
            runs + " and r.finished_at is null"
        );
    }

    template <class T>
    T wait(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }
    RunPage look(RunFilter filter) {
        rt::Budget room(loop, 1 << 20);
        Runs runs(pool, *codec, room);
        auto page = wait(runs.list(tenant, std::move(filter), rt::Deadline::in(20s)));
        EXPECT_TRUE(page) << page.error().user << page.error().detail;
        return page ? std::move(*page) : RunPage{};
    }
    /// All pages: ids, each once, newest first.
    std::string walk(RunFilter filter) {
        std::string out;
        std::optional<RunId> last;
        for (int pages = 0; pages < 200; ++pages) {
            RunPage page = look(filter);
            EXPECT_LE(page.items.size(), static_cast<std::size_t>(filter.limit));
            for (const auto& run : page.items) {
                EXPECT_TRUE(!last || run.id < *last);
                last = run.id;
                out += run.id.text() + "\n";
            }
            if (!page.next) return out;
            EXPECT_TRUE(!filter.before || *page.next < *filter.before);
            filter.before = page.next;
        }
        ADD_FAILURE() << "it does not end";
        return out;
    }
    std::string oracle(const std::string& condition) {
        return database.scalar(
            "select coalesce(string_agg(r.id::text || chr(10), '' order by r.id desc), '') from "
            "weft.workflow_run r "
            "where r.tenant_id = $1::uuid and (" +
                condition + ")",
            {tenant.text()}
        );
    }

    rt::SystemClock clock;
    SystemRng rng;
    rt::Loop loop;
    test::TestDatabase database;
    pg::Pool pool;
    NoKeys keys;
    std::string folder;
    std::unique_ptr<blob::Store> blobs;
    std::unique_ptr<PayloadCodec> codec;
    TenantId tenant;
    test::TestDatabase::Workflow first, second;
    RunId other;
    TriggerId trigger;
};

/// "10:30" of the day of kMake.
Instant at(std::string_view minute) {
    constexpr Instant kTen{std::chrono::seconds(1'777'629'600)};
    const auto number = [&](std::size_t i) { return (minute[i] - '0') * 10 + minute[i + 1] - '0'; };
    return kTen + std::chrono::hours(number(0) - 10) + std::chrono::minutes(number(3));
}

TEST_F(SearchTest, WhateverIsAskedAllRunsThatFitAreFoundOnce) {
    fill(tenant);
    fill(database.create_tenant("Other"));  // never seen
    const std::string of_first = "r.workflow_id = '" + first.id.text() + "'";
    struct Case {
        RunFilter filter;
        std::string condition;
    };
    const auto failed = RunStatus::kFailed;
    const std::vector<Case> cases = {
        {{}, "true"},
        {{.states = {RunStatus::kSuccess}}, "state = 'success'"},
        {{.states = {failed}}, "state = 'failed'"},
        {{.states = {failed}, .workflow = first.id}, "state = 'failed' and " + of_first},
        {{.states = {RunStatus::kCanceled}}, "state = 'canceled'"},
        {{.states = {RunStatus::kCanceled, failed}}, "state in ('canceled', 'failed')"},
        {{.states = {RunStatus::kWaiting, RunStatus::kQueued}}, "state in ('waiting', 'queued')"},
        {{.states = {RunStatus::kRunning}, .workflow = first.id}, "state = 'running' and " + of_first},
        {{.states = {RunStatus::kRunning, failed}}, "state in ('running', 'failed')"},
        {{.workflow = first.id}, of_first},
        {{.workflow = first.id, .version = 1}, "workflow_version_id = '" + first.version.text() + "'"},
        {{.workflow = first.id, .version = 7}, "false"},
        {{.parent = other}, "parent_run_id is not null"},
        {{.states = {failed}, .parent = other}, "parent_run_id is not null and state = 'failed'"},
        {{.trigger = trigger}, "trigger_id = '" + trigger.text() + "'"},
        {{.states = {failed}, .trigger = trigger},
         "state = 'failed' and trigger_id = '" + trigger.text() + "'"},
        {{.begun_by = Beginning::kManual}, "rerun_of is null and cause is null and trigger_id is null"},
        {{.begun_by = Beginning::kRerun}, "rerun_of is not null"},
        {{.workflow = first.id, .begun_by = Beginning::kChild}, "cause = 'child' and " + of_first},
        {{.begun_by = Beginning::kHandler}, "false"},
        {{.begun_by = Beginning::kSchedule}, "false"},
        {{.failure = FailureKind::kLimit}, "failure_kind = 'limit'"},
        {{.workflow = first.id, .failure = FailureKind::kProvider},
         "failure_kind = 'provider' and " + of_first},
        {{.error = "timed"}, "error ->> 'message' = 'It TIMED out'"},
        {{.error = "100% WRONG_"}, "error ->> 'message' = 'No, 100% wrong_'"},
        {{.error = "%"}, "error ->> 'message' = 'No, 100% wrong_'"},
        {{.created_from = at("10:30"), .created_to = at("11:00")},
         "created_at between '2026-05-01 10:30Z' and '2026-05-01 11:00Z'"},
        {{.started_from = at("10:30"), .started_to = at("11:00")},
         "started_at between '2026-05-01 10:30Z' and '2026-05-01 11:00Z'"},
        {{.finished_from = at("10:30"), .finished_to = at("11:00")},
         "finished_at between '2026-05-01 10:30Z' and '2026-05-01 11:00Z'"},
        {{.duration_min = Millis(400)}, "finished_at - started_at >= interval '400 ms'"},
        {{.duration_min = Millis(100), .duration_max = Millis(300)},
         "finished_at - started_at between interval '100 ms' and interval '300 ms'"},
        {{.tag = "eu"}, "md5(r.id::text) < '4'"},
        {{.tag = "us"}, "false"},
        {{.states = {failed}, .workflow = first.id, .tag = "eu"},
         "state = 'failed' and md5(r.id::text) < '4' and " + of_first},
        {{.mark = Mark{"order_id", "abc"}}, "md5(r.id::text) like 'abc%'"},
        {{.mark = Mark{"order_id", "a"}}, "false"},
        {{.mark = Mark{"order_id", "a"}, .is_beginning = true}, "md5(r.id::text) like 'a%'"},
        {{.tag = "eu", .mark = Mark{"order_id", "1"}, .is_beginning = true}, "md5(r.id::text) like '1%'"},
        {{.tag = "eu", .mark = Mark{"order_id", "a"}, .is_beginning = true}, "false"},
        {{.states = {failed}, .mark = Mark{"order_id", "2"}, .is_beginning = true},
         "md5(r.id::text) like '2%' and state = 'failed'"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.condition);
        RunFilter filter = one.filter;
        filter.limit = 7;
        EXPECT_EQ(walk(filter), oracle(one.condition));
    }
}

TEST_F(SearchTest, AKindOfTriggerIsFoundByItsTriggers) {
    fill(tenant);
    database.exec(
        "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, state, config) select '" +
        tenant.text() + "', '" + trigger.text() + "', '" + first.id.text() +
        "', 'schedule', 'T', 'active', '{}'"
    );
    const std::string condition = "trigger_id = '" + trigger.text() + "'";
    EXPECT_EQ(walk({.begun_by = Beginning::kSchedule}), oracle(condition));
    EXPECT_EQ(walk({.workflow = second.id, .begun_by = Beginning::kSchedule}), "")
        << "it is not of that workflow";
    EXPECT_EQ(walk({.trigger = trigger, .begun_by = Beginning::kSchedule}), oracle(condition));
    EXPECT_EQ(walk({.trigger = trigger, .begun_by = Beginning::kWebhook}), "");
}

/// An id is made some time before its row is.
TEST_F(SearchTest, CreationIsThatOfTheRow) {
    fill(tenant);
    // Past the trigger that keeps ended runs as they are.
    database.exec(
        "set session_replication_role = replica; "
        "update weft.workflow_run set created_at = created_at + interval '20 seconds'; "
        "reset session_replication_role"
    );
    for (const RunFilter& filter :
         {RunFilter{.created_from = at("10:30")}, RunFilter{.created_to = at("10:30")}}) {
        const std::string_view sign = filter.created_from ? ">=" : "<=";
        EXPECT_EQ(walk(filter), oracle("created_at " + std::string(sign) + " '2026-05-01 10:30Z'")) << sign;
    }
}

TEST_F(SearchTest, ALookEndsAfterAFixedNumberOfCandidatesAndTellsWhereToGoOn) {
    database.exec(
        "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id, trigger_id, "
        "created_at, "
        "state, finished_at, started_at) "
        "select '" +
        tenant.text() +
        "', (lpad(to_hex(1777633200000 + n), 12, '0') || '700080' || lpad(to_hex(n), 14, '0'))::uuid, '" +
        first.id.text() + "', '" + first.version.text() + "', '" + trigger.text() +
        "', now(), 'success', now(), "
        "case when n = 100 then now() - interval '1 hour' else now() end from generate_series(1, 6000) n"
    );
    const RunFilter slow{.workflow = first.id, .duration_min = Millis(1'000)};
    const RunPage page = look(slow);
    EXPECT_TRUE(page.items.empty());
    ASSERT_TRUE(page.next);
    EXPECT_EQ(page.next->text().substr(24), "0000000003e9") << "5,000 below 6,000";
    RunFilter further = slow;
    further.before = page.next;
    const RunPage rest = look(further);
    ASSERT_EQ(rest.items.size(), 1u);
    EXPECT_FALSE(rest.next);
    // What a filter knows nothing of fits it as little as anything else.
    EXPECT_TRUE(look({.begun_by = Beginning::kChild}).next);
    EXPECT_FALSE(look({.created_to = at("09:00"), .duration_min = Millis(1'000)}).next)
        << "nothing is that old";
}

TEST_F(SearchTest, VeryManyAlikeAreWalkedInTheOrderOfRuns) {
    database.exec(
        "with made as (insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id) "
        "select '" +
        tenant.text() +
        "', (lpad(to_hex(1777633200000 + n), 12, '0') || '700080' || lpad(to_hex(n), 14, '0'))::uuid, '" +
        first.id.text() + "', '" + first.version.text() +
        "' from generate_series(1, 12000) n returning tenant_id, id) "
        "insert into weft.run_mark select m.tenant_id, 'n', 'x' || right(m.id::text, 4), m.id from made m"
    );
    RunFilter all{.mark = Mark{"n", "x"}, .is_beginning = true, .limit = 100};
    EXPECT_EQ(walk(all), oracle("true"));
    RunFilter few{.mark = Mark{"n", "x00"}, .is_beginning = true, .limit = 100};
    EXPECT_EQ(walk(few), oracle("right(r.id::text, 4) like '00%'"));
}

TEST_F(SearchTest, RunsShowWhatTheyAreFoundBy) {
    fill(tenant);
    const RunPage page = look({.tag = "eu", .limit = 1});
    ASSERT_EQ(page.items.size(), 1u);
    ASSERT_TRUE(page.items.front().marks);
    EXPECT_EQ(page.items.front().marks->find(R"([["order_id", ")"), 0u) << *page.items.front().marks;
    EXPECT_NE(page.items.front().marks->find(R"(["tag", "eu"])"), std::string::npos);
}

}  // namespace
}  // namespace weft::store::runs
