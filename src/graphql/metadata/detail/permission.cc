#include "graphql/metadata/detail/readers.h"

#include <algorithm>

namespace weft::graphql::metadata::detail {

namespace {

/// "*" or a list.
template <class Permission>
void read_columns(const Node& node, Permission& out) {
    if (node.is_text()) {
        out.has_all_columns = node.text() == "*";
        if (!out.has_all_columns) node.wrong("must be \"*\" or a list of columns");
        return;
    }
    out.columns = node.texts();
}

std::optional<std::vector<std::string>> read_root_fields(
    const Node& node, std::initializer_list<std::string_view> known
) {
    if (!node.is_there()) return std::nullopt;
    node.each([&](const Node& item) {
        item.required();
        (void)item.word(known);
    });
    return node.texts_or_empty();
}

SelectPermission read_select(const Node& node) {
    SelectPermission out;
    read_columns(node["columns"], out);
    out.computed_fields = node["computed_fields"].texts_or_empty();
    out.filter = node["filter"].object();
    out.limit = node["limit"].count();
    out.allows_aggregations = node["allow_aggregations"].boolean();
    out.query_root_fields =
        read_root_fields(node["query_root_fields"], {"select", "select_by_pk", "select_aggregate"});
    out.subscription_root_fields = read_root_fields(
        node["subscription_root_fields"], {"select", "select_by_pk", "select_aggregate", "select_stream"}
    );
    return out;
}

InsertPermission read_insert(const Node& node) {
    InsertPermission out;
    // Hasura's default, unlike that of the other kinds.
    if (node["columns"].is_there()) {
        read_columns(node["columns"], out);
    } else {
        out.has_all_columns = true;
    }
    out.check = node["check"].object();
    out.set = node["set"].object_or_empty();
    out.is_backend_only = node["backend_only"].boolean();
    return out;
}

UpdatePermission read_update(const Node& node) {
    UpdatePermission out;
    read_columns(node["columns"], out);
    out.filter = node["filter"].object();
    if (node["check"].is_there()) out.check = node["check"].object();
    out.set = node["set"].object_or_empty();
    out.is_backend_only = node["backend_only"].boolean();
    return out;
}

DeletePermission read_delete(const Node& node) {
    DeletePermission out;
    out.filter = node["filter"].object();
    out.is_backend_only = node["backend_only"].boolean();
    return out;
}

/// A list of {"role", "permission"}, each role once.
template <class Permission>
void read_list(
    const Node& node,
    std::map<std::string, TablePermissions>& out,
    std::optional<Permission> TablePermissions::* member,
    Permission (*read)(const Node&)
) {
    node.each([&](const Node& item) {
        std::string role = item["role"].text();
        if (role == "admin") return item["role"].wrong("\"admin\" has every permission already");
        auto& slot = out[role].*member;
        if (slot) return item["role"].wrong("repeats \"" + role + "\"");
        Node permission = item["permission"];
        permission.required();
        slot = read(permission);
    });
}

}  // namespace

std::map<std::string, TablePermissions> read_permissions(const Node& table) {
    std::map<std::string, TablePermissions> out;
    read_list(table["select_permissions"], out, &TablePermissions::select, read_select);
    read_list(table["insert_permissions"], out, &TablePermissions::insert, read_insert);
    read_list(table["update_permissions"], out, &TablePermissions::update, read_update);
    read_list(table["delete_permissions"], out, &TablePermissions::remove, read_delete);
    return out;
}

}  // namespace weft::graphql::metadata::detail
