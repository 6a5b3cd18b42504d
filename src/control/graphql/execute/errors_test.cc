#include "control/graphql/execute/errors.h"

#include "control/graphql/sql/sql.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

Failure told(std::string sqlstate, std::string message, bool is_admin = false) {
    return to_failure(
        pg::ServerError{.sqlstate = std::move(sqlstate), .message = std::move(message)}, "$.p", is_admin
    );
}

TEST(ErrorsTest, StatesHaveHasurasCodesAndWords) {
    struct Case {
        const char* sqlstate;
        const char* code;
        const char* message;
    };
    for (const Case& each : {
             Case{"23505", "constraint-violation", "Uniqueness violation. m"},
             {"23001", "constraint-violation", "Can not delete or update due to data being referred. m"},
             {"23000", "constraint-violation", "m"},
             {"23514", "permission-error", "Check constraint violation. m"},
             {"22003", "data-exception", "m"},
             {"22025", "bad-request", "m"},
             {"42P10", "constraint-error", "there is no unique or exclusion constraint on target column(s)"},
             {"42P01", "unexpected", "database query error"},
             {"", "unexpected", "database query error"},
             {"40001", "concurrent-update", "serialization failure due to concurrent update"},
         }) {
        Failure failure = told(each.sqlstate, "m");
        EXPECT_EQ(failure.code, each.code) << each.sqlstate;
        EXPECT_EQ(failure.message, each.message) << each.sqlstate;
        EXPECT_EQ(failure.path, "$.p");
    }
}

TEST(ErrorsTest, OnlyTheMarkItselfIsABrokenCheck) {
    std::string before = "invalid input syntax for type integer: ";
    EXPECT_EQ(told("22P02", before + "\"weft:check\"").code, "permission-error");
    EXPECT_EQ(told("22P02", before + "\"x weft:check\"").code, "data-exception");
    EXPECT_EQ(told("22P02", before + "\"weft:check \"").code, "data-exception");
}

TEST(ErrorsTest, DetailsAreForTheAdminOnly) {
    EXPECT_TRUE(told("42P01", "relation \"secret\" does not exist").internal.is_null());
    Failure admin = told("42P01", "relation \"secret\" does not exist", true);
    EXPECT_EQ(admin.message, "database query error");
    EXPECT_EQ(text_or(admin.internal.at("error").get_object(), "status_code"), "42P01");
}

TEST(ErrorsTest, FailuresBeforeTheServerKeepTheirKind) {
    EXPECT_EQ(to_failure(Error::timeout("too long"), false).code, "time-limit-exceeded");
    EXPECT_EQ(to_failure(Error::unavailable("away", "detail"), false).code, "postgres-error");
    EXPECT_TRUE(to_failure(Error::unavailable("away", "detail"), false).internal.is_null());
    EXPECT_EQ(to_failure(Error::internal("a bug"), false).message, "database query error");
}

}  // namespace
}  // namespace weft::graphql
