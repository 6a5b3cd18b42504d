#pragma once

#include "data/ingress/detail/edge_for_test.h"
#include "platform/rt/loop.h"
#include "store/queue/queue.h"
#include "store/triggers/inbox.h"

#include <map>

namespace weft::ingress::testing {

using store::queue::Claimed;
using store::queue::Queue;

/// What a worker does to the queue, without running anything.
class Worker {
  public:
    Worker(test::TestDatabase& db, Edge& edge)
        : edge_(edge), pool_(edge.loop_, {.url = db.worker_url(), .connections_max = 4}), queue_(pool_) {}
    ~Worker() { edge_.wait(pool_.close()); }

    std::vector<Claimed> claim(int limit = 100) {
        auto out = edge_.wait(queue_.claim(id_, limit, 30s, Edge::by()));
        EXPECT_TRUE(out) << out.error().detail;
        return out.value_or(std::vector<Claimed>{});
    }
    /// The ids of what can be claimed, in the order of the claims.
    std::vector<RunId> runs(int limit = 100) {
        std::vector<RunId> out;
        for (const Claimed& one : claim(limit)) {
            out.push_back(one.lease.run);
            held_.emplace(one.lease.run, one);
        }
        return out;
    }
    static store::runs::Entry ended(const Claimed& claimed) {
        store::runs::Entry entry;
        entry.lease = claimed.lease;
        entry.workflow = claimed.workflow;
        entry.state = claimed.cancel ? runstate::RunStatus::kCanceled : runstate::RunStatus::kSuccess;
        entry.finished_at = claimed.at;
        entry.fate = store::runs::JobFate::kFinish;
        entry.is_gated = claimed.is_gated;
        return entry;
    }
    void end(RunId run) {
        auto entry = ended(held_.at(run));
        auto written = edge_.wait(store::runs::flush(pool_, {&entry}, Edge::by()));
        EXPECT_TRUE(written) << written.error().detail;
        held_.erase(run);
    }
    void fail(RunId run, const std::string& error_class) {
        auto entry = ended(held_.at(run));
        entry.state = runstate::RunStatus::kFailed;
        entry.failure_kind = runstate::FailureKind::kProvider;
        entry.error = R"({"message": "away", "class": ")" + error_class + R"("})";
        auto written = edge_.wait(store::runs::flush(pool_, {&entry}, Edge::by()));
        EXPECT_TRUE(written) << written.error().detail;
        held_.erase(run);
    }
    const Claimed& held(RunId run) const { return held_.at(run); }
    Queue::Turned turn() {
        auto turned = edge_.wait(queue_.turn_due_gates(Edge::by()));
        EXPECT_TRUE(turned) << turned.error().detail;
        return turned.value_or(Queue::Turned{});
    }
    void repair() {
        auto last = edge_.wait(queue_.turn_standing_gates(std::nullopt, Edge::by()));
        EXPECT_TRUE(last) << last.error().detail;
    }
    pg::Pool& pool() { return pool_; }
    Queue& queue() { return queue_; }
    WorkerId id() const { return id_; }

  private:
    Edge& edge_;
    pg::Pool pool_;
    Queue queue_;
    WorkerId id_ = WorkerId::make(edge_.clock_.now(), edge_.rng_);
    std::map<RunId, Claimed> held_;
};

class FlowTest : public IngressTest {
  protected:
    FlowTest() : edge_(db_), worker_(db_, edge_), tenant_(edge_.tenant()) {}

    WorkflowId flow(std::string_view rules, std::string_view key = "flow") {
        const auto made = db_.create_workflow(tenant_, key);
        set_rules(made.id, rules);
        return made.id;
    }
    void set_rules(WorkflowId workflow, std::string_view rules) {
        db_.exec(
            "update weft.workflow set flow = '" + std::string(rules) + "' where id = '" + workflow.text() +
            "'"
        );
    }
    Result<Started> try_start(WorkflowId workflow, std::string_view input) {
        StartRun start{.tenant = tenant_, .workflow = workflow, .input = std::string(input)};
        return edge_.wait(edge_.ingest_.start_run(std::move(start), Edge::by()));
    }
    RunId start(WorkflowId workflow, std::string_view input = "null") {
        auto started = try_start(workflow, input);
        EXPECT_TRUE(started) << started.error().user << started.error().detail;
        return started ? started->run : RunId();
    }
    std::string state(RunId run) {
        return db_.scalar("select state from weft.job where run_id = $1::uuid", {run.text()});
    }
    std::string why(RunId run) {
        return db_.scalar("select cancel_reason from weft.job where run_id = $1::uuid", {run.text()});
    }
    void expect_nothing_left() {
        EXPECT_EQ(count("weft.job"), "0");
        db_.exec("update weft.flow_gate set due_at = now() - interval '1 s', next_at = now() - interval '1 s'"
        );
        worker_.turn();
        EXPECT_EQ(count("weft.flow_gate"), "0");
    }

    Edge edge_;
    Worker worker_;
    TenantId tenant_;
};

using Runs = std::vector<RunId>;

inline constexpr const char* kOneAtATime =
    R"({"concurrency": {"limit": 1, "when_full": "queue", "key": ["input", "k"]}})";

}  // namespace weft::ingress::testing
