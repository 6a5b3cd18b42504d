#include "core/runstate/policy.h"

#include "core/runstate/runstate.h"

#include <gtest/gtest.h>

namespace weft::runstate {
namespace {

TEST(Duration, ReadsWholeNumbersWithAUnit) {
    EXPECT_EQ(*parse_duration("500ms", "f"), Millis(500));
    EXPECT_EQ(*parse_duration("90s", "f"), Millis(90'000));
    EXPECT_EQ(*parse_duration("2h", "f"), Millis(7'200'000));
    EXPECT_EQ(*parse_duration("1830d", "f"), Millis(1830LL * 86'400'000));
    EXPECT_EQ(*duration_of(Json(1.5), "f"), Millis(1'500));
}

TEST(Duration, RefusesEverythingElseNamingTheField) {
    for (std::string_view text :
         {"", "s", "5", "5 s", "-5s", "1.5s", "5x", "1831d", "99999999999999999999s", "5ss"}) {
        auto read = parse_duration(text, "steps[0].timeout");
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().field, "steps[0].timeout");
    }
    EXPECT_FALSE(duration_of(Json(-1), "f"));
    EXPECT_FALSE(duration_of(Json(true), "f"));
}

TEST(Duration, TextReadsBack) {
    for (std::int64_t ms : {1LL, 500LL, 1'000LL, 90'000LL, 60'000LL, 86'400'000LL, 61'001LL, 0LL})
        EXPECT_EQ(*parse_duration(duration_text(Millis(ms)), "f"), Millis(ms)) << ms;
    EXPECT_EQ(duration_text(Millis(60'000)), "1m");
    EXPECT_EQ(duration_text(Millis(90'000)), "90s");
}

TEST(Retry, TakesWhatIsAbsentFromTheBaseAndReadsBack) {
    RetryPolicy base{.attempts = 7, .backoff = Backoff::kFixed, .initial = Millis(10), .max = Millis(20)};
    Json value = {{"attempts", 5}};
    RetryPolicy read = *parse_retry(value, base, "retry");
    EXPECT_EQ(read, (RetryPolicy{5, Backoff::kFixed, Millis(10), Millis(20)}));
    EXPECT_EQ(*parse_retry(to_json(read), {}, "retry"), read);
}

TEST(Retry, NamesTheMemberAtFault) {
    auto field = [](Json value) { return parse_retry(value, {}, "steps[2].retry").error().field; };
    EXPECT_EQ(field({{"attempts", 0}}), "steps[2].retry.attempts");
    EXPECT_EQ(field({{"attempts", 21}}), "steps[2].retry.attempts");
    EXPECT_EQ(field({{"attempts", "3"}}), "steps[2].retry.attempts");
    EXPECT_EQ(field({{"backoff", "linear"}}), "steps[2].retry.backoff");
    EXPECT_EQ(field({{"initial", "0s"}}), "steps[2].retry.initial");
    EXPECT_EQ(field({{"initial", "10s"}, {"max", "5s"}}), "steps[2].retry.max");
    EXPECT_EQ(field({{"tries", 3}}), "steps[2].retry.tries");
    EXPECT_EQ(field("five"), "steps[2].retry");
}

TEST(RetryDelay, DoublesUpToTheMaximumWithFullJitter) {
    RetryPolicy policy{.attempts = 10, .initial = Millis(100), .max = Millis(500)};
    EXPECT_EQ(retry_delay(policy, 1, std::nullopt, 0.999999), Millis(99));
    EXPECT_EQ(retry_delay(policy, 2, std::nullopt, 0.5), Millis(100));
    EXPECT_EQ(retry_delay(policy, 9, std::nullopt, 0.5), Millis(250));
    EXPECT_EQ(retry_delay(policy, 9, std::nullopt, 0.0), Millis(0));
    policy.backoff = Backoff::kFixed;
    EXPECT_EQ(retry_delay(policy, 9, std::nullopt, 0.5), Millis(50));
}

TEST(RetryDelay, HonoursTheProvidersWishUpToAnHour) {
    RetryPolicy policy{.attempts = 3, .initial = Millis(100), .max = Millis(100)};
    EXPECT_EQ(retry_delay(policy, 1, Millis(30'000), 0.5), Millis(30'000));
    EXPECT_EQ(retry_delay(policy, 1, Millis(86'400'000), 0.5), Millis(3'600'000));
    EXPECT_EQ(retry_delay(policy, 1, Millis(1), 0.5), Millis(50));
}

TEST(IdempotencyKey, DependsOnRunStepAndIterationOnly) {
    SeededRng rng(1);
    RunId run = RunId::make(Instant{}, rng);
    RunId other = RunId::make(Instant{}, rng);
    EXPECT_EQ(idempotency_key(run, "pay"), idempotency_key(run, "pay"));
    EXPECT_NE(idempotency_key(run, "pay"), idempotency_key(other, "pay"));
    EXPECT_NE(idempotency_key(run, "pay"), idempotency_key(run, "pay2"));
    EXPECT_NE(idempotency_key(run, "pay", 1), idempotency_key(run, "pay", 2));
    EXPECT_NE(idempotency_key(run, "pay1"), idempotency_key(run, "pay", 1));
    EXPECT_NE(idempotency_key(run, "pay"), idempotency_key(run, "pay", 1));
    auto uuid = Uuid::parse(idempotency_key(run, "pay"));
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->bytes[6] >> 4, 8);
}

// A change of the key's recipe would repeat effects of runs that are under way during an upgrade.
TEST(IdempotencyKey, RecipeIsFrozen) {
    auto run = RunId::parse("01890a5d-ac96-774b-bcce-b302099a8057");
    ASSERT_TRUE(run);
    EXPECT_EQ(idempotency_key(*run, "pay"), "c9825086-ff1b-830b-80f0-75630bfeb4b2");
}

TEST(Retry, ClassesOfErrorsTakeFromThePolicyAroundThem) {
    const auto policy = parse_retry(
        *parse_json(R"({"attempts": 4, "initial": "2s", "classes": {"rate_limited": {"attempts": 9},
            "auth": {"attempts": 1, "backoff": "fixed"}}})"),
        {},
        "retry"
    );
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->of(ErrorClass::kRateLimited), (RetryPolicy{.attempts = 9, .initial = Millis(2'000)}));
    EXPECT_EQ(policy->of(ErrorClass::kAuth).backoff, Backoff::kFixed);
    EXPECT_EQ(policy->of(ErrorClass::kTimeout).attempts, 4);
    EXPECT_TRUE(policy->names(ErrorClass::kAuth));
    EXPECT_FALSE(policy->names(ErrorClass::kTimeout));
    const auto again = parse_retry(to_json(*policy), {}, "retry");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *policy);
    // What a step says goes before what its action says.
    const auto step = parse_retry(*parse_json(R"({"classes": {"auth": {"attempts": 2}}})"), *policy, "retry");
    EXPECT_EQ(step->of(ErrorClass::kAuth).attempts, 2);
    EXPECT_EQ(step->of(ErrorClass::kRateLimited).attempts, 9);
}

TEST(Retry, ClassesThatAreNoneAreNamed) {
    const auto wrong = [](std::string_view text) {
        auto policy = parse_retry(*parse_json(text), {}, "retry");
        return policy ? std::string() : policy.error().field + ": " + policy.error().user;
    };
    EXPECT_EQ(wrong(R"({"classes": []})").substr(0, 15), "retry.classes: ");
    EXPECT_EQ(wrong(R"({"classes": {"odd": {}}})").substr(0, 19), "retry.classes.odd: ");
    EXPECT_EQ(
        wrong(R"({"classes": {"auth": {"attempts": 0}}})").substr(0, 29), "retry.classes.auth.attempts: "
    );
    EXPECT_EQ(
        wrong(R"({"classes": {"auth": {"classes": {}}}})").substr(0, 28), "retry.classes.auth.classes: "
    );
}

}  // namespace
}  // namespace weft::runstate
