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

std::int64_t number(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Moment moment(const std::string& text) {
    return Moment(Millis(number(text)));
}

std::string text_of(Moment at) {
    return std::to_string(at.time_since_epoch().count());
}

/// The library asks with names that it got from here.
Zone zone(const std::string& name) {
    return Zone::find(name).value_or(Zone());
}

Answer zone_name(Arguments given) {
    if (const auto found = Zone::find(given[0])) return found->name();
    return fail(Error::invalid(
        "zone must be an IANA name such as Europe/Madrid, or +hh:mm, not \"" + given[0].substr(0, 60) + "\""
    ));
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
    Zone there = zone(given[1]);
    TRY(const Moment at, calendar::moment_of(written, there));
    if (given[1].empty()) {
        if (written.zone) {
            there = *written.zone;
        } else if (written.offset) {
            const int minutes = static_cast<int>(written.offset->count());
            const auto digits = [](int value) { return std::to_string(100 + value).substr(1); };
            there = zone(
                (minutes < 0 ? "-" : "+") + digits(std::abs(minutes) / 60) + ":" +
                digits(std::abs(minutes) % 60)
            );
        }
    }
    return text_of(at) + " " + there.name();
}

Answer fields(Arguments given) {
    const calendar::Reading reading = zone(given[1]).reading(moment(given[0]));
    const local_days day = std::chrono::floor<days>(reading);
    const year_month_day date(day);
    const std::chrono::hh_mm_ss time(reading - day);
    const auto week = calendar::week_of_year(day);
    const auto last = date.year() / date.month() / std::chrono::last;
    std::string out;
    for (const std::int64_t value :
         {std::int64_t{static_cast<int>(date.year())},
          std::int64_t{static_cast<unsigned>(date.month())},
          std::int64_t{static_cast<unsigned>(date.day())},
          std::int64_t{time.hours().count()},
          std::int64_t{time.minutes().count()},
          std::int64_t{time.seconds().count()},
          std::int64_t{time.subseconds().count()},
          std::int64_t{std::chrono::weekday(day).iso_encoding()},
          std::int64_t{(day - local_days(date.year() / 1 / 1)).count() + 1},
          std::int64_t{week.week},
          std::int64_t{week.year},
          std::int64_t{static_cast<unsigned>(last.day())}}) {
        if (!out.empty()) out += ' ';
        out += std::to_string(value);
    }
    return out;
}

Answer plus(Arguments given) {
    const calendar::Span span{
        .months = number(given[2]), .days = number(given[3]), .exact = Millis(number(given[4]))
    };
    TRY(const Moment at, calendar::plus(moment(given[0]), zone(given[1]), span));
    return text_of(at);
}

Answer start(Arguments given) {
    return text_of(calendar::start_of(moment(given[0]), zone(given[1]), *calendar::unit_of(given[2])));
}

Answer end(Arguments given) {
    return text_of(calendar::end_of(moment(given[0]), zone(given[1]), *calendar::unit_of(given[2])));
}

Answer difference(Arguments given) {
    return std::to_string(
        calendar::difference(moment(given[0]), moment(given[1]), zone(given[2]), *calendar::unit_of(given[3]))
    );
}

Answer format(Arguments given) {
    return calendar::format(moment(given[0]), zone(given[1]), given[2], given[3]);
}

Answer iso(Arguments given) {
    return calendar::iso(moment(given[0]), zone(given[1]));
}

/// Milliseconds that a clock in the zone reads, and which of two is meant.
Answer moment_of(Arguments given) {
    const calendar::Reading reading{Millis(number(given[0]))};
    const auto choice = given[2] == "earlier" ? calendar::Choice::kEarlier
                        : given[2] == "later" ? calendar::Choice::kLater
                                              : calendar::Choice::kCompatible;
    return text_of(zone(given[1]).moment(reading, choice));
}

Answer tzdata(Arguments) {
    return std::string(calendar::tzdata_version());
}

constexpr std::array kDates{
    Function{"zone", 1, zone_name},
    Function{"parse", 4, parse},
    Function{"fields", 2, fields},
    Function{"plus", 5, plus},
    Function{"start", 3, start},
    Function{"end", 3, end},
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
