#include "control/server/detail/test_api.h"

#include <gmock/gmock.h>

namespace weft::control {
namespace {

using http::Method;
using testing::Caller;
using ::testing::HasSubstr;
using testing::make_world;
using testing::Reply;
using testing::TestApi;

std::unique_ptr<scripts::Checker> checker() {
    auto made = scripts::Checker::start({.runner_path = WEFT_RUNNER, .has_weakest_only = true});
    EXPECT_TRUE(made) << (made ? "" : made.error().user);
    return made ? *std::move(made) : scripts::Checker::absent();
}

/// An installation, with broken JavaScript in a workflow's draft and in an action of an app's draft.
struct Installation {
    explicit Installation(std::unique_ptr<scripts::Checker> scripts)
        : api(TestApi::without_rates(), 128 << 20, std::move(scripts)) {
        EXPECT_EQ(
            send(Method::kPut, workflow + "/draft", R"({"definition": {"name": "x", "steps": [
            {"id": "a", "uses": "core/map", "with": {"x": "{{ input.n + }}"}},
            {"id": "b", "uses": "core/code", "with": {"source": "let a = 1;\nreturn a +;\n"}}]}})")
                .status,
            200
        );
        action = send(Method::kPost, version + "/actions", R"({"key": "find", "name": "Find", "definition": {
            "method": "GET", "path": "/find/{{ input.id }}", "query": {"q": "a {{ input.q ?? }}"},
            "headers": {"X-Good": "{{ input.q ?? 1 }}"}}})")
                     .id();
    }
    Reply send(Method method, const std::string& target, std::string_view body = "{}") {
        return api.call(owner, method, target, *parse_json(body));
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::string workflow = "/workflows/" + world.ids["workflow"];
    std::string version = "/app-versions/" + world.ids["draft"];
    std::string action;
};

std::string audited(Installation& made, const std::string& action) {
    return made.api.db.scalar(
        "select detail from weft.audit_event where action = $1 order by id desc limit 1", {action}
    );
}

TEST(BrokenScripts, OfAWorkflowAreRefusedWithTheirPlaces) {
    Installation made(checker());
    const Reply told = made.send(Method::kPost, made.workflow + "/validate");
    EXPECT_FALSE(told.body.at("valid").get_bool());
    ASSERT_EQ(told.body.at("problems").get_array().size(), 2u) << to_text(told.body);
    EXPECT_EQ(told.body.at("problems").at(0).at("field"), "steps[0].with.x");
    EXPECT_THAT(
        told.body.at("problems").at(1).at("message").get_string().c_str(), HasSubstr("line 2, column 11")
    );
    EXPECT_EQ(made.send(Method::kPost, made.workflow + "/publish").status, 422);
    EXPECT_EQ(made.api.checker->stats().wrong, 4u) << "two, twice";
}

TEST(BrokenScripts, OfAnActionAreRefusedWhenItsVersionIsPublished) {
    Installation made(checker());
    const Reply refused = made.send(Method::kPost, made.version + "/publish");
    EXPECT_EQ(refused.status, 422) << to_text(refused.body);
    EXPECT_EQ(refused.text("field"), "actions.find.definition.query.q");
    EXPECT_THAT(refused.text("detail"), HasSubstr("line 1, column"));
    EXPECT_THAT(refused.text("detail"), HasSubstr("SyntaxError"));
    ASSERT_EQ(refused.body.at("problems").get_array().size(), 1u) << to_text(refused.body);
    EXPECT_EQ(refused.body.at("problems").at(0).at("field"), "actions.find.definition.query.q");
    EXPECT_EQ(made.api.get(made.owner, made.version).text("state"), "draft");
    EXPECT_EQ(
        made.send(Method::kPatch, "/actions/" + made.action, R"({"definition": {
        "method": "GET", "path": "/find/{{ input.id + 1 }}"}})")
            .status,
        200
    );
    EXPECT_EQ(made.send(Method::kPost, made.version + "/publish").status, 200);
    EXPECT_EQ(audited(made, "app_version.publish"), "{}");
}

TEST(BrokenScripts, WithoutACheckerAreAWarning) {
    Installation made(scripts::Checker::absent());
    EXPECT_EQ(made.send(Method::kPost, made.workflow + "/publish").status, 201);
    EXPECT_THAT(audited(made, "workflow.publish"), HasSubstr("could not be checked"));
    EXPECT_EQ(made.send(Method::kPost, made.version + "/publish").status, 200);
    EXPECT_THAT(audited(made, "app_version.publish"), HasSubstr("could not be checked"));
    EXPECT_EQ(made.api.checker->stats().wrong, 0u);
    EXPECT_GT(made.api.checker->stats().unchecked, 0u);
}

}  // namespace
}  // namespace weft::control
