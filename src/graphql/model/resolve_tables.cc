#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/names.h"

#include <algorithm>
#include <set>

namespace weft::graphql {

namespace {

Json table_definition(const QualifiedName& name) {
    return JsonObject{{"schema", name.schema}, {"name", name.name}};
}

void add_columns(Draft& draft, Table& table, const metadata::Table& from) {
    std::set<std::string_view> names;
    for (const CatalogColumn& each : table.catalog->columns) {
        Column& column = table.columns.emplace_back();
        column.catalog = &each;
        column.table = &table;
        column.position = static_cast<int>(table.columns.size()) - 1;
        column.is_stringified = draft.options.stringify_numeric && is_big_number(each.type);
        const auto custom = from.column_names.find(each.name);
        const std::string& name = custom == from.column_names.end() ? each.name : custom->second;
        column.scalar = scalar_of(each.type);
        // Permissions may use a column that GraphQL can't name; nobody sees it.
        if (!is_graphql_name(name) || column.scalar.empty()) continue;
        if (!names.insert(name).second) {
            draft.inconsistent(
                "table",
                "table " + table.catalog->name.text() + draft.in_source(),
                joined(
                    {"in table ",
                     quoted(table.catalog->name.text()),
                     ": the custom name ",
                     quoted(name),
                     " of column ",
                     quoted(each.name),
                     " is already in use"}
                ),
                table_definition(table.catalog->name)
            );
            continue;
        }
        column.name = name;
    }
    for (const auto& [column, name] : from.column_names) {
        if (table.catalog->column(column) != nullptr) continue;
        draft.inconsistent(
            "table",
            "table " + table.catalog->name.text() + draft.in_source(),
            joined(
                {"in table ",
                 quoted(table.catalog->name.text()),
                 ": the column ",
                 quoted(column),
                 " does not exist"}
            ),
            table_definition(table.catalog->name)
        );
    }
}

void add_primary_key(Table& table) {
    for (const CatalogKey& key : table.catalog->keys) {
        if (!key.is_primary) continue;
        for (const std::string& name : key.columns) {
            if (const Column* column = table.column(name)) table.primary_key.push_back(column);
        }
        return;
    }
}

/// Why the table can't be tracked; empty when it can.
std::string objection(const Draft& draft, const metadata::Table& from, const std::string& name) {
    if (draft.catalog.table(from.name) == nullptr) {
        return "no such table/view exists in source: " + quoted(from.name.text());
    }
    if (draft.find_table(from.name) != nullptr) {
        return "view/table already tracked: " + quoted(from.name.text());
    }
    if (!is_graphql_name(name)) {
        return "the table name " + quoted(name) + " is not a valid GraphQL identifier; set a custom_name";
    }
    const bool is_taken =
        std::ranges::any_of(draft.tables, [&](const Table& other) { return other.name == name; });
    return is_taken ? "node " + quoted(name) + " already exists in current graphql schema" : "";
}

// ---- enum tables

const Table* enum_table_of(const Table& table, const Column& column, const Draft& draft) {
    for (const CatalogForeignKey& key : table.catalog->foreign_keys) {
        if (key.columns.size() != 1 || key.columns.front() != column.pg_name()) continue;
        const Table* remote = draft.find_table(key.remote);
        if (remote == nullptr || !draft.facts_of(*remote).metadata->is_enum) continue;
        if (remote->primary_key.size() != 1) continue;
        if (remote->primary_key.front()->pg_name() == key.remote_columns.front()) return remote;
    }
    return nullptr;
}

std::string enum_objection(const Draft& draft, const Table& table) {
    const std::string start =
        "the table " + quoted(table.catalog->name.text()) + " cannot be used as an enum: ";
    if (table.primary_key.empty()) return start + "the table must have a primary key";
    if (table.primary_key.size() != 1) return start + "the table must have exactly one primary key column";
    if (table.primary_key.front()->catalog->type.name != "text" &&
        table.primary_key.front()->catalog->type.name != "varchar") {
        return start + "the table’s primary key must have type \"text\"";
    }
    if (table.columns.size() > 2) return start + "the table must have at most two columns";
    const auto values = draft.enum_values.find(table.catalog->name);
    if (values == draft.enum_values.end() || values->second.empty()) {
        return start + "the table must have at least one row";
    }
    for (const auto& [value, comment] : values->second) {
        if (!is_graphql_name(value) || value == "true" || value == "false" || value == "null") {
            return start + "the value " + quoted(value) + " is not a valid GraphQL enum value name";
        }
    }
    return "";
}

void add_enum_tables(Draft& draft) {
    std::map<const Table*, EnumTable*> by_table;
    for (const Table& table : draft.tables) {
        const TableFacts& facts = draft.facts_of(table);
        if (!facts.metadata->is_enum) continue;
        if (std::string reason = enum_objection(draft, table); !reason.empty()) {
            draft.inconsistent(
                "table",
                "table " + table.catalog->name.text() + draft.in_source(),
                std::move(reason),
                table_definition(table.catalog->name)
            );
            continue;
        }
        EnumTable& made = draft.enums.emplace_back();
        made.table = &table;
        made.type_name = table.name + "_enum";
        made.values = draft.enum_values.at(table.catalog->name);
        by_table[&table] = &made;
    }
    if (by_table.empty()) return;
    for (Table& table : draft.tables) {
        for (Column& column : table.columns) {
            const auto found = by_table.find(enum_table_of(table, column, draft));
            if (found == by_table.end() || column.name.empty()) continue;
            column.enumeration = found->second;
            column.scalar = found->second->type_name;
        }
    }
}

}  // namespace

void resolve_tables(Draft& draft) {
    for (const metadata::Table& from : draft.metadata.tables) {
        const std::string name = from.custom_name.empty() ? graphql_base_name(from.name) : from.custom_name;
        if (std::string reason = objection(draft, from, name); !reason.empty()) {
            draft.inconsistent(
                "table",
                "table " + from.name.text() + draft.in_source(),
                std::move(reason),
                table_definition(from.name)
            );
            continue;
        }
        Table& table = draft.tables.emplace_back();
        table.number = static_cast<int>(draft.tables.size()) - 1;
        table.catalog = draft.catalog.table(from.name);
        table.name = name;
        table.sql = quote(from.name);
        add_columns(draft, table, from);
        add_primary_key(table);
        table.rights.resize(draft.roles.size());
        draft.facts.push_back({&from, std::vector<unsigned>(draft.roles.size(), 0)});
        draft.tables_by_name.emplace(from.name, &table);
    }
    add_enum_tables(draft);
}

}  // namespace weft::graphql
