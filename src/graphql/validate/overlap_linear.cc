#include "graphql/validate/detail/overlap.h"

#include <algorithm>
#include <set>
#include <unordered_set>

/// The specification's two conditions on merged selection sets, checked for whole groups at a time: in a
/// group of one response name each field is compared with the first, and what they select is merged and
/// checked as one set. Sets that were merged from the same parts are checked once.
namespace weft::graphql::rules {

namespace {

struct FieldSet {
    std::vector<FieldNode> fields;
    bool is_shape_only = false;  // of fields that never meet in one object
};

class Finder {
  public:
    Finder(Context& context, Fields& fields) : context_(context), fields_(fields) {}
    std::optional<Conflict> find();

  private:
    void start(const Type* parent, std::span<const Selection> selections);
    void expand(const Type* parent, std::span<const Selection> selections, std::vector<FieldNode>& out);
    std::optional<Conflict> check(const FieldSet& set);
    std::optional<Conflict> check_group(const std::vector<FieldNode>& group, bool is_shape_only);
    std::optional<Conflict> check_meeting(const std::vector<FieldNode>& fields);
    void merge(const std::vector<FieldNode>& fields, bool is_shape_only);

    Context& context_;
    Fields& fields_;
    std::vector<FieldSet> open_;
    std::set<std::vector<const Selection*>> merged_[2];  // parts of sets, by is_shape_only
    std::unordered_set<const Fragment*> entered_;        // by the set that is being expanded
    std::unordered_set<const Fragment*> reached_;
};

void Finder::expand(const Type* parent, std::span<const Selection> selections, std::vector<FieldNode>& out) {
    std::vector<std::pair<const Type*, std::span<const Selection>>> open{{parent, selections}};
    while (!open.empty()) {
        auto [type, nodes] = open.back();
        open.pop_back();
        if (!context_.spend(nodes.size())) return;
        for (const Selection& node : nodes) {
            if (node.kind == Selection::Kind::kField) {
                out.push_back(fields_.field(type, node));
            } else if (node.kind == Selection::Kind::kInlineFragment) {
                const Type* inner =
                    node.type_condition ? context_.view().type(node.type_condition.text) : type;
                open.emplace_back(inner, node.selections);
            } else if (const Fragment* fragment = context_.fragment(node.name.text)) {
                reached_.insert(fragment);
                if (entered_.insert(fragment).second)
                    open.emplace_back(
                        context_.view().type(fragment->type_condition.text), fragment->selections
                    );
            }
        }
    }
}

void Finder::merge(const std::vector<FieldNode>& fields, bool is_shape_only) {
    std::vector<const Selection*> parts;
    for (const FieldNode& each : fields) {
        if (each.node->has_selections) parts.push_back(each.node);
    }
    if (parts.empty()) return;
    std::ranges::sort(parts);
    if (!merged_[is_shape_only ? 1 : 0].insert(std::move(parts)).second) return;
    FieldSet set{.is_shape_only = is_shape_only};
    entered_.clear();
    for (const FieldNode& each : fields) {
        if (each.node->has_selections) expand(each.type().named(), each.node->selections, set.fields);
    }
    open_.push_back(std::move(set));
}

std::optional<Conflict> Finder::check_meeting(const std::vector<FieldNode>& fields) {
    for (const FieldNode& each : fields) {
        std::optional<Conflict> conflict = fields_.conflict(fields[0], each, false);
        if (conflict) return conflict;
    }
    merge(fields, false);
    return std::nullopt;
}

std::optional<Conflict> Finder::check_group(const std::vector<FieldNode>& group, bool is_shape_only) {
    const FieldNode* typed = nullptr;
    for (const FieldNode& each : group) {
        if (each.definition == nullptr) continue;
        if (typed == nullptr) typed = &each;
        std::optional<Conflict> conflict = fields_.conflict(*typed, each, true);
        if (conflict) return conflict;
    }
    if (is_shape_only) {
        merge(group, true);
        return std::nullopt;
    }
    std::vector<const Type*> objects;
    for (const FieldNode& each : group) {
        if (each.parent != nullptr && each.parent->kind == TypeKind::kObject) objects.push_back(each.parent);
    }
    std::ranges::sort(objects);
    objects.erase(std::ranges::unique(objects).begin(), objects.end());
    if (objects.size() < 2) return check_meeting(group);
    for (const Type* object : objects) {
        if (!context_.spend(group.size())) return std::nullopt;
        std::vector<FieldNode> meeting;
        for (const FieldNode& each : group) {
            bool is_elsewhere =
                each.parent != nullptr && each.parent != object && each.parent->kind == TypeKind::kObject;
            if (!is_elsewhere) meeting.push_back(each);
        }
        std::optional<Conflict> conflict = check_meeting(meeting);
        if (conflict) return conflict;
    }
    merge(group, true);
    return std::nullopt;
}

std::optional<Conflict> Finder::check(const FieldSet& set) {
    std::unordered_map<std::string_view, std::size_t> index;
    std::vector<std::vector<FieldNode>> groups;
    for (const FieldNode& each : set.fields) {
        auto [at, is_new] = index.try_emplace(each.node->response_key(), groups.size());
        if (is_new) groups.emplace_back();
        groups[at->second].push_back(each);
    }
    for (const auto& group : groups) {
        std::optional<Conflict> conflict = check_group(group, set.is_shape_only);
        if (conflict || context_.is_done()) return conflict;
    }
    return std::nullopt;
}

void Finder::start(const Type* parent, std::span<const Selection> selections) {
    FieldSet set;
    entered_.clear();
    expand(parent, selections, set.fields);
    open_.push_back(std::move(set));
}

std::optional<Conflict> Finder::find() {
    auto drain = [&]() -> std::optional<Conflict> {
        while (!open_.empty() && !context_.is_done()) {
            FieldSet set = std::move(open_.back());
            open_.pop_back();
            std::optional<Conflict> conflict = check(set);
            if (conflict) return conflict;
        }
        return std::nullopt;
    };
    for (const Operation* each : context_.document().operations)
        start(context_.view().root(each->kind), each->selections);
    if (std::optional<Conflict> conflict = drain()) return conflict;
    for (const Fragment* each : context_.document().fragments) {
        if (reached_.contains(each)) continue;
        reached_.insert(each);
        start(context_.view().type(each->type_condition.text), each->selections);
        if (std::optional<Conflict> conflict = drain()) return conflict;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Conflict> find_any_conflict(Context& context, Fields& fields) {
    return Finder(context, fields).find();
}

}  // namespace weft::graphql::rules
