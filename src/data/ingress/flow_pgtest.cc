#include "data/ingress/detail/flow_for_test.h"
#include "store/runcontrol/runcontrol.h"

#include <algorithm>
#include <atomic>
#include <thread>

/// Which runs of a workflow with rules (core/flow) may begin: ingress takes them in, a worker's queue and
/// journal take them through, all on a real database.
namespace weft::ingress::testing {
namespace {

TEST_F(FlowTest, RunsOfAKeyGoOneAfterTheOtherInTheirOrder) {
    const auto workflow = flow(kOneAtATime);
    const RunId a1 = start(workflow, R"({"k": "a"})");
    const RunId a2 = start(workflow, R"({"k": "a"})");
    const RunId a3 = start(workflow, R"({"k": "a"})");
    const RunId b1 = start(workflow, R"({"k": "b"})");
    EXPECT_EQ(worker_.runs(), (Runs{a1, b1}));
    EXPECT_EQ(state(a2), "held");
    worker_.end(b1);
    EXPECT_EQ(worker_.runs(), Runs{}) << "another key's place is not theirs";
    worker_.end(a1);
    EXPECT_EQ(worker_.runs(), Runs{a2});
    worker_.end(a2);
    EXPECT_EQ(worker_.runs(), Runs{a3});
    worker_.end(a3);
    expect_nothing_left();
}

TEST_F(FlowTest, WebhooksAndManualStartsShareTheLimit) {
    const auto workflow = flow(kOneAtATime);
    const auto hook = edge_.hook(tenant_, workflow, kOpen);
    const auto first = edge_.body(edge_.request(hook, R"({"k": "a"})"));
    const RunId second = start(workflow, R"({"k": "a"})");
    const auto run = *RunId::parse(first.at("run_id").get_string());
    EXPECT_EQ(worker_.runs(), Runs{run});
    worker_.end(run);
    EXPECT_EQ(worker_.runs(), Runs{second});
}

TEST_F(FlowTest, AParkedRunKeepsItsPlace) {
    const auto workflow = flow(kOneAtATime);
    const RunId first = start(workflow);
    start(workflow);
    EXPECT_EQ(worker_.runs(), Runs{first});
    auto entry = Worker::ended(worker_.held(first));
    entry.state = runstate::RunStatus::kWaiting;
    entry.finished_at.reset();
    entry.fate = store::runs::JobFate::kPark;
    entry.park_for = 1h;
    ASSERT_TRUE(edge_.wait(store::runs::flush(worker_.pool(), {&entry}, Edge::by())));
    worker_.repair();
    EXPECT_EQ(worker_.runs(), Runs{});
}

TEST_F(FlowTest, PriorityOvertakesInLine) {
    const auto workflow =
        flow(R"({"concurrency": {"limit": 1, "when_full": "queue"}, "priority": ["input", "p"]})");
    const RunId first = start(workflow, R"({"p": 0})");
    const RunId plain = start(workflow, R"({"p": 0})");
    const RunId urgent = start(workflow, R"({"p": 60})");
    EXPECT_EQ(worker_.runs(), Runs{first});
    worker_.end(first);
    EXPECT_EQ(worker_.runs(), Runs{urgent});
    worker_.end(urgent);
    EXPECT_EQ(worker_.runs(), Runs{plain});
}

TEST_F(FlowTest, SkipTurnsAwayWhatFindsNoPlace) {
    const auto workflow = flow(R"({"concurrency": {"limit": 1, "when_full": "skip"}})");
    const RunId first = start(workflow);
    const RunId second = start(workflow);
    EXPECT_EQ(why(second), "Skipped: another run of its key is under way");
    EXPECT_EQ(why(first), "");
    const Runs both = worker_.runs();
    EXPECT_EQ(both.size(), 2u) << "the second one ends as canceled like any other";
    EXPECT_TRUE(worker_.held(second).cancel);
    worker_.end(second);
    worker_.end(first);
    EXPECT_EQ(why(start(workflow)), "");
}

TEST_F(FlowTest, CancelOldestMakesRoomForTheNewest) {
    const auto workflow = flow(R"({"concurrency": {"limit": 1, "when_full": "cancel-oldest"}})");
    const RunId first = start(workflow);
    EXPECT_EQ(worker_.runs(), Runs{first});
    const RunId second = start(workflow);
    EXPECT_EQ(why(first), "Canceled: newer runs of its key began");
    EXPECT_EQ(state(second), "held") << "not before the first has ended";
    const RunId third = start(workflow);
    EXPECT_EQ(why(second), "Canceled: newer runs of its key began") << "it had not begun";
    EXPECT_EQ(worker_.runs(), Runs{second}) << "to end it";
    worker_.end(second);
    EXPECT_EQ(state(third), "held");
    worker_.end(first);
    EXPECT_EQ(worker_.runs(), Runs{third});
    EXPECT_FALSE(worker_.held(third).cancel);
}

/// The oldest's job is locked by the flush of its worker at the moment.
TEST_F(FlowTest, CancelOldestIsTriedAgainWhereTheJobIsLocked) {
    const auto workflow = flow(R"({"concurrency": {"limit": 1, "when_full": "cancel-oldest"}})");
    const RunId first = start(workflow);
    EXPECT_EQ(worker_.runs(), Runs{first});
    auto begun = edge_.wait(worker_.pool().begin(pg::Principal::tenant(tenant_), Edge::by()));
    ASSERT_TRUE(begun);
    constexpr pg::Query kLock{.name = "lock", .text = "select 1 as one from weft.job for update"};
    ASSERT_TRUE(edge_.wait(begun->query(kLock, {}, Edge::by())));
    const RunId second = start(workflow);
    EXPECT_EQ(why(first), "");
    ASSERT_TRUE(edge_.wait(begun->commit(Edge::by())));
    edge_.wait(rt::sleep_for(250ms, Edge::by()));
    worker_.turn();
    EXPECT_EQ(why(first), "Canceled: newer runs of its key began");
    EXPECT_EQ(state(second), "held");
}

TEST_F(FlowTest, CancelNewestKeepsThoseThatCameFirst) {
    const auto workflow = flow(R"({"concurrency": {"limit": 1, "when_full": "cancel-newest"}})");
    const RunId first = start(workflow);
    EXPECT_EQ(worker_.runs(), Runs{first});
    const RunId second = start(workflow);
    EXPECT_EQ(why(first), "");
    EXPECT_EQ(why(second), "Canceled: older runs of its key are under way");
}

TEST_F(FlowTest, AThrottleSpreadsRuns) {
    const auto workflow = flow(R"({"throttle": {"limit": 10, "per_ms": 2000}})");
    for (int i = 0; i < 20; ++i) start(workflow);
    EXPECT_EQ(worker_.runs().size(), 1u) << "the others are due one after the other";
    // 200 ms between two, of those whose turn comes within a second.
    EXPECT_EQ(
        db_.scalar(
            "select count(*) from (select run_at - lag(run_at) over (order by run_at) as gap from weft.job "
            "where state = 'ready') g where gap between interval '199 ms' and interval '201 ms'"
        ),
        db_.scalar("select count(*) - 1 from weft.job where state = 'ready'")
    );
    const auto held = std::stoi(count("weft.job where state = 'held'"));
    EXPECT_GE(held, 10);
    edge_.wait(rt::sleep_for(500ms, Edge::by()));
    worker_.turn();
    EXPECT_LT(std::stoi(count("weft.job where state = 'held'")), held);
}

TEST_F(FlowTest, ARateLimitRefusesBeforeAnythingIsAccepted) {
    const auto workflow = flow(R"({"rate": {"limit": 2, "per_ms": 3600000, "key": ["input", "k"]}})");
    const auto hook = edge_.hook(tenant_, workflow, kSigned);
    auto deliver = [&](std::string id, std::string key) {
        auto answer = edge_.wait(
            edge_.hooks_.handle(edge_.signed_request(hook, std::move(id), R"({"k": ")" + key + "\"}"))
        );
        if (!answer) return answer.error().user + answer.error().detail;
        const auto after = answer->headers.get("retry-after");
        return std::to_string(answer->status) + (after.empty() ? "" : " " + std::string(after));
    };
    EXPECT_EQ(deliver("msg_1", "a"), "202");
    EXPECT_EQ(deliver("msg_2", "a"), "202");
    const std::string refused = deliver("msg_3", "a");
    EXPECT_TRUE(refused == "429 1800" || refused == "429 1799") << refused;
    EXPECT_TRUE(deliver("msg_3", "a").starts_with("429 1"));
    EXPECT_EQ(deliver("msg_4", "b"), "202") << "another key";
    EXPECT_EQ(count("weft.workflow_run"), "3");
    EXPECT_EQ(count("weft.trigger_event"), "3");
    EXPECT_FALSE(try_start(workflow, R"({"k": "a"})")) << "whoever starts it";
}

TEST_F(FlowTest, ARepeatedDeliveryTakesNothingOfTheRate) {
    const auto workflow = flow(R"({"rate": {"limit": 2, "per_ms": 3600000}})");
    const auto hook = edge_.hook(tenant_, workflow, kSigned);
    for (int i = 0; i < 5; ++i) edge_.body(edge_.signed_request(hook, "same", "{}"));
    EXPECT_EQ(count("weft.workflow_run"), "1");
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "other", "{}")), 202);
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "third", "{}")), 429);
}

TEST_F(FlowTest, ARepeatOfWhatWasAcceptedIsNoNewOne) {
    const auto workflow = flow(R"({"rate": {"limit": 1, "per_ms": 3600000}})");
    const auto hook = edge_.hook(tenant_, workflow, kSigned);
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "first", "{}")), 202);
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "second", "{}")), 429);
    const int repeat = edge_.status(edge_.signed_request(hook, "first", "{}"));
    EXPECT_TRUE(repeat == 200 || repeat == 202) << repeat;
    EXPECT_EQ(count("weft.workflow_run"), "1");
}

TEST_F(FlowTest, ARepeatedRequestTakesNothingOfTheRate) {
    const auto workflow = flow(R"({"rate": {"limit": 2, "per_ms": 3600000}})");
    const Uuid caller = Uuid::v7(edge_.clock_.now(), edge_.rng_);
    const auto keyed = [&](std::string key) {
        StartRun from{.tenant = tenant_, .workflow = workflow};
        from.once = store::idempotency::Once{{tenant_, caller, "workflows.start", std::move(key)}, "asked"};
        return edge_.wait(edge_.ingest_.start_run(std::move(from), Edge::by()));
    };
    const auto first = keyed("one");
    ASSERT_TRUE(first) << first.error().detail;
    for (int i = 0; i < 5; ++i) {
        const auto again = keyed("one");
        ASSERT_TRUE(again) << again.error().user;
        EXPECT_EQ(again->run, first->run);
    }
    EXPECT_TRUE(keyed("two")) << "five repeats have spent nothing";
    EXPECT_FALSE(keyed("three"));
    EXPECT_TRUE(keyed("one")) << "also where no room is left";
}

TEST_F(FlowTest, ARateThatIsRaisedLetsInAtOnce) {
    const auto workflow = flow(R"({"rate": {"limit": 1, "per_ms": 3600000}})");
    start(workflow);
    EXPECT_FALSE(try_start(workflow, "null"));
    EXPECT_FALSE(try_start(workflow, "null")) << "without asking the database";
    set_rules(workflow, R"({"rate": {"limit": 1000000, "per_ms": 3600000}})");
    db_.exec("update weft.flow_gate set next_at = now()");
    edge_.wait(rt::sleep_for(2100ms, Edge::by()));
    EXPECT_TRUE(try_start(workflow, "null")) << "not before the hour is over";
}

TEST_F(FlowTest, DebounceRunsTheLastOfABurst) {
    const auto workflow = flow(R"({"debounce": {"for_ms": 300, "key": ["input", "k"]}})");
    const RunId first = start(workflow, R"({"k": 1})");
    const RunId other = start(workflow, R"({"k": 2})");
    const RunId last = start(workflow, R"({"k": 1})");
    EXPECT_EQ(why(first), "Debounced: a newer event took its place");
    EXPECT_EQ(worker_.runs(), Runs{first}) << "to end it as canceled";
    worker_.turn();
    EXPECT_EQ(state(last), "held") << "not before it has been quiet";
    edge_.wait(rt::sleep_for(350ms, Edge::by()));
    worker_.turn();
    auto begun = worker_.runs();
    std::ranges::sort(begun);
    Runs wanted{other, last};
    std::ranges::sort(wanted);
    EXPECT_EQ(begun, wanted);
    for (const RunId run : {first, other, last}) worker_.end(run);
    expect_nothing_left();
}

TEST_F(FlowTest, DebounceWaitsNoLongerThanItsMax) {
    const auto workflow = flow(R"({"debounce": {"for_ms": 60000, "max_ms": 60000}})");
    start(workflow);
    db_.exec("update weft.flow_gate set next_at = now() - interval '59.9 s'");  // the first came a minute ago
    const RunId last = start(workflow);
    edge_.wait(rt::sleep_for(200ms, Edge::by()));
    worker_.turn();
    EXPECT_EQ(state(last), "ready");
}

TEST_F(FlowTest, ADebouncedRunStillWaitsForItsPlace) {
    const auto workflow = flow(
        R"({"debounce": {"for_ms": 50}, "throttle": {"limit": 1000, "per_ms": 1000},
            "concurrency": {"limit": 1, "when_full": "queue"}})"
    );
    const RunId first = start(workflow);
    edge_.wait(rt::sleep_for(60ms, Edge::by()));
    worker_.turn();
    EXPECT_EQ(worker_.runs(), Runs{first});
    const RunId second = start(workflow);
    edge_.wait(rt::sleep_for(60ms, Edge::by()));
    worker_.turn();
    EXPECT_EQ(
        db_.scalar("select stage || state from weft.job where run_id = $1::uuid", {second.text()}),
        "concurrencyheld"
    );
    worker_.end(first);
    edge_.wait(rt::sleep_for(20ms, Edge::by()));
    EXPECT_EQ(worker_.runs(), Runs{second});
    worker_.end(second);
    expect_nothing_left();
}

/// The rules of the published version count, and whoever has read keys for others reads them anew.
TEST_F(FlowTest, NewRulesCountFromThePublishingOn) {
    const auto workflow = flow(kOneAtATime);
    start(workflow, R"({"k": "a", "other": 1})");
    db_.exec(
        "with v as (insert into weft.workflow_version (tenant_id, id, workflow_id, number, definition, "
        "compiled, "
        "content_hash) select tenant_id, gen_random_uuid(), workflow_id, 2, '{}', '{}', '' from "
        "weft.workflow_version returning id) update weft.workflow set published_version_id = (select id from "
        "v), flow "
        "= '{\"concurrency\": {\"limit\": 1, \"when_full\": \"queue\", \"key\": [\"input\", \"other\"]}}'"
    );
    const RunId second = start(workflow, R"({"k": "a", "other": 2})");
    EXPECT_EQ(db_.scalar("select gate from weft.job where run_id = $1::uuid", {second.text()}), "2");
    EXPECT_EQ(state(second), "ready");
    db_.exec("update weft.workflow set flow = null");
    EXPECT_EQ(
        db_.scalar(
            "select coalesce(stage, 'none') from weft.job where run_id = $1::uuid",
            {start(workflow, R"({"k": "a", "other": 2})").text()}
        ),
        "none"
    );
}

TEST_F(FlowTest, AHeldRunCanBeCanceled) {
    const auto workflow = flow(kOneAtATime);
    const RunId first = start(workflow);
    const RunId second = start(workflow);
    auto canceling = edge_.wait(edge_.pool_.begin(pg::Principal::tenant(tenant_), Edge::by()));
    ASSERT_TRUE(canceling);
    store::runcontrol::CancelRequest request{.by = db_.create_user(tenant_), .reason = "enough"};
    auto canceled = edge_.wait(store::runcontrol::request_cancel(
        store::Db(*canceling), tenant_, second, std::move(request), Edge::by()
    ));
    ASSERT_TRUE(canceled) << canceled.error().detail;
    ASSERT_TRUE(edge_.wait(canceling->commit(Edge::by())));
    auto both = worker_.runs();
    EXPECT_EQ(both.size(), 2u);
    ASSERT_TRUE(worker_.held(second).cancel);
    EXPECT_EQ(worker_.held(second).cancel->reason, "enough");
    worker_.end(second);
    const RunId third = start(workflow);
    EXPECT_EQ(state(third), "held") << "it had no place that it could give away";
    worker_.end(first);
    EXPECT_EQ(state(third), "ready");
}

TEST_F(FlowTest, HeldRunsCountIntoTheBacklog) {
    const auto workflow = flow(kOneAtATime);
    for (int i = 0; i < 5; ++i) start(workflow);
    auto counted = edge_.wait(store::triggers::count_backlog(edge_.pool_, tenant_, 100, Edge::by()));
    ASSERT_TRUE(counted) << counted.error().detail;
    EXPECT_EQ(counted->used, 5);
    EXPECT_EQ(counted->most, 100);
}

/// Two api processes begin the first runs of the same keys at the same moments.
TEST_F(FlowTest, OfTwoThatComeAtOnceOneGetsThePlace) {
    constexpr int kKeys = 200;
    const auto workflow = flow(kOneAtATime);
    Edge other(db_);
    auto begin_all = [&](Edge& edge) -> rt::Task<void> {
        for (int i = 0; i < kKeys; ++i) {
            StartRun from{
                .tenant = tenant_, .workflow = workflow, .input = "{\"k\": " + std::to_string(i) + "}"
            };
            auto run = co_await edge.ingest_.start_run(std::move(from), Edge::by());
            EXPECT_TRUE(run) << run.error().detail;
        }
    };
    std::thread process([&] { other.wait(begin_all(other)); });
    edge_.wait(begin_all(edge_));
    process.join();
    EXPECT_EQ(count("weft.job where state = 'ready'"), std::to_string(kKeys));
    EXPECT_EQ(count("weft.job where state = 'held'"), std::to_string(kKeys));
}

/// Two api processes begin, four tasks of a worker claim and end, all at once: never more at a time than the
/// limit, nothing is left over, and what is begun of a key of one process goes in its order.
TEST_F(FlowTest, NoPlaceIsGivenTwiceNorLost) {
    constexpr int kRuns = 300;
    constexpr int kKeys = 3;
    const auto workflow =
        flow(R"({"concurrency": {"limit": 2, "when_full": "queue", "key": ["input", "k"]}})");
    Edge other(db_);
    rt::Scope mine(edge_.loop_);
    std::atomic<int> started = 0;
    int ended = 0;
    int worst = 0;
    std::map<std::string, int> at_once;
    auto begin = [&](Edge& edge, int i) -> rt::Task<void> {
        StartRun from{
            .tenant = tenant_, .workflow = workflow, .input = "{\"k\": " + std::to_string(i % kKeys) + "}"
        };
        auto run = co_await edge.ingest_.start_run(std::move(from), Edge::by());
        EXPECT_TRUE(run) << run.error().detail;
        ++started;
    };
    auto work = [&]() -> rt::Task<void> {
        const auto by = Edge::by();
        while (ended < kRuns && !by.is_over()) {
            auto claimed = co_await worker_.queue().claim(worker_.id(), 3, 30s, by);
            EXPECT_TRUE(claimed) << claimed.error().detail;
            if (!claimed) co_return;
            if (claimed->empty()) co_await rt::sleep_for(1ms, by);
            std::vector<store::runs::Entry> entries;
            for (const Claimed& one : *claimed) entries.push_back(Worker::ended(one));
            const int now =
                std::stoi(db_.scalar("select coalesce(max(n), 0) from (select count(*) as n from weft.job "
                                     "where state <> 'held' group by gate) g"));
            worst = std::max(worst, now);
            std::vector<store::runs::Entry*> all;
            for (auto& entry : entries) all.push_back(&entry);
            auto written = co_await store::runs::flush(worker_.pool(), std::move(all), by);
            EXPECT_TRUE(written) << written.error().detail;
            if (written) ended += static_cast<int>(entries.size());
        }
    };
    // One after the other, so that begins meet begins and ends all the time, instead of a few large
    // transactions.
    auto begin_some = [&](Edge& edge) -> rt::Task<void> {
        for (int i = 0; i < kRuns / 4; ++i) co_await begin(edge, i);
    };
    std::thread process([&] {
        rt::Scope theirs(other.loop_);
        for (int i = 0; i < 2; ++i) theirs.spawn(begin_some(other));
        other.wait(theirs.join());
    });
    for (int i = 0; i < 2; ++i) mine.spawn(begin_some(edge_));
    for (int i = 0; i < 4; ++i) mine.spawn(work());
    edge_.wait(mine.join());
    process.join();
    EXPECT_EQ(started, kRuns);
    EXPECT_EQ(ended, kRuns);
    EXPECT_EQ(worst, 2) << "the limit, and it was made use of";
    expect_nothing_left();
}

}  // namespace
}  // namespace weft::ingress::testing
