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

class FormTriggers : public ::testing::Test {
  protected:
    Reply send(Method method, const std::string& target, std::string_view body) {
        return api.call(owner, method, target, *parse_json(body));
    }
    Reply make(std::string_view config) {
        return send(
            Method::kPost,
            triggers,
            R"({"kind": "form", "name": "Contact", "config": )" + std::string(config) + "}"
        );
    }
    Reply publish(std::string_view properties) {
        const std::string definition = R"({"name": "f", "inputs": {"type": "object", "properties": )" +
                                       std::string(properties) +
                                       R"(}, "steps": [{"id": "a", "uses": "core/map", "with": {}}]})";
        const Reply draft = send(Method::kPut, workflow + "/draft", R"({"definition": )" + definition + "}");
        EXPECT_EQ(draft.status, 200) << to_text(draft.body);
        return api.post(owner, workflow + "/publish");
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    testing::World world = make_world(api, owner);
    std::string workflow = "/workflows/" + world.ids["workflow"];
    std::string triggers = workflow + "/triggers";
};

TEST_F(FormTriggers, HaveAnAddressOfTheirOwnOrOneThatIsChosen) {
    const Reply made = make(R"({"title": "Write to us"})");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(made.text("kind"), "form");
    EXPECT_THAT(made.text("url"), HasSubstr("/forms/whk_"));
    EXPECT_EQ(made.body.at("has_secret"), false);
    const std::string at = "/triggers/" + made.id();
    EXPECT_NE(send(Method::kPost, at + "/rotate", R"({"what": "token"})").text("url"), made.text("url"));
    EXPECT_EQ(send(Method::kPost, at + "/rotate", R"({"what": "secret"})").status, 409);
    const Reply chosen = send(Method::kPatch, at, R"({"config": {"path": "contact-us"}})");
    EXPECT_THAT(chosen.text("url"), HasSubstr("/forms/contact-us"));
    EXPECT_EQ(send(Method::kPost, at + "/rotate", R"({"what": "token"})").status, 409);
    const Reply taken = make(R"({"path": "contact-us"})");
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(taken.text("field"), "config.path");
    const Reply renamed = send(Method::kPatch, at, R"({"name": "Other"})");
    EXPECT_THAT(renamed.text("url"), HasSubstr("/forms/contact-us"));
    EXPECT_THAT(send(Method::kPatch, at, R"({"config": {}})").text("url"), HasSubstr("/forms/whk_"));
    EXPECT_EQ(make(R"({"path": "contact-us"})").status, 201) << "it is free again";
}

TEST_F(FormTriggers, AndWebhooksShareThePathsThatAreChosen) {
    const auto hook = [&](std::string_view path) {
        return send(
            Method::kPost,
            triggers,
            R"({"kind": "webhook", "name": "H", "config": {"signature": {"scheme": "none"}, "path": ")" +
                std::string(path) + "\"}}"
        );
    };
    const Reply made = hook("order-paid");
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_THAT(made.text("url"), HasSubstr("/hooks/order-paid"));
    EXPECT_EQ(hook("order-paid").text("field"), "config.path");
    EXPECT_EQ(make(R"({"path": "order-paid"})").status, 409);
    EXPECT_EQ(hook("Order").text("field"), "config.path");
    const std::string at = "/triggers/" + made.id();
    EXPECT_EQ(send(Method::kPost, at + "/rotate", R"({"what": "token"})").status, 409);
    const Reply freed = send(Method::kPatch, at, R"({"config": {"signature": {"scheme": "none"}}})");
    EXPECT_THAT(freed.text("url"), HasSubstr("/hooks/whk_"));
    EXPECT_EQ(hook("order-paid").status, 201) << "it is free again";
}

TEST_F(FormTriggers, SayWhatIsWrongWithTheirSettings) {
    const Reply wrong = make(R"({"redirect": "http://example.com"})");
    EXPECT_EQ(wrong.status, 422);
    EXPECT_EQ(wrong.text("field"), "config.redirect");
    EXPECT_EQ(make(R"({"signature": {"scheme": "none"}})").text("field"), "config.signature");
    const Reply secret = send(
        Method::kPost,
        triggers,
        R"({"kind": "form", "name": "F", "config": {}, "secret": "sixteen-characters"})"
    );
    EXPECT_EQ(secret.text("field"), "secret");
}

TEST_F(FormTriggers, AreActiveOnlyWhereAPageCanAskForTheInputs) {
    ASSERT_EQ(publish(R"({"photo": {"type": "string", "format": "binary"}})").status, 201);
    const Reply made = make("{}");
    const std::string at = "/triggers/" + made.id();
    const Reply refused = api.post(owner, at + "/activate");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.text("field"), "inputs.properties.photo");
    EXPECT_THAT(refused.text("detail"), HasSubstr("say type: object and format: file"));

    ASSERT_EQ(publish(R"({"name": {"type": "string"}})").status, 201);
    EXPECT_EQ(api.post(owner, at + "/activate").text("state"), "active");
    const Reply broken = publish(R"({"name": {"type": "object"}})");
    EXPECT_EQ(broken.status, 422) << "an active form would break";
    EXPECT_EQ(broken.text("field"), "inputs.properties.name");
    EXPECT_THAT(broken.text("detail"), HasSubstr("The form \"Contact\" is active"));
    const Reply other = send(Method::kPatch, at, R"({"config": {"fields": ["phone"]}})");
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(other.text("field"), "config.fields");
    EXPECT_EQ(api.post(owner, at + "/deactivate").status, 200);
    EXPECT_EQ(publish(R"({"name": {"type": "object"}})").status, 201) << "an inactive one does not matter";
}

}  // namespace
}  // namespace weft::control
