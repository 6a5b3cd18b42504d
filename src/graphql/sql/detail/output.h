#pragma once

#include "graphql/sql/detail/writer.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// Where the values of outputs come from.
struct RowSource {
    std::string alias;
    /// The row itself, as functions of computed fields take it; empty: `alias` is the row.
    std::string row = {};
};

/// The cast that makes big numbers, or an array of such, texts; empty when they stay what they are.
std::string_view stringified_as(bool is_stringified, const CatalogType& type);

/// One output's value: a column, a nested subselect, ... An SQL expression.
void write_output_value(Writer& out, const Output& output, const RowSource& row);

/// One JSON object made of `outputs`, as an expression: for places without a FROM of their own (`returning`).
void write_object(Writer& out, const std::vector<Output>& outputs, const RowSource& row);

enum class JsonShape { kList, kOne };
/// `SELECT coalesce(json_agg(_e), '[]') FROM (SELECT <outputs> <from>) _e`, or `SELECT row_to_json(_e) ...`:
/// rows as a JSON list, or each as an object. `from` writes everything from " FROM " on and may use
/// `row.alias`. Keys longer than PostgreSQL's identifiers make the object with json_build_object. The order
/// of the rows is that of the inner select.
void write_json_select(
    Writer& out,
    JsonShape shape,
    const std::vector<Output>& outputs,
    const RowSource& row,
    const std::function<void()>& from
);

/// Everything a Select reads, as an expression without brackets around it: `SELECT ...` that gives one row of
/// one JSON column (kOne: no row when there is none). `parent` is the row of `joined_by`.
void write_select(Writer& out, const Select& select, const RowSource& parent = {});

/// Do outputs need more than columns of the row itself (relationships, computed fields that return rows)?
bool reads_other_tables(const std::vector<Output>& outputs);

}  // namespace weft::graphql::detail
