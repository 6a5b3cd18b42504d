#include "core/file/file.h"
#include "data/ingress/detail/edge_for_test.h"
#include "store/runs/answered.h"

namespace weft::ingress::testing {
namespace {

using store::runs::ValueSlot;
using SyncTest = IngressTest;

std::string body_of(const Result<http::Response>& answer) {
    return answer->shared_body ? *answer->shared_body : answer->body;
}

TEST_F(SyncTest, ASyncCallerGetsTheRunsAnswer) {
    HookOptions hasty;
    hasty.sync_timeout = 50ms;
    Edge impatient(db_, {}, hasty);
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpenSync);
    EXPECT_EQ(impatient.status(impatient.request(hook, "{}")), 202) << "no answer in time";
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(edge.loop_);
    auto patient = edge.request(hook, "{}");
    scope.spawn(send(edge.hooks_, std::move(patient), answers));
    while (count("job") != "2") (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    auto run = *RunId::parse(db_.scalar("select max(run_id::text) from job"));
    auto sealed = edge.wait(edge.codec_.seal(
        tenant, run, ValueSlot::response(), R"({"status": 201, "body": {"ok": true}})", Edge::by()
    ));
    db_.scalar(
        "insert into payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data) "
        "values ($1::uuid, $2::uuid, 'response', $6::int, $3::smallint, $4::uuid, decode($5, 'hex'))",
        {tenant.text(),
         run.text(),
         std::to_string(sealed->codec),
         sealed->key_id.text(),
         hex(*sealed->data),
         std::to_string(sealed->size_bytes)}
    );
    edge.watch_.hear({tenant, run, runstate::RunStatus::kRunning, {}, ""});
    edge.wait(scope.join());
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_TRUE(answers[0]) << answers[0].error().detail;
    EXPECT_EQ(answers[0]->status, 201);
    EXPECT_EQ(body_of(answers[0]), R"({"ok":true})");
    EXPECT_EQ(answers[0]->headers.get("x-weft-run-id"), run.text());
}

/// A caller of a run that has just begun, and no statement under way.
struct OneCaller {
    explicit OneCaller(Edge& on) : edge(on), scope(on.loop_), tenant(on.tenant()) {
        hook = edge.hook(tenant, edge.db_.create_workflow(tenant, "flow").id, kOpenSync);
        scope.spawn(send(edge.hooks_, edge.request(hook, "{}"), answers));
        while (edge.ingest_.stats().started == 0) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
        (void)edge.wait(rt::sleep_for(300ms, Edge::by()));
        run = *RunId::parse(edge.db_.scalar("select run_id from job"));
    }
    std::string told(RunId of, store::runs::ValueSlot slot, std::string json) {
        auto sealed = edge.wait(edge.codec_.seal(tenant, of, std::move(slot), std::move(json), Edge::by()));
        return store::runs::notice_text(*sealed).value();
    }
    void hear(runstate::RunStatus status, std::optional<std::string> answer = std::nullopt) {
        edge.watch_.hear({tenant, run, status, {}, std::move(answer)});
        (void)edge.wait(rt::sleep_for(100ms, Edge::by()));
    }
    std::uint64_t statements() const { return edge.pool_.stats().statements; }

    Edge& edge;
    std::vector<Result<http::Response>> answers{};
    rt::Scope scope;
    TenantId tenant;
    Edge::Hook hook{};
    RunId run{};
};

TEST_F(SyncTest, AnAnswerThatIsToldCostsNoStatement) {
    for (const auto& [slot, json, status] :
         {std::tuple(store::runs::ValueSlot::response(), R"({"status": 201, "body": {"ok": true}})", 201),
          std::tuple(store::runs::ValueSlot::output(), R"({"ok":true})", 200)}) {
        db_.exec("truncate job");
        Edge edge(db_);
        OneCaller caller(edge);
        EXPECT_EQ(count("job where is_awaited"), "1");
        const auto before = caller.statements();
        caller.hear(runstate::RunStatus::kRunning);
        EXPECT_TRUE(caller.answers.empty());
        caller.hear(runstate::RunStatus::kSuccess, caller.told(caller.run, slot, json));
        ASSERT_EQ(caller.answers.size(), 1u);
        EXPECT_EQ(caller.answers[0]->status, status);
        EXPECT_EQ(body_of(caller.answers[0]), R"({"ok":true})");
        EXPECT_EQ(caller.statements(), before);
        edge.wait(caller.scope.join());
    }
}

rt::Task<Result<store::files::File>> made_by(
    store::files::Files& files, TenantId tenant, std::optional<RunId> run
) {
    store::files::What what{.name = "a.pdf", .type = "application/pdf"};
    CO_TRY(auto upload, co_await files.create(tenant, std::move(what), std::nullopt, Edge::by()));
    std::string bytes = "bytes";
    CO_CHECK_OK(co_await upload->append(std::move(bytes), Edge::by()));
    CO_TRY(auto file, co_await upload->finish(Edge::by()));
    std::vector<std::unique_ptr<store::files::Upload>> all;
    all.push_back(std::move(upload));
    CO_CHECK_OK(co_await files.keep(std::move(all), run, Edge::by()));
    co_return file;
}

struct Sink final : http::StreamWriter::Sink {
    std::string all;
    rt::Task<Result<void>> write(std::string chunk) override {
        all += chunk;
        co_return Result<void>{};
    }
};

TEST_F(SyncTest, AFileIsAnsweredAsItsBytesIfItIsTheRuns) {
    for (const bool is_given : {true, false}) {
        db_.exec("truncate job");
        Edge edge(db_);
        OneCaller caller(edge);
        const auto run = is_given ? std::optional(caller.run) : std::nullopt;
        const auto file = *edge.wait(made_by(edge.files_, caller.tenant, run));
        const JsonObject response{{"status", 200}, {"body", file::to_json(file.handle())}};
        const auto slot = store::runs::ValueSlot::response();
        caller.hear(runstate::RunStatus::kSuccess, caller.told(caller.run, slot, to_text(Json(response))));
        ASSERT_EQ(caller.answers.size(), 1u);
        ASSERT_TRUE(caller.answers[0]);
        auto& answer = *caller.answers[0];
        EXPECT_EQ(answer.stream != nullptr, is_given);
        if (is_given) {
            Sink sink;
            http::StreamWriter writer(sink, Edge::by());
            edge.wait(answer.stream(writer));
            EXPECT_EQ(sink.all, "bytes");
            EXPECT_EQ(answer.stream_length, 5u);
            EXPECT_EQ(answer.headers.get("content-type"), "application/pdf");
            EXPECT_TRUE(answer.headers.get("content-disposition").starts_with("attachment"));
        }
        edge.wait(caller.scope.join());
    }
}

/// A notice is a hint: what does not open as this run's own is looked up instead.
TEST_F(SyncTest, WhatIsToldMustBeTheRunsOwn) {
    Edge edge(db_);
    OneCaller caller(edge);
    const RunId other = RunId::make(edge.clock_.now(), edge.rng_);
    for (const std::string& told :
         {caller.told(other, ValueSlot::response(), R"({"status": 201})"),
          std::string("response,1"),
          caller.told(caller.run, ValueSlot::response(), R"({"status": 201})").replace(0, 8, "output")}) {
        const auto before = caller.statements();
        caller.hear(runstate::RunStatus::kRunning, told);
        EXPECT_TRUE(caller.answers.empty()) << told;
        EXPECT_GT(caller.statements(), before);
    }
    caller.hear(
        runstate::RunStatus::kRunning, caller.told(caller.run, ValueSlot::response(), R"({"status": 201})")
    );
    ASSERT_EQ(caller.answers.size(), 1u);
    EXPECT_EQ(caller.answers[0]->status, 201);
    edge.wait(caller.scope.join());
}

/// What a worker does at the end of a run, without telling anybody.
void end_run(Edge& edge, TenantId tenant, RunId run) {
    auto sealed =
        edge.wait(edge.codec_.seal(tenant, run, ValueSlot::output(), R"({"ok": true})", Edge::by()));
    edge.db_.scalar(
        "with value as (insert into payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data) "
        "values ($1::uuid, $2::uuid, 'output', $6::int, $3::smallint, $4::uuid, decode($5, 'hex'))) "
        "update workflow_run set state = 'success', finished_at = now() where id = $2::uuid",
        {tenant.text(),
         run.text(),
         std::to_string(sealed->codec),
         sealed->key_id.text(),
         hex(*sealed->data),
         std::to_string(sealed->size_bytes)}
    );
}

/// Waits until the scope is cancelled.
http::Request patient(Edge& edge, const Edge::Hook& hook, const rt::Scope& scope) {
    auto request = edge.request(hook, "{}");
    request.deadline = scope.forever();
    return request;
}

TEST_F(SyncTest, ManyCallersWaitWithoutAStatement) {
    constexpr int kCallers = 2'000;
    HookOptions options;
    options.events = {.per_second = 10'000, .burst = 10'000};
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpenSync);
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(edge.loop_);
    for (int i = 0; i < kCallers; ++i) scope.spawn(send(edge.hooks_, patient(edge, hook, scope), answers));
    while (edge.ingest_.stats().started < kCallers) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    (void)edge.wait(rt::sleep_for(500ms, Edge::by()));  // what the start still sends, and the backlog's count
    EXPECT_EQ(edge.hooks_.stats().waiting, kCallers);
    const auto before = edge.pool_.stats().statements;
    (void)edge.wait(rt::sleep_for(1'200ms, Edge::by()));
    EXPECT_EQ(edge.pool_.stats().statements, before) << "waiting asks the database";

    auto run = *RunId::parse(db_.scalar("select max(run_id::text) from job"));
    end_run(edge, tenant, run);
    const auto told_at = std::chrono::steady_clock::now();
    edge.watch_.hear({tenant, run, runstate::RunStatus::kSuccess, {}});
    while (answers.empty()) (void)edge.wait(rt::sleep_for(1ms, Edge::by()));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - told_at;
    EXPECT_LT(took.count(), 500);
    std::printf("told of the end, answered %.1f ms later\n", took.count());
    ASSERT_TRUE(answers[0]);
    EXPECT_EQ(answers[0]->status, 200);
    scope.cancel(rt::CancelReason::kShutdown);
    edge.wait(scope.join());
    EXPECT_EQ(edge.hooks_.stats().waiting, 0);
}

TEST_F(SyncTest, AnEndToldBeforeTheStartIsKnownIsNotMissed) {
    HookOptions options;
    options.sweep_every = 1h;  // nothing else finds it
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpenSync);
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(edge.loop_);
    scope.spawn(send(edge.hooks_, patient(edge, hook, scope), answers));
    // The commit is in the database; its answer waits in our socket, the loop stands still.
    while (edge.ingest_.stats().waiting == 0) edge.loop_.context().poll_one();
    while (count("job") == "0") edge.loop_.context().poll_one();
    const bool is_unaware = edge.ingest_.stats().started == 0;
    auto run = *RunId::parse(db_.scalar("select run_id from job"));
    db_.exec("update workflow_run set state = 'canceled', finished_at = now()");
    edge.watch_.hear({tenant, run, runstate::RunStatus::kCanceled, {}});
    edge.wait(scope.join());
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_TRUE(answers[0]);
    EXPECT_EQ(answers[0]->status, 502);
    std::printf("the start was known: %s\n", is_unaware ? "no" : "yes");
}

TEST_F(SyncTest, OneLookFindsWhatWasNeverTold) {
    HookOptions options;
    options.sweep_every = 300ms;
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpenSync);
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(edge.loop_);
    for (int i = 0; i < 200; ++i) scope.spawn(send(edge.hooks_, patient(edge, hook, scope), answers));
    while (edge.ingest_.stats().started < 200) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    end_run(edge, tenant, *RunId::parse(db_.scalar("select min(run_id::text) from job")));
    const auto before = edge.pool_.stats().statements;
    while (answers.empty()) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    EXPECT_LT(edge.pool_.stats().statements - before, 20) << "one for all, not one for each";
    EXPECT_EQ(answers[0]->status, 200);
    scope.cancel(rt::CancelReason::kShutdown);
    edge.wait(scope.join());
}

TEST_F(SyncTest, WaitingCallersOfOneTenantLeavePlacesForOthers) {
    HookOptions options;
    options.callers_max = 8;
    Edge edge(db_, {}, options);
    auto greedy = edge.tenant();
    auto other = edge.tenant();
    auto flood = edge.hook(greedy, db_.create_workflow(greedy, "flow").id, kOpenSync);
    auto calm = edge.hook(other, db_.create_workflow(other, "flow").id, kOpenSync);
    std::vector<Result<http::Response>> answers;
    std::vector<Result<http::Response>> calm_answers;
    rt::Scope scope(edge.loop_);
    for (int i = 0; i < 20; ++i) scope.spawn(send(edge.hooks_, patient(edge, flood, scope), answers));
    while (edge.ingest_.stats().started < 5) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    scope.spawn(send(edge.hooks_, patient(edge, calm, scope), calm_answers));
    while (edge.ingest_.stats().started < 6) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    EXPECT_TRUE(calm_answers.empty()) << "it waits like the others";
    while (answers.size() < 15) (void)edge.wait(rt::sleep_for(5ms, Edge::by()));
    ASSERT_EQ(answers.size(), 15u);
    for (const auto& answer : answers) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Code::kLimit);
        EXPECT_EQ(http::problem(answer.error(), {}).headers.get("retry-after"), "1");
    }
    EXPECT_EQ(count("job"), "6") << "refused before the event was taken";
    scope.cancel(rt::CancelReason::kShutdown);
    edge.wait(scope.join());
}

}  // namespace
}  // namespace weft::ingress::testing
