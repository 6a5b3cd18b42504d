#pragma once

#include "graphql/execute/detail/action_log.h"
#include "graphql/execute/detail/answer.h"
#include "graphql/execute/detail/documents.h"
#include "graphql/execute/execute.h"
#include "platform/rt/clock.h"

#include <memory>
#include <set>
#include <string>

namespace weft::graphql {

/// What the engine keeps; its work is in engine.cc (running) and prepare.cc (text to plan).
struct Engine::Impl {
    Impl(rt::Loop& on, pg::Pool& of, EngineOptions given);

    // ---- prepare.cc
    void use(std::shared_ptr<const Model> next);
    Outcome<Ready> prepare(const Request& request, const Session& session);
    Outcome<std::shared_ptr<const Document>> parse_document(
        std::string_view text, const RoleLimits& limits, bool with_reason
    );
    Outcome<std::string_view> text_of(const Request& request, const Session& session);
    Outcome<detail::CheckedOperation*> check(
        detail::CachedDocument& entry, const Request& request, const detail::Asker& asker
    );
    Outcome<> refuse(const Document& document, const Operation& operation, const detail::Asker& asker);
    Outcome<std::shared_ptr<const Prepared>> plan(
        const Session& session,
        detail::CachedDocument& entry,
        detail::CheckedOperation& operation,
        const Variables& variables
    );
    bool is_allowed(const Document& document);

    // ---- engine.cc
    rt::Task<Outcome<Answer>> query(const Ready& ready, const Session& session, rt::Deadline by);
    /// Has resolvers fill what is theirs, now or as the answer is sent.
    rt::Task<Outcome<Answer>> fill(
        std::string body,
        std::vector<std::size_t> begins,
        const Ready& ready,
        const Session& session,
        rt::Deadline by
    );
    rt::Task<Outcome<std::string>> mutation(Ready ready, const Session& session, rt::Deadline by);
    rt::Task<Outcome<std::string>> mutation_with_actions(
        Ready ready, const Session& session, rt::Deadline by
    );
    rt::Task<Outcome<>> read_roots(
        detail::RootTexts& texts, const Ready& ready, const Session& session, rt::Deadline by
    );
    rt::Task<Outcome<>> call_actions(
        std::vector<std::string>& texts, const Ready& ready, const Session& session, rt::Deadline by
    );
    /// The whole answer, once every root has its text: constants are filled in, notes are added. `begins` as
    /// of data_body.
    rt::Task<Outcome<std::string>> finish(
        detail::RootTexts texts,
        const Prepared& prepared,
        const Variables& variables,
        std::vector<std::size_t>* begins = nullptr
    );
    rt::Task<Outcome<Json>> perform(detail::ActionLog::Call call, rt::Deadline by);
    /// Principal and settings: what precedes the statements of every transaction.
    Outcome<pg::Batch> prelude(const Session& session) const;
    const RoleLimits& limits_of(std::string_view role) const;
    /// As whom a request is checked, planned and run: the one place where that is decided.
    detail::Asker asker_of(const Session& session) const;

    rt::Loop& loop;
    pg::Pool& pool;
    EngineOptions options;
    std::shared_ptr<const Model> model;
    detail::Documents documents;
    FairLru<std::string> persisted;  // texts, by tenant and hash
    SystemRng rng;
    rate::Limiter costs{rng};
    rt::Budget answers;
    std::set<std::string, std::less<>> allowed;  // documents of the allow-list, printed without __typename
    const std::string timeout_sql;               // of a role with its own statement timeout
    std::string settings_sql;                    // one statement for all session settings; empty: none
    rt::SystemClock clock;
    Stats stats;
    detail::ActionLog action_log;
    std::unique_ptr<detail::ActionRunner> runner;  // null: calls are noted, somebody else answers them
};

}  // namespace weft::graphql
