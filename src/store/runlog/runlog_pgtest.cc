#include "base/random.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "store/runlog/runlog.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::store::runlog {
namespace {

class RunLogTest : public testing::Test {
  protected:
    RunLogTest() : pool(loop, {.url = database.api_url(), .connections_max = 1}) {
        tenant = database.create_tenant();
        run = RunId::make(clock.now(), rng);
    }
    ~RunLogTest() override { loop.run_until_done(pool.close()); }

    void add(
        const std::string& level,
        const std::string& step,
        const std::string& message,
        const std::string& fields
    ) {
        database.exec(
            "insert into weft.execution_log (tenant_id, run_id, level, step_id, message, fields) values ('" +
            tenant.text() + "', '" + run.text() + "', '" + level + "', '" + step + "', '" + message + "', " +
            fields + ")"
        );
    }
    /// The messages of a page, joined; "..." when it goes on.
    std::string listed(Filter filter) {
        last = loop.run_until_done(list(pool, tenant, run, std::move(filter), rt::Deadline::in(20s)))
                   .value_or(Page{});
        std::string out;
        for (const Line& line : last.lines) out += (out.empty() ? "" : " ") + line.message;
        return out + (last.next ? "..." : "");
    }

    test::TestDatabase database;
    rt::Loop loop;
    rt::SystemClock clock;
    SystemRng rng;
    pg::Pool pool;
    TenantId tenant;
    RunId run;
    Page last;
};

TEST_F(RunLogTest, LinesAreFoundByLevelStepAndText) {
    add("debug", "price", "looked", "null");
    add("info", "price", "Paid", R"('{"order": 7, "by": "Ada"}')");
    add("warn", "mail", "slow", "null");
    add("error", "mail", "gone", R"('{"host": "smtp"}')");
    EXPECT_EQ(listed({}), "looked Paid slow gone");
    EXPECT_EQ(last.lines.at(1).fields, R"({"by": "Ada", "order": 7})");
    EXPECT_EQ(listed({.least = Level::kWarn}), "slow gone");
    EXPECT_EQ(listed({.step = "price"}), "looked Paid");
    EXPECT_EQ(listed({.text = "pAI"}), "Paid");
    EXPECT_EQ(listed({.text = "ada"}), "Paid") << "in the fields";
    EXPECT_EQ(listed({.text = "MAIL"}), "slow gone") << "in the step";
    EXPECT_EQ(listed({.least = Level::kError, .text = "slow"}), "");
    EXPECT_EQ(listed({.text = "%"}), "") << "a text, no pattern";
}

TEST_F(RunLogTest, PagesGoOnBehindTheLastLine) {
    for (const char* message : {"a", "b", "c"}) add("info", "s", message, "null");
    EXPECT_EQ(listed({.limit = 2}), "a b...");
    EXPECT_EQ(listed({.after = *last.next, .limit = 2}), "c");
    EXPECT_EQ(listed({.limit = 3}), "a b c");
}

TEST_F(RunLogTest, ALookIsBoundedAndSaysWhereToGoOn) {
    database.exec(
        "insert into weft.execution_log (tenant_id, run_id, level, message) select '" + tenant.text() +
        "', '" + run.text() +
        "', case when n = 6000 then 'error' else 'info' end, 'line' || n from generate_series(1, 6000) n"
    );
    EXPECT_EQ(listed({.least = Level::kError}), "...") << "5,000 lines are looked at";
    EXPECT_EQ(listed({.after = *last.next, .least = Level::kError}), "line6000");
}

TEST_F(RunLogTest, AnotherTenantSeesNothing) {
    add("info", "s", "mine", "null");
    EXPECT_EQ(listed({}), "mine");
    tenant = database.create_tenant("Stranger");
    EXPECT_EQ(listed({}), "");
}

}  // namespace
}  // namespace weft::store::runlog
