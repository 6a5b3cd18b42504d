#include "base/bytes.h"
#include "graphql/execute/detail/engine.h"
#include "graphql/execute/detail/remote.h"
#include "graphql/execute/detail/statement_name.h"
#include "graphql/execute/mutation.h"
#include "graphql/execute/notes.h"
#include "platform/crypto/crypto.h"

#include <algorithm>
#include <chrono>

namespace weft::graphql {

namespace {

Failure not_graphql(const SyntaxError& error, bool with_reason) {
    Failure out{.message = "not a valid graphql query", .path = "$.query"};
    out.at.push_back(error.at);
    std::string_view reason = error.message;
    constexpr std::string_view kPrefix = "Syntax Error: ";
    // A limit is no mistake in the text: it is named.
    if (reason.ends_with("Parsing aborted.") && reason.starts_with(kPrefix))
        out.message = reason.substr(kPrefix.size());
    if (with_reason) out.extensions = JsonObject{{"reason", error.message}};
    return out;
}

/// Without `__typename`, which clients add on their own: what the allow-list compares.
std::string canonical(const Document& document) {
    std::string out;
    std::string text = print(document);
    for (std::string_view rest = text; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        const auto start = line.find_first_not_of(' ');
        if (start == std::string_view::npos || line.substr(start) != "__typename")
            out.append(line).push_back('\n');
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

bool selects_introspection(const Document& document, std::span<const Selection> selections, int depth) {
    if (depth > 64) return true;
    return std::ranges::any_of(selections, [&](const Selection& selection) {
        if (selection.kind == Selection::Kind::kField) {
            return selection.name.text == "__schema" || selection.name.text == "__type";
        }
        if (selection.kind == Selection::Kind::kInlineFragment) {
            return selects_introspection(document, selection.selections, depth + 1);
        }
        const Fragment* fragment = document.fragment(selection.name.text);
        return fragment != nullptr && selects_introspection(document, fragment->selections, depth + 1);
    });
}

}  // namespace

void Engine::Impl::use(std::shared_ptr<const Model> next) {
    model = std::move(next);
    documents.clear();
    allowed.clear();
    const auto& metadata = model->metadata();
    for (const std::string& name : metadata.allow_list) {
        const auto collection = metadata.query_collections.find(name);
        if (collection == metadata.query_collections.end()) continue;
        for (const auto& query : collection->second) {
            if (auto document = parse(query.text, trusted_parse_limits()))
                allowed.insert(canonical(**document));
        }
    }
}

detail::Asker Engine::Impl::asker_of(const Session& session) const {
    const Backend backend = session.uses_backend_permissions ? Backend::kYes : Backend::kNo;
    return {.access = &model->access(session.role, backend), .limits = &limits_of(session.role)};
}

Outcome<std::string_view> Engine::Impl::text_of(const Request& request, const Session& session) {
    if (request.persisted_hash.empty()) return request.query;
    std::string key = detail::key_of(session.tenant, request.persisted_hash);
    if (const std::string* found = persisted.find(key)) return *found;
    if (request.query.empty()) {
        Failure missing{
            .message = "PersistedQueryNotFound", .code = "PERSISTED_QUERY_NOT_FOUND", .path = "$.query"
        };
        return std::unexpected(std::move(missing));
    }
    if (hex(crypto::sha256(request.query)) != request.persisted_hash) {
        return failure("validation-failed", "provided sha does not match query", "$.extensions");
    }
    const std::size_t bytes = key.size() + request.query.size();
    return persisted.add(session.tenant, std::move(key), request.query, bytes);
}

Outcome<std::shared_ptr<const Document>> Engine::Impl::parse_document(
    std::string_view text, const RoleLimits& limits, bool with_reason
) {
    auto parsed = parse(text, limits.parse);
    if (!parsed) return std::unexpected(not_graphql(parsed.error(), with_reason));
    return std::shared_ptr<const Document>(std::move(*parsed));
}

bool Engine::Impl::is_allowed(const Document& document) {
    return allowed.contains(canonical(document));
}

/// Everything about an operation that its variables have no part in.
Outcome<> Engine::Impl::refuse(
    const Document& document, const Operation& operation, const detail::Asker& asker
) {
    const RoleLimits& limits = *asker.limits;
    if (auto within = check_limits(document, operation, limits.operation); !within) return within;
    if (!limits.may_introspect && selects_introspection(document, operation.selections, 0)) {
        return failure("validation-failed", "introspection is switched off for this role");
    }
    if (limits.allow_list_only && !is_allowed(document)) {
        return failure("validation-failed", "query is not allowed");
    }
    ValidateOptions rules;
    rules.findings_max = 1;
    rules.is_lenient = options.is_lenient;
    auto findings = validate(document, asker.access->view(), rules);
    if (!findings.empty()) {
        Failure first = std::move(findings.front().hasura);
        if (first.at.empty()) first.at = findings.front().at;
        return std::unexpected(std::move(first));
    }
    return {};
}

Outcome<detail::CheckedOperation*> Engine::Impl::check(
    detail::CachedDocument& entry, const Request& request, const detail::Asker& asker
) {
    const Document& document = *entry.document;
    const ParseLimits& limits = asker.limits->parse;
    // It may have been parsed under another role's limits.
    if (document.source().size() > limits.bytes_max || document.tokens > limits.tokens_max) {
        return failure("validation-failed", "the query is too long for this role", "$.query");
    }
    auto* found = detail::Documents::find(entry, asker, request.operation_name);
    if (found == nullptr) {
        auto operation = choose_operation(document, request.operation_name);
        if (!operation) return std::unexpected(std::move(operation).error());
        detail::CheckedOperation made{
            .asker = asker,
            .operation_name = request.operation_name,
            .operation = *operation,
            .refusal = nullptr,
            .plans = {},
        };
        if (auto fine = refuse(document, **operation, asker); !fine) {
            made.refusal = std::make_unique<Failure>(std::move(fine).error());
        }
        found = &documents.add(entry, std::move(made));
    }
    if (found->refusal != nullptr) return std::unexpected(*found->refusal);
    return found;
}

Outcome<std::shared_ptr<const Prepared>> Engine::Impl::plan(
    const Session& session,
    detail::CachedDocument& entry,
    detail::CheckedOperation& operation,
    const Variables& variables
) {
    if (auto found = operation.plans.find(variables.shape); found != operation.plans.end()) {
        ++stats.plan_hits;
        return found->second;
    }
    ++stats.plan_misses;
    PlanRequest wanted{
        .document = *entry.document,
        .operation = *operation.operation,
        .variables = variables,
        .access = *operation.asker.access,
        .limits = operation.asker.limits->plan,
    };
    auto planned = plan_operation(model, wanted);
    if (!planned) return std::unexpected(std::move(planned).error());
    auto prepared = std::make_shared<Prepared>();
    prepared->document = entry.document;
    prepared->operation = operation.operation;
    prepared->plan = std::move(*planned);
    bool has_sql = false;
    for (const RootField& root : prepared->plan->roots) {
        has_sql |= std::holds_alternative<std::unique_ptr<Select>>(root.what);
        prepared->has_actions |= std::holds_alternative<std::unique_ptr<ActionCall>>(root.what);
    }
    if (prepared->plan->kind == OperationKind::kMutation) {
        prepared->program = std::make_shared<const MutationProgram>(make_program(*prepared->plan));
    } else if (has_sql) {
        prepared->statement = emit_query(*prepared->plan);
        prepared->name = statement_name(prepared->statement.text);
    }
    prepared->has_remotes = has_remote_fields(*prepared->plan);
    prepared->may_have_notes = may_have_notes(*prepared->plan);
    documents.add_plan(session.tenant, entry, operation, variables.shape, prepared);
    return std::shared_ptr<const Prepared>(std::move(prepared));
}

Outcome<Engine::Ready> Engine::Impl::prepare(const Request& request, const Session& session) {
    if (model == nullptr) return failure("start-failed", "the schema is not loaded yet; try again");
    if (session.role.empty()) return failure("access-denied", "the request has no role");
    const detail::Asker asker = asker_of(session);
    const RoleLimits& limits = *asker.limits;
    auto text = text_of(request, session);
    if (!text) return std::unexpected(std::move(text).error());
    detail::CachedDocument* entry = documents.find(session.tenant, *text);
    if (entry == nullptr) {
        ++stats.document_misses;
        auto document = parse_document(*text, limits, request.wants_locations);
        if (!document) return std::unexpected(std::move(document).error());
        entry = &documents.add(session.tenant, std::move(*document));
    } else {
        ++stats.document_hits;
    }
    auto operation = check(*entry, request, asker);
    if (!operation) return std::unexpected(std::move(operation).error());
    auto variables = coerce_variables(
        asker.access->view(),
        *(*operation)->operation,
        request.variables,
        limits.operation.list_values_max,
        entry->document.get()
    );
    if (!variables) return std::unexpected(std::move(variables).error());
    auto prepared = plan(session, *entry, **operation, *variables);
    if (!prepared) return std::unexpected(std::move(prepared).error());
    auto cost = check_request(*(*prepared)->plan, *variables, limits.plan);
    if (!cost) return std::unexpected(std::move(cost).error());
    if (!limits.cost.is_off() && !session.is_trusted) {
        const std::string key = session.rate_key + '\n' + session.role;
        if (!costs.take(key, limits.cost, std::max(1.0, *cost), clock.steady()).is_allowed) {
            return failure(
                "rate-limit-exceeded", "You have spent your budget of rows for now; wait a few seconds"
            );
        }
    }
    return Ready{std::move(*prepared), std::move(*variables), request.room, request.takes_parts};
}

}  // namespace weft::graphql
