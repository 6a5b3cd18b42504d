#include "graphql/execute/detail/action_log.h"

#include "graphql/execute/errors.h"
#include "graphql/execute/queries.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

namespace sql = execute::sql;

constexpr int kAtOnceMax = 10;
constexpr auto kLook = std::chrono::seconds(10);  // for calls of other processes, and leases that ran out
constexpr auto kStatement = std::chrono::seconds(10);

JsonObject object_of(const std::map<std::string, std::string, std::less<>>& texts) {
    JsonObject out;
    for (const auto& [name, value] : texts) out[name] = value;
    return out;
}

std::map<std::string, std::string, std::less<>> texts_of(std::string_view json) {
    std::map<std::string, std::string, std::less<>> out;
    const auto parsed = parse_json(json);
    if (!parsed || !parsed->is_object()) return out;
    for (const auto& [name, value] : parsed->get_object()) {
        if (value.is_string()) out.emplace(name, value.get_string());
    }
    return out;
}

Json json_of(const pg::Rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return nullptr;
    auto parsed = parse_json(rows.text(row, column), {.bytes_max = 16u << 20, .depth_max = 64});
    return parsed ? std::move(*parsed) : Json(nullptr);
}

/// As `errors` of the result shows it.
Json described(const Failure& failure) {
    JsonObject out{{"path", failure.path}, {"error", failure.message}, {"code", failure.code}};
    if (failure.extensions.is_object()) out["extensions"] = failure.extensions;
    return out;
}

Failure failed(const Error& error, const pg::ServerError& server, const Session& session) {
    return server.sqlstate.empty() ? to_failure(error, session.is_admin())
                                   : to_failure(server, "$", session.is_admin());
}

}  // namespace

rt::Task<Result<bool>> ActionLog::exists(rt::Deadline by) {
    if (exists_) co_return true;
    CO_TRY(pg::Rows rows, co_await pool_.query(pg::Principal::login(), sql::kHasActionLog, {}, by));
    exists_ = rows.boolean(0, 0);
    co_return exists_;
}

rt::Task<Result<void>> ActionLog::make(rt::Deadline by) {
    CO_TRY(const bool is_there, co_await exists(by));
    if (is_there) co_return Result<void>();
    pg::Batch batch;
    batch.as(pg::Principal::login())
        .add(sql::kCreateActionSchema, {})
        .add(sql::kCreateActionLog, {})
        .add(sql::kCreateActionIndex, {});
    auto made = co_await pool_.run(std::move(batch), by);
    if (made) {
        exists_ = true;
        co_return Result<void>();
    }
    // Two processes may make it at the same time: one of them fails.
    CO_TRY(const bool is_made, co_await exists(by));
    if (!is_made) co_return fail(std::move(made).error());
    co_return Result<void>();
}

rt::Task<Outcome<std::string>> ActionLog::add(
    ResolverContext& context, const metadata::Action& action, Json input
) {
    const Session& session = context.session;
    auto made = co_await make(context.deadline);
    if (!made) co_return std::unexpected(to_failure(made.error(), session.is_admin()));
    pg::Params params;
    params.add(action.name)
        .add(to_text(input))
        .add(session.role)
        .add(to_text(object_of(session.variables)))
        .add(action.forwards_client_headers ? to_text(object_of(session.headers)) : "{}")
        .add(context.request_query)
        .add(action.timeout.count());
    pg::ServerError server;
    Result<pg::Rows> rows = fail(Error::internal(""));
    if (context.transaction != nullptr) {
        rows = co_await context.transaction->query(
            sql::kAddAction, std::move(params), context.deadline, &server
        );
    } else {
        rows = co_await pool_.query(
            pg::Principal::login(), sql::kAddAction, std::move(params), context.deadline
        );
    }
    if (!rows) co_return std::unexpected(failed(rows.error(), server, session));
    co_return std::string(rows->text(0, 0));
}

rt::Task<Outcome<Json>> ActionLog::read(ResolverContext& context, std::string name, std::string id) {
    const Session& session = context.session;
    auto is_there = co_await exists(context.deadline);
    if (!is_there) co_return std::unexpected(to_failure(is_there.error(), session.is_admin()));
    if (!*is_there) co_return Json(nullptr);
    pg::Params params;
    params.add(id)
        .add(name)
        .add(session.is_admin())
        .add(session.role)
        .add(to_text(object_of(session.variables)));
    pg::Batch batch;
    batch.as(pg::Principal::login()).add(sql::kReadAction, std::move(params));
    pg::ServerError server;
    auto rows = co_await pool_.run(std::move(batch), context.deadline, &server);
    if (!rows) co_return std::unexpected(failed(rows.error(), server, session));
    const pg::Rows& row = rows->back();
    if (row.empty()) co_return Json(nullptr);
    co_return Json(JsonObject{
        {"id", row.text(0, 0)},
        {"created_at", row.text(0, 1)},
        {"output", json_of(row, 0, 2)},
        {"errors", json_of(row, 0, 3)},
    });
}

rt::Task<Result<std::vector<ActionLog::Call>>> ActionLog::claim(int calls_max, rt::Deadline by) {
    std::vector<Call> out;
    CO_TRY(const bool is_there, co_await exists(by));
    if (!is_there) co_return out;
    pg::Params params;
    params.add(calls_max);
    CO_TRY(
        pg::Rows rows, co_await pool_.query(pg::Principal::login(), sql::kClaimActions, std::move(params), by)
    );
    for (int i = 0; i < rows.size(); ++i) {
        Call call{
            .id = std::string(rows.text(i, 0)),
            .name = std::string(rows.text(i, 1)),
            .input = json_of(rows, i, 2),
            .session = {},
            .request_query = std::string(rows.text(i, 6)),
        };
        call.session.role = rows.text(i, 3);
        call.session.variables = texts_of(rows.text(i, 4));
        call.session.headers = texts_of(rows.text(i, 5));
        out.push_back(std::move(call));
    }
    co_return out;
}

rt::Task<Result<void>> ActionLog::finish(std::string id, Outcome<Json> answer, rt::Deadline by) {
    pg::Params params;
    params.add(id);
    if (answer) {
        params.add(to_text(*answer)).add_null();
    } else {
        params.add_null().add(to_text(described(answer.error())));
    }
    auto done = co_await pool_.query(pg::Principal::login(), sql::kFinishAction, std::move(params), by);
    if (!done) co_return fail(std::move(done).error());
    co_return Result<void>();
}

ActionRunner::ActionRunner(rt::Loop& loop, ActionLog& log, Perform perform, std::function<bool()> is_wanted)
    : log_(log), perform_(std::move(perform)), is_wanted_(std::move(is_wanted)), told_(loop), scope_(loop) {}

void ActionRunner::start() {
    scope_.spawn(run());
}

rt::Task<void> ActionRunner::run() {
    while (!scope_.is_cancelled()) {
        is_told_ = false;
        if (running_ < kAtOnceMax && is_wanted_()) {
            // A failure (the database is away) is tried again at the next look.
            auto calls = co_await log_.claim(kAtOnceMax - running_, scope_.deadline(kStatement));
            if (calls) {
                for (ActionLog::Call& call : *calls) {
                    ++running_;
                    scope_.spawn(answer(std::move(call)));
                }
            }
        }
        if (!is_told_) (void)co_await told_.wait(scope_.deadline(kLook));
    }
}

/// An answer that can't be written down is asked for again once the lease has run out.
rt::Task<void> ActionRunner::answer(ActionLog::Call call) {
    std::string id = call.id;
    auto outcome = co_await perform_(std::move(call), scope_.forever());
    if (!scope_.is_cancelled()) {
        (void)co_await log_.finish(std::move(id), std::move(outcome), scope_.deadline(kStatement));
    }
    --running_;
    wake();
}

}  // namespace weft::graphql::detail
