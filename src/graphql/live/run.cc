#include "graphql/execute/errors.h"
#include "graphql/execute/notes.h"
#include "graphql/live/detail/live.h"

#include <algorithm>

namespace weft::graphql {

namespace {

/// Beyond the server's own statement timeout: it should be the one to end a slow statement.
constexpr auto kAnswerGrace = std::chrono::seconds(2);
/// Larger answers are not kept for those who come later: the cohort is run again for them.
constexpr std::size_t kKeptBytesMax = 16u << 10;
/// A cohort whose run failed for no fault of its own runs again after this, doubled each time up to 32 times.
constexpr auto kRetry = std::chrono::seconds(1);
constexpr std::uint8_t kDoublingsMax = 5;
/// A stream whose next rows may still get others before them looks again after this, doubled alike.
constexpr auto kHold = std::chrono::milliseconds(20);
/// The oldest cohorts are looked at in such steps, so that a poll is spread over time.
constexpr Steady::duration kPollStep = std::chrono::seconds(1);
constexpr Steady::duration kPollStepMin = std::chrono::milliseconds(10);

bool is_error_body(std::string_view body) {
    return body.starts_with("{\"errors\"");
}

bool is_transient(const Error& error, const pg::ServerError& failed) {
    return failed.sqlstate.empty() || error.code == Code::kUnavailable || error.code == Code::kTimeout ||
           error.code == Code::kCancelled;
}

}  // namespace

void Live::Impl::pass_on(const Change& change) {
    std::vector<detail::ChangeIndex::Watcher> hits;
    index.match(change, hits);
    for (auto* watcher : hits) hit(cohorts.find(static_cast<Cohort*>(watcher)->key)->second);
}

void Live::Impl::hit(const CohortPtr& cohort) {
    if (cohort->state == Cohort::State::kRunning) cohort->is_dirty = true;
    if (cohort->state != Cohort::State::kQuiet) return;
    const Steady next = cohort->started + options.coalesce;
    if (next <= clock.steady()) {
        enqueue(cohort);
    } else {
        wait_until(cohort, next);
    }
}

void Live::Impl::enqueue(const CohortPtr& cohort) {
    cohort->state = Cohort::State::kQueued;
    const GroupPtr& group = cohort->group;
    group->queue.push_back(cohort);
    if (group->is_ready || group->is_running) return;
    group->is_ready = true;
    ready.push_back(group);
    start_ready();
}

void Live::Impl::wait_until(const CohortPtr& cohort, Steady when) {
    cohort->state = Cohort::State::kWaiting;
    const bool is_next = waiting.empty() || when < waiting.begin()->first;
    waiting.emplace(when, cohort);
    if (is_next) wake.notify_all();
}

void Live::Impl::start_ready() {
    while (running < options.statements_max && !ready.empty() && !scope.is_cancelled()) {
        const GroupPtr group = std::move(ready.front());
        ready.pop_front();
        group->is_ready = false;
        group->is_running = true;
        ++running;
        scope.spawn(run(group));
    }
}

/// Takes what has gathered when it starts: while a statement of a group is under way, or the loop is busy,
/// the next one fills up by itself.
rt::Task<void> Live::Impl::run(GroupPtr group) {
    const bool is_multiplexed = !group->plan->multiplexed.text.empty();
    const auto batch_max = is_multiplexed ? static_cast<std::size_t>(options.cohorts_per_statement_max) : 1;
    std::vector<CohortPtr> batch;
    const Steady now = clock.steady();
    while (!group->queue.empty() && batch.size() < batch_max) {
        CohortPtr cohort = std::move(group->queue.front());
        group->queue.pop_front();
        if (cohort->is_gone) continue;
        cohort->state = Cohort::State::kRunning;
        cohort->is_dirty = false;
        cohort->started = now;
        by_age.splice(by_age.end(), by_age, cohort->by_age);
        batch.push_back(std::move(cohort));
    }
    if (is_multiplexed) {
        co_await run_together(group, std::move(batch));
    } else if (!batch.empty()) {
        co_await run_alone(std::move(batch.front()));
    }
    --running;
    group->is_running = false;
    if (!group->queue.empty()) {
        group->is_ready = true;
        ready.push_back(group);
    }
    start_ready();
}

/// One statement; when it fails by a value of one of them, halves, so that only that one is told.
rt::Task<void> Live::Impl::run_together(GroupPtr group, std::vector<CohortPtr> batch) {
    std::vector<std::vector<CohortPtr>> parts;
    if (!batch.empty()) parts.push_back(std::move(batch));
    while (!parts.empty()) {
        const std::vector<CohortPtr> part = std::move(parts.back());
        parts.pop_back();
        pg::ServerError failed;
        auto rows = co_await run_statement(*group->plan, part, failed);
        if (rows) {
            take_rows(*group->plan, part, *rows);
            continue;
        }
        if (part.size() > 1 && !failed.sqlstate.empty()) {
            const auto half = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
            parts.emplace_back(part.begin(), half);
            parts.emplace_back(half, part.end());
            continue;
        }
        const Session& session = *part.front()->session;
        const bool is_admin = session.is_admin();
        const Failure why =
            failed.sqlstate.empty() ? to_failure(rows.error(), is_admin) : to_failure(failed, "$", is_admin);
        const std::string body = Engine::error_body(why, session);
        for (const CohortPtr& each : part) fail(each, body, is_transient(rows.error(), failed));
    }
}

rt::Task<Result<pg::Rows>> Live::Impl::run_statement(
    const LivePlan& plan, std::vector<CohortPtr> batch, pg::ServerError& failed
) {
    const Session& session = *batch.front()->session;
    auto statements = engine.prelude(session);
    if (!statements) {
        failed.sqlstate = "28000";  // who asks has no rights any more
        co_return weft::fail(Error::forbidden(statements.error().message));
    }
    pg::Params params;
    pg::ArrayParam numbers;
    for (std::size_t i = 0; i < batch.size(); ++i) numbers.add(static_cast<std::int64_t>(i));
    params.add(numbers);
    for (std::size_t at = 0; at < plan.multiplexed.parameters.size(); ++at) {
        pg::ArrayParam values;
        for (const CohortPtr& cohort : batch) values.add(cohort->values[at]);
        params.add(values);
    }
    statements->add({plan.name, plan.multiplexed.text}, std::move(params));
    ++stats.queries;
    const auto timeout = engine.limits_of(session.role).statement_timeout + kAnswerGrace;
    CO_TRY(auto rows, co_await pool.run(std::move(*statements), scope.deadline(timeout), &failed));
    co_return std::move(rows.back());
}

rt::Task<void> Live::Impl::run_alone(CohortPtr cohort) {
    ++stats.queries;
    Engine::Ready request{cohort->group->plan->prepared, cohort->variables};
    const auto timeout = engine.limits_of(cohort->session->role).statement_timeout + kAnswerGrace;
    auto answer = co_await engine.run(std::move(request), *cohort->session, scope.deadline(timeout));
    if (is_error_body(answer.body)) {
        // Once it has worked, what failed is most likely not the subscription.
        fail(cohort, answer.body, true);
        co_return;
    }
    deliver(*cohort, answer.body, true);
    finish(cohort, false, false);
}

void Live::Impl::take_rows(const LivePlan& plan, const std::vector<CohortPtr>& batch, const pg::Rows& rows) {
    constexpr int kNumber = 0;
    constexpr int kText = 1;
    constexpr int kCursor = 2;
    constexpr int kHeld = 3;
    constexpr std::string_view kEmpty = "[]";
    const std::size_t bytes_max = engine.limits_of(batch.front()->session->role).response_bytes_max;
    for (int row = 0; row < rows.size(); ++row) {
        const auto number = static_cast<std::size_t>(rows.integer(row, kNumber));
        if (number >= batch.size()) continue;
        const CohortPtr& cohort = batch[number];
        const std::string_view text = rows.is_null(row, kText) ? "null" : rows.text(row, kText);
        if (text.size() > bytes_max) {
            const Failure large{
                .message = "the answer is larger than " + std::to_string(bytes_max) +
                           " bytes; ask for less with `limit`",
                .code = "limit"
            };
            fail(cohort, Engine::error_body(large, *cohort->session), false);
            continue;
        }
        const bool has_rows = !plan.is_stream || text != kEmpty;
        cohort->has_answer |= plan.is_stream;
        if (has_rows) deliver(*cohort, text, false);
        if (plan.is_stream && !rows.is_null(row, kCursor)) move_on(*cohort, rows.text(row, kCursor));
        const bool is_held = plan.is_stream && !rows.is_null(row, kHeld) && rows.boolean(row, kHeld);
        finish(cohort, plan.is_stream && has_rows && !is_held, is_held);
    }
}

void Live::Impl::deliver(Cohort& cohort, std::string_view text, bool is_body) {
    if (cohort.is_gone) return;
    const LivePlan& plan = *cohort.group->plan;
    cohort.failures = 0;
    const Digest hash = plan.is_stream ? Digest{} : digest_of(text);
    const bool is_news = !cohort.has_answer || plan.is_stream || hash != cohort.hash;
    cohort.has_answer = true;
    cohort.hash = hash;
    std::vector<Id> ids;
    for (Subscription* each : cohort.subscriptions) {
        if (!is_news && !each->awaits_first) continue;
        each->awaits_first = false;
        ids.push_back(each->id);
    }
    if (!is_news && ids.empty()) return;
    std::string body;
    if (is_body) {
        body = text;
    } else {
        const std::string notes =
            plan.prepared->may_have_notes ? notes_of(*plan.prepared->plan, {text}, cohort.variables) : "";
        body.reserve(text.size() + plan.key.size() + notes.size() + 32);
        body += "{\"data\":{\"";
        body += plan.key;
        body += "\":";
        body += text;
        body += '}';
        if (!notes.empty()) (body += R"(,"extensions":)") += notes;
        body += '}';
    }
    const auto shared = std::make_shared<const std::string>(std::move(body));
    const bool is_kept = !plan.is_stream && shared->size() <= kKeptBytesMax &&
                         cohort.kept.try_resize(static_cast<std::int64_t>(shared->size()));
    if (!is_kept) cohort.kept.reset();
    cohort.body = is_kept ? shared : nullptr;
    for (const Id id : ids) {  // a sink may end any subscription
        const auto found = subscriptions.find(id);
        if (found == subscriptions.end()) continue;
        ++stats.pushes;
        auto next = found->second->sink.next;
        next(shared);
    }
}

void Live::Impl::move_on(Cohort& cohort, std::string_view cursor_json) {
    const auto seen = parse_json(cursor_json);
    if (!seen || !seen->is_object()) return;
    const LivePlan& plan = *cohort.group->plan;
    for (const std::size_t at : plan.cursors) {
        const Json* value = seen->get_object().if_contains(plan.multiplexed.parameters[at].source.text);
        if (value == nullptr || value->is_null()) continue;
        cohort.values[at] = value->is_string() ? std::string(value->get_string()) : to_text(*value);
    }
}

void Live::Impl::fail(const CohortPtr& cohort, const std::string& error_body, bool is_transient) {
    if (cohort->is_gone) return;
    if (is_transient && cohort->has_answer && !scope.is_cancelled()) {
        const auto doublings = std::min(cohort->failures, kDoublingsMax);
        if (cohort->failures < kDoublingsMax) ++cohort->failures;
        wait_until(cohort, clock.steady() + kRetry * (1 << doublings));
        return;
    }
    cohort->state = Cohort::State::kQuiet;
    while (!cohort->subscriptions.empty()) end(cohort->subscriptions.back()->id, &error_body);
}

void Live::Impl::finish(const CohortPtr& cohort, bool again, bool is_held) {
    if (cohort->is_gone) return;
    cohort->state = Cohort::State::kQuiet;
    if (is_held) {
        const auto doublings = std::min(cohort->holds, kDoublingsMax);
        if (cohort->holds < kDoublingsMax) ++cohort->holds;
        wait_until(cohort, clock.steady() + kHold * (1 << doublings));
        return;
    }
    cohort->holds = 0;
    if (again) {
        enqueue(cohort);
    } else if (std::exchange(cohort->is_dirty, false)) {
        hit(cohort);
    } else if (cohort->group->plan->polls) {
        wait_until(cohort, clock.steady() + options.unwatched_poll);
    }
}

/// Whatever no change has touched for too long.
void Live::Impl::poll_oldest(Steady now) {
    const auto steps = std::max<Steady::rep>(options.safety_poll / kPollStep, 1);  // of one round
    auto left = by_age.size() / static_cast<std::size_t>(steps) + 1;
    for (auto at = by_age.begin(); at != by_age.end() && left > 0; --left) {
        const CohortPtr cohort = (at++)->lock();
        if (cohort == nullptr || cohort->started + options.safety_poll > now) return;
        if (cohort->state == Cohort::State::kQuiet) enqueue(cohort);
    }
}

/// The one timer: cohorts that wait for their time, and the poll.
rt::Task<void> Live::Impl::tick() {
    Steady next_poll = clock.steady();
    while (!scope.is_cancelled()) {
        const bool polls = options.safety_poll > Steady::duration::zero();
        Steady next = waiting.empty() ? Steady::max() : waiting.begin()->first;
        if (polls && !by_age.empty()) next = std::min(next, next_poll);
        if (next == Steady::max()) {
            (void)co_await wake.wait(scope.forever());
        } else {
            (void)co_await wake.wait(scope.deadline(next - clock.steady()));
        }
        const Steady now = clock.steady();
        while (!waiting.empty() && waiting.begin()->first <= now) {
            const CohortPtr cohort = waiting.begin()->second.lock();
            waiting.erase(waiting.begin());
            if (cohort != nullptr && !cohort->is_gone) enqueue(cohort);
        }
        if (now >= next_poll) {
            if (polls) poll_oldest(now);
            next_poll = now + std::min(kPollStep, std::max(options.safety_poll, kPollStepMin));
        }
    }
}

}  // namespace weft::graphql
