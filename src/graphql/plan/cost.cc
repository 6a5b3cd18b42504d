#include "graphql/plan/detail/finish.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace weft::graphql {

namespace {

// What a list without any limit is taken for: a guess that lets ordinary queries of roles without limits
// (an admin's) pass their ceiling of a million with four lists below each other.
constexpr double kRowsOfRoot = 100;
constexpr double kRowsOfNested = 10;

/// A limit's value in this request; nothing when it is no whole number (the database will say so).
std::optional<double> value_of(const Source& source, const Variables& variables) {
    std::string text = source.text;
    if (source.kind == Source::Kind::kVariable) {
        const Json* at = &variables.all[static_cast<std::size_t>(source.variable)].value;
        for (const std::string& step : source.path) {
            const JsonObject* object = at->if_object();
            at = object == nullptr ? nullptr : object->if_contains(step);
            if (at == nullptr) return std::nullopt;
        }
        text = at->is_string() ? std::string(at->get_string()) : to_text(*at);
    }
    double out = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

class Costs {
  public:
    explicit Costs(const Variables& variables) : variables_(variables) {}

    void root(const RootField& root) {
        if (const auto* select = std::get_if<std::unique_ptr<Select>>(&root.what)) {
            name_ = root.name;
            add(**select, 1, true);
        } else if (const auto* action = std::get_if<std::unique_ptr<ActionCall>>(&root.what)) {
            name_ = root.name;
            outputs((*action)->selection, 1);
            for (const auto& [place, selection] : (*action)->objects) outputs(selection, 1);
        }
    }
    double total() const { return total_; }
    const std::string& dearest() const { return dearest_; }
    bool has_variables() const { return has_variables_; }
    /// The root with a negative limit; empty when none has.
    const std::string& negative() const { return negative_; }

  private:
    /// How many rows this may give for each row above it.
    double rows(const Select& select, bool is_root) {
        std::optional<double> limit = count(select.limit);
        count(select.offset);
        if (select.limit_max) limit = std::min(limit.value_or(1e300), static_cast<double>(*select.limit_max));
        return limit.value_or(is_root ? kRowsOfRoot : kRowsOfNested);
    }
    std::optional<double> count(const std::optional<Operand>& operand) {
        if (!operand) return std::nullopt;
        has_variables_ |= operand->source.kind == Source::Kind::kVariable;
        std::optional<double> out = value_of(operand->source, variables_);
        if (out && *out < 0) negative_ = name_;
        return out;
    }
    void add(const Select& select, double above, bool is_root) {
        switch (select.shape) {
            case Select::Shape::kOne:
                grow(above);
                outputs(select.outputs, above);
                break;
            case Select::Shape::kList: {
                double here = above * rows(select, is_root);
                grow(here);
                outputs(select.outputs, here);
                break;
            }
            case Select::Shape::kAggregate: {
                grow(above);  // one row, however many are looked at: statement_timeout bounds that
                double here = above * rows(select, is_root);
                for (const AggregateShape& each : select.aggregate) {
                    if (each.kind != AggregateShape::Kind::kNodes) continue;
                    grow(here);
                    outputs(each.nodes, here);
                }
                break;
            }
        }
    }
    void outputs(const std::vector<Output>& outputs, double above) {
        for (const Output& each : outputs) {
            if (each.select) add(*each.select, above, false);
        }
    }
    void grow(double rows) {
        total_ += rows;
        if (rows <= most_) return;
        most_ = rows;
        dearest_ = name_;
    }

    const Variables& variables_;
    std::string name_;
    double total_ = 0;
    double most_ = 0;
    std::string dearest_;
    std::string negative_;
    bool has_variables_ = false;
};

Outcome<> check(const Costs& costs, const PlanLimits& limits) {
    if (!costs.negative().empty())
        return failure(
            "validation-failed",
            "expected a non-negative 32-bit integer for type \"Int\", but found a number",
            Path().key("selectionSet").key(costs.negative()).key("args").text()
        );
    if (costs.total() <= limits.cost_max) return {};
    return failure(
        "validation-failed",
        fmt::format(
            "this operation may read {:.0f} rows; at most {:.0f} are allowed: lower the limits on its lists",
            costs.total(),
            limits.cost_max
        ),
        Path().key("selectionSet").key(costs.dearest()).text()
    );
}

}  // namespace

namespace detail {

Outcome<> add_cost(Plan& plan, const Variables& variables, const PlanLimits& limits) {
    Costs costs(variables);
    for (const RootField& each : plan.roots) costs.root(each);
    plan.cost = costs.total();
    plan.has_variable_limits = costs.has_variables();
    return check(costs, limits);
}

}  // namespace detail

Outcome<double> check_request(const Plan& plan, const Variables& variables, const PlanLimits& limits) {
    if (!plan.has_variable_limits && plan.cost <= limits.cost_max) return plan.cost;
    Costs costs(variables);
    for (const RootField& each : plan.roots) costs.root(each);
    CHECK_OK(check(costs, limits));
    return costs.total();
}

std::optional<std::int64_t> imposed_limit(const Select& select, const Variables* variables) {
    if (!select.limit_max || !select.stream.empty()) return std::nullopt;
    if (!select.limit) return select.limit_max;
    const Source& source = select.limit->source;
    if (source.kind == Source::Kind::kVariable && variables == nullptr) return select.limit_max;
    static const Variables kNone;
    const auto asked = value_of(source, variables == nullptr ? kNone : *variables);
    const bool is_own = asked && *asked <= static_cast<double>(*select.limit_max);
    return is_own ? std::nullopt : select.limit_max;
}

}  // namespace weft::graphql
