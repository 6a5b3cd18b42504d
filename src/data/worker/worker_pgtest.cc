#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::FailureKind;
using runstate::RunStatus;
using runstate::StepStatus;
using ::testing::HasSubstr;

std::string http_step(const std::string& url, const std::string& more = "") {
    return R"({"id":"call","uses":"core/http","with":{"method":"POST","url":")" + url +
           R"(","body":{"n":"{{ input.n }}"}})" + more + "}";
}

TEST_F(WorkerTest, RunsAWorkflowAndRecordsItInOneFlush) {
    options_.journal_lag = 10s;
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"a","uses":"core/map","with":{"n":"{{ input.n + 1 }}"}},
            {"id":"call","needs":["a"],"uses":"core/http","with":{"method":"PUT","url":")" +
        base_ + R"(/orders","body":"{{ steps.a.output }}"}},
            {"id":"b","needs":["call"],"uses":"core/map","with":{"status":"{{ steps.call.output.status }}"}}],
            "output":{"status":"{{ steps.b.output.status }}","n":"{{ steps.a.output.n }}","wf":"{{ run.workflow }}"}})"
    );
    router_.add(http::Method::kPut, "/orders", [this](http::Request r) { return answer(std::move(r)); });
    start_worker();
    RunId run = start_run(flow, R"({"n":41})");
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), R"({"status":200,"n":42,"wf":"flow-1"})");
    auto rows = steps(run);
    ASSERT_EQ(rows.size(), 3u);
    for (const auto& [id, step] : rows) EXPECT_EQ(step.state, StepStatus::kSuccess) << id;
    EXPECT_EQ(rows["call"].attempt, 1);
    EXPECT_TRUE(rows["call"].has_input && rows["call"].has_output);
    EXPECT_THAT(value(run, "step.call.output"), HasSubstr(R"({\"n\":42})"));
    EXPECT_EQ(count("job where true", run), "0");
    EXPECT_EQ(count("run_event where kind = 'finished'", run), "1");
    EXPECT_TRUE(ended.started_at && ended.tier);
    EXPECT_EQ(worker_->stats().flushes, 1);
    ASSERT_EQ(calls_["/orders"].size(), 1u);
    EXPECT_EQ(calls_["/orders"][0], rows["call"].idempotency_key);
}

TEST_F(WorkerTest, ARunThatWaitedGoesOnWithItsValues) {
    options_.slot_patience = 20ms;
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"a","uses":"core/map","with":{"n":"{{ input.n + 1 }}"}},
            {"id":"bad","needs":["a"],"uses":"core/fail","with":{"message":"as told"},"on-error":"continue"},
            {"id":"slow","needs":["bad"],"uses":"core/http","with":{"method":"POST","url":")" +
        base_ + R"(/slow","body":"one"}},
            {"id":"quick","needs":["bad"],"uses":"core/http","with":{"method":"POST","url":")" +
        base_ + R"(/quick","body":"two"}},
            {"id":"b","needs":["slow","quick"],"uses":"core/map","with":{"n":"{{ input.n + steps.a.output.n }}",
              "why":"{{ steps.bad.error.message }}","status":"{{ steps.bad.status }}",
              "bodies":"{{ steps.slow.output.body.body + steps.quick.output.body.body }}"}}],
            "output":"{{ steps.b.output }}"})"
    );
    const auto sandboxes = suite_->sandboxes->health().started;
    start_worker();
    RunId run = start_run(flow, R"({"n":41})");
    EXPECT_TRUE(eventually([&] {
        return suite_->sandboxes->health().busy == 0 && calls_["/slow"].size() == 1;
    })) << "a sandbox is held while the run only waits";
    is_released_ = true;
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), R"({"n":83,"why":"as told","status":"failed","bodies":"onetwo"})");
    EXPECT_EQ(suite_->sandboxes->health().started - sandboxes, 2u);
    EXPECT_EQ(calls_["/slow"].size(), 1u);
}

TEST_F(WorkerTest, AWaitingRunIsCanceledLikeAnyOther) {
    options_.slot_patience = 20ms;
    auto flow = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/slow") + "]}");
    start_worker();
    RunId run = start_run(flow, R"({"n":1})");
    EXPECT_TRUE(eventually([&] {
        return calls_["/slow"].size() == 1 && suite_->sandboxes->health().busy == 0;
    }));
    database().scalar(
        "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough' where run_id = $1::uuid "
        "returning 1",
        {run.text()}
    );
    EXPECT_EQ(finish(run).state, RunStatus::kCanceled);
    EXPECT_EQ(count("job where true", run), "0");
}

/// Whatever a parked run waits for.
TEST_F(WorkerTest, AParkedRunIsCanceledAtOnce) {
    auto sleeps =
        publish(R"({"name":"f","steps":[{"id":"s","uses":"core/sleep","with":{"duration":"10m"}}]})");
    auto retries =
        publish(R"({"name":"f","steps":[)" + http_step(base_ + "/busy", R"(,"retry":{"attempts":3})") + "]}");
    start_worker();
    for (const auto& flow : {sleeps, retries}) {
        RunId run = start_run(flow, R"({"n":5})");
        ASSERT_TRUE(eventually([&] {
            return count("job where state = 'ready' and run_at > now() + interval '1 min'", run) == "1";
        }));
        const Steady asked = std::chrono::steady_clock::now();
        database().exec(
            "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough', run_at = now(); "
            "update weft.tenant_queue set active = true; notify weft_cancel"
        );
        EXPECT_EQ(finish(run).state, RunStatus::kCanceled);
        EXPECT_LT(std::chrono::steady_clock::now() - asked, 5s) << "some 50 ms on a quiet machine";
        EXPECT_EQ(count("job where true", run), "0");
        EXPECT_EQ(count("run_event where kind = 'canceled'", run), "1");
    }
}

/// One tenant's calls hang; another one's runs begin and end meanwhile.
class FloodTest : public WorkerTest {
  protected:
    static constexpr int kFlood = 100;

    /// Seconds that a run of the calm tenant takes from its start to its end, at most `patience`.
    double time_of_one(Steady::duration patience) {
        const Steady before = std::chrono::steady_clock::now();
        RunId run = start_run(calm_flow_, R"({"n":1})");
        (void)eventually([&] { return row(run).finished_at.has_value(); }, patience);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    }
    /// Both tenants, the flood begun and as far in as it gets.
    void flood() {
        const TenantId greedy = tenant_;
        const std::string url = base_ + "/slow";
        greedy_flow_ = publish(R"({"name":"f","steps":[)" + http_step(url) + "]}");
        tenant_ = calm_ = database().create_tenant();
        make_data_key();
        calm_flow_ = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/quick") + "]}");
        start_worker();
        for (int i = 0; i < 5; ++i) solo_ = std::max(solo_, time_of_one(10s));
        tenant_ = greedy;
        for (int i = 0; i < kFlood; ++i) flood_.push_back(start_run(greedy_flow_, R"({"n":1})"));
        std::size_t calls = 0;
        do {
            calls = calls_["/slow"].size();
            (void)wait(rt::sleep_for(3 * std::min(options_.slot_patience, Millis(100)) + 300ms, soon()));
        } while (calls_["/slow"].size() > calls && calls_["/slow"].size() < kFlood);
        tenant_ = calm_;
    }
    test::TestDatabase::Workflow greedy_flow_;
    test::TestDatabase::Workflow calm_flow_;
    TenantId calm_;
    std::vector<RunId> flood_;
    double solo_ = 0;
};

TEST_F(FloodTest, HangingCallsOfOneTenantDoNotKeepAnotherFromStarting) {
    options_.slot_patience = 100ms;
    const TenantId greedy = tenant_;
    flood();
    EXPECT_EQ(calls_["/slow"].size(), std::size_t(kFlood)) << "calls that hang hold slots";
    std::vector<double> waits;
    const Steady until = std::chrono::steady_clock::now() + options_.lease + 1s;  // longer than a lease
    while (std::chrono::steady_clock::now() < until) waits.push_back(time_of_one(10s));
    const double worst = std::ranges::max(waits);
    std::printf("solo %.3f s, beside the flood: worst %.3f s of %zu\n", solo_, worst, waits.size());
    EXPECT_LE(worst, std::max(1.0, 2 * solo_));
    EXPECT_EQ(worker_->stats().lost, 0);
    is_released_ = true;
    tenant_ = greedy;
    for (RunId run : flood_) EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(calls_["/slow"].size(), std::size_t(kFlood)) << "none was called twice";
    EXPECT_EQ(count("run_event where kind = 'resumed'", flood_.front()), "0");
}

TEST_F(FloodTest, WithoutItsBoundsOneTenantTakesAllSlots) {  // the control of the test above
    options_.slot_patience = 1h;
    options_.tenant_share = 0;
    flood();
    EXPECT_EQ(calls_["/slow"].size(), std::size_t(options_.runs_max));
    EXPECT_GT(time_of_one(1'500ms), std::max(1.0, 2 * solo_));
    is_released_ = true;
}

TEST_F(FloodTest, EvenCallsThatKeepTheirSlotsLeaveSomeForOthers) {
    options_.slot_patience = 1h;
    flood();
    EXPECT_EQ(calls_["/slow"].size(), std::size_t(10));
    EXPECT_LE(time_of_one(10s), std::max(1.0, 2 * solo_));
    is_released_ = true;
}

TEST_F(WorkerTest, RendersActionsAndNamesTheBadField) {
    add_action("get", R"({"key":"get","name":"Get","method":"GET","path":"/orders/{{ input.id }}",
        "input":{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}})");
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"get","uses":"shop/get@1","with":{"id":"{{ input.id }}"}}],
            "output":"{{ steps.get.output.body.path }}"})"
    );
    start_worker();
    RunId good = start_run(flow, R"({"id":"a b"})");
    RunId bad = start_run(flow, R"({"id":7})");
    EXPECT_EQ(finish(good).state, RunStatus::kSuccess) << row(good).error.value_or("");
    EXPECT_EQ(value(good, "output"), R"("/orders/a b")");
    auto failed = finish(bad);
    EXPECT_EQ(failed.state, RunStatus::kFailed);
    EXPECT_EQ(failed.failure_kind, FailureKind::kWorkflow);
    EXPECT_THAT(failed.error.value_or(""), HasSubstr("with.id"));
    EXPECT_EQ(calls_.size(), 1u);
}

/// The schema describes the whole output; what does not fit is a line in the log, or fails the step.
TEST_F(WorkerTest, AnOutputThatDoesNotFitItsSchemaWarnsOrFails) {
    constexpr const char* kAction = R"({"key":"%","name":"Get","method":"GET","path":"/x",%
        "output":{"properties":{"body":{"required":["id"]}}}})";
    auto action = [&](std::string key, std::string more) {
        std::string text = kAction;
        text.replace(text.find('%'), 1, key);
        text.replace(text.find('%'), 1, more);
        add_action(key, text);
    };
    action("warns", "");
    action("fails", R"("on_invalid_output":"fail",)");
    auto flow = [&](std::string key, std::string more) {
        return publish(R"({"name":"f","steps":[{"id":"g","uses":"shop/)" + key + R"(@1")" + more + "}]}");
    };
    const auto warns = flow("warns", "");
    const auto fails = flow("fails", "");
    const auto step_fails = flow("warns", R"(,"on-invalid-output":"fail")");
    const auto step_warns = flow("fails", R"(,"on-invalid-output":"warn")");
    start_worker();
    for (const auto& one : {warns, step_warns}) {
        RunId run = start_run(one);
        EXPECT_EQ(finish(run).state, RunStatus::kSuccess) << row(run).error.value_or("");
        const std::string line = "The output does not fit the action''s schema: output.body.id %";
        EXPECT_EQ(
            count(
                "execution_log where step_id = 'g' and level = 'warn' and message like '" + line + "'", run
            ),
            "1"
        );
    }
    for (const auto& one : {fails, step_fails}) {
        RunId run = start_run(one);
        auto ended = finish(run);
        EXPECT_EQ(ended.state, RunStatus::kFailed);
        EXPECT_EQ(ended.failure_kind, FailureKind::kProvider);
        EXPECT_THAT(ended.error.value_or(""), HasSubstr("schema: output.body.id"));
        EXPECT_EQ(count("payload where slot = 'step.g.output'", run), "0");
    }
    EXPECT_EQ(calls_["/x"].size(), 4u) << "not repeated";
}

TEST_F(WorkerTest, CodeThatComputesTooLongSaysHowMuchAndWhatItsLimitIs) {
    options_.code_cpu_max = 200ms;
    auto code = [&](const std::string& limits) {
        return publish(
            R"({"name":"f","steps":[{"id":"c","uses":"core/code","with":{"source":"for (;;) {}"},)" + limits +
            R"("on-error":"continue"}],"output":"{{ steps.c.error.message }}"})"
        );
    };
    const auto asks = code(R"("limits":{"cpu":"100ms"},)");
    const auto asks_too_much = code(R"("limits":{"cpu":"10s"},)");
    start_worker();
    RunId run = start_run(asks);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_THAT(value(run, "output"), HasSubstr("of CPU time, and its limit is 0.1 s"));
    EXPECT_EQ(steps(run)["c"].failure_kind, FailureKind::kLimit);
    run = start_run(asks_too_much);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_THAT(value(run, "output"), HasSubstr("its limit is 0.2 s"));
    EXPECT_THAT(
        value(run, "output"), HasSubstr("asks for 10s; whoever operates this Weft server allows 200ms")
    );
}

TEST_F(WorkerTest, RetriesWithTheSameKeyAndReportsProviderFailures) {
    const std::string retry = R"(,"retry":{"attempts":3,"initial":"10ms","max":"20ms"})";
    auto flaky = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/flaky", retry) + "]}");
    auto missing = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/status/404", retry) + "]}");
    start_worker();
    RunId first = start_run(flaky, R"({"n":1})");
    RunId second = start_run(missing, R"({"n":1})");
    EXPECT_EQ(finish(first).state, RunStatus::kSuccess) << row(first).error.value_or("");
    EXPECT_EQ(steps(first)["call"].attempt, 3);
    ASSERT_EQ(calls_["/flaky"].size(), 3u);
    EXPECT_EQ(calls_["/flaky"][0], calls_["/flaky"][2]);
    EXPECT_EQ(count("run_event where kind = 'wait'", first), "2");

    auto failed = finish(second);
    EXPECT_EQ(failed.state, RunStatus::kFailed);
    EXPECT_EQ(failed.failure_kind, FailureKind::kProvider);
    EXPECT_THAT(failed.error.value_or(""), HasSubstr("no such order"));
    EXPECT_EQ(calls_["/status/404"].size(), 1u);
}

TEST_F(WorkerTest, SkipsContinuesAndFailsAsWritten) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"no","uses":"core/map","if":"{{ input.go }}","with":{"x":1}},
            {"id":"bad","uses":"core/fail","with":{"message":"as told"},"on-error":"continue"},
            {"id":"after","needs":["bad","no"],"uses":"core/map",
             "with":{"why":"{{ steps.bad.error.message }}","was":"{{ steps.no.status }}"}}],
            "output":"{{ steps.after.output }}"})"
    );
    start_worker();
    RunId run = start_run(flow, R"({"go":false})");
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess) << row(run).error.value_or("");
    auto rows = steps(run);
    EXPECT_EQ(rows["no"].state, StepStatus::kSkipped);
    EXPECT_EQ(rows["bad"].state, StepStatus::kFailed);
    EXPECT_THAT(value(run, "output"), HasSubstr("as told"));
    EXPECT_THAT(value(run, "output"), HasSubstr("skipped"));
}

TEST_F(WorkerTest, TakesBranchesAlsoAfterItWasParked) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"route","uses":"core/switch","with":{"value":"{{ input.kind }}","cases":["new","paid"]}},
            {"id":"nap","needs":["route"],"if":"{{ input.nap }}","uses":"core/sleep","with":{"duration":"6s"}},
            {"id":"gate","needs":[{"step":"nap","on":"finished"}],"if":false,"uses":"core/map"},
            {"id":"paid","needs":[{"step":"route","on":"paid"},"gate"],"uses":"core/map","with":"paid it is"},
            {"id":"other","needs":[{"step":"route","on":"new"},{"step":"route","on":"else"},"gate"],
             "uses":"core/map","with":"{{ steps.route.output.branch }}"}],
            "output":["{{ steps.paid.status }}","{{ steps.other.output }}"]})"
    );
    start_worker();
    RunId parked = start_run(flow, R"({"kind":"paid","nap":true})");
    RunId plain = start_run(flow, R"({"kind":"gone"})");
    EXPECT_EQ(finish(plain).state, RunStatus::kSuccess) << row(plain).error.value_or("");
    EXPECT_EQ(steps(plain)["other"].state, StepStatus::kSuccess);
    EXPECT_THAT(value(plain, "output"), HasSubstr("else"));
    EXPECT_EQ(finish(parked).state, RunStatus::kSuccess) << row(parked).error.value_or("");
    auto rows = steps(parked);
    EXPECT_EQ(rows["paid"].state, StepStatus::kSuccess);
    EXPECT_EQ(rows["other"].state, StepStatus::kSkipped);
}

TEST_F(WorkerTest, CodeRunsLogsAndItsBombsAreItsOwn) {
    auto good = publish(
        R"({"name":"f","steps":[{"id":"c","uses":"core/code","with":{"source":
            "console.warn('at', input.n); return input.n * 2","input":{"n":"{{ input.n }}"}}}],
            "output":"{{ steps.c.output }}"})"
    );
    auto loop_forever = publish(
        R"({"name":"f","steps":[{"id":"c","uses":"core/code","timeout":"1s","with":{"source":"for (;;) {}"}}]})"
    );
    auto memory = publish(
        R"J({"name":"f","steps":[{"id":"c","uses":"core/code","with":{"source":
            "const a = []; for (;;) a.push(new Array(1e5).fill(a.length))"}}]})J"
    );
    start_worker();
    RunId one = start_run(good, R"({"n":21})");
    RunId two = start_run(loop_forever);
    RunId three = start_run(memory);
    EXPECT_EQ(finish(one).state, RunStatus::kSuccess) << row(one).error.value_or("");
    EXPECT_EQ(value(one, "output"), "42");
    EXPECT_EQ(
        database().scalar(
            "select level || ':' || message from weft.execution_log where run_id = $1::uuid", {one.text()}
        ),
        "warn:at 21"
    );
    for (RunId run : {two, three}) {
        auto failed = finish(run, 20s);
        EXPECT_EQ(failed.state, RunStatus::kFailed);
        EXPECT_EQ(failed.failure_kind, FailureKind::kLimit) << failed.error.value_or("");
    }
}

TEST_F(WorkerTest, AStepsTimeLimitEndsItsCall) {
    auto flow = publish(
        R"({"name":"f","steps":[)" +
        http_step(
            base_ + "/slow", R"(,"timeout":"200ms","retry":{"attempts":2,"initial":"10ms","max":"10ms"})"
        ) +
        "]}"
    );
    start_worker();
    RunId run = start_run(flow, R"({"n":1})");
    auto failed = finish(run);
    EXPECT_EQ(failed.failure_kind, FailureKind::kLimit);
    // core/http POST is unsafe: its outcome is unknown, so it was not repeated.
    EXPECT_EQ(calls_["/slow"].size(), 1u);
    EXPECT_THAT(failed.error.value_or(""), HasSubstr("Outcome unknown"));
}

TEST_F(WorkerTest, ARunCanBeCanceledWhileItCallsAndWhileItComputes) {
    auto calling = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/slow") + "]}");
    auto computing = publish(
        R"({"name":"f","steps":[{"id":"c","uses":"core/code","timeout":"30s","with":{"source":"for (;;) {}"}}]})"
    );
    start_worker();
    RunId one = start_run(calling, R"({"n":1})");
    RunId two = start_run(computing);
    ASSERT_TRUE(eventually([&] { return !calls_["/slow"].empty() && worker_->stats().running == 2; }));
    (void)wait(rt::sleep_for(300ms, soon()));
    const Steady asked = std::chrono::steady_clock::now();
    database().exec(
        "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough', canceled_by_name = 'Ann'"
    );
    for (RunId run : {one, two}) {
        auto ended = finish(run);
        EXPECT_EQ(ended.state, RunStatus::kCanceled);
        EXPECT_EQ(count("run_event where kind = 'canceled' and detail ->> 'reason' = 'enough'", run), "1");
        EXPECT_EQ(count("execution_log where message = 'Canceled by Ann: enough'", run), "1");
        EXPECT_EQ(ended.canceled_by_name.value_or(""), "Ann");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 2s);
    const std::string metrics = metrics_.expose();
    EXPECT_THAT(metrics, HasSubstr("weft_sandbox_kills_total{reason=\"canceled\"} 1"));
    EXPECT_THAT(metrics, HasSubstr("weft_sandboxes{state=\"ready\"}"));
    EXPECT_THAT(metrics, HasSubstr("weft_sandbox_start_seconds_count 2"));
    EXPECT_THAT(metrics, HasSubstr("weft_queue_jobs{state=\"due\"}"));
    EXPECT_THAT(metrics, HasSubstr("weft_waits{kind=\"event\"} 0"));
}

TEST_F(WorkerTest, RespondIsThereBeforeTheRunEnds) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"r","uses":"core/respond","with":{"status":201,"body":{"ok":"{{ input.n }}"}}},
            {"id":"call","needs":["r"],"uses":"core/http","with":{"url":")" +
        base_ + R"(/slow"}}]})"
    );
    start_worker();
    RunId run = start_run(flow, R"({"n":1})");
    ASSERT_TRUE(eventually([&] { return value(run, "response") != "<none>"; }));
    EXPECT_EQ(value(run, "response"), R"({"status":201,"body":{"ok":1}})");
    EXPECT_EQ(row(run).state, RunStatus::kRunning);
    EXPECT_EQ(steps(run)["r"].state, StepStatus::kSuccess);
    is_released_ = true;
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
}

TEST_F(WorkerTest, AnotherWorkerResumesWithoutRepeatingFinishedSteps) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"one","uses":"core/http","with":{"url":")" +
        base_ + R"(/one"}},
            {"id":"m","needs":["one"],"uses":"core/map","with":{"p":"{{ steps.one.output.body.path }}"}},
            {"id":"slow","needs":["m"],"uses":"core/http","with":{"url":")" +
        base_ + R"(/slow"}},
            {"id":"end","needs":["slow"],"uses":"core/map","with":{"p":"{{ steps.m.output.p }}"}}],
            "output":"{{ steps.end.output.p + steps.one.output.status }}"})"
    );
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(eventually([&] {
        return !calls_["/slow"].empty() && steps(run)["m"].state == StepStatus::kSuccess;
    }));
    EXPECT_EQ(row(run).state, RunStatus::kRunning);
    EXPECT_EQ(steps(run)["slow"].state, StepStatus::kRunning);
    stop_worker();  // drain 0: the run is given back at once
    EXPECT_EQ(count("job where state = 'ready'", run), "1");

    is_released_ = true;
    start_worker();
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess) << row(run).error.value_or("");
    EXPECT_EQ(value(run, "output"), R"("/one200")");
    EXPECT_EQ(calls_["/one"].size(), 1u);
    ASSERT_EQ(calls_["/slow"].size(), 2u);
    EXPECT_EQ(calls_["/slow"][0], calls_["/slow"][1]);
    EXPECT_EQ(count("run_event where kind = 'resumed'", run), "1");
    EXPECT_EQ(count("run_event where kind = 'finished'", run), "1");
}

TEST_F(WorkerTest, AnUnsafeCallCutByACrashIsNotRepeated) {
    auto flow = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/slow") + "]}");
    start_worker();
    RunId run = start_run(flow, R"({"n":1})");
    ASSERT_TRUE(eventually([&] { return !calls_["/slow"].empty(); }));
    EXPECT_TRUE(steps(run)["call"].intent_at.has_value());  // committed before the call
    stop_worker();
    is_released_ = true;
    start_worker();
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_THAT(ended.error.value_or(""), HasSubstr("Outcome unknown"));
    EXPECT_EQ(calls_["/slow"].size(), 1u);
}

TEST_F(WorkerTest, ALostLeaseStopsTheRunAndItWritesNothing) {
    auto flow = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/slow") + "]}");
    start_worker();
    RunId run = start_run(flow, R"({"n":1})");
    ASSERT_TRUE(eventually([&] { return !calls_["/slow"].empty(); }));
    // As if it had been paused beyond its lease, and another worker had claimed the job since.
    database().exec("update weft.job set epoch = epoch + 1, lease_until = now() + interval '1 hour'");
    is_released_ = true;
    ASSERT_TRUE(eventually([&] { return worker_->stats().lost == 1; }));
    EXPECT_EQ(row(run).state, RunStatus::kRunning);
    EXPECT_EQ(count("job where true", run), "1");
    EXPECT_EQ(count("run_event where kind = 'finished'", run), "0");
}

TEST_F(WorkerTest, LeasesAreExtendedWhileARunGoesOn) {
    options_.lease = 1s;
    options_.heartbeat = 300ms;
    auto flow = publish(R"({"name":"f","steps":[)" + http_step(base_ + "/slow") + "]}");
    start_worker();
    RunId run = start_run(flow, R"({"n":1})");
    ASSERT_TRUE(eventually([&] { return !calls_["/slow"].empty(); }));
    (void)wait(rt::sleep_for(2500ms, soon()));
    is_released_ = true;
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(worker_->stats().reaped, 0);
    EXPECT_EQ(calls_["/slow"].size(), 1u);
}

TEST_F(WorkerTest, APoisonedRunIsBuriedAsADeadLetter) {
    auto flow = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    RunId run = start_run(flow);
    database().exec(
        "update weft.job set state = 'leased', epoch = 3, crashes = 2, lease_until = now() - interval '1 s'"
    );
    start_worker();
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_EQ(ended.failure_kind, FailureKind::kPlatform);
    EXPECT_EQ(count("dead_letter where true", run), "1");
    EXPECT_EQ(count("job where true", run), "0");
}

TEST_F(WorkerTest, ASleepingRunIsParkedAndResumes) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"a","uses":"core/map","with":{"n":"{{ input.n }}"}},
            {"id":"s","needs":["a"],"uses":"core/sleep","with":{"duration":"6s"}},
            {"id":"b","needs":["s"],"uses":"core/map","with":{"n":"{{ steps.a.output.n }}"}}],
            "output":"{{ steps.b.output.n }}"})"
    );
    start_worker();
    RunId run = start_run(flow, R"({"n":5})");
    ASSERT_TRUE(eventually([&] { return row(run).state == RunStatus::kWaiting; }));
    // Its row is to be seen a moment before the worker has let go of it.
    EXPECT_TRUE(eventually([&] { return worker_->stats().running == 0; }));
    EXPECT_EQ(suite_->sandboxes->health().busy, 0);
    EXPECT_EQ(count("job where state = 'ready' and run_at > now() + interval '4 s'", run), "1");
    const Steady parked = std::chrono::steady_clock::now();
    EXPECT_EQ(finish(run, 15s).state, RunStatus::kSuccess) << row(run).error.value_or("");
    EXPECT_GT(std::chrono::steady_clock::now() - parked, 4s);
    EXPECT_EQ(value(run, "output"), "5");
}

TEST_F(WorkerTest, ManyRunsAtOnceAllEnd) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"a","uses":"core/map","with":{"n":"{{ input.n * 2 }}"}},
            {"id":"call","needs":["a"],"uses":"core/http","with":{"url":")" +
        base_ + R"(/x"}}],
            "output":"{{ steps.a.output.n }}"})"
    );
    std::vector<RunId> runs;
    for (int i = 0; i < 100; ++i) runs.push_back(start_run(flow, R"({"n":)" + std::to_string(i) + "}"));
    start_worker();
    ASSERT_TRUE(eventually([&] { return worker_->stats().finished == 100; }, 30s))
        << worker_->stats().finished;
    for (std::size_t i = 0; i < runs.size(); i += 9) {
        EXPECT_EQ(row(runs[i]).state, RunStatus::kSuccess);
        EXPECT_EQ(value(runs[i], "output"), std::to_string(2 * i));
    }
    EXPECT_LT(worker_->stats().flushes, 100);  // batched
}

TEST_F(WorkerTest, AValueThatDoesNotOpenFailsTheRunAsOurFault) {
    auto flow = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    RunId run = start_run(flow);
    database().exec("update weft.payload set slot = 'trigger' where run_id = '" + run.text() + "'");
    start_worker();
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_EQ(ended.failure_kind, FailureKind::kPlatform);
}

}  // namespace
}  // namespace weft::worker
