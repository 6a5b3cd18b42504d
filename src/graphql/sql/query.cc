#include "graphql/sql/detail/select.h"
#include "graphql/sql/sql.h"

namespace weft::graphql {

namespace {

using namespace detail;

std::vector<const Select*> selects_of(const Plan& plan) {
    std::vector<const Select*> out;
    for (const RootField& each : plan.roots) {
        if (const auto* select = std::get_if<std::unique_ptr<Select>>(&each.what))
            out.push_back(select->get());
    }
    return out;
}

/// One row, one column for each root (a stream has two).
void write_roots(Writer& out, const std::vector<const Select*>& selects) {
    if (selects.size() == 1 && !selects.front()->stream.empty()) return write_stream(out, *selects.front());
    // A list alone is one row as it is, and may be computed in parallel.
    bool is_alone = selects.size() == 1 && selects.front()->shape == Select::Shape::kList;
    if (is_alone) return write_select(out, *selects.front());
    out << "SELECT ";
    Separator separator(", ");
    for (const Select* each : selects) {
        out << separator.next() << "(";
        write_select(out, *each);
        out << ")";
    }
}

}  // namespace

Statement emit_query(const Plan& plan) {
    std::vector<const Select*> selects = selects_of(plan);
    if (selects.empty()) return {};
    Writer out;
    write_roots(out, selects);
    return std::move(out).finish();
}

Statement emit_multiplexed(const Plan& plan) {
    std::vector<const Select*> selects = selects_of(plan);
    if (selects.empty()) return {};
    Writer body(ParameterStyle::kMultiplexed);
    write_roots(body, selects);
    Statement inner = std::move(body).finish();
    std::string arrays = "$1::int8[]";
    std::string names = "i";
    for (std::size_t i = 0; i < inner.parameters.size(); ++i) {
        arrays += ", $" + std::to_string(i + 2) + "::text[]";
        names += ", p" + std::to_string(i + 1);
    }
    inner.text = "SELECT _s.i, _r.* FROM unnest(" + arrays + ") AS _s(" + names + ") LEFT JOIN LATERAL (" +
                 inner.text + ") AS _r ON TRUE ORDER BY _s.i";
    return inner;
}

Statement emit_select(const Select& select) {
    Writer out;
    write_select(out, select);
    return std::move(out).finish();
}

Statement emit_output_relationship(const OutputRelationship& relationship, const Select& select) {
    Writer out;
    Source rows{.kind = Source::Kind::kRow, .shape = Source::Shape::kJson};
    std::string item = out.new_alias();
    Link link;
    link.join = [&](Where& where, const std::string& alias) {
        for (const auto& [field, column] : relationship.columns) {
            where.part() << "(";
            out.compared(alias, *column) << " = (" << item << ".v ->> ";
            out.literal(field) << ")::" << column->catalog->type.plain() << ")";
        }
    };
    // The list comes first in the text, so that it is $1.
    out << "WITH _i AS (SELECT v, n FROM json_array_elements(";
    out.parameter(rows, "json");
    out << ") WITH ORDINALITY AS _l(v, n)) SELECT coalesce(json_agg((";
    write_linked_select(out, select, link);
    out << ") ORDER BY " << item << ".n), '[]') FROM _i AS " << item;
    return std::move(out).finish();
}

}  // namespace weft::graphql
