#include "graphql/validate/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>

/// Rules about directives.
namespace weft::graphql::rules {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kPlaces = {{
    {"QUERY", "a query"},
    {"MUTATION", "a mutation"},
    {"SUBSCRIPTION", "a subscription"},
    {"FIELD", "a field"},
    {"FRAGMENT_DEFINITION", "a fragment definition"},
    {"FRAGMENT_SPREAD", "a fragment spread"},
    {"INLINE_FRAGMENT", "an inline fragment"},
    {"VARIABLE_DEFINITION", "a variable definition"},
}};

std::string_view place(std::string_view location) {
    return std::ranges::find(kPlaces, location, [](const auto& each) { return each.first; })->second;
}

}  // namespace

void Walk::known_directives(const Directive& node, const DirectiveType* type, std::string_view location) {
    if (!context_.on(Rule::kKnownDirectives)) return;
    std::string_view name = node.name.text;
    if (type == nullptr) {
        context_.report(
            Rule::kKnownDirectives,
            fmt::format("Unknown directive \"@{}\".", name),
            {node.at},
            context_.here(fmt::format("directive \"{}\" is not defined in the schema", name))
        );
        return;
    }
    if (std::ranges::find(type->locations, location) != type->locations.end()) return;
    context_.report(
        Rule::kKnownDirectives,
        fmt::format("Directive \"@{}\" may not be used on {}.", name, location),
        {node.at},
        context_.here(fmt::format("directive \"{}\" is not allowed on {}", name, place(location)))
    );
}

void Walk::unique_directives(std::span<const Directive> nodes) {
    if (!context_.on(Rule::kUniqueDirectivesPerLocation) || nodes.size() < 2) return;
    std::vector<const Directive*> seen;  // at most one for each directive of the schema
    for (const Directive& node : nodes) {
        const DirectiveType* type = context_.view().schema().directive(node.name.text);
        if (type == nullptr || type->is_repeatable) continue;
        auto is_same = [&](const Directive* each) { return each->name.text == node.name.text; };
        auto first = std::ranges::find_if(seen, is_same);
        if (first == seen.end()) {
            seen.push_back(&node);
            continue;
        }
        context_.report(
            Rule::kUniqueDirectivesPerLocation,
            fmt::format("The directive \"@{}\" can only be used once at this location.", node.name.text),
            {(*first)->at, node.at},
            context_.here(fmt::format("the following directives are used more than once: {}", node.name.text))
        );
        if (context_.is_done()) return;
    }
}

void Walk::known_directive_arguments(const Directive& node, const DirectiveType& type) {
    if (!context_.on(Rule::kKnownArgumentNames)) return;
    for (const Argument& argument : node.arguments) {
        if (context_.is_done()) return;
        if (type.argument(argument.name.text) != nullptr) continue;
        std::vector<std::string_view> options;
        for (const InputValue& each : type.arguments) options.push_back(each.name);
        context_.report(
            Rule::kKnownArgumentNames,
            fmt::format(
                "Unknown argument \"{}\" on directive \"@{}\".{}",
                argument.name.text,
                type.name,
                context_.did_you_mean(argument.name.text, options)
            ),
            {argument.name.at},
            context_.here(fmt::format("\"{}\" has no argument named \"{}\"", type.name, argument.name.text))
        );
    }
}

void Walk::required_directive_arguments(const Directive& node, const DirectiveType& type) {
    if (!context_.on(Rule::kProvidedRequiredArguments)) return;
    for (const InputValue& each : type.arguments) {
        if (!each.is_required()) continue;
        auto is_it = [&](const Argument& argument) { return argument.name.text == each.name; };
        if (std::ranges::any_of(node.arguments, is_it)) continue;
        std::size_t mark = context_.path.mark();
        context_.path.key("args").key(each.name);
        context_.report(
            Rule::kProvidedRequiredArguments,
            fmt::format(
                "Directive \"@{}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                type.name,
                each.name,
                each.type.text()
            ),
            {node.at},
            wording::missing_member(each.name, context_.path.text())
        );
        context_.path.back_to(mark);
    }
}

}  // namespace weft::graphql::rules
