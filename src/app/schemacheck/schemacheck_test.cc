#include "app/schemacheck/schemacheck.h"

#include <gtest/gtest.h>

namespace weft::schemacheck {
namespace {

TEST(Schemacheck, AnswersEachValueInItsPlace) {
    Checker checker;
    EXPECT_EQ(
        checker.answer(R"({"schema":{"type":"string","format":"date"},"values":["x",1]})"),
        R"({"fits":[true,false]})"
    );
    EXPECT_EQ(
        checker.answer(R"({"schema":{"format":"date"},"values":["x"],"formats":true})"), R"({"fits":[false]})"
    );
    EXPECT_EQ(checker.answer(R"({"schema":{"$ref":"#"},"values":[1]})"), R"({"fits":[null]})");
}

TEST(Schemacheck, FollowsReferencesIntoTheDocumentsItWasGivenAlone) {
    Checker checker;
    const char* request = R"({"schema":{"$ref":"http://other.test/number"},"values":[1,"x"]})";
    EXPECT_NE(checker.answer(request).find("nothing is fetched"), std::string::npos);
    EXPECT_EQ(checker.answer(R"({"documents":{"http://other.test/number":{"type":"number"}}})"), "{}");
    EXPECT_EQ(checker.answer(request), R"({"fits":[true,false]})");
}

TEST(Schemacheck, SaysWhatIsWrongWithARequest) {
    Checker checker;
    EXPECT_EQ(checker.answer("[]"), R"({"error":"A request is an object","field":""})");
    EXPECT_NE(checker.answer("{").find("error"), std::string::npos);
    EXPECT_NE(
        checker.answer(R"({"schema":{"type":"texte"},"values":[]})").find("\"type\""), std::string::npos
    );
}

}  // namespace
}  // namespace weft::schemacheck
