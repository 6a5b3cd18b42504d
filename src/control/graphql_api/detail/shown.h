#pragma once

#include "base/json.h"
#include "core/tenancy/tenancy.h"

#include <span>
#include <string>
#include <string_view>

/// Which tables and columns GraphQL shows, to whom. The one list: what is not here can't be named.
namespace weft::control::shown {

/// `columns` pairs this table's with the remote table's, besides tenant_id on both sides.
struct Relationship {
    std::string_view name;
    bool is_array = false;
    std::string_view remote;  // a table of this list
    std::string_view column;  // of this table
    std::string_view remote_column;
};

/// A field that a resolver fills from the encrypted values of a run.
struct RemoteField {
    std::string_view name;
    std::string_view resolver;
    std::string_view type;
    std::string_view columns;  // separated by spaces
};

struct Table {
    std::string_view table;  // in schema weft
    std::string_view name;   // in GraphQL
    tenancy::Permission permission;
    std::string_view columns;  // separated by spaces
    std::span<const Relationship> relationships = {};
    std::span<const RemoteField> remote_fields = {};
    std::string_view tenant_column = "tenant_id";
    bool is_own_only_without_manage = false;  // API tokens: others' need token.manage
    std::string_view computed = "";  // functions of the row, named as their fields; separated by spaces
};

std::span<const Table> tables();

/// An engine role: what holders of exactly these permissions see.
struct Role {
    std::string name;
    tenancy::Permissions permissions;
};

/// "owner", "administrator" (the engine's own "admin" may everything), "builder", "viewer"; or, for a token
/// with scopes, "scoped_" and its permissions as a number.
std::string role_name(tenancy::Role role, tenancy::Permissions held);

/// The `sources` member of the metadata document for these roles.
JsonArray sources(std::span<const Role> roles);

/// Which shown table a change of this audited object kind touches; empty when none does.
std::string_view table_of_object(std::string_view audit_object);

}  // namespace weft::control::shown
