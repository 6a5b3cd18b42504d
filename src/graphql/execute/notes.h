#pragma once

#include "graphql/plan/plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql {

/// Might an answer to this plan hold a list that ends where the server, and not the request, says?
bool may_have_notes(const Plan& plan);

/// What the caller must know of an answer besides its data, as the text of `extensions`: lists that hold as
/// many rows as the server allows, where the request set no lower limit itself, so that there may be more. ""
/// when there is nothing to say. `texts` are the JSON texts of the roots, in their order; one pass over them,
/// nothing is built.
std::string notes_of(
    const Plan& plan, const std::vector<std::string_view>& texts, const Variables& variables
);

}  // namespace weft::graphql
