#include "graphql/serve/detail/edits.h"

#include "graphql/catalog/catalog.h"

#include <algorithm>
#include <string>

namespace weft::graphql::detail {

namespace {

constexpr std::string_view kArguments = "$.args";

std::unexpected<Failure> refuse(std::string code, std::string message) {
    return failure(std::move(code), std::move(message), std::string(kArguments));
}

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

/// A table or function as written: "author" or {"schema", "name"}.
std::optional<QualifiedName> name_of(const Json* value) {
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return QualifiedName{.name = std::string(value->get_string())};
    if (!value->is_object()) return std::nullopt;
    const JsonObject& object = value->get_object();
    QualifiedName out{.schema = std::string(text_or(object, "schema", "public")), .name = {}};
    out.name = text_or(object, "name");
    if (out.name.empty()) return std::nullopt;
    return out;
}

/// The list under `key`, made when it is not there.
JsonArray& list_of(JsonObject& object, std::string_view key) {
    Json& value = object[key];
    if (!value.is_array()) value = JsonArray();
    return value.get_array();
}

JsonObject& source_of(JsonObject& document) {
    JsonArray& sources = list_of(document, "sources");
    if (sources.empty()) sources.push_back(JsonObject{{"name", "default"}, {"kind", "postgres"}});
    return sources.front().get_object();
}

/// The item whose `key` is `wanted`: a text, or a qualified name.
JsonArray::iterator find(JsonArray& list, std::string_view key, const Json& wanted) {
    const auto name =
        wanted.is_object() || key == "table" || key == "function" ? name_of(&wanted) : std::nullopt;
    return std::ranges::find_if(list, [&](const Json& item) {
        const Json* found = item.is_object() ? item.get_object().if_contains(key) : nullptr;
        if (found == nullptr) return false;
        return name ? name_of(found) == name : *found == wanted;
    });
}

/// Where a list of the document is.
enum class Place { kTop, kSource, kTable, kFunction, kAction, kCollection };

struct Owner {
    Place place;
    std::string_view list;      // of the source, or of the document
    std::string_view key;       // of its items
    std::string_view argument;  // of the command
    std::string_view noun;
};
constexpr Owner kOwners[] = {
    {Place::kTable, "tables", "table", "table", "table"},
    {Place::kFunction, "functions", "function", "function", "function"},
    {Place::kAction, "actions", "name", "action", "action"},
    {Place::kCollection, "query_collections", "name", "collection_name", "query collection"},
};

Outcome<JsonObject*> owner_of(JsonObject& document, Place place, const JsonObject& arguments) {
    if (place == Place::kTop) return &document;
    JsonObject& source = source_of(document);
    if (place == Place::kSource) return &source;
    const Owner& owner = *std::ranges::find(kOwners, place, &Owner::place);
    const bool is_of_source = place == Place::kTable || place == Place::kFunction;
    JsonArray& list = list_of(is_of_source ? source : document, owner.list);
    const Json* wanted = arguments.if_contains(owner.argument);
    if (wanted == nullptr) return refuse("parse-failed", "key " + quoted(owner.argument) + " not found");
    const auto found = find(list, owner.key, *wanted);
    if (found == list.end()) {
        const auto name = name_of(wanted);
        return refuse(
            "not-exists", std::string(owner.noun) + " " + quoted(name ? name->text() : "") + " does not exist"
        );
    }
    if (place != Place::kCollection) return &found->get_object();
    Json& definition = found->get_object()["definition"];
    if (!definition.is_object()) definition = JsonObject();
    return &definition.get_object();
}

/// One command that adds to, takes from or changes an item of a list.
struct Edit {
    enum class Does { kAdd, kDrop, kUpdate };
    std::string_view command;
    Does does;
    Place place;
    std::string_view list;
    std::string_view key;       // tells the items of the list apart
    std::string_view argument;  // that names the item
    std::string_view exists;    // the code when it is there already, or is not there
    std::string_view before;    // what is said then: before and after the name
    std::string_view after;
    std::string_view leaves_out;  // arguments that do not belong to the item, besides "source"
};
using enum Edit::Does;
constexpr Edit kEdits[] = {
    {"track_table",
     kAdd,
     Place::kSource,
     "tables",
     "table",
     "table",
     "already-tracked",
     "view/table already tracked: ",
     "",
     ""},
    {"untrack_table",
     kDrop,
     Place::kSource,
     "tables",
     "table",
     "table",
     "already-untracked",
     "view/table already untracked: ",
     "",
     ""},
    {"track_function",
     kAdd,
     Place::kSource,
     "functions",
     "function",
     "function",
     "already-tracked",
     "function already tracked: ",
     "",
     ""},
    {"untrack_function",
     kDrop,
     Place::kSource,
     "functions",
     "function",
     "function",
     "not-exists",
     "function ",
     " does not exist",
     ""},
    {"create_function_permission",
     kAdd,
     Place::kFunction,
     "permissions",
     "role",
     "role",
     "already-exists",
     "permission of role ",
     " already exists",
     "function"},
    {"drop_function_permission",
     kDrop,
     Place::kFunction,
     "permissions",
     "role",
     "role",
     "not-exists",
     "permission of role ",
     " does not exist",
     "function"},
    {"create_object_relationship",
     kAdd,
     Place::kTable,
     "object_relationships",
     "name",
     "name",
     "already-exists",
     "field with name ",
     " already exists",
     "table"},
    {"create_array_relationship",
     kAdd,
     Place::kTable,
     "array_relationships",
     "name",
     "name",
     "already-exists",
     "field with name ",
     " already exists",
     "table"},
    {"add_computed_field",
     kAdd,
     Place::kTable,
     "computed_fields",
     "name",
     "name",
     "already-exists",
     "field with name ",
     " already exists",
     "table"},
    {"drop_computed_field",
     kDrop,
     Place::kTable,
     "computed_fields",
     "name",
     "name",
     "not-exists",
     "computed field ",
     " does not exist",
     ""},
    {"create_select_permission",
     kAdd,
     Place::kTable,
     "select_permissions",
     "role",
     "role",
     "already-exists",
     "select permission already defined for role ",
     "",
     "table"},
    {"create_insert_permission",
     kAdd,
     Place::kTable,
     "insert_permissions",
     "role",
     "role",
     "already-exists",
     "insert permission already defined for role ",
     "",
     "table"},
    {"create_update_permission",
     kAdd,
     Place::kTable,
     "update_permissions",
     "role",
     "role",
     "already-exists",
     "update permission already defined for role ",
     "",
     "table"},
    {"create_delete_permission",
     kAdd,
     Place::kTable,
     "delete_permissions",
     "role",
     "role",
     "already-exists",
     "delete permission already defined for role ",
     "",
     "table"},
    {"drop_select_permission",
     kDrop,
     Place::kTable,
     "select_permissions",
     "role",
     "role",
     "permission-denied",
     "select permission is not defined for role ",
     "",
     ""},
    {"drop_insert_permission",
     kDrop,
     Place::kTable,
     "insert_permissions",
     "role",
     "role",
     "permission-denied",
     "insert permission is not defined for role ",
     "",
     ""},
    {"drop_update_permission",
     kDrop,
     Place::kTable,
     "update_permissions",
     "role",
     "role",
     "permission-denied",
     "update permission is not defined for role ",
     "",
     ""},
    {"drop_delete_permission",
     kDrop,
     Place::kTable,
     "delete_permissions",
     "role",
     "role",
     "permission-denied",
     "delete permission is not defined for role ",
     "",
     ""},
    {"add_inherited_role",
     kAdd,
     Place::kTop,
     "inherited_roles",
     "role_name",
     "role_name",
     "already-exists",
     "inherited role ",
     " already exists",
     ""},
    {"drop_inherited_role",
     kDrop,
     Place::kTop,
     "inherited_roles",
     "role_name",
     "role_name",
     "not-exists",
     "inherited role ",
     " does not exist",
     ""},
    {"create_action",
     kAdd,
     Place::kTop,
     "actions",
     "name",
     "name",
     "already-exists",
     "action with name ",
     " already exists",
     ""},
    {"update_action",
     kUpdate,
     Place::kTop,
     "actions",
     "name",
     "name",
     "not-exists",
     "action with name ",
     " does not exist",
     ""},
    {"drop_action",
     kDrop,
     Place::kTop,
     "actions",
     "name",
     "name",
     "not-exists",
     "action with name ",
     " does not exist",
     ""},
    {"create_action_permission",
     kAdd,
     Place::kAction,
     "permissions",
     "role",
     "role",
     "already-exists",
     "permission for role ",
     " is already defined",
     "action"},
    {"drop_action_permission",
     kDrop,
     Place::kAction,
     "permissions",
     "role",
     "role",
     "not-exists",
     "permission for role ",
     " does not exist",
     ""},
    {"create_query_collection",
     kAdd,
     Place::kTop,
     "query_collections",
     "name",
     "name",
     "already-exists",
     "query collection with name ",
     " already exists",
     ""},
    {"drop_query_collection",
     kDrop,
     Place::kTop,
     "query_collections",
     "name",
     "collection",
     "not-exists",
     "query collection with name ",
     " does not exist",
     ""},
    {"add_query_to_collection",
     kAdd,
     Place::kCollection,
     "queries",
     "name",
     "query_name",
     "already-exists",
     "query with name ",
     " already exists",
     "collection_name"},
    {"drop_query_from_collection",
     kDrop,
     Place::kCollection,
     "queries",
     "name",
     "query_name",
     "not-found",
     "query with name ",
     " not found",
     ""},
    {"add_collection_to_allowlist",
     kAdd,
     Place::kTop,
     "allowlist",
     "collection",
     "collection",
     "already-exists",
     "collection ",
     " already exists in the allowlist",
     ""},
    {"drop_collection_from_allowlist",
     kDrop,
     Place::kTop,
     "allowlist",
     "collection",
     "collection",
     "not-found",
     "collection ",
     " doesn't exist in the allowlist",
     ""},
};

Json item_of(const Edit& how, const JsonObject& arguments) {
    JsonObject out;
    out[how.key] = arguments.at(how.argument);
    for (const auto& [key, value] : arguments) {
        if (key == "source" || key == "cascade" || key == how.leaves_out || key == how.argument) continue;
        out[key] = value;
    }
    return out;
}

Outcome<> apply(JsonObject& document, const Edit& how, const JsonObject& arguments) {
    const Json* wanted = arguments.if_contains(how.argument);
    if (wanted == nullptr) return refuse("parse-failed", "key " + quoted(how.argument) + " not found");
    auto owner = owner_of(document, how.place, arguments);
    if (!owner) return std::unexpected(std::move(owner).error());
    JsonArray& list = list_of(**owner, how.list);
    const auto found = find(list, how.key, *wanted);
    const bool is_there = found != list.end();
    if (is_there == (how.does == kAdd)) {
        const auto name = name_of(wanted);
        return refuse(
            std::string(how.exists),
            std::string(how.before) + quoted(name ? name->text() : "") + std::string(how.after)
        );
    }
    if (how.does == kAdd) {
        list.push_back(item_of(how, arguments));
    } else if (how.does == kDrop) {
        list.erase(found);
    } else {
        for (const auto& [key, value] : item_of(how, arguments).get_object())
            found->get_object()[key] = value;
    }
    return {};
}

/// A relationship is in one of two lists.
Outcome<> drop_relationship(JsonObject& document, const JsonObject& arguments) {
    auto table = owner_of(document, Place::kTable, arguments);
    if (!table) return std::unexpected(std::move(table).error());
    const std::string_view name = text_or(arguments, "relationship");
    for (const char* key : {"object_relationships", "array_relationships"}) {
        JsonArray& list = list_of(**table, key);
        const auto found = find(list, "name", Json(name));
        if (found == list.end()) continue;
        list.erase(found);
        return {};
    }
    return refuse("not-exists", "relationship " + quoted(name) + " does not exist");
}

/// Members of a table or of the document that a command sets.
struct Setting {
    std::string_view command;
    Place place;
    std::string_view argument;  // empty: all arguments
    std::string_view member;
};
constexpr Setting kSettings[] = {
    {"set_table_is_enum", Place::kTable, "is_enum", "is_enum"},
    {"set_table_customization", Place::kTable, "configuration", "configuration"},
    {"set_custom_types", Place::kTop, "", "custom_types"},
};

Outcome<> apply(JsonObject& document, const Setting& how, const JsonObject& arguments) {
    auto owner = owner_of(document, how.place, arguments);
    if (!owner) return std::unexpected(std::move(owner).error());
    if (how.argument.empty()) {
        (**owner)[how.member] = arguments;
    } else if (const Json* value = arguments.if_contains(how.argument)) {
        (**owner)[how.member] = *value;
    } else {
        return refuse("parse-failed", "key " + quoted(how.argument) + " not found");
    }
    return {};
}

/// track_table and its like take the bare name, too: "author", or its parts among the arguments.
JsonObject object_of(const Json& arguments, std::string_view key) {
    if (!arguments.is_object()) return {{key, arguments}};
    const JsonObject& object = arguments.get_object();
    const bool is_bare =
        (key == "table" || key == "function") && object.contains("name") && !object.contains(key);
    if (!is_bare) return object;
    JsonObject name{{"schema", text_or(object, "schema", "public")}, {"name", text_or(object, "name")}};
    return {{key, std::move(name)}};
}

/// track_tables: a list of track_table's arguments.
Outcome<> edit_each(JsonObject& document, std::string_view command, const Json& arguments) {
    const Json* tables = arguments.is_object() ? arguments.get_object().if_contains("tables") : nullptr;
    if (tables == nullptr || !tables->is_array()) return refuse("parse-failed", "key \"tables\" not found");
    for (const Json& table : tables->get_array()) {
        if (const auto done = edit(document, command, table); !*done) return *done;
    }
    return {};
}

/// What QualifiedName::text gave.
Json as_written(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == text.npos) return Json(text);
    return JsonObject{{"schema", text.substr(0, dot)}, {"name", text.substr(dot + 1)}};
}

}  // namespace

std::optional<Outcome<>> edit(JsonObject& document, std::string_view command, const Json& arguments) {
    for (const std::string_view prefix : {"pg_", "postgres_"}) {
        if (command.starts_with(prefix)) command.remove_prefix(prefix.size());
    }
    if (const auto* how = std::ranges::find(kEdits, command, &Edit::command); how != std::end(kEdits)) {
        return apply(document, *how, object_of(arguments, how->argument));
    }
    if (const auto* how = std::ranges::find(kSettings, command, &Setting::command);
        how != std::end(kSettings)) {
        return apply(document, *how, object_of(arguments, how->argument));
    }
    if (command == "track_tables") return edit_each(document, "track_table", arguments);
    if (command == "untrack_tables") return edit_each(document, "untrack_table", arguments);
    if (command == "drop_relationship") return drop_relationship(document, object_of(arguments, "table"));
    return std::nullopt;
}

bool drop_object(JsonObject& document, std::string_view name) {
    struct Kind {
        std::string_view kind;
        std::string_view command;
        std::string_view argument;  // that names the object
    };
    constexpr Kind kKinds[] = {
        {"table", "untrack_table", "table"},
        {"function", "untrack_function", "function"},
        {"object_relation", "drop_relationship", "relationship"},
        {"array_relation", "drop_relationship", "relationship"},
        {"computed_field", "drop_computed_field", "name"},
        {"select_permission", "drop_select_permission", "role"},
        {"insert_permission", "drop_insert_permission", "role"},
        {"update_permission", "drop_update_permission", "role"},
        {"delete_permission", "drop_delete_permission", "role"},
        {"action", "drop_action", "name"},
    };
    const auto* kind = std::ranges::find(kKinds, name.substr(0, name.find(' ')), &Kind::kind);
    if (kind == std::end(kKinds)) return false;
    std::string_view rest = name.substr(std::min(kind->kind.size() + 1, name.size()));
    if (const auto source = rest.rfind(" in source "); source != rest.npos) rest = rest.substr(0, source);
    JsonObject arguments;
    if (const auto in = rest.rfind(" in table "); in != rest.npos) {
        arguments["table"] = as_written(rest.substr(in + 10));
        rest = rest.substr(0, in);
    }
    const bool is_qualified = kind->argument == "table" || kind->argument == "function";
    arguments[kind->argument] = is_qualified ? as_written(rest) : Json(rest);
    const auto done = edit(document, kind->command, arguments);
    return done && *done;
}

}  // namespace weft::graphql::detail
