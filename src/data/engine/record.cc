#include "data/engine/detail/driver.h"

#include <algorithm>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;

namespace {

std::string wait_detail(const JournalWait& wait, const Place& place) {
    JsonObject detail;
    detail["attempt"] = wait.attempt;
    detail["until"] = wait.until.time_since_epoch().count();
    if (wait.failure) {
        auto error = parse_json(error_json(*wait.failure, place));
        if (error) detail["error"] = *std::move(error);
    }
    return to_text(detail);
}

}  // namespace

/// The batch's row of a step, with what every row of it says.
store::runs::StepWrite& Driver::row_of(Index step) {
    const std::string& id = step_at(step).id;
    if (!dirty_since_) dirty_since_ = deps_.clock.steady();
    auto found = std::ranges::find(batch_.steps, id, &store::runs::StepWrite::step);
    if (found == batch_.steps.end()) {
        found = batch_.steps.insert(batch_.steps.end(), store::runs::StepWrite{.step = id, .position = step});
    }
    found->attempt = state_.steps.empty() ? 0 : state_.steps[static_cast<std::size_t>(step)].attempt;
    found->started_at = slot(step).started_at;
    found->failure_kind.reset();
    found->error.reset();
    return *found;
}

void Driver::keep_value(std::string slot, std::string json) {
    auto found = std::ranges::find(values_, slot, &std::pair<std::string, std::string>::first);
    if (found != values_.end()) {
        found->second = std::move(json);
    } else {
        values_.emplace_back(std::move(slot), std::move(json));
    }
}

void Driver::note(std::string kind, std::optional<Index> step, JsonObject detail) {
    store::runs::EventWrite event{
        .at = now(), .kind = std::move(kind), .step = {}, .detail = to_text(detail)
    };
    if (step) event.step = step_at(*step).id;
    batch_.events.push_back(std::move(event));
    if (!dirty_since_) dirty_since_ = deps_.clock.steady();
}

void Driver::note_cancel(const store::queue::Cancel& cancel) {
    JsonObject detail;
    std::string line = "Canceled";
    if (!cancel.by.empty()) {
        detail["by"] = clean_text(cancel.by, 1024);
        line += " by " + cancel.by;
    }
    if (!cancel.reason.empty()) {
        detail["reason"] = clean_text(cancel.reason, 1024);
        line += ": " + cancel.reason;
    }
    note("canceled", std::nullopt, std::move(detail));
    log("warn", std::nullopt, std::move(line));
}

/// A line of ours among those that the workflow writes; its limit is not theirs.
void Driver::log(std::string_view level, std::optional<Index> step, std::string text) {
    store::runs::LogWrite line{
        .at = now(), .level = level, .step = {}, .message = clean_text(text, limits::kLogLineBytesMax)
    };
    if (step) line.step = step_at(*step).id;
    batch_.logs.push_back(std::move(line));
    if (!dirty_since_) dirty_since_ = deps_.clock.steady();
}

rt::Task<Result<void>> Driver::on(JournalIntent command) {
    if (!is_in(command.step, Phase::kIntent)) co_return Result<void>{};
    auto& row = row_of(command.step);
    row.state = name(StepStatus::kRunning);
    row.attempt = command.attempt;
    row.idempotency_key = idempotency_key(run_, step_at(command.step).id);
    row.intent_at = now();
    slot(command.step).running_row = command.attempt;
    CO_CHECK_OK(co_await flush(JobFate::kKeep, RunStatus::kRunning));
    if (!end_) apply(IntentJournaled{command.step, command.attempt});
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(JournalWait command) {
    auto& row = row_of(command.step);
    row.state = name(StepStatus::kWaiting);
    row.attempt = command.attempt;
    if (command.failure) {
        row.failure_kind = std::string(name(command.failure->kind));
        row.error = error_json(*command.failure, slot(command.step).place);
    }
    store::runs::EventWrite event{.at = now(), .kind = "wait", .step = step_at(command.step).id};
    event.detail = wait_detail(command, slot(command.step).place);
    batch_.events.push_back(std::move(event));
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(JournalResult command) {
    Slot& mine = slot(command.step);
    auto& row = row_of(command.step);
    row.state = name(command.status);
    row.attempt = command.attempt;
    if (command.status != StepStatus::kSkipped) row.finished_at = now();
    if (plan_at(command.step).kind == StepKind::kCall && command.attempt > 0) {
        row.idempotency_key = idempotency_key(run_, step_at(command.step).id);
    }
    if (command.failure) {
        row.failure_kind = std::string(name(command.failure->kind));
        row.error = error_json(*command.failure, mine.place);
    }
    mine.is_recorded = true;
    if (mine.call)
        co_await mine.call->join();  // the answer was its last act, but it may not have returned yet
    mine.call.reset();
    if (!mine.is_kept) put(command.step, row.state, mine.output, row.error.value_or(""));
    if (command.status == StepStatus::kSuccess && !mine.output.empty()) {
        keep_value("step." + step_at(command.step).id + ".output", std::move(mine.output));
    }
    if (mine.charge.bytes() > 0) charges_.push_back(std::move(mine.charge));
    mine.input = {};
    mine.output = {};
    mine.request.reset();
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(Respond command) {
    keep_value("response", slot(command.step).output);
    is_urgent_ = true;
    if (!dirty_since_) dirty_since_ = deps_.clock.steady();
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(Park command) {
    if (state_.stage != Stage::kParked) co_return Result<void>{};  // asked to stop meanwhile
    const auto left = std::chrono::ceil<Millis>(command.until - now());
    co_await close_calls();
    sandbox_.reset();
    co_return co_await flush(JobFate::kPark, RunStatus::kWaiting, std::max(left, Millis(0)));
}

rt::Task<Result<void>> Driver::on(Finish command) {
    sandbox_.reset();
    record_rest();
    if (command.status == RunStatus::kSuccess && !output_.empty()) keep_value("output", std::move(output_));
    JsonObject detail;
    detail["state"] = name(command.status);
    if (command.failure) {
        batch_.failure_kind = std::string(name(command.failure->kind));
        Place place = command.step == kRun ? Place{} : slot(command.step).place;
        batch_.error = error_json(*command.failure, place);
        if (command.step != kRun) detail["step"] = step_at(command.step).id;
    }
    note("finished", std::nullopt, std::move(detail));
    batch_.is_dead_letter = is_buried_;
    batch_.finished_at = now();
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
        row_of(step).state = name(StepStatus::kRunning);
    }
}

/// At the end: what never came to a result (canceled, never begun).
void Driver::record_rest() {
    for (std::size_t i = 0; i < state_.steps.size(); ++i) {
        const auto step = static_cast<Index>(i);
        if (slot(step).is_recorded) continue;
        auto& row = row_of(step);
        row.state = is_terminal(state_.steps[i].status()) ? name(state_.steps[i].status())
                                                          : name(StepStatus::kCanceled);
        if (slot(step).started_at) row.finished_at = now();
        if (const auto& failure = state_.steps[i].failure) {
            row.failure_kind = std::string(name(failure->kind));
            row.error = error_json(*failure, slot(step).place);
        }
    }
}

rt::Task<Result<void>> Driver::seal_values() {
    const rt::Deadline by = job_.scope.deadline(30s);
    for (auto& [slot, json] : values_) {
        CO_TRY(auto sealed, co_await deps_.codec.seal(tenant_, run_, std::move(slot), std::move(json), by));
        batch_.payloads.push_back(std::move(sealed));
    }
    values_.clear();
    if (frames_.empty()) charges_.clear();
    co_return Result<void>{};
}

/// Writes the batch and what happens to the job; with a fate other than kKeep the run is over here.
rt::Task<Result<void>> Driver::flush(JobFate fate, RunStatus status, Millis park_for) {
    if (auto sealed = co_await seal_values(); !sealed) {
        if (job_.scope.is_cancelled()) co_return sealed;
        // Without its values the run cannot go on; the lease lapses and a later try may find the key again.
        deps_.log.error("payload not sealed", {{"run_id", run_}, {"detail", sealed.error().detail}});
        co_return sealed;
    }
    store::runs::Entry entry = std::exchange(batch_, {});
    entry.lease = job_.claimed.lease;
    entry.workflow = job_.claimed.workflow;
    entry.state = name(status);
    entry.tier = std::string(isolation::name(deps_.sandboxes.health().tier));
    entry.started_at = started_at_;
    entry.fate = fate;
    entry.park_for = park_for;
    entry.events_before = events_written_;
    entry.logs_before = logs_written_;
    events_written_ += static_cast<std::int64_t>(entry.events.size());
    logs_written_ += static_cast<std::int64_t>(entry.logs.size());
    dirty_since_.reset();
    is_urgent_ = false;
    auto written = co_await deps_.journal.write(std::move(entry), job_.scope.forever());
    if (written) {
        if (fate != JobFate::kKeep) end_ = fate == JobFate::kFinish ? End::kFinished : End::kParked;
        co_return Result<void>{};
    }
    if (written.error().code != Code::kInternal && written.error().code != Code::kConflict) co_return written;
    // A row that the database refuses is our bug; the run must still end, and say so.
    deps_.log.error("journal refused", {{"run_id", run_}, {"detail", written.error().detail}});
    if (fate == JobFate::kFinish && is_buried_) co_return written;
    is_buried_ = true;
    co_return co_await fail_plainly({FailureKind::kPlatform, "The run could not be recorded"}, {});
}

/// Back to the queue, with what is journaled so far.
rt::Task<Result<void>> Driver::give_back(JobFate fate, Millis delay) {
    co_await close_calls();
    sandbox_.reset();
    co_return co_await flush(fate, RunStatus::kRunning, delay);
}

/// Ends the run as failed with nothing but the reason.
rt::Task<Result<void>> Driver::fail_plainly(Failure failure, Place place) {
    batch_ = {};
    values_.clear();
    batch_.failure_kind = std::string(name(failure.kind));
    batch_.error = error_json(failure, place);
    batch_.is_dead_letter = is_buried_;
    batch_.finished_at = now();
    if (state_.stage == Stage::kNew && job_.claimed.lease.epoch == 1) {
        for (std::size_t i = 0; i < count(); ++i) {
            row_of(static_cast<Index>(i)).state = name(StepStatus::kNotReached);
        }
    }
    JsonObject detail;
    detail["state"] = name(RunStatus::kFailed);
    note("finished", std::nullopt, std::move(detail));
    co_return co_await flush(JobFate::kFinish, RunStatus::kFailed);
}

}  // namespace weft::engine
