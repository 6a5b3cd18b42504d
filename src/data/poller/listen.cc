#include "core/trigger/listen.h"

#include "data/poller/detail/impl.h"
#include "data/poller/detail/pinned.h"

#include <fmt/format.h>

#include <algorithm>

// A connection that listens for a trigger, held under a lease that is renewed: what it hears becomes runs.

namespace weft::poller {

namespace {

constexpr auto kOpenTimeout = std::chrono::seconds(15);  // shorter than the lease
constexpr auto kConfirmEvery = std::chrono::seconds(5);
constexpr auto kPingTimeout = std::chrono::seconds(5);
constexpr std::size_t kHeardBytesMax = 16u << 10;  // of one payload; PostgreSQL's own have less than 8,000
constexpr int kTriesMax = 3;                       // of a transaction, while the database is away

}  // namespace

/// Of a connection, while it is open.
class Poller::Impl::Open {
  public:
    Open(Impl& of, Ear& ear) : of_(of), ear_(ear) {
        of_.ears.push_back(&ear_);
        of_.listening.add(1);
    }
    ~Open() {
        std::erase(of_.ears, &ear_);
        of_.listening.add(-1);
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

  private:
    Impl& of_;
    Ear& ear_;
};

/// Those that begin a run, and what is said of the others.
rt::Task<Result<rows::HoldOutcome>> Poller::Impl::sort_heard(
    const rows::DuePoll& due, std::vector<pg::Guest::Notice> heard, Ear& ear
) {
    rows::HoldOutcome out{.tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch};
    out.lease = needs.options.listen_lease;
    CO_TRY(const auto settings, trigger::parse_listen(due.config));
    const rt::Deadline by = soon();
    for (const pg::Guest::Notice& one : heard) {
        if (one.payload.size() > kHeardBytesMax) {
            ++out.too_large;
            continue;
        }
        std::string value = trigger::notified(one.channel, one.payload);
        if (ear.is_sampling) {
            CO_TRY(
                const bool is_kept,
                co_await rows::capture(
                    needs.pool, needs.keys, due.tenant, due.trigger, value, to_text(about(due)), by
                )
            );
            if (is_kept) samples.add();
            ear.is_sampling = false;
        }
        if (!due.is_live) continue;
        if (settings.filter) {
            CO_TRY(const Json input, parse_json(value));
            if (!settings.filter->passes(input, about(due))) {
                ++out.filtered;
                out.size_filtered = static_cast<std::int64_t>(value.size());
                continue;
            }
        }
        std::string key = key_of("notify", due, digest_of(fmt::format("{}:{}", due.epoch, ++ear.heard)));
        CO_TRY(auto run, co_await seal(due, std::move(key), std::move(value), by));
        ear.runs.push_back(std::move(run));
    }
    if (ear.runs.empty()) co_return out;
    const auto room = co_await has_room(due.tenant, by);
    if (!room && room.error().code != Code::kLimit) co_return fail(room.error());
    if (!room) {
        out.overload = static_cast<std::int64_t>(ear.runs.size());
        ear.runs.clear();
    }
    co_return out;
}

/// Errors: kStale: somebody else holds it, or it was changed or switched off; kConflict: nobody needs to
/// listen.
rt::Task<Result<void>> Poller::Impl::take_heard(
    rows::DuePoll& due, std::vector<pg::Guest::Notice> heard, Ear& ear
) {
    if (!heard.empty()) {
        // Rules that were published meanwhile.
        CO_TRY(
            auto rules,
            co_await rows::find_flow(needs.pool, due.tenant, due.trigger, due.workflow, "", soon())
        );
        due.flow = rules ? std::optional(std::move(rules->rules)) : std::nullopt;
        if (rules) due.version = rules->version;
    }
    ear.runs.clear();
    CO_TRY(rows::HoldOutcome outcome, co_await sort_heard(due, std::move(heard), ear));
    outcome.is_first = ear.is_first;
    std::vector<const rows::NewRun*> runs;
    for (const rows::NewRun& run : ear.runs) runs.push_back(&run);
    for (int tries = 1;; ++tries) {
        auto begun = co_await rows::hold_poll(needs.pool, outcome, runs, soon());
        if (begun) {
            ear.is_first = false;
            told(ear.runs, *begun);
            if (!runs.empty()) count("new");
            co_return Result<void>();
        }
        const Code code = begun.error().code;
        const bool is_away = code == Code::kUnavailable || code == Code::kTimeout;
        if (!is_away || tries == kTriesMax || scope.is_cancelled()) co_return fail(std::move(begun).error());
        (void)co_await rt::sleep_for(std::chrono::seconds(1), scope.forever());
    }
}

rt::Task<Result<void>> Poller::Impl::hear(rows::DuePoll due) {
    if (!due.is_live && !due.is_listening) co_return co_await postpone(due, trigger::kPollEveryMin);
    const auto settings = trigger::parse_listen(due.config);
    if (!settings) co_return co_await not_asked(due, settings.error());
    CO_TRY(const Pinned pinned, Pinned::parse(due.compiled));
    const broker::ConnectionRef ref{pinned.connection, &pinned.app};
    const rt::Deadline within = scope.deadline(kOpenTimeout);
    auto opened = co_await needs.logins.open_database(due.tenant, ref, within);
    if (!opened) co_return co_await not_asked(due, std::move(opened).error());
    pg::Guest& guest = *opened->guest;
    if (auto on = co_await guest.listen(settings->channel, within); !on) {
        Error why = std::move(on).error();
        why.user = opened->redactor->redact(std::move(why.user));
        co_return co_await not_asked(due, std::move(why));
    }
    Ear ear{.connection = pinned.connection, .is_sampling = due.is_listening};
    const Open open(*this, ear);
    std::vector<pg::Guest::Notice> heard;
    for (;;) {
        auto taken = co_await take_heard(due, std::exchange(heard, {}), ear);
        due.failures = 0;
        if (!taken && taken.error().code == Code::kConflict)
            co_return co_await postpone(due, trigger::kPollEveryMin);
        if (!taken) co_return fail(std::move(taken).error());
        // Its credentials have changed: in again, by the new ones.
        if (scope.is_cancelled() || ear.is_over) co_return co_await postpone(due, Millis(0));
        auto next = co_await guest.heard(needs.options.runs_max, scope.deadline(kConfirmEvery));
        if (next && next->empty()) {  // is it still there?
            auto there = co_await guest.ask("select 1", {}, {}, scope.deadline(kPingTimeout));
            if (!there) next = fail(std::move(there).error());
        }
        if (!next) co_return co_await not_asked(due, std::move(next).error());
        heard = *std::move(next);
    }
}

}  // namespace weft::poller
