#include "platform/proc/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weft::proc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PresenceTest : public testing::Test {
  protected:
    PresenceTest() {
        char pattern[] = "/tmp/weft-presence-XXXXXX";
        scratch_ = ::mkdtemp(pattern);
        folder_ = scratch_ + "/workers";
    }
    ~PresenceTest() override {
        if (other_ > 0) end(SIGKILL);
        std::filesystem::remove_all(scratch_);
    }

    /// Another process that announces itself and lives on.
    void start_other(const std::string& name) {
        int ready[2];
        ASSERT_EQ(::pipe(ready), 0);
        other_ = ::fork();
        if (other_ == 0) {
            auto mine = Presence::announce(folder_, name);
            (void)!::write(ready[1], mine ? "y" : "n", 1);
            for (;;) ::pause();
        }
        char answer = '?';
        ASSERT_EQ(::read(ready[0], &answer, 1), 1);
        ASSERT_EQ(answer, 'y');
        ::close(ready[0]);
        ::close(ready[1]);
    }
    void end(int signal) {
        ::kill(other_, signal);
        ::waitpid(other_, nullptr, 0);
        other_ = -1;
    }

    std::string scratch_;
    std::string folder_;
    pid_t other_ = -1;
};

TEST_F(PresenceTest, TheEndOfAProcessIsProvenOnceItIsKilledAndNotBefore) {
    auto mine = Presence::announce(folder_, "mine");
    ASSERT_TRUE(mine) << mine.error().user;
    start_other("other");
    EXPECT_THAT(mine->departed(), IsEmpty());
    ::kill(other_, SIGSTOP);
    int how = 0;
    ASSERT_EQ(::waitpid(other_, &how, WUNTRACED), other_);
    EXPECT_THAT(mine->departed(), IsEmpty()) << "stopped is not ended";
    end(SIGKILL);
    EXPECT_THAT(mine->departed(), ElementsAre("other"));
    mine->forget("other");
    EXPECT_THAT(mine->departed(), IsEmpty());
}

TEST_F(PresenceTest, WhoEndsInOrderLeavesNothing) {
    {
        auto mine = Presence::announce(folder_, "mine");
        ASSERT_TRUE(mine);
        auto moved = std::move(*mine);
        EXPECT_TRUE(std::filesystem::exists(folder_ + "/mine"));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(PresenceTest, AnotherKernelsFileProvesNothing) {
    auto mine = Presence::announce(folder_, "mine");
    ASSERT_TRUE(mine);
    const std::string path = folder_ + "/foreign";
    std::ofstream(path) << "00000000-0000-0000-0000-000000000000";
    EXPECT_THAT(mine->departed(), IsEmpty());
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(30)
    );
    EXPECT_THAT(mine->departed(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(PresenceTest, ANameIsTakenOnce) {
    std::filesystem::create_directory(folder_);
    std::ofstream(folder_ + "/.mine");
    auto mine = Presence::announce(folder_, "mine");
    ASSERT_FALSE(mine);
    EXPECT_EQ(mine.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace weft::proc
