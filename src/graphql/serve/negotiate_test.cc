#include "graphql/serve/detail/negotiate.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {

namespace {

Media both(std::string_view accept) {
    return choose(accept, {Media::kJson, Media::kGraphqlResponse});
}

TEST(Negotiate, NothingAskedGivesTheFirst) {
    EXPECT_EQ(both(""), Media::kJson);
    EXPECT_EQ(both("*/*"), Media::kJson);
    EXPECT_EQ(both("application/*"), Media::kJson);
}

TEST(Negotiate, TheMostWantedWins) {
    EXPECT_EQ(both("application/graphql-response+json"), Media::kGraphqlResponse);
    EXPECT_EQ(both("application/graphql-response+json, application/json;q=0.9"), Media::kGraphqlResponse);
    EXPECT_EQ(both("application/json;q=0.5, application/graphql-response+json;q=0.25"), Media::kJson);
    EXPECT_EQ(both("application/json;q=0.1,*/*;q=0.2"), Media::kGraphqlResponse);
    EXPECT_EQ(both("Application/JSON ; charset=utf-8"), Media::kJson);
}

TEST(Negotiate, AnExactRangeOverridesAGeneralOne) {
    EXPECT_EQ(both("application/*, application/json;q=0"), Media::kGraphqlResponse);
}

TEST(Negotiate, NothingThatWeHave) {
    EXPECT_EQ(both("text/html"), Media::kNone);
    EXPECT_EQ(both("application/json;q=0"), Media::kNone);
}

TEST(Negotiate, ABrowserGetsThePage) {
    const char* browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    EXPECT_EQ(choose(browser, {Media::kJson, Media::kHtml}), Media::kHtml);
    EXPECT_EQ(choose("*/*", {Media::kJson, Media::kHtml}), Media::kJson);
}

TEST(Negotiate, JsonBodiesOnlyInUtf8) {
    EXPECT_TRUE(is_json("application/json"));
    EXPECT_TRUE(is_json("application/json; charset=utf-8"));
    EXPECT_TRUE(is_json("application/json;charset=\"UTF-8\""));
    EXPECT_FALSE(is_json("application/json; charset=latin1"));
    EXPECT_FALSE(is_json("text/plain"));
    EXPECT_FALSE(is_json("application/x-www-form-urlencoded"));
    EXPECT_FALSE(is_json(""));
}

}  // namespace
}  // namespace weft::graphql::detail
