#pragma once

#include "graphql/execute/session.h"
#include "graphql/sql/sql.h"

#include <optional>
#include <string>
#include <vector>

namespace weft::graphql::detail {

/// The value of one parameter: nullopt is NULL. Failure: not-found, a session variable that is missing.
Outcome<std::optional<std::string>> value_of(
    const Source& source, const Variables& variables, const Session& session
);
Outcome<std::vector<std::optional<std::string>>> values_of(
    const Statement& statement, const Variables& variables, const Session& session
);

/// The part of a variable that a Source means; null when it is absent.
const Json* part_of(const Source& source, const Variables& variables);

}  // namespace weft::graphql::detail
