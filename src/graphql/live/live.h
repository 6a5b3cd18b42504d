#pragma once

#include "graphql/execute/execute.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Live queries and streams: answers that follow the data. Multiplexed by plan, driven by change events, idle
/// ones cost no query.
namespace weft::graphql {

/// Rows of one table changed. `values` are what is known of them: columns (PostgreSQL names) and values as
/// text, old and new alike; an equality on a column that is not named here is taken as met.
struct Change {
    QualifiedName table;
    std::vector<std::pair<std::string, std::string>> values;
    /// Its number, when the log told of it: the log may be ahead of what other transactions see. 0: seen.
    std::uint32_t transaction = 0;
};

struct LiveOptions {
    Steady::duration coalesce =
        std::chrono::milliseconds(50);  // between two runs of one cohort while changes go on
    Steady::duration safety_poll =
        std::chrono::seconds(30);  // every cohort is looked at this often; 0: never
    int cohorts_per_statement_max = 200;
    std::size_t subscriptions_max = 50'000;
    /// Of last answers, which those who come later are given; shared by tenants. Without room the query runs
    /// again.
    std::int64_t kept_bytes_max = 64 << 20;
    /// How often what nobody tells of changes is looked at: views, functions, results of actions.
    Steady::duration unwatched_poll = std::chrono::seconds(1);
    int statements_max = 4;           // under way at a time, each on a connection of the pool
    std::function<void()> on_replan;  // the model was replaced
};

class Live {
  public:
    Live(rt::Loop& loop, pg::Pool& pool, Engine& engine, LiveOptions options);
    /// `close` must have finished.
    ~Live();

    /// What a subscriber gets: bodies ({"data":...}); or one error body, after which it is over.
    struct Sink {
        std::function<void(std::shared_ptr<const std::string> body)> next;
        std::function<void(std::string error_body)> error;
        std::function<void()> complete;
    };
    using Id = std::uint64_t;
    /// Starts a subscription (a live query, or `_stream`); also queries and mutations, which complete after
    /// one answer. The first answer comes as soon as it is there. Failure: what `error` would say, nothing
    /// was started.
    Outcome<Id> subscribe(Request request, Session session, Sink sink);
    /// The same for a session that many subscriptions share. The sink is only called later, on the loop,
    /// never from within this call; it may subscribe and unsubscribe.
    Outcome<Id> subscribe(const Request& request, std::shared_ptr<const Session> session, Sink sink);
    /// A stream: every answer counts, and their order. Of a live query only the newest does.
    bool is_stream(Id id) const;
    /// Ends it; the sink is not called again. Unknown ids are fine.
    void unsubscribe(Id id);

    /// The first source of changes: whoever writes says so, after its commit.
    void publish(const Change& change);
    /// What an engine's mutation has written, as far as its plan tells: for EngineOptions::on_change.
    void publish(const Plan& mutation, const Variables& variables, const Session& session);
    /// Something may have been missed (a source reconnected): every cohort is run once.
    void refresh_all();
    /// The model was replaced: every subscription is planned anew, or ends with an error when that fails.
    void replan();
    /// Another value of LiveOptions::safety_poll: a source of changes came or went.
    void set_safety_poll(Steady::duration every);

    struct Stats {
        std::size_t subscriptions = 0, cohorts = 0, plans = 0;
        std::uint64_t queries = 0, pushes = 0, changes = 0;
    };
    Stats stats() const;
    rt::Task<void> close();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The second source: a logical-replication reader (pgoutput) on a slot and a publication limited to the
/// tables that subscriptions may read. Needs wal_level=logical and a role with REPLICATION. Reconnects by
/// itself; after a gap it calls `on_gap`. Only one reader per slot: the others stand by.
struct ReplicationOptions {
    std::string url;
    std::string slot = "weft_graphql";
    std::string publication = "weft_graphql";
    bool is_temporary = true;  // a slot that ends with the connection keeps no WAL
    std::vector<QualifiedName> tables;
    /// Told when this reader begins to follow the log (true) and when it no longer does.
    std::function<void(bool is_following)> on_state;
    /// A sentence for the operator: what keeps the reader, or a table, from being followed, and what to do.
    std::function<void(std::string what)> on_trouble;
};
class ReplicationReader {
  public:
    ReplicationReader(
        rt::Loop& loop,
        ReplicationOptions options,
        std::function<void(const Change&)> on_change,
        std::function<void()> on_gap
    );
    ~ReplicationReader();
    void start();
    /// Other tables from now on: the reader reconnects.
    void follow(std::vector<QualifiedName> tables);
    rt::Task<void> close();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace weft::graphql
