#include "data/broker/detail/broker_for_test.h"

/// Circuits: what opens them, that nothing goes out meanwhile, and that one call tries.
namespace weft::broker {
namespace {

using runstate::ErrorClass;
using testing::HasSubstr;

class CircuitTest : public BrokerTest {
  protected:
    CircuitTest() {
        database.exec("update weft.connection set breaker_failures = 3");
        other_vault.emplace(pool, *master, clock, rng);
        others.push_back(&*other_vault);
        other_circuits.emplace(pool, *other_vault, clock, rng, [this](TenantId, ConnectionId id) {
            tell(id);
        });
        Deps deps{*other_vault, *egress, clock, metrics, nullptr, nullptr, nullptr, &*other_circuits};
        other_worker.emplace(deps);
    }

    void fail_calls(int count) {
        status = 500;
        for (int i = 0; i < count; ++i)
            EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kError) << i;
    }
    std::string circuit() {
        return database.scalar("select circuit from weft.connection where id = $1", {connection.text()});
    }
    void let_time_pass() {
        database.exec("update weft.connection set circuit_until = clock_timestamp() - interval '1 second'");
        tell(connection);
    }
    Response at_other(Request request) {
        Principal who{tenant, RunId(), WorkflowVersionId()};
        return loop.run_until_done(other_worker->perform(who, std::move(request), rt::Deadline::in(10s)));
    }
    rt::Task<void> keep(Broker& by, std::string path, std::vector<Response>& to) {
        Principal who{tenant, RunId(), WorkflowVersionId()};
        Response response = co_await by.perform(who, request_to(path), rt::Deadline::in(10s));
        to.push_back(std::move(response));
    }
    /// Until a request has come in.
    rt::Task<void> wait_for_requests(std::size_t count) {
        while (requests.size() < count) (void)co_await rt::sleep_for(1ms, rt::Deadline::in(10s));
    }

    std::optional<store::vault::Vault> other_vault;
    std::optional<store::vault::Circuits> other_circuits;
    std::optional<Broker> other_worker;
};

TEST_F(CircuitTest, NoCallGoesOutThroughAnOpenOne) {
    (void)at_other(request_to("/orders"));  // it has read the connection while it was closed
    fail_calls(3);
    EXPECT_EQ(circuit(), "open");
    const std::size_t sent = requests.size();
    status = 200;
    for (const Response& held : {perform(request_to("/orders")), at_other(request_to("/orders"))}) {
        EXPECT_EQ(held.outcome, Outcome::kHeld);
        EXPECT_EQ(held.error_class, ErrorClass::kCircuitOpen);
        ASSERT_TRUE(held.retry_after.has_value());
        EXPECT_GT(*held.retry_after, Millis(20'000));
        EXPECT_LE(*held.retry_after, Millis(33'000));
        EXPECT_THAT(held.message, HasSubstr("connection \"Main\" for now: 3 calls failed within 1m"));
        EXPECT_THAT(held.message, HasSubstr("The provider answered 500"));
    }
    EXPECT_EQ(requests.size(), sent);
    // Others of the tenant have circuits of their own, and so has what goes without a connection.
    Request plain = request_to("/orders");
    plain.connection.reset();
    EXPECT_EQ(perform(std::move(plain)).outcome, Outcome::kOk);
}

TEST_F(CircuitTest, OnlyWhatTellsOfTheOtherSystemOpensIt) {
    const auto is_opened_by = [&](int answer, const std::string& wish, const std::string& path) {
        status = answer;
        retry_after = wish;
        for (int i = 0; i < 4; ++i) (void)perform(request_to(path), path == "/slow" ? 50ms : 10s);
        const bool is_open = circuit() == "open";
        retry_after.clear();
        database.exec("update weft.connection set circuit = 'closed', circuit_until = null, circuit_opens = 0"
        );
        tell(connection);
        status = 200;  // what was counted is forgotten: these are more than half
        for (int i = 0; i < 12; ++i) (void)perform(request_to("/orders"));
        return is_open;
    };
    EXPECT_FALSE(is_opened_by(404, "", "/orders"));
    EXPECT_FALSE(is_opened_by(401, "", "/orders"));
    EXPECT_FALSE(is_opened_by(429, "7", "/orders"));
    EXPECT_TRUE(is_opened_by(429, "", "/orders"));
    database.exec("update weft.connection set breaker_failures = 0");
    tell(connection);
    EXPECT_FALSE(is_opened_by(503, "", "/orders")) << "switched off";
}

TEST_F(CircuitTest, TimeoutsAndRefusedConnectsOpenIt) {
    for (int i = 0; i < 2; ++i) (void)perform(request_to("/slow"), 50ms);
    EXPECT_EQ(circuit(), "closed");
    loop.run_until_done(server.stop(rt::Deadline::in(100ms)));
    EXPECT_EQ(perform(request_to("/orders")).error_class, ErrorClass::kUnavailable);
    EXPECT_EQ(circuit(), "open");
}

TEST_F(CircuitTest, AnUnfortunateFewAmongManyDoNotOpenIt) {
    fail_calls(1);
    status = 200;
    for (int i = 0; i < 6; ++i) EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
    fail_calls(4);
    EXPECT_EQ(circuit(), "closed") << "5 of 11";
    fail_calls(1);
    EXPECT_EQ(circuit(), "open") << "6 of 12";
}

TEST_F(CircuitTest, SuccessAsksTheDatabaseNothing) {
    EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
    fail_calls(1);  // so that successes are counted, too
    status = 200;
    const auto before = pool.stats().statements;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
    EXPECT_EQ(pool.stats().statements, before);
}

TEST_F(CircuitTest, OneCallOfAllWorkersTries) {
    fail_calls(3);
    let_time_pass();
    status = 200;
    requests.clear();
    std::vector<Response> answers;
    {
        rt::Scope scope(loop);
        for (int i = 0; i < 10; ++i)
            scope.spawn(keep(i % 2 == 0 ? *broker : *other_worker, "/held", answers));
        loop.run_until_done(wait_for_requests(1));
        while (answers.size() < 9) loop.run_until_done(rt::yield());
        EXPECT_EQ(circuit(), "half_open");
        EXPECT_EQ(at_other(request_to("/orders")).outcome, Outcome::kHeld);
        EXPECT_EQ(requests.size(), 1u);
        released.notify_all();
        loop.run_until_done(scope.join());
    }
    EXPECT_EQ(std::ranges::count(answers, Outcome::kHeld, &Response::outcome), 9);
    EXPECT_EQ(answers.back().outcome, Outcome::kOk);
    EXPECT_EQ(requests.size(), 1u);
    EXPECT_EQ(circuit(), "closed");
    EXPECT_EQ(at_other(request_to("/orders")).outcome, Outcome::kOk);
}

TEST_F(CircuitTest, ATryThatFailsOpensItForLonger) {
    fail_calls(3);
    for (const char* seconds : {"60", "120", "240", "480", "600", "600"}) {
        let_time_pass();
        EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kError);
        EXPECT_EQ(
            database.scalar("select circuit || ' ' || round(extract(epoch from circuit_until - "
                            "clock_timestamp())) from weft.connection"),
            std::string("open ") + seconds
        );
    }
}

TEST_F(CircuitTest, WhoTriesTooLongHasNoSay) {
    fail_calls(3);
    let_time_pass();
    std::vector<Response> answers;
    rt::Scope scope(loop);
    requests.clear();
    scope.spawn(keep(*broker, "/held", answers));  // will fail
    loop.run_until_done(wait_for_requests(1));
    let_time_pass();  // its right lapses, as if its worker had died
    status = 200;
    EXPECT_EQ(at_other(request_to("/orders")).outcome, Outcome::kOk);
    EXPECT_EQ(circuit(), "closed");
    fail_calls(3);
    let_time_pass();
    status = 500;
    scope.spawn(keep(*other_worker, "/held", answers));
    loop.run_until_done(wait_for_requests(6));
    EXPECT_EQ(circuit(), "half_open");
    const auto until = database.scalar("select circuit_until::text from weft.connection");
    // Both answers come: the first is of nobody's interest, whatever it says.
    loop.run_until_done(
        circuits->settle(tenant, connection, 1, store::vault::Health::kWell, rt::Deadline::in(5s))
    );
    EXPECT_EQ(circuit(), "half_open");
    EXPECT_EQ(database.scalar("select circuit_until::text from weft.connection"), until);
    released.notify_all();
    loop.run_until_done(scope.join());
    EXPECT_EQ(circuit(), "open");
}

TEST_F(CircuitTest, ACallThatSaysNothingLeavesItsTurn) {
    fail_calls(3);
    let_time_pass();
    egress.emplace(client, egress::Policy());  // the call is refused here
    EXPECT_EQ(perform(request_to("/orders")).kind, FailureKind::kPlatform);
    egress.emplace(client, *egress::Policy::parse({"127.0.0.1"}));
    status = 200;
    EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
    EXPECT_EQ(circuit(), "closed");
}

TEST_F(CircuitTest, ClosedByHandLetsAllGo) {
    fail_calls(3);
    store::Db db(api_pool, tenant);
    auto closed = loop.run_until_done(store::vault::close_circuit(db, connection, rt::Deadline::in(5s)));
    ASSERT_TRUE(closed.has_value());
    EXPECT_EQ(closed->circuit, store::vault::Circuit::kClosed);
    EXPECT_THAT(closed->circuit_reason.value_or(""), HasSubstr("3 calls failed"));
    tell(connection);
    status = 200;
    EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
}

}  // namespace
}  // namespace weft::broker
