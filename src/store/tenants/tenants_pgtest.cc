#include "base/random.h"
#include "platform/rt/loop.h"
#include "store/tenants/tenants.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::store::tenants {
namespace {

class TenantsTest : public testing::Test {
  protected:
    ~TenantsTest() override { loop.run_until_done(pool.close()); }

    template <class T>
    T got(rt::Task<Result<T>> task) {
        auto out = loop.run_until_done(std::move(task));
        EXPECT_TRUE(out) << out.error().detail;
        return out ? std::move(*out) : T{};
    }
    rt::Deadline by() { return rt::Deadline::in(std::chrono::seconds(5)); }

    test::TestDatabase database;
    rt::Loop loop;
    SeededRng rng{3};
    pg::Pool pool{loop, {.url = database.api_url(), .connections_max = 1}};
    TenantId tenant = database.create_tenant("Acme");
    UserId user = database.create_user(tenant, "admin");
};

TEST_F(TenantsTest, ASessionIsFoundWithItsPersonAndTenant) {
    EXPECT_TRUE(got(any_user(pool, by())));
    pg::Batch batch;
    const SessionId id = SessionId::make(Instant(std::chrono::seconds(1'800'000'000)), rng);
    add_session(batch, {.tenant_id = tenant, .id = id, .user_id = user, .token_hash = "hash"});
    ASSERT_TRUE(loop.run_until_done(pool.run(std::move(batch), by())));
    EXPECT_FALSE(got(find_session(pool, "other", by())));
    const auto found = got(find_session(pool, "hash", by()));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->tenant_id, tenant);
    EXPECT_EQ(found->tenant_name, "Acme");
    EXPECT_EQ(found->user_id, user);
    EXPECT_EQ(found->role, "admin");
    EXPECT_EQ(found->session_id, id);
    EXPECT_EQ(found->token_id, std::nullopt);
    EXPECT_FALSE(found->is_touch_due);
    ASSERT_TRUE(found->expires_in);
    EXPECT_GT(*found->expires_in, std::chrono::hours(24 * 6));
    EXPECT_TRUE(loop.run_until_done(touch(pool, *found, by())));
}

TEST_F(TenantsTest, ATokenKeepsItsScopesOrTheirAbsence) {
    const Db db(pool, tenant);
    NewApiToken wanted{
        .tenant_id = tenant,
        .id = ApiTokenId::make(Instant(std::chrono::seconds(1'800'000'000)), rng),
        .name = "deploy",
        .role = "builder",
        .scopes = std::vector<std::string>{"runs:read", "a \"b\""},
        .token_hash = "one",
        .hint = "abcd",
        .created_by = user,
    };
    const ApiToken made = got(add_token(db, wanted, by()));
    EXPECT_EQ(made.scopes, wanted.scopes);
    EXPECT_EQ(made.last_used_at, std::nullopt);
    wanted.id = ApiTokenId::make(Instant(std::chrono::seconds(1'800'000'001)), rng);
    wanted.token_hash = "two";
    wanted.scopes.reset();
    EXPECT_EQ(got(add_token(db, wanted, by())).scopes, std::nullopt);

    const auto listed = got(list_tokens(db, std::nullopt, {.limit = 1, .after = {}}, by()));
    ASSERT_EQ(listed.items.size(), 1u);
    EXPECT_TRUE(listed.next);
    const auto found = got(find_token(pool, "one", by()));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->token_id, made.id);
    EXPECT_EQ(found->token_role, "builder");
    EXPECT_EQ(found->scopes, made.scopes);
    EXPECT_TRUE(found->is_touch_due);
    EXPECT_TRUE(loop.run_until_done(touch(pool, *found, by())));
    EXPECT_FALSE(got(find_token(pool, "one", by()))->is_touch_due);
    EXPECT_EQ(got(find_token(pool, "two", by()))->scopes, std::nullopt);
    EXPECT_TRUE(loop.run_until_done(revoke_token(db, std::nullopt, made.id, by())));
    EXPECT_FALSE(got(find_token(pool, "one", by())));
}

TEST_F(TenantsTest, ALoginHasAllMembershipsOrNone) {
    const std::string email = database.scalar("select email from weft.app_user");
    const auto login = got(find_login(pool, email, by()));
    ASSERT_TRUE(login);
    EXPECT_EQ(login->user_id, user);
    EXPECT_FALSE(login->is_disabled);
    ASSERT_EQ(login->memberships.size(), 1u);
    EXPECT_EQ(login->memberships[0].tenant_id, tenant);
    EXPECT_EQ(login->memberships[0].name, "Acme");
    EXPECT_EQ(login->memberships[0].role, "admin");
    database.exec("delete from weft.membership");
    EXPECT_TRUE(got(find_login(pool, email, by()))->memberships.empty());
    EXPECT_FALSE(got(find_login(pool, "nobody@weft.test", by())));
}

}  // namespace
}  // namespace weft::store::tenants
