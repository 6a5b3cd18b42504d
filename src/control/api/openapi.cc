#include "control/api/api.h"

#include <algorithm>
#include <cctype>

namespace weft::control {

namespace {

/// Definitions move to components, where OpenAPI keeps them.
Json relocate(Json value) {
    constexpr std::string_view kFrom = "#/definitions/";
    if (value.is_array()) {
        for (Json& item : value.get_array()) item = relocate(std::move(item));
    } else if (value.is_object()) {
        for (auto& [name, member] : value.get_object()) {
            if (name == "$ref" && member.is_string() &&
                std::string_view(member.get_string()).starts_with(kFrom)) {
                member = "#/components/schemas/" + std::string(member.get_string()).substr(kFrom.size());
            } else {
                member = relocate(std::move(member));
            }
        }
    }
    return value;
}

bool is_required(const JsonObject& schema, std::string_view name) {
    const Json* required = schema.if_contains("required");
    if (required == nullptr) return false;
    return std::ranges::any_of(required->get_array(), [&](const Json& item) {
        return std::string_view(item.get_string()) == name;
    });
}

bool is_in_path(const Operation& operation, std::string_view name) {
    return operation.path.find("{" + std::string(name) + "}") != std::string_view::npos;
}

JsonObject describe(const Table::Entry& entry) {
    const Operation& operation = entry.operation;
    const JsonObject& schema = entry.input_schema.get_object();
    const bool has_body = operation.method != http::Method::kGet && operation.method != http::Method::kDelete;
    JsonArray parameters;
    JsonObject body_properties;
    JsonArray body_required;
    for (const auto& [name, member] : schema.at("properties").get_object()) {
        const bool in_path = is_in_path(operation, name);
        if (has_body && !in_path) {
            body_properties[name] = relocate(member);
            if (is_required(schema, name)) body_required.emplace_back(name);
            continue;
        }
        parameters.push_back(JsonObject{
            {"name", std::string_view(name)},
            {"in", in_path ? "path" : "query"},
            {"required", is_required(schema, name)},
            {"schema", relocate(member)},
        });
    }
    if (operation.replay == Replay::kYes) {
        parameters.push_back(JsonObject{
            {"name", "Idempotency-Key"},
            {"in", "header"},
            {"required", false},
            {"schema", JsonObject{{"type", "string"}, {"maxLength", 200}}},
        });
    }
    JsonObject success{{"description", "Done"}};
    if (operation.status != 204) {
        auto output = parse_json(operation.output);
        JsonObject media{{"schema", output ? relocate(std::move(*output)) : Json(JsonObject())}};
        success["content"] = JsonObject{{"application/json", std::move(media)}};
    }
    JsonObject out{
        {"operationId", operation.name},
        {"summary", operation.summary},
        {"parameters", std::move(parameters)},
        {"responses",
         JsonObject{
             {std::to_string(operation.status), std::move(success)},
             {"default", JsonObject{{"$ref", "#/components/responses/problem"}}},
         }},
    };
    if (has_body && !body_properties.empty()) {
        JsonObject body{{"type", "object"}, {"additionalProperties", false}};
        body["properties"] = std::move(body_properties);
        if (!body_required.empty()) body["required"] = std::move(body_required);
        JsonObject media{{"schema", std::move(body)}};
        out["requestBody"] = JsonObject{{"content", JsonObject{{"application/json", std::move(media)}}}};
    }
    if (operation.access.is_public()) out["security"] = JsonArray();
    if (auto permission = operation.access.permission())
        out["x-weft-permission"] = tenancy::name(*permission);
    return out;
}

}  // namespace

std::string openapi(const Table& table, std::string_view version) {
    JsonObject paths;
    JsonObject schemas;
    for (const auto& entry : table.entries()) {
        if (schemas.empty()) schemas = relocate(entry->input_schema.at("definitions")).get_object();
        std::string method(http::name(entry->operation.method));
        std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
        Json& path = paths["/api/v1" + std::string(entry->operation.path)];
        if (!path.is_object()) path = JsonObject();
        path.get_object()[method] = describe(*entry);
    }
    JsonObject problem{
        {"type", "object"},
        {"properties",
         JsonObject{
             {"type", JsonObject{{"type", "string"}}},
             {"title", JsonObject{{"type", "string"}}},
             {"status", JsonObject{{"type", "integer"}}},
             {"detail", JsonObject{{"type", "string"}}},
             {"field", JsonObject{{"type", "string"}}},
             {"request_id", JsonObject{{"type", "string"}}},
         }},
    };
    schemas["problem"] = std::move(problem);
    JsonObject media{{"schema", JsonObject{{"$ref", "#/components/schemas/problem"}}}};
    JsonObject response{
        {"description", "RFC 9457 problem"},
        {"content", JsonObject{{"application/problem+json", std::move(media)}}},
    };
    JsonObject security_schemes{
        {"token", JsonObject{{"type", "http"}, {"scheme", "bearer"}}},
        {"session", JsonObject{{"type", "apiKey"}, {"in", "cookie"}, {"name", "weft_session"}}},
    };
    JsonObject components{
        {"schemas", std::move(schemas)},
        {"responses", JsonObject{{"problem", std::move(response)}}},
        {"securitySchemes", std::move(security_schemes)},
    };
    JsonObject document{
        {"openapi", "3.1.0"},
        {"info", JsonObject{{"title", "Weft"}, {"version", version}}},
        {"paths", std::move(paths)},
        {"components", std::move(components)},
        {"security", JsonArray{JsonObject{{"token", JsonArray()}}, JsonObject{{"session", JsonArray()}}}},
    };
    return to_text(Json(std::move(document)));
}

}  // namespace weft::control
