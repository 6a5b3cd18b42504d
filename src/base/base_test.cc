#include "base/bytes.h"
#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/json_pointer.h"
#include "base/percent.h"
#include "base/secret.h"
#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

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

TEST(Percent, DecodesOnceAndKeepsWhatIsNoEscape) {
    EXPECT_EQ(percent_decode("a%20b%2Fc%c3%a9"), "a b/c\xC3\xA9");
    EXPECT_EQ(percent_decode("100%"), "100%");
    EXPECT_EQ(percent_decode("%2"), "%2");
    EXPECT_EQ(percent_decode("%zz%2541+"), "%zz%41+");
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

TEST(Json, KeepsNumbersAsTheyAreWritten) {
    for (const char* text :
         {"19.90",
          "1E2",
          "-0",
          "0.1000",
          "9007199254740993",
          "123456789012345678901234567890",
          "1e400",
          "-1.50e-30",
          "8.41e21",
          "18446744073709551616"})
        EXPECT_EQ(to_text(*parse_json(text)), text);
    EXPECT_EQ(parse_json("[1," + std::string(1001, '9') + "]").error().code, Code::kLimit);
    EXPECT_EQ(parse_json(std::string(1000, '9'))->get_number().text().size(), 1000U);
    for (const char* bad : {"01", "1.", ".5", "+1", "1e", "-", "0x1F", "1_000", "NaN", "Infinity"})
        EXPECT_EQ(parse_json(bad).error().code, Code::kInvalid) << bad;
}

TEST(Json, ReadsHalfOfASurrogatePairAsTheReplacementCharacter) {
    EXPECT_EQ(to_text(*parse_json(R"("a\ud83d")")), "\"a\xEF\xBF\xBD\"");
    EXPECT_EQ(to_text(*parse_json(R"("\ude00\ud83d\ude00x")")), "\"\xEF\xBF\xBD\xF0\x9F\x98\x80x\"");
    EXPECT_EQ(parse_json(R"("\\ud83d")")->get_string(), R"(\ud83d)") << "an escaped backslash begins nothing";
    EXPECT_EQ(to_text(*parse_json(R"({"\udc00":1})")), "{\"\xEF\xBF\xBD\":1}");
}

TEST(Json, PrintsTextThatReadsBack) {
    const std::string all = "\"\\/\b\f\n\r\t\v\x01\x7f\xC3\xA9" + std::string(1, '\0');
    EXPECT_EQ(parse_json(to_text(Json(all)))->get_string(), all);
    EXPECT_EQ(to_text(Json("\b\t\n\v\f\r\x1f")), R"("\b\t\n\u000b\f\r\u001f")");
    EXPECT_EQ(to_text(Json(JsonArray())), "[]");
    EXPECT_EQ(to_text(Json(JsonObject())), "{}");
}

TEST(Json, IsWrittenOutInBraces) {
    EXPECT_EQ(
        to_text({{"a", 1}, {"b", {{"c", nullptr}}}, {"d", {1, "x", true}}}),
        R"({"a":1,"b":{"c":null},"d":[1,"x",true]})"
    );
    EXPECT_EQ(to_text(JsonObject{{"a", 0.5}, {"a", 2}}), R"({"a":0.5})");
    EXPECT_EQ(to_text(JsonArray{"a", 1}), R"(["a",1])");
    EXPECT_EQ(to_text(Json(std::numeric_limits<double>::infinity())), "null");
}

TEST(Json, FindsMembersOfLargeObjects) {
    JsonObject object;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(object.emplace(std::to_string(i), i).second);
    EXPECT_FALSE(object.emplace("17", "again").second);
    EXPECT_EQ(object.at("999").if_int64(), 999);
    EXPECT_EQ(object.erase("500"), 1U);
    EXPECT_EQ(object.erase("500"), 0U);
    EXPECT_EQ(object.at("501").if_int64(), 501);
    EXPECT_EQ(object.begin()->key(), "0");
    EXPECT_EQ(std::prev(object.end())->key(), "999");
    JsonObject copy = object;
    EXPECT_EQ(copy, object);
    copy["1"] = 2;
    EXPECT_NE(copy, object);
}

TEST(Json, EqualsByValue) {
    EXPECT_EQ(*parse_json(R"({"a":1.0,"b":[1e2]})"), *parse_json(R"({"b":[100],"a":1})"));
    EXPECT_NE(*parse_json("[1,2]"), *parse_json("[2,1]"));
    EXPECT_NE(Json("1"), Json(1));
}

TEST(JsonPointer, LeadsToMembersAndElements) {
    const Json document = *parse_json(R"({"a":[{"x/y":1},2],"~":3,"":4})");
    EXPECT_EQ(find_pointer(document, ""), &document);
    EXPECT_EQ(to_text(*find_pointer(document, "/a/0/x~1y")), "1");
    EXPECT_EQ(to_text(*find_pointer(document, "/~0")), "3");
    EXPECT_EQ(to_text(*find_pointer(document, "/")), "4");
    for (const char* nowhere : {"a", "/a/2", "/a/-", "/a/0/x", "/a/1/x"})
        EXPECT_EQ(find_pointer(document, nowhere), nullptr) << nowhere;
}

TEST(Decimal, PrintsComputedNumbersAsJavaScriptDoes) {
    const std::vector<std::pair<double, std::string>> cases = {
        {52.52, "52.52"},
        {0.00001, "0.00001"},
        {1e-7, "1e-7"},
        {1e21, "1e+21"},
        {1e20, "100000000000000000000"},
        {-0.0, "0"},
        {-1.5, "-1.5"},
        {123456.789e3, "123456789"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {0.1 + 0.2, "0.30000000000000004"}
    };
    for (const auto& [value, text] : cases) EXPECT_EQ(Decimal(value).text(), text);
}

TEST(Decimal, ComparesExactly) {
    auto order = [](const char* a, const char* b) { return *Decimal::parse(a) <=> *Decimal::parse(b); };
    EXPECT_TRUE(order("1", "1.0") == 0);
    EXPECT_TRUE(order("-0", "0.00e9") == 0);
    EXPECT_TRUE(order("100e-2", "1") == 0);
    EXPECT_TRUE(order("9007199254740992", "9007199254740993") < 0);
    EXPECT_TRUE(order("-2", "1") < 0);
    EXPECT_TRUE(order("-10", "-9") < 0);
    EXPECT_TRUE(order("0.09", "0.1") < 0);
    EXPECT_TRUE(order("1e99999999999999999999", "1e999999999999999999999") == 0)
        << "beyond all exponents: equal";
    EXPECT_TRUE(order("1e99999999999999999999", "1") > 0);
    EXPECT_TRUE(order("1e-99999999999999999999", "1e-9") < 0);
}

TEST(Decimal, KnowsWholeNumbers) {
    auto whole = [](const char* text) { return Decimal::parse(text)->to_int64(); };
    EXPECT_EQ(whole("100.0"), 100);
    EXPECT_EQ(whole("1e2"), 100);
    EXPECT_EQ(whole("0e5"), 0);
    EXPECT_EQ(whole("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(whole("9223372036854775808"), std::nullopt);
    EXPECT_EQ(whole("1e19"), std::nullopt);
    EXPECT_EQ(whole("1.5"), std::nullopt);
    EXPECT_TRUE(Decimal::parse("1e400")->is_whole());
    EXPECT_FALSE(Decimal::parse("1e-400")->is_whole());
    EXPECT_EQ(Decimal::parse("1.5e3")->plain_text(400), "1500");
    EXPECT_EQ(Decimal::parse("-15e-3")->plain_text(400), "-0.015");
    EXPECT_EQ(Decimal::parse("1.50")->plain_text(400), "1.50");
    EXPECT_EQ(Decimal::parse("12.5e1")->plain_text(400), "125");
    EXPECT_EQ(Decimal::parse("1.25e1")->plain_text(400), "12.5");
    EXPECT_EQ(Decimal::parse("1e401")->plain_text(400), "1e401");
}

TEST(Decimal, DividesExactly) {
    auto divides = [](const char* a, const char* b) {
        return Decimal::parse(a)->is_multiple_of(*Decimal::parse(b));
    };
    EXPECT_TRUE(divides("19.99", "0.01"));
    EXPECT_TRUE(divides("0.3", "0.1"));
    EXPECT_FALSE(divides("0.35", "0.1"));
    EXPECT_TRUE(divides("0", "7"));
    EXPECT_FALSE(divides("1e400", "3e-9"));
    EXPECT_TRUE(divides("3e400", "3"));
    EXPECT_TRUE(divides("123456789012345678901234567890", "10"));
    EXPECT_FALSE(divides("123456789012345678901234567891", "10"));
    EXPECT_FALSE(divides("1e308", "0.123456789e-5"));
    EXPECT_TRUE(divides("-7.5", "2.5"));
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
