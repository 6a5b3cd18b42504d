#include "graphql/validate/detail/test_support.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <ctime>
#include <functional>

/// Documents of a quarter of a megabyte made to be expensive. Each is refused by the limits at once, and the
/// rules alone get through it in a time that is linear in its size.
namespace weft::graphql {

namespace {

using testing::Api;
using testing::parsed;

/// What an optimised build needs less than 50 ms for; others are slower by a factor that is theirs.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::size_t kBytes = 120'000;
constexpr double kMost = 3'000;
#elif defined(__OPTIMIZE__)
constexpr std::size_t kBytes = 250'000;
constexpr double kMost = 50;
#else
constexpr std::size_t kBytes = 120'000;
constexpr double kMost = 600;
#endif

constexpr std::string_view kSdl = R"(
input In { a: In b: [In] c: Int }
interface Node { id: Int self(x: Int, in: In, l: [Int]): Node }
type A implements Node { id: Int self(x: Int, in: In, l: [Int]): A other: B union: U }
type B implements Node { id: Int self(x: Int, in: In, l: [Int]): B other: A }
union U = A | B
type Query { a: A b: B node: Node u: U id: Int self(x: Int, in: In, l: [Int]): Query }
)";

/// `piece(i)` as often as fits.
std::string repeat(const std::function<std::string(int)>& piece, std::size_t bytes = kBytes) {
    std::string out;
    for (int i = 0; out.size() < bytes; ++i) out += piece(i);
    return out;
}
std::string repeat(std::string_view piece, std::size_t bytes = kBytes) {
    return repeat([&](int) { return std::string(piece); }, bytes);
}
std::string nested(std::string_view open, std::string_view close, int depth, std::string_view inner) {
    std::string out;
    for (int i = 0; i < depth; ++i) out += open;
    out += inner;
    for (int i = 0; i < depth; ++i) out += close;
    return out;
}

struct Bomb {
    std::string_view name;
    std::string text;
    bool is_valid = false;  // by the rules
};

std::vector<Bomb> fragment_bombs() {
    auto chain = [](std::string_view before, std::string_view after) {
        return "{ ...F0 }" + repeat([&](int i) {
                   return fmt::format(" fragment F{} on Query {{ {} ...F{} {} }}", i, before, i + 1, after);
               });
    };
    std::string doubling = "{ ...F0 }";
    for (int i = 0; i < 60; ++i)
        doubling += fmt::format(
            " fragment F{0} on Query {{ x: self {{ ...F{1} }} y: self {{ ...F{1} }} }}", i, i + 1
        );
    std::string empty_doubling = "{ ...F0 }";
    for (int i = 0; i < 60; ++i)
        empty_doubling += fmt::format(" fragment F{0} on Query {{ ...F{1} ...F{1} ...F{1} }}", i, i + 1);
    std::string all_to_all = "{ ...F0 }";
    for (int i = 0; i < 200; ++i) {
        all_to_all += fmt::format(" fragment F{} on Query {{ self {{ id ", i);
        for (int j = 0; j < 200; ++j) all_to_all += fmt::format("...F{} ", j);
        all_to_all += "} }";
    }
    std::string beside = "{ ";
    for (int i = 0; i < 4'000; ++i) beside += fmt::format("...F{} ", i);
    beside += "}";
    for (int i = 0; i < 4'000; ++i)
        beside += fmt::format("fragment F{} on Query {{ self {{ x{}: id }} }} ", i, i);
    return {
        {"chain of fragments", chain("id", "")},
        {"chain of fragments through fields", chain("self {", "}")},
        {"doubling fragments", doubling + " fragment F60 on Query { id }", true},
        {"doubling fragments without fields", empty_doubling},
        {"all fragments spread all", all_to_all},
        {"many fragments with one field", beside, true},
        {"unused fragments", "{ id }" + repeat([](int i) {
                                 return fmt::format(" fragment F{} on Query {{ ...F{} id }}", i, i + 1);
                             })},
    };
}

std::vector<Bomb> overlap_bombs() {
    std::string deep = nested("self { ", "} ", 50, "id");
    return {
        {"the same field over and over", "{ " + repeat("id ") + "}", true},
        {"aliases", "{ " + repeat([](int i) { return fmt::format("a{}: id ", i); }) + "}", true},
        {"one object field with ever other subfields",
         "{ " + repeat([](int i) { return fmt::format("self {{ a{}: id }} ", i); }) + "}",
         true},
        {"one object field with the same subfields", "{ " + repeat("self { id self { id } } ") + "}", true},
        {"deep copies side by side", "{ " + repeat(deep) + "}", true},
        {"inline fragments with overlapping fields",
         "{ " + repeat("... { self { ... { self { id } } } } ") + "}",
         true},
        {"inline fragments on two types",
         "{ node { " + repeat("... on A { self { id } } ... on B { self { id } } ") + "} }",
         true},
        {"abstract and concrete fields",
         "{ node { self { id } " +
             repeat("... on A { self { ... on Node { id } } } ... on B { self { id } } ... on Node { self { "
                    "id } } ") +
             "} }",
         true},
        {"differing fields",
         "{ " + repeat([](int i) { return fmt::format("x: self(x: {}) {{ id }} ", i); }) + "}"},
        {"differing fields far apart",
         "{ " + repeat("x: self { self { id } } ") + "x: self { self { id: __typename } } }"},
        {"overlap below overlap",
         "{ " + repeat([](int i) { return fmt::format("self {{ self {{ self {{ a{}: id }} }} }} ", i); }) +
             "}",
         true},
    };
}

std::vector<Bomb> other_bombs() {
    std::string in = nested("{a: ", "}", 50, "{c: 1}");
    std::string operations = repeat(
        [](int i) { return fmt::format("query Q{}($v: Int) {{ self(x: $v) {{ ...F }} }} ", i); }, kBytes / 2
    );
    return {
        {"long list", "{ self(l: [" + repeat("1 ") + "]) { id } }", true},
        {"wide object",
         "{ self(in: {" + repeat([](int i) { return fmt::format("k{}: 1 ", i); }) + "}) { id } }"},
        {"repeated members", "{ self(in: {" + repeat("c: 1 ") + "}) { id } }"},
        {"deep objects", "{ " + repeat("self(in: " + in + ") { id } ") + "}", true},
        {"large arguments that differ",
         "{ " + repeat([&](int i) { return fmt::format("x: self(in: {}, x: {}) {{ id }} ", in, i); }) + "}"},
        {"directives", "{ id " + repeat("@include(if: true) ") + "}"},
        {"unknown directives", "{ id " + repeat([](int i) { return fmt::format("@d{} ", i); }) + "}"},
        {"unknown fields", "{ " + repeat([](int i) { return fmt::format("selv{} ", i); }) + "}"},
        {"unknown arguments",
         "{ self(" + repeat([](int i) { return fmt::format("a{}: 1 ", i); }) + ") { id } }"},
        {"variables", "query Q(" + repeat([](int i) { return fmt::format("$v{}: Int ", i); }) + ") { id }"},
        {"operations that share a fragment",
         operations + "fragment F on Query { " + repeat("self(x: $v) { id } ", kBytes / 2) + "}"},
        {"a long name", "{ " + std::string(kBytes, 'x') + " }"},
        {"introspection",
         "{ __schema { types { " + repeat("fields { args { type { name } } } ") + "} } }",
         true},
    };
}

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

class Bombs : public ::testing::TestWithParam<std::vector<Bomb> (*)()> {
  protected:
    Api api_{kSdl};
};

TEST_P(Bombs, AreRefusedAtOnce) {
    for (const Bomb& bomb : GetParam()()) {
        auto document = parsed(bomb.text);
        double start = cpu_ms();
        bool is_refused = !check_limits(*document, *document->operations[0], {}).has_value();
        if (!is_refused) is_refused = !validate(*document, api_.view()).empty();
        double used = cpu_ms() - start;
        EXPECT_LT(used, kMost) << bomb.name;
        EXPECT_TRUE(is_refused) << bomb.name;
    }
}

TEST_P(Bombs, TakeTheRulesLinearTime) {
    for (const Bomb& bomb : GetParam()()) {
        auto document = parsed(bomb.text);
        double start = cpu_ms();
        std::vector<Finding> findings = validate(*document, api_.view());
        double used = cpu_ms() - start;
        EXPECT_LT(used, kMost) << bomb.name;
        EXPECT_EQ(findings.empty(), bomb.is_valid)
            << bomb.name << (findings.empty() ? "" : ": " + findings[0].message);
        EXPECT_LE(findings.size(), 101u) << bomb.name;
        if (std::getenv("WEFT_TEST_FIGURES") != nullptr)
            fmt::print("{:45} {:7.1f} ms, {} findings\n", bomb.name, used, findings.size());
    }
}

INSTANTIATE_TEST_SUITE_P(All, Bombs, ::testing::Values(fragment_bombs, overlap_bombs, other_bombs));

TEST(OverlapBombs, AConflictBehindManyEqualFieldsIsFound) {
    Api api(kSdl);
    for (std::string_view last : {"x: self { a: id b: __typename }", "x: self(x: 1) { a: id }", "x: id"}) {
        std::string many = repeat("x: self { a: id self { a: __typename } } ", 50'000);
        auto document = parsed("{ " + many + "y: self { self { id } } }");
        EXPECT_TRUE(validate(*document, api.view(), {.only_rule = "OverlappingFieldsCanBeMergedRule"}).empty()
        );
        document = parsed("{ " + many + std::string(last) + " x: self { a: __typename b: id } }");
        std::vector<Finding> findings =
            validate(*document, api.view(), {.only_rule = "OverlappingFieldsCanBeMergedRule"});
        ASSERT_FALSE(findings.empty()) << last;
        EXPECT_THAT(findings[0].message, ::testing::HasSubstr("conflict because")) << last;
    }
}

}  // namespace

}  // namespace weft::graphql
