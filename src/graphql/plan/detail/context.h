#pragma once

#include "graphql/plan/plan.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// What planning one operation shares; lives as long as one call of plan_operation.
struct Context {
    const Model& model;
    const Document& document;
    const Variables& variables;
    const Access& access;
    PlanLimits limits;
    Path path;                // where we are: of the next failure
    int bool_nodes = 0;       // keys of all `where`s so far
    std::string hidden = {};  // the first thing that the request names although its view does not show it

    const View& view() const { return access.view(); }
    /// What a field, argument, member or enum value that the request names stands for: the one way to learn
    /// it. Validation has refused what the view does not show. Should it have missed something, then it is
    /// noted here, and no plan is made.
    template <class Thing>
    const Meaning& meaning(const Thing& thing) {
        if (!view().sees(thing.element)) note_hidden(thing.name);
        return model.meaning(thing.binding);
    }
    void note_hidden(std::string_view name) {
        if (hidden.empty()) hidden = name;
    }
};

/// A failure at the current path.
std::unexpected<Failure> fail(const Context& c, std::string message, std::string code = "validation-failed");
/// `expected an object for type "T", but found null` and its relatives, for a null that is not allowed.
std::unexpected<Failure> unexpected_null(const Context& c, TypeUse type);
/// For a limit or an offset below zero.
std::unexpected<Failure> negative(const Context& c, const Input& value);

/// Puts keys on the path for as long as it lives.
class Descend {
  public:
    Descend(Context& c, std::string_view key) : path_(c.path), mark_(path_.mark()) { path_.key(key); }
    Descend(Context& c, std::string_view first, std::string_view second) : Descend(c, first) {
        path_.key(second);
    }
    Descend(Context& c, std::size_t index) : path_(c.path), mark_(path_.mark()) { path_.index(index); }
    ~Descend() { path_.back_to(mark_); }
    Descend(const Descend&) = delete;
    Descend& operator=(const Descend&) = delete;

  private:
    Path& path_;
    std::size_t mark_;
};

/// Into an item of a list. A lone value that stands for a list of one has no index in Hasura's paths (in a
/// variable it can't be told any more).
class DescendToItem {
  public:
    DescendToItem(Context& c, const Input& list, std::size_t index) : path_(c.path), mark_(path_.mark()) {
        bool is_lone = list.literal() != nullptr && list.literal()->kind != Value::Kind::kList;
        if (!is_lone) path_.index(index);
    }
    ~DescendToItem() { path_.back_to(mark_); }
    DescendToItem(const DescendToItem&) = delete;
    DescendToItem& operator=(const DescendToItem&) = delete;

  private:
    Path& path_;
    std::size_t mark_;
};

// ---- selection sets

/// Selection sets that are read as one: those of all fields with one response key.
using SelectionSets = std::vector<std::span<const Selection>>;

/// One response key: CollectFields of the specification, skipped ones left out, fragments expanded.
struct Collected {
    std::string_view key;
    const Selection* selection = nullptr;  // the first; the others have the same arguments
    const Field* field = nullptr;          // null: __typename
    const Meaning* meaning = nullptr;      // null: unbound (__typename, introspection)
    SelectionSets below;                   // selection sets of all fields under this key

    bool is_typename() const { return field == nullptr; }
};
/// In order of first appearance. `type` is an object type.
std::vector<Collected> collect_fields(Context& c, const Type& type, const SelectionSets& sets);

// ---- arguments and values

struct Argument {
    const InputValue* definition = nullptr;
    const Meaning* meaning = nullptr;
    Input value;  // may be absent
};
/// Every argument the field has, given or not (defaults applied), in schema order.
std::vector<Argument> arguments_of(Context& c, const Collected& field);
/// The one with this meaning; its value is absent when the field has none such or it was not given.
Argument argument_of(Context& c, const Collected& field, Meaning::Kind kind);

/// A leaf (or a scalar with a structure of its own: json, arrays) as a parameter of `sql_type`; the Source's
/// shape follows from the type ("...[]": an array, json and jsonb: JSON). A null becomes a NULL parameter.
Operand operand_of(const Input& value, std::string sql_type);
/// A value of a column or argument: the shape follows from what a domain is made of.
Operand operand_of(const Input& value, const CatalogType& type);
/// The same as JSON text, whatever it is: for actions and remote fields.
Source json_source_of(const Input& value);
/// `{"a","b c"}`
std::string array_literal(const std::vector<std::string>& texts);

// ---- conditions

/// Which rows are read, or which are written: the latter is more careful about comparisons that say nothing.
enum class ConditionOf : std::uint8_t { kReading, kWriting };
/// A `<t>_bool_exp` over rows of `table`: kRelated and kRelatedAggregate carry the remote table with the
/// role's select permission attached. Absent is kTrue. The permission of `table` itself is NOT in it: that
/// comes with its TableRef. Failures: nulls and variables without a value anywhere in it, too many keys
/// (PlanLimits::bool_nodes_max).
Outcome<BoolExp> plan_where(
    Context& c, const Table& table, const Input& where, ConditionOf use = ConditionOf::kReading
);

// ---- reading

/// What is selected of rows of `table` (whose GraphQL type is `type`).
Outcome<std::vector<Output>> plan_outputs(
    Context& c, const Table& table, const Type& type, const SelectionSets& sets
);

/// The caller's select permission on `table`. A failure means that the schema shows what the role may not
/// see: "unexpected".
Outcome<TableRef> attach_select(Context& c, const Table& table);

}  // namespace weft::graphql::detail
