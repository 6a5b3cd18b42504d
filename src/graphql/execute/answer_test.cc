#include "graphql/execute/detail/answer.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

const Session kAdmin{.role = "admin"};
const Session kUser{.role = "user"};

TEST(Answers, SpliceTheRootsInTheirOrder) {
    Plan plan;
    for (const char* key : {"b", "a"}) plan.roots.emplace_back().key = key;
    EXPECT_EQ(detail::data_body(plan, {"[1,2]", "null"}), R"({"data":{"b":[1,2],"a":null}})");
}

TEST(Errors, HaveHasurasForm) {
    const Failure failure{.message = "field \"x\" not found", .path = "$.selectionSet.x"};
    EXPECT_EQ(
        Engine::error_body(failure, kUser),
        R"({"errors":[{"message":"field \"x\" not found",)"
        R"("extensions":{"path":"$.selectionSet.x","code":"validation-failed"}}]})"
    );
}

TEST(Errors, ShowInternalsToTheAdminOnly) {
    const Failure failure{.message = "m", .code = "unexpected", .internal = JsonObject{{"sql", "select"}}};
    EXPECT_NE(Engine::error_body(failure, kAdmin).find("internal"), std::string::npos);
    EXPECT_EQ(Engine::error_body(failure, kUser).find("internal"), std::string::npos);
}

TEST(Errors, KeepPathAndCodeOfTheirOwnBesideAnActionsExtensions) {
    const Failure failure{
        .message = "m", .code = "mine", .extensions = JsonObject{{"code", "other"}, {"more", 1}}
    };
    EXPECT_EQ(
        Engine::error_body(failure, kUser),
        R"({"errors":[{"message":"m","extensions":{"path":"$","code":"mine","more":1}}]})"
    );
}

TEST(Errors, SayWhereInTheDocumentWhenItIsGiven) {
    const Failure failure{.message = "m", .at = {4}};
    EXPECT_NE(
        Engine::error_body(failure, kUser, "{\n  a }").find(R"("locations":[{"line":2,"column":3}])"),
        std::string::npos
    );
}

}  // namespace
}  // namespace weft::graphql
