#include "core/trigger/filter.h"

#include "core/trigger/networks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::trigger {
namespace {

Json tree(std::string_view text) {
    auto read = parse_json(text);
    EXPECT_TRUE(read) << text;
    return read.value_or(Json());
}

bool passes(std::string_view filter, std::string_view input) {
    const auto made = Filter::parse(tree(filter), "config.filter");
    EXPECT_TRUE(made) << filter << made.error().user << made.error().field;
    return made && made->passes(tree(input), tree(R"({"kind": "webhook", "headers": {"x-topic": "a.b"}})"));
}

std::string wrong(std::string_view filter) {
    const auto made = Filter::parse(tree(filter), "f");
    EXPECT_FALSE(made) << filter;
    return made ? "" : made.error().field;
}

TEST(Filter, ComparesWhatAPathFinds) {
    constexpr const char* kInput =
        R"({"total": 100.0, "state": "paid", "tags": ["a", 1], "none": null, "ok": true})";
    const std::vector<std::tuple<const char*, const char*, bool>> cases = {
        {"total", R"("is": "equal", "value": 100)", true},
        {"total", R"("value": "100")", false},
        {"total", R"("is": "greater", "value": 99.5)", true},
        {"total", R"("is": "greater", "value": 100)", false},
        {"total", R"("is": "at-least", "value": 1e2)", true},
        {"total", R"("is": "less", "value": 1000)", true},
        {"total", R"("is": "at-most", "value": 99)", false},
        {"total", R"("is": "less", "value": "zzz")", false},
        {"state", R"("is": "greater", "value": "paic")", true},
        {"state", R"("is": "starts-with", "value": "pa")", true},
        {"state", R"("is": "ends-with", "value": "pa")", false},
        {"state", R"("is": "contains", "value": "ai")", true},
        {"state", R"("is": "one-of", "value": ["open", "paid"])", true},
        {"state", R"("is": "not-equal", "value": "paid")", false},
        {"tags", R"("is": "contains", "value": 1)", true},
        {"tags", R"("is": "contains", "value": "1")", false},
        {"tags.0", R"("value": "a")", true},
        {"ok", R"("value": true)", true},
        {"none", R"("is": "there")", false},
        {"none", R"("is": "missing")", true},
        {"none", R"("value": null)", false},
        {"other.deep", R"("is": "missing")", true},
        {"other", R"("is": "not-equal", "value": 1)", true},
        {"other", R"("is": "less", "value": 1)", false},
        {"state", R"("is": "there")", true},
    };
    for (const auto& [path, rest, is_wanted] : cases) {
        const std::string filter = R"({"path": "input.)" + std::string(path) + "\", " + rest + "}";
        EXPECT_EQ(passes(filter, kInput), is_wanted) << filter;
    }
    EXPECT_TRUE(passes(R"({"path": "trigger.headers.x-topic", "value": "a.b"})", "null"));
    EXPECT_TRUE(passes(R"({"path": "input", "value": 7})", "7"));
}

TEST(Filter, JoinsConditions) {
    constexpr const char* kA = R"({"path": "input.a", "value": 1})";
    constexpr const char* kB = R"({"path": "input.b", "value": 1})";
    const auto list = [&](const char* how) {
        return std::string("{\"") + how + "\": [" + kA + ", " + kB + "]}";
    };
    EXPECT_FALSE(passes(list("all"), R"({"a": 1})"));
    EXPECT_TRUE(passes(list("all"), R"({"a": 1, "b": 1})"));
    EXPECT_TRUE(passes(list("any"), R"({"b": 1})"));
    EXPECT_FALSE(passes(list("any"), R"({})"));
    EXPECT_TRUE(passes(list("none"), R"({})"));
    EXPECT_FALSE(passes(list("none"), R"({"b": 1})"));
    EXPECT_TRUE(passes(R"({"all": [{"any": [)" + std::string(kA) + "]}]}", R"({"a": 1})"));
}

TEST(Filter, WhatIsWrongIsNamed) {
    EXPECT_EQ(wrong("[]"), "f");
    EXPECT_EQ(wrong("{}"), "f.path");
    EXPECT_EQ(wrong(R"({"path": "body.x", "value": 1})"), "f.path");
    EXPECT_EQ(wrong(R"({"path": "input..x", "value": 1})"), "f.path");
    EXPECT_EQ(wrong(R"({"path": "input.x"})"), "f.value");
    EXPECT_EQ(wrong(R"({"path": "input.x", "is": "there", "value": 1})"), "f.value");
    EXPECT_EQ(wrong(R"({"path": "input.x", "is": "like", "value": 1})"), "f.is");
    EXPECT_EQ(wrong(R"({"path": "input.x", "is": "one-of", "value": 1})"), "f.value");
    EXPECT_EQ(wrong(R"({"path": "input.x", "is": "greater", "value": []})"), "f.value");
    EXPECT_EQ(wrong(R"({"path": "input.x", "is": "starts-with", "value": 1})"), "f.value");
    EXPECT_EQ(wrong(R"({"all": []})"), "f.all");
    EXPECT_EQ(wrong(R"({"all": [{"path": "input"}], "any": []})"), "f.any");
    EXPECT_EQ(wrong(R"({"all": [{"path": "input.x", "value": 1}, {"any": 1}]})"), "f.all[1].any");
    std::string deep = R"({"path": "input.x", "value": 1})";
    for (int i = 0; i < Filter::kDepthMax; ++i) deep = R"({"all": [)" + deep + "]}";
    EXPECT_EQ(wrong(deep), "f.all[0].all[0].all[0].all[0]");
    std::string many = R"({"any": [)";
    for (std::size_t i = 0; i < Filter::kConditionsMax; ++i) many += R"({"path": "input.x", "value": 1},)";
    many.back() = ']';
    EXPECT_EQ(wrong(many + "}"), "f.any[49]");
    EXPECT_EQ(wrong(R"({"path": "input.x", "value": ")" + std::string(1'000, 'x') + "\"}"), "f.value");
}

TEST(Networks, HoldAddresses) {
    const auto made = Networks::parse(
        tree(R"(["192.0.2.0/24", "198.51.100.7", "2001:db8::/33", "::1"])"), "config.networks"
    );
    ASSERT_TRUE(made);
    for (const char* inside :
         {"192.0.2.0", "192.0.2.255", "198.51.100.7", "2001:db8:7fff::1", "::1", "::ffff:192.0.2.9"})
        EXPECT_TRUE(made->contains(inside)) << inside;
    for (const char* outside :
         {"192.0.3.0", "198.51.100.8", "2001:db8:8000::", "::2", "", "unix", "192.0.2.1 ", "192.0.2"})
        EXPECT_FALSE(made->contains(outside)) << outside;
    const auto all = Networks::parse(tree(R"(["0.0.0.0/0"])"), "f");
    EXPECT_TRUE(all->contains("8.8.8.8"));
    EXPECT_FALSE(all->contains("2001:db8::1")) << "of the other family";
    EXPECT_EQ(Networks::parse(made->json(), "f").value(), *made);
}

TEST(Networks, WhatIsNoneIsNamed) {
    for (const char* text :
         {"192.0.2.7/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "example.com", "2001:db8::/129", ""
         }) {
        const auto made = Networks::parse(JsonArray{"::1", text}, "f");
        ASSERT_FALSE(made) << text;
        EXPECT_EQ(made.error().field, "f[1]");
    }
    EXPECT_FALSE(Networks::parse(JsonArray{}, "f"));
    EXPECT_FALSE(Networks::parse(Json("::1"), "f"));
}

}  // namespace
}  // namespace weft::trigger
