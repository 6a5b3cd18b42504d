#include "data/engine/detail/driver.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;
using store::runs::ValueSlot;

Driver::Driver(
    Deps& deps,
    const Options& options,
    Job& job,
    std::shared_ptr<const Prepared> prepared,
    telemetry::Histogram start_seconds
)
    : run_{deps,
           options,
           job,
           std::move(prepared),
           job.claimed.lease.tenant,
           job.claimed.lease.run,
           job.loaded.started_at.value_or(job.loaded.now),
           {},
           job.loaded.used},
      slots_(run_.count()),
      session_(run_, start_seconds),
      record_(run_),
      calls_(run_, [this](Index step, int attempt, broker::Response response) {
          return answered(step, attempt, std::move(response));
      }) {}

rt::Task<End> Driver::run() {
    auto driven = co_await drive();
    co_await calls_.close();
    session_.close();
    if (!driven) {
        run_.deps.log.debug("run let go", {{"run_id", run_.id}, {"why", driven.error().detail}});
        co_return End::kLost;
    }
    co_return end_.value_or(End::kLost);
}

rt::Task<Result<void>> Driver::drive() {
    if (is_terminal(run_.job.loaded.state)) {
        // The end is recorded, the job was left: take it away. The row of an ended run is not touched again.
        record_.finish_silently();
        co_return co_await flush(JobFate::kFinish, run_.job.loaded.state);
    }
    run_.lanes.assign(run_.plan().lanes.size(), kIdle);
    auto opened = co_await open_values(std::exchange(run_.job.loaded.payloads, {}));
    if (opened) opened = co_await read_resumed_items();
    if (!opened && run_.job.scope.is_cancelled()) co_return opened;
    if (!opened && opened.error().code == Code::kUnavailable)
        co_return co_await give_back(JobFate::kPostpone, 1s);
    if (!opened) {
        run_.deps.log.error(
            "payload does not open", {{"run_id", run_.id}, {"detail", opened.error().detail}}
        );
        co_return co_await fail_plainly({FailureKind::kPlatform, "The run's input could not be read"}, {});
    }
    if (auto marked = co_await mark(); !marked) {
        if (run_.job.scope.is_cancelled()) co_return marked;
        run_.deps.log.warn("no sandbox", {{"run_id", run_.id}, {"detail", marked.error().detail}});
        co_return co_await give_back(JobFate::kPostpone, 1s);
    }
    if (auto fits = co_await check_input(); !fits) {
        Place place{.field = fits.error().field};
        const bool is_limit = fits.error().code == Code::kLimit;
        Failure failure{
            is_limit ? FailureKind::kLimit : FailureKind::kWorkflow,
            misfit("The run's input does not fit the workflow", fits.error())
        };
        co_return co_await fail_plainly(std::move(failure), std::move(place));
    }
    start();
    CO_CHECK_OK(co_await look_for_events(0, static_cast<Index>(run_.count())));
    while (!end_) CO_CHECK_OK(co_await turn());
    co_return Result<void>{};
}

/// Opens input and trigger, and for a resumed run the outputs of its finished steps.
rt::Task<Result<void>> Driver::open_values(std::vector<store::runs::StoredPayload> payloads) {
    const rt::Deadline by = run_.job.scope.deadline(10s);
    std::unordered_map<std::string, std::size_t> outputs;
    for (std::size_t i = 0; i < run_.count(); ++i) {
        const auto step = static_cast<Index>(i);
        if (run_.plan(step).lane == kNoLane) outputs.emplace(run_.output_slot(step).text(), i);
    }
    std::unordered_map<std::string, std::string> answers;  // slots, and the steps that wait for them
    const auto& steps = run_.prepared->workflow.steps();
    for (const auto& answer : run_.job.loaded.answers) {
        if (answer.iteration == 0) answers.emplace(ValueSlot::answer_of(answer.step).text(), answer.step);
    }
    for (auto& payload : payloads) {
        std::string* to = nullptr;
        if (payload.slot == ValueSlot::input()) to = &session_.input;
        if (payload.slot == ValueSlot::trigger()) to = &session_.trigger;
        if (auto found = outputs.find(payload.slot.text()); found != outputs.end())
            to = &slots_[found->second].output;
        if (auto found = answers.find(payload.slot.text()); found != answers.end()) {
            const auto step = std::ranges::find(steps, found->second, &workflow::CompiledStep::id);
            CO_CHECK_OK(co_await take_answer(static_cast<Index>(step - steps.begin()), std::move(payload), by)
            );
        }
        if (to == nullptr) continue;
        CO_TRY(*to, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(payload), by));
    }
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::check_input() {
    // A worker that died before it wrote anything has checked nothing; what a run begins with was checked
    // there.
    const bool is_checked = run_.job.loaded.started_at || !run_.job.loaded.steps.empty();
    if (!run_.prepared->workflow.inputs() || is_checked) co_return Result<void>{};
    CO_TRY(Value input, co_await read_value(session_.input.empty() ? "null" : std::move(session_.input)));
    session_.input = std::move(input.text);
    auto check = [&](schema::Work work) {
        return workflow::check_input(run_.prepared->workflow, input.tree, work);
    };
    co_return co_await check_value(session_.input.size(), check);
}

void Driver::start() {
    if (run_.job.claimed.lease.epoch > 1) {
        JsonObject detail;
        detail["epoch"] = run_.job.claimed.lease.epoch;
        detail["crashes"] = run_.job.claimed.crashes;
        record_.note(store::runs::EventKind::kResumed, std::nullopt, std::move(detail));
    }
    apply(replay());
    restore_loops();
    run_.job.loaded.steps = {};
    if (run_.job.claimed.cancel) run_.job.request_cancel(*run_.job.claimed.cancel);
}

/// Which of `branches` a step's output ({"branch": name}) says; kNoBranch when none.
Branch branch_in(const std::string& output, const std::vector<std::string>& branches) {
    const auto tree = parse_json(output);
    if (!tree || !tree->is_object()) return kNoBranch;
    const auto found = std::ranges::find(branches, text_or(tree->get_object(), "branch"));
    return found == branches.end() ? kNoBranch : static_cast<Branch>(found - branches.begin());
}

/// The journal as events for runstate.
Started Driver::replay() {
    Started out{
        .started_at = run_.started_at,
        .journal = {},
        .is_canceled = run_.job.claimed.cancel.has_value(),
        // One that repeats another is claimed as if somebody had been at it before.
        .has_begun =
            run_.job.claimed.lease.epoch > 1 && (run_.job.loaded.started_at || run_.job.claimed.crashes > 0),
    };
    std::unordered_map<std::string_view, Index> definitions;
    const auto& steps = run_.prepared->workflow.steps();
    for (std::size_t i = 0; i < steps.size(); ++i) definitions[steps[i].id] = static_cast<Index>(i);
    for (const auto& wait : run_.job.loaded.waits) resumed_.until[{wait.step, wait.iteration}] = &wait;
    for (const auto& answer : run_.job.loaded.answers)
        resumed_.answers[{answer.step, answer.iteration}] = &answer;
    for (const auto& row : run_.job.loaded.steps) {
        const auto found = definitions.find(row.step);
        if (found == definitions.end()) continue;
        const Index definition = found->second;
        const bool is_in_loop = !run_.is_top(definition);
        auto entry = entry_of(row, definition);  // first: it reads what a wait is for
        if (!is_in_loop) restore(definition, row);
        if (entry) {
            out.journal.push_back(*entry);
            replay_answer(*entry, out);
        }
        if (is_in_loop && resumed_.open.contains({resumed_.body_of[definition], row.iteration}))
            resumed_.rows[{definition, row.iteration}] = row;
    }
    return out;
}

std::optional<JournalEntry> Driver::entry_of(const store::runs::StepRun& row, Index definition) {
    JournalEntry entry{.step = definition, .iteration = row.iteration, .attempt = row.attempt};
    const workflow::CompiledStep& step =
        run_.prepared->workflow.steps()[static_cast<std::size_t>(definition)];
    if (row.error) {
        entry.failure = failure_in(*row.error, row.failure_kind.value_or(FailureKind::kPlatform));
    }
    if (is_terminal(row.state)) {
        entry.entry = JournalEntry::Entry::kResult;
        entry.status = row.state;
        const StepKind kind = workflow::step_kind(step.core);
        if (kind == StepKind::kSleep || kind == StepKind::kWait) {
            entry.at = row.finished_at.value_or(Instant());
        }
        if (!step.branches.empty() && row.state == StepStatus::kSuccess) {
            const auto in_loop = resumed_.branches.find({definition, row.iteration});
            const bool is_top = run_.is_top(definition);
            if (!is_top && in_loop == resumed_.branches.end()) return entry;  // of an item that is through
            entry.branch = branch_in(is_top ? slot(definition).output : in_loop->second, step.branches);
            if (entry.branch == kNoBranch) {
                // Steps may have begun on it: another decision could run both ways.
                entry.status = StepStatus::kFailed;
                entry.failure =
                    Failure{FailureKind::kPlatform, "The branch that was taken cannot be read any more"};
            }
        }
    } else if (row.state == StepStatus::kWaiting) {
        entry.until = run_.job.loaded.now;
        read_wait(row, definition, entry);
        entry.entry = JournalEntry::Entry::kWait;
    } else if (row.intent_at && row.attempt > 0) {
        read_wait(row, definition, entry);  // of the attempt before: which attempts do not count
        entry.entry = JournalEntry::Entry::kIntent;
    } else if (workflow::step_kind(step.core) == StepKind::kCall && read_wait(row, definition, entry)) {
        // The attempt that was under way has left no line: the wait before it is the last that is known.
        entry.entry = JournalEntry::Entry::kWait;
    } else if (step.loop && row.attempt > 0) {
        entry.entry = JournalEntry::Entry::kLoop;
        entry.items = static_cast<Iteration>(resumed_.items[{definition, row.iteration}].size());
    } else {
        return std::nullopt;
    }
    return entry;
}

/// What the newest event tells of how a step waits, or has waited. False: it never has.
bool Driver::read_wait(const store::runs::StepRun& row, Index definition, JournalEntry& entry) {
    const auto wait = resumed_.until.find({row.step, row.iteration});
    const auto detail = parse_json(wait == resumed_.until.end() ? "" : wait->second->detail);
    if (!detail || !detail->is_object()) return false;
    const JsonObject& told = detail->get_object();
    entry.until = Instant(Micros(int_or(told, "until", 0)));
    if (row.state != StepStatus::kWaiting && !row.intent_at)
        entry.attempt = static_cast<int>(int_or(told, "attempt", 0));
    const Json* excused = told.if_contains("excused");
    if (excused != nullptr && excused->is_object()) {
        const JsonObject& of = excused->get_object();
        entry.excused = {
            .attempts = static_cast<int>(int_or(of, "attempts", 0)),
            .waits = static_cast<int>(int_or(of, "waits", 0)),
            .asked = Millis(int_or(of, "asked_ms", 0)),
        };
    }
    const Json* asked = told.if_contains("wait");
    if (asked == nullptr || row.state != StepStatus::kWaiting) return true;
    auto read = workflow::wait_of(
        *run_.prepared->workflow.steps()[static_cast<std::size_t>(definition)].core, *asked
    );
    if (read) resumed_.waits[{definition, row.iteration}] = *std::move(read);
    return true;
}

void Driver::restore(Index step, const store::runs::StepRun& row) {
    Slot& mine = slot(step);
    mine.started_at = row.started_at;
    mine.used = row.used;
    if (const auto answer = resumed_.answers.find({row.step, row.iteration});
        run_.plan(step).kind == StepKind::kWait && row.state == StepStatus::kWaiting && !row.error)
        return restore_wait(step, answer == resumed_.answers.end() ? nullptr : answer->second);
    if (!is_terminal(row.state)) return;
    mine.answer = {};
    mine.unread.reset();
    mine.recorded = row.state;
    mine.error = row.error.value_or("");
    mine.is_kept = true;
    session_.put(step, row.state, mine.output, mine.error);
}

/// One step of the loop: a command, else an event, else a flush that is due, else a wait.
rt::Task<Result<void>> Driver::turn() {
    if (run_.job.has_unheard_cancel()) {
        run_.job.is_cancel_heard = true;
        record_.note_cancel(*run_.job.cancel);
        apply(CancelRequested{run_.job.cancel->reason});
    }
    if (record_.is_large()) co_return co_await flush(JobFate::kKeep, RunStatus::kRunning);
    // A loop always has something to do next: what happens meanwhile must not wait for its end.
    if (fire_timer()) co_return Result<void>{};
    if (!inbox_.empty()) {
        Event next = std::move(inbox_.front());
        inbox_.pop_front();
        apply(next);
        co_return Result<void>{};
    }
    const auto since = record_.dirty_since();
    const bool is_late = since && run_.deps.clock.steady() - *since >= run_.options.journal_lag;
    if (!commands_.empty() && !is_late) {
        Command next = std::move(commands_.front());
        commands_.pop_front();
        co_return co_await execute(std::move(next));
    }
    // A run that is about to be parked hears nothing any more. What was answered stays in the database,
    // unread, and so the job is due again at once.
    const bool hears = state_.stage != Stage::kParked;
    if (run_.job.is_signaled && hears) co_return co_await hear_answers();
    if (is_urgent_ || is_late) {
        record_running();
        co_return co_await flush(JobFate::kKeep, RunStatus::kRunning);
    }
    co_return co_await wait();
}

rt::Task<Result<void>> Driver::wait() {
    Steady until = run_.deps.clock.steady() + 1h;
    if (const auto since = record_.dirty_since()) until = *since + run_.options.journal_lag;
    for (const Timer& timer : timers_) until = std::min(until, timer.at);
    if (auto patience = slot_until()) {
        if (*patience > run_.deps.clock.steady()) {
            until = std::min(until, *patience);
        } else if (record_.has_rows() || record_.has_values()) {
            is_urgent_ = true;  // come_back() takes it from the database
            co_return Result<void>{};
        } else {
            leave_slot();
        }
    }
    const Steady::duration left = until - run_.deps.clock.steady();
    auto woken =
        co_await run_.job.woken.wait(run_.job.scope.forever().at_most(std::max<Steady::duration>(left, 1us)));
    if (!woken && run_.job.scope.is_cancelled()) co_return woken;
    co_return Result<void>{};
}

bool Driver::fire_timer() {
    const Steady at = run_.deps.clock.steady();
    auto due = std::ranges::find_if(timers_, [&](const Timer& timer) { return timer.at <= at; });
    if (due == timers_.end()) return false;
    const Index step = due->step;
    timers_.erase(due);
    apply(TimerFired{step});
    return true;
}

void Driver::apply(Event event) {
    auto answer = [this](auto& e) {
        if constexpr (requires { e.iteration; })
            if (e.step != kRun) e.iteration = run_.iteration(e.step);
    };
    std::visit(answer, event);
    auto [next, commands] =
        runstate::step(run_.plan(), std::move(state_), event, {run_.now(), run_.deps.rng.unit()});
    state_ = std::move(next);
    for (Command& command : commands) commands_.push_back(std::move(command));
}

}  // namespace weft::engine
