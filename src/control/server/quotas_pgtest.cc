#include "control/server/detail/test_api.h"

#include <map>

/// What the operator lets a tenant have, as the tenant sees it. The counts: store/quotas/quotas_pgtest.cc.
namespace weft::control {
namespace {

using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

class QuotasTest : public ::testing::Test {
  protected:
    std::string quota(const Caller& caller, const std::string& name) {
        const Reply reply = api.get(caller, "/quotas");
        EXPECT_EQ(reply.status, 200) << to_text(reply.body);
        for (const Json& item : reply.body.at("items").get_array())
            if (item.at("name").get_string() == name) return to_text(item);
        return "";
    }
    Reply make_trigger(const std::string& name) {
        const JsonObject body{
            {"kind", "webhook"},
            {"name", name},
            {"config", JsonObject{{"signature", JsonObject{{"scheme", "none"}}}}}
        };
        return api.post(owner, "/workflows/" + world.ids["workflow"] + "/triggers", Json(body));
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    Caller stranger = api.member(api.make_tenant("B"), "owner");
    testing::World world = make_world(api, owner);
};

TEST_F(QuotasTest, TriggersAreMadeUpToTheQuotaAndNotBeyond) {
    const std::string had = api.db.scalar("select count(*) from weft.trigger");
    const int most = std::stoi(had) + 1;
    api.db.exec(
        "update weft.tenant_queue set triggers_max = " + std::to_string(most) + " where tenant_id = '" +
        owner.tenant.text() + "'"
    );
    EXPECT_EQ(
        quota(owner, "triggers"),
        R"({"name":"triggers","limit":)" + std::to_string(most) + R"(,"used":)" + had +
            R"(,"is_default":false})"
    );
    const Reply made = make_trigger("fits");
    EXPECT_EQ(made.status, 201) << to_text(made.body);
    const Reply refused = make_trigger("does not");
    EXPECT_EQ(refused.status, 429) << to_text(refused.body);
    EXPECT_NE(
        refused.text("detail").find(
            "The quota triggers is used up: " + std::to_string(most) + " of at most " + std::to_string(most)
        ),
        std::string::npos
    ) << to_text(refused.body);
    EXPECT_EQ(quota(stranger, "triggers"), R"({"name":"triggers","limit":1000,"used":0,"is_default":true})")
        << "another tenant has its own";
}

TEST_F(QuotasTest, ShowsEachWithItsLimit) {
    EXPECT_EQ(quota(stranger, "weight"), R"({"name":"weight","limit":1,"used":null,"is_default":true})");
    EXPECT_EQ(
        quota(stranger, "waiting_runs"),
        R"({"name":"waiting_runs","limit":1000000,"used":0,"is_default":true})"
    );
    EXPECT_EQ(
        quota(stranger, "running_runs"), R"({"name":"running_runs","limit":200,"used":0,"is_default":true})"
    );
    EXPECT_EQ(api.call(owner, http::Method::kPut, "/quotas", Json(JsonObject{})).status, 405);
}

}  // namespace
}  // namespace weft::control
