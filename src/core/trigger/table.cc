#include "core/trigger/table.h"

#include "core/trigger/detail/settings.h"

#include <set>

namespace weft::trigger {

namespace {

Result<void> check_column_name(std::string_view name, const std::string& place) {
    if (name.empty() || name.size() > Table::kNameBytesMax || name.contains('\0'))
        return fail(Error::invalid("A name of the database has 1 to 63 bytes", place));
    return {};
}

Result<std::vector<std::string>> names_in(
    const detail::Settings& all, std::string_view key, std::size_t most
) {
    std::vector<std::string> out;
    const Json* given = all.find(key);
    if (given == nullptr) return out;
    if (!given->is_array() || given->get_array().size() > most)
        return fail(Error::invalid(fmt::format("This is a list of at most {} columns", most), all.place(key))
        );
    std::set<std::string> seen;
    for (const Json& one : given->get_array()) {
        const std::string place = fmt::format("{}[{}]", all.place(key), out.size());
        if (!one.is_string()) return fail(Error::invalid("This is the name of a column", place));
        CHECK_OK(check_column_name(one.get_string(), place));
        if (!seen.insert(one.get_string()).second)
            return fail(Error::invalid("This column is named twice", place));
        out.push_back(one.get_string());
    }
    return out;
}

JsonArray list_of(const std::vector<std::string>& names) {
    JsonArray out;
    for (const std::string& name : names) out.push_back(name);
    return out;
}

}  // namespace

Result<Table> parse_table(const Json& config, std::string_view field) {
    TRY(const auto all,
        detail::Settings::of(
            config,
            std::string(field),
            {"connection", "schema", "table", "cursor", "columns", "every", "start", "filter"}
        ));
    Table out;
    TRY(out.connection, all.text("connection", 100));
    if (out.connection.empty())
        return fail(Error::invalid("Which connection leads to the database?", all.place("connection")));
    TRY(const std::string schema, all.text("schema", Table::kNameBytesMax));
    if (!schema.empty()) out.schema = schema;
    TRY(out.table, all.text("table", Table::kNameBytesMax));
    CHECK_OK(check_column_name(out.schema, all.place("schema")));
    CHECK_OK(check_column_name(out.table, all.place("table")));
    TRY(out.cursor, names_in(all, "cursor", Table::kCursorMax));
    if (out.cursor.empty())
        return fail(Error::invalid(
            "Which columns say what is new? Such as [\"updated_at\", \"id\"]: what grows, then what is "
            "unique",
            all.place("cursor")
        ));
    TRY(out.columns, names_in(all, "columns", Table::kColumnsMax));
    TRY(out.every, all.duration("every", kPollEveryMin, kPollEveryMax, out.every));
    TRY(out.start, all.word("start", kPollStarts, PollStart::kNow));
    if (const Json* filter = all.find("filter")) {
        TRY(out.filter, Filter::parse(*filter, all.place("filter")));
    }
    return out;
}

Json to_json(const Table& table) {
    JsonObject out{
        {"connection", table.connection},
        {"schema", table.schema},
        {"table", table.table},
        {"cursor", list_of(table.cursor)},
        {"every", runstate::duration_text(table.every)},
        {"start", word_of(kPollStarts, table.start)},
    };
    if (!table.columns.empty()) out["columns"] = list_of(table.columns);
    if (table.filter) out["filter"] = table.filter->json();
    return out;
}

bool is_other_source(const Table& before, const Table& after) {
    return before.connection != after.connection || before.schema != after.schema ||
           before.table != after.table || before.cursor != after.cursor;
}

}  // namespace weft::trigger
