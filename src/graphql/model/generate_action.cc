#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

namespace {

constexpr int kListsMax = 8;  // a type's wrappers are a number of 32 bits

/// Types of the database that a custom type may use without declaring them.
constexpr std::array<std::string_view, 19> kKnownScalars{
    "uuid",  "json", "jsonb",  "bigint", "smallint",  "numeric",     "float8",
    "money", "date", "time",   "timetz", "timestamp", "timestamptz", "interval",
    "bytea", "inet", "citext", "bpchar", "ltree",
};

std::string not_found(std::string_view name) {
    return "the type " + quoted(name) + " is not found in custom types or the database";
}

}  // namespace

std::expected<TypeUse, std::string> Generator::parse_use(std::string_view text) {
    const std::string_view whole = text;
    const auto trim = [](std::string_view& part) {
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    };
    std::vector<bool> lists;  // outermost first: is it non-null?
    bool is_non_null = false;
    for (;;) {
        trim(text);
        is_non_null = text.ends_with('!');
        if (is_non_null) text.remove_suffix(1);
        trim(text);
        if (!text.starts_with('[')) break;
        if (!text.ends_with(']') || lists.size() == kListsMax) {
            return std::unexpected(quoted(whole) + " is not a type");
        }
        lists.push_back(is_non_null);
        text = text.substr(1, text.size() - 2);
    }
    if (!is_graphql_name(text)) return std::unexpected(quoted(whole) + " is not a type");
    const Type* named = schema_.find(text);
    if (named == nullptr && std::ranges::find(kKnownScalars, text) != kKnownScalars.end()) {
        named = scalar(std::string(text));
    }
    if (named == nullptr) return std::unexpected(not_found(text));
    TypeUse use(named);
    if (is_non_null) use = use.non_null();
    for (auto each = lists.rbegin(); each != lists.rend(); ++each) {
        use = use.list();
        if (*each) use = use.non_null();
    }
    return use;
}

// ---- custom types

void Generator::add_custom_types() {
    // Columns' own types first: custom types may use them.
    for (const Table& table : d_.tables) {
        for (const Column& column : table.columns) {
            if (!column.name.empty()) column_type(column);
        }
    }
    for (const metadata::CustomType& from : d_.metadata.custom_types) add_custom_type(from);
    for (const metadata::CustomType& from : d_.metadata.custom_types) fill_custom_type(from);
}

void Generator::add_custom_type(const metadata::CustomType& from) {
    using Kind = metadata::CustomType::Kind;
    const Type* found = schema_.find(from.name);
    if (from.kind == Kind::kScalar && found != nullptr && found->kind == TypeKind::kScalar) return;
    if (found != nullptr || !is_graphql_name(from.name)) {
        d_.inconsistent(
            "custom_types",
            "custom_types",
            found != nullptr ? "duplicate declaration found for type " + quoted(from.name)
                             : quoted(from.name) + " is not a valid GraphQL name"
        );
        return;
    }
    const TypeKind kind = from.kind == Kind::kInput    ? TypeKind::kInput
                          : from.kind == Kind::kObject ? TypeKind::kObject
                          : from.kind == Kind::kEnum   ? TypeKind::kEnum
                                                       : TypeKind::kScalar;
    custom_types_[from.name] = &new_type(kind, from.name, from.description);
    if (kind == TypeKind::kScalar) scalars_[from.name] = custom_types_[from.name];
}

void Generator::fill_custom_type(const metadata::CustomType& from) {
    using Kind = metadata::CustomType::Kind;
    const auto own = custom_types_.find(from.name);
    if (own == custom_types_.end() || from.kind == Kind::kScalar) return;
    Type& type = *own->second;
    std::unordered_set<std::string> names;
    for (const std::array<std::string, 3>& each : from.fields) {
        const auto& [name, written, description] = each;
        std::string reason;
        if (!is_graphql_name(name) || !names.insert(name).second) {
            reason = joined(
                {"the field ",
                 quoted(name),
                 " of the type ",
                 quoted(from.name),
                 " is no GraphQL name or is declared twice"}
            );
        } else if (from.kind == Kind::kEnum) {
            value(type, name, Visibility::kAlways, kUnbound, description);
        } else if (const auto use = parse_use(written); !use) {
            reason =
                joined({"in the field ", quoted(name), " of the type ", quoted(from.name), ": ", use.error()}
                );
        } else if (from.kind == Kind::kInput ? !use->named()->is_input() : !use->named()->is_output()) {
            reason = joined(
                {"the field ",
                 quoted(name),
                 " of the type ",
                 quoted(from.name),
                 " can't have the type ",
                 quoted(written)}
            );
        } else if (from.kind == Kind::kInput) {
            input(type, name, *use, Visibility::kAlways, kUnbound, description);
        } else {
            const Meaning meaning{.kind = Meaning::Kind::kOutputField, .name = name};
            field(type, name, *use, Visibility::kAlways, bind(meaning), description);
        }
        if (!reason.empty()) d_.inconsistent("custom_types", "custom_types", std::move(reason));
    }
}

void Generator::add_output_relationships(const metadata::CustomType& from) {
    for (const metadata::ObjectRelationship& each : from.relationships) add_output_relationship(from, each);
}

void Generator::add_output_relationship(
    const metadata::CustomType& from, const metadata::ObjectRelationship& relationship
) {
    const auto own = custom_types_.find(from.name);
    if (own == custom_types_.end() || own->second->kind != TypeKind::kObject) return;
    Type& type = *own->second;
    OutputRelationship made;
    made.metadata = &relationship;
    made.remote = d_.find_table(relationship.remote);
    std::string reason;
    const auto has_field = [&](std::string_view name) {
        return std::ranges::find(type.fields, name, [](const Field& f) -> std::string_view {
                   return f.name;
               }) != type.fields.end();
    };
    if (made.remote == nullptr) {
        reason = "table " + quoted(relationship.remote.text()) + " is not tracked";
    } else if (has_field(relationship.name) || !is_graphql_name(relationship.name)) {
        reason = "the name is in use, or none of GraphQL";
    } else {
        for (const auto& [name, pg_name] : relationship.fields) {
            const Column* column = made.remote->column(pg_name);
            if (column == nullptr) reason = "column " + quoted(pg_name) + " does not exist";
            if (!has_field(name)) reason = "field " + quoted(name) + " does not exist";
            made.columns.emplace_back(name, column);
        }
    }
    if (!reason.empty()) {
        d_.inconsistent(
            "custom_types",
            "custom_types",
            joined(
                {"in relationship ",
                 quoted(relationship.name),
                 " of the type ",
                 quoted(from.name),
                 ": ",
                 reason}
            )
        );
        return;
    }
    d_.outputs.push_back(std::move(made));
    const OutputRelationship& kept = d_.outputs.back();
    const Table& remote = *kept.remote;
    const bool is_array = relationship.kind == metadata::Relationship::Kind::kArray;
    Meaning meaning{.kind = Meaning::Kind::kOutputRelationship, .table = &remote, .output = &kept};
    Field& added = field(
        type,
        relationship.name,
        is_array ? rows(remote) : TypeUse(types(remote).object),
        shared(remote).select,
        bind(meaning)
    );
    if (!is_array) return;
    add_list_arguments(added, remote);
    const std::string aggregate = relationship.name + "_aggregate";
    if (has_field(aggregate)) return;
    meaning.kind = Meaning::Kind::kOutputRelationshipAggregate;
    Field& whole = field(
        type, aggregate, TypeUse(types(remote).aggregate).non_null(), shared(remote).aggregate, bind(meaning)
    );
    add_list_arguments(whole, remote);
}

// ---- actions

void Generator::add_action(const metadata::Action& from) {
    const bool is_async = from.kind == metadata::Action::Kind::kAsynchronous;
    const auto output = parse_use(from.output_type);
    std::string reason = output ? "" : output.error();
    if (output && !output->named()->is_output()) {
        reason = "the output type " + quoted(from.output_type) + " is not an object or scalar";
    }
    std::vector<TypeUse> arguments;
    for (const auto& [name, type] : from.arguments) {
        const auto use = parse_use(type);
        if (!use) reason = joined({"in the argument ", quoted(name), ": ", use.error()});
        if (use && !use->named()->is_input()) {
            reason = joined({"the argument ", quoted(name), " can't have the type ", quoted(type)});
        }
        arguments.push_back(use.value_or(TypeUse()));
    }
    Type& root = from.on == metadata::Action::On::kQuery ? *schema_.query : *schema_.mutation;
    if (reason.empty() && !is_graphql_name(from.name))
        reason = quoted(from.name) + " is not a valid GraphQL name";
    if (!reason.empty()) {
        d_.inconsistent(
            "action", "action " + from.name, joined({"in action ", quoted(from.name), ": ", reason})
        );
        return;
    }
    if (!claims(root, from.name)) return;
    Action& action = d_.actions.emplace_back();
    action.metadata = &from;
    action.output = output->named();
    const Meaning meaning{.kind = Meaning::Kind::kAction, .action = &action};
    Field& made = field(
        root,
        from.name,
        is_async ? TypeUse(scalar("uuid")).non_null() : *output,
        visibility_.add({.kind = Rule::Kind::kListed, .listed = &from.roles}),
        bind(meaning),
        from.comment
    );
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        argument(made, from.arguments[i].first, arguments[i], kUnbound);
    }
    if (is_async) add_action_result(action, *output);
}

/// `<action>(id): <action>`: what became of an asynchronous action.
void Generator::add_action_result(const Action& action, TypeUse output) {
    const metadata::Action& from = *action.metadata;
    const std::string text = quoted(from.name);
    Type& type = new_type(TypeKind::kObject, from.name, "fields of action: " + text);
    const auto add = [&](std::string_view name, TypeUse use, std::string description) {
        const Meaning meaning{.kind = Meaning::Kind::kOutputField, .action = &action, .name = name};
        field(type, std::string(name), use, Visibility::kAlways, bind(meaning), std::move(description));
    };
    add("created_at", TypeUse(scalar("timestamptz")).non_null(), "the time at which this action was created");
    add("errors", TypeUse(scalar("json")), "errors related to the invocation");
    add("id", TypeUse(scalar("uuid")).non_null(), "the unique id of an action");
    add("output", output.nullable(), "the output fields of this action");
    add_read_root(
        from.name,
        TypeUse(&type),
        {.kind = Rule::Kind::kListed, .listed = &from.roles},
        {0, 0},
        {.kind = Meaning::Kind::kActionResult, .action = &action},
        "retrieve the result of action: " + text,
        [&](Field& made) {
            argument(
                made,
                "id",
                TypeUse(scalar("uuid")).non_null(),
                bind(Meaning::Kind::kActionId),
                "the unique id of an action"
            );
        }
    );
}

}  // namespace weft::graphql
