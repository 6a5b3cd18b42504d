#include "core/runstate/detail/machine.h"

#include <fmt/format.h>

#include <iterator>

namespace weft::runstate {

std::optional<Plan> lay_out(const std::vector<PlanStep>& definitions, StepIndex top) {
    Plan plan;
    plan.steps.assign(definitions.begin(), definitions.begin() + top);
    // Lanes are appended as their loops are met, those of inner loops after those of the loop around.
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        if (!plan.steps[i].loop) continue;
        Loop& loop = *plan.steps[i].loop;
        loop.first_lane = static_cast<LaneIndex>(plan.lanes.size());
        const Loop of = loop;  // `loop` moves as steps are added
        if (plan.steps.size() + static_cast<std::size_t>(of.lanes) * static_cast<std::size_t>(of.body_count) >
            kPlanStepsMax)
            return std::nullopt;
        for (LaneIndex lane = 0; lane < of.lanes; ++lane) {
            const auto first = static_cast<StepIndex>(plan.steps.size());
            plan.lanes.push_back({static_cast<StepIndex>(i), first, of.body_count, of.body});
            for (StepIndex k = 0; k < of.body_count; ++k) {
                PlanStep copy = definitions[static_cast<std::size_t>(of.body + k)];
                for (Need& need : copy.needs) need.step += first - of.body;
                copy.lane = of.first_lane + lane;
                plan.steps.push_back(std::move(copy));
            }
        }
    }
    return plan;
}

// ---- resuming

Machine::Bodies Machine::bodies_of(const std::vector<JournalEntry>& journal) const {
    std::map<StepIndex, const Lane*> bodies;  // by where their definition begins
    for (const Lane& lane : plan_.lanes) bodies[lane.definition] = &lane;
    Bodies out;
    for (const JournalEntry& entry : journal) {
        if (entry.step < top() || entry.iteration <= 0) continue;
        const auto after = bodies.upper_bound(entry.step);
        if (after == bodies.begin()) continue;
        const Lane& body = *std::prev(after)->second;
        if (entry.step >= body.definition + body.count) continue;
        const auto loop = std::pair(plan_.definition_of(body.loop), outer_iteration(entry.iteration));
        out[loop][entry.iteration].push_back(&entry);
    }
    return out;
}

/// Items whose steps are all through are counted; those that have begun go on, or begin again when nothing of
/// them was written: they were begun in order, so all before the newest one that left a line had begun.
void Machine::resume_loop(StepIndex i, const Bodies& bodies) {
    const Loop& loop = loop_at(i);
    const Iteration around = state_.iteration_of(plan_, i);
    const auto found = bodies.find({plan_.definition_of(i), around});
    static const Items kNone;
    const Items& items = found == bodies.end() ? kNone : found->second;
    if (!items.empty()) at(i).loop->next = index_in_loop(items.rbegin()->first) + 1;
    if (loop.is_while) at(i).loop->total = at(i).loop->next;
    LaneIndex lane = loop.first_lane;
    for (Iteration index = 0; index < at(i).loop->next; ++index) {
        const Iteration iteration = item_number(around, index);
        static const std::vector<const JournalEntry*> kNothing;
        const auto lines = items.find(iteration);
        const auto& entries = lines == items.end() ? kNothing : lines->second;
        const auto results = std::ranges::count(entries, JournalEntry::Entry::kResult, &JournalEntry::entry);
        if (results >= loop.body_count) {
            count_item(i, index, entries);
        } else if (lane < loop.first_lane + loop.lanes) {
            resume_item(lane++, iteration, entries, bodies);
        }
    }
    if (at(i).loop->failure) stop_lanes(i);
}

/// An item of which every step is through.
void Machine::count_item(StepIndex i, Iteration index, const std::vector<const JournalEntry*>& entries) {
    const Lane& lane = lane_plan(loop_at(i).first_lane);
    for (const JournalEntry* entry : entries) {
        const StepIndex step = lane.first + entry->step - lane.definition;
        if (entry->entry != JournalEntry::Entry::kResult) continue;
        if (entry->status == StepStatus::kSuccess && plan_at(step).kind == StepKind::kBreak)
            at(i).loop->is_broken = true;
        if (entry->status == StepStatus::kFailed && !is_handled(plan_, step))
            return fail_item(i, index, or_platform(entry->failure, "A step failed"));
    }
}

void Machine::resume_item(
    LaneIndex lane, Iteration iteration, const std::vector<const JournalEntry*>& entries, const Bodies& bodies
) {
    begin_item(lane, iteration, true);
    const Lane& in = lane_plan(lane);
    Newest newest(plan_.steps.size(), nullptr);
    for (const JournalEntry* entry : entries) replay(in.first + entry->step - in.definition, *entry, newest);
    resume_all(in.first, in.first + in.count, newest, bodies);
    for (StepIndex i = in.first; i < in.first + in.count; ++i)
        if (plan_at(i).kind == StepKind::kBreak && at(i).phase == Phase::kSuccess)
            at(in.loop).loop->is_broken = true;
}

// ---- going on

void Machine::loop_evaluated(const InputEvaluated& e) {
    StepState& step = at(e.step);
    if (!step.loop) {
        step.attempt = 1;
        step.loop = LoopState{};
        if (!loop_at(e.step).is_while) step.loop->total = e.items;
        emit(JournalLoop{e.step, step.loop->total});
    }
    if (loop_at(e.step).is_while) {
        const Iteration max = loop_at(e.step).max;
        if (e.items > 0 && step.loop->total >= max) {
            const std::string why = fmt::format("The loop went round {} times, which is its max", max);
            return settle(e.step, Phase::kFailed, Failure{FailureKind::kLimit, why});
        }
        if (e.items > 0)
            ++step.loop->total;
        else
            step.loop->is_broken = true;
    }
    step.phase = Phase::kLooping;
}

bool Machine::advance_loops() {
    bool has_moved = false;
    for (StepIndex i = 0; i < count(); ++i) {
        if (!plan_at(i).loop || at(i).phase != Phase::kLooping) continue;
        if (plan_at(i).is_final != (state_.stage == Stage::kFinally)) continue;  // resumed too early
        has_moved = advance_loop(i) || has_moved;
        if (!is_going()) return false;
    }
    return has_moved;
}

bool Machine::advance_loop(StepIndex i) {
    const Loop& loop = loop_at(i);
    bool has_moved = false;
    bool is_busy = false;
    for (LaneIndex lane = loop.first_lane; lane < loop.first_lane + loop.lanes; ++lane) {
        if (lane_at(lane).iteration == kIdle) continue;
        if (is_quiet(lane)) {
            end_item(i, lane);
            has_moved = true;
        } else {
            is_busy = true;
        }
    }
    const LoopState& state = *at(i).loop;
    if (!state.failure && !state.is_broken && state.next < state.total) return begin_items(i) || has_moved;
    if (is_busy) return has_moved;
    if (state.failure) {
        settle(i, Phase::kFailed, state.failure);
    } else if (state.is_broken || !loop.is_while) {
        at(i).phase = Phase::kCollecting;
        emit(Collect{i});
    } else {
        at(i).phase = Phase::kEvaluating;
        emit(Evaluate{i});  // whether it goes on
    }
    return true;
}

/// In the lanes that are free.
bool Machine::begin_items(StepIndex i) {
    const Loop& loop = loop_at(i);
    LoopState& state = *at(i).loop;
    const Iteration first = state.next;
    for (LaneIndex lane = loop.first_lane; lane < loop.first_lane + loop.lanes; ++lane) {
        if (state.next >= state.total) break;
        if (lane_at(lane).iteration != kIdle) continue;
        begin_item(lane, item_number(state_.iteration_of(plan_, i), state.next++), false);
    }
    return state.next > first;
}

void Machine::begin_item(LaneIndex lane, Iteration iteration, bool is_resumed) {
    lane_at(lane) = {.iteration = iteration};
    const Lane& in = lane_plan(lane);
    for (StepIndex i = in.first; i < in.first + in.count; ++i) at(i) = {};
    emit(BeginItem{lane, iteration, is_resumed});
}

void Machine::end_item(StepIndex i, LaneIndex lane) {
    const LaneState ended = lane_at(lane);
    free_lane(lane);
    if (ended.failure) fail_item(i, index_in_loop(ended.iteration), *ended.failure);
}

void Machine::fail_item(StepIndex i, Iteration index, const Failure& failure) {
    const Loop& loop = loop_at(i);
    LoopState& state = *at(i).loop;
    ++state.failed;
    if (loop.on_item_error == OnError::kContinue || state.failure) return;
    state.failure = failure;
    state.failure->message = fmt::format("Item {}: {}", index + 1, failure.message);
    stop_lanes(i);
}

void Machine::stop_lanes(StepIndex i) {
    const Loop& loop = loop_at(i);
    for (LaneIndex lane = loop.first_lane; lane < loop.first_lane + loop.lanes; ++lane)
        if (lane_at(lane).iteration != kIdle && !lane_at(lane).is_stopping) stop_lane(lane);
}

void Machine::stop_lane(LaneIndex lane) {
    lane_at(lane).is_stopping = true;
    const Lane& in = lane_plan(lane);
    for (StepIndex i = in.first; i < in.first + in.count; ++i) {
        drop(i);
        if (plan_at(i).loop) stop_lanes(i);
    }
}

void Machine::free_lane(LaneIndex lane) {
    const Lane& in = lane_plan(lane);
    for (StepIndex i = in.first; i < in.first + in.count; ++i) {
        if (!plan_at(i).loop) continue;
        for (LaneIndex inner = loop_at(i).first_lane; inner < loop_at(i).first_lane + loop_at(i).lanes;
             ++inner)
            if (lane_at(inner).iteration != kIdle) free_lane(inner);
    }
    emit(EndItem{lane, lane_at(lane).iteration, lane_at(lane).failure});
    lane_at(lane) = {};
}

bool Machine::is_quiet(LaneIndex lane) const {
    const Lane& in = lane_plan(lane);
    for (StepIndex i = in.first; i < in.first + in.count; ++i) {
        if (!is_through(at(i).phase)) return false;
        if (!plan_at(i).loop) continue;
        for (LaneIndex inner = loop_at(i).first_lane; inner < loop_at(i).first_lane + loop_at(i).lanes;
             ++inner)
            if (lane_at(inner).iteration != kIdle && !is_quiet(inner)) return false;
    }
    return true;
}

bool Machine::is_stopping_around(StepIndex i) const {
    for (LaneIndex lane = plan_at(i).lane; lane != kNoLane; lane = plan_at(lane_plan(lane).loop).lane)
        if (lane_at(lane).is_stopping) return true;
    return false;
}

}  // namespace weft::runstate
