#include "core/trigger/table_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::trigger {
namespace {

using testing::HasSubstr;

Json config_of(std::string_view text) {
    auto read = parse_json(text);
    EXPECT_TRUE(read) << text;
    return read.value_or(Json());
}

TEST(Table, ComesBackAsItWas) {
    const Json given = config_of(
        R"({"connection":"db","schema":"Sales","table":"orders; drop","cursor":["updated_at","id"],"every":"1m","start":"all","columns":["id","a\"b"]})"
    );
    const auto table = parse_table(given);
    ASSERT_TRUE(table) << table.error().user;
    EXPECT_EQ(to_json(*table), given);
    EXPECT_FALSE(is_other_source(*table, *parse_table(to_json(*table))));
    Table other = *table;
    other.every = Millis(90'000);
    EXPECT_FALSE(is_other_source(*table, other));
    other.schema = "public";
    EXPECT_TRUE(is_other_source(*table, other));
}

TEST(Table, NamesWhatIsWrong) {
    const auto wrong = [](std::string_view more) {
        const auto table = parse_table(
            config_of(R"({"connection":"db","table":"t","cursor":["id"])" + std::string(more) + "}")
        );
        return table ? std::string("nothing") : table.error().field;
    };
    EXPECT_EQ(wrong(""), "nothing");
    EXPECT_EQ(wrong(R"(,"columns":["a","a"])"), "config.columns[1]");
    EXPECT_EQ(wrong(R"(,"columns":[1])"), "config.columns[0]");
    EXPECT_EQ(wrong(R"(,"schema":")" + std::string(64, 'a') + "\""), "config.schema");
    EXPECT_EQ(wrong(R"(,"where":"1=1")"), "config.where");
    EXPECT_EQ(parse_table(config_of(R"({"connection":"db","table":"t"})")).error().field, "config.cursor");
    EXPECT_EQ(parse_table(config_of(R"({"connection":"db","cursor":["id"]})")).error().field, "config.table");
    EXPECT_EQ(parse_table(config_of(R"({"table":"t","cursor":["id"]})")).error().field, "config.connection");
}

TEST(Statements, HoldNamesAsTheyWereQuotedAndNoValues) {
    const TableNames names{.table = "\"s\".\"t\"", .cursor = {"\"at\"", "\"id\""}, .columns = {"\"x\""}};
    EXPECT_THAT(
        rows_above(names, false),
        HasSubstr(R"(where (t."at", t."id") > ($1, $2) order by t."at", t."id" limit 200)")
    );
    EXPECT_THAT(
        rows_above(names, true), HasSubstr(R"(where t."at" is not null and t."id" is not null order by)")
    );
    EXPECT_THAT(
        rows_below(names, Lag::kTimeWithZone),
        HasSubstr(R"((t."at", t."id") <= ($1, $2) and t."at" > $1::timestamptz -)")
    );
    EXPECT_THAT(newest_row(names), HasSubstr(R"(order by t."at" desc, t."id" desc limit 1)"));
}

TEST(Lag, IsOfTimesAndWholeNumbers) {
    EXPECT_EQ(lag_of("timestamp with time zone"), Lag::kTimeWithZone);
    EXPECT_EQ(lag_of("timestamp(3) without time zone"), Lag::kTime);
    EXPECT_EQ(lag_of("bigint"), Lag::kNumber);
    EXPECT_EQ(lag_of("uuid"), Lag::kNone);
    EXPECT_EQ(lag_of("character varying(20)"), Lag::kNone);
    EXPECT_EQ(lag_of("(("), Lag::kNone);
}

}  // namespace
}  // namespace weft::trigger
