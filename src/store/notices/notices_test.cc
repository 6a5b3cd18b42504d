#include "store/notices/notices.h"

#include "base/random.h"

#include <gtest/gtest.h>

namespace weft::store::notices {
namespace {

class NoticesTest : public testing::Test {
  protected:
    template <class Id>
    Id make() {
        return Id::make(Instant(std::chrono::seconds(1'800'000'000)), rng);
    }
    SeededRng rng{5};
    RunChanged run{make<TenantId>(), make<RunId>(), runstate::RunStatus::kFailed, make<WorkflowId>()};
};

/// What one end writes the other reads.
template <class N>
void expect_same(const N& notice) {
    EXPECT_EQ(N::parse(notice.line()), notice) << notice.line();
}

TEST_F(NoticesTest, EveryNoticeIsReadAsItWasWritten) {
    expect_same(run);
    expect_same(JobsQueued{});
    expect_same(CancelAsked{});
    expect_same(TriggerChanged{make<TriggerId>()});
    expect_same(ConnectionChanged{make<ConnectionId>()});
    expect_same(TenantMade{make<TenantId>()});
    expect_same(DefinitionChanged{"workflow", make<TenantId>(), make<WorkflowId>().uuid()});
    expect_same(DefinitionChanged{"app", make<TenantId>(), std::nullopt});
    expect_same(CredentialChanged{make<UserId>().uuid()});
}

TEST_F(NoticesTest, EveryStateOfARunTravels) {
    for (std::string_view state : runstate::kRunStatuses) {
        run.status = *runstate::run_status_from(state);
        EXPECT_TRUE(run.line().contains(":" + std::string(state) + ":"));
        expect_same(run);
    }
}

TEST_F(NoticesTest, LinesThatCannotBeAreNotRead) {
    const std::string good = run.line();
    for (std::string line : {
             std::string(),
             std::string("::::"),
             good + "0",
             good.substr(1),
             std::string(good).replace(good.find("failed"), 6, "exploded"),
             std::string(good).replace(good.find("failed"), 6, "success\n\nevent: forged"),
         })
        EXPECT_FALSE(RunChanged::parse(line)) << line;
    EXPECT_FALSE(DefinitionChanged::parse(":" + make<TenantId>().text() + ":"));
    EXPECT_FALSE(DefinitionChanged::parse("app:" + make<TenantId>().text() + ":x"));
    EXPECT_FALSE(CredentialChanged::parse("all"));
}

TEST_F(NoticesTest, AProcessListensToWhatItHasHandlersForAndHearsEachLine) {
    Ears ears;
    int jobs = 0, missed = 0;
    std::vector<TriggerId> triggers;
    ears.on<JobsQueued>([&](const auto&) { ++jobs; });
    ears.on<TriggerChanged>(
        [&](const TriggerChanged& changed) { triggers.push_back(changed.trigger); }, [&] { ++missed; }
    );
    ears.on<TriggerChanged>([&](const TriggerChanged& changed) { triggers.push_back(changed.trigger); });
    EXPECT_EQ(ears.channels(), (std::vector<std::string>{"weft_job", "weft_trigger"}));

    ears.hear("weft_job", "");
    EXPECT_EQ(jobs, 1);
    const TriggerId one = make<TriggerId>(), two = make<TriggerId>();
    ears.hear("weft_trigger", one.text() + "\nnonsense\n" + two.text());
    EXPECT_EQ(triggers, (std::vector<TriggerId>{one, one, two, two}));
    EXPECT_EQ(missed, 1);
    ears.hear("weft_trigger", "");
    EXPECT_EQ(missed, 2) << "nothing named: anything may have changed";
    ears.hear("weft_run", run.line());
}

}  // namespace
}  // namespace weft::store::notices
