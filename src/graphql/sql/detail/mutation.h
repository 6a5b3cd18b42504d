#pragma once

#include "graphql/sql/detail/writer.h"
#include "graphql/sql/sql.h"

#include <string>
#include <string_view>
#include <vector>

/// How mutations become statements. A write is `WITH _m AS (INSERT ... RETURNING ...)`; what is selected from
/// _m answers at once, or leaves the rows in settings of the transaction for later statements.
namespace weft::graphql::detail {

/// The row that is written, in conditions, assignments and outputs.
inline constexpr std::string_view kWritten = "_t";

/// What a written row must satisfy.
struct Check {
    const BoolExp* insert = nullptr;       // null: nothing (an update's check stands here too)
    const BoolExp* update = nullptr;       // of rows that an upsert updated; null: as `insert`
    std::vector<const Preset*> must_hold;  // columns that may only have this value
    bool is_upsert = false;
    /// The table does not tell which rows of an upsert are new (partitioned ones have no xmax): every row
    /// must pass both.
    bool is_blind = false;

    bool is_trivial() const;
    bool reads_rows() const;
    bool has_two() const { return is_upsert && update != nullptr; }
    /// Inserted and updated rows are judged differently.
    bool is_split() const { return has_two() && !is_blind; }
};

/// What a statement leaves for the later ones of its root field.
struct Leaves {
    bool is_first = false;   // it starts the count and the rows anew
    bool rows = false;       // adds its rows to those the last statement reads
    int slot = -1;           // keeps its only row there; having none is an error (kNoRowMark)
    bool for_check = false;  // keeps its rows for the statement that checks them
};

/// After the writing statement up to RETURNING (which stands after `WITH _m AS (`):
/// it answers by itself;
void answer_at_once(Writer& out, const Mutation& mutation, const Check& check);
/// or leaves what later statements need. `check` is tested here unless a statement of its own does that.
void leave_for_later(Writer& out, const Table& table, const Check& check, const Leaves& leaves);

/// Tests `check` on the rows that the statement before left, with the state after it.
Statement checking(const Table& table, const Check& check);
/// Does what is returned have to be read after the write?
bool answers_later(const Mutation& mutation);
/// The answer from what all statements of the root field left.
Statement answering_later(const Mutation& mutation, const Table& table);

/// `column` of the row in a slot, as an expression.
std::string slot_value(const Table& table, int slot, const Column& column);

/// The steps of one write that has no nested rows. `body` has the statement up to RETURNING.
void add_write(
    MutationScript& script,
    const Mutation& mutation,
    const Table& table,
    Writer body,
    const Check& check,
    const std::string& path
);
/// The steps of an insert.
void add_insert(MutationScript& script, const Mutation& mutation, const Insert& insert);

}  // namespace weft::graphql::detail
