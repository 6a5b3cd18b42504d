#pragma once

#include "base/error.h"
#include "graphql/validate/validate.h"
#include "platform/pg/pg.h"

#include <string>

namespace weft::graphql {

/// What the server said about a statement, in Hasura's codes and words (section 1.8): violated constraints,
/// bad values and broken permission checks are told; anything else is "database query error", whose details
/// only the admin sees (`internal`). `path` is the field's, `$` for updates and deletes.
Failure to_failure(const pg::ServerError& error, std::string path, bool is_admin);

/// A statement that failed before the server could judge it (connection, deadline, a full pool).
Failure to_failure(const Error& error, bool is_admin);

}  // namespace weft::graphql
