#include "base/bytes.h"
#include "data/worker/detail/world.h"
#include "platform/crypto/crypto.h"
#include "store/queue/queue.h"
#include "store/runs/journal.h"
#include "store/waits/waits.h"

#include <malloc.h>

#include <fstream>

namespace weft::worker {
namespace {

using runstate::FailureKind;
using runstate::RunStatus;
using runstate::StepStatus;
using store::runs::ValueSlot;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A run that waits for a callback, tells its upstream where, and says what it was told.
class WaitsTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        options_.public_url = "https://weft.example.com";
        for (const char* path : {"/mail", "/slow"}) {
            router_.add(http::Method::kPut, path, [this](http::Request r) {
                return WorkerTest::answer(std::move(r));
            });
        }
    }
    test::TestDatabase::Workflow ask(const std::string& with = "{}", const std::string& more = "") {
        return publish(
            R"({"name":"f","steps":[
                {"id":"ask","uses":"core/callback","with":)" +
            with + more + R"(},
                {"id":"mail","needs":[{"step":"ask","on":"waiting"}],"uses":"core/http","with":
                  {"method":"PUT","url":")" +
            base_ + R"(/mail","body":{"to":"{{ steps.ask.output.url }}"}}},
                {"id":"go","needs":["ask"],"uses":"core/map","with":"{{ steps.ask.output }}"}],
                "output":"{{ steps.go.output }}"})"
        );
    }
    bool is_parked(RunId run) {
        return eventually([&] {
            return count("job where state = 'ready' and run_at > now() + interval '1 hour'", run) == "1";
        });
    }
    /// What stands behind the last slash of the address that the run has told.
    std::string token_of(RunId run) {
        const Json output = *parse_json(value(run, "step.ask.output"));
        const std::string url(output.get_object().at("url").get_string());
        EXPECT_THAT(url, StartsWith("https://weft.example.com/callbacks/"));
        return url.substr(url.rfind('/') + 1);
    }
    std::optional<store::waits::Target> find(const std::string& token) {
        auto found = wait(store::waits::find_by_token(*api_pool_, crypto::sha256(token), soon()));
        EXPECT_TRUE(found);
        return found.value_or(std::nullopt);
    }
    bool answer(const store::waits::Target& target, std::optional<std::string> failure = std::nullopt) {
        auto sealed = wait(codec_->seal(
            target.tenant,
            target.run,
            ValueSlot::answer_of(target.step),
            R"({"timed_out":false,"body":{"n":7}})",
            soon()
        ));
        EXPECT_TRUE(sealed);
        auto taken = wait(store::waits::answer(*api_pool_, target, *sealed, std::move(failure), soon()));
        EXPECT_TRUE(taken) << taken.error().detail;
        database().exec("notify weft_cancel");
        return taken.value_or(false);
    }
};

TEST_F(WaitsTest, OneMoreThanTheTenantsQuotaFailsWhereItWouldWait) {
    database().exec(
        "update weft.tenant_queue set waiting_max = 1 where tenant_id = '" + tenant_.text() + "'"
    );
    const auto asks = ask();
    const auto sleeps =
        publish(R"({"name":"s","steps":[{"id":"nap","uses":"core/sleep","with":{"for":"2h"}}]})");
    const auto naps =
        publish(R"({"name":"n","steps":[{"id":"nap","uses":"core/sleep","with":{"for":"10ms"}}]})");
    start_worker();
    const RunId waiting = start_run(asks);
    ASSERT_TRUE(is_parked(waiting));
    const Steady until = std::chrono::steady_clock::now() + 1100ms;  // the count before it is older then
    while (std::chrono::steady_clock::now() < until) (void)wait(rt::sleep_for(20ms, soon()));
    for (const auto& flow : {asks, sleeps}) {
        const auto run = finish(start_run(flow));
        EXPECT_EQ(run.state, RunStatus::kFailed);
        EXPECT_EQ(run.failure_kind, FailureKind::kLimit);
        EXPECT_THAT(run.error.value_or(""), HasSubstr("waiting_runs is used up: 1 of at most 1"));
    }
    EXPECT_EQ(finish(start_run(naps)).state, RunStatus::kSuccess)
        << "it does not wait long enough to be parked";
    auto target = find(token_of(waiting));
    ASSERT_TRUE(target);
    EXPECT_TRUE(answer(*target));
    EXPECT_EQ(finish(waiting).state, RunStatus::kSuccess);
}

TEST_F(WaitsTest, ARunThatWaitsIsARowAndItsAnswerEndsIt) {
    auto flow = ask();
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(is_parked(run));
    EXPECT_EQ(row(run).state, RunStatus::kWaiting);
    EXPECT_EQ(suite_->sandboxes->health().busy, 0);
    EXPECT_EQ(steps(run)["ask"].state, StepStatus::kWaiting);
    EXPECT_EQ(steps(run)["mail"].state, StepStatus::kSuccess);
    auto open = wait(store::waits::count_open(*pool_, soon()));
    ASSERT_TRUE(open);
    for (const auto& [kind, count] : *open)
        EXPECT_EQ(count, kind == store::runs::WaitKind::kCallback ? 1 : 0);
    EXPECT_EQ(open->size(), store::runs::kWaitKinds.size());
    const std::string token = token_of(run);
    EXPECT_GE(from_base64url(token)->size(), 16u);
    EXPECT_THAT(value(run, "step.mail.output"), HasSubstr(token));
    // The database has no copy of it in clear.
    EXPECT_EQ(count("run_wait where position('" + token + "' in run_wait::text) > 0", run), "0");
    EXPECT_EQ(count("run_event where position('" + token + "' in detail::text) > 0", run), "0");
    const auto target = find(token);
    ASSERT_TRUE(target && target->may_be_answered());
    EXPECT_TRUE(answer(*target));
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_THAT(value(run, "output"), HasSubstr(R"("body":{"n":7})"));
    EXPECT_THAT(value(run, "output"), HasSubstr(token));
    EXPECT_FALSE(answer(*target)) << "it counts once";
    EXPECT_FALSE(find(token)->may_be_answered());
    EXPECT_EQ(calls_["/mail"].size(), 1u);
}

TEST_F(WaitsTest, AnAnswerReachesARunThatIsUnderWay) {
    auto flow = publish(
        R"({"name":"f","steps":[
            {"id":"ask","uses":"core/callback","with":{}},
            {"id":"slow","uses":"core/http","with":{"method":"PUT","url":")" +
        base_ + R"(/slow"}},
            {"id":"go","needs":["ask"],"uses":"core/map","with":"{{ steps.ask.output.body.n }}"}],
            "output":"{{ steps.go.output }}"})"
    );
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(eventually([&] {
        return calls_["/slow"].size() == 1 && count("run_wait where state = 'open'", run) == "1";
    }));
    EXPECT_TRUE(answer(*find(token_of(run))));
    EXPECT_TRUE(eventually([&] { return steps(run)["go"].state == StepStatus::kSuccess; }));
    EXPECT_FALSE(row(run).finished_at);
    is_released_ = true;
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(value(run, "output"), "7");
}

TEST_F(WaitsTest, AnotherWorkerFindsTheSameWaitAndItsAddress) {
    auto flow = ask();
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(is_parked(run));
    const std::string token = token_of(run);
    stop_worker();
    EXPECT_TRUE(answer(*find(token)));
    start_worker();
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(calls_["/mail"].size(), 1u);
    EXPECT_EQ(count("run_wait where true", run), "1");
}

TEST_F(WaitsTest, NobodyAnswersInTime) {
    auto fails = ask(R"({"timeout":"300ms"})");
    auto goes_on = ask(R"({"timeout":"300ms","on-timeout":"continue"})");
    start_worker();
    RunId failing = start_run(fails);
    auto ended = finish(failing);
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_EQ(ended.failure_kind, FailureKind::kLimit);
    EXPECT_THAT(ended.error.value_or(""), HasSubstr("Nobody answered within 300ms"));
    RunId run = start_run(goes_on);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_THAT(value(run, "output"), HasSubstr(R"("timed_out":true)"));
    EXPECT_FALSE(answer(*find(token_of(run))));
}

TEST_F(WaitsTest, ACanceledRunTakesNoAnswer) {
    auto flow = ask();
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(is_parked(run));
    const auto target = find(token_of(run));
    database().exec(
        "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough', run_at = now(); "
        "update weft.tenant_queue set active = true; notify weft_cancel"
    );
    EXPECT_EQ(finish(run, 5s).state, RunStatus::kCanceled);
    EXPECT_FALSE(answer(*target));
    EXPECT_EQ(count("run_wait where state = 'closed'", run), "1");
}

TEST_F(WaitsTest, AnAnswerMayFailItsStep) {
    auto flow = ask("{}", R"(,"on-error":"continue")");
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(is_parked(run));
    EXPECT_TRUE(answer(*find(token_of(run)), "Anna said no"));
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(steps(run)["ask"].state, StepStatus::kFailed);
    EXPECT_THAT(steps(run)["ask"].error.value_or(""), HasSubstr("Anna said no"));
}

/// The moment between the last look for answers and the end of the lease.
TEST_F(WaitsTest, AnAnswerWhileTheRunIsBeingParkedIsNotSleptThrough) {
    auto flow = ask();
    RunId run = start_run(flow);
    store::queue::Queue queue(*pool_);
    auto claimed = wait(queue.claim(WorkerId::make(clock_.now(), rng_), 1, 30s, soon()));
    ASSERT_TRUE(claimed && claimed->size() == 1);
    auto flush = [&](store::runs::JobFate fate, bool opens) {
        store::runs::Entry entry;
        entry.lease = claimed->front().lease;
        entry.state = fate == store::runs::JobFate::kPark ? RunStatus::kWaiting : RunStatus::kRunning;
        entry.fate = fate;
        entry.park_for = 24h;
        if (opens) {
            entry.waits.push_back(
                {.step = "ask", .token_hash = crypto::sha256("token"), .deadline = clock_.now() + 24h}
            );
        }
        std::vector<store::runs::Entry*> entries{&entry};
        return wait(store::runs::flush(*pool_, std::move(entries), soon())).has_value();
    };
    ASSERT_TRUE(flush(store::runs::JobFate::kKeep, true));
    ASSERT_TRUE(answer(*find("token")));
    ASSERT_TRUE(flush(store::runs::JobFate::kPark, false));
    EXPECT_EQ(count("job where state = 'ready' and run_at <= clock_timestamp()", run), "1");
    // Claimed and read, it may be parked.
    claimed = wait(queue.claim(WorkerId::make(clock_.now(), rng_), 1, 30s, soon()));
    ASSERT_TRUE(claimed && claimed->size() == 1);
    ASSERT_TRUE(flush(store::runs::JobFate::kPark, false));
    EXPECT_EQ(
        count("job where state = 'ready' and run_at > clock_timestamp() + interval '1 hour'", run), "1"
    );
}

/// As if the worker before had died between its commit of the wait and its look for events that were there.
/// What it has to write is always due here: that comes between deciding to park the run and doing so.
TEST_F(WaitsTest, AnEventThatALaterWorkerFindsIsNotSleptThrough) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"paid","uses":"core/event","with":{"event":"paid","key":"k"}}],
            "output":"{{ steps.paid.output.n }}"})"
    );
    options_.journal_lag = 0ms;
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(is_parked(run));
    stop_worker();
    const Uuid id = Uuid::v7(clock_.now(), rng_);
    auto sealed = wait(codec_->seal(tenant_, RunId(id), ValueSlot::trigger(), R"({"n":7})", soon()));
    ASSERT_TRUE(sealed);
    store::Db db(*api_pool_, tenant_);
    ASSERT_TRUE(wait(store::waits::keep_event(db, {"paid", "k"}, id, *sealed, soon())));
    database().exec(
        "update weft.job set run_at = now() where run_id = '" + run.text() +
        "'; update weft.workflow_run set state = 'running' where id = '" + run.text() +
        "'; update weft.tenant_queue set active = true"
    );
    start_worker();
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(value(run, "output"), "7");
}

/// Nobody is held up by what nobody can read.
TEST_F(WaitsTest, AnEventThatDoesNotOpenIsNone) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"paid","uses":"core/event","with":{"event":"paid","key":"k"}}]})"
    );
    const Uuid id = Uuid::v7(clock_.now(), rng_);
    const Uuid other = Uuid::v7(clock_.now(), rng_);
    auto sealed = wait(codec_->seal(tenant_, RunId(other), ValueSlot::trigger(), R"({"n":7})", soon()));
    ASSERT_TRUE(sealed);
    store::Db db(*api_pool_, tenant_);
    ASSERT_TRUE(wait(store::waits::keep_event(db, {"paid", "k"}, id, *sealed, soon())));
    start_worker();
    EXPECT_TRUE(is_parked(start_run(flow)));
}

TEST_F(WaitsTest, SleepsUntilAnInstantBeyondTheRunsTimeLimit) {
    auto flow = publish(
        R"({"name":"f","timeout":"1s","steps":[{"id":"s","uses":"core/sleep","with":{"until":"{{ input.until }}"}},
            {"id":"b","needs":["s"],"uses":"core/map","with":1}]})"
    );
    start_worker();
    RunId past = start_run(flow, R"({"until":"2020-03-01T09:00Z"})");
    EXPECT_EQ(finish(past).state, RunStatus::kSuccess);
    const Instant until = clock_.now() + std::chrono::hours(24 * 1'000);
    RunId run = start_run(flow, R"({"until":")" + rfc3339(until) + R"("})");
    ASSERT_TRUE(eventually([&] {
        return count("job where state = 'ready' and run_at > now() + interval '999 days'", run) == "1";
    }));
    // As if the time had passed: the limit counts from the end of the sleep.
    database().exec(
        "update weft.workflow_run set started_at = now() - interval '1001 days' where state = 'waiting'"
    );
    database().exec(
        "update weft.run_event set detail = jsonb_set(detail, '{until}', '1') where kind = 'wait'; "
        "update weft.job set run_at = now(); update weft.tenant_queue set active = true; notify weft_job"
    );
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
}

/// Since the last call, in MiB, beyond what there was then.
double grown(bool again = false) {
    const auto read = [](std::string_view what) {
        std::ifstream status("/proc/self/status");
        for (std::string line; std::getline(status, line);)
            if (line.starts_with(what)) return std::stod(line.substr(what.size() + 1)) / 1024;
        return 0.0;
    };
    static double before = 0;
    const double out = read("VmHWM") - before;
    if (!again) return out;
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";
    before = read("VmRSS");
    return out;
}

/// Large answers are opened one by one, each once the one before is written; all of them make 144 MiB.
TEST_F(WaitsTest, ManyLargeAnswersTakeTheMemoryOfAFew) {
    constexpr int kAnswers = 24;
    constexpr std::size_t kBytes = 6u << 20;
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"all","uses":"core/foreach","with":
            {"items":"{{ Array.from({length: 24}, (_, i) => i) }}","concurrency":24,"collect":false},
            "steps":[{"id":"ask","uses":"core/callback","with":{}}]}],"output":"{{ steps.all.output.count }}"})"
    );
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(eventually([&] { return count("run_wait where state = 'open'", run) == "24"; }, 30s));
    ASSERT_TRUE(is_parked(run));
    stop_worker();
    for (int i = 0; i < kAnswers; ++i) {
        const store::waits::Target target{
            .tenant = tenant_, .run = run, .step = "ask", .iteration = runstate::item_number(0, i)
        };
        std::string json =
            R"({"timed_out":false,"body":")" + hex(crypto::random_bytes(rng_, kBytes / 2).reveal()) + "\"}";
        auto sealed = wait(
            codec_->seal(tenant_, run, ValueSlot::answer_of("ask", target.iteration), std::move(json), soon())
        );
        ASSERT_TRUE(sealed);
        auto taken = wait(store::waits::answer(*api_pool_, target, *sealed, std::nullopt, soon()));
        ASSERT_TRUE(taken && *taken);
    }
    grown(true);
    start_worker();
    const auto ended = finish(run, 60s);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), "24");
    EXPECT_LT(grown(), 96);
    RecordProperty("grown_mib", static_cast<int>(grown()));
}

}  // namespace
}  // namespace weft::worker
