#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

void Generator::fill_insert(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (of.insert_input == nullptr) return;
    Type& type = *of.insert_input;
    type.input_fields.reserve(table.columns.size() + table.relationships.size());
    for (const Column& column : table.columns) {
        if (column.name.empty() || column.catalog->is_generated) continue;
        const auto at = static_cast<std::size_t>(column.position);
        takes(
            input(
                type,
                column.name,
                column_type(column),
                common.insert_column[at],
                common.column[at],
                description(column)
            ),
            column.catalog->type
        );
    }
    for (const Relationship& each : table.relationships) {
        const auto at = static_cast<std::size_t>(each.position);
        const Types& remote = types(*each.remote);
        const Type* nested = each.is_array ? remote.array_insert : remote.object_insert;
        if (nested == nullptr) continue;
        input(type, each.name, TypeUse(nested), common.insert_relationship[at], common.related[at]);
    }
}

void Generator::fill_nested_insert(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    const TypeUse row = of.insert_input == nullptr ? TypeUse() : TypeUse(of.insert_input).non_null();
    for (Type* type : {of.object_insert, of.array_insert}) {
        if (type == nullptr) continue;
        const TypeUse data = type == of.object_insert ? row : row.list().non_null();
        input(*type, "data", data, Visibility::kAlways, bind(Meaning::Kind::kData));
        if (of.on_conflict == nullptr) continue;
        input(
            *type,
            "on_conflict",
            TypeUse(of.on_conflict),
            common.on_conflict,
            bind(Meaning::Kind::kOnConflict),
            "upsert condition"
        );
    }
}

void Generator::fill_on_conflict(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (of.on_conflict == nullptr) return;
    for (const CatalogKey& key : table.catalog->keys) {
        if (!key.is_constraint || !is_graphql_name(key.name)) continue;
        std::string columns;
        for (const std::string& name : key.columns) columns += (columns.empty() ? "" : ", ") + quoted(name);
        value(
            *of.constraint,
            key.name,
            Visibility::kAlways,
            bind(Meaning{.kind = Meaning::Kind::kConstraint, .table = &table, .key = &key}),
            "unique or primary key constraint on columns " + columns
        );
    }
    of.update_column->values.reserve(table.columns.size() + 1);
    for (const Column& column : table.columns) {
        if (column.name.empty() || column.catalog->is_generated) continue;
        const auto at = static_cast<std::size_t>(column.position);
        value(*of.update_column, column.name, common.update_column[at], common.column[at], "column name");
    }
    value(*of.update_column, "_PLACEHOLDER", common.nothing_updatable, kUnbound, "placeholder (do not use)");
    input(
        *of.on_conflict,
        "constraint",
        TypeUse(of.constraint).non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kConstraintArgument)
    );
    InputValue& columns = input(
        *of.on_conflict,
        "update_columns",
        TypeUse(of.update_column).non_null().list().non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kUpdateColumnsArgument)
    );
    columns.default_text = "[]";
    columns.default_value = empty_list_;
    input(*of.on_conflict, "where", TypeUse(of.bool_exp), Visibility::kAlways, bind(Meaning::Kind::kWhere));
}

void Generator::fill_update(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (of.updates == nullptr) return;
    of.updates->input_fields.reserve(kUpdateOperators.size() + 1);
    for (std::size_t i = 0; i < kUpdateOperators.size(); ++i) {
        const UpdateOperator& op = kUpdateOperators[i];
        if (of.update_inputs[i] == nullptr) continue;
        if (op.kind == Meaning::Kind::kSet) of.update_inputs[i]->input_fields.reserve(table.columns.size());
        for (const Column& column : table.columns) {
            if (!is_updated_by(op, column)) continue;
            const auto at = static_cast<std::size_t>(column.position);
            TypeUse use = column_type(column);
            if (op.kind == Meaning::Kind::kDeleteAtPath) {
                use = TypeUse(schema_.string_type()).non_null().list();
            } else if (!op.value.empty()) {
                use = TypeUse(scalar(std::string(op.value)));
            }
            InputValue& made = input(
                *of.update_inputs[i],
                column.name,
                use,
                common.update_column[at],
                common.column[at],
                description(column)
            );
            use == column_type(column) ? takes(made, column.catalog->type) : takes_strings(made);
        }
        input(
            *of.updates,
            op.name,
            TypeUse(of.update_inputs[i]),
            Visibility::kAlways,
            bind(op.kind),
            std::string(op.description)
        );
    }
    input(
        *of.updates,
        "where",
        TypeUse(of.bool_exp).non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kWhere),
        "filter the rows which have to be updated"
    );
    if (of.pk_columns == nullptr) return;
    for (const Column* column : table.primary_key) {
        const auto at = static_cast<std::size_t>(column->position);
        if (column->name.empty()) continue;
        takes(
            input(
                *of.pk_columns,
                column->name,
                column_type(*column).non_null(),
                common.select_column[at],
                common.column[at],
                description(*column)
            ),
            column->catalog->type
        );
    }
}

void Generator::fill_mutation_response(const Table& table) {
    const Types& of = types(table);
    if (of.mutation_response == nullptr) return;
    field(
        *of.mutation_response,
        "affected_rows",
        TypeUse(schema_.int_type()).non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kAffectedRows),
        "number of rows affected by the mutation"
    );
    field(
        *of.mutation_response,
        "returning",
        rows(table),
        shared(table).select,
        bind(Meaning::Kind::kReturning),
        "data from the rows affected by the mutation"
    );
}

// ---- roots

void Generator::add_insert_roots(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (of.insert_input == nullptr) return;
    const TypeUse row = TypeUse(of.insert_input).non_null();
    const auto add_on_conflict = [&](Field& made) {
        if (of.on_conflict == nullptr) return;
        InputValue& added = argument(
            made, "on_conflict", TypeUse(of.on_conflict), bind(Meaning::Kind::kOnConflict), "upsert condition"
        );
        visibility_.set(added.element, common.on_conflict);
    };
    const std::string many = root_name(table, "insert", "insert_" + table.name);
    if (claims(*schema_.mutation, many)) {
        Field& made = field(
            *schema_.mutation,
            many,
            TypeUse(of.mutation_response),
            common.insert,
            bind(Meaning{.kind = Meaning::Kind::kInsert, .table = &table}),
            root_description(table, "insert", "insert data into the table: " + common.quoted)
        );
        argument(
            made, "objects", row.list().non_null(), bind(Meaning::Kind::kObjects), "the rows to be inserted"
        );
        add_on_conflict(made);
    }
    const std::string one = root_name(table, "insert_one", joined({"insert_", table.name, "_one"}));
    if (!claims(*schema_.mutation, one)) return;
    Field& made = field(
        *schema_.mutation,
        one,
        TypeUse(of.object),
        common.insert_one,
        bind(Meaning{.kind = Meaning::Kind::kInsertOne, .table = &table}),
        root_description(table, "insert_one", "insert a single row into the table: " + common.quoted)
    );
    argument(made, "object", row, bind(Meaning::Kind::kObject), "the row to be inserted");
    add_on_conflict(made);
}

void Generator::add_update_operators(Field& made, const Table& table) {
    const Types& of = types(table);
    for (std::size_t i = 0; i < kUpdateOperators.size(); ++i) {
        const UpdateOperator& op = kUpdateOperators[i];
        if (of.update_inputs[i] == nullptr) continue;
        argument(made, op.name, TypeUse(of.update_inputs[i]), bind(op.kind), op.description);
    }
}

void Generator::add_update_roots(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (of.updates == nullptr) return;
    const auto meaning = [&](Meaning::Kind kind) { return bind(Meaning{.kind = kind, .table = &table}); };
    const std::string many = root_name(table, "update", "update_" + table.name);
    if (claims(*schema_.mutation, many)) {
        Field& made = field(
            *schema_.mutation,
            many,
            TypeUse(of.mutation_response),
            common.update,
            meaning(Meaning::Kind::kUpdate),
            root_description(table, "update", "update data of the table: " + common.quoted)
        );
        add_update_operators(made, table);
        argument(
            made,
            "where",
            TypeUse(of.bool_exp).non_null(),
            bind(Meaning::Kind::kWhere),
            "filter the rows which have to be updated"
        );
    }
    const std::string one = root_name(table, "update_by_pk", joined({"update_", table.name, "_by_pk"}));
    if (of.pk_columns != nullptr && !of.pk_columns->input_fields.empty() && claims(*schema_.mutation, one)) {
        Field& made = field(
            *schema_.mutation,
            one,
            TypeUse(of.object),
            common.update_by_pk,
            meaning(Meaning::Kind::kUpdateByPk),
            root_description(table, "update_by_pk", "update single row of the table: " + common.quoted)
        );
        add_update_operators(made, table);
        argument(made, "pk_columns", TypeUse(of.pk_columns).non_null(), bind(Meaning::Kind::kPkColumns));
    }
    const std::string batch = root_name(table, "update_many", joined({"update_", table.name, "_many"}));
    if (!claims(*schema_.mutation, batch)) return;
    Field& made = field(
        *schema_.mutation,
        batch,
        TypeUse(of.mutation_response).list(),
        common.update,
        meaning(Meaning::Kind::kUpdateMany),
        root_description(table, "update_many", "update multiples rows of table: " + common.quoted)
    );
    argument(
        made,
        "updates",
        TypeUse(of.updates).non_null().list().non_null(),
        bind(Meaning::Kind::kUpdates),
        "updates to execute, in order"
    );
}

void Generator::add_delete_roots(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (!table.catalog->is_deletable) return;
    const std::string many = root_name(table, "delete", "delete_" + table.name);
    if (claims(*schema_.mutation, many)) {
        Field& made = field(
            *schema_.mutation,
            many,
            TypeUse(of.mutation_response),
            common.remove,
            bind(Meaning{.kind = Meaning::Kind::kDelete, .table = &table}),
            root_description(table, "delete", "delete data from the table: " + common.quoted)
        );
        argument(
            made,
            "where",
            TypeUse(of.bool_exp).non_null(),
            bind(Meaning::Kind::kWhere),
            "filter the rows which have to be deleted"
        );
    }
    const bool has_key =
        !table.primary_key.empty() &&
        std::ranges::none_of(table.primary_key, [](const Column* c) { return c->name.empty(); });
    const std::string one = root_name(table, "delete_by_pk", joined({"delete_", table.name, "_by_pk"}));
    if (!has_key || !claims(*schema_.mutation, one)) return;
    Field& made = field(
        *schema_.mutation,
        one,
        TypeUse(of.object),
        common.remove_by_pk,
        bind(Meaning{.kind = Meaning::Kind::kDeleteByPk, .table = &table}),
        root_description(table, "delete_by_pk", "delete single row from the table: " + common.quoted)
    );
    add_key_arguments(made, table);
}

}  // namespace weft::graphql
