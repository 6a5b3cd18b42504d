#include "core/trigger/schedule.h"

#include <algorithm>

namespace weft::trigger {

namespace {

using namespace std::chrono;

constexpr days kHorizon{50 * 366};         // 29 February on the fifth Friday comes after 40 years at most
constexpr std::int64_t kCountMax = 1'000;  // of what was missed

/// Days since 1970 whatever `anchor` counts in, so that the difference tells how many lie between.
std::int64_t ordinal(Rule::Unit unit, year_month_day date) {
    const std::int64_t day = sys_days(date).time_since_epoch().count();
    switch (unit) {
        case Rule::Unit::kDay:
            return day;
        case Rule::Unit::kWeek:
            return (day + 3 + 7'000'000) / 7;  // 1970-01-01 is a Thursday; weeks begin on Monday
        case Rule::Unit::kMonth:
            return std::int64_t{int(date.year())} * 12 + unsigned(date.month());
        case Rule::Unit::kYear:
            return int(date.year());
    }
    return day;
}

bool is_counted(const Rule& rule, year_month_day date) {
    if (!rule.anchor) return true;
    if (date < *rule.anchor) return false;
    return (ordinal(rule.unit, date) - ordinal(rule.unit, *rule.anchor)) % rule.every == 0;
}

/// The weekday nearest to a day of the month, within the month; nothing when the month has no such day.
std::optional<unsigned> nearest_weekday(unsigned of, unsigned last, weekday on) {
    if (of > last) return std::nullopt;
    if (on == Saturday) return of > 1 ? of - 1 : of + 2;
    if (on == Sunday) return of < last ? of + 1 : of - 2;
    return of;
}

bool is_day_of_month(const Rule& rule, year_month_day date) {
    const unsigned day_of_month{date.day()};
    const unsigned last{(date.year() / date.month() / std::chrono::last).day()};
    if (rule.days.test(day_of_month) || rule.days_before_last.test(last - day_of_month)) return true;
    const weekday on{sys_days(date)};
    if (rule.is_last_weekday) {
        const auto nearest = nearest_weekday(last, last, on + days(int(last) - int(day_of_month)));
        if (nearest == day_of_month) return true;
    }
    for (unsigned of = std::max(day_of_month, 4u) - 3; of <= std::min(day_of_month + 3, 31u); ++of) {
        if (!rule.nearest_weekdays.test(of)) continue;
        if (nearest_weekday(of, last, on + days(int(of) - int(day_of_month))) == day_of_month) return true;
    }
    return false;
}

bool is_weekday(const Rule& rule, year_month_day date) {
    const unsigned day_of_month{date.day()};
    const unsigned last{(date.year() / date.month() / std::chrono::last).day()};
    const auto on = static_cast<std::size_t>(weekday(sys_days(date)).c_encoding());
    return rule.weekdays.test(on) || rule.nth_weekday[on].test((day_of_month + 6) / 7) ||
           (rule.last_weekdays.test(on) && day_of_month + 7 > last);
}

bool is_day(const Rule& rule, year_month_day date) {
    if (!rule.months.test(unsigned(date.month())) || !is_counted(rule, date)) return false;
    if (rule.is_any_day && rule.is_any_weekday) return true;
    if (rule.is_either_day && !rule.is_any_day && !rule.is_any_weekday)
        return is_day_of_month(rule, date) || is_weekday(rule, date);
    return (rule.is_any_day || is_day_of_month(rule, date)) &&
           (rule.is_any_weekday || is_weekday(rule, date));
}

/// The first of the set from `at` on; the set's size when there is none.
template <std::size_t N>
int first_from(const std::bitset<N>& set, int at) {
    while (at < int(N) && !set.test(static_cast<std::size_t>(at))) ++at;
    return at;
}

/// The first time of a day that is not before `at`, in seconds; nothing when there is none left.
std::optional<int> time_from(const Rule& rule, int at) {
    if (!rule.times.empty()) {
        const auto found = std::ranges::lower_bound(rule.times, at);
        return found == rule.times.end() ? std::nullopt : std::optional(*found);
    }
    int hour = first_from(rule.hours, at / 3'600);
    int minute = hour == at / 3'600 ? first_from(rule.minutes, at / 60 % 60) : first_from(rule.minutes, 0);
    const bool is_this_minute = hour == at / 3'600 && minute == at / 60 % 60;
    int second = first_from(rule.seconds, is_this_minute ? at % 60 : 0);
    if (second == 60) {
        minute = first_from(rule.minutes, minute + 1);
        second = first_from(rule.seconds, 0);
    }
    if (minute == 60) {
        hour = first_from(rule.hours, hour + 1);
        minute = first_from(rule.minutes, 0);
        second = first_from(rule.seconds, 0);
    }
    if (hour == 24) return std::nullopt;
    return hour * 3'600 + minute * 60 + second;
}

/// The first date and time of the calendar in [from, to), however clocks go.
std::optional<local_seconds> first_local(const Rule& rule, local_seconds from, local_seconds to) {
    local_days date = floor<days>(from);
    int at = static_cast<int>((from - date).count());
    while (date < to) {
        const year_month_day day(date);
        if (!rule.months.test(unsigned(day.month()))) {
            date = local_days(day.year() / day.month() / std::chrono::last) + days(1);
            at = 0;
            continue;
        }
        if (is_day(rule, day)) {
            if (const auto time = time_from(rule, at)) {
                const local_seconds found = date + seconds(*time);
                return found < to ? std::optional(found) : std::nullopt;
            }
        }
        date += days(1);
        at = 0;
    }
    return std::nullopt;
}

std::optional<sys_seconds> next_elapsed(const Schedule& schedule, sys_seconds from) {
    const seconds step = *schedule.rule.elapsed;
    sys_seconds first{};
    if (schedule.rule.anchor) {
        const calendar::Reading midnight{local_days(*schedule.rule.anchor)};
        first = floor<seconds>(schedule.zone.moment(midnight, calendar::Choice::kNearest));
    }
    if (from <= first) return first;
    return first + (from - first + step - seconds(1)) / step * step;
}

/// From one change of the clocks to the next, and what lies before it. Clocks that were changed long ago do
/// not matter: no reading comes twice two days apart.
struct Span {
    sys_seconds begins;
    seconds offset;
    std::optional<seconds> before;  // the offset before it
    std::optional<sys_seconds> ends;

    static Span at(const calendar::Zone& zone, sys_seconds moment) {
        Span span{moment, zone.offset_at(moment), std::nullopt, change_after(zone, moment)};
        constexpr auto kNear = days(2);
        for (auto change = change_after(zone, moment - kNear); change && *change <= moment;
             change = change_after(zone, *change)) {
            span.begins = *change;
            span.before = zone.offset_at(*change - seconds(1));
        }
        return span;
    }
    static std::optional<sys_seconds> change_after(const calendar::Zone& zone, sys_seconds moment) {
        return zone.next_change(moment).transform([](calendar::Moment at) { return floor<seconds>(at); });
    }
};

/// The first slot in [from, from + kHorizon).
std::optional<sys_seconds> first_slot(const Schedule& schedule, sys_seconds from) {
    const Rule& rule = schedule.rule;
    if (rule.elapsed) return next_elapsed(schedule, from);
    const sys_seconds horizon = from + kHorizon;
    const auto local = [](sys_seconds at, seconds offset) {
        return local_seconds(at.time_since_epoch() + offset);
    };
    for (Span span = Span::at(schedule.zone, from);; span = Span::at(schedule.zone, *span.ends)) {
        const sys_seconds begins = std::max(from, span.begins);
        const sys_seconds ends = std::min(span.ends.value_or(horizon), horizon);
        local_seconds start = local(begins, span.offset);
        if (span.before) {
            const local_seconds shown = local(span.begins, *span.before);  // by the clock before
            const bool is_gap = shown < local(span.begins, span.offset);
            if (is_gap && begins == span.begins && first_local(rule, shown, start)) return begins;
            // What this clock shows a second time; of a gap, nothing.
            if (!rule.is_interval) start = std::max(start, shown);
        }
        if (const auto found = first_local(rule, start, local(ends, span.offset)))
            return sys_seconds(found->time_since_epoch()) - span.offset;
        if (ends == horizon) return std::nullopt;
    }
}

}  // namespace

std::optional<Instant> next(const Schedule& schedule, Instant after) {
    if (schedule.pause_until) after = std::max(after, *schedule.pause_until - Micros(1));
    const auto found = first_slot(schedule, floor<seconds>(after) + seconds(1));
    return found ? std::optional(Instant(*found)) : std::nullopt;
}

std::vector<Instant> next_times(const Schedule& schedule, Instant after, std::size_t count) {
    std::vector<Instant> out;
    while (out.size() < count) {
        const auto found = next(schedule, after);
        if (!found) break;
        out.push_back(*found);
        after = *found;
    }
    return out;
}

Result<void> anchor(Schedule& schedule, Instant now, std::string_view field) {
    const auto found = next(schedule, now);
    if (!found) {
        const std::string_view member = schedule.cron.empty() ? ".every" : ".cron";
        return fail(Error::invalid(
            "This never fires: no date fits in the next 50 years", std::string(field).append(member)
        ));
    }
    if (!schedule.rule.has_count() || schedule.rule.anchor) return {};
    const Instant from = schedule.rule.elapsed ? now : *found;
    schedule.rule.anchor = year_month_day(floor<days>(schedule.zone.reading(floor<Millis>(from))));
    schedule.starting = schedule.rule.anchor;
    return {};
}

Millis jitter_of(const Schedule& schedule, std::string_view trigger_id) {
    if (schedule.jitter.count() <= 0) return Millis(0);
    std::uint64_t hash = 14'695'981'039'346'656'037u;  // FNV-1a: the same in every process and version
    for (const char c : trigger_id) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
    hash ^= hash >> 32;
    return Millis(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(schedule.jitter.count())));
}

namespace {

/// The last slot in [slot, until].
Instant last_slot(const Schedule& schedule, Instant slot, Instant until) {
    while (until - slot >= seconds(1)) {
        const Instant middle = slot + (until - slot) / 2;
        const auto found = next(schedule, middle);
        if (found && *found <= until) {
            slot = *found;
        } else {
            until = middle;
        }
    }
    return slot;
}

/// The latest slots in (from, until], at most `kCatchUpMax`, oldest first. It looks back further and further,
/// so that a rule of every second costs no more after a week than after a minute. Of a rule so uneven that
/// this meets more than `kStepsMax`, the latest only.
std::vector<Instant> latest(const Schedule& schedule, Instant from, Instant until) {
    constexpr int kStepsMax = 20'000;  // some 5 ms
    constexpr Micros kFirst = minutes(4);
    std::vector<Instant> kept;
    for (Micros reach = kFirst;; reach *= 4) {
        const Instant start = std::max(from, until - reach);
        std::vector<Instant> out;
        auto slot = next(schedule, start);
        for (int steps = 0; slot && *slot <= until && steps < kStepsMax; ++steps) {
            out.push_back(*slot);
            if (out.size() == 2 * kCatchUpMax) out.erase(out.begin(), out.begin() + kCatchUpMax);
            slot = next(schedule, *slot);
        }
        if (slot && *slot <= until) {  // there are more, and later ones count
            if (!kept.empty()) return kept;
            until = last_slot(schedule, *slot, until);
            reach = kFirst / 4;
            continue;
        }
        if (out.size() > kCatchUpMax) out.erase(out.begin(), out.end() - std::ptrdiff_t{kCatchUpMax});
        if (start == from || out.size() == kCatchUpMax) return out;
        kept = std::move(out);
    }
}

/// How many lie in (from, to); of more than kCountMax, so many.
std::int64_t count_between(const Schedule& schedule, Instant from, Instant to) {
    std::int64_t out = 0;
    for (auto slot = next(schedule, from); slot && *slot < to && out < kCountMax; ++out)
        slot = next(schedule, *slot);
    return out;
}

/// Leaves those of `slots` that fire by the catch-up policy.
void choose(const Schedule& schedule, Instant on_time, std::vector<Instant>& slots) {
    const auto late_end = std::ranges::lower_bound(slots, on_time);
    switch (schedule.catch_up) {
        case CatchUp::kSkip:
            slots.erase(slots.begin(), late_end);
            break;
        case CatchUp::kLast:  // the latest of all; those that come at their time all fire
            slots.erase(slots.begin(), late_end == slots.end() && !slots.empty() ? late_end - 1 : late_end);
            break;
        case CatchUp::kAll:
            break;
    }
}

}  // namespace

Due due(const Schedule& schedule, const Moment& moment) {
    const Millis jitter = jitter_of(schedule, moment.trigger_id);
    const Instant until = std::max(moment.now - jitter, moment.settled);  // slots up to here are due
    const Instant reach = until - std::max(schedule.catch_up_within, kOnTime);
    Due out{.settled = until};
    out.next = next(schedule, until);
    out.looks_next = out.next.transform([&](Instant at) { return at + jitter; });

    std::vector<Instant> slots = latest(schedule, std::max(moment.settled, reach - Micros(1)), until);
    const std::size_t come = slots.size();
    const Instant oldest = slots.empty() ? until : slots.front();
    out.missed = count_between(schedule, moment.settled, oldest);
    choose(schedule, until - kOnTime, slots);
    out.missed += static_cast<std::int64_t>(come - slots.size());
    if (moment.waiting && schedule.overlap == Overlap::kQueue) slots.insert(slots.begin(), *moment.waiting);
    if (schedule.overlap != Overlap::kAllow && !slots.empty()) {
        // Each would overlap the one before: the latest stands for all.
        const bool is_dropped = moment.is_running && schedule.overlap == Overlap::kSkip;
        out.skipped = static_cast<std::int64_t>(slots.size()) - (is_dropped ? 0 : 1);
        slots.erase(slots.begin(), is_dropped ? slots.end() : slots.end() - 1);
        if (moment.is_running && !is_dropped) {
            out.waiting = slots.front();
            slots.clear();
            const Micros pause = std::clamp<Micros>((moment.now - *out.waiting) / 10, 1s, 30s);
            out.looks_next = std::min(out.looks_next.value_or(moment.now + pause), moment.now + pause);
        }
    }
    out.slots = std::move(slots);
    return out;
}

}  // namespace weft::trigger
