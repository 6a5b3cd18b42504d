#include "data/engine/detail/run.h"

#include <string>

namespace weft::engine {

Instant Run::now() const {
    return job.loaded.now + std::chrono::duration_cast<Micros>(deps.clock.steady() - job.loaded_at);
}

Steady Run::steady_of(Instant at) const {
    // A timer that fires a hair early would only be set again.
    return job.loaded_at + (at - job.loaded.now) + 1us;
}

std::string Run::scope(Index index) const {
    std::string out;
    if (index == runstate::kRun) return out;
    for (runstate::LaneIndex at = plan(index).lane; at != runstate::kNoLane; at = plan(lane(at).loop).lane)
        out.insert(0, "." + std::to_string(at));
    if (!out.empty()) out.front() = '#';
    return out;
}

rt::Deadline Run::deadline(Instant by) const {
    return job.scope.forever().at_most(steady_of(by) - deps.clock.steady());
}

}  // namespace weft::engine
