#include "data/engine/detail/driver.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;
using store::runs::ValueSlot;

rt::Task<Result<std::optional<isolation::Reply>>> Driver::ask(
    std::vector<protocol::Request> requests, Index step, rt::Deadline by
) {
    CO_TRY(const bool is_ready, co_await open_session());
    if (!is_ready) co_return std::nullopt;
    auto reply = co_await session_.ask(std::move(requests), std::move(by));
    charge(step, session_.take_used());
    release_charges();
    if (reply) {
        record_.keep_logs(std::move(reply->logs), step);
        co_return std::move(*reply);
    }
    CO_CHECK_OK(co_await sandbox_failed(std::move(reply).error(), step));
    co_return std::nullopt;
}

void Driver::charge(Index step, const store::runs::Used& used) {
    run_.used += used;
    if (step != kRun) slot(step).used += used;
}

/// Before a request is made up: loops' items may have to be read for it. False when there is no sandbox.
rt::Task<Result<bool>> Driver::open_session() {
    if (!session_.is_open()) {
        CO_CHECK_OK(co_await take_sandbox());
        if (!session_.is_open()) co_return false;
    }
    CO_CHECK_OK(co_await read_back_loops(run_.job.scope.deadline(10s)));
    co_return true;
}

/// Answers are charged while the sandbox is yet to be told of them, or the journal.
void Driver::release_charges() {
    if (!session_.has_frames() && !record_.has_values()) charges_.clear();
}

rt::Task<Result<void>> Driver::take_sandbox() {
    if (!run_.job.has_slot) {
        auto back = co_await come_back();
        if (!back && run_.job.has_unheard_cancel() && !run_.job.scope.is_cancelled())
            co_return Result<void>{};
        if (!back && back.error().code == Code::kUnavailable) {
            co_return co_await give_back(JobFate::kPostpone, 1s);
        }
        CO_CHECK_OK(back);
    }
    if (has_lost_values_) {
        auto restored = co_await restore_values();
        if (!restored && restored.error().code == Code::kUnavailable && !run_.job.scope.is_cancelled())
            co_return co_await give_back(JobFate::kPostpone, 1s);
        CO_CHECK_OK(restored);
        if (end_) co_return Result<void>{};
    }
    auto started = co_await session_.open();
    if (started) co_return started;
    if (run_.job.scope.is_cancelled()) co_return fail(std::move(started).error());
    // The host's trouble, not the run's.
    run_.deps.log.warn("no sandbox", {{"run_id", run_.id}, {"detail", started.error().detail}});
    co_return co_await give_back(JobFate::kPostpone, 1s);
}

void Driver::close_session() {
    session_.close();
    charge(kRun, session_.take_used());
}

/// Until when a run with nothing to do keeps its slot.
std::optional<Steady> Driver::slot_until() const {
    if (run_.deps.slots == nullptr || !run_.job.has_slot || calls_.unsent() > 0) return std::nullopt;
    return session_.used_at() + run_.options.slot_patience;
}

/// What is kept meanwhile: the state, requests that may be repeated, and answers as they come.
void Driver::leave_slot() {
    session_.leave();
    charge(kRun, session_.take_used());
    charges_.clear();
    lose_values();
    for (auto& [step, loop] : loops_) loop.leave();
    run_.deps.slots->leave(run_.job);
}

/// The sandbox had them; from here on they are in the database only.
void Driver::lose_values() {
    for (Slot& mine : slots_) mine.is_stored = mine.recorded.has_value();
    has_lost_values_ = true;
}

/// Waits for a slot, then makes ready what a new sandbox is told: as after a crash, from the journal.
rt::Task<Result<void>> Driver::come_back() {
    CO_CHECK_OK(co_await run_.deps.slots->enter(run_.job));
    session_.touch();
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::restore_values() {
    if (record_.has_rows() || record_.has_values()) {
        CO_CHECK_OK(co_await flush(JobFate::kKeep, RunStatus::kRunning));
        if (end_) co_return Result<void>{};
    }
    CO_CHECK_OK(co_await read_back(run_.job.scope.deadline(10s)));
    has_lost_values_ = false;
    const std::string since = session_.take_frames();
    for (std::size_t i = 0; i < run_.count(); ++i) {
        const auto step = static_cast<Index>(i);
        if (run_.iteration(step) == kIdle) continue;
        if (!slots_[i].opened.empty() && !slots_[i].recorded)
            session_.put(step, StepStatus::kWaiting, slots_[i].opened, "");
        if (!slots_[i].is_stored) continue;
        session_.put(step, *slots_[i].recorded, slots_[i].output, slots_[i].error);
        slots_[i].output = {};
    }
    session_.add_frames(since);
    co_return Result<void>{};
}

/// The values of the run and of steps that are through, from the database.
rt::Task<Result<void>> Driver::read_back(rt::Deadline by) {
    std::unordered_map<std::string, std::string*> wanted{
        {ValueSlot::input().text(), &session_.input}, {ValueSlot::trigger().text(), &session_.trigger}
    };
    std::vector<ValueSlot> slots{ValueSlot::input(), ValueSlot::trigger()};
    for (std::size_t i = 0; i < run_.count(); ++i) {
        const auto step = static_cast<Index>(i);
        if (!slots_[i].is_stored || slots_[i].recorded != StepStatus::kSuccess) continue;
        if (run_.iteration(step) == kIdle) continue;
        slots.push_back(run_.output_slot(step));
        wanted.emplace(slots.back().text(), &slots_[i].output);
    }
    CO_TRY(
        auto found,
        co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
    );
    for (auto& payload : found) {
        const auto to = wanted.find(payload.slot.text());
        if (to == wanted.end()) continue;
        CO_TRY(*to->second, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(payload), by));
    }
    co_return Result<void>{};
}

/// The sandbox's values are gone with it. Its own limits end the run; a death for other reasons gives the run
/// another chance from its journal, as a crashed worker would.
rt::Task<Result<void>> Driver::sandbox_failed(Error error, Index step) {
    if (run_.job.scope.is_cancelled()) co_return fail(std::move(error));
    if (run_.job.has_unheard_cancel()) co_return Result<void>{};  // killed for that: turn() goes on from here
    switch (error.code) {
        case Code::kLimit:
        case Code::kTimeout: {
            std::string message = error.user.empty() ? "The sandbox reached its limits" : error.user;
            lose_values();
            apply(SandboxLost{.failure = {FailureKind::kLimit, std::move(message)}, .step = step});
            co_return Result<void>{};
        }
        default:
            break;
    }
    run_.deps.log.warn(
        "sandbox died", {{"run_id", run_.id}, {"tenant_id", run_.tenant}, {"detail", error.detail}}
    );
    if (record_.crashes() + 1 < run_.options.crashes_max) {
        co_return co_await give_back(JobFate::kCrash, Millis(100) * (record_.crashes() + 1));
    }
    is_buried_ = true;
    apply(SandboxLost{.failure = {FailureKind::kPlatform, "The run's sandbox died repeatedly"}});
    co_return Result<void>{};
}

}  // namespace weft::engine
