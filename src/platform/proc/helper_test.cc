#include "platform/proc/helper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::proc {
namespace {

using testing::HasSubstr;

/// All that a helper says until it ends; each write is a packet.
std::string said_by(const Helper& helper) {
    std::string out;
    char packet[4096];
    for (;;) {
        const ssize_t size = ::recv(helper.socket.get(), packet, sizeof packet, 0);
        if (size <= 0) return out;
        out.append(packet, static_cast<std::size_t>(size));
    }
}

std::vector<std::string> script(std::string text) {
    return {"-c", std::move(text)};
}

TEST(Helper, HoldsNothingButItsSocket) {
    const Fd leaked(::fcntl(STDIN_FILENO, F_DUPFD, 20));  // not close-on-exec
    const auto helper = start_helper(
        {.path = "/bin/sh",
         .words = script("exec >&3; cd /proc/self/fd; echo *; readlink 0 1 2; tr '\\0' '\\n' < ../environ")}
    );
    ASSERT_TRUE(helper) << helper.error().user;
    const std::string said = said_by(*helper);
    // 4 is the folder that is being listed; 1 is the socket only because the script says so.
    EXPECT_THAT(said, HasSubstr("0 1 2 3 4\n/dev/null\nsocket:"));
    EXPECT_THAT(said, HasSubstr("]\n/dev/null\n"));
    EXPECT_THAT(said, testing::Not(HasSubstr("PATH=")));
    kill_and_reap(helper->pid);
}

TEST(Helper, RunsAnOpenFile) {
    const Fd shell(::open("/bin/sh", O_PATH | O_CLOEXEC));
    const auto helper =
        start_helper({.path = "/no/such/path", .executable_fd = shell.get(), .words = script("echo $0 >&3")});
    ASSERT_TRUE(helper) << helper.error().user;
    EXPECT_EQ(said_by(*helper), "/no/such/path\n");
    kill_and_reap(helper->pid);
}

TEST(Helper, WhatIsNotThereIsNamed) {
    const auto helper = start_helper({.path = "/no/such/program"});
    ASSERT_FALSE(helper);
    EXPECT_EQ(helper.error().user, "cannot open /no/such/program (No such file or directory)");
}

TEST(Helper, WhatCannotBeExecutedClosesItsSocket) {
    const auto helper = start_helper({.path = "/etc/passwd"});
    ASSERT_TRUE(helper) << helper.error().user;
    EXPECT_EQ(said_by(*helper), "");
    kill_and_reap(helper->pid);
}

}  // namespace
}  // namespace weft::proc
