#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> wrong(std::string_view text) {
    std::vector<std::string> out;
    const Json tree = parse_json(text).value();
    auto found = problems(tree);
    if (found.empty()) found = check(parse(tree).value(), {});
    for (const Error& problem : found) out.push_back(problem.field + ": " + problem.user);
    return out;
}

constexpr std::string_view kLoop = R"({"steps":[
    {"id":"a","uses":"core/map","with":[1]},
    {"id":"each","needs":["a"],"uses":"core/foreach","with":{"items":"{{ steps.a.output }}","concurrency":3},
     "steps":[{"id":"x","uses":"core/map","with":"{{ item + steps.a.output[0] }}"},
              {"id":"y","needs":["x"],"uses":"core/map","with":"{{ steps.x.output + index }}"}],
     "output":{"y":"{{ steps.y.output }}"}},
    {"id":"z","needs":["each"],"uses":"core/map","with":"{{ steps.each.output }}"}]})";

TEST(Loops, AreOneListBehindTheirLoopWhenCompiled) {
    auto parsed = parse(parse_json(kLoop).value());
    ASSERT_TRUE(parsed) << parsed.error().user;
    std::vector<std::string> ids;
    for (const Step& step : parsed->steps) ids.push_back(step.id + " " + step.field);
    EXPECT_THAT(
        ids,
        ElementsAre(
            "a steps[0]",
            "each steps[1]",
            "z steps[2]",
            "x steps[1].steps[0]",
            "y steps[1].steps[1]",
            "each.item steps[1]"
        )
    );
    EXPECT_THAT(check(*parsed, {}), ElementsAre());
    auto compiled = CompiledWorkflow::load(compile(*parsed, {}).value());
    ASSERT_TRUE(compiled) << compiled.error().detail;
    EXPECT_EQ(compiled->steps().size(), 6u);
    EXPECT_EQ(compiled->plan().steps.size(), 3u + 3u * 3u);
    EXPECT_EQ(compiled->plan().lanes.size(), 3u);
    EXPECT_EQ(compiled->plan().definition_of(7), 4) << "y of the second lane";
    EXPECT_EQ(compiled->plan().steps[7].needs.front().step, 6);
}

TEST(Loops, NameWhatIsWrongWhereItStands) {
    auto in_loop = [](std::string_view with, std::string_view body) {
        return wrong(fmt::format(
            R"({{"steps":[{{"id":"e","uses":"core/foreach","with":{},"steps":{}}},
                {{"id":"o","uses":"core/map","with":"{{{{ steps.x.output }}}}","needs":["e"]}}]}})",
            with,
            body
        ));
    };
    constexpr std::string_view kBody = R"([{"id":"x","uses":"core/map","with":"{{ item }}"}])";
    EXPECT_THAT(
        in_loop(R"({"items":[]})", kBody),
        ElementsAre("steps[1].with: x is inside the loop e; say steps.e.output")
    );
    EXPECT_THAT(in_loop(R"({})", kBody), ElementsAre("steps[0].with.items: items is missing"));
    EXPECT_THAT(
        in_loop(R"({"items":5,"concurrency":0,"batch":"x","collect":1,"on-item-error":"no","y":1})", kBody),
        ElementsAre(HasSubstr("steps[0].with.y: Unknown member"))
    );
    EXPECT_THAT(
        in_loop(R"({"items":5,"concurrency":1001,"batch":"x","collect":1,"on-item-error":"no"})", kBody),
        ElementsAre(
            "steps[0].with.items: items is a list, or an expression that gives one",
            "steps[0].with.concurrency: concurrency is a whole number from 1 to 1000",
            "steps[0].with.batch: batch is a whole number from 1 to 10000",
            "steps[0].with.on-item-error: on-item-error is fail or continue",
            "steps[0].with.collect: collect is true or false"
        )
    );
    EXPECT_THAT(
        in_loop(R"({"items":[]})", "[]"), ElementsAre("steps[0].steps: steps is a list of at least one step")
    );
    EXPECT_THAT(
        wrong(R"({"steps":[{"id":"e","uses":"core/while","with":{"condition":"{{ item }}"},"steps":[
            {"id":"x","needs":["b"],"uses":"core/map","with":"{{ outer }}"}]},{"id":"b","uses":"core/break"}]})"
        ),
        ElementsAre(
            "steps[1].uses: core/break stands in a loop's steps",
            "steps[0].steps[0].needs[0]: b stands in another list of steps; needs names those of the same "
            "list"
        )
    );
    EXPECT_THAT(
        wrong(R"({"steps":[{"id":"e","uses":"core/while","with":{"condition":"{{ item || last }}"},"steps":[
            {"id":"x","uses":"core/map","with":"{{ outer + last + index }}"}]},
            {"id":"b","uses":"core/map","with":"{{ item }}"}]})"),
        ElementsAre(
            "steps[0].with.condition: item exists inside core/foreach only",
            "steps[1].with: item exists inside loops only",
            "steps[0].steps[0].with: outer exists inside a loop that is inside another only"
        )
    );
    EXPECT_THAT(
        wrong(R"({"steps":[{"id":"b","uses":"core/map","steps":[],"join":"any"}]})"),
        ElementsAre(
            "steps[0].join: join is all or first",
            "steps[0].steps: Only core/foreach and core/while have steps"
        )
    );
}

TEST(Loops, HaveBounds) {
    std::string text = R"({"id":"x","uses":"core/map"})";
    for (int i = 0; i < 4; ++i)
        text = fmt::format(
            R"({{"id":"e{}","uses":"core/foreach","with":{{"items":[]}},"steps":[{}]}})", i, text
        );
    EXPECT_THAT(wrong(R"({"steps":[)" + text + "]}"), ElementsAre(HasSubstr("Loops stand at most 3 deep")));
    text = R"({"id":"x","uses":"core/map"})";
    for (int i = 0; i < 3; ++i)
        text = fmt::format(
            R"({{"id":"e{}","uses":"core/foreach","with":{{"items":[],"concurrency":20}},"steps":[{}]}})",
            i,
            text
        );
    EXPECT_THAT(wrong(R"({"steps":[)" + text + "]}"), ElementsAre(HasSubstr("lower the concurrency")));
}

TEST(Finally, SeesEveryStepAndHowItEnded) {
    EXPECT_THAT(
        wrong(R"({"steps":[{"id":"a","uses":"core/map","with":"{{ outcome }}"}],"finally":[
            {"id":"f","uses":"core/map","with":"{{ outcome.status + steps.a?.status }}"},
            {"id":"g","needs":["a"],"uses":"core/map"}]})"),
        ElementsAre(
            "finally[1].needs[0]: a stands in another list of steps; needs names those of the same list"
        )
    );
    EXPECT_THAT(
        wrong(R"({"steps":[{"id":"a","uses":"core/map","with":"{{ outcome }}"}],"finally":[
            {"id":"f","uses":"core/map","with":"{{ outcome.status + steps.a?.status }}"}]})"),
        ElementsAre("steps[0].with: outcome exists in finally only")
    );
}

TEST(Merge, PutsListsTogetherInFourWays) {
    auto merged = [](std::string_view with) {
        auto out = merge_of(parse_json(with).value());
        return out ? to_text(*out) : out.error().field + ": " + out.error().user;
    };
    EXPECT_EQ(merged(R"({"inputs":[[1,2],null,3,[]]})"), "[1,2,3]");
    EXPECT_EQ(merged(R"({"mode":"first","inputs":[null,{"a":1},{"b":2}]})"), R"({"a":1})");
    EXPECT_EQ(merged(R"({"mode":"first","inputs":[null]})"), "null");
    constexpr std::string_view kTwo = R"("inputs":[[{"id":1,"a":1},{"id":2,"a":2}],[{"id":2,"b":2}]])";
    EXPECT_EQ(
        merged(fmt::format(R"({{"mode":"position",{}}})", kTwo)), R"([{"id":2,"a":1,"b":2},{"id":2,"a":2}])"
    );
    EXPECT_EQ(
        merged(fmt::format(R"({{"mode":"position","keep":"matches",{}}})", kTwo)), R"([{"id":2,"a":1,"b":2}])"
    );
    EXPECT_EQ(
        merged(fmt::format(R"({{"mode":"key","key":"id",{}}})", kTwo)),
        R"([{"id":1,"a":1},{"id":2,"a":2,"b":2}])"
    );
    EXPECT_EQ(
        merged(fmt::format(R"({{"mode":"key","key":"id","keep":"matches",{}}})", kTwo)),
        R"([{"id":2,"a":2,"b":2}])"
    );
    EXPECT_EQ(
        merged(R"({"mode":"key","key":"x","inputs":[[{"id":1}]]})"), R"(inputs: An element has no "x")"
    );
    EXPECT_EQ(
        merged(R"({"mode":"position","inputs":[[1]]})"),
        "inputs: Merging by position takes lists of objects, and an element is none"
    );
}

}  // namespace
}  // namespace weft::workflow
