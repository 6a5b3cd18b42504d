#include "core/calendar/calendar.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weft::calendar {

namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::year_month_day;

constexpr Reading kFirst = local_days(std::chrono::year(0) / 1 / 1);
constexpr Reading kEnd = local_days(std::chrono::year(10'000) / 1 / 1);
// What cannot lead from one end of the calendar to the other cannot overflow either.
constexpr std::int64_t kMonthsMax = 12 * 10'000;
constexpr std::int64_t kDaysMax = 366 * 10'000;
// Of estimates that count dates: one for the time of day, one for a date that a zone has skipped, one for the
// end of the calendar.
constexpr int kTooManyMax = 3;

constexpr std::array kUnits = std::to_array<std::pair<std::string_view, Unit>>(
    {{"year", Unit::kYear},
     {"quarter", Unit::kQuarter},
     {"month", Unit::kMonth},
     {"week", Unit::kWeek},
     {"day", Unit::kDay},
     {"hour", Unit::kHour},
     {"minute", Unit::kMinute},
     {"second", Unit::kSecond},
     {"millisecond", Unit::kMillisecond}}
);

Error out_of_range() {
    return Error::invalid("the date must lie in the years 0 to 9999");
}

/// Of units that are a length of time.
Millis length(Unit unit) {
    switch (unit) {
        case Unit::kHour:
            return std::chrono::hours(1);
        case Unit::kMinute:
            return std::chrono::minutes(1);
        case Unit::kSecond:
            return std::chrono::seconds(1);
        default:
            return Millis(1);
    }
}

bool is_of_calendar(Unit unit) {
    return unit <= Unit::kDay;
}

/// `count` of a unit of the calendar.
Span span_of(Unit unit, std::int64_t count) {
    switch (unit) {
        case Unit::kYear:
            return {.months = 12 * count};
        case Unit::kQuarter:
            return {.months = 3 * count};
        case Unit::kMonth:
            return {.months = count};
        case Unit::kWeek:
            return {.days = 7 * count};
        default:
            return {.days = count};
    }
}

local_days first_day(local_days day, Unit unit) {
    const year_month_day date(day);
    const unsigned month = static_cast<unsigned>(date.month());
    switch (unit) {
        case Unit::kYear:
            return local_days(date.year() / 1 / 1);
        case Unit::kQuarter:
            return local_days(date.year() / std::chrono::month((month - 1) / 3 * 3 + 1) / 1);
        case Unit::kMonth:
            return local_days(date.year() / date.month() / 1);
        case Unit::kWeek:
            return day - (std::chrono::weekday(day) - std::chrono::Monday);
        default:
            return day;
    }
}

local_days moved(local_days day, const Span& span) {
    if (span.months != 0) {
        auto date = year_month_day(day) + std::chrono::months(span.months);
        if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
        day = local_days(date);
    }
    return day + days(span.days);
}

/// The moment of a reading on the same side of a change as `at`, where both sides have it.
Moment beside(Moment at, Reading reading, const Zone& zone, Choice otherwise) {
    const auto offset = zone.offset_at(at);
    const Moment same(reading.time_since_epoch() - offset);
    return zone.offset_at(same) == offset ? same : zone.moment(reading, otherwise);
}

/// Milliseconds between two readings or moments as `length` counts them, the remainder away from nothing
/// dropped.
std::int64_t whole(Millis distance, Millis length) {
    return distance / length;
}

}  // namespace

std::optional<Unit> unit_of(std::string_view word) {
    if (word.size() > 1 && word.ends_with('s')) word.remove_suffix(1);
    const auto* found = std::ranges::find(kUnits, word, &std::pair<std::string_view, Unit>::first);
    if (found == kUnits.end()) return std::nullopt;
    return found->second;
}

Result<void> check_years(Moment at, const Zone& zone) {
    // First by UTC: far outside, no zone can say what its clocks would read.
    const Reading utc(at.time_since_epoch());
    if (utc < kFirst - days(1) || utc >= kEnd + days(1)) return fail(out_of_range());
    const Reading reading = zone.reading(at);
    if (reading < kFirst || reading >= kEnd) return fail(out_of_range());
    return {};
}

Result<Moment> plus(Moment at, const Zone& zone, const Span& span) {
    if (std::abs(span.months) > kMonthsMax || std::abs(span.days) > kDaysMax ||
        std::chrono::abs(span.exact) > days(kDaysMax))
        return fail(out_of_range());
    Moment moved_to = at;
    if (span.months != 0 || span.days != 0) {
        const Reading reading = zone.reading(at);
        const local_days day = std::chrono::floor<days>(reading);
        const Reading target = moved(day, span) + (reading - day);
        if (target < kFirst || target >= kEnd) return fail(out_of_range());
        moved_to = zone.moment(target);
    }
    moved_to += span.exact;
    CHECK_OK(check_years(moved_to, zone));
    return moved_to;
}

Moment start_of(Moment at, const Zone& zone, Unit unit) {
    const Reading reading = zone.reading(at);
    if (is_of_calendar(unit))
        return zone.moment(first_day(std::chrono::floor<days>(reading), unit), Choice::kNearest);
    const Millis since = reading.time_since_epoch();
    const Millis into = (since % length(unit) + length(unit)) % length(unit);
    return std::min(at, beside(at, reading - into, zone, Choice::kEarlier));
}

Moment end_of(Moment at, const Zone& zone, Unit unit) {
    const Reading reading = zone.reading(at);
    if (is_of_calendar(unit)) {
        const local_days first = first_day(std::chrono::floor<days>(reading), unit);
        return zone.moment(Reading(moved(first, span_of(unit, 1))) - Millis(1), Choice::kLast);
    }
    const Millis since = reading.time_since_epoch();
    const Millis into = (since % length(unit) + length(unit)) % length(unit);
    const Reading last = reading - into + length(unit) - Millis(1);
    return std::max(at, beside(at, last, zone, Choice::kLater));
}

std::int64_t difference(Moment at, Moment other, const Zone& zone, Unit unit) {
    if (!is_of_calendar(unit)) return whole(at - other, length(unit));
    const auto is_passed = [&](std::int64_t count) {
        const Result<Moment> there = plus(other, zone, span_of(unit, count));
        return !there || (at >= other ? *there > at : *there < at);
    };
    const local_days from = std::chrono::floor<days>(zone.reading(other));
    const local_days to = std::chrono::floor<days>(zone.reading(at));
    const std::int64_t sign = at >= other ? 1 : -1;
    std::int64_t count = (to - from).count();
    if (unit == Unit::kWeek) count /= 7;
    if (unit <= Unit::kMonth) {
        const year_month_day a(from);
        const year_month_day b(to);
        count = (b.year() / b.month() - a.year() / a.month()).count();
        if (unit == Unit::kQuarter) count /= 3;
        if (unit == Unit::kYear) count /= 12;
    }
    for (int i = 0; i < kTooManyMax && count * sign > 0 && is_passed(count); ++i) count -= sign;
    return count * sign > 0 ? count : 0;
}

WeekOfYear week_of_year(local_days day) {
    const local_days thursday = first_day(day, Unit::kWeek) + days(3);
    const auto year = year_month_day(thursday).year();
    const auto passed = (thursday - local_days(year / 1 / 1)).count();
    return {static_cast<int>(year), static_cast<unsigned>(passed / 7 + 1)};
}

}  // namespace weft::calendar
