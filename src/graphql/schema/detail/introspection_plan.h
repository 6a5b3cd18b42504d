#pragma once

#include "graphql/schema/schema.h"

#include <unordered_set>

/// What an introspection asks for, resolved once: names to ids, fragments and duplicates merged, directives
/// and arguments read. Writing an answer then touches no names.
namespace weft::graphql {

/// The object types of introspection.
enum class MetaKind : std::uint8_t { kNone, kSchema, kType, kField, kInputValue, kEnumValue, kDirective };

enum class MetaField : std::uint8_t {
    kTypename,
    kKind,
    kName,
    kDescription,
    kSpecifiedByUrl,
    kFields,
    kInterfaces,
    kPossibleTypes,
    kEnumValues,
    kInputFields,
    kOfType,
    kIsOneOf,
    kArgs,
    kType,
    kIsDeprecated,
    kDeprecationReason,
    kDefaultValue,
    kIsRepeatable,
    kLocations,
    kTypes,
    kQueryType,
    kMutationType,
    kSubscriptionType,
    kDirectives,
};

struct MetaStep {
    std::string_view key;  // in the answer
    MetaField field = MetaField::kTypename;
    bool with_deprecated = false;
    std::uint32_t below = 0;  // IntrospectionPlan::sets, for objects
};
struct MetaSet {
    MetaKind kind = MetaKind::kNone;
    std::vector<MetaStep> steps;
};

class IntrospectionPlan {
  public:
    IntrospectionPlan(const Document& document, const IntrospectionInput& input)
        : document_(document), input_(input) {}

    /// The set of `selections` on an object of `kind`; empty when the document expands beyond bounds.
    std::optional<std::uint32_t> add(MetaKind kind, std::span<const Selection> selections);
    const MetaSet& set(std::uint32_t at) const { return sets_[at]; }
    /// The value of an argument, looked up when it is a variable; absent when it is not given.
    Value argument(const Selection& selection, std::string_view name) const;

  private:
    struct Merged {
        MetaStep step;
        MetaKind below = MetaKind::kNone;
        std::vector<std::span<const Selection>> selections;
    };
    using Spreads = std::unordered_set<std::string_view>;

    std::optional<std::uint32_t> add(
        MetaKind kind, const std::vector<std::span<const Selection>>& selections, int depth
    );
    bool collect(
        MetaKind kind, std::span<const Selection> from, Spreads& spreads, std::vector<Merged>& to, int depth
    );
    bool collect_field(MetaKind kind, const Selection& selection, std::vector<Merged>& to);

    const Document& document_;
    const IntrospectionInput& input_;
    std::vector<MetaSet> sets_;
    std::size_t visited_ = 0;
};

/// "__Type"
std::string_view name_of(MetaKind kind);

}  // namespace weft::graphql
