// Memory for the values of runs that REST reads.
#include "control/server/detail/test_api.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weft::control {
namespace {

using testing::Caller;
using testing::TestApi;
using testing::World;

constexpr std::int64_t kMib = 1 << 20;
constexpr int kValueMib = 4;
constexpr int kReads = 20;

/// One tenant reads a large value many times at once and is slow to take the answers.
class ValuesTest : public ::testing::Test {
  protected:
    explicit ValuesTest(std::int64_t bytes = 32 * kMib) : api(TestApi::without_rates(), bytes) {}
    ~ValuesTest() override {
        answers.clear();
        api.run(scope.close());
    }

    struct Tenant {
        Caller owner;
        std::string page;  // of a run with a large output
    };
    Tenant tenant(std::string name, int mib) {
        const Caller owner = api.member(api.make_tenant(name), "owner");
        const World world = testing::make_world(api, owner);
        const RunId run = api.make_run(owner.tenant, world.ids.at("workflow"), "success");
        api.add_value(owner.tenant, run, "output", '"' + std::string(mib * kMib, 'x') + '"');
        return {owner, "/api/v1/runs/" + run.text()};
    }
    rt::Task<void> read(Tenant of, std::vector<Result<http::Response>>& to) {
        to.push_back(co_await api.request(of.owner, http::Method::kGet, of.page, std::nullopt));
        highest = std::max(highest, api.values.held());
    }
    rt::Task<bool> wait_for(std::function<bool()> holds) {
        const auto by = rt::Deadline::in(15s);
        while (!holds() && !by.is_over()) (void)co_await rt::sleep_for(2ms, by);
        co_return holds();
    }
    int count(int status) const {
        return static_cast<int>(std::ranges::count_if(answers, [&](const Result<http::Response>& answer) {
            return answer && answer->status == status;
        }));
    }

    TestApi api;
    std::vector<Result<http::Response>> answers;  // those that are here have not been sent
    std::int64_t highest = 0;
    rt::Scope scope{api.loop};
};

TEST_F(ValuesTest, OneTenantsAnswersStayWithinTheBudgetAndAnotherIsAnswered) {
    const Tenant busy = tenant("Busy", kValueMib);
    const Tenant quiet = tenant("Quiet", kValueMib);
    for (int i = 0; i < kReads; ++i) scope.spawn(read(busy, answers));
    EXPECT_TRUE(api.run(wait_for([&] { return count(200) > 0 && api.values.waiting() > 0; })));
    std::vector<Result<http::Response>> others;
    scope.spawn(read(quiet, others));
    EXPECT_TRUE(api.run(wait_for([&] { return !others.empty(); })));
    EXPECT_EQ(others.at(0)->status, 200) << "while the busy one waits";
    EXPECT_GT(others.at(0)->shared_body->size(), std::size_t{kValueMib * kMib});
    EXPECT_GT(api.values.waiting(), 0u);
    // Whoever finds no room in time is to come again.
    EXPECT_TRUE(api.run(wait_for([&] { return answers.size() == kReads; })));
    EXPECT_LE(highest, 32 * kMib);
    EXPECT_GE(count(200), 1);
    EXPECT_EQ(count(200) + count(503), kReads);
    const auto refused =
        std::ranges::find_if(answers, [](const auto& answer) { return answer->status == 503; });
    ASSERT_NE(refused, answers.end());
    EXPECT_EQ((*refused)->headers.get("retry-after"), "1");
    // What has been sent makes room.
    answers.clear();
    others.clear();
    EXPECT_EQ(api.values.held(), 0);
    scope.spawn(read(busy, answers));
    EXPECT_TRUE(api.run(wait_for([&] { return count(200) == 1; })));
    std::printf("most held at a time: %lld MiB\n", static_cast<long long>(highest / kMib));
}

/// The control: with room for all, all are held.
class UnboundedValuesTest : public ValuesTest {
  protected:
    UnboundedValuesTest() : ValuesTest(4'096 * kMib) {}
};

TEST_F(UnboundedValuesTest, WithoutABoundAllAnswersAreHeldAtOnce) {
    const Tenant busy = tenant("Busy", kValueMib);
    for (int i = 0; i < kReads; ++i) scope.spawn(read(busy, answers));
    EXPECT_TRUE(api.run(wait_for([&] { return count(200) == kReads; })));
    EXPECT_GT(highest, std::int64_t{kReads} * kValueMib * kMib);
}

TEST_F(ValuesTest, ARunsPageIsTheSameJsonAsBefore) {
    const Caller owner = api.member(api.make_tenant("Acme"), "owner");
    const World world = testing::make_world(api, owner);
    const RunId run = api.make_run(owner.tenant, world.ids.at("workflow"), "success");
    const auto page = api.get(owner, "/runs/" + run.text());
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(to_text(page.body.at("input")), R"({"n":1})");
    EXPECT_TRUE(page.body.at("output").is_null());
    EXPECT_TRUE(page.body.at("steps").is_array());
    EXPECT_EQ(page.id(), run.text());
}

}  // namespace
}  // namespace weft::control
