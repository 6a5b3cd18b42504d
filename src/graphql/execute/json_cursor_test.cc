#include "graphql/execute/detail/json_cursor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weft::graphql::detail {
namespace {

std::vector<std::string> items(std::string_view text) {
    JsonCursor cursor(text);
    std::vector<std::string> out;
    cursor.open('[');
    while (cursor.has_next(']', out.empty())) out.emplace_back(cursor.value());
    if (!cursor.is_good()) out.emplace_back("BROKEN");
    return out;
}

TEST(JsonCursor, GivesEveryValueAsItIsWritten) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(items("[]"), Texts{});
    EXPECT_EQ(items("[1, -2.5e3,null ,true]"), (Texts{"1", "-2.5e3", "null", "true"}));
    EXPECT_EQ(
        items(R"([{"a": [1, {"b": "]}"}]}, "x,\"y\\", [ ]])"),
        (Texts{R"({"a": [1, {"b": "]}"}]})", R"("x,\"y\\")", "[ ]"})
    );
}

TEST(JsonCursor, WalksObjects) {
    JsonCursor cursor("{\"a\" : 1,\n \"b\":{\"c\":2}}");
    ASSERT_TRUE(cursor.open('{'));
    ASSERT_TRUE(cursor.has_next('}', true));
    EXPECT_EQ(cursor.name(), "a");
    EXPECT_EQ(cursor.value(), "1");
    ASSERT_TRUE(cursor.has_next('}', false));
    EXPECT_EQ(cursor.name(), "b");
    EXPECT_EQ(cursor.value(), "{\"c\":2}");
    EXPECT_FALSE(cursor.has_next('}', false));
    EXPECT_TRUE(cursor.is_good());
}

TEST(JsonCursor, StopsAtTextThatIsNoJson) {
    for (const std::string_view text :
         {"", "[", "[1", "[1 2]", "[\"a", "[\"a\\", "[{\"a\":1", "[,]", "{}", "[1,"}) {
        EXPECT_EQ(items(text).back(), "BROKEN") << text;
    }
}

}  // namespace
}  // namespace weft::graphql::detail
