#include "platform/pg/pg.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::pg {
namespace {

TEST(Smoke, Works) {
    test::TestDatabase db;
    auto tenant = db.create_tenant();
    rt::Loop loop;
    Pool pool(loop, {.url = db.api_url()});
    auto rows = loop.run_until_done(pool.query(
        Principal::tenant(tenant),
        {"test.tenants", "select id, name, created_at from tenant"},
        {},
        rt::Deadline::in(5s)
    ));
    ASSERT_TRUE(rows) << rows.error().detail;
    ASSERT_EQ(rows->size(), 1);
    EXPECT_EQ(rows->id<TenantId>(0, 0), tenant);
    loop.run_until_done(pool.close());
}

}  // namespace
}  // namespace weft::pg
