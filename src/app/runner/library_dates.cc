#include "app/runner/detail/functions.h"
#include "core/calendar/calendar.h"

#include <charconv>
#include <cstdlib>

namespace weft::runner::library {

namespace {

using calendar::Moment;
using calendar::Zone;
using std::chrono::days;
using std::chrono::local_days;
using std::chrono::year_month_day;

// Nothing that scripts say is trusted here: what library/dates.js checks, it checks for better messages.
constexpr std::int64_t kNumberMax = 1'000'000'000'000'000;  // either way; the calendar's end is at 2.5e14

Result<std::int64_t> number(const std::string& text) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < -kNumberMax || value > kNumberMax) {
        return fail(Error::invalid(
            "a whole number of at most 15 digits is expected, not \"" + text.substr(0, 40) + "\""
        ));
    }
    return value;
}

Result<Zone> zone(const std::string& name) {
    if (const auto found = Zone::find(name)) return *found;
    return fail(Error::invalid(
        "zone must be an IANA name such as Europe/Madrid, or +hh:mm, not \"" + name.substr(0, 60) + "\""
    ));
}

Result<calendar::Unit> unit(const std::string& word) {
    if (const auto found = calendar::unit_of(word)) return *found;
    return fail(Error::invalid("there is no unit " + word.substr(0, 40)));
}

/// A date as scripts hold it, of the years that there are.
struct Date {
    Moment at;
    Zone zone;
};
Result<Date> date(const std::string& millis, const std::string& zone_name) {
    TRY(const Zone there, zone(zone_name));
    TRY(const std::int64_t count, number(millis));
    const Moment at{Millis(count)};
    CHECK_OK(calendar::check_years(at, there));
    return Date{at, there};
}

Answer answer_of(Moment at, const Zone& there) {
    CHECK_OK(calendar::check_years(at, there));
    return std::to_string(at.time_since_epoch().count());
}

Answer zone_name(Arguments given) {
    TRY(const Zone there, zone(given[0]));
    return there.name();
}

/// The zone's name, where the date can be read on its clocks.
Answer in(Arguments given) {
    TRY(const Date it, date(given[0], given[1]));
    return it.zone.name();
}

/// text, zone or "", pattern or "", locale: the instant and its zone, which is the text's own where none is
/// asked for.
Answer parse(Arguments given) {
    calendar::Written written;
    if (!given[2].empty()) {
        TRY(written, calendar::read(given[0], given[2], given[3]));
    } else if (const auto read = calendar::read(given[0])) {
        written = *read;
    } else {
        return fail(Error::invalid(
            "text must be a date such as 2026-03-29 or 2026-03-29T10:00:00+02:00, not \"" +
            given[0].substr(0, 60) + "\"; {pattern: \"dd/MM/yyyy\"} reads others"
        ));
    }
    Zone there;
    if (!given[1].empty()) {
        TRY(there, zone(given[1]));
    }
    TRY(const Moment at, calendar::moment_of(written, there));
    if (given[1].empty()) {
        if (written.zone) {
            there = *written.zone;
        } else if (written.offset) {
            const int minutes = static_cast<int>(written.offset->count());
            const auto digits = [](int value) { return std::to_string(100 + value).substr(1); };
            TRY(there,
                zone(
                    (minutes < 0 ? "-" : "+") + digits(std::abs(minutes) / 60) + ":" +
                    digits(std::abs(minutes) % 60)
                ));
        }
    }
    TRY(const std::string text, answer_of(at, there));
    return text + " " + there.name();
}

Answer fields(Arguments given) {
    TRY(const Date it, date(given[0], given[1]));
    const calendar::Reading reading = it.zone.reading(it.at);
    const local_days day = std::chrono::floor<days>(reading);
    const year_month_day ymd(day);
    const std::chrono::hh_mm_ss time(reading - day);
    const auto week = calendar::week_of_year(day);
    const auto last = ymd.year() / ymd.month() / std::chrono::last;
    std::string out;
    for (const std::int64_t value :
         {std::int64_t{static_cast<int>(ymd.year())},
          std::int64_t{static_cast<unsigned>(ymd.month())},
          std::int64_t{static_cast<unsigned>(ymd.day())},
          std::int64_t{time.hours().count()},
          std::int64_t{time.minutes().count()},
          std::int64_t{time.seconds().count()},
          std::int64_t{time.subseconds().count()},
          std::int64_t{std::chrono::weekday(day).iso_encoding()},
          std::int64_t{(day - local_days(ymd.year() / 1 / 1)).count() + 1},
          std::int64_t{week.week},
          std::int64_t{week.year},
          std::int64_t{static_cast<unsigned>(last.day())}}) {
        if (!out.empty()) out += ' ';
        out += std::to_string(value);
    }
    return out;
}

Answer plus(Arguments given) {
    TRY(const Date it, date(given[0], given[1]));
    TRY(const std::int64_t months, number(given[2]));
    TRY(const std::int64_t days, number(given[3]));
    TRY(const std::int64_t exact, number(given[4]));
    TRY(const Moment at,
        calendar::plus(it.at, it.zone, {.months = months, .days = days, .exact = Millis(exact)}));
    return answer_of(at, it.zone);
}

template <auto kOf>
Answer edge(Arguments given) {
    TRY(const Date it, date(given[0], given[1]));
    TRY(const calendar::Unit of, unit(given[2]));
    return answer_of(kOf(it.at, it.zone, of), it.zone);
}

Answer difference(Arguments given) {
    TRY(const Date it, date(given[0], given[2]));
    TRY(const Date other, date(given[1], given[2]));
    TRY(const calendar::Unit of, unit(given[3]));
    return std::to_string(calendar::difference(it.at, other.at, it.zone, of));
}

Answer format(Arguments given) {
    TRY(const Date it, date(given[0], given[1]));
    return calendar::format(it.at, it.zone, given[2], given[3]);
}

Answer iso(Arguments given) {
    TRY(const Date it, date(given[0], given[1]));
    return calendar::iso(it.at, it.zone);
}

/// Milliseconds that a clock in the zone reads, and which of two is meant.
Answer moment_of(Arguments given) {
    TRY(const Date reading, date(given[0], "UTC"));
    TRY(const Zone there, zone(given[1]));
    const auto choice = given[2] == "earlier" ? calendar::Choice::kEarlier
                        : given[2] == "later" ? calendar::Choice::kLater
                                              : calendar::Choice::kCompatible;
    return answer_of(there.moment(calendar::Reading(reading.at.time_since_epoch()), choice), there);
}

Answer tzdata(Arguments) {
    return std::string(calendar::tzdata_version());
}

constexpr std::array kDates{
    Function{"zone", 1, zone_name},
    Function{"in", 2, in},
    Function{"parse", 4, parse},
    Function{"fields", 2, fields},
    Function{"plus", 5, plus},
    Function{"start", 3, edge<calendar::start_of>},
    Function{"end", 3, edge<calendar::end_of>},
    Function{"difference", 4, difference},
    Function{"format", 4, format},
    Function{"iso", 2, iso},
    Function{"moment", 3, moment_of},
    Function{"tzdata", 0, tzdata},
};

}  // namespace

std::span<const Function> functions_of_dates() {
    return kDates;
}

}  // namespace weft::runner::library
