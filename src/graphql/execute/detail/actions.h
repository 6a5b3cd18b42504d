#pragma once

#include "graphql/execute/detail/action_log.h"
#include "graphql/execute/execute.h"

#include <string>

namespace weft::graphql::detail {

/// What calling an action takes besides the call itself.
struct ActionEnvironment {
    const EngineOptions& options;
    pg::Pool& pool;
    ActionLog& log;
    ActionRunner* runner;  // may be null
    /// What precedes every statement of the session.
    const pg::Batch& prelude;
    const Variables& variables;
    ResolverContext& context;
};

/// Calls one action, native or by webhook, and prints what is selected of its output, relationships included.
/// The arguments were checked with the operation; the output is checked here.
rt::Task<Outcome<std::string>> run_action(ActionEnvironment& env, const ActionCall& call);

/// The handler's answer to `input`, not looked at yet.
rt::Task<Outcome<Json>> call_resolver(ActionEnvironment& env, const Action& action, Json input);

/// Is it answered later?
bool is_async(const Action& action);

/// The registered resolver of an action with a "native:" handler, or null.
const NativeAction* native_of(const EngineOptions& options, const Action& action);

/// Calls a webhook (section 1.9): POST of {action, input, session_variables, request_query}; its JSON answer,
/// or a Failure with the code and message it gave.
rt::Task<Outcome<Json>> call_webhook(ActionEnvironment& env, const metadata::Action& action, Json input);

}  // namespace weft::graphql::detail
