#include "data/ingress/detail/edge_for_test.h"

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
    edge.watch_.hear({tenant, run, runstate::RunStatus::kRunning, {}});
    edge.wait(scope.join());
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_TRUE(answers[0]) << answers[0].error().detail;
    EXPECT_EQ(answers[0]->status, 201);
    EXPECT_EQ(body_of(answers[0]), R"({"ok":true})");
    EXPECT_EQ(answers[0]->headers.get("x-weft-run-id"), run.text());
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
