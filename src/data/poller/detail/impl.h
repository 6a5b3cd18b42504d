#pragma once

#include "base/shares.h"
#include "core/trigger/poll.h"
#include "data/poller/detail/ask.h"
#include "data/poller/detail/harvest.h"
#include "data/poller/poller.h"
#include "platform/pg/guest.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/triggers/holds.h"
#include "store/triggers/samples.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::poller {

namespace rows = store::triggers;

inline constexpr auto kCallTimeout = std::chrono::seconds(10);  // of the database

/// Its loop is in poller.cc, what answers of calls become in take_in.cc, what was harvested in harvest.cc.
struct Poller::Impl {
    explicit Impl(Needs from);

    /// An answer on its way into the database.
    struct Intake {
        rows::PollOutcome outcome;
        std::deque<rows::NewRun> runs;  // they stay where they are
        std::size_t bytes = 0;          // of the runs' values
        std::size_t items = 0;          // new ones that are dealt with
    };

    /// What this worker has room for, of one way.
    struct Lane {
        rows::Way way;
        Millis lease;
        Shares<TenantId> places;
        rt::Signal wanted;
        bool is_woken = false;
    };
    /// A connection that is held for a trigger.
    struct Ear {
        ConnectionId connection;
        bool is_sampling = false;
        bool is_first = true;
        bool is_over = false;    // whoever has it open comes in again
        std::int64_t heard = 0;  // by this claim
        std::deque<rows::NewRun> runs = {};
    };
    class Open;

    rt::Task<void> work(Lane& lane);
    rt::Task<void> pause(Lane& lane);
    rt::Task<void> handle(Lane& lane, rows::DuePoll due);
    rt::Task<Result<void>> poll(const rows::DuePoll& due);
    rt::Task<Result<void>> sample(const rows::DuePoll& due);
    /// What is there right now, as a run would get it; nothing when nothing is there.
    rt::Task<Result<std::optional<std::string>>> shown_now(const rows::DuePoll& due, rt::Deadline by);
    rt::Task<Result<void>> failed(const rows::DuePoll& due, std::string why, std::optional<Millis> after);
    rt::Task<Result<void>> postpone(const rows::DuePoll& due, Millis next);
    rt::Task<Result<void>> not_asked(const rows::DuePoll& due, Error why);
    rt::Task<Result<void>> nothing_new(const rows::DuePoll& due);

    // ---- take_in.cc
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
    rt::Task<Result<void>> has_room(TenantId tenant, rt::Deadline by);
    void told(const std::deque<rows::NewRun>& runs, const std::vector<std::optional<rows::Begun>>& begun);

    // ---- listen.cc
    rt::Task<Result<void>> hear(rows::DuePoll due);
    rt::Task<Result<void>> take_heard(rows::DuePoll& due, std::vector<pg::Guest::Notice> heard, Ear& ear);
    rt::Task<Result<rows::HoldOutcome>> sort_heard(
        const rows::DuePoll& due, std::vector<pg::Guest::Notice> heard, Ear& ear
    );

    // ---- harvest.cc
    rt::Task<Result<void>> take_harvest(const rows::DuePoll& due, Harvest harvest);
    rt::Task<void> drop_files(TenantId tenant, std::vector<FileId> files);

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
    Lane polls;
    Lane listens;
    std::vector<Ear*> ears;  // those that are open
    telemetry::Counter fires;
    telemetry::Counter samples;
    telemetry::Counter over_quota;
    telemetry::Gauge listening;
    rt::Scope scope;
};

/// What the inbox knows a run by. Another source's items are others, whatever their ids are.
std::string key_of(std::string_view what, const rows::DuePoll& due, std::string_view digest);
/// SHA-256.
std::string digest_of(std::string_view text);
/// What the run gets to see of how it began.
Json about(const rows::DuePoll& due);
Result<trigger::Poll> settings_of(const rows::DuePoll& due);
/// How often it asks while all is well.
Millis every_of(const rows::DuePoll& due);

}  // namespace weft::poller
