#include "graphql/sql/detail/call.h"

namespace weft::graphql::detail {

void write_call(Writer& out, const FunctionCall& call, std::string_view row) {
    out << call.function->sql << "(";
    Separator separator(", ");
    bool is_named = false;  // after an argument that is left to its default
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const FunctionCall::Value& value = call.arguments[i];
        const Function::Argument& argument = call.function->arguments[i];
        if (!value.is_row && !value.operand) {
            is_named = true;
            continue;
        }
        if (is_named && !argument.is_named) continue;
        out << separator.next();
        if (is_named) out.identifier(argument.name) << " => ";
        if (value.is_row) {
            out << row;
        } else {
            out.operand(*value.operand, row, row);
        }
    }
    out << ")";
}

void write_computed(Writer& out, const ComputedField& field, std::string_view row) {
    const Function& function = *field.function;
    FunctionCall call{.function = &function, .arguments = {}};
    call.arguments.resize(function.arguments.size());
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const Function::Argument& argument = function.arguments[i];
        if (argument.is_session) {
            Operand session{.sql_type = argument.catalog->type.sql};
            session.source.kind = Source::Kind::kAllSession;
            session.source.shape = Source::Shape::kJson;
            call.arguments[i].operand = std::move(session);
        } else {
            call.arguments[i].is_row =
                field.table_argument.empty() ? i == 0 : argument.name == field.table_argument;
        }
    }
    write_call(out, call, row);
}

void write_if_shown(
    Writer& out, const ComputedField& field, std::string_view alias, const std::function<void()>& value
) {
    const SelectRight* right = out.screened(alias);
    const bool is_asked = right != nullptr && right->mask(field) != nullptr;
    if (is_asked) out << "CASE WHEN " << alias << "." << shown_name(field) << " THEN ";
    value();
    if (is_asked) out << " END";
}

void write_shown_computed(Writer& out, const ComputedField& field, std::string_view alias) {
    write_if_shown(out, field, alias, [&] { write_computed(out, field, out.row(alias)); });
}

void write_aggregate_call(
    Writer& out,
    std::string_view function,
    const std::vector<const Column*>& columns,
    bool is_distinct,
    std::string_view alias
) {
    out << function << "(";
    if (columns.empty()) {
        out << "*)";
        return;
    }
    if (is_distinct) out << "DISTINCT ";
    if (columns.size() > 1) out << "(";
    Separator separator(", ");
    for (const Column* each : columns) {
        out << separator.next();
        out.compared(alias, *each);
    }
    out << (columns.size() > 1 ? "))" : ")");
}

}  // namespace weft::graphql::detail
