#include "store/waits/waits.h"

#include "base/bytes.h"
#include "data/engine/detail/driver.h"
#include "platform/crypto/crypto.h"

#include <algorithm>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;
using store::runs::ValueSlot;
using store::runs::WaitKind;

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr auto kAgain = 200ms;  // while the database is away
constexpr std::size_t kAnswersPerRead = 64;
constexpr std::size_t kSmallAnswerBytes = 64u << 10;  // so many of these are less than one value may be
constexpr std::size_t kUntoldBytesMax = limits::kPayloadBytesMax;

WaitKind wait_kind(workflow::CoreKind kind) {
    if (kind == workflow::CoreKind::kWorkflow) return WaitKind::kChild;
    if (kind == workflow::CoreKind::kApproval) return WaitKind::kApproval;
    return kind == workflow::CoreKind::kEvent ? WaitKind::kEvent : WaitKind::kCallback;
}

/// Of two JSON objects that we wrote, one with the members of both.
std::string joined(std::string_view first, std::string_view second) {
    std::string out(first.substr(0, first.size() - 1));
    if (out.size() > 1 && second.size() > 2) out += ',';
    return out.append(second.substr(1));
}

/// What the next worker has to know of a wait; wait_of reads it.
JsonObject kept(const workflow::Wait& wait) {
    JsonObject out{{"timeout", duration_text(wait.timeout)}, {"on-timeout", name(wait.on_timeout)}};
    if (!wait.event.empty()) {
        out["event"] = wait.event;
        out["key"] = wait.key;
    }
    if (wait.approval) out["title"] = "-";  // what is asked is in the step's input
    if (wait.child) out["workflow"] = wait.child->workflow;
    return out;
}

}  // namespace

/// What the tenant's quota of waiting runs says of one more.
rt::Task<Result<void>> Driver::may_wait() {
    if (run_.deps.waiting == nullptr) co_return Result<void>{};
    co_return co_await run_.deps.waiting->admit(run_.tenant, run_.job.scope.deadline(10s));
}

/// What answers the step is made here, once: whoever sees it sees what is committed.
rt::Task<Result<void>> Driver::on(OpenWait command) {
    if (!is_in(command.step, Phase::kOpening)) co_return Result<void>{};
    Slot& mine = slot(command.step);
    const bool only_begins = mine.wait->child && !mine.wait->child->is_awaited;
    if (const auto room = only_begins ? Result<void>{} : co_await may_wait(); !room) {
        if (run_.job.scope.is_cancelled()) co_return room;
        apply(WaitEnded{
            .step = command.step,
            .attempt = command.attempt,
            .failure = Failure{FailureKind::kLimit, room.error().user}
        });
        co_return Result<void>{};
    }
    const workflow::CompiledStep& compiled = run_.step(command.step);
    store::runs::WaitWrite wait{
        .step = compiled.id,
        .iteration = run_.iteration(command.step),
        .attempt = command.attempt,
        .kind = wait_kind(*compiled.core),
        .deadline = command.until
    };
    JsonObject seen{{"until", rfc3339(command.until)}};
    if (wait.kind == WaitKind::kChild) {
        CO_TRY(auto child, co_await make_child(command));
        if (!child) co_return Result<void>{};
        wait.child = child->id;
        wait.is_answered = !child->is_awaited;
        seen = JsonObject{{"run_id", child->id.text()}};
        if (wait.is_answered) record_.keep_value(run_.answer_slot(command.step), to_text(seen));
        record_.begin_run(*std::move(child));
    } else if (wait.kind == WaitKind::kEvent) {
        wait.event_name = mine.wait->event;
        wait.event_key = mine.wait->key;
    } else {
        const std::string token = base64url(crypto::random_bytes(run_.deps.rng, kTokenBytes).reveal());
        wait.token_hash = crypto::sha256(token);
        // A page of ours gets it behind the #, which browsers send to nobody.
        const bool is_for_people = wait.kind == WaitKind::kApproval;
        seen["url"] = run_.options.public_url + std::string(workflow::answer_path(*compiled.core)) + token;
        if (is_for_people) wait.policy = to_text(workflow::policy_of(*mine.wait->approval));
    }
    mine.opened = to_text(seen);
    auto& row = row_of(command.step);
    row.state = StepStatus::kWaiting;
    row.attempt = command.attempt;
    JsonObject detail{
        {"attempt", command.attempt},
        {"until", command.until.time_since_epoch().count()},
        {"wait", kept(*mine.wait)},
    };
    record_.note(store::runs::EventKind::kWait, command.step, std::move(detail));
    record_.keep_value(run_.output_slot(command.step), mine.opened);
    const bool is_answered = wait.is_answered;
    record_.open_wait(std::move(wait));
    record_running();
    CO_CHECK_OK(co_await flush(JobFate::kKeep, RunStatus::kRunning));
    if (end_) co_return Result<void>{};
    session_.put(command.step, StepStatus::kWaiting, mine.opened, "");
    if (is_answered) mine.answer = mine.opened;
    if (is_answered)
        end_wait(command.step, {});
    else
        apply(WaitOpened{.step = command.step, .attempt = command.attempt});
    if (*compiled.core != workflow::CoreKind::kEvent) co_return Result<void>{};
    co_return co_await look_for_event(command.step);
}

/// One may have come before the wait began; whoever sends one from here on sees the wait. One that is not
/// found for a fault of the database is found by nobody: the look is repeated. One that cannot be opened is
/// none, and the wait goes on.
rt::Task<Result<void>> Driver::look_for_event(Index step) {
    const store::waits::EventKey key{slot(step).wait->event, slot(step).wait->key};
    store::waits::Target target{
        .tenant = run_.tenant, .run = run_.id, .step = run_.step(step).id, .iteration = run_.iteration(step)
    };
    while (!run_.job.scope.is_cancelled() && !run_.job.has_unheard_cancel()) {
        const rt::Deadline by = run_.job.scope.deadline(10s);
        auto taken = co_await take_event(key, target, by);
        if (taken && *taken) co_return Result<void>{};
        if (taken) continue;  // another run was quicker: there may be more
        if (!is_passing(taken.error())) {
            run_.deps.log.error(
                "event does not open", {{"run_id", run_.id}, {"detail", taken.error().detail}}
            );
            co_return Result<void>{};
        }
        run_.deps.log.warn("no look for events", {{"run_id", run_.id}, {"detail", taken.error().detail}});
        (void)co_await rt::sleep_for(kAgain, run_.job.scope.forever());
    }
    co_return Result<void>{};
}

/// The worker before this one may have died between its commit and its look. One that parked the run had
/// looked.
rt::Task<Result<void>> Driver::look_for_events(Index first, Index end) {
    if (run_.job.loaded.state == RunStatus::kWaiting) co_return Result<void>{};
    for (Index step = first; step < end; ++step) {
        if (!is_in(step, Phase::kWaiting) || !slot(step).wait) continue;
        if (run_.step(step).core == workflow::CoreKind::kEvent) CO_CHECK_OK(co_await look_for_event(step));
    }
    co_return Result<void>{};
}

/// True when there is none, or the wait has its answer; false when it is to be looked again.
rt::Task<Result<bool>> Driver::take_event(
    store::waits::EventKey key, store::waits::Target target, rt::Deadline by
) {
    CO_TRY(auto event, co_await store::waits::find_kept_event(run_.deps.pool, run_.tenant, key, by));
    if (!event) co_return true;
    // An event is sealed as the value of a run of its own.
    CO_TRY(auto json, co_await run_.deps.codec.open(run_.tenant, RunId(event->id), event->value, by));
    CO_TRY(
        auto sealed,
        co_await run_.deps.codec.seal(
            run_.tenant, run_.id, ValueSlot::answer_of(target.step, target.iteration), std::move(json), by
        )
    );
    CO_TRY(
        const bool is_taken,
        co_await store::waits::take_kept_event(
            run_.deps.pool, std::move(key), *std::move(event), std::move(target), std::move(sealed), by
        )
    );
    if (is_taken) run_.job.is_signaled = true;
    co_return is_taken;
}

/// Its time is over; an answer that was taken before that counts.
rt::Task<Result<void>> Driver::on(CloseWait command) {
    if (!is_in(command.step, Phase::kClosing)) co_return Result<void>{};
    auto closed = co_await store::runs::close_wait(
        run_.deps.pool, run_.job.claimed.lease, run_.wait_ref(command.step), run_.job.scope.deadline(10s)
    );
    if (!closed && closed.error().code == Code::kStale) co_return closed;
    if (closed) {
        run_.job.is_signaled = true;
        CO_CHECK_OK(co_await hear_answers());
        if (run_.job.is_signaled) closed = fail(Error::unavailable("Try again"));  // not read
    }
    if (run_.job.scope.is_cancelled()) co_return closed;
    if (!is_in(command.step, Phase::kClosing)) co_return Result<void>{};
    if (closed) {
        wait_over(command.step);
        co_return Result<void>{};
    }
    (void)co_await rt::sleep_for(kAgain, run_.job.scope.forever());
    commands_.emplace_front(command);
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(DropWait command) {
    record_.drop_wait(run_.wait_ref(command.step));
    is_urgent_ = true;  // a child may be at work
    co_return Result<void>{};
}

/// Nobody answered in time.
void Driver::wait_over(Index step) {
    const workflow::Wait wait = slot(step).wait.value_or(workflow::Wait());
    Slot& mine = slot(step);
    WaitEnded over{.step = step, .attempt = state_.steps[static_cast<std::size_t>(step)].attempt};
    if (wait.on_timeout == OnError::kContinue) {
        mine.output = joined(mine.opened, R"({"timed_out":true})");
    } else {
        const std::string_view who = wait.child ? "The run did not end" : "Nobody answered";
        over.failure =
            Failure{FailureKind::kLimit, std::string(who) + " within " + duration_text(wait.timeout)};
    }
    apply(std::move(over));
}

/// What a step gives that was answered: of a child, what that gave.
std::string Driver::wait_output(Index step, std::string answer) const {
    if (run_.step(step).core == workflow::CoreKind::kWorkflow) return answer.empty() ? "null" : answer;
    return joined(slots_[static_cast<std::size_t>(step)].opened, answer);
}

void Driver::end_wait(Index step, const store::runs::Answer& about) {
    WaitEnded ended{.step = step, .attempt = state_.steps[static_cast<std::size_t>(step)].attempt};
    Slot& mine = slot(step);
    ended.failure = failure_of(about, mine.wait.value_or(workflow::Wait()));
    ended.is_retryable = about.failure_kind.has_value();
    std::string answer = std::exchange(mine.answer, {});
    if (!ended.failure && !mine.unread) mine.output = wait_output(step, std::move(answer));
    if (ended.failure && about.child) mine.place = Place{.run = about.child->text()};
    apply(std::move(ended));
}

/// What was answered while the run was under way. That there is something to be read stays known until it
/// was.
rt::Task<Result<void>> Driver::hear_answers() {
    const rt::Deadline by = run_.job.scope.deadline(10s);
    std::vector<store::runs::WaitRef> waiting;
    for (std::size_t i = 0; i < state_.steps.size(); ++i) {
        const auto step = static_cast<Index>(i);
        if (is_in(step, Phase::kWaiting) || is_in(step, Phase::kClosing))
            waiting.push_back(run_.wait_ref(step));
    }
    run_.job.is_signaled = false;
    auto answers =
        co_await store::runs::answered_so_far(run_.deps.pool, run_.job.claimed.lease, std::move(waiting), by);
    Result<void> read;
    if (!answers) read = fail(std::move(answers).error());
    if (read) {
        // The others follow once these are recorded.
        run_.job.is_signaled = answers->size() > kAnswersPerRead;
        answers->resize(std::min(answers->size(), kAnswersPerRead));
        read = co_await hear_some(*std::move(answers), by);
    }
    if (read) co_return Result<void>{};
    if (run_.job.scope.is_cancelled()) co_return read;
    run_.deps.log.warn("answers not read", {{"run_id", run_.id}, {"detail", read.error().detail}});
    run_.job.is_signaled = true;
    (void)co_await rt::sleep_for(kAgain, run_.job.scope.forever());
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::hear_some(std::vector<store::runs::Answer> answers, rt::Deadline by) {
    std::vector<ValueSlot> slots;
    for (const auto& answer : answers)
        if (!answer.failure) slots.push_back(ValueSlot::answer_of(answer.step, answer.iteration));
    CO_TRY(
        auto found,
        co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
    );
    std::map<std::string, store::runs::StoredPayload> payloads;
    for (auto& payload : found) payloads.emplace(payload.slot.text(), std::move(payload));
    for (const auto& answer : answers) {
        for (std::size_t i = 0; i < state_.steps.size(); ++i) {
            const auto step = static_cast<Index>(i);
            if (run_.iteration(step) != answer.iteration || run_.step(step).id != answer.step) continue;
            if (!is_in(step, Phase::kWaiting) && !is_in(step, Phase::kClosing)) continue;
            const auto payload = payloads.find(run_.answer_slot(step).text());
            if (payload != payloads.end())
                CO_CHECK_OK(co_await take_answer(step, std::move(payload->second), by));
            end_wait(step, answer);
            break;
        }
    }
    co_return Result<void>{};
}

/// Small ones as many as come; of large ones, which together have no limit, only where they are.
rt::Task<Result<void>> Driver::take_answer(Index step, store::runs::StoredPayload payload, rt::Deadline by) {
    if (std::cmp_greater(payload.size_bytes, kSmallAnswerBytes)) {
        slot(step).unread = std::move(payload);
        co_return Result<void>{};
    }
    CO_TRY(slot(step).answer, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(payload), by));
    co_return Result<void>{};
}

/// Once the step's result is recorded, which writes before it reads the next large one (Record::is_large).
/// False: it is to be tried again.
rt::Task<Result<bool>> Driver::read_answer(Index step) {
    if (!slot(step).unread) co_return true;
    auto text =
        co_await run_.deps.codec.open(run_.tenant, run_.id, *slot(step).unread, run_.job.scope.deadline(10s));
    if (text) {
        slot(step).unread.reset();
        slot(step).output = wait_output(step, *std::move(text));
        co_return true;
    }
    if (run_.job.scope.is_cancelled() || !is_passing(text.error())) co_return fail(std::move(text).error());
    run_.deps.log.warn("answer not read", {{"run_id", run_.id}, {"detail", text.error().detail}});
    (void)co_await rt::sleep_for(kAgain, run_.job.scope.forever());
    co_return false;
}

/// What the sandbox is to be told gathers while nothing is asked of it. Beyond some it is left to the
/// database, and the next sandbox is told what it then needs.
void Driver::unburden() {
    if (session_.frame_bytes() <= kUntoldBytesMax) return;
    session_.leave();
    lose_values();
}

/// What a wait in the journal was answered meanwhile.
void Driver::replay_answer(const JournalEntry& entry, Started& started) {
    if (entry.entry != JournalEntry::Entry::kWait || entry.failure) return;
    const auto& step = run_.prepared->workflow.steps()[static_cast<std::size_t>(entry.step)];
    const auto found = resumed_.answers.find({step.id, entry.iteration});
    if (workflow::step_kind(step.core) != StepKind::kWait || found == resumed_.answers.end()) return;
    JournalEntry answered{
        .step = entry.step, .iteration = entry.iteration, .entry = JournalEntry::Entry::kAnswer
    };
    const auto wait = resumed_.waits.find({entry.step, entry.iteration});
    answered.failure =
        failure_of(*found->second, wait == resumed_.waits.end() ? workflow::Wait() : wait->second);
    answered.is_retryable = found->second->failure_kind.has_value();
    started.journal.push_back(std::move(answered));
}

/// A wait as the next worker finds it, and what it was answered.
void Driver::restore_wait(Index step, const store::runs::Answer* answer) {
    Slot& mine = slot(step);
    const auto wait = resumed_.waits.find({run_.plan().definition_of(step), run_.iteration(step)});
    if (wait != resumed_.waits.end()) mine.wait = wait->second;
    mine.opened = std::exchange(mine.output, {});
    if (mine.opened.empty()) mine.opened = "{}";
    session_.put(step, StepStatus::kWaiting, mine.opened, "");
    std::string text = std::exchange(mine.answer, {});
    if (answer == nullptr || answer->failure) mine.unread.reset();
    if (answer == nullptr) return;
    if (!answer->failure && !mine.unread) mine.output = wait_output(step, std::move(text));
    if (answer->failure && answer->child) mine.place = Place{.run = answer->child->text()};
}

}  // namespace weft::engine
