#include "data/worker/detail/world.h"

#include <gmock/gmock.h>

namespace weft::worker {
namespace {

using runstate::RunStatus;
using testing::HasSubstr;

/// What runs are found by, evaluated in real sandboxes.
class MarksTest : public WorkerTest {
  protected:
    std::string marks(RunId run) {
        return database().scalar(
            "select string_agg(name || '=' || value, ' ' order by name, value) from weft.run_mark where "
            "run_id = $1::uuid",
            {run.text()}
        );
    }
    std::string warnings(RunId run) {
        return database().scalar(
            "select string_agg(message, '|' order by seq) from weft.execution_log where run_id = $1::uuid "
            "and level = 'warn'",
            {run.text()}
        );
    }
};

TEST_F(MarksTest, ARunIsFoundByItsTagsAndItsAuthorsValues) {
    auto flow = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{"n":1}}],
        "tags":["eu","{{ input.kind }}","{{ input.many }}"],
        "index":{"order_id":"{{ input.order.id }}","total":"{{ input.order.total * 2 }}","both":"{{ input.kind }}-{{ input.order.id }}"}})"
    );
    start_worker();
    RunId run = start_run(flow, R"({"kind":"rush","many":["x","y"],"order":{"id":"1001","total":21}})");
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(marks(run), "both=rush-1001 order_id=1001 tag=eu tag=rush tag=x tag=y total=42");
    EXPECT_EQ(warnings(run), "");
}

TEST_F(MarksTest, WhatCannotBeEvaluatedIsLeftOutAndSaidAndTheRunGoesOn) {
    auto flow = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{"n":1}}],
        "tags":["eu","{{ input.absent }}"],
        "index":{"good":"{{ input.n }}","bad":"{{ input.a.b.c }}","object":"{{ input }}","none":"{{ input.a?.b }}",
          "long":"{{ 'x'.repeat(300) }}","endless":"{{ (() => { for (;;); })() }}"}})");
    start_worker();
    RunId run = start_run(flow, R"({"n":7})");
    EXPECT_EQ(finish(run, 60s).state, RunStatus::kSuccess);
    EXPECT_EQ(marks(run), "good=7 tag=eu");
    const std::string said = warnings(run);
    for (const char* what :
         {"a tag", "index.bad", "index.object", "index.long: it has more than 256 bytes", "index.endless"})
        EXPECT_THAT(said, HasSubstr(std::string("The run is not found by ") + what));
    EXPECT_EQ(said.find("index.none"), std::string::npos) << said;
}

TEST_F(MarksTest, ARunWhoseInputDoesNotFitIsFoundToo) {
    auto flow = publish(R"({"name":"f","inputs":{"type":"object","required":["a"]},
        "steps":[{"id":"a","uses":"core/map","with":{"n":1}}],"index":{"order_id":"{{ input.id }}"}})");
    start_worker();
    RunId run = start_run(flow, R"({"id":"1001"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_EQ(marks(run), "order_id=1001");
}

}  // namespace
}  // namespace weft::worker
