#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "core/calendar/calendar.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// When a schedule fires: its settings, and the instants that follow from them. Pure: the time is an
/// argument. The rule for clocks that are set forward or back stands here and nowhere else (docs/adr/0032).
namespace weft::trigger {

/// The dates and times of day that a schedule means, on its zone's clocks. A cron text and a text in words
/// become the same.
struct Rule {
    enum class Unit : std::uint8_t { kDay, kWeek, kMonth, kYear };

    // Which days
    std::bitset<13> months;                     // 1..12
    std::bitset<32> days;                       // of the month, 1..31
    std::bitset<32> days_before_last;           // 0: the last one
    std::bitset<32> nearest_weekdays;           // the weekday nearest to that day, in the same month
    bool is_last_weekday = false;               // the last Monday to Friday of the month
    bool is_any_day = true;                     // none of the five above is set
    std::bitset<7> weekdays;                    // 0: Sunday
    std::array<std::bitset<6>, 7> nth_weekday;  // [weekday][1..5]
    std::bitset<7> last_weekdays;               // the last Monday of the month ...
    bool is_any_weekday = true;                 // none of the three above is set
    bool is_either_day = false;                 // one of the two will do, not both
    // Every so many of these, counted from the anchor's. Nothing fires before the anchor.
    int every = 1;
    Unit unit = Unit::kDay;
    std::optional<std::chrono::year_month_day> anchor;

    // Which times of a day: all of the three sets together; or, when there are any, `times`
    std::bitset<24> hours;
    std::bitset<60> minutes;
    std::bitset<60> seconds;
    std::vector<int> times;  // in seconds of the day, sorted

    /// Goes on through the hour that comes twice ("every 15 minutes"), where a fixed time fires once.
    bool is_interval = false;
    /// Instead of all of the above: so long after one another, counted from the anchor's first instant.
    std::optional<std::chrono::seconds> elapsed;

    bool has_count() const { return every > 1 || elapsed.has_value(); }
};

/// Five fields (minute, hour, day of the month, month, day of the week) or six (a second first), or @daily
/// and the like. Names of months and days, lists, ranges, steps, ?, L, L-3, LW, 15W, 5L, 5#2. When both days
/// are given and neither begins with a star, either one will do, as in cron. kInvalid with `field`: at which
/// character what was expected.
Result<Rule> parse_cron(std::string_view text, std::string_view field = "cron");

/// "2 weeks on Monday at 9:00", with or without "every" before it; docs/builders.md has the grammar.
Result<Rule> parse_words(std::string_view text, std::string_view field = "every");

/// What becomes of a slot while the run of an earlier one has not ended.
enum class Overlap : std::uint8_t {
    kAllow,  // it starts: runs go side by side
    kSkip,   // it is passed over
    kQueue,  // one waits until that run has ended: the latest
};
/// What becomes of slots that nobody could fire at their time (no process, no database).
enum class CatchUp : std::uint8_t {
    kSkip,  // they are passed over
    kLast,  // the latest one fires, unless one fires at its time anyway
    kAll,   // they all fire, up to kCatchUpMax
};
inline constexpr std::array<std::string_view, 3> kOverlaps = {"allow", "skip", "queue"};
inline constexpr std::array<std::string_view, 3> kCatchUps = {"skip", "last", "all"};
inline constexpr std::size_t kCatchUpMax = 100;  // a flood of runs helps nobody after an outage
inline constexpr Millis kOnTime{60'000};         // later than this, a slot was missed

/// A schedule trigger's settings:
/// {"cron": "..."} or {"every": "..."}, and "zone"? (UTC), "starting"?: "2026-12-01", "jitter"?: "10m",
/// "overlap"?, "catch_up"?, "catch_up_within"?: "1h", "pause_until"?: an instant, "input"?: {...}.
struct Schedule {
    std::string cron;   // as it was given; or
    std::string every;  // likewise
    Rule rule;
    calendar::Zone zone;                                  // UTC
    std::optional<std::chrono::year_month_day> starting;  // where counting begins, and nothing fires before
    Millis jitter{0};                                     // the longest delay; which one: jitter_of
    Overlap overlap = Overlap::kAllow;
    CatchUp catch_up = CatchUp::kLast;
    Millis catch_up_within{3'600'000};  // slots older than this are never made up for
    std::optional<Instant> pause_until;
    JsonObject input;  // of the runs
};
/// kInvalid with the member at fault. Whether there is such a zone, and whether it ever fires, is not looked
/// at.
Result<Schedule> parse_schedule(const Json& config, std::string_view field = "config");
/// What parse_schedule reads back to the same.
Json to_json(const Schedule& schedule);

/// The first instant at which it fires after `after`, in whole seconds; nothing when that is more than 50
/// years off. Takes a bounded time, a fraction of a millisecond.
/// A time that the zone's clocks skip fires at the first instant behind the gap; of two instants with the
/// same local time the first fires, or, for an interval, both.
std::optional<Instant> next(const Schedule& schedule, Instant after);
std::vector<Instant> next_times(const Schedule& schedule, Instant after, std::size_t count);

/// Sets `starting` where the rule counts and has none: the next date that fits, so that counting is the same
/// after a restart. kInvalid: it never fires.
Result<void> anchor(Schedule& schedule, Instant now, std::string_view field = "config");

/// How much later than its slot a trigger fires: the same for each of its slots, less than `jitter`.
Millis jitter_of(const Schedule& schedule, std::string_view trigger_id);

/// What is to be done about a schedule at `now`, when everything up to `settled` is.
struct Moment {
    Instant settled;
    Instant now;
    bool is_running = false;           // the run of the last slot that fired
    std::optional<Instant> waiting{};  // a slot that has been waiting for it
    std::string trigger_id{};          // for jitter
};
struct Due {
    std::vector<Instant> slots{};         // to fire now, oldest first
    std::int64_t missed = 0;              // passed over: too late (of very old ones, 1,000 are counted)
    std::int64_t skipped = 0;             // passed over: the run before has not ended
    std::optional<Instant> waiting{};     // fires when that run has ended
    Instant settled{};                    // as from now
    std::optional<Instant> next{};        // the slot that comes then
    std::optional<Instant> looks_next{};  // when to look again: its time with jitter, or soon while one waits
};
Due due(const Schedule& schedule, const Moment& moment);

}  // namespace weft::trigger
