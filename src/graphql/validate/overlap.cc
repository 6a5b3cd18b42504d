#include "graphql/validate/detail/overlap.h"

#include <fmt/format.h>

namespace weft::graphql::rules {

bool OverlapRule::spend(std::size_t pairs) {
    pairs_ += depth_ < kDepthMax ? pairs : kPairsMax + 1;
    return pairs_ <= kPairsMax;
}

void OverlapRule::check(const Type* parent, std::span<const Selection> selections) {
    if (!context_.on(Rule::kOverlappingFieldsCanBeMerged) || is_over_) return;
    Conflicts found;
    const FieldMap& map = fields_.map(parent, selections);
    within(map, found);
    for (std::size_t i = 0; i < map.fragments.size() && pairs_ <= kPairsMax; ++i) {
        with_fragment(map, map.fragments[i], false, found);
        for (std::size_t j = i + 1; j < map.fragments.size() && pairs_ <= kPairsMax; ++j)
            fragments(map.fragments[i], map.fragments[j], false, found);
    }
    for (const Conflict& conflict : found) {
        if (context_.is_done()) return;
        report(conflict);
    }
    if (pairs_ <= kPairsMax) return;
    is_over_ = true;
    if (has_reported_) return;
    std::optional<Conflict> any = find_any_conflict(context_, fields_);
    if (any) report(*any);
}

void OverlapRule::report(const Conflict& conflict) {
    has_reported_ = true;
    std::vector<std::uint32_t> at = conflict.first;
    at.insert(at.end(), conflict.second.begin(), conflict.second.end());
    Failure hasura = context_.here(conflict.hasura);
    hasura.path += ".selectionSet";
    context_.report(
        Rule::kOverlappingFieldsCanBeMerged,
        fmt::format(
            "Fields \"{}\" conflict because {}. Use different aliases on the fields to fetch both if this "
            "was "
            "intentional.",
            conflict.response_name,
            conflict.reason
        ),
        std::move(at),
        std::move(hasura)
    );
}

void OverlapRule::within(const FieldMap& map, Conflicts& out) {
    for (const auto& [name, nodes] : map.groups) {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            for (std::size_t j = i + 1; j < nodes.size(); ++j) {
                if (!spend(1)) return;
                pair(nodes[i], nodes[j], false, out);
            }
        }
    }
}

void OverlapRule::between(const FieldMap& a, const FieldMap& b, bool is_exclusive, Conflicts& out) {
    if (!spend(1 + a.groups.size() / 16)) return;
    for (const auto& [name, left] : a.groups) {
        const std::vector<FieldNode>* right = b.group(name);
        if (right == nullptr) continue;
        for (const FieldNode& one : left) {
            for (const FieldNode& other : *right) {
                if (!spend(1)) return;
                pair(one, other, is_exclusive, out);
            }
        }
    }
}

void OverlapRule::pair(const FieldNode& a, const FieldNode& b, bool is_exclusive, Conflicts& out) {
    bool is_apart = is_exclusive || are_exclusive(a, b);
    std::optional<Conflict> own = fields_.conflict(a, b, is_apart);
    if (own) {
        out.push_back(std::move(*own));
    } else if (a.node->has_selections && b.node->has_selections) {
        ++depth_;
        below(a, b, is_apart, out);
        --depth_;
    }
}

void OverlapRule::below(const FieldNode& a, const FieldNode& b, bool is_exclusive, Conflicts& out) {
    Conflicts found;
    const FieldMap& left = fields_.map(a.type().named(), a.node->selections);
    const FieldMap& right = fields_.map(b.type().named(), b.node->selections);
    between(left, right, is_exclusive, found);
    for (std::string_view fragment : right.fragments) with_fragment(left, fragment, is_exclusive, found);
    for (std::string_view fragment : left.fragments) with_fragment(right, fragment, is_exclusive, found);
    for (std::string_view one : left.fragments) {
        for (std::string_view other : right.fragments) {
            if (!spend(1)) break;
            fragments(one, other, is_exclusive, found);
        }
    }
    if (found.empty()) return;
    Conflict all{.response_name = a.node->response_key(), .first = {a.node->at}, .second = {b.node->at}};
    all.hasura = found[0].hasura;
    for (const Conflict& each : found) {
        all.reason += fmt::format(
            "{}subfields \"{}\" conflict because {}",
            all.reason.empty() ? "" : " and ",
            each.response_name,
            each.reason
        );
        all.first.insert(all.first.end(), each.first.begin(), each.first.end());
        all.second.insert(all.second.end(), each.second.begin(), each.second.end());
    }
    spend(all.reason.size() / 256);  // a reason is copied once for each level above
    out.push_back(std::move(all));
}

namespace {

/// Remembers that two things are compared; false when that was done before. A comparison of things that do
/// meet covers one of things that don't.
template <class Map>
bool is_first(Map& compared, const typename Map::key_type& key, bool is_exclusive) {
    auto [known, is_new] = compared.try_emplace(key, is_exclusive);
    if (!is_new && (is_exclusive || !known->second)) return false;
    known->second = is_exclusive;
    return true;
}

}  // namespace

void OverlapRule::with_fragment(
    const FieldMap& map, std::string_view name, bool is_exclusive, Conflicts& out
) {
    if (!spend(1) || !is_first(compared_fields_, {&map, name}, is_exclusive)) return;
    const Fragment* fragment = context_.fragment(name);
    if (fragment == nullptr) return;
    const FieldMap& other = fields_.map(*fragment);
    if (&other == &map) return;
    between(map, other, is_exclusive, out);
    ++depth_;
    for (std::string_view below : other.fragments) with_fragment(map, below, is_exclusive, out);
    --depth_;
}

void OverlapRule::fragments(std::string_view a, std::string_view b, bool is_exclusive, Conflicts& out) {
    if (a == b || !spend(1)) return;
    if (!is_first(compared_fragments_, a < b ? std::pair(a, b) : std::pair(b, a), is_exclusive)) return;
    const Fragment* left = context_.fragment(a);
    const Fragment* right = context_.fragment(b);
    if (left == nullptr || right == nullptr) return;
    const FieldMap& left_map = fields_.map(*left);
    const FieldMap& right_map = fields_.map(*right);
    between(left_map, right_map, is_exclusive, out);
    ++depth_;
    for (std::string_view below : right_map.fragments) fragments(a, below, is_exclusive, out);
    for (std::string_view below : left_map.fragments) fragments(below, b, is_exclusive, out);
    --depth_;
}

}  // namespace weft::graphql::rules
