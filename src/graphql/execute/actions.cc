#include "graphql/execute/detail/actions.h"

#include "graphql/execute/detail/bind.h"
#include "graphql/execute/detail/json_cursor.h"
#include "graphql/execute/detail/objects.h"
#include "graphql/execute/detail/statement_name.h"
#include "graphql/execute/errors.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

constexpr std::string_view kNative = "native:";

Json input_of(const ActionCall& call, const Variables& variables, const Session& session) {
    JsonObject out;
    for (const auto& [name, source] : call.arguments) {
        if (source.kind == Source::Kind::kVariable) {
            if (const Json* value = part_of(source, variables)) out[name] = *value;
            continue;
        }
        auto text = value_of(source, variables, session);
        if (!text || !*text) {
            out[name] = nullptr;
            continue;
        }
        auto value = parse_json(**text);
        out[name] = value ? std::move(*value) : Json(**text);
    }
    return Json(std::move(out));
}

/// The rows of one relationship for all objects that have it, in their order.
rt::Task<Outcome<std::vector<std::string>>> look_up(
    ActionEnvironment& env, const Output& output, JsonArray joins
) {
    const Statement statement = emit_output_relationship(*output.output_relationship, *output.select);
    pg::Params params;
    const std::size_t count = joins.size();
    const std::string joined = to_text(Json(std::move(joins)));
    for (const Parameter& parameter : statement.parameters) {
        if (parameter.source.kind == Source::Kind::kRow) {
            params.add(joined);
            continue;
        }
        auto value = value_of(parameter.source, env.variables, env.context.session);
        if (!value) co_return std::unexpected(std::move(value).error());
        params.add(*value);
    }
    const std::string name = statement_name(statement.text);
    const pg::Query query{name, statement.text};
    const bool is_admin = env.context.session.is_admin();
    pg::ServerError failed;
    std::string text;
    auto keep = [&text](const pg::Rows& rows) { text = rows.empty() ? "[]" : std::string(rows.text(0, 0)); };
    Result<void> done;
    if (env.context.transaction != nullptr) {
        auto rows =
            co_await env.context.transaction->query(query, std::move(params), env.context.deadline, &failed);
        rows ? keep(*rows) : void(done = fail(std::move(rows).error()));
    } else {
        pg::Batch batch = env.prelude;
        batch.add(query, std::move(params));
        auto rows = co_await env.pool.shared(std::move(batch), env.context.deadline, &failed);
        rows ? keep(rows->back()) : void(done = fail(std::move(rows).error()));
    }
    if (!done) {
        co_return std::unexpected(
            failed.sqlstate.empty() ? to_failure(done.error(), is_admin) : to_failure(failed, "$", is_admin)
        );
    }
    std::vector<std::string> out;
    JsonCursor cursor(text);
    cursor.open('[');
    while (cursor.has_next(']', out.empty())) out.emplace_back(cursor.value());
    if (out.size() != count) co_return failure("unexpected", "rows of a relationship are missing");
    co_return out;
}

/// An asynchronous call: somebody answers it later. Gives its id as JSON.
rt::Task<Outcome<std::string>> note_call(ActionEnvironment& env, const Action& action, Json input) {
    auto id = co_await env.log.add(env.context, *action.metadata, std::move(input));
    if (!id) co_return std::unexpected(std::move(id).error());
    if (env.runner != nullptr) env.context.after_commit([runner = env.runner] { runner->wake(); });
    co_return '"' + *id + '"';
}

std::string without_rows(const Select& select) {
    return select.shape == Select::Shape::kOne    ? "null"
           : select.shape == Select::Shape::kList ? "[]"
                                                  : "null";
}

/// Puts the rows of all relationships where they belong: one statement for each relationship that was
/// selected.
rt::Task<Outcome<std::string>> fill_related(
    ActionEnvironment& env, std::string text, std::vector<RelatedSlot> slots
) {
    std::vector<std::string> rows(slots.size());
    std::vector<const Output*> outputs;
    for (const RelatedSlot& slot : slots) {
        if (std::ranges::find(outputs, slot.output) == outputs.end()) outputs.push_back(slot.output);
    }
    for (const Output* output : outputs) {
        JsonArray joins;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (slots[i].output != output) continue;
            rows[i] = without_rows(*output->select);
            if (slots[i].join.empty()) continue;
            joins.push_back(std::move(slots[i].join));
            places.push_back(i);
        }
        if (places.empty()) continue;
        auto found = co_await look_up(env, *output, std::move(joins));
        if (!found) co_return std::unexpected(std::move(found).error());
        for (std::size_t i = 0; i < places.size(); ++i) rows[places[i]] = std::move((*found)[i]);
    }
    std::string out;
    std::size_t at = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        out.append(text, at, slots[i].at - at).append(rows[i]);
        at = slots[i].at;
    }
    out.append(text, at);
    co_return out;
}

}  // namespace

const NativeAction* native_of(const EngineOptions& options, const Action& action) {
    const std::string& handler = action.metadata->handler;
    if (!handler.starts_with(kNative)) return nullptr;
    const auto found = options.actions.find(handler.substr(kNative.size()));
    return found == options.actions.end() ? nullptr : &found->second;
}

rt::Task<Outcome<Json>> call_resolver(ActionEnvironment& env, const Action& action, Json input) {
    const metadata::Action& metadata = *action.metadata;
    if (const NativeAction* native = native_of(env.options, action)) {
        co_return co_await native->resolve(env.context, std::move(input));
    }
    if (metadata.handler.starts_with(kNative)) {
        co_return failure("unexpected", "no resolver is registered for the action \"" + metadata.name + "\"");
    }
    co_return co_await call_webhook(env, metadata, std::move(input));
}

bool is_async(const Action& action) {
    return action.metadata->kind == metadata::Action::Kind::kAsynchronous;
}

rt::Task<Outcome<std::string>> run_action(ActionEnvironment& env, const ActionCall& call) {
    Json input = input_of(call, env.variables, env.context.session);
    Outcome<Json> answer;
    if (!is_async(*call.action)) {
        answer = co_await call_resolver(env, *call.action, std::move(input));
    } else if (call.type.named()->is_composite()) {  // what became of a call
        std::string id(text_or(input.get_object(), "id"));
        answer = co_await env.log.read(env.context, call.action->metadata->name, std::move(id));
    } else {
        co_return co_await note_call(env, *call.action, std::move(input));
    }
    if (!answer) co_return std::unexpected(std::move(answer).error());
    std::string text;
    std::vector<RelatedSlot> slots;
    ObjectPrinter printer(call.selection, call.objects);
    auto printed = printer.print(text, *answer, call.type, slots);
    if (!printed) co_return std::unexpected(std::move(printed).error());
    if (slots.empty()) co_return text;
    co_return co_await fill_related(env, std::move(text), std::move(slots));
}

}  // namespace weft::graphql::detail
