#include "graphql/validate/detail/context.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::graphql::rules {

namespace {

constexpr std::array<std::string_view, kRules> kNames = {
    "ExecutableDefinitionsRule",
    "UniqueOperationNamesRule",
    "LoneAnonymousOperationRule",
    "SingleFieldSubscriptionsRule",
    "KnownTypeNamesRule",
    "FragmentsOnCompositeTypesRule",
    "VariablesAreInputTypesRule",
    "ScalarLeafsRule",
    "FieldsOnCorrectTypeRule",
    "UniqueFragmentNamesRule",
    "KnownFragmentNamesRule",
    "NoUnusedFragmentsRule",
    "PossibleFragmentSpreadsRule",
    "NoFragmentCyclesRule",
    "UniqueVariableNamesRule",
    "NoUndefinedVariablesRule",
    "NoUnusedVariablesRule",
    "KnownDirectivesRule",
    "UniqueDirectivesPerLocationRule",
    "KnownArgumentNamesRule",
    "UniqueArgumentNamesRule",
    "ValuesOfCorrectTypeRule",
    "ProvidedRequiredArgumentsRule",
    "VariablesInAllowedPositionRule",
    "OverlappingFieldsCanBeMergedRule",
    "UniqueInputFieldNamesRule",
    "MaxIntrospectionDepthRule",
    "KnownOperationTypesRule",
};

constexpr int kFragmentsInPathMax = 100;  // of fragments within fragments: the rest of a path is left out

RuleSet enabled(const ValidateOptions& options) {
    RuleSet out;
    for (std::size_t i = 0; i < kRules; ++i)
        out[i] = options.only_rule.empty() || options.only_rule == kNames[i];
    auto off = [&](Rule rule) { out[static_cast<std::size_t>(rule)] = false; };
    if (options.introspection_depth_max <= 0) off(Rule::kMaxIntrospectionDepth);
    if (!options.is_lenient) return out;
    off(Rule::kNoUnusedFragments);
    off(Rule::kNoUnusedVariables);
    off(Rule::kPossibleFragmentSpreads);
    return out;
}

/// The objects that a value of this type may be.
bool admits(const Type& type, const Type& object) {
    return &type == &object || std::ranges::find(type.possible, &object) != type.possible.end();
}

}  // namespace

std::string_view name(Rule rule) {
    return kNames[static_cast<std::size_t>(rule)];
}

Context::Context(const Document& document, const View& view, const ValidateOptions& options)
    : document_(document), view_(view), options_(options), on_(enabled(options)) {
    for (const Fragment* each : document.fragments) fragments_[each->name.text] = each;
}

Failure Context::here(std::string message, std::string code) const {
    return {.message = std::move(message), .code = std::move(code), .path = path.text()};
}

void Context::report(Rule rule, std::string message, std::vector<std::uint32_t> at, Failure hasura) {
    if (is_done_) return;
    hasura.path = absolute(within, hasura.path);
    report_absolute(rule, std::move(message), std::move(at), std::move(hasura));
}

void Context::report_absolute(Rule rule, std::string message, std::vector<std::uint32_t> at, Failure hasura) {
    if (is_done_) return;
    if (findings_.size() >= options_.findings_max) {
        message = "Too many validation errors, error limit reached. Validation aborted.";
        hasura = {.message = message};
        at.clear();
        is_done_ = true;
    }
    hasura.at = at;
    findings_.push_back({name(rule), std::move(message), std::move(at), std::move(hasura)});
}

bool Context::spend(std::size_t steps) {
    if (is_done_) return false;
    steps_ += steps;
    if (steps_ <= kStepsMax) return true;
    std::string message = "Too many validation steps, step limit reached. Validation aborted.";
    findings_.push_back({"", message, {}, {.message = message}});
    is_done_ = true;
    return false;
}

const Fragment* Context::fragment(std::string_view name) const {
    auto found = fragments_.find(name);
    return found == fragments_.end() ? nullptr : found->second;
}

const std::vector<const Selection*>& Context::spreads(std::span<const Selection> selections) {
    auto [entry, is_new] = spreads_.try_emplace(selections.data());
    if (!is_new) return entry->second;
    std::vector<std::span<const Selection>> open{selections};
    while (!open.empty()) {
        auto set = open.back();
        open.pop_back();
        for (const Selection& each : set) {
            if (each.kind == Selection::Kind::kFragmentSpread) {
                entry->second.push_back(&each);
            } else if (!each.selections.empty()) {
                open.push_back(each.selections);
            }
        }
    }
    return entry->second;
}

const std::vector<const Fragment*>& Context::reachable(const Operation& operation) {
    auto [entry, is_new] = reachable_.try_emplace(&operation);
    if (!is_new) return entry->second;
    std::unordered_map<std::string_view, bool> seen;
    std::vector<std::span<const Selection>> open{operation.selections};
    while (!open.empty()) {
        auto set = open.back();
        open.pop_back();
        const auto& below = spreads(set);
        if (!spend(below.size())) break;
        for (const Selection* spread : below) {
            if (!seen.emplace(spread->name.text, true).second) continue;
            const Fragment* found = fragment(spread->name.text);
            if (found == nullptr) continue;
            entry->second.push_back(found);
            open.push_back(found->selections);
        }
    }
    return entry->second;
}

std::string Context::did_you_mean(const std::vector<std::string>& names, std::string_view what) const {
    constexpr std::size_t kMost = 5;
    if (names.empty() || !options_.with_suggestions) return "";
    std::vector<std::string> quoted;
    for (std::size_t i = 0; i < names.size() && i < kMost; ++i) quoted.push_back(wording::quoted(names[i]));
    return fmt::format(
        " Did you mean {}{}{}?", what, what.empty() ? "" : " ", wording::english_list("or", quoted)
    );
}

std::string Context::did_you_mean(
    std::string_view input, const std::vector<std::string_view>& options, std::string_view what
) {
    if (!options_.with_suggestions) return "";
    for (std::string_view option : options) compared_ += 32 + option.size() * input.size();
    return compared_ <= kComparedMax ? did_you_mean(suggestions(input, options), what) : "";
}

bool Context::overlaps(const Type& a, const Type& b) {
    if (&a == &b) return true;
    auto [entry, is_new] = overlaps_.try_emplace({&a, &b});
    if (!is_new) return entry->second;
    if (a.kind == TypeKind::kObject) return entry->second = admits(b, a);
    if (b.kind == TypeKind::kObject) return entry->second = admits(a, b);
    entry->second = std::ranges::any_of(a.possible, [&](const Type* each) {
        return each->kind == TypeKind::kObject && view_.sees(each->element) && admits(b, *each);
    });
    return entry->second;
}

void Context::find_first_spreads(std::span<const Selection> selections, const Fragment* inside, Path& at) {
    for (const Selection& each : selections) {
        std::size_t mark = at.mark();
        if (each.kind == Selection::Kind::kField) at.key("selectionSet").key(each.name.text);
        if (each.kind == Selection::Kind::kFragmentSpread) {
            const Fragment* found = fragment(each.name.text);
            if (found != nullptr) first_spreads_.try_emplace(found, inside, at.text());
        }
        find_first_spreads(each.selections, inside, at);
        at.back_to(mark);
    }
}

std::string Context::absolute(const Fragment* start, const std::string& below) {
    if (start == nullptr) return below;
    if (!has_first_spreads_) {
        has_first_spreads_ = true;
        Path local;
        for (const Operation* each : document_.operations)
            find_first_spreads(each->selections, nullptr, local);
        // Fragments in the order in which operations reach them, so that each is entered at its first spread.
        for (const Operation* operation : document_.operations) {
            for (const Fragment* each : reachable(*operation))
                find_first_spreads(each->selections, each, local);
        }
    }
    std::string out = below.substr(1);
    const Fragment* at = start;
    for (int i = 0; i < kFragmentsInPathMax && at != nullptr; ++i) {
        auto found = first_spreads_.find(at);
        if (found == first_spreads_.end()) break;
        out.insert(0, found->second.path, 1);
        at = found->second.within;
    }
    return "$" + out;
}

}  // namespace weft::graphql::rules
