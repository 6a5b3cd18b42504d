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
        seen["url"] = run_.options.public_url + "/callbacks/" + token;
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
    co_return Result<void>{};
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
