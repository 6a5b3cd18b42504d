#include "core/calendar/calendar.h"

#include "core/calendar/detail/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace weft::calendar {
namespace {

using ::testing::HasSubstr;

Zone zone(std::string_view name) {
    const auto found = Zone::find(name);
    EXPECT_TRUE(found) << name;
    return found.value_or(Zone());
}

Moment at(std::string_view text, std::string_view in = "UTC") {
    const auto written = read(text);
    EXPECT_TRUE(written) << text;
    const auto moment = moment_of(written.value_or(Written{}), zone(in));
    return moment ? *moment : Moment();
}

std::string plus_iso(std::string_view from, std::string_view in, Span span) {
    const auto moved = plus(at(from, in), zone(in), span);
    return moved ? iso(*moved, zone(in)) : moved.error().user;
}

TEST(Zones, AreFoundInAnyCaseByAliasAndByDistance) {
    EXPECT_EQ(zone("europe/madrid").name(), "Europe/Madrid");
    EXPECT_EQ(zone("US/Eastern").name(), "US/Eastern");
    EXPECT_EQ(zone("utc").name(), "UTC");
    EXPECT_EQ(zone("+05:30").name(), "+05:30");
    EXPECT_EQ(zone("-00:00").name(), "UTC");
    for (const auto* wrong : {"", "Madrid", "Europe", "+5:30", "+24:00", "Europe/Madrid ", "CEST", "Zulu+1"})
        EXPECT_FALSE(Zone::find(wrong)) << wrong;
    EXPECT_THAT(std::string(tzdata_version()), ::testing::MatchesRegex("20[0-9][0-9][a-z]"));
}

TEST(Zones, SayWhenTheirClocksAreNextChanged) {
    const auto next = [](std::string_view in, std::string_view after) {
        const auto change = zone(in).next_change(at(after));
        return change ? iso(*change, Zone()) : "";
    };
    EXPECT_EQ(next("Europe/Madrid", "2024-01-01"), "2024-03-31T01:00:00.000Z");
    EXPECT_EQ(next("Europe/Madrid", "2024-03-31T01:00:00Z"), "2024-10-27T01:00:00.000Z");
    EXPECT_EQ(next("Europe/Madrid", "2090-11-01"), "2091-03-25T01:00:00.000Z");
    EXPECT_EQ(next("Australia/Lord_Howe", "2090-12-31T23:00:00Z"), "2091-03-31T15:00:00.000Z");
    EXPECT_EQ(next("Asia/Kolkata", "2024-01-01"), "");
    EXPECT_EQ(next("+05:30", "2024-01-01"), "");
    EXPECT_THAT(zone_names(), ::testing::IsSupersetOf({"Europe/Madrid", "US/Eastern", "UTC"}));
}

/// A wall's reading as each choice understands it. From the rule: of two, the first (compatible, earlier); of
/// none, what clocks would show had nothing been put forward.
struct Vector {
    const char* zone;
    const char* reading;
    const char* compatible;
    const char* earlier;
    const char* later;
};
constexpr Vector kVectors[] = {
    // An hour that is left out, and one that comes twice.
    {"America/New_York",
     "2026-03-08T02:30",
     "2026-03-08T07:30:00.000Z",
     "2026-03-08T06:30:00.000Z",
     "2026-03-08T07:30:00.000Z"},
    {"America/New_York",
     "2026-11-01T01:30",
     "2026-11-01T05:30:00.000Z",
     "2026-11-01T05:30:00.000Z",
     "2026-11-01T06:30:00.000Z"},
    {"America/New_York",
     "2026-11-01T00:59:59.999",
     "2026-11-01T04:59:59.999Z",
     "2026-11-01T04:59:59.999Z",
     "2026-11-01T04:59:59.999Z"},
    {"America/New_York",
     "2026-11-01T02:00",
     "2026-11-01T07:00:00.000Z",
     "2026-11-01T07:00:00.000Z",
     "2026-11-01T07:00:00.000Z"},
    // By the rule for the future, far beyond any table.
    {"America/New_York",
     "2345-07-01T12:00",
     "2345-07-01T16:00:00.000Z",
     "2345-07-01T16:00:00.000Z",
     "2345-07-01T16:00:00.000Z"},
    // Half an hour.
    {"Australia/Lord_Howe",
     "2026-10-04T02:15",
     "2026-10-03T15:45:00.000Z",
     "2026-10-03T15:15:00.000Z",
     "2026-10-03T15:45:00.000Z"},
    {"Australia/Lord_Howe",
     "2026-04-05T01:45",
     "2026-04-04T14:45:00.000Z",
     "2026-04-04T14:45:00.000Z",
     "2026-04-04T15:15:00.000Z"},
    // At midnight: the day begins at one, and ends at midnight twice.
    {"Africa/Cairo",
     "2026-04-24T00:30",
     "2026-04-23T22:30:00.000Z",
     "2026-04-23T21:30:00.000Z",
     "2026-04-23T22:30:00.000Z"},
    {"Africa/Cairo",
     "2026-10-29T23:30",
     "2026-10-29T20:30:00.000Z",
     "2026-10-29T20:30:00.000Z",
     "2026-10-29T21:30:00.000Z"},
    // A day that Samoa did not have.
    {"Pacific/Apia",
     "2011-12-30T12:00",
     "2011-12-30T22:00:00.000Z",
     "2011-12-29T22:00:00.000Z",
     "2011-12-30T22:00:00.000Z"},
    // Summer is the standard time: winter is put back from it.
    {"Europe/Dublin",
     "2026-03-29T01:30",
     "2026-03-29T01:30:00.000Z",
     "2026-03-29T00:30:00.000Z",
     "2026-03-29T01:30:00.000Z"},
    {"Europe/Dublin",
     "2026-10-25T01:30",
     "2026-10-25T00:30:00.000Z",
     "2026-10-25T00:30:00.000Z",
     "2026-10-25T01:30:00.000Z"},
    // Ramadan: from 15 February to 22 March 2026 without the hour ahead.
    {"Africa/Casablanca",
     "2026-02-15T02:30",
     "2026-02-15T01:30:00.000Z",
     "2026-02-15T01:30:00.000Z",
     "2026-02-15T02:30:00.000Z"},
    {"Africa/Casablanca",
     "2026-03-22T02:30",
     "2026-03-22T02:30:00.000Z",
     "2026-03-22T01:30:00.000Z",
     "2026-03-22T02:30:00.000Z"},
    // Before there were zones: 4 h 56 min 2 s behind.
    {"America/New_York",
     "1883-11-18T12:00",
     "1883-11-18T16:56:02.000Z",
     "1883-11-18T16:56:02.000Z",
     "1883-11-18T17:00:00.000Z"},
};

TEST(Zones, ReadingsThatComeTwiceOrNever) {
    for (const Vector& vector : kVectors) {
        const auto reading = read(vector.reading)->reading;
        const Zone there = zone(vector.zone);
        const auto shown = [&](Choice choice) { return iso(there.moment(reading, choice), Zone()); };
        const std::string name = std::string(vector.zone) + " " + vector.reading;
        EXPECT_EQ(shown(Choice::kCompatible), vector.compatible) << name;
        EXPECT_EQ(shown(Choice::kEarlier), vector.earlier) << name;
        EXPECT_EQ(shown(Choice::kLater), vector.later) << name;
    }
}

/// Without summer for some years, and then by the old rule again.
TEST(Zones, MayLeaveTheirRuleAndComeBack) {
    const auto shown = [](std::string_view text, std::string_view in) { return iso(at(text), zone(in)); };
    EXPECT_EQ(shown("2002-07-01T12:00Z", "Europe/Vilnius"), "2002-07-01T14:00:00.000+02:00");
    EXPECT_EQ(shown("2003-07-01T12:00Z", "Europe/Vilnius"), "2003-07-01T15:00:00.000+03:00");
    EXPECT_EQ(shown("2017-01-01T12:00Z", "America/Grand_Turk"), "2017-01-01T08:00:00.000-04:00");
    EXPECT_EQ(shown("2019-01-01T12:00Z", "America/Grand_Turk"), "2019-01-01T07:00:00.000-05:00");
}

/// Every name of the table against what the C library reads from the same files.
TEST(Zones, AreTheSystems) {
    int compared = 0;
    for (std::size_t i = 0; i < detail::kNamesSize; ++i) {
        const std::string name = detail::kTexts + detail::kNames[i].text;
        if (!std::filesystem::exists("/usr/share/zoneinfo/" + name)) continue;
        const Zone there = zone(name);
        setenv("TZ", (":" + name).c_str(), 1);
        tzset();
        // Every 13 days and 5 hours from 1890 to 2190, from the quarter of an hour on.
        for (std::time_t at = -2'524'521'600; at < 6'942'000'000; at += 13 * 86'400 + 18'000 + 900) {
            std::tm shown{};
            localtime_r(&at, &shown);
            const auto ours = there.offset_at(Moment(std::chrono::seconds(at))).count();
            ASSERT_EQ(ours, shown.tm_gmtoff) << name << " " << at;
            ++compared;
        }
    }
    unsetenv("TZ");
    tzset();
    EXPECT_GT(compared, 4'000'000);
}

TEST(Grammar, WhatIsReadIsAnInstant) {
    const auto shown = [](std::string_view text, std::string_view in = "Europe/Madrid") {
        const auto written = read(text);
        if (!written) return std::string("none");
        const auto moment = moment_of(*written, zone(in));
        return moment ? iso(*moment, Zone()) : moment.error().user;
    };
    EXPECT_EQ(shown("2026-07-01"), "2026-06-30T22:00:00.000Z");
    EXPECT_EQ(shown("2026-07-01 10:00"), "2026-07-01T08:00:00.000Z");
    EXPECT_EQ(shown("2026-07-01t10:00:05.1239z"), "2026-07-01T10:00:05.123Z");
    EXPECT_EQ(shown("2026-07-01T10:00-02:30"), "2026-07-01T12:30:00.000Z");
    EXPECT_EQ(shown("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59.000Z");
    EXPECT_EQ(shown("2026-07-01T10:00[Asia/Tokyo]"), "2026-07-01T01:00:00.000Z");
    EXPECT_EQ(shown("2026-07-01T10:00+09:00[Asia/Tokyo]"), "2026-07-01T01:00:00.000Z");
    EXPECT_THAT(shown("2026-07-01T10:00+08:00[Asia/Tokyo]"), HasSubstr("do not have this distance"));
    EXPECT_EQ(shown("0000-01-01T00:00:00+10:00"), "-000001-12-31T14:00:00.000Z");
    for (const auto* wrong :
         {"",
          "2026",
          "2026-02-29",
          "2026-07-01T",
          "2026-07-01T24:00",
          "2026-07-01T10:00+",
          "2026-07-01T10:00:60",
          "2026-07-01T10:00:00.Z",
          "2026-07-01T10:00Z ",
          "2026-07-01T10:00[Mars]",
          "01/07/2026"})
        EXPECT_EQ(shown(wrong), "none") << wrong;
}

TEST(Arithmetic, MonthsEndAndClocksChange) {
    EXPECT_EQ(plus_iso("2026-01-31", "UTC", {.months = 1}), "2026-02-28T00:00:00.000Z");
    EXPECT_EQ(plus_iso("2024-02-29", "UTC", {.months = 12}), "2025-02-28T00:00:00.000Z");
    EXPECT_EQ(plus_iso("2026-03-31", "UTC", {.months = -1}), "2026-02-28T00:00:00.000Z");
    EXPECT_EQ(plus_iso("2026-01-31", "UTC", {.months = 1, .days = 1}), "2026-03-01T00:00:00.000Z");
    EXPECT_EQ(plus_iso("2026-03-28T02:30", "Europe/Madrid", {.days = 1}), "2026-03-29T03:30:00.000+02:00");
    EXPECT_EQ(
        plus_iso("2026-03-28T02:30", "Europe/Madrid", {.exact = std::chrono::hours(24)}),
        "2026-03-29T03:30:00.000+02:00"
    );
    EXPECT_EQ(
        plus_iso("2026-10-24T12:00", "Europe/Madrid", {.exact = std::chrono::hours(24)}),
        "2026-10-25T11:00:00.000+01:00"
    );
    EXPECT_EQ(plus_iso("2026-10-24T12:00", "Europe/Madrid", {.days = 1}), "2026-10-25T12:00:00.000+01:00");
    EXPECT_EQ(plus_iso("2011-12-29T12:00", "Pacific/Apia", {.days = 1}), "2011-12-31T12:00:00.000+14:00");
    EXPECT_THAT(plus_iso("9999-12-31", "UTC", {.days = 1}), HasSubstr("years 0 to 9999"));
    EXPECT_THAT(plus_iso("2026-01-01", "UTC", {.months = INT64_MIN + 1}), HasSubstr("years 0 to 9999"));
    EXPECT_THAT(plus_iso("2026-01-01", "UTC", {.exact = Millis(INT64_MAX)}), HasSubstr("years 0 to 9999"));
}

TEST(Arithmetic, UnitsBeginAndEndWhereClocksDo) {
    const auto both = [](std::string_view text, std::string_view in, Unit unit) {
        const Moment moment = at(text, in);
        return iso(start_of(moment, zone(in), unit), zone(in)) + " " +
               iso(end_of(moment, zone(in), unit), zone(in));
    };
    EXPECT_EQ(
        both("2026-02-11T10:11:12.345", "UTC", Unit::kMonth),
        "2026-02-01T00:00:00.000Z 2026-02-28T23:59:59.999Z"
    );
    EXPECT_EQ(
        both("2026-03-01T10:11", "UTC", Unit::kWeek), "2026-02-23T00:00:00.000Z 2026-03-01T23:59:59.999Z"
    );
    EXPECT_EQ(both("2026-05-11", "UTC", Unit::kQuarter), "2026-04-01T00:00:00.000Z 2026-06-30T23:59:59.999Z");
    EXPECT_EQ(
        both("2026-04-24T12:00", "Africa/Cairo", Unit::kDay),
        "2026-04-24T01:00:00.000+03:00 2026-04-24T23:59:59.999+03:00"
    );
    EXPECT_EQ(
        both("2026-10-29T12:00", "Africa/Cairo", Unit::kDay),
        "2026-10-29T00:00:00.000+03:00 2026-10-29T23:59:59.999+02:00"
    );
    // The gap lies over midnight: 23:30 to 0:30.
    EXPECT_EQ(
        both("1919-03-31T12:00", "America/Toronto", Unit::kDay),
        "1919-03-31T00:30:00.000-04:00 1919-03-31T23:59:59.999-04:00"
    );
    EXPECT_EQ(
        both("1919-03-30T12:00", "America/Toronto", Unit::kDay),
        "1919-03-30T00:00:00.000-05:00 1919-03-30T23:29:59.999-05:00"
    );
    EXPECT_EQ(
        both("2026-11-01T06:30Z", "America/New_York", Unit::kHour),
        "2026-11-01T01:00:00.000-05:00 2026-11-01T01:59:59.999-05:00"
    );
    EXPECT_EQ(
        both("2026-11-01T05:30Z", "America/New_York", Unit::kHour),
        "2026-11-01T01:00:00.000-04:00 2026-11-01T01:59:59.999-04:00"
    );
    // On Lord Howe one o'clock lasted an hour and a half.
    EXPECT_EQ(
        both("2026-04-04T15:15Z", "Australia/Lord_Howe", Unit::kHour),
        "2026-04-05T01:00:00.000+11:00 2026-04-05T01:59:59.999+10:30"
    );
    EXPECT_EQ(
        both("1969-12-31T23:59:59.500", "UTC", Unit::kMinute),
        "1969-12-31T23:59:00.000Z 1969-12-31T23:59:59.999Z"
    );
}

TEST(Arithmetic, DifferencesAreWholeUnits) {
    const auto between = [](std::string_view a, std::string_view b, Unit unit, std::string_view in = "UTC") {
        return difference(at(a, in), at(b, in), zone(in), unit);
    };
    EXPECT_EQ(between("2026-02-28", "2026-01-31", Unit::kMonth), 1);
    EXPECT_EQ(between("2026-02-27", "2026-01-31", Unit::kMonth), 0);
    EXPECT_EQ(between("2026-01-31", "2026-02-28", Unit::kMonth), 0);
    EXPECT_EQ(between("2026-01-28", "2026-02-28", Unit::kMonth), -1);
    EXPECT_EQ(between("2026-03-01", "2024-02-29", Unit::kYear), 2);
    EXPECT_EQ(between("2026-03-09T00:00", "2026-03-08T00:00", Unit::kHour, "America/New_York"), 23);
    EXPECT_EQ(between("2026-03-09T00:00", "2026-03-08T00:00", Unit::kDay, "America/New_York"), 1);
    EXPECT_EQ(between("2026-03-09T00:00", "2026-03-07T00:01", Unit::kDay, "America/New_York"), 1);
    EXPECT_EQ(between("2026-03-01", "2026-03-15T23:59", Unit::kWeek), -2);
    EXPECT_EQ(between("9999-12-31", "0000-01-01", Unit::kDay), 3652424);
    EXPECT_EQ(between("9999-12-31", "0000-01-01", Unit::kYear), 9999);
}

/// Two steps back: a date that the zone has not had, and the time of day. Never more, however far off.
TEST(Arithmetic, DifferencesAreTheMostThatFits) {
    std::uint64_t state = 1;
    const auto below = [&](std::int64_t most) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::int64_t>((state >> 16) % static_cast<std::uint64_t>(most));
    };
    for (const auto* in : {"UTC", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Manila", "America/New_York"}) {
        const Moment middle = at("2011-12-30T12:00");
        for (int i = 0; i < 20'000; ++i) {
            const std::int64_t spread = i % 2 == 0 ? 10LL * 86'400'000 : 200LL * 366 * 86'400'000;
            const Moment a = middle + Millis(below(2 * spread) - spread);
            const Moment b = middle + Millis(below(2 * spread) - spread);
            for (const Unit unit : {Unit::kYear, Unit::kMonth, Unit::kWeek, Unit::kDay}) {
                const std::int64_t count = difference(a, b, zone(in), unit);
                const std::int64_t months = unit == Unit::kYear ? 12 : unit == Unit::kMonth ? 1 : 0;
                const std::int64_t days = unit == Unit::kWeek ? 7 : unit == Unit::kDay ? 1 : 0;
                const auto there = plus(b, zone(in), {.months = months * count, .days = days * count});
                ASSERT_TRUE(there && (count == 0 || (a >= b ? *there <= a : *there >= a)))
                    << in << " " << iso(a, zone(in)) << " " << iso(b, zone(in)) << " " << count;
            }
        }
    }
    const std::clock_t before = std::clock();
    difference(Moment(Millis(8'000'000'000'000'000)), Moment(), Zone(), Unit::kDay);
    EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 10);
}

TEST(Patterns, AreCldrs) {
    const auto shown =
        [](std::string_view pattern, std::string_view locale = "en", std::string_view in = "Europe/Madrid") {
            const auto text = format(at("2026-03-05T09:04:07.089Z"), zone(in), pattern, locale);
            return text ? *text : text.error().user;
        };
    EXPECT_EQ(shown("EEEE, d 'de' MMMM 'de' y", "es-MX"), "jueves, 5 de marzo de 2026");
    EXPECT_EQ(shown("EEE, MMM d, yy h:mm a"), "Thu, Mar 5, 26 10:04 AM");
    EXPECT_EQ(shown("h:mm a", "es"), "10:04 a.\u00a0m.");
    EXPECT_EQ(shown("dd/MM/yyyy HH:mm:ss.SSS"), "05/03/2026 10:04:07.089");
    EXPECT_EQ(shown("S SS SSSSS"), "0 08 08900");
    EXPECT_EQ(
        shown("X|XXxXXX Z ZZZZ ZZZZZ OOOO z VV"),
        "+01|+0100+01+01:00 +0100 GMT+01:00 +01:00 GMT+01:00 CET Europe/Madrid"
    );
    EXPECT_EQ(shown("XxXXX ZZZZ", "en", "UTC"), "Z+00Z GMT");
    EXPECT_EQ(shown("QQQ D w Y"), "Q1 64 10 2026");
    EXPECT_EQ(
        shown("yyyy'T'''HH o''clock", "en"),
        "the pattern's o is not known: letters for themselves stand in '...'; known are y M d E D w Q H h m "
        "s S a X x Z z VV"
    );
    EXPECT_EQ(shown("HH 'o''clock'"), "10 o'clock");
    EXPECT_EQ(shown("HH''mm'''x'"), "10'04'x");
    EXPECT_THAT(shown("YYYY-MM-DD"), HasSubstr("YYYY is not known: the year is yyyy"));
    EXPECT_THAT(shown("yyyy-MM-DD"), HasSubstr("DD is not known: the day of the month is dd"));
    EXPECT_THAT(shown("'x"), HasSubstr("not closed"));
    EXPECT_THAT(shown("y", "xx"), HasSubstr("the locale xx is not known; known are de, en, es"));
    EXPECT_THAT(shown(std::string(2'000, '-')), HasSubstr("at most 1,000"));
}

TEST(Patterns, CanBeReadAlong) {
    const auto shown = [](std::string_view text, std::string_view pattern, std::string_view locale = "en") {
        const auto written = read(text, pattern, locale);
        return written ? iso(*moment_of(*written, Zone()), Zone()) : written.error().user;
    };
    EXPECT_EQ(shown("05/03/2026", "dd/MM/yyyy"), "2026-03-05T00:00:00.000Z");
    EXPECT_EQ(shown("5/3/69", "d/M/yy"), "2069-03-05T00:00:00.000Z");
    EXPECT_EQ(shown("5 de Marzo de 2026", "d 'de' MMMM 'de' y", "es"), "2026-03-05T00:00:00.000Z");
    EXPECT_EQ(
        shown("Thu, 05 Mar 2026 10:04:07 +0100", "EEE, dd MMM yyyy HH:mm:ss Z"), "2026-03-05T09:04:07.000Z"
    );
    EXPECT_EQ(shown("12:05 am", "h:mm a"), "1970-01-01T00:05:00.000Z");
    EXPECT_EQ(shown("12:05 p.\u00a0m.", "h:mm a", "es"), "1970-01-01T12:05:00.000Z");
    EXPECT_EQ(shown("05/13/2026", "dd/MM/yyyy"), "the text names a day that does not exist");
    EXPECT_EQ(shown("5/3/2026", "dd/MM/yyyy"), "the text must have the day where it has \"5/3/2026\"");
    EXPECT_EQ(shown("05/03/2026x", "dd/MM/yyyy"), "the text must have nothing more where it has \"x\"");
    EXPECT_EQ(shown("05/03", "dd/MM/yyyy"), "the text must have \"/\" where it has the end");
    EXPECT_THAT(shown("13 PM", "h a"), HasSubstr("1 to 12"));
    EXPECT_THAT(shown("10", "w"), HasSubstr("can be written, not read"));
}

}  // namespace
}  // namespace weft::calendar
