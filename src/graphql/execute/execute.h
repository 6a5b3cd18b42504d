#pragma once

#include "graphql/execute/room.h"
#include "graphql/execute/session.h"
#include "graphql/plan/plan.h"
#include "graphql/sql/sql.h"
#include "platform/pg/pg.h"
#include "platform/rate/rate.h"
#include "platform/rt/task.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::http {
class Client;
}

/// Runs operations: text to answer. The plan cache, the pipelined round trip, actions and remote fields.
namespace weft::graphql {

/// One operation as the transports read it.
struct Request {
    std::string query;
    std::string operation_name;
    JsonObject variables;
    /// `extensions.persistedQuery.sha256Hash`, hex; `query` may then be empty.
    std::string persisted_hash;
    bool wants_locations = false;  // in the errors of a request that can't run
    /// Shared by the requests of a batch, which are answered together. Null: an answer of its own.
    std::shared_ptr<AnswerRoom> room;
    bool takes_parts = false;  // the transport can send an answer as it is made
};

/// An answer that is sent as it is made: together its values would take more memory than one answer may.
class AnswerParts {
  public:
    virtual ~AnswerParts() = default;
    /// What comes next of the body; "" at its end. Never fails: a value that can't be had is null, and the
    /// body's `errors` tell.
    virtual rt::Task<std::string> next(rt::Deadline by) = 0;
};

/// What a request is answered with, transport-neutral.
struct Answer {
    std::string body;                    // {"data":...} or {"errors":[...]}
    bool is_request_error = false;       // nothing was executed: 400 under application/graphql-response+json
    std::shared_ptr<AnswerRoom> room;    // of a large one: to be kept until it has been sent
    std::shared_ptr<AnswerParts> parts;  // instead of a body, where the request takes them; shared by copies
};
/// The body, which keeps the answer's room for as long as somebody has it.
std::shared_ptr<const std::string> shared_body(Answer answer);

/// Everything a native action or a remote resolver may use.
struct ResolverContext {
    const Session& session;
    pg::Transaction* transaction = nullptr;  // of a mutation: one for all its root fields
    rt::Deadline deadline;
    std::string_view request_query;
    /// Runs after the whole operation has committed; never on a rollback.
    std::function<void(std::function<void()>)> after_commit;
};
/// `input` is the object of the action's arguments. The Json that comes back is checked against the output
/// type.
using ActionResolver = std::function<rt::Task<Outcome<Json>>(ResolverContext&, Json input)>;
struct NativeAction {
    ActionResolver resolve;
    /// May be empty. Runs before the transaction begins, for what must not wait with a connection held.
    std::function<rt::Task<Outcome<>>(const Session&, rt::Deadline)> prepare;
    /// False: it commits elsewhere and must not wait while a transaction holds a connection. An operation all
    /// of whose roots are such actions runs without a transaction; mixed with others it is refused
    /// ("not-supported").
    bool joins_transaction = true;
};
/// What a resolver gives: a value for each row, which are read one after the other.
class RemoteValues {
  public:
    virtual ~RemoteValues() = default;
    struct Sizes {
        std::size_t values = 0;   // of all together, as text
        std::size_t largest = 0;  // of one
        std::size_t held = 0;     // what is in memory for them from the start
    };
    virtual Sizes sizes() const = 0;
    /// JSON text of the next row's, "null" for none; called once for each row. A failure is this row's alone.
    /// Text, since a tree of it takes ten times the memory: a field without a selection is checked and
    /// printed as it is.
    virtual rt::Task<Outcome<std::string>> next(rt::Deadline by) = 0;
};
/// One call for all rows: `rows` holds, for each, the join columns as an object.
using RemoteResolver = std::function<
    rt::Task<Outcome<std::unique_ptr<RemoteValues>>>(ResolverContext&, JsonArray rows, JsonObject arguments)>;

struct RoleLimits {
    ParseLimits parse;
    OperationLimits operation;
    PlanLimits plan;
    Steady::duration statement_timeout = std::chrono::seconds(5);
    std::size_t response_bytes_max = 16u << 20;
    std::size_t values_bytes_max = 512u << 20;  // of resolvers, in an answer that is sent as it is made
    int batch_max = 10;
    int subscriptions_per_socket_max = 200;
    bool may_introspect = true;
    bool allow_list_only = false;
    rate::Rate cost;  // in cost units, by (rate key, role), but of the trusted; off: as much as they like
};

struct EngineOptions {
    /// On whose behalf statements of a session run. Default: Principal::login().
    std::function<Result<pg::Principal>(const Session&)> principal;
    /// Settings made for each transaction in the same round trip: name to session variable ("app.tenant" to
    /// "x-hasura-tenant-id"); an absent variable sets ''.
    std::vector<std::pair<std::string, std::string>> session_settings;
    RoleLimits limits;  // of every role but
    RoleLimits admin_limits = admin_role_limits();
    std::map<std::string, RoleLimits> role_limits;  // these
    bool is_lenient = false;                        // validation, as ValidateOptions
    std::size_t documents_max = 4'000;              // bounded caches, shared fairly by tenants: documents
    std::size_t persisted_max = 10'000;             // with their plans; texts by their hash
    /// Of answers in assembly or on their way out, of the whole process: those that resolvers fill, and large
    /// ones.
    std::size_t answers_bytes_max = 128u << 20;
    std::map<std::string, NativeAction> actions;  // "native:<name>" handlers
    std::map<std::string, RemoteResolver> remotes;
    /// Told after a mutation has committed, for the in-process source of changes.
    std::function<void(const Plan&, const Variables&, const Session&)> on_change;
    http::Client* client = nullptr;                  // for webhook actions; null: they are refused
    std::map<std::string, std::string> environment;  // for {{NAME}} in handlers and header values

    static RoleLimits admin_role_limits();
};

struct MutationProgram;

/// A planned operation, ready to run any number of times. Shared by the caches and by live queries.
struct Prepared {
    std::shared_ptr<const Document> document;
    const Operation* operation = nullptr;
    std::unique_ptr<const Plan> plan;
    Statement statement;                             // of a query; empty text when no root needs SQL
    std::string name;                                // of the statement, unique for its text
    std::shared_ptr<const MutationProgram> program;  // of a mutation
    bool has_actions = false;
    bool has_remotes = false;
    bool may_have_notes = false;  // see notes.h
};

class Engine {
  public:
    /// Everything given outlives the engine.
    Engine(rt::Loop& loop, pg::Pool& pool, EngineOptions options);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Replaces the model; plans of the old one are dropped, running ones finish with it.
    void use(std::shared_ptr<const Model> model);
    std::shared_ptr<const Model> model() const;

    /// Runs a query or a mutation. Never throws, never fails: what goes wrong is in the answer. A
    /// subscription is refused with Hasura's words. Cancelling a query loses nothing; a mutation's outcome is
    /// then unknown.
    rt::Task<Answer> execute(Request request, Session session, rt::Deadline by);

    /// Parses, checks, coerces and plans only: for live queries and EXPLAIN. `variables` is filled.
    struct Ready {
        std::shared_ptr<const Prepared> prepared;
        Variables variables;
        std::shared_ptr<AnswerRoom> room = nullptr;  // as in Request
        bool takes_parts = false;                    // likewise
    };
    Outcome<Ready> prepare(const Request& request, const Session& session);
    /// The parameter values of a prepared statement for one request: nullopt is NULL.
    Outcome<std::vector<std::optional<std::string>>> bind(
        const Statement& statement, const Variables& variables, const Session& session
    ) const;
    /// What precedes the statements of a session in their transaction: its principal and settings.
    Outcome<pg::Batch> prelude(const Session& session) const;
    /// Runs a prepared query once: the answer's body.
    rt::Task<Answer> run(Ready ready, Session session, rt::Deadline by);

    /// Answers calls of asynchronous actions from now on, also those that an earlier process left behind. One
    /// process or several may do so. Call `close` before the engine dies.
    void start_actions();
    rt::Task<void> close();

    /// {"errors":[{"message","extensions":{"code","path"}}]}
    static std::string error_body(
        const Failure& failure, const Session& session, std::string_view document = {}
    );

    /// For the answer to several requests of a session.
    std::shared_ptr<AnswerRoom> room_for(const Session& session);

    const EngineOptions& options() const;
    const RoleLimits& limits_of(std::string_view role) const;

    struct Stats {
        std::uint64_t document_hits = 0, document_misses = 0, plan_hits = 0, plan_misses = 0;
        std::uint64_t notes = 0;  // answers with notes
        std::size_t documents = 0, plans = 0;
        std::size_t answer_bytes = 0, answers_waiting = 0;  // of EngineOptions::answers_bytes_max
    };
    Stats stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::graphql
