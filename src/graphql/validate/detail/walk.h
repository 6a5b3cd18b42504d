#pragma once

#include "graphql/validate/detail/context.h"
#include "graphql/validate/detail/overlap.h"
#include "graphql/validate/detail/usages.h"

#include <unordered_map>

namespace weft::graphql::rules {

/// The duplicates among named things, as (name, offsets), in the order of their first ones.
template <class Range, class NameOf>
std::vector<std::pair<std::string_view, std::vector<std::uint32_t>>> duplicates(
    const Range& range, NameOf name_of
) {
    std::vector<std::pair<std::string_view, std::vector<std::uint32_t>>> out;
    if (range.size() < 2) return out;
    std::unordered_map<std::string_view, std::size_t> groups;
    for (const auto& each : range) {
        const Name& name = name_of(each);
        auto [group, is_new] = groups.try_emplace(name.text, out.size());
        if (is_new) out.emplace_back(name.text, std::vector<std::uint32_t>{});
        out[group->second].second.push_back(name.at);
    }
    std::erase_if(out, [](const auto& group) { return group.second.size() < 2; });
    return out;
}

/// Rules about variables: they need every use in an operation and its fragments.
class VariableRules {
  public:
    explicit VariableRules(Context& context) : context_(context) {}
    void check(const Operation& operation);

  private:
    struct Site {
        const Usage* usage;
        const Fragment* within;
    };
    using Definitions = std::unordered_map<std::string_view, const VariableDefinition*>;
    void undefined(const Operation& operation, const Definitions& defined, const std::vector<Site>& sites);
    void unused(const Operation& operation, const std::vector<Site>& sites);
    void position(const Definitions& defined, const Site& site);
    /// False when there was too much to do.
    bool add(const Scope& scope, std::vector<Site>& sites);

    Context& context_;
    std::unordered_map<const void*, std::vector<Usage>> usages_;
};

/// Visits a document once, in the order of the reference implementation's visitor, and calls the rules.
class Walk {
  public:
    explicit Walk(Context& context) : context_(context), overlap_(context), variables_(context) {}
    void document();

  private:
    // walk.cc
    void operation(const Operation& node);
    void fragment(const Fragment& node);
    void variable(const VariableDefinition& node);
    void selections(std::span<const Selection> nodes, TypeUse type);
    void field(const Selection& node, const Type* parent);
    void spread(const Selection& node, const Type* parent);
    void inline_fragment(const Selection& node, TypeUse type, const Type* parent);
    void directives(std::span<const Directive> nodes, std::string_view location);
    void directive(const Directive& node, std::string_view location);
    void named_type(const Name& name);
    void type(const TypeNode& node);
    void value(const Value& node, const Expected& expected, bool is_checked);
    void value_below(const Value& node, const Expected& expected, bool is_checked);

    // rules_operations.cc
    void executable_definitions();
    void known_operation_types(const Operation& node);
    void unique_operation_names(const Operation& node);
    void lone_anonymous_operation(const Operation& node);
    void single_field_subscriptions(const Operation& node);
    void unique_variable_names(const Operation& node);
    void variables_are_input_types(const VariableDefinition& node);
    void known_type_names(const Name& name);

    // rules_fields.cc
    void scalar_leafs(const Selection& node, TypeUse type);
    void fields_on_correct_type(const Selection& node, const Type& parent);
    std::vector<std::string> types_with_field(const Type& type, std::string_view field);
    void known_argument_names(
        const Selection& node, const Type& parent, const Field& field, const Argument& argument
    );
    void unique_argument_names(std::span<const Argument> arguments);
    void provided_required_arguments(const Selection& node, const Field& field);
    bool max_introspection_depth(const Selection& node);
    int introspection_depth(std::span<const Selection> nodes);

    // rules_directives.cc
    void known_directives(const Directive& node, const DirectiveType* type, std::string_view location);
    void unique_directives(std::span<const Directive> nodes);
    void known_directive_arguments(const Directive& node, const DirectiveType& type);
    void required_directive_arguments(const Directive& node, const DirectiveType& type);

    // rules_fragments.cc
    void fragment_on_composite_type(const Name& condition, const Fragment* fragment);
    void unique_fragment_names(const Fragment& node);
    void known_fragment_names(const Selection& node);
    void no_unused_fragments();
    void possible_spread(const Selection& node, const Type* type, const Type* parent);
    void no_fragment_cycles(const Fragment& node);
    void report_cycle(const std::vector<const Selection*>& spreads, std::size_t from);

    // rules_values.cc
    bool list_value(const Value& node, const Expected& expected);
    bool object_value(const Value& node, const Expected& expected);
    void one_of(const Value& node, const Type& type);
    void object_field(const ObjectField& node, const Expected& object, const Expected& member);
    void unique_input_field(std::span<const ObjectField> fields, std::size_t at);
    void null_value(const Value& node, const Expected& expected);
    void leaf_value(const Value& node, TypeUse type);
    void wrong_value(const Value& node, std::string message, Failure hasura);

    Context& context_;
    OverlapRule overlap_;
    VariableRules variables_;
    const Field* field_ = nullptr;          // the field around the current node, if it is known
    const Operation* operation_ = nullptr;  // the last one that was entered
    int unchecked_introspection_ = 0;
    std::unordered_map<std::string_view, std::uint32_t> operation_names_;
    std::unordered_map<std::string_view, std::uint32_t> fragment_names_;
    std::unordered_map<std::string_view, bool> cycle_checked_;
    std::unordered_map<std::string_view, int> fragment_depths_;
    // Of object literals too wide to be scanned.
    std::unordered_map<const ObjectField*, std::unordered_map<std::string_view, std::uint32_t>> field_names_;
};

}  // namespace weft::graphql::rules
