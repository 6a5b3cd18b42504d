#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Who may do what inside one tenant: four roles, one table of permissions, and scopes that narrow a token.
namespace weft::tenancy {

enum class Role { kOwner, kAdmin, kBuilder, kViewer };

/// One right each; the text form ("run.read") is what tokens, operations and the audit log name.
enum class Permission : std::uint8_t {
    kTenantRead,
    kTenantEdit,
    kTenantDelete,
    kMemberRead,
    kMemberManage,
    kTokenManage,  // API tokens of others; one's own need no permission
    kAuditRead,
    kAppRead,
    kAppEdit,
    kConnectionRead,
    kConnectionEdit,
    kConnectionUse,  // name it in a workflow that one publishes
    kWorkflowRead,
    kWorkflowEdit,
    kWorkflowPublish,
    kTriggerRead,
    kTriggerEdit,
    kRunRead,
    kRunStart,
    kRunCancel,
    kEventSend,
    kApprovalDecide,  // as far as the approval names one among those who decide
    kAlertRead,
    kAlertEdit,
};
inline constexpr int kPermissions = 24;

class Permissions {
  public:
    constexpr Permissions() = default;
    constexpr bool has(Permission permission) const {
        return (bits_ >> static_cast<int>(permission) & 1U) != 0;
    }
    constexpr Permissions& add(Permission permission) {
        bits_ |= 1U << static_cast<int>(permission);
        return *this;
    }
    constexpr Permissions intersect(Permissions other) const {
        Permissions out;
        out.bits_ = bits_ & other.bits_;
        return out;
    }
    constexpr bool contains(Permissions other) const { return (other.bits_ & ~bits_) == 0; }
    constexpr bool empty() const { return bits_ == 0; }
    static constexpr Permissions all() {
        Permissions out;
        out.bits_ = (1U << kPermissions) - 1;
        return out;
    }
    std::vector<Permission> list() const;
    constexpr bool operator==(const Permissions&) const = default;

  private:
    std::uint32_t bits_ = 0;
};

std::string_view name(Role role);
std::optional<Role> role_from(std::string_view text);
std::string_view name(Permission permission);
std::optional<Permission> permission_from(std::string_view text);

/// The one table.
Permissions permissions_of(Role role);

/// May `actor` give `role` to someone, or change or remove someone who has it? Nobody hands out more than
/// they have; only an owner makes or unmakes an owner.
bool may_assign(Role actor, Role role);

/// Scopes of a token as texts; "*" stands for all that its maker has. kInvalid with field `scopes[i]` for an
/// unknown one, an empty list, or one repeated.
Result<Permissions> parse_scopes(std::span<const std::string> scopes);

/// What a request may do: the role's rights, narrowed by the token's scopes if it came with a token. A later
/// demotion of the token's maker narrows the token too, because this is computed for every request.
Permissions effective(Role role, std::optional<Permissions> scopes);

/// kForbidden naming the permission.
Result<> require(Permissions held, Permission needed);

}  // namespace weft::tenancy
