#include "base/bytes.h"
#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Error, EveryCodeHasANameAndAStatus) {
    for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
        auto code = static_cast<Code>(i);
        EXPECT_FALSE(name(code).empty());
        EXPECT_GE(http_status(code), 400);
    }
    EXPECT_EQ(name(Code::kInternal), "internal");
    EXPECT_EQ(http_status(Code::kNotFound), 404);
}

TEST(Error, DuringKeepsTheCause) {
    Error error = Error::unavailable("Database is away", "connection refused").during("claim");
    EXPECT_EQ(error.detail, "claim: connection refused");
    EXPECT_EQ(error.retry, Retry::kBackoff);
}

Result<int> twice(Result<int> in) {
    TRY(int value, std::move(in));
    return 2 * value;
}

TEST(Result, TryReturnsTheErrorOrTheValue) {
    EXPECT_EQ(twice(21).value(), 42);
    EXPECT_EQ(twice(fail(Error::not_found("gone"))).error().code, Code::kNotFound);
}

TEST(Id, TextRoundTripsAndVersionSevenSortsByTime) {
    SeededRng rng(1);
    RunId early = RunId::make(Instant(1000ms), rng);
    RunId late = RunId::make(Instant(2000ms), rng);
    EXPECT_LT(early, late);
    EXPECT_EQ(RunId::parse(early.text()), early);
    EXPECT_EQ(early.text()[14], '7');
    for (const char* bad :
         {"", "x", "0189-", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "01890000-0000-7000-8000-00000000000"})
        EXPECT_FALSE(RunId::parse(bad)) << bad;
}

TEST(Bytes, EncodingsRoundTrip) {
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all += static_cast<char>(i);
        EXPECT_EQ(from_hex(hex(all)), all);
        EXPECT_EQ(from_base64(base64(all)), all);
        EXPECT_EQ(from_base64url(base64url(all)), all);
    }
}

TEST(Bytes, DecodersRefuseMalformedText) {
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_FALSE(from_hex("zz"));
    EXPECT_FALSE(from_base64("abc"));
    EXPECT_FALSE(from_base64("ab=c"));
    EXPECT_FALSE(from_base64("====") && !from_base64("====")->empty());
    EXPECT_FALSE(from_base64("QR=="));  // a second spelling of "A"
    EXPECT_FALSE(from_base64url("a+b"));
}

TEST(Json, ParsesWithinLimits) {
    EXPECT_EQ(to_text(*parse_json(R"({"b":1,"a":[true,null,"x"]})")), R"({"b":1,"a":[true,null,"x"]})");
    EXPECT_EQ(to_text(*parse_json("9223372036854775807")), "9223372036854775807");
    std::string deep(65, '[');
    deep += std::string(65, ']');
    EXPECT_EQ(parse_json(deep).error().code, Code::kLimit);
    EXPECT_EQ(parse_json("[1,2]", {.bytes_max = 4}).error().code, Code::kLimit);
}

TEST(Json, CountsValuesAndNotBytesOnly) {
    EXPECT_TRUE(parse_json(R"({"a":[1,"x"],"b":{}})", {.nodes_max = 5}));
    for (const char* text :
         {R"({"a":[1,"x"],"b":{}})", "[[],[],[],[]]", "[1,2.5,true,null]", R"(["","","",""])"})
        EXPECT_EQ(parse_json(text, {.nodes_max = 4}).error().code, Code::kLimit) << text;
    EXPECT_EQ(parse_json("[[],[],[],[]", {.nodes_max = 5}).error().code, Code::kInvalid);
}

TEST(Json, RefusesBrokenText) {
    for (const char* bad : {"", "{", "[1,]", "{} x", "nul", "'a'", "{\"a\":1,}"})
        EXPECT_EQ(parse_json(bad).error().code, Code::kInvalid) << bad;
}

TEST(Json, RefusesDuplicateKeysAtAnyDepth) {
    EXPECT_EQ(parse_json(R"({"a":1,"a":2})").error().code, Code::kInvalid);
    EXPECT_EQ(parse_json(R"([{"b":{"x":1,"y":2,"x":3}}])").error().code, Code::kInvalid);
    EXPECT_TRUE(parse_json(R"({"a":{"x":1},"b":{"x":1}})"));
    EXPECT_EQ(parse_json(R"({"a":{"a":1},"\u0061":2})").error().code, Code::kInvalid) << "spelt otherwise";
    EXPECT_EQ(
        parse_json(R"({"k\u0065y":1,"key":2})").error().user, R"(The JSON object has the key "key" twice)"
    );
}

TEST(Secret, WipesWhatItHeld) {
    std::string value = "a-long-enough-secret-to-live-on-the-heap";
    const char* at = value.data();
    std::size_t size = value.size();
    Secret secret(std::move(value));
    Secret::wipe(value);
    EXPECT_EQ(secret.reveal().size(), size);
    (void)at;
    EXPECT_TRUE(secret == Secret("a-long-enough-secret-to-live-on-the-heap"));
    EXPECT_FALSE(secret == Secret("other"));
}

TEST(Time, FormatsAsRfc3339) {
    EXPECT_EQ(rfc3339(Instant(1'700'000'000'123ms)), "2023-11-14T22:13:20.123Z");
}

}  // namespace
}  // namespace weft
