#pragma once

#include "core/trigger/table.h"

#include <string>
#include <string_view>
#include <vector>

/// The statements that a table is read with: names are quoted by whoever asks, as its server quotes them, and
/// values are bound. The one place that makes SQL for databases that are not ours.
namespace weft::trigger {

/// What the first column of the cursor is. Rows of transactions that end later than others may come with
/// values that are smaller than ones already seen: of times and whole numbers, a stretch below the cursor is
/// looked at again.
enum class Lag { kNone, kTimeWithZone, kTime, kNumber };
/// By the type's name in the server's catalog, as `format_type` has it.
Lag lag_of(std::string_view type);

inline constexpr std::size_t kRowBytesMax = 1u << 20;  // of a row as JSON; of a larger one the run is told so
inline constexpr int kRowsMax = 200;                   // new ones, at once
inline constexpr int kLateRowsMax = 1'000;             // of the stretch that is looked at again

/// Quoted.
struct TableNames {
    std::string table;                 // with its schema
    std::vector<std::string> cursor;   // at least one
    std::vector<std::string> columns;  // empty: all
};

/// Its answer's columns, here and below: the row as JSON text, or null when it is too large; then the
/// cursor's. Above the cursor, which is bound to $1 and so on; or, when `is_from_start`, all.
std::string rows_above(const TableNames& names, bool is_from_start);
/// At and below the cursor. Not for kNone.
std::string rows_below(const TableNames& names, Lag lag);
/// The newest one.
std::string newest_row(const TableNames& names);
/// $1 schema, $2 table -> column, type, for each.
std::string columns_of_table();
/// $1 schema, $2 table, $3 cursor's columns as text[] -> one row if they tell rows apart, or if nobody can
/// say.
std::string is_unique_cursor();

}  // namespace weft::trigger
