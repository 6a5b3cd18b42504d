// What the edge refuses, and that it does so before it has read a body.
#include "data/ingress/detail/edge_for_test.h"

namespace weft::ingress::testing {
namespace {

constexpr rate::Rate kThree{.per_second = 0.01, .burst = 3};

class HookLimits : public IngressTest {
  protected:
    Result<http::Pass> admit(Edge& edge, const Edge::Hook& hook, std::string_view length = "2") {
        head_ = edge.request(hook, "");
        head_.client = "192.0.2.1";
        head_.headers.add("content-length", std::string(length));
        return edge.wait(edge.hooks_.admit(head_));
    }
    static int status_of(const Result<http::Pass>& pass) {
        if (!pass) return http_status(pass.error().code);
        return pass->refusal ? pass->refusal->status : 0;
    }
    http::Request head_;
};

TEST_F(HookLimits, TheGateKnowsAHookFromAnUnknownOne) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    auto pass = admit(edge, hook);
    ASSERT_EQ(status_of(pass), 0);
    EXPECT_EQ(pass->share, tenant.text());
    EXPECT_NE(pass->note, nullptr);
    hook.token = "unknown";
    EXPECT_EQ(status_of(admit(edge, hook)), 404);
}

TEST_F(HookLimits, GuessingEndsInA429AndLeavesTheHooksInUseAlone) {
    rt::SystemClock clock;
    SystemRng rng;
    http::Strangers strangers(clock, rng, {.per_second = 0.001, .burst = 10});
    HookOptions options;
    options.strangers = &strangers;
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    ASSERT_EQ(status_of(admit(edge, hook)), 0);
    int seen = 0;
    for (int i = 0; i < 30; ++i) {
        Edge::Hook guess{tenant, hook.id, "guess-" + std::to_string(i), {}};
        seen += status_of(admit(edge, guess)) == 404 ? 1 : 0;
    }
    EXPECT_EQ(seen, 10);
    EXPECT_EQ(edge.hooks_.stats().lookups, 11) << "what is refused costs no statement";
    EXPECT_EQ(status_of(admit(edge, hook)), 0);
}

TEST_F(HookLimits, ATriggerHasARateAndAnotherItsOwn) {
    HookOptions options;
    options.events = kThree;
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto flow = db_.create_workflow(tenant, "flow").id;
    auto busy = edge.hook(tenant, flow, kOpen);
    auto quiet = edge.hook(tenant, flow, kOpen);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(edge.status(edge.request(busy, "{}")), 202);
    EXPECT_EQ(edge.status(edge.request(busy, "{}")), 429);
    EXPECT_EQ(status_of(admit(edge, busy)), 429) << "before the body";
    EXPECT_EQ(edge.status(edge.request(quiet, "{}")), 202);
    EXPECT_EQ(count("workflow_run"), "4");
}

TEST_F(HookLimits, BytesCountAsWell) {
    HookOptions options;
    options.bytes = {.per_second = 0.01, .burst = 100};
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    EXPECT_EQ(edge.status(edge.request(hook, '"' + std::string(70, 'x') + '"')), 202);
    EXPECT_EQ(status_of(admit(edge, hook, "20")), 0);
    EXPECT_EQ(status_of(admit(edge, hook, "40")), 429) << "by the length that it states";
}

/// A sender that states no length spends what it sends, and is cut off where its allowance ends.
TEST_F(HookLimits, BytesOfAFileWithoutALengthCountAsTheyCome) {
    HookOptions options;
    options.bytes = {.per_second = 0.01, .burst = 100'000};
    Edge edge(db_, {}, options);
    http::Router router;
    edge.hooks_.add_routes(router);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    const auto send = [&](std::size_t bytes) {
        auto made = edge.request(hook, std::string(bytes, 'x'));
        made.headers.set("Content-Type", "application/pdf");
        made.target = http::Target::parse("/hooks/" + hook.token).value();
        made.params = {};
        auto answer = edge.wait(router.answer(std::move(made)));
        return answer ? answer->status : http_status(answer.error().code);
    };
    EXPECT_EQ(send(70'000), 202);
    EXPECT_EQ(send(40'000), 429);
    EXPECT_EQ(send(20'000), 202) << "what was refused has spent nothing";
    EXPECT_EQ(send(20'000), 429);
    EXPECT_EQ(count("weft.file"), "2");
}

TEST_F(HookLimits, ForgedEventsUseUpNothing) {
    HookOptions options;
    options.events = kThree;
    Edge edge(db_, {}, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kSigned);
    Edge::Hook forger = hook;
    forger.secret = Secret(std::string(32, 'x'));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(edge.status(edge.signed_request(forger, "id", "{}")), 401);
    EXPECT_EQ(edge.status(edge.signed_request(hook, "id", "{}")), 202);
}

}  // namespace
}  // namespace weft::ingress::testing
