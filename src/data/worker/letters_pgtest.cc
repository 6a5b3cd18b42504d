#include "data/worker/detail/world.h"
#include "store/letters/letters.h"
#include "store/triggers/inbox.h"

namespace weft::worker {
namespace {

using runstate::ErrorClass;
using runstate::RunStatus;
using store::letters::Letter;
using store::letters::State;

/// Which failed runs become dead letters, and how they cease to be.
class LettersTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        log_level_ = telemetry::Level::kError;
    }
    test::TestDatabase::Workflow failing() {
        return publish(
            R"({"name":"f","steps":[{"id":"no","uses":"core/fail","if":"{{ input.why != null }}",
                "with":{"message":"{{ input.why }}"}}]})"
        );
    }
    /// As if a trigger had begun it.
    RunId begin_by_trigger(const test::TestDatabase::Workflow& flow, const std::string& input) {
        const RunId run = RunId::make(clock_.now(), rng_);
        stop_worker();
        start_run(flow, input, run);
        database().exec(
            "update weft.workflow_run set trigger_id = gen_random_uuid() where id = '" + run.text() + "'"
        );
        start_worker();
        return run;
    }
    std::optional<Letter> letter(RunId run) {
        auto found = wait(store::letters::find(store::Db(*api_pool_, tenant_), run, soon()));
        return found ? std::optional(*std::move(found)) : std::nullopt;
    }
    std::vector<RunId> open() {
        auto found = wait(store::letters::list(store::Db(*api_pool_, tenant_), {}, soon()));
        EXPECT_TRUE(found) << found.error().detail;
        std::vector<RunId> out;
        for (const Letter& one : found.value_or(std::vector<Letter>())) out.push_back(one.run);
        return out;
    }
    /// Begins a run that repeats `of`, with another input. Nothing when it may not begin.
    std::optional<RunId> repeat(
        const test::TestDatabase::Workflow& flow, RunId of, const std::string& input, bool is_redrive = true
    ) {
        store::triggers::NewRun run{
            .tenant = tenant_,
            .id = RunId::make(clock_.now(), rng_),
            .workflow = flow.id,
            .version = flow.version,
            .rerun_of = of,
            .is_redrive = is_redrive,
        };
        auto sealed = wait(codec_->seal(tenant_, run.id, store::runs::ValueSlot::input(), input, soon()));
        EXPECT_TRUE(sealed);
        run.values.push_back(*std::move(sealed));
        std::vector<const store::triggers::NewRun*> runs{&run};
        auto begun = wait(store::triggers::begin_runs(*api_pool_, std::move(runs), soon()));
        EXPECT_TRUE(begun) << begun.error().detail;
        if (!begun || !begun->front()) return std::nullopt;
        database().exec("notify weft_job");
        return run.id;
    }
};

TEST_F(LettersTest, ATriggersFailedRunIsOneAndSaysWhatFailed) {
    auto flow = failing();
    const RunId run = begin_by_trigger(flow, R"({"why":"Out of stock"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto found = letter(run);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->message, "Out of stock");
    EXPECT_EQ(found->step, "no");
    EXPECT_EQ(found->error_class, ErrorClass::kWorkflow);
    EXPECT_EQ(found->workflow, flow.id);
    EXPECT_EQ(found->origin, run);
    EXPECT_EQ(found->state, State::kOpen);
    EXPECT_FALSE(found->is_poison);
    EXPECT_GE(wait(store::letters::count_open(*pool_, soon())).value_or(0), 1);
}

TEST_F(LettersTest, WhatSomebodyWasToldOfOrSucceededIsNone) {
    auto flow = failing();
    const RunId good = begin_by_trigger(flow, R"({"why":null})");
    EXPECT_EQ(finish(good).state, RunStatus::kSuccess);
    const RunId by_hand = start_run(flow, R"({"why":"no"})");
    EXPECT_EQ(finish(by_hand).state, RunStatus::kFailed);
    EXPECT_TRUE(open().empty()) << "who began it by hand has its id";
}

TEST_F(LettersTest, AnUnansweredCallSaysItsClass) {
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"call","uses":"core/http","retry":{"attempts":1},
            "with":{"url":"http://127.0.0.1:1/"}}]})"
    );
    const RunId run = begin_by_trigger(flow, "{}");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto found = letter(run);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->error_class, ErrorClass::kUnavailable);
    EXPECT_EQ(found->step, "call");
}

TEST_F(LettersTest, OfAChildThatIsAwaitedTheParentIsTheLetter) {
    failing();
    catalog_.workflows.insert("flow-1");
    auto parent = publish(
        R"({"name":"p","steps":[{"id":"sub","uses":"core/workflow",
            "with":{"workflow":"flow-1","input":{"why":"no"}}}]})"
    );
    const RunId run = begin_by_trigger(parent, "{}");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_EQ(open(), std::vector{run}) << "one letter: repeating both would do the work twice";
    EXPECT_EQ(letter(run)->step, "sub");
}

TEST_F(LettersTest, OneThatIsRepeatedWithSuccessIsNoneAnyMore) {
    auto flow = failing();
    const RunId run = begin_by_trigger(flow, R"({"why":"no"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto again = repeat(flow, run, R"({"why":null})");
    ASSERT_TRUE(again);
    EXPECT_FALSE(repeat(flow, run, R"({"why":null})")) << "it has been taken: begun once, however many ask";
    EXPECT_EQ(finish(*again).state, RunStatus::kSuccess);
    EXPECT_TRUE(open().empty());
    EXPECT_EQ(letter(run)->state, State::kRedriven);
    EXPECT_EQ(letter(run)->redriven_by, again);
}

TEST_F(LettersTest, OneThatFailsAgainIsTheNextOfItsOrigin) {
    auto flow = failing();
    const RunId run = begin_by_trigger(flow, R"({"why":"no"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto again = repeat(flow, run, R"({"why":"still no"})");
    ASSERT_TRUE(again);
    EXPECT_EQ(finish(*again).state, RunStatus::kFailed);
    EXPECT_EQ(open(), std::vector{*again});
    EXPECT_EQ(letter(*again)->tries, 2);
    EXPECT_EQ(letter(*again)->origin, run);
    // Somebody repeats the first one by hand: it is the same work, and so the second is taken care of, too.
    const auto by_hand = repeat(flow, run, R"({"why":null})", false);
    ASSERT_TRUE(by_hand);
    EXPECT_EQ(finish(*by_hand).state, RunStatus::kSuccess);
    EXPECT_TRUE(open().empty());
}

TEST_F(LettersTest, OneWhoseRepetitionIsCanceledIsGivenBack) {
    auto flow = publish(R"({"name":"f","steps":[{"id":"s","uses":"core/sleep","with":{"duration":"1h"}}]})");
    auto fails = failing();
    const RunId run = begin_by_trigger(fails, R"({"why":"no"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto again = repeat(flow, run, "{}");
    ASSERT_TRUE(again);
    EXPECT_TRUE(open().empty());
    ASSERT_TRUE(eventually([&] { return row(*again).state == RunStatus::kWaiting; }));
    database().exec(
        "update weft.job set cancel_requested_at = now(), run_at = now() where run_id = '" + again->text() +
        "'"
    );
    EXPECT_EQ(finish(*again).state, RunStatus::kCanceled);
    EXPECT_EQ(open(), std::vector{run}) << "nobody has dealt with it";
}

TEST_F(LettersTest, APoisonedRunIsOneWhoeverBeganIt) {
    auto flow = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    const RunId run = start_run(flow);
    database().exec(
        "update weft.job set state = 'leased', epoch = 3, crashes = 2, lease_until = now() - interval '1 s'"
    );
    start_worker();
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto found = letter(run);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->is_poison);
    EXPECT_EQ(found->error_class, ErrorClass::kCrash);
}

}  // namespace
}  // namespace weft::worker
