#pragma once

#include "graphql/model/model.h"

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A database and its metadata, made by hand: for tests of everything that works on a Model.
namespace weft::graphql::testing {

[[noreturn]] inline void refuse(const std::string& why) {
    std::fprintf(stderr, "model for test: %s\n", why.c_str());
    std::abort();
}

inline std::string_view sql_name(std::string_view typname) {
    if (typname == "int2") return "smallint";
    if (typname == "int4") return "integer";
    if (typname == "int8") return "bigint";
    if (typname == "bool") return "boolean";
    if (typname == "float4") return "real";
    if (typname == "float8") return "double precision";
    if (typname == "varchar") return "character varying";
    if (typname == "bpchar") return "character";
    if (typname == "timestamptz") return "timestamp with time zone";
    return typname;
}

/// "int4", "_text", "jsonb", "uuid" ... as the catalog reader gives them.
inline CatalogType type_of(std::string_view typname) {
    CatalogType out;
    out.name = typname;
    out.schema = "pg_catalog";
    if (typname.starts_with('_')) {
        out.kind = CatalogType::Kind::kArray;
        out.element = typname.substr(1);
        out.sql = std::string(sql_name(out.element)) + "[]";
    } else {
        out.sql = sql_name(typname);
    }
    return out;
}

/// Adds a table to a catalog, piece by piece. `columns`: "id int4!", where `!` says NOT NULL and `=` that
/// there is a default.
class TableMaker {
  public:
    TableMaker(Catalog& catalog, std::string_view name, std::initializer_list<std::string_view> columns);
    TableMaker& key(std::initializer_list<std::string> columns);  // the first one is the primary key
    TableMaker& refers(
        std::string_view column, std::string_view remote, std::string_view remote_column = "id"
    );
    TableMaker& refers_by(
        std::vector<std::string> columns, std::string_view remote, std::vector<std::string> remote_columns
    );
    TableMaker& index(std::initializer_list<std::string> columns);
    CatalogTable& table() { return table_; }

  private:
    CatalogTable& table_;
};

inline TableMaker::TableMaker(
    Catalog& catalog, std::string_view name, std::initializer_list<std::string_view> columns
)
    : table_(catalog.tables[QualifiedName{.name = std::string(name)}]) {
    table_.name.name = name;
    for (std::string_view text : columns) {
        CatalogColumn& column = table_.columns.emplace_back();
        column.number = static_cast<int>(table_.columns.size());
        for (; text.ends_with('!') || text.ends_with('='); text.remove_suffix(1)) {
            (text.ends_with('!') ? column.is_nullable : column.has_default) = text.ends_with('=');
        }
        const std::size_t space = text.find(' ');
        column.name = text.substr(0, space);
        column.type = type_of(text.substr(space + 1));
    }
}

inline TableMaker& TableMaker::key(std::initializer_list<std::string> columns) {
    const bool is_primary = table_.keys.empty();
    std::string name = table_.name.name;
    if (!is_primary) {
        for (const std::string& column : columns) name += "_" + column;
    }
    table_.keys.push_back(
        {.name = name + (is_primary ? "_pkey" : "_key"), .columns = columns, .is_primary = is_primary}
    );
    table_.indexes.emplace_back(columns);
    return *this;
}

inline TableMaker& TableMaker::refers(
    std::string_view column, std::string_view remote, std::string_view remote_column
) {
    return refers_by({std::string(column)}, remote, {std::string(remote_column)});
}
inline TableMaker& TableMaker::refers_by(
    std::vector<std::string> columns, std::string_view remote, std::vector<std::string> remote_columns
) {
    const std::string name = table_.name.name + "_" + columns.front() + "_fkey";
    table_.foreign_keys.push_back(
        {name, std::move(columns), QualifiedName{.name = std::string(remote)}, std::move(remote_columns)}
    );
    return *this;
}
inline TableMaker& TableMaker::index(std::initializer_list<std::string> columns) {
    table_.indexes.emplace_back(columns);
    return *this;
}

/// Arguments: "query text", "text" (unnamed). `returns`: a type, or "setof article".
inline CatalogFunction& add_function(
    Catalog& catalog,
    std::string_view name,
    std::initializer_list<std::string_view> arguments,
    std::string_view returns,
    CatalogFunction::Volatility volatility = CatalogFunction::Volatility::kStable
) {
    CatalogFunction& made = catalog.functions[QualifiedName{.name = std::string(name)}];
    made.name.name = name;
    made.volatility = volatility;
    for (const std::string_view text : arguments) {
        CatalogArgument& argument = made.arguments.emplace_back();
        const std::size_t space = text.find(' ');
        if (space != std::string_view::npos) argument.name = text.substr(0, space);
        argument.type = type_of(space == std::string_view::npos ? text : text.substr(space + 1));
    }
    made.returns_set = returns.starts_with("setof ");
    if (made.returns_set) returns.remove_prefix(6);
    made.returns = type_of(returns);
    if (catalog.tables.contains(QualifiedName{.name = std::string(returns)})) {
        made.returns.kind = CatalogType::Kind::kComposite;
        made.returns_table.name = returns;
    }
    return made;
}

/// author, article, kind (an enum table) and the functions search_articles, full_name, add_article.
inline Catalog library_catalog() {
    Catalog out;
    TableMaker(
        out,
        "author",
        {"id int4!=",
         "tenant_id uuid!",
         "name text!",
         "score numeric",
         "is_active bool!",
         "meta jsonb",
         "tags _text",
         "secret text"}
    )
        .key({"id"})
        .key({"name"});
    TableMaker(
        out,
        "article",
        {"id int8!=",
         "tenant_id uuid!",
         "title text!",
         "author_id int4!",
         "kind text",
         "published timestamptz"}
    )
        .key({"id"})
        .refers("author_id", "author")
        .refers("kind", "kind", "value");
    TableMaker(out, "kind", {"value text!", "comment text"}).key({"value"});
    add_function(out, "search_articles", {"query text", "hasura_session json"}, "setof article");
    add_function(out, "full_name", {"author_row author"}, "text");
    add_function(out, "add_article", {"title text"}, "setof article", CatalogFunction::Volatility::kVolatile);
    return out;
}

/// For it: roles user (a tenant's), reader, editor; an action, custom types.
inline std::string_view library_metadata() {
    return R"JSON({
"version": 3,
"sources": [{"name": "default", "kind": "postgres", "configuration": {}, "tables": [
  {"table": {"schema": "public", "name": "author"},
   "array_relationships": [{"name": "articles", "using": {"foreign_key_constraint_on":
      {"column": "author_id", "table": {"schema": "public", "name": "article"}}}}],
   "computed_fields": [
     {"name": "full_name", "definition": {"function": {"schema": "public", "name": "full_name"}}}],
   "select_permissions": [
     {"role": "user", "permission": {
       "columns": ["id", "name", "is_active", "meta"], "computed_fields": ["full_name"],
       "filter": {"tenant_id": {"_eq": "X-Hasura-Tenant-Id"}}, "limit": 50, "allow_aggregations": true}},
     {"role": "reader", "permission": {"columns": ["name"], "filter": {"is_active": true}}}],
   "insert_permissions": [
     {"role": "user", "permission": {"columns": ["name", "meta", "tenant_id"],
       "check": {"name": {"_neq": ""}}, "set": {"tenant_id": "x-hasura-tenant-id"}}}],
   "update_permissions": [
     {"role": "user", "permission": {"columns": ["name"], "filter": {"id": {"_gt": 0}}, "check": null}}],
   "delete_permissions": [
     {"role": "editor", "permission": {"backend_only": true, "filter": {}}}]},
  {"table": {"schema": "public", "name": "article"},
   "object_relationships": [{"name": "author", "using": {"foreign_key_constraint_on": "author_id"}}],
   "select_permissions": [
     {"role": "user", "permission": {
       "columns": "*", "filter": {"author": {"tenant_id": "X-Hasura-Tenant-Id"}}}},
     {"role": "reader", "permission": {"columns": ["title"], "filter": {"published": {"_is_null": false}},
       "query_root_fields": ["select"], "subscription_root_fields": []}}],
   "insert_permissions": [
     {"role": "user", "permission": {"columns": ["title", "author_id"], "check": {}}}]},
  {"table": {"schema": "public", "name": "kind"}, "is_enum": true}],
 "functions": [
  {"function": {"schema": "public", "name": "search_articles"},
   "configuration": {"session_argument": "hasura_session"}},
  {"function": {"schema": "public", "name": "add_article"}, "permissions": [{"role": "user"}]}]}],
"actions": [{"name": "publish", "definition": {"kind": "synchronous", "type": "mutation",
   "handler": "native:publish", "output_type": "Published!",
   "arguments": [{"name": "input", "type": "PublishInput!"}]}, "permissions": [{"role": "user"}]}],
"custom_types": {
  "input_objects": [{"name": "PublishInput", "fields": [{"name": "article_id", "type": "bigint!"}]}],
  "objects": [{"name": "Published", "fields": [{"name": "article_id", "type": "bigint!"},
      {"name": "at", "type": "timestamptz"}],
    "relationships": [{"name": "article", "type": "object",
      "remote_table": {"schema": "public", "name": "article"}, "field_mapping": {"article_id": "id"}}]}]}
})JSON";
}

inline std::shared_ptr<const Model> model_of(
    Catalog catalog, std::string_view metadata, const EnumValues& enums = {}, ModelOptions options = {}
) {
    const Result<Json> json = parse_json(metadata);
    if (!json) refuse(json.error().user + json.error().detail);
    Result<metadata::Metadata> parsed = metadata::parse(*json);
    if (!parsed) refuse(parsed.error().field + ": " + parsed.error().user);
    return build_model(std::move(catalog), *std::move(parsed), enums, options);
}

inline std::shared_ptr<const Model> library_model(ModelOptions options = {}) {
    return model_of(
        library_catalog(),
        library_metadata(),
        {{{.name = "kind"}, {{"NEWS", "fresh"}, {"ESSAY", ""}}}},
        options
    );
}

}  // namespace weft::graphql::testing
