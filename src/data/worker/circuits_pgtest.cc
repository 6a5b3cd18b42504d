#include "data/worker/detail/world.h"
#include "store/vault/connections.h"

/// What an open circuit means for steps.
namespace weft::worker {
namespace {

using runstate::RunStatus;
using runstate::StepStatus;
using testing::HasSubstr;

class CircuitsTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (IsSkipped()) return;
        start_worker();
        ASSERT_TRUE(eventually([&] {
            return database().scalar(
                       "select count(*)::text from weft.tenant_key where class = 'vault' and tenant_id = "
                       "$1::uuid",
                       {tenant_.text()}
                   ) == "1";
        }));
        connect();
        pages_["/orders"] = [this](const http::Request&) { return http::Response::json(status_, "{}"); };
    }
    void TearDown() override {
        if (pool_) database().exec("delete from weft.connection");
        WorkerTest::TearDown();
    }

    void connect() {
        store::Db db(*api_pool_, tenant_);
        const AppId app = AppId::make(clock_.now(), rng_);
        database().exec(
            "insert into weft.app (tenant_id, id, key, name) values ('" + tenant_.text() + "', '" +
            app.text() + "', 'shop', 'Shop')"
        );
        const auto id = ConnectionId::make(clock_.now(), rng_);
        auto key = wait(store::vault::find_public_key(db, soon()));
        ASSERT_TRUE(key) << key.error().user;
        const std::map<std::string, Secret> fields{{"token", Secret("secret")}};
        auto sealed = store::vault::seal_fields(*key, {tenant_, id, 1}, fields);
        ASSERT_TRUE(sealed);
        store::vault::NewConnection row{
            .tenant = tenant_,
            .id = id,
            .app_id = app,
            .key = "shop",
            .name = "Shop",
            .auth_kind = "bearer",
            .sealed = *sealed,
            .key_id = key->id,
        };
        ASSERT_TRUE(wait(store::vault::add_connection(db, std::move(row), soon())));
        database().exec("update weft.connection set breaker_failures = 2, breaker_open_ms = 1000");
        const Json manifest = *parse_json(R"({"base_url":")" + base_ + R"(","auth":{"kind":"bearer"}})");
        catalog_.connections["shop"] = {id, "shop", manifest};
    }
    /// A call of the shop; `more` are members of the step and of those behind it.
    std::string calls(const std::string& more = "}") {
        return R"({"name":"f","steps":[{"id":"a","uses":"core/http","connection":"shop","with":{"url":")" +
               base_ + R"(/orders"})" + more + "]}";
    }
    std::string circuit() { return database().scalar("select circuit from weft.connection"); }
    void open_circuit() {
        status_ = 500;
        const auto flow = publish(calls(R"(,"retry":{"attempts":2,"initial":"1ms"}})"));
        const auto failed = finish(start_run(flow));
        EXPECT_EQ(failed.state, RunStatus::kFailed);
        EXPECT_NE(circuit(), "closed");
    }

    int status_ = 200;
};

TEST_F(CircuitsTest, AStepWaitsWithoutAnAttemptAndGoesOnWhenTheOtherSystemIsBack) {
    const auto flow = publish(calls(R"(,"retry":{"attempts":1}})"));
    open_circuit();
    const std::size_t sent = calls_["/orders"].size();
    const RunId run = start_run(flow);
    ASSERT_TRUE(eventually([&] { return steps(run)["a"].state == StepStatus::kWaiting; }));
    EXPECT_THAT(
        steps(run)["a"].error.value_or(""),
        HasSubstr("No call goes out through the connection \\\"Shop\\\" for now: 2 calls failed within 1m")
    );
    EXPECT_EQ(calls_["/orders"].size(), sent);
    status_ = 200;
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess) << "though it has but one attempt";
    EXPECT_EQ(calls_["/orders"].size(), sent + 1);
    EXPECT_EQ(circuit(), "closed");
}

TEST_F(CircuitsTest, AStepThatDoesNotWaitFailsWithItsOwnClass) {
    const auto flow = publish(calls(
        R"(,"on-circuit-open":"fail"},
           {"id":"b","uses":"core/map","needs":[{"step":"a","on":"failure"}],"with":{"why":"{{ steps.a.error }}"}})"
    ));
    database().exec("update weft.connection set breaker_open_ms = 60000");
    database().exec("notify weft_connection, 'all'");
    open_circuit();
    const std::size_t sent = calls_["/orders"].size();
    const RunId run = start_run(flow);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(steps(run)["a"].state, StepStatus::kFailed);
    EXPECT_THAT(steps(run)["a"].error.value_or(""), HasSubstr(R"("class": "circuit_open")"));
    EXPECT_THAT(value(run, store::runs::ValueSlot::output_of("b", 0).text()), HasSubstr("No call goes out"));
    EXPECT_EQ(calls_["/orders"].size(), sent);
    const RunId patient = start_run(publish(calls()));
    ASSERT_TRUE(eventually([&] { return steps(patient)["a"].state == StepStatus::kWaiting; }));
    EXPECT_EQ(calls_["/orders"].size(), sent);
}

}  // namespace
}  // namespace weft::worker
