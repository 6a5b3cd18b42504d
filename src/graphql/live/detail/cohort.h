#pragma once

#include "graphql/live/detail/change_index.h"
#include "graphql/live/live.h"
#include "platform/rt/budget.h"

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::graphql::detail {

struct Cohort;

/// One subscriber of a live query or a stream.
struct Subscription {
    Live::Id id = 0;
    Live::Sink sink;
    std::shared_ptr<Cohort> cohort;
    std::uint32_t at = 0;      // in Cohort::subscriptions
    bool awaits_first = true;  // has heard nothing yet
};

/// A plan that subscriptions use, and its statement for many cohorts at once.
struct LivePlan {
    std::shared_ptr<const Prepared> prepared;
    std::string key;        // of the one root, as it stands in the answer
    Statement multiplexed;  // empty text: this plan is run by the engine, a cohort at a time
    std::string name;
    std::vector<std::size_t> cursors;  // parameters that a stream moves on
    bool is_stream = false;
    bool polls = false;  // what it reads tells of no change: an action's result
};

/// Cohorts of one plan whose statements run as the same principal with the same settings: what one statement
/// may hold.
struct CohortGroup {
    std::shared_ptr<const LivePlan> plan;
    std::string who;
    std::deque<std::shared_ptr<Cohort>> queue;  // to be run, each once
    std::size_t cohorts = 0;
    bool is_running = false;
    bool is_ready = false;  // stands in the list of groups with work
};

/// Subscriptions with the same answer: one plan and the same parameter values.
struct Cohort {
    enum class State : std::uint8_t {
        kQuiet,
        kQueued,
        kRunning,
        kWaiting,  // for the time when it may run again
    };
    std::shared_ptr<CohortGroup> group;
    std::array<char, 16> key{};  // in the map of cohorts
    std::shared_ptr<const Session> session;
    Variables variables;
    std::vector<std::optional<std::string>> values;  // by Statement::parameters
    std::vector<Subscription*> subscriptions;
    std::vector<ChangeIndex::Entry*> entries;
    State state = State::kQuiet;
    bool is_dirty = false;  // a change came while it ran
    bool is_gone = false;
    bool has_answer = false;
    std::uint8_t failures = 0;  // in a row
    std::uint8_t holds = 0;     // in a row
    std::array<char, 16> hash{};
    std::shared_ptr<const std::string> body;  // the last answer, unless it is large or there is no room
    rt::Budget::Charge kept;                  // for it
    Steady started{};                         // the last run
    std::list<std::weak_ptr<Cohort>>::iterator by_age;
};

}  // namespace weft::graphql::detail
