#pragma once

#include "graphql/catalog/catalog.h"

#include <string>
#include <string_view>

/// Names of types and facts about PostgreSQL's types (sections 1.2 and 1.3 of the conventions).
namespace weft::graphql {

/// Letters, digits and underscores, not starting with a digit or with two underscores.
bool is_graphql_name(std::string_view name);

/// "t" of schema public, "schema_t" of another.
std::string graphql_base_name(const QualifiedName& name);

/// Of an array: what it is made of, as far as GraphQL asks (no SQL).
CatalogType element_of(const CatalogType& type);

/// The GraphQL type of a column or argument: "Int", "timestamptz", "point_scalar"; of an array, that of its
/// elements. Empty when the type's name can't be said in GraphQL.
std::string scalar_of(const CatalogType& type);

bool is_json(const CatalogType& type);        // json, jsonb: fields take a `path`
bool is_text(const CatalogType& type);        // LIKE and its kin
bool is_jsonb(const CatalogType& type);       // the update operators of containers
bool is_spatial(const CatalogType& type);     // PostGIS's geometry and geography
bool is_numeric(const CatalogType& type);     // sum and _inc
bool has_average(const CatalogType& type);    // avg, stddev, ...: numeric, but not money
bool is_comparable(const CatalogType& type);  // max, min: the database has these aggregates
bool is_boolean(const CatalogType& type);     // bool_and, bool_or
/// Those whose numbers lose digits in JavaScript: bigint, numeric, float8, money.
bool is_big_number(const CatalogType& type);

/// How a role's name, a table's or a column's is shown within an error: "x".
std::string quoted(std::string_view name);

}  // namespace weft::graphql
