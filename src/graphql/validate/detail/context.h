#pragma once

#include "graphql/validate/detail/wording.h"
#include "graphql/validate/validate.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// What all rules have in common while one document is validated.
namespace weft::graphql::rules {

/// In the order of the reference implementation's specifiedRules, which is the order of findings at one node.
enum class Rule : std::uint8_t {
    kExecutableDefinitions,
    kUniqueOperationNames,
    kLoneAnonymousOperation,
    kSingleFieldSubscriptions,
    kKnownTypeNames,
    kFragmentsOnCompositeTypes,
    kVariablesAreInputTypes,
    kScalarLeafs,
    kFieldsOnCorrectType,
    kUniqueFragmentNames,
    kKnownFragmentNames,
    kNoUnusedFragments,
    kPossibleFragmentSpreads,
    kNoFragmentCycles,
    kUniqueVariableNames,
    kNoUndefinedVariables,
    kNoUnusedVariables,
    kKnownDirectives,
    kUniqueDirectivesPerLocation,
    kKnownArgumentNames,
    kUniqueArgumentNames,
    kValuesOfCorrectType,
    kProvidedRequiredArguments,
    kVariablesInAllowedPosition,
    kOverlappingFieldsCanBeMerged,
    kUniqueInputFieldNames,
    kMaxIntrospectionDepth,
    kKnownOperationTypes,
};
inline constexpr std::size_t kRules = 28;
using RuleSet = std::bitset<kRules>;
std::string_view name(Rule rule);

class Context {
  public:
    Context(const Document& document, const View& view, const ValidateOptions& options);

    const Document& document() const { return document_; }
    const View& view() const { return view_; }
    const ValidateOptions& options() const { return options_; }
    bool on(Rule rule) const { return on_[static_cast<std::size_t>(rule)]; }

    /// Where the walk is, in Hasura's terms; the path counts from the start of the operation or fragment.
    Path path;
    const Fragment* within = nullptr;

    /// A Failure at the current place.
    Failure here(std::string message, std::string code = "validation-failed") const;
    /// `below` seen from the operation: of a fragment, from its first spread in an operation.
    std::string absolute(const Fragment* start, const std::string& below);
    /// `hasura` has a path as `here` gives it; kept as it is when `fragment` is null.
    void report(Rule rule, std::string message, std::vector<std::uint32_t> at, Failure hasura);
    void report_absolute(Rule rule, std::string message, std::vector<std::uint32_t> at, Failure hasura);
    bool is_done() const { return is_done_; }
    /// The findings, once.
    std::vector<Finding> take() { return std::move(findings_); }

    /// Counts work that is more than linear in the document; false, with a last finding, when there was too
    /// much of it.
    bool spend(std::size_t steps);

    /// The last of that name, as in the reference implementation.
    const Fragment* fragment(std::string_view name) const;
    /// Spreads in a selection set at any depth, in the reference implementation's order.
    const std::vector<const Selection*>& spreads(std::span<const Selection> selections);
    /// Fragments that an operation needs, directly or not; in the reference implementation's order.
    const std::vector<const Fragment*>& reachable(const Operation& operation);

    std::string did_you_mean(
        std::string_view input, const std::vector<std::string_view>& options, std::string_view what = ""
    );
    std::string did_you_mean(const std::vector<std::string>& names, std::string_view what) const;

    /// Can an object be of both types?
    bool overlaps(const Type& a, const Type& b);

  private:
    struct Spread {
        const Fragment* within = nullptr;
        std::string path;
    };
    void find_first_spreads(std::span<const Selection> selections, const Fragment* inside, Path& at);

    static constexpr std::size_t kComparedMax = 5'000'000;  // pairs of letters, for suggestions; then none
    static constexpr std::size_t kStepsMax = 500'000;  // a few 10 ms; documents within limits need < 10,000

    const Document& document_;
    const View& view_;
    const ValidateOptions& options_;
    RuleSet on_;
    bool is_done_ = false;
    bool has_first_spreads_ = false;
    std::size_t steps_ = 0;
    std::size_t compared_ = 0;
    std::vector<Finding> findings_;
    std::unordered_map<std::string_view, const Fragment*> fragments_;
    std::unordered_map<const Selection*, std::vector<const Selection*>> spreads_;
    std::unordered_map<const Operation*, std::vector<const Fragment*>> reachable_;
    std::unordered_map<const Fragment*, Spread> first_spreads_;
    std::map<std::pair<const Type*, const Type*>, bool> overlaps_;
};

/// Named options similar to `input`, the most similar first.
std::vector<std::string> suggestions(std::string_view input, const std::vector<std::string_view>& options);
/// Text order with numbers by value.
int natural_compare(std::string_view a, std::string_view b);

}  // namespace weft::graphql::rules
