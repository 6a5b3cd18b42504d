#include "control/api/api.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace weft::control {

namespace {

constexpr int kExampleDepthMax = 12;  // answers do not contain themselves; a mistake must not hang the start

/// Of what the operations of a tag are about, by the first part of their names.
struct Tag {
    std::string_view name;
    std::string_view text;
};
constexpr std::array kTags = {
    Tag{"auth", "Who is signed in"},
    Tag{"tokens", "Credentials of programs"},
    Tag{"apps", "Other systems"},
    Tag{"app_versions", "Their addresses and ways to authenticate"},
    Tag{"actions", "What they can be asked for"},
    Tag{"connections", "Credentials for other systems"},
    Tag{"workflows", "What runs: drafts, publishing, starting, switching"},
    Tag{"workflow_versions", "What was published; versions never change"},
    Tag{"triggers", "What starts a workflow"},
    Tag{"runs", "What has run, and is running"},
    Tag{"live", "Changes as they happen"},
    Tag{"openapi", "This document"},
};

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

/// A value that fits a schema, from the examples in it; schemas as the table has them, before `relocate`.
class Examples {
  public:
    explicit Examples(const JsonObject& definitions) : definitions_(definitions) {}

    Json of(const JsonObject& schema, int depth = 0) const {
        if (depth > kExampleDepthMax) return Json(nullptr);
        if (const Json* given = schema.if_contains("examples")) return given->get_array().at(0);
        if (const auto ref = text_or(schema, "$ref"); !ref.empty()) {
            const Json* found = definitions_.if_contains(ref.substr(ref.rfind('/') + 1));
            return found == nullptr ? Json(nullptr) : of(found->get_object(), depth + 1);
        }
        if (const Json* choices = schema.if_contains("anyOf")) {
            return of(choices->get_array().at(0).get_object(), depth + 1);
        }
        if (const Json* choices = schema.if_contains("enum")) return choices->get_array().at(0);
        const Json* type = schema.if_contains("type");
        if (type == nullptr) return JsonObject{{"any", "JSON"}};
        return of_type(type->is_array() ? type->get_array().at(0) : *type, schema, depth);
    }

  private:
    Json of_type(const Json& type, const JsonObject& schema, int depth) const {
        const std::string_view name = type.get_string();
        if (name == "integer") return Json(int_or(schema, "minimum", 1));
        if (name == "boolean") return Json(true);
        if (name == "string") {
            return text_or(schema, "format") == "date-time" ? Json("2026-11-30T08:15:00.000000Z")
                                                            : Json("text");
        }
        if (name == "array") return JsonArray{of(schema.at("items").get_object(), depth + 1)};
        JsonObject out;
        const Json* properties = schema.if_contains("properties");
        if (properties == nullptr) return out;
        for (const auto& [member, inner] : properties->get_object()) {
            out[member] = of(inner.get_object(), depth + 1);
        }
        return out;
    }

    const JsonObject& definitions_;
};

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

JsonObject content(std::string_view media, const JsonObject& schema, const Examples& examples) {
    JsonObject described{{"schema", relocate(schema)}};
    if (media == "application/json") described["example"] = examples.of(schema);
    return JsonObject{{media, std::move(described)}};
}

JsonObject success_of(const Table& table, const Operation& operation, const Examples& examples) {
    JsonObject out{{"description", operation.status == 204 ? "Done; nothing to tell" : "Done"}};
    if (operation.status == 204) return out;
    JsonObject schema =
        operation.answer.empty()
            ? JsonObject{{"type", operation.media == "application/json" ? "object" : "string"}}
            : table.answer_schema(operation);
    out["content"] = content(operation.media, schema, examples);
    return out;
}

/// Where the members of the input go: path, query, or `body`.
JsonArray parameters_of(const Table::Entry& entry, const Examples& examples, JsonObject& body) {
    const Operation& operation = entry.operation;
    const JsonObject& schema = entry.input_schema.get_object();
    const bool has_body = operation.method != http::Method::kGet &&
                          operation.method != http::Method::kDelete && !operation.is_body_raw;
    JsonArray parameters;
    JsonObject properties;
    JsonArray required;
    for (const auto& [name, member] : schema.at("properties").get_object()) {
        const bool in_path = is_in_path(operation, name);
        if (has_body && !in_path) {
            properties[name] = member;
            if (is_required(schema, name)) required.emplace_back(name);
            continue;
        }
        parameters.push_back(JsonObject{
            {"name", std::string_view(name)},
            {"in", in_path ? "path" : "query"},
            {"required", is_required(schema, name)},
            {"schema", relocate(member)},
            {"example", examples.of(member.get_object())},
        });
    }
    if (operation.replay == Replay::kYes) {
        parameters.push_back(JsonObject{{"$ref", "#/components/parameters/idempotency_key"}});
    }
    if (properties.empty()) return parameters;
    body = JsonObject{{"type", "object"}, {"additionalProperties", false}};
    body["properties"] = std::move(properties);
    if (!required.empty()) body["required"] = std::move(required);
    return parameters;
}

JsonObject describe(const Table& table, const Table::Entry& entry, const Examples& examples) {
    const Operation& operation = entry.operation;
    JsonObject body;
    JsonArray parameters = parameters_of(entry, examples, body);
    JsonObject out{
        {"operationId", operation.name},
        {"tags", JsonArray{operation.name.substr(0, operation.name.find('.'))}},
        {"summary", operation.summary},
        {"parameters", std::move(parameters)},
        {"responses",
         JsonObject{
             {std::to_string(operation.status), success_of(table, operation, examples)},
             {"4XX", JsonObject{{"$ref", "#/components/responses/problem"}}},
             {"5XX", JsonObject{{"$ref", "#/components/responses/problem"}}},
         }},
    };
    if (!body.empty()) {
        out["requestBody"] = JsonObject{
            {"required", body.contains("required")}, {"content", content("application/json", body, examples)}
        };
    }
    if (operation.is_body_raw) {
        constexpr std::string_view kBytes = R"({"*/*": {"schema": {"type": "string", "format": "binary"}}})";
        out["requestBody"] = JsonObject{{"required", true}, {"content", *parse_json(kBytes)}};
    }
    if (operation.access.is_public()) out["security"] = JsonArray();
    if (!operation.shown_once.empty()) out["x-weft-shown-once"] = operation.shown_once;
    if (auto permission = operation.access.permission())
        out["x-weft-permission"] = tenancy::name(*permission);
    return out;
}

JsonObject problem_schema() {
    constexpr std::string_view kProblem = R"({
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string", "examples": ["about:blank"]},
            "title": {"type": "string", "examples": ["Invalid request"]},
            "status": {"type": "integer", "examples": [422]},
            "detail": {"type": "string", "examples": ["name must not be empty"]},
            "field": {"type": "string", "examples": ["name"]},
            "request_id": {"type": "string", "examples": ["019ad3f2-5e00-7c41-9f04-1d2e3b4c5d6e"]}
        }})";
    return parse_json(kProblem)->get_object();
}

JsonObject components(const JsonObject& definitions, const Described& described) {
    JsonObject schemas = relocate(definitions).get_object();
    schemas["problem"] = problem_schema();
    JsonObject media{{"schema", JsonObject{{"$ref", "#/components/schemas/problem"}}}};
    media["example"] = Examples(schemas).of(problem_schema());
    JsonObject response{
        {"description", "RFC 9457 problem"},
        {"content", JsonObject{{"application/problem+json", std::move(media)}}},
    };
    JsonObject key{
        {"name", "Idempotency-Key"},
        {"in", "header"},
        {"required", false},
        {"description", "The request is carried out once; its repetition gets the first answer"},
        {"schema", JsonObject{{"type", "string"}, {"maxLength", 200}}},
        {"example", "order-1001"},
    };
    JsonObject security_schemes{
        {"token", JsonObject{{"type", "http"}, {"scheme", "bearer"}}},
        {"session", JsonObject{{"type", "apiKey"}, {"in", "cookie"}, {"name", described.session_cookie}}},
    };
    return JsonObject{
        {"schemas", std::move(schemas)},
        {"parameters", JsonObject{{"idempotency_key", std::move(key)}}},
        {"responses", JsonObject{{"problem", std::move(response)}}},
        {"securitySchemes", std::move(security_schemes)},
    };
}

JsonArray tags_of(const Table& table) {
    JsonArray out;
    for (const Tag& tag : kTags) {
        const bool is_used = std::ranges::any_of(table.entries(), [&](const auto& entry) {
            const std::string_view name = entry->operation.name;
            return name.substr(0, name.find('.')) == tag.name;
        });
        if (is_used) out.push_back(JsonObject{{"name", tag.name}, {"description", tag.text}});
    }
    return out;
}

}  // namespace

std::string openapi(const Table& table, const Described& described) {
    JsonObject definitions = table.answers();
    for (const auto& [name, schema] : table.entries().front()->input_schema.at("definitions").get_object()) {
        definitions[name] = schema;
    }
    const Examples examples(definitions);
    JsonObject paths;
    for (const auto& entry : table.entries()) {
        std::string method(http::name(entry->operation.method));
        std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
        Json& path = paths["/api/v1" + std::string(entry->operation.path)];
        if (!path.is_object()) path = JsonObject();
        path.get_object()[method] = describe(table, *entry, examples);
    }
    JsonObject document{
        {"openapi", "3.1.0"},
        {"info",
         JsonObject{
             {"title", "Weft"},
             {"version", described.version},
             {"summary", "Apps, connections, workflows, triggers and runs"},
         }},
        {"servers", JsonArray{JsonObject{{"url", "/"}, {"description", "Where this document came from"}}}},
        {"tags", tags_of(table)},
        {"paths", std::move(paths)},
        {"components", components(definitions, described)},
        {"security", JsonArray{JsonObject{{"token", JsonArray()}}, JsonObject{{"session", JsonArray()}}}},
    };
    return to_text(Json(std::move(document)));
}

}  // namespace weft::control
