#include "graphql/validate/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>

/// Rules about the uses of variables.
namespace weft::graphql::rules {

bool VariableRules::add(const Scope& scope, std::vector<Site>& sites) {
    const void* key = scope.operation != nullptr ? static_cast<const void*>(scope.operation) : scope.fragment;
    auto [known, is_new] = usages_.try_emplace(key);
    if (is_new) known->second = usages(context_.view(), scope);
    for (const Usage& usage : known->second) sites.push_back({&usage, scope.fragment});
    return context_.spend(1 + known->second.size());
}

void VariableRules::check(const Operation& operation) {
    bool is_on = context_.on(Rule::kNoUndefinedVariables) || context_.on(Rule::kNoUnusedVariables) ||
                 context_.on(Rule::kVariablesInAllowedPosition);
    if (!is_on || context_.is_done()) return;
    context_.path.back_to(1);
    std::vector<Site> sites;
    if (!add({.operation = &operation}, sites)) return;
    for (const Fragment* each : context_.reachable(operation)) {
        if (!add({.fragment = each}, sites)) return;
    }
    Definitions defined;
    for (const VariableDefinition& each : operation.variables) defined[each.name.text] = &each;
    if (context_.on(Rule::kNoUndefinedVariables)) undefined(operation, defined, sites);
    if (context_.on(Rule::kNoUnusedVariables)) unused(operation, sites);
    if (!context_.on(Rule::kVariablesInAllowedPosition)) return;
    for (const Site& site : sites) {
        if (context_.is_done()) return;
        position(defined, site);
    }
}

void VariableRules::undefined(
    const Operation& operation, const Definitions& defined, const std::vector<Site>& sites
) {
    std::string where =
        operation.name ? fmt::format(" by operation \"{}\"", operation.name.text) : std::string();
    for (const Site& site : sites) {
        if (context_.is_done()) return;
        std::string_view name = site.usage->value->text;
        if (defined.contains(name)) continue;
        context_.report_absolute(
            Rule::kNoUndefinedVariables,
            fmt::format("Variable \"${}\" is not defined{}.", name, where),
            {site.usage->value->at, operation.at},
            {.message = fmt::format("unbound variable \"{}\"", name)}
        );
    }
}

void VariableRules::unused(const Operation& operation, const std::vector<Site>& sites) {
    std::unordered_map<std::string_view, bool> used;
    for (const Site& site : sites) used[site.usage->value->text] = true;
    std::string where =
        operation.name ? fmt::format(" in operation \"{}\"", operation.name.text) : std::string();
    for (const VariableDefinition& each : operation.variables) {
        if (context_.is_done()) return;
        if (used.contains(each.name.text)) continue;
        std::string hasura = fmt::format(
            "following variable(s) have been defined, but have not been used in the query - {}",
            each.name.text
        );
        context_.report_absolute(
            Rule::kNoUnusedVariables,
            fmt::format("Variable \"${}\" is never used{}.", each.name.text, where),
            {each.at},
            {.message = std::move(hasura)}
        );
    }
}

namespace {

/// Is every value of `sub` one of `super`? For input types.
bool is_subtype(TypeUse sub, TypeUse super) {
    while (sub != super) {
        if (super.is_non_null()) {
            if (!sub.is_non_null()) return false;
            super = super.inner();
            sub = sub.inner();
        } else if (sub.is_non_null()) {
            sub = sub.inner();
        } else {
            if (!super.is_list() || !sub.is_list()) return false;
            super = super.inner();
            sub = sub.inner();
        }
    }
    return true;
}

/// A list of lists as the list that a column's array is declared as.
TypeUse flat(TypeUse type, const Expected& at) {
    if (at.strings != Strings::kArray) return type;
    const auto depth = [](TypeUse use) {
        int out = 0;
        for (TypeUse each = use.nullable(); each.is_list(); each = each.inner().nullable()) ++out;
        return out;
    };
    for (int more = depth(type) - std::max(1, depth(at.type)); more > 0; --more) {
        const bool is_non_null = type.is_non_null();
        type = type.nullable().inner();
        if (!is_non_null) type = type.nullable();
    }
    return type;
}

bool is_allowed(TypeUse type, const Value& default_value, const Expected& at) {
    if (!at.type.is_non_null() || type.is_non_null()) return is_subtype(type, at.type);
    bool has_default = default_value && default_value.kind != Value::Kind::kNull;
    return (has_default || at.has_default) && is_subtype(type, at.type.inner());
}

}  // namespace

void VariableRules::position(const Definitions& defined, const Site& site) {
    std::string_view name = site.usage->value->text;
    const Expected& at = site.usage->expected;
    auto found = defined.find(name);
    if (found == defined.end() || at.type.named() == nullptr) return;
    const VariableDefinition& definition = *found->second;
    std::optional<TypeUse> type = declared(context_.view(), definition.type);
    auto report = [&](std::string message) {
        Failure hasura = {
            .message = fmt::format(
                "variable \"{}\" is declared as {}, but used where {} is expected",
                name,
                print(definition.type),
                at.type.text()
            ),
            .path = context_.absolute(site.within, site.usage->path),
        };
        context_.report_absolute(
            Rule::kVariablesInAllowedPosition,
            std::move(message),
            {definition.at, site.usage->value->at},
            std::move(hasura)
        );
    };
    if (type && !is_allowed(flat(*type, at), definition.default_value, at))
        report(fmt::format(
            "Variable \"${}\" of type \"{}\" used in position expecting type \"{}\".",
            name,
            type->text(),
            at.type.text()
        ));
    const Type* parent = at.parent.is_bare() ? input_object(at.parent) : nullptr;
    if (parent != nullptr && parent->is_one_of && type && !type->is_non_null())
        report(fmt::format(
            "Variable \"${}\" is of type \"{}\" but must be non-nullable to be used for OneOf Input Object "
            "\"{}\".",
            name,
            type->text(),
            parent->name
        ));
}

}  // namespace weft::graphql::rules
