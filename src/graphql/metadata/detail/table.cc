#include "graphql/metadata/detail/readers.h"

#include <algorithm>
#include <set>

namespace weft::graphql::metadata::detail {

namespace {

constexpr std::initializer_list<std::string_view> kRootFields = {
    "select",
    "select_by_pk",
    "select_aggregate",
    "select_stream",
    "insert",
    "insert_one",
    "update",
    "update_by_pk",
    "update_many",
    "delete",
    "delete_by_pk",
};

/// "name", null, or {"name", "comment"}.
void read_root_names(const Node& node, Table& out) {
    node.each_member([&](std::string_view key, const Node& value) {
        if (std::ranges::find(kRootFields, key) == kRootFields.end()) return value.wrong("is no root field");
        std::string name = value.is_object() ? value["name"].name_or_empty() : value.name_or_empty();
        if (!name.empty()) out.root_names[std::string(key)] = std::move(name);
        if (!value.is_object()) return;
        if (auto comment = value["comment"].text_if_there()) {
            out.root_comments[std::string(key)] = *std::move(comment);
        }
    });
}

void read_columns(const Node& node, Table& out) {
    node["custom_column_names"].each_member([&](std::string_view column, const Node& value) {
        if (value.is_there()) out.column_names[std::string(column)] = value.name();
    });
    // The newer spelling counts when both are there.
    node["column_config"].each_member([&](std::string_view column, const Node& value) {
        if (auto name = value["custom_name"].name_or_empty(); !name.empty()) {
            out.column_names[std::string(column)] = std::move(name);
        }
        if (auto comment = value["comment"].text_if_there()) {
            out.column_comments[std::string(column)] = *std::move(comment);
        }
    });
}

void read_configuration(const Node& node, Table& out) {
    out.custom_name = node["custom_name"].name_or_empty();
    if (auto comment = node["comment"].text_if_there()) out.comment = std::move(comment);
    read_root_names(node["custom_root_fields"], out);
    read_columns(node, out);
}

/// A column, or a list of columns: the keys of Hasura's documents are written either way.
std::vector<std::string> read_key_columns(const Node& node) {
    if (node.is_text()) return {node.text()};
    if (!node.is_list()) node.wrong("must be a column or a list of columns");
    std::vector<std::string> out = node.texts_or_empty();
    if (out.empty()) node.wrong("must not be empty");
    return out;
}

void read_foreign_key(const Node& node, Relationship& out) {
    if (node.is_object()) {
        out.foreign_key_table = node["table"].qualified();
        Node column = node["column"];
        Node columns = node["columns"];
        if (column.is_there() == columns.is_there()) {
            return node.wrong("must have \"column\" or \"columns\", one of the two");
        }
        out.foreign_key_columns = read_key_columns(column.is_there() ? column : columns);
        return;
    }
    if (out.kind == Relationship::Kind::kArray) {
        return node.wrong("must be an object with \"table\" and \"column\" or \"columns\"");
    }
    if (!node.is_text() && !node.is_list()) {
        return node.wrong("must be a column, a list of columns, or an object with \"table\"");
    }
    out.foreign_key_columns = read_key_columns(node);
}

Relationship::Manual read_manual(const Node& node) {
    Relationship::Manual out;
    out.remote = node["remote_table"].qualified();
    Node mapping = node["column_mapping"];
    mapping.required();
    out.columns = read_pairs(mapping);
    if (out.columns.empty()) mapping.wrong("must not be empty");
    out.is_inserted_before_parent =
        node["insertion_order"].word({"before_parent", "after_parent"}) == "before_parent";
    return out;
}

Relationship read_relationship(const Node& node, Relationship::Kind kind) {
    Relationship out;
    out.kind = kind;
    out.name = node["name"].name();
    out.comment = node["comment"].text_or();
    Node usage = node["using"];
    usage.required();
    Node foreign_key = usage["foreign_key_constraint_on"];
    Node manual = usage["manual_configuration"];
    if (foreign_key.is_there() == manual.is_there()) {
        usage.wrong("must have \"foreign_key_constraint_on\" or \"manual_configuration\", one of the two");
    } else if (manual.is_there()) {
        out.manual = read_manual(manual);
    } else {
        read_foreign_key(foreign_key, out);
    }
    return out;
}

ComputedField read_computed_field(const Node& node) {
    Node definition = node["definition"];
    definition.required();
    ComputedField out;
    out.name = node["name"].name();
    out.function = definition["function"].qualified();
    out.table_argument = definition["table_argument"].text_or();
    out.session_argument = definition["session_argument"].text_or();
    out.comment = node["comment"].text_if_there();
    return out;
}

RemoteField read_remote_field(const Node& node) {
    RemoteField out;
    out.name = node["name"].name();
    out.resolver = node["resolver"].text();
    out.type = node["type"].text();
    out.columns = node["columns"].texts();
    out.arguments = read_arguments(node["arguments"]);
    out.roles = node["roles"].texts_or_empty();
    return out;
}

}  // namespace

Table read_table(const Node& node) {
    Table out;
    out.name = node["table"].qualified();
    out.is_enum = node["is_enum"].boolean();
    out.comment = node["comment"].text_if_there();
    read_configuration(node["configuration"], out);
    std::set<std::string> names;
    auto add = [&](const Node& item, auto& list, auto value) {
        if (item.is_well() && !names.insert(value.name).second) {
            item.wrong("repeats the name \"" + value.name + "\"");
        }
        list.push_back(std::move(value));
    };
    node["object_relationships"].each([&](const Node& item) {
        add(item, out.relationships, read_relationship(item, Relationship::Kind::kObject));
    });
    node["array_relationships"].each([&](const Node& item) {
        add(item, out.relationships, read_relationship(item, Relationship::Kind::kArray));
    });
    node["computed_fields"].each([&](const Node& item) {
        add(item, out.computed_fields, read_computed_field(item));
    });
    node["remote_fields"].each([&](const Node& item) {
        add(item, out.remote_fields, read_remote_field(item));
    });
    out.permissions = read_permissions(node);
    return out;
}

}  // namespace weft::graphql::metadata::detail
