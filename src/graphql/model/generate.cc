#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>
#include <utility>

namespace weft::graphql {

namespace {

/// As Hasura tells them; the types themselves are sorted by introspection.
void sort_by_name(const Schema& schema) {
    for (Type* type : schema.types()) {
        std::ranges::sort(type->fields, {}, &Field::name);
        for (Field& each : type->fields) std::ranges::sort(each.arguments, {}, &InputValue::name);
        std::ranges::sort(type->input_fields, {}, &InputValue::name);
        std::ranges::sort(type->values, {}, &EnumValue::name);
    }
}

}  // namespace

const std::array<UpdateOperator, 7> kUpdateOperators{{
    {"_set",
     "set_input",
     Meaning::Kind::kSet,
     UpdateOperator::Over::kAll,
     "",
     "sets the columns of the filtered rows to the given values"},
    {"_inc",
     "inc_input",
     Meaning::Kind::kInc,
     UpdateOperator::Over::kNumeric,
     "",
     "increments the numeric columns with given value of the filtered values"},
    {"_append",
     "append_input",
     Meaning::Kind::kAppend,
     UpdateOperator::Over::kJsonb,
     "",
     "append existing jsonb value of filtered columns with new jsonb value"},
    {"_prepend",
     "prepend_input",
     Meaning::Kind::kPrepend,
     UpdateOperator::Over::kJsonb,
     "",
     "prepend existing jsonb value of filtered columns with new jsonb value"},
    {"_delete_key",
     "delete_key_input",
     Meaning::Kind::kDeleteKey,
     UpdateOperator::Over::kJsonb,
     "String",
     "delete key/value pair or string element. key/value pairs are matched based on their key value"},
    {"_delete_elem",
     "delete_elem_input",
     Meaning::Kind::kDeleteElem,
     UpdateOperator::Over::kJsonb,
     "Int",
     "delete the array element with specified index (negative integers count from the end). throws an error "
     "if top level container is not an array"},
    {"_delete_at_path",
     "delete_at_path_input",
     Meaning::Kind::kDeleteAtPath,
     UpdateOperator::Over::kJsonb,
     "[String!]",
     "delete the field or element with specified path (for JSON arrays, negative integers count from the end)"
    },
}};

bool is_updated_by(const UpdateOperator& op, const Column& column) {
    if (column.name.empty() || column.catalog->is_generated) return false;
    if (op.over == UpdateOperator::Over::kNumeric) return is_numeric(column.catalog->type);
    return op.over == UpdateOperator::Over::kAll || is_jsonb(column.catalog->type);
}

bool is_aggregated(const AggregateFunction& function, const Column& column) {
    if (column.name.empty() || column.enumeration != nullptr) return false;
    return is_aggregated(function, column.catalog->type);
}

bool is_aggregated(const AggregateFunction& function, const CatalogType& type) {
    if (function.over == AggregateColumns::kComparable) return is_comparable(type);
    return function.over == AggregateColumns::kNumeric ? is_numeric(type) : has_average(type);
}

bool is_aggregated(const AggregateFunction& function, const ComputedField& field) {
    return field.returns == nullptr && takes_only_the_row(field) &&
           is_aggregated(function, field.function->catalog->returns);
}

bool takes_only_the_row(const ComputedField& field) {
    const auto shown = std::ranges::count_if(field.function->arguments, [](const Function::Argument& each) {
        return !each.is_session;
    });
    return shown == 1;  // the row
}

// ---- elements

Type& Generator::new_type(TypeKind kind, std::string name, std::string description) {
    if (schema_.find(name) != nullptr) {
        d_.inconsistent(
            "source",
            "source " + d_.metadata.source_name,
            "Found conflicting definitions for GraphQL type " + quoted(name)
        );
        while (schema_.find(name) != nullptr) name += '_';
    }
    Type& type = schema_.add(kind, std::move(name));
    type.description = std::move(description);
    return type;
}

const Type* Generator::scalar(const std::string& name) {
    const Type*& known = scalars_[name];
    if (known != nullptr) return known;
    const Type* found = schema_.find(name);
    known = found != nullptr && found->is_leaf() ? found : &new_type(TypeKind::kScalar, name, "");
    return known;
}

Binding Generator::bind(const Meaning& meaning) {
    d_.meanings.push_back(meaning);
    return static_cast<Binding>(d_.meanings.size() - 1);
}
Binding Generator::bind(Meaning::Kind kind) {
    const auto [at, is_new] = kind_bindings_.try_emplace(static_cast<int>(kind), kUnbound);
    if (is_new) at->second = bind(Meaning{.kind = kind});
    return at->second;
}
Binding Generator::bind_function(Meaning::Kind kind, std::string_view name) {
    const auto [at, is_new] = function_bindings_.try_emplace({static_cast<int>(kind), name}, kUnbound);
    if (is_new) at->second = bind(Meaning{.kind = kind, .name = name});
    return at->second;
}

Field& Generator::field(
    Type& type, std::string name, TypeUse use, RuleId rule, Binding binding, std::string description
) {
    Field& made = type.fields.emplace_back();
    made.name = std::move(name);
    made.description = std::move(description);
    made.type = use;
    made.element = schema_.new_element();
    made.binding = binding;
    visibility_.set(made.element, rule);
    return made;
}

InputValue& Generator::argument(
    Field& field, std::string_view name, TypeUse use, Binding binding, std::string_view description
) {
    InputValue& made = field.arguments.emplace_back();
    made.name = name;
    made.description = description;
    made.type = use;
    made.element = schema_.new_element();
    made.binding = binding;
    visibility_.set(made.element, Visibility::kAlways);
    return made;
}

InputValue& Generator::input(
    Type& type, std::string_view name, TypeUse use, RuleId rule, Binding binding, std::string description
) {
    InputValue& made = type.input_fields.emplace_back();
    made.name = name;
    made.description = std::move(description);
    made.type = use;
    made.element = schema_.new_element();
    made.binding = binding;
    visibility_.set(made.element, rule);
    return made;
}

void Generator::value(
    Type& type, std::string_view name, RuleId rule, Binding binding, std::string_view description
) {
    EnumValue& made = type.values.emplace_back();
    made.name = name;
    made.description = description;
    made.element = schema_.new_element();
    made.binding = binding;
    visibility_.set(made.element, rule);
}

bool Generator::claims(const Type& root, const std::string& name) {
    if (is_graphql_name(name) && root_names_[&root].insert(name).second) return true;
    d_.inconsistent(
        "source",
        "source " + d_.metadata.source_name,
        joined(
            {"Encountered conflicting definitions in the selection set for ",
             quoted(root.name),
             " for field ",
             quoted(name),
             ". Fields must not be defined more than once across all sources."}
        )
    );
    return false;
}

std::string Generator::root_name(const Table& table, std::string_view key, std::string by_default) const {
    const auto& names = d_.facts_of(table).metadata->root_names;
    const auto found = names.find(std::string(key));
    return found == names.end() || found->second.empty() ? std::move(by_default) : found->second;
}

std::string Generator::root_description(const Table& table, std::string_view key, std::string by_default)
    const {
    const auto& comments = d_.facts_of(table).metadata->root_comments;
    const auto found = comments.find(std::string(key));
    return found == comments.end() ? std::move(by_default) : found->second;
}

const std::string& Generator::description(const Column& column) const {
    const auto& comments = d_.facts_of(*column.table).metadata->column_comments;
    const auto found = comments.find(column.pg_name());
    return found == comments.end() ? column.catalog->comment : found->second;
}

// ---- what a table's elements share

void Generator::share(const Table& table) {
    Shared& made = shared(table);
    made.quoted = quoted(table.name);
    const auto rule = [&](Rule::Kind kind, int position = 0, const Relationship* relationship = nullptr) {
        return visibility_.add(
            {.kind = kind, .position = position, .table = &table, .relationship = relationship}
        );
    };
    made.select = rule(Rule::Kind::kSelect);
    made.aggregate = rule(Rule::Kind::kAggregate);
    made.insert = rule(Rule::Kind::kInsert);
    made.insert_one = rule(Rule::Kind::kInsertOne);
    made.on_conflict = rule(Rule::Kind::kOnConflict);
    made.update = rule(Rule::Kind::kUpdate);
    made.update_by_pk = rule(Rule::Kind::kUpdateByPk);
    made.nothing_updatable = rule(Rule::Kind::kNothingUpdatable);
    made.remove = rule(Rule::Kind::kDelete);
    made.remove_by_pk = rule(Rule::Kind::kDeleteByPk);
    for (const Column& column : table.columns) {
        made.select_column.push_back(rule(Rule::Kind::kSelectColumn, column.position));
        made.insert_column.push_back(rule(Rule::Kind::kInsertColumn, column.position));
        made.update_column.push_back(rule(Rule::Kind::kUpdateColumn, column.position));
        made.column.push_back(bind(Meaning{.kind = Meaning::Kind::kColumn, .table = &table, .column = &column}
        ));
    }
    for (const Relationship& each : table.relationships) {
        made.relationship.push_back(rule(Rule::Kind::kRelationship, 0, &each));
        made.relationship_aggregate.push_back(rule(Rule::Kind::kRelationshipAggregate, 0, &each));
        made.insert_relationship.push_back(rule(Rule::Kind::kInsertRelationship, 0, &each));
        made.related.push_back(
            bind(Meaning{.kind = Meaning::Kind::kRelationship, .table = &table, .relationship = &each})
        );
        made.related_aggregate.push_back(bind(
            Meaning{.kind = Meaning::Kind::kRelationshipAggregate, .table = &table, .relationship = &each}
        ));
        Shared& remote = shared(*each.remote);
        (each.is_array ? remote.is_array_remote : remote.is_object_remote) = true;
    }
    for (const ComputedField& each : table.computed_fields) {
        if (each.returns != nullptr) shared(*each.returns).is_array_remote = true;
    }
}

void Generator::declare(const Table& table) {
    Types& made = types(table);
    const Shared& common = shared(table);
    const std::string& t = table.name;
    const std::string& q = common.quoted;
    const std::string& stored = table.catalog->comment;
    const std::string by_default = stored.empty() ? "columns and relationships of " + q : stored;
    made.object = &new_type(TypeKind::kObject, t, d_.facts_of(table).metadata->comment.value_or(by_default));
    made.bool_exp = &new_type(
        TypeKind::kInput,
        t + "_bool_exp",
        joined(
            {"Boolean expression to filter rows from the table ",
             q,
             ". All fields are combined with a logical 'AND'."}
        )
    );
    made.order_by = &new_type(
        TypeKind::kInput, t + "_order_by", joined({"Ordering options when selecting data from ", q, "."})
    );
    made.select_column = &new_type(TypeKind::kEnum, t + "_select_column", "select columns of table " + q);
    made.aggregate = &new_type(TypeKind::kObject, t + "_aggregate", "aggregated selection of " + q);
    made.aggregate_fields = &new_type(TypeKind::kObject, t + "_aggregate_fields", "aggregate fields of " + q);
    for (std::size_t i = 0; i < kAggregateFunctions.size(); ++i) {
        const AggregateFunction& function = kAggregateFunctions[i];
        const auto is_over = [&](const auto& each) { return is_aggregated(function, each); };
        const bool has_columns = std::ranges::any_of(table.columns, is_over);
        if (!has_columns && std::ranges::none_of(table.computed_fields, is_over)) continue;
        made.function_fields[i] = &new_type(
            TypeKind::kObject,
            joined({t, "_", function.name, "_fields"}),
            joined({"aggregate ", function.name, " on columns"})
        );
        if (!common.is_array_remote || !has_columns) continue;
        made.function_order_by[i] = &new_type(
            TypeKind::kInput,
            joined({t, "_", function.name, "_order_by"}),
            joined({"order by ", function.name, "() on columns of table ", q})
        );
    }
    if (common.is_array_remote) {
        made.aggregate_order_by =
            &new_type(TypeKind::kInput, t + "_aggregate_order_by", "order by aggregate values of table " + q);
        made.aggregate_bool_exp = &new_type(TypeKind::kInput, t + "_aggregate_bool_exp", "");
    }
    made.stream_cursor =
        &new_type(TypeKind::kInput, t + "_stream_cursor_input", "Streaming cursor of the table " + q);
    made.stream_value = &new_type(
        TypeKind::kInput,
        t + "_stream_cursor_value_input",
        "Initial value of the column from where the streaming should start"
    );
    declare_mutations(table, made, common);
}

void Generator::declare_mutations(const Table& table, Types& made, const Shared& common) {
    const CatalogTable& catalog = *table.catalog;
    const std::string& t = table.name;
    const std::string& q = common.quoted;
    if (catalog.is_insertable) {
        made.insert_input =
            &new_type(TypeKind::kInput, t + "_insert_input", "input type for inserting data into table " + q);
        if (common.is_object_remote) {
            made.object_insert = &new_type(
                TypeKind::kInput,
                t + "_obj_rel_insert_input",
                "input type for inserting object relation for remote table " + q
            );
        }
        if (common.is_array_remote) {
            made.array_insert = &new_type(
                TypeKind::kInput,
                t + "_arr_rel_insert_input",
                "input type for inserting array relation for remote table " + q
            );
        }
        const bool has_key = std::ranges::any_of(catalog.keys, &CatalogKey::is_constraint);
        if (has_key && catalog.is_updatable) {
            made.constraint = &new_type(
                TypeKind::kEnum, t + "_constraint", "unique or primary key constraints on table " + q
            );
            made.on_conflict =
                &new_type(TypeKind::kInput, t + "_on_conflict", "on_conflict condition type for table " + q);
            made.update_column =
                &new_type(TypeKind::kEnum, t + "_update_column", "update columns of table " + q);
        }
    }
    if (catalog.is_updatable) {
        for (std::size_t i = 0; i < kUpdateOperators.size(); ++i) {
            const UpdateOperator& op = kUpdateOperators[i];
            const bool is_used =
                std::ranges::any_of(table.columns, [&](const Column& c) { return is_updated_by(op, c); });
            if (!is_used) continue;
            made.update_inputs[i] = &new_type(
                TypeKind::kInput,
                joined({t, "_", op.type}),
                op.kind == Meaning::Kind::kSet   ? "input type for updating data in table " + q
                : op.kind == Meaning::Kind::kInc ? "input type for incrementing numeric columns in table " + q
                                                 : std::string(op.description)
            );
        }
        if (!table.primary_key.empty()) {
            made.pk_columns = &new_type(
                TypeKind::kInput, t + "_pk_columns_input", "primary key columns input for table: " + t
            );
        }
        made.updates = &new_type(TypeKind::kInput, t + "_updates", "");
    }
    if (catalog.is_insertable || catalog.is_updatable || catalog.is_deletable) {
        made.mutation_response = &new_type(
            TypeKind::kObject, t + "_mutation_response", "response of any mutation on the table " + q
        );
    }
}

// ---- order of work

void Generator::add_common_types() {
    Type& order = new_type(TypeKind::kEnum, "order_by", "column ordering options");
    using Pair = std::pair<std::string_view, std::string_view>;
    constexpr std::array<Pair, 6> kOrders{{
        {"asc", "in ascending order, nulls last"},
        {"asc_nulls_first", "in ascending order, nulls first"},
        {"asc_nulls_last", "in ascending order, nulls last"},
        {"desc", "in descending order, nulls first"},
        {"desc_nulls_first", "in descending order, nulls first"},
        {"desc_nulls_last", "in descending order, nulls last"},
    }};
    for (const auto& [name, description] : kOrders) {
        value(order, name, Visibility::kAlways, bind_function(Meaning::Kind::kDirection, name), description);
    }
    order_by_ = &order;
    Type& cursor = new_type(TypeKind::kEnum, "cursor_ordering", "ordering argument of a cursor");
    constexpr std::array<Pair, 2> kCursors{{
        {"ASC", "ascending ordering of the cursor"},
        {"DESC", "descending ordering of the cursor"},
    }};
    for (const auto& [name, description] : kCursors) {
        value(cursor, name, Visibility::kAlways, bind_function(Meaning::Kind::kDirection, name), description);
    }
    cursor_ordering_ = &cursor;
    for (const EnumTable& each : d_.enums) {
        Type& type = new_type(TypeKind::kEnum, each.type_name, "");
        for (const auto& [name, comment] : each.values) {
            const Binding binding =
                bind(Meaning{.kind = Meaning::Kind::kEnumTableValue, .table = each.table, .name = name});
            value(type, name, Visibility::kAlways, binding, comment);
        }
    }
}

void Generator::finish_roots() {
    field(
        *schema_.query,
        "no_queries_available",
        TypeUse(schema_.string_type()).non_null(),
        Visibility::kNoQueries,
        bind(Meaning::Kind::kNoQueries),
        "There are no queries available to the current role. Either there are no sources or remote schemas "
        "configured, or the current role doesn't have the required permissions."
    );
    if (schema_.mutation->fields.empty()) schema_.mutation = nullptr;
    if (schema_.subscription->fields.empty()) schema_.subscription = nullptr;
}

void Generator::run() {
    empty_list_ = schema_.literal("[]");
    schema_.query = &new_type(TypeKind::kObject, "query_root", "");
    schema_.mutation = &new_type(TypeKind::kObject, "mutation_root", "mutation root");
    schema_.subscription = &new_type(TypeKind::kObject, "subscription_root", "");
    // Growing would move what is there again and again: a big schema has 80,000 elements.
    schema_.query->fields.reserve(3 * d_.tables.size() + 2 * d_.functions.size() + 1);
    schema_.subscription->fields.reserve(4 * d_.tables.size() + 2 * d_.functions.size());
    schema_.mutation->fields.reserve(7 * d_.tables.size() + d_.metadata.actions.size());
    visibility_.of_element.reserve(400 * d_.tables.size());
    types_.resize(d_.tables.size());
    shared_.resize(d_.tables.size());
    add_common_types();
    for (const Table& table : d_.tables) share(table);
    for (const Table& table : d_.tables) declare(table);
    add_custom_types();
    for (const Table& table : d_.tables) {
        fill_object(table);
        fill_select_column(table);
        fill_aggregate(table);
        fill_bool_exp(table);
        fill_order_by(table);
        fill_aggregate_order_by(table);
        fill_aggregate_bool_exp(table);
        fill_insert(table);
        fill_nested_insert(table);
        fill_on_conflict(table);
        fill_update(table);
        fill_mutation_response(table);
        add_select_roots(table);
        add_stream_root(table);
        add_insert_roots(table);
        add_update_roots(table);
        add_delete_roots(table);
    }
    for (const Function& function : d_.functions) {
        if (function.metadata != nullptr) add_function_roots(function);
    }
    for (const metadata::Action& action : d_.metadata.actions) add_action(action);
    for (const metadata::CustomType& type : d_.metadata.custom_types) add_output_relationships(type);
    finish_roots();
    sort_by_name(schema_);
}

}  // namespace weft::graphql
