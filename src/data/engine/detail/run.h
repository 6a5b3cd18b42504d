#pragma once

#include "data/engine/engine.h"

#include <memory>

namespace weft::engine {

using Index = runstate::StepIndex;

/// What the parts of one run's driver have in common; they live as long as the driver.
struct Run {
    Deps& deps;
    const Options& options;
    Job& job;
    const std::shared_ptr<const Prepared> prepared;  // shared with the cache and other runs of the version
    const TenantId tenant;
    const RunId id;
    const Instant started_at;

    /// The database's time, carried on by our monotonic clock: the worker's wall clock decides nothing.
    Instant now() const;
    Steady steady_of(Instant at) const;
    rt::Deadline deadline(Instant by) const;

    std::size_t count() const { return prepared->workflow.steps().size(); }
    const workflow::CompiledStep& step(Index index) const {
        return prepared->workflow.steps()[static_cast<std::size_t>(index)];
    }
    const runstate::PlanStep& plan(Index index) const {
        return prepared->workflow.plan().steps[static_cast<std::size_t>(index)];
    }
};

}  // namespace weft::engine
