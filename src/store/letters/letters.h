#pragma once

#include "base/id.h"
#include "base/limits.h"
#include "core/runstate/policy.h"
#include "store/db/db.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Runs that failed for good, until somebody deals with them.
namespace weft::store::letters {

/// kRedriven: a run repeats it, or has and succeeded. In the order of the enum: the words of the column.
enum class State : std::uint8_t { kOpen, kRedriven, kDropped };
inline constexpr std::array<std::string_view, 3> kStates = {"open", "redriven", "dropped"};
std::string_view name(State state);
std::optional<State> state_from(std::string_view text);

struct Letter {
    RunId run;
    WorkflowId workflow;
    std::string workflow_key;  // both empty once it has been deleted
    std::string workflow_name;
    std::string message;
    std::optional<runstate::FailureKind> failure_kind;
    runstate::ErrorClass error_class = runstate::ErrorClass::kPlatform;
    std::optional<std::string> step;
    bool is_poison = false;  // not tried again because workers died with it
    int tries = 1;           // the run, and those before it that it repeats
    RunId origin;            // the first of these
    State state = State::kOpen;
    std::optional<RunId> redriven_by;
    Instant failed_at;
    std::optional<Instant> settled_at;
    std::optional<UserId> dropped_by;
    std::optional<std::string> dropped_by_name;
    std::optional<std::string> note;
};

struct Filter {
    State state = State::kOpen;
    std::optional<WorkflowId> workflow;
    std::optional<runstate::ErrorClass> error_class;
    std::optional<RunId> before;  // runs older than this one
    std::optional<RunId> since;   // and no older than this one
    int limit = limits::kPageSizeDefault;
};

struct Drop {
    UserId by;
    std::string by_name;
    std::optional<std::string> note;
};

/// Newest run first.
rt::Task<Result<std::vector<Letter>>> list(Db db, Filter filter, rt::Deadline by);
/// kNotFound.
rt::Task<Result<Letter>> find(Db db, RunId run, rt::Deadline by);
/// Those of `runs` that were open, and now are dropped.
rt::Task<Result<std::vector<RunId>>> drop(Db db, std::vector<RunId> runs, Drop how, rt::Deadline by);

/// Open ones of all tenants, counted up to 100,000.
rt::Task<Result<std::int64_t>> count_open(pg::Pool& pool, rt::Deadline by);

}  // namespace weft::store::letters
