#include "graphql/sql/detail/mutation.h"

#include "graphql/sql/detail/condition.h"
#include "graphql/sql/detail/output.h"

namespace weft::graphql {

namespace detail {

namespace {

void write_assignment(Writer& out, const Assignment& assignment) {
    out.identifier(assignment.column->pg_name()) << " = ";
    auto column = [&]() -> Writer& { return out.column(kWritten, *assignment.column); };
    auto value = [&]() -> Writer& { return out.operand(assignment.value, kWritten, kWritten); };
    switch (assignment.kind) {
        case Assignment::Kind::kSet:
            value();
            break;
        case Assignment::Kind::kPrepend:
            value() << " || ";
            column();
            break;
        case Assignment::Kind::kAppend:
            column() << " || ";
            value();
            break;
        case Assignment::Kind::kInc:
            column() << " + ";
            value();
            break;
        case Assignment::Kind::kDeleteKey:
        case Assignment::Kind::kDeleteElem:
            column() << " - ";
            value();
            break;
        case Assignment::Kind::kDeleteAtPath:
            column() << " #- ";
            value();
            break;
    }
}

/// The row permission and the request's condition.
void write_where(Writer& out, const TableRef& table, const BoolExp& condition) {
    Where where(out);
    where.permission(table, kWritten);
    where.of_written(condition, table, kWritten);
}

/// Nothing to set or to insert: the answer is known.
MutationStep unchanged(const Mutation& mutation) {
    JsonObject response;
    for (const MutationOutput& output : mutation.outputs) {
        switch (output.kind) {
            case MutationOutput::Kind::kTypename:
                response[output.key] = output.text;
                break;
            case MutationOutput::Kind::kAffectedRows:
                response[output.key] = 0;
                break;
            case MutationOutput::Kind::kReturning:
                response[output.key] = JsonArray();
                break;
        }
    }
    Writer out;
    out << "SELECT ";
    Source source{.is_null = mutation.is_row, .text = mutation.is_row ? "" : to_text(response)};
    out.parameter(source, "text");
    return {.statement = std::move(out).finish(), .path = "$", .answers = true};
}

void add_update(MutationScript& script, const Mutation& mutation, const Update& update) {
    if (update.is_empty) {
        script.steps.push_back(unchanged(mutation));
        return;
    }
    const Table& table = update.table.table();
    Writer out;
    out << "WITH _m AS (UPDATE " << table.sql << " AS " << kWritten << " SET ";
    Separator comma(", ");
    for (const Assignment& assignment : update.assignments) {
        out << comma.next();
        write_assignment(out, assignment);
    }
    write_where(out, update.table, update.where);
    Check check{.insert = update.right == nullptr ? nullptr : &update.right->check};
    add_write(script, mutation, table, std::move(out), check, "$");
}

void add_delete(MutationScript& script, const Mutation& mutation, const Delete& remove) {
    const Table& table = remove.table.table();
    Writer out;
    out << "WITH _m AS (DELETE FROM " << table.sql << " AS " << kWritten;
    write_where(out, remove.table, remove.where);
    add_write(script, mutation, table, std::move(out), {}, "$");
}

}  // namespace

void add_write(
    MutationScript& script,
    const Mutation& mutation,
    const Table& table,
    Writer body,
    const Check& check,
    const std::string& path
) {
    bool checks_later = check.reads_rows();
    if (!checks_later && !answers_later(mutation)) {
        answer_at_once(body, mutation, check);
        script.steps.push_back({.statement = std::move(body).finish(), .path = path, .answers = true});
        return;
    }
    leave_for_later(body, table, check, {.is_first = true, .rows = true, .for_check = checks_later});
    script.steps.push_back({.statement = std::move(body).finish(), .path = path});
    if (checks_later) script.steps.push_back({.statement = checking(table, check), .path = path});
    script.steps.push_back({.statement = answering_later(mutation, table), .path = path, .answers = true});
}

}  // namespace detail

MutationScript emit_mutation(const Mutation& mutation) {
    MutationScript script{.is_list = mutation.is_many};
    if (const auto* insert = std::get_if<Insert>(&mutation.change)) {
        if (insert->rows.empty()) {
            script.steps.push_back(detail::unchanged(mutation));
        } else {
            detail::add_insert(script, mutation, *insert);
        }
    } else if (const auto* updates = std::get_if<std::vector<Update>>(&mutation.change)) {
        for (const Update& update : *updates) detail::add_update(script, mutation, update);
    } else {
        detail::add_delete(script, mutation, std::get<Delete>(mutation.change));
    }
    return script;
}

}  // namespace weft::graphql
