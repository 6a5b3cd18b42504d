#include "graphql/live/detail/spelling.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

CatalogType base(std::string name) {
    return {.name = std::move(name), .schema = "pg_catalog"};
}

TEST(Spelling, KnowsTypesWhoseEqualValuesHaveOneSpelling) {
    EXPECT_EQ(spelling_of(base("int8")), Spelling::kInteger);
    EXPECT_EQ(spelling_of(base("text")), Spelling::kExact);
    EXPECT_EQ(spelling_of(base("uuid")), Spelling::kUuid);
    EXPECT_EQ(spelling_of(base("numeric")), Spelling::kUnknown);  // 1.0 = 1.00
    EXPECT_EQ(spelling_of(base("bpchar")), Spelling::kUnknown);
    EXPECT_EQ(spelling_of({.kind = CatalogType::Kind::kEnum, .name = "state"}), Spelling::kExact);
    EXPECT_EQ(spelling_of({.name = "text", .schema = "mine"}), Spelling::kUnknown);
}

TEST(Spelling, MakesEqualValuesEqual) {
    EXPECT_EQ(canonical(Spelling::kInteger, " +007"), "7");
    EXPECT_EQ(canonical(Spelling::kInteger, "-0"), "0");
    EXPECT_EQ(canonical(Spelling::kInteger, "7.0"), std::nullopt);
    EXPECT_EQ(canonical(Spelling::kInteger, "99999999999999999999"), std::nullopt);
    const auto plain = canonical(Spelling::kUuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11");
    EXPECT_TRUE(plain);
    EXPECT_EQ(canonical(Spelling::kUuid, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}"), plain);
    EXPECT_EQ(canonical(Spelling::kUuid, "no uuid"), std::nullopt);
    EXPECT_EQ(canonical(Spelling::kBoolean, "TRUE"), "t");
    EXPECT_EQ(canonical(Spelling::kBoolean, "of"), "f");
    EXPECT_EQ(canonical(Spelling::kBoolean, "o"), std::nullopt);
    EXPECT_EQ(canonical(Spelling::kExact, " a "), " a ");
}

}  // namespace
}  // namespace weft::graphql::detail
