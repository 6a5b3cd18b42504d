#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/trigger/filter.h"
#include "core/trigger/poll.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A trigger that looks into a table of a PostgreSQL database for rows that are new or were changed (ADR 50).
namespace weft::trigger {

inline constexpr std::string_view kTableKind = "postgres";

/// {"connection", "schema"?: "public", "table", "cursor": ["updated_at", "id"], "columns"?: [...], "every"?:
/// "1m", "start"?: "now", "filter"?}. All are names as the database has them, never SQL.
struct Table {
    static constexpr std::size_t kCursorMax = 4;
    static constexpr std::size_t kColumnsMax = 200;
    static constexpr std::size_t kNameBytesMax = 63;  // PostgreSQL would cut a longer one, and find another

    std::string connection;
    std::string schema = "public";
    std::string table;
    std::vector<std::string> cursor;   // rows are in their order
    std::vector<std::string> columns;  // empty: all
    Millis every{60'000};
    PollStart start = PollStart::kNow;
    std::optional<Filter> filter;

    bool operator==(const Table&) const = default;
};
/// kInvalid, with the member's place behind `field`.
Result<Table> parse_table(const Json& config, std::string_view field = "config");
Json to_json(const Table& table);
bool is_other_source(const Table& before, const Table& after);

}  // namespace weft::trigger
