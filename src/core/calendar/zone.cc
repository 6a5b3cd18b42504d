#include "core/calendar/calendar.h"
#include "core/calendar/detail/tables.h"

#include <algorithm>
#include <cstdlib>
#include <span>

namespace weft::calendar {

namespace {

using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::int64_t kDaySeconds = 86'400;
// No zone changes twice within this time, and none is further from UTC.
constexpr seconds kSure{kDaySeconds};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_before(std::string_view a, std::string_view b) {
    return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

std::int64_t seconds_of(Moment at) {
    return std::chrono::floor<seconds>(at).time_since_epoch().count();
}

/// When a rule's day and time come in a year, in seconds of the local clock.
std::int64_t day_of(int year, const detail::DayRule& rule) {
    using std::chrono::weekday;
    const std::chrono::year_month month = std::chrono::year(year) / std::chrono::month(rule.month);
    const sys_days day = rule.week == 5 ? sys_days(month / weekday(rule.weekday)[std::chrono::last])
                                        : sys_days(month / weekday(rule.weekday)[rule.week]);
    return day.time_since_epoch().count() * kDaySeconds + rule.time;
}

/// By the rule that holds after the last change.
const detail::Kind& kind_by_rule(const detail::ZoneRow& zone, std::int64_t at) {
    const detail::Kind& standard = detail::kKinds[zone.standard];
    if (zone.summer < 0) return standard;
    const detail::Kind& summer = detail::kKinds[zone.summer];
    const auto days =
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(seconds(at + standard.offset)));
    const int year = static_cast<int>(std::chrono::year_month_day(days).year());
    const std::int64_t begin = day_of(year, zone.begin) - standard.offset;
    const std::int64_t end = day_of(year, zone.end) - summer.offset;
    const bool is_summer = begin < end ? at >= begin && at < end : at >= begin || at < end;
    return is_summer ? summer : standard;
}

/// Likewise, the next change.
std::optional<std::int64_t> change_by_rule(const detail::ZoneRow& zone, std::int64_t at) {
    if (zone.summer < 0) return std::nullopt;
    const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(seconds(at)));
    const int year = static_cast<int>(std::chrono::year_month_day(days).year());
    std::optional<std::int64_t> next;
    for (int in = year - 1; in <= year + 1; ++in) {
        for (const std::int64_t change :
             {day_of(in, zone.begin) - detail::kKinds[zone.standard].offset,
              day_of(in, zone.end) - detail::kKinds[zone.summer].offset})
            if (change > at && (!next || change < *next)) next = change;
    }
    return next;
}

const detail::Kind& kind_at(std::int32_t name, Moment moment) {
    const detail::ZoneRow& zone = detail::kZones[detail::kNames[name].zone];
    const std::int64_t at = seconds_of(moment);
    const std::span changes(detail::kChanges + zone.first, zone.size);
    if (at >= changes.back()) return kind_by_rule(zone, at);
    const auto after = std::ranges::upper_bound(changes, at);
    return detail::kKinds[detail::kChangeKinds[zone.first + (after - changes.begin()) - 1]];
}

int two_digits(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() == 2 && is_digit(text[0]) && is_digit(text[1]) ? (text[0] - '0') * 10 + text[1] - '0'
                                                                      : -1;
}

/// "+05:30", as seconds.
std::optional<std::int32_t> fixed_of(std::string_view text) {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    const int hours = two_digits(text.substr(1, 2));
    const int minutes = two_digits(text.substr(4));
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/// The first moment after `from` at which the zone's offset is that of `to`.
Moment change_between(const Zone& zone, Moment from, Moment to) {
    const seconds before = zone.offset_at(from);
    auto low = std::chrono::floor<seconds>(from);
    auto high = std::chrono::floor<seconds>(to);
    while (high - low > seconds(1)) {
        const auto middle = low + (high - low) / 2;
        (zone.offset_at(middle) == before ? low : high) = middle;
    }
    return high;
}

}  // namespace

std::string_view tzdata_version() {
    return detail::kTzdataVersion;
}

std::optional<Zone> Zone::find(std::string_view name) {
    Zone zone;
    if (const auto fixed = fixed_of(name)) {
        zone.fixed_seconds_ = *fixed;
        return zone;
    }
    if (name == "Z" || name == "z" ||
        (name.size() == 3 && !is_before(name, "utc") && !is_before("utc", name)))
        return zone;
    const std::span names(detail::kNames, detail::kNamesSize);
    const auto text = [](const detail::Named& named) {
        return std::string_view(detail::kTexts + named.text);
    };
    const auto found = std::ranges::lower_bound(names, name, is_before, text);
    if (found == names.end() || is_before(name, text(*found))) return std::nullopt;
    zone.name_ = static_cast<std::int32_t>(found - names.begin());
    return zone;
}

std::string Zone::name() const {
    if (name_ >= 0) return detail::kTexts + detail::kNames[name_].text;
    if (fixed_seconds_ == 0) return "UTC";
    const int minutes = std::abs(fixed_seconds_) / 60;
    std::string out = fixed_seconds_ < 0 ? "-" : "+";
    for (const int part : {minutes / 60, minutes % 60}) {
        if (out.size() > 1) out += ':';
        out += static_cast<char>('0' + part / 10);
        out += static_cast<char>('0' + part % 10);
    }
    return out;
}

std::chrono::seconds Zone::offset_at(Moment at) const {
    return seconds(name_ < 0 ? fixed_seconds_ : kind_at(name_, at).offset);
}

std::string Zone::abbreviation_at(Moment at) const {
    return name_ < 0 ? name() : std::string(detail::kTexts + kind_at(name_, at).abbreviation);
}

std::optional<Moment> Zone::next_change(Moment moment) const {
    if (name_ < 0) return std::nullopt;
    const detail::ZoneRow& zone = detail::kZones[detail::kNames[name_].zone];
    const std::int64_t at = seconds_of(moment);
    const std::span changes(detail::kChanges + zone.first, zone.size);
    const auto after = std::ranges::upper_bound(changes, at);
    const auto next = after == changes.end() ? change_by_rule(zone, at) : std::optional(*after);
    return next.transform([](std::int64_t change) { return Moment(seconds(change)); });
}

std::vector<std::string_view> zone_names() {
    std::vector<std::string_view> out;
    for (const detail::Named& named : std::span(detail::kNames, detail::kNamesSize))
        out.emplace_back(detail::kTexts + named.text);
    return out;
}

Moment Zone::moment(Reading reading, Choice choice) const {
    const Moment as_utc(reading.time_since_epoch());
    const seconds before = offset_at(as_utc - kSure);
    const seconds after = offset_at(as_utc + kSure);
    const Moment first = as_utc - before;
    const Moment second = as_utc - after;
    const bool has_first = offset_at(first) == before;
    const bool has_second = offset_at(second) == after;
    const bool is_late = choice == Choice::kLater || choice == Choice::kLast;
    if (has_first && has_second) return is_late ? std::max(first, second) : std::min(first, second);
    if (has_first || has_second) return has_first ? first : second;
    switch (choice) {
        case Choice::kCompatible:
        case Choice::kLater:
            return first;
        case Choice::kEarlier:
            return second;
        case Choice::kNearest:
            return change_between(*this, second, first);
        case Choice::kLast:
            return change_between(*this, second, first) - Millis(1);
    }
    return first;
}

}  // namespace weft::calendar
