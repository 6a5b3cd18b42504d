#include "graphql/plan/detail/mutation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::graphql::detail {

namespace {

struct UpdateOperator {
    Meaning::Kind meaning;
    Assignment::Kind assignment;
    std::string_view name;
    std::string_view value_type;  // empty: the column's
};
constexpr UpdateOperator kUpdateOperators[] = {
    {Meaning::Kind::kSet, Assignment::Kind::kSet, "_set", ""},
    {Meaning::Kind::kInc, Assignment::Kind::kInc, "_inc", ""},
    {Meaning::Kind::kPrepend, Assignment::Kind::kPrepend, "_prepend", ""},
    {Meaning::Kind::kAppend, Assignment::Kind::kAppend, "_append", ""},
    {Meaning::Kind::kDeleteKey, Assignment::Kind::kDeleteKey, "_delete_key", "text"},
    {Meaning::Kind::kDeleteElem, Assignment::Kind::kDeleteElem, "_delete_elem", "integer"},
    {Meaning::Kind::kDeleteAtPath, Assignment::Kind::kDeleteAtPath, "_delete_at_path", "text[]"},
};

/// The operators of one update, as they are read.
class Assignments {
  public:
    Assignments(Context& c, const UpdateRight& right) : c_(c), right_(right) {}

    void add(const UpdateOperator& op, const Input& columns);
    /// With presets. `visible`: the operators that the role has, for the message when none is used.
    Outcome<std::vector<Assignment>> finish(const std::vector<std::string_view>& visible);

  private:
    Context& c_;
    const UpdateRight& right_;
    bool has_operator_ = false;
    std::vector<Assignment> assignments_;
    std::vector<std::pair<const Column*, std::string>> used_;  // "_set, _inc", in the order of first use
};

void Assignments::add(const UpdateOperator& op, const Input& columns) {
    if (columns.is_absent() || columns.is_null()) return;
    has_operator_ = true;
    for (const Input::Member& member : columns.members()) {
        const Column* column = c_.meaning(*member.definition).column;
        Operand value = op.value_type.empty() ? operand_of(member.value(), column->catalog->type)
                                              : operand_of(member.value(), std::string(op.value_type));
        assignments_.push_back({.kind = op.assignment, .column = column, .value = std::move(value)});
        auto seen = std::ranges::find(used_, column, &std::pair<const Column*, std::string>::first);
        if (seen == used_.end()) {
            used_.emplace_back(column, op.name);
        } else {
            seen->second += ", " + std::string(op.name);
        }
    }
}

Outcome<std::vector<Assignment>> Assignments::finish(const std::vector<std::string_view>& visible) {
    if (!has_operator_ && right_.presets.empty()) {
        std::string names;
        for (std::string_view name : visible) names += (names.empty() ? "" : ", ") + std::string(name);
        return fail(c_, "at least any one of " + names + " is expected");
    }
    std::string twice;
    for (const auto& [column, names] : used_) {
        if (!names.contains(',')) continue;
        twice += fmt::format("{}\"{}\" in {}", twice.empty() ? "" : ". ", column->pg_name(), names);
    }
    if (!twice.empty()) return fail(c_, "column found in multiple operators; " + twice);
    for (const Preset& preset : right_.presets) {
        std::erase_if(assignments_, [&](const Assignment& each) { return each.column == preset.column; });
        assignments_.push_back(
            {.kind = Assignment::Kind::kSet, .column = preset.column, .value = preset.value}
        );
    }
    return std::move(assignments_);
}

Outcome<BoolExp> plan_write_where(Context& c, const Table& table, const Argument& where) {
    Descend at(c, where.definition->name);
    return plan_where(c, table, where.value, ConditionOf::kWriting);
}

BoolExp equals(const Column& column, Operand value) {
    BoolExp out;
    out.kind = BoolExp::Kind::kCompare;
    out.column = &column;
    out.op = find_operator("_eq");
    out.right = std::move(value);
    return out;
}

/// `columns`: each with the value that the primary key's column must have. All of the key, or it would be a
/// condition on more than one row.
Outcome<BoolExp> primary_key_is(const Context& c, const Table& table, const std::vector<Argument>& columns) {
    std::vector<BoolExp> parts;
    for (const Argument& each : columns) {
        const Column* column = each.meaning == nullptr ? nullptr : each.meaning->column;
        if (column != nullptr)
            parts.push_back(equals(*column, operand_of(each.value, column->catalog->type.plain())));
    }
    if (parts.empty() || parts.size() != table.primary_key.size()) {
        return fail(c, "a column of the primary key of \"" + table.name + "\" is missing");
    }
    return BoolExp::all_of(std::move(parts));
}

std::vector<Argument> arguments_in(Context& c, const Input& object) {
    std::vector<Argument> out;
    for (const Input::Member& member : object.members()) {
        const Meaning* meaning =
            member.definition->binding == kUnbound ? nullptr : &c.meaning(*member.definition);
        out.push_back({.definition = member.definition, .meaning = meaning, .value = member.value()});
    }
    return out;
}

/// Names of the operators among `definitions` that the role sees.
std::vector<std::string_view> visible_operators(
    const Context& c, const std::vector<InputValue>& definitions
) {
    std::vector<std::string_view> out;
    for (const UpdateOperator& op : kUpdateOperators) {
        for (const InputValue& each : definitions) {
            bool is_it = each.binding != kUnbound && c.model.meaning(each.binding).kind == op.meaning;
            if (is_it && c.view().sees(each.element)) out.push_back(op.name);
        }
    }
    return out;
}

Outcome<Update> plan_one(
    Context& c,
    const Table& table,
    const std::vector<Argument>& arguments,
    const std::vector<InputValue>& definitions
) {
    auto ref = TableRef::attach(table, c.access, TableRef::Use::kUpdate);
    const UpdateRight* right = c.access.update(table);
    if (!ref || right == nullptr) return not_permitted(c, "update", table);
    Update out(*std::move(ref));
    out.right = right;
    Assignments assignments(c, *right);
    for (const UpdateOperator& op : kUpdateOperators) {
        for (const Argument& each : arguments) {
            if (each.meaning != nullptr && each.meaning->kind == op.meaning) assignments.add(op, each.value);
        }
    }
    for (const Argument& each : arguments) {
        if (each.meaning == nullptr) continue;
        if (each.meaning->kind == Meaning::Kind::kWhere) {
            TRY(out.where, plan_write_where(c, table, each));
        } else if (each.meaning->kind == Meaning::Kind::kPkColumns) {
            TRY(out.where, primary_key_is(c, table, arguments_in(c, each.value)));
        }
    }
    TRY(out.assignments, assignments.finish(visible_operators(c, definitions)));
    out.is_empty = out.assignments.empty();
    return out;
}

}  // namespace

Outcome<Update> plan_update(
    Context& c, const Table& table, const Field& field, const std::vector<Argument>& arguments
) {
    return plan_one(c, table, arguments, field.arguments);
}

Outcome<std::vector<Update>> plan_updates(Context& c, const Table& table, const Input& updates) {
    std::vector<Update> out;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        Descend at(c, i);
        Input one = updates.item(i);
        TRY(Update update, plan_one(c, table, arguments_in(c, one), one.type().named()->input_fields));
        out.push_back(std::move(update));
    }
    return out;
}

Outcome<Delete> plan_delete(
    Context& c, const Table& table, const std::vector<Argument>& arguments, bool is_by_pk
) {
    auto ref = TableRef::attach(table, c.access, TableRef::Use::kDelete);
    const DeleteRight* right = c.access.remove(table);
    if (!ref || right == nullptr) return not_permitted(c, "delete", table);
    Delete out(*std::move(ref));
    if (is_by_pk) {
        TRY(out.where, primary_key_is(c, table, arguments));
        return out;
    }
    for (const Argument& each : arguments) {
        if (each.meaning == nullptr || each.meaning->kind != Meaning::Kind::kWhere) continue;
        TRY(out.where, plan_write_where(c, table, each));
    }
    return out;
}

}  // namespace weft::graphql::detail
