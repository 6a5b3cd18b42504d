#pragma once

#include "base/error.h"
#include "base/time.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Dates, clocks on walls, and the zones that tie them to instants: one grammar, one table of zones (Debian's
/// tzdata as of the build, in the program), one rule for hours that come twice or never. Pure: nobody's clock
/// is read, no file opened. Years 0 to 9999, milliseconds.
namespace weft::calendar {

/// An instant, as JavaScript's Date has it.
using Moment = std::chrono::sys_time<Millis>;
/// What a clock on a wall reads, wherever that wall is.
using Reading = std::chrono::local_time<Millis>;

/// Of tzdata, such as 2025b.
std::string_view tzdata_version();

/// Which instant a reading means when it comes twice or never. Where nobody says, it is kCompatible, as in
/// Temporal, Luxon and RFC 5545: of two, the first; of none, the reading that clocks would show had nothing
/// been put forward (2:30 becomes 3:30).
enum class Choice {
    kCompatible,
    kEarlier,
    kLater,
    kNearest,  // as kEarlier, but of none the moment of the change
    kLast,     // as kLater, but of none the last moment before the change
};

/// A zone of the table, or a fixed distance from UTC ("+05:30").
class Zone {
  public:
    /// UTC.
    Zone() = default;
    /// By its IANA name in any case, an alias, or a distance "+hh:mm". Nothing if there is none.
    static std::optional<Zone> find(std::string_view name);

    std::string name() const;
    std::chrono::seconds offset_at(Moment at) const;
    /// As tzdata has it: "CET", "+03".
    std::string abbreviation_at(Moment at) const;
    Reading reading(Moment at) const { return Reading(at.time_since_epoch() + offset_at(at)); }
    Moment moment(Reading reading, Choice choice = Choice::kCompatible) const;
    /// The first moment after `at` at which its clocks are changed; nothing when there is none to come.
    std::optional<Moment> next_change(Moment at) const;

    bool operator==(const Zone&) const = default;

  private:
    std::int32_t name_ = -1;  // of the table; below 0: fixed
    std::int32_t fixed_seconds_ = 0;
};

/// All names of the table, aliases too, sorted.
std::vector<std::string_view> zone_names();

/// What a text says: a date, perhaps with a time, perhaps with the distance from UTC.
struct Written {
    Reading reading;
    std::optional<std::chrono::minutes> offset;
    std::optional<Zone> zone;  // "[Europe/Madrid]" behind it
    bool has_time = false;
};

/// What stands at the beginning of `text` is taken off it, in the grammar of RFC 3339 (`date`, `time`,
/// `date-time` of JSON Schema). A leap second reads as the second before it.
std::optional<std::chrono::year_month_day> take_date(std::string_view& text);
struct TimeOfDay {
    Millis since_midnight{0};
    std::chrono::minutes offset{0};
};
std::optional<TimeOfDay> take_time(std::string_view& text);

/// RFC 3339's date-time, and what people write of it: a date alone, no seconds, no distance from UTC, a blank
/// for the T, a zone in brackets. Nothing if it is none.
std::optional<Written> read(std::string_view text);

/// As `pattern` (of `format`) says it. Errors: kInvalid, with what is expected where.
Result<Written> read(std::string_view text, std::string_view pattern, std::string_view locale);

/// The instant that is written; what does not say its distance from UTC is a reading in `zone`. Errors:
/// kInvalid when distance and zone contradict each other.
Result<Moment> moment_of(const Written& written, const Zone& zone);

enum class Unit { kYear, kQuarter, kMonth, kWeek, kDay, kHour, kMinute, kSecond, kMillisecond };
/// "day" and "days"; nothing for what is none.
std::optional<Unit> unit_of(std::string_view word);

/// Errors: kInvalid when clocks in the zone read a year then that is none of 0 to 9999. What follows takes
/// moments that are in order; `plus` says so of what it gives, the others may lead a week out of it.
Result<void> check_years(Moment at, const Zone& zone);

/// Months and days move the reading and keep the time of day (first months: a day that the month does not
/// have becomes its last one); what is exact moves the instant.
struct Span {
    std::int64_t months = 0;
    std::int64_t days = 0;
    Millis exact{0};
};
/// Errors: kInvalid outside of the years 0 to 9999.
Result<Moment> plus(Moment at, const Zone& zone, const Span& span);

/// The first moment of the unit that `at` lies in, and the last one. Weeks begin on Mondays (ISO 8601).
Moment start_of(Moment at, const Zone& zone, Unit unit);
Moment end_of(Moment at, const Zone& zone, Unit unit);

/// How many whole units after `other` `at` is: the most that can be added to `other` without passing it.
std::int64_t difference(Moment at, Moment other, const Zone& zone, Unit unit);

struct WeekOfYear {
    int year;
    unsigned week;
};
/// ISO 8601: week 1 has the year's first Thursday.
WeekOfYear week_of_year(std::chrono::local_days day);

/// "2026-03-29T02:00:00.000+02:00"; in UTC (Z) where the distance is no whole minute.
std::string iso(Moment at, const Zone& zone);

/// CLDR's pattern letters: see format.cc's table. Errors: kInvalid for a letter or a locale that is not
/// known, with those that are.
Result<std::string> format(Moment at, const Zone& zone, std::string_view pattern, std::string_view locale);

}  // namespace weft::calendar
