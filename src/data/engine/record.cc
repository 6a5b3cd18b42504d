#include "data/engine/detail/record.h"

#include <algorithm>

namespace weft::engine {

using namespace runstate;
using store::runlog::Level;
using store::runs::EventKind;
using store::runs::JobFate;
using store::runs::ValueSlot;

namespace {

Level level_of(protocol::Level said) {
    switch (said) {
        case protocol::Level::kDebug:
            return Level::kDebug;
        case protocol::Level::kInfo:
            return Level::kInfo;
        case protocol::Level::kWarn:
            return Level::kWarn;
        case protocol::Level::kError:
            return Level::kError;
    }
    return Level::kError;  // a sandbox may say anything
}

bool has_ended(const store::runs::StepWrite& step) {
    return is_terminal(step.state);
}

}  // namespace

void set_failure(store::runs::StepWrite& row, const Failure& failure, const Place& place) {
    row.failure_kind = failure.kind;
    row.error = error_json(failure, place);
}

store::runs::StepWrite& Record::step(Index index, int attempt, std::optional<Instant> started_at) {
    const std::string& id = run_.step(index).id;
    const Iteration iteration = run_.iteration(index);
    touch();
    auto found = std::ranges::find_if(batch_.steps, [&](const store::runs::StepWrite& row) {
        return row.iteration == iteration && row.step == id;
    });
    if (found == batch_.steps.end()) {
        const Index position = run_.plan().definition_of(index);
        found = batch_.steps.insert(
            batch_.steps.end(), {.step = id, .iteration = iteration, .position = position}
        );
    }
    found->attempt = attempt;
    found->started_at = started_at;
    found->failure_kind.reset();
    found->error.reset();
    return *found;
}

void Record::keep_value(ValueSlot slot, std::string json) {
    auto found = std::ranges::find(values_, slot, &std::pair<ValueSlot, std::string>::first);
    value_bytes_ += json.size();
    if (found != values_.end()) {
        value_bytes_ -= found->second.size();
        found->second = std::move(json);
    } else {
        values_.emplace_back(std::move(slot), std::move(json));
    }
}

void Record::keep_answer(ValueSlot slot, std::string json) {
    if (run_.job.claimed.is_awaited && !has_answered_) batch_.answer = slot;
    has_answered_ = true;
    keep_value(std::move(slot), std::move(json));
}

void Record::note(EventKind kind, std::optional<Index> step, JsonObject detail) {
    store::runs::EventWrite event{.at = run_.now(), .kind = kind, .detail = to_text(detail)};
    if (step) event.step = run_.step(*step).id;
    if (step) event.iteration = run_.iteration(*step);
    batch_.events.push_back(std::move(event));
    touch();
}

void Record::note_cancel(const store::queue::Cancel& cancel) {
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
    note(EventKind::kCanceled, std::nullopt, std::move(detail));
    log(Level::kWarn, std::nullopt, std::move(line));
}

void Record::note_wait(const JournalWait& wait, const Place& place) {
    JsonObject detail;
    detail["attempt"] = wait.attempt;
    detail["until"] = wait.until.time_since_epoch().count();
    if (wait.excused != Excused{}) {
        detail["excused"] = JsonObject{
            {"attempts", wait.excused.attempts},
            {"waits", wait.excused.waits},
            {"asked_ms", wait.excused.asked.count()},
        };
    }
    if (wait.failure) {
        auto error = parse_json(error_json(*wait.failure, place));
        if (error) detail["error"] = *std::move(error);
    }
    note(EventKind::kWait, wait.step, std::move(detail));
}

void Record::drop_wait(store::runs::WaitRef wait) {
    batch_.dropped.push_back(std::move(wait));
    touch();
}

void Record::log(Level level, std::optional<Index> step, std::string text, std::string fields) {
    LogText kept = log_text(std::move(text), std::move(fields));
    store::runs::LogWrite line{
        .at = run_.now(),
        .level = level,
        .message = std::move(kept.message),
        .fields = std::move(kept.fields),
    };
    if (step) line.step = run_.step(*step).id;
    if (step) line.iteration = run_.iteration(*step);
    batch_.logs.push_back(std::move(line));
    touch();
}

void Record::mark(store::runs::Mark mark) {
    batch_.marks.push_back(std::move(mark));
    touch();
}

void Record::keep_logs(std::vector<protocol::Log> logs, Index step) {
    for (protocol::Log& line : logs) {
        if (lines_ >= limits::kLogLinesPerRunMax) return;
        ++lines_;
        std::optional<Index> of;
        if (step != kRun) of = step;
        log(level_of(line.level), of, std::move(line.text), std::move(line.fields));
    }
}

void Record::fail(const Failure& failure, const Place& place) {
    batch_.failure_kind = failure.kind;
    batch_.error = error_json(failure, place);
}

void Record::finish(RunStatus status, std::optional<std::string> failed_step, bool is_poison) {
    JsonObject detail;
    if (failed_step) detail["step"] = *failed_step;
    detail["state"] = name(status);
    note(EventKind::kFinished, std::nullopt, std::move(detail));
    batch_.failed_step = std::move(failed_step);
    batch_.is_poison = is_poison;
    batch_.finished_at = run_.now();
}

void Record::drop() {
    batch_ = store::runs::Entry{.marks = std::move(batch_.marks)};
    parent_answer_.reset();
    values_.clear();
    value_bytes_ = 0;
}

int Record::crashes() const {
    return std::ranges::any_of(batch_.steps, has_ended) ? 0 : crashes_;
}

void Record::touch() {
    if (!dirty_since_) dirty_since_ = run_.deps.clock.steady();
}

rt::Task<Result<void>> Record::seal() {
    const rt::Deadline by = run_.job.scope.deadline(30s);
    for (auto& [slot, json] : values_) {
        CO_TRY(
            auto sealed,
            co_await run_.deps.codec.seal(run_.tenant, run_.id, std::move(slot), std::move(json), by)
        );
        batch_.payloads.push_back(std::move(sealed));
    }
    values_.clear();
    value_bytes_ = 0;
    const auto& parent = run_.job.claimed.parent;
    if (!parent || !parent_answer_) co_return Result<void>{};
    auto slot = store::runs::ValueSlot::answer_of(parent->step, parent->iteration);
    CO_TRY(
        batch_.parent_answer,
        co_await run_.deps.codec.seal(
            run_.tenant, parent->run, std::move(slot), *std::exchange(parent_answer_, {}), by
        )
    );
    co_return Result<void>{};
}

rt::Task<Result<void>> Record::write(JobFate fate, RunStatus status, Millis park_for) {
    store::runs::Entry entry = std::exchange(batch_, {});
    entry.lease = run_.job.claimed.lease;
    entry.workflow = run_.job.claimed.workflow;
    entry.is_first_lease = entry.lease.epoch == 1;
    entry.state = status;
    entry.tier = std::string(isolation::name(run_.deps.sandboxes.tier()));
    if (run_.prepared->is_shared) *entry.tier += ", shared";
    entry.started_at = run_.started_at;
    entry.used = run_.used;
    entry.is_gated = run_.job.claimed.is_gated;
    entry.has_crashed = crashes_ > 0;
    if (std::ranges::any_of(entry.steps, has_ended)) crashes_ = 0;
    entry.may_wait = run_.prepared->workflow.has_waits();
    entry.may_have_parent = run_.job.claimed.parent.has_value();
    entry.fate = fate;
    entry.park_for = park_for;
    entry.events_before = events_written_;
    entry.logs_before = logs_written_;
    events_written_ += static_cast<std::int64_t>(entry.events.size());
    logs_written_ += static_cast<std::int64_t>(entry.logs.size());
    dirty_since_.reset();
    co_return co_await run_.deps.journal.write(std::move(entry), run_.job.scope.forever());
}

}  // namespace weft::engine
