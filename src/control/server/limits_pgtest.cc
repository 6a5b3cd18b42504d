// How often callers may come, and what one tenant's use of shared caches costs another.
#include "control/server/detail/test_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::control {
namespace {

using testing::Caller;
using testing::Reply;
using testing::TestApi;

constexpr rate::Rate kTen{.per_second = 1, .burst = 10};

ApiOptions with(ApiRates rates, http::Strangers* strangers = nullptr) {
    ApiOptions options;
    options.rates = rates;
    options.strangers = strangers;
    return options;
}

int count(int tries, int status, const std::function<Reply()>& call) {
    int seen = 0;
    for (int i = 0; i < tries; ++i) seen += call().status == status ? 1 : 0;
    return seen;
}

Reply graphql(TestApi& api, const Caller& caller, std::string_view query) {
    return api.read(
        api.run(api.request(caller, http::Method::kPost, "/v1/graphql", Json(JsonObject{{"query", query}})))
    );
}

TEST(Limits, APersonHasARateOfTheirOwnThatAllTransportsShare) {
    TestApi api(with({.principal = kTen, .tenant = {}, .cost = {}}));
    const TenantId tenant = api.make_tenant("Acme");
    const Caller busy = api.member(tenant, "owner");
    const Caller quiet = api.member(tenant, "owner");
    ASSERT_TRUE(api.run(api.api->load_graphql(api.soon())));
    EXPECT_EQ(count(5, 200, [&] { return graphql(api, busy, "{ apps { id } }"); }), 5);
    EXPECT_EQ(count(20, 200, [&] { return api.get(busy, "/apps"); }), 5);
    const Reply refused = api.get(busy, "/apps");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.get("retry-after"), "1");
    EXPECT_EQ(refused.headers.get("ratelimit-policy"), "\"principal\";q=10;w=10");
    EXPECT_EQ(refused.text("type"), "urn:weft:problem:quota-exceeded");
    const Reply of_graphql = graphql(api, busy, "{ apps { id } }");
    EXPECT_EQ(of_graphql.status, 429);
    EXPECT_EQ(of_graphql.headers.get("retry-after"), "1");
    const Reply fine = api.get(quiet, "/apps");
    EXPECT_EQ(fine.status, 200);
    EXPECT_EQ(fine.headers.get("ratelimit"), "\"principal\";r=9;t=1");
    api.clock.advance(10s);
    EXPECT_EQ(api.get(busy, "/apps").status, 200);
}

TEST(Limits, ATenantHasARateThatItsPeopleShare) {
    TestApi api(with({.principal = {}, .tenant = kTen, .cost = {}}));
    const TenantId busy = api.make_tenant("Acme");
    const Caller one = api.member(busy, "owner");
    const Caller two = api.member(busy, "owner");
    EXPECT_EQ(count(6, 200, [&] { return api.get(one, "/apps"); }), 6);
    EXPECT_EQ(count(6, 200, [&] { return api.get(two, "/apps"); }), 4);
    EXPECT_EQ(api.get(api.member(api.make_tenant("Other"), "owner"), "/apps").status, 200);
}

TEST(Limits, GraphqlIsChargedByItsRows) {
    TestApi api(with({.principal = {}, .tenant = {}, .cost = {.per_second = 1, .burst = 250}}));
    const Caller caller = api.member(api.make_tenant("Acme"), "owner");
    ASSERT_TRUE(api.run(api.api->load_graphql(api.soon())));
    const auto ask = [&] { return to_text(graphql(api, caller, "{ apps(limit: 100) { id } }").body); };
    EXPECT_THAT(ask(), ::testing::HasSubstr("data"));
    EXPECT_THAT(ask(), ::testing::HasSubstr("data"));
    EXPECT_THAT(ask(), ::testing::HasSubstr("rate-limit-exceeded"));
}

TEST(Limits, StrangersOfAnAddressEndInA429ButNotThoseWithAGoodCredential) {
    rt::SystemClock clock;
    SystemRng rng;
    http::Strangers strangers(clock, rng, {.per_second = 0.001, .burst = 10});
    TestApi api(with({.principal = {}, .tenant = {}, .cost = {}}, &strangers));
    const Caller owner = api.member(api.make_tenant("Acme"), "owner");
    ASSERT_EQ(api.get(owner, "/apps").status, 200);
    Caller guesser;
    guesser.token = "weft_guess";
    EXPECT_EQ(count(30, 401, [&] { return api.get(guesser, "/apps"); }), 10);
    EXPECT_EQ(api.get(guesser, "/apps").headers.get("ratelimit-policy"), "\"address\";q=10;w=10000");
    EXPECT_EQ(api.get(TestApi::nobody(), "/auth/status").status, 429);
    EXPECT_EQ(api.get(owner, "/apps").status, 200) << "known to be good";
    const Caller late = api.member(owner.tenant, "viewer");
    EXPECT_EQ(api.get(late, "/apps").status, 429) << "not known yet, from an address that guesses";
}

TEST(Limits, OneTenantsSetsOfScopesDenyNobodyElses) {
    TestApi api;
    ASSERT_TRUE(api.run(api.api->load_graphql(api.soon())));
    const Caller flood = api.member(api.make_tenant("Acme"), "owner");
    const Caller other = api.member(api.make_tenant("Other"), "owner");
    const std::vector<std::string> names{
        "'app.read'", "'workflow.read'", "'run.read'", "'connection.read'", "'trigger.read'", "'app.edit'"
    };
    int refused = 0;
    for (unsigned bits = 1; bits < 1U << names.size(); ++bits) {  // 63 different sets
        std::string scopes;
        for (std::size_t i = 0; i < names.size(); ++i) {
            if ((bits >> i & 1U) != 0) scopes += (scopes.empty() ? "" : ",") + names[i];
        }
        const Caller caller = api.token_of(flood, "owner", "array[" + scopes + "]");
        refused += to_text(graphql(api, caller, "{ __typename }").body).contains("sets of scopes") ? 1 : 0;
    }
    EXPECT_GT(refused, 40);
    const Caller scoped = api.token_of(other, "owner", "array['audit.read','run.read']");
    EXPECT_THAT(to_text(graphql(api, scoped, "{ __typename }").body), ::testing::HasSubstr("query_root"));
    EXPECT_THAT(to_text(graphql(api, flood, "{ __typename }").body), ::testing::HasSubstr("query_root"));
    // The flood's own come in turn, a few a minute.
    api.clock.advance(1min);
    const Caller again =
        api.token_of(flood, "owner", "array['run.read','app.read','trigger.read','app.edit']");
    EXPECT_THAT(to_text(graphql(api, again, "{ __typename }").body), ::testing::HasSubstr("query_root"));
}

}  // namespace
}  // namespace weft::control
