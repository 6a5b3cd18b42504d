#pragma once

#include "graphql/sql/detail/writer.h"

#include <functional>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// `"public"."f"(_1, $1::text, "b" => ...)`; `row` is what an argument that takes the row is given.
void write_call(Writer& out, const FunctionCall& call, std::string_view row);

/// A computed field that takes nothing but the row (and the session), in conditions and orderings.
void write_computed(Writer& out, const ComputedField& field, std::string_view row);

/// The same where the row `alias` shows it, else NULL.
void write_shown_computed(Writer& out, const ComputedField& field, std::string_view alias);
/// Where a screen tells that `alias` shows the field; nothing where there is nothing to ask.
void write_if_shown(
    Writer& out, const ComputedField& field, std::string_view alias, const std::function<void()>& value
);

/// `count(*)`, `count(DISTINCT _1."a")`, `max(_1."a")`.
void write_aggregate_call(
    Writer& out,
    std::string_view function,
    const std::vector<const Column*>& columns,
    bool is_distinct,
    std::string_view alias
);

}  // namespace weft::graphql::detail
