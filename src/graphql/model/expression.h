#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Conditions over rows: what permissions say, and what `where` becomes. One language for both.
namespace weft::graphql {

struct CatalogType;
struct Column;
struct ComputedField;
struct Relationship;
struct Table;
class TableRef;

/// What a parameter of a statement is filled with, each time it runs.
struct Source {
    enum class Kind : std::uint8_t {
        kLiteral,     // `text`
        kVariable,    // the leaf of a request's variable
        kSession,     // the session variable called `text` (lower case)
        kAllSession,  // all session variables as one json object
        kRow,         // (nested inserts, remote joins) a value of an earlier statement: column `text`
        kComposite,   // a list (kArray, kJsonArray, kJson) or an object (kJson, with `keys`) that is made of
                      // `items`
        kCursor,      // (streams) the last value seen of column `text`, or at first items[0]
    };
    enum class Shape : std::uint8_t {
        kText,       // as PostgreSQL reads the type
        kArray,      // a list of scalars as an array literal; a lone string is one already: {1,2}
        kJsonArray,  // a list of JSON values as an array literal of their texts
        kJson,       // any value as JSON text
        kJsonPath,   // a path as Hasura writes it ("$.a[0]") as an array of its steps
    };
    Kind kind = Kind::kLiteral;
    Shape shape = Shape::kText;
    bool is_null = false;  // kLiteral
    std::string text;
    int variable = -1;              // kVariable: index into Variables::all
    std::vector<std::string> path;  // kVariable: members (or decimal positions) below it
    std::vector<Source> items;      // kComposite, kCursor
    std::vector<std::string> keys;  // kComposite: of an object, one for each of `items`
    bool operator==(const Source&) const = default;
};

/// The right side of a comparison, the value of a preset or of an inserted column.
struct Operand {
    enum class Kind : std::uint8_t { kSource, kColumn, kRootColumn };
    Kind kind = Kind::kSource;
    Source source;
    std::string sql_type;  // the cast of a kSource: "integer", "text[]"
    const Column* column =
        nullptr;  // kColumn: of the same row; kRootColumn: of the row that the permission is about
};

/// One comparison operator of the conventions (section 1.4), from one table.
struct Operator {
    enum class Kind : std::uint8_t {
        kInfix,     // column <sql> value
        kAny,       // column = any (array), negated for _nin
        kIsNull,    // boolean decides
        kCast,      // _cast: {String: {...}}: comparison of (column)::text
        kColumn,    // _ceq ...: metadata only
        kFunction,  // <sql>(column, value), a function of the extension that the column's type is from
    };
    enum class Applies : std::uint8_t {
        kAll,
        kText,
        kJsonb,
        kLtree,
        kArray,
        kGeometry,
        kGeography,
        kSpatial
    };
    enum class Value : std::uint8_t {
        kSame,
        kList,
        kText,
        kTextList,
        kBoolean,
        kElement,
        kJsonpath,
        kLtxtquery,
        kLquery,
        kLqueryList,
        kLtreeList,
        kCast,
        kColumn,
        kWithin,  // {distance, from}, for a geography use_spheroid too
    };
    std::string_view name;  // "_eq"
    Kind kind = Kind::kInfix;
    std::string_view sql;  // "="
    Applies applies = Applies::kAll;
    Value value = Value::kSame;
    bool is_negated = false;
};
/// All of them, in the order in which Hasura lists them; `$eq` spellings are found too.
const std::vector<Operator>& operators();
const Operator* find_operator(std::string_view name);
/// Does the operator stand for columns of this type?
bool applies(const Operator& op, const CatalogType& type);
/// The type that a member of `_cast` names, in SQL: of jsonb only text, of PostGIS's types the other one.
std::string cast_sql(const CatalogType& from, std::string_view to);
/// The type of its right side; `cast` is the type that the left side is cast to, or empty.
std::string operand_type(const Operator& op, const CatalogType& left, std::string_view cast);

/// A condition. Owns its children; move-only because a planned one holds table references.
struct BoolExp {
    enum class Kind : std::uint8_t {
        kTrue,
        kFalse,
        kAnd,
        kOr,
        kNot,
        kCompare,           // left `op` right
        kRelated,           // a row exists on the other side of `relationship` for which child 0 holds
        kExists,            // a row exists in `remote` (not joined) for which child 0 holds: _exists
        kRelatedAggregate,  // an aggregate over the array relationship compares
    };
    Kind kind = Kind::kTrue;
    std::vector<BoolExp> children;
    // kCompare: the left side is one of
    const Column* column = nullptr;
    const ComputedField* computed = nullptr;
    std::string cast;  // the type that the left side is cast to; empty: as it is
    const Operator* op = nullptr;
    Operand right;
    std::vector<Operand> more;  // kFunction: what follows `right`
    bool is_true = false;       // kIsNull: `_is_null: true`
    // kRelated, kRelatedAggregate, kExists
    const Relationship* relationship = nullptr;
    std::shared_ptr<const TableRef> remote;  // shared by copies of a permission's expression; never written
    // kRelatedAggregate: children[0] is the filter, children[1] compares the aggregate (column null)
    std::string function;  // "count", "bool_and", "bool_or"
    std::vector<const Column*> columns;
    bool is_distinct = false;

    bool is_trivial() const { return kind == Kind::kTrue; }
    static BoolExp constant(bool value);
    static BoolExp all_of(std::vector<BoolExp> parts);  // flattens, drops kTrue
    static BoolExp any_of(std::vector<BoolExp> parts);
    static BoolExp none_of(BoolExp part);
};

/// What stands on the left of a comparison.
struct ComparedSide {
    const Column* column = nullptr;
    const ComputedField* computed = nullptr;
    std::string cast;  // to this type

    const CatalogType& type() const;
};

}  // namespace weft::graphql
