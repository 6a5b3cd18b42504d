#pragma once

#include "data/engine/detail/run.h"

#include <functional>
#include <memory>
#include <vector>

namespace weft::engine {

/// A run's calls to other systems: beside the loop, each in a scope of its own, one of a step at a time.
class Calls {
  public:
    /// Hears of each answer, in the call's own scope.
    using Done = std::function<rt::Task<void>(Index step, int attempt, broker::Response response)>;
    Calls(Run& run, Done done) : run_(run), done_(std::move(done)), scopes_(run.count()) {}

    /// The call before of the same step must have been waited for.
    void start(Index step, int attempt, broker::Request request, Instant by);
    /// Its answer still comes, or has come. False: there was no call since the last one was joined.
    bool abort(Index step);
    /// Until the step's call has returned: its answer was its last act.
    rt::Task<void> join(Index step);
    /// Calls all of them off and waits for them.
    rt::Task<void> close();
    /// How many wait for memory for their requests.
    int unsent() const { return unsent_; }

  private:
    rt::Task<void> call(Index step, int attempt, broker::Request request, rt::Deadline by);
    rt::Task<broker::Response> perform(broker::Request request, rt::Deadline by);

    Run& run_;
    Done done_;
    std::vector<std::unique_ptr<rt::Scope>> scopes_;  // by step; null: none
    int unsent_ = 0;
};

}  // namespace weft::engine
