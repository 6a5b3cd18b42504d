#include "graphql/metadata/metadata.h"

#include "graphql/metadata/detail/readers.h"

#include <algorithm>
#include <set>

namespace weft::graphql::metadata {

using detail::Node;

namespace {

/// Documents without sources, of Hasura before 2.0: tables and functions at the top.
bool is_version_2(const Node& document) {
    Node version = document["version"];
    if (!version.is_there()) return !document["sources"].is_there();
    auto number = version.count();
    if (number && *number != 2 && *number != 3) version.wrong("must be 3 (or 2)");
    return number == 2;
}

/// Reads a list whose members have a key that occurs once.
template <class T, class Read, class Key>
std::vector<T> read_unique(const Node& node, Read read, Key key) {
    std::vector<T> out;
    std::set<std::decay_t<std::invoke_result_t<Key, const T&>>> seen;
    node.each([&](const Node& item) {
        out.push_back(read(item));
        if (item.is_well() && !seen.insert(std::invoke(key, out.back())).second) {
            item.wrong("is there already");
        }
    });
    return out;
}

void read_tables_and_functions(const Node& source, Metadata& out) {
    Node tables = source["tables"];
    out.tables = read_unique<Table>(tables, detail::read_table, &Table::name);
    if (out.tables.size() > detail::kTablesMax) tables.too_many("tables", detail::kTablesMax);
    out.functions = read_unique<Function>(source["functions"], detail::read_function, &Function::name);
}

void read_source(const Node& source, Metadata& out) {
    out.source_name = source["name"].text();
    std::string kind = source["kind"].text_or("postgres");
    if (kind != "postgres") source["kind"].wrong("must be \"postgres\": no other database is supported");
    // It would change names, and nobody may find out from a client's error.
    source["customization"].each_member([](std::string_view key, const Node& value) {
        bool is_default = key == "naming_convention" && value.text_or() == "hasura-default";
        bool is_empty = value.is_object() && value.object().empty();
        if (value.is_there() && !is_default && !is_empty) value.wrong("is not supported");
    });
    read_tables_and_functions(source, out);
}

void read_sources(const Node& sources, Metadata& out) {
    std::size_t count = 0;
    sources.each([&](const Node& source) {
        if (++count > 1) return source.wrong("is a second source: only one PostgreSQL source is supported");
        read_source(source, out);
    });
}

void read_inherited_roles(const Node& document, Metadata& out) {
    out.inherited_roles = read_unique<InheritedRole>(
        document["inherited_roles"],
        [](const Node& item) {
            InheritedRole role{item["role_name"].text(), item["role_set"].texts()};
            if (role.name == "admin") item["role_name"].wrong("\"admin\" has every permission already");
            if (role.parents.empty()) item["role_set"].wrong("must not be empty");
            return role;
        },
        &InheritedRole::name
    );
}

void read_collections(const Node& document, Metadata& out) {
    document["query_collections"].each([&](const Node& item) {
        std::string name = item["name"].text();
        auto [at, is_new] = out.query_collections.try_emplace(name);
        if (!is_new) return item.wrong("repeats \"" + name + "\"");
        Node definition = item["definition"];
        definition.required();
        auto read = [](const Node& query) { return Query{query["name"].text(), query["query"].text()}; };
        at->second = read_unique<Query>(definition["queries"], read, &Query::name);
    });
    document["allowlist"].each([&](const Node& item) {
        Node collection = item["collection"];
        std::string name = collection.text();
        if (!out.query_collections.contains(name)) return collection.wrong("there is no \"" + name + "\"");
        if (std::ranges::find(out.allow_list, name) != out.allow_list.end())
            return item.wrong("repeats \"" + name + "\"");
        out.allow_list.push_back(name);
        Node scope = item["scope"];
        Node roles = scope["roles"];
        if (scope["global"].boolean(true)) {
            if (roles.is_there()) roles.wrong("a global collection has no roles");
            return;
        }
        out.allow_list_roles[name] = roles.texts();
        if (out.allow_list_roles[name].empty()) roles.wrong("must not be empty");
    });
}

Metadata read(const Node& document) {
    Metadata out;
    out.document = document.object();
    if (is_version_2(document)) {
        // Not read, they would come back unchecked from an export.
        if (document["sources"].is_there()) document["sources"].wrong("belongs to version 3");
        read_tables_and_functions(document, out);
    } else {
        // Ignored, they would be lost.
        for (const char* key : {"tables", "functions"}) {
            if (document[key].is_there()) document[key].wrong("belongs into a source");
        }
        read_sources(document["sources"], out);
    }
    out.actions = read_unique<Action>(document["actions"], detail::read_action, &Action::name);
    out.custom_types = detail::read_custom_types(document["custom_types"]);
    read_inherited_roles(document, out);
    read_collections(document, out);
    if (roles(out).size() > detail::kRolesMax) document.too_many("roles", detail::kRolesMax);
    return out;
}

}  // namespace

Result<Metadata> parse(const Json& document) {
    std::optional<Error> error;
    Node whole(document, error);
    // {"resource_version", "metadata"}
    Node inner = whole["metadata"];
    Metadata out = read(inner.is_there() ? inner : whole);
    if (error) return fail(*std::move(error));
    return out;
}

Json export_document(const Metadata& metadata) {
    JsonObject out{{"version", 3}};
    JsonObject source{{"name", metadata.source_name}, {"kind", "postgres"}, {"tables", JsonArray()}};
    bool has_sources = metadata.document.contains("sources");
    if (has_sources) {
        // Read before, hence a list of at most one object.
        const Json& sources = metadata.document.at("sources");
        if (sources.is_array() && !sources.get_array().empty()) {
            for (const auto& member : sources.get_array().front().get_object()) {
                source[member.key()] = member.value();
            }
        }
    }
    for (const auto& member : metadata.document) {
        bool is_of_source = !has_sources && (member.key() == "tables" || member.key() == "functions");
        if (is_of_source) source[member.key()] = member.value();
        if (member.key() == "sources" || member.key() == "version" || is_of_source) continue;
        out[member.key()] = member.value();
    }
    out["sources"] = JsonArray{std::move(source)};
    return out;
}

std::vector<std::string> roles(const Metadata& metadata) {
    std::set<std::string> out;
    auto add = [&out](const std::vector<std::string>& names) { out.insert(names.begin(), names.end()); };
    for (const Table& table : metadata.tables) {
        for (const auto& [role, permissions] : table.permissions) out.insert(role);
        for (const RemoteField& field : table.remote_fields) add(field.roles);
    }
    for (const Function& function : metadata.functions) add(function.roles);
    for (const Action& action : metadata.actions) add(action.roles);
    for (const auto& [collection, names] : metadata.allow_list_roles) add(names);
    for (const InheritedRole& role : metadata.inherited_roles) out.insert(role.name);
    return {out.begin(), out.end()};
}

}  // namespace weft::graphql::metadata
