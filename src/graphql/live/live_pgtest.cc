#include "graphql/catalog/catalog.h"
#include "graphql/live/live.h"
#include "platform/crypto/crypto.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>

namespace weft::graphql {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kMetadata = R"({"version": 3, "sources": [{"name": "default", "kind": "postgres",
    "configuration": {}, "tables": [
    {"table": {"schema": "public", "name": "note"}, "select_permissions": [{"role": "user", "permission":
        {"columns": "*", "filter": {"tenant": {"_eq": "X-Hasura-Tenant-Id"}}}},
        {"role": "guest", "permission": {"columns": ["id"], "filter": {}, "limit": 2}}]},
    {"table": {"schema": "public", "name": "event"}}]}]})";

const Session kAdmin{.role = "admin"};

/// One loop, one engine on two tables; what subscribers hear is kept by subscriber.
class LivePg : public testing::Test {
  protected:
    LivePg() {
        EXPECT_TRUE(crypto::init());
        db_.exec(
            "create table public.note (id int primary key, tenant int not null, text text not null);"
            "create table public.event (seq int primary key);"
            "insert into public.note select n, n % 2, 'note ' || n from generate_series(1, 300) n"
        );
        make({.safety_poll = 0s});
    }
    ~LivePg() override {
        loop_.run_until_done(live_->close());
        if (pool_) loop_.run_until_done(pool_->close());
    }
    void make(LiveOptions options) {
        if (live_) loop_.run_until_done(live_->close());
        EngineOptions engine;
        engine.session_settings = {{"app.tenant", "x-hasura-tenant-id"}};
        engine.on_change = [this](const Plan& plan, const Variables& variables, const Session& session) {
            live_->publish(plan, variables, session);
        };
        engine_ = std::make_unique<Engine>(loop_, *pool_, std::move(engine));
        auto catalog =
            loop_.run_until_done(read_catalog(*pool_, pg::Principal::login(), rt::Deadline::in(10s)));
        auto metadata = metadata::parse(parse_json(kMetadata).value());
        engine_->use(build_model(std::move(catalog).value(), std::move(metadata).value(), {}, {}));
        live_ = std::make_unique<Live>(loop_, *pool_, *engine_, std::move(options));
    }

    struct Heard {
        Live::Id id = 0;
        std::vector<std::string> bodies;
        std::vector<std::string> errors;
        bool is_complete = false;
    };
    Heard& subscribe(std::string query, Session session = kAdmin, JsonObject variables = {}) {
        Heard& heard = heard_.emplace_back();
        Live::Sink sink{
            .next = [&heard](auto body) { heard.bodies.push_back(*body); },
            .error = [&heard](std::string body) { heard.errors.push_back(std::move(body)); },
            .complete = [&heard] { heard.is_complete = true; },
        };
        Request request{.query = std::move(query), .variables = std::move(variables)};
        auto id = live_->subscribe(std::move(request), std::move(session), std::move(sink));
        if (id) {
            heard.id = *id;
        } else {
            heard.errors.push_back(id.error().message);
        }
        return heard;
    }
    Heard& subscribe_note(int id) {
        return subscribe("subscription S($id: Int!) { note_by_pk(id: $id) { text } }", kAdmin, {{"id", id}});
    }
    static Session tenant(int number) {
        return {.role = "user", .variables = {{"x-hasura-tenant-id", std::to_string(number)}}};
    }
    static Change note(int id) { return {.table = {.name = "note"}, .values = {{"id", std::to_string(id)}}}; }
    static std::string answer(std::string_view text) {
        return R"({"data":{"note_by_pk":{"text":")" + std::string(text) + "\"}}}";
    }
    rt::Task<bool> wait_for(std::function<bool()> holds, Steady::duration at_most) {
        const auto by = rt::Deadline::in(at_most);
        while (!holds() && !by.is_over()) (void)co_await rt::sleep_for(2ms, by);
        co_return holds();
    }
    bool eventually(std::function<bool()> holds) {
        return loop_.run_until_done(wait_for(std::move(holds), 10s));
    }
    void pass(Steady::duration time) {
        (void)loop_.run_until_done(wait_for([] { return false; }, time));
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    std::unique_ptr<pg::Pool> pool_ = std::make_unique<pg::Pool>(
        loop_, pg::PoolOptions{.url = db_.superuser_url(), .search_path = "public"}
    );
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Live> live_;
    std::deque<Heard> heard_;
};

TEST_F(LivePg, PushesTheFirstAnswerAndThenWhatAChangeChanged) {
    Heard& heard = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 1; }));
    db_.exec("update public.note set text = 'new' where id = 1");
    live_->publish(note(1));
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 2; }));
    EXPECT_THAT(heard.bodies, ElementsAre(answer("note 1"), answer("new")));
    live_->publish(note(1));  // nothing changed: the same answer is not sent again
    pass(200ms);
    EXPECT_EQ(heard.bodies.size(), 2U);
}

TEST_F(LivePg, HearsNothingOfAChangeThatNobodyPublishes) {
    Heard& heard = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 1; }));
    db_.exec("update public.note set text = 'new' where id = 1");
    pass(300ms);
    EXPECT_EQ(heard.bodies.size(), 1U);
}

TEST_F(LivePg, NoticesWhatNobodyPublishesByTheSafetyPoll) {
    make({.safety_poll = 50ms});
    Heard& heard = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 1; }));
    db_.exec("update public.note set text = 'new' where id = 1");
    EXPECT_TRUE(eventually([&] { return heard.bodies.size() == 2; }));
}

TEST_F(LivePg, CostsNoStatementWhileIdle) {
    for (int id = 1; id <= 100; ++id) subscribe_note(id);
    ASSERT_TRUE(eventually([&] { return live_->stats().pushes == 100; }));
    const auto before = pool_->stats().statements;
    live_->publish(note(1'000));                                 // a row that nobody looks at
    live_->publish({.table = {.name = "event"}, .values = {}});  // a table that nobody looks at
    pass(500ms);
    EXPECT_EQ(pool_->stats().statements, before);
}

TEST_F(LivePg, AsksForManySubscribersInOneStatement) {
    for (int id = 1; id <= 300; ++id) subscribe_note(id);
    ASSERT_TRUE(eventually([&] { return live_->stats().pushes == 300; }));
    EXPECT_LE(live_->stats().queries, 4U);
    EXPECT_EQ(live_->stats().plans, 1U);
    pass(100ms);
    const auto before = live_->stats().queries;
    db_.exec("update public.note set text = text || '!'");
    live_->publish({.table = {.name = "note"}, .values = {}});
    ASSERT_TRUE(eventually([&] { return live_->stats().pushes == 600; }));
    EXPECT_LE(live_->stats().queries - before, 3U);
    EXPECT_EQ(heard_[299].bodies.back(), answer("note 300!"));
}

TEST_F(LivePg, SharesOneRunAmongEqualSubscribers) {
    Heard& first = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return first.bodies.size() == 1; }));
    const auto before = live_->stats().queries;
    Heard& late = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return late.bodies.size() == 1; }));
    EXPECT_EQ(late.bodies, first.bodies);
    EXPECT_EQ(live_->stats().queries, before);
    EXPECT_EQ(live_->stats().cohorts, 1U);
    live_->unsubscribe(first.id);
    EXPECT_EQ(live_->stats().cohorts, 1U);
    live_->unsubscribe(late.id);
    EXPECT_EQ(live_->stats().cohorts, 0U);
    EXPECT_EQ(live_->stats().plans, 0U);
}

TEST_F(LivePg, KeepsTenantsApart) {
    const std::string query = "subscription { note(order_by: {id: asc}, limit: 1) { id tenant text } }";
    Heard& even = subscribe(query, tenant(0));
    Heard& odd = subscribe(query, tenant(1));
    ASSERT_TRUE(eventually([&] { return even.bodies.size() == 1 && odd.bodies.size() == 1; }));
    EXPECT_THAT(even.bodies[0], HasSubstr(R"("id":2)"));
    EXPECT_THAT(odd.bodies[0], HasSubstr(R"("id":1)"));
    const auto before = live_->stats().queries;
    db_.exec("update public.note set text = 'new' where id in (1, 2)");
    live_->publish({.table = {.name = "note"}, .values = {{"tenant", "1"}}});
    ASSERT_TRUE(eventually([&] { return odd.bodies.size() == 2; }));
    pass(150ms);
    EXPECT_EQ(even.bodies.size(), 1U);  // nobody told of its row
    EXPECT_EQ(live_->stats().queries, before + 1);
}

TEST_F(LivePg, SaysWhereTheServerEndsAList) {
    const Heard& all = subscribe("subscription { note(where: {id: {_lt: 9}}) { id } }", {.role = "guest"});
    const Heard& few = subscribe("subscription { note(limit: 2) { id } }", {.role = "guest"});
    ASSERT_TRUE(eventually([&] { return all.bodies.size() == 1 && few.bodies.size() == 1; }));
    EXPECT_THAT(
        all.bodies[0],
        HasSubstr(R"("extensions":{"notes":[{"code":"limit-reached","path":["note"],"limit":2)")
    );
    EXPECT_THAT(few.bodies[0], Not(HasSubstr("extensions")));
}

TEST_F(LivePg, CoalescesFastChanges) {
    Heard& heard = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 1; }));
    pass(100ms);
    const auto before = live_->stats().queries;
    for (int i = 0; i < 50; ++i) {
        db_.exec("update public.note set text = 'n" + std::to_string(i) + "' where id = 1");
        live_->publish(note(1));
        pass(2ms);
    }
    ASSERT_TRUE(eventually([&] { return heard.bodies.back() == answer("n49"); }));
    EXPECT_LE(live_->stats().queries - before, 25U);
    EXPECT_GE(live_->stats().queries - before, 2U);
}

TEST_F(LivePg, TellsOnlyTheOneWhoseValueIsWrong) {
    const std::string query = "subscription S($w: note_bool_exp!) { note(where: $w) { id } }";
    const auto where = [](Json id) {
        return JsonObject{{"w", JsonObject{{"id", JsonObject{{"_eq", std::move(id)}}}}}};
    };
    std::vector<Heard*> good;
    for (int id = 1; id <= 5; ++id) good.push_back(&subscribe(query, kAdmin, where(id)));
    Heard& bad = subscribe(query, kAdmin, where("no number"));
    ASSERT_TRUE(eventually([&] { return bad.errors.size() == 1 && live_->stats().pushes == 5; }));
    EXPECT_THAT(bad.bodies, IsEmpty());
    for (const Heard* each : good) EXPECT_EQ(each->bodies.size(), 1U);
    EXPECT_EQ(live_->stats().subscriptions, 5U);
}

TEST_F(LivePg, PublishesWhatMutationsWrote) {
    Heard& one = subscribe_note(1);
    Heard& two = subscribe_note(2);
    ASSERT_TRUE(eventually([&] { return live_->stats().pushes == 2; }));
    const auto before = live_->stats().queries;
    Heard& wrote =
        subscribe(R"(mutation { update_note_by_pk(pk_columns: {id: 1}, _set: {text: "m"}) { id } })");
    ASSERT_TRUE(eventually([&] { return wrote.is_complete && one.bodies.size() == 2; }));
    EXPECT_EQ(one.bodies[1], answer("m"));
    EXPECT_EQ(two.bodies.size(), 1U);
    EXPECT_EQ(live_->stats().queries, before + 1);  // the other row's subscriber was not even looked at
    subscribe("mutation { delete_note_by_pk(id: 1) { id } }");
    ASSERT_TRUE(eventually([&] { return one.bodies.size() == 3; }));
    EXPECT_EQ(one.bodies[2], R"({"data":{"note_by_pk":null}})");
}

TEST_F(LivePg, GivesAStreamEveryRowOnceAndNoneBeforeAnUnfinishedOne) {
    db_.exec("insert into public.event select generate_series(1, 5)");
    Heard& heard =
        subscribe("subscription { event_stream(batch_size: 3, cursor: {initial_value: {seq: 0}}) { seq } }");
    EXPECT_TRUE(live_->is_stream(heard.id));
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 2; }));
    EXPECT_EQ(heard.bodies[0], R"({"data":{"event_stream":[{"seq" : 1}, {"seq" : 2}, {"seq" : 3}]}})");
    // A writer is not done with 6 when 7 is committed: 7 must wait.
    auto slow = loop_.run_until_done(pool_->begin(pg::Principal::login(), rt::Deadline::in(5s))).value();
    ASSERT_TRUE(loop_.run_until_done(
        slow.query({"", "insert into public.event values (6)"}, {}, rt::Deadline::in(5s))
    ));
    db_.exec("insert into public.event values (7)");
    live_->publish({.table = {.name = "event"}, .values = {}});
    pass(200ms);
    EXPECT_EQ(heard.bodies.size(), 2U);
    ASSERT_TRUE(loop_.run_until_done(slow.commit(rt::Deadline::in(5s))));
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 3; }));  // though nothing was published again
    EXPECT_EQ(heard.bodies[2], R"({"data":{"event_stream":[{"seq" : 6}, {"seq" : 7}]}})");
    const auto before = pool_->stats().statements;
    pass(300ms);
    EXPECT_EQ(pool_->stats().statements, before);
}

TEST_F(LivePg, PlansAnewWithoutRepeatingAnAnswer) {
    Heard& heard = subscribe_note(1);
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 1; }));
    engine_->use(engine_->model());
    live_->replan();
    pass(200ms);
    EXPECT_EQ(heard.bodies.size(), 1U);
    db_.exec("update public.note set text = 'new' where id = 1");
    live_->publish(note(1));
    ASSERT_TRUE(eventually([&] { return heard.bodies.size() == 2; }));
    live_->unsubscribe(heard.id);
    EXPECT_EQ(live_->stats().plans, 0U);
}

TEST_F(LivePg, RefusesMoreSubscriptionsThanItMayHave) {
    make({.safety_poll = 0s, .subscriptions_max = 2});
    subscribe_note(1);
    subscribe_note(2);
    EXPECT_THAT(subscribe_note(3).errors, ElementsAre(HasSubstr("as many subscriptions")));
}

/// What a reader of the log tells.
struct Log {
    Log(rt::Loop& loop, const std::string& url, std::vector<QualifiedName> tables) {
        ReplicationOptions options{
            .url = url, .slot = "live_test", .publication = "live_test", .tables = std::move(tables)
        };
        options.on_state = [this](bool now) { is_following = now; };
        options.on_trouble = [this](std::string what) { troubles.push_back(std::move(what)); };
        reader = std::make_unique<ReplicationReader>(
            loop,
            std::move(options),
            [this](const Change& change) { changes.push_back(change); },
            [this] { ++gaps; }
        );
        reader->start();
    }
    std::unique_ptr<ReplicationReader> reader;
    std::vector<Change> changes;
    std::vector<std::string> troubles;
    int gaps = 0;
    bool is_following = false;
};

TEST_F(LivePg, FollowsTheLog) {
    db_.exec("create table public.keyless (a int)");
    Log log(loop_, db_.superuser_url(), {{.name = "note"}, {.name = "keyless"}});
    ASSERT_TRUE(eventually([&] { return log.is_following; }));
    EXPECT_EQ(log.gaps, 1);
    EXPECT_THAT(log.troubles, ElementsAre(HasSubstr("keyless")));
    db_.exec("update public.keyless set a = 1");  // still possible: it was not published
    db_.exec("update public.note set text = 'new' where id = 7");
    ASSERT_TRUE(eventually([&] { return log.changes.size() == 1; }));
    EXPECT_EQ(log.changes[0].table.name, "note");
    EXPECT_THAT(log.changes[0].values, ElementsAre(testing::Pair("id", "7")));
    EXPECT_NE(log.changes[0].transaction, 0U);
    loop_.run_until_done(log.reader->close());
}

/// The log tells of rows only.
TEST_F(LivePg, NoticesPartitionsThatComeAndGo) {
    db_.exec(
        "create table public.measure (at int primary key, value int) partition by range (at); "
        "create table public.measure_1 partition of public.measure for values from (0) to (10); "
        "create table public.measure_2 (at int primary key, value int)"
    );
    Log log(loop_, db_.superuser_url(), {{.name = "measure"}, {.name = "note"}});
    ASSERT_TRUE(eventually([&] { return log.is_following && log.changes.size() == 1; })) << "the first sight";
    auto tells_after = [&](const std::string& statement) {
        log.changes.clear();
        db_.exec(statement);
        return eventually([&] {
            return std::ranges::any_of(log.changes, [](const Change& change) {
                return change.table.name == "measure" && change.values.empty();
            });
        });
    };
    EXPECT_TRUE(tells_after("truncate public.measure_1"));
    EXPECT_TRUE(tells_after(
        "alter table public.measure attach partition public.measure_2 for values from (10) to (20)"
    ));
    EXPECT_TRUE(tells_after("alter table public.measure detach partition public.measure_1"));
    EXPECT_TRUE(tells_after("drop table public.measure_2"));
    log.changes.clear();
    pass(1500ms);
    EXPECT_THAT(log.changes, IsEmpty()) << "nothing has changed";
    loop_.run_until_done(log.reader->close());
}

TEST_F(LivePg, SeesEveryChangeThatTheLogTellsOf) {
    std::unique_ptr<Log> log =
        std::make_unique<Log>(loop_, db_.superuser_url(), std::vector<QualifiedName>{{.name = "note"}});
    ReplicationOptions options{
        .url = db_.superuser_url(),
        .slot = "live_test_2",
        .publication = "live_test",
        .tables = {{.name = "note"}}
    };
    ReplicationReader reader(
        loop_,
        std::move(options),
        [this](const Change& change) { live_->publish(change); },
        [this] { live_->refresh_all(); }
    );
    ASSERT_TRUE(eventually([&] { return log->is_following; }));
    reader.start();
    Heard& heard = subscribe_note(1);
    for (int i = 0; i < 100; ++i) {
        const std::string text = "n" + std::to_string(i);
        db_.exec("update public.note set text = '" + text + "' where id = 1");
        ASSERT_TRUE(eventually([&] { return !heard.bodies.empty() && heard.bodies.back() == answer(text); }))
            << i;
    }
    loop_.run_until_done(reader.close());
    loop_.run_until_done(log->reader->close());
}

TEST_F(LivePg, StandsByWhileAnotherReaderHasTheSlot) {
    Log first(loop_, db_.superuser_url(), {{.name = "note"}});
    ASSERT_TRUE(eventually([&] { return first.is_following; }));
    Log second(loop_, db_.superuser_url(), {{.name = "note"}});
    pass(500ms);
    EXPECT_FALSE(second.is_following);
    EXPECT_THAT(second.troubles, IsEmpty());
    loop_.run_until_done(first.reader->close());
    first.reader.reset();
    EXPECT_TRUE(eventually([&] { return second.is_following; }));
    EXPECT_EQ(second.gaps, 1);
    loop_.run_until_done(second.reader->close());
}

TEST_F(LivePg, ReconnectsAndTellsOfTheGap) {
    Log log(loop_, db_.superuser_url(), {{.name = "note"}});
    ASSERT_TRUE(eventually([&] { return log.is_following; }));
    db_.exec("select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'walsender'");
    ASSERT_TRUE(eventually([&] { return log.gaps == 2; }));
    db_.exec("update public.note set text = 'after' where id = 7");
    EXPECT_TRUE(eventually([&] { return log.changes.size() == 1; }));
    loop_.run_until_done(log.reader->close());
}

}  // namespace
}  // namespace weft::graphql
