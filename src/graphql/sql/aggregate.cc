#include "graphql/sql/detail/call.h"
#include "graphql/sql/detail/select.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

void write_item(
    Writer& out, const AggregateOutput& output, const AggregateOutput::Item& item, const RowSource& rows
) {
    if (item.computed != nullptr) {
        const ComputedField& field = *item.computed;
        out << output.function << "(";
        write_if_shown(out, field, rows.alias, [&] { write_computed(out, field, rows.row); });
        const std::string& base = field.function->catalog->returns.base;
        out << (base.empty() ? "" : "::" + base) << ")"
            << stringified_as(field.is_stringified, field.function->catalog->returns);
    } else if (item.column != nullptr) {
        write_aggregate_call(out, output.function, {item.column}, false, rows.alias);
        out << stringified_as(item.column->is_stringified, item.column->catalog->type);
    } else {
        out.literal(item.text) << "::text";
    }
}

void write_aggregate_value(Writer& out, const AggregateOutput& output, const RowSource& rows) {
    switch (output.kind) {
        case AggregateOutput::Kind::kTypename:
            out.literal(output.text) << "::text";
            return;
        case AggregateOutput::Kind::kCount:
            write_aggregate_call(
                out, "count", output.columns, output.is_distinct && !output.columns.empty(), rows.alias
            );
            return;
        case AggregateOutput::Kind::kFunction:
            break;
    }
    ObjectWriter object(out, output.items.size());
    for (const AggregateOutput::Item& item : output.items) {
        object.key(item.key);
        write_item(out, output, item, rows);
    }
    object.finish();
}

/// One object of aggregates over all rows that the request means (the permission's limit is for `nodes`).
void write_aggregates(
    Writer& out, const Select& select, const std::vector<AggregateOutput>& outputs, const Link& link
) {
    Needs needs;
    for (const AggregateOutput& each : outputs) needs.add(each);
    bool is_page = select.limit || select.offset || !select.distinct_on.empty();
    RowSource rows{.alias = out.new_alias(select.from)};
    rows.row = is_page ? rows.alias + "." + std::string(kRowColumn) : out.row(rows.alias);
    out << "SELECT ";
    ObjectWriter object(out, outputs.size());
    for (const AggregateOutput& each : outputs) {
        object.key(each.key);
        write_aggregate_value(out, each, rows);
    }
    object.finish();
    if (!is_page) return write_rows(out, select, rows.alias, link, Limits::kUnordered);
    write_page(out, select, rows.alias, needs, link, Limits::kRequest);
}

}  // namespace

void write_aggregate(Writer& out, const Select& select, const Link& link) {
    out << "SELECT ";
    ObjectWriter object(out, select.aggregate.size());
    for (const AggregateShape& each : select.aggregate) {
        object.key(each.key);
        if (each.kind == AggregateShape::Kind::kTypename) {
            out.literal(each.text) << "::text";
            continue;
        }
        out << "(";
        if (each.kind == AggregateShape::Kind::kNodes) {
            write_list(out, select, each.nodes, link);
        } else {
            write_aggregates(out, select, each.aggregates, link);
        }
        out << ")";
    }
    object.finish();
}

}  // namespace weft::graphql::detail
