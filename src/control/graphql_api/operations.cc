#include "control/graphql_api/detail/operations.h"

#include <algorithm>
#include <set>

namespace weft::control::shown {

namespace {

using Entry = weft::control::Table::Entry;

constexpr std::string_view kIdempotencyArgument = "idempotency_key";
constexpr std::string_view kReadResult = "operation_result";

bool is_action(const Operation& operation) {
    return operation.handler && !operation.access.is_public();
}

bool is_mutation(const Operation& operation) {
    return operation.mode != Mode::kRead;
}

/// "workflows.start" -> "workflows_start": GraphQL names have no dots.
std::string action_name(const Operation& operation) {
    std::string name(operation.name);
    std::ranges::replace(name, '.', '_');
    return name;
}

/// "run" -> "run_result": one output type per kind of object, with a relationship to its row.
std::string result_type(const Operation& operation) {
    if (table_of_object(operation.audit_object).empty()) return std::string(kReadResult);
    return std::string(operation.audit_object) + "_result";
}

std::string_view type_of_definition(std::string_view ref) {
    if (ref == "#/definitions/id") return "uuid";
    if (ref == "#/definitions/limit") return "Int";
    return ref.ends_with("definition") || ref.ends_with("manifest") ? "jsonb" : "String";
}

std::string_view type_of(const JsonObject& schema) {
    if (const auto ref = text_or(schema, "$ref"); !ref.empty()) return type_of_definition(ref);
    const auto type = text_or(schema, "type");
    if (type == "integer") return "Int";
    if (type == "boolean") return "Boolean";
    const Json* choice = schema.if_contains("enum");
    const bool is_text_choice =
        choice != nullptr && choice->is_array() &&
        std::ranges::all_of(choice->get_array(), [](const Json& v) { return v.is_string(); });
    return type == "string" || is_text_choice ? "String" : "jsonb";
}

bool is_required(const Entry& entry, std::string_view name) {
    const JsonArray& required = entry.input_schema.at("required").get_array();
    return std::ranges::any_of(required, [&](const Json& item) {
        return std::string_view(item.get_string()) == name;
    });
}

JsonArray arguments(const Entry& entry) {
    JsonArray out;
    for (const auto& [name, schema] : entry.input_schema.at("properties").get_object()) {
        std::string type(type_of(schema.get_object()));
        if (is_required(entry, name)) type += '!';
        out.push_back(JsonObject{{"name", name}, {"type", type}});
    }
    if (entry.operation.replay == Replay::kYes) {
        out.push_back(JsonObject{{"name", kIdempotencyArgument}, {"type", "String"}});
    }
    return out;
}

JsonObject action_json(const Entry& entry, std::span<const Role> roles) {
    const Operation& operation = entry.operation;
    JsonArray permissions;
    for (const Role& role : roles) {
        const auto needed = operation.access.permission();
        if (!needed || role.permissions.has(*needed)) permissions.push_back(JsonObject{{"role", role.name}});
    }
    JsonObject definition{
        {"kind", "synchronous"},
        {"type", is_mutation(operation) ? "mutation" : "query"},
        {"handler", "native:" + std::string(operation.name)},
        {"arguments", arguments(entry)},
        {"output_type", result_type(operation) + "!"},
    };
    return JsonObject{
        {"name", action_name(operation)},
        {"definition", std::move(definition)},
        {"permissions", std::move(permissions)},
        {"comment", operation.summary},
    };
}

JsonObject field(std::string_view name, std::string_view type, std::string_view description) {
    return JsonObject{{"name", name}, {"type", type}, {"description", description}};
}

JsonObject result_json(std::string_view object) {
    JsonObject out{{"name", std::string(object) + "_result"}};
    out["fields"] = JsonArray{
        field("id", "uuid", "Which object this was about; absent when it made none"),
        field("result", "jsonb", "The answer as REST gives it"),
    };
    out["relationships"] = JsonArray{JsonObject{
        {"name", object},
        {"type", "object"},
        {"remote_table", JsonObject{{"schema", "weft"}, {"name", table_of_object(object)}}},
        {"field_mapping", JsonObject{{"id", "id"}}},
    }};
    return out;
}

graphql::Failure to_failure(const Error& error, const JsonObject& problem) {
    graphql::Failure failure{
        .message = error.user.empty() ? "internal error" : error.user, .code = std::string(name(error.code))
    };
    JsonObject more(problem);
    if (!error.field.empty()) more["field"] = error.field;
    if (error.retry == Retry::kBackoff) more["retry"] = true;
    if (!more.empty()) failure.extensions = std::move(more);
    return failure;
}

/// The operation's input: an absent optional argument and a null one are the same, unless any JSON is
/// welcome.
Json input_of(const Entry& entry, Json arguments) {
    JsonObject out;
    const JsonObject& properties = entry.input_schema.at("properties").get_object();
    for (auto& [name, value] : arguments.get_object()) {
        const Json* schema = properties.if_contains(name);
        if (schema == nullptr) continue;
        if (value.is_null() && type_of(schema->get_object()) != "jsonb") continue;
        out[name] = std::move(value);
    }
    return Json(std::move(out));
}

Json result_of(const Operation& operation, const Context& context, const Executor::Answer& answer) {
    auto body = answer.body.empty() ? Result<Json>(Json(nullptr)) : parse_json(answer.body);
    Json result = body ? std::move(*body) : Json(nullptr);
    if (result_type(operation) == kReadResult) return JsonObject{{"result", std::move(result)}};
    Json id = context.object ? Json(context.object->text()) : Json(nullptr);
    // A replayed answer did nothing now, so only its text knows what it was about.
    if (id.is_null() && result.is_object()) {
        for (const std::string_view member : {"id", "run_id"}) {
            const Json* found = result.get_object().if_contains(member);
            if (found != nullptr && id.is_null()) id = *found;
        }
    }
    return JsonObject{{"id", std::move(id)}, {"result", std::move(result)}};
}

class Resolver {
  public:
    Resolver(Environment& env, const Entry& entry, Executor& executor, Changed changed)
        : env_(env), entry_(entry), executor_(executor), changed_(std::move(changed)) {}

    rt::Task<graphql::Outcome<Json>> resolve(graphql::ResolverContext& call, Json arguments) {
        Context context = context_of(call.session, call.deadline);
        if (const auto key = maybe_text_in(arguments, kIdempotencyArgument)) context.idempotency_key = *key;
        Json input = input_of(entry_, std::move(arguments));
        auto answer =
            entry_.operation.mode == Mode::kWrite && call.transaction != nullptr
                ? co_await executor_.run_within(entry_, context, std::move(input), *call.transaction)
                : co_await executor_.run(entry_, context, std::move(input));
        if (!answer) co_return std::unexpected(to_failure(answer.error(), context.problem));
        if (is_mutation(entry_.operation) && !answer->is_replay) announce(call, context);
        co_return result_of(entry_.operation, context, *answer);
    }

    rt::Task<graphql::Outcome<>> prepare(const graphql::Session& session, rt::Deadline by) {
        const auto caller = std::static_pointer_cast<const Caller>(session.host);
        const TenantId tenant = caller->principal.identity.tenant_id;
        if (entry_.operation.key) {
            auto key = co_await env_.keys.current(tenant, *entry_.operation.key, by);
            if (!key) co_return std::unexpected(to_failure(key.error(), {}));
        }
        if (entry_.operation.replay == Replay::kYes && entry_.operation.mode == Mode::kWrite) {
            auto key = co_await env_.keys.current(tenant, store::vault::KeyClass::kData, by);
            if (!key) co_return std::unexpected(to_failure(key.error(), {}));
        }
        co_return graphql::Outcome<>();
    }

  private:
    Context context_of(const graphql::Session& session, rt::Deadline by) const {
        const auto caller = std::static_pointer_cast<const Caller>(session.host);
        Context context;
        context.env = &env_;
        context.principal = caller->principal;
        context.request_id = caller->request_id;
        context.ip = caller->ip;
        context.deadline = std::move(by);
        return context;
    }

    void announce(graphql::ResolverContext& call, Context& context) {
        const bool is_joined = entry_.operation.mode == Mode::kWrite && call.transaction != nullptr;
        auto tell = [&env = env_,
                     changed = changed_,
                     notes = is_joined ? std::move(context.notify_after_commit)
                                       : decltype(context.notify_after_commit)(),
                     table = table_of_object(entry_.operation.audit_object),
                     tenant = context.tenant(),
                     object = context.object] {
            for (const auto& notice : notes) env.notify(notice);
            if (!table.empty()) changed(table, tenant, object);
        };
        call.after_commit(std::move(tell));
    }

    Environment& env_;
    const Entry& entry_;
    Executor& executor_;
    Changed changed_;
};

}  // namespace

JsonArray actions(const weft::control::Table& operations, std::span<const Role> roles) {
    JsonArray out;
    for (const auto& entry : operations.entries()) {
        if (is_action(entry->operation)) out.push_back(action_json(*entry, roles));
    }
    return out;
}

JsonObject custom_types(const weft::control::Table& operations) {
    JsonArray objects{JsonObject{
        {"name", kReadResult},
        {"fields", JsonArray{field("result", "jsonb", "The answer as REST gives it")}},
    }};
    std::set<std::string_view> seen;
    for (const auto& entry : operations.entries()) {
        const Operation& operation = entry->operation;
        if (!is_action(operation) || table_of_object(operation.audit_object).empty()) continue;
        if (seen.insert(operation.audit_object).second)
            objects.push_back(result_json(operation.audit_object));
    }
    return JsonObject{{"objects", std::move(objects)}};
}

std::map<std::string, graphql::NativeAction> resolvers(
    Environment& env, const weft::control::Table& operations, Executor& executor, Changed changed
) {
    std::map<std::string, graphql::NativeAction> out;
    for (const auto& entry : operations.entries()) {
        if (!is_action(entry->operation)) continue;
        auto resolver = std::make_shared<Resolver>(env, *entry, executor, changed);
        graphql::NativeAction action;
        action.resolve = [resolver](graphql::ResolverContext& call, Json input) {
            return resolver->resolve(call, std::move(input));
        };
        action.prepare = [resolver](const graphql::Session& session, rt::Deadline by) {
            return resolver->prepare(session, std::move(by));
        };
        action.joins_transaction = entry->operation.mode == Mode::kWrite;
        out.emplace(entry->operation.name, std::move(action));
    }
    return out;
}

}  // namespace weft::control::shown
