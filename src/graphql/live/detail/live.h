#pragma once

#include "graphql/live/detail/cohort.h"
#include "platform/rt/clock.h"
#include "platform/rt/sync.h"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft::graphql {

using detail::Cohort;
using detail::CohortGroup;
using detail::LivePlan;
using detail::Subscription;

/// What Live keeps. The work is in live.cc (who subscribes), cohorts.cc (what is shared), run.cc (when
/// statements run and who hears of the answers), settle.cc and changes.cc (news of changes).
struct Live::Impl {
    using CohortPtr = std::shared_ptr<Cohort>;
    using GroupPtr = std::shared_ptr<CohortGroup>;

    Impl(rt::Loop& on, pg::Pool& of, Engine& with, LiveOptions given);

    // ---- live.cc
    Outcome<Id> subscribe(const Request& request, std::shared_ptr<const Session> session, Sink sink);
    void unsubscribe(Id id);
    rt::Task<void> operate(Id id, Engine::Ready request, std::shared_ptr<const Session> session);
    rt::Task<void> give_first(Id id);
    rt::Task<void> replan_all();
    void replan(const CohortPtr& old);
    /// Ends a subscription with an error, or without one.
    void end(Id id, const std::string* error_body);

    // ---- cohorts.cc
    /// `alone` (a subscription's id): this one is never shared.
    Outcome<CohortPtr> cohort_for(Engine::Ready request, std::shared_ptr<const Session> session, Id alone);
    std::shared_ptr<LivePlan> plan_for(std::shared_ptr<const Prepared> prepared);
    Outcome<GroupPtr> group_for(std::shared_ptr<LivePlan> plan, const Session& session);
    void watch(Cohort& cohort);
    void attach(Subscription& subscription, CohortPtr cohort);
    void detach(Subscription& subscription);
    void release(Cohort& cohort);

    // ---- settle.cc
    /// A change that the log told of is passed on when its transaction can be seen.
    void publish(const Change& change);
    rt::Task<void> settle();

    // ---- run.cc
    void pass_on(const Change& change);
    /// Runs it soon: at once when it was quiet, else when its time has come.
    void hit(const CohortPtr& cohort);
    void enqueue(const CohortPtr& cohort);
    void wait_until(const CohortPtr& cohort, Steady when);
    void start_ready();
    rt::Task<void> run(GroupPtr group);
    rt::Task<void> run_together(GroupPtr group, std::vector<CohortPtr> batch);
    rt::Task<Result<pg::Rows>> run_statement(
        const LivePlan& plan, std::vector<CohortPtr> batch, pg::ServerError& failed
    );
    rt::Task<void> run_alone(CohortPtr cohort);
    void take_rows(const LivePlan& plan, const std::vector<CohortPtr>& batch, const pg::Rows& rows);
    /// `text` is the root's JSON, or (of a plan that the engine runs) the whole body.
    void deliver(Cohort& cohort, std::string_view text, bool is_body);
    void move_on(Cohort& cohort, std::string_view cursor_json);
    void fail(const CohortPtr& cohort, const std::string& error_body, bool is_transient);
    /// `again`: there is more at once. `is_held`: there is more when other transactions have ended.
    void finish(const CohortPtr& cohort, bool again, bool is_held);
    rt::Task<void> tick();
    void poll_oldest(Steady now);

    /// 128 bits of a SHA-256.
    using Digest = std::array<char, 16>;
    static Digest digest_of(std::string_view text);
    struct DigestHash {
        std::size_t operator()(const Digest& digest) const;
    };

    rt::Loop& loop;
    pg::Pool& pool;
    Engine& engine;
    LiveOptions options;
    rt::SystemClock clock;
    Id last_id = 0;
    rt::Budget kept;  // of last answers, for those who come later; outlives the cohorts
    std::unordered_map<Id, std::unique_ptr<Subscription>> subscriptions;
    std::unordered_map<Id, Sink> operations;  // queries and mutations under way
    std::unordered_map<Digest, CohortPtr, DigestHash> cohorts;
    std::unordered_map<const Prepared*, std::pair<std::shared_ptr<LivePlan>, std::size_t>>
        plans;  // and groups
    std::map<std::pair<const LivePlan*, std::string>, GroupPtr> groups;
    detail::ChangeIndex index;
    std::deque<GroupPtr> ready;  // groups with work, none of it under way
    int running = 0;
    std::multimap<Steady, std::weak_ptr<Cohort>> waiting;
    std::list<std::weak_ptr<Cohort>> by_age;  // those whose last run is longest ago first
    std::uint64_t replans = 0;
    std::vector<Change> unsettled;
    bool is_settling = false;
    Stats stats;
    rt::Signal wake;
    rt::Scope scope;
};

}  // namespace weft::graphql
