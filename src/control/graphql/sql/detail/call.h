#pragma once

#include "control/graphql/sql/detail/writer.h"

#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// `"public"."f"(_1, $1::text, "b" => ...)`; `row` is what an argument that takes the row is given.
void write_call(Writer& out, const FunctionCall& call, std::string_view row);

/// A computed field that takes nothing but the row (and the session), in conditions and orderings.
void write_computed(Writer& out, const ComputedField& field, std::string_view row);

/// `count(*)`, `count(DISTINCT _1."a")`, `max(_1."a")`.
void write_aggregate_call(
    Writer& out,
    std::string_view function,
    const std::vector<const Column*>& columns,
    bool is_distinct,
    std::string_view alias
);

}  // namespace weft::graphql::detail
