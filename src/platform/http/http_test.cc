#include "platform/http/http.h"

#include "base/random.h"
#include "platform/http/detail/body_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http {
namespace {

using ::testing::HasSubstr;

std::string pairs(std::string_view text) {
    std::string out;
    auto fields = parse_pairs(text, 1'000);
    if (!fields) return "refused";
    for (const auto& [key, value] : *fields) out += "[" + key + "=" + value + "]";
    return out;
}

TEST(Pairs, AreReadAsTheUrlStandardSays) {
    EXPECT_EQ(pairs("a=1&b=2"), "[a=1][b=2]");
    EXPECT_EQ(pairs("a=x+y%20z"), "[a=x y z]");
    EXPECT_EQ(pairs("load=90% on db&x=1"), "[load=90% on db][x=1]");
    EXPECT_EQ(pairs("name=Smith%u010D"), "[name=Smith%u010D]");
    EXPECT_EQ(pairs("a=%&b=%2&c=%zz&d=%2G"), "[a=%][b=%2][c=%zz][d=%2G]");
    EXPECT_EQ(pairs("a&b=&=c&&"), "[a=][b=][=c]");
    EXPECT_EQ(pairs("a=b=c&a=d;e"), "[a=b=c][a=d;e]");
    EXPECT_EQ(pairs("%61%3D=%26"), "[a==&]");
    EXPECT_EQ(pairs("a=%FF"), "[a=\xFF]");  // what it means is for who knows the charset
    EXPECT_EQ(pairs(""), "");
}

TEST(Pairs, AreCountedAndTheLimitItselfIsReachable) {
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += "&f" + std::to_string(i) + "=v";
    auto all = parse_pairs(text, 1'000);
    ASSERT_TRUE(all);
    EXPECT_EQ(all->size(), 1'000u);
    auto over = parse_pairs(text, 999);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, Code::kLimit);
    EXPECT_THAT(over.error().user, HasSubstr("999 fields"));
}

TEST(Target, AQueryMayHoldPercentSignsThatAreNoEscapes) {
    auto target = Target::parse("/hooks/x?d=10%&x=1");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->query.get("d"), "10%");
    EXPECT_FALSE(Target::parse("/hooks/10%"));  // a path may not: the next reader could see another one
}

TEST(Problem, ALimitOfWhatWasSentIsNotAskedToComeAgain) {
    const RequestId id;
    Error quota = Error::limit("Too many at once", "body");
    quota.retry = Retry::kBackoff;
    const Response passing = problem(quota, id);
    EXPECT_EQ(passing.status, 429);
    EXPECT_TRUE(passing.headers.find("retry-after"));
    const Response content = problem(Error::limit("JSON is nested deeper than 64 levels", "body"), id);
    EXPECT_EQ(content.status, 413);
    EXPECT_FALSE(content.headers.find("retry-after"));
    EXPECT_THAT(content.body, HasSubstr("deeper than 64"));
    EXPECT_EQ(problem(Error::limit("Too many attempts"), id).status, 429);
}

TEST(BodyLease, HoldsWhatABodyBecomesAndGivesTheRestBack) {
    const BodyLimits limits{.bytes_max = 100, .bytes_per_address_max = 60, .bytes_per_share_max = 80};
    detail::BodyBudget budget(limits);
    {
        detail::BodyBudget::Lease lease(budget, "a", "tenant");
        ASSERT_TRUE(lease.resize(50));
        EXPECT_EQ(budget.bytes(), 50u);
        auto over = lease.resize(61);
        ASSERT_FALSE(over);
        EXPECT_EQ(over.error().code, Code::kLimit);
        EXPECT_EQ(over.error().retry, Retry::kBackoff);
        EXPECT_EQ(budget.bytes(), 50u);
        ASSERT_TRUE(lease.resize(10));
        detail::BodyBudget::Lease other(budget, "b", "");
        detail::BodyBudget::Lease third(budget, "c", "");
        ASSERT_TRUE(other.resize(50));
        EXPECT_EQ(third.resize(41).error().code, Code::kUnavailable);
        EXPECT_EQ(budget.bytes(), 60u);
    }
    EXPECT_EQ(budget.bytes(), 0u);
    EXPECT_EQ(budget.keys(), 0u);
}

}  // namespace
}  // namespace weft::http
