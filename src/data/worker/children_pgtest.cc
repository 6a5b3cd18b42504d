#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::FailureKind;
using runstate::RunStatus;
using runstate::StepStatus;
using ::testing::HasSubstr;

/// Runs that begin others. What each workflow does, its input says: fail, or how long it takes.
class ChildrenTest : public WorkerTest {
  protected:
    /// The key of a workflow that is published.
    std::string key_of(const test::TestDatabase::Workflow&) {
        const std::string key = "flow-" + std::to_string(workflows_);
        catalog_.workflows.insert(key);
        return key;
    }
    std::string make_child(const std::string& steps, const std::string& output) {
        return key_of(publish(R"({"name":"c","steps":[)" + steps + R"(],"output":")" + output + R"("})"));
    }
    /// Gives twice its input's n.
    std::string make_doubler() {
        return make_child(
            R"({"id":"double","uses":"core/map","with":"{{ input.n * 2 }}"})", "{{ steps.double.output }}"
        );
    }
    std::string make_waiter() { return make_child(R"({"id":"ask","uses":"core/callback"})", "x"); }
    test::TestDatabase::Workflow make_parent(
        const std::string& child, const std::string& input = "{}", const std::string& more = ""
    ) {
        return publish(
            R"({"name":"p","steps":[{"id":"sub","uses":"core/workflow","with":{"workflow":")" + child +
            R"(","input":)" + input + "}" + more + R"(}],"output":"{{ steps.sub.output }}"})"
        );
    }
    std::vector<RunId> children_of(RunId run) {
        std::vector<RunId> out;
        const std::string ids = database().scalar(
            "select coalesce(string_agg(id::text, ',' order by id), '') from weft.workflow_run where "
            "parent_run_id = $1::uuid",
            {run.text()}
        );
        for (std::size_t at = 0; at < ids.size(); at += 37) out.push_back(*RunId::parse(ids.substr(at, 36)));
        return out;
    }
    bool is_parked(RunId run) {
        return eventually([&] {
            return count("job where state = 'ready' and run_at > now() + interval '1 hour'", run) == "1";
        });
    }
    void cancel(RunId run) {
        database().exec(
            "update weft.job set cancel_requested_at = now(), canceled_by_name = 'Anna', run_at = now() "
            "where "
            "run_id = '" +
            run.text() + "'; update weft.tenant_queue set active = true; notify weft_cancel; notify weft_job"
        );
    }
};

TEST_F(ChildrenTest, WhatAChildGivesIsItsStepsOutput) {
    auto parent = make_parent(make_doubler(), R"({"n":"{{ input.n }}"})");
    start_worker();
    RunId run = start_run(parent, R"({"n":21})");
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), "42");
    const auto children = children_of(run);
    ASSERT_EQ(children.size(), 1u);
    const auto child = row(children.front());
    EXPECT_EQ(child.state, RunStatus::kSuccess);
    EXPECT_EQ(child.cause, store::runs::Cause::kStep);
    EXPECT_EQ(child.parent, run);
    EXPECT_EQ(child.parent_step, "sub");
    EXPECT_THAT(value(child.id, "trigger"), HasSubstr(run.text()));
    EXPECT_EQ(count("run_wait where state = 'answered'", run), "1");
}

TEST_F(ChildrenTest, AChildThatFailsFailsItsStepAndSaysWhichRunItWas) {
    auto parent =
        make_parent(make_child(R"({"id":"no","uses":"core/fail","with":{"message":"Out of stock"}})", "x"));
    start_worker();
    RunId run = start_run(parent);
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    const auto step = steps(run)["sub"];
    EXPECT_EQ(step.failure_kind, FailureKind::kWorkflow);
    EXPECT_THAT(step.error.value_or(""), HasSubstr("The workflow \\\"flow-1\\\" failed: Out of stock"));
    EXPECT_THAT(step.error.value_or(""), HasSubstr(children_of(run).front().text()));
}

TEST_F(ChildrenTest, ARetryBeginsAnotherChild) {
    const std::string child = make_child(
        R"({"id":"call","uses":"core/http","with":{"url":")" + base_ + R"(/flaky"},"retry":{"attempts":1}})",
        "{{ steps.call.output.status }}"
    );
    auto parent = make_parent(child, "{}", R"(,"retry":{"attempts":3,"initial":"10ms"})");
    auto stubborn = make_parent(child);
    start_worker();
    RunId run = start_run(parent);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(value(run, "output"), "200");
    EXPECT_EQ(children_of(run).size(), 3u);
    EXPECT_EQ(steps(run)["sub"].attempt, 3);
    calls_.clear();
    RunId once = start_run(stubborn);
    EXPECT_EQ(finish(once).state, RunStatus::kFailed);
    EXPECT_EQ(children_of(once).size(), 1u) << "a child may have done half of its work";
}

TEST_F(ChildrenTest, WhatIsStartedOnlyIsNotWaitedFor) {
    const std::string child = make_waiter();
    auto parent = publish(
        R"({"name":"p","steps":[{"id":"sub","uses":"core/workflow","with":{"workflow":")" + child +
        R"(","mode":"start"}}],"output":"{{ steps.sub.output.run_id }}"})"
    );
    start_worker();
    RunId run = start_run(parent);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    const auto children = children_of(run);
    ASSERT_EQ(children.size(), 1u);
    EXPECT_EQ(value(run, "output"), "\"" + children.front().text() + "\"");
    EXPECT_TRUE(is_parked(children.front())) << "it goes on without its parent";
}

TEST_F(ChildrenTest, CancelReachesTheDeepestChildAtOnce) {
    std::string key = make_waiter();
    test::TestDatabase::Workflow top;
    for (int i = 0; i < 9; ++i) {
        top = make_parent(key);
        key = key_of(top);
    }
    start_worker();
    RunId run = start_run(top);
    std::vector<RunId> chain{run};
    for (int i = 0; i < 9; ++i) {
        ASSERT_TRUE(eventually([&] { return children_of(chain.back()).size() == 1; })) << i;
        chain.push_back(children_of(chain.back()).front());
    }
    ASSERT_TRUE(is_parked(chain.back()));
    const auto before = std::chrono::steady_clock::now();
    cancel(run);
    for (const RunId each : chain) {
        const auto ended = finish(each);
        EXPECT_EQ(ended.state, RunStatus::kCanceled);
        EXPECT_EQ(ended.canceled_by_name, "Anna");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
}

TEST_F(ChildrenTest, AChildThatSomebodyCancelsFailsItsStep) {
    auto parent = make_parent(make_waiter(), "{}", R"(,"retry":{"attempts":3,"initial":"10ms"})");
    start_worker();
    RunId run = start_run(parent);
    ASSERT_TRUE(eventually([&] { return children_of(run).size() == 1 && is_parked(children_of(run)[0]); }));
    cancel(children_of(run).front());
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_THAT(steps(run)["sub"].error.value_or(""), HasSubstr("was canceled"));
    EXPECT_EQ(children_of(run).size(), 1u) << "who stopped it did not ask for another";
}

TEST_F(ChildrenTest, AChildThatTakesTooLongIsStopped) {
    const std::string child = make_waiter();
    auto parent = publish(
        R"({"name":"p","steps":[{"id":"sub","uses":"core/workflow","with":{"workflow":")" + child +
        R"(","timeout":"300ms"}}]})"
    );
    start_worker();
    RunId run = start_run(parent);
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_THAT(steps(run)["sub"].error.value_or(""), HasSubstr("The run did not end within 300ms"));
    EXPECT_EQ(finish(children_of(run).front(), 2s).state, RunStatus::kCanceled);
}

TEST_F(ChildrenTest, RunsBeginEachOtherTenDeepAtMost) {
    catalog_.workflows.insert("flow-1");
    auto self = make_parent("flow-1");
    start_worker();
    RunId run = start_run(self);
    auto ended = finish(run, 20s);
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_EQ(ended.failure_kind, FailureKind::kLimit);
    EXPECT_THAT(ended.error.value_or(""), HasSubstr("at most 10 deep"));
    EXPECT_EQ(database().scalar("select max(depth) from weft.workflow_run"), "10");
}

TEST_F(ChildrenTest, AWorkflowThatCannotBeginSaysWhy) {
    auto parent = make_parent(make_doubler());
    start_worker();
    const auto refusal = [&](const std::string& change) {
        database().exec(change);
        RunId run = start_run(parent);
        EXPECT_EQ(finish(run).state, RunStatus::kFailed);
        EXPECT_TRUE(children_of(run).empty());
        return steps(run)["sub"].error.value_or("");
    };
    EXPECT_THAT(
        refusal("update weft.workflow set state = 'archived' where key = 'flow-1'"), HasSubstr("is archived")
    );
    EXPECT_THAT(
        refusal("update weft.workflow set state = 'active', published_version_id = null where key = 'flow-1'"
        ),
        HasSubstr("no published version")
    );
    EXPECT_THAT(
        refusal("update weft.workflow set key = 'gone' where key = 'flow-1'"), HasSubstr("does not exist")
    );
}

TEST_F(ChildrenTest, AHandlerBeginsWithTheEndOfARunThatFails) {
    const std::string handler =
        make_child(R"({"id":"tell","uses":"core/map","with":"{{ input }}"})", "{{ steps.tell.output }}");
    const auto failing = [&](const std::string& message) {
        return publish(
            R"({"name":"p","on-failure":{"workflow":")" + handler +
            R"("},"steps":[{"id":"no","uses":"core/fail","with":{"message":")" + message + R"("}}]})"
        );
    };
    auto flow = failing("{{ input.why }}");
    auto waits = publish(
        R"({"name":"p","on-failure":{"workflow":")" + handler +
        R"("},"steps":[{"id":"ask","uses":"core/callback"}]})"
    );
    start_worker();
    RunId run = start_run(flow, R"({"why":"Out of stock"})");
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    ASSERT_EQ(children_of(run).size(), 1u);
    const auto handled = finish(children_of(run).front());
    EXPECT_EQ(handled.state, RunStatus::kSuccess);
    EXPECT_EQ(handled.cause, store::runs::Cause::kFailure);
    const Json told = *parse_json(value(handled.id, "output"));
    const auto& object = told.get_object();
    EXPECT_EQ(object.at("run").get_object().at("id"), run.text());
    EXPECT_EQ(object.at("error").get_object().at("message"), "Out of stock");
    EXPECT_EQ(object.at("error").get_object().at("step"), "no");
    EXPECT_EQ(object.at("input"), (JsonObject{{"why", "Out of stock"}}));
    // Who asks a run to stop knows that it ends.
    RunId stopped = start_run(waits);
    ASSERT_TRUE(is_parked(stopped));
    cancel(stopped);
    EXPECT_EQ(finish(stopped).state, RunStatus::kCanceled);
    EXPECT_TRUE(children_of(stopped).empty());
}

TEST_F(ChildrenTest, AHandlerThatFailsIsNotHandledByItself) {
    for (const char* key : {"flow-1", "flow-2", "flow-3"}) catalog_.workflows.insert(key);
    const auto failing = [&](const std::string& handler) {
        return publish(
            R"({"name":"p","on-failure":{"workflow":")" + handler +
            R"("},"steps":[{"id":"no","uses":"core/fail","with":{"message":"no"}}]})"
        );
    };
    auto self = failing("flow-1");
    auto other = failing("flow-3");
    auto another = failing("flow-2");
    (void)another;
    start_worker();
    RunId run = start_run(self);
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_TRUE(children_of(run).empty());
    EXPECT_EQ(count("execution_log where message like '%does not handle its own failures%'", run), "1");
    // Two that handle each other end as well.
    RunId pair = start_run(other);
    EXPECT_EQ(finish(pair).state, RunStatus::kFailed);
    EXPECT_TRUE(eventually(
        [&] {
            return database().scalar(
                       "select count(*) from weft.execution_log where message like '%at most 10 deep%'"
                   ) == "1";
        },
        20s
    ));
    EXPECT_EQ(
        database().scalar(
            "select count(*) from weft.workflow_run where cause = 'handler' and tenant_id = $1::uuid",
            {tenant_.text()}
        ),
        "10"
    );
}

/// The last crash that a run may have ends it without any of its steps.
TEST_F(ChildrenTest, ARunThatIsBuriedAnswersItsParentAndIsHandled) {
    const std::string handler = make_doubler();
    const std::string child = key_of(publish(
        R"({"name":"c","on-failure":{"workflow":")" + handler +
        R"("},"steps":[{"id":"ask","uses":"core/callback"}]})"
    ));
    auto parent = make_parent(child);
    start_worker();
    RunId run = start_run(parent);
    ASSERT_TRUE(eventually([&] { return children_of(run).size() == 1 && is_parked(children_of(run)[0]); }));
    const RunId buried = children_of(run).front();
    database().exec(
        "update weft.job set state = 'leased', worker_id = gen_random_uuid(), lease_until = now() - interval "
        "'1 s', epoch = epoch + 1, crashes = 99 where run_id = '" +
        buried.text() + "'"
    );
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_EQ(steps(run)["sub"].failure_kind, FailureKind::kPlatform);
    ASSERT_EQ(children_of(buried).size(), 1u);
    EXPECT_EQ(row(children_of(buried).front()).cause, store::runs::Cause::kFailure);
}

/// Each step has one child, whoever carries the run on.
TEST_F(ChildrenTest, AnotherWorkerFindsTheSameChild) {
    const std::string child =
        make_child(R"({"id":"nap","uses":"core/sleep","with":{"for":"200ms"}})", "done");
    auto parent = make_parent(child);
    RunId run = start_run(parent);
    for (int i = 0; i < 20 && !row(run).finished_at; ++i) {
        start_worker();
        (void)wait(rt::sleep_for(20ms + 5ms * i, soon()));
        stop_worker();
        database().exec(
            "update weft.job set state = 'ready', lease_until = null, worker_id = null, run_at = "
            "least(run_at, now()) where state = 'leased'"
        );
    }
    start_worker();
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(value(run, "output"), "\"done\"");
    EXPECT_EQ(children_of(run).size(), 1u);
}

TEST_F(ChildrenTest, EachItemOfALoopHasAChildOfItsOwn) {
    const std::string child = make_doubler();
    const auto each = [&](const std::string& with, const std::string& settings) {
        return publish(
            R"({"name":"p","steps":[{"id":"each","uses":"core/foreach","with":{"items":"{{ input }}",)" +
            settings + R"(},"steps":[{"id":"sub","uses":"core/workflow","with":{"workflow":")" + with +
            R"(","input":{"n":"{{ item }}"}}}]}],"output":"{{ steps.each.output }}"})"
        );
    };
    auto flow = each(child, R"("concurrency":3)");
    auto failing = each(
        make_child(
            R"({"id":"no","uses":"core/fail","if":"{{ input.n == 2 }}","with":{"message":"two"}},)"
            R"({"id":"ok","needs":["no"],"uses":"core/map","with":1})",
            "{{ input.n }}"
        ),
        R"("concurrency":5,"on-item-error":"continue")"
    );
    start_worker();
    RunId run = start_run(flow, "[1,2,3,4,5,6,7]");
    auto ended = finish(run, 20s);
    EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), "[2,4,6,8,10,12,14]");
    EXPECT_EQ(children_of(run).size(), 7u);
    RunId mixed = start_run(failing, "[1,2,3]");
    EXPECT_EQ(finish(mixed).state, RunStatus::kSuccess);
    EXPECT_THAT(value(mixed, "output"), HasSubstr(R"(The workflow \"flow-3\" failed: two)"));
}

TEST_F(ChildrenTest, AnItemThatIsStoppedTakesItsChildAlong) {
    const std::string child = make_waiter();
    auto flow = publish(
        R"({"name":"p","steps":[{"id":"each","uses":"core/foreach","with":{"items":[1,2,3],"concurrency":3},"steps":[
            {"id":"sub","uses":"core/workflow","with":{"workflow":")" +
        child + R"("}},
            {"id":"go","needs":[{"step":"sub","on":"waiting"}],"uses":"core/http","with":{"method":"POST","url":")" +
        base_ + R"(/slow"},"if":"{{ item == 2 }}"},
            {"id":"no","needs":["go"],"uses":"core/fail","with":{"message":"two"}}]}],
            "finally":[{"id":"last","uses":"core/sleep","with":{"for":"3s"}}]})"
    );
    start_worker();
    RunId run = start_run(flow);
    ASSERT_TRUE(eventually([&] { return children_of(run).size() == 3 && calls_["/slow"].size() == 1; }));
    is_released_ = true;
    for (const RunId each : children_of(run)) EXPECT_EQ(finish(each, 2s).state, RunStatus::kCanceled);
    EXPECT_FALSE(row(run).finished_at) << "long before the run ends";
}

}  // namespace
}  // namespace weft::worker
