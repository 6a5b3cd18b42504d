#pragma once

#include "base/error.h"
#include "platform/pg/pg.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a PostgreSQL database holds: the facts that a GraphQL schema is made from.
namespace weft::graphql {

/// schema and name; ordered, so that it can be a key.
struct QualifiedName {
    std::string schema = "public";
    std::string name;
    auto operator<=>(const QualifiedName&) const = default;
    /// "name" for public, else "schema.name": Hasura's way to say it.
    std::string text() const { return schema == "public" ? name : schema + "." + name; }
};

/// A type as columns and arguments use it. Domains are taken apart to what they are made of.
struct CatalogType {
    enum class Kind : std::uint8_t { kBase, kEnum, kComposite, kArray, kPseudo };
    Kind kind = Kind::kBase;
    std::string name;     // pg_type.typname: "int4", "timestamptz", "_text"; of a domain: its base type's
    std::string schema;   // "pg_catalog" for the built-in ones
    std::string element;  // kArray: the element's typname
    std::string sql;  // as a cast takes it: "integer", "myschema.mytype", "text[]"; of a domain: the domain
    Kind element_kind = Kind::kBase;  // kArray: of the element
    std::string base;  // of a domain, or an array of one: `sql` of what it is made of; else empty
    /// As a cast takes it, never a domain: the server has comparisons and aggregates of enums, but not of
    /// domains over them, and a domain's check is for what is stored, not for what is asked.
    const std::string& plain() const { return base.empty() ? sql : base; }
    bool operator==(const CatalogType&) const = default;
};

struct CatalogColumn {
    std::string name;
    int number = 0;  // attnum
    CatalogType type;
    bool is_nullable = true;
    bool has_default = false;   // a default, an identity or a generated column
    bool is_generated = false;  // always computed (generated stored, identity always): can't be written
    std::string comment;
};

struct CatalogKey {
    std::string name;  // of the constraint (or of a plain unique index)
    std::vector<std::string> columns;
    bool is_primary = false;
    bool is_constraint = true;  // false: a unique index without one, usable by inference only
};

struct CatalogForeignKey {
    std::string name;
    std::vector<std::string> columns;
    QualifiedName remote;
    std::vector<std::string> remote_columns;
};

struct CatalogTable {
    enum class Kind : std::uint8_t { kTable, kView, kMaterializedView, kForeign, kPartitioned };
    QualifiedName name;
    Kind kind = Kind::kTable;
    std::uint32_t oid = 0;
    std::vector<CatalogColumn> columns;
    std::vector<CatalogKey> keys;  // the primary key first
    std::vector<CatalogForeignKey> foreign_keys;
    /// Of every valid index over all rows (not of partial ones): the columns before any expression.
    std::vector<std::vector<std::string>> indexes;
    bool is_insertable = true;  // views: what pg_relation_is_updatable says
    bool is_updatable = true;
    bool is_deletable = true;
    bool has_row_security = false;
    std::string comment;

    const CatalogColumn* column(std::string_view column_name) const;
};

struct CatalogArgument {
    std::string name;  // empty when it has none
    CatalogType type;
    bool has_default = false;
};

struct CatalogFunction {
    enum class Volatility : std::uint8_t { kImmutable, kStable, kVolatile };
    QualifiedName name;
    std::vector<CatalogArgument> arguments;  // input arguments only
    CatalogType returns;
    QualifiedName returns_table;  // when it returns a table's row type; else an empty name
    bool returns_set = false;
    bool is_variadic = false;
    bool is_overloaded = false;  // another function has the same name
    Volatility volatility = Volatility::kVolatile;
    std::string comment;
};

struct Catalog {
    std::map<QualifiedName, CatalogTable> tables;
    std::map<QualifiedName, CatalogFunction> functions;
    std::map<std::string, std::vector<std::string>> enums;  // typname to labels
    int server_version = 0;                                 // 150018

    const CatalogTable* table(const QualifiedName& name) const;
    const CatalogFunction* function(const QualifiedName& name) const;
};

/// Reads everything outside pg_catalog and information_schema that `who` may see, in one round trip; also the
/// rows of the enum tables named (their `value` and `comment` columns) are read by `read_enum_values`.
/// Errors: those of pg::Pool.
rt::Task<Result<Catalog>> read_catalog(pg::Pool& pool, pg::Principal who, rt::Deadline by);

/// value and comment (may be empty) of an enum table, by value. `table` has been found in the catalog.
rt::Task<Result<std::vector<std::pair<std::string, std::string>>>> read_enum_values(
    pg::Pool& pool, pg::Principal who, CatalogTable table, rt::Deadline by
);

/// `"name"`, with quotes doubled; and `"schema"."name"`.
std::string quote_identifier(std::string_view name);
std::string quote(const QualifiedName& name);
/// `'text'`, safe for standard_conforming_strings.
std::string quote_literal(std::string_view text);

}  // namespace weft::graphql
