// What the edge does not take, and what a trigger's owner sees of it.
#include "data/ingress/detail/edge_for_test.h"
#include "store/triggers/history.h"

#include <gmock/gmock.h>

namespace weft::ingress::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRefusing = R"({"signature": {"scheme": "none"}, "on_invalid_input": "refuse"})";

std::string compiled(const std::string& inputs) {
    return R"({"format":"weft-compiled/1","inputs":)" + inputs + "}";
}

class RefusedTest : public IngressTest {
  protected:
    /// The workflow's next version.
    void publish(const test::TestDatabase::Workflow& flow, const std::string& text) {
        SystemRng rng;
        const auto next = WorkflowVersionId::make(rt::SystemClock().now(), rng);
        db_.exec(
            "insert into weft.workflow_version (tenant_id, id, workflow_id, number, definition, compiled, "
            "content_hash) select tenant_id, '" +
            next.text() + "', workflow_id, 2, definition, '" + text +
            "', 'b'::bytea from "
            "weft.workflow_version where id = '" +
            flow.version.text() + "'; update weft.workflow set published_version_id = '" + next.text() +
            "' where id = '" + flow.id.text() + "'"
        );
    }
    std::string kinds(TriggerId trigger) {
        return db_.scalar(
            "select coalesce(string_agg(reason || ' ' || status || ' ' || content_type || ' ' || address || "
            "' ' "
            "|| deliveries || 'x' || size_bytes, ', ' order by reason), '') from weft.refused_delivery where "
            "trigger_id = $1::uuid",
            {trigger.text()}
        );
    }
};

TEST_F(RefusedTest, AnInputThatDoesNotFitIsRefusedWhenTheTriggerSaysSo) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto flow = db_.create_workflow(tenant, "flow", compiled(R"({"required":["id"]})"));
    auto strict = edge.hook(tenant, flow.id, kRefusing);
    auto lenient = edge.hook(tenant, flow.id, kOpen);
    EXPECT_EQ(edge.status(edge.request(strict, R"({"id": 1})")), 202);
    auto refused = edge.wait(edge.hooks_.handle(edge.request(strict, R"({"other": 1})")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(http_status(refused.error().code), 422);
    EXPECT_EQ(refused.error().field, "input.id");
    EXPECT_THAT(refused.error().user, HasSubstr("does not fit the workflow's input: input.id is required"));
    EXPECT_EQ(edge.status(edge.request(lenient, R"({"other": 1})")), 202)
        << "then the run fails, and says why";
    EXPECT_EQ(count("weft.workflow_run"), "2");
}

TEST_F(RefusedTest, WhatIsPublishedMeanwhileCountsAtOnce) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto flow = db_.create_workflow(tenant, "flow", compiled(R"({"required":["id"]})"));
    auto hook = edge.hook(tenant, flow.id, kRefusing);
    EXPECT_EQ(edge.status(edge.request(hook, R"({"other": 1})")), 422);
    publish(flow, compiled(R"({"required":["other"]})"));
    EXPECT_EQ(edge.status(edge.request(hook, R"({"other": 1})")), 202);
}

TEST_F(RefusedTest, TheOwnerSeesKindsWithAReasonAndNothingOfTheContent) {
    HookOptions options;
    options.events = {.per_second = 0.001, .burst = 2};
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kSigned);
    auto from = [](http::Request request) {
        request.client = "203.0.113.77";
        return request;
    };
    for (int i = 0; i < 3; ++i) {
        auto forged = from(edge.signed_request(hook, "id", "canary-body"));
        forged.headers.set("X-Weft-Signature", "sha256=00");
        EXPECT_EQ(edge.status(std::move(forged)), 401);
    }
    EXPECT_EQ(edge.status(from(edge.signed_request(hook, "a", "{"))), 422);
    EXPECT_EQ(edge.status(from(edge.signed_request(hook, "b", "{}"))), 202);
    EXPECT_EQ(edge.status(from(edge.signed_request(hook, "c", "{}"))), 429);
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_EQ(
        kinds(hook.id),
        "body 422 application/json 203.0.113.0/24 1x1, rate 429 application/json 203.0.113.0/24 1x2, "
        "signature 401 application/json 203.0.113.0/24 3x11"
    );
    EXPECT_THAT(edge.metrics_.expose(), HasSubstr("weft_deliveries_refused_total{reason=\"signature\"} 3"));
    auto listed =
        edge.wait(store::triggers::list_refused(store::Db(edge.pool_, tenant), tenant, hook.id, Edge::by()));
    ASSERT_TRUE(listed) << listed.error().detail;
    EXPECT_EQ(listed->size(), 3u);
    auto other = edge.tenant();
    auto none =
        edge.wait(store::triggers::list_refused(store::Db(edge.pool_, other), other, hook.id, Edge::by()));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->empty()) << "another tenant's";
}

TEST_F(RefusedTest, ADeliveryToAnInactiveWorkflowIsCounted) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    db_.exec("update weft.workflow set state = 'inactive'");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(edge.status(edge.request(hook, "{}")), 409);
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_THAT(kinds(hook.id), HasSubstr("inactive 409 "));
    EXPECT_THAT(kinds(hook.id), HasSubstr(" 2x2"));
}

/// However much is sent, and however different: a few rows in a turn, and a few on the trigger.
TEST_F(RefusedTest, AFloodWritesFewRows) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kSigned);
    auto note = [&](int i) {
        edge.refusals_.note({
            .tenant = tenant,
            .trigger = hook.id,
            .reason = store::triggers::RefusalReason::kSignature,
            .status = 401,
            .size = 1,
            .content_type = "text/" + std::to_string(i),
            .address = masked_address("10.0." + std::to_string(i % 250) + ".1"),
        });
    };
    for (int i = 0; i < 10'000; ++i) note(i);
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_EQ(count("weft.refused_delivery"), "8");
    EXPECT_EQ(db_.scalar("select sum(deliveries) from weft.refused_delivery"), "10000");
    for (int turn = 1; turn <= 20; ++turn) {
        for (int i = 0; i < 20; ++i) note(turn * 1'000 + i);
        edge.wait(edge.refusals_.flush(Edge::by()));
    }
    EXPECT_EQ(count("weft.refused_delivery"), "50");
    db_.exec("delete from weft.trigger where id = '" + hook.id.text() + "'");
    EXPECT_EQ(count("weft.refused_delivery"), "0");
    note(1);
    edge.wait(edge.refusals_.flush(Edge::by()));  // the trigger is gone: nothing to tell, and no error
    EXPECT_EQ(count("weft.refused_delivery"), "0");
}

/// By the minute, whatever comes: an attacker fills no table.
TEST_F(RefusedTest, TheHistoryHasARowForAMinuteAndAReason) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kSigned);
    for (int i = 0; i < 5'000; ++i) {
        edge.refusals_.note({
            .tenant = tenant,
            .trigger = hook.id,
            .reason = store::triggers::RefusalReason::kSignature,
            .status = 401,
            .size = 1,
            .content_type = "text/" + std::to_string(i),
            .address = "",
        });
        if (i % 1'000 == 0) edge.wait(edge.refusals_.flush(Edge::by()));
    }
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_EQ(db_.scalar("select sum(events) from weft.trigger_miss where reason = 'signature'"), "5000");
    EXPECT_EQ(db_.scalar("select count(*) <= 2 from weft.trigger_miss"), "t") << "5,000 in a moment";
    db_.exec(
        "select weft.note_miss('" + tenant.text() + "', '" + hook.id.text() +
        "', 'rate', 1, now() - m * interval '1 minute') from generate_series(2500, 1, -1) as m"
    );
    EXPECT_EQ(count("weft.trigger_miss"), "2000");
    EXPECT_EQ(db_.scalar("select count(*) from weft.trigger_miss where reason = 'signature'"), "1");
    EXPECT_EQ(db_.scalar("select min(minute) > now() - interval '2002 minutes' from weft.trigger_miss"), "t")
        << "the oldest went";
}

TEST_F(RefusedTest, HealthAndHistoryTellWhatBecameOfATrigger) {
    HookOptions options;
    options.events = {.per_second = 0.001, .burst = 2};
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kSigned);
    const store::Db db(edge.pool_, tenant);
    const auto health = [&] {
        auto found = edge.wait(store::triggers::find_health(db, hook.id, Edge::by()));
        EXPECT_TRUE(found) << found.error().detail;
        return *found;
    };
    EXPECT_EQ(health().health, "never");
    EXPECT_EQ(edge.status(edge.signed_request(hook, "a", "{}")), 202);
    EXPECT_EQ(health().health, "ok");
    auto forged = edge.signed_request(hook, "b", "{}");
    forged.headers.set("X-Weft-Signature", "sha256=00");
    EXPECT_EQ(edge.status(std::move(forged)), 401);
    edge.wait(edge.refusals_.flush(Edge::by()));
    const auto failing = health();
    EXPECT_EQ(failing.health, "failing");
    EXPECT_EQ(failing.missed_reason, "signature");
    EXPECT_EQ(failing.runs, 1);
    EXPECT_EQ(failing.missed, 1);
    EXPECT_TRUE(failing.event_at && failing.last_run_id && failing.missed_at);
    EXPECT_EQ(edge.status(edge.signed_request(hook, "c", "{}")), 202);
    EXPECT_EQ(health().health, "ok");
    // What its owner left out is no failure.
    db_.exec(
        "select weft.note_miss('" + tenant.text() + "', '" + hook.id.text() + "', 'filtered', 7, now())"
    );
    EXPECT_EQ(health().health, "ok");
    EXPECT_EQ(health().missed, 8);

    std::vector<std::string> seen;
    store::PageRequest page{.limit = 2, .after = std::nullopt};
    do {
        auto found = edge.wait(store::triggers::list_history(db, hook.id, page, Edge::by()));
        ASSERT_TRUE(found) << found.error().detail;
        for (const auto& one : found->items)
            seen.push_back(one.reason ? *one.reason + " " + std::to_string(one.events) : "run");
        page.after = found->next;
    } while (page.after);
    EXPECT_THAT(seen, ::testing::ElementsAre("filtered 7", "run", "signature 1", "run"));
    db_.exec("update weft.trigger set state = 'inactive'");
    EXPECT_EQ(health().health, "off");
    auto other = edge.tenant();
    auto none = edge.wait(store::triggers::find_health(store::Db(edge.pool_, other), hook.id, Edge::by()));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Code::kNotFound);
}

TEST_F(RefusedTest, AnAddressIsShownAsItsNetwork) {
    EXPECT_EQ(masked_address("203.0.113.77"), "203.0.113.0/24");
    EXPECT_EQ(masked_address("::ffff:203.0.113.77"), "203.0.113.0/24");
    EXPECT_EQ(masked_address("2001:db8:1:2:3::4"), "2001:db8:1::/48");
    EXPECT_EQ(masked_address("unix"), "");
}

}  // namespace
}  // namespace weft::ingress::testing
