#include "control/graphql/sql/detail/call.h"
#include "control/graphql/sql/detail/select.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

void write_item(
    Writer& out, const AggregateOutput& output, const AggregateOutput::Item& item, const std::string& rows
) {
    if (item.column == nullptr) {
        out.literal(item.text) << "::text";
        return;
    }
    write_aggregate_call(out, output.function, {item.column}, false, rows);
    if (item.column->is_stringified) out << "::text";
}

void write_aggregate_value(Writer& out, const AggregateOutput& output, const std::string& rows) {
    switch (output.kind) {
        case AggregateOutput::Kind::kTypename:
            out.literal(output.text) << "::text";
            return;
        case AggregateOutput::Kind::kCount:
            write_aggregate_call(
                out, "count", output.columns, output.is_distinct && !output.columns.empty(), rows
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
    std::string rows = out.new_alias();
    out << "SELECT ";
    ObjectWriter object(out, outputs.size());
    for (const AggregateOutput& each : outputs) {
        object.key(each.key);
        write_aggregate_value(out, each, rows);
    }
    object.finish();
    bool is_page = select.limit || select.offset || !select.distinct_on.empty();
    if (!is_page) return write_rows(out, select, rows, link, Limits::kUnordered);
    Needs needs;
    for (const AggregateOutput& each : outputs) {
        for (const Column* column : each.columns) needs.add(column);
        for (const AggregateOutput::Item& item : each.items) {
            if (item.column != nullptr) needs.add(item.column);
        }
    }
    write_page(out, select, rows, needs, link, Limits::kRequest);
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
