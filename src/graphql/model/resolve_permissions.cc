#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

namespace {

using Why = std::expected<void, std::string>;

enum class ColumnUse { kRead, kWrite };

bool may_hold(const Column& column, ColumnUse use) {
    return use == ColumnUse::kRead || !column.catalog->is_generated;
}

Why pick_columns(
    std::vector<bool>& out,
    const Table& table,
    bool is_all,
    const std::vector<std::string>& names,
    ColumnUse use
) {
    out.assign(table.columns.size(), false);
    for (const Column& column : table.columns) {
        if (is_all) out[static_cast<std::size_t>(column.position)] = may_hold(column, use);
    }
    for (const std::string& name : names) {
        const Column* column = table.column(name);
        if (column == nullptr) return because("column " + quoted(name) + " does not exist");
        out[static_cast<std::size_t>(column->position)] = may_hold(*column, use);
    }
    return {};
}

Why set_condition(const Draft& draft, BoolExp& out, const Table& table, const JsonObject& from) {
    auto made = resolve_condition(draft, table, from);
    if (!made) return because(std::move(made.error()));
    out = std::move(*made);
    return {};
}

/// Presets, and their columns leave what the role may name itself.
Why set_presets(
    std::vector<Preset>& out, std::vector<bool>& columns, const Table& table, const JsonObject& from
) {
    for (const auto& [name, value] : from) {
        const Column* column = table.column(name);
        if (column == nullptr) return because(joined({"column ", quoted(name), " does not exist"}));
        columns[static_cast<std::size_t>(column->position)] = false;
        out.push_back({column, resolve_value(value, column->catalog->type.sql)});
    }
    return {};
}

unsigned hidden_roots(const metadata::SelectPermission& from) {
    const auto hides = [](const std::optional<std::vector<std::string>>& shown, std::string_view name) {
        return shown && std::ranges::find(*shown, name) == shown->end();
    };
    const auto& query = from.query_root_fields;
    const auto& subscription = from.subscription_root_fields;
    unsigned out = 0;
    if (hides(query, "select")) out |= kHidesSelect;
    if (hides(query, "select_by_pk")) out |= kHidesSelectByPk;
    if (hides(query, "select_aggregate")) out |= kHidesSelectAggregate;
    if (hides(subscription, "select")) out |= kHidesSubscription;
    if (hides(subscription, "select_by_pk")) out |= kHidesSubscriptionByPk;
    if (hides(subscription, "select_aggregate")) out |= kHidesSubscriptionAggregate;
    if (hides(subscription, "select_stream")) out |= kHidesSubscriptionStream;
    return out;
}

Why set_select(
    const Draft& draft, Rights& rights, const Table& table, const metadata::SelectPermission& from
) {
    SelectRight made;
    if (Why ok = pick_columns(made.columns, table, from.has_all_columns, from.columns, ColumnUse::kRead);
        !ok) {
        return ok;
    }
    made.computed_fields.assign(table.computed_fields.size(), false);
    for (const std::string& name : from.computed_fields) {
        const auto found = std::ranges::find(table.computed_fields, name, &ComputedField::name);
        if (found == table.computed_fields.end()) {
            return because("computed field " + quoted(name) + " does not exist");
        }
        made.computed_fields[static_cast<std::size_t>(found->position)] = true;
    }
    if (from.limit && *from.limit < 0) return because("unexpected negative value for \"limit\"");
    if (Why ok = set_condition(draft, made.filter, table, from.filter); !ok) return ok;
    made.limit = from.limit;
    made.allows_aggregations = from.allows_aggregations;
    rights.select = std::move(made);
    return {};
}

Why set_insert(
    const Draft& draft, Rights& rights, const Table& table, const metadata::InsertPermission& from
) {
    InsertRight made;
    if (Why ok = pick_columns(made.columns, table, from.has_all_columns, from.columns, ColumnUse::kWrite);
        !ok) {
        return ok;
    }
    if (!table.catalog->is_insertable) return because("the view is not insertable");
    if (Why ok = set_condition(draft, made.check, table, from.check); !ok) return ok;
    if (Why ok = set_presets(made.presets, made.columns, table, from.set); !ok) return ok;
    made.is_backend_only = from.is_backend_only;
    rights.insert = std::move(made);
    return {};
}

Why set_update(
    const Draft& draft, Rights& rights, const Table& table, const metadata::UpdatePermission& from
) {
    UpdateRight made;
    if (Why ok = pick_columns(made.columns, table, from.has_all_columns, from.columns, ColumnUse::kWrite);
        !ok) {
        return ok;
    }
    if (!table.catalog->is_updatable) return because("the view is not updatable");
    if (Why ok = set_condition(draft, made.filter, table, from.filter); !ok) return ok;
    if (from.check) {
        if (Why ok = set_condition(draft, made.check, table, *from.check); !ok) return ok;
    }
    if (Why ok = set_presets(made.presets, made.columns, table, from.set); !ok) return ok;
    made.is_backend_only = from.is_backend_only;
    rights.update = std::move(made);
    return {};
}

Why set_delete(
    const Draft& draft, Rights& rights, const Table& table, const metadata::DeletePermission& from
) {
    DeleteRight made;
    if (!table.catalog->is_deletable) return because("the view is not deletable");
    if (Why ok = set_condition(draft, made.filter, table, from.filter); !ok) return ok;
    made.is_backend_only = from.is_backend_only;
    rights.remove = std::move(made);
    return {};
}

/// Who may do everything.
Rights full_rights(const Table& table) {
    Rights out;
    std::vector<bool> writable(table.columns.size());
    for (const Column& column : table.columns) {
        writable[static_cast<std::size_t>(column.position)] = may_hold(column, ColumnUse::kWrite);
    }
    out.select.emplace();
    out.select->columns.assign(table.columns.size(), true);
    out.select->computed_fields.assign(table.computed_fields.size(), true);
    out.select->allows_aggregations = true;
    if (table.catalog->is_insertable) out.insert.emplace().columns = writable;
    if (table.catalog->is_updatable) out.update.emplace().columns = writable;
    if (table.catalog->is_deletable) out.remove.emplace();
    return out;
}

void note(Draft& draft, const Table& table, const std::string& role, std::string_view kind, const Why& why) {
    if (why) return;
    const std::string text = table.catalog->name.text();
    draft.inconsistent(
        kind,
        joined({kind, " ", role, " in table ", text, draft.in_source()}),
        joined({"in table ", quoted(text), ": in permission for role ", quoted(role), ": ", why.error()})
    );
}

void add_rights(Draft& draft, Table& table, const std::string& name, const metadata::TablePermissions& from) {
    const Role* role = draft.find_role(name);
    if (role == nullptr) return;  // every role of the metadata has one
    const auto number = static_cast<std::size_t>(role->number);
    if (number == 0) {
        return note(
            draft, table, name, "select_permission", because("cannot define permission for admin role")
        );
    }
    Rights& rights = table.rights[number];
    if (from.select) {
        note(draft, table, name, "select_permission", set_select(draft, rights, table, *from.select));
        draft.facts[static_cast<std::size_t>(table.number)].hidden_roots[number] = hidden_roots(*from.select);
    }
    if (from.insert) {
        note(draft, table, name, "insert_permission", set_insert(draft, rights, table, *from.insert));
    }
    if (from.update) {
        note(draft, table, name, "update_permission", set_update(draft, rights, table, *from.update));
    }
    if (from.remove) {
        note(draft, table, name, "delete_permission", set_delete(draft, rights, table, *from.remove));
    }
}

/// Only equalities of the relationship's own columns with session variables: those hold for the row that
/// refers to it as well, so they hide nothing.
bool hides_nothing(const BoolExp& filter, const Relationship& relationship) {
    if (filter.kind == BoolExp::Kind::kTrue) return true;
    if (filter.kind == BoolExp::Kind::kAnd) {
        return std::ranges::all_of(filter.children, [&](const BoolExp& each) {
            return hides_nothing(each, relationship);
        });
    }
    return filter.kind == BoolExp::Kind::kCompare && filter.op->name == "_eq" && filter.cast.empty() &&
           filter.right.kind == Operand::Kind::kSource &&
           filter.right.source.kind == Source::Kind::kSession &&
           std::ranges::any_of(relationship.columns, [&](const auto& pair) {
               return pair.second == filter.column;
           });
}

void settle_nullability(Draft& draft) {
    for (Table& table : draft.tables) {
        for (Relationship& relationship : table.relationships) {
            if (relationship.is_array || relationship.is_nullable) continue;
            relationship.is_nullable = !std::ranges::all_of(relationship.columns, [](const auto& pair) {
                return leads_everywhere(*pair.first);
            }) || !std::ranges::all_of(relationship.remote->rights, [&](const Rights& rights) {
                return !rights.select || hides_nothing(rights.select->filter, relationship);
            });
        }
    }
}

}  // namespace

void resolve_permissions(Draft& draft) {
    for (Table& table : draft.tables) table.rights[0] = full_rights(table);
    for (Table& table : draft.tables) {
        for (const auto& [role, from] : draft.facts_of(table).metadata->permissions) {
            add_rights(draft, table, role, from);
        }
    }
    inherit_permissions(draft);
    settle_nullability(draft);
}

}  // namespace weft::graphql
