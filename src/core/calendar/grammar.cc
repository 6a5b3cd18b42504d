#include "core/calendar/calendar.h"

#include <utility>

namespace weft::calendar {

namespace {

using std::chrono::minutes;

/// Reads `digits` decimal digits off the front; -1 if they are not there.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view one_of) {
    if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

/// "08:36", as minutes; -1 if it is none.
int take_minutes(std::string_view& text) {
    const int hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take(text, ":")) return -1;
    const int minute = take_number(text, 2);
    return minute < 0 || minute > 59 ? -1 : hour * 60 + minute;
}

/// Digits of a fraction, of which three count; -1 if there is none.
int take_fraction(std::string_view& text) {
    int millis = 0;
    std::size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
        if (digits < 3) millis = millis * 10 + (text.front() - '0');
        text.remove_prefix(1);
    }
    if (digits == 0) return -1;
    for (; digits < 3; ++digits) millis *= 10;
    return millis;
}

/// A time of day without its distance from UTC; `second` may be 60.
struct Clock {
    int minute_of_day = 0;
    int second = 0;
    int millisecond = 0;

    Millis since_midnight() const {
        return minutes(minute_of_day) + std::chrono::seconds(std::min(second, 59)) + Millis(millisecond);
    }
    /// A leap second is the last one of a day in UTC.
    bool is_possible(minutes offset) const {
        constexpr int kDay = 24 * 60;
        const auto in_utc = (minute_of_day + kDay - offset.count()) % kDay;
        return second < 60 || in_utc == kDay - 1;
    }
};

std::optional<Clock> take_clock(std::string_view& text, bool needs_seconds) {
    Clock clock{.minute_of_day = take_minutes(text)};
    if (clock.minute_of_day < 0) return std::nullopt;
    if (!take(text, ":")) return needs_seconds ? std::nullopt : std::optional(clock);
    clock.second = take_number(text, 2);
    if (clock.second < 0 || clock.second > 60) return std::nullopt;
    if (take(text, ".")) {
        clock.millisecond = take_fraction(text);
        if (clock.millisecond < 0) return std::nullopt;
    }
    return clock;
}

std::optional<minutes> take_offset(std::string_view& text) {
    if (take(text, "Zz")) return minutes(0);
    const int sign = text.starts_with('-') ? -1 : 1;
    if (!take(text, "+-")) return std::nullopt;
    const int offset = take_minutes(text);
    if (offset < 0) return std::nullopt;
    return minutes(sign * offset);
}

}  // namespace

std::optional<std::chrono::year_month_day> take_date(std::string_view& text) {
    const int year = take_number(text, 4);
    if (year < 0 || !take(text, "-")) return std::nullopt;
    const int month = take_number(text, 2);
    if (month < 0 || !take(text, "-")) return std::nullopt;
    const int day = take_number(text, 2);
    if (day < 0) return std::nullopt;
    const auto date = std::chrono::year(year) / month / day;
    return date.ok() ? std::optional(date) : std::nullopt;
}

std::optional<TimeOfDay> take_time(std::string_view& text) {
    const auto clock = take_clock(text, true);
    if (!clock) return std::nullopt;
    const auto offset = take_offset(text);
    if (!offset || !clock->is_possible(*offset)) return std::nullopt;
    return TimeOfDay{clock->since_midnight(), *offset};
}

std::optional<Written> read(std::string_view text) {
    const auto date = take_date(text);
    if (!date) return std::nullopt;
    Written out;
    out.reading = std::chrono::local_days(*date);
    if (text.empty()) return out;
    if (!take(text, "Tt ")) return std::nullopt;
    out.has_time = true;
    const auto clock = take_clock(text, false);
    if (!clock) return std::nullopt;
    out.reading += clock->since_midnight();
    if (!text.empty() && text.front() != '[') {
        out.offset = take_offset(text);
        if (!out.offset) return std::nullopt;
    }
    // Nobody can say of a wall's clock alone whether its minute had 61 seconds.
    if (clock->second == 60 && !(out.offset && clock->is_possible(*out.offset))) return std::nullopt;
    if (take(text, "[")) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        out.zone = Zone::find(text.substr(0, end));
        if (!out.zone) return std::nullopt;
        text.remove_prefix(end + 1);
    }
    return text.empty() ? std::optional(out) : std::nullopt;
}

Result<Moment> moment_of(const Written& written, const Zone& zone) {
    const Zone& there = written.zone.value_or(zone);
    if (!written.offset) return there.moment(written.reading);
    const Moment at(written.reading.time_since_epoch() - *written.offset);
    if (written.zone && there.offset_at(at) != *written.offset)
        return fail(Error::invalid("clocks in " + there.name() + " do not have this distance from UTC then"));
    return at;
}

}  // namespace weft::calendar
