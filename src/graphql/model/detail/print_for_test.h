#pragma once

#include "graphql/model/model.h"
#include "graphql/model/table_ref.h"

#include <string>

/// Conditions as text, so that tests read like what they check.
namespace weft::graphql::testing {

inline std::string text(const Operand& operand) {
    if (operand.kind == Operand::Kind::kColumn) return operand.column->pg_name();
    if (operand.kind == Operand::Kind::kRootColumn) return "$." + operand.column->pg_name();
    const Source& source = operand.source;
    std::string out = source.is_null                             ? "null"
                      : source.kind == Source::Kind::kSession    ? "$" + source.text
                      : source.kind == Source::Kind::kAllSession ? "$session"
                      : source.kind == Source::Kind::kVariable   ? "$" + std::to_string(source.variable)
                                                                 : "'" + source.text + "'";
    return out + "::" + operand.sql_type;
}

inline std::string text(const BoolExp& exp) {
    const auto children = [&](const std::string& between) {
        std::string out;
        for (const BoolExp& child : exp.children) out += (out.empty() ? "" : between) + text(child);
        return "(" + out + ")";
    };
    switch (exp.kind) {
        case BoolExp::Kind::kTrue:
            return "true";
        case BoolExp::Kind::kFalse:
            return "false";
        case BoolExp::Kind::kAnd:
            return children(" & ");
        case BoolExp::Kind::kOr:
            return children(" | ");
        case BoolExp::Kind::kNot:
            return "!" + children("");
        case BoolExp::Kind::kCompare:
            break;
        case BoolExp::Kind::kRelated:
            return (exp.relationship != nullptr ? exp.relationship->name : exp.computed->name + "()") +
                   children("");
        case BoolExp::Kind::kExists:
            return "exists " + exp.remote->table().name + children("");
        case BoolExp::Kind::kRelatedAggregate:
            return exp.function + children(" ; ");
    }
    std::string out = exp.column != nullptr ? exp.column->pg_name() : exp.computed->name + "()";
    if (!exp.cast.empty()) out += "::" + exp.cast;
    out += " " + std::string(exp.op->name) + " ";
    return out +
           (exp.op->kind == Operator::Kind::kIsNull ? (exp.is_true ? "true" : "false") : text(exp.right));
}

}  // namespace weft::graphql::testing
