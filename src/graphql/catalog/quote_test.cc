#include "graphql/catalog/catalog.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

TEST(Quote, IdentifiersMayHoldAnything) {
    EXPECT_EQ(quote_identifier("author"), R"("author")");
    EXPECT_EQ(quote_identifier("Select"), R"("Select")");
    EXPECT_EQ(quote_identifier(R"(a"; drop table "x)"), R"("a""; drop table ""x")");
    EXPECT_EQ(quote_identifier(""), R"("")");
    EXPECT_EQ(quote({"my.schema", "t\"1"}), R"("my.schema"."t""1")");
}

TEST(Quote, LiteralsKeepBackslashesAndDoubleQuotes) {
    EXPECT_EQ(quote_literal("it's"), "'it''s'");
    EXPECT_EQ(quote_literal(R"(\' or 1=1 --)"), R"('\'' or 1=1 --')");
    EXPECT_EQ(quote_literal("\"ä\n"), "'\"ä\n'");
    EXPECT_EQ(quote_literal("''"), "''''''");
}

TEST(QualifiedName, ThePublicSchemaGoesWithoutSaying) {
    EXPECT_EQ((QualifiedName{"public", "author"}.text()), "author");
    EXPECT_EQ((QualifiedName{"shop", "item"}.text()), "shop.item");
    EXPECT_LT((QualifiedName{"a", "z"}), (QualifiedName{"b", "a"}));
}

}  // namespace
}  // namespace weft::graphql
