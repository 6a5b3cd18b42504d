#include "graphql/model/detail/names.h"
#include "graphql/model/expression.h"

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
    {"_cast", K::kCast, "", A::kSpatial, V::kCast, false},
    {"_st_contains", K::kFunction, "st_contains", A::kGeometry, V::kSame, false},
    {"_st_crosses", K::kFunction, "st_crosses", A::kGeometry, V::kSame, false},
    {"_st_equals", K::kFunction, "st_equals", A::kGeometry, V::kSame, false},
    {"_st_overlaps", K::kFunction, "st_overlaps", A::kGeometry, V::kSame, false},
    {"_st_touches", K::kFunction, "st_touches", A::kGeometry, V::kSame, false},
    {"_st_within", K::kFunction, "st_within", A::kGeometry, V::kSame, false},
    {"_st_3d_intersects", K::kFunction, "st_3dintersects", A::kGeometry, V::kSame, false},
    {"_st_3d_d_within", K::kFunction, "st_3ddwithin", A::kGeometry, V::kWithin, false},
    {"_st_intersects", K::kFunction, "st_intersects", A::kSpatial, V::kSame, false},
    {"_st_d_within", K::kFunction, "st_dwithin", A::kSpatial, V::kWithin, false},
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

bool applies(const Operator& op, const CatalogType& type) {
    switch (op.applies) {
        case A::kAll:
            return true;
        case A::kText:
            return is_text(type);
        case A::kJsonb:
            return is_jsonb(type);
        case A::kLtree:
            return type.name == "ltree";
        case A::kArray:
            return type.kind == CatalogType::Kind::kArray;
        case A::kGeometry:
            return type.name == "geometry";
        case A::kGeography:
            return type.name == "geography";
        case A::kSpatial:
            return is_spatial(type);
    }
    return false;
}

std::string cast_sql(const CatalogType& from, std::string_view to) {
    if (!is_spatial(from)) return "text";
    return from.plain().substr(0, from.plain().rfind('.') + 1) + std::string(to);
}

std::string operand_type(const Operator& op, const CatalogType& left, std::string_view cast) {
    // The extension's types are where the column's is.
    const auto beside = [&](std::string_view name) {
        return quote_identifier(left.schema) + "." + std::string(name);
    };
    std::string same(cast.empty() ? std::string_view(left.plain()) : cast);
    switch (op.value) {
        case V::kList:
            // PostgreSQL knows no list of arrays of different lengths.
            return cast.empty() && left.kind == CatalogType::Kind::kArray ? "json" : same + "[]";
        case V::kText:
            return "text";
        case V::kTextList:
            return "text[]";
        case V::kBoolean:
            return "boolean";
        case V::kElement:
            return left.element;
        case V::kJsonpath:
            return "jsonpath";
        case V::kLtxtquery:
            return beside("ltxtquery");
        case V::kLquery:
            return beside("lquery");
        case V::kLqueryList:
            return beside("lquery[]");
        case V::kLtreeList:
            return beside("ltree[]");
        case V::kSame:
        case V::kCast:
        case V::kColumn:
        case V::kWithin:
            break;
    }
    return same;
}

}  // namespace weft::graphql
