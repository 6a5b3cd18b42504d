#include "core/tenancy/tenancy.h"

#include <fmt/format.h>

#include <array>

namespace weft::tenancy {

namespace {

constexpr std::array<std::string_view, 4> kRoles = {"owner", "admin", "builder", "viewer"};

// The lowest role that has each permission; roles are ranks, every higher one has it too. In the enum's
// order.
struct Row {
    std::string_view name;
    Role lowest;
};
constexpr std::array<Row, kPermissions> kTable = {{
    {"tenant.read", Role::kViewer},       {"tenant.edit", Role::kAdmin},
    {"tenant.delete", Role::kOwner},      {"member.read", Role::kViewer},
    {"member.manage", Role::kAdmin},      {"token.manage", Role::kAdmin},
    {"audit.read", Role::kAdmin},         {"app.read", Role::kViewer},
    {"app.edit", Role::kBuilder},         {"connection.read", Role::kViewer},
    {"connection.edit", Role::kBuilder},  {"connection.use", Role::kBuilder},
    {"workflow.read", Role::kViewer},     {"workflow.edit", Role::kBuilder},
    {"workflow.publish", Role::kBuilder}, {"trigger.read", Role::kViewer},
    {"trigger.edit", Role::kBuilder},     {"run.read", Role::kViewer},
    {"run.start", Role::kBuilder},        {"run.cancel", Role::kBuilder},
    {"event.send", Role::kBuilder},       {"approval.decide", Role::kViewer},
    {"alert.read", Role::kViewer},        {"alert.edit", Role::kBuilder},
}};

}  // namespace

std::string_view name(Role role) {
    return kRoles.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_from(std::string_view text) {
    for (std::size_t i = 0; i < kRoles.size(); ++i)
        if (kRoles[i] == text) return static_cast<Role>(i);
    return std::nullopt;
}

std::string_view name(Permission permission) {
    return kTable.at(static_cast<std::size_t>(permission)).name;
}

std::optional<Permission> permission_from(std::string_view text) {
    for (std::size_t i = 0; i < kTable.size(); ++i)
        if (kTable[i].name == text) return static_cast<Permission>(i);
    return std::nullopt;
}

std::vector<Permission> Permissions::list() const {
    std::vector<Permission> out;
    for (int i = 0; i < kPermissions; ++i)
        if (has(static_cast<Permission>(i))) out.push_back(static_cast<Permission>(i));
    return out;
}

Permissions permissions_of(Role role) {
    Permissions out;
    for (std::size_t i = 0; i < kTable.size(); ++i)
        if (role <= kTable[i].lowest) out.add(static_cast<Permission>(i));
    return out;
}

bool may_assign(Role actor, Role role) {
    return permissions_of(actor).has(Permission::kMemberManage) && actor <= role;
}

Result<Permissions> parse_scopes(std::span<const std::string> scopes) {
    if (scopes.empty()) return fail(Error::invalid("A token needs at least one scope", "scopes"));
    if (scopes.size() == 1 && scopes.front() == "*") return Permissions::all();
    Permissions out;
    for (std::size_t i = 0; i < scopes.size(); ++i) {
        auto permission = permission_from(scopes[i]);
        std::string field = fmt::format("scopes[{}]", i);
        if (!permission)
            return fail(Error::invalid("Unknown scope; scopes are permissions such as run.read", field));
        if (out.has(*permission)) return fail(Error::invalid("This scope is named twice", field));
        out.add(*permission);
    }
    return out;
}

Permissions effective(Role role, std::optional<Permissions> scopes) {
    Permissions held = permissions_of(role);
    return scopes ? held.intersect(*scopes) : held;
}

Result<> require(Permissions held, Permission needed) {
    if (held.has(needed)) return {};
    return fail(Error::forbidden(fmt::format("This needs the permission {}", name(needed))));
}

}  // namespace weft::tenancy
