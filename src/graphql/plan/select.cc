#include "graphql/plan/detail/select.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

Outcome<AggregateOutput> plan_aggregate_output(Context& c, const Collected& field, const Type& type) {
    AggregateOutput out{.key = std::string(field.key)};
    if (field.is_typename()) {
        out.kind = AggregateOutput::Kind::kTypename;
        out.text = type.name;
        return out;
    }
    if (field.meaning->kind == Meaning::Kind::kCount) {
        out.columns = columns_of(c, argument_of(c, field, Meaning::Kind::kColumnsArgument).value);
        out.is_distinct = argument_of(c, field, Meaning::Kind::kDistinctArgument).value.boolean();
        return out;
    }
    out.kind = AggregateOutput::Kind::kFunction;
    out.function = field.meaning->name;
    const Type& inner = *field.field->type.named();
    for (const Collected& each : collect_fields(c, inner, field.below)) {
        AggregateOutput::Item item{.key = std::string(each.key)};
        if (each.is_typename()) {
            item.text = inner.name;
        } else {
            item.column = each.meaning->column;
            item.computed = each.meaning->computed;
        }
        out.items.push_back(std::move(item));
    }
    return out;
}

Outcome<AggregateShape> plan_aggregate_shape(
    Context& c, const Table& table, const Collected& field, const Type& type
) {
    AggregateShape out{.key = std::string(field.key)};
    if (field.is_typename()) {
        out.kind = AggregateShape::Kind::kTypename;
        out.text = type.name;
        return out;
    }
    Descend at(c, "selectionSet", field.field->name);
    const Type& inner = *field.field->type.named();
    if (field.meaning->kind == Meaning::Kind::kNodes) {
        out.kind = AggregateShape::Kind::kNodes;
        TRY(out.nodes, plan_outputs(c, table, inner, field.below));
        return out;
    }
    for (const Collected& each : collect_fields(c, inner, field.below)) {
        TRY(AggregateOutput output, plan_aggregate_output(c, each, inner));
        out.aggregates.push_back(std::move(output));
    }
    return out;
}

Outcome<std::unique_ptr<Select>> new_select(Context& c, const Table& table) {
    TRY(TableRef ref, attach_select(c, table));
    return std::make_unique<Select>(std::move(ref));
}

Outcome<std::unique_ptr<Select>> plan_by_pk(Context& c, const Collected& field) {
    TRY(std::unique_ptr<Select> out, plan_row(c, *field.meaning->table, field));
    for (const Argument& each : arguments_of(c, field)) {
        if (each.meaning == nullptr || each.meaning->column == nullptr) continue;
        Descend at(c, "args", each.definition->name);
        if (each.value.is_absent() || each.value.is_null()) return unexpected_null(c, each.definition->type);
        const Column* column = each.meaning->column;
        out->equal_to.emplace_back(column, operand_of(each.value, column->catalog->type.plain()));
    }
    return out;
}

Outcome<> plan_cursor(Context& c, const Input& cursor, Select& out) {
    for (const Input::Member& each : cursor.member("initial_value").members()) {
        Descend at(c, "initial_value", each.definition->name);
        if (each.value().is_null()) return unexpected_null(c, each.definition->type);
        const Column* column = c.meaning(*each.definition).column;
        Select::Cursor made{.column = column};
        Operand initial = operand_of(each.value(), column->catalog->type.plain());
        made.initial.sql_type = initial.sql_type;
        made.initial.source.kind = Source::Kind::kCursor;
        made.initial.source.text = column->pg_name();
        made.initial.source.items.push_back(std::move(initial.source));
        made.is_descending = cursor.member("ordering").enum_name() == "DESC";
        out.stream.push_back(std::move(made));
    }
    return {};
}

Outcome<std::unique_ptr<Select>> plan_stream(Context& c, const Collected& field) {
    const Table& table = *field.meaning->table;
    TRY(std::unique_ptr<Select> out, new_select(c, table));
    Descend args(c, "args");
    for (const Argument& each : arguments_of(c, field)) {
        if (each.meaning == nullptr || each.value.is_absent()) continue;
        Descend at(c, each.definition->name);
        if (each.meaning->kind == Meaning::Kind::kBatchSize) {
            if (each.value.scalar_text().starts_with('-')) return negative(c, each.value);
            out->limit = operand_of(each.value, "integer");
        } else if (each.meaning->kind == Meaning::Kind::kWhere && !each.value.is_null()) {
            TRY(out->where, plan_where(c, table, each.value));
        } else if (each.meaning->kind == Meaning::Kind::kCursor) {
            for (std::size_t i = 0; i < each.value.size(); ++i) {
                DescendToItem item(c, each.value, i);
                if (each.value.item(i).is_null()) continue;
                CHECK_OK(plan_cursor(c, each.value.item(i), *out));
            }
            if (out->stream.empty()) return fail(c, "one streaming column field is expected");
        }
    }
    set_limit_max(c, *out);
    return out;
}

}  // namespace

Outcome<std::unique_ptr<Select>> plan_rows(
    Context& c, const Table& table, const Collected& field, Select::Shape shape
) {
    TRY(std::unique_ptr<Select> out, new_select(c, table));
    out->shape = shape;
    CHECK_OK(plan_list_arguments(c, field, *out));
    set_limit_max(c, *out);
    const Type& type = *field.field->type.named();
    if (shape == Select::Shape::kList) {
        TRY(out->outputs, plan_outputs(c, table, type, field.below));
        return out;
    }
    for (const Collected& each : collect_fields(c, type, field.below)) {
        TRY(AggregateShape part, plan_aggregate_shape(c, table, each, type));
        out->aggregate.push_back(std::move(part));
    }
    return out;
}

Outcome<std::unique_ptr<Select>> plan_row(Context& c, const Table& table, const Collected& field) {
    TRY(std::unique_ptr<Select> out, new_select(c, table));
    out->shape = Select::Shape::kOne;
    TRY(out->outputs, plan_outputs(c, table, *field.field->type.named(), field.below));
    return out;
}

Outcome<FunctionCall> plan_call(
    Context& c, const Function& function, const Collected& field, const std::string* row_argument
) {
    FunctionCall out{.function = &function};
    out.arguments.resize(function.arguments.size());
    for (std::size_t i = 0; i < out.arguments.size(); ++i) {
        const Function::Argument& argument = function.arguments[i];
        if (argument.is_session) {
            Operand session{.sql_type = argument.catalog->type.sql};
            session.source.kind = Source::Kind::kAllSession;
            session.source.shape = Source::Shape::kJson;
            out.arguments[i].operand = std::move(session);
        } else if (row_argument != nullptr) {
            out.arguments[i].is_row = row_argument->empty() ? i == 0 : argument.name == *row_argument;
        }
    }
    Argument args = argument_of(c, field, Meaning::Kind::kFunctionArguments);
    if (args.value.is_absent()) return out;
    Descend at(c, "args", args.definition->name);
    for (const Input::Member& each : args.value.members()) {
        auto position = static_cast<std::size_t>(c.meaning(*each.definition).position);
        out.arguments[position].operand =
            operand_of(each.value(), function.arguments[position].catalog->type);
    }
    for (std::size_t i = 0; i < out.arguments.size(); ++i) {
        const Function::Argument& argument = function.arguments[i];
        if (out.arguments[i].operand || out.arguments[i].is_row || argument.catalog->has_default) continue;
        return fail(c, "missing required field \"" + argument.name + "\"");
    }
    return out;
}

Outcome<std::unique_ptr<Select>> plan_select_root(Context& c, const Collected& field) {
    const Meaning& meaning = *field.meaning;
    switch (meaning.kind) {
        case Meaning::Kind::kSelect:
            return plan_rows(c, *meaning.table, field, Select::Shape::kList);
        case Meaning::Kind::kSelectAggregate:
            return plan_rows(c, *meaning.table, field, Select::Shape::kAggregate);
        case Meaning::Kind::kSelectByPk:
            return plan_by_pk(c, field);
        case Meaning::Kind::kSelectStream: {
            TRY(std::unique_ptr<Select> out, plan_stream(c, field));
            TRY(out->outputs, plan_outputs(c, *meaning.table, *field.field->type.named(), field.below));
            return out;
        }
        default:
            break;
    }
    bool is_aggregate = meaning.kind == Meaning::Kind::kFunctionAggregate;
    bool is_one = !is_aggregate && !field.field->type.nullable().is_list();
    auto shape = is_aggregate ? Select::Shape::kAggregate : Select::Shape::kList;
    TRY(std::unique_ptr<Select> out,
        is_one ? plan_row(c, *meaning.table, field) : plan_rows(c, *meaning.table, field, shape));
    TRY(out->function, plan_call(c, *meaning.function, field, nullptr));
    return out;
}

}  // namespace weft::graphql::detail
