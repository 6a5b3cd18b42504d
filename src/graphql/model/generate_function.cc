#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

namespace {

/// An argument that the request gives; not the parent's row nor the session.
bool is_shown(
    const Function::Argument& argument, const std::string& row_argument, bool has_row, std::size_t at
) {
    if (argument.is_session) return false;
    if (!has_row) return true;
    return row_argument.empty() ? at != 0 : argument.name != row_argument;
}

}  // namespace

/// `args: <fn>_args` (of a computed field `<field>_<table>_args`), when there is an argument to give.
void Generator::add_function_argument(Field& made, const Function& function, const ComputedField* field) {
    const std::string row = field == nullptr ? "" : field->table_argument;
    const auto shows = [&](std::size_t i) {
        return is_shown(function.arguments[i], row, field != nullptr, i);
    };
    std::vector<std::size_t> shown;
    bool has_required = false;
    for (std::size_t i = 0; i < function.arguments.size(); ++i) {
        if (!shows(i)) continue;
        shown.push_back(i);
        has_required = has_required || !function.arguments[i].catalog->has_default;
    }
    if (shown.empty()) return;
    const std::string text =
        field == nullptr ? joined({"input parameters for function ", quoted(function.catalog->name.text())})
                         : joined(
                               {"input parameters for computed field ",
                                quoted(field->name),
                                " defined on table ",
                                quoted(field->table->catalog->name.text())}
                           );
    const Type*& known = function_arguments_[{&function, field}];
    if (known == nullptr) {
        const std::string base =
            field == nullptr ? function.name : joined({field->name, "_", field->table->name});
        Type& type = new_type(TypeKind::kInput, base + "_args", text);
        known = &type;
        for (const std::size_t i : shown) {
            const Function::Argument& each = function.arguments[i];
            const Meaning meaning{
                .kind = Meaning::Kind::kFunctionArgument,
                .function = &function,
                .position = static_cast<int>(i)
            };
            const TypeUse use = value_type(each.scalar.empty() ? "String" : each.scalar, each.catalog->type);
            takes(input(type, each.name, use, Visibility::kAlways, bind(meaning)), each.catalog->type);
        }
    }
    argument(
        made,
        "args",
        has_required ? TypeUse(known).non_null() : TypeUse(known),
        bind(Meaning{.kind = Meaning::Kind::kFunctionArguments, .function = &function}),
        text
    );
}

void Generator::add_function_roots(const Function& function) {
    const Table& table = *function.returns;
    const auto& names = function.metadata->root_names;
    const auto name_of = [&](const std::string& key, std::string by_default) {
        const auto found = names.find(key);
        return found == names.end() || found->second.empty() ? std::move(by_default) : found->second;
    };
    const std::string called = quoted(function.catalog->name.text());
    const std::string by_default = joined(
        {"execute ",
         function.is_mutation ? "VOLATILE " : "",
         "function ",
         called,
         " which returns ",
         shared(table).quoted}
    );
    const std::string& stored = function.catalog->comment;
    const std::string description = function.metadata->comment.value_or(stored.empty() ? by_default : stored);
    const bool is_set = function.catalog->returns_set;
    const auto add_arguments = [&](Field& made) {
        add_function_argument(made, function, nullptr);
        if (is_set) add_list_arguments(made, table);
    };
    const auto add =
        [&](const std::string& name, TypeUse use, Rule::Kind rule, Meaning::Kind kind, const std::string& text
        ) {
            const Meaning meaning{.kind = kind, .table = &table, .function = &function};
            if (!function.is_mutation) {
                return add_read_root(
                    name, use, {.kind = rule, .function = &function}, {0, 0}, meaning, text, add_arguments
                );
            }
            if (!claims(*schema_.mutation, name)) return;
            const RuleId id = visibility_.add({.kind = rule, .function = &function});
            add_arguments(field(*schema_.mutation, name, use, id, bind(meaning), text));
        };
    add(name_of("function", function.name),
        is_set ? rows(table) : TypeUse(types(table).object),
        Rule::Kind::kFunction,
        Meaning::Kind::kFunction,
        description);
    if (!is_set) return;
    add(name_of("function_aggregate", function.name + "_aggregate"),
        TypeUse(types(table).aggregate).non_null(),
        Rule::Kind::kFunctionAggregate,
        Meaning::Kind::kFunctionAggregate,
        joined(
            {"execute function ",
             called,
             " and query aggregates on result of table type ",
             shared(table).quoted}
        ));
}

}  // namespace weft::graphql
