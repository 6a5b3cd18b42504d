#include "control/auth/auth.h"

#include "control/auth/detail/names.h"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

TEST(Slug, IsMadeFromAnyName) {
    EXPECT_EQ(detail::slug_of("Acme Corp"), "acme-corp");
    EXPECT_EQ(detail::slug_of("  --Acme!!"), "acme");
    EXPECT_EQ(detail::slug_of("42 Ltd"), "t-42-ltd");
    for (const char* name : {"", "x", "ÄÖÜ", "-", "9", "日本"}) {
        const std::string slug = detail::slug_of(name);
        EXPECT_GE(slug.size(), 2u) << name;
        EXPECT_TRUE(slug.front() >= 'a' && slug.front() <= 'z') << name;
        EXPECT_NE(slug.back(), '-') << name;
    }
    EXPECT_LE(detail::slug_of(std::string(300, 'a')).size(), 42u);
}

TEST(Password, CommonOnesAndTheAddressAreRefused) {
    EXPECT_FALSE(detail::check_password(Secret("PassWord1"), "a@b.c"));
    EXPECT_FALSE(detail::check_password(Secret("Ada@Example.com"), "ada@example.com"));
    EXPECT_TRUE(detail::check_password(Secret("correct horse"), "a@b.c"));
}

}  // namespace
}  // namespace weft::control
