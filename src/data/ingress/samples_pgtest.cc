// Samples: the next event of a trigger that somebody listens to, whether it begins a run or not.
#include "data/ingress/detail/edge_for_test.h"
#include "data/ingress/forms.h"
#include "store/triggers/samples.h"

namespace weft::ingress::testing {
namespace {

namespace rows = store::triggers;

class SamplesTest : public IngressTest {
  protected:
    void listen(TriggerId id, std::chrono::seconds how_long = rows::kListenMax) {
        ASSERT_TRUE(edge_.wait(rows::listen(db(), id, how_long, Edge::by())));
        edge_.hooks_.forget(id);
    }
    void deactivate(TriggerId id) {
        const auto inactive = rows::State::kInactive;
        ASSERT_TRUE(edge_.wait(rows::set_state(db(), id, inactive, Edge::by())));
        edge_.hooks_.forget(id);
    }
    rows::Sample sample(TriggerId id) { return edge_.wait(rows::find_sample(db(), id, Edge::by())).value(); }
    Json event(TriggerId id) {
        auto sealed = sample(id).sealed;
        auto text = edge_.wait(rows::open_sample(edge_.keys_, tenant_, id, std::move(sealed), Edge::by()));
        EXPECT_TRUE(text) << text.error().detail;
        return text ? *parse_json(*text) : Json();
    }
    store::Db db() { return store::Db(edge_.pool_, tenant_); }

    Edge edge_{db_};
    TenantId tenant_ = edge_.tenant();
    WorkflowId flow_ = db_.create_workflow(tenant_, "flow").id;
};

TEST_F(SamplesTest, AnActiveTriggersEventIsKeptAndBeginsItsRun) {
    const auto hook = edge_.hook(tenant_, flow_, kSigned);
    listen(hook.id);
    EXPECT_TRUE(sample(hook.id).listen_until);
    const auto answer = edge_.body(edge_.signed_request(hook, "one", R"({"n": 1})"));
    ASSERT_TRUE(answer.contains("run_id"));
    EXPECT_EQ(event(hook.id).at("input"), *parse_json(R"({"n": 1})"));
    EXPECT_EQ(event(hook.id).at("trigger").at("method"), "POST");
    EXPECT_EQ(event(hook.id).at("trigger"), edge_.value(tenant_, answer.at("run_id").get_string(), "trigger"))
        << "what the run sees";
    EXPECT_FALSE(sample(hook.id).listen_until);

    edge_.hooks_.forget(hook.id);
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "two", R"({"n": 2})")), 202);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 1) << "one event for each time that somebody listens";
    EXPECT_EQ(count("weft.workflow_run"), "2");

    listen(hook.id);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 1) << "it stays until there is a newer one";
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "three", R"({"n": 3})")), 202);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 3);
    EXPECT_EQ(count("weft.trigger_sample"), "1");
}

TEST_F(SamplesTest, NoRunBeginsOfAnInactiveTrigger) {
    const auto hook = edge_.hook(tenant_, flow_, kSigned);
    deactivate(hook.id);
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "a", "{}")), 404);
    listen(hook.id);
    auto forged = edge_.signed_request(hook, "b", "{}");
    forged.body = R"({"forged": true})";
    EXPECT_EQ(edge_.status(std::move(forged)), 401);
    EXPECT_FALSE(sample(hook.id).captured_at) << "what does not verify is no event";
    const auto answer = edge_.body(edge_.signed_request(hook, "c", R"({"n": 1})"));
    EXPECT_EQ(answer.at("captured"), true);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 1);
    // This process knows the address still, and the other one was told: the row decides.
    EXPECT_EQ(edge_.status(edge_.signed_request(hook, "d", R"({"n": 2})")), 404);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 1);
    EXPECT_EQ(count("weft.workflow_run"), "0");
    EXPECT_EQ(count("weft.trigger_event"), "0") << "the same delivery may begin a run later";
}

TEST_F(SamplesTest, NorOfAWorkflowThatIsInactiveOrWasNeverPublished) {
    const auto hook = edge_.hook(tenant_, flow_, kOpen);
    db_.exec("update weft.workflow set state = 'inactive'");
    edge_.hooks_.forget(hook.id);
    EXPECT_EQ(edge_.status(edge_.request(hook, "{}")), 409);
    listen(hook.id);
    EXPECT_EQ(edge_.body(edge_.request(hook, "{}")).at("captured"), true);
    edge_.hooks_.forget(hook.id);
    EXPECT_EQ(edge_.status(edge_.request(hook, "{}")), 409);
    db_.exec("update weft.workflow set state = 'active', published_version_id = null");
    listen(hook.id);
    EXPECT_EQ(edge_.body(edge_.request(hook, R"({"n": 2})")).at("captured"), true);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 2);
    EXPECT_EQ(count("weft.workflow_run"), "0");
}

TEST_F(SamplesTest, WhatAFilterDoesNotWantIsShownToo) {
    const auto hook = edge_.hook(
        tenant_,
        flow_,
        R"({"signature": {"scheme": "none"}, "filter": {"path": "input.n", "is": "equal", "value": 1}})"
    );
    listen(hook.id);
    EXPECT_EQ(edge_.body(edge_.request(hook, R"({"n": 2})")).at("filtered"), true);
    EXPECT_EQ(event(hook.id).at("input").at("n"), 2) << "whoever writes the filter must see it";
}

TEST_F(SamplesTest, ListeningEndsByItselfAndWhenItIsToldTo) {
    const auto hook = edge_.hook(tenant_, flow_, kOpen);
    deactivate(hook.id);
    listen(hook.id);
    listen(hook.id, 0s);
    EXPECT_FALSE(sample(hook.id).listen_until);
    EXPECT_EQ(edge_.status(edge_.request(hook, "{}")), 404);
    listen(hook.id);
    db_.exec("update weft.trigger_sample set listen_until = clock_timestamp() - interval '1 ms'");
    EXPECT_EQ(edge_.status(edge_.request(hook, "{}")), 404);
    listen(hook.id, 24h);
    EXPECT_EQ(
        db_.scalar("select (listen_until <= now() + interval '10 minutes')::text from weft.trigger_sample"),
        "true"
    );
}

TEST_F(SamplesTest, WhatIsTooLargeIsSaid) {
    const auto hook = edge_.hook(tenant_, flow_, kOpen);
    listen(hook.id);
    std::string text(limits::kPayloadBytesMax, 'x');
    auto kept = edge_.wait(
        rows::capture(edge_.pool_, edge_.keys_, tenant_, hook.id, to_text(Json(text)), "{}", Edge::by())
    );
    ASSERT_TRUE(kept);
    EXPECT_FALSE(*kept);
    EXPECT_FALSE(sample(hook.id).listen_until);
    EXPECT_TRUE(sample(hook.id).problem.value_or("").contains("larger than 8 MiB"));
    listen(hook.id);
    EXPECT_FALSE(sample(hook.id).problem);
}

TEST_F(SamplesTest, AnotherTenantsTriggerShowsNothing) {
    const auto hook = edge_.hook(tenant_, flow_, kOpen);
    listen(hook.id);
    EXPECT_EQ(edge_.status(edge_.request(hook, R"({"n": 1})")), 202);
    ASSERT_TRUE(sample(hook.id).captured_at);
    const auto other = edge_.tenant();
    auto seen = edge_.wait(rows::find_sample(store::Db(edge_.pool_, other), hook.id, Edge::by()));
    ASSERT_TRUE(seen);
    EXPECT_FALSE(seen->captured_at);
    const auto second = edge_.hook(tenant_, flow_, kOpen);
    auto sealed = sample(hook.id).sealed;
    EXPECT_FALSE(edge_.wait(rows::open_sample(edge_.keys_, tenant_, second.id, std::move(sealed), Edge::by()))
    ) << "it is bound to its trigger";
}

TEST_F(SamplesTest, AFormIsShownAndItsSubmissionKept) {
    Forms forms(edge_.loop_, edge_.ingest_, edge_.pool_, edge_.clock_, edge_.rng_, edge_.metrics_, {});
    const auto flow = db_.create_workflow(
        tenant_,
        "form",
        R"({"format": "weft-compiled/1", "inputs": {"type": "object", "properties": {"a": {"type": "string"}}}})"
    );
    const auto form = edge_.hook(tenant_, flow.id, "{}", Edge::Sealed::kNo, Edge::Kind::kForm);
    deactivate(form.id);
    const auto sent = [&](http::Method method) {
        auto request = edge_.request(form, method == http::Method::kPost ? R"({"a": "x"})" : "");
        request.method = method;
        auto answer = edge_.wait(forms.handle(std::move(request)));
        EXPECT_TRUE(answer);
        return answer->status;
    };
    EXPECT_EQ(sent(http::Method::kPost), 404);
    listen(form.id);
    forms.forget(form.id);
    EXPECT_EQ(sent(http::Method::kGet), 200);
    EXPECT_EQ(sent(http::Method::kPost), 202);
    EXPECT_EQ(event(form.id).at("input"), *parse_json(R"({"a": "x"})"));
    EXPECT_EQ(sent(http::Method::kPost), 404);
    EXPECT_EQ(count("weft.workflow_run"), "0");
}

}  // namespace
}  // namespace weft::ingress::testing
