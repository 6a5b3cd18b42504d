#include "platform/pg/detail/sqlstate.h"

#include <libpq-fe.h>

#include <charconv>
#include <string>

namespace weft::pg::detail {

namespace {

std::string_view field(const PGresult* result, int code) {
    const char* value = PQresultErrorField(result, code);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

/// `invalid input syntax for type uuid: "…"` and its like end in a value of somebody's.
std::string_view without_value(std::string_view message) {
    return message.substr(0, message.find(": \""));
}

Error by_state(std::string_view state) {
    if (state == "23505" || state == "23503" || state == "23514") {
        return Error::conflict("The change conflicts with what is stored");
    }
    // A transition that the database itself refuses (db/: refuse_second_end).
    if (state == "WF001") return Error::conflict("The run has already ended");
    if (state == "22021" || state == "22P05") {
        return Error::invalid("The text holds a character that cannot be stored");
    }
    if (state == "57014") return Error::timeout("The database took too long");
    if (state == "42501") return Error::forbidden("This is not allowed");
    if (state == "40001" || state == "40P01" || state == "55P03" || state.starts_with("53") ||
        ends_connection(state)) {
        Error error = Error::unavailable("The database is busy; try again");
        error.retry = Retry::kBackoff;
        return error;
    }
    return Error::internal("");
}

}  // namespace

bool ends_connection(std::string_view sqlstate) {
    return sqlstate.starts_with("57P") || sqlstate.starts_with("08") || sqlstate == "25P03" ||
           sqlstate == "25P04";
}

Error to_error(const pg_result* result, std::string_view query_name) {
    std::string_view state = field(result, PG_DIAG_SQLSTATE);
    if (state.empty()) {
        Error lost = Error::unavailable(
            "The database is away; try again", std::string(query_name) + ": connection lost"
        );
        lost.retry = Retry::kBackoff;
        return lost;
    }
    Error error = by_state(state);
    error.detail = std::string(query_name) + ": " + std::string(state) + " " +
                   std::string(without_value(field(result, PG_DIAG_MESSAGE_PRIMARY)));
    if (auto constraint = field(result, PG_DIAG_CONSTRAINT_NAME); !constraint.empty()) {
        error.detail += " (constraint " + std::string(constraint) + ")";
    }
    return error;
}

ServerError to_server_error(const pg_result* result, int statement) {
    auto text = [&](int code) { return std::string(field(result, code)); };
    ServerError out{
        .sqlstate = text(PG_DIAG_SQLSTATE),
        .message = text(PG_DIAG_MESSAGE_PRIMARY),
        .detail = text(PG_DIAG_MESSAGE_DETAIL),
        .hint = text(PG_DIAG_MESSAGE_HINT),
        .constraint = text(PG_DIAG_CONSTRAINT_NAME),
        .table = text(PG_DIAG_TABLE_NAME),
        .column = text(PG_DIAG_COLUMN_NAME),
        .statement = statement,
    };
    auto position = field(result, PG_DIAG_STATEMENT_POSITION);
    (void)std::from_chars(position.data(), position.data() + position.size(), out.position);
    return out;
}

}  // namespace weft::pg::detail
