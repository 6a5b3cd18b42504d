#include "graphql/execute/detail/actions.h"
#include "graphql/execute/detail/answer.h"
#include "graphql/execute/detail/bind.h"
#include "graphql/execute/detail/engine.h"
#include "graphql/execute/errors.h"
#include "graphql/execute/mutation.h"

#include <algorithm>

/// Mutations with actions among their roots: step by step in a transaction that the actions share.
namespace weft::graphql {

namespace {

struct Kinds {
    bool any_joins = false;  // needs the transaction: rows, or actions that take part
    bool any_alone = false;  // commits by itself
};

Kinds kinds_of(const Plan& plan, const EngineOptions& options) {
    Kinds out;
    for (const RootField& root : plan.roots) {
        const auto* call = std::get_if<std::unique_ptr<ActionCall>>(&root.what);
        if (call == nullptr) {
            out.any_joins |= !std::holds_alternative<std::string>(root.what);
            continue;
        }
        if (detail::is_async(*(*call)->action)) continue;  // noted, in whatever transaction there is
        const NativeAction* native = detail::native_of(options, *(*call)->action);
        // A webhook's work is outside of any transaction of ours.
        if (native != nullptr) (native->joins_transaction ? out.any_joins : out.any_alone) = true;
    }
    return out;
}

rt::Task<Outcome<>> prepare_actions(
    const Plan& plan, const EngineOptions& options, const Session& session, rt::Deadline by
) {
    for (const RootField& root : plan.roots) {
        const auto* call = std::get_if<std::unique_ptr<ActionCall>>(&root.what);
        const NativeAction* native = call == nullptr ? nullptr : detail::native_of(options, *(*call)->action);
        if (native == nullptr || !native->prepare || detail::is_async(*(*call)->action)) continue;
        auto ready = co_await native->prepare(session, by);
        if (!ready) co_return std::unexpected(std::move(ready).error());
    }
    co_return Outcome<>();
}

rt::Task<Outcome<std::optional<pg::Transaction>>> begin(
    pg::Pool& pool, pg::Principal who, const pg::Batch& prelude, rt::Deadline by, bool is_admin
) {
    auto begun = co_await pool.begin(who, by);
    if (!begun) co_return std::unexpected(to_failure(begun.error(), is_admin));
    std::optional<pg::Transaction> out(std::move(*begun));
    for (const auto& statement : prelude.statements()) {
        auto done = co_await out->query(statement.query, statement.params, by);
        if (!done) co_return std::unexpected(to_failure(done.error(), is_admin));
    }
    co_return out;
}

}  // namespace

rt::Task<Outcome<std::string>> Engine::Impl::mutation_with_actions(
    Ready ready, const Session& session, rt::Deadline by
) {
    const Prepared& prepared = *ready.prepared;
    const Plan& plan = *prepared.plan;
    const bool is_admin = session.is_admin();
    const Kinds kinds = kinds_of(plan, options);
    if (kinds.any_joins && kinds.any_alone) {
        co_return failure(
            "not-supported",
            "an action that commits by itself can't share an operation with other changes; send it alone"
        );
    }
    auto prepared_actions = co_await prepare_actions(plan, options, session, by);
    if (!prepared_actions) co_return std::unexpected(std::move(prepared_actions).error());
    auto before = prelude(session);
    if (!before) co_return std::unexpected(std::move(before).error());
    std::optional<pg::Transaction> transaction;
    if (kinds.any_joins) {
        auto who = options.principal(session);
        if (!who) co_return std::unexpected(to_failure(who.error(), is_admin));
        auto begun = co_await begin(pool, *who, *before, by, is_admin);
        if (!begun) co_return std::unexpected(std::move(begun).error());
        transaction = std::move(*begun);
    }
    std::vector<std::function<void()>> after;
    ResolverContext context{
        .session = session,
        .transaction = transaction ? &*transaction : nullptr,
        .deadline = by,
        .request_query = prepared.document->source(),
        .after_commit = [&after](std::function<void()> work) { after.push_back(std::move(work)); },
    };
    detail::ActionEnvironment env{options, pool, action_log, runner.get(), *before, ready.variables, context};
    const Variables& variables = ready.variables;
    auto bind = [&variables, &session](const Statement& statement) {
        return detail::values_of(statement, variables, session);
    };
    std::vector<std::string> texts(plan.roots.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto* call = std::get_if<std::unique_ptr<ActionCall>>(&plan.roots[i].what);
        if (call == nullptr && !prepared.program->roots[i].is_sql) continue;
        if (call == nullptr && !transaction) continue;  // a constant
        auto text = call != nullptr
                        ? co_await detail::run_action(env, **call)
                        : co_await run_root(*transaction, *prepared.program, i, bind, is_admin, by);
        if (!text) co_return std::unexpected(std::move(text).error());
        texts[i] = std::move(*text);
    }
    if (transaction) {
        auto committed = co_await transaction->commit(by);
        if (!committed) co_return std::unexpected(to_failure(committed.error(), is_admin));
    }
    for (const auto& work : after) work();
    if (options.on_change) options.on_change(plan, variables, session);
    co_return co_await finish(detail::RootTexts(std::move(texts)), prepared, variables);
}

}  // namespace weft::graphql
