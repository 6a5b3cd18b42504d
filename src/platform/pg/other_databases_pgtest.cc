#include "platform/pg/pg.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::pg {
namespace {

using rt::Deadline;

/// What databases that others made may bring with them.
class OtherDatabases : public testing::Test {
  protected:
    ~OtherDatabases() override { loop_.run_until_done(pool_.close()); }
    Result<Rows> ask(Pool& pool, Query query, Params params = {}) {
        return loop_.run_until_done(pool.query(Principal::login(), query, std::move(params), Deadline::in(5s))
        );
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    Pool pool_{loop_, PoolOptions{.url = db_.api_url(), .connections_max = 1}};
};

rt::Task<Result<void>> commit_one(Pool& pool, Query query) {
    auto by = Deadline::in(5s);
    auto transaction = co_await pool.begin(Principal::login(), by);
    if (!transaction) co_return fail(std::move(transaction).error());
    CO_CHECK_OK(co_await transaction->query(query, {}, by));
    co_return co_await transaction->commit(by);
}

/// A deferred constraint speaks at COMMIT: at the end of an explicit transaction or of a batch.
TEST_F(OtherDatabases, AnErrorAtCommitIsThatErrorAndKeepsTheConnection) {
    db_.exec(
        "create table weft.parent (id int primary key); "
        "create table weft.child (id int, parent_id int constraint of_parent references weft.parent "
        "deferrable "
        "initially deferred); grant select, insert on weft.parent, weft.child to weft_api"
    );
    const Query add{"test.orphan", "insert into weft.child values (1, 99)"};
    const Query pid{"test.pid", "select pg_backend_pid()"};
    const auto before = ask(pool_, pid)->integer(0, 0);
    Batch batch;
    batch.as(Principal::login()).add(add, {});
    ServerError failed;
    auto done = loop_.run_until_done(pool_.run(std::move(batch), Deadline::in(5s), &failed));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::kConflict) << done.error().detail;
    EXPECT_EQ(failed.sqlstate, "23503");
    EXPECT_EQ(failed.constraint, "of_parent");
    auto committed = loop_.run_until_done(commit_one(pool_, add));
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, Code::kConflict) << committed.error().detail;
    EXPECT_EQ(ask(pool_, add).error().code, Code::kConflict);
    EXPECT_EQ(ask(pool_, pid)->integer(0, 0), before) << "the connection stays";
    EXPECT_EQ(ask(pool_, {"", "select count(*) from weft.child"})->integer(0, 0), 0);
}

/// Whatever the database says and the connection string asks for.
TEST_F(OtherDatabases, WhatBytesMeanIsOursToSay) {
    const std::string name = db_.scalar("select current_database()");
    db_.exec(
        "alter database " + name + " set datestyle = 'German'; alter database " + name +
        " set intervalstyle = 'sql_standard'; alter database " + name +
        " set bytea_output = 'escape'; alter database " + name +
        " set extra_float_digits = -3; alter database " + name +
        " set timezone = 'Asia/Tokyo'; alter database " + name +
        " set standard_conforming_strings = off; alter database " + name + " set client_encoding = 'LATIN1'"
    );
    Pool odd(loop_, {.url = db_.api_url() + " client_encoding=LATIN1 options='-c datestyle=SQL,DMY'"});
    const Query all{
        "test.meaning",
        R"(select timestamptz '2026-02-01 00:00:00+00', '1 day 02:00'::interval, '\xff'::bytea, 0.1::float8 + 0.2, 'é\n')"
    };
    auto rows = ask(odd, all);
    ASSERT_TRUE(rows) << rows.error().detail;
    std::string seen;
    for (int i = 0; i < 5; ++i) seen += std::string(rows->text(0, i)) + "|";
    EXPECT_EQ(seen, R"(2026-02-01 00:00:00+00|1 day 02:00:00|\xff|0.30000000000000004|é\n|)");
    loop_.run_until_done(odd.close());
}

TEST_F(OtherDatabases, AStatementTakesNoMoreParametersThanTheProtocolCanSay) {
    Params many;
    for (int i = 0; i < 65'536; ++i) many.add(true);
    auto answer = ask(pool_, {"", "select 1"}, std::move(many));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kLimit);
    EXPECT_NE(answer.error().user.find("65535"), std::string::npos) << answer.error().user;
}

}  // namespace
}  // namespace weft::pg
