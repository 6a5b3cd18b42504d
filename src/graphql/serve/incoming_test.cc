#include "graphql/serve/detail/incoming.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {

namespace {

Failure failure_of(std::string_view body) {
    auto read = read_body(body);
    return read ? Failure{.message = "none", .code = "none"} : read.error();
}

TEST(Incoming, ReadsOneRequest) {
    auto read = read_body(R"({"query":"{a}","variables":{"x":1},"operationName":"A","extra":true})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_FALSE(read->is_batch);
    ASSERT_EQ(read->requests.size(), 1U);
    EXPECT_EQ(read->requests[0].query, "{a}");
    EXPECT_EQ(read->requests[0].operation_name, "A");
    EXPECT_EQ(to_text(read->requests[0].variables), R"({"x":1})");
}

TEST(Presented, TakesWhoAsksAndNothingOfWhereFrom) {
    const std::string_view members =
        R"("Authorization":"Bearer x","X-Hasura-Role":"user","x-hasura-id":7,"origin":"http://weft.test",)"
        R"("sec-fetch-site":"same-origin","host":"weft.test","cookie":"weft_session=y","x-forwarded-for":"1",)"
        R"("x-forwarded-proto":"https","x-weft-csrf":"1","x-hasura-bad":"a\nb","x-hasura-o":{})";
    for (const std::string& payload :
         {"{" + std::string(members) + "}", R"({"headers":{)" + std::string(members) + "}}"}) {
        const Presented read = read_presented(parse_json(payload).value());
        EXPECT_EQ(read.authorization, "Bearer x");
        const std::vector<std::pair<std::string, std::string>> hasura{
            {"x-hasura-role", "user"}, {"x-hasura-id", "7"}
        };
        EXPECT_EQ(read.hasura, hasura);
    }
    EXPECT_FALSE(read_presented(Json()).authorization);
}

TEST(Incoming, NullStandsForAbsent) {
    auto read = read_body(R"({"query":"{a}","variables":null,"operationName":null,"extensions":null})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(read->requests[0].variables.empty());
    EXPECT_EQ(read->requests[0].operation_name, "");
}

TEST(Incoming, ReadsABatchInOrder) {
    auto read = read_body(R"([{"query":"{a}"},{"query":"{b}"}])");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->is_batch);
    ASSERT_EQ(read->requests.size(), 2U);
    EXPECT_EQ(read->requests[1].query, "{b}");
    EXPECT_EQ(failure_of(R"([{"query":"{a}"},{"query":1}])").path, "$[1].query");
}

TEST(Incoming, APersistedQueryNeedsNoText) {
    auto read = read_body(R"({"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->requests[0].persisted_hash, "ab");
    EXPECT_EQ(failure_of(R"({"extensions":{"persistedQuery":{"sha256Hash":1}}})").code, "parse-failed");
}

TEST(Incoming, SaysWhatIsNoRequest) {
    EXPECT_EQ(failure_of("{").code, "invalid-json");
    EXPECT_EQ(failure_of("7").code, "parse-failed");
    EXPECT_EQ(failure_of("{}").message, "key \"query\" not found");
    EXPECT_EQ(failure_of(R"({"query":{}})").message, "expected String, but encountered Object");
    EXPECT_EQ(failure_of(R"({"query":{}})").path, "$.query");
    EXPECT_EQ(
        failure_of(R"({"query":"{a}","variables":[]})").message, "expected Object, but encountered Array"
    );
    EXPECT_EQ(failure_of(R"({"query":"{a}","operationName":1})").path, "$.operationName");
    EXPECT_EQ(failure_of(R"({"query":"{a}","extensions":"x"})").path, "$.extensions");
}

TEST(Incoming, ReadsAQueryString) {
    const http::Fields query{{"query", "{a}"}, {"variables", R"({"x":[1]})"}, {"operationName", "A"}};
    auto read = read_query(query);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->operation_name, "A");
    EXPECT_EQ(to_text(read->variables), R"({"x":[1]})");
    EXPECT_EQ(read_query({{"query", "{a}"}, {"variables", "["}}).error().code, "invalid-json");
    EXPECT_EQ(read_query({{"query", "{a}"}, {"variables", "[]"}}).error().path, "$.variables");
    EXPECT_EQ(read_query({}).error().code, "parse-failed");
}

}  // namespace
}  // namespace weft::graphql::detail
