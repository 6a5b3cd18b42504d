#include "data/engine/detail/driver.h"

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;
using store::runs::ValueSlot;

store::runs::StepWrite& Driver::row_of(Index step) {
    const int attempt = state_.steps.empty() ? 0 : state_.steps[static_cast<std::size_t>(step)].attempt;
    auto& row = record_.step(step, attempt, slot(step).started_at);
    row.used = slot(step).used;
    return row;
}

rt::Task<Result<void>> Driver::on(JournalIntent command) {
    if (!is_in(command.step, Phase::kIntent)) co_return Result<void>{};
    auto& row = row_of(command.step);
    row.state = StepStatus::kRunning;
    row.attempt = command.attempt;
    row.idempotency_key = run_.idempotency_key(command.step);
    row.intent_at = run_.now();
    slot(command.step).running_row = command.attempt;
    CO_CHECK_OK(co_await flush(JobFate::kKeep, RunStatus::kRunning));
    if (!end_) apply(IntentJournaled{.step = command.step, .attempt = command.attempt});
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(JournalWait command) {
    auto& row = row_of(command.step);
    row.state = StepStatus::kWaiting;
    row.attempt = command.attempt;
    if (command.failure) set_failure(row, *command.failure, slot(command.step).place);
    slot(command.step).opened = {};  // what answered is over
    record_.note_wait(command, slot(command.step).place);
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(JournalResult command) {
    Slot& mine = slot(command.step);
    if (command.status != StepStatus::kSuccess) mine.unread.reset();
    auto read = co_await read_answer(command.step);
    if (read && !*read) {
        commands_.emplace_front(std::move(command));
        co_return Result<void>{};
    }
    if (!read && run_.job.scope.is_cancelled()) co_return fail(std::move(read).error());
    if (!read) {
        run_.deps.log.error("answer does not open", {{"run_id", run_.id}, {"detail", read.error().detail}});
        co_return co_await fail_plainly({FailureKind::kPlatform, "An answer could not be read"}, {});
    }
    auto& row = row_of(command.step);
    row.state = command.status;
    row.attempt = command.attempt;
    if (command.status != StepStatus::kSkipped) row.finished_at = run_.now();
    if (run_.plan(command.step).kind == StepKind::kCall && command.attempt > 0) {
        row.idempotency_key = run_.idempotency_key(command.step);
    }
    if (command.failure) set_failure(row, *command.failure, mine.place);
    mine.recorded = command.status;
    mine.error = row.error.value_or("");
    co_await calls_.join(command.step);  // the answer was its last act, but it may not have returned yet
    row.used = mine.used;
    if (command.status != StepStatus::kSkipped) ++run_.used.steps;
    if (!mine.is_kept) session_.put(command.step, command.status, mine.output, mine.error);
    keep_result(command.step);
    if (command.fails_item) keep_error(command.step, *command.failure);
    if (command.status == StepStatus::kSuccess && !mine.output.empty()) {
        record_.keep_value(run_.output_slot(command.step), std::move(mine.output));
    }
    if (run_.plan(command.step).loop) loops_.erase(command.step);
    if (mine.charge.bytes() > 0) charges_.push_back(std::move(mine.charge));
    mine.input = {};
    mine.output = {};
    mine.request.reset();
    if (run_.plan(command.step).kind == StepKind::kWait) unburden();
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(Respond command) {
    record_.keep_answer(ValueSlot::response(), slot(command.step).output);
    is_urgent_ = true;
    record_.touch();
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(Park command) {
    if (state_.stage != Stage::kParked) co_return Result<void>{};  // asked to stop meanwhile
    // What is known to be answered and was not read is due at once: the database's own note of it is gone.
    const Instant until = run_.job.is_signaled ? run_.now() : command.until;
    const auto left = std::chrono::ceil<Millis>(until - run_.now());
    co_await calls_.close();
    close_session();
    co_return co_await flush(JobFate::kPark, RunStatus::kWaiting, std::max(left, Millis(0)));
}

rt::Task<Result<void>> Driver::on(Finish command) {
    close_session();
    record_rest();
    if (command.status == RunStatus::kSuccess) {
        if (run_.job.claimed.parent)
            record_.answer_parent(output_.empty() ? "null" : output_, std::move(passed_));
        if (!output_.empty()) record_.keep_answer(ValueSlot::output(), std::move(output_));
    }
    std::optional<std::string> failed_step;
    if (command.failure) {
        const bool is_of_step = command.step != kRun;
        record_.fail(*command.failure, is_of_step ? slot(command.step).place : Place{});
        if (is_of_step) failed_step = run_.step(command.step).id;
        if (command.status == RunStatus::kFailed)
            CO_CHECK_OK(co_await begin_handler(*command.failure, command.step));
    }
    record_.finish(command.status, std::move(failed_step), is_buried_);
    co_return co_await flush(JobFate::kFinish, command.status);
}

/// What is under way, for people who watch: only in a flush that happens anyway.
void Driver::record_running() {
    for (std::size_t i = 0; i < state_.steps.size(); ++i) {
        const auto step = static_cast<Index>(i);
        const StepState& now_in = state_.steps[i];
        if (now_in.phase != Phase::kCalling && now_in.phase != Phase::kCoding) continue;
        if (slot(step).running_row == now_in.attempt) continue;
        slot(step).running_row = now_in.attempt;
        row_of(step).state = StepStatus::kRunning;
    }
}

/// At the end: what never came to a result (canceled, never begun).
void Driver::record_rest() {
    for (std::size_t i = 0; i < state_.steps.size(); ++i) {
        const auto step = static_cast<Index>(i);
        if (slot(step).recorded || run_.iteration(step) == kIdle) continue;
        auto& row = row_of(step);
        const StepStatus status = state_.steps[i].status();
        row.state = is_terminal(status) ? status : StepStatus::kCanceled;
        if (slot(step).started_at) row.finished_at = run_.now();
        if (const auto& failure = state_.steps[i].failure) set_failure(row, *failure, slot(step).place);
    }
}

/// Writes what was recorded, and what happens to the job; with a fate other than kKeep the run is over here.
rt::Task<Result<void>> Driver::flush(JobFate fate, RunStatus status, Millis park_for) {
    if (auto sealed = co_await record_.seal(); !sealed) {
        if (run_.job.scope.is_cancelled()) co_return sealed;
        // Without its values the run cannot go on; the lease lapses and a later try may find the key again.
        run_.deps.log.error("payload not sealed", {{"run_id", run_.id}, {"detail", sealed.error().detail}});
        co_return sealed;
    }
    release_charges();
    is_urgent_ = false;
    auto written = co_await record_.write(fate, status, park_for);
    if (written) {
        if (fate != JobFate::kKeep) end_ = fate == JobFate::kFinish ? End::kFinished : End::kParked;
        co_return Result<void>{};
    }
    if (written.error().code != Code::kInternal && written.error().code != Code::kConflict) co_return written;
    // A row that the database refuses is our bug; the run must still end, and say so.
    run_.deps.log.error("journal refused", {{"run_id", run_.id}, {"detail", written.error().detail}});
    if (fate == JobFate::kFinish && is_buried_) co_return written;
    is_buried_ = true;
    co_return co_await fail_plainly({FailureKind::kPlatform, "The run could not be recorded"}, {});
}

/// Back to the queue, with what is journaled so far.
rt::Task<Result<void>> Driver::give_back(JobFate fate, Millis delay) {
    co_await calls_.close();
    close_session();
    co_return co_await flush(fate, RunStatus::kRunning, delay);
}

/// Ends the run as failed with nothing but the reason.
rt::Task<Result<void>> Driver::fail_plainly(Failure failure, Place place) {
    record_.drop();
    record_.fail(failure, place);
    CO_CHECK_OK(co_await begin_handler(failure, kRun));
    if (state_.stage == Stage::kNew && run_.job.claimed.lease.epoch == 1) {
        for (Index i = 0; static_cast<std::size_t>(i) < run_.count() && run_.plan(i).lane == kNoLane; ++i) {
            row_of(i).state = StepStatus::kNotReached;
        }
    }
    record_.finish(RunStatus::kFailed, {}, is_buried_);
    co_return co_await flush(JobFate::kFinish, RunStatus::kFailed);
}

}  // namespace weft::engine
