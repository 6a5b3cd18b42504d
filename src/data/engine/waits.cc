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

WaitKind wait_kind(workflow::CoreKind kind) {
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
    return out;
}

}  // namespace

/// What answers the step is made here, once: whoever sees it sees what is committed.
rt::Task<Result<void>> Driver::on(OpenWait command) {
    if (!is_in(command.step, Phase::kOpening)) co_return Result<void>{};
    Slot& mine = slot(command.step);
    const workflow::CompiledStep& compiled = run_.step(command.step);
    store::runs::WaitWrite wait{
        .step = compiled.id, .kind = wait_kind(*compiled.core), .deadline = command.until
    };
    JsonObject seen{{"until", rfc3339(command.until)}};
    if (wait.kind == WaitKind::kEvent) {
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
    record_.keep_value(ValueSlot::output_of(compiled.id), mine.opened);
    record_.open_wait(std::move(wait));
    record_running();
    CO_CHECK_OK(co_await flush(JobFate::kKeep, RunStatus::kRunning));
    if (end_) co_return Result<void>{};
    session_.put(command.step, StepStatus::kWaiting, mine.opened, "");
    apply(WaitOpened{command.step});
    if (*compiled.core != workflow::CoreKind::kEvent) co_return Result<void>{};
    co_return co_await look_for_event(command.step);
}

/// One may have come before the wait began; whoever sends one from here on sees the wait. One that is not
/// found for a fault of the database is found by nobody: the look is repeated.
rt::Task<Result<void>> Driver::look_for_event(Index step) {
    const store::waits::EventKey key{slot(step).wait->event, slot(step).wait->key};
    store::waits::Target target{.tenant = run_.tenant, .run = run_.id, .step = run_.step(step).id};
    while (!run_.job.scope.is_cancelled() && !run_.job.cancel) {
        const rt::Deadline by = run_.job.scope.deadline(10s);
        auto taken = co_await take_event(key, target, by);
        if (taken && *taken) co_return Result<void>{};
        if (taken) continue;  // another run was quicker: there may be more
        run_.deps.log.warn("no look for events", {{"run_id", run_.id}, {"detail", taken.error().detail}});
        (void)co_await rt::sleep_for(kAgain, run_.job.scope.forever());
    }
    co_return Result<void>{};
}

/// The worker before this one may have died between its commit and its look.
rt::Task<Result<void>> Driver::look_for_events() {
    for (std::size_t i = 0; i < state_.steps.size(); ++i) {
        const auto step = static_cast<Index>(i);
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
            run_.tenant, run_.id, ValueSlot::answer_of(target.step), std::move(json), by
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
    store::runs::WaitRef wait{.step = run_.step(command.step).id};
    auto closed = co_await store::runs::close_wait(
        run_.deps.pool, run_.job.claimed.lease, std::move(wait), run_.job.scope.deadline(10s)
    );
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

/// Nobody answered in time.
void Driver::wait_over(Index step) {
    const workflow::Wait wait = slot(step).wait.value_or(workflow::Wait());
    if (wait.on_timeout == OnError::kContinue) return end_wait(step, R"({"timed_out":true})", std::nullopt);
    Failure late{FailureKind::kLimit, "Nobody answered within " + duration_text(wait.timeout)};
    end_wait(step, "{}", std::move(late));
}

void Driver::end_wait(Index step, std::string_view answer, std::optional<Failure> failure) {
    Slot& mine = slot(step);
    if (!failure) mine.output = joined(mine.opened, answer);
    apply(WaitEnded{step, std::move(failure)});
}

/// What was answered while the run was under way. That there is something to be read stays known until it
/// was.
rt::Task<Result<void>> Driver::hear_answers() {
    const rt::Deadline by = run_.job.scope.deadline(10s);
    run_.job.is_signaled = false;
    auto read = co_await store::runs::answered_so_far(run_.deps.pool, run_.job.claimed.lease, by);
    for (std::size_t i = 0; read && i < read->answers.size(); ++i) {
        auto& answer = read->answers[i];
        const auto& steps = run_.prepared->workflow.steps();
        const auto found = std::ranges::find(steps, answer.step, &workflow::CompiledStep::id);
        if (found == steps.end()) continue;
        const auto step = static_cast<Index>(found - steps.begin());
        if (!is_in(step, Phase::kWaiting) && !is_in(step, Phase::kClosing)) continue;
        auto payload = std::ranges::find(
            read->payloads, ValueSlot::answer_of(answer.step), &store::runs::StoredPayload::slot
        );
        if (payload == read->payloads.end()) continue;
        auto text = co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(*payload), by);
        if (!text) {
            read = fail(std::move(text).error());
            break;
        }
        std::optional<Failure> failure;
        if (answer.failure) failure = Failure{FailureKind::kWorkflow, *answer.failure};
        end_wait(step, *text, std::move(failure));
    }
    if (read) co_return Result<void>{};
    if (run_.job.scope.is_cancelled()) co_return fail(std::move(read).error());
    run_.deps.log.warn("answers not read", {{"run_id", run_.id}, {"detail", read.error().detail}});
    run_.job.is_signaled = true;
    (void)co_await rt::sleep_for(kAgain, run_.job.scope.forever());
    co_return Result<void>{};
}

/// A wait as the next worker finds it, and what was answered meanwhile.
void Driver::restore_wait(JournalEntry entry, Started& started) {
    Slot& mine = slot(entry.step);
    const std::string& id = run_.step(entry.step).id;
    const auto& answers = run_.job.loaded.answers;
    mine.opened = std::exchange(mine.output, {});
    if (mine.opened.empty()) mine.opened = "{}";
    session_.put(entry.step, StepStatus::kWaiting, mine.opened, "");
    const Index step = entry.step;
    started.journal.push_back(std::move(entry));
    const auto found = std::ranges::find(answers, id, &store::runs::Answer::step);
    if (found == answers.end()) return;
    JournalEntry answered{.step = step, .entry = JournalEntry::Entry::kAnswer};
    if (found->failure) answered.failure = Failure{FailureKind::kWorkflow, *found->failure};
    if (!found->failure) mine.output = joined(mine.opened, mine.answer);
    mine.answer = {};
    started.journal.push_back(std::move(answered));
}

}  // namespace weft::engine
