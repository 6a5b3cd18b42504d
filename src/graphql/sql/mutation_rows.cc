#include "graphql/sql/detail/condition.h"
#include "graphql/sql/detail/mutation.h"
#include "graphql/sql/detail/output.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::graphql::detail {

namespace {

/// The settings that steps leave to later ones. They end with the transaction.
constexpr std::string_view kCount = "weft.count";      // rows written so far by this root field
constexpr std::string_view kRows = "weft.rows";        // those to return: JSON texts of arrays, each with ","
constexpr std::string_view kNew = "weft.new";          // rows to check: an array of the table's row type
constexpr std::string_view kUpdated = "weft.updated";  // those that an upsert updated

/// True for a row that an upsert inserted.
constexpr std::string_view kIsNew = "_t.xmax = 0";

/// An integer that can't be read, with `mark` in the message. That it depends on a value of the statement
/// keeps the planner from trying.
std::string raise(std::string_view mark, std::string_view depends_on) {
    return fmt::format("concat('{}', left({}::text, 0))::integer", mark, depends_on);
}

void set(Writer& out, std::string_view setting, std::string_view value) {
    out << fmt::format("set_config('{}', {}, true)", setting, value);
}

void write_holds(Writer& out, const BoolExp* condition, const std::vector<const Preset*>& must_hold) {
    out << "(";
    if (condition == nullptr || condition->is_trivial()) {
        out << "true";
    } else {
        write_condition(out, *condition, kWritten, kWritten);
    }
    for (const Preset* preset : must_hold) {
        out << " AND ";
        out.column(kWritten, *preset->column) << "::text IS NOT DISTINCT FROM (";  // not every type has `=`
        out.operand(preset->value, kWritten, kWritten) << ")::text";
    }
    out << ")";
}

/// What every row must satisfy, new or not.
void write_whole(Writer& out, const Check& check) {
    write_holds(out, check.insert, check.must_hold);
    if (!check.has_two()) return;
    out << " AND ";
    write_holds(out, check.update, {});
}

/// NULL for a good row, the error for a bad one. A condition that is NULL does not hold.
void write_verdict(Writer& out, const std::function<void()>& holds) {
    out << "CASE WHEN ";
    holds();
    out << " THEN NULL ELSE " << raise(kCheckMark, fmt::format("row({}.*)", kWritten)) << " END";
}

void write_check(Writer& out, const Check& check) {
    write_verdict(out, [&] {
        if (!check.is_split()) return write_whole(out, check);
        out << "CASE WHEN " << kIsNew << " THEN ";
        write_holds(out, check.insert, check.must_hold);
        out << " ELSE ";
        write_holds(out, check.update, {});
        out << " END";
    });
}

/// The row, or the response: made of the rows of `from`.
void write_answer(Writer& out, const Mutation& mutation, std::string_view from, std::string_view count) {
    RowSource row{.alias = std::string(kWritten)};
    if (mutation.written.masks() != nullptr) out.screen(kWritten, *mutation.written.masks());
    row.row = out.row(kWritten);
    const auto write_from = [&] { write_written_source(out << " FROM ", mutation.written, from, kWritten); };
    if (mutation.is_row) {
        write_json_select(out, JsonShape::kOne, mutation.row, row, [&] {
            write_from();
            out << " LIMIT 1";
        });
        return;
    }
    out << "SELECT ";
    ObjectWriter object(out, mutation.outputs.size());
    for (const MutationOutput& output : mutation.outputs) {
        object.key(output.key);
        switch (output.kind) {
            case MutationOutput::Kind::kTypename:
                out.literal(output.text) << "::text";
                break;
            case MutationOutput::Kind::kAffectedRows:
                out << count;
                break;
            case MutationOutput::Kind::kReturning:
                out << "(";
                write_json_select(out, JsonShape::kList, output.returning, row, write_from);
                out << ")";
                break;
        }
    }
    object.finish();
}

bool holds_nothing(const BoolExp* condition) {
    return condition == nullptr || condition->is_trivial();
}

/// Does the condition look at rows of tables? In RETURNING it would see them as they were before the
/// statement.
bool reads_rows(const BoolExp& condition) {
    switch (condition.kind) {
        case BoolExp::Kind::kRelated:
        case BoolExp::Kind::kExists:
        case BoolExp::Kind::kRelatedAggregate:
            return true;
        default:
            break;
    }
    return condition.computed != nullptr || std::ranges::any_of(condition.children, reads_rows);
}

}  // namespace

bool Check::is_trivial() const {
    return holds_nothing(insert) && must_hold.empty() && (!has_two() || holds_nothing(update));
}

bool Check::reads_rows() const {
    return (insert != nullptr && detail::reads_rows(*insert)) || (has_two() && detail::reads_rows(*update));
}

void answer_at_once(Writer& out, const Mutation& mutation, const Check& check) {
    out << " RETURNING " << kWritten << ".*";
    if (!check.is_trivial()) {
        out << ", ";
        write_check(out, check);
        out << " AS _check";
    }
    out << ") ";
    write_answer(out, mutation, "_m", "(SELECT count(*) FROM _m)");
}

void leave_for_later(Writer& out, const Table& table, const Check& check, const Leaves& leaves) {
    out << fmt::format(" RETURNING row({}.*)::{} AS _r", kWritten, table.sql);
    if (leaves.for_check && check.is_split()) out << ", " << kIsNew << " AS _new";
    if (!leaves.for_check && !check.is_trivial()) {
        out << ", ";
        write_check(out, check);
        out << " AS _check";
    }
    out << ") SELECT ";
    auto before = [&](std::string_view setting, std::string_view how) {
        return leaves.is_first ? std::string() : fmt::format("current_setting('{}'){}", setting, how);
    };
    set(out, kCount, fmt::format("({}(SELECT count(*) FROM _m))::text", before(kCount, "::bigint + ")));
    if (leaves.rows) {
        constexpr std::string_view kMine =
            "coalesce((SELECT to_json(array_agg(_r)::text)::text || ',' FROM _m), '')";
        out << ", ";
        set(out, kRows, before(kRows, " || ") + std::string(kMine));
    } else if (leaves.is_first) {
        out << ", ";
        set(out, kRows, "''");
    }
    if (leaves.slot >= 0) {
        std::string none = raise(kNoRowMark, "(SELECT count(*) FROM _m)");
        out << ", ";
        set(out,
            fmt::format("weft.slot{}", leaves.slot),
            fmt::format("coalesce((SELECT _r::text FROM _m), {}::text)", none));
    }
    if (!leaves.for_check) return;
    auto keep = [&](std::string_view setting, std::string_view which) {
        out << ", ";
        set(out, setting, fmt::format("coalesce((SELECT array_agg(_r)::text FROM _m{}), '{{}}')", which));
    };
    keep(kNew, check.is_split() ? " WHERE _new" : "");
    if (check.is_split()) keep(kUpdated, " WHERE NOT _new");
}

bool answers_later(const Mutation& mutation) {
    if (mutation.reads_relationships) return true;
    bool out = false;
    if (const SelectRight* right = mutation.written.masks())
        right->each_mask([&](const BoolExp& mask) { out = out || detail::reads_rows(mask); });
    return out;
}

Statement checking(const Table& table, const Check& check) {
    Writer out;
    auto count = [&](std::string_view setting, const std::function<void()>& holds) {
        out << "(SELECT count(";
        write_verdict(out, holds);
        out << fmt::format(") FROM unnest(current_setting('{}')::{}[]) AS {})", setting, table.sql, kWritten);
    };
    out << "SELECT ";
    if (!check.is_split()) {
        count(kNew, [&] { write_whole(out, check); });
    } else {
        count(kNew, [&] { write_holds(out, check.insert, check.must_hold); });
        out << ", ";
        count(kUpdated, [&] { write_holds(out, check.update, {}); });
    }
    return std::move(out).finish();
}

Statement answering_later(const Mutation& mutation, const Table& table) {
    Writer out;
    // A table's name is also its row type; as an item of FROM the alias is such a row.
    std::string from = fmt::format(
        "json_array_elements_text(('[' || rtrim(current_setting('{}'), ',') || ']')::json) AS _a, "
        "unnest(_a::{}[])",
        kRows,
        table.sql
    );
    write_answer(out, mutation, from, fmt::format("current_setting('{}')::bigint", kCount));
    return std::move(out).finish();
}

std::string slot_value(const Table& table, int slot, const Column& column) {
    return fmt::format(
        "(SELECT (current_setting('weft.slot{}')::{}).{})",
        slot,
        table.sql,
        quote_identifier(column.pg_name())
    );
}

}  // namespace weft::graphql::detail
