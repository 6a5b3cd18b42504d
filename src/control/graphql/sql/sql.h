#pragma once

#include "control/graphql/plan/plan.h"

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

/// One statement that changes rows and answers: columns (json text of the response, or of the primary keys
/// and the affected rows when `mutation.reads_relationships`). A broken permission check raises SQLSTATE
/// 22P02 with a message that holds kCheckMark, so that the whole pipeline fails in one round trip. For Insert
/// with nested rows see `emit_insert_row`.
inline constexpr std::string_view kCheckMark = "weft:check";
Statement emit_update(const Mutation& mutation, const Update& update);
Statement emit_delete(const Mutation& mutation, const Delete& remove);
Statement emit_insert(const Mutation& mutation, const Insert& insert);

/// One row of a nested insert: answers the row's columns that `wanted` names, as text columns, or no row when
/// on_conflict did nothing. Values of kind Source::kRow are filled by the executor.
Statement emit_insert_row(
    const Insert& insert, const Insert::Row& row, const std::vector<const Column*>& wanted
);

/// The second statement: what a mutation returns of rows that are known by primary key ($1: json array of
/// objects). One json text column, in the order of the keys.
Statement emit_returning(const Mutation& mutation, const std::vector<Output>& outputs);

/// A relationship of an action's output: rows for a list of join values ($1: json array of objects); one json
/// text column holding an array in that order.
Statement emit_output_relationship(const OutputRelationship& relationship, const Select& select);

}  // namespace weft::graphql
