#include "platform/pg/detail/sqlstate.h"

#include <gtest/gtest.h>

namespace weft::pg::detail {
namespace {

struct Expected {
    std::string_view state;
    Code code;
    std::string_view constraint = "";
};

/// One line for each state that an operator or a user can meet, and what they are told.
constexpr Expected kExpected[] = {
    {"08003", Code::kUnavailable},
    {"08006", Code::kUnavailable},
    {"0A000", Code::kUnavailable},
    {"22021", Code::kInvalid},
    {"22P05", Code::kInvalid},
    {"23503", Code::kConflict, "job_tenant_id_fkey"},
    {"23505", Code::kConflict, "app_key"},
    {"23514", Code::kConflict, "app_key_check"},
    {"23514", Code::kUnavailable},  // no partition of the table takes the row
    {"23P01", Code::kConflict, "no_overlap"},
    {"25006", Code::kUnavailable},  // read-only: a standby
    {"25P03", Code::kUnavailable},
    {"25P04", Code::kUnavailable},
    {"26000", Code::kUnavailable},
    {"3D000", Code::kUnavailable},
    {"3F000", Code::kUnavailable},
    {"40001", Code::kUnavailable},
    {"40P01", Code::kUnavailable},
    {"42501", Code::kForbidden},
    {"42703", Code::kUnavailable},
    {"42883", Code::kUnavailable},
    {"42P01", Code::kUnavailable},
    {"53100", Code::kUnavailable},  // the disk is full
    {"53200", Code::kUnavailable},
    {"53300", Code::kUnavailable},  // too many connections
    {"55006", Code::kUnavailable},
    {"55P03", Code::kUnavailable},
    {"57014", Code::kTimeout},
    {"57P01", Code::kUnavailable},  // shutdown
    {"57P02", Code::kUnavailable},
    {"57P03", Code::kUnavailable},  // starting up
    {"58030", Code::kUnavailable},
    {"WF001", Code::kConflict},
    {"WF002", Code::kStale},
    // Bugs, ours or the server's: never worth another try.
    {"22012", Code::kInternal},
    {"22P02", Code::kInternal},
    {"23502", Code::kInternal},
    {"42601", Code::kInternal},
    {"42P05", Code::kInternal},
    {"XX000", Code::kInternal},
    {"XX001", Code::kInternal},
    {"", Code::kInternal},
};

TEST(Sqlstate, EachHasItsCodeMessageAndRetry) {
    for (const auto& [state, code, constraint] : kExpected) {
        const Error error = meaning_of(state, constraint);
        EXPECT_EQ(error.code, code) << state << " " << constraint;
        EXPECT_EQ(error.retry, code == Code::kUnavailable ? Retry::kBackoff : Retry::kNo) << state;
        EXPECT_FALSE(error.user.empty()) << state;
        if (!state.empty()) EXPECT_FALSE(error.user.contains(state)) << state << ": for the log only";
    }
}

}  // namespace
}  // namespace weft::pg::detail
