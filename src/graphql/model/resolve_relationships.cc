#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/names.h"

#include <algorithm>
#include <set>

namespace weft::graphql {

namespace {

using Why = std::expected<void, std::string>;

/// The one key over exactly these columns; `to` limits what it refers to.
std::expected<const CatalogForeignKey*, std::string> the_key(
    const CatalogTable& table, const std::vector<std::string>& columns, const QualifiedName* to
) {
    const std::set<std::string> wanted(columns.begin(), columns.end());
    const CatalogForeignKey* found = nullptr;
    for (const CatalogForeignKey& key : table.foreign_keys) {
        if (to != nullptr && key.remote != *to) continue;
        if (std::set<std::string>(key.columns.begin(), key.columns.end()) != wanted) continue;
        if (found != nullptr) {
            return because("more than one foreign key constraint exists on the given column(s)");
        }
        found = &key;
    }
    if (found == nullptr) return because("no foreign constraint exists on the given column(s)");
    return found;
}

Why pair_columns(
    Relationship& made, const std::vector<std::string>& own, const std::vector<std::string>& remote
) {
    for (std::size_t i = 0; i < own.size() && i < remote.size(); ++i) {
        const Column* here = made.table->column(own[i]);
        const Column* there = made.remote->column(remote[i]);
        if (here == nullptr) return because("column " + quoted(own[i]) + " does not exist");
        if (there == nullptr) return because("column " + quoted(remote[i]) + " does not exist");
        made.columns.emplace_back(here, there);
    }
    return {};
}

Why find_remote(const Draft& draft, Relationship& made, const QualifiedName& name) {
    made.remote = draft.find_table(name);
    if (made.remote != nullptr) return {};
    return because("table " + quoted(name.text()) + " is not tracked");
}

Why by_own_key(const Draft& draft, Relationship& made, const metadata::Relationship& from) {
    const auto key = the_key(*made.table->catalog, from.foreign_key_columns, nullptr);
    if (!key) return because(key.error());
    if (Why found = find_remote(draft, made, (*key)->remote); !found) return found;
    // A key with one NULL among its columns refers to nothing (MATCH SIMPLE).
    made.is_nullable = std::ranges::any_of((*key)->columns, [&](const std::string& name) {
        const CatalogColumn* column = made.table->catalog->column(name);
        return column == nullptr || column->is_nullable;
    });
    return pair_columns(made, (*key)->columns, (*key)->remote_columns);
}

Why by_remote_key(const Draft& draft, Relationship& made, const metadata::Relationship& from) {
    if (Why found = find_remote(draft, made, *from.foreign_key_table); !found) return found;
    const auto key = the_key(*made.remote->catalog, from.foreign_key_columns, &made.table->catalog->name);
    if (!key) return because(key.error());
    made.is_inserted_before_parent = false;
    return pair_columns(made, (*key)->remote_columns, (*key)->columns);
}

Why by_hand(const Draft& draft, Relationship& made, const metadata::Relationship::Manual& from) {
    if (Why found = find_remote(draft, made, from.remote); !found) return found;
    std::vector<std::string> own;
    std::vector<std::string> remote;
    for (const auto& [here, there] : from.columns) {
        own.push_back(here);
        remote.push_back(there);
    }
    made.is_inserted_before_parent = from.is_inserted_before_parent && !made.is_array;
    return pair_columns(made, own, remote);
}

/// Hasura's word for a name that GraphQL or another field of the table forbids.
std::string objection(const Table& table, const std::string& name) {
    if (!is_graphql_name(name)) return quoted(name) + " is not a valid GraphQL identifier";
    const bool is_computed =
        std::ranges::any_of(table.computed_fields, [&](const ComputedField& f) { return f.name == name; });
    if (table.column_by_graphql_name(name) != nullptr || table.relationship(name) != nullptr || is_computed) {
        return joined({"field with name ", quoted(name), " already exists"});
    }
    return "";
}

void add_relationship(Draft& draft, Table& table, const metadata::Relationship& from) {
    Relationship made;
    made.name = from.name;
    made.table = &table;
    made.is_array = from.kind == metadata::Relationship::Kind::kArray;
    Why resolved;
    if (std::string reason = objection(table, from.name); !reason.empty()) {
        resolved = because(std::move(reason));
    } else if (from.manual) {
        resolved = by_hand(draft, made, *from.manual);
    } else if (from.foreign_key_table) {
        resolved = by_remote_key(draft, made, from);
    } else {
        resolved = by_own_key(draft, made, from);
    }
    if (!resolved) {
        const std::string text = table.catalog->name.text();
        draft.inconsistent(
            made.is_array ? "array_relation" : "object_relation",
            joined(
                {made.is_array ? "array_relation " : "object_relation ",
                 from.name,
                 " in table ",
                 text,
                 draft.in_source()}
            ),
            joined(
                {"in table ", quoted(text), ": in relationship ", quoted(from.name), ": ", resolved.error()}
            )
        );
        return;
    }
    made.position = static_cast<int>(table.relationships.size());
    table.relationships.push_back(std::move(made));
}

void add_remote_field(Draft& draft, Table& table, const metadata::RemoteField& from) {
    RemoteField made;
    made.metadata = &from;
    std::string reason = objection(table, from.name);
    for (const std::string& name : from.columns) {
        const Column* column = table.column(name);
        if (column == nullptr && reason.empty()) reason = "column " + quoted(name) + " does not exist";
        made.columns.push_back(column);
    }
    if (!reason.empty()) {
        const std::string text = table.catalog->name.text();
        draft.inconsistent(
            "remote_relationship",
            joined({"remote_relationship ", from.name, " in table ", text, draft.in_source()}),
            joined({"in table ", quoted(text), ": in remote relationship ", quoted(from.name), ": ", reason})
        );
        return;
    }
    made.position = static_cast<int>(table.remote_fields.size());
    table.remote_fields.push_back(std::move(made));
}

}  // namespace

void resolve_relationships(Draft& draft) {
    for (Table& table : draft.tables) {
        const metadata::Table& from = *draft.facts_of(table).metadata;
        for (const metadata::Relationship& each : from.relationships) add_relationship(draft, table, each);
        for (const metadata::RemoteField& each : from.remote_fields) add_remote_field(draft, table, each);
    }
}

}  // namespace weft::graphql
