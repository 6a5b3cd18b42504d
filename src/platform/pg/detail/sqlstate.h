#pragma once

#include "base/error.h"
#include "platform/pg/pg.h"

#include <string_view>

struct pg_result;

namespace weft::pg::detail {

/// What an SQLSTATE becomes: code, message and whether to try again, from the one table. `constraint` is the
/// name the server gave, if any: 23514 without one is a row that no partition takes.
Error meaning_of(std::string_view sqlstate, std::string_view constraint);

/// The error a failed result stands for. `detail` holds the query's name, the SQLSTATE, the primary message
/// without quoted values, and the constraint's name; never DETAIL, which repeats row values. `database` holds
/// the names as data.
Error to_error(const pg_result* result, std::string_view query_name);

/// Everything the server said about a failed result.
ServerError to_server_error(const pg_result* result, int statement);

/// The server is going away or has gone (class 57P, 08): the connection is of no more use.
bool ends_connection(std::string_view sqlstate);

}  // namespace weft::pg::detail
