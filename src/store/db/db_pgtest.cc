#include "platform/rt/loop.h"
#include "store/db/db.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <optional>

namespace weft::store {
namespace {

constexpr pg::Query kTenant{"test.tenant", "select current_tenant()"};

class DbTest : public testing::Test {
  protected:
    ~DbTest() override { loop_.run_until_done(pool_.close()); }

    rt::Deadline by() { return rt::Deadline::in(std::chrono::seconds(30)); }
    std::optional<TenantId> tenant_of(rt::Task<Result<pg::Rows>> asked) {
        const auto rows = loop_.run_until_done(std::move(asked));
        if (!rows) return std::nullopt;
        return rows->maybe_id<TenantId>(0, 0);
    }

    test::TestDatabase database_;
    rt::Loop loop_;
    pg::Pool pool_{loop_, {.url = database_.api_url(), .connections_max = 1}};
    TenantId one_ = database_.create_tenant("One");
    TenantId other_ = database_.create_tenant("Other");
};

TEST_F(DbTest, AQueryIsAsWhomItsDbWasWhenItWasAsked) {
    Db db(pool_, one_);
    auto asked = db.query(kTenant, {}, by());
    db = Db(pool_, other_);
    EXPECT_EQ(tenant_of(std::move(asked)), one_);
    EXPECT_EQ(tenant_of(db.query(kTenant, {}, by())), other_);
}

}  // namespace
}  // namespace weft::store
