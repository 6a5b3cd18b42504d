#include "platform/pg/migrate.h"
#include "support/pg.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <thread>

namespace weft::pg {
namespace {

/// An empty database beside the migrated ones.
class MigrateTest : public testing::Test {
  protected:
    MigrateTest() {
        server_.exec("drop database if exists weft_fresh");
        server_.exec("create database weft_fresh");
        url_ = test::with(server_.superuser_url(), "weft_fresh");
    }
    ~MigrateTest() override { server_.exec("drop database if exists weft_fresh with (force)"); }
    std::string state(const std::string& sql) { return server_.sqlstate_of(url_, sql); }

    test::TestDatabase server_;
    std::string url_;
};

TEST_F(MigrateTest, BringsAnEmptyDatabaseUpOnceAndThenHasNothingToDo) {
    auto first = migrate({.url = url_});
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(*first, static_cast<int>(schema_files().migrations.size()));
    EXPECT_EQ(state("select * from weft.job"), "00000");
    auto second = migrate({.url = url_});
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_EQ(*second, 0);
}

TEST_F(MigrateTest, ManyProcessesMayTryAtOnce) {
    std::vector<std::thread> threads;
    std::vector<Result<int>> done(4);
    for (auto& mine : done)
        threads.emplace_back([&] { mine = migrate({.url = url_, .api_password = "weft-test"}); });
    for (auto& thread : threads) thread.join();
    int total = 0;
    for (auto& mine : done) {
        ASSERT_TRUE(mine) << mine.error().detail;
        total += *mine;
    }
    EXPECT_EQ(total, static_cast<int>(schema_files().migrations.size()));
}

TEST_F(MigrateTest, AnotherDatabasesMigrationMayChangeARoleMeanwhile) {
    std::unique_ptr<PGconn, decltype(&PQfinish)> other(
        PQconnectdb(server_.superuser_url().c_str()), &PQfinish
    );
    auto exec = [&](const char* sql) { PQclear(PQexec(other.get(), sql)); };
    exec("begin");
    exec("alter role weft_api connection limit -1");
    Result<int> done;
    std::thread mine([&] { done = migrate({.url = url_, .api_password = "weft-test"}); });
    const std::string waits =
        "select count(*) from pg_stat_activity, pg_sleep(0.01) "
        "where wait_event_type = 'Lock' and query like 'alter role weft_api%'";
    int looks = 0;
    while (server_.scalar(waits) == "0" && ++looks < 2'000) {
    }
    exec("commit");
    mine.join();
    EXPECT_TRUE(done) << done.error().detail;
}

TEST_F(MigrateTest, RefusesADatabaseThatIsNewerOrWasMadeOtherwise) {
    ASSERT_TRUE(migrate({.url = url_}));
    ASSERT_EQ(state("update weft_meta.migration set checksum = 'other' where number = 2"), "00000");
    auto edited = migrate({.url = url_});
    ASSERT_FALSE(edited);
    EXPECT_TRUE(edited.error().user.contains("V0002__")) << edited.error().user;
    ASSERT_EQ(state("insert into weft_meta.migration values (9999, 'V9999__later.sql', '')"), "00000");
    auto newer = migrate({.url = url_});
    ASSERT_FALSE(newer);
    EXPECT_TRUE(newer.error().user.contains("newer")) << newer.error().user;
}

TEST_F(MigrateTest, NeedsNoSuperuser) {
    server_.exec(
        "do $$ begin if not exists (select from pg_roles where rolname = 'weft_test_dba') then "
        "create role weft_test_dba login createrole password 'weft-test'; end if; end $$"
    );
    server_.exec("alter database weft_fresh owner to weft_test_dba");
    auto done = migrate({.url = test::with(url_, "weft_fresh", "weft_test_dba", "weft-test")});
    EXPECT_TRUE(done) << done.error().detail;
}

TEST_F(MigrateTest, NamesWhatFailed) {
    ASSERT_EQ(state("create schema weft"), "00000");
    auto done = migrate({.url = url_});
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().detail.contains("V0001__")) << done.error().detail;
    EXPECT_EQ(state("select * from weft_meta.migration"), "42P01") << "nothing is kept";
}

}  // namespace
}  // namespace weft::pg
