#include "control/graphql/execute/detail/documents.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

std::shared_ptr<const Document> document(const std::string& text) {
    auto parsed = parse(text, trusted_parse_limits());
    EXPECT_TRUE(parsed.has_value()) << text;
    return std::shared_ptr<const Document>(std::move(*parsed));
}

TEST(Lru, ForgetsWhatWasUsedLongestAgo) {
    Lru<int> lru(2);
    lru.add("a", 1);
    lru.add("b", 2);
    ASSERT_NE(lru.find("a"), nullptr);
    lru.add("c", 3);
    EXPECT_NE(lru.find("a"), nullptr);
    EXPECT_EQ(lru.find("b"), nullptr);
    EXPECT_EQ(*lru.find("c"), 3);
}

TEST(Lru, IsBoundedInBytesToo) {
    Lru<int> lru(100, 10);
    lru.add("a", 1, 4);
    lru.add("b", 2, 4);
    lru.add("c", 3, 4);
    EXPECT_EQ(lru.find("a"), nullptr);
    EXPECT_EQ(lru.bytes(), 8u);
    lru.add("d", 4, 50);
    EXPECT_EQ(lru.size(), 1u);
    EXPECT_EQ(lru.bytes(), 50u);
    lru.clear();
    EXPECT_EQ(lru.bytes(), 0u);
}

TEST(Documents, FindsATextAndWhatIsKnownOfItForAnAsker) {
    Documents documents(10, 10);
    const RoleLimits limits;
    const RoleLimits tighter;
    const Schema schema;
    const Role role;
    const Access user(schema, role, Backend::kNo);
    const Access backend(schema, role, Backend::kYes);
    const Asker asker{.access = &user, .limits = &limits};
    CachedDocument& entry = documents.add(document("{ a }"));
    CheckedOperation made;
    made.asker = asker;
    documents.add(entry, std::move(made));

    CachedDocument* found = documents.find("{ a }");
    ASSERT_EQ(found, &entry);
    EXPECT_EQ(documents.find("{ b }"), nullptr);
    EXPECT_NE(Documents::find(*found, asker, ""), nullptr);
    EXPECT_EQ(Documents::find(*found, asker, "named"), nullptr);
    EXPECT_EQ(Documents::find(*found, {.access = &backend, .limits = &limits}, ""), nullptr);
    EXPECT_EQ(Documents::find(*found, {.access = &user, .limits = &tighter}, ""), nullptr);
}

TEST(Documents, CountsPlansAndDropsOldDocumentsForThem) {
    Documents documents(10, 3);
    for (const char* text : {"{ a }", "{ b }"}) {
        CachedDocument& entry = documents.add(document(text));
        CheckedOperation& operation = documents.add(entry, {});
        documents.add_plan(entry, operation, "1", std::make_shared<const Prepared>());
        documents.add_plan(entry, operation, "2", std::make_shared<const Prepared>());
    }
    EXPECT_EQ(documents.find("{ a }"), nullptr);
    ASSERT_NE(documents.find("{ b }"), nullptr);
    EXPECT_EQ(documents.plans(), 2u);
    documents.clear();
    EXPECT_EQ(documents.plans(), 0u);
    EXPECT_EQ(documents.bytes(), 0u);
}

TEST(Documents, StartsAfreshWhenOneOperationHasTooManyShapes) {
    Documents documents(10, 10'000);
    CachedDocument& entry = documents.add(document("{ a }"));
    CheckedOperation& operation = documents.add(entry, {});
    for (int i = 0; i < 1'000; ++i) {
        documents.add_plan(entry, operation, std::to_string(i), std::make_shared<const Prepared>());
    }
    EXPECT_LE(documents.plans(), 200u);
    EXPECT_EQ(documents.plans(), operation.plans.size());
}

TEST(Documents, AreBoundedInBytes) {
    Documents documents(10'000, 10'000, 1u << 20);
    const std::string comment(16u << 10, '#');
    for (int i = 0; i < 100; ++i) documents.add(document("{ a" + std::to_string(i) + " }" + comment));
    EXPECT_GT(documents.size(), 20u);
    EXPECT_LT(documents.size(), 33u);
    EXPECT_LE(documents.bytes(), std::size_t{1} << 20);
    EXPECT_NE(documents.find("{ a99 }" + comment), nullptr);
}

}  // namespace
}  // namespace weft::graphql::detail
