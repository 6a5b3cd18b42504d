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
        .access = Access::member(),
        .handler = nothing,
    };
}

std::string complaint(Operation operation) {
    Table table;
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
    table.add(change);
    ASSERT_TRUE(table.check());
    auto document = parse_json(openapi(table, "1.2.3"));
    ASSERT_TRUE(document);
    const Json& operation = document->at("paths").at("/api/v1/things/{id}").at("patch");
    EXPECT_EQ(operation.at("operationId"), "things.change");
    EXPECT_EQ(operation.at("x-weft-permission"), "app.edit");
    EXPECT_EQ(operation.at("parameters").at(0).at("in"), "path");
    EXPECT_EQ(operation.at("parameters").at(1).at("name"), "Idempotency-Key");
    const Json& body = operation.at("requestBody").at("content").at("application/json").at("schema");
    EXPECT_EQ(body.at("properties").at("name").at("$ref"), "#/components/schemas/name");
    EXPECT_EQ(body.at("required").at(0), "name");
    EXPECT_EQ(body.at("properties").get_object().size(), 1u);
}

}  // namespace
}  // namespace weft::control
