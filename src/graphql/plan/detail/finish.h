#pragma once

#include "graphql/plan/plan.h"

namespace weft::graphql::detail {

/// Fills Plan::dependencies and Plan::session_variables.
void add_dependencies(Plan& plan);
/// Fills Plan::cost and Plan::has_variable_limits; fails above the limit.
Outcome<> add_cost(Plan& plan, const Variables& variables, const PlanLimits& limits);

}  // namespace weft::graphql::detail
