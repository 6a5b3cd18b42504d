#include "graphql/plan/detail/mutation.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

/// Does a value come from somewhere else than the row itself? A computed field's function may look anywhere.
bool looks_elsewhere(const Output& output) {
    return output.kind == Output::Kind::kSelect || output.kind == Output::Kind::kComputed;
}

Outcome<> plan_response(Context& c, Mutation& out, const Table& table, const Collected& field) {
    for (const Collected& each : collect_fields(c, *field.field->type.named(), field.below)) {
        MutationOutput output{.key = std::string(each.key)};
        if (each.is_typename()) {
            output.kind = MutationOutput::Kind::kTypename;
            output.text = field.field->type.named()->name;
        } else if (each.meaning->kind == Meaning::Kind::kReturning) {
            output.kind = MutationOutput::Kind::kReturning;
            Descend at(c, "selectionSet", each.field->name);
            TRY(output.returning, plan_outputs(c, table, *each.field->type.named(), each.below));
        }
        out.outputs.push_back(std::move(output));
    }
    return {};
}

/// What is selected: the row, or keys of the response.
Outcome<> plan_answer(Context& c, Mutation& out, const Table& table, const Collected& field) {
    if (out.is_row) {
        TRY(out.row, plan_outputs(c, table, *field.field->type.named(), field.below));
    } else {
        CHECK_OK(plan_response(c, out, table, field));
    }
    out.reads_relationships = std::ranges::any_of(out.row, looks_elsewhere);
    for (const MutationOutput& each : out.outputs) {
        if (std::ranges::any_of(each.returning, looks_elsewhere)) out.reads_relationships = true;
    }
    return {};
}

Outcome<> plan_change(Context& c, Mutation& out, const Table& table, const Collected& field) {
    Descend at(c, "args");
    std::vector<Argument> arguments = arguments_of(c, field);
    switch (field.meaning->kind) {
        case Meaning::Kind::kInsertOne:
            out.is_row = true;
            [[fallthrough]];
        case Meaning::Kind::kInsert: {
            TRY(out.change, plan_insert(c, table, arguments));
            return {};
        }
        case Meaning::Kind::kUpdateMany: {
            out.is_many = true;
            for (const Argument& each : arguments) {
                if (each.meaning == nullptr || each.meaning->kind != Meaning::Kind::kUpdates) continue;
                Descend below(c, each.definition->name);
                TRY(out.change, plan_updates(c, table, each.value));
            }
            return {};
        }
        case Meaning::Kind::kUpdateByPk:
            out.is_row = true;
            [[fallthrough]];
        case Meaning::Kind::kUpdate: {
            TRY(Update update, plan_update(c, table, *field.field, arguments));
            std::vector<Update> one;
            one.push_back(std::move(update));
            out.change = std::move(one);
            return {};
        }
        case Meaning::Kind::kDeleteByPk:
            out.is_row = true;
            [[fallthrough]];
        default: {
            TRY(out.change, plan_delete(c, table, arguments, out.is_row));
            return {};
        }
    }
}

}  // namespace

std::unexpected<Failure> not_permitted(const Context& c, std::string_view verb, const Table& table) {
    return fail(c, "no " + std::string(verb) + " permission on table \"" + table.name + "\"", "unexpected");
}

Outcome<std::unique_ptr<Mutation>> plan_mutation(Context& c, const Collected& field) {
    const Table& table = *field.meaning->table;
    auto out = std::make_unique<Mutation>(TableRef::of_written_rows(table, c.access));
    out->path = c.path.text();
    CHECK_OK(plan_change(c, *out, table, field));
    CHECK_OK(plan_answer(c, *out, table, field));
    return out;
}

}  // namespace weft::graphql::detail
