#include "graphql/validate/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>

/// Rules about fields and their arguments.
namespace weft::graphql::rules {

void Walk::scalar_leafs(const Selection& node, TypeUse type) {
    if (!context_.on(Rule::kScalarLeafs)) return;
    bool is_leaf = type.named()->is_leaf();
    if (is_leaf && node.has_selections) {
        context_.report(
            Rule::kScalarLeafs,
            fmt::format(
                "Field \"{}\" must not have a selection since type \"{}\" has no subfields.",
                node.name.text,
                type.text()
            ),
            {node.selections_at},
            context_.here("unexpected subselection set for non-object field")
        );
    } else if (!is_leaf && !node.has_selections) {
        context_.report(
            Rule::kScalarLeafs,
            fmt::format(
                "Field \"{0}\" of type \"{1}\" must have a selection of subfields. Did you mean \"{0} {{ ... "
                "}}\"?",
                node.name.text,
                type.text()
            ),
            {node.at},
            context_.here(fmt::format("missing selection set for \"{}\"", type.named()->name))
        );
    }
}

/// Object types that an abstract type may be, and interfaces of theirs, that do have the field: the ones that
/// most of them share first, then interfaces before what implements them.
std::vector<std::string> Walk::types_with_field(const Type& type, std::string_view field) {
    struct Candidate {
        const Type* type;
        std::size_t uses;
    };
    std::vector<Candidate> found;
    auto count = [&](const Type* candidate) {
        auto known = std::ranges::find(found, candidate, &Candidate::type);
        if (known == found.end()) {
            found.push_back({candidate, 1});
        } else {
            ++known->uses;
        }
    };
    const View& view = context_.view();
    auto has_field = [&](const Type* each) {
        const Field* own = view.sees(each->element) ? each->field(field) : nullptr;
        return own != nullptr && view.sees(own->element);
    };
    for (const Type* each : type.possible) {
        if (each->kind != TypeKind::kObject || !has_field(each)) continue;
        if (!context_.spend(1 + found.size())) return {};
        count(each);
        for (const Type* interface : each->interfaces) {
            if (has_field(interface)) count(interface);
        }
    }
    auto is_before = [](const Candidate& a, const Candidate& b) {
        if (a.uses != b.uses) return a.uses > b.uses;
        auto is_below = [](const Type* low, const Type* high) {
            return high->kind == TypeKind::kInterface &&
                   std::ranges::find(high->possible, low) != high->possible.end();
        };
        if (is_below(b.type, a.type)) return true;
        if (is_below(a.type, b.type)) return false;
        return natural_compare(a.type->name, b.type->name) < 0;
    };
    // By insertion: this order is not transitive, which std::sort does not survive.
    std::vector<std::string> names;
    std::vector<Candidate> sorted;
    for (const Candidate& each : found) {
        if (!context_.spend(sorted.size())) return {};
        std::size_t at = sorted.size();
        while (at > 0 && is_before(each, sorted[at - 1])) --at;
        sorted.insert(sorted.begin() + static_cast<std::ptrdiff_t>(at), each);
    }
    for (const Candidate& each : sorted) names.push_back(each.type->name);
    return names;
}

void Walk::fields_on_correct_type(const Selection& node, const Type& parent) {
    if (!context_.on(Rule::kFieldsOnCorrectType)) return;
    std::string_view field = node.name.text;
    std::string suggestion;
    if (parent.kind != TypeKind::kObject)
        suggestion = context_.did_you_mean(types_with_field(parent, field), "to use an inline fragment on");
    if (suggestion.empty()) {
        std::vector<std::string_view> options;
        for (const Field& each : parent.fields) {
            if (context_.view().sees(each.element)) options.push_back(each.name);
        }
        suggestion = context_.did_you_mean(field, options);
    }
    context_.report(
        Rule::kFieldsOnCorrectType,
        fmt::format("Cannot query field \"{}\" on type \"{}\".{}", field, parent.name, suggestion),
        {node.at},
        wording::unknown_member(parent, field, context_.path.text())
    );
}

void Walk::known_argument_names(
    const Selection& node, const Type& parent, const Field& field, const Argument& argument
) {
    if (!context_.on(Rule::kKnownArgumentNames)) return;
    std::vector<std::string_view> options;
    for (const InputValue& each : field.arguments) {
        if (context_.view().sees(each.element)) options.push_back(each.name);
    }
    context_.report(
        Rule::kKnownArgumentNames,
        fmt::format(
            "Unknown argument \"{}\" on field \"{}.{}\".{}",
            argument.name.text,
            parent.name,
            field.name,
            context_.did_you_mean(argument.name.text, options)
        ),
        {argument.name.at},
        context_.here(fmt::format("\"{}\" has no argument named \"{}\"", node.name.text, argument.name.text))
    );
}

void Walk::unique_argument_names(std::span<const Argument> arguments) {
    if (!context_.on(Rule::kUniqueArgumentNames)) return;
    auto name_of = [](const Argument& each) -> const Name& { return each.name; };
    for (auto& [name, at] : duplicates(arguments, name_of)) {
        std::string message = fmt::format("There can be only one argument named \"{}\".", name);
        context_.report(Rule::kUniqueArgumentNames, message, std::move(at), context_.here(message));
    }
}

void Walk::provided_required_arguments(const Selection& node, const Field& field) {
    if (!context_.on(Rule::kProvidedRequiredArguments)) return;
    for (const InputValue& each : field.arguments) {
        if (!each.is_required() || !context_.view().sees(each.element)) continue;
        auto is_it = [&](const Argument& argument) { return argument.name.text == each.name; };
        if (std::ranges::any_of(node.arguments, is_it)) continue;
        std::size_t mark = context_.path.mark();
        context_.path.key("args").key(each.name);
        context_.report(
            Rule::kProvidedRequiredArguments,
            fmt::format(
                "Field \"{}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                field.name,
                each.name,
                each.type.text()
            ),
            {node.at},
            wording::missing_member(each.name, context_.path.text())
        );
        context_.path.back_to(mark);
    }
}

/// How many lists of the introspection schema are nested, fragments entered once each.
int Walk::introspection_depth(std::span<const Selection> nodes) {
    int deepest = 0;
    for (const Selection& node : nodes) {
        std::string_view name = node.name.text;
        int depth = 0;
        if (node.kind == Selection::Kind::kFragmentSpread) {
            auto [known, is_new] = fragment_depths_.try_emplace(name, 0);
            const Fragment* fragment = is_new ? context_.fragment(name) : nullptr;
            if (fragment != nullptr) {
                int below = introspection_depth(fragment->selections);
                fragment_depths_[name] = below;
            }
            depth = fragment_depths_[name];
        } else {
            bool is_list =
                node.kind == Selection::Kind::kField && (name == "fields" || name == "interfaces" ||
                                                         name == "possibleTypes" || name == "inputFields");
            depth = introspection_depth(node.selections) + (is_list ? 1 : 0);
        }
        deepest = std::max(deepest, depth);
    }
    return deepest;
}

bool Walk::max_introspection_depth(const Selection& node) {
    if (!context_.on(Rule::kMaxIntrospectionDepth)) return false;
    if (node.name.text != "__schema" && node.name.text != "__type") return false;
    if (introspection_depth(node.selections) < context_.options().introspection_depth_max) return false;
    std::string message = "Maximum introspection depth exceeded";
    context_.report(Rule::kMaxIntrospectionDepth, message, {node.at}, context_.here(message));
    return true;
}

}  // namespace weft::graphql::rules
