#include "graphql/model/detail/names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weft::graphql {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// pg_type.typname to GraphQL; what is not here keeps its name.
constexpr std::array<Pair, 7> kScalars{{
    {"int4", "Int"},
    {"bool", "Boolean"},
    {"float4", "Float"},
    {"text", "String"},
    {"varchar", "String"},
    {"int2", "smallint"},
    {"int8", "bigint"},
}};

constexpr std::array<std::string_view, 7> kNumeric{
    "int2", "int4", "int8", "float4", "float8", "numeric", "money"
};

// Types for which the server has max() and min(); uuid, json, boolean and bytea are not among them.
constexpr std::array<std::string_view, 23> kComparable{
    "int2",    "int4",     "int8",   "float4", "float8", "numeric",   "money",       "text",
    "varchar", "bpchar",   "citext", "name",   "date",   "timestamp", "timestamptz", "time",
    "timetz",  "interval", "inet",   "cidr",   "oid",    "tid",       "pg_lsn",
};

bool is_one_of(const CatalogType& type, auto& names) {
    return type.kind == CatalogType::Kind::kBase && std::ranges::find(names, type.name) != std::end(names);
}

constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

bool is_graphql_name(std::string_view name) {
    if (name.empty() || !is_letter(name.front()) || name.starts_with("__")) return false;
    return std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string graphql_base_name(const QualifiedName& name) {
    return name.schema == "public" ? name.name : name.schema + "_" + name.name;
}

CatalogType element_of(const CatalogType& type) {
    return {.kind = type.element_kind, .name = type.element, .schema = "", .element = "", .sql = ""};
}

std::string scalar_of(const CatalogType& type) {
    if (type.kind == CatalogType::Kind::kArray) return scalar_of(element_of(type));
    std::string out = type.name;
    if (type.kind == CatalogType::Kind::kBase) {
        const auto found = std::ranges::find(kScalars, std::string_view(type.name), &Pair::first);
        if (found != kScalars.end()) out = found->second;
    }
    if (type.kind == CatalogType::Kind::kComposite) out += "_scalar";
    return is_graphql_name(out) ? out : std::string();
}

bool is_json(const CatalogType& type) {
    return type.name == "json" || type.name == "jsonb";
}
bool is_text(const CatalogType& type) {
    return type.name == "text" || type.name == "varchar" || type.name == "citext" || type.name == "bpchar";
}
bool is_jsonb(const CatalogType& type) {
    return type.name == "jsonb";
}
bool is_spatial(const CatalogType& type) {
    return type.name == "geometry" || type.name == "geography";
}
bool is_numeric(const CatalogType& type) {
    return is_one_of(type, kNumeric);
}
bool has_average(const CatalogType& type) {
    return is_numeric(type) && type.name != "money";
}
bool is_comparable(const CatalogType& type) {
    return type.kind == CatalogType::Kind::kEnum || type.kind == CatalogType::Kind::kArray ||
           is_one_of(type, kComparable);
}
bool is_boolean(const CatalogType& type) {
    return type.name == "bool";
}
bool is_big_number(const CatalogType& type) {
    if (type.kind == CatalogType::Kind::kArray) return is_big_number(element_of(type));
    return type.name == "int8" || type.name == "numeric" || type.name == "float8" || type.name == "money";
}

std::string quoted(std::string_view name) {
    std::string out = "\"";
    out += name;
    return out += '"';
}

}  // namespace weft::graphql
