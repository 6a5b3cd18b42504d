#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

void Generator::fill_aggregate(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    const TypeUse whole(of.aggregate_fields);
    field(*of.aggregate, "aggregate", whole, Visibility::kAlways, bind(Meaning::Kind::kAggregate));
    field(*of.aggregate, "nodes", rows(table), Visibility::kAlways, bind(Meaning::Kind::kNodes));
    const auto add_count = [&] {
        Field& count = field(
            *of.aggregate_fields,
            "count",
            TypeUse(schema_.int_type()).non_null(),
            Visibility::kAlways,
            bind(Meaning::Kind::kCount)
        );
        const TypeUse columns = TypeUse(of.select_column).non_null().list();
        argument(count, "columns", columns, bind(Meaning::Kind::kColumnsArgument));
        argument(count, "distinct", TypeUse(schema_.boolean_type()), bind(Meaning::Kind::kDistinctArgument));
    };
    of.aggregate_fields->fields.reserve(kAggregateFunctions.size() + 1);
    for (std::size_t i = 0; i < kAggregateFunctions.size(); ++i) {
        const AggregateFunction& function = kAggregateFunctions[i];
        if (i == 1) add_count();  // after avg: in the order of the names
        if (of.function_fields[i] == nullptr) continue;
        of.function_fields[i]->fields.reserve(table.columns.size());
        field(
            *of.aggregate_fields,
            std::string(function.name),
            TypeUse(of.function_fields[i]),
            Visibility::kAlways,
            bind_function(Meaning::Kind::kAggregateFunction, function.name)
        );
        for (const Column& column : table.columns) {
            if (!is_aggregated(function, column)) continue;
            const auto at = static_cast<std::size_t>(column.position);
            field(
                *of.function_fields[i],
                column.name,
                function.keeps_type ? column_type(column) : TypeUse(scalar("Float")),
                common.select_column[at],
                common.column[at],
                description(column)
            );
        }
        for (const ComputedField& each : table.computed_fields) {
            if (is_aggregated(function, each)) add_computed_aggregate(*of.function_fields[i], function, each);
        }
    }
}

void Generator::add_computed_aggregate(
    Type& type, const AggregateFunction& function, const ComputedField& computed
) {
    const RuleId rule = visibility_.add(
        {.kind = Rule::Kind::kComputed, .position = computed.position, .table = computed.table}
    );
    const Meaning meaning{
        .kind = Meaning::Kind::kComputedScalar,
        .table = computed.table,
        .computed = &computed,
        .function = computed.function
    };
    const TypeUse kept = value_type(computed.scalar, computed.function->catalog->returns);
    field(type, computed.name, function.keeps_type ? kept : TypeUse(scalar("Float")), rule, bind(meaning));
}

void Generator::fill_aggregate_order_by(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    if (of.aggregate_order_by == nullptr) return;
    of.aggregate_order_by->input_fields.reserve(kAggregateFunctions.size() + 1);
    for (std::size_t i = 0; i < kAggregateFunctions.size(); ++i) {
        const AggregateFunction& function = kAggregateFunctions[i];
        if (i == 1) {
            input(
                *of.aggregate_order_by,
                "count",
                TypeUse(order_by_),
                Visibility::kAlways,
                bind(Meaning::Kind::kCount)
            );
        }
        if (of.function_order_by[i] == nullptr) continue;
        of.function_order_by[i]->input_fields.reserve(table.columns.size());
        input(
            *of.aggregate_order_by,
            function.name,
            TypeUse(of.function_order_by[i]),
            Visibility::kAlways,
            bind_function(Meaning::Kind::kAggregateFunction, function.name)
        );
        for (const Column& column : table.columns) {
            if (!is_aggregated(function, column)) continue;
            const auto at = static_cast<std::size_t>(column.position);
            input(
                *of.function_order_by[i],
                column.name,
                TypeUse(order_by_),
                common.select_column[at],
                common.column[at],
                description(column)
            );
        }
    }
}

void Generator::fill_aggregate_bool_exp(const Table& table) {
    const Types& of = types(table);
    if (of.aggregate_bool_exp == nullptr) return;
    const bool has_booleans = std::ranges::any_of(table.columns, [](const Column& column) {
        return !column.name.empty() && is_boolean(column.catalog->type);
    });
    if (has_booleans) {
        add_bool_aggregate(table, "bool_and");
        add_bool_aggregate(table, "bool_or");
    }
    Type& count = new_type(TypeKind::kInput, table.name + "_aggregate_bool_exp_count", "");
    input(
        count,
        "arguments",
        TypeUse(of.select_column).non_null().list(),
        Visibility::kAlways,
        bind(Meaning::Kind::kArguments)
    );
    input(
        count,
        "distinct",
        TypeUse(schema_.boolean_type()),
        Visibility::kAlways,
        bind(Meaning::Kind::kDistinctArgument)
    );
    input(count, "filter", TypeUse(of.bool_exp), Visibility::kAlways, bind(Meaning::Kind::kFilter));
    const CatalogType integer{.name = "int4", .schema = "pg_catalog", .element = "", .sql = "integer"};
    input(
        count,
        "predicate",
        TypeUse(comparison("Int", integer, nullptr)).non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kPredicate)
    );
    input(*of.aggregate_bool_exp, "count", TypeUse(&count), Visibility::kAlways, bind(Meaning::Kind::kCount));
}

void Generator::add_bool_aggregate(const Table& table, std::string_view function) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    const std::string base = joined({table.name, "_aggregate_bool_exp_", function});
    Type& columns = new_type(
        TypeKind::kEnum,
        joined({table.name, "_select_column_", base, "_arguments_columns"}),
        joined({"select ", quoted(base + "_arguments_columns"), " columns of table ", common.quoted})
    );
    for (const Column& column : table.columns) {
        if (column.name.empty() || !is_boolean(column.catalog->type)) continue;
        const auto at = static_cast<std::size_t>(column.position);
        value(columns, column.name, common.select_column[at], common.column[at], "column name");
    }
    Type& made = new_type(TypeKind::kInput, base, "");
    input(
        made, "arguments", TypeUse(&columns).non_null(), Visibility::kAlways, bind(Meaning::Kind::kArguments)
    );
    input(
        made,
        "distinct",
        TypeUse(schema_.boolean_type()),
        Visibility::kAlways,
        bind(Meaning::Kind::kDistinctArgument)
    );
    input(made, "filter", TypeUse(of.bool_exp), Visibility::kAlways, bind(Meaning::Kind::kFilter));
    const CatalogType boolean{.name = "bool", .schema = "pg_catalog", .element = "", .sql = "boolean"};
    input(
        made,
        "predicate",
        TypeUse(comparison("Boolean", boolean, nullptr)).non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kPredicate)
    );
    input(
        *of.aggregate_bool_exp,
        function,
        TypeUse(&made),
        Visibility::kAlways,
        bind_function(Meaning::Kind::kAggregateFunction, function)
    );
}

}  // namespace weft::graphql
