#include "core/trigger/listen.h"
#include "data/worker/detail/test_other_postgres.h"

namespace weft::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ListensTest : public OtherPostgresTest {
  protected:
    void SetUp() override {
        options_.poller.listen_lease = 8s;
        OtherPostgresTest::SetUp();
    }
    TriggerId listen(const std::string& config, const std::string& secret = "reader-secret") {
        auto settings = trigger::parse_listen(*parse_json(config));
        EXPECT_TRUE(settings) << settings.error().user << settings.error().field;
        const Json compiled = login_at(url(), "shop_reader", secret);
        return add_trigger("notify", trigger::to_json(*settings), compiled, true);
    }
    bool listens(TriggerId id) {
        return eventually([&] { return of(id, "checked_at is not null") == "true"; }, 30s);
    }
    bool notify(const std::string& channel, const std::string& payload) {
        return other_->exec("notify " + channel + ", '" + payload + "'");
    }
    /// Connections of ours there.
    bool holds(int count) {
        return other_->exec(
            "do $$ begin if (select count(*) from pg_stat_activity where usename = 'shop_reader') <> " +
            std::to_string(count) + " then raise 'others'; end if; end $$"
        );
    }
    std::string runs() {
        return database().scalar(
            "select count(*) from weft.workflow_run where tenant_id = $1::uuid", {tenant_.text()}
        );
    }
    bool ran(int count) {
        return eventually([&] { return runs() == std::to_string(count); }, 30s);
    }
    std::string misses(const std::string& reason) {
        return database().scalar(
            "select coalesce(sum(events), 0) from weft.trigger_miss where reason = $1", {reason}
        );
    }
};

TEST_F(ListensTest, EachNotificationBeginsARunWhoeverElseWouldListen) {
    start_worker();
    auto other = std::move(worker_);
    start_worker();
    const TriggerId id = listen(
        R"({"connection":"db","channel":"The \"orders","filter":{"path":"input.payload","is":"not-equal","value":"leave out"}})"
    );
    ASSERT_TRUE(listens(id));
    const std::string channel = "\"The \"\"orders\"";
    EXPECT_TRUE(notify(channel, R"({"id": 1.50})"));
    EXPECT_TRUE(notify(channel, "text"));
    EXPECT_TRUE(notify("orders", "of another"));
    EXPECT_TRUE(notify(channel, "leave out"));
    EXPECT_TRUE(notify(channel, ""));
    ASSERT_TRUE(ran(3));
    EXPECT_THAT(
        inputs(),
        UnorderedElementsAre(
            R"({"channel":"The \"orders","payload":{"id":1.50}})",
            R"({"channel":"The \"orders","payload":"text"})",
            R"({"channel":"The \"orders","payload":""})"
        )
    );
    EXPECT_TRUE(holds(1)) << "two workers, one connection";
    EXPECT_TRUE(other_->exec("select pg_notify('The \"orders', n::text) from generate_series(1, 900) n"));
    ASSERT_TRUE(ran(903));
    // Longer than a lease: it is renewed.
    const std::string epoch = of(id, "epoch");
    wait(rt::sleep_for(options_.poller.listen_lease + 2s, soon()));
    EXPECT_EQ(of(id, "epoch"), epoch);
    EXPECT_TRUE(holds(1));
    EXPECT_EQ(misses("gap"), "0");
    EXPECT_EQ(misses("filtered"), "1");

    wait(other->stop());
    stop_worker();
    EXPECT_TRUE(holds(0));
    EXPECT_EQ(of(id, "lease_until is null"), "true") << "given back";
    start_worker();
    ASSERT_TRUE(eventually([&] { return misses("gap") == "1"; }, 30s));
    EXPECT_TRUE(notify(channel, "after"));
    ASSERT_TRUE(ran(904));
}

TEST_F(ListensTest, ALostConnectionIsOpenedAgainAndTheGapIsSaid) {
    start_worker();
    const TriggerId id = listen(R"({"connection":"db","channel":"orders"})");
    ASSERT_TRUE(listens(id));
    EXPECT_EQ(misses("gap"), "0") << "the first time nobody was meant to listen before";
    EXPECT_TRUE(
        other_->exec("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'shop_reader'")
    );
    ASSERT_TRUE(eventually([&] { return misses("gap") == "1"; }, 30s));
    EXPECT_EQ(misses("failed"), "1");
    EXPECT_THAT(
        database().scalar("select detail from weft.trigger_miss where reason = 'gap'"),
        HasSubstr("what was sent meanwhile is lost")
    );
    EXPECT_TRUE(notify("orders", "7"));
    ASSERT_TRUE(ran(1));
    EXPECT_THAT(inputs(), ElementsAre(R"({"channel":"orders","payload":7})"));
}

/// The worker that held it has died: its lease has to lapse.
TEST_F(ListensTest, AfterACrashAnotherWorkerTakesOver) {
    start_worker();  // makes the tenant's keys
    ASSERT_TRUE(eventually([&] {
        return bool(wait(store::vault::find_public_key(store::Db(*api_pool_, tenant_), soon())));
    }));
    stop_worker();
    const TriggerId id = listen(R"({"connection":"db","channel":"orders"})");
    database().exec(
        "update weft.trigger_poll set lease_until = now() + interval '2 seconds', checked_at = now(), "
        "heard_until = '2026-01-02 03:04:05+00'"
    );
    start_worker();
    ASSERT_TRUE(eventually([&] { return misses("gap") == "1"; }, 30s));
    EXPECT_EQ(of(id, "epoch"), "1");
    EXPECT_THAT(
        database().scalar("select detail from weft.trigger_miss where reason = 'gap'"),
        HasSubstr("from 2026-01-02T03:04:05.000Z to ")
    );
}

TEST_F(ListensTest, SwitchedOffOrWithOtherCredentialsTheConnectionIsClosed) {
    start_worker();
    const TriggerId id = listen(R"({"connection":"db","channel":"orders"})");
    ASSERT_TRUE(listens(id));
    const std::string epoch = of(id, "epoch");
    const std::string connection =
        database().scalar("select id from weft.connection where tenant_id = $1::uuid", {tenant_.text()});
    database().exec("notify weft_connection, '" + connection + "'");
    ASSERT_TRUE(eventually(
        [&] { return of(id, "epoch") != epoch && of(id, "lease_until is not null") == "true"; }, 30s
    )) << "in again, by what the credentials are now";
    database().exec("update weft.trigger set state = 'inactive'; update weft.trigger_poll set due_at = null");
    ASSERT_TRUE(eventually([&] { return holds(0) && of(id, "lease_until is null") == "true"; }, 30s));
    EXPECT_TRUE(notify("orders", "7"));
    EXPECT_EQ(runs(), "0");
}

TEST_F(ListensTest, WhatCannotBeListenedToIsSaid) {
    start_worker();
    const TriggerId id = listen(R"({"connection":"db","channel":"orders"})", "wrong");
    ASSERT_TRUE(eventually([&] { return of(id, "problem is not null") == "true"; }, 30s));
    EXPECT_THAT(of(id, "problem"), HasSubstr("does not take this name and password"));
    EXPECT_EQ(
        database().scalar(
            "select weft.trigger_setup(t.*) from weft.trigger t where id = $1::uuid", {id.text()}
        ),
        "failed"
    );
    EXPECT_THAT(inputs(), IsEmpty());
}

/// Somebody who builds wants to see one: of an inactive trigger, too, and nothing runs.
TEST_F(ListensTest, ASampleIsTheNextNotification) {
    start_worker();
    const TriggerId id = listen(R"({"connection":"db","channel":"orders"})");
    ASSERT_TRUE(listens(id));
    database().exec(
        "update weft.trigger set state = 'inactive'; "
        "insert into weft.trigger_sample (tenant_id, trigger_id, listen_until) select tenant_id, id, now() + "
        "interval '1 minute' from weft.trigger; "
        "update weft.trigger_poll set due_at = now(), lease_until = null, epoch = epoch + 10, checked_at = "
        "null; notify weft_trigger"
    );
    ASSERT_TRUE(listens(id));
    EXPECT_TRUE(notify("orders", "{}"));
    ASSERT_TRUE(eventually(
        [&] { return database().scalar("select count(captured_at) from weft.trigger_sample") == "1"; }, 30s
    ));
    ASSERT_TRUE(eventually([&] { return of(id, "due_at is null") == "true" && holds(0); }, 30s));
    EXPECT_EQ(runs(), "0");
}

}  // namespace
}  // namespace weft::worker
