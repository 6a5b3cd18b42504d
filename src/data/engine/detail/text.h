#pragma once

#include "base/error.h"
#include "core/protocol/protocol.h"
#include "core/runstate/runstate.h"

#include <optional>
#include <string>
#include <string_view>

namespace weft::engine {

/// What PostgreSQL's text and jsonb take: valid UTF-8 without NUL. Other bytes become U+FFFD; at most
/// `bytes_max`, cut between characters.
std::string clean_text(std::string_view text, std::size_t bytes_max);

/// A line of a run's log as it is kept. Addresses that answer waits are hidden before anything is cut.
/// `fields`: JSON text of an object as a sandbox gave it; what is none, or more than
/// limits::kLogFieldsBytesMax, stands in the text.
struct LogText {
    std::string message;
    std::optional<std::string> fields;
};
LogText log_text(std::string message, std::string fields);

/// Where in a definition something went wrong, for the step's error row.
struct Place {
    std::string field;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    int status = 0;   // of an answer
    std::string run;  // that failed, of a step that waited for it
};

/// {message, field?, line?, column?, status?, class?, run_id?} as JSON text.
std::string error_json(const runstate::Failure& failure, const Place& place);
/// The failure of such a text.
runstate::Failure failure_in(std::string_view error_json, runstate::FailureKind kind);

/// A sentence of what is wrong with a value, for a person who sees the message alone: "<what>: <field> must
/// be a string, not a number".
std::string misfit(std::string_view what, const Error& error);

}  // namespace weft::engine
