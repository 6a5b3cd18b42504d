#pragma once

#include "graphql/plan/plan.h"

#include <string>
#include <vector>

/// Statement nodes to PostgreSQL text. Pure. No value of a request is ever printed: every one is a parameter.
namespace weft::graphql {

struct Parameter {
    Source source;
    std::string sql_type;
    bool operator==(const Parameter&) const = default;
};

struct Statement {
    std::string text;
    std::vector<Parameter> parameters;  // $1, $2, ...; equal sources share one
};

/// How parameters are printed: `$1::integer`, or, when one statement answers many subscribers, a column of
/// the set that is joined in: `_s.p1`.
enum class ParameterStyle { kNumbered, kMultiplexed };

/// One statement for all Select roots of a query: one row, one text column of JSON per root, in order.
Statement emit_query(const Plan& plan);

/// One statement for many cohorts of a live query: `select _s.i, <root columns> from unnest($1::int8[],
/// $2::text[], ...)` where $2... are arrays with each cohort's value of Statement::parameters in order, as
/// text. Adds the new cursor values (as one json text column) for a stream.
Statement emit_multiplexed(const Plan& plan);

// ---- mutations

/// One statement of a mutation. Steps need no answer of an earlier one: what a step leaves for later ones
/// (the rows it wrote, the key of a parent row) it leaves in settings of the transaction (`weft.*`,
/// set_config with is_local), so that a whole operation travels in one pipeline, one round trip and one
/// transaction.
struct MutationStep {
    Statement statement;
    std::string path;  // of a failure in this step: Hasura's, down to the nested row
    /// A failure that carries kNoRowMark: a row that others hang on was not written.
    std::string no_row_message;
    std::string no_row_path;
    bool answers = false;  // its first row's first column is the answer (or one item of it): JSON or NULL
};
struct MutationScript {
    std::vector<MutationStep> steps;  // all run, in this order
    bool is_list = false;             // the answers are items of a list
};

/// A broken permission check fails with SQLSTATE 22P02 and a message that ends in this, quoted: the cast of a
/// text that depends on the row, so that the planner can't fold it and the whole pipeline fails with it.
inline constexpr std::string_view kCheckMark = "weft:check";
inline constexpr std::string_view kNoRowMark = "weft:no-row";

/// All statements of one root field that writes. Texts do not depend on the values, nor, for a list of equal
/// objects that is a variable, on its length.
MutationScript emit_mutation(const Mutation& mutation);

/// One root field that reads, on its own: a function among a mutation's roots. One json column; no row when
/// there is none to show.
Statement emit_select(const Select& select);

/// A relationship of an action's output: rows for a list of join values ($1: json array of objects); one json
/// text column holding an array in that order.
Statement emit_output_relationship(const OutputRelationship& relationship, const Select& select);

}  // namespace weft::graphql
