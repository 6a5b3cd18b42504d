#include "app/weft/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::app {
namespace {

using testing::ElementsAre;
using Level = Finding::Level;

TEST(Doctor, AnOldReleaseOfPostgresqlHasKnownHoles) {
    EXPECT_EQ(judge_postgres(150013).level, Level::kFail);
    EXPECT_EQ(judge_postgres(150014).level, Level::kOk);
    EXPECT_EQ(
        judge_postgres(170005).line(),
        "fail  database: PostgreSQL 17.5 has known holes - install 17.6 or later"
    );
    EXPECT_EQ(judge_postgres(140099).level, Level::kFail);
    EXPECT_EQ(judge_postgres(180000).line(), "ok    database: PostgreSQL 18.0");
}

TEST(Doctor, AClockThatIsOffIsSeenInEitherDirection) {
    EXPECT_EQ(judge_clock(-0.2).level, Level::kOk);
    EXPECT_EQ(judge_clock(3).level, Level::kWarn);
    EXPECT_EQ(judge_clock(-60).level, Level::kFail);
}

TEST(Doctor, ADiskFillsInSteps) {
    const std::uint64_t gib = 1u << 30;
    EXPECT_EQ(judge_disk(50 * gib, 100 * gib).level, Level::kOk);
    EXPECT_EQ(judge_disk(gib, 100 * gib).level, Level::kWarn);
    EXPECT_EQ(judge_disk(gib / 8, 100 * gib).level, Level::kFail);
}

TEST(Doctor, PlainHttpIsForThisMachineOnly) {
    EXPECT_EQ(judge_address({.listen = "127.0.0.1:8080"}).level, Level::kOk);
    EXPECT_EQ(judge_address({.listen = "0.0.0.0:8080"}).level, Level::kFail);
    EXPECT_EQ(
        judge_address({.listen = "127.0.0.1:8080", .public_url = "http://weft.example"}).level, Level::kFail
    );
    EXPECT_EQ(
        judge_address({.listen = "0.0.0.0:8080", .public_url = "https://weft.example"}).level, Level::kOk
    );
}

TEST(Doctor, OnlySecurityUpdatesOfPackagesInUseAreNamed) {
    const auto used = packages_in(
        "libssl3:amd64: /usr/lib/x86_64-linux-gnu/libssl.so.3\n"
        "libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6\n"
        "dpkg-query: no path found matching pattern /usr/lib/x/libc.so.6\n"
        "diversion by x from: /lib/y\n"
        "postgresql-15: /usr/lib/postgresql/15/bin/postgres"
    );
    EXPECT_THAT(used, ElementsAre("libc6", "libssl3", "postgresql-15"));
    const std::string plan =
        "Reading package lists...\n"
        "Inst libssl3 [3.0.17-1] (3.0.18-1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security "
        "[amd64])\n"
        "Inst libc6 [2.36-9] (2.36-10 Debian:12.15/oldstable [amd64])\n"
        "Inst bash [5.2-1] (5.2-2 Debian-Security:12/oldstable-security [amd64])\n"
        "Conf libssl3 (3.0.18-1 Debian-Security:12/oldstable-security [amd64])\n"
        "Inst postgresql-15 [15.13] (15.18 Debian-Security:12/oldstable-security [amd64])";
    EXPECT_THAT(security_updates_in(plan, used), ElementsAre("libssl3", "postgresql-15"));
    EXPECT_THAT(security_updates_in("", used), ElementsAre());
}

}  // namespace
}  // namespace weft::app
