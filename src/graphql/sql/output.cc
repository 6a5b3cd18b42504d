#include "graphql/sql/detail/output.h"

#include "graphql/sql/detail/call.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

constexpr std::size_t kIdentifierBytes = 63;      // longer ones PostgreSQL cuts
constexpr std::size_t kColumnsPerSelect = 1'600;  // MaxTupleAttributeNumber is 1664

bool needs_object(const std::vector<Output>& outputs) {
    return outputs.size() > kColumnsPerSelect || std::ranges::any_of(outputs, [](const Output& each) {
               return each.key.size() > kIdentifierBytes;
           });
}

void write_remote_columns(Writer& out, const RemoteField& field, const RowSource& row) {
    ObjectWriter object(out, field.columns.size());
    for (const Column* each : field.columns) {
        object.key(each->pg_name());
        out.column(row.alias, *each);
    }
    object.finish();
}

}  // namespace

std::string_view stringified_as(bool is_stringified, const CatalogType& type) {
    if (!is_stringified) return "";
    return type.kind == CatalogType::Kind::kArray ? "::text[]" : "::text";
}

void write_output_value(Writer& out, const Output& output, const RowSource& row) {
    std::string_view whole = row.row.empty() ? row.alias : row.row;
    std::string_view stringified;  // as this type
    const CatalogType* type = nullptr;
    switch (output.kind) {
        case Output::Kind::kTypename:
            out.literal(output.text) << "::text";
            return;
        case Output::Kind::kRemote:
            write_remote_columns(out, *output.remote->field, row);
            return;
        case Output::Kind::kSelect:
            out << "(";
            write_select(out, *output.select, row);
            out << ")";
            return;
        case Output::Kind::kColumn:
            type = &output.column->catalog->type;
            stringified = stringified_as(output.column->is_stringified, *type);
            break;
        case Output::Kind::kComputed:
            type = &output.computed->function->catalog->returns;
            stringified = stringified_as(output.computed->is_stringified, *type);
            break;
    }
    const bool is_array = type->kind == CatalogType::Kind::kArray;
    const std::string_view schema = is_array ? std::string_view() : spatial_schema(type->plain());
    if (!schema.empty()) out << schema << "st_asgeojson(";
    if (output.kind == Output::Kind::kColumn) {
        out.column(row.alias, *output.column);
    } else {
        write_if_shown(out, *output.computed, row.alias, [&] { write_call(out, *output.call, whole); });
    }
    // As in Hasura: 15 digits, and the reference system as a URN unless it is unknown.
    if (!schema.empty()) out << ", 15, 4)::json";
    if (output.json_path) {
        out << " #> ";
        out.operand(*output.json_path, row.alias, row.alias);
    }
    out << stringified;
}

void write_object(Writer& out, const std::vector<Output>& outputs, const RowSource& row) {
    ObjectWriter object(out, outputs.size());
    for (const Output& each : outputs) {
        object.key(each.key);
        write_output_value(out, each, row);
    }
    object.finish();
}

void write_json_select(
    Writer& out,
    JsonShape shape,
    const std::vector<Output>& outputs,
    const RowSource& row,
    const std::function<void()>& from
) {
    bool is_object = needs_object(outputs);
    bool is_list = shape == JsonShape::kList;
    out << "SELECT " << (is_list ? "coalesce(json_agg(" : is_object ? "" : "row_to_json(");
    out << (is_object ? "_e._j" : "_e") << (is_list ? "), '[]')" : is_object ? "" : ")") << " FROM (SELECT ";
    if (is_object) {
        write_object(out, outputs, row);
        out << " AS _j";
    } else {
        Separator separator(", ");
        for (const Output& each : outputs) {
            out << separator.next();
            write_output_value(out, each, row);
            out << " AS ";
            out.identifier(each.key);
        }
    }
    from();
    out << ") AS _e";
}

bool reads_other_tables(const std::vector<Output>& outputs) {
    return std::ranges::any_of(outputs, [](const Output& each) {
        return each.kind == Output::Kind::kSelect || each.kind == Output::Kind::kComputed;
    });
}

}  // namespace weft::graphql::detail
