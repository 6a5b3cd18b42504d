#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::RunStatus;
using runstate::StepStatus;

/// What a step's successors need of the sandbox goes along with it (data/engine, Driver::evaluations).
class AheadTest : public WorkerTest {};

/// The sandbox was asked for b and the output along with a, which then failed.
TEST_F(AheadTest, WhatWasForeseenWronglyIsNotSeen) {
    auto flow = publish(R"({"name":"f","steps":[
        {"id":"a","uses":"core/map","with":{"n":"{{ input.absent.n }}"}},
        {"id":"b","needs":["a"],"uses":"core/map","with":{"n":"never"}},
        {"id":"h","needs":[{"step":"a","on":"failure"},{"step":"b","on":"finished"}],"uses":"core/map","with":{"b":"{{ steps.b.status }}",
          "n":"{{ steps.b.output?.n ?? 'none' }}","all":"{{ Object.keys(steps).sort().join() }}"}}],
        "output":"{{ steps.h.output }}"})");
    start_worker();
    RunId run = start_run(flow);
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), R"({"b":"skipped","n":"none","all":"a,b"})");
    EXPECT_EQ(steps(run)["b"].state, StepStatus::kSkipped);
}

/// b is what a's condition keeps from being done: it would end the sandbox, and the run with it.
TEST_F(AheadTest, WhatIsNotToBeDoneIsNotDoneAhead) {
    auto flow = publish(R"({"name":"f","steps":[
        {"id":"a","uses":"core/map","if":"{{ input.n > 1 }}","with":{"n":1}},
        {"id":"b","needs":["a"],"uses":"core/map","with":{"n":"{{ (() => { for (;;); })() }}"}},
        {"id":"c","needs":["b"],"uses":"core/map","with":{"n":"{{ (() => { for (;;); })() }}"}},
        {"id":"h","needs":[{"step":"a","on":"finished"}],"uses":"core/map","with":{"n":2}}],
        "output":"{{ steps.h.output.n }}"})");
    start_worker();
    const Steady before = clock_.steady();
    RunId run = start_run(flow, R"({"n":0})");
    auto ended = finish(run, 60s);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), "2");
    EXPECT_LT(clock_.steady() - before, 5s);  // b alone would have taken that
}

/// While the sandbox writes a large value, it does not read what was sent ahead.
TEST_F(AheadTest, ALargeValueAndALargeTemplateDoNotWaitForEachOther) {
    auto flow = publish(
        R"({"name":"f","steps":[
        {"id":"a","uses":"core/map","with":{"x":"{{ 'x'.repeat(1000000) }}"}},
        {"id":"b","needs":["a"],"uses":"core/map","with":{"n":"{{ steps.a.output.x.length }}","table":")" +
        std::string(400'000, 'y') + R"("}}],"output":"{{ steps.b.output.n }}"})"
    );
    start_worker();
    RunId run = start_run(flow);
    auto ended = finish(run, 60s);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), "1000000");
}

}  // namespace
}  // namespace weft::worker
