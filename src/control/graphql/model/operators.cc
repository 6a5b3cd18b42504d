#include "control/graphql/model/expression.h"

#include <array>
#include <unordered_map>
#include <utility>

namespace weft::graphql {

namespace {

using K = Operator::Kind;
using A = Operator::Applies;
using V = Operator::Value;

const std::vector<Operator> kOperators = {
    {"_eq", K::kInfix, "=", A::kAll, V::kSame, false},
    {"_neq", K::kInfix, "<>", A::kAll, V::kSame, false},
    {"_gt", K::kInfix, ">", A::kAll, V::kSame, false},
    {"_lt", K::kInfix, "<", A::kAll, V::kSame, false},
    {"_gte", K::kInfix, ">=", A::kAll, V::kSame, false},
    {"_lte", K::kInfix, "<=", A::kAll, V::kSame, false},
    {"_in", K::kAny, "=", A::kAll, V::kList, false},
    {"_nin", K::kAny, "=", A::kAll, V::kList, true},
    {"_is_null", K::kIsNull, "IS NULL", A::kAll, V::kBoolean, false},
    {"_like", K::kInfix, "LIKE", A::kText, V::kSame, false},
    {"_nlike", K::kInfix, "NOT LIKE", A::kText, V::kSame, true},
    {"_ilike", K::kInfix, "ILIKE", A::kText, V::kSame, false},
    {"_nilike", K::kInfix, "NOT ILIKE", A::kText, V::kSame, true},
    {"_similar", K::kInfix, "SIMILAR TO", A::kText, V::kSame, false},
    {"_nsimilar", K::kInfix, "NOT SIMILAR TO", A::kText, V::kSame, true},
    {"_regex", K::kInfix, "~", A::kText, V::kSame, false},
    {"_iregex", K::kInfix, "~*", A::kText, V::kSame, false},
    {"_nregex", K::kInfix, "!~", A::kText, V::kSame, true},
    {"_niregex", K::kInfix, "!~*", A::kText, V::kSame, true},
    {"_contains", K::kInfix, "@>", A::kJsonb, V::kSame, false},
    {"_contained_in", K::kInfix, "<@", A::kJsonb, V::kSame, false},
    {"_has_key", K::kInfix, "?", A::kJsonb, V::kText, false},
    {"_has_keys_any", K::kInfix, "?|", A::kJsonb, V::kTextList, false},
    {"_has_keys_all", K::kInfix, "?&", A::kJsonb, V::kTextList, false},
    {"_jsonb_path_exists", K::kInfix, "@?", A::kJsonb, V::kJsonpath, false},
    {"_jsonb_path_match", K::kInfix, "@@", A::kJsonb, V::kJsonpath, false},
    {"_cast", K::kCast, "", A::kJsonb, V::kCast, false},
    {"_ancestor", K::kInfix, "@>", A::kLtree, V::kSame, false},
    {"_ancestor_any", K::kInfix, "@>", A::kLtree, V::kLtreeList, false},
    {"_descendant", K::kInfix, "<@", A::kLtree, V::kSame, false},
    {"_descendant_any", K::kInfix, "<@", A::kLtree, V::kLtreeList, false},
    {"_matches", K::kInfix, "~", A::kLtree, V::kLquery, false},
    {"_matches_any", K::kInfix, "?", A::kLtree, V::kLqueryList, false},
    {"_matches_fulltext", K::kInfix, "@", A::kLtree, V::kLtxtquery, false},
    {"_contains", K::kInfix, "@>", A::kArray, V::kSame, false},
    {"_contained_in", K::kInfix, "<@", A::kArray, V::kSame, false},
    {"_ceq", K::kColumn, "=", A::kAll, V::kColumn, false},
    {"_cneq", K::kColumn, "<>", A::kAll, V::kColumn, false},
    {"_cgt", K::kColumn, ">", A::kAll, V::kColumn, false},
    {"_clt", K::kColumn, "<", A::kAll, V::kColumn, false},
    {"_cgte", K::kColumn, ">=", A::kAll, V::kColumn, false},
    {"_clte", K::kColumn, "<=", A::kAll, V::kColumn, false},
};

// Older spellings of the metadata's language.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kAliases{{
    {"ne", "neq"},
    {"cne", "cneq"},
}};

using Index = std::unordered_map<std::string_view, const Operator*>;

/// By name without the sign in front.
const Index& by_bare_name() {
    static const Index index = [] {
        Index out;
        for (const Operator& each : operators()) out.emplace(each.name.substr(1), &each);
        for (const auto& [alias, name] : kAliases) out.emplace(alias, out.at(name));
        return out;
    }();
    return index;
}

}  // namespace

const std::vector<Operator>& operators() {
    return kOperators;
}

const Operator* find_operator(std::string_view name) {
    if (!name.starts_with('_') && !name.starts_with('$')) return nullptr;
    const auto found = by_bare_name().find(name.substr(1));
    return found == by_bare_name().end() ? nullptr : found->second;
}

}  // namespace weft::graphql
