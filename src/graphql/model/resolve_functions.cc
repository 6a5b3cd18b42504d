#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

namespace {

using Made = std::expected<Function*, std::string>;

/// `unnamed` counts the arguments without a name so far: they are arg_1, arg_2, ...
Function::Argument argument_of(const CatalogArgument& from, int& unnamed, std::string_view session) {
    Function::Argument out;
    out.is_named = !from.name.empty();
    out.name = out.is_named ? from.name : "arg_" + std::to_string(++unnamed);
    out.catalog = &from;
    out.scalar = scalar_of(from.type);
    out.is_session = !session.empty() && from.name == session;
    return out;
}

/// A function is used by a computed field, which gives it the row, or by the root.
enum class Caller { kField, kRoot };

bool is_row(const CatalogArgument& argument, std::size_t at, const std::string& row_argument) {
    return row_argument.empty() ? at == 0 : argument.name == row_argument;
}

/// The function as the model keeps it: one for all that use it alike. `row_argument` is for kField.
Made use_function(
    Draft& draft,
    const QualifiedName& name,
    const std::string& session,
    Caller caller,
    const std::string& row_argument = ""
) {
    const CatalogFunction* found = draft.catalog.function(name);
    if (found == nullptr) return because("no such function exists in source: " + quoted(name.text()));
    if (found->is_overloaded) {
        return because(
            "function " + quoted(name.text()) + " is overloaded. Overloaded functions are not supported"
        );
    }
    if (found->is_variadic) return because("function with \"VARIADIC\" parameters are not supported");
    Function made;
    made.catalog = found;
    made.name = graphql_base_name(name);
    made.sql = quote(name);
    bool has_session = false;
    int unnamed = 0;
    for (std::size_t i = 0; i < found->arguments.size(); ++i) {
        // The row is given by the field, and not counted among those that the request names.
        int no_number = 0;
        const bool is_given = caller == Caller::kField && is_row(found->arguments[i], i, row_argument);
        made.arguments.push_back(argument_of(found->arguments[i], is_given ? no_number : unnamed, session));
        has_session = has_session || made.arguments.back().is_session;
        if (made.arguments.back().is_session && !is_json(found->arguments[i].type)) {
            return because("the session argument " + quoted(session) + " must be of type json or jsonb");
        }
    }
    if (!session.empty() && !has_session) {
        return because("the session argument " + quoted(session) + " does not exist");
    }
    if (!found->returns_table.name.empty()) made.returns = draft.find_table(found->returns_table);
    for (Function& each : draft.functions) {
        const auto is_alike = [](const Function::Argument& one, const Function::Argument& other) {
            return one.name == other.name && one.is_session == other.is_session;
        };
        const bool is_same = caller == Caller::kField && each.catalog == found && each.metadata == nullptr &&
                             std::ranges::equal(each.arguments, made.arguments, is_alike);
        if (is_same) return &each;
    }
    draft.functions.push_back(std::move(made));
    return &draft.functions.back();
}

/// The argument that takes the table's row: the named one, or the first.
const Function::Argument* row_argument(const Function& function, const std::string& name) {
    for (std::size_t i = 0; i < function.arguments.size(); ++i) {
        if (is_row(*function.arguments[i].catalog, i, name)) return &function.arguments[i];
    }
    return nullptr;
}

std::expected<ComputedField, std::string> computed_field(
    Draft& draft, const Table& table, const metadata::ComputedField& from
) {
    if (!is_graphql_name(from.name)) return because(quoted(from.name) + " is not valid GraphQL name");
    if (table.column_by_graphql_name(from.name) != nullptr) {
        return because("field definition conflicts with postgres column");
    }
    if (std::ranges::find(table.computed_fields, from.name, &ComputedField::name) !=
        table.computed_fields.end()) {
        return because(joined({"field with name ", quoted(from.name), " already exists"}));
    }
    const Made function =
        use_function(draft, from.function, from.session_argument, Caller::kField, from.table_argument);
    if (!function) return because(function.error());
    const Function::Argument* row = row_argument(**function, from.table_argument);
    if (row == nullptr || row->catalog->type.name != table.catalog->name.name) {
        return because(joined(
            {"the function ",
             quoted(from.function.text()),
             " has no argument of the type of table ",
             quoted(table.catalog->name.text())}
        ));
    }
    const CatalogFunction& catalog = *(*function)->catalog;
    ComputedField out;
    out.name = from.name;
    out.table = &table;
    out.function = *function;
    out.table_argument = from.table_argument;
    out.session_argument = from.session_argument;
    out.returns = (*function)->returns;
    if (!catalog.returns_table.name.empty() && out.returns == nullptr) {
        return because(joined(
            {"the function ",
             quoted(from.function.text()),
             " returning set of table ",
             quoted(catalog.returns_table.text()),
             " is not tracked"}
        ));
    }
    if (out.returns == nullptr) {
        out.scalar = scalar_of(catalog.returns);
        out.is_stringified = draft.options.stringify_numeric && is_big_number(catalog.returns);
        if (catalog.returns_set || out.scalar.empty() || catalog.returns.kind == CatalogType::Kind::kPseudo) {
            return because(joined(
                {"the function ",
                 quoted(from.function.text()),
                 " returning type ",
                 catalog.returns.name,
                 " is not a BASE type"}
            ));
        }
    }
    return out;
}

Made tracked_function(Draft& draft, const metadata::Function& from) {
    const std::string name = from.custom_name.empty() ? graphql_base_name(from.name) : from.custom_name;
    if (!is_graphql_name(name)) {
        return because("function name is not a valid GraphQL identifier: " + quoted(name));
    }
    const bool is_tracked = std::ranges::any_of(draft.functions, [&](const Function& each) {
        return each.metadata != nullptr && each.catalog->name == from.name;
    });
    if (is_tracked) return because("function already tracked: " + quoted(from.name.text()));
    Made made = use_function(draft, from.name, from.session_argument, Caller::kRoot);
    if (!made) return made;
    std::string reason;
    if ((*made)->catalog->returns_table.name.empty()) {
        reason = "the function does not return a \"COMPOSITE\" type";
    } else if ((*made)->returns == nullptr) {
        reason = "the function's return table " + quoted((*made)->catalog->returns_table.text()) +
                 " is not tracked";
    }
    const auto unsayable = std::ranges::find_if((*made)->arguments, [](const Function::Argument& each) {
        return !each.is_session && (each.scalar.empty() || !is_graphql_name(each.name));
    });
    if (unsayable != (*made)->arguments.end()) {
        reason = "the function arguments " + unsayable->name + " are not in compliance with GraphQL spec";
    }
    if (!reason.empty()) {
        draft.functions.pop_back();
        return because(joined(
            {"the function ",
             quoted(from.name.text()),
             " cannot be tracked for the following reasons: ",
             reason}
        ));
    }
    (*made)->metadata = &from;
    (*made)->name = name;
    (*made)->is_mutation = from.exposed_as
                               ? *from.exposed_as == "mutation"
                               : (*made)->catalog->volatility == CatalogFunction::Volatility::kVolatile;
    return made;
}

}  // namespace

void resolve_computed_fields(Draft& draft) {
    for (Table& table : draft.tables) {
        for (const metadata::ComputedField& from : draft.facts_of(table).metadata->computed_fields) {
            auto made = computed_field(draft, table, from);
            if (!made) {
                const std::string text = table.catalog->name.text();
                draft.inconsistent(
                    "computed_field",
                    joined({"computed_field ", from.name, " in table ", text, draft.in_source()}),
                    joined(
                        {"in table ",
                         quoted(text),
                         ": in computed field ",
                         quoted(from.name),
                         ": ",
                         made.error()}
                    )
                );
                continue;
            }
            made->position = static_cast<int>(table.computed_fields.size());
            table.computed_fields.push_back(std::move(*made));
        }
    }
}

void resolve_functions(Draft& draft) {
    for (const metadata::Function& from : draft.metadata.functions) {
        if (const Made made = tracked_function(draft, from); !made) {
            draft.inconsistent(
                "function",
                joined({"function ", from.name.text(), draft.in_source()}),
                joined({"in function ", quoted(from.name.text()), ": ", made.error()}),
                JsonObject{{"schema", from.name.schema}, {"name", from.name.name}}
            );
        }
    }
}

}  // namespace weft::graphql
