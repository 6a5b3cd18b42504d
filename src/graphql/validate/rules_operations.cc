#include "graphql/validate/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>

/// Rules about definitions and variable definitions.
namespace weft::graphql::rules {

void Walk::executable_definitions() {
    if (!context_.on(Rule::kExecutableDefinitions)) return;
    for (const Definition& each : context_.document().definitions) {
        if (each.type_system == nullptr) continue;
        bool is_schema = each.type_system->kind == TypeSystemDefinition::Kind::kSchema;
        std::string name = is_schema ? "schema" : wording::quoted(each.type_system->name.text);
        Failure hasura = context_.here("not a valid graphql query");
        hasura.path = "$.query";
        context_.report(
            Rule::kExecutableDefinitions,
            fmt::format("The {} definition is not executable.", name),
            {each.type_system->at},
            std::move(hasura)
        );
    }
}

/// Without a root type there is nothing to look fields up in, and nothing below would be checked.
void Walk::known_operation_types(const Operation& node) {
    if (!context_.on(Rule::kKnownOperationTypes) || context_.view().root(node.kind) != nullptr) return;
    bool is_mutation = node.kind == OperationKind::kMutation;
    std::string_view kind = is_mutation                          ? "mutation"
                            : node.kind == OperationKind::kQuery ? "query"
                                                                 : "subscription";
    context_.report(
        Rule::kKnownOperationTypes,
        fmt::format("The {} operation is not supported by the schema.", kind),
        {node.at},
        context_.here(
            node.kind == OperationKind::kQuery ? "no queries exist" : fmt::format("no {}s exist", kind)
        )
    );
}

void Walk::unique_operation_names(const Operation& node) {
    if (!context_.on(Rule::kUniqueOperationNames) || !node.name) return;
    auto [first, is_new] = operation_names_.try_emplace(node.name.text, node.name.at);
    if (is_new) return;
    context_.report(
        Rule::kUniqueOperationNames,
        fmt::format("There can be only one operation named \"{}\".", node.name.text),
        {first->second, node.name.at},
        context_.here(
            fmt::format("multiple definitions for operation \"{}\"", node.name.text), "parse-failed"
        )
    );
}

void Walk::lone_anonymous_operation(const Operation& node) {
    if (!context_.on(Rule::kLoneAnonymousOperation) || node.name || context_.document().operations.size() < 2)
        return;
    context_.report(
        Rule::kLoneAnonymousOperation,
        "This anonymous operation must be the only defined operation.",
        {node.at},
        context_.here(
            "exactly one operation has to be present in the document when operationName is not specified"
        )
    );
}

namespace {

/// The root selections of a subscription by response name.
class RootFields {
  public:
    RootFields(Context& context, const Type& root) : context_(context), root_(root) {}
    void collect(std::span<const Selection> nodes);

    std::vector<std::vector<const Selection*>> groups;
    std::vector<std::uint32_t> conditions;  // of @skip and @include

  private:
    bool applies(const Name& condition) const;

    Context& context_;
    const Type& root_;
    std::unordered_map<std::string_view, std::size_t> index_;
    std::unordered_map<std::string_view, bool> seen_;
};

bool RootFields::applies(const Name& condition) const {
    const Type* type = condition ? context_.view().type(condition.text) : &root_;
    if (type == nullptr) return false;
    return type == &root_ || std::ranges::find(type->possible, &root_) != type->possible.end();
}

void RootFields::collect(std::span<const Selection> nodes) {
    if (!context_.spend(nodes.size())) return;
    for (const Selection& node : nodes) {
        for (const Directive& each : node.directives) {
            if (each.name.text == "skip" || each.name.text == "include") conditions.push_back(each.at);
        }
        if (node.kind == Selection::Kind::kField) {
            auto [group, is_new] = index_.try_emplace(node.response_key(), groups.size());
            if (is_new) groups.emplace_back();
            groups[group->second].push_back(&node);
        } else if (node.kind == Selection::Kind::kInlineFragment) {
            if (applies(node.type_condition)) collect(node.selections);
        } else if (seen_.emplace(node.name.text, true).second) {
            const Fragment* fragment = context_.fragment(node.name.text);
            if (fragment != nullptr && applies(fragment->type_condition)) collect(fragment->selections);
        }
    }
}

}  // namespace

void Walk::single_field_subscriptions(const Operation& node) {
    if (!context_.on(Rule::kSingleFieldSubscriptions) || node.kind != OperationKind::kSubscription) return;
    const Type* root = context_.view().root(OperationKind::kSubscription);
    if (root == nullptr) return;
    RootFields fields(context_, *root);
    fields.collect(node.selections);
    std::string who =
        node.name ? fmt::format("Subscription \"{}\"", node.name.text) : "Anonymous Subscription";
    auto wrong = [&](std::string_view what, std::vector<std::uint32_t> at, std::string hasura) {
        context_.report(
            Rule::kSingleFieldSubscriptions,
            fmt::format("{} must {}", who, what),
            std::move(at),
            context_.here(std::move(hasura))
        );
    };
    if (!fields.conditions.empty())
        return wrong(
            "not use `@skip` or `@include` directives in the top level selection.",
            fields.conditions,
            "subscriptions must not use @skip or @include on the top level field"
        );
    std::vector<std::uint32_t> extra;
    for (std::size_t i = 1; i < fields.groups.size(); ++i) {
        for (const Selection* each : fields.groups[i]) extra.push_back(each->at);
    }
    if (!extra.empty())
        wrong(
            "select only one top level field.",
            std::move(extra),
            "subscriptions must select one top level field"
        );
    for (const auto& group : fields.groups) {
        if (!group[0]->name.text.starts_with("__")) continue;
        std::vector<std::uint32_t> at;
        for (const Selection* each : group) at.push_back(each->at);
        wrong(
            "not select an introspection top level field.",
            std::move(at),
            "subscriptions must not select an introspection field at the top level"
        );
    }
}

void Walk::unique_variable_names(const Operation& node) {
    if (!context_.on(Rule::kUniqueVariableNames)) return;
    auto name_of = [](const VariableDefinition& each) -> const Name& { return each.name; };
    for (auto& [name, at] : duplicates(node.variables, name_of)) {
        context_.report(
            Rule::kUniqueVariableNames,
            fmt::format("There can be only one variable named \"${}\".", name),
            std::move(at),
            context_.here(fmt::format("multiple definitions for variable \"{}\"", name), "parse-failed")
        );
    }
}

void Walk::variables_are_input_types(const VariableDefinition& node) {
    if (!context_.on(Rule::kVariablesAreInputTypes)) return;
    std::optional<TypeUse> use = declared(context_.view(), node.type);
    if (!use || use->named()->is_input()) return;
    std::string message =
        fmt::format("Variable \"${}\" cannot be non-input type \"{}\".", node.name.text, print(node.type));
    context_.report(Rule::kVariablesAreInputTypes, message, {node.type.at}, context_.here(message));
}

void Walk::known_type_names(const Name& name) {
    if (!context_.on(Rule::kKnownTypeNames) || context_.view().type(name.text) != nullptr) return;
    std::vector<std::string_view> options;
    for (const Type* each : context_.view().schema().types()) {
        if (context_.view().sees(each->element)) options.push_back(each->name);
    }
    // An SDL definition in the document is refused for itself, not for its uses.
    for (const Definition& each : context_.document().definitions) {
        const TypeSystemDefinition* sdl = each.type_system;
        if (sdl == nullptr || sdl->is_extension || sdl->kind == TypeSystemDefinition::Kind::kSchema ||
            sdl->kind == TypeSystemDefinition::Kind::kDirective)
            continue;
        if (sdl->name.text == name.text) return;
        options.push_back(sdl->name.text);
    }
    context_.report(
        Rule::kKnownTypeNames,
        fmt::format("Unknown type \"{}\".{}", name.text, context_.did_you_mean(name.text, options)),
        {name.at},
        context_.here(fmt::format("no such type exists in the schema: '{}'", name.text))
    );
}

}  // namespace weft::graphql::rules
