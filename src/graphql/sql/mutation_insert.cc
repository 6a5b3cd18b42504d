#include "graphql/sql/detail/condition.h"
#include "graphql/sql/detail/mutation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::graphql::detail {

namespace {

/// A column whose value comes from a row written earlier, and how to read it.
struct Determined {
    const Column* column = nullptr;
    std::string text;
};
using DeterminedColumns = std::vector<Determined>;
using Rows = std::vector<const Insert::Row*>;

/// For lists of Determined and of Preset.
bool has(const auto& list, const Column* column) {
    return std::ranges::any_of(list, [&](const auto& each) { return each.column == column; });
}

/// All columns that any row gives, in the order of first mention.
std::vector<const Column*> columns_of(const Rows& rows) {
    std::vector<const Column*> out;
    std::vector<bool> seen;
    for (const Insert::Row* row : rows) {
        for (const auto& [column, value] : row->values) {
            auto at = static_cast<std::size_t>(column->position);
            if (at >= seen.size()) seen.resize(at + 1);
            if (!seen[at]) out.push_back(column);
            seen[at] = true;
        }
    }
    return out;
}

void write_tuple(
    Writer& out,
    const Insert::Row& row,
    const std::vector<const Column*>& columns,
    const DeterminedColumns& determined
) {
    Separator comma(", ");
    out << "(";
    std::size_t guess = 0;  // rows name their columns in the same order, as a rule
    for (const Column* column : columns) {
        out << comma.next();
        bool is_next = guess < row.values.size() && row.values[guess].first == column;
        auto at = is_next ? row.values.begin() + static_cast<std::ptrdiff_t>(guess)
                          : std::ranges::find(row.values, column, &std::pair<const Column*, Operand>::first);
        if (at == row.values.end()) {
            out << "DEFAULT";
            continue;
        }
        out.operand(at->second, kWritten, kWritten);
        guess = static_cast<std::size_t>(at - row.values.begin()) + 1;
    }
    for (const Determined& each : determined) out << comma.next() << each.text;
    out << ")";
}

/// ` (columns) VALUES (...), (...)`
void write_values(Writer& out, const Table& table, const Rows& rows, const DeterminedColumns& determined) {
    std::vector<const Column*> columns = columns_of(rows);
    // Rows of nothing but defaults: one column has to stand for all.
    if (columns.empty() && determined.empty()) columns.push_back(&table.columns.front());
    out << " (";
    Separator comma(", ");
    for (const Column* column : columns) {
        out << comma.next();
        out.identifier(column->pg_name());
    }
    for (const Determined& each : determined) {
        out << comma.next();
        out.identifier(each.column->pg_name());
    }
    out << ") VALUES ";
    Separator between(", ");
    for (const Insert::Row* row : rows) {
        out << between.next();
        write_tuple(out, *row, columns, determined);
    }
}

/// ` (columns) SELECT ... FROM json_to_recordset($1) ...`: one parameter for any number of rows.
void write_record_set(Writer& out, const Insert& insert, const DeterminedColumns& determined) {
    const auto& members = insert.batch->members;
    const auto& same = insert.rows.front().values;
    Separator comma(", ");
    auto name = [&](const Column& column) {
        out << comma.next();
        out.identifier(column.pg_name());
    };
    out << " (";
    for (const auto& [member, column] : members) name(*column);
    for (const auto& [column, value] : same) name(*column);
    for (const Determined& each : determined) name(*each.column);
    out << ") SELECT ";
    comma = Separator(", ");
    for (const auto& [member, column] : members) {
        const std::string_view schema = spatial_schema(column->catalog->type.plain());
        out << comma.next() << schema << (schema.empty() ? "_v." : "st_geomfromgeojson(_v.");
        out.identifier(member) << (schema.empty() ? "" : ")::" + column->catalog->type.sql);
    }
    for (const auto& [column, value] : same) {
        out << comma.next();
        out.operand(value, kWritten, kWritten);
    }
    for (const Determined& each : determined) out << comma.next() << each.text;
    out << " FROM json_to_recordset(";
    out.parameter(insert.batch->list, "json") << ") AS _v(";
    comma = Separator(", ");
    for (const auto& [member, column] : members) {
        out << comma.next();
        const std::string& type = column->catalog->type.sql;
        out.identifier(member) << " "
                               << (spatial_schema(column->catalog->type.plain()).empty() ? type : "text");
    }
    out << ")";
}

void write_conflict(Writer& out, const OnConflict& clause) {
    out << " ON CONFLICT ";
    Separator comma(", ");
    if (clause.key->is_constraint) {
        out << "ON CONSTRAINT ";
        out.identifier(clause.key->name);
    } else {
        out << "(";
        for (const std::string& name : clause.key->columns) {
            out << comma.next();
            out.identifier(name);
        }
        out << ")";
        comma = Separator(", ");
    }
    if (clause.update_columns.empty()) {
        out << " DO NOTHING";
        return;
    }
    out << " DO UPDATE SET ";
    for (const Column* column : clause.update_columns) {
        // The preset counts: what the request says about such a column is not asked.
        if (has(clause.presets, column)) continue;
        out << comma.next();
        out.identifier(column->pg_name()) << " = excluded.";
        out.identifier(column->pg_name());
    }
    for (const Preset& preset : clause.presets) {
        out << comma.next();
        out.identifier(preset.column->pg_name()) << " = ";
        out.operand(preset.value, kWritten, kWritten);
    }
    Where where(out);
    if (!clause.updated) return where.condition(clause.where, kWritten, kWritten);
    where.permission(*clause.updated, kWritten);
    where.of_written(clause.where, *clause.updated, kWritten);
}

Check check_of(const Insert& insert, const DeterminedColumns& determined) {
    Check out;
    if (insert.right != nullptr) {
        out.insert = &insert.right->check;
        // A preset that a parent's row determines may still have no other value than the preset's.
        for (const Preset& preset : insert.right->presets) {
            if (has(determined, preset.column)) {
                out.must_hold.push_back(&preset);
            }
        }
    }
    out.is_upsert = insert.on_conflict && !insert.on_conflict->update_columns.empty();
    if (out.is_upsert) out.update = insert.on_conflict->update_check;
    out.is_blind = insert.table->catalog->kind == CatalogTable::Kind::kPartitioned;
    return out;
}

Writer insert_body(const Insert& insert, const Rows& rows, const DeterminedColumns& determined) {
    Writer out;
    out << "WITH _m AS (INSERT INTO " << insert.table->sql << " AS " << kWritten;
    if (insert.batch) {
        write_record_set(out, insert, determined);
    } else {
        write_values(out, *insert.table, rows, determined);
    }
    if (insert.on_conflict) write_conflict(out, *insert.on_conflict);
    return out;
}

Rows all_rows(const Insert& insert) {
    Rows out;
    for (const Insert::Row& row : insert.rows) out.push_back(&row);
    return out;
}

void determine(DeterminedColumns& list, const Column* column, std::string text) {
    // Two relationships may share a column (a tenant's): the first one gives it, the key holds the other to
    // it.
    if (!has(list, column)) list.push_back({column, std::move(text)});
}

std::string table_name(const Insert& insert) {
    return "\"" + insert.table->catalog->name.text() + "\"";
}

/// Writes the steps of an insert with nested rows, in Hasura's order: what a row refers to, the row itself,
/// what refers to it. Rows that others hang on are kept in slots, used like a stack.
class InsertScript {
  public:
    explicit InsertScript(MutationScript& script) : script_(script) {}

    void list(const Insert& insert, const DeterminedColumns& determined, int slot, bool is_root) {
        if (!insert.has_nested) {
            write(insert, all_rows(insert), determined, {.rows = is_root}, {.path = insert.path});
            return;
        }
        for (std::size_t i = 0; i < insert.rows.size(); ++i) {
            row(insert, i, determined, slot, nullptr, is_root);
        }
    }

  private:
    /// `kept_for`: the relationship on whose behalf the row is written before its parent; it stays in `slot`.
    void row(
        const Insert& insert,
        std::size_t at,
        DeterminedColumns determined,
        int slot,
        const NestedInsert* kept_for,
        bool is_root
    ) {
        const Insert::Row& row = insert.rows[at];
        int next = slot + 1;
        for (const NestedInsert& before : row.before) {
            this->row(before.insert, 0, {}, next, &before, false);
            for (const auto& [here, there] : before.relationship->columns) {
                determine(determined, here, slot_value(*before.insert.table, next, *there));
            }
            ++next;
        }
        MutationStep step{.path = insert.is_list ? fmt::format("{}[{}]", insert.path, at) : insert.path};
        if (!row.after.empty()) {
            step.no_row_path = step.path;
            step.no_row_message = "cannot proceed to insert array relations since insert to table " +
                                  table_name(insert) + " affects zero rows";
        } else if (kept_for != nullptr) {
            std::string_view inside = ".data";
            step.no_row_path = step.path.substr(0, step.path.size() - inside.size());
            step.no_row_message = fmt::format(
                "cannot proceed to insert object relation \"{}\" since insert to table {} affects zero rows",
                kept_for->relationship->name,
                table_name(insert)
            );
        }
        bool is_kept = kept_for != nullptr || !row.after.empty();
        write(insert, {&row}, determined, {.rows = is_root, .slot = is_kept ? slot : -1}, step);
        for (const NestedInsert& after : row.after) {
            DeterminedColumns theirs;
            for (const auto& [here, there] : after.relationship->columns) {
                determine(theirs, there, slot_value(*insert.table, slot, *here));
            }
            list(after.insert, theirs, slot + 1, false);
        }
    }

    void write(
        const Insert& insert,
        const Rows& rows,
        const DeterminedColumns& determined,
        Leaves leaves,
        MutationStep step
    ) {
        Check check = check_of(insert, determined);
        leaves.is_first = std::exchange(is_first_, false);
        leaves.for_check = check.reads_rows();
        Writer out = insert_body(insert, rows, determined);
        leave_for_later(out, *insert.table, check, leaves);
        step.statement = std::move(out).finish();
        std::string path = step.path;
        script_.steps.push_back(std::move(step));
        if (leaves.for_check) {
            script_.steps.push_back({.statement = checking(*insert.table, check), .path = std::move(path)});
        }
    }

    MutationScript& script_;
    bool is_first_ = true;
};

}  // namespace

void add_insert(MutationScript& script, const Mutation& mutation, const Insert& insert) {
    if (!insert.has_nested) {
        Writer body = insert_body(insert, all_rows(insert), {});
        add_write(script, mutation, *insert.table, std::move(body), check_of(insert, {}), insert.path);
        return;
    }
    InsertScript(script).list(insert, {}, 0, true);
    Statement answer = answering_later(mutation, *insert.table);
    script.steps.push_back({.statement = std::move(answer), .path = insert.path, .answers = true});
}

}  // namespace weft::graphql::detail
