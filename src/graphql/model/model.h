#pragma once

#include "graphql/catalog/catalog.h"
#include "graphql/metadata/metadata.h"
#include "graphql/model/expression.h"
#include "graphql/schema/schema.h"
#include "graphql/validate/validate.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Catalog and metadata made one: the tables that are tracked, who may do what with them, and the GraphQL
/// schema that shows them. Immutable once built; a reload builds another.
namespace weft::graphql {

struct Table;
struct Relationship;
struct Function;
struct EnumTable;

struct Column {
    const CatalogColumn* catalog = nullptr;  // lives in the model's copy of the catalog
    const Table* table = nullptr;
    std::string name;  // in GraphQL
    std::string
        scalar;  // GraphQL type: "Int", "timestamptz", "<enum table>_enum"; of an array: its elements'
    const EnumTable* enumeration = nullptr;
    int position = 0;             // in Table::columns
    bool is_stringified = false;  // bigint, numeric, float8, money... printed as text when the model says so
    const std::string& pg_name() const { return catalog->name; }
};

struct ComputedField {
    std::string name;
    const Table* table = nullptr;  // the table it belongs to
    const Function* function = nullptr;
    std::string table_argument;  // name, or empty: positional first
    std::string session_argument;
    const Table* returns = nullptr;  // a set of (or one row of) a tracked table; null: a scalar
    bool is_stringified = false;
    std::string scalar;  // of a scalar one
    int position = 0;
};

struct RemoteField {
    const metadata::RemoteField* metadata = nullptr;
    std::vector<const Column*> columns;
    int position = 0;
};

struct Relationship {
    std::string name;
    bool is_array = false;
    bool is_nullable = true;
    const Table* table = nullptr;  // where it starts
    const Table* remote = nullptr;
    std::vector<std::pair<const Column*, const Column*>> columns;  // this side, the remote side
    /// Nested insert of an object relationship: the remote row first (this row holds the key), or after.
    bool is_inserted_before_parent = true;
    int position = 0;
};

/// What one role may do with one table; every name resolved.
struct SelectRight {
    std::vector<bool> columns;          // by Column::position
    std::vector<bool> computed_fields;  // by ComputedField::position
    BoolExp filter;
    /// Of an inherited role: in which of its rows a column is shown that not all of its parents see; in the
    /// others it is NULL. By Column::position; null: in every row. Empty: there is no such column.
    using Masks = std::vector<std::shared_ptr<const BoolExp>>;
    Masks masks;
    /// ... and where relationships lead somewhere from the column: also for a parent that sees what is there.
    Masks join_masks;
    Masks computed_masks;  // the same as `masks`, by ComputedField::position
    std::optional<std::int64_t> limit;
    bool allows_aggregations = false;
    /// Null: the column is shown in every row.
    const BoolExp* mask(const Column& column) const { return mask(masks, column.position); }
    const BoolExp* join_mask(const Column& column) const { return mask(join_masks, column.position); }
    const BoolExp* mask(const ComputedField& field) const;
    /// Do joins need another value of this column than what is shown?
    bool joins_differ(const Column& column) const {
        return mask(column) != nullptr || join_mask(column) != nullptr;
    }
    bool has_masks() const { return !masks.empty() || !join_masks.empty() || !computed_masks.empty(); }
    /// Calls `visit` with every mask.
    template <class Visit>
    void each_mask(const Visit& visit) const {
        for (const Masks* list : {&masks, &join_masks, &computed_masks}) {
            for (const auto& each : *list) {
                if (each) visit(*each);
            }
        }
    }

  private:
    static const BoolExp* mask(const Masks& of, int position) {
        return of.empty() ? nullptr : of[static_cast<std::size_t>(position)].get();
    }
};
struct Preset {
    const Column* column = nullptr;
    Operand value;
};
struct InsertRight {
    std::vector<bool> columns;
    BoolExp check;
    std::vector<Preset> presets;
    bool is_backend_only = false;
};
struct UpdateRight {
    std::vector<bool> columns;
    BoolExp filter;
    BoolExp check;
    std::vector<Preset> presets;
    bool is_backend_only = false;
};
struct DeleteRight {
    BoolExp filter;
    bool is_backend_only = false;
};
struct Rights {
    std::optional<SelectRight> select;
    std::optional<InsertRight> insert;
    std::optional<UpdateRight> update;
    std::optional<DeleteRight> remove;
};

struct Table {
    int number = 0;  // index into Model::tables()
    const CatalogTable* catalog = nullptr;
    std::string name;  // base of the GraphQL names: custom_name, "t" or "schema_t"
    std::string sql;   // quoted and qualified
    std::deque<Column> columns;
    std::deque<Relationship> relationships;
    std::deque<ComputedField> computed_fields;
    std::deque<RemoteField> remote_fields;
    std::vector<const Column*> primary_key;
    std::vector<Rights> rights;  // by Role::number; the admin's is full
    const Column* column(std::string_view pg_name) const;
    const Column* column_by_graphql_name(std::string_view name) const;
    const Relationship* relationship(std::string_view name) const;
};

struct EnumTable {
    const Table* table = nullptr;
    std::string type_name;                                    // "<t>_enum"
    std::vector<std::pair<std::string, std::string>> values;  // value, comment
};

struct Function {
    const CatalogFunction* catalog = nullptr;
    const metadata::Function* metadata = nullptr;  // null: used by a computed field only
    std::string name;
    std::string sql;
    const Table* returns = nullptr;
    bool is_mutation = false;
    struct Argument {
        std::string name;  // "arg_1" for an unnamed one
        bool is_named = false;
        const CatalogArgument* catalog = nullptr;
        std::string scalar;
        bool is_session = false;  // filled with the session variables, not shown
    };
    std::vector<Argument> arguments;
};

struct Action {
    const metadata::Action* metadata = nullptr;
    const Type* output = nullptr;
};

/// From a field of an action's output type to a table.
struct OutputRelationship {
    const metadata::ObjectRelationship* metadata = nullptr;
    const Table* remote = nullptr;
    std::vector<std::pair<std::string, const Column*>> columns;  // field of the type, column of the table
};

class Access;

struct Role {
    std::string name;
    int number = 0;  // index into Table::rights; 0 is admin, below 0 nobody

  private:
    friend class Model;
    friend class AccessMaker;
    std::unique_ptr<const Access> usual_;
    std::unique_ptr<const Access> backend_;  // null: the role has nothing backend-only
};

/// May a request use permissions that are marked `backend_only`?
enum class Backend : std::uint8_t { kNo, kYes };

/// Who asks: one role, with or without its backend-only permissions; what it sees and what it may do.
/// Model::access chooses one, once per request. Validation, coercion, planning and execution are all given
/// that one, and there is no way from it to another: what was checked is what runs. Lives as long as its
/// model, and its address stands for it in the keys of caches.
class Access {
  public:
    Access(const Schema& schema, const Role& role, Backend backend)
        : role_(role), backend_(backend), view_(schema, mask_) {}
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

    const std::string& role_name() const { return role_.name; }
    bool is_admin() const { return role_.number == 0; }
    const View& view() const { return view_; }
    /// Rights on a table; null for those that the role lacks, or has for a backend only and this is none.
    const SelectRight* select(const Table& table) const;
    const InsertRight* insert(const Table& table) const;
    const UpdateRight* update(const Table& table) const;
    const DeleteRight* remove(const Table& table) const;

  private:
    friend class AccessMaker;
    const Rights& rights(const Table& table) const;

    const Role& role_;
    Backend backend_;
    Mask mask_;
    View view_;
};

/// What an element of the generated schema stands for; found through its Binding. Names of enumerators follow
/// the GraphQL name of the thing.
struct Meaning {
    enum class Kind : std::uint8_t {
        // fields of the roots
        kSelect,
        kSelectByPk,
        kSelectAggregate,
        kSelectStream,
        kFunction,
        kFunctionAggregate,
        kInsert,
        kInsertOne,
        kUpdate,
        kUpdateByPk,
        kUpdateMany,
        kDelete,
        kDeleteByPk,
        kAction,
        kActionResult,
        kNoQueries,
        // fields of a table's type, and members of its bool_exp, order_by, inputs; values of its column enums
        kColumn,
        kComputedScalar,
        kComputedTable,
        kComputedTableAggregate,
        kRelationship,
        kRelationshipAggregate,
        kRemoteField,
        // fields of an action's output type
        kOutputField,
        kOutputRelationship,
        kOutputRelationshipAggregate,
        // fields of <t>_aggregate, <t>_aggregate_fields, <t>_<op>_fields; members of aggregate order_by,
        // bool_exp
        kAggregate,
        kNodes,
        kCount,
        kAggregateFunction,
        // fields of <t>_mutation_response
        kAffectedRows,
        kReturning,
        // arguments and members with a fixed role
        kWhere,
        kOrderBy,
        kLimit,
        kOffset,
        kDistinctOn,
        kPath,
        kColumnsArgument,
        kDistinctArgument,
        kObjects,
        kObject,
        kOnConflict,
        kConstraintArgument,
        kUpdateColumnsArgument,
        kSet,
        kInc,
        kAppend,
        kPrepend,
        kDeleteKey,
        kDeleteElem,
        kDeleteAtPath,
        kPkColumns,
        kUpdates,
        kData,
        kFunctionArguments,
        kFunctionArgument,
        kBatchSize,
        kCursor,
        kInitialValue,
        kOrdering,
        kActionId,
        kAnd,
        kOr,
        kNot,
        kOperator,
        kArguments,
        kFilter,
        kPredicate,
        // enum values
        kConstraint,
        kDirection,
        kEnumTableValue,
    };
    Kind kind = Kind::kColumn;
    const Table* table = nullptr;
    const Column* column = nullptr;
    const Relationship* relationship = nullptr;
    const ComputedField* computed = nullptr;
    const RemoteField* remote = nullptr;
    const Function* function = nullptr;
    const Action* action = nullptr;
    const OutputRelationship* output = nullptr;
    const Operator* op = nullptr;     // kOperator
    const CatalogKey* key = nullptr;  // kConstraint
    std::string_view name;            // kAggregateFunction: "sum", "bool_and"; kDirection: "asc_nulls_first"
    int position = 0;                 // kFunctionArgument: index into Function::arguments
};

/// Something in the metadata that does not fit the database; the rest works without it.
struct Inconsistency {
    std::string kind;  // "table", "object_relation", "select_permission", ...
    std::string name;  // "select_permission user of articles"
    std::string reason;
    Json definition;
    bool is_harmless = false;  // told, but no reason to refuse the metadata
};

/// A table whose foreign key lacks an index that begins with the tenant column and the key's: slow under row
/// security.
struct IndexWarning {
    QualifiedName table;
    std::vector<std::string> columns;
};

struct ModelOptions {
    bool stringify_numeric = false;  // bigint, numeric, float8, money as JSON strings
    std::int64_t limit_default = 0;  // of lists for roles other than admin when the request has none; 0: none
    std::int64_t limit_max = 0;      // 0: none
    /// A query function is everybody's who may select from its table; false: of the roles it names.
    bool infers_function_permissions = true;
};

class Model {
  public:
    /// Lookups for planning; constant time.
    const Meaning& meaning(Binding binding) const { return meanings_[static_cast<std::size_t>(binding)]; }
    const Schema& schema() const { return *schema_; }
    /// As whom a request of this role is answered. An unknown role is nobody: it sees an empty schema. The
    /// same object for both kinds of requests where the role has nothing backend-only.
    const Access& access(std::string_view role, Backend backend = Backend::kNo) const;
    bool has_role(std::string_view name) const { return roles_by_name_.contains(name); }
    const Table* table(const QualifiedName& name) const;
    const std::vector<Inconsistency>& inconsistencies() const { return inconsistencies_; }
    const std::vector<IndexWarning>& index_warnings() const { return index_warnings_; }
    const Catalog& catalog() const { return catalog_; }
    const metadata::Metadata& metadata() const { return metadata_; }
    const ModelOptions& options() const { return options_; }
    const std::deque<Table>& tables() const { return tables_; }
    const std::vector<std::unique_ptr<Role>>& roles() const { return roles_; }
    const Action* action(std::string_view name) const;

  private:
    friend class ModelBuilder;
    Catalog catalog_;
    metadata::Metadata metadata_;
    ModelOptions options_;
    std::unique_ptr<Schema> schema_;
    std::deque<Meaning> meanings_;
    std::deque<Table> tables_;
    std::deque<EnumTable> enums_;
    std::deque<Function> functions_;
    std::deque<Action> actions_;
    std::deque<OutputRelationship> outputs_;
    std::map<QualifiedName, const Table*> tables_by_name_;
    std::vector<std::unique_ptr<Role>> roles_;
    std::unique_ptr<Role> nobody_;
    std::map<std::string, const Role*, std::less<>> roles_by_name_;
    std::vector<Inconsistency> inconsistencies_;
    std::vector<IndexWarning> index_warnings_;
};

/// Values of the enum tables, by table: what `read_enum_values` found.
using EnumValues = std::map<QualifiedName, std::vector<std::pair<std::string, std::string>>>;

/// Builds the model. Never fails: what does not fit is left out and listed in `inconsistencies` (the caller
/// decides whether that is an error). 200 tables and 10 roles take less than 50 ms.
std::shared_ptr<const Model> build_model(
    Catalog catalog, metadata::Metadata metadata, const EnumValues& enums, ModelOptions options
);

}  // namespace weft::graphql
