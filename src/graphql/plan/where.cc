#include "graphql/plan/detail/context.h"

#include <algorithm>
#include <array>
#include <optional>

namespace weft::graphql::detail {

namespace {

/// A comparison with this left side.
BoolExp comparison(const ComparedSide& left, const Operator& op) {
    BoolExp out;
    out.kind = BoolExp::Kind::kCompare;
    out.column = left.column;
    out.computed = left.computed;
    out.cast = left.cast;
    out.op = &op;
    return out;
}

/// Recursion is bounded: by the parser's depth for literals, by the JSON reader's for variables.
class Planner {
  public:
    Planner(Context& c, ConditionOf use) : c_(c), use_(use) {}

    /// All keys of one object, ANDed.
    Outcome<BoolExp> object(const Table& table, const Input& from) {
        return all(from, [&](const Meaning& meaning, const Input& value) {
            return member(table, meaning, value);
        });
    }

  private:
    /// What `part` makes of each member, ANDed. Every object of a condition is read here: a null, and a
    /// variable without a value, is an error and never a condition less.
    template <class Part>
    Outcome<BoolExp> all(const Input& from, const Part& part) {
        if (from.is_null()) return unexpected_null(c_, from.type());
        std::vector<BoolExp> parts;
        for (const Input::Member& each : from.members(Input::Unset::kNull)) {
            CHECK_OK(count());
            Descend at(c_, each.definition->name);
            if (each.value().is_null()) return unexpected_null(c_, each.value().type());
            TRY(BoolExp made, part(c_.meaning(*each.definition), each.value()));
            parts.push_back(std::move(made));
        }
        return BoolExp::all_of(std::move(parts));
    }

    /// `{_eq: .., _lt: ..}` of one left side. Clients drop members that are undefined: what was meant as
    /// `{_eq: id}` arrives as `{}`, and would write to every row.
    Outcome<BoolExp> comparisons(const ComparedSide& left, const Input& from) {
        if (use_ == ConditionOf::kWriting && from.is_object() && from.members(Input::Unset::kNull).empty())
            return fail(c_, "a comparison is expected here: {} would fit every row");
        return all(from, [&](const Meaning& meaning, const Input& value) {
            return meaning.op->kind == Operator::Kind::kCast ? cast(left, value)
                                                             : compare(left, *meaning.op, value);
        });
    }

    Outcome<> count() {
        if (++c_.bool_nodes <= c_.limits.bool_nodes_max) return {};
        return fail(
            c_,
            "the conditions of this operation have more than " + std::to_string(c_.limits.bool_nodes_max) +
                " keys; use fewer"
        );
    }

    Outcome<BoolExp> member(const Table& table, const Meaning& meaning, const Input& value) {
        switch (meaning.kind) {
            case Meaning::Kind::kAnd: {
                TRY(std::vector<BoolExp> parts, list(table, value));
                return BoolExp::all_of(std::move(parts));
            }
            case Meaning::Kind::kOr: {
                TRY(std::vector<BoolExp> parts, list(table, value));
                return BoolExp::any_of(std::move(parts));
            }
            case Meaning::Kind::kNot: {
                TRY(BoolExp inner, object(table, value));
                return BoolExp::none_of(std::move(inner));
            }
            case Meaning::Kind::kRelationship:
                return related({.relationship = meaning.relationship}, *meaning.relationship->remote, value);
            case Meaning::Kind::kRelationshipAggregate:
                return aggregate(*meaning.relationship, value);
            case Meaning::Kind::kComputedScalar:
                return comparisons({.computed = meaning.computed}, value);
            case Meaning::Kind::kComputedTable:
                return related({.computed = meaning.computed}, *meaning.computed->returns, value);
            default:
                return comparisons({.column = meaning.column}, value);
        }
    }

    Outcome<std::vector<BoolExp>> list(const Table& table, const Input& from) {
        std::vector<BoolExp> out;
        for (std::size_t i = 0; i < from.size(); ++i) {
            CHECK_OK(count());
            DescendToItem at(c_, from, i);
            TRY(BoolExp part, object(table, from.item(i)));
            out.push_back(std::move(part));
        }
        return out;
    }

    /// A row of `remote` exists that `out` names the way to.
    Outcome<BoolExp> related(BoolExp out, const Table& remote, const Input& value) {
        out.kind = BoolExp::Kind::kRelated;
        TRY(TableRef ref, attach_select(c_, remote));
        out.remote = std::make_shared<const TableRef>(std::move(ref));
        TRY(BoolExp child, object(remote, value));
        out.children.push_back(std::move(child));
        return out;
    }

    Outcome<BoolExp> cast(ComparedSide left, const Input& from) {
        return all(from, [&](const Meaning& to, const Input& value) {
            left.cast = cast_sql(left.type(), to.name);
            return comparisons(left, value);
        });
    }

    Outcome<BoolExp> compare(const ComparedSide& left, const Operator& op, const Input& value) {
        BoolExp out = comparison(left, op);
        if (op.kind == Operator::Kind::kIsNull) {
            out.is_true = value.boolean();
            return out;
        }
        for (std::size_t i = 0; i < value.size() && value.origin().variable < 0; ++i) {
            Input item = value.item(i);
            if (!item.is_null() || item.origin().variable >= 0 || !item.type().is_non_null()) continue;
            Descend at(c_, i);
            return unexpected_null(c_, item.type());
        }
        if (op.value == Operator::Value::kWithin) return within(std::move(out), left, value);
        const std::string type = operand_type(op, left.type(), left.cast);
        const bool is_same = op.value == Operator::Value::kSame && left.cast.empty();
        out.right = is_same ? operand_of(value, left.type()) : operand_of(value, type);
        out.right.sql_type = type;
        return out;
    }

    /// `{from, distance, use_spheroid}`: the arguments of a function, by position.
    Outcome<BoolExp> within(BoolExp out, const ComparedSide& left, const Input& from) {
        const std::array<std::string, 3> types{
            operand_type(*out.op, left.type(), left.cast), "double precision", "boolean"
        };
        std::array<std::optional<Operand>, 3> operands;
        TRY(BoolExp none, all(from, [&](const Meaning& meaning, const Input& value) -> Outcome<BoolExp> {
                const auto at = static_cast<std::size_t>(meaning.position);
                operands[at] = operand_of(value, types[at]);
                return BoolExp();
            }));
        if (operands[0]) out.right = *std::move(operands[0]);
        for (std::size_t at = 1; at < operands.size() && operands[at]; ++at)
            out.more.push_back(*std::move(operands[at]));
        return out;
    }

    /// `<relationship>_aggregate: {count: {...}, bool_and: {...}}`
    Outcome<BoolExp> aggregate(const Relationship& relationship, const Input& from) {
        return all(from, [&](const Meaning& what, const Input& value) {
            return one_aggregate(relationship, what, value);
        });
    }

    Outcome<BoolExp> one_aggregate(const Relationship& relationship, const Meaning& what, const Input& from) {
        BoolExp out;
        out.kind = BoolExp::Kind::kRelatedAggregate;
        out.relationship = &relationship;
        out.function = what.kind == Meaning::Kind::kCount ? "count" : std::string(what.name);
        TRY(TableRef remote, attach_select(c_, *relationship.remote));
        out.remote = std::make_shared<const TableRef>(std::move(remote));
        out.children.resize(2);
        TRY(BoolExp none, all(from, [&](const Meaning& meaning, const Input& value) -> Outcome<BoolExp> {
                CHECK_OK(aggregate_part(out, meaning, value));
                return BoolExp();
            }));
        return out;
    }

    Outcome<> aggregate_part(BoolExp& out, const Meaning& meaning, const Input& value) {
        switch (meaning.kind) {
            case Meaning::Kind::kDistinctArgument:
                out.is_distinct = value.boolean();
                break;
            case Meaning::Kind::kFilter: {
                TRY(out.children[0], object(*out.relationship->remote, value));
                break;
            }
            case Meaning::Kind::kPredicate: {
                TRY(out.children[1], predicate(out.function, value));
                break;
            }
            default:
                columns(out.columns, value);
                break;
        }
        return {};
    }

    void columns(std::vector<const Column*>& out, const Input& value) {
        if (value.is_list()) {
            for (std::size_t i = 0; i < value.size(); ++i) columns(out, value.item(i));
            return;
        }
        const EnumValue* named = value.is_null() ? nullptr : value.type().named()->value(value.enum_name());
        if (named != nullptr) out.push_back(c_.meaning(*named).column);
    }

    /// Comparisons whose left side is the aggregate: column and computed stay null.
    Outcome<BoolExp> predicate(std::string_view function, const Input& from) {
        std::string type = function == "count" ? "integer" : "boolean";
        return all(from, [&](const Meaning& meaning, const Input& value) -> Outcome<BoolExp> {
            BoolExp part = comparison({}, *meaning.op);
            if (meaning.op->kind == Operator::Kind::kIsNull) {
                part.is_true = value.boolean();
            } else {
                part.right =
                    operand_of(value, meaning.op->value == Operator::Value::kList ? type + "[]" : type);
            }
            return part;
        });
    }

    Context& c_;
    ConditionOf use_;
};

}  // namespace

Outcome<BoolExp> plan_where(Context& c, const Table& table, const Input& where, ConditionOf use) {
    if (where.is_absent()) return BoolExp();
    return Planner(c, use).object(table, where);
}

}  // namespace weft::graphql::detail
