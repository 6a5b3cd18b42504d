#include "graphql/validate/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>

/// Rules about fragments.
namespace weft::graphql::rules {

void Walk::fragment_on_composite_type(const Name& condition, const Fragment* fragment) {
    if (!context_.on(Rule::kFragmentsOnCompositeTypes)) return;
    const Type* type = context_.view().type(condition.text);
    if (type == nullptr || type->is_composite()) return;
    std::string who = fragment != nullptr ? fmt::format("Fragment \"{}\"", fragment->name.text) : "Fragment";
    std::string message =
        fmt::format("{} cannot condition on non composite type \"{}\".", who, condition.text);
    context_.report(Rule::kFragmentsOnCompositeTypes, message, {condition.at}, context_.here(message));
}

void Walk::unique_fragment_names(const Fragment& node) {
    if (!context_.on(Rule::kUniqueFragmentNames)) return;
    auto [first, is_new] = fragment_names_.try_emplace(node.name.text, node.name.at);
    if (is_new) return;
    Failure hasura{
        .message = fmt::format("multiple definitions for fragment \"{}\"", node.name.text),
        .code = "parse-failed",
    };
    context_.report_absolute(
        Rule::kUniqueFragmentNames,
        fmt::format("There can be only one fragment named \"{}\".", node.name.text),
        {first->second, node.name.at},
        std::move(hasura)
    );
}

void Walk::known_fragment_names(const Selection& node) {
    if (!context_.on(Rule::kKnownFragmentNames) || context_.fragment(node.name.text) != nullptr) return;
    context_.report(
        Rule::kKnownFragmentNames,
        fmt::format("Unknown fragment \"{}\".", node.name.text),
        {node.name.at},
        context_.here(fmt::format("reference to undefined fragment \"{}\"", node.name.text))
    );
}

void Walk::no_unused_fragments() {
    if (!context_.on(Rule::kNoUnusedFragments) || context_.document().fragments.empty()) return;
    std::unordered_map<std::string_view, bool> used;
    std::vector<std::span<const Selection>> open;
    for (const Operation* each : context_.document().operations) open.push_back(each->selections);
    while (!open.empty()) {
        auto set = open.back();
        open.pop_back();
        for (const Selection* spread : context_.spreads(set)) {
            if (!used.emplace(spread->name.text, true).second) continue;
            const Fragment* fragment = context_.fragment(spread->name.text);
            if (fragment != nullptr) open.push_back(fragment->selections);
        }
    }
    for (const Fragment* each : context_.document().fragments) {
        if (context_.is_done()) return;
        if (used.contains(each->name.text)) continue;
        std::string hasura = fmt::format(
            "following fragment(s) have been defined, but have not been used in the query - {}",
            each->name.text
        );
        context_.report_absolute(
            Rule::kNoUnusedFragments,
            fmt::format("Fragment \"{}\" is never used.", each->name.text),
            {each->at},
            {.message = std::move(hasura)}
        );
    }
}

void Walk::possible_spread(const Selection& node, const Type* type, const Type* parent) {
    if (!context_.on(Rule::kPossibleFragmentSpreads)) return;
    if (type == nullptr || parent == nullptr || context_.overlaps(*type, *parent)) return;
    std::string who = node.kind == Selection::Kind::kFragmentSpread
                          ? fmt::format("Fragment \"{}\"", node.name.text)
                          : "Fragment";
    std::string message = fmt::format(
        "{} cannot be spread here as objects of type \"{}\" can never be of type \"{}\".",
        who,
        parent->name,
        type->name
    );
    context_.report(Rule::kPossibleFragmentSpreads, message, {node.at}, context_.here(message));
}

void Walk::report_cycle(const std::vector<const Selection*>& spreads, std::size_t from) {
    if (!context_.spend(spreads.size() - from)) return;
    std::string_view name = spreads.back()->name.text;
    std::vector<std::uint32_t> at;
    std::vector<std::string> names{std::string(name)};
    std::string via;
    for (std::size_t i = from; i < spreads.size(); ++i) {
        at.push_back(spreads[i]->at);
        if (i + 1 == spreads.size()) break;
        via += fmt::format("{} \"{}\"", via.empty() ? " via" : ",", spreads[i]->name.text);
        names.emplace_back(spreads[i]->name.text);
    }
    context_.report(
        Rule::kNoFragmentCycles,
        fmt::format("Cannot spread fragment \"{}\" within itself{}.", name, via),
        std::move(at),
        context_.here(
            fmt::format("the fragment definition(s) {} form a cycle", wording::english_list("and", names))
        )
    );
}

/// Depth first through fragments that were not seen before, without recursion: chains may be long.
void Walk::no_fragment_cycles(const Fragment& node) {
    if (!context_.on(Rule::kNoFragmentCycles) || !cycle_checked_.emplace(node.name.text, true).second) return;
    struct Frame {
        const Fragment* fragment;
        std::size_t next = 0;
    };
    std::vector<Frame> open{{&node}};
    std::vector<const Selection*> path;  // the spread that led to each frame but the first
    std::unordered_map<std::string_view, std::size_t> position{{node.name.text, 0}};
    while (!open.empty() && !context_.is_done()) {
        const auto& below = context_.spreads(open.back().fragment->selections);
        if (open.back().next == below.size()) {
            position.erase(open.back().fragment->name.text);
            open.pop_back();
            if (!path.empty()) path.pop_back();
            continue;
        }
        const Selection* spread = below[open.back().next++];
        std::string_view name = spread->name.text;
        path.push_back(spread);
        auto active = position.find(name);
        const Fragment* fragment = context_.fragment(name);
        if (active != position.end()) {
            report_cycle(path, active->second);
        } else if (fragment != nullptr && cycle_checked_.emplace(name, true).second) {
            position[name] = open.size();
            open.push_back({fragment});
            continue;
        }
        path.pop_back();
    }
}

}  // namespace weft::graphql::rules
