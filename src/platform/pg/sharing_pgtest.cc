#include "platform/pg/pg.h"
#include "platform/rt/scope.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <ctime>
#include <set>
#include <vector>

namespace weft::pg {
namespace {

using rt::Deadline;

constexpr Query kEcho{"test.echo", "select $1::int8, pg_backend_pid()"};
constexpr Query kTenant{"test.tenant", "select current_setting('app.tenant_id')"};
constexpr Query kSlow{"test.sleep", "select pg_sleep($1::float8)"};
/// Three pieces, each larger than what the server keeps back, with a pause before the next.
constexpr Query kPieces{
    "test.pieces",
    "select repeat('x', 30000) from generate_series(0, 2) n, lateral (select pg_sleep(0.15 * n)) pause"
};
constexpr Query kDivided{"test.broken", "select 1/0"};
constexpr Query kStar{"test.star", "select * from weft.moved"};

Batch echo(std::int64_t value) {
    Params params;
    params.add(value);
    Batch batch;
    batch.as(Principal::login()).add(kEcho, std::move(params));
    return batch;
}

Batch sleep(double seconds) {
    Params params;
    params.add(seconds);
    Batch batch;
    batch.as(Principal::login()).add(kSlow, std::move(params));
    return batch;
}

Batch only(Query query) {
    Batch batch;
    batch.as(Principal::login()).add(query, {});
    return batch;
}

struct Answer {
    bool is_there = false;
    Code code = Code::kStale;  // stands for success
    std::int64_t value = 0;
    std::int64_t pid = 0;
};

rt::Task<void> ask(Pool& pool, Batch batch, Deadline by, Answer& answer) {
    auto rows = co_await pool.shared(std::move(batch), by);
    answer.is_there = true;
    if (!rows) {
        answer.code = rows.error().code;
        co_return;
    }
    const Rows& last = rows->back();
    if (last.text(0, 0).empty()) co_return;
    answer.value = last.integer(0, 0);
    answer.pid = last.integer(0, 1);
}

class SharingTest : public testing::Test {
  protected:
    ~SharingTest() override { loop_.run_until_done(pool_.close()); }
    void start(Batch batch, Answer& answer, Steady::duration patience = 10s) {
        scope_.spawn(ask(pool_, std::move(batch), scope_.deadline(patience), answer));
    }
    Answer run(Batch batch) {
        Answer answer;
        start(std::move(batch), answer);
        loop_.run_until_done(scope_.join());
        return answer;
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    Pool pool_{loop_, {.url = db_.api_url(), .connections_max = 1, .prepared_max = 4}};
    rt::Scope scope_{loop_};
};

TEST_F(SharingTest, ManyCallersGetTheirOwnAnswersOverAFewConnections) {
    std::set<std::int64_t> pids;
    // The first connection may be through with all of them before the second one is open.
    for (int wave = 0; wave < 100 && pids.size() < 2; ++wave) {
        std::vector<Answer> answers(500);
        for (std::size_t i = 0; i < answers.size(); ++i)
            start(echo(static_cast<std::int64_t>(i)), answers[i]);
        loop_.run_until_done(scope_.join());
        for (std::size_t i = 0; i < answers.size(); ++i) {
            ASSERT_EQ(answers[i].code, Code::kStale);
            ASSERT_EQ(answers[i].value, static_cast<std::int64_t>(i));
            pids.insert(answers[i].pid);
        }
    }
    EXPECT_EQ(pids.size(), 2u);
    EXPECT_EQ(pool_.stats().shared_open, 2);
    EXPECT_EQ(pool_.stats().open, 0) << "the pool's own connections are for run and begin";
}

TEST_F(SharingTest, EachBatchIsATransactionOfItsOwn) {
    auto tenant = db_.create_tenant();
    auto other = db_.create_tenant();
    auto as = [&](TenantId id) {
        Batch batch;
        batch.as(Principal::tenant(id)).add(kTenant, {});
        return loop_.run_until_done(pool_.shared(std::move(batch), Deadline::in(5s)));
    };
    EXPECT_EQ(as(tenant)->front().text(0, 0), tenant.text());
    EXPECT_EQ(as(other)->front().text(0, 0), other.text());
    auto login = loop_.run_until_done(pool_.shared(only(kTenant), Deadline::in(5s)));
    EXPECT_EQ(login->front().text(0, 0), "");
}

TEST_F(SharingTest, AFailedBatchDoesNotDisturbItsNeighbours) {
    std::vector<Answer> answers(60);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < answers.size(); ++i) texts.push_back("select " + std::to_string(i) + ", 0");
    for (std::size_t i = 0; i < answers.size(); ++i) {
        Batch batch;
        batch.as(Principal::login());
        // Behind the failure each prepares a statement that its neighbour uses too.
        if (i % 3 == 0) batch.add(kDivided, {});
        auto which = i / 3;
        batch.add({texts[which], texts[which]}, {});
        start(std::move(batch), answers[i]);
    }
    loop_.run_until_done(scope_.join());
    for (std::size_t i = 0; i < answers.size(); ++i) {
        EXPECT_EQ(answers[i].code, i % 3 == 0 ? Code::kInternal : Code::kStale) << i;
        if (i % 3 != 0) EXPECT_EQ(answers[i].value, static_cast<std::int64_t>(i / 3));
    }
    ServerError failed;
    auto done = loop_.run_until_done(pool_.shared(only(kDivided), Deadline::in(5s), &failed));
    EXPECT_FALSE(done);
    EXPECT_EQ(failed.sqlstate, "22012");
    EXPECT_FALSE(loop_.run_until_done(pool_.shared(Batch(), Deadline::in(5s))));
    EXPECT_EQ(run(only({kDivided.name, "select 2"})).code, Code::kInternal) << "one name, one text";
    EXPECT_EQ(run(echo(7)).value, 7);
}

TEST_F(SharingTest, WhoLeavesEarlyLeavesTheConnectionToTheOthers) {
    auto pid = run(echo(1)).pid;
    Answer late, behind;
    start(sleep(0.3), late, 50ms);
    start(echo(2), behind);
    loop_.run_until_done(scope_.join());
    EXPECT_EQ(late.code, Code::kTimeout);
    EXPECT_EQ(behind.value, 2);
    EXPECT_EQ(behind.pid, pid);
    behind = {};
    Answer cancelled;
    rt::Scope other(loop_);
    other.spawn(ask(pool_, sleep(0.3), other.forever(), cancelled));
    start(echo(3), behind);
    loop_.run_until_done(rt::yield());
    loop_.run_until_done(rt::yield());
    other.cancel(rt::CancelReason::kPeerGone);
    loop_.run_until_done(other.join());
    EXPECT_EQ(cancelled.code, Code::kCancelled);
    EXPECT_FALSE(behind.is_there) << "still behind the sleeper";
    loop_.run_until_done(scope_.join());
    EXPECT_EQ(behind.value, 3);
    EXPECT_EQ(behind.pid, pid);
}

TEST_F(SharingTest, AQueryThatOutlivesItsCallerCostsTheConnectionAndNotTheNeighbours) {
    auto pid = run(echo(1)).pid;
    Answer late, behind;
    start(sleep(60), late, 50ms);
    start(echo(2), behind);
    loop_.run_until_done(scope_.join());
    EXPECT_EQ(late.code, Code::kTimeout);
    EXPECT_EQ(behind.value, 2);
    EXPECT_NE(behind.pid, pid);
}

TEST_F(SharingTest, ALostConnectionIsReplacedUnderItsCallers) {
    auto pid = run(echo(1)).pid;
    std::vector<Answer> answers(10);
    start(sleep(0.2), answers[0]);
    for (std::size_t i = 1; i < answers.size(); ++i) start(echo(static_cast<std::int64_t>(i)), answers[i]);
    loop_.run_until_done(rt::yield());
    db_.exec("select pg_terminate_backend(" + std::to_string(pid) + ")");
    loop_.run_until_done(scope_.join());
    for (std::size_t i = 1; i < answers.size(); ++i) {
        EXPECT_EQ(answers[i].code, Code::kStale);
        EXPECT_EQ(answers[i].value, static_cast<std::int64_t>(i));
        EXPECT_NE(answers[i].pid, pid);
    }
    EXPECT_EQ(answers[0].code, Code::kStale);
}

TEST_F(SharingTest, AnIdleConnectionThatGoesIsNoticed) {
    auto pid = run(echo(1)).pid;
    db_.exec("select pg_terminate_backend(" + std::to_string(pid) + ")");
    auto until = Deadline::in(5s);
    while (pool_.stats().shared_open != 0 && !until.is_over()) {
        (void)loop_.run_until_done(rt::sleep_for(5ms, until));
    }
    EXPECT_EQ(pool_.stats().shared_open, 0);
    EXPECT_EQ(run(echo(2)).value, 2);
}

TEST_F(SharingTest, AMigratedTableIsReadAgainAtOnce) {
    db_.exec(
        "create table weft.moved (a int, b int); insert into weft.moved values (1, 2); "
        "grant select on weft.moved to public"
    );
    EXPECT_EQ(run(only(kStar)).value, 1);
    db_.exec("alter table weft.moved add c int");
    std::vector<Answer> answers(12);
    for (auto& answer : answers) start(only(kStar), answer);
    loop_.run_until_done(scope_.join());
    for (auto& answer : answers) EXPECT_EQ(answer.value, 1);
}

TEST_F(SharingTest, StatementsFitTypesThatWereMadeAnew) {
    const std::string make =
        "create type weft.mood as enum ('calm', 'tense'); create type weft.spot as (x int); "
        "create function weft.x_of(weft.spot) returns int language sql as 'select ($1).x'";
    db_.exec(make);
    const auto ask = [&](Query query, std::string_view value) {
        Params params;
        params.add(value);
        Batch batch;
        batch.as(Principal::login());
        batch.add(query, std::move(params));
        return run(std::move(batch)).value;
    };
    const auto answers = [&] {
        return std::array{
            ask({"test.mood", "select ($1::weft.mood = 'tense')::int::int8, 0::int8"}, "tense"),
            ask({"test.moods", "select ('calm' = any($1::weft.mood[]))::int::int8, 0::int8"}, "{calm}"),
            ask({"test.spot", "select weft.x_of($1::weft.spot)::int8, 0::int8"}, "(7)")
        };
    };
    const std::array<std::int64_t, 3> right{1, 1, 7};
    EXPECT_EQ(answers(), right);
    // Other programs do so, and nobody restarts this one.
    db_.exec("drop type weft.mood; drop function weft.x_of; drop type weft.spot; " + make);
    EXPECT_EQ(answers(), right);
    EXPECT_EQ(answers(), right);
}

TEST_F(SharingTest, ABigQuestionIsWrittenAsTheServerTakesIt) {
    Batch batch;
    batch.as(Principal::login());
    std::string big(20'000, 'x');
    for (int i = 0; i < 400; ++i) {
        Params params;
        params.add(big);
        batch.add({"test.repeat", "select repeat($1::text, 2)"}, std::move(params));
    }
    Answer behind;
    start(echo(1), behind);
    auto done = loop_.run_until_done(pool_.shared(std::move(batch), Deadline::in(20s)));
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(done->back().text(0, 0).size(), 40'000u);
    loop_.run_until_done(scope_.join());
    EXPECT_EQ(behind.value, 1);
}

TEST_F(SharingTest, ClosingTellsEverybody) {
    (void)run(echo(1));
    std::vector<Answer> answers(60);
    for (auto& answer : answers) start(sleep(5), answer);
    loop_.run_until_done(rt::yield());
    loop_.run_until_done(pool_.close());
    loop_.run_until_done(scope_.join());
    for (auto& answer : answers) EXPECT_EQ(answer.code, Code::kUnavailable);
    EXPECT_EQ(run(echo(1)).code, Code::kUnavailable);
}

TEST(SharingOutage, CallersWaitForTheServerUntilTheirDeadline) {
    test::Cluster cluster;
    test::TestDatabase db(cluster);
    rt::Loop loop;
    Pool pool(loop, {.url = db.api_url()});
    auto ask = [&](Steady::duration patience) {
        return loop.run_until_done(pool.shared(echo(1), Deadline::in(patience)));
    };
    ASSERT_TRUE(ask(5s));
    cluster.kill_server();
    auto away = ask(300ms);
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().code, Code::kUnavailable) << away.error().detail;
    cluster.start_server();
    EXPECT_TRUE(ask(10s));
    loop.run_until_done(pool.close());
}

std::chrono::nanoseconds thread_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

rt::Task<void> take_pieces(Pool& pool, std::vector<std::size_t>& sizes) {
    auto rows = co_await pool.shared(only(kPieces), Deadline::in(10s));
    if (!rows) co_return;
    for (int row = 0; row < rows->back().size(); ++row) sizes.push_back(rows->back().text(row, 0).size());
}

TEST_F(SharingTest, AnAnswerInPiecesIsLookedForAndThenAwaitedAsleep) {
    (void)run(echo(1));
    std::vector<std::size_t> sizes;
    const auto before = thread_time();
    loop_.run_until_done(take_pieces(pool_, sizes));
    const auto busy = thread_time() - before;
    EXPECT_EQ(sizes, (std::vector<std::size_t>{30'000, 30'000, 30'000}));
    EXPECT_LT(busy, 150ms) << "of half a second that the server slept";
}

}  // namespace
}  // namespace weft::pg
