#include "core/workflow/workflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json marked_definition(std::string_view members) {
    return parse_json(
               R"({"steps": [{"id": "a", "uses": "core/map", "with": {"n": 1}}], )" + std::string(members) +
               "}"
    )
        .value();
}
std::vector<std::string> mark_fields(std::string_view members) {
    std::vector<std::string> out;
    for (const Error& error : problems(marked_definition(members))) out.push_back(error.field);
    return out;
}
std::vector<std::string> mark_problems(std::string_view members) {
    std::vector<std::string> out;
    const auto parsed = parse(marked_definition(members));
    EXPECT_TRUE(parsed) << parsed.error().user;
    for (const Error& error : check(*parsed, {})) out.push_back(error.field + ": " + error.user);
    return out;
}

TEST(Marks, AreAFewTextsThatFitTheirPlace) {
    EXPECT_THAT(
        mark_fields(R"("tags": ["eu", "{{ input.kind }}"], "index": {"order_id": "{{ trigger.body.id }}"})"),
        IsEmpty()
    );
    EXPECT_THAT(mark_fields(R"("tags": "eu")"), ElementsAre("tags"));
    EXPECT_THAT(mark_fields(R"("tags": ["1","2","3","4","5","6","7","8","9"])"), ElementsAre("tags"));
    EXPECT_THAT(mark_fields(R"("tags": [7, "", "a\u0007"])"), ElementsAre("tags[0]", "tags[1]", "tags[2]"));
    EXPECT_THAT(mark_fields(R"("tags": [")" + std::string(65, 'x') + R"("])"), ElementsAre("tags[0]"));
    EXPECT_THAT(mark_fields(R"("index": ["x"])"), ElementsAre("index"));
    EXPECT_THAT(
        mark_fields(R"("index": {"tag": "x", "a b": "x", "n": 1})"),
        ElementsAre("index.tag", "index.a b", "index.n")
    );
    EXPECT_THAT(mark_fields(R"("index": {"n": ")" + std::string(257, 'x') + R"("})"), ElementsAre("index.n"));
    EXPECT_THAT(mark_fields(R"("index": {"n": "{{ input.a"})"), ElementsAre("index.n"));
}

TEST(Marks, SeeWhatARunBeginsWithAndNoSteps) {
    EXPECT_THAT(
        mark_problems(R"("env": {"region": "eu"}, "tags": ["{{ env.region }}", "{{ run.id }}"])"), IsEmpty()
    );
    EXPECT_THAT(
        mark_problems(R"("index": {"n": "{{ steps.a.output.n }}"})"),
        ElementsAre(HasSubstr("index.n: A run is marked when it begins"))
    );
    EXPECT_THAT(
        mark_problems(R"("tags": ["{{ env.region }}"])"), ElementsAre(HasSubstr("env.region is not declared"))
    );
    EXPECT_THAT(
        mark_problems(R"("tags": ["{{ item }}"])"), ElementsAre(HasSubstr("item exists inside loops only"))
    );
}

TEST(Marks, OfAPublishedVersionAreWrittenOutOrTemplates) {
    const auto parsed =
        parse(marked_definition(R"("tags": ["eu"], "index": {"order_id": "{{ input.id }}"})"));
    const auto compiled = compile(parsed.value(), {});
    ASSERT_TRUE(compiled) << compiled.error().user;
    const auto loaded = CompiledWorkflow::load(*compiled);
    ASSERT_TRUE(loaded) << loaded.error().detail;
    ASSERT_EQ(loaded->marks().size(), 2u);
    EXPECT_EQ(loaded->marks()[0].name, kTagMark);
    EXPECT_EQ(loaded->marks()[0].literal, Json("eu"));
    EXPECT_EQ(loaded->marks()[1].name, "order_id");
    EXPECT_TRUE(loaded->marks()[1].literal.is_null());
    EXPECT_EQ(loaded->marks()[1].value, R"("{{ input.id }}")");
    EXPECT_THAT(
        scripts(parse(marked_definition(R"("tags": ["{{ input.a + 1 }}"])")).value()), testing::SizeIs(1)
    );
}

TEST(Marks, GiveTextsOrSayWhyTheyDoNot) {
    const auto of = [](std::string_view name, std::string_view json) {
        return marked(name, parse_json(json).value());
    };
    EXPECT_THAT(of("n", R"("1001")").values, ElementsAre("1001"));
    EXPECT_THAT(of("n", "7").values, ElementsAre("7"));
    EXPECT_THAT(of("n", "true").values, ElementsAre("true"));
    EXPECT_THAT(of("n", "null").values, IsEmpty());
    EXPECT_THAT(of("n", R"("")").values, IsEmpty());
    EXPECT_EQ(of("n", "null").problem + of("n", R"("")").problem, "");
    EXPECT_THAT(of("n", R"(["a"])").problem, HasSubstr("neither a text"));
    EXPECT_THAT(of("tag", R"(["a", null, 2, {}])").values, ElementsAre("a", "2"));
    EXPECT_THAT(of("tag", R"(["a", {}])").problem, HasSubstr("neither a text"));
    EXPECT_THAT(of("n", '"' + std::string(257, 'x') + '"').problem, HasSubstr("more than 256 bytes"));
    EXPECT_THAT(of("tag", '"' + std::string(65, 'x') + '"').problem, HasSubstr("more than 64 bytes"));
    EXPECT_THAT(of("n", R"("a\u0000b")").problem, HasSubstr("control characters"));
    std::string many = "[\"0\"";
    for (int i = 1; i < 20; ++i) many += ",\"" + std::to_string(i) + '"';
    EXPECT_EQ(of("tag", many + "]").values.size(), 16u);
    EXPECT_THAT(of("tag", many + "]").problem, HasSubstr("at most 16"));
}

}  // namespace
}  // namespace weft::workflow
