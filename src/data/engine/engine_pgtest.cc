// What real sandboxes and databases do too seldom to wait for: deaths, nonsense, refusals. The sandbox is a
// fake at its seam; PostgreSQL and the journal are real. data/worker has the tests with real sandboxes.
#include "core/workflow/workflow.h"
#include "data/engine/engine.h"
#include "platform/crypto/crypto.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <functional>

namespace weft::engine {
namespace {

using ::testing::HasSubstr;

class FakeKeys final : public store::runs::DataKeys {
  public:
    rt::Task<Result<Key>> newest(TenantId, rt::Deadline) override {
        if (is_away) co_return fail(Error::unavailable("keys are away"));
        co_return key_;
    }
    rt::Task<Result<Key>> find(TenantId tenant, TenantKeyId, rt::Deadline by) override {
        co_return co_await newest(tenant, by);
    }
    bool is_away = false;

  private:
    SystemRng rng_;
    Key key_ = std::make_shared<const crypto::SymmetricKey>(
        crypto::SymmetricKey::generate(Uuid::v7(Instant(1s), rng_), rng_)
    );
};

/// Answers each request with what the test says: a value, or an error that ends the sandbox.
class FakeBackend final : public isolation::Backend {
  public:
    using Answer = std::function<Result<isolation::Reply>()>;

    class FakeSandbox final : public isolation::Sandbox {
      public:
        explicit FakeSandbox(FakeBackend& owner) : owner_(owner) {}
        rt::Task<Result<isolation::Reply>> request(std::string, rt::Deadline by, int) override {
            ++owner_.messages;
            co_return co_await next(std::move(by));
        }
        rt::Task<Result<isolation::Reply>> next(rt::Deadline) override {
            ++owner_.requests;
            co_return owner_.answer();
        }
        Micros cpu() const override { return {}; }
        std::size_t memory_bytes() const override { return 0; }
        void kill() override {}

      private:
        FakeBackend& owner_;
    };

    rt::Task<Result<std::unique_ptr<isolation::Sandbox>>> start(
        isolation::RunSpec, isolation::Limits, rt::Deadline
    ) override {
        if (is_full) co_return fail(Error::unavailable("no processes left"));
        ++starts;
        co_return std::make_unique<FakeSandbox>(*this);
    }
    isolation::Tier tier() const override { return isolation::Tier::kFull; }
    isolation::Health health() const override { return {}; }
    rt::Task<void> close() override { co_return; }

    Answer answer = [] { return value("{}"); };
    static Result<isolation::Reply> value(std::string json) {
        return isolation::Reply{.result = protocol::Value{std::move(json)}, .logs = {}};
    }
    bool is_full = false;
    int starts = 0;
    int messages = 0;
    int requests = 0;
};

class EngineTest : public testing::Test {
  protected:
    EngineTest()
        : pool(loop, {.url = database.worker_url(), .connections_max = 4}),
          queue(pool),
          journal(loop, pool, nullptr),
          client(loop),
          egress(client, egress::Policy()) {
        EXPECT_TRUE(crypto::init());
        folder = (std::filesystem::temp_directory_path() / "weft-engine-XXXXXX").string();
        folder = mkdtemp(folder.data());
        blobs = *blob::open_directory(folder);
        codec.emplace(keys, *blobs, clock, rng);
        master = *crypto::make_key_wrapper(*crypto::read_key_file(folder + "/key", rng));
        vault.emplace(pool, *master, clock, rng);
        broker.emplace(broker::Deps{*vault, egress, clock, metrics});
        Deps deps{
            loop,
            pool,
            *codec,
            journal,
            sandboxes,
            *broker,
            clock,
            rng,
            telemetry::Logger({.fd = -1}),
            metrics
        };
        engine.emplace(std::move(deps), Options{});
        tenant = database.create_tenant();
    }
    ~EngineTest() override {
        wait(journal.close());
        wait(pool.close());
        std::filesystem::remove_all(folder);
    }
    template <class T>
    T wait(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }
    static rt::Deadline soon() { return rt::Deadline::in(20s); }

    RunId start_run(const std::string& definition, const workflow::Catalog& catalog = {}) {
        auto parsed = workflow::parse(*parse_json(definition));
        EXPECT_TRUE(parsed) << parsed.error().user;
        auto compiled = workflow::compile(*parsed, catalog);
        EXPECT_TRUE(compiled) << compiled.error().user;
        auto flow = database.create_workflow(tenant, "flow", to_text(*compiled));
        RunId run = RunId::make(clock.now(), rng);
        const std::string row = "'" + tenant.text() + "', '" + run.text() + "', '" + flow.id.text() + "', '" +
                                flow.version.text() + "'";
        database.exec(
            "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id) values (" + row +
            "); insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) values (" + row +
            "); update weft.tenant_queue set active = true"
        );
        return run;
    }
    static rt::Task<void> run_job(Engine& engine, Job& job, End& end) { end = co_await engine.run(job); }
    /// Claims the due job and runs it as the dispatcher would.
    End run_once() {
        database.exec("update weft.job set run_at = now()");
        auto claimed = wait(queue.claim(WorkerId::make(clock.now(), rng), 1, 30s, soon()));
        EXPECT_TRUE(claimed && claimed->size() == 1);
        std::vector<store::queue::Lease> leases{claimed->front().lease};
        auto loaded = wait(store::runs::load(pool, leases, claimed->front().at, soon()));
        EXPECT_TRUE(loaded && loaded->size() == 1);
        Job job(loop, std::move(claimed->front()), std::move(loaded->front()), clock.steady());
        End end = End::kLost;
        running = &job;
        job.scope.spawn(run_job(*engine, job, end));
        wait(job.scope.join());
        running = nullptr;
        return end;
    }
    std::string of_run(const std::string& column) {
        return database.scalar("select " + column + " from weft.workflow_run");
    }
    std::string of_job(const std::string& column) {
        return database.scalar("select " + column + " from weft.job");
    }

    rt::SystemClock clock;
    SystemRng rng;
    rt::Loop loop;
    telemetry::Metrics metrics;
    test::TestDatabase database;
    pg::Pool pool;
    store::queue::Queue queue;
    store::runs::JournalWriter journal;
    FakeKeys keys;
    std::string folder;
    std::unique_ptr<blob::Store> blobs;
    std::optional<store::runs::PayloadCodec> codec;
    std::unique_ptr<crypto::KeyWrapper> master;
    std::optional<store::vault::Vault> vault;
    http::Client client;
    egress::Egress egress;
    std::optional<broker::Broker> broker;
    FakeBackend sandboxes;
    std::optional<Engine> engine;
    TenantId tenant;
    Job* running = nullptr;
};

constexpr const char* kTwoMaps =
    R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}},{"id":"b","needs":["a"],"uses":"core/map","with":{}}]})";

TEST_F(EngineTest, ASandboxThatDiesCostsACrashAndTheRunResumesAfterItsFinishedSteps) {
    start_run(kTwoMaps);
    sandboxes.answer = [this]() -> Result<isolation::Reply> {
        if (sandboxes.requests == 2) return fail(Error::internal("killed by signal 9"));
        return FakeBackend::value("{}");
    };
    EXPECT_EQ(run_once(), End::kParked);
    EXPECT_EQ(of_job("state || crashes"), "ready1");
    EXPECT_EQ(of_run("state"), "running");
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state"), "success");
    EXPECT_EQ(sandboxes.requests, 3);  // a, b, and b again: never a twice
    EXPECT_EQ(sandboxes.starts, 2);
}

TEST_F(EngineTest, WhatOnlyTheSandboxTakesPartInGoesInOneMessage) {
    start_run(
        R"({"steps":[{"id":"a","uses":"core/map","with":{}},{"id":"b","needs":["a"],"uses":"core/map","with":{}},
            {"id":"c","needs":["b"],"uses":"core/sleep","with":{"duration":"1ms"}},
            {"id":"d","needs":["c"],"uses":"core/map","with":{}}],"output":"{{ steps.d.output }}"})"
    );
    sandboxes.answer = [this] {
        return FakeBackend::value(sandboxes.requests == 3 ? R"({"duration":"1ms"})" : "{}");
    };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state"), "success");
    EXPECT_EQ(sandboxes.requests, 5);
    EXPECT_EQ(sandboxes.messages, 2);  // a, b and c's input; d and the output
}

TEST_F(EngineTest, ASandboxThatAlwaysDiesEndsAsADeadLetter) {
    start_run(kTwoMaps);
    sandboxes.answer = [] { return fail(Error::internal("killed by signal 11")); };
    EXPECT_EQ(run_once(), End::kParked);
    EXPECT_EQ(run_once(), End::kParked);
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state || '/' || failure_kind"), "failed/platform");
    EXPECT_EQ(database.scalar("select count(*) from weft.dead_letter"), "1");
    EXPECT_EQ(sandboxes.starts, 3);
}

/// `a` is a call, for whose request the sandbox is asked after its input.
constexpr const char* kCall = R"({"steps":[{"id":"a","uses":"shop/order@1"}]})";

workflow::Catalog a_shop() {
    workflow::CatalogAction action;
    action.version = "1.0.0";
    action.manifest = *parse_json(R"({"base_url":"http://127.0.0.1:1","auth":{"kind":"none"}})");
    action.definition = *parse_json(R"({"key":"order","name":"Order","method":"GET","path":"/"})");
    return {.actions = {{workflow::Uses{"shop", "order", 1}, std::move(action)}}};
}

TEST_F(EngineTest, ACancelWhileTheRequestOfACallIsMadeEndsTheRun) {
    start_run(kCall, a_shop());
    sandboxes.answer = [this]() -> Result<isolation::Reply> {
        if (sandboxes.requests < 2) return FakeBackend::value("{}");
        running->request_cancel({});
        return fail(Error::internal("killed by signal 9"));
    };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state"), "canceled");
    EXPECT_EQ(database.scalar("select state from weft.step_run"), "canceled");
}

TEST_F(EngineTest, AFinalStepOfACanceledRunHearsOfTheEndOfItsSandbox) {
    start_run(
        R"({"steps":[{"id":"a","uses":"core/map","with":{}}],"finally":[{"id":"b","uses":"core/map","with":{}}]})"
    );
    sandboxes.answer = [this]() -> Result<isolation::Reply> {
        if (sandboxes.requests == 2) return fail(Error::limit("The run used more than 128 MiB"));
        running->request_cancel({});
        return fail(Error::internal("killed by signal 9"));
    };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state"), "canceled");
    EXPECT_EQ(
        database.scalar("select string_agg(state, ',' order by position) from weft.step_run"),
        "canceled,failed"
    );
}

TEST_F(EngineTest, ASandboxThatDiesForTheLastTimeWhileARequestIsMadeEndsTheRun) {
    start_run(kCall, a_shop());
    sandboxes.answer = [this]() -> Result<isolation::Reply> {
        if (sandboxes.requests % 2 == 1) return FakeBackend::value("{}");
        return fail(Error::internal("killed by signal 11"));
    };
    EXPECT_EQ(run_once(), End::kParked);
    EXPECT_EQ(run_once(), End::kParked);
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state || '/' || failure_kind"), "failed/platform");
}

TEST_F(EngineTest, ALimitOfTheSandboxEndsTheRunAtOnce) {
    start_run(kTwoMaps);
    sandboxes.answer = [] { return fail(Error::limit("The run used more than 128 MiB")); };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("failure_kind"), "limit");
    EXPECT_THAT(of_run("error ->> 'message'"), HasSubstr("128 MiB"));
    EXPECT_EQ(
        database.scalar("select string_agg(state, ',' order by position) from weft.step_run"),
        "failed,not_reached"
    );
}

TEST_F(EngineTest, NonsenseFromASandboxIsNeitherStoredNorTrusted) {
    start_run(kTwoMaps);
    sandboxes.answer = [] { return FakeBackend::value("{\"a\":"); };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state || '/' || failure_kind"), "failed/platform");
    EXPECT_EQ(database.scalar("select count(*) from weft.payload"), "0");
}

/// "[1,1,...]": two bytes each.
std::string many(std::size_t count) {
    std::string out = "[1";
    for (std::size_t i = 1; i < count; ++i) out += ",1";
    return out + "]";
}

TEST_F(EngineTest, AValueOfTooManyPartsIsALimitAndNoFaultOfOurs) {
    start_run(R"({"steps":[{"id":"a","uses":"core/map","with":{"x":"{{ 1 }}"}}]})");
    sandboxes.answer = [] { return FakeBackend::value(many(JsonLimits().nodes_max)); };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state || ' ' || failure_kind"), "failed limit");
}

double thread_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// Reading the value here is what the loop would do for it, and more than once: the measure of what it may
// not.
TEST_F(EngineTest, LargeValuesAreReadAndSealedOffTheLoop) {
    const std::string value = many(JsonLimits().nodes_max - 2);
    const double start = thread_ms();
    ASSERT_TRUE(parse_json(value));
    const double read_ms = thread_ms() - start;
    start_run(R"({"steps":[{"id":"a","uses":"core/map","with":{"x":"{{ 1 }}"}}]})");
    sandboxes.answer = [&] { return FakeBackend::value(value); };
    const double before = thread_ms();
    EXPECT_EQ(run_once(), End::kFinished);
    const double held_ms = thread_ms() - before;
    EXPECT_EQ(of_run("state"), "success");
    EXPECT_LT(held_ms, read_ms / 2) << "reading it takes " << read_ms << " ms";
}

TEST_F(EngineTest, HostileTextReachesTheRowsCleaned) {
    start_run(kTwoMaps);
    sandboxes.answer = [] {
        protocol::Failed failed{
            .field = std::string("a\0b", 3), .message = std::string("x\0\xff\xed\xa0\x80y", 7)
        };
        isolation::Reply reply{.result = std::move(failed), .logs = {}};
        reply.logs.push_back({protocol::Level::kInfo, std::string("l\0\xc3(", 4)});
        return Result<isolation::Reply>(std::move(reply));
    };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("failure_kind"), "workflow");
    EXPECT_EQ(of_run("error ->> 'message'"), "x\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDy");
    EXPECT_EQ(database.scalar("select message from weft.execution_log"), "l\uFFFD\uFFFD(");
}

TEST_F(EngineTest, WithoutAFreeSandboxTheJobIsPostponedWithoutBlame) {
    start_run(kTwoMaps);
    sandboxes.is_full = true;
    EXPECT_EQ(run_once(), End::kParked);
    EXPECT_EQ(of_job("state || crashes"), "ready0");
    sandboxes.is_full = false;
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state"), "success");
}

TEST_F(EngineTest, AnUnreadableVersionFailsTheRunAsOurs) {
    RunId run = start_run(kTwoMaps);
    database.exec("update weft.workflow_version set compiled = '{\"format\": \"weft/99\"}'");
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(of_run("state || '/' || failure_kind"), "failed/platform");
    EXPECT_EQ(
        database.scalar(
            "select count(*) from weft.run_event where kind = 'finished' and run_id = $1::uuid", {run.text()}
        ),
        "1"
    );
}

TEST_F(EngineTest, LogsAreBoundedPerRun) {
    start_run(kTwoMaps);
    sandboxes.answer = [] {
        auto reply = FakeBackend::value("{}");
        for (int i = 0; i < 900; ++i) reply->logs.push_back({protocol::Level::kInfo, "line"});
        return reply;
    };
    EXPECT_EQ(run_once(), End::kFinished);
    EXPECT_EQ(
        database.scalar("select count(*) from weft.execution_log"), std::to_string(limits::kLogLinesPerRunMax)
    );
}

TEST_F(EngineTest, FieldsOfLinesAreKeptAsJsonWhateverASandboxSays) {
    start_run(kTwoMaps);
    const std::string token(43, 'a');
    const std::string address = "https://w/approve#" + token;
    const std::string filler(limits::kLogLineBytesMax - 30, 'x');
    sandboxes.answer = [&, is_first = true]() mutable {
        auto reply = FakeBackend::value("{}");
        if (!std::exchange(is_first, false)) return reply;
        reply->logs = {
            {protocol::Level::kInfo, "paid", R"({"order":7,"nul":"a\u0000b","far":1e99999})"},
            {protocol::Level::kInfo, "broken", R"({"order":)"},
            {protocol::Level::kInfo, "list", "[1]"},
            {protocol::Level::kInfo, "ask " + address, R"({"at":")" + address + R"("})"},
            {protocol::Level::kInfo, filler + address, ""},
        };
        return reply;
    };
    EXPECT_EQ(run_once(), End::kFinished);
    const auto line = [&](const std::string& n) {
        return database.scalar(
            "select message || ' / ' || coalesce(fields::text, '-') from weft.execution_log order by seq "
            "limit 1 offset " +
            n
        );
    };
    EXPECT_EQ(
        line("0"),
        "paid / {\"far\": \"1e99999\", \"nul\": \"a\xef\xbf\xbd"
        "b\", \"order\": 7}"
    );
    EXPECT_EQ(line("1"), R"(broken {"order": / -)") << "what is no object stands in the text";
    EXPECT_EQ(line("2"), "list [1] / -");
    EXPECT_EQ(line("3"), R"(ask https://w/approve#hidden / {"at": "https://w/approve#hidden"})");
    // Cut first, 12 of its 43 characters would be left to tell.
    EXPECT_EQ(line("4"), filler + "https://w/approve#hidden / -");
}

}  // namespace
}  // namespace weft::engine
