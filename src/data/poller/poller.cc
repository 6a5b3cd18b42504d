#include "data/poller/poller.h"

#include "base/shares.h"
#include "core/flow/flow.h"
#include "core/trigger/poll.h"
#include "data/poller/detail/ask.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/triggers/samples.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include <algorithm>
#include <deque>
#include <set>

namespace weft::poller {

namespace {

namespace rows = store::triggers;
using store::runs::ValueSlot;

constexpr auto kRetryPause = std::chrono::seconds(1);  // while the database is away
constexpr Steady::duration kPause = std::chrono::milliseconds(20);
constexpr auto kCallTimeout = std::chrono::seconds(10);  // of the database
constexpr Millis kSoon{1'000};                           // there is more to take in
constexpr std::size_t kBatchItemsMax = 1'000;            // of one run
constexpr std::size_t kBatchBytesMax = 4u << 20;
constexpr std::size_t kProblemBytesMax = 1'000;

/// As many bytes of it as a row has room for, without cutting a character in two.
std::string shortened(std::string text) {
    if (text.size() <= kProblemBytesMax) return text;
    std::size_t end = kProblemBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "...";
}

std::string hex_of(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

/// What the inbox knows a run by. Another source's items are others, whatever their ids are.
std::string key_of(std::string_view what, const rows::DuePoll& due, std::string_view digest) {
    // As before sources were counted: what has been taken in stays known.
    if (due.source == 0) return fmt::format("{}:{}", what, hex_of(digest));
    return fmt::format("{}:{}:{}", what, due.source, hex_of(digest));
}

/// What the run gets to see of how it began.
Json about(const rows::DuePoll& due) {
    return JsonObject{
        {"kind", due.kind},
        {"id", due.trigger.text()},
        {"name", due.name},
        {"polled_at", rfc3339(due.now)},
    };
}

Result<trigger::Poll> settings_of(const rows::DuePoll& due) {
    const auto source = trigger::source_from(due.kind);
    if (!source) return fail(Error::invalid("This kind of trigger does not ask"));
    TRY(auto settled, trigger::parse_source(*source, due.config));
    return std::move(settled.poll);
}

}  // namespace

struct Poller::Impl {
    explicit Impl(Needs from)
        : needs(std::move(from)),
          places(needs.options.polls_max),
          fires(needs.metrics.counter("weft_poll_runs_total", "Runs that polling triggers have begun")),
          samples(needs.metrics.counter("weft_samples_captured_total", "Events kept as samples")),
          wanted(needs.loop),
          scope(needs.loop, [this](std::string what) {
              needs.log.error("a poll's task failed", {{"detail", what}});
          }) {}

    /// An answer on its way into the database.
    struct Intake {
        rows::PollOutcome outcome;
        std::deque<rows::NewRun> runs;  // they stay where they are
        std::size_t bytes = 0;          // of the runs' values
        std::size_t items = 0;          // new ones that are dealt with
    };

    rt::Task<void> work();
    rt::Task<void> pause();
    rt::Task<void> handle(rows::DuePoll due);
    rt::Task<Result<void>> poll(const rows::DuePoll& due);
    rt::Task<Result<void>> sample(const rows::DuePoll& due);
    rt::Task<Result<void>> take_in(const rows::DuePoll& due, Json answer);
    rt::Task<Result<void>> seal_each(
        const rows::DuePoll& due, std::vector<trigger::PolledItem> fresh, Intake& in, rt::Deadline by
    );
    rt::Task<Result<void>> seal_all(
        const rows::DuePoll& due, std::vector<trigger::PolledItem> fresh, Intake& in, rt::Deadline by
    );
    rt::Task<Result<rows::NewRun>> seal(
        const rows::DuePoll& due, std::string key, std::string input, rt::Deadline by
    );
    rt::Task<Result<void>> failed(const rows::DuePoll& due, std::string why, std::optional<Millis> after);
    rt::Task<Result<void>> postpone(const rows::DuePoll& due, Millis next);
    rt::Task<Result<void>> has_room(TenantId tenant, rt::Deadline by);
    void told(const std::deque<rows::NewRun>& runs, const std::vector<std::optional<rows::Begun>>& begun);
    void count(std::string_view outcome) {
        needs.metrics
            .counter(
                "weft_polls_total",
                "Times that polling triggers asked another system, by what came of it",
                {{"outcome", std::string(outcome)}}
            )
            .add();
    }
    rt::Deadline soon() const { return rt::Deadline::in(kCallTimeout); }

    Needs needs;
    Shares<TenantId> places;
    telemetry::Counter fires;
    telemetry::Counter samples;
    bool is_woken = false;
    rt::Signal wanted;
    rt::Scope scope;
};

rt::Task<Result<rows::NewRun>> Poller::Impl::seal(
    const rows::DuePoll& due, std::string key, std::string input, rt::Deadline by
) {
    rows::NewRun run{
        .tenant = due.tenant,
        .id = RunId::make(needs.clock.now(), needs.rng),
        .trigger = due.trigger,
        .dedupe_key = std::move(key),
    };
    std::string trigger = to_text(about(due));
    if (due.flow && due.version) {
        CO_TRY(auto rules, flow::Rules::of(*due.flow));
        CO_TRY(const Json keys, rules.keys(input, trigger));
        run.flow = rows::FlowKeys{.version = *due.version, .keys = to_text(keys)};
    }
    const auto as_input = ValueSlot::input();
    const auto as_trigger = ValueSlot::trigger();
    CO_TRY(auto sealed_input, co_await needs.codec.seal(due.tenant, run.id, as_input, std::move(input), by));
    CO_TRY(
        auto sealed_trigger, co_await needs.codec.seal(due.tenant, run.id, as_trigger, std::move(trigger), by)
    );
    run.values.push_back(std::move(sealed_input));
    run.values.push_back(std::move(sealed_trigger));
    co_return run;
}

/// A run for each, as many as one transaction takes.
rt::Task<Result<void>> Poller::Impl::seal_each(
    const rows::DuePoll& due, std::vector<trigger::PolledItem> fresh, Intake& in, rt::Deadline by
) {
    for (const trigger::PolledItem& item : fresh) {
        if (in.runs.size() >= needs.options.runs_max || in.bytes >= needs.options.bytes_max) break;
        CO_TRY(auto run, co_await seal(due, key_of("item", due, item.key), to_text(*item.value), by));
        for (const auto& value : run.values) in.bytes += value.data ? value.data->size() : 0;
        in.runs.push_back(std::move(run));
        in.outcome.run_items.push_back({item.key});
        ++in.items;
    }
    co_return Result<void>();
}

/// One run for all, as many as it takes.
rt::Task<Result<void>> Poller::Impl::seal_all(
    const rows::DuePoll& due, std::vector<trigger::PolledItem> fresh, Intake& in, rt::Deadline by
) {
    JsonArray items;
    std::vector<std::string> keys;
    for (const trigger::PolledItem& item : fresh) {
        in.bytes += to_text(*item.value).size();
        if (!items.empty() && (items.size() == kBatchItemsMax || in.bytes > kBatchBytesMax)) break;
        items.push_back(*item.value);
        keys.push_back(item.key);
    }
    if (items.empty()) co_return Result<void>();
    in.items += keys.size();
    in.outcome.run_items.push_back(std::move(keys));
    const auto ids = fmt::format("{}", fmt::join(in.outcome.run_items.back(), ""));  // each 32 bytes
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(
        reinterpret_cast<unsigned char*>(digest.data()),
        reinterpret_cast<const unsigned char*>(ids.data()),
        ids.size()
    );
    std::string key = key_of("items", due, digest);
    CO_TRY(
        auto run, co_await seal(due, std::move(key), to_text(JsonObject{{"items", std::move(items)}}), by)
    );
    in.runs.push_back(std::move(run));
    co_return Result<void>();
}

rt::Task<Result<void>> Poller::Impl::has_room(TenantId tenant, rt::Deadline by) {
    const std::int64_t most = needs.options.backlog_max;
    CO_TRY(const auto jobs, co_await rows::count_backlog(needs.pool, tenant, most, by));
    if (jobs < most) co_return Result<void>();
    co_return fail(
        Error::limit("Too many runs are waiting to start; nothing new is taken in until they are through")
    );
}

/// Errors: kInvalid, kLimit: a sentence for the owner.
rt::Task<Result<void>> Poller::Impl::take_in(const rows::DuePoll& due, Json answer) {
    const rt::Deadline by = soon();
    CO_TRY(const trigger::Poll settings, settings_of(due));
    Json before;
    if (due.cursor) {
        CO_TRY(before, parse_json(*due.cursor));
    }
    auto read = [&] { return trigger::read_answer(settings, answer, before); };
    CO_TRY(const trigger::Polled polled, co_await rt::on_pool(read, rt::Pool::kTenants));
    Intake in;
    in.outcome = {.tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch, .is_primed = true};
    std::vector<std::string> keys;
    for (const trigger::PolledItem& item : polled.items) keys.push_back(item.key);
    const bool is_silent = !due.is_primed && settings.start == trigger::PollStart::kNow;
    CO_TRY(const auto unseen, co_await rows::unseen_items(needs.pool, due.tenant, due.trigger, keys, by));
    if (is_silent || unseen.empty()) {
        in.outcome.items = std::move(keys);
    } else {
        CO_CHECK_OK(co_await has_room(due.tenant, by));
        const std::set<std::string> is_new(unseen.begin(), unseen.end());
        std::vector<trigger::PolledItem> fresh;
        for (const trigger::PolledItem& item : polled.items) {
            if (!is_new.contains(item.key)) continue;
            if (settings.filter && !settings.filter->passes(*item.value, about(due))) {
                in.outcome.items.push_back(item.key);  // seen, and dealt with
                in.outcome.size_filtered = static_cast<std::int64_t>(to_text(*item.value).size());
                ++in.outcome.filtered;
                ++in.items;
            } else {
                fresh.push_back(item);
            }
        }
        if (settings.is_batch) {
            CO_CHECK_OK(co_await seal_all(due, std::move(fresh), in, by));
        } else {
            CO_CHECK_OK(co_await seal_each(due, std::move(fresh), in, by));
        }
        // What is left is asked for again, with the same cursor.
        if (in.items < is_new.size()) in.outcome.next = kSoon;
        for (std::string& key : keys)  // those that are still shown stay remembered
            if (!is_new.contains(key)) in.outcome.items.push_back(std::move(key));
    }
    if (in.outcome.next == Millis(0)) {
        in.outcome.next = trigger::poll_pause(settings, 0);
        if (polled.cursor) in.outcome.cursor = to_text(*polled.cursor);
    }
    std::vector<const rows::NewRun*> runs;
    for (const rows::NewRun& run : in.runs) runs.push_back(&run);
    rows::PollOutcome outcome = std::move(in.outcome);
    CO_TRY(const auto begun, co_await rows::settle_poll(needs.pool, std::move(outcome), std::move(runs), by));
    told(in.runs, begun);
    count(in.runs.empty() ? "nothing" : "new");
    co_return Result<void>();
}

void Poller::Impl::told(
    const std::deque<rows::NewRun>& runs, const std::vector<std::optional<rows::Begun>>& begun
) {
    bool is_any = false;
    for (std::size_t i = 0; i < begun.size(); ++i) {
        if (!begun[i] || !begun[i]->workflow) continue;
        is_any = true;
        fires.add();
        needs.tell(store::notices::RunChanged{
            runs[i].tenant, begun[i]->id, runstate::RunStatus::kQueued, *begun[i]->workflow
        });
    }
    if (is_any) needs.tell(store::notices::JobsQueued{});
}

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
    const auto settings = settings_of(due);
    Millis next = trigger::poll_pause(settings.value_or(trigger::Poll{}), due.failures + 1);
    if (after) next = std::clamp(*after, trigger::kPollEveryMin, trigger::kPollEveryMax);
    rows::PollOutcome outcome{.tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch, .next = next};
    outcome.problem = shortened(std::move(why));
    CO_CHECK_OK(co_await rows::settle_poll(needs.pool, std::move(outcome), {}, soon()));
    co_return Result<void>();
}

/// What the source shows right now becomes the sample, whether it is new or not; nothing is remembered of it.
rt::Task<Result<void>> Poller::Impl::sample(const rows::DuePoll& due) {
    rows::DuePoll afresh = due;
    afresh.cursor.reset();
    const rt::Deadline by = scope.deadline(needs.options.timeout / 3);
    Asked asked = co_await ask(needs, std::move(afresh), by);
    if (asked.is_aborted) co_return Result<void>();
    Error why = Error::invalid(std::move(asked.problem).value_or(""));
    if (asked.answer) {
        CO_TRY(const trigger::Poll settings, settings_of(due));
        auto read = [&]() -> Result<std::string> {
            TRY(const trigger::Polled polled, trigger::read_answer(settings, *asked.answer, Json()));
            if (polled.items.empty()) return std::string();
            const Json& first = *polled.items.front().value;
            return to_text(settings.is_batch ? Json(JsonObject{{"items", JsonArray{first}}}) : first);
        };
        auto input = co_await rt::on_pool(read, rt::Pool::kTenants);
        if (input && input->empty()) co_return Result<void>();  // there may be something later
        if (input) {
            CO_TRY(
                const bool is_kept,
                co_await rows::capture(
                    needs.pool,
                    needs.keys,
                    due.tenant,
                    due.trigger,
                    *std::move(input),
                    to_text(about(due)),
                    by
                )
            );
            if (is_kept) samples.add();
            co_return Result<void>();
        }
        why = std::move(input).error();
    }
    if (why.user.empty()) co_return Result<void>();
    co_return co_await rows::fail_sample(needs.pool, due.tenant, due.trigger, std::move(why.user), by);
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
    if (!due.is_live) {  // the workflow's: whoever switches it on finds the trigger as it was
        const auto settings = settings_of(due);
        co_return co_await postpone(due, settings ? settings->every : trigger::kPollEveryMin);
    }
    Asked asked = co_await ask(needs, due, scope.deadline(needs.options.timeout));
    if (asked.is_aborted) co_return co_await postpone(due, Millis(0));
    if (asked.problem) co_return co_await failed(due, *std::move(asked.problem), asked.retry_after);
    if (!asked.answer) {
        const auto settings = settings_of(due);
        rows::PollOutcome outcome{
            .tenant = due.tenant,
            .trigger = due.trigger,
            .epoch = due.epoch,
            .next = settings ? settings->every : trigger::kPollEveryMin,
            .is_primed = due.is_primed
        };
        count("nothing");
        CO_CHECK_OK(co_await rows::settle_poll(needs.pool, std::move(outcome), {}, soon()));
        co_return Result<void>();
    }
    auto taken = co_await take_in(due, *std::move(asked.answer));
    if (taken) co_return Result<void>();
    const Error why = std::move(taken).error();
    if (why.code == Code::kInvalid || why.code == Code::kLimit)
        co_return co_await failed(due, why.user, std::nullopt);
    // Switched off a moment ago: nothing was written, and nothing is lost.
    if (why.code == Code::kConflict) co_return co_await postpone(due, trigger::kPollEveryMin);
    co_return fail(why);
}

/// A poll that could not be settled is due again when its lease has lapsed.
rt::Task<void> Poller::Impl::handle(rows::DuePoll due) {
    auto done = co_await poll(due);
    if (!done && done.error().code != Code::kStale)
        needs.log.warn(
            "a poll is left to its lease", {{"trigger", due.trigger.text()}, {"reason", done.error().detail}}
        );
    places.give(due.tenant);
    is_woken = true;
    wanted.notify_all();
}

rt::Task<void> Poller::Impl::work() {
    bool has_failed = false;
    while (!scope.is_cancelled()) {
        if (places.free() == 0) {
            (void)co_await wanted.wait(scope.forever());
            continue;
        }
        std::vector<TenantId> full;
        for (const auto& [tenant, held] : places.owners())
            if (!places.may_take(tenant)) full.push_back(tenant);
        // One at a time: whose turn it is depends on what the one before took.
        auto claimed = co_await rows::claim_polls(
            needs.pool, 1, needs.options.lease, std::move(full), scope.deadline(kCallTimeout)
        );
        if (!claimed && !has_failed && !scope.is_cancelled())
            needs.log.warn("triggers do not poll", {{"reason", claimed.error().detail}});
        has_failed = !claimed;
        if (!claimed) {
            (void)co_await rt::sleep_for(kRetryPause, scope.forever());
            continue;
        }
        if (claimed->empty()) {
            co_await pause();
            continue;
        }
        rows::DuePoll due = std::move(claimed->front());
        places.take(due.tenant);
        scope.spawn(handle(std::move(due)));
    }
}

/// Until the next one is due, as the database's clock has it.
rt::Task<void> Poller::Impl::pause() {
    if (std::exchange(is_woken, false)) co_return;
    auto until = co_await rows::time_until_poll(needs.pool, scope.deadline(kCallTimeout));
    Steady::duration wait = needs.options.look_max;
    if (!until) wait = kRetryPause;
    if (until && *until) wait = std::clamp<Steady::duration>(**until, kPause, needs.options.look_max);
    // Due and not to be had: another worker has just taken it, or its tenant has no place.
    if (until && *until && **until <= Millis(0)) wait = std::chrono::milliseconds(200);
    if (!std::exchange(is_woken, false)) (void)co_await wanted.wait(scope.deadline(wait));
    is_woken = false;
}

Poller::Poller(Needs needs) : impl_(std::make_unique<Impl>(std::move(needs))) {}
Poller::~Poller() = default;

void Poller::start() {
    impl_->scope.spawn(impl_->work());
}

void Poller::wake() {
    impl_->is_woken = true;
    impl_->wanted.notify_all();
}

rt::Task<void> Poller::close() {
    co_await impl_->scope.close();
}

}  // namespace weft::poller
