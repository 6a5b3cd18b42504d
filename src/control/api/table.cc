#include "control/api/api.h"

#include <algorithm>
#include <set>

namespace weft::control {

namespace {

/// What inputs have in common; every input schema can refer to these.
constexpr std::string_view kDefinitions = R"({
  "id": {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "examples": ["019ad3f2-5e00-7c41-9f04-1d2e3b4c5d6e"]
  },
  "key": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,40}$", "examples": ["orders"]},
  "name": {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["Orders"]},
  "text": {"type": "string", "maxLength": 2000, "examples": ["What it is for"]},
  "limit": {"type": "integer", "minimum": 1, "maximum": 100, "examples": [50]},
  "after": {"type": "string", "maxLength": 150, "examples": ["019ad3f2-5e00-7c41-9f04-1d2e3b4c5d6e"]},
  "manifest": {
    "type": "object",
    "examples": [{"base_url": "https://api.example.com", "auth": {"kind": "bearer"}}]
  },
  "action_definition": {
    "type": "object",
    "examples": [{"method": "GET", "path": "/orders/{{ input.id }}"}]
  },
  "workflow_definition": {
    "type": ["object", "string"],
    "description": "An object, or its text in YAML",
    "examples": [{"name": "orders", "steps": [{"id": "one", "uses": "core/map", "with": {"x": 1}}]}]
  }
})";

std::vector<std::string> path_members(std::string_view path) {
    std::vector<std::string> names;
    for (std::size_t at = 0; (at = path.find('{', at)) != std::string_view::npos;) {
        const auto end = path.find('}', at);
        names.emplace_back(path.substr(at + 1, end - at - 1));
        at = end;
    }
    return names;
}

bool contains_text(const JsonArray& array, std::string_view text) {
    return std::ranges::any_of(array, [&](const Json& item) {
        return item.is_string() && std::string_view(item.get_string()) == text;
    });
}

/// The full schema of an operation's input: members of the path are there and required, unknown ones refused.
Result<Json> complete_schema(const Operation& operation) {
    TRY(Json parsed, parse_json(operation.input));
    if (!parsed.is_object()) return fail(Error::internal("the input schema is no object"));
    JsonObject schema = std::move(parsed.get_object());
    schema["type"] = "object";
    schema["additionalProperties"] = false;
    if (!schema.contains("properties")) schema["properties"] = JsonObject();
    if (!schema.contains("required")) schema["required"] = JsonArray();
    auto& properties = schema["properties"].get_object();
    if (operation.is_page) {
        for (const std::string_view name : {"limit", "after"}) {
            properties[name] = JsonObject{{"$ref", "#/definitions/" + std::string(name)}};
        }
    }
    for (const std::string& name : path_members(operation.path)) {
        if (!properties.contains(name)) properties[name] = JsonObject{{"$ref", "#/definitions/id"}};
        auto& required = schema["required"].get_array();
        if (!contains_text(required, name)) required.emplace_back(name);
    }
    TRY(Json definitions, parse_json(kDefinitions));
    schema["definitions"] = std::move(definitions);
    return Json(std::move(schema));
}

}  // namespace

void Table::add(Operation operation) {
    auto entry = std::make_unique<Entry>();
    const auto complain = [&](std::string_view what) {
        problems_.push_back(std::string(operation.name) + ": " + std::string(what));
    };
    if (operation.name.empty()) complain("has no name");
    if (find(operation.name) != nullptr) complain("the name is used twice");
    const bool is_route_taken = std::ranges::any_of(entries_, [&](const auto& other) {
        return other->operation.method == operation.method && other->operation.path == operation.path;
    });
    if (is_route_taken) complain("the route is used twice");
    if (!operation.access.is_declared()) complain("declares no permission");
    if (!operation.path.starts_with('/')) complain("has no path");
    if (static_cast<bool>(operation.handler) == static_cast<bool>(operation.raw))
        complain("needs one handler");
    const bool is_read = operation.method == http::Method::kGet;
    if (is_read && operation.mode != Mode::kRead) complain("GET must not change anything");
    if (!is_read && operation.mode == Mode::kRead && !operation.audit_action.empty()) {
        complain("an audited change needs a mode that commits");
    }
    if (operation.access.is_public() && operation.mode == Mode::kWrite)
        complain("a public one has no tenant");
    if (operation.replay == Replay::kYes && operation.mode == Mode::kRead) complain("nothing to replay");
    // What commits elsewhere takes its key there and is answered from the object: nothing is held meanwhile.
    const bool is_keyed_own = operation.replay == Replay::kYes && operation.mode == Mode::kOwn;
    if (is_keyed_own != static_cast<bool>(operation.answer_from))
        complain("answer_from belongs to keyed starts");
    if (auto schema = complete_schema(operation); !schema) {
        complain("input schema: " + schema.error().user + schema.error().detail);
    } else if (auto compiled = schema::Schema::compile(*schema, "", {.checks_formats = true}); !compiled) {
        complain("input schema: " + compiled.error().field + ": " + compiled.error().user);
    } else {
        entry->input_schema = std::move(*schema);
        entry->input = std::move(*compiled);
    }
    const bool has_answer = !operation.answer.empty();
    if (operation.handler && has_answer != (operation.status != 204))
        complain("does not say what it answers");
    entry->operation = std::move(operation);
    entries_.push_back(std::move(entry));
}

Result<void> Table::check() const {
    if (entries_.empty()) return fail(Error::internal("the table of operations is empty"));
    std::vector<std::string> problems = problems_;
    for (const auto& entry : entries_) {
        const std::string_view answer = entry->operation.answer;
        if (answer.empty() || answers_.contains(answer)) continue;
        problems.push_back(std::string(entry->operation.name) + ": its answer is not defined");
    }
    if (problems.empty()) return {};
    std::string all = "operations are wrong:";
    for (const std::string& problem : problems) all += "\n  " + problem;
    return fail(Error::internal(std::move(all)));
}

const Table::Entry* Table::find(std::string_view name) const {
    for (const auto& entry : entries_) {
        if (entry->operation.name == name) return entry.get();
    }
    return nullptr;
}

}  // namespace weft::control
