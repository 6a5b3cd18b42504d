#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

Json tree(std::string_view text) {
    return parse_json(text).value();
}
/// Where the problems of one core step are.
std::vector<std::string> fields_of(std::string_view uses, std::string_view with, std::string_view more = "") {
    std::vector<std::string> out;
    const auto text =
        fmt::format(R"({{"name":"t","steps":[{{"id":"a","uses":"{}","with":{}{}}}]}})", uses, with, more);
    for (const Error& error : problems(tree(text))) out.push_back(error.field);
    return out;
}
std::string until(std::string_view with) {
    auto at = sleep_until(tree(with), kNow);
    return at ? rfc3339(*at).substr(0, 19) : at.error().field + ": " + at.error().user;
}

TEST(Waits, ASleepIsForATimeOrUntilAnInstant) {
    EXPECT_EQ(until(R"({"for":"90s"})"), "2027-01-15T08:01:30");
    EXPECT_EQ(until(R"({"duration":2.5})"), "2027-01-15T08:00:02");
    EXPECT_EQ(until(R"({"for":"1826d"})"), "2032-01-15T08:00:00");
    EXPECT_EQ(until(R"({"until":"2027-03-01T09:00Z"})"), "2027-03-01T09:00:00");
    EXPECT_EQ(until(R"({"until":"2027-03-01T09:00","zone":"Europe/Berlin"})"), "2027-03-01T08:00:00");
    EXPECT_EQ(until(R"({"until":"2027-07-01","zone":"Europe/Berlin"})"), "2027-06-30T22:00:00");
    // The hour that never comes: clocks are put forward over it.
    EXPECT_EQ(until(R"({"until":"2027-03-28T02:30","zone":"Europe/Berlin"})"), "2027-03-28T01:30:00");
    EXPECT_EQ(until(R"({"until":"2020-01-01T00:00Z"})"), "2027-01-15T08:00:00") << "what has passed is now";
}

TEST(Waits, ASleepThatIsNoneNamesItsField) {
    EXPECT_THAT(until(R"({})"), HasSubstr("either for or until"));
    EXPECT_THAT(until(R"({"for":"1s","until":"2027-03-01T09:00Z"})"), HasSubstr("either for or until"));
    EXPECT_THAT(until(R"({"for":"1828d"})"), HasSubstr("for: A step waits at most 5 years"));
    EXPECT_THAT(until(R"({"until":"2033-03-01T09:00Z"})"), HasSubstr("until: A step waits at most 5 years"));
    EXPECT_THAT(until(R"({"until":"2027-03-01T09:00"})"), HasSubstr("until: until does not say where"));
    EXPECT_THAT(until(R"({"until":"2027-03-01T09:00","zone":"Berlin"})"), HasSubstr("zone: "));
    EXPECT_THAT(until(R"({"until":"soon"})"), HasSubstr("until: "));
}

TEST(Waits, AreCheckedWhenWritten) {
    EXPECT_THAT(fields_of("core/sleep", R"({"for":"10m"})"), ElementsAre());
    EXPECT_THAT(fields_of("core/sleep", R"({"until":"2027-03-01T09:00Z"})"), ElementsAre());
    EXPECT_THAT(
        fields_of("core/sleep", R"({"until":"{{ input.at }}","zone":"Europe/Berlin"})"), ElementsAre()
    );
    EXPECT_THAT(fields_of("core/sleep", R"({"until":"soon"})"), ElementsAre("steps[0].with.until"));
    EXPECT_THAT(
        fields_of("core/sleep", R"({"for":"10m"})", R"(,"timeout":"1m")"), ElementsAre("steps[0].timeout")
    );
    EXPECT_THAT(fields_of("core/callback", "{}"), ElementsAre());
    EXPECT_THAT(fields_of("core/callback", R"({"timeout":"3d","on-timeout":"continue"})"), ElementsAre());
    EXPECT_THAT(fields_of("core/callback", R"({"timeout":"6y"})"), ElementsAre("steps[0].with.timeout"));
    EXPECT_THAT(
        fields_of("core/callback", R"({"on-timeout":"later"})"), ElementsAre("steps[0].with.on-timeout")
    );
    EXPECT_THAT(fields_of("core/callback", "{}", R"(,"timeout":"1m")"), ElementsAre("steps[0].timeout"));
    EXPECT_THAT(fields_of("core/event", R"({"event":"paid","key":"{{ input.id }}"})"), ElementsAre());
    EXPECT_THAT(fields_of("core/event", R"({"event":"paid"})"), ElementsAre("steps[0].with.key"));
    EXPECT_THAT(fields_of("core/event", R"({"key":"7"})"), ElementsAre("steps[0].with.event"));
}

TEST(Waits, SayWhatTheyAskFor) {
    const Wait wait = *wait_of(CoreKind::kEvent, tree(R"({"event":"paid","key":7,"timeout":"2d"})"));
    EXPECT_EQ(wait.event, "paid");
    EXPECT_EQ(wait.key, "7");
    EXPECT_EQ(wait.timeout, Millis(2 * 86'400'000));
    EXPECT_EQ(wait.on_timeout, runstate::OnError::kFail);
    EXPECT_EQ(wait_of(CoreKind::kCallback, tree("{}"))->timeout, Millis(7 * 86'400'000));
    EXPECT_EQ(wait_of(CoreKind::kEvent, tree(R"({"event":"paid","key":""})")).error().field, "key");
}

TEST(Waits, OnlyWhatWaitsForAnAnswerCanBeNeededWhileItWaits) {
    const auto needs = [](std::string_view uses, std::string_view with) {
        const auto found = problems(tree(fmt::format(
            R"({{"name":"t","steps":[{{"id":"a","uses":"{}","with":{}}},
                {{"id":"b","uses":"core/map","with":1,"needs":[{{"step":"a","on":"waiting"}}]}}]}})",
            uses,
            with
        )));
        return found.empty() ? "" : found.front().field;
    };
    EXPECT_EQ(needs("core/callback", "{}"), "");
    EXPECT_EQ(needs("core/sleep", R"({"for":"1s"})"), "steps[1].needs[0].on");
    EXPECT_EQ(needs("core/map", "1"), "steps[1].needs[0].on");
}

TEST(Waits, ABranchThatIsCalledAsAWordThatCameLaterStaysABranch) {
    auto definition = parse(tree(
        R"({"name":"t","steps":[{"id":"s","uses":"core/switch","with":{"value":"x","cases":["wait"]}},
            {"id":"b","uses":"core/map","with":1,"needs":[{"step":"s","on":"wait"}]}]})"
    ));
    ASSERT_TRUE(definition);
    std::string old = to_text(*compile(*definition, {}));
    for (std::size_t at = old.find("\"wait\""); at != std::string::npos; at = old.find("\"wait\"", at))
        old.replace(at, 6, "\"waiting\"");
    auto loaded = CompiledWorkflow::load(tree(old));
    ASSERT_TRUE(loaded) << loaded.error().detail;
    EXPECT_EQ(loaded->plan().steps[1].needs.front(), (runstate::Need{0, runstate::NeedOn::kSuccess, 0}));
}

}  // namespace
}  // namespace weft::workflow
