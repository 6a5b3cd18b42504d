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
    std::vector<runstate::Iteration> lanes;  // of which item each is; kIdle: of none
    store::runs::Used used;                  // by all that have worked on it

    /// The database's time, carried on by our monotonic clock: the worker's wall clock decides nothing.
    Instant now() const;
    Steady steady_of(Instant at) const;
    rt::Deadline deadline(Instant by) const;

    const runstate::Plan& plan() const { return prepared->workflow.plan(); }
    std::size_t count() const { return plan().steps.size(); }
    const runstate::PlanStep& plan(Index index) const {
        return plan().steps[static_cast<std::size_t>(index)];
    }
    const workflow::CompiledStep& step(Index index) const {
        return prepared->workflow.steps()[static_cast<std::size_t>(plan().definition_of(index))];
    }
    /// A step as defined that is outside of loops; its index is the plan's, too.
    bool is_top(Index definition) const {
        return plan().lanes.empty() || definition < plan().lanes.front().first;
    }
    const runstate::Lane& lane(runstate::LaneIndex index) const {
        return plan().lanes[static_cast<std::size_t>(index)];
    }
    /// Of the item that the step is a part of, by the commands that were carried out.
    runstate::Iteration iteration(Index index) const {
        const runstate::LaneIndex lane = plan(index).lane;
        return lane == runstate::kNoLane ? 0 : lanes[static_cast<std::size_t>(lane)];
    }
    /// As protocol::Evaluate has it.
    std::string scope(Index index) const;
    std::string idempotency_key(Index index) const {
        return runstate::idempotency_key(id, step(index).id, iteration(index));
    }
    store::runs::ValueSlot input_slot(Index index) const {
        return store::runs::ValueSlot::input_of(step(index).id, iteration(index));
    }
    store::runs::ValueSlot output_slot(Index index) const {
        return store::runs::ValueSlot::output_of(step(index).id, iteration(index));
    }
    store::runs::ValueSlot answer_slot(Index index) const {
        return store::runs::ValueSlot::answer_of(step(index).id, iteration(index));
    }
    store::runs::WaitRef wait_ref(Index index) const { return {step(index).id, iteration(index)}; }
};

}  // namespace weft::engine
