#include "data/worker/detail/world.h"
#include "support/sanitized.h"

#include <malloc.h>

#include <fstream>

namespace weft::worker {
namespace {

using runstate::FailureKind;
using runstate::RunStatus;
using ::testing::HasSubstr;

constexpr int kAnswers = 24;
constexpr std::size_t kAnswerBytes = 4u << 20;

void forget_peak() {
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";
}

/// Peak of this process's memory since forget_peak, in bytes.
std::size_t peak() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word != "VmHWM:") continue;
        std::size_t kib = 0;
        status >> kib;
        return kib << 10;
    }
    return 0;
}

/// Many large answers of one tenant at once, all but ended; the other system is in this process too, but
/// keeps little of them.
class AnswersTest : public WorkerTest {
  protected:
    /// By how much memory grew while all of them came, and how long another tenant's small call took
    /// meanwhile.
    struct Outcome {
        std::size_t growth = 0;         // while they were under way
        std::size_t growth_to_end = 0;  // and while they were worked on
        double calm_seconds = 0;
    };
    Outcome flood() {
        options_.slot_patience = 20ms;
        large_ = kAnswerBytes;
        const TenantId greedy = tenant_;
        auto large = publish(
            R"({"name":"f","steps":[{"id":"get","uses":"core/http","with":{"method":"GET","url":")" + base_ +
            R"(/large"}}],"output":"{{ steps.get.output.body.length }}"})"
        );
        tenant_ = database().create_tenant();
        make_data_key();
        auto small = publish(
            R"({"name":"f","steps":[{"id":"get","uses":"core/http","with":{"method":"GET","url":")" + base_ +
            R"(/small"}}]})"
        );
        const TenantId calm = std::exchange(tenant_, greedy);
        start_worker();
        forget_peak();
        const std::size_t before = peak();
        std::vector<RunId> runs;
        for (int i = 0; i < kAnswers; ++i) runs.push_back(start_run(large));
        Outcome out;
        EXPECT_TRUE(eventually([&] { return calls_["/large"].size() == kAnswers; }, 20s));
        tenant_ = calm;
        const Steady asked = std::chrono::steady_clock::now();
        EXPECT_EQ(finish(start_run(small), 60s).state, RunStatus::kSuccess);
        out.calm_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - asked).count();
        (void)wait(rt::sleep_for(1s, soon()));  // what can be read has been read
        out.growth = peak() - before;
        is_released_ = true;
        tenant_ = greedy;
        for (RunId run : runs) {
            EXPECT_EQ(finish(run, 120s).state, RunStatus::kSuccess) << row(run).error.value_or("");
        }
        out.growth_to_end = peak() - before;
        EXPECT_EQ(value(runs.front(), "output"), std::to_string(kAnswerBytes));
        std::printf(
            "memory grew by %zu MiB, %zu by the end; the other tenant waited %.2f s\n",
            out.growth >> 20,
            out.growth_to_end >> 20,
            out.calm_seconds
        );
        return out;
    }
};

TEST_F(AnswersTest, MemoryForAnswersIsBoundedAndAnotherTenantPasses) {
    options_.answer_bytes_max = 32 << 20;
    auto bounded = flood();
    if (!test::kIsSanitized) {
        EXPECT_LT(bounded.growth_to_end, kAnswers * kAnswerBytes) << "less than the bodies alone";
    }
    EXPECT_LT(bounded.calm_seconds, 5);
}

TEST_F(AnswersTest, WithoutABudgetAllAnswersAreHeldAtOnce) {  // the control of the test above
    if (test::kIsSanitized) GTEST_SKIP() << "a sanitizer's memory is another";
    options_.answer_bytes_max = 1ll << 40;
    EXPECT_GT(flood().growth, kAnswers * kAnswerBytes);
}

TEST_F(AnswersTest, NoRoomUntilTheTimeoutFailsAsALimit) {
    options_.answer_bytes_max = 6 << 20;  // less than one answer and its copy
    large_ = kAnswerBytes;
    auto flow = publish(
        R"({"name":"f","steps":[{"id":"get","uses":"core/http","timeout":"1s","retry":{"attempts":1},
            "with":{"method":"GET","url":")" +
        base_ + R"(/large"}}]})"
    );
    start_worker();
    RunId run = start_run(flow);
    auto ended = finish(run);
    EXPECT_EQ(ended.state, RunStatus::kFailed);
    EXPECT_EQ(ended.failure_kind, FailureKind::kLimit);
    EXPECT_THAT(ended.error.value_or(""), HasSubstr("memory"));
}

}  // namespace
}  // namespace weft::worker
