#include "graphql/sql/detail/select.h"

#include "graphql/sql/detail/call.h"
#include "graphql/sql/detail/order.h"

#include <algorithm>
#include <charconv>

namespace weft::graphql::detail {

namespace {

/// Rows after the cursor, which may have several columns.
void write_after_cursor(
    Where& where, Writer& out, const std::vector<Select::Cursor>& cursor, std::string_view alias
) {
    if (cursor.empty()) return;
    bool is_descending = cursor.front().is_descending;
    bool is_uniform =
        std::ranges::all_of(cursor, [&](const auto& each) { return each.is_descending == is_descending; });
    where.part() << "(";
    if (is_uniform) {  // a row comparison can use an index
        Separator columns(", ");
        if (cursor.size() > 1) out << "(";
        for (const auto& each : cursor) {
            out << columns.next();
            out.compared(alias, *each.column);
        }
        out << (cursor.size() > 1 ? ")" : "") << (is_descending ? " < " : " > ")
            << (cursor.size() > 1 ? "(" : "");
        Separator values(", ");
        for (const auto& each : cursor) {
            out << values.next();
            out.operand(each.initial, alias, alias);
        }
        out << (cursor.size() > 1 ? "))" : ")");
        return;
    }
    Separator alternatives(" OR ");
    for (std::size_t i = 0; i < cursor.size(); ++i) {
        out << alternatives.next() << "(";
        for (std::size_t k = 0; k <= i; ++k) {
            if (k > 0) out << " AND ";
            out.compared(alias, *cursor[k].column);
            out << (k < i ? " = " : cursor[k].is_descending ? " < " : " > ");
            out.operand(cursor[k].initial, alias, alias);
        }
        out << ")";
    }
    out << ")";
}

void write_limit(Writer& out, const Select& select, Limits limits) {
    std::optional<std::int64_t> most = limits == Limits::kAll ? select.limit_max : std::nullopt;
    if (select.limit && most && select.limit->source.kind == Source::Kind::kLiteral) {
        const std::string& text = select.limit->source.text;
        std::int64_t asked = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked);
        bool is_less = error == std::errc() && end == text.data() + text.size() && asked <= *most;
        if (is_less) most.reset();
    }
    bool is_most = most && select.limit && select.limit->source.kind == Source::Kind::kLiteral;
    if (select.limit && !is_most) {
        out << (most ? " LIMIT least(" : " LIMIT ");
        out.operand(*select.limit, "", "");
        if (most) {
            out << ", ";
            out.number(*most) << ")";
        }
    } else if (most) {
        out << " LIMIT ";
        out.number(*most);
    }
    if (select.offset) {
        out << " OFFSET ";
        out.operand(*select.offset, "", "");
    }
}

/// Would another row with the same join values break the "one row" of an object relationship?
bool may_be_several(const Select& select) {
    return select.shape == Select::Shape::kOne && select.joined_by != nullptr &&
           !is_unique(*select.joined_by);
}

}  // namespace

void Needs::add(const Column* column) {
    if (std::ranges::find(columns, column) == columns.end()) columns.push_back(column);
}

void Needs::add(const std::vector<Output>& outputs) {
    for (const Output& each : outputs) {
        if (each.kind == Output::Kind::kColumn) add(each.column);
        if (each.kind == Output::Kind::kComputed) row = true;
        if (each.remote) {
            for (const Column* column : each.remote->field->columns) add(column);
        }
        if (!each.select) continue;
        if (each.select->function) row = true;
        if (each.select->joined_by == nullptr) continue;
        for (const auto& [here, there] : each.select->joined_by->columns) add(here);
    }
}

void Needs::add(const AggregateOutput& output) {
    for (const Column* each : output.columns) add(each);
    for (const AggregateOutput::Item& item : output.items) {
        if (item.column != nullptr) add(item.column);
        if (item.computed != nullptr) row = true;
    }
}

void write_rows(
    Writer& out, const Select& select, const std::string& alias, const Link& link, Limits limits
) {
    std::string_view parent_row = link.parent.row.empty() ? link.parent.alias : link.parent.row;
    out << " FROM ";
    const auto rows = [&] {
        if (!select.function) out << select.from.table().sql;
        if (select.function) write_call(out, *select.function, parent_row);
    };
    write_source(out, select.from, select.joined_by, rows, alias);
    Ordering ordering(out, select, alias);
    if (limits != Limits::kUnordered) ordering.write_joins();
    Where where(out);
    where.permission(select.from, alias);
    for (const auto& [column, value] : select.equal_to) {
        where.part() << "(";
        out.compared(alias, *column) << " = ";
        out.operand(value, alias, alias) << ")";
    }
    if (select.joined_by != nullptr) where.join(*select.joined_by, link.parent.alias, alias);
    if (link.join) link.join(where, alias);
    where.condition(select.where, alias, alias);
    write_after_cursor(where, out, select.stream, alias);
    if (select.function) where.is_row_of(*select.function->function, alias);
    if (!select.stream.empty()) {
        Separator separator(", ");
        out << " ORDER BY ";
        for (const Select::Cursor& each : select.stream) {
            out << separator.next();
            out.column(alias, *each.column) << (each.is_descending ? " DESC NULLS FIRST" : " ASC NULLS LAST");
        }
    } else if (limits != Limits::kUnordered) {
        ordering.write_clause();
    }
    write_limit(out, select, limits);
    if (may_be_several(select)) out << " LIMIT 1";
}

/// While a transaction is under way that began to write before the row's own did, rows may still appear
/// before it. An age below zero is that of a row so old that its number has come around.
void write_held(Writer& out, const std::string& rows) {
    out << "(pg_catalog.age(" << rows << ".xmin) BETWEEN 0 AND "
        << "pg_catalog.age(pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::xid)) AS "
        << kHeldColumn;
}

void write_page(
    Writer& out,
    const Select& select,
    const std::string& alias,
    const Needs& needs,
    const Link& link,
    Limits limits
) {
    std::string rows = out.new_alias(select.from);
    out << " FROM (SELECT ";
    if (!select.distinct_on.empty()) {
        out << "DISTINCT ON (";
        Separator separator(", ");
        for (const Column* each : select.distinct_on) {
            out << separator.next();
            out.column(rows, *each);
        }
        out << ") ";
        if (needs.columns.empty() && !needs.row) out << "NULL";  // the list may not be empty here
    }
    Separator separator(", ");
    for (const Column* each : needs.columns) {
        out << separator.next();
        out.passed_on(rows, *each);
    }
    if (needs.row) (out << separator.next()).row_passed_on(rows, select.from);
    if (needs.held) write_held(out << separator.next(), rows);
    write_rows(out, select, rows, link, limits);
    out << ") AS " << alias;
}

void write_list(Writer& out, const Select& select, const std::vector<Output>& outputs, const Link& link) {
    bool is_page = !select.distinct_on.empty() ||
                   ((select.limit || select.offset || select.limit_max) && reads_other_tables(outputs));
    JsonShape shape = select.shape == Select::Shape::kOne ? JsonShape::kOne : JsonShape::kList;
    RowSource row{.alias = out.new_alias(select.from)};
    if (!is_page) {
        row.row = out.row(row.alias);
        write_json_select(out, shape, outputs, row, [&] {
            write_rows(out, select, row.alias, link, Limits::kAll);
        });
        return;
    }
    Needs needs;
    needs.add(outputs);
    if (needs.row) row.row = row.alias + "." + std::string(kRowColumn);
    write_json_select(out, shape, outputs, row, [&] {
        write_page(out, select, row.alias, needs, link, Limits::kAll);
    });
}

void write_stream(Writer& out, const Select& select) {
    RowSource row{.alias = out.new_alias(select.from)};
    std::string page = out.new_alias();
    Needs needs;
    needs.add(select.outputs);
    for (const Select::Cursor& each : select.stream) needs.add(each.column);
    if (needs.row) row.row = row.alias + "." + std::string(kRowColumn);
    // What a row is not older than, it may not overtake: the answer ends before the first one that is held.
    needs.held = select.from.table().catalog->kind == CatalogTable::Kind::kTable && !select.function &&
                 select.from.masks() == nullptr;
    std::string told = needs.held ? " FILTER (WHERE NOT " + page + "._w)" : "";
    out << "SELECT coalesce(json_agg(" << page << "._j)" << told << ", '[]'), json_agg(" << page << "._c)"
        << told << " -> -1, " << (needs.held ? "coalesce(bool_or(" + page + "._w), false)" : "false")
        << " FROM (SELECT ";
    write_object(out, select.outputs, row);
    out << " AS _j, ";
    ObjectWriter cursor(out, select.stream.size());
    for (const Select::Cursor& each : select.stream) {
        cursor.key(each.column->pg_name());
        out.column(row.alias, *each.column) << "::text";
    }
    cursor.finish();
    out << " AS _c";
    if (needs.held)
        out << ", bool_or(" << row.alias << "." << kHeldColumn << ") OVER (ROWS UNBOUNDED PRECEDING) AS _w";
    write_page(out, select, row.alias, needs, {}, Limits::kAll);
    out << ") AS " << page;
}

void write_linked_select(Writer& out, const Select& select, const Link& link) {
    if (select.shape == Select::Shape::kAggregate) {
        write_aggregate(out, select, link);
    } else {
        write_list(out, select, select.outputs, link);
    }
}

void write_select(Writer& out, const Select& select, const RowSource& parent) {
    write_linked_select(out, select, {.parent = parent});
}

}  // namespace weft::graphql::detail
