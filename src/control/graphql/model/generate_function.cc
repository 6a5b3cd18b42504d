#include "control/graphql/model/detail/generator.h"
#include "control/graphql/model/detail/names.h"

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

/// `args: <fn>_args`, when there is an argument to give.
void Generator::add_function_argument(
    Field& made, const Function& function, const std::string& row_argument, bool has_row
) {
    bool has_shown = false;
    bool has_required = false;
    for (std::size_t i = 0; i < function.arguments.size(); ++i) {
        const Function::Argument& each = function.arguments[i];
        if (!is_shown(each, row_argument, has_row, i)) continue;
        has_shown = true;
        has_required = has_required || !each.catalog->has_default;
    }
    if (!has_shown) return;
    const Type*& known = function_arguments_[&function];
    if (known == nullptr) {
        Type& type = new_type(
            TypeKind::kInput,
            function.name + "_args",
            joined({"input parameters for function ", quoted(function.catalog->name.text())})
        );
        known = &type;
        for (std::size_t i = 0; i < function.arguments.size(); ++i) {
            const Function::Argument& each = function.arguments[i];
            if (!is_shown(each, row_argument, has_row, i)) continue;
            const Meaning meaning{
                .kind = Meaning::Kind::kFunctionArgument,
                .function = &function,
                .position = static_cast<int>(i)
            };
            const TypeUse use(scalar(each.scalar.empty() ? "String" : each.scalar));
            input(type, each.name, use, Visibility::kAlways, bind(meaning));
        }
    }
    argument(
        made,
        "args",
        has_required ? TypeUse(known).non_null() : TypeUse(known),
        bind(Meaning{.kind = Meaning::Kind::kFunctionArguments, .function = &function}),
        joined({"input parameters for function ", quoted(function.catalog->name.text())})
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
    const std::string& comment = function.metadata->comment;
    const std::string description = comment.empty() ? joined(
                                                          {"execute ",
                                                           function.is_mutation ? "VOLATILE " : "",
                                                           "function ",
                                                           called,
                                                           " which returns ",
                                                           shared(table).quoted}
                                                      )
                                                    : comment;
    const bool is_set = function.catalog->returns_set;
    const auto add_arguments = [&](Field& made) {
        add_function_argument(made, function, "", false);
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
