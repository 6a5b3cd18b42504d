#include "core/trigger/table_sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

namespace weft::trigger {

namespace {

/// $1, $2 ... as many as the cursor has columns.
std::string bound_values(const TableNames& names) {
    std::string out;
    for (std::size_t i = 0; i < names.cursor.size(); ++i)
        out += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
    return out;
}

std::string listed(const std::vector<std::string>& names, std::string_view before, std::string_view behind) {
    std::string out;
    for (const std::string& name : names)
        out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", before, name, behind);
    return out;
}

/// Rows without a place in the order never come.
std::string all_there(const TableNames& names) {
    std::string out;
    for (const std::string& name : names.cursor)
        out += fmt::format("{}t.{} is not null", out.empty() ? "" : " and ", name);
    return out;
}

std::string with_keys(const TableNames& names) {
    const std::string row =
        names.columns.empty()
            ? std::string("row_to_json(t)")
            : fmt::format("(select row_to_json(c) from (select {}) c)", listed(names.columns, "t.", ""));
    std::string keys;
    for (std::size_t i = 0; i < names.cursor.size(); ++i)
        keys += fmt::format(", t.{}::text as k{}", names.cursor[i], i);
    return fmt::format(
        "select {}::text as item{} "
        "from {} t",
        row,
        keys,
        names.table
    );
}

/// `inner`, but for rows that are too large.
std::string bounded(const TableNames& names, const std::string& inner) {
    std::string keys;
    for (std::size_t i = 0; i < names.cursor.size(); ++i) keys += fmt::format(", x.k{}", i);
    return fmt::format(
        "select case when octet_length(x.item) <= {} then x.item end{} "
        "from ({}) x",
        kRowBytesMax,
        keys,
        inner
    );
}

constexpr std::array<std::pair<std::string_view, Lag>, 5> kLags{{
    {"timestamp with time zone", Lag::kTimeWithZone},
    {"timestamp without time zone", Lag::kTime},
    {"smallint", Lag::kNumber},
    {"integer", Lag::kNumber},
    {"bigint", Lag::kNumber},
}};

/// Where the stretch begins.
std::string_view lower_bound(Lag lag) {
    switch (lag) {
        case Lag::kTimeWithZone:
            return "$1::timestamptz - interval '1 minute'";
        case Lag::kTime:
            return "$1::timestamp - interval '1 minute'";
        case Lag::kNumber:
            return "$1::bigint - 1000";
        case Lag::kNone:
            break;
    }
    return "$1";
}

}  // namespace

Lag lag_of(std::string_view type) {
    if (const auto precision = type.find('('); precision != std::string_view::npos) {
        // "timestamp(3) with time zone"
        const std::string whole =
            std::string(type.substr(0, precision)) + std::string(type.substr(type.find(')') + 1));
        return whole == type ? Lag::kNone : lag_of(whole);
    }
    for (const auto& [name, lag] : kLags)
        if (name == type) return lag;
    return Lag::kNone;
}

std::string rows_above(const TableNames& names, bool is_from_start) {
    const std::string columns = listed(names.cursor, "t.", "");
    const std::string condition =
        is_from_start ? all_there(names) : fmt::format("({}) > ({})", columns, bound_values(names));
    return bounded(
        names, fmt::format("{} where {} order by {} limit {}", with_keys(names), condition, columns, kRowsMax)
    );
}

std::string rows_below(const TableNames& names, Lag lag) {
    const std::string columns = listed(names.cursor, "t.", "");
    return bounded(
        names,
        fmt::format(
            "{} where ({}) <= ({}) and t.{} > {} order by {} limit {}",
            with_keys(names),
            columns,
            bound_values(names),
            names.cursor.front(),
            lower_bound(lag),
            listed(names.cursor, "t.", " desc"),
            kLateRowsMax
        )
    );
}

std::string newest_row(const TableNames& names) {
    return bounded(
        names,
        fmt::format(
            "{} where {} order by {} limit 1",
            with_keys(names),
            all_there(names),
            listed(names.cursor, "t.", " desc")
        )
    );
}

std::string columns_of_table() {
    return "select a.attname, format_type(a.atttypid, a.atttypmod) "
           "from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = "
           "c.relnamespace "
           "where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped";
}

std::string is_unique_cursor() {
    return "select 1 "
           "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
           "where n.nspname = $1 and c.relname = $2 and (c.relkind in ('v', 'm', 'f') or exists ("
           "select 1 "
           "from pg_index i where i.indrelid = c.oid and i.indisunique and i.indpred is null "
           "and i.indexprs is null and not exists ("
           "select 1 "
           "from pg_attribute a where a.attrelid = c.oid and a.attnum = any(i.indkey) "
           "and a.attname <> all($3::text[]))))";
}

}  // namespace weft::trigger
