#pragma once

#include "graphql/sql/detail/condition.h"
#include "graphql/sql/detail/output.h"

#include <functional>
#include <string>
#include <vector>

namespace weft::graphql::detail {

/// What ties a select to what is around it.
struct Link {
    RowSource parent = {};
    /// More conditions for the rows, which are called `alias`; may be empty.
    std::function<void(Where& where, const std::string& alias)> join = {};
};

/// Columns (and perhaps the row itself) that outer levels read of an inner select.
struct Needs {
    std::vector<const Column*> columns;
    bool row = false;
    bool held = false;  // (streams) a column kHeldColumn: is the row's writer not yet settled?

    void add(const Column* column);
    void add(const std::vector<Output>& outputs);
    void add(const AggregateOutput& output);
};

/// Whose limits hold for a list of rows. kUnordered: nobody's, and the order is nothing to the reader (an
/// aggregate over all rows, where it could not be named).
enum class Limits { kAll, kRequest, kUnordered };

/// " FROM t AS alias JOIN ... WHERE ... ORDER BY ... LIMIT ..."
void write_rows(Writer& out, const Select& select, const std::string& alias, const Link& link, Limits limits);
/// " FROM (SELECT <needs> FROM t ... LIMIT ...) AS alias"
void write_page(
    Writer& out,
    const Select& select,
    const std::string& alias,
    const Needs& needs,
    const Link& link,
    Limits limits
);

/// As `write_select`, with a link of any kind.
void write_linked_select(Writer& out, const Select& select, const Link& link);
/// The kAggregate shape.
void write_aggregate(Writer& out, const Select& select, const Link& link);
/// A list with these outputs: the select's own, or an aggregate's `nodes`.
void write_list(Writer& out, const Select& select, const std::vector<Output>& outputs, const Link& link);
/// A stream's two columns: the rows, and the cursor after them (NULL when there are none).
void write_stream(Writer& out, const Select& select);

inline constexpr std::string_view kHeldColumn = "_weft_held";

}  // namespace weft::graphql::detail
