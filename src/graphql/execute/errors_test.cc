#include "graphql/execute/errors.h"

#include "graphql/sql/sql.h"

#include <gtest/gtest.h>

#include <sstream>

namespace weft::graphql {
namespace {

Failure told(std::string sqlstate, std::string message, bool is_admin = false) {
    return to_failure(
        pg::ServerError{.sqlstate = std::move(sqlstate), .message = std::move(message)}, "$.p", is_admin
    );
}

/// Every SQLSTATE that PostgreSQL 15 has in the classes of requests that are wrong, and what is said of it.
struct Row {
    const char* states;
    const char* code;
    const char* message;  // the server's is "m"
};
constexpr Row kRows[] = {
    {"22000 22001 22002 22003 22004 22005 22007 22008 22009 2200B 2200C 2200D 2200F 2200G 2200H 2200L 2200M "
     "2200N 2200S 2200T 22010 22011 22012 22013 22014 22015 22016 22018 22019 2201B 2201E 2201F 2201G 2201W "
     "2201X 22021 22022 22023 22024 22026 22027 2202E 2202G 2202H 22030 22031 22032 22033 22034 22035 22036 "
     "22037 22038 22039 2203A 2203B 2203C 2203D 2203E 2203F 2203G 22P01 22P02 22P03 22P04 22P05 22P06",
     "data-exception",
     "m"},
    {"22025", "bad-request", "m"},
    {"23000", "constraint-violation", "m"},
    {"23001", "constraint-violation", "Can not delete or update due to data being referred. m"},
    {"23502", "constraint-violation", "Not-NULL violation. m"},
    {"23503", "constraint-violation", "Foreign key violation. m"},
    {"23505", "constraint-violation", "Uniqueness violation. m"},
    {"23514", "permission-error", "Check constraint violation. m"},
    {"23P01", "constraint-violation", "Exclusion violation. m"},
    {"42501", "permission-error", "the database does not permit this to the role"},
    {"42704", "constraint-error", "m"},
    {"42P10", "constraint-error", "there is no unique or exclusion constraint on target column(s)"},
    {"42000 42601 42602 42611 42622 42701 42702 42703 42710 42712 42723 42725 42803 42804 42809 42830 42846 "
     "42883 428C9 42939 42P01 42P02 42P03 42P04 42P05 42P06 42P07 42P08 42P09 42P11 42P12 42P13 42P14 42P15 "
     "42P16 42P17 42P18 42P19 42P20 42P21 42P22",
     "unexpected",
     "database query error"},
    {"40001", "concurrent-update", "serialization failure due to concurrent update"},
    {"40P01", "concurrent-update", "deadlock with a concurrent update"},
    {"57014", "time-limit-exceeded", "the operation took longer than it may"},
    {"54000 P0001 XX000 08006", "unexpected", "database query error"},
};

TEST(ErrorsTest, EveryStateHasHasurasCodeAndWords) {
    std::size_t count = 0;
    for (const Row& row : kRows) {
        std::istringstream states(row.states);
        for (std::string state; states >> state; ++count) {
            Failure failure = told(state, "m");
            EXPECT_EQ(failure.code, row.code) << state;
            EXPECT_EQ(failure.message, row.message) << state;
            EXPECT_EQ(failure.path, "$.p") << state;
        }
    }
    EXPECT_EQ(count, 126U) << "68 of class 22, 7 of 23, 44 of 42, and others";
    EXPECT_EQ(told("", "m").code, "unexpected") << "no state at all";
}

TEST(ErrorsTest, ABadValueOfATypeWithALanguageIsNoErrorOfOurs) {
    for (const char* message :
         {"ltree syntax error at character 3",
          "lquery syntax error",
          "operand syntax error",
          "unexpected end of quoted string at end of jsonpath input"}) {
        EXPECT_EQ(told("42601", message).code, "data-exception") << message;
        EXPECT_EQ(told("42601", message).message, message);
    }
    EXPECT_EQ(told("42622", "label string is too long").code, "data-exception");
    EXPECT_EQ(told("54000", "lquery syntax error").code, "data-exception");
    EXPECT_EQ(told("42601", "syntax error at or near \"selct\"").code, "unexpected");
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
