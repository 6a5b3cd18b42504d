#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

void Generator::add_path_argument(Field& field) {
    argument(field, "path", TypeUse(schema_.string_type()), bind(Meaning::Kind::kPath), "JSON select path");
}

void Generator::add_list_arguments(Field& field, const Table& table) {
    const Types& of = types(table);
    field.arguments.reserve(6);
    const TypeUse columns = TypeUse(of.select_column).non_null().list();
    argument(field, "distinct_on", columns, bind(Meaning::Kind::kDistinctOn), "distinct select on columns");
    argument(
        field,
        "limit",
        TypeUse(schema_.int_type()),
        bind(Meaning::Kind::kLimit),
        "limit the number of rows returned"
    );
    argument(
        field,
        "offset",
        TypeUse(schema_.int_type()),
        bind(Meaning::Kind::kOffset),
        "skip the first n rows. Use only with order_by"
    );
    field.arguments.back().strings = Strings::kDigits;
    argument(
        field,
        "order_by",
        TypeUse(of.order_by).non_null().list(),
        bind(Meaning::Kind::kOrderBy),
        "sort the rows by one or more columns"
    );
    argument(field, "where", TypeUse(of.bool_exp), bind(Meaning::Kind::kWhere), "filter the rows returned");
}

void Generator::add_key_arguments(Field& field, const Table& table) {
    for (const Column* column : table.primary_key) {
        const auto at = static_cast<std::size_t>(column->position);
        takes(
            argument(
                field,
                column->name,
                column_type(*column).non_null(),
                shared(table).column[at],
                description(*column)
            ),
            column->catalog->type
        );
    }
}

void Generator::fill_object(const Table& table) {
    const Shared& common = shared(table);
    Type& type = *types(table).object;
    type.fields.reserve(table.columns.size() + 2 * table.relationships.size() + table.computed_fields.size());
    for (const Column& column : table.columns) {
        if (column.name.empty()) continue;
        const auto at = static_cast<std::size_t>(column.position);
        const TypeUse use = column_type(column);
        Field& made = field(
            type,
            column.name,
            column.catalog->is_nullable || is_masked(column) ? use : use.non_null(),
            common.select_column[at],
            common.column[at],
            description(column)
        );
        if (is_json(column.catalog->type)) add_path_argument(made);
    }
    fill_relationship_fields(table);
    fill_computed_fields(table);
    fill_remote_fields(table);
}

void Generator::fill_relationship_fields(const Table& table) {
    const Shared& common = shared(table);
    Type& type = *types(table).object;
    for (const Relationship& each : table.relationships) {
        const auto at = static_cast<std::size_t>(each.position);
        if (!each.is_array) {
            const TypeUse use(types(*each.remote).object);
            field(
                type,
                each.name,
                each.is_nullable ? use : use.non_null(),
                common.relationship[at],
                common.related[at],
                "An object relationship"
            );
            continue;
        }
        Field& list = field(
            type,
            each.name,
            rows(*each.remote),
            common.relationship[at],
            common.related[at],
            "An array relationship"
        );
        add_list_arguments(list, *each.remote);
        std::string name = each.name + "_aggregate";
        if (table.column_by_graphql_name(name) != nullptr || table.relationship(name) != nullptr) continue;
        Field& aggregate = field(
            type,
            std::move(name),
            TypeUse(types(*each.remote).aggregate).non_null(),
            common.relationship_aggregate[at],
            common.related_aggregate[at],
            "An aggregate relationship"
        );
        add_list_arguments(aggregate, *each.remote);
    }
}

void Generator::fill_computed_fields(const Table& table) {
    for (const ComputedField& each : table.computed_fields) {
        const auto rule =
            visibility_.add({.kind = Rule::Kind::kComputed, .position = each.position, .table = &table});
        const bool is_scalar = each.returns == nullptr;
        const bool is_set = each.function->catalog->returns_set;
        const Meaning meaning{
            .kind = is_scalar ? Meaning::Kind::kComputedScalar : Meaning::Kind::kComputedTable,
            .table = &table,
            .computed = &each,
            .function = each.function,
        };
        const TypeUse use = is_scalar ? value_type(each.scalar, each.function->catalog->returns)
                            : is_set  ? TypeUse(types(*each.returns).object).non_null().list()
                                      : TypeUse(types(*each.returns).object);
        const auto& written = d_.facts_of(table).metadata->computed_fields;
        const auto from = std::ranges::find(written, each.name, &metadata::ComputedField::name);
        const std::string& stored = each.function->catalog->comment;
        const std::string by_default = stored.empty() ? "A computed field, executes function " +
                                                            quoted(each.function->catalog->name.text())
                                                      : stored;
        const std::string text = from == written.end() ? by_default : from->comment.value_or(by_default);
        Field& made = field(*types(table).object, each.name, use, rule, bind(meaning), text);
        add_function_argument(made, *each.function, &each);
        if (!is_scalar && is_set) add_list_arguments(made, *each.returns);
        if (is_scalar && is_json(each.function->catalog->returns)) add_path_argument(made);
    }
}

void Generator::fill_remote_fields(const Table& table) {
    for (const RemoteField& each : table.remote_fields) {
        const metadata::RemoteField& from = *each.metadata;
        const auto use = parse_use(from.type);
        std::vector<TypeUse> arguments;
        std::string reason = use ? "" : use.error();
        for (const auto& [name, type] : from.arguments) {
            const auto argument_use = parse_use(type);
            if (!argument_use) {
                reason = argument_use.error();
            } else {
                arguments.push_back(*argument_use);
                if (!argument_use->named()->is_input()) reason = quoted(type) + " is not an input type";
            }
        }
        if (reason.empty() && !use->named()->is_output())
            reason = quoted(from.type) + " is not an output type";
        if (!reason.empty()) {
            const std::string text = table.catalog->name.text();
            d_.inconsistent(
                "remote_relationship",
                joined({"remote_relationship ", from.name, " in table ", text, d_.in_source()}),
                joined(
                    {"in table ", quoted(text), ": in remote relationship ", quoted(from.name), ": ", reason}
                )
            );
            continue;
        }
        const auto rule =
            visibility_.add({.kind = Rule::Kind::kRemote, .table = &table, .listed = &from.roles});
        const Meaning meaning{.kind = Meaning::Kind::kRemoteField, .table = &table, .remote = &each};
        Field& made = field(*types(table).object, from.name, *use, rule, bind(meaning));
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            argument(made, from.arguments[i].first, arguments[i], kUnbound);
        }
    }
}

void Generator::fill_select_column(const Table& table) {
    const Shared& common = shared(table);
    Type& type = *types(table).select_column;
    type.values.reserve(table.columns.size());
    for (const Column& column : table.columns) {
        if (column.name.empty()) continue;
        const auto at = static_cast<std::size_t>(column.position);
        value(type, column.name, common.select_column[at], common.column[at], "column name");
    }
}

// ---- roots

void Generator::add_read_root(
    const std::string& name,
    TypeUse use,
    Rule rule,
    std::array<unsigned, 2> hidden,
    const Meaning& meaning,
    const std::string& description,
    const std::function<void(Field&)>& add_arguments
) {
    const Binding binding = bind(meaning);
    const std::array<Type*, 2> roots{schema_.query, schema_.subscription};
    for (std::size_t i = 0; i < roots.size(); ++i) {
        if (!claims(*roots[i], name)) continue;
        rule.hidden = hidden[i];
        add_arguments(field(*roots[i], name, use, visibility_.add(rule), binding, description));
    }
}

void Generator::add_select_roots(const Table& table) {
    const Types& of = types(table);
    const std::string fetch = "fetch data from the table: " + shared(table).quoted;
    add_read_root(
        root_name(table, "select", table.name),
        rows(table),
        {.kind = Rule::Kind::kRootSelect, .table = &table},
        {kHidesSelect, kHidesSubscription},
        {.kind = Meaning::Kind::kSelect, .table = &table},
        root_description(table, "select", fetch),
        [&](Field& made) { add_list_arguments(made, table); }
    );
    add_read_root(
        root_name(table, "select_aggregate", table.name + "_aggregate"),
        TypeUse(of.aggregate).non_null(),
        {.kind = Rule::Kind::kRootAggregate, .table = &table},
        {kHidesSelectAggregate, kHidesSubscriptionAggregate},
        {.kind = Meaning::Kind::kSelectAggregate, .table = &table},
        root_description(
            table, "select_aggregate", "fetch aggregated fields from the table: " + shared(table).quoted
        ),
        [&](Field& made) { add_list_arguments(made, table); }
    );
    const bool has_key =
        !table.primary_key.empty() &&
        std::ranges::none_of(table.primary_key, [](const Column* c) { return c->name.empty(); });
    if (!has_key) return;
    add_read_root(
        root_name(table, "select_by_pk", table.name + "_by_pk"),
        TypeUse(of.object),
        {.kind = Rule::Kind::kRootSelectByPk, .table = &table},
        {kHidesSelectByPk, kHidesSubscriptionByPk},
        {.kind = Meaning::Kind::kSelectByPk, .table = &table},
        root_description(table, "select_by_pk", fetch + " using primary key columns"),
        [&](Field& made) { add_key_arguments(made, table); }
    );
}

void Generator::add_stream_root(const Table& table) {
    const Types& of = types(table);
    const Shared& common = shared(table);
    of.stream_value->input_fields.reserve(table.columns.size());
    for (const Column& column : table.columns) {
        if (column.name.empty()) continue;
        const auto at = static_cast<std::size_t>(column.position);
        takes(
            input(
                *of.stream_value,
                column.name,
                column_type(column),
                common.select_column[at],
                common.column[at],
                description(column)
            ),
            column.catalog->type
        );
    }
    input(
        *of.stream_cursor,
        "initial_value",
        TypeUse(of.stream_value).non_null(),
        Visibility::kAlways,
        bind(Meaning::Kind::kInitialValue),
        "Stream column input with initial value"
    );
    input(
        *of.stream_cursor,
        "ordering",
        TypeUse(cursor_ordering_),
        Visibility::kAlways,
        bind(Meaning::Kind::kOrdering),
        "cursor ordering"
    );
    const std::string name = root_name(table, "select_stream", table.name + "_stream");
    if (!claims(*schema_.subscription, name)) return;
    const RuleId rule =
        visibility_.add({.kind = Rule::Kind::kRootSelect, .hidden = kHidesSubscriptionStream, .table = &table}
        );
    Field& made = field(
        *schema_.subscription,
        name,
        rows(table),
        rule,
        bind(Meaning{.kind = Meaning::Kind::kSelectStream, .table = &table}),
        root_description(
            table, "select_stream", "fetch data from the table in a streaming manner: " + common.quoted
        )
    );
    argument(
        made,
        "batch_size",
        TypeUse(schema_.int_type()).non_null(),
        bind(Meaning::Kind::kBatchSize),
        "maximum number of rows returned in a single batch"
    );
    argument(
        made,
        "cursor",
        TypeUse(of.stream_cursor).list().non_null(),
        bind(Meaning::Kind::kCursor),
        "cursor to stream the results returned by the query"
    );
    argument(made, "where", TypeUse(of.bool_exp), bind(Meaning::Kind::kWhere), "filter the rows returned");
}

}  // namespace weft::graphql
