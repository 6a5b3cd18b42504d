#include "platform/http/leases.h"

#include "platform/rt/scope.h"

#include <gtest/gtest.h>

#include <deque>

namespace weft::http {
namespace {

using Kind = Renewed::Kind;

class LeasesTest : public ::testing::Test {
  protected:
    ~LeasesTest() override {
        loop.run_until_done(leases.close());
        leases_held.clear();
    }

    rt::Task<Renewed> look(std::string name) {
        ++looks[name];
        co_return answers[name];
    }
    Leases::Terms terms(const std::string& name, std::string principal = "", std::string tenant = "") {
        return {
            .holder = {.tenant = std::move(tenant), .principal = std::move(principal), .keys = {name, "all"}},
            .expires_at = answers[name].expires_at,
            .renew = [this, name](rt::Deadline) { return look(name); },
            .end = [this, name](Ending ending, const std::string& reason) { ended[name] = {ending, reason}; },
        };
    }
    void open(const std::string& name) {
        auto lease = leases.take(terms(name));
        ASSERT_TRUE(lease);
        leases_held[name] = std::move(*lease);
    }
    rt::Task<bool> wait_for(std::function<bool()> holds) {
        const auto by = rt::Deadline::in(5s);
        while (!holds() && !by.is_over()) (void)co_await rt::sleep_for(1ms, by);
        co_return holds();
    }
    bool eventually(std::function<bool()> holds) { return loop.run_until_done(wait_for(std::move(holds))); }
    bool is_looked_at(const std::string& name, int times) {
        return eventually([&] { return looks[name] == times; });
    }
    std::string limit_of(const Result<void>& result) { return result ? "none" : result.error().field; }

    rt::Loop loop;
    rt::ManualClock clock{Instant(1h)};
    std::map<std::string, Renewed> answers;
    std::map<std::string, int> looks;
    std::map<std::string, std::pair<Ending, std::string>> ended;
    std::map<std::string, std::unique_ptr<Lease>> leases_held;
    Leases leases{
        loop,
        clock,
        {.streams = {1, 2, 3, 4}, .subscriptions = {2, 3, 4, 5}, .bytes = {100, 150, 200, 250}, .sweep = 60s}
    };
};

TEST_F(LeasesTest, EachIsLookedAtOnceAfterItWasRegistered) {
    answers["a"] = {.kind = Kind::kGone, .reason = "revoked in between"};
    open("a");
    EXPECT_TRUE(ended.empty()) << "never from within the call";
    EXPECT_TRUE(eventually([&] { return !ended.empty(); }));
    EXPECT_EQ(ended["a"], std::pair(Ending::kGone, std::string("revoked in between")));
}

TEST_F(LeasesTest, ANoticeWakesThoseItNamesAndNobodyElse) {
    open("a");
    open("b");
    ASSERT_TRUE(is_looked_at("a", 1) && is_looked_at("b", 1));
    answers["a"] = {.kind = Kind::kGone};
    answers["b"] = {.kind = Kind::kGone};
    leases.wake("a");
    ASSERT_TRUE(eventually([&] { return ended.contains("a"); }));
    EXPECT_EQ(looks["b"], 1);
    leases.wake("a");  // it is over: nothing happens any more
    leases.wake("nobody");
    leases.wake_all();
    ASSERT_TRUE(eventually([&] { return ended.contains("b"); }));
    EXPECT_EQ(looks["a"], 2);
}

TEST_F(LeasesTest, RightsThatChangedAreToldApartFromACredentialThatIsGone) {
    open("a");
    ASSERT_TRUE(is_looked_at("a", 1));
    answers["a"] = {.kind = Kind::kChanged};
    leases.wake("all");
    ASSERT_TRUE(eventually([&] { return ended.contains("a"); }));
    EXPECT_EQ(ended["a"].first, Ending::kChanged);
}

TEST_F(LeasesTest, TheEndOfACredentialIsSeenByATimer) {
    answers["a"] = {.expires_at = clock.now() + 10s};
    answers["b"] = {.expires_at = clock.now() + 9s};
    open("a");
    open("b");
    ASSERT_TRUE(is_looked_at("a", 1) && is_looked_at("b", 1));
    answers["a"] = {.kind = Kind::kGone};
    clock.advance(9s);
    ASSERT_TRUE(is_looked_at("b", 2));
    EXPECT_FALSE(ended.contains("a")) << "control: not before its time";
    clock.advance(1s);
    ASSERT_TRUE(eventually([&] { return ended.contains("a"); }));
    EXPECT_EQ(ended["a"].first, Ending::kExpired);
}

TEST_F(LeasesTest, WhatCannotBeLookedAtIsLookedAtAgain) {
    answers["a"] = {.kind = Kind::kUnknown};
    open("a");
    ASSERT_TRUE(is_looked_at("a", 1));
    clock.advance(1s);
    ASSERT_TRUE(is_looked_at("a", 2));
    EXPECT_FALSE(ended.contains("a"));
    answers["a"] = {.kind = Kind::kGone};
    clock.advance(1s);
    EXPECT_TRUE(eventually([&] { return ended.contains("a"); }));
}

TEST_F(LeasesTest, NobodyKeepsAStreamByKeepingUsFromLooking) {
    answers["a"] = {.kind = Kind::kUnknown};
    open("a");
    ASSERT_TRUE(is_looked_at("a", 1));
    clock.advance(29s);
    ASSERT_TRUE(is_looked_at("a", 2));
    EXPECT_FALSE(ended.contains("a")) << "control: a short trouble ends nothing";
    clock.advance(1s);
    ASSERT_TRUE(eventually([&] { return ended.contains("a"); }));
    EXPECT_EQ(ended["a"].first, Ending::kChanged);
}

TEST_F(LeasesTest, TheSweepFindsWhatNoNoticeTold) {
    open("a");
    ASSERT_TRUE(is_looked_at("a", 1));
    answers["a"] = {.kind = Kind::kGone};
    clock.advance(60s);
    EXPECT_TRUE(eventually([&] { return ended.contains("a"); }));
}

TEST_F(LeasesTest, EveryLevelHasItsLimitForEveryThing) {
    const auto take = [&](const char* principal, const char* tenant) {
        auto lease = leases.take(terms("x", principal, tenant));
        const std::string limit = lease ? "none" : lease.error().field;
        if (lease) leases_held["n" + std::to_string(leases_held.size())] = std::move(*lease);
        return limit;
    };
    EXPECT_EQ(take("p", "t"), "none");
    EXPECT_EQ(take("p", "t"), "none");
    EXPECT_EQ(take("p", "t"), "streams_per_principal_max");
    EXPECT_EQ(take("q", "t"), "none");
    EXPECT_EQ(take("r", "t"), "streams_per_tenant_max");
    EXPECT_EQ(take("r", "u"), "none");
    EXPECT_EQ(take("s", "v"), "streams_per_process_max");
    Lease& a = *leases_held["n0"];
    Lease& b = *leases_held["n1"];
    Lease& c = *leases_held["n2"];
    Lease& d = *leases_held["n3"];
    EXPECT_EQ(limit_of(a.add(Held::kBytes, 100)), "none");
    EXPECT_EQ(limit_of(a.add(Held::kBytes, 1)), "stream_bytes_per_stream_max");
    EXPECT_EQ(limit_of(b.add(Held::kBytes, 51)), "stream_bytes_per_principal_max");
    EXPECT_EQ(limit_of(b.add(Held::kBytes, 50)), "none");
    EXPECT_EQ(limit_of(c.add(Held::kBytes, 51)), "stream_bytes_per_tenant_max");
    EXPECT_EQ(limit_of(d.add(Held::kBytes, 100)), "none");
    EXPECT_EQ(limit_of(c.add(Held::kBytes, 1)), "stream_bytes_per_process_max");
    EXPECT_EQ(limit_of(a.add(Held::kBytes, SIZE_MAX)), "stream_bytes_per_stream_max");
    EXPECT_EQ(limit_of(a.add(Held::kSubscriptions, 2)), "none");
    EXPECT_EQ(limit_of(a.add(Held::kSubscriptions, 1)), "subscriptions_per_stream_max");
    EXPECT_EQ(leases.stats().held, (std::array<std::size_t, kHeldKinds>{4, 2, 250}));
    a.give_back(Held::kBytes, 1'000);
    EXPECT_EQ(leases.stats().held[2], 150u) << "never more than it held";
    leases_held.clear();
    EXPECT_EQ(leases.stats().held, (std::array<std::size_t, kHeldKinds>{}));
    EXPECT_EQ(take("p", "t"), "none");
}

TEST_F(LeasesTest, OneThatIsGivenBackWhileItIsLookedAtIsForgotten) {
    answers["a"] = {.kind = Kind::kGone};
    open("a");
    leases_held.clear();
    open("b");
    ASSERT_TRUE(is_looked_at("a", 1) && is_looked_at("b", 1));
    EXPECT_TRUE(ended.empty());
}

TEST_F(LeasesTest, ManyAreLookedAtAFewAtATime) {
    Leases many(loop, clock, {.sweep = 60s});
    std::deque<std::unique_ptr<Lease>> held;
    for (int i = 0; i < 500; ++i) held.push_back(std::move(*many.take(terms("m"))));
    EXPECT_TRUE(is_looked_at("m", 500));
    many.wake_all();
    EXPECT_TRUE(is_looked_at("m", 1'000));
    held.clear();
    loop.run_until_done(many.close());
}

}  // namespace
}  // namespace weft::http
