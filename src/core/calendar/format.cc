#include "core/calendar/calendar.h"
#include "core/calendar/detail/names.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace weft::calendar {

namespace {

using std::chrono::local_days;
using std::chrono::year_month_day;

constexpr std::size_t kTextMax = 1'000;  // of a pattern, and of what it may make of one letter

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

void put_number(std::string& out, std::int64_t value, std::size_t width) {
    const std::string digits = std::to_string(value);
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
}

struct OffsetStyle {
    bool has_z = false;               // UTC is "Z"
    bool has_colon = false;           // "+05:30"
    bool drops_zero_minutes = false;  // "+05"
};

void put_offset(std::string& out, std::chrono::seconds offset, OffsetStyle style) {
    if (style.has_z && offset.count() == 0) {
        out += 'Z';
        return;
    }
    const auto seconds = std::abs(offset.count());
    out += offset.count() < 0 ? '-' : '+';
    put_number(out, seconds / 3600, 2);
    const auto minutes = seconds / 60 % 60;
    if (style.drops_zero_minutes && minutes == 0 && seconds % 60 == 0) return;
    if (style.has_colon) out += ':';
    put_number(out, minutes, 2);
}

/// What one moment is in one zone and locale, letter by letter.
struct Writer {
    Moment at;
    const Zone& zone;
    const detail::Locale& locale;
    std::chrono::seconds offset = zone.offset_at(at);
    Reading reading = zone.reading(at);
    local_days day = std::chrono::floor<std::chrono::days>(reading);
    year_month_day date{day};
    std::chrono::hh_mm_ss<Millis> time{reading - day};
    std::string out;

    std::int64_t year() const { return static_cast<int>(date.year()); }
    unsigned month() const { return static_cast<unsigned>(date.month()); }
    std::int64_t hour() const { return time.hours().count(); }

    void put_year(std::int64_t value, std::size_t count) {
        if (count == 2) return put_number(out, std::abs(value) % 100, 2);
        const bool is_expanded = value < 0 || value > 9999;  // as ISO 8601 and JavaScript write such years
        if (is_expanded) out += value < 0 ? '-' : '+';
        put_number(out, std::abs(value), is_expanded ? 6 : count);
    }

    void put_zone(char letter, std::size_t count) {
        if (letter == 'V') {
            out += zone.name();
        } else if (letter == 'z') {
            out += zone.abbreviation_at(at);
        } else if (letter == 'O' || (letter == 'Z' && count == 4)) {
            out += "GMT";
            if (offset.count() != 0) put_offset(out, offset, {.has_colon = true});
        } else if (letter == 'Z') {
            put_offset(out, offset, {.has_z = count == 5, .has_colon = count == 5});
        } else {
            put_offset(
                out,
                offset,
                {.has_z = letter == 'X', .has_colon = count == 3, .drops_zero_minutes = count == 1}
            );
        }
    }

    void put_date(char letter, std::size_t count) {
        switch (letter) {
            case 'y':
                return put_year(year(), count);
            case 'Y':
                return put_year(week_of_year(day).year, count);
            case 'Q':
                if (count == 3) out += locale.quarter;
                return put_number(out, (month() + 2) / 3, count == 3 ? 1 : count);
            case 'M':
            case 'L':
                if (count > 2) {
                    out += (count == 3 ? locale.months_short : locale.months)[month() - 1];
                    return;
                }
                return put_number(out, month(), count);
            case 'w':
                return put_number(out, week_of_year(day).week, count);
            case 'D':
                return put_number(out, (day - local_days(date.year() / 1 / 1)).count() + 1, count);
            case 'd':
                return put_number(out, static_cast<unsigned>(date.day()), count);
            default:  // E
                const unsigned weekday = std::chrono::weekday(day).c_encoding();
                out += (count < 4 ? locale.days_short : locale.days)[weekday];
        }
    }

    void put_time(char letter, std::size_t count) {
        switch (letter) {
            case 'a':
                out += hour() < 12 ? locale.am : locale.pm;
                return;
            case 'H':
                return put_number(out, hour(), count);
            case 'h':
                return put_number(out, (hour() + 11) % 12 + 1, count);
            case 'm':
                return put_number(out, time.minutes().count(), count);
            case 's':
                return put_number(out, time.seconds().count(), count);
            default: {  // S
                std::string digits;
                put_number(digits, time.subseconds().count(), 3);
                digits.resize(count, '0');
                out += digits;
            }
        }
    }
};

/// A pattern letter: how often it may stand, and what writes it.
struct Letter {
    char letter;
    std::string_view counts;
    void (Writer::*put)(char, std::size_t);
};
constexpr std::array kLetters{
    Letter{'y', "124", &Writer::put_date},       Letter{'Y', "124", &Writer::put_date},
    Letter{'Q', "123", &Writer::put_date},       Letter{'M', "1234", &Writer::put_date},
    Letter{'L', "1234", &Writer::put_date},      Letter{'w', "12", &Writer::put_date},
    Letter{'D', "13", &Writer::put_date},        Letter{'d', "12", &Writer::put_date},
    Letter{'E', "1234", &Writer::put_date},      Letter{'a', "1", &Writer::put_time},
    Letter{'H', "12", &Writer::put_time},        Letter{'h', "12", &Writer::put_time},
    Letter{'m', "12", &Writer::put_time},        Letter{'s', "12", &Writer::put_time},
    Letter{'S', "123456789", &Writer::put_time}, Letter{'X', "123", &Writer::put_zone},
    Letter{'x', "123", &Writer::put_zone},       Letter{'Z', "12345", &Writer::put_zone},
    Letter{'O', "4", &Writer::put_zone},         Letter{'z', "123", &Writer::put_zone},
    Letter{'V', "2", &Writer::put_zone},
};

/// What other libraries' letters are here.
std::string hint(char letter, std::size_t count, std::string_view pattern) {
    if (letter == 'D' && count != 1) return "the day of the month is dd";
    if (letter == 'Y') return "the year is yyyy";
    if (letter == 'A') return "the half of the day is a";
    if (letter == 'T' && pattern.find("'T'") == std::string_view::npos) return "a letter for itself is 'T'";
    return "letters for themselves stand in '...'";
}

Error unknown(char letter, std::size_t count, std::string_view pattern) {
    return Error::invalid(
        "the pattern's " + std::string(std::min(count, std::size_t{10}), letter) +
        " is not known: " + hint(letter, count, pattern) + "; known are y M d E D w Q H h m s S a X x Z z VV"
    );
}

/// The text in quotes that begins at `at`, which moves behind it. Two quotes are one, alone and within such
/// text.
std::optional<std::string> take_quoted(std::string_view pattern, std::size_t& at) {
    if (pattern.substr(at).starts_with("''")) {
        at += 2;
        return "'";
    }
    std::string out;
    for (++at; at < pattern.size(); ++at) {
        if (pattern[at] != '\'') {
            out += pattern[at];
        } else if (pattern.substr(at).starts_with("''")) {
            out += pattern[at++];
        } else {
            ++at;
            return out;
        }
    }
    return std::nullopt;
}

/// Cuts a pattern; `literal(text)` and `letter(Letter, count)` say whether to go on.
template <class OnLiteral, class OnLetter>
Result<> walk(std::string_view pattern, OnLiteral literal, OnLetter letter) {
    if (pattern.size() > kTextMax) return fail(Error::invalid("a pattern has at most 1,000 characters"));
    const bool has_weeks = pattern.find('w') != std::string_view::npos;
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at];
        if (c == '\'') {
            const auto quoted = take_quoted(pattern, at);
            if (!quoted) return fail(Error::invalid("the pattern's ' is not closed"));
            CHECK_OK(literal(*quoted));
            continue;
        }
        if (!is_letter(c)) {
            CHECK_OK(literal(pattern.substr(at++, 1)));
            continue;
        }
        const std::size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
        const std::size_t count = end - at;
        const auto* known = std::ranges::find(kLetters, c, &Letter::letter);
        const bool is_known = known != kLetters.end() && count < 10 &&
                              known->counts.find(static_cast<char>('0' + count)) != std::string_view::npos &&
                              (c != 'Y' || has_weeks);
        if (!is_known) return fail(unknown(c, count, pattern));
        CHECK_OK(letter(*known, count));
        at = end;
    }
    return {};
}

Result<const detail::Locale*> locale_of(std::string_view tag) {
    const auto* locale = detail::find_locale(tag);
    if (locale) return locale;
    return fail(Error::invalid(
        "the locale " + std::string(tag.substr(0, 40)) + " is not known; known are " +
        std::string(detail::locale_tags())
    ));
}

/// Reads a text along a pattern.
struct Reader {
    std::string_view text;
    const detail::Locale& locale;
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0;
    bool has_time = false;
    std::optional<bool> is_afternoon;
    std::optional<std::chrono::minutes> offset;

    Error expected(std::string_view what) const {
        const std::string found = text.empty() ? "the end" : "\"" + std::string(text.substr(0, 20)) + "\"";
        return Error::invalid("the text must have " + std::string(what) + " where it has " + found);
    }

    Result<> literal(std::string_view part) {
        if (!text.starts_with(part)) return fail(expected("\"" + std::string(part) + "\""));
        text.remove_prefix(part.size());
        return {};
    }

    /// `least` to `most` digits.
    Result<> number(int& into, std::size_t least, std::size_t most, std::string_view what) {
        const std::size_t found = std::min({text.find_first_not_of("0123456789"), text.size(), most});
        if (found < least) return fail(expected(what));
        into = 0;
        for (const char c : text.substr(0, found)) into = into * 10 + (c - '0');
        text.remove_prefix(found);
        return {};
    }

    static bool starts_alike(std::string_view text, std::string_view word) {
        return text.size() >= word.size() &&
               std::ranges::equal(text.substr(0, word.size()), word, [](char a, char b) {
                   return std::tolower(static_cast<unsigned char>(a)) ==
                          std::tolower(static_cast<unsigned char>(b));
               });
    }

    /// The longest of the words that stands here: "mars" is not "mar".
    template <std::size_t N>
    std::optional<std::size_t> word(const detail::Words<N>& wide, const detail::Words<N>& narrow) {
        std::size_t best = 0;
        std::optional<std::size_t> found;
        for (const auto* words : {&wide, &narrow}) {
            for (std::size_t i = 0; i < N; ++i) {
                if ((*words)[i].size() <= best || !starts_alike(text, (*words)[i])) continue;
                best = (*words)[i].size();
                found = i;
            }
        }
        text.remove_prefix(best);
        return found;
    }

    Result<> take_offset() {
        if (!text.empty() && (text.front() == 'Z' || text.front() == 'z')) {
            text.remove_prefix(1);
            offset = std::chrono::minutes(0);
            return {};
        }
        const bool is_behind = text.starts_with('-');
        if (!is_behind && !text.starts_with('+')) return fail(expected("the distance from UTC"));
        text.remove_prefix(1);
        int hours = 0;
        int minutes = 0;
        CHECK_OK(number(hours, 2, 2, "two digits of hours"));
        if (text.starts_with(':')) text.remove_prefix(1);
        if (!text.empty() && text.front() >= '0' && text.front() <= '9')
            CHECK_OK(number(minutes, 2, 2, "two digits of minutes"));
        if (hours > 23 || minutes > 59) return fail(Error::invalid("the distance from UTC is too large"));
        offset = std::chrono::minutes((is_behind ? -1 : 1) * (hours * 60 + minutes));
        return {};
    }

    Result<> take_half() {
        const detail::Words<2> names{locale.am, locale.pm};
        const auto half = word(names, detail::Words<2>{"am", "pm"});
        if (!half) return fail(expected(std::string(locale.am) + " or " + std::string(locale.pm)));
        is_afternoon = *half == 1;
        return {};
    }

    Result<> letter(const Letter& known, std::size_t count) {
        const std::size_t least = count == 2 ? 2 : 1;
        if (std::string_view("HhmsSa").find(known.letter) != std::string_view::npos) has_time = true;
        switch (known.letter) {
            case 'y':
                CHECK_OK(number(year, count, count == 1 ? 4 : count, "the year"));
                if (count == 2) year += year < 70 ? 2000 : 1900;
                return {};
            case 'M':
            case 'L':
                if (count < 3) return number(month, least, 2, "the month");
                if (const auto found = word(locale.months, locale.months_short)) {
                    month = static_cast<int>(*found) + 1;
                    return {};
                }
                return fail(expected("the month's name in " + std::string(locale.tag)));
            case 'd':
                return number(day, least, 2, "the day");
            case 'E':
                if (word(locale.days, locale.days_short)) return {};
                return fail(expected("the weekday's name in " + std::string(locale.tag)));
            case 'H':
            case 'h':
                return number(hour, least, 2, "the hour");
            case 'm':
                return number(minute, least, 2, "the minute");
            case 's':
                return number(second, least, 2, "the second");
            case 'S': {
                int fraction = 0;
                CHECK_OK(number(fraction, count, count, "the fraction of the second"));
                for (std::size_t i = count; i < 3; ++i) fraction *= 10;
                for (std::size_t i = 3; i < count; ++i) fraction /= 10;
                millisecond = fraction;
                return {};
            }
            case 'a':
                return take_half();
            case 'X':
            case 'x':
            case 'Z':
                return take_offset();
            default:
                return fail(
                    Error::invalid(std::string("the pattern's ") + known.letter + " can be written, not read")
                );
        }
    }

    Result<Written> written() {
        if (!text.empty()) return fail(expected("nothing more"));
        if (is_afternoon) {
            if (hour < 1 || hour > 12) return fail(Error::invalid("the hour of a half day must be 1 to 12"));
            hour = hour % 12 + (*is_afternoon ? 12 : 0);
        }
        const year_month_day date = std::chrono::year(year) / month / day;
        if (!date.ok()) return fail(Error::invalid("the text names a day that does not exist"));
        if (hour > 23 || minute > 59 || second > 59)
            return fail(Error::invalid("the text names a time that does not exist"));
        using namespace std::chrono;
        Written out;
        out.reading =
            local_days(date) + hours(hour) + minutes(minute) + seconds(second) + Millis(millisecond);
        out.offset = offset;
        out.has_time = has_time;
        return out;
    }
};

}  // namespace

Result<std::string> format(Moment at, const Zone& zone, std::string_view pattern, std::string_view locale) {
    TRY(const auto* const names, locale_of(locale));
    Writer writer{.at = at, .zone = zone, .locale = *names};
    CHECK_OK(walk(
        pattern,
        [&](std::string_view literal) -> Result<> {
            writer.out += literal;
            return {};
        },
        [&](const Letter& letter, std::size_t count) -> Result<> {
            (writer.*letter.put)(letter.letter, count);
            return {};
        }
    ));
    return std::move(writer.out);
}

Result<Written> read(std::string_view text, std::string_view pattern, std::string_view locale) {
    TRY(const auto* const names, locale_of(locale));
    Reader reader{.text = text, .locale = *names};
    CHECK_OK(walk(
        pattern,
        [&](std::string_view literal) { return reader.literal(literal); },
        [&](const Letter& letter, std::size_t count) { return reader.letter(letter, count); }
    ));
    return reader.written();
}

std::string iso(Moment at, const Zone& zone) {
    const bool is_whole = zone.offset_at(at).count() % 60 == 0;
    auto text = format(at, is_whole ? zone : Zone(), "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "en");
    return text ? std::move(*text) : std::string();
}

}  // namespace weft::calendar
