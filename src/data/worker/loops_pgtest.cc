#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::RunStatus;
using runstate::StepStatus;
using ::testing::HasSubstr;

/// A loop over `input.list` that calls `path` for each item.
std::string foreach_calling(const std::string& url, const std::string& with = "") {
    return R"({"id":"each","uses":"core/foreach","with":{"items":"{{ input.list }}")" + with +
           R"(},"steps":[
               {"id":"twice","uses":"core/map","with":{"n":"{{ item * 2 + index }}"}},
               {"id":"call","needs":["twice"],"uses":"core/http","with":{"method":"POST","url":")" +
           url + R"(","body":{"n":"{{ steps.twice.output.n }}"}},"on-unknown":"retry"}],
               "output":"{{ steps.call.output.body.body }}"})";
}

class LoopsTest : public WorkerTest {
  protected:
    store::runs::Run run_to_end(const std::string& definition, const std::string& input) {
        auto flow = publish(definition);
        if (!worker_) start_worker();
        run_ = start_run(flow, input);
        auto ended = finish(run_, 60s);
        if (ended.error) error_ = *ended.error;
        return ended;
    }
    RunId run_;
    std::string error_;
};

TEST_F(LoopsTest, GiveTheOutputsOfTheirItemsInOrder) {
    auto ended = run_to_end(
        R"({"steps":[)" + foreach_calling(base_ + "/item", R"(,"concurrency":4)") +
            R"(],"output":"{{ steps.each.output }}"})",
        R"({"list":[10,20,30,40,50,60]})"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(
        value(run_, "output"),
        R"(["{\"n\":20}","{\"n\":41}","{\"n\":62}","{\"n\":83}","{\"n\":104}","{\"n\":125}"])"
    );
    EXPECT_EQ(value(run_, "step.twice[4].output"), R"({"n":83})");
    EXPECT_EQ(count("step_run where step_id = 'call' and state = 'success'", run_), "6");
    const std::set<std::string> keys(calls_["/item"].begin(), calls_["/item"].end());
    EXPECT_EQ(keys.size(), 6u) << "each item has a key of its own";
}

TEST_F(LoopsTest, StandInEachOtherAndSeeWhatIsAround) {
    auto ended = run_to_end(
        R"({"steps":[{"id":"outer","uses":"core/foreach","with":{"items":"{{ input.rows }}","concurrency":2},"steps":[
            {"id":"label","uses":"core/map","with":"{{ 'row ' + index }}"},
            {"id":"inner","needs":["label"],"uses":"core/foreach","with":{"items":"{{ item }}","concurrency":3},
             "steps":[{"id":"cell","uses":"core/code","with":{
                "source":"return steps.label.output + ': ' + item + ' of ' + outer.item.length;"}}]}]}],
            "output":"{{ steps.outer.output }}"})",
        R"({"rows":[["a","b"],[],["c"]]})"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"([["row 0: a of 2","row 0: b of 2"],[],["row 2: c of 1"]])");
}

TEST_F(LoopsTest, BatchBreakAndCountInsteadOfCollecting) {
    auto ended = run_to_end(
        R"({"steps":[
            {"id":"each","uses":"core/foreach","with":{"items":"{{ input.list }}","batch":2},"steps":[
                {"id":"sum","uses":"core/map","with":"{{ item.reduce((a, b) => a + b, 0) }}"},
                {"id":"enough","needs":["sum"],"uses":"core/break","if":"{{ steps.sum.output > 6 }}"},
                {"id":"last","needs":[{"step":"enough","on":"finished"}],"uses":"core/map",
                 "with":"{{ steps.sum.output }}"}]},
            {"id":"count","uses":"core/foreach","with":{"items":"{{ input.list }}","collect":false},"steps":[
                {"id":"x","uses":"core/map","with":"{{ item }}"}]}],
            "output":["{{ steps.each.output }}","{{ steps.count.output }}"]})",
        R"({"list":[1,2,3,4,5,6,7]})"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"([[3,7],{"count":7,"failed":0}])");
}

TEST_F(LoopsTest, GoRoundWhileTheirConditionHolds) {
    auto ended = run_to_end(
        R"({"steps":[{"id":"pages","uses":"core/while",
            "with":{"condition":"{{ index == 0 || last.length < input.wanted }}","max":20},
            "steps":[{"id":"page","uses":"core/map","with":{"rows":["{{ 'r' + index }}","{{ 's' + index }}"]}}],
            "output":"{{ [...(last ?? []), ...steps.page.output.rows] }}"}],
            "output":"{{ steps.pages.output }}"})",
        R"({"wanted":5})"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"(["r0","s0","r1","s1","r2","s2"])");
}

TEST_F(LoopsTest, SayWhichItemFailedOrGoOn) {
    const std::string calls = R"("steps":[{"id":"call","uses":"core/http","with":{"method":"GET","url":")" +
                              base_ +
                              R"(/status/{{ item }}"},"retry":{"attempts":1}},
        {"id":"after","needs":["call"],"uses":"core/map","with":"{{ item }}"}]})";
    auto ended = run_to_end(
        R"({"steps":[{"id":"each","uses":"core/foreach","with":{"items":[200,404,200]},)" + calls + "]}", "{}"
    );
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_THAT(error_, HasSubstr("Item 2: "));
    EXPECT_EQ(steps(run_)["each"].state, StepStatus::kFailed);

    ended = run_to_end(
        R"({"steps":[{"id":"each","uses":"core/foreach","with":{"items":[200,404,200],"on-item-error":"continue"},)" +
            calls + R"(],"output":"{{ steps.each.output.map(r => r.error ? r.error.kind : r) }}"})",
        "{}"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"([200,"provider",200])");
    EXPECT_EQ(count("step_run where step_id = 'after' and state = 'not_reached'", run_), "1");
}

TEST_F(LoopsTest, GoOnAfterTheirWorkerDies) {
    options_.journal_lag = 1ms;
    auto flow = publish(
        R"({"steps":[)" + foreach_calling(base_ + "/slow", R"(,"concurrency":2)") +
        R"(],"output":"{{ steps.each.output.length + ' ' + steps.each.output[3] }}"})"
    );
    is_released_ = true;
    start_worker();
    run_ = start_run(flow, R"({"list":[1,2,3,4]})");
    EXPECT_TRUE(eventually([&] { return calls_["/slow"].size() >= 2; }));
    is_released_ = false;
    EXPECT_TRUE(eventually([&] { return calls_["/slow"].size() == 4; }));
    (void)wait(rt::sleep_for(100ms, soon()));
    const std::string through = count("step_run where step_id = 'call' and state = 'success'", run_);
    stop_worker();
    is_released_ = true;
    start_worker();
    auto ended = finish(run_, 60s);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run_, "output"), R"("4 {\"n\":11}")");
    EXPECT_EQ(std::to_string(8 - calls_["/slow"].size()), through) << "what was through is not done again";
    const std::set<std::string> keys(calls_["/slow"].begin(), calls_["/slow"].end());
    EXPECT_EQ(keys.size(), 4u) << "and what is done again has its key";
}

TEST_F(LoopsTest, KeepTheirPlaceWhileTheyWaitWithoutASlot) {
    options_.slot_patience = 20ms;
    auto flow = publish(
        R"({"steps":[)" + foreach_calling(base_ + "/slow") + R"(,
            {"id":"again","uses":"core/while","with":{"condition":"{{ index < 2 }}"},"steps":[
                {"id":"w","uses":"core/http","with":{"method":"POST","url":")" +
        base_ + R"(/slow","body":"x"}},
                {"id":"n","needs":["w"],"uses":"core/map","with":"{{ (last ?? 0) + 1 }}"}]}],
            "output":["{{ steps.each.output.length }}","{{ steps.again.output }}"]})"
    );
    start_worker();
    run_ = start_run(flow, R"({"list":[1,2,3]})");
    for (std::size_t turn = 1; turn <= 3; ++turn) {
        EXPECT_TRUE(eventually([&] {
            return suite_->sandboxes->health().busy == 0 && calls_["/slow"].size() > turn;
        }));
        is_released_ = true;
        (void)wait(rt::sleep_for(20ms, soon()));
        is_released_ = false;
    }
    is_released_ = true;
    auto ended = finish(run_, 60s);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run_, "output"), "[3,2]");
}

TEST_F(LoopsTest, AWhileLoopKnowsWhatTheTimeBeforeGaveThoughItLeftItsSlot) {
    options_.slot_patience = 0ms;
    auto ended = run_to_end(
        R"({"steps":[{"id":"poll","uses":"core/while","with":{"condition":"{{ index < 3 }}"},"steps":[
            {"id":"get","uses":"core/http","with":{"method":"POST","url":")" +
            base_ +
            R"(/echo","body":"{{ (last?.body?.body ?? '') + index }}"}}]}],"output":"{{ steps.poll.output.body.body }}"})",
        "{}"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"("012")");
}

TEST_F(LoopsTest, DoNotHoldUpTimersAndAnswers) {
    auto ended = run_to_end(
        R"({"timeout":"1s","steps":[{"id":"each","uses":"core/foreach","with":{"items":"{{ [...Array(100000).keys()] }}"},
            "steps":[{"id":"a","uses":"core/map","with":"{{ item }}"}]}]})",
        "{}"
    );
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_THAT(error_, HasSubstr("time limit of 1s"));
    EXPECT_LT(*ended.finished_at - *ended.started_at, 5s);
}

TEST_F(LoopsTest, OneItemThatCostsTheSandboxIsOneItem) {
    auto ended = run_to_end(
        R"({"steps":[{"id":"pre","uses":"core/map","with":"kept"},
            {"id":"each","needs":["pre"],"uses":"core/foreach","with":{"items":[1,2,3,4],"concurrency":3,"on-item-error":"continue"},
             "steps":[{"id":"a","uses":"core/code","with":{"input":"{{ item }}",
                "source":"if (input === 2) { const a = []; while (true) a.push('x'.repeat(1000000) + a.length) } return steps.pre.output + input"}}]}],
            "finally":[{"id":"f","uses":"core/map","with":"{{ steps.pre.output }}"}],
            "output":"{{ steps.each.output.map(r => r.error ? r.error.kind : r) }}"})",
        "{}"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"(["kept1","limit","kept3","kept4"])");
    EXPECT_EQ(value(run_, "step.f.output"), R"("kept")");
}

TEST_F(LoopsTest, AListThatIsNoneSaysSo) {
    auto ended = run_to_end(
        R"({"steps":[{"id":"each","uses":"core/foreach","with":{"items":"{{ input.list }}"},
            "steps":[{"id":"a","uses":"core/map","with":"{{ item }}"}]}]})",
        R"({"list":{"a":1}})"
    );
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_THAT(error_, HasSubstr("items is not a list"));
}

TEST_F(LoopsTest, FinallyKnowsHowTheRunEnded) {
    auto ended = run_to_end(
        R"({"steps":[{"id":"bad","uses":"core/fail","with":{"message":"as told"}}],
            "finally":[{"id":"tell","uses":"core/http","with":{"method":"POST","url":")" +
            base_ + R"(/told",
                "body":{"status":"{{ outcome.status }}","why":"{{ outcome.error.message }}",
                        "step":"{{ outcome.error.step }}","bad":"{{ steps.bad.status }}"}}}]})",
        "{}"
    );
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_THAT(error_, HasSubstr("as told"));
    EXPECT_THAT(
        value(run_, "step.tell.output"),
        HasSubstr(R"({\"status\":\"failed\",\"why\":\"as told\",\"step\":\"bad\",\"bad\":\"failed\"})")
    );
}

TEST_F(LoopsTest, MergeJoinsWhatBranchesGave) {
    auto ended = run_to_end(
        R"({"steps":[
            {"id":"if","uses":"core/if","with":{"condition":"{{ input.yes }}"}},
            {"id":"a","needs":[{"step":"if","on":"then"}],"uses":"core/map","with":[{"id":1,"a":"x"},{"id":2,"a":"y"}]},
            {"id":"b","needs":[{"step":"if","on":"else"}],"uses":"core/map","with":[{"id":9}]},
            {"id":"c","uses":"core/map","with":[{"id":2,"c":true}]},
            {"id":"all","needs":["a","b","c"],"uses":"core/merge",
             "with":{"inputs":["{{ steps.a.output }}","{{ steps.b.output }}","{{ steps.c.output }}"]}},
            {"id":"both","needs":["a","b","c"],"uses":"core/merge","with":{"mode":"key","key":"id","keep":"matches",
             "inputs":["{{ steps.a.output }}","{{ steps.c.output }}"]}}],
            "output":["{{ steps.all.output.length }}","{{ steps.both.output }}"]})",
        R"({"yes":true})"
    );
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << error_;
    EXPECT_EQ(value(run_, "output"), R"([3,[{"id":2,"a":"y","c":true}]])");
}

}  // namespace
}  // namespace weft::worker
