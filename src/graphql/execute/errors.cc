#include "graphql/execute/errors.h"

#include "graphql/sql/sql.h"

#include <string_view>

namespace weft::graphql {

namespace {

/// How an SQLSTATE (or its class, when two characters long) is told. The first row that fits counts; what
/// none fits is "unexpected": a statement of ours that is wrong, or a function of the database.
struct Wording {
    std::string_view sqlstate;
    std::string_view code;
    std::string_view before = {};   // the server's message
    std::string_view instead = {};  // of the server's message
    std::string_view about = {};    // must be in the server's message
};
constexpr Wording kWordings[] = {
    {"22025", "bad-request"},
    {"22", "data-exception"},
    {"23001", "constraint-violation", "Can not delete or update due to data being referred. "},
    {"23502", "constraint-violation", "Not-NULL violation. "},
    {"23503", "constraint-violation", "Foreign key violation. "},
    {"23505", "constraint-violation", "Uniqueness violation. "},
    {"23514", "permission-error", "Check constraint violation. "},
    {"23P01", "constraint-violation", "Exclusion violation. "},
    {"23", "constraint-violation"},
    // Row security, or a privilege that the login lacks: nobody's bug, and the same answer for both.
    {"42501", "permission-error", "", "the database does not permit this to the role"},
    // Types with a language of their own call a bad value a syntax error.
    {"42601", "data-exception", "", "", "ltree"},
    {"42601", "data-exception", "", "", "lquery"},
    {"42601", "data-exception", "", "", "operand syntax error"},  // of an ltxtquery
    {"42601", "data-exception", "", "", "jsonpath"},
    {"42622", "data-exception", "", "", "label string"},  // of an ltree
    {"42704", "constraint-error"},
    {"42P10", "constraint-error", "", "there is no unique or exclusion constraint on target column(s)"},
    {"40001", "concurrent-update", "", "serialization failure due to concurrent update"},
    {"40P01", "concurrent-update", "", "deadlock with a concurrent update"},
    {"54000", "data-exception", "", "", "lquery"},
    {"XX000", "data-exception", "", "", "GeoJSON"},  // PostGIS's words for a bad value
    {"XX000", "data-exception", "", "", "GeoJson"},
    {"XX000", "data-exception", "", "", "(at offset "},
    {"XX000", "data-exception", "", "", "mixed SRID"},
    {"57014", "time-limit-exceeded", "", "the operation took longer than it may"},
};

const Wording* wording_of(const pg::ServerError& error) {
    for (const Wording& each : kWordings) {
        bool fits = !error.sqlstate.empty() && error.sqlstate.starts_with(each.sqlstate) &&
                    error.message.contains(each.about);
        if (fits) return &each;
    }
    return nullptr;
}

Json details(const pg::ServerError& error) {
    return JsonObject{
        {"error",
         JsonObject{
             {"exec_status", "FatalError"},
             {"status_code", error.sqlstate},
             {"message", error.message},
             {"description", error.detail.empty() ? Json() : Json(error.detail)},
             {"hint", error.hint.empty() ? Json() : Json(error.hint)},
         }},
    };
}

}  // namespace

Failure to_failure(const pg::ServerError& error, std::string path, bool is_admin) {
    Failure out{.message = "database query error", .code = "unexpected", .path = std::move(path)};
    // The quoted whole, so that no part of a value that a user sent can pass for it.
    if (error.sqlstate == "22P02" && error.message.ends_with("\"" + std::string(kCheckMark) + "\"")) {
        out.code = "permission-error";
        out.message = "check constraint of an insert/update permission has failed";
    } else if (const Wording* wording = wording_of(error)) {
        out.code = wording->code;
        out.message = wording->instead.empty() ? std::string(wording->before) + error.message
                                               : std::string(wording->instead);
    }
    // What the client could have known is told in full by its message.
    if (is_admin && out.code == "unexpected") out.internal = details(error);
    return out;
}

Failure to_failure(const Error& error, bool is_admin) {
    Failure out{.message = error.user, .code = "unexpected"};
    switch (error.code) {
        case Code::kTimeout:
            out.code = "time-limit-exceeded";
            break;
        case Code::kCancelled:
            out.code = "cancelled";
            break;
        case Code::kUnavailable:
            out.code = "postgres-error";
            break;
        default:
            out.message = "database query error";
    }
    if (is_admin && !error.detail.empty()) out.internal = JsonObject{{"error", error.detail}};
    return out;
}

}  // namespace weft::graphql
