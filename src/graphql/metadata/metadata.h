#pragma once

#include "base/json.h"
#include "graphql/catalog/catalog.h"

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The metadata document (Hasura's version 3, one PostgreSQL source): what is tracked and who may do what.
/// Read into structs with every name as written; whether the names exist in a database is the model's
/// business.
namespace weft::graphql::metadata {

struct Relationship {
    enum class Kind { kObject, kArray };
    std::string name;
    Kind kind = Kind::kObject;
    std::string comment;
    // exactly one of the three
    std::vector<std::string> foreign_key_columns;    // of this table (object), or of the remote one below
    std::optional<QualifiedName> foreign_key_table;  // the table that holds the columns above, if remote
    struct Manual {
        QualifiedName remote;
        std::vector<std::pair<std::string, std::string>> columns;  // this table's, the remote one's
        bool is_inserted_before_parent = true;                     // insertion_order
    };
    std::optional<Manual> manual;
};

struct SelectPermission {
    bool has_all_columns = false;  // "*"
    std::vector<std::string> columns;
    std::vector<std::string> computed_fields;
    JsonObject filter;
    std::optional<std::int64_t> limit;
    bool allows_aggregations = false;
    // null: all; else which of select, select_by_pk, select_aggregate (and select_stream) exist
    std::optional<std::vector<std::string>> query_root_fields;
    std::optional<std::vector<std::string>> subscription_root_fields;
};
struct InsertPermission {
    bool has_all_columns = false;
    std::vector<std::string> columns;
    JsonObject check;
    JsonObject set;  // presets: column to value or session variable
    bool is_backend_only = false;
};
struct UpdatePermission {
    bool has_all_columns = false;
    std::vector<std::string> columns;
    JsonObject filter;
    std::optional<JsonObject> check;
    JsonObject set;
    bool is_backend_only = false;
};
struct DeletePermission {
    JsonObject filter;
    bool is_backend_only = false;
};
struct TablePermissions {
    std::optional<SelectPermission> select;
    std::optional<InsertPermission> insert;
    std::optional<UpdatePermission> update;
    std::optional<DeletePermission> remove;
};

struct ComputedField {
    std::string name;
    QualifiedName function;
    std::string table_argument;          // empty: the first one
    std::string session_argument;        // empty: none
    std::optional<std::string> comment;  // absent: the function's in the database; empty: none
};

/// Ours: a field that a resolver of the host program fills after the SQL, in a batch over all rows.
struct RemoteField {
    std::string name;
    std::string resolver;              // the name the host registers
    std::string type;                  // GraphQL type, from custom types or a scalar: "[LogLine!]!"
    std::vector<std::string> columns;  // columns whose values the resolver is given
    std::vector<std::pair<std::string, std::string>> arguments;  // name, GraphQL type
    std::vector<std::string> roles;
};

struct Table {
    QualifiedName name;
    bool is_enum = false;
    std::string custom_name;
    std::optional<std::string> comment;                // absent: the table's in the database; empty: none
    std::map<std::string, std::string> root_names;     // "select", "select_by_pk", ... to the custom name
    std::map<std::string, std::string> root_comments;  // to a description; empty: none
    std::map<std::string, std::string> column_names;   // column to custom name
    std::map<std::string, std::string>
        column_comments;  // not here: the column's in the database; empty: none
    std::vector<Relationship> relationships;
    std::vector<ComputedField> computed_fields;
    std::vector<RemoteField> remote_fields;
    std::map<std::string, TablePermissions> permissions;  // by role
};

struct Function {
    QualifiedName name;
    std::string custom_name;
    std::map<std::string, std::string> root_names;  // "function", "function_aggregate"
    std::string session_argument;
    std::optional<std::string> exposed_as;  // "query", "mutation"; absent: by volatility
    std::vector<std::string> roles;
    std::optional<std::string> comment;  // absent: the function's in the database; empty: none
};

struct Action {
    enum class Kind { kSynchronous, kAsynchronous };
    enum class On { kQuery, kMutation };
    std::string name;
    Kind kind = Kind::kSynchronous;
    On on = On::kMutation;
    std::string handler;  // a URL (may hold {{ENV}}), or "native:<name>" for a resolver of the host program
    std::vector<std::pair<std::string, std::string>> arguments;  // name, GraphQL type
    std::string output_type;
    std::chrono::milliseconds timeout = std::chrono::seconds(30);
    std::vector<std::pair<std::string, std::string>> headers;  // name, value
    bool forwards_client_headers = false;
    std::vector<std::string> roles;
    std::string comment;
};

struct ObjectRelationship {  // from an action's output type to a table
    std::string name;
    Relationship::Kind kind = Relationship::Kind::kObject;
    QualifiedName remote;
    std::vector<std::pair<std::string, std::string>> fields;  // field of the type, column of the table
};
struct CustomType {
    enum class Kind { kInput, kObject, kScalar, kEnum };
    Kind kind = Kind::kObject;
    std::string name;
    std::string description;
    std::vector<std::array<std::string, 3>>
        fields;  // name, type, description; of kEnum: value, "", description
    std::vector<ObjectRelationship> relationships;  // kObject
};

/// A role that may do what its parents may (which may be inherited roles too).
struct InheritedRole {
    std::string name;
    std::vector<std::string> parents;
};

struct Query {
    std::string name;
    std::string text;
};

struct Metadata {
    std::vector<Table> tables;
    std::vector<Function> functions;
    std::vector<Action> actions;
    std::vector<CustomType> custom_types;
    std::vector<InheritedRole> inherited_roles;
    std::map<std::string, std::vector<Query>> query_collections;
    std::vector<std::string> allow_list;                               // names of collections
    std::map<std::string, std::vector<std::string>> allow_list_roles;  // collection to roles; absent: all
    std::string source_name = "default";
    JsonObject document;  // as given: what export_metadata answers (unknown members are kept)
};

/// Reads a version 3 document (the value of "metadata" in replace_metadata, or a file's content; a document
/// wrapped as {"resource_version","metadata"} too). Errors: kInvalid with the JSON path in `field`.
Result<Metadata> parse(const Json& document);
/// The document again, with defaults filled in ("version": 3, "sources").
Json export_document(const Metadata& metadata);
/// Every role named anywhere, sorted.
std::vector<std::string> roles(const Metadata& metadata);

}  // namespace weft::graphql::metadata
