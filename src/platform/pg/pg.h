#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/query.h"
#include "platform/pg/value.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft::pg {

/// The roles a process may take on for one cross-tenant transaction (db/roles.sql). Uses are on an allow-list
/// that tools/tidy checks.
enum class SystemRole { kAuth, kIngest, kDispatch };

/// On whose behalf statements run: exactly one tenant, one system role, or the login itself.
class Principal {
  public:
    static Principal tenant(TenantId id) { return Principal(id, SystemRole::kAuth); }
    static Principal system(SystemRole role) { return Principal(std::nullopt, role); }
    /// The role that the connection logged in with: no tenant, no role taken on, no statement added. For
    /// databases that are not Weft's own.
    static Principal login() {
        Principal self(std::nullopt, SystemRole::kAuth);
        self.is_login_ = true;
        return self;
    }
    const std::optional<TenantId>& tenant_id() const { return tenant_; }
    SystemRole role() const { return role_; }
    bool is_login() const { return is_login_; }

  private:
    Principal(std::optional<TenantId> id, SystemRole role) : tenant_(id), role_(role) {}
    std::optional<TenantId> tenant_;
    SystemRole role_;
    bool is_login_ = false;
};

/// What the server said about a failed statement, in full: for callers that must show it. May hold SQL text
/// and values of rows, so it never goes to a log, nor to a user without a thought.
struct ServerError {
    std::string sqlstate;  // empty: the failure was not the server's (connection, deadline)
    std::string message;
    std::string detail;
    std::string hint;
    std::string constraint;
    std::string table;
    std::string column;
    int position = 0;   // in the statement's text, in characters from 1; 0: unknown
    int statement = 0;  // which one of the batch, from 0
};

/// Statements for one round trip and one transaction: sent together, committed together, all or nothing.
/// Statements run as the principal most recently named by `as`; name one first.
class Batch {
  public:
    Batch& as(Principal who);
    Batch& add(const Query& query, Params params);
    bool empty() const { return statements_.empty(); }

    struct Statement {
        std::optional<Principal> become;  // set when the principal changes before this statement
        Query query;
        Params params;
    };
    const std::vector<Statement>& statements() const { return statements_; }

  private:
    std::optional<Principal> pending_;
    std::vector<Statement> statements_;
};

/// For PoolOptions::options, where each statement goes by key, whatever the values: it is planned once for a
/// connection. Left to itself, PostgreSQL plans one that unnests arrays again for each call, since it knows
/// their lengths then. The plan stays when a table grows, so it must not be the best one for an empty table,
/// which reads it whole.
inline constexpr const char* kPlannedOnce = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off";

struct PoolOptions {
    std::string url;  // libpq connection string or URL
    std::string application_name = "weft";
    int connections_max = 8;
    Steady::duration connect_timeout = std::chrono::seconds(5);
    /// Set on every connection; empty: as the database and the login have it.
    std::string search_path = "weft";
    /// Further settings of every connection, as libpq's `options` has them: "-c statement_timeout=5000". They
    /// win over the url's own.
    std::string options = {};
    /// Named statements that stay prepared on one connection; the least recently used one gives way.
    std::size_t prepared_max = 1'000;
    /// Connections of `Pool::shared`, opened when needed, beyond `connections_max`.
    int shared_connections_max = 2;
};

/// What the last statement of a text answered.
struct ScriptAnswer {
    bool has_rows = false;  // it was a query: `columns` and `rows` count
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;
};

class Transaction;

/// A bounded set of connections in pipeline mode on one loop. Broken connections are replaced with backoff;
/// while the server is away every call returns kUnavailable (after waiting up to its deadline for a
/// connection).
///
/// Errors of statements, by SQLSTATE: 23505, 23503, 23514 → kConflict (`Error::database` names the
/// constraint), 40001/40P01/55P03 and 53xxx → kUnavailable, 57014 → kTimeout, 42501 → kForbidden, connection
/// loss → kUnavailable, everything else → kInternal. `Error::user` never holds SQL text or a value.
class Pool {
  public:
    Pool(rt::Loop& loop, PoolOptions options);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Runs one statement as `who` in a transaction of its own: one round trip.
    rt::Task<Result<Rows>> query(Principal who, Query query, Params params, rt::Deadline by);

    /// Runs the batch in one transaction and one round trip; one Rows per statement. On any error nothing is
    /// kept. After a lost connection the outcome is unknown (kUnavailable): callers make batches idempotent
    /// or fenced. `failed`, when given, is filled if the server refuses a statement, and must outlive the
    /// call.
    rt::Task<Result<std::vector<Rows>>> run(Batch batch, rt::Deadline by, ServerError* failed = nullptr);

    /// Like `run`, for batches that ONLY READ and end soon (the caller promises): the batches of many callers
    /// travel back to back on a few shared connections, each in a transaction of its own, which saves most of
    /// the system calls. A failed batch does not disturb its neighbours; one that does not end within a
    /// second of its deadline or cancellation costs the connection, and its neighbours run once more on
    /// another one. Slow reads belong in `run`: the batches behind them wait.
    rt::Task<Result<std::vector<Rows>>> shared(Batch batch, rt::Deadline by, ServerError* failed = nullptr);

    /// Opens a transaction whose later statements depend on earlier answers. BEGIN travels with the first
    /// statement.
    rt::Task<Result<Transaction>> begin(Principal who, rt::Deadline by);

    /// Runs a text of any number of statements that an operator wrote, as the login, on a connection of its
    /// own: all in one transaction, unless the text itself says otherwise. A read-only text can't write.
    /// `failed` as above. Never for text that a tenant has a part in.
    enum class Access { kReadWrite, kReadOnly };
    rt::Task<Result<ScriptAnswer>> script(
        std::string text, Access access, rt::Deadline by, ServerError* failed = nullptr
    );

    /// Connects once to tell whether the server answers.
    rt::Task<Result<void>> ping(rt::Deadline by);
    rt::Task<void> close();

    struct Stats {
        int open = 0;
        int busy = 0;
        int waiting = 0;
        int shared_open = 0;
        std::int64_t statements = 0;
    };
    Stats stats() const;

  private:
    friend class Transaction;
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// A transaction in progress, by value: move it or let it go. Destroying it uncommitted rolls back.
class Transaction {
  public:
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) noexcept;
    ~Transaction();

    /// `failed` as in Pool::run.
    rt::Task<Result<Rows>> query(Query query, Params params, rt::Deadline by, ServerError* failed = nullptr);
    rt::Task<Result<void>> commit(rt::Deadline by);

  private:
    friend class Pool;
    struct Impl;
    explicit Transaction(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// LISTENs on one dedicated connection and reconnects by itself. Notifications are hints: after each
/// (re)connect `on_connected` is called so that the owner polls once for what it may have missed.
class Listener {
  public:
    using OnNotify = std::function<void(std::string_view channel, std::string_view payload)>;
    Listener(
        rt::Loop& loop,
        std::string url,
        std::vector<std::string> channels,
        OnNotify on_notify,
        std::function<void()> on_connected
    );
    ~Listener();
    void start();
    rt::Task<void> close();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// Sends NOTIFY from a connection of its own, coalesced: payloads given while one is under way leave together
/// with the next one (joined by '\n', at most 7,900 bytes a notification), so that commits never queue on the
/// notification lock.
class Notifier {
  public:
    Notifier(rt::Loop& loop, std::string url);
    ~Notifier();
    /// Best effort and immediate: a lost hint costs a poll interval, never an event.
    void notify(std::string channel, std::string payload);
    rt::Task<void> close();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace weft::pg
