#include "graphql/plan/detail/select.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

/// Terms in the order written. Recursion is bounded by the depth of the document or of the variable's JSON.
class OrderPlanner {
  public:
    explicit OrderPlanner(Context& c) : c_(c) {}

    /// Nulls mean "not given", as in Hasura.
    Outcome<> object(const Input& from) {
        for (const Input::Member& each : from.members()) {
            if (each.value().is_null()) continue;
            Descend at(c_, each.definition->name);
            CHECK_OK(member(c_.meaning(*each.definition), each.value()));
        }
        return {};
    }
    std::vector<OrderTerm> take() && { return std::move(out_); }

  private:
    Outcome<> member(const Meaning& meaning, const Input& value) {
        switch (meaning.kind) {
            case Meaning::Kind::kRelationship: {
                TRY(TableRef remote, attach_select(c_, *meaning.relationship->remote));
                hops_.push_back({meaning.relationship, std::move(remote)});
                CHECK_OK(object(value));
                hops_.pop_back();
                return {};
            }
            case Meaning::Kind::kRelationshipAggregate:
                return aggregate({.aggregated = meaning.relationship}, *meaning.relationship->remote, value);
            case Meaning::Kind::kComputedTableAggregate:
                return aggregate({.computed = meaning.computed}, *meaning.computed->returns, value);
            default:
                break;
        }
        OrderTerm term{.hops = hops_, .direction = direction(value)};
        if (meaning.kind == Meaning::Kind::kComputedScalar) {
            term.computed = meaning.computed;
        } else {
            term.column = meaning.column;
        }
        out_.push_back(std::move(term));
        return {};
    }

    /// `over` says what is aggregated: a relationship, or the rows of a computed field.
    Outcome<> aggregate(const OrderTerm& over, const Table& remote, const Input& from) {
        for (const Input::Member& each : from.members()) {
            if (each.value().is_null()) continue;
            Descend at(c_, each.definition->name);
            const Meaning& meaning = c_.meaning(*each.definition);
            if (meaning.kind == Meaning::Kind::kCount) {
                CHECK_OK(aggregated(over, remote, {"count", nullptr}, each.value()));
                continue;
            }
            for (const Input::Member& column : each.value().members()) {
                if (column.value().is_null()) continue;
                const Column* of = c_.meaning(*column.definition).column;
                CHECK_OK(aggregated(over, remote, {meaning.name, of}, column.value()));
            }
        }
        return {};
    }

    struct Aggregate {
        std::string_view function;
        const Column* column;
    };
    Outcome<> aggregated(
        const OrderTerm& over, const Table& remote, const Aggregate& what, const Input& value
    ) {
        OrderTerm term{
            .hops = hops_, .column = what.column, .computed = over.computed, .aggregated = over.aggregated
        };
        TRY(term.aggregated_remote, attach_select(c_, remote));
        term.function = what.function;
        term.direction = direction(value);
        out_.push_back(std::move(term));
        return {};
    }

    /// The enum value's own name: a view into the model, not into the request.
    std::string_view direction(const Input& value) const {
        const EnumValue* named = value.type().named()->value(value.enum_name());
        return named != nullptr ? std::string_view(named->name) : std::string_view("asc");
    }

    Context& c_;
    std::vector<OrderTerm::Hop> hops_;
    std::vector<OrderTerm> out_;
};

/// A whole number that may not be negative; strings of 64 bits are taken for `offset` too.
Outcome<std::optional<Operand>> plan_count(Context& c, const Argument& argument, std::string sql_type) {
    if (argument.value.is_absent() || argument.value.is_null()) return std::nullopt;
    Descend at(c, argument.definition->name);
    if (argument.value.scalar_text().starts_with('-')) return negative(c, argument.value);
    return operand_of(argument.value, std::move(sql_type));
}

Outcome<> check_distinct(Context& c, const Select& select) {
    if (select.order_by.empty() || select.distinct_on.empty()) return {};
    std::size_t count = select.distinct_on.size();
    auto is_ordered = [&](const Column* column) {
        auto end =
            select.order_by.begin() + static_cast<std::ptrdiff_t>(std::min(count, select.order_by.size()));
        return std::any_of(select.order_by.begin(), end, [&](const OrderTerm& term) {
            return term.hops.empty() && !term.aggregated_remote && term.column == column;
        });
    };
    bool is_right = count <= select.order_by.size() && std::ranges::all_of(select.distinct_on, is_ordered);
    if (is_right) return {};
    return fail(c, "\"distinct_on\" columns must match initial \"order_by\" columns");
}

}  // namespace

std::vector<const Column*> columns_of(Context& c, const Input& value) {
    std::vector<const Column*> out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        Input item = value.item(i);
        const EnumValue* named = item.is_null() ? nullptr : item.type().named()->value(item.enum_name());
        if (named == nullptr) continue;
        const Column* column = c.meaning(*named).column;
        if (std::ranges::find(out, column) == out.end()) out.push_back(column);
    }
    return out;
}

Outcome<std::vector<OrderTerm>> plan_order_by(Context& c, const Table&, const Input& order_by) {
    OrderPlanner planner(c);
    for (std::size_t i = 0; i < order_by.size(); ++i) {
        DescendToItem at(c, order_by, i);
        CHECK_OK(planner.object(order_by.item(i)));
    }
    return std::move(planner).take();
}

Outcome<> plan_list_arguments(Context& c, const Collected& field, Select& out) {
    Descend at(c, "args");
    for (const Argument& each : arguments_of(c, field)) {
        if (each.meaning == nullptr || each.value.is_absent() || each.value.is_null()) continue;
        switch (each.meaning->kind) {
            case Meaning::Kind::kWhere: {
                Descend name(c, each.definition->name);
                TRY(out.where, plan_where(c, out.from.table(), each.value));
                break;
            }
            case Meaning::Kind::kOrderBy: {
                Descend name(c, each.definition->name);
                TRY(out.order_by, plan_order_by(c, out.from.table(), each.value));
                break;
            }
            case Meaning::Kind::kLimit: {
                TRY(out.limit, plan_count(c, each, "integer"));
                break;
            }
            case Meaning::Kind::kOffset: {
                TRY(out.offset, plan_count(c, each, "bigint"));
                break;
            }
            case Meaning::Kind::kDistinctOn:
                out.distinct_on = columns_of(c, each.value);
                break;
            default:
                break;
        }
    }
    return check_distinct(c, out);
}

void set_limit_max(const Context& c, Select& out) {
    std::optional<std::int64_t> least = out.from.limit();
    auto at_most = [&](std::int64_t limit) {
        if (limit > 0) least = std::min(least.value_or(limit), limit);
    };
    if (!c.access.is_admin()) {
        at_most(c.model.options().limit_max);
        if (!out.limit) at_most(c.model.options().limit_default);
    }
    out.limit_max = least;
}

}  // namespace weft::graphql::detail
