#include "core/tenancy/tenancy.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::tenancy {
namespace {

constexpr std::array kAllRoles = {Role::kOwner, Role::kAdmin, Role::kBuilder, Role::kViewer};

TEST(Tenancy, EveryHigherRoleHoldsWhatTheLowerOneHolds) {
    for (std::size_t i = 1; i < kAllRoles.size(); ++i)
        EXPECT_TRUE(permissions_of(kAllRoles[i - 1]).contains(permissions_of(kAllRoles[i])));
    EXPECT_EQ(permissions_of(Role::kOwner), Permissions::all());
}

TEST(Tenancy, AViewerOnlyReadsAndNeverTheAuditAndDecidesWhatNamesThem) {
    for (Permission permission : permissions_of(Role::kViewer).list())
        EXPECT_TRUE(name(permission).ends_with(".read") || permission == Permission::kApprovalDecide);
    EXPECT_FALSE(permissions_of(Role::kViewer).has(Permission::kAuditRead));
}

TEST(Tenancy, ABuilderBuildsAndRunsButManagesNobody) {
    Permissions builder = permissions_of(Role::kBuilder);
    EXPECT_TRUE(builder.has(Permission::kWorkflowPublish));
    EXPECT_TRUE(builder.has(Permission::kConnectionUse));
    EXPECT_TRUE(builder.has(Permission::kRunCancel));
    for (Permission no :
         {Permission::kMemberManage,
          Permission::kTokenManage,
          Permission::kTenantEdit,
          Permission::kTenantDelete})
        EXPECT_FALSE(builder.has(no)) << name(no);
}

TEST(Tenancy, OnlyAnOwnerDeletesTheTenant) {
    EXPECT_FALSE(permissions_of(Role::kAdmin).has(Permission::kTenantDelete));
}

TEST(Tenancy, NamesAreDistinctAndReadBack) {
    std::set<std::string_view> seen;
    for (Permission permission : Permissions::all().list()) {
        EXPECT_TRUE(seen.insert(name(permission)).second);
        EXPECT_EQ(permission_from(name(permission)), permission);
    }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(kPermissions));
    EXPECT_EQ(name(Permission::kRunCancel), "run.cancel");
    EXPECT_EQ(name(Permission::kAuditRead), "audit.read");
    for (Role role : kAllRoles) EXPECT_EQ(role_from(name(role)), role);
    EXPECT_FALSE(role_from("root"));
    EXPECT_FALSE(permission_from("run"));
}

TEST(Tenancy, NobodyHandsOutMoreThanTheyHave) {
    EXPECT_TRUE(may_assign(Role::kOwner, Role::kOwner));
    EXPECT_TRUE(may_assign(Role::kAdmin, Role::kAdmin));
    EXPECT_FALSE(may_assign(Role::kAdmin, Role::kOwner));
    EXPECT_FALSE(may_assign(Role::kBuilder, Role::kViewer));
}

TEST(Tenancy, ScopesNarrowAndNeverWiden) {
    std::vector<std::string> scopes = {"run.read", "tenant.delete"};
    Permissions token = *parse_scopes(scopes);
    Permissions held = effective(Role::kViewer, token);
    EXPECT_TRUE(held.has(Permission::kRunRead));
    EXPECT_FALSE(held.has(Permission::kTenantDelete));
    EXPECT_FALSE(held.has(Permission::kWorkflowRead));
    std::vector<std::string> all = {"*"};
    EXPECT_EQ(effective(Role::kViewer, *parse_scopes(all)), permissions_of(Role::kViewer));
    EXPECT_EQ(effective(Role::kAdmin, std::nullopt), permissions_of(Role::kAdmin));
}

TEST(Tenancy, BadScopesNameTheirPlace) {
    auto field = [](std::vector<std::string> scopes) { return parse_scopes(scopes).error().field; };
    EXPECT_EQ(field({}), "scopes");
    EXPECT_EQ(field({"run.read", "run.fly"}), "scopes[1]");
    EXPECT_EQ(field({"run.read", "run.read"}), "scopes[1]");
    EXPECT_EQ(field({"run.read", "*"}), "scopes[1]");
}

TEST(Tenancy, RequireNamesThePermission) {
    EXPECT_TRUE(require(permissions_of(Role::kViewer), Permission::kRunRead));
    auto refused = require(permissions_of(Role::kViewer), Permission::kRunStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kForbidden);
    EXPECT_NE(refused.error().user.find("run.start"), std::string::npos);
}

}  // namespace
}  // namespace weft::tenancy
