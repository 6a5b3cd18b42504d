#include "data/poller/detail/table.h"

#include "core/trigger/table_sql.h"
#include "data/poller/detail/impl.h"
#include "data/poller/detail/pinned.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace weft::poller {

namespace {

using pg::Guest;

constexpr std::size_t kTableBytesMax = 64u << 20;  // of one answer; rows have 1 MiB at most
constexpr std::size_t kColumnsSeenMax = 2'000;

/// What a row is remembered by: its place in the order. A change moves it, and is news.
std::string key_of_row(const Guest::Row& row) {
    std::string out = "row";
    for (std::size_t i = 1; i < row.size(); ++i) out += fmt::format("\n{}:{}", row[i]->size(), *row[i]);
    return digest_of(out);
}

/// As an element of text[] has it.
std::string array_of(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        std::string escaped;
        for (const char c : name) {
            if (c == '"' || c == '\\') escaped += '\\';
            escaped += c;
        }
        out += fmt::format("{}\"{}\"", out.empty() ? "" : ",", escaped);
    }
    return "{" + out + "}";
}

class TableLook {
  public:
    TableLook(Needs& needs, const rows::DuePoll& due, rt::Deadline by)
        : needs_(needs), due_(due), by_(std::move(by)) {}

    rt::Task<Result<Harvest>> run() {
        CO_CHECK_OK(co_await open());
        CO_CHECK_OK(read_cursor());
        if (!cursor_ && settings_.start == trigger::PollStart::kNow && !due_.is_primed) {
            CO_CHECK_OK(co_await pass_over());
            co_return finish(false);
        }
        std::vector<Guest::Row> rows;
        const bool is_from_start = !cursor_ || cursor_->empty();
        if (!is_from_start && lag_ != trigger::Lag::kNone) {
            CO_TRY(rows, co_await ask(trigger::rows_below(names_, lag_), *cursor_));
            std::ranges::reverse(rows);
            late_rows_ = rows.size();
        }
        Guest::Values above;
        if (!is_from_start) above = *cursor_;
        CO_TRY(auto fresh, co_await ask(trigger::rows_above(names_, is_from_start), std::move(above)));
        const bool is_more = fresh.size() >= static_cast<std::size_t>(trigger::kRowsMax);
        std::ranges::move(fresh, std::back_inserter(rows));
        CO_TRY(const bool is_all, co_await take(std::move(rows)));
        co_return finish(is_more || !is_all);
    }

    rt::Task<Result<std::optional<std::string>>> newest() {
        CO_CHECK_OK(co_await open());
        CO_TRY(const auto rows, co_await ask(trigger::newest_row(names_), {}));
        if (rows.empty()) co_return std::nullopt;
        CO_TRY(std::string value, value_of(rows.front()));
        co_return value;
    }

  private:
    rt::Task<Result<void>> open() {
        CO_TRY(settings_, trigger::parse_table(due_.config));
        CO_TRY(pinned_, Pinned::parse(due_.compiled));
        const broker::ConnectionRef ref{pinned_->connection, &pinned_->app};
        CO_TRY(auto opened, co_await needs_.logins.open_database(due_.tenant, ref, by_));
        guest_ = std::move(opened.guest);
        redactor_ = std::move(opened.redactor);
        CO_CHECK_OK(co_await look_at_table());
        CO_TRY(const std::string schema, guest_->quoted(settings_.schema));
        CO_TRY(const std::string table, guest_->quoted(settings_.table));
        names_.table = schema + "." + table;
        for (const std::string& column : settings_.cursor) {
            CO_TRY(std::string quoted, guest_->quoted(column));
            names_.cursor.push_back(std::move(quoted));
        }
        for (const std::string& column : settings_.columns) {
            CO_TRY(std::string quoted, guest_->quoted(column));
            names_.columns.push_back(std::move(quoted));
        }
        co_return Result<void>();
    }

    /// Whether all is there that the settings name.
    rt::Task<Result<void>> look_at_table() {
        Guest::Values where{settings_.schema, settings_.table};
        CO_TRY(const auto found, co_await ask(trigger::columns_of_table(), where, kColumnsSeenMax));
        std::map<std::string, std::string> types;
        for (const Guest::Row& row : found) types.emplace(row.at(0).value_or(""), row.at(1).value_or(""));
        const std::string table = fmt::format("{}.{}", settings_.schema, settings_.table);
        if (types.empty())
            co_return fail(
                Error::invalid(fmt::format("There is no table {} that this connection's user may see", table))
            );
        for (const auto* names : {&settings_.cursor, &settings_.columns})
            for (const std::string& name : *names)
                if (!types.contains(name))
                    co_return fail(Error::invalid(fmt::format("There is no column {} in {}", name, table)));
        where.push_back(array_of(settings_.cursor));
        CO_TRY(const auto unique, co_await ask(trigger::is_unique_cursor(), std::move(where)));
        if (unique.empty())
            co_return fail(Error::invalid(fmt::format(
                "Two rows of {} may have the same {}, and one of them would be lost: let cursor end in a "
                "column "
                "that is unique, such as [\"updated_at\", \"id\"]",
                table,
                fmt::join(settings_.cursor, ", ")
            )));
        lag_ = trigger::lag_of(types.at(settings_.cursor.front()));
        co_return Result<void>();
    }

    rt::Task<Result<std::vector<Guest::Row>>> ask(
        std::string text, Guest::Values values, std::size_t rows_max = trigger::kLateRowsMax
    ) {
        auto answer = co_await guest_->ask(
            std::move(text), std::move(values), {.rows = rows_max, .bytes = kTableBytesMax}, by_
        );
        if (!answer) {
            Error why = std::move(answer).error();
            why.user = redactor_->redact(std::move(why.user));
            co_return fail(std::move(why));
        }
        co_return *std::move(answer);
    }

    Result<void> read_cursor() {
        if (!due_.cursor) return {};
        TRY(const Json value, parse_json(*due_.cursor));
        const JsonArray* list = value.if_array();
        if (list == nullptr || (!list->empty() && list->size() != settings_.cursor.size())) return {};
        cursor_.emplace();
        for (const Json& one : *list)
            cursor_->push_back(one.is_string() ? std::optional(one.get_string()) : std::nullopt);
        return {};
    }

    /// What is there already is no news, even where it is looked at again.
    rt::Task<Result<void>> pass_over() {
        CO_TRY(const auto newest, co_await ask(trigger::newest_row(names_), {}));
        cursor_.emplace();
        if (newest.empty()) co_return Result<void>();
        move_to(newest.front());
        if (lag_ == trigger::Lag::kNone) co_return Result<void>();
        CO_TRY(const auto rows, co_await ask(trigger::rows_below(names_, lag_), *cursor_));
        for (const Guest::Row& row : rows) out_.seen.push_back(key_of_row(row));
        co_return Result<void>();
    }

    void move_to(const Guest::Row& row) { cursor_ = Guest::Values(row.begin() + 1, row.end()); }

    /// False: there was no room for all.
    rt::Task<Result<bool>> take(std::vector<Guest::Row> rows) {
        std::vector<std::string> keys;
        for (const Guest::Row& row : rows) {
            const bool is_whole =
                row.size() == settings_.cursor.size() + 1 &&
                std::all_of(row.begin() + 1, row.end(), [](const auto& k) { return k.has_value(); });
            if (!is_whole)
                co_return fail(Error::invalid("The database answered with other columns than were asked for")
                );
            keys.push_back(key_of_row(row));
        }
        const auto within = rt::Deadline::in(kCallTimeout);
        CO_TRY(
            const auto unseen,
            co_await rows::unseen_items(needs_.pool, due_.tenant, due_.trigger, keys, within)
        );
        const std::set<std::string> fresh(unseen.begin(), unseen.end());
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (out_.items.size() >= needs_.options.runs_max || bytes >= needs_.options.bytes_max)
                co_return false;
            if (fresh.contains(keys[i])) {
                CO_TRY(std::string value, value_of(rows[i]));
                bytes += value.size();
                CO_CHECK_OK(sort_in(keys[i], std::move(value)));
            }
            if (i >= late_rows_) move_to(rows[i]);  // those below the cursor come first
        }
        co_return true;
    }

    Result<void> sort_in(std::string key, std::string value) {
        bool is_wanted = true;
        if (settings_.filter) {
            TRY(const Json row, parse_json(value));
            is_wanted = settings_.filter->passes(row, about(due_));
        }
        if (is_wanted) {
            out_.items.push_back(
                Found{.keys = {std::move(key)}, .value = std::move(value), .files = {}, .file_ids = {}}
            );
        } else {
            ++out_.filtered;
            out_.size_filtered = static_cast<std::int64_t>(value.size());
            out_.seen.push_back(std::move(key));
        }
        return {};
    }

    /// The row's own JSON, checked: it becomes a run's input.
    Result<std::string> value_of(const Guest::Row& row) const {
        if (row.front()) {
            TRY(const Json value, parse_json(*row.front(), {.bytes_max = trigger::kRowBytesMax}));
            return to_text(value);
        }
        JsonObject out;
        for (std::size_t i = 0; i < settings_.cursor.size() && i + 1 < row.size(); ++i)
            out[settings_.cursor[i]] = row[i + 1].value_or("");
        out["problem"] = "The row has more than 1 MiB; let columns name those that are needed";
        return to_text(Json(std::move(out)));
    }

    Harvest finish(bool is_more) {
        JsonArray cursor;
        if (cursor_)
            for (const auto& one : *cursor_) cursor.push_back(one ? Json(*one) : Json(nullptr));
        out_.cursor = to_text(Json(std::move(cursor)));
        out_.is_more = is_more;
        return std::move(out_);
    }

    Needs& needs_;
    const rows::DuePoll& due_;
    rt::Deadline by_;
    trigger::Table settings_;
    std::optional<Pinned> pinned_;
    std::unique_ptr<Guest> guest_;
    std::shared_ptr<const connector::Redactor> redactor_;  // shared with calls under way
    trigger::TableNames names_;
    trigger::Lag lag_ = trigger::Lag::kNone;
    std::optional<Guest::Values> cursor_;  // empty: before all rows
    std::size_t late_rows_ = 0;
    Harvest out_;
};

}  // namespace

rt::Task<Result<Harvest>> look_into_table(Needs& needs, rows::DuePoll due, rt::Deadline by) {
    TableLook look(needs, due, std::move(by));
    co_return co_await look.run();
}

rt::Task<Result<std::optional<std::string>>> newest_row(Needs& needs, rows::DuePoll due, rt::Deadline by) {
    TableLook look(needs, due, std::move(by));
    co_return co_await look.newest();
}

}  // namespace weft::poller
