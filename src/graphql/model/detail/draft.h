#pragma once

#include "graphql/model/model.h"

#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql {

/// Root fields that a select permission takes away: bits of a set, per table and role.
enum HiddenRoot : unsigned {
    kHidesSelect = 1,
    kHidesSelectByPk = 2,
    kHidesSelectAggregate = 4,
    kHidesSubscription = 8,
    kHidesSubscriptionByPk = 16,
    kHidesSubscriptionAggregate = 32,
    kHidesSubscriptionStream = 64,
};

/// What only the builder needs to know of a table.
struct TableFacts {
    const metadata::Table* metadata = nullptr;
    std::vector<unsigned> hidden_roots;  // by Role::number
};

/// The model under construction: its parts, and what is known while they are made. The stages run in the
/// order of the functions below; each finds what the earlier ones made.
struct Draft {
    Catalog& catalog;
    metadata::Metadata& metadata;
    const ModelOptions& options;
    const EnumValues& enum_values;
    Schema& schema;
    std::deque<Meaning>& meanings;
    std::deque<Table>& tables;
    std::deque<EnumTable>& enums;
    std::deque<Function>& functions;
    std::deque<Action>& actions;
    std::deque<OutputRelationship>& outputs;
    std::map<QualifiedName, const Table*>& tables_by_name;
    std::vector<std::unique_ptr<Role>>& roles;
    std::map<std::string, const Role*, std::less<>>& roles_by_name;
    std::vector<Inconsistency>& inconsistencies;
    std::vector<IndexWarning>& index_warnings;

    std::vector<TableFacts> facts = {};  // by Table::number

    const TableFacts& facts_of(const Table& table) const {
        return facts[static_cast<std::size_t>(table.number)];
    }
    const Table* find_table(const QualifiedName& name) const;
    const Role* find_role(std::string_view name) const;
    /// Notes that `kind` `name` does not fit; the reason in Hasura's form.
    void inconsistent(std::string_view kind, std::string name, std::string reason, Json definition = {});
    /// " in source default"
    std::string in_source() const { return " in source " + metadata.source_name; }
};

void resolve_tables(Draft& draft);           // tables, columns, enum tables
void resolve_computed_fields(Draft& draft);  // with their functions
void resolve_relationships(Draft& draft);    // and remote fields
void resolve_permissions(Draft& draft);      // then how nullable object relationships are
void resolve_functions(Draft& draft);        // the tracked ones
void inherit_permissions(Draft& draft);      // of roles with parents, whose own permissions are resolved
void inherit_lists(Draft& draft);            // the same for functions, actions and whatever names its roles
void find_missing_indexes(Draft& draft);

/// A condition of the metadata about rows of `table`. `root`: the table that `["$", column]` means.
/// The error is a reason without context.
std::expected<BoolExp, std::string> resolve_condition(
    const Draft& draft, const Table& table, const JsonObject& condition
);

/// A value of a preset, or the right side of a comparison with `column`: session variable or literal.
Operand resolve_value(const Json& value, std::string sql_type);

/// `{a,"b c",NULL}`: a JSON list as PostgreSQL reads an array.
std::string array_literal(const JsonArray& list);

/// Does a role see NULL instead of this column in some rows?
bool is_masked(const Column& column);
/// Do relationships start from it in every row, for every role that sees the row?
bool leads_everywhere(const Column& column);

std::string joined(std::initializer_list<std::string_view> parts);
/// Why something cannot be had, for the caller to say where.
inline std::unexpected<std::string> because(std::string reason) {
    return std::unexpected(std::move(reason));
}

}  // namespace weft::graphql
