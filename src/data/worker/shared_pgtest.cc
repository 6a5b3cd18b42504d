#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::RunStatus;

constexpr std::string_view kFlow =
    R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{"n":"{{ input.n.toFixed(0) }}"}}],
        "output":"{{ steps.a.output.n }}"})";

class SharedRunsTest : public WorkerTest {
  protected:
    void run_one(const test::TestDatabase::Workflow& flow, const std::string& n, const std::string& tier) {
        const RunId run = start_run(flow, R"({"n":)" + n + "}");
        const auto ended = finish(run);
        EXPECT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
        EXPECT_EQ(value(run, "output"), '"' + n + '"');
        EXPECT_EQ(ended.tier, tier);
        // Given back, and clean.
        EXPECT_TRUE(eventually([&] { return suite_->sandboxes->health().busy == 0; }));
        (void)wait(rt::sleep_for(20ms, soon()));
    }
    std::uint64_t reused() const { return suite_->sandboxes->health().reused; }
};

TEST_F(SharedRunsTest, OnlyATenantThatTheOperatorNamesSharesItsSandboxes) {
    options_.shared_tenants = {"t" + tenant_.text()};
    const TenantId other = std::exchange(tenant_, database().create_tenant());
    make_data_key();
    const auto strict_flow = publish(std::string(kFlow));
    const TenantId strict = std::exchange(tenant_, other);
    const auto shared_flow = publish(std::string(kFlow));
    start_worker();
    const std::string tier(isolation::name(suite_->sandboxes->tier()));
    const auto before = reused();
    for (int i = 1; i <= 3; ++i) run_one(shared_flow, std::to_string(i), tier + ", shared");
    EXPECT_EQ(reused() - before, 2u);
    tenant_ = strict;
    for (int i = 1; i <= 3; ++i) run_one(strict_flow, std::to_string(i), tier);
    EXPECT_EQ(reused() - before, 2u);
}

}  // namespace
}  // namespace weft::worker
