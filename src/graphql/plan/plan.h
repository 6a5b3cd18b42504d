#pragma once

#include "graphql/model/model.h"
#include "graphql/model/table_ref.h"
#include "graphql/validate/validate.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// A validated operation and a role become a tree of statement nodes, still without SQL. Pure. The tree
/// borrows the Model (whoever keeps a Plan keeps it) and nothing of the request: values became Sources.
namespace weft::graphql {

// ---- reading

struct Select;

/// One key of a selected object.
struct Output {
    enum class Kind : std::uint8_t {
        kColumn,
        kTypename,  // `text`
        kComputed,  // a scalar computed field
        kSelect,    // a relationship or a computed field that returns rows
        kRemote,    // filled after the SQL: prints {"columns": ...} of the row under `key`
    };
    Kind kind = Kind::kColumn;
    std::string key;  // the response key
    const Column* column = nullptr;
    std::optional<Operand> json_path;  // kColumn, kComputed of json(b): the `path:` argument, text[]
    std::string text;
    const ComputedField* computed = nullptr;
    std::unique_ptr<struct FunctionCall> call;  // kComputed
    std::unique_ptr<Select> select;
    const OutputRelationship* output_relationship = nullptr;  // kSelect below an action's output
    std::unique_ptr<struct RemoteCall> remote;
};

/// A field that a resolver fills; the SQL prints the row's columns in its place.
struct RemoteCall {
    const RemoteField* field = nullptr;
    TypeUse type;          // of the field
    JsonObject arguments;  // literal ones
    std::vector<std::pair<std::string, Source>> variable_arguments;
    std::vector<Output> selection;  // what to keep of the resolver's objects, in order (kColumn: `text` names
                                    // the member; kTypename; kSelect is not possible below)
    /// Nested selections, by response keys on the way joined with '.': "author", "author.address".
    std::vector<std::pair<std::string, std::vector<Output>>> objects;
};

/// Where rows come from besides a table: a function call.
struct FunctionCall {
    const Function* function = nullptr;
    /// By Function::arguments; empty: leave it out (it has a default). `is_row` marks the parent row of a
    /// computed field.
    struct Value {
        std::optional<Operand> operand;
        bool is_row = false;
    };
    std::vector<Value> arguments;
};

struct OrderTerm {
    struct Hop {  // object relationships on the way, each with the remote table's permission
        const Relationship* relationship = nullptr;
        TableRef remote;
    };
    std::vector<Hop> hops;
    const Column* column = nullptr;
    const ComputedField* computed = nullptr;
    // an aggregate over an array relationship of the last hop's table, or over the rows of `computed`
    const Relationship* aggregated = nullptr;
    std::optional<TableRef> aggregated_remote;
    std::string function;        // "count", "max"
    std::string_view direction;  // "desc_nulls_first"; always explicit
};

/// One key below `aggregate { ... }`.
struct AggregateOutput {
    enum class Kind : std::uint8_t { kTypename, kCount, kFunction };
    Kind kind = Kind::kCount;
    std::string key;
    std::string text;                    // kTypename
    std::vector<const Column*> columns;  // kCount
    bool is_distinct = false;            // kCount
    std::string function;                // kFunction: "sum"
    struct Item {                        // kFunction: one key per column or computed field
        std::string key;
        const Column* column = nullptr;
        const ComputedField* computed = nullptr;  // neither: __typename
        std::string text;
    };
    std::vector<Item> items;
};

/// Keys of `<t>_aggregate { ... }`: aggregate, nodes or __typename, any number of times under different keys.
struct AggregateShape {
    enum class Kind : std::uint8_t { kTypename, kAggregate, kNodes };
    Kind kind = Kind::kAggregate;
    std::string key;
    std::string text;
    std::vector<AggregateOutput> aggregates;
    std::vector<Output> nodes;
};

/// Rows of one table as JSON: a list, one object or null, or an aggregate.
struct Select {
    enum class Shape : std::uint8_t { kList, kOne, kAggregate };
    explicit Select(TableRef table) : from(std::move(table)) {}

    TableRef from;
    std::optional<FunctionCall> function;     // rows come from it; the permission of `from` applies to them
    const Relationship* joined_by = nullptr;  // to the parent row
    /// To a parent that is no table (an action's output, a live cohort): equalities with parameters.
    std::vector<std::pair<const Column*, Operand>> equal_to;
    BoolExp where;
    std::vector<OrderTerm> order_by;  // as requested; the emitter adds the primary key for stable pages
    std::vector<const Column*> distinct_on;
    std::optional<Operand> limit;
    std::optional<Operand> offset;
    std::optional<std::int64_t>
        limit_max;  // permission's, role's and default limit: the smallest that applies
    Shape shape = Shape::kList;
    std::vector<Output> outputs;            // kList, kOne
    std::vector<AggregateShape> aggregate;  // kAggregate
    // _stream: rows after the cursor, in its order; the emitter also returns the new cursor values
    struct Cursor {
        const Column* column = nullptr;
        Operand initial;  // a Source::Kind::kCursor: the last value seen, at first the initial one
        bool is_descending = false;
    };
    std::vector<Cursor> stream;
};

// ---- writing

struct OnConflict {
    const CatalogKey* key = nullptr;
    std::vector<const Column*> update_columns;  // empty: DO NOTHING
    std::optional<TableRef> updated;            // the update permission
    BoolExp where;                              // the request's condition
    const BoolExp* update_check = nullptr;      // null: the insert check holds for updated rows too
    std::vector<Preset> presets;
};

/// Rows for one table. Without nested rows it is one statement; with them the executor goes row by row:
/// object relationships that this row refers to, the row, then what refers to it.
struct Insert {
    const Table* table = nullptr;
    const InsertRight* right = nullptr;  // null: admin
    struct Row;
    std::vector<Row> rows;
    /// The list is one variable whose objects have the same members (or lack only columns without a
    /// default): it is one JSON parameter, so that one statement serves every length. `rows` is then a single
    /// row with what is the same for all: the presets.
    struct Batch {
        Source list;                                                 // Source::Shape::kJson
        std::vector<std::pair<std::string, const Column*>> members;  // of an object, the column it fills
    };
    std::optional<Batch> batch;
    std::optional<OnConflict> on_conflict;
    std::string path;     // "$.selectionSet.insert_author.args.objects"; nested: "... .author.data"
    bool is_list = true;  // row i fails at path[i] when there are nested rows
    bool has_nested = false;
};
struct NestedInsert {
    const Relationship* relationship = nullptr;
    Insert insert;
};
struct Insert::Row {
    std::vector<std::pair<const Column*, Operand>>
        values;  // with presets; columns not named take their default
    std::vector<NestedInsert> before;
    std::vector<NestedInsert> after;
};

struct Assignment {
    enum class Kind : std::uint8_t { kSet, kInc, kAppend, kPrepend, kDeleteKey, kDeleteElem, kDeleteAtPath };
    Kind kind = Kind::kSet;
    const Column* column = nullptr;
    Operand value;
};
struct Update {
    explicit Update(TableRef ref) : table(std::move(ref)) {}
    TableRef table;
    const UpdateRight* right = nullptr;  // null: admin
    BoolExp where;
    std::vector<Assignment> assignments;  // with presets
    bool is_empty = false;                // nothing to set: selects the rows, affects none (Hasura's answer)
};
struct Delete {
    explicit Delete(TableRef ref) : table(std::move(ref)) {}
    TableRef table;
    BoolExp where;
};

/// What a mutation answers: keys of `<t>_mutation_response`, or the row itself.
struct MutationOutput {
    enum class Kind : std::uint8_t { kTypename, kAffectedRows, kReturning };
    Kind kind = Kind::kAffectedRows;
    std::string key;
    std::string text;
    std::vector<Output> returning;
};

struct Mutation {
    explicit Mutation(TableRef rows) : written(std::move(rows)) {}
    TableRef written;
    std::string path;  // "$.selectionSet.update_author"
    std::variant<Insert, std::vector<Update>, Delete> change;
    bool is_many = false;                 // update_<t>_many: a list of responses
    bool is_row = false;                  // _one, _by_pk: the row or null
    std::vector<MutationOutput> outputs;  // of the response
    std::vector<Output> row;              // is_row
    /// Relationships (or computed fields) are read by a second statement of the same transaction. The rows
    /// themselves are those that were written, whether or not the role could select them (as in Hasura);
    /// what hangs on them comes with the caller's select permissions. Columns hidden in some rows stay
    /// hidden.
    bool reads_relationships = false;
};

// ---- the whole

struct ActionCall {
    const Action* action = nullptr;
    TypeUse type;                                           // of the field
    std::vector<std::pair<std::string, Source>> arguments;  // Source::Shape::kJson
    std::vector<Output>
        selection;  // of the output object: kColumn with `text` the member, kSelect a relationship
    std::vector<std::pair<std::string, std::vector<Output>>> objects;  // as in RemoteCall
    bool is_list = false;
};

struct RootField {
    std::string key;   // response key
    std::string name;  // field name: for paths and logs
    /// std::string: the JSON text of a constant (`__typename`); Selection offset: an introspection field,
    /// answered from the document at execution.
    struct Introspection {
        const Selection* selection = nullptr;  // in the document the plan was made from
        std::shared_ptr<const void> merged;    // keeps it when it is several fields merged into one
    };
    std::variant<
        std::string,
        Introspection,
        std::unique_ptr<Select>,
        std::unique_ptr<Mutation>,
        std::unique_ptr<ActionCall>>
        what;
};

/// What a subscription has to be told about: a table, and the columns that are fixed by equality in it.
struct Dependency {
    const Table* table = nullptr;
    std::vector<std::pair<const Column*, Operand>>
        equalities;  // from permission and `where`; of the root only
};

struct Plan {
    std::shared_ptr<const Model> model;
    const Access* access = nullptr;  // as whom it was planned, and hence runs; of `model`
    OperationKind kind = OperationKind::kQuery;
    std::vector<RootField> roots;                // in the order of the response
    std::vector<Dependency> dependencies;        // every table that is read
    std::vector<std::string> session_variables;  // all that are referred to, lower case, sorted
    double cost = 0;  // product of the effective limits along each path, summed: rows at most
    bool has_variable_limits = false;  // then `cost` is for the variables it was made for
};

struct PlanLimits {
    int bool_nodes_max = 200;
    double cost_max = 100'000;
    int alias_bytes_max = 63;  // longer response keys cost a different shape, not an error
};

struct PlanRequest {
    const Document& document;
    const Operation& operation;
    const Variables& variables;
    const Access& access;  // of the model; the one that the operation and its variables were checked for
    PlanLimits limits;
};

/// Plans a validated operation, through the view that it was validated with: what that does not show is not
/// planned ("unexpected"), whatever validation said. Failures carry Hasura's wording and path: distinct_on
/// against order_by, no operator in an update, a bad JSON path, the cost limit, ... Columns and values of one
/// request never appear in the plan except as Sources of kind kLiteral (written in the document) or as
/// structure that Variables::shape pins.
Outcome<std::unique_ptr<Plan>> plan_operation(std::shared_ptr<const Model> model, const PlanRequest& request);

/// What depends on the values of variables, for a plan that was made for others of the same shape (and for
/// those it was made for): negative limits are refused, the cost is computed and compared. Call before every
/// execution. Microseconds; nothing at all when no limit is a variable.
Outcome<double> check_request(const Plan& plan, const Variables& variables, const PlanLimits& limits);

/// The most rows that the server lets a list have (or an aggregate's nodes), unless the request itself asks
/// for no more than that. Without variables: for some values of them.
std::optional<std::int64_t> imposed_limit(const Select& select, const Variables* variables);

/// A `path:` argument taken apart: "$.a['b c'][0]" is a, b c, 0. Hasura's wording: "parse json path error:
/// ...".
Outcome<std::vector<std::string>> parse_json_path(std::string_view path);

}  // namespace weft::graphql
