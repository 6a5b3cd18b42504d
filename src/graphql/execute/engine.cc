#include "graphql/execute/detail/engine.h"

#include "graphql/execute/detail/actions.h"
#include "graphql/execute/detail/answer.h"
#include "graphql/execute/detail/bind.h"
#include "graphql/execute/detail/remote.h"
#include "graphql/execute/errors.h"
#include "graphql/execute/mutation.h"
#include "graphql/execute/notes.h"

#include <algorithm>

namespace weft::graphql {

namespace {

/// Beyond the server's own statement timeout: it should be the one to end a slow statement.
constexpr auto kAnswerGrace = std::chrono::seconds(2);
constexpr std::size_t kPersistedBytesMax = 64u << 20;
/// Answers below this are read without asking for room: there may be thousands of them at a time.
constexpr std::size_t kLargeAnswerBytes = 1u << 20;

/// `select set_config($1, $2, true), ...` for settings and the statement timeout: one statement, one round
/// trip.
std::string set_config_sql(std::size_t settings) {
    std::string out;
    for (std::size_t i = 0; i < settings; ++i) {
        out += i == 0 ? "select " : ", ";
        const std::string name = std::to_string(2 * i + 1);
        const std::string value = std::to_string(2 * i + 2);
        out += "pg_catalog.set_config($" + name + ", $" + value + ", true)";
    }
    return out;
}

pg::Params params_of(const std::vector<std::optional<std::string>>& values) {
    pg::Params out;
    for (const auto& value : values) out.add(value);
    return out;
}

std::size_t bytes_of(const std::vector<std::string_view>& texts) {
    std::size_t bytes = 0;
    for (const std::string_view text : texts) bytes += text.size();
    return bytes;
}

bool reads_rows(const RootField& root) {
    return std::holds_alternative<std::unique_ptr<Select>>(root.what);
}

const ActionCall* action_of(const RootField& root) {
    const auto* call = std::get_if<std::unique_ptr<ActionCall>>(&root.what);
    return call == nullptr ? nullptr : call->get();
}

}  // namespace

RoleLimits EngineOptions::admin_role_limits() {
    RoleLimits out;
    out.parse.bytes_max = 1u << 20;
    out.parse.tokens_max = 15'000;
    out.operation.depth_max = 30;
    out.operation.fields_max = 5'000;
    out.operation.list_values_max = 10'000;
    out.plan.bool_nodes_max = 2'000;
    out.plan.cost_max = 1'000'000'000;
    return out;
}

Engine::Impl::Impl(rt::Loop& on, pg::Pool& of, EngineOptions given)
    : loop(on),
      pool(of),
      options(std::move(given)),
      documents(options.documents_max),
      persisted(options.persisted_max, kPersistedBytesMax),
      answers(on, static_cast<std::int64_t>(options.answers_bytes_max)),
      timeout_sql(set_config_sql(1)),
      settings_sql(set_config_sql(options.session_settings.size())),
      action_log(of) {
    if (!options.principal) {
        options.principal = [](const Session&) -> Result<pg::Principal> { return pg::Principal::login(); };
    }
}

const RoleLimits& Engine::Impl::limits_of(std::string_view role) const {
    if (role == "admin") return options.admin_limits;
    const auto found = options.role_limits.find(std::string(role));
    return found == options.role_limits.end() ? options.limits : found->second;
}

Outcome<pg::Batch> Engine::Impl::prelude(const Session& session) const {
    auto who = options.principal(session);
    if (!who) return std::unexpected(to_failure(who.error(), session.is_admin()));
    pg::Batch batch;
    batch.as(*who);
    if (!options.session_settings.empty()) {
        pg::Params params;
        for (const auto& [name, variable] : options.session_settings) {
            const auto found = session.variables.find(variable);
            params.add(name).add(found == session.variables.end() ? std::string_view() : found->second);
        }
        batch.add({"graphql.settings", settings_sql}, std::move(params));
    }
    const auto timeout = limits_of(session.role).statement_timeout;
    if (timeout != options.limits.statement_timeout) {
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
        pg::Params params;
        params.add("statement_timeout").add(std::to_string(milliseconds));
        batch.add({"graphql.timeout", timeout_sql}, std::move(params));
    }
    return batch;
}

rt::Task<Outcome<>> Engine::Impl::read_roots(
    detail::RootTexts& texts, const Ready& ready, const Session& session, rt::Deadline by
) {
    const Prepared& prepared = *ready.prepared;
    if (prepared.statement.text.empty()) co_return Outcome<>();
    auto values = detail::values_of(prepared.statement, ready.variables, session);
    if (!values) co_return std::unexpected(std::move(values).error());
    auto batch = prelude(session);
    if (!batch) co_return std::unexpected(std::move(batch).error());
    batch->add({prepared.name, prepared.statement.text}, params_of(*values));
    pg::ServerError failed;
    auto rows = co_await pool.shared(std::move(*batch), by, &failed);
    if (!rows) {
        const bool is_admin = session.is_admin();
        co_return std::unexpected(
            failed.sqlstate.empty() ? to_failure(rows.error(), is_admin) : to_failure(failed, "$", is_admin)
        );
    }
    texts.rows = std::move(rows->back());
    int column = 0;
    for (std::size_t i = 0; i < texts.own.size(); ++i) {
        if (!reads_rows(prepared.plan->roots[i])) continue;
        if (texts.rows->is_null(0, column)) {
            texts.own[i] = "null";
        } else {
            texts.columns[i] = column;
        }
        ++column;
    }
    const std::size_t bytes = bytes_of(texts.views());
    // What resolvers fill has its room already.
    if (bytes > kLargeAnswerBytes) CO_CHECK_OK(co_await ready.room->open(by));
    co_return ready.room->add(bytes);
}

rt::Task<Outcome<>> Engine::Impl::call_actions(
    std::vector<std::string>& texts, const Ready& ready, const Session& session, rt::Deadline by
) {
    const Prepared& prepared = *ready.prepared;
    auto before = prelude(session);
    if (!before) co_return std::unexpected(std::move(before).error());
    std::vector<std::function<void()>> after;
    ResolverContext context{
        .session = session,
        .transaction = nullptr,
        .deadline = by,
        .request_query = prepared.document->source(),
        .after_commit = [&after](std::function<void()> work) { after.push_back(std::move(work)); },
    };
    detail::ActionEnvironment env{options, pool, action_log, runner.get(), *before, ready.variables, context};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const RootField& root = prepared.plan->roots[i];
        if (const ActionCall* call = action_of(root)) {
            auto text = co_await detail::run_action(env, *call);
            if (!text) co_return std::unexpected(std::move(text).error());
            texts[i] = std::move(*text);
            // What has changed something is told, whatever its size.
            if (prepared.plan->kind != OperationKind::kQuery) continue;
            if (texts[i].size() > kLargeAnswerBytes) CO_CHECK_OK(co_await ready.room->open(by));
            CO_CHECK_OK(ready.room->add(texts[i].size()));
        }
    }
    for (const auto& work : after) work();
    co_return Outcome<>();
}

/// One call of an asynchronous action, on its own: nobody waits for it, no transaction is open.
rt::Task<Outcome<Json>> Engine::Impl::perform(detail::ActionLog::Call call, rt::Deadline by) {
    const auto current = model;
    const Action* action = current == nullptr ? nullptr : current->action(call.name);
    if (action == nullptr) {
        co_return failure("not-found", "there is no action \"" + call.name + "\" any more");
    }
    // It was allowed when it was noted; permissions may have changed since.
    const View& view = current->access(call.session.role).view();
    const Type* root = view.root(OperationKind::kMutation);
    if (root == nullptr || view.field(*root, call.name) == nullptr) {
        co_return failure("access-denied", "the role may not call the action \"" + call.name + "\" any more");
    }
    const NativeAction* native = detail::native_of(options, *action);
    if (native != nullptr && native->prepare) {
        auto ready = co_await native->prepare(call.session, by);
        if (!ready) co_return std::unexpected(std::move(ready).error());
    }
    std::vector<std::function<void()>> after;
    ResolverContext context{
        .session = call.session,
        .transaction = nullptr,
        .deadline = by.at_most(action->metadata->timeout),
        .request_query = call.request_query,
        .after_commit = [&after](std::function<void()> work) { after.push_back(std::move(work)); },
    };
    const pg::Batch nothing;
    const Variables variables;
    detail::ActionEnvironment env{options, pool, action_log, runner.get(), nothing, variables, context};
    auto answer = co_await detail::call_resolver(env, *action, std::move(call.input));
    for (const auto& work : after) work();
    co_return answer;
}

rt::Task<Outcome<std::string>> Engine::Impl::finish(
    detail::RootTexts texts,
    const Prepared& prepared,
    const Variables& variables,
    std::vector<std::size_t>* begins
) {
    auto filled = detail::fill_constants(texts.own, prepared, variables, prepared.plan->access->view());
    if (!filled) co_return std::unexpected(std::move(filled).error());
    const std::vector<std::string_view> views = texts.views();
    std::string notes;
    if (prepared.may_have_notes) {
        auto look = [&] { return notes_of(*prepared.plan, views, variables); };
        notes = co_await rt::offload(bytes_of(views), look);
        if (!notes.empty()) ++stats.notes;
    }
    co_return detail::data_body(*prepared.plan, views, notes, begins);
}

rt::Task<Outcome<Answer>> Engine::Impl::query(const Ready& ready, const Session& session, rt::Deadline by) {
    const Prepared& prepared = *ready.prepared;
    if (prepared.has_remotes) CO_CHECK_OK(co_await ready.room->open(by));
    detail::RootTexts texts(prepared.plan->roots.size());
    auto read = co_await read_roots(texts, ready, session, by);
    if (!read) co_return std::unexpected(std::move(read).error());
    if (prepared.has_actions) {
        auto called = co_await call_actions(texts.own, ready, session, by);
        if (!called) co_return std::unexpected(std::move(called).error());
    }
    std::vector<std::size_t> begins;
    auto body = co_await finish(std::move(texts), prepared, ready.variables, &begins);
    if (!body) co_return std::unexpected(std::move(body).error());
    if (!prepared.has_remotes) co_return Answer{.body = std::move(*body)};
    co_return co_await fill(std::move(*body), std::move(begins), ready, session, by);
}

rt::Task<Outcome<Answer>> Engine::Impl::fill(
    std::string body,
    std::vector<std::size_t> begins,
    const Ready& ready,
    const Session& session,
    rt::Deadline by
) {
    ResolverContext context{
        .session = session,
        .transaction = nullptr,
        .deadline = by,
        .request_query = ready.prepared->document->source(),
    };
    auto filling = std::make_shared<detail::RemoteFill>(std::move(body), ready.prepared);
    CO_CHECK_OK(co_await filling->find(begins, {options, ready.variables, context, *ready.room}));
    const RemoteValues::Sizes sizes = filling->sizes();
    const bool in_parts = ready.takes_parts && sizes.values > kLargeAnswerBytes;
    const std::size_t most = in_parts ? limits_of(session.role).values_bytes_max : ready.room->left();
    if (sizes.values > most) {
        std::string why = "the values asked for have " + std::to_string(sizes.values) +
                          " bytes, and there is room for " + std::to_string(most) +
                          ": ask for fewer at a time with `limit`";
        if (!ready.takes_parts) why += ", or in a request of its own over HTTP";
        co_return failure("limit", std::move(why));
    }
    if (in_parts) {
        // One at a time, as it is stored and as text.
        CO_CHECK_OK(ready.room->add(std::min(2 * sizes.largest, ready.room->left())));
        co_return Answer{.parts = std::move(filling)};
    }
    CO_CHECK_OK(ready.room->add(sizes.values));
    auto whole = co_await filling->whole(by);
    if (!whole) co_return std::unexpected(std::move(whole).error());
    co_return Answer{.body = std::move(*whole)};
}

rt::Task<Outcome<std::string>> Engine::Impl::mutation(Ready ready, const Session& session, rt::Deadline by) {
    const Prepared& prepared = *ready.prepared;
    if (prepared.has_actions) co_return co_await mutation_with_actions(std::move(ready), session, by);
    auto before = prelude(session);
    if (!before) co_return std::unexpected(std::move(before).error());
    const Variables& variables = ready.variables;
    auto bind = [&variables, &session](const Statement& statement) {
        return detail::values_of(statement, variables, session);
    };
    auto texts = co_await run_mutation(
        pool, std::move(*before), *prepared.program, std::move(bind), session.is_admin(), by
    );
    if (!texts) co_return std::unexpected(std::move(texts).error());
    if (options.on_change) options.on_change(*prepared.plan, variables, session);
    co_return co_await finish(detail::RootTexts(std::move(*texts)), prepared, variables);
}

Engine::Engine(rt::Loop& loop, pg::Pool& pool, EngineOptions options)
    : impl_(std::make_unique<Impl>(loop, pool, std::move(options))) {}
Engine::~Engine() = default;

void Engine::use(std::shared_ptr<const Model> model) {
    impl_->use(std::move(model));
}

std::shared_ptr<const Model> Engine::model() const {
    return impl_->model;
}

rt::Task<Answer> Engine::execute(Request request, Session session, rt::Deadline by) {
    auto ready = prepare(request, session);
    if (ready && ready->prepared->plan->kind == OperationKind::kSubscription) {
        ready = failure(
            "unexpected-payload", "subscriptions are not supported over HTTP, use websockets instead"
        );
    }
    if (!ready) {
        const std::string_view document = request.wants_locations ? std::string_view(request.query) : "";
        co_return Answer{.body = error_body(ready.error(), session, document), .is_request_error = true};
    }
    co_return co_await run(std::move(*ready), std::move(session), std::move(by));
}

Outcome<Engine::Ready> Engine::prepare(const Request& request, const Session& session) {
    return impl_->prepare(request, session);
}

Outcome<std::vector<std::optional<std::string>>> Engine::bind(
    const Statement& statement, const Variables& variables, const Session& session
) const {
    return detail::values_of(statement, variables, session);
}

Outcome<pg::Batch> Engine::prelude(const Session& session) const {
    return impl_->prelude(session);
}

rt::Task<Answer> Engine::run(Ready ready, Session session, rt::Deadline by) {
    const bool is_mutation = ready.prepared->plan->kind == OperationKind::kMutation;
    const auto within = by.at_most(impl_->limits_of(session.role).statement_timeout + kAnswerGrace);
    if (is_mutation) {
        auto body = co_await impl_->mutation(std::move(ready), session, by);
        co_return Answer{.body = body ? std::move(*body) : error_body(body.error(), session)};
    }
    const bool is_alone = ready.room == nullptr;
    if (is_alone) ready.room = room_for(session);
    auto answer = co_await impl_->query(ready, session, within);
    if (!answer) co_return Answer{.body = error_body(answer.error(), session)};
    if (is_alone) ready.room->close();
    answer->room = std::move(ready.room);
    co_return std::move(*answer);
}

std::shared_ptr<AnswerRoom> Engine::room_for(const Session& session) {
    const std::size_t bytes_max = impl_->limits_of(session.role).response_bytes_max;
    return std::make_shared<AnswerRoom>(impl_->answers, session.rate_key, bytes_max);
}

void Engine::start_actions() {
    auto perform = [impl = impl_.get()](detail::ActionLog::Call call, rt::Deadline by) {
        return impl->perform(std::move(call), std::move(by));
    };
    auto is_wanted = [impl = impl_.get()] {
        return impl->model != nullptr &&
               std::ranges::any_of(impl->model->metadata().actions, [](const metadata::Action& action) {
                   return action.kind == metadata::Action::Kind::kAsynchronous;
               });
    };
    impl_->runner = std::make_unique<detail::ActionRunner>(
        impl_->loop, impl_->action_log, std::move(perform), std::move(is_wanted)
    );
    impl_->runner->start();
}

rt::Task<void> Engine::close() {
    if (impl_->runner) co_await impl_->runner->close();
}

const EngineOptions& Engine::options() const {
    return impl_->options;
}

const RoleLimits& Engine::limits_of(std::string_view role) const {
    return impl_->limits_of(role);
}

Engine::Stats Engine::stats() const {
    Stats out = impl_->stats;
    out.documents = impl_->documents.size();
    out.plans = impl_->documents.plans();
    out.answer_bytes = static_cast<std::size_t>(impl_->answers.held());
    out.answers_waiting = impl_->answers.waiting();
    return out;
}

}  // namespace weft::graphql
