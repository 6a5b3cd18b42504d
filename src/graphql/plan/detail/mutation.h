#pragma once

#include "graphql/plan/detail/context.h"

#include <memory>
#include <vector>

namespace weft::graphql::detail {

/// A root field that writes one table. The path is the field's, "$.selectionSet.insert_author".
Outcome<std::unique_ptr<Mutation>> plan_mutation(Context& c, const Collected& field);

// ---- its parts; the path is that of the arguments, "$.selectionSet.insert_author.args"

Outcome<Insert> plan_insert(Context& c, const Table& table, const std::vector<Argument>& arguments);

/// One update: by `where` or by `pk_columns`.
Outcome<Update> plan_update(
    Context& c, const Table& table, const Field& field, const std::vector<Argument>& arguments
);
/// The entries of update_<t>_many.
Outcome<std::vector<Update>> plan_updates(Context& c, const Table& table, const Input& updates);

/// By `where`, or by the primary key's columns.
Outcome<Delete> plan_delete(
    Context& c, const Table& table, const std::vector<Argument>& arguments, bool is_by_pk
);

/// The schema shows something to the role that its rights do not hold.
std::unexpected<Failure> not_permitted(const Context& c, std::string_view verb, const Table& table);

}  // namespace weft::graphql::detail
