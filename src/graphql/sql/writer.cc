#include "graphql/sql/detail/writer.h"

#include "graphql/catalog/catalog.h"

#include <algorithm>

namespace weft::graphql::detail {

Writer& Writer::identifier(std::string_view name) {
    text_ += quote_identifier(name);
    return *this;
}

Writer& Writer::column(std::string_view alias, const Column& column) {
    text_ += alias;
    text_ += '.';
    return identifier(column.pg_name());
}

Writer& Writer::compared(std::string_view alias, const Column& column) {
    this->column(alias, column);
    if (!column.catalog->type.base.empty()) text_ += "::" + column.catalog->type.base;
    return *this;
}

Writer& Writer::literal(std::string_view text) {
    text_ += quote_literal(text);
    return *this;
}

Writer& Writer::number(std::int64_t value) {
    text_ += std::to_string(value);
    return *this;
}

/// Only the first parameters are shared: a long list of rows would make the search quadratic.
constexpr std::size_t kSharedMax = 64;

Writer& Writer::parameter(const Source& source, std::string_view sql_type) {
    auto is_same = [&](const Parameter& each) { return each.source == source && each.sql_type == sql_type; };
    auto end = parameters_.begin() + static_cast<std::ptrdiff_t>(std::min(parameters_.size(), kSharedMax));
    auto found = std::find_if(parameters_.begin(), end, is_same);
    auto at = static_cast<std::size_t>(found - parameters_.begin());
    if (found == end) {
        at = parameters_.size();
        parameters_.push_back({source, std::string(sql_type)});
    }
    text_ += style_ == ParameterStyle::kNumbered ? "$" : "_s.p";
    text_ += std::to_string(at + 1);
    text_ += "::";
    text_ += sql_type;
    return *this;
}

std::string_view spatial_schema(std::string_view sql_type) {
    const std::string_view item =
        sql_type.ends_with("[]") ? sql_type.substr(0, sql_type.size() - 2) : sql_type;
    const bool is_spatial = item.ends_with(".geometry") || item.ends_with(".geography");
    return is_spatial ? item.substr(0, item.rfind('.') + 1) : std::string_view();
}

/// The types themselves read GeoJSON without its reference system, hence the function.
Writer& Writer::geojson(const Operand& operand, std::string_view schema) {
    if (!operand.sql_type.ends_with("[]")) {
        text_ += std::string(schema) + "st_geomfromgeojson(";
        parameter(operand.source, "text");
        text_ += ")::" + operand.sql_type;
        return *this;
    }
    text_ += "ARRAY(SELECT " + std::string(schema) + "st_geomfromgeojson(_v)::";
    text_ += std::string_view(operand.sql_type).substr(0, operand.sql_type.size() - 2);
    text_ += " FROM unnest(";
    parameter(operand.source, "text[]");
    text_ += ") AS _v)";
    return *this;
}

Writer& Writer::operand(const Operand& operand, std::string_view alias, std::string_view root) {
    switch (operand.kind) {
        case Operand::Kind::kSource: {
            const std::string_view schema = spatial_schema(operand.sql_type);
            return schema.empty() ? parameter(operand.source, operand.sql_type) : geojson(operand, schema);
        }
        case Operand::Kind::kColumn:
            return column(alias, *operand.column);
        case Operand::Kind::kRootColumn:
            return column(root, *operand.column);
    }
    return *this;
}

std::string join_name(const Column& column) {
    return "_weft_join_" + std::to_string(column.position);
}
std::string shown_name(const ComputedField& field) {
    return "_weft_shown_" + std::to_string(field.position);
}

const SelectRight* Writer::screened(std::string_view alias) const {
    const auto found = screened_.find(alias);
    return found == screened_.end() ? nullptr : found->second;
}

std::string Writer::row(std::string_view alias) const {
    std::string out(alias);
    return screened(alias) != nullptr ? out + "." + std::string(kRowColumn) : out;
}

Writer& Writer::join_column(std::string_view alias, const Column& column) {
    const SelectRight* right = screened(alias);
    if (right == nullptr || !right->joins_differ(column)) return compared(alias, column);
    (*this) << alias << "." << join_name(column);
    if (!column.catalog->type.base.empty()) text_ += "::" + column.catalog->type.base;
    return *this;
}

Writer& Writer::passed_on(std::string_view alias, const Column& column) {
    this->column(alias, column);
    const SelectRight* right = screened(alias);
    if (right != nullptr && right->joins_differ(column)) (*this) << ", " << alias << "." << join_name(column);
    return *this;
}

Writer& Writer::row_passed_on(std::string_view alias, const TableRef& table) {
    (*this) << row(alias) << " AS " << kRowColumn;
    if (table.masks() == nullptr) return *this;
    for (const ComputedField& each : table.table().computed_fields) {
        if (table.masks()->mask(each) != nullptr) (*this) << ", " << alias << "." << shown_name(each);
    }
    return *this;
}

std::string Writer::new_alias(const TableRef& table) {
    std::string out = new_alias();
    if (table.masks() != nullptr) screen(out, *table.masks());
    return out;
}

std::string Writer::new_alias() {
    return "_" + std::to_string(++aliases_);
}

ObjectWriter::ObjectWriter(Writer& out, std::size_t pairs) : out_(out), pairs_(pairs) {
    // Several calls: their texts without the braces, joined.
    if (pairs_ > kPairsPerCall) out_ << "('{' || ";
    if (pairs_ == 0) out_ << "json_build_object()";
}

void ObjectWriter::key(std::string_view name) {
    bool is_joined = pairs_ > kPairsPerCall;
    bool is_first = written_ % kPairsPerCall == 0;
    if (is_first && written_ > 0) out_ << ")::text, -1), 2) || ',' || ";
    if (is_first && is_joined) out_ << "substr(left(";
    out_ << (is_first ? "json_build_object(" : ", ");
    out_.literal(name) << ", ";
    ++written_;
}

void ObjectWriter::finish() {
    if (pairs_ == 0) return;
    out_ << ")";
    if (pairs_ > kPairsPerCall) out_ << "::text, -1), 2) || '}')::json";
}

}  // namespace weft::graphql::detail
