#include "graphql/execute/detail/documents.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

std::shared_ptr<const Document> document(const std::string& text) {
    auto parsed = parse(text, trusted_parse_limits());
    EXPECT_TRUE(parsed.has_value()) << text;
    return std::shared_ptr<const Document>(std::move(*parsed));
}

TEST(Documents, FindsATextAndWhatIsKnownOfItForAnAsker) {
    Documents documents(10);
    const RoleLimits limits;
    const RoleLimits tighter;
    const Schema schema;
    const Role role;
    const Access user(schema, role, Backend::kNo);
    const Access backend(schema, role, Backend::kYes);
    const Asker asker{.access = &user, .limits = &limits};
    CachedDocument& entry = documents.add("t", document("{ a }"));
    CheckedOperation made;
    made.asker = asker;
    documents.add(entry, std::move(made));

    CachedDocument* found = documents.find("t", "{ a }");
    ASSERT_EQ(found, &entry);
    EXPECT_EQ(documents.find("t", "{ b }"), nullptr);
    EXPECT_NE(Documents::find(*found, asker, ""), nullptr);
    EXPECT_EQ(Documents::find(*found, asker, "named"), nullptr);
    EXPECT_EQ(Documents::find(*found, {.access = &backend, .limits = &limits}, ""), nullptr);
    EXPECT_EQ(Documents::find(*found, {.access = &user, .limits = &tighter}, ""), nullptr);
}

TEST(Documents, AreDroppedForThePlansOfOthers) {
    Documents documents(10, 20'000);
    for (const char* text : {"{ a }", "{ b }"}) {
        for (const char* shape : {"1", "2"}) {
            CachedDocument* entry = documents.find("t", text);
            if (entry == nullptr) entry = &documents.add("t", document(text));
            CheckedOperation& operation = documents.add(*entry, {});
            documents.add_plan("t", *entry, operation, shape, std::make_shared<const Prepared>());
            documents.add_plan("t", *entry, operation, "else", std::make_shared<const Prepared>());
        }
    }
    EXPECT_EQ(documents.find("t", "{ a }"), nullptr);
    ASSERT_NE(documents.find("t", "{ b }"), nullptr);
    EXPECT_EQ(documents.plans(), 4u);
    documents.clear();
    EXPECT_EQ(documents.plans(), 0u);
    EXPECT_EQ(documents.bytes(), 0u);
}

/// What is left of ten texts with a plan each after somebody else's ten thousand.
int left_after_a_flood(std::string_view quiet, std::string_view flood) {
    Documents documents(1'000, 32u << 20);
    const auto plan = [&](std::string_view tenant, const std::string& text) {
        CachedDocument& entry = documents.add(tenant, document(text));
        CheckedOperation& operation = documents.add(entry, {});
        documents.add_plan(tenant, entry, operation, "", std::make_shared<const Prepared>());
    };
    for (int i = 0; i < 10; ++i) plan(quiet, "{ quiet" + std::to_string(i) + " }");
    for (int i = 0; i < 10'000; ++i) plan(flood, "{ flood" + std::to_string(i) + " }");
    EXPECT_LE(documents.bytes(), std::size_t{32} << 20);
    int left = 0;
    for (int i = 0; i < 10; ++i) {
        CachedDocument* entry = documents.find(quiet, "{ quiet" + std::to_string(i) + " }");
        if (entry != nullptr && entry->operations.front().plans.size() == 1) ++left;
    }
    return left;
}

TEST(Documents, OneTenantsFloodEvictsNobodyElses) {
    EXPECT_EQ(left_after_a_flood("quiet", "flood"), 10);
    EXPECT_EQ(left_after_a_flood("same", "same"), 0) << "the control: one owner";
}

TEST(Documents, OneTenantsShapesLeaveAnothersPlansOfTheSameText) {
    Documents documents(10);
    const auto plan = [&](std::string_view tenant, const std::string& shape) {
        CachedDocument* entry = documents.find(tenant, "{ a }");
        if (entry == nullptr) entry = &documents.add(tenant, document("{ a }"));
        if (entry->operations.empty()) documents.add(*entry, {});
        documents.add_plan(
            tenant, *entry, entry->operations.front(), shape, std::make_shared<const Prepared>()
        );
    };
    plan("quiet", "mine");
    for (int i = 0; i < 1'000; ++i) plan("flood", std::to_string(i));
    EXPECT_TRUE(documents.find("quiet", "{ a }")->operations.front().plans.contains("mine"));
}

TEST(Documents, StartsAfreshWhenOneOperationHasTooManyShapes) {
    Documents documents(10);
    CachedDocument& entry = documents.add("t", document("{ a }"));
    CheckedOperation& operation = documents.add(entry, {});
    for (int i = 0; i < 1'000; ++i) {
        documents.add_plan("t", entry, operation, std::to_string(i), std::make_shared<const Prepared>());
    }
    EXPECT_LE(documents.plans(), 200u);
    EXPECT_EQ(documents.plans(), operation.plans.size());
}

TEST(Documents, AreBoundedInBytes) {
    Documents documents(10'000, 1u << 20);
    const std::string comment(16u << 10, '#');
    for (int i = 0; i < 100; ++i) documents.add("t", document("{ a" + std::to_string(i) + " }" + comment));
    EXPECT_GT(documents.size(), 20u);
    EXPECT_LT(documents.size(), 33u);
    EXPECT_LE(documents.bytes(), std::size_t{1} << 20);
    EXPECT_NE(documents.find("t", "{ a99 }" + comment), nullptr);
}

}  // namespace
}  // namespace weft::graphql::detail
