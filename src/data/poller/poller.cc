#include "data/poller/poller.h"

#include "core/trigger/listen.h"
#include "core/trigger/mailbox.h"
#include "core/trigger/table.h"
#include "data/poller/detail/impl.h"
#include "data/poller/detail/mail.h"
#include "data/poller/detail/table.h"
#include "platform/rt/loop.h"

#include <algorithm>

namespace weft::poller {

namespace {

constexpr auto kRetryPause = std::chrono::seconds(1);  // while the database is away
constexpr Steady::duration kPause = std::chrono::milliseconds(20);
constexpr Millis kSetUpRetry = trigger::kPollEveryMin;
constexpr Millis kListenRetry{1'000};  // each second that nobody listens loses something
constexpr Millis kListenRetryMax{300'000};
constexpr std::size_t kProblemBytesMax = 1'000;

/// As many bytes of it as a row has room for, without cutting a character in two.
std::string shortened(std::string text) {
    if (text.size() <= kProblemBytesMax) return text;
    std::size_t end = kProblemBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "...";
}

}  // namespace

Poller::Impl::Impl(Needs from)
    : needs(std::move(from)),
      polls{
          rows::Way::kAsked,
          needs.options.lease,
          Shares<TenantId>(needs.options.polls_max),
          rt::Signal(needs.loop)
      },
      listens{
          rows::Way::kHeld,
          needs.options.listen_lease,
          Shares<TenantId>(needs.options.listens_max),
          rt::Signal(needs.loop)
      },
      fires(needs.metrics.counter("weft_poll_runs_total", "Runs that polling triggers have begun")),
      samples(needs.metrics.counter("weft_samples_captured_total", "Events kept as samples")),
      over_quota(store::quotas::refusals(needs.metrics, "due_runs")),
      listening(needs.metrics.gauge("weft_listening_triggers", "Connections that listen for triggers")),
      scope(needs.loop, [this](std::string what) {
          needs.log.error("a poll's task failed", {{"detail", what}});
      }) {}

rt::Task<Result<void>> Poller::Impl::postpone(const rows::DuePoll& due, Millis next) {
    rows::PollOutcome outcome{
        .tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch, .next = next, .is_asked = false
    };
    CO_CHECK_OK(co_await rows::settle_poll(needs.pool, std::move(outcome), {}, soon()));
    co_return Result<void>();
}

rt::Task<Result<void>> Poller::Impl::failed(
    const rows::DuePoll& due, std::string why, std::optional<Millis> after
) {
    count("failed");
    // What has never answered yet is tried sooner than what fails now.
    const Millis every = due.is_checked ? every_of(due) : std::min(every_of(due), kSetUpRetry);
    Millis next = trigger::poll_pause(every, due.failures + 1);
    if (due.kind == trigger::kListenKind)
        next = std::min(trigger::poll_pause(kListenRetry, due.failures), kListenRetryMax);
    if (after) next = std::clamp(*after, trigger::kPollEveryMin, trigger::kPollEveryMax);
    rows::PollOutcome outcome{.tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch, .next = next};
    outcome.problem = shortened(std::move(why));
    CO_CHECK_OK(co_await rows::settle_poll(needs.pool, std::move(outcome), {}, soon()));
    co_return Result<void>();
}

rt::Task<Result<std::optional<std::string>>> Poller::Impl::shown_now(
    const rows::DuePoll& due, rt::Deadline by
) {
    rows::DuePoll afresh = due;
    afresh.cursor.reset();
    if (due.kind == trigger::kMailKind) co_return co_await newest_mail(needs, std::move(afresh), by);
    if (due.kind == trigger::kTableKind) co_return co_await newest_row(needs, std::move(afresh), by);
    Asked asked = co_await ask(needs, std::move(afresh), by);
    if (asked.is_aborted || asked.problem == "") co_return std::nullopt;
    if (asked.problem) co_return fail(Error::invalid(*std::move(asked.problem)));
    if (!asked.answer) co_return std::nullopt;
    CO_TRY(const trigger::Poll settings, settings_of(due));
    auto read = [&]() -> Result<std::optional<std::string>> {
        TRY(const trigger::Polled polled, trigger::read_answer(settings, *asked.answer, Json()));
        if (polled.items.empty()) return std::nullopt;
        const Json& first = *polled.items.front().value;
        return to_text(settings.is_batch ? Json(JsonObject{{"items", JsonArray{first}}}) : first);
    };
    co_return co_await rt::on_pool(read, rt::Pool::kTenants);
}

/// What the source shows right now becomes the sample, whether it is new or not; nothing is remembered of it.
rt::Task<Result<void>> Poller::Impl::sample(const rows::DuePoll& due) {
    const rt::Deadline by = scope.deadline(needs.options.timeout / 3);
    auto shown = co_await shown_now(due, by);
    if (!shown) {
        std::string why = std::move(shown).error().user;
        if (why.empty() || shown.error().code == Code::kCancelled) co_return Result<void>();
        co_return co_await rows::fail_sample(needs.pool, due.tenant, due.trigger, std::move(why), by);
    }
    if (!*shown) co_return Result<void>();  // there may be something later
    CO_TRY(
        const bool is_kept,
        co_await rows::capture(
            needs.pool, needs.keys, due.tenant, due.trigger, **std::move(shown), to_text(about(due)), by
        )
    );
    if (is_kept) samples.add();
    co_return Result<void>();
}

rt::Task<Result<void>> Poller::Impl::poll(const rows::DuePoll& due) {
    if (due.is_listening) {
        auto sampled = co_await sample(due);  // who listens is asked again; the poll itself goes on
        if (!sampled)
            needs.log.warn(
                "no sample was taken", {{"trigger", due.trigger.text()}, {"reason", sampled.error().detail}}
            );
        if (!due.is_live) co_return co_await postpone(due, trigger::kPollEveryMin);
    }
    // The workflow's: whoever switches it on finds the trigger as it was.
    if (!due.is_live) co_return co_await postpone(due, every_of(due));
    Result<void> taken;
    if (due.kind == trigger::kMailKind || due.kind == trigger::kTableKind) {
        const auto by = scope.deadline(needs.options.timeout);
        auto harvest = due.kind == trigger::kMailKind ? co_await look_into_mailbox(needs, due, by)
                                                      : co_await look_into_table(needs, due, by);
        if (!harvest) co_return co_await not_asked(due, std::move(harvest).error());
        taken = co_await take_harvest(due, *std::move(harvest));
    } else {
        Asked asked = co_await ask(needs, due, scope.deadline(needs.options.timeout));
        if (asked.is_aborted) co_return co_await postpone(due, Millis(0));
        if (asked.problem) co_return co_await failed(due, *std::move(asked.problem), asked.retry_after);
        if (!asked.answer) co_return co_await nothing_new(due);
        taken = co_await take_in(due, *std::move(asked.answer));
    }
    if (taken) co_return Result<void>();
    const Error why = std::move(taken).error();
    if (why.code == Code::kInvalid || why.code == Code::kLimit)
        co_return co_await failed(due, why.user, std::nullopt);
    // Switched off a moment ago: nothing was written, and nothing is lost.
    if (why.code == Code::kConflict) co_return co_await postpone(due, trigger::kPollEveryMin);
    co_return fail(why);
}

/// A source that could not be looked at.
rt::Task<Result<void>> Poller::Impl::not_asked(const rows::DuePoll& due, Error why) {
    if (why.code == Code::kCancelled) co_return co_await postpone(due, Millis(0));
    if (why.user.empty()) {
        needs.log.warn("a poll failed", {{"trigger", due.trigger.text()}, {"reason", why.detail}});
        why.user = "Weft could not ask; its operator finds the reason in the log";
    }
    co_return co_await failed(due, std::move(why.user), std::nullopt);
}

rt::Task<Result<void>> Poller::Impl::nothing_new(const rows::DuePoll& due) {
    rows::PollOutcome outcome{
        .tenant = due.tenant,
        .trigger = due.trigger,
        .epoch = due.epoch,
        .next = every_of(due),
        .is_primed = due.is_primed
    };
    count("nothing");
    CO_CHECK_OK(co_await rows::settle_poll(needs.pool, std::move(outcome), {}, soon()));
    co_return Result<void>();
}

/// A poll that could not be settled is due again when its lease has lapsed.
rt::Task<void> Poller::Impl::handle(Lane& lane, rows::DuePoll due) {
    Result<void> done;
    if (lane.way == rows::Way::kHeld) done = co_await hear(due);
    if (lane.way == rows::Way::kAsked) done = co_await poll(due);
    if (!done && done.error().code != Code::kStale)
        needs.log.warn(
            "a poll is left to its lease", {{"trigger", due.trigger.text()}, {"reason", done.error().detail}}
        );
    if (!done && done.error().code == Code::kStale)
        (void)co_await rows::release_poll(needs.pool, due, soon());
    lane.places.give(due.tenant);
    lane.is_woken = true;
    lane.wanted.notify_all();
}

rt::Task<void> Poller::Impl::work(Lane& lane) {
    bool has_failed = false;
    while (!scope.is_cancelled()) {
        if (lane.places.free() == 0) {
            (void)co_await lane.wanted.wait(scope.forever());
            continue;
        }
        std::vector<TenantId> full;
        for (const auto& [tenant, held] : lane.places.owners())
            if (!lane.places.may_take(tenant)) full.push_back(tenant);
        // One at a time: whose turn it is depends on what the one before took.
        auto claimed = co_await rows::claim_polls(
            needs.pool, lane.way, 1, lane.lease, std::move(full), scope.deadline(kCallTimeout)
        );
        if (!claimed && !has_failed && !scope.is_cancelled())
            needs.log.warn("triggers do not poll", {{"reason", claimed.error().detail}});
        has_failed = !claimed;
        if (!claimed) {
            (void)co_await rt::sleep_for(kRetryPause, scope.forever());
            continue;
        }
        if (claimed->empty()) {
            co_await pause(lane);
            continue;
        }
        rows::DuePoll due = std::move(claimed->front());
        lane.places.take(due.tenant);
        scope.spawn(handle(lane, std::move(due)));
    }
}

/// Until the next one is due, as the database's clock has it.
rt::Task<void> Poller::Impl::pause(Lane& lane) {
    if (std::exchange(lane.is_woken, false)) co_return;
    auto until = co_await rows::time_until_poll(needs.pool, lane.way, scope.deadline(kCallTimeout));
    Steady::duration wait = needs.options.look_max;
    if (!until) wait = kRetryPause;
    if (until && *until) wait = std::clamp<Steady::duration>(**until, kPause, needs.options.look_max);
    // Due and not to be had: another worker has just taken it, or its tenant has no place.
    if (until && *until && **until <= Millis(0)) wait = std::chrono::milliseconds(200);
    if (!std::exchange(lane.is_woken, false)) (void)co_await lane.wanted.wait(scope.deadline(wait));
    lane.is_woken = false;
}

Poller::Poller(Needs needs) : impl_(std::make_unique<Impl>(std::move(needs))) {}
Poller::~Poller() = default;

void Poller::start() {
    impl_->scope.spawn(impl_->work(impl_->polls));
    impl_->scope.spawn(impl_->work(impl_->listens));
}

void Poller::wake() {
    for (auto* lane : {&impl_->polls, &impl_->listens}) {
        lane->is_woken = true;
        lane->wanted.notify_all();
    }
}

void Poller::forget(std::optional<ConnectionId> connection) {
    for (auto* ear : impl_->ears)
        if (!connection || ear->connection == *connection) ear->is_over = true;
}

rt::Task<void> Poller::close() {
    co_await impl_->scope.close();
}

}  // namespace weft::poller
