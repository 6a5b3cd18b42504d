#include "graphql/metadata/detail/readers.h"

#include <algorithm>
#include <set>

namespace weft::graphql::metadata::detail {

namespace {

constexpr std::int64_t kTimeoutSecondsMax = 3'600;

/// A value, or one of the environment in the way handlers write it.
std::pair<std::string, std::string> read_header(const Node& node) {
    Node value = node["value"];
    Node from_env = node["value_from_env"];
    if (value.is_there() == from_env.is_there()) {
        node.wrong("must have \"value\" or \"value_from_env\", one of the two");
    }
    std::string text = from_env.is_there() ? "{{" + from_env.text() + "}}" : value.text_or();
    return {node["name"].text(), std::move(text)};
}

ObjectRelationship read_object_relationship(const Node& node) {
    ObjectRelationship out;
    out.name = node["name"].name();
    auto kind = node["type"].word({"object", "array"});
    out.kind = kind == "object" ? Relationship::Kind::kObject : Relationship::Kind::kArray;
    out.remote = node["remote_table"].qualified();
    Node mapping = node["field_mapping"];
    mapping.required();
    out.fields = read_pairs(mapping);
    if (out.fields.empty()) mapping.wrong("must not be empty");
    return out;
}

/// The fields of an object or input object, or the values of an enum; at least one, each once.
void read_fields(const Node& node, std::string_view name_key, std::string_view type_key, CustomType& out) {
    node.required();
    std::set<std::string> seen;
    node.each([&](const Node& item) {
        std::string name = item[name_key].name();
        std::string type = type_key.empty() ? "" : item[type_key].text();
        if (item.is_well() && !seen.insert(name).second) item.wrong("repeats \"" + name + "\"");
        out.fields.push_back({std::move(name), std::move(type), item["description"].text_or()});
    });
    if (out.fields.empty()) node.wrong("must not be empty");
}

CustomType read_custom_type(const Node& node, CustomType::Kind kind) {
    CustomType out;
    out.kind = kind;
    out.name = node["name"].name();
    out.description = node["description"].text_or();
    if (out.name.starts_with("__")) node["name"].wrong("begins with \"__\", which GraphQL keeps for itself");
    if (kind == CustomType::Kind::kEnum) read_fields(node["values"], "value", "", out);
    if (kind == CustomType::Kind::kInput || kind == CustomType::Kind::kObject) {
        read_fields(node["fields"], "name", "type", out);
    }
    if (kind != CustomType::Kind::kObject) return out;
    std::set<std::string> seen;
    for (const auto& field : out.fields) seen.insert(field[0]);
    node["relationships"].each([&](const Node& item) {
        auto relationship = read_object_relationship(item);
        if (item.is_well() && !seen.insert(relationship.name).second) {
            item.wrong("repeats the name \"" + relationship.name + "\"");
        }
        out.relationships.push_back(std::move(relationship));
    });
    return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_arguments(const Node& node) {
    std::vector<std::pair<std::string, std::string>> out;
    std::set<std::string> seen;
    node.each([&](const Node& item) {
        std::string name = item["name"].name();
        if (item.is_well() && !seen.insert(name).second) item.wrong("repeats \"" + name + "\"");
        out.emplace_back(std::move(name), item["type"].text());
    });
    return out;
}

std::vector<std::pair<std::string, std::string>> read_pairs(const Node& node) {
    std::vector<std::pair<std::string, std::string>> out;
    node.each_member([&](std::string_view key, const Node& value) {
        out.emplace_back(std::string(key), value.text());
    });
    return out;
}

std::vector<std::string> read_roles(const Node& node) {
    std::vector<std::string> out;
    std::set<std::string> seen;
    node.each([&](const Node& item) {
        out.push_back(item["role"].text());
        if (item.is_well() && !seen.insert(out.back()).second) item.wrong("repeats \"" + out.back() + "\"");
    });
    return out;
}

Function read_function(const Node& node) {
    Function out;
    out.name = node["function"].qualified();
    Node configuration = node["configuration"];
    out.custom_name = configuration["custom_name"].name_or_empty();
    configuration["custom_root_fields"].each_member([&](std::string_view key, const Node& value) {
        if (key != "function" && key != "function_aggregate") return value.wrong("is no root field");
        if (value.is_there()) out.root_names[std::string(key)] = value.name();
    });
    out.session_argument = configuration["session_argument"].text_or();
    if (Node exposed = configuration["exposed_as"]; exposed.is_there()) {
        out.exposed_as = exposed.word({"query", "mutation"});
    }
    out.roles = read_roles(node["permissions"]);
    out.comment = node["comment"].text_if_there();
    return out;
}

Action read_action(const Node& node) {
    Node definition = node["definition"];
    definition.required();
    Action out;
    out.name = node["name"].name();
    auto on = definition["type"].word({"mutation", "query"});
    out.on = on == "query" ? Action::On::kQuery : Action::On::kMutation;
    auto kind = definition["kind"].word({"synchronous", "asynchronous"});
    out.kind = kind == "asynchronous" ? Action::Kind::kAsynchronous : Action::Kind::kSynchronous;
    if (out.on == Action::On::kQuery && out.kind == Action::Kind::kAsynchronous) {
        definition["kind"].wrong("an action of type \"query\" is synchronous");
    }
    out.handler = definition["handler"].text();
    out.arguments = read_arguments(definition["arguments"]);
    out.output_type = definition["output_type"].text();
    if (auto timeout = definition["timeout"].count()) {
        if (*timeout == 0 || *timeout > kTimeoutSecondsMax) {
            definition["timeout"].wrong("must be 1 to " + std::to_string(kTimeoutSecondsMax) + " seconds");
        }
        out.timeout = std::chrono::seconds(std::min(*timeout, kTimeoutSecondsMax));
    }
    definition["headers"].each([&](const Node& item) { out.headers.push_back(read_header(item)); });
    out.forwards_client_headers = definition["forward_client_headers"].boolean();
    out.roles = read_roles(node["permissions"]);
    out.comment = node["comment"].text_or();
    return out;
}

std::vector<CustomType> read_custom_types(const Node& node) {
    std::vector<CustomType> out;
    std::set<std::string> seen;
    auto read_kind = [&](std::string_view list, CustomType::Kind kind) {
        node[list].each([&](const Node& item) {
            out.push_back(read_custom_type(item, kind));
            const std::string& name = out.back().name;
            if (item.is_well() && !seen.insert(name).second) item.wrong("repeats the type \"" + name + "\"");
        });
    };
    read_kind("input_objects", CustomType::Kind::kInput);
    read_kind("objects", CustomType::Kind::kObject);
    read_kind("scalars", CustomType::Kind::kScalar);
    read_kind("enums", CustomType::Kind::kEnum);
    return out;
}

}  // namespace weft::graphql::metadata::detail
