#include "core/schema/detail/walk.h"

#include <algorithm>

namespace weft::schema {

namespace {

using Path = std::span<const std::string>;

bool is_number_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// See Schema::may_have. Bounded in depth, which ends `$ref` loops, and in subschemas looked at.
class Question {
  public:
    explicit Question(const Compiled& schema) : schema_(schema) {}

    bool may_have(NodeIndex index, Path path) {
        if (index == kNoNode || path.empty() || fuel_ <= 0 || depth_ >= kDepthMax) return true;
        --fuel_;
        ++depth_;
        const bool answer = at(node(index), path);
        --depth_;
        return answer;
    }

  private:
    static constexpr int kDepthMax = 64;

    bool at(const Node& n, Path path) {
        if (n.is_never) return false;
        const bool own = by_itself(n, path);
        if (own && !n.properties.empty()) return true;
        // Combinators may declare further members of the same object: any of them may know the name.
        if (n.dynamic_reference != kNoNode) return true;
        auto any = [&](const std::vector<NodeIndex>& list) {
            return std::ranges::any_of(list, [&](NodeIndex other) { return may_have(other, path); });
        };
        const bool is_open = is_combined(n);
        if (!is_open && own) return true;
        if (is_open && ((n.reference != kNoNode && may_have(n.reference, path)) || any(n.all_of) ||
                        any(n.any_of) || any(n.one_of)))
            return true;
        // A condition that only requires or excludes members declares none.
        std::vector<NodeIndex> conditional;
        auto add = [&](NodeIndex other) {
            if (other != kNoNode && declares(node(other))) conditional.push_back(other);
        };
        for (const NodeIndex one : {n.condition, n.consequent, n.alternative}) add(one);
        for (const auto& [name, schema] : n.dependent_schemas) add(schema);
        return any(conditional);
    }

    const Node& node(NodeIndex index) const { return schema_.nodes[static_cast<std::size_t>(index)]; }

    static bool is_combined(const Node& n) {
        return n.reference != kNoNode || !n.all_of.empty() || !n.any_of.empty() || !n.one_of.empty();
    }
    static bool declares(const Node& n) {
        return !n.properties.empty() || !n.pattern_properties.empty() || is_combined(n) ||
               n.additional_properties != kNoNode || n.consequent != kNoNode || n.alternative != kNoNode;
    }

    bool by_itself(const Node& n, Path path) {
        const std::string& name = path.front();
        const Path below = path.subspan(1);
        if (is_number_text(name) && (n.types & kArray) != 0)
            return !n.tuple.empty() || may_have(n.items, below);
        if (n.types != kObject && (n.types != 0 || n.properties.empty())) return true;
        const auto declared =
            std::ranges::find(n.properties, name, &std::pair<std::string, NodeIndex>::first);
        if (declared != n.properties.end()) return may_have(declared->second, below);
        if (std::ranges::any_of(n.pattern_properties, [&](auto& p) { return matches(*p.first, name); }))
            return true;
        for (const NodeIndex others : {n.additional_properties, n.unevaluated_properties})
            if (others != kNoNode) return !node(others).is_never && may_have(others, below);
        return n.properties.empty();
    }

    const Compiled& schema_;
    int fuel_ = 10'000;
    int depth_ = 0;
};

}  // namespace

bool Schema::may_have(const std::vector<std::string>& path) const {
    return Question(*compiled_).may_have(compiled_->root, path);
}

}  // namespace weft::schema
