#include "data/alerter/alerter.h"

#include "base/shares.h"
#include "data/alerter/detail/delivery.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <algorithm>

namespace weft::alerter {

namespace {

namespace rows = store::alerts;

constexpr auto kRetryPause = std::chrono::seconds(1);  // while the database is away
constexpr Steady::duration kPause = std::chrono::milliseconds(20);
constexpr auto kCallTimeout = std::chrono::seconds(10);  // of the database
constexpr Millis kRetryAfterMax{3'600'000};              // what another system may ask for

}  // namespace

struct Alerter::Impl {
    explicit Impl(Needs from)
        : needs(std::move(from)),
          places(needs.options.messages_max),
          waiting(needs.metrics.gauge("weft_alerts_waiting", "Ends of runs that alerts have not told yet")),
          failing(needs.metrics.gauge("weft_alerts_failing", "Alerts whose last attempt failed")),
          wanted(needs.loop),
          scope(needs.loop, [this](std::string what) {
              needs.log.error("an alert's task failed", {{"detail", what}});
          }) {}

    rt::Task<void> work();
    rt::Task<void> count_often();
    rt::Task<void> pause();
    rt::Task<void> handle(rows::Due due);
    rt::Task<Result<void>> serve(rows::Due due);
    rt::Task<Result<void>> test(rows::Due due);
    rt::Task<Result<void>> send(rows::Due due);
    rt::Task<Result<void>> settle(rows::Due due, detail::Attempt attempt);
    alert::Message message_of(const rows::Due& due, const Uuid& id) const;
    void count(std::string_view outcome) {
        needs.metrics
            .counter(
                "weft_alerts_total",
                "Messages of alerts, by what came of them",
                {{"outcome", std::string(outcome)}}
            )
            .add();
    }
    rt::Deadline soon() const { return rt::Deadline::in(kCallTimeout); }

    Needs needs;
    Shares<TenantId> places;
    telemetry::Gauge waiting;
    telemetry::Gauge failing;
    rt::Signal wanted;
    rt::Scope scope;
};

alert::Message Alerter::Impl::message_of(const rows::Due& due, const Uuid& id) const {
    return {
        .id = "msg_" + id.text(),
        .rule = due.rule,
        .rule_name = due.name,
        .made_at = due.made_at.value_or(due.now),
        .named = {},
        .ends = due.ends,
        .public_url = needs.options.public_url
    };
}

/// Once: who has asked sees what came of it.
rt::Task<Result<void>> Alerter::Impl::test(rows::Due due) {
    alert::Message message = message_of(due, *due.test);
    message.made_at = due.now;
    message.ends = 0;
    auto attempt =
        co_await detail::deliver(needs, due, std::move(message), scope.deadline(needs.options.timeout));
    if (attempt.is_aborted) co_return co_await rows::hold(needs.pool, std::move(due), std::nullopt, soon());
    count("test");
    co_return co_await rows::settle_test(needs.pool, std::move(due), std::move(attempt.problem), soon());
}

rt::Task<Result<void>> Alerter::Impl::serve(rows::Due due) {
    if (due.test) co_return co_await test(std::move(due));
    if (due.quiet) {
        CO_TRY(const alert::Quiet quiet, alert::parse_quiet(*due.quiet));
        const auto until = alert::quiet_until(quiet, due.now);
        // What is under way from before is not forgotten.
        if (until && quiet.is_dropping && !due.message) {
            count("silenced");
            co_return co_await rows::silence(needs.pool, std::move(due), soon());
        }
        if (until) {
            count("held");
            co_return co_await rows::hold(needs.pool, std::move(due), until, soon());
        }
    }
    co_return co_await send(std::move(due));
}

rt::Task<Result<void>> Alerter::Impl::send(rows::Due due) {
    if (!due.message) {
        const Uuid id = Uuid::v7(needs.clock.now(), needs.rng);
        CO_TRY(const rows::Taken taken, co_await rows::take_ends(needs.pool, due, id, soon()));
        due.message = id;
        due.ends = taken.ends;
        due.made_at = taken.made_at;
        due.attempts = 0;
    }
    alert::Message message = message_of(due, *due.message);
    CO_TRY(message.named, co_await rows::load_ends(needs.pool, due.tenant, due.rule, *due.message, soon()));
    auto attempt =
        co_await detail::deliver(needs, due, std::move(message), scope.deadline(needs.options.timeout));
    co_return co_await settle(std::move(due), std::move(attempt));
}

rt::Task<Result<void>> Alerter::Impl::settle(rows::Due due, detail::Attempt attempt) {
    if (attempt.is_aborted) co_return co_await rows::hold(needs.pool, std::move(due), std::nullopt, soon());
    if (!attempt.problem) {
        count("sent");
        co_return co_await rows::settle_sent(needs.pool, std::move(due), soon());
    }
    std::string problem = *std::move(attempt.problem);
    const bool is_late = due.made_at && due.now - *due.made_at >= alert::kGiveUp;
    if (attempt.is_gone || is_late) {
        count("lost");
        const bool is_gone = attempt.is_gone;
        co_return co_await rows::settle_lost(needs.pool, std::move(due), std::move(problem), is_gone, soon());
    }
    count("failed");
    Millis again = alert::backoff(due.attempts + 1, needs.options.first_pause);
    if (attempt.retry_after) again = std::clamp(*attempt.retry_after, again, kRetryAfterMax);
    again += std::chrono::floor<Millis>(again * (needs.rng.unit() / 5));  // not all at once
    co_return co_await rows::settle_failed(needs.pool, std::move(due), again, std::move(problem), soon());
}

/// What could not be settled is due again when its lease has lapsed.
rt::Task<void> Alerter::Impl::handle(rows::Due due) {
    const TenantId tenant = due.tenant;
    const AlertRuleId rule = due.rule;
    auto done = co_await serve(std::move(due));
    if (!done && done.error().code != Code::kStale)
        needs.log.warn(
            "an alert is left to its lease",
            {{"tenant", tenant.text()}, {"alert", rule.text()}, {"reason", done.error().detail}}
        );
    places.give(tenant);
    wanted.notify_all();
}

rt::Task<void> Alerter::Impl::work() {
    bool has_failed = false;
    while (!scope.is_cancelled()) {
        if (places.free() == 0) {
            (void)co_await wanted.wait(scope.forever());
            continue;
        }
        std::vector<TenantId> full;
        for (const auto& [tenant, held] : places.owners())
            if (!places.may_take(tenant)) full.push_back(tenant);
        auto claimed = co_await rows::claim(
            needs.pool, 1, needs.options.lease, std::move(full), scope.deadline(kCallTimeout)
        );
        if (!claimed && !has_failed && !scope.is_cancelled())
            needs.log.warn("alerts are not sent", {{"reason", claimed.error().detail}});
        has_failed = !claimed;
        if (!claimed) {
            (void)co_await rt::sleep_for(kRetryPause, scope.forever());
            continue;
        }
        if (claimed->empty()) {
            co_await pause();
            continue;
        }
        rows::Due due = std::move(claimed->front());
        places.take(due.tenant);
        scope.spawn(handle(std::move(due)));
    }
}

/// Until the next one is due, as the database's clock has it.
rt::Task<void> Alerter::Impl::pause() {
    auto until = co_await rows::time_until_due(needs.pool, scope.deadline(kCallTimeout));
    Steady::duration wait = needs.options.look_max;
    if (until && *until) wait = std::clamp<Steady::duration>(**until, kPause, needs.options.look_max);
    // Due and not to be had: another worker has just taken it, or its tenant has no place.
    if (until && *until && **until <= Millis(0))
        wait = std::min<Steady::duration>(wait * 10, needs.options.look_max);
    (void)co_await wanted.wait(scope.deadline(wait));
}

rt::Task<void> Alerter::Impl::count_often() {
    while (!scope.is_cancelled()) {
        if (auto counts = co_await rows::count(needs.pool, scope.deadline(kCallTimeout))) {
            waiting.set(static_cast<double>(counts->waiting));
            failing.set(static_cast<double>(counts->failing));
        }
        (void)co_await rt::sleep_for(needs.options.count_every, scope.forever());
    }
}

Alerter::Alerter(Needs needs) : impl_(std::make_unique<Impl>(std::move(needs))) {}
Alerter::~Alerter() = default;

void Alerter::start() {
    impl_->scope.spawn(impl_->work());
    impl_->scope.spawn(impl_->count_often());
}

rt::Task<void> Alerter::close() {
    co_await impl_->scope.close();
}

}  // namespace weft::alerter
