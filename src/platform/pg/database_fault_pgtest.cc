#include "platform/pg/pg.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weft::pg {
namespace {

using std::chrono_literals::operator""s;

/// What a caller can tell of a refusal without reading its text.
TEST(DatabaseFault, NamesConstraintTableAndColumn) {
    test::TestDatabase database;
    rt::Loop loop;
    Pool pool(loop, {.url = database.superuser_url()});
    auto fault_of = [&](std::string_view name, std::string_view text) {
        auto done =
            loop.run_until_done(pool.query(Principal::login(), {name, text}, Params(), rt::Deadline::in(5s)));
        EXPECT_FALSE(done) << text;
        return done || done.error().database == nullptr ? DatabaseFault{} : *done.error().database;
    };
    database.create_tenant();
    const std::string again = "insert into tenant (id, slug, name) select id, slug || '-2', name from tenant";
    const DatabaseFault twice = fault_of("test.twice", again);
    EXPECT_EQ(twice.sqlstate, "23505");
    EXPECT_EQ(twice.constraint, "tenant_pkey");
    EXPECT_EQ(twice.table, "tenant");
    EXPECT_EQ(twice.column, "");
    const DatabaseFault missing = fault_of("test.missing", "update tenant set name = null");
    EXPECT_EQ(missing.sqlstate, "23502");
    EXPECT_EQ(missing.constraint, "");
    EXPECT_EQ(missing.column, "name");
    EXPECT_EQ(fault_of("test.broken", "select 1 / 0").sqlstate, "22012");
    loop.run_until_done(pool.close());
}

TEST(DatabaseFault, ThereIsNoneWhenNoDatabaseRefused) {
    rt::Loop loop;
    Pool pool(loop, {.url = "host=/nowhere dbname=none"});
    auto done = loop.run_until_done(
        pool.query(Principal::login(), {"test.one", "select 1"}, Params(), rt::Deadline::in(1s))
    );
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().database, nullptr);
    loop.run_until_done(pool.close());
}

}  // namespace
}  // namespace weft::pg
