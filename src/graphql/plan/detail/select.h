#pragma once

#include "graphql/plan/detail/context.h"

#include <memory>

namespace weft::graphql::detail {

/// A field that gives rows of `table` as a list or an aggregate, with its list arguments. The caller adds
/// what joins it to something (`joined_by`, `function`).
Outcome<std::unique_ptr<Select>> plan_rows(
    Context& c, const Table& table, const Collected& field, Select::Shape shape
);
/// One row or null, without arguments of its own: an object relationship.
Outcome<std::unique_ptr<Select>> plan_row(Context& c, const Table& table, const Collected& field);

/// Any root field that reads: kSelect, kSelectByPk, kSelectAggregate, kSelectStream, kFunction,
/// kFunctionAggregate.
Outcome<std::unique_ptr<Select>> plan_select_root(Context& c, const Collected& field);

/// The arguments of a call, from the field's `args`. `row_argument` of a computed field takes the parent row
/// (by name; empty: the first); null: there is none.
Outcome<FunctionCall> plan_call(
    Context& c, const Function& function, const Collected& field, const std::string* row_argument
);

/// `order_by`, `distinct_on`, `limit`, `offset` and `where` of a list.
Outcome<> plan_list_arguments(Context& c, const Collected& field, Select& out);
Outcome<std::vector<OrderTerm>> plan_order_by(Context& c, const Table& table, const Input& order_by);
/// The limits that hold whatever the request says.
void set_limit_max(const Context& c, Select& out);

Outcome<std::unique_ptr<RemoteCall>> plan_remote(Context& c, const Collected& field);
Outcome<std::unique_ptr<ActionCall>> plan_action(Context& c, const Collected& field);

/// Columns that an enum of column names means.
std::vector<const Column*> columns_of(Context& c, const Input& value);

}  // namespace weft::graphql::detail
