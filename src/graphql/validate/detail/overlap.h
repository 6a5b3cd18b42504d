#pragma once

#include "graphql/validate/detail/context.h"

#include <map>
#include <memory>
#include <optional>

namespace weft::graphql::rules {

/// A field of a selection set, with what is known about it.
struct FieldNode {
    const Type* parent = nullptr;
    const Selection* node = nullptr;
    const Field* definition = nullptr;  // null for meta fields too, as in the reference implementation

    TypeUse type() const { return definition != nullptr ? definition->type : TypeUse(); }
};

/// Fields of a selection set by response name, those of inline fragments included, and the fragments it
/// spreads; names in the order of their first field.
struct FieldMap {
    std::vector<std::pair<std::string_view, std::vector<FieldNode>>> groups;
    std::unordered_map<std::string_view, std::size_t> index;
    std::vector<std::string_view> fragments;

    const std::vector<FieldNode>* group(std::string_view name) const {
        auto found = index.find(name);
        return found == index.end() ? nullptr : &groups[found->second].second;
    }
};

/// What two fields with the same response name disagree about.
struct Conflict {
    std::string_view response_name;
    std::string reason;
    std::vector<std::uint32_t> first;
    std::vector<std::uint32_t> second;
    std::string hasura;  // its text for the innermost disagreement
};

/// What is known about the fields of one document; each thing is found out once.
class Fields {
  public:
    explicit Fields(Context& context) : context_(context) {}
    const FieldMap& map(const Type* parent, std::span<const Selection> selections);
    const FieldMap& map(const Fragment& fragment);
    FieldNode field(const Type* parent, const Selection& node) const;
    /// Equal for two fields exactly when their arguments are, in any order.
    const std::string& arguments(const Selection& node);
    /// The disagreement of the two fields themselves, not of what is selected below them. Fields that never
    /// meet in one object (`is_exclusive`) only have to be of types that a client can tell apart.
    std::optional<Conflict> conflict(const FieldNode& a, const FieldNode& b, bool is_exclusive);

  private:
    void collect(const Type* parent, std::span<const Selection> selections, FieldMap& out);

    Context& context_;
    std::unordered_map<const Selection*, std::unique_ptr<FieldMap>> maps_;
    std::unordered_map<const Selection*, std::string> arguments_;
};

bool are_exclusive(const FieldNode& a, const FieldNode& b);

/// Has any operation or fragment conflicting fields? In time that is nearly linear in the document, and
/// counted by Context::spend. One conflict, or nothing.
std::optional<Conflict> find_any_conflict(Context& context, Fields& fields);

/// OverlappingFieldsCanBeMerged: pair by pair like the reference implementation, while that is cheap.
class OverlapRule {
  public:
    explicit OverlapRule(Context& context) : context_(context), fields_(context) {}
    /// Called for each selection set on the way down.
    void check(const Type* parent, std::span<const Selection> selections);

  private:
    using Conflicts = std::vector<Conflict>;
    void within(const FieldMap& map, Conflicts& out);
    void between(const FieldMap& a, const FieldMap& b, bool is_exclusive, Conflicts& out);
    void with_fragment(const FieldMap& map, std::string_view name, bool is_exclusive, Conflicts& out);
    void fragments(std::string_view a, std::string_view b, bool is_exclusive, Conflicts& out);
    void pair(const FieldNode& a, const FieldNode& b, bool is_exclusive, Conflicts& out);
    void below(const FieldNode& a, const FieldNode& b, bool is_exclusive, Conflicts& out);
    void report(const Conflict& conflict);
    /// Counts a comparison; false when there were too many, or too many inside each other.
    bool spend(std::size_t pairs);

    static constexpr std::size_t kPairsMax = 20'000;  // a few ms
    static constexpr int kDepthMax = 300;             // of comparisons inside each other: they recurse

    Context& context_;
    Fields fields_;
    std::size_t pairs_ = 0;
    int depth_ = 0;
    bool has_reported_ = false;
    bool is_over_ = false;
    std::map<std::pair<const FieldMap*, std::string_view>, bool> compared_fields_;
    std::map<std::pair<std::string_view, std::string_view>, bool> compared_fragments_;
};

}  // namespace weft::graphql::rules
