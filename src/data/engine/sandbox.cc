#include "data/engine/detail/driver.h"

#include <algorithm>
#include <unordered_map>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;

rt::Task<Result<std::optional<isolation::Reply>>> Driver::ask(
    std::vector<protocol::Request> requests, Index step, rt::Deadline by
) {
    if (!session_.is_open()) {
        CO_CHECK_OK(co_await take_sandbox());
        if (!session_.is_open()) co_return std::nullopt;
    }
    auto reply = co_await session_.ask(std::move(requests), std::move(by));
    release_charges();
    if (reply) {
        record_.keep_logs(std::move(reply->logs), step);
        co_return std::move(*reply);
    }
    CO_CHECK_OK(co_await sandbox_failed(std::move(reply).error()));
    co_return std::nullopt;
}

/// Answers are charged while the sandbox is yet to be told of them, or the journal.
void Driver::release_charges() {
    if (!session_.has_frames() && !record_.has_values()) charges_.clear();
}

rt::Task<Result<void>> Driver::take_sandbox() {
    if (!run_.job.has_slot) {
        auto back = co_await come_back();
        if (!back && run_.job.cancel && !run_.job.scope.is_cancelled()) co_return Result<void>{};
        if (!back && back.error().code == Code::kUnavailable) {
            co_return co_await give_back(JobFate::kPostpone, 1s);
        }
        CO_CHECK_OK(back);
    }
    auto started = co_await session_.open();
    if (started) co_return started;
    if (run_.job.scope.is_cancelled()) co_return fail(std::move(started).error());
    // The host's trouble, not the run's.
    run_.deps.log.warn("no sandbox", {{"run_id", run_.id}, {"detail", started.error().detail}});
    co_return co_await give_back(JobFate::kPostpone, 1s);
}

/// Until when a run with nothing to do keeps its slot.
std::optional<Steady> Driver::slot_until() const {
    if (run_.deps.slots == nullptr || !run_.job.has_slot || calls_.unsent() > 0) return std::nullopt;
    return session_.used_at() + run_.options.slot_patience;
}

/// What is kept meanwhile: the state, requests that may be repeated, and answers as they come.
void Driver::leave_slot() {
    session_.leave();
    charges_.clear();
    for (Slot& mine : slots_) mine.is_stored = mine.is_recorded || !mine.opened.empty();
    run_.deps.slots->leave(run_.job);
}

/// Waits for a slot, then makes ready what a new sandbox is told: as after a crash, from the journal.
rt::Task<Result<void>> Driver::come_back() {
    CO_CHECK_OK(co_await run_.deps.slots->enter(run_.job));
    session_.touch();
    store::queue::Lease all = run_.job.claimed.lease;
    all.epoch = std::max<std::int64_t>(all.epoch, 2);  // of a first claim only the inputs would be read
    std::vector<store::queue::Lease> leases{all};
    const rt::Deadline by = run_.job.scope.deadline(10s);
    CO_TRY(auto loaded, co_await store::runs::load(run_.deps.pool, std::move(leases), run_.now(), by));
    if (loaded.empty()) co_return fail(Error::unavailable("Try again", "the run is not in the database"));
    CO_CHECK_OK(co_await open_values(std::move(loaded.front().payloads), Which::kStored));
    std::unordered_map<std::string_view, const store::runs::StepRun*> rows;
    for (const auto& row : loaded.front().steps) rows[row.step] = &row;
    const std::string since = session_.take_frames();
    for (std::size_t i = 0; i < run_.count(); ++i) {
        auto row = rows.find(run_.prepared->workflow.steps()[i].id);
        if (!slots_[i].is_stored || row == rows.end()) continue;
        session_.put(
            static_cast<Index>(i), row->second->state, slots_[i].output, row->second->error.value_or("")
        );
        slots_[i].output = {};
    }
    session_.add_frames(since);
    co_return Result<void>{};
}

/// The sandbox's values are gone with it. Its own limits end the run; a death for other reasons gives the run
/// another chance from its journal, as a crashed worker would.
rt::Task<Result<void>> Driver::sandbox_failed(Error error) {
    if (run_.job.scope.is_cancelled()) co_return fail(std::move(error));
    if (run_.job.cancel) co_return Result<void>{};  // killed for that: turn() goes on from here
    switch (error.code) {
        case Code::kLimit:
        case Code::kTimeout: {
            std::string message = error.user.empty() ? "The sandbox reached its limits" : error.user;
            apply(SandboxLost{{FailureKind::kLimit, std::move(message)}});
            co_return Result<void>{};
        }
        default:
            break;
    }
    run_.deps.log.warn(
        "sandbox died", {{"run_id", run_.id}, {"tenant_id", run_.tenant}, {"detail", error.detail}}
    );
    if (run_.job.claimed.crashes + 1 < run_.options.crashes_max) {
        co_return co_await give_back(JobFate::kCrash, Millis(100) * (run_.job.claimed.crashes + 1));
    }
    is_buried_ = true;
    apply(SandboxLost{{FailureKind::kPlatform, "The run's sandbox died repeatedly"}});
    co_return Result<void>{};
}

}  // namespace weft::engine
