#include "platform/pg/detail/sqlstate.h"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <memory>
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

struct Meaning {
    std::string_view state;  // a whole SQLSTATE, or the beginning of one
    Code code;
    std::string_view user;
};

/// A check without a name is the partitioned table's own: no partition takes the row.
constexpr std::string_view kNoPartition = "23514-";

constexpr std::string_view kAway = "The database is away; try again";
constexpr std::string_view kBusy = "The database is busy; try again";
constexpr std::string_view kConflict = "The change conflicts with what is stored";
constexpr std::string_view kOldSchema = "The database is being brought up to date; try again";
constexpr std::string_view kUnstorable = "The text holds a character that cannot be stored";

/// The longest match counts; what is not here is kInternal. kUnavailable is always worth another try.
constexpr std::array kMeanings{
    Meaning{"08", Code::kUnavailable, kAway},          // connection exceptions
    Meaning{"0A000", Code::kUnavailable, kOldSchema},  // a prepared plan that a migration has outdated
    Meaning{"22021", Code::kInvalid, kUnstorable},     // a zero byte, or not UTF-8
    Meaning{"22P05", Code::kInvalid, kUnstorable},
    Meaning{"23503", Code::kConflict, kConflict},
    Meaning{"23505", Code::kConflict, kConflict},
    Meaning{"23514", Code::kConflict, kConflict},
    Meaning{kNoPartition, Code::kUnavailable, "The database has no place for this day yet; try again"},
    Meaning{"23P01", Code::kConflict, kConflict},
    Meaning{"25006", Code::kUnavailable, "The database takes no changes now; try again"},  // a standby
    Meaning{"25P03", Code::kUnavailable, kAway},  // idle in a transaction, session ended
    Meaning{"25P04", Code::kUnavailable, kAway},
    Meaning{"26000", Code::kUnavailable, kOldSchema},  // a prepared statement is gone
    Meaning{"3D000", Code::kUnavailable, kAway},       // dropped, or not restored yet
    Meaning{"3F000", Code::kUnavailable, kOldSchema},
    Meaning{"40", Code::kUnavailable, kBusy},  // serialization, deadlock, completion unknown
    Meaning{"42501", Code::kForbidden, "This is not allowed"},
    Meaning{"42703", Code::kUnavailable, kOldSchema},  // column, function, table: this program is newer
    Meaning{"42883", Code::kUnavailable, kOldSchema},
    Meaning{"42P01", Code::kUnavailable, kOldSchema},
    Meaning{"53", Code::kUnavailable, kBusy},  // disk, memory, connections
    Meaning{"55006", Code::kUnavailable, kBusy},
    Meaning{"55P03", Code::kUnavailable, kBusy},  // a lock not had in time
    Meaning{"57014", Code::kTimeout, "The database took too long"},
    Meaning{"57P", Code::kUnavailable, kAway},  // shutdown, crash, starting up
    Meaning{"58", Code::kUnavailable, kAway},   // the server's own input and output
    // What the database itself refuses (db/: refuse_second_end, refuse_stale).
    Meaning{"WF001", Code::kConflict, "The run has already ended"},
    Meaning{"WF002", Code::kStale, "The lease is not held any more"},
};

}  // namespace

Error meaning_of(std::string_view sqlstate, std::string_view constraint) {
    if (sqlstate == "23514" && constraint.empty()) sqlstate = kNoPartition;
    const Meaning* best = nullptr;
    for (const Meaning& row : kMeanings) {
        if (!sqlstate.starts_with(row.state)) continue;
        if (best == nullptr || row.state.size() > best->state.size()) best = &row;
    }
    if (best == nullptr) return Error::internal("");
    Error error{.code = best->code, .user = std::string(best->user)};
    if (error.code == Code::kUnavailable) error.retry = Retry::kBackoff;
    return error;
}

bool ends_connection(std::string_view sqlstate) {
    return sqlstate.starts_with("57P") || sqlstate.starts_with("08") || sqlstate == "25P03" ||
           sqlstate == "25P04";
}

Error to_error(const pg_result* result, std::string_view query_name) {
    std::string_view state = field(result, PG_DIAG_SQLSTATE);
    if (state.empty()) {
        Error lost = Error::unavailable(std::string(kAway), std::string(query_name) + ": connection lost");
        lost.retry = Retry::kBackoff;
        return lost;
    }
    const std::string_view constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
    Error error = meaning_of(state, constraint);
    error.detail = std::string(query_name) + ": " + std::string(state) + " " +
                   std::string(without_value(field(result, PG_DIAG_MESSAGE_PRIMARY)));
    if (!constraint.empty()) error.detail += " (constraint " + std::string(constraint) + ")";
    error.database = std::make_shared<const DatabaseFault>(DatabaseFault{
        .sqlstate = std::string(state),
        .constraint = std::string(constraint),
        .table = std::string(field(result, PG_DIAG_TABLE_NAME)),
        .column = std::string(field(result, PG_DIAG_COLUMN_NAME)),
    });
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
