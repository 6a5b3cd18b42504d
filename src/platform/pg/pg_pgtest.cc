#include "platform/pg/detail/pipeline.h"
#include "platform/pg/pg.h"
#include "platform/rt/scope.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <signal.h>

#include <fstream>
#include <limits>

namespace weft::pg {
namespace {

using rt::Deadline;

constexpr Query kMyTenants{"test.my_tenants", "select id from tenant"};
constexpr Query kSleep{"test.sleep", "select pg_sleep($1::float8)"};
constexpr Query kAddApp{
    "test.add_app",
    "insert into app (tenant_id, id, key, name) values ($1::uuid, gen_random_uuid(), $2, 'An app')"
};
constexpr Query kCountApps{"test.count_apps", "select count(*) from app"};
constexpr Query kBroken{"test.broken", "select 1/0"};
constexpr Query kNoSuchTable{"test.no_such_table", "select * from nowhere"};
constexpr Query kListTenants{"test.list_tenants", "select id from tenant order by id"};

class PgTest : public testing::Test {
  protected:
    ~PgTest() override {
        for (auto& pool : pools_) loop_.run_until_done(pool->close());
    }
    Pool& pool(int connections = 4) {
        pools_.push_back(
            std::make_unique<Pool>(loop_, PoolOptions{.url = db_.api_url(), .connections_max = connections})
        );
        return *pools_.back();
    }
    Result<Rows> ask(Pool& pool, Principal who, Query query, Params params = {}) {
        return loop_.run_until_done(pool.query(who, query, std::move(params), Deadline::in(5s)));
    }
    Code code_of(Pool& pool, Principal who, Query query, Params params = {}) {
        auto answer = ask(pool, who, query, std::move(params));
        EXPECT_FALSE(answer);
        return answer ? Code::kStale : answer.error().code;
    }
    Params app(TenantId tenant, std::string_view key) {
        Params params;
        params.add(tenant).add(key);
        return params;
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    TenantId a_ = db_.create_tenant("A");
    TenantId b_ = db_.create_tenant("B");
    std::vector<std::unique_ptr<Pool>> pools_;
};

TEST_F(PgTest, ValuesComeBackAsTheyWent) {
    Query echo{
        "test.echo",
        "select $1::text, $2::int8, $3::bool, $4::float8, $5::timestamptz, $6::bytea, $7::uuid, $8::text"
    };
    Instant at = std::chrono::sys_days{std::chrono::year{1969} / 12 / 31} + 23h + Micros(1);
    std::string bytes("\0\\x\xff'\"", 6);
    Params params;
    params.add("ä'\"\\{},\n").add(std::numeric_limits<std::int64_t>::min()).add(true).add(0.1).add(at);
    params.add_bytes(bytes).add(a_).add_null();
    auto rows = ask(pool(), Principal::tenant(a_), echo, std::move(params));
    ASSERT_TRUE(rows) << rows.error().detail;
    EXPECT_EQ(rows->text(0, 0), "ä'\"\\{},\n");
    EXPECT_EQ(rows->integer(0, 1), std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(rows->boolean(0, 2));
    EXPECT_EQ(rows->number(0, 3), 0.1);
    EXPECT_EQ(rows->instant(0, 4), at);
    EXPECT_EQ(rows->bytes(0, 5), bytes);
    EXPECT_EQ(rows->id<TenantId>(0, 6), a_);
    EXPECT_EQ(rows->maybe_text(0, 7), std::nullopt);
}

TEST_F(PgTest, ErrorsKeepTheirKindAndNoValue) {
    Pool& one = pool(1);
    auto a = Principal::tenant(a_);
    ASSERT_TRUE(ask(one, a, kAddApp, app(a_, "shop")));
    auto again = ask(one, a, kAddApp, app(a_, "shop"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::kConflict);
    ASSERT_NE(again.error().database, nullptr);
    EXPECT_EQ(again.error().database->constraint, "app_tenant_id_key_key");
    EXPECT_EQ(code_of(one, a, kAddApp, app(a_, "Not A Key")), Code::kConflict);
    EXPECT_EQ(code_of(one, a, kAddApp, app(b_, "shop")), Code::kForbidden) << "row security";
    EXPECT_EQ(code_of(one, a, {"test.keys", "select wrapped_key from tenant_key"}), Code::kForbidden);
    EXPECT_EQ(code_of(one, a, kBroken), Code::kInternal);
    EXPECT_EQ(code_of(one, a, kNoSuchTable), Code::kUnavailable) << "the schema is another version's";
    Params zero;
    zero.add(a_).add(std::string_view("a\0b", 3));
    EXPECT_EQ(code_of(one, a, kAddApp, std::move(zero)), Code::kInvalid);
    Params invalid_utf8;
    invalid_utf8.add(a_).add("\xff");
    EXPECT_EQ(code_of(one, a, kAddApp, std::move(invalid_utf8)), Code::kInvalid);
    Params value;
    value.add("canary-value");
    auto leaked = ask(one, a, {"test.cast", "select $1::text::uuid"}, std::move(value));
    ASSERT_FALSE(leaked);
    EXPECT_FALSE(leaked.error().detail.contains("canary")) << leaked.error().detail;
    Batch late;
    late.as(a).add({"test.limit", "select set_config('statement_timeout', '20', true)"}, {});
    late.add({"test.sleep_long", "select pg_sleep(10)"}, {});
    EXPECT_EQ(loop_.run_until_done(one.run(std::move(late), Deadline::in(5s))).error().code, Code::kTimeout);
    EXPECT_EQ(one.stats().open, 1) << "no error cost the connection";
}

TEST_F(PgTest, ABatchIsAllOrNothing) {
    Pool& one = pool(1);
    Batch batch;
    batch.as(Principal::tenant(a_))
        .add(kAddApp, app(a_, "one"))
        .add(kBroken, {})
        .add(kAddApp, app(a_, "two"));
    auto done = loop_.run_until_done(one.run(std::move(batch), Deadline::in(5s)));
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().detail.starts_with("test.broken: 22012")) << done.error().detail;
    EXPECT_EQ(ask(one, Principal::tenant(a_), kCountApps)->integer(0, 0), 0);
}

TEST_F(PgTest, ABatchMaySpeakForSeveralPrincipals) {
    Pool& one = pool(1);
    Batch batch;
    batch.as(Principal::tenant(a_)).add(kMyTenants, {});
    batch.as(Principal::system(SystemRole::kAuth)).add(kListTenants, {});
    batch.as(Principal::tenant(b_)).add(kMyTenants, {}).add(kAddApp, app(b_, "mine"));
    auto done = loop_.run_until_done(one.run(std::move(batch), Deadline::in(5s)));
    ASSERT_TRUE(done) << done.error().detail;
    ASSERT_EQ(done->size(), 4u);
    EXPECT_EQ((*done)[0].id<TenantId>(0, 0), a_);
    EXPECT_EQ((*done)[1].size(), 2);
    EXPECT_EQ((*done)[2].size(), 1);
    EXPECT_EQ((*done)[2].id<TenantId>(0, 0), b_);
    EXPECT_EQ((*done)[3].affected(), 1);
}

TEST_F(PgTest, ASystemRoleHasNoTenantAndNoOtherRights) {
    Pool& one = pool(1);
    ASSERT_TRUE(ask(one, Principal::tenant(a_), kMyTenants));
    auto auth = Principal::system(SystemRole::kAuth);
    EXPECT_EQ(code_of(one, auth, kCountApps), Code::kForbidden);
    EXPECT_EQ(code_of(one, auth, {"test.tenant_of", "select current_tenant()"}), Code::kInternal);
    EXPECT_EQ(code_of(one, Principal::system(SystemRole::kDispatch), kMyTenants), Code::kForbidden)
        << "the api is not a member of weft_dispatch";
}

rt::Task<void> interleave(Pool& pool, TenantId mine, int rounds, int& wrong, int& asked, Deadline by) {
    for (int i = 0; i < rounds && !by.is_over(); ++i) {
        auto rows = co_await pool.query(Principal::tenant(mine), kMyTenants, {}, by);
        if (rows) {
            ++asked;
            if (rows->size() != 1 || rows->id<TenantId>(0, 0) != mine) ++wrong;
        }
        if (i % 7 == 0) (void)co_await pool.query(Principal::tenant(mine), kBroken, {}, by);
        if (i % 11 == 0) {
            auto tx = co_await pool.begin(Principal::tenant(mine), by);
            if (tx) (void)co_await tx->query(kMyTenants, {}, by);
        }
        if (i % 101 == 0) {
            Params params;
            params.add(1.0);
            (void)co_await pool.query(Principal::tenant(mine), kSleep, std::move(params), Deadline::in(1ms));
        }
    }
}

TEST_F(PgTest, TenantsInterleavedOnOneConnectionNeverSeeEachOther) {
    Pool& one = pool(1);
    int wrong = 0;
    int asked = 0;
    rt::Scope scope(loop_);
    scope.spawn(interleave(one, a_, 1'000, wrong, asked, scope.deadline(60s)));
    scope.spawn(interleave(one, b_, 1'000, wrong, asked, scope.deadline(60s)));
    loop_.run_until_done(scope.join());
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(asked, 2'000);
}

rt::Task<Result<std::vector<Rows>>> raw(
    std::shared_ptr<detail::Pipeline> connection, std::optional<Principal> who, Query query
) {
    if (who) CO_CHECK_OK(connection->become(*who));
    CO_CHECK_OK(connection->send(query, {}));
    CO_CHECK_OK(connection->send_sync());
    co_return co_await connection->collect(Deadline::in(5s));
}

TEST_F(PgTest, TheTenantEndsWithItsTransaction) {
    detail::ConnectOptions options{.url = db_.api_url(), .application_name = "test"};
    auto connection = *loop_.run_until_done(detail::Pipeline::open(loop_, options, Deadline::in(5s)));
    EXPECT_EQ(loop_.run_until_done(raw(connection, Principal::tenant(a_), kMyTenants))->front().size(), 1);
    auto unset = loop_.run_until_done(raw(connection, std::nullopt, kMyTenants));
    ASSERT_FALSE(unset) << "a statement without a tenant must be an error, not an empty answer";
    EXPECT_TRUE(unset.error().detail.contains("22P02")) << unset.error().detail;
    ASSERT_TRUE(loop_.run_until_done(raw(connection, Principal::system(SystemRole::kAuth), kMyTenants)));
    Query who{"test.who", "select current_user::text"};
    EXPECT_EQ(loop_.run_until_done(raw(connection, std::nullopt, who))->front().text(0, 0), "weft_api");
    // Negative control: the detector sees a tenant that was set for the session.
    Query session{"test.session", "select set_config('app.tenant_id', gen_random_uuid()::text, false)"};
    ASSERT_TRUE(loop_.run_until_done(raw(connection, std::nullopt, session)));
    EXPECT_TRUE(loop_.run_until_done(raw(connection, std::nullopt, kMyTenants)));
}

rt::Task<Result<std::int64_t>> add_two(Pool& pool, TenantId tenant, bool is_committed) {
    auto by = Deadline::in(5s);
    CO_TRY(auto tx, co_await pool.begin(Principal::tenant(tenant), by));
    for (const char* key : {"first", "second"}) {
        Params params;
        params.add(tenant).add(key);
        CO_CHECK_OK(co_await tx.query(kAddApp, std::move(params), by));
    }
    CO_TRY(auto rows, co_await tx.query(kCountApps, {}, by));
    if (is_committed) CO_CHECK_OK(co_await tx.commit(by));
    co_return rows.integer(0, 0);
}

TEST_F(PgTest, ATransactionKeepsWhatItCommitsOnly) {
    Pool& one = pool(1);
    EXPECT_EQ(loop_.run_until_done(add_two(one, a_, false)), 2);
    EXPECT_EQ(ask(one, Principal::tenant(a_), kCountApps)->integer(0, 0), 0);
    EXPECT_EQ(loop_.run_until_done(add_two(one, a_, true)), 2);
    EXPECT_EQ(ask(one, Principal::tenant(a_), kCountApps)->integer(0, 0), 2);
    EXPECT_EQ(loop_.run_until_done(add_two(one, a_, true)).error().code, Code::kConflict);
    EXPECT_EQ(ask(one, Principal::tenant(b_), kCountApps)->integer(0, 0), 0);
    EXPECT_EQ(one.stats().open, 1);
}

rt::Task<Result<void>> commit_after_error(Pool& pool, TenantId tenant) {
    auto by = Deadline::in(5s);
    CO_TRY(auto tx, co_await pool.begin(Principal::tenant(tenant), by));
    (void)co_await tx.query(kBroken, {}, by);
    co_return co_await tx.commit(by);
}

TEST_F(PgTest, AFailedTransactionCannotBeCommitted) {
    EXPECT_FALSE(loop_.run_until_done(commit_after_error(pool(1), a_)));
}

rt::Task<void> sleep_there(Pool& pool, TenantId tenant, double seconds, Code& seen, Deadline by) {
    Params params;
    params.add(seconds);
    auto done = co_await pool.query(Principal::tenant(tenant), kSleep, std::move(params), by);
    seen = done ? Code::kStale : done.error().code;
}

TEST_F(PgTest, ALateOrCancelledCallerLeavesNothingBehind) {
    Pool& one = pool(1);
    Code late{}, cancelled{};
    rt::Scope scope(loop_);
    scope.spawn(sleep_there(one, a_, 30, late, scope.deadline(50ms)));
    loop_.run_until_done(scope.join());
    EXPECT_EQ(late, Code::kTimeout);
    scope.spawn(sleep_there(one, a_, 30, cancelled, scope.forever()));
    while (one.stats().busy == 0) loop_.run_until_done(rt::yield());
    scope.cancel(rt::CancelReason::kLeaseLost);
    loop_.run_until_done(scope.join());
    EXPECT_EQ(cancelled, Code::kCancelled);
    EXPECT_TRUE(ask(one, Principal::tenant(b_), kMyTenants));
    // The server notices within client_connection_check_interval that nobody waits any more.
    auto until = Deadline::in(10s);
    const char* sleeping =
        "select count(*) from pg_stat_activity where query like '%pg_sleep(%' and state = 'active' "
        "and pid <> pg_backend_pid() and datname = current_database()";
    while (db_.scalar(sleeping) != "0" && !until.is_over()) {
        (void)loop_.run_until_done(rt::sleep_for(50ms, until));
    }
    EXPECT_EQ(db_.scalar(sleeping), "0");
}

TEST_F(PgTest, WaitersAreServedInOrderOrToldThatItIsBusy) {
    Pool& one = pool(1);
    Code first{}, second{}, impatient{};
    rt::Scope scope(loop_);
    scope.spawn(sleep_there(one, a_, 0.2, first, scope.deadline(5s)));
    scope.spawn(sleep_there(one, a_, 0.0, impatient, scope.deadline(50ms)));
    scope.spawn(sleep_there(one, a_, 0.0, second, scope.deadline(5s)));
    loop_.run_until_done(scope.join());
    EXPECT_EQ(first, Code::kStale) << "kStale stands for success here";
    EXPECT_EQ(second, Code::kStale);
    EXPECT_EQ(impatient, Code::kUnavailable);
    EXPECT_EQ(one.stats().waiting, 0);
}

TEST_F(PgTest, ABatchBeyondTheSocketBuffersDoesNotLock) {
    Batch batch;
    batch.as(Principal::tenant(a_));
    std::string big(20'000, 'x');
    for (int i = 0; i < 400; ++i) {
        Params params;
        params.add(big);
        batch.add({"test.repeat", "select repeat($1::text, 2)"}, std::move(params));
    }
    auto done = loop_.run_until_done(pool(1).run(std::move(batch), Deadline::in(20s)));
    ASSERT_TRUE(done) << done.error().detail;
    ASSERT_EQ(done->size(), 400u);
    EXPECT_EQ(done->back().text(0, 0).size(), 40'000u);
}

TEST_F(PgTest, UnnamedStatementsAreNotPrepared) {
    Pool& one = pool(1);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ask(one, Principal::tenant(a_), {"", "select id from tenant"}));
    auto count = ask(one, Principal::tenant(a_), {"", "select count(*) from pg_prepared_statements"});
    EXPECT_EQ(count->integer(0, 0), 1) << "set_config only";
    auto clash = code_of(one, Principal::tenant(a_), {"pg.become_tenant", "select 2"});
    EXPECT_EQ(clash, Code::kInternal) << "one name, one text";
}

TEST_F(PgTest, TheLoginSpeaksForItselfAndKeepsNothing) {
    Pool& one = pool(1);
    Query who{
        "test.who", "select current_user = session_user, coalesce(current_setting('app.tenant_id', true), '')"
    };
    Batch batch;
    batch.as(Principal::system(SystemRole::kAuth)).add(who, {});
    batch.as(Principal::login()).add(who, {});
    batch.as(Principal::tenant(a_)).add(who, {});
    batch.as(Principal::login()).add(who, {});
    auto rows = loop_.run_until_done(one.run(std::move(batch), Deadline::in(5s)));
    ASSERT_TRUE(rows) << rows.error().detail;
    EXPECT_FALSE(rows->at(0).boolean(0, 0));
    EXPECT_TRUE(rows->at(1).boolean(0, 0));
    EXPECT_EQ(rows->at(2).text(0, 1), a_.text());
    EXPECT_TRUE(rows->at(3).boolean(0, 0));
    EXPECT_EQ(rows->at(3).text(0, 1), "");
    auto after = ask(one, Principal::login(), who);
    ASSERT_TRUE(after);
    EXPECT_TRUE(after->boolean(0, 0));
    EXPECT_EQ(after->text(0, 1), "");
    Pool fresh(loop_, {.url = db_.api_url(), .search_path = "pg_catalog, public"});
    ASSERT_TRUE(ask(fresh, Principal::login(), {"test.path", "show search_path"}));
    EXPECT_EQ(
        ask(fresh, Principal::login(), {"test.path", "show search_path"})->text(0, 0), "pg_catalog, public"
    );
    auto count = ask(fresh, Principal::login(), {"", "select count(*) from pg_prepared_statements"});
    EXPECT_EQ(count->integer(0, 0), 1) << "no statement beside the caller's";
    loop_.run_until_done(fresh.close());
}

rt::Task<ServerError> fail_in_transaction(Pool& pool, TenantId tenant) {
    auto by = Deadline::in(5s);
    ServerError failed;
    auto transaction = co_await pool.begin(Principal::tenant(tenant), by);
    if (!transaction) std::abort();
    (void)co_await transaction->query(kBroken, {}, by, &failed);
    co_return failed;
}

TEST_F(PgTest, WhoAsksIsToldEverythingTheServerSaid) {
    Pool& one = pool(1);
    ASSERT_TRUE(ask(one, Principal::tenant(a_), kAddApp, app(a_, "shop")));
    Batch batch;
    batch.as(Principal::tenant(a_)).add(kMyTenants, {}).add(kAddApp, app(a_, "shop")).add(kCountApps, {});
    ServerError failed;
    auto done = loop_.run_until_done(one.run(std::move(batch), Deadline::in(5s), &failed));
    ASSERT_FALSE(done);
    EXPECT_EQ(failed.sqlstate, "23505");
    EXPECT_EQ(failed.statement, 1);
    EXPECT_EQ(failed.constraint, "app_tenant_id_key_key");
    EXPECT_EQ(failed.table, "app");
    EXPECT_TRUE(failed.message.contains("app_tenant_id_key_key")) << failed.message;
    db_.exec(
        "create function weft.say_all() returns int language plpgsql as $$ begin raise exception 'a message' "
        "using errcode = 'P0001', detail = 'a detail', hint = 'a hint', column = 'a_column'; end $$"
    );
    Batch loud;
    loud.as(Principal::login()).add({"test.say_all", "select weft.say_all()"}, {});
    done = loop_.run_until_done(one.run(std::move(loud), Deadline::in(5s), &failed));
    EXPECT_EQ(failed.message + ", " + failed.detail + ", " + failed.hint, "a message, a detail, a hint");
    EXPECT_EQ(failed.column, "a_column");
    EXPECT_EQ(failed.constraint, "");
    EXPECT_FALSE(done.error().detail.contains("a detail"));
    Batch wrong;
    wrong.as(Principal::tenant(a_)).add(kNoSuchTable, {});
    (void)loop_.run_until_done(one.run(std::move(wrong), Deadline::in(5s), &failed));
    EXPECT_EQ(failed.sqlstate, "42P01");
    EXPECT_EQ(failed.position, 15);
    EXPECT_EQ(failed.statement, 0);
    EXPECT_EQ(loop_.run_until_done(fail_in_transaction(one, a_)).sqlstate, "22012");
}

TEST_F(PgTest, TheLeastRecentlyUsedStatementGivesWay) {
    Pool one(loop_, {.url = db_.api_url(), .connections_max = 1, .prepared_max = 3});
    auto login = Principal::login();
    auto prepared = [&] {
        auto rows =
            ask(one,
                login,
                {"", "select string_agg(statement, ' ' order by statement) from pg_prepared_statements"});
        return rows ? std::string(rows->text(0, 0)) : rows.error().detail;
    };
    std::vector<std::string> texts;
    for (int i = 0; i < 6; ++i) texts.push_back("select/*" + std::to_string(i) + "*/1");
    for (int i : {0, 1, 2, 0, 3}) ASSERT_TRUE(ask(one, login, {texts[size_t(i)], texts[size_t(i)]}));
    EXPECT_EQ(prepared(), "select/*0*/1 select/*2*/1 select/*3*/1");
    // A failed batch neither loses nor keeps a statement for good.
    Batch batch;
    batch.as(login).add(kBroken, {}).add({texts[4], texts[4]}, {}).add({texts[5], texts[5]}, {});
    EXPECT_FALSE(loop_.run_until_done(one.run(std::move(batch), Deadline::in(5s))));
    for (int i : {4, 5, 4, 5, 0}) ASSERT_TRUE(ask(one, login, {texts[size_t(i)], texts[size_t(i)]})) << i;
    EXPECT_EQ(prepared(), "select/*0*/1 select/*4*/1 select/*5*/1");
    EXPECT_EQ(one.stats().open, 1);
    loop_.run_until_done(one.close());
}

TEST_F(PgTest, AMigratedTableCostsOneTryAndNoConnection) {
    Pool& one = pool(1);
    auto login = Principal::login();
    db_.exec("create table weft.moved (a int); grant select on weft.moved to public");
    Query star{"test.star", "select * from weft.moved"};
    ASSERT_TRUE(ask(one, login, star));
    auto pid = ask(one, login, {"", "select pg_backend_pid()"})->integer(0, 0);
    db_.exec("alter table weft.moved add b int");
    EXPECT_FALSE(ask(one, login, star));
    EXPECT_TRUE(ask(one, login, star));
    EXPECT_EQ(ask(one, login, {"", "select pg_backend_pid()"})->integer(0, 0), pid);
}

class Outage : public testing::Test {
  protected:
    test::Cluster cluster_;
    test::TestDatabase db_{cluster_};
    rt::Loop loop_;
    TenantId tenant_ = db_.create_tenant();
};

TEST_F(Outage, ThePoolOutlivesItsServer) {
    Pool pool(loop_, {.url = db_.api_url(), .connections_max = 3});
    auto ask = [&](Steady::duration patience) {
        return loop_.run_until_done(
            pool.query(Principal::tenant(tenant_), kMyTenants, {}, Deadline::in(patience))
        );
    };
    ASSERT_TRUE(ask(5s));
    cluster_.kill_server();
    auto away = ask(300ms);
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().code, Code::kUnavailable) << away.error().detail;
    EXPECT_EQ(away.error().retry, Retry::kBackoff);
    cluster_.start_server();
    auto back = ask(10s);
    EXPECT_TRUE(back) << back.error().detail;
    EXPECT_TRUE(loop_.run_until_done(pool.ping(Deadline::in(5s))));
    loop_.run_until_done(pool.close());
    EXPECT_EQ(ask(1s).error().code, Code::kUnavailable);
}

/// Stops or continues the server with all its processes: it takes connections, and answers nothing.
void signal_all(int postmaster, int signal) {
    const std::string pid = std::to_string(postmaster);
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    ::kill(postmaster, signal);
    for (int child = 0; children >> child;) ::kill(child, signal);
}

TEST_F(Outage, WhoeverAsksAServerThatIsAwayHearsSoInTime) {
    Pool pool(loop_, {.url = db_.api_url(), .connections_max = 3});
    const auto who = Principal::tenant(tenant_);
    ASSERT_TRUE(loop_.run_until_done(pool.query(who, kMyTenants, {}, Deadline::in(5s))));
    cluster_.kill_server();
    const auto start = std::chrono::steady_clock::now();
    auto away = loop_.run_until_done(pool.query(who, kMyTenants, {}, Deadline::in(30s)));
    EXPECT_EQ(away.error().code, Code::kUnavailable);
    Batch batch;
    batch.as(who).add(kMyTenants, {});
    auto shared = loop_.run_until_done(pool.shared(std::move(batch), Deadline::in(30s)));
    EXPECT_EQ(shared.error().code, Code::kUnavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 4s) << "two questions";
    loop_.run_until_done(pool.close());
}

TEST_F(Outage, APingFindsOutASilentServerForEverybody) {
    Pool pool(loop_, {.url = db_.api_url(), .connections_max = 3});
    const auto who = Principal::tenant(tenant_);
    std::vector<Error> heard;
    auto ask = [&](Steady::duration patience) -> rt::Task<void> {
        auto answer = co_await pool.query(who, kMyTenants, {}, Deadline::in(patience));
        if (!answer) heard.push_back(answer.error());
    };
    auto ask_shared = [&](Steady::duration patience) -> rt::Task<void> {
        Batch batch;
        batch.as(who).add(kMyTenants, {});
        auto answer = co_await pool.shared(std::move(batch), Deadline::in(patience));
        if (!answer) heard.push_back(answer.error());
    };
    ASSERT_TRUE(loop_.run_until_done(pool.ping(Deadline::in(5s))));
    loop_.run_until_done(ask(5s));
    loop_.run_until_done(ask_shared(5s));
    ASSERT_TRUE(heard.empty());
    const int postmaster = cluster_.postmaster_pid();
    signal_all(postmaster, SIGSTOP);
    // Control: without a ping whoever asked waits until its deadline.
    loop_.run_until_done(ask(300ms));
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].code, Code::kTimeout);
    heard.clear();
    const auto start = std::chrono::steady_clock::now();
    rt::Scope scope(loop_);
    scope.spawn(ask(30s));
    scope.spawn(ask(30s));
    scope.spawn(ask_shared(30s));
    auto ping = loop_.run_until_done(pool.ping(Deadline::in(500ms)));
    EXPECT_EQ(ping.error().code, Code::kTimeout);
    loop_.run_until_done(scope.join());
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
    ASSERT_EQ(heard.size(), 3u);
    for (const Error& error : heard) EXPECT_EQ(error.code, Code::kUnavailable) << error.detail;
    signal_all(postmaster, SIGCONT);
    heard.clear();
    auto until = Deadline::in(20s);
    while (!loop_.run_until_done(pool.ping(until.at_most(1s))) && !until.is_over()) {
    }
    loop_.run_until_done(ask(10s));
    EXPECT_TRUE(heard.empty()) << heard.front().detail;
    loop_.run_until_done(pool.close());
}

TEST_F(Outage, ListenersComeBackAndSayThatTheyMayHaveMissedSomething) {
    int connected = 0;
    std::vector<std::string> heard;
    Listener listener(
        loop_,
        db_.worker_url(),
        {"weft_job"},
        [&](std::string_view channel, std::string_view payload) {
            heard.push_back(std::string(channel) + "=" + std::string(payload));
        },
        [&] { ++connected; }
    );
    Notifier notifier(loop_, db_.api_url());
    listener.start();
    auto until = Deadline::in(20s);
    auto turn = [&](auto done) {
        while (!done() && !until.is_over()) (void)loop_.run_until_done(rt::sleep_for(5ms, until));
    };
    turn([&] { return connected == 1; });
    notifier.notify("weft_job", "");
    notifier.notify("weft_job", "");
    notifier.notify("other", "x");
    turn([&] { return !heard.empty(); });
    EXPECT_EQ(heard, std::vector<std::string>{"weft_job="});
    cluster_.kill_server();
    cluster_.start_server();
    turn([&] { return connected == 2; });
    heard.clear();
    notifier.notify("weft_job", "a");
    notifier.notify("weft_job", "b");
    turn([&] { return !heard.empty(); });
    EXPECT_EQ(heard, std::vector<std::string>{"weft_job=a\nb"});
    loop_.run_until_done(notifier.close());
    loop_.run_until_done(listener.close());
}

}  // namespace
}  // namespace weft::pg
