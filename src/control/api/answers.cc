#include "control/api/api.h"

#include <algorithm>

/// What operations answer, from the lines of Table::define to JSON Schema.
namespace weft::control {

namespace {

std::string_view stripped(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\n')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

/// Takes the next part of `text` up to `separator`, or all of it.
std::string_view cut(std::string_view& text, std::string_view separator) {
    const auto end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + separator.size(), text.size()));
    return part;
}

JsonObject reference(std::string_view name) {
    return JsonObject{{"$ref", "#/definitions/" + std::string(name)}};
}

JsonObject schema_of(std::string_view type) {
    if (type.starts_with('[')) {
        return JsonObject{{"type", "array"}, {"items", schema_of(type.substr(1, type.size() - 2))}};
    }
    if (type.find('|') != std::string_view::npos) {
        JsonArray choices;
        while (!type.empty()) choices.emplace_back(cut(type, "|"));
        return JsonObject{{"type", "string"}, {"enum", std::move(choices)}};
    }
    if (type == "text") return JsonObject{{"type", "string"}};
    if (type == "time") return JsonObject{{"type", "string"}, {"format", "date-time"}};
    if (type == "int") return JsonObject{{"type", "integer"}};
    if (type == "bool") return JsonObject{{"type", "boolean"}};
    if (type == "object") return JsonObject{{"type", "object"}};
    if (type == "json") return JsonObject();
    return reference(type);
}

JsonObject or_null(JsonObject schema) {
    return JsonObject{{"anyOf", JsonArray{std::move(schema), JsonObject{{"type", "null"}}}}};
}

Json example_value(std::string_view text, std::string_view type) {
    if (text == "null") return Json(nullptr);
    const bool is_text = type == "text" || type == "time" || type == "id";
    auto parsed = is_text ? Result<Json>(Json(text)) : parse_json(text);
    return parsed ? std::move(*parsed) : Json(text);
}

/// `name[*] type[?] [= example]`
void add_member(std::string_view line, JsonObject& properties, JsonArray& required) {
    std::string_view rest = line;
    std::string_view declared = stripped(cut(rest, " = "));
    const std::string_view example = stripped(rest);
    std::string_view name = cut(declared, " ");
    const bool may_be_absent = name.ends_with('*');
    if (may_be_absent) name.remove_suffix(1);
    const bool may_be_null = declared.ends_with('?');
    const std::string_view type = stripped(may_be_null ? declared.substr(0, declared.size() - 1) : declared);
    JsonObject schema = schema_of(type);
    if (may_be_null && type != "json") schema = or_null(std::move(schema));  // any value may be null
    if (!example.empty()) schema["examples"] = JsonArray{example_value(example, type)};
    properties[name] = std::move(schema);
    if (!may_be_absent) required.emplace_back(name);
}

}  // namespace

void Table::define(std::string_view name, std::string_view members) {
    JsonObject properties;
    JsonArray required;
    while (!members.empty()) {
        const std::string_view line = stripped(cut(members, "\n"));
        if (!line.empty()) add_member(line, properties, required);
    }
    if (answers_.contains(name)) problems_.push_back("answer " + std::string(name) + " is defined twice");
    answers_[name] = JsonObject{
        {"type", "object"},
        {"additionalProperties", false},
        {"required", std::move(required)},
        {"properties", std::move(properties)},
    };
}

JsonObject Table::answer_schema(const Operation& operation) const {
    JsonObject schema = reference(operation.answer);
    if (operation.is_page) {
        const JsonObject next = or_null(JsonObject{{"type", "string"}});
        schema = JsonObject{
            {"type", "object"},
            {"additionalProperties", false},
            {"required", JsonArray{"items", "next"}},
            {"properties",
             JsonObject{
                 {"items", JsonObject{{"type", "array"}, {"items", std::move(schema)}}},
                 {"next", next},
             }},
        };
    }
    return schema;
}

}  // namespace weft::control
