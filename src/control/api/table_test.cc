#include "control/api/api.h"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

rt::Task<Result<Json>> nothing(Context&, Json) {
    co_return Json(nullptr);
}

Operation sound() {
    return {
        .name = "things.get",
        .method = http::Method::kGet,
        .path = "/things/{id}",
        .summary = "A thing",
        .answer = "thing",
        .access = Access::member(),
        .handler = nothing,
    };
}

std::string complaint(Operation operation) {
    Table table;
    table.define("thing", "id id");
    table.add(std::move(operation));
    auto checked = table.check();
    return checked ? "" : checked.error().detail;
}

TEST(Table, AcceptsASoundOperation) {
    EXPECT_EQ(complaint(sound()), "");
}

TEST(Table, RefusesAnOperationWithoutAPermission) {
    Operation open = sound();
    open.access = Access();
    EXPECT_NE(complaint(open).find("things.get: declares no permission"), std::string::npos);
}

TEST(Table, RefusesWhatCannotWork) {
    Operation operation = sound();
    operation.input = "{";
    EXPECT_NE(complaint(operation).find("input schema"), std::string::npos);
    operation = sound();
    operation.input = R"({"properties": {"x": {"type": "nonsense"}}})";
    EXPECT_NE(complaint(operation).find("input schema"), std::string::npos);
    operation = sound();
    operation.handler = nullptr;
    EXPECT_NE(complaint(operation).find("handler"), std::string::npos);
    operation = sound();
    operation.mode = Mode::kWrite;
    EXPECT_NE(complaint(operation).find("GET"), std::string::npos);
    operation = sound();
    operation.method = http::Method::kPost;
    operation.mode = Mode::kWrite;
    operation.access = Access::publicly();
    EXPECT_NE(complaint(operation).find("tenant"), std::string::npos);
    operation = sound();
    operation.method = http::Method::kPost;
    operation.audit_action = "thing.change";
    EXPECT_NE(complaint(operation).find("audited"), std::string::npos);
}

TEST(Table, RefusesAnAnswerThatIsNotSaid) {
    Operation operation = sound();
    operation.answer = "";
    EXPECT_NE(complaint(operation).find("does not say what it answers"), std::string::npos);
    operation.answer = "nothing-known";
    EXPECT_NE(complaint(operation).find("its answer is not defined"), std::string::npos);
    operation = sound();
    operation.status = 204;
    EXPECT_NE(complaint(operation).find("does not say what it answers"), std::string::npos);
}

TEST(Table, AnswersAreWrittenAMemberALine) {
    Table table;
    table.define("thing", R"(
        id id
        state on|off = off
        size int?
        parts* [part]
        note text? = two words)");
    EXPECT_EQ(
        to_text(table.answers().at("thing")),
        R"({"type":"object","additionalProperties":false,"required":["id","state","size","note"],"properties":{)"
        R"("id":{"$ref":"#/definitions/id"},)"
        R"("state":{"type":"string","enum":["on","off"],"examples":["off"]},)"
        R"("size":{"anyOf":[{"type":"integer"},{"type":"null"}]},)"
        R"("parts":{"type":"array","items":{"$ref":"#/definitions/part"}},)"
        R"("note":{"anyOf":[{"type":"string"},{"type":"null"}],"examples":["two words"]}}})"
    );
}

TEST(Table, RefusesOneNameOrRouteTwice) {
    Table table;
    table.add(sound());
    table.add(sound());
    auto checked = table.check();
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().detail.find("name is used twice"), std::string::npos);
    EXPECT_NE(checked.error().detail.find("route is used twice"), std::string::npos);
    EXPECT_FALSE(Table().check());
}

TEST(Table, PathMembersAreRequiredAndUnknownOnesRefused) {
    Table table;
    table.add(sound());
    const auto& schema = *table.find("things.get")->input;
    EXPECT_EQ(schema.validate(JsonObject()).error().field, "id");
    EXPECT_EQ(schema.validate(JsonObject{{"id", "x"}}).error().field, "id");
    const JsonObject good{{"id", "01890000-0000-7000-8000-000000000000"}};
    EXPECT_TRUE(schema.validate(good));
    JsonObject more = good;
    more["tenant_id"] = "x";
    EXPECT_EQ(schema.validate(more).error().field, "tenant_id");
}

TEST(OpenApi, PutsMembersWhereTheyBelong) {
    Table table;
    Operation change = sound();
    change.name = "things.change";
    change.method = http::Method::kPatch;
    change.mode = Mode::kWrite;
    change.replay = Replay::kYes;
    change.access = Access::with(tenancy::Permission::kAppEdit);
    change.input = R"({"required": ["name"], "properties": {"name": {"$ref": "#/definitions/name"}}})";
    table.define("thing", "id id");
    table.add(change);
    ASSERT_TRUE(table.check());
    auto document = parse_json(openapi(table, {"1.2.3", "session"}));
    ASSERT_TRUE(document);
    const Json& operation = document->at("paths").at("/api/v1/things/{id}").at("patch");
    EXPECT_EQ(operation.at("operationId"), "things.change");
    EXPECT_EQ(operation.at("x-weft-permission"), "app.edit");
    EXPECT_EQ(operation.at("parameters").at(0).at("in"), "path");
    EXPECT_EQ(operation.at("parameters").at(1).at("$ref"), "#/components/parameters/idempotency_key");
    const Json& answer = operation.at("responses").at("200").at("content").at("application/json");
    EXPECT_EQ(answer.at("schema").at("$ref"), "#/components/schemas/thing");
    EXPECT_TRUE(Uuid::parse(answer.at("example").at("id").get_string()));
    const Json& body = operation.at("requestBody").at("content").at("application/json").at("schema");
    EXPECT_EQ(body.at("properties").at("name").at("$ref"), "#/components/schemas/name");
    EXPECT_EQ(body.at("required").at(0), "name");
    EXPECT_EQ(body.at("properties").get_object().size(), 1u);
}

}  // namespace
}  // namespace weft::control
