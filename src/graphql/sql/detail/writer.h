#pragma once

#include "graphql/sql/sql.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::graphql::detail {

/// The name of a row in an inner select that passes it on.
inline constexpr std::string_view kRowColumn = "_weft_row";
/// In a screen: a column as relationships start from it, and whether the row shows a computed field.
std::string join_name(const Column& column);
std::string shown_name(const ComputedField& field);

/// One statement under construction: its text and its parameters, written front to back.
class Writer {
  public:
    explicit Writer(ParameterStyle style = ParameterStyle::kNumbered) : style_(style) {}

    /// SQL of ours, as it is.
    Writer& operator<<(std::string_view sql) {
        text_ += sql;
        return *this;
    }
    /// `"name"`
    Writer& identifier(std::string_view name);
    /// `_1."name"`
    Writer& column(std::string_view alias, const Column& column);
    /// The same, of a domain as the type it is made of: what operators and aggregates are for.
    Writer& compared(std::string_view alias, const Column& column);
    /// `'text'`: response keys, type names. Never a request's value.
    Writer& literal(std::string_view text);
    Writer& number(std::int64_t value);
    /// `$1::integer`, or `_s.p1::integer`; equal sources of one type share a parameter.
    Writer& parameter(const Source& source, std::string_view sql_type);
    /// `alias`: of the row that kColumn means; `root`: of the row that kRootColumn means.
    Writer& operand(const Operand& operand, std::string_view alias, std::string_view root);

    /// `alias` is a subselect that shows no more than the caller may see; the row itself is its column
    /// kRowColumn.
    void screen(std::string_view alias, const SelectRight& right) { screened_[std::string(alias)] = &right; }
    /// What is hidden in `alias`; null when it is no screen.
    const SelectRight* screened(std::string_view alias) const;
    /// A column as relationships start from it, which may lead on where the column itself is hidden.
    Writer& join_column(std::string_view alias, const Column& column);
    /// A column, and all that stands for it in a screen, for a select around it.
    Writer& passed_on(std::string_view alias, const Column& column);
    /// The row behind `alias` as kRowColumn, for a select around it.
    Writer& row_passed_on(std::string_view alias, const TableRef& table);
    /// The row behind `alias`, as functions take it.
    std::string row(std::string_view alias) const;

    /// A new table alias, unique in the statement: "_1", "_2", ...
    std::string new_alias();
    /// ... for rows of `table`, as `write_source` writes them or a select passes them on.
    std::string new_alias(const TableRef& table);

    const std::string& text() const { return text_; }
    const std::vector<Parameter>& parameters() const { return parameters_; }
    Statement finish() && { return {std::move(text_), std::move(parameters_)}; }

  private:
    Writer& geojson(const Operand& operand, std::string_view schema);

    ParameterStyle style_;
    std::string text_;
    std::vector<Parameter> parameters_;
    int aliases_ = 0;
    std::map<std::string, const SelectRight*, std::less<>> screened_;
};

/// `public.` of PostGIS's `public.geometry` and `public.geography[]`, where its functions are too; empty for
/// every other type. Values of these types are GeoJSON, both ways.
std::string_view spatial_schema(std::string_view sql_type);

/// Prints "" the first time, then the separator.
class Separator {
  public:
    explicit Separator(std::string_view text) : text_(text) {}
    std::string_view next() { return std::exchange(is_first_, false) ? std::string_view() : text_; }

  private:
    std::string_view text_;
    bool is_first_ = true;
};

/// `json_build_object('k', v, ...)` with any number of pairs: a call takes 50, more are joined. Announce how
/// many there are, then for each call `key` and write the value.
class ObjectWriter {
  public:
    ObjectWriter(Writer& out, std::size_t pairs);
    void key(std::string_view name);
    void finish();

  private:
    static constexpr std::size_t kPairsPerCall = 50;  // FUNC_MAX_ARGS is 100
    Writer& out_;
    std::size_t pairs_;
    std::size_t written_ = 0;
};

}  // namespace weft::graphql::detail
