#include "graphql/validate/validate.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace weft::graphql {

namespace {

/// Expands an operation as execution would, and stops as soon as a limit is passed: what that costs is
/// bounded by the limits, whatever the fragments do.
class Counter {
  public:
    Counter(const Document& document, const OperationLimits& limits) : limits_(limits) {
        for (const Fragment* each : document.fragments) fragments_[each->name.text] = each;
    }
    Outcome<> operation(const Operation& operation);

  private:
    /// Names of one selection set, with the response keys they were asked under.
    using Names = std::unordered_map<std::string_view, std::unordered_set<std::string_view>>;

    void selections(std::span<const Selection> nodes, int depth, Names& names);
    void selection(const Selection& node, int depth, Names& names);
    void field(const Selection& node, int depth, Names& names);
    void spread(const Selection& node, int depth, Names& names);
    void directives(std::span<const Directive> nodes);
    void arguments(std::span<const Argument> nodes);
    void value(const Value& node);
    void count(std::string_view what, int& counter, int limit, std::uint32_t at, int by = 1);
    void fail(std::string message, std::uint32_t at);

    static constexpr std::size_t kNestedFragmentsMax = 100;  // fragments within each other: they recurse

    const OperationLimits& limits_;
    std::unordered_map<std::string_view, const Fragment*> fragments_;
    std::set<const Fragment*> active_;
    std::unordered_set<const Argument*> seen_arguments_;
    std::optional<Failure> failure_;
    int fields_ = 0;
    int directives_ = 0;
    std::int64_t steps_ = 0;
    int introspection_ = 0;  // inside __schema or __type, whose depth has a rule of its own
};

void Counter::fail(std::string message, std::uint32_t at) {
    if (!failure_) failure_ = Failure{.message = std::move(message), .at = {at}};
}

void Counter::count(std::string_view what, int& counter, int limit, std::uint32_t at, int by) {
    counter += by;
    if (counter > limit)
        fail(fmt::format("the operation has more than {} {}; ask for less at a time", limit, what), at);
}

void Counter::value(const Value& node) {
    if (node.items.size() > static_cast<std::size_t>(limits_.list_values_max))
        fail(
            fmt::format(
                "a list has {} values; at most {} are allowed", node.items.size(), limits_.list_values_max
            ),
            node.at
        );
    for (const Value& each : node.items) {
        if (!failure_) value(each);
    }
    for (const ObjectField& each : node.fields) {
        if (!failure_) value(each.value);
    }
}

void Counter::arguments(std::span<const Argument> nodes) {
    if (nodes.empty() || !seen_arguments_.insert(nodes.data()).second) return;
    for (const Argument& each : nodes) value(each.value);
}

void Counter::directives(std::span<const Directive> nodes) {
    for (const Directive& each : nodes) {
        count("directives", directives_, limits_.directives_max, each.at);
        if (failure_) return;
        arguments(each.arguments);
    }
}

void Counter::field(const Selection& node, int depth, Names& names) {
    count("fields with its fragments expanded", fields_, limits_.fields_max, node.at);
    std::unordered_set<std::string_view>& keys = names[node.name.text];
    keys.insert(node.response_key());
    if (keys.size() > static_cast<std::size_t>(limits_.aliases_max))
        fail(
            fmt::format(
                "the field \"{}\" is selected more than {} times side by side; ask for less at a time",
                node.name.text,
                limits_.aliases_max
            ),
            node.at
        );
    if (depth > limits_.depth_max && introspection_ == 0)
        fail(
            fmt::format("the selection is more than {} levels deep; split the operation", limits_.depth_max),
            node.at
        );
    if (failure_) return;
    arguments(node.arguments);
    bool is_introspection = node.name.text == "__schema" || node.name.text == "__type";
    introspection_ += is_introspection ? 1 : 0;
    Names below;
    selections(node.selections, depth + 1, below);
    introspection_ -= is_introspection ? 1 : 0;
}

void Counter::spread(const Selection& node, int depth, Names& names) {
    auto found = fragments_.find(node.name.text);
    if (found == fragments_.end() || active_.contains(found->second)) return;  // a rule refuses it
    if (active_.size() >= kNestedFragmentsMax)
        return fail(
            fmt::format("fragments are nested more than {} levels deep", kNestedFragmentsMax), node.at
        );
    active_.insert(found->second);
    selections(found->second->selections, depth, names);
    active_.erase(found->second);
}

void Counter::selection(const Selection& node, int depth, Names& names) {
    // Fragments that hold no field are not counted above: without this a bomb of them would not end.
    if (++steps_ > 4 * std::int64_t{limits_.fields_max} + 1'000)
        return fail("the operation spreads too many fragments; ask for less at a time", node.at);
    directives(node.directives);
    if (failure_) return;
    if (node.kind == Selection::Kind::kField) {
        field(node, depth, names);
    } else if (node.kind == Selection::Kind::kFragmentSpread) {
        spread(node, depth, names);
    } else {
        selections(node.selections, depth, names);
    }
}

void Counter::selections(std::span<const Selection> nodes, int depth, Names& names) {
    for (const Selection& each : nodes) {
        if (failure_) return;
        selection(each, depth, names);
    }
}

Outcome<> Counter::operation(const Operation& operation) {
    int variables = 0;
    auto declared = static_cast<int>(std::min<std::size_t>(operation.variables.size(), 1u << 30));
    count("variables", variables, limits_.variables_max, operation.at, declared);
    directives(operation.directives);
    for (const VariableDefinition& each : operation.variables) {
        if (failure_) break;
        directives(each.directives);
        value(each.default_value);
    }
    Names names;
    if (!failure_) selections(operation.selections, 1, names);
    if (failure_) return std::unexpected(std::move(*failure_));
    return {};
}

}  // namespace

Outcome<> check_limits(const Document& document, const Operation& operation, const OperationLimits& limits) {
    return Counter(document, limits).operation(operation);
}

}  // namespace weft::graphql
