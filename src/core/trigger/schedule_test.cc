#include "core/trigger/schedule.h"

#include <gtest/gtest.h>

#include <random>

namespace weft::trigger {
namespace {

using namespace std::chrono;

Instant at(std::string_view text) {
    int y = 0, m = 0, d = 0, h = 0, min = 0, s = 0;
    EXPECT_EQ(std::sscanf(std::string(text).c_str(), "%d-%d-%dT%d:%d:%dZ", &y, &m, &d, &h, &min, &s), 6)
        << text;
    return sys_days(year(y) / m / d) + hours(h) + minutes(min) + seconds(s);
}
std::string shown(Instant instant) {
    return rfc3339(instant).substr(0, 19) + "Z";
}

calendar::Zone zone_of(std::string_view name) {
    return calendar::Zone::find(name).value();
}

Schedule settings(std::string_view text) {
    auto out = parse_schedule(parse_json(text).value());
    EXPECT_TRUE(out) << text << ": " << out.error().field << ": " << out.error().user;
    return out.value_or(Schedule{});
}
Schedule cron(std::string_view text) {
    return settings(R"({"cron": ")" + std::string(text) + R"("})");
}
Schedule every(std::string_view text) {
    return settings(R"({"every": ")" + std::string(text) + R"("})");
}
std::vector<std::string> fires(
    Schedule schedule, std::string_view zone, std::string_view after, std::size_t count
) {
    schedule.zone = zone_of(zone);
    std::vector<std::string> out;
    for (const Instant instant : next_times(schedule, at(after), count)) out.push_back(shown(instant));
    return out;
}
Error refused(std::string_view config) {
    auto out = parse_schedule(parse_json(config).value());
    EXPECT_FALSE(out) << config;
    return out ? Error{} : out.error();
}

/// Made from the rule of docs/adr/0032 and the zones' offsets: what is skipped fires once, at the first
/// instant behind the gap; what comes twice fires at the first of the two, or at both when the rule is an
/// interval.
struct Vector {
    std::string_view zone, cron, after;
    std::vector<std::string> fires;
};
const std::vector<Vector> kVectors = {
    // 2024-03-10 02:00 -> 03:00, 2024-11-03 02:00 -> 01:00
    {"America/New_York",
     "30 2 * * *",
     "2024-03-09T12:00:00Z",
     {"2024-03-10T07:00:00Z", "2024-03-11T06:30:00Z"}},
    {"America/New_York",
     "0,30 2 * * *",
     "2024-03-09T12:00:00Z",
     {"2024-03-10T07:00:00Z", "2024-03-11T06:00:00Z"}},
    {"America/New_York",
     "30 2,3 * * *",
     "2024-03-10T06:00:00Z",
     {"2024-03-10T07:00:00Z", "2024-03-10T07:30:00Z"}},
    {"America/New_York",
     "30 1 * * *",
     "2024-11-02T12:00:00Z",
     {"2024-11-03T05:30:00Z", "2024-11-04T06:30:00Z"}},
    {"America/New_York", "30 1 * * *", "2024-11-03T05:30:00Z", {"2024-11-04T06:30:00Z"}},
    {"America/New_York", "0 2 * * *", "2024-11-02T12:00:00Z", {"2024-11-03T07:00:00Z", "2024-11-04T07:00:00Z"}
    },
    {"America/New_York",
     "*/30 1 * * *",
     "2024-11-03T04:40:00Z",
     {"2024-11-03T05:00:00Z",
      "2024-11-03T05:30:00Z",
      "2024-11-03T06:00:00Z",
      "2024-11-03T06:30:00Z",
      "2024-11-04T06:00:00Z"}},
    {"America/New_York",
     "0 * * * *",
     "2024-11-03T04:30:00Z",
     {"2024-11-03T05:00:00Z", "2024-11-03T06:00:00Z", "2024-11-03T07:00:00Z"}},
    {"America/New_York",
     "*/15 * * * *",
     "2024-03-10T06:40:00Z",
     {"2024-03-10T06:45:00Z", "2024-03-10T07:00:00Z", "2024-03-10T07:15:00Z"}},
    // by half an hour: 2024-10-06 02:00 -> 02:30, 2024-04-07 02:00 -> 01:30
    {"Australia/Lord_Howe",
     "15 2 * * *",
     "2024-10-04T20:00:00Z",
     {"2024-10-05T15:30:00Z", "2024-10-06T15:15:00Z"}},
    {"Australia/Lord_Howe",
     "45 1 * * *",
     "2024-04-05T20:00:00Z",
     {"2024-04-06T14:45:00Z", "2024-04-07T15:15:00Z"}},
    {"Australia/Lord_Howe",
     "15 1 * * *",
     "2024-04-05T20:00:00Z",
     {"2024-04-06T14:15:00Z", "2024-04-07T14:45:00Z"}},
    {"Australia/Lord_Howe",
     "*/15 1 * * *",
     "2024-04-06T14:20:00Z",
     {"2024-04-06T14:30:00Z",
      "2024-04-06T14:45:00Z",
      "2024-04-06T15:00:00Z",
      "2024-04-06T15:15:00Z",
      "2024-04-07T14:30:00Z"}},
    // at midnight: 2024-04-26 00:00 -> 01:00, 2024-11-01 00:00 -> 2024-10-31 23:00
    {"Africa/Cairo", "0 0 * * *", "2024-04-24T23:00:00Z", {"2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z"}},
    {"Africa/Cairo", "30 23 * * *", "2024-10-30T22:00:00Z", {"2024-10-31T20:30:00Z", "2024-11-01T21:30:00Z"}},
    {"Africa/Cairo", "0 0 * * *", "2024-10-30T22:00:00Z", {"2024-10-31T22:00:00Z", "2024-11-01T22:00:00Z"}},
    // without 2011-12-30
    {"Pacific/Apia",
     "0 9 * * *",
     "2011-12-29T12:00:00Z",
     {"2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"}},
    {"Pacific/Apia", "0 9 30 12 *", "2011-12-01T00:00:00Z", {"2011-12-30T10:00:00Z", "2012-12-29T19:00:00Z"}},
    {"Pacific/Apia",
     "0 */6 * * *",
     "2011-12-30T03:00:00Z",
     {"2011-12-30T04:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T16:00:00Z"}},
    // its standard time is the summer's: 2024-03-31 01:00 -> 02:00, 2024-10-27 02:00 -> 01:00
    {"Europe/Dublin", "30 1 * * *", "2024-03-30T12:00:00Z", {"2024-03-31T01:00:00Z", "2024-04-01T00:30:00Z"}},
    {"Europe/Dublin", "30 1 * * *", "2024-10-26T12:00:00Z", {"2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z"}},
    {"Europe/Dublin", "30 1 * * *", "2050-03-26T12:00:00Z", {"2050-03-27T01:00:00Z", "2050-03-28T00:30:00Z"}},
    // back for Ramadan: 2024-03-10 03:00 -> 02:00, 2024-04-14 02:00 -> 03:00
    {"Africa/Casablanca",
     "30 2 * * *",
     "2024-03-09T12:00:00Z",
     {"2024-03-10T01:30:00Z", "2024-03-11T02:30:00Z"}},
    {"Africa/Casablanca",
     "30 2 * * *",
     "2024-04-13T12:00:00Z",
     {"2024-04-14T02:00:00Z", "2024-04-15T01:30:00Z"}},
};

TEST(Schedule, FiresOnceWhenClocksAreChanged) {
    for (const Vector& row : kVectors)
        EXPECT_EQ(fires(cron(row.cron), row.zone, row.after, row.fires.size()), row.fires)
            << row.zone << " " << row.cron;
}

TEST(Schedule, ReadsCron) {
    const std::string_view from = "2026-11-30T10:00:30Z";  // a Monday
    const std::vector<std::pair<std::string_view, std::vector<std::string>>> cases = {
        {"* * * * *", {"2026-11-30T10:01:00Z", "2026-11-30T10:02:00Z"}},
        {"* * * * * *", {"2026-11-30T10:00:31Z", "2026-11-30T10:00:32Z"}},
        {"*/20 * * * * *", {"2026-11-30T10:00:40Z", "2026-11-30T10:01:00Z"}},
        {"0 9 * * MON-FRI", {"2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z"}},
        {"0 9 * * sat-sun", {"2026-12-05T09:00:00Z", "2026-12-06T09:00:00Z"}},
        {"0 9 * * 7", {"2026-12-06T09:00:00Z"}},
        {"5/20 8-9 1 jan,JUL ?", {"2027-01-01T08:05:00Z", "2027-01-01T08:25:00Z"}},
        {"0 0 13 * FRI", {"2026-12-04T00:00:00Z", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z"}},
        {"0 0 */2 * MON", {"2026-12-07T00:00:00Z", "2026-12-21T00:00:00Z"}},
        {"0 0 L * *", {"2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z"}},
        {"0 0 L-2 * *", {"2026-12-29T00:00:00Z"}},
        {"0 0 LW * *", {"2026-12-31T00:00:00Z", "2027-01-29T00:00:00Z"}},
        {"0 0 1W * *", {"2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"}},
        {"0 0 1W 5 *", {"2027-05-03T00:00:00Z"}},  // 1 May 2027 is a Saturday, and April is another month
        {"0 0 31W 1 *", {"2027-01-29T00:00:00Z"}},
        {"0 0 * * 5L", {"2026-12-25T00:00:00Z", "2027-01-29T00:00:00Z"}},
        {"0 0 * * TUE#1,FRI#3", {"2026-12-01T00:00:00Z", "2026-12-18T00:00:00Z"}},
        {"0 0 29 2 *", {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
        {"@daily", {"2026-12-01T00:00:00Z"}},
        {"@Weekly", {"2026-12-06T00:00:00Z"}},
        {"@monthly", {"2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"}},
        {"@yearly", {"2027-01-01T00:00:00Z"}},
        {"@hourly", {"2026-11-30T11:00:00Z"}},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(fires(cron(text), "UTC", from, expected.size()), expected) << text;
}

TEST(Schedule, ReadsWords) {
    const std::string_view from = "2026-11-30T10:00:30Z";  // a Monday
    const std::vector<std::pair<std::string_view, std::vector<std::string>>> cases = {
        {"day at 9:00", {"2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z"}},
        {"Every day at 9:00 and 17:30", {"2026-11-30T17:30:00Z", "2026-12-01T09:00:00Z"}},
        {"daily at 9 am, noon", {"2026-11-30T12:00:00Z", "2026-12-01T09:00:00Z"}},
        {"weekday at 8:00", {"2026-12-01T08:00:00Z"}},
        {"Monday, Wednesday and Friday at 12:30 pm", {"2026-11-30T12:30:00Z", "2026-12-02T12:30:00Z"}},
        {"week on weekends at 10:00", {"2026-12-05T10:00:00Z", "2026-12-06T10:00:00Z", "2026-12-12T10:00:00Z"}
        },
        {"every 2 weeks on Monday at 9:00 starting 2026-12-07",
         {"2026-12-07T09:00:00Z", "2026-12-21T09:00:00Z"}},
        {"other day at 6:00 starting 2026-11-29", {"2026-12-01T06:00:00Z", "2026-12-03T06:00:00Z"}},
        {"month on the 1st and 15th at 0:00", {"2026-12-01T00:00:00Z", "2026-12-15T00:00:00Z"}},
        {"month on the last day at 18:00", {"2026-11-30T18:00:00Z", "2026-12-31T18:00:00Z"}},
        {"month on the first Monday at 8:00", {"2026-12-07T08:00:00Z", "2027-01-04T08:00:00Z"}},
        {"month on the last weekday at 8:00", {"2026-12-31T08:00:00Z", "2027-01-29T08:00:00Z"}},
        {"monthly", {"2026-12-01T00:00:00Z"}},
        {"quarter on the 1st at 7:00", {"2027-01-01T07:00:00Z", "2027-04-01T07:00:00Z"}},
        {"year on 1 March at 9:00", {"2027-03-01T09:00:00Z", "2028-03-01T09:00:00Z"}},
        {"year on March 1st", {"2027-03-01T00:00:00Z"}},
        {"day at 9:00 in June and July", {"2027-06-01T09:00:00Z"}},
        {"15 minutes", {"2026-11-30T10:15:00Z", "2026-11-30T10:30:00Z"}},
        {"hour", {"2026-11-30T11:00:00Z"}},
        {"hourly", {"2026-11-30T11:00:00Z"}},
        {"2 hours", {"2026-11-30T12:00:00Z"}},
        {"10 seconds", {"2026-11-30T10:00:40Z"}},
        {"20 minutes on weekdays from 9:30 to 10:10", {"2026-11-30T10:10:00Z", "2026-12-01T09:30:00Z"}},
        {"45 minutes from 9:00 to 17:00", {"2026-11-30T10:30:00Z", "2026-11-30T11:15:00Z"}},
        {"90 minutes starting 2026-11-30", {"2026-11-30T10:30:00Z", "2026-11-30T12:00:00Z"}},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(fires(every(text), "UTC", from, expected.size()), expected) << text;
}

TEST(Schedule, SaysWhereARuleIsWrong) {
    const std::vector<std::pair<std::string_view, std::string_view>> crons = {
        {"", "Give one of cron"},
        {"* * * *", "five fields"},
        {"* * * * * * *", "here are 7"},
        {"61 * * * *", "At character 1: \"61\" was found where a minute"},
        {"0 24 * * *", "At character 3: \"24\" was found where an hour"},
        {"0 9 0 * *", "At character 5: \"0\" was found where a day of the month"},
        {"0 9 * 13 *", "a month (1 to 12"},
        {"0 9 * * MONN", "At character 9: \"monn\""},
        {"0 9 * * 8", "a day of the week"},
        {"0 22-4 * * *", "a range that goes up"},
        {"*/0 * * * *", "a step of 1 to 59"},
        {"1,,2 * * * *", "At character 3"},
        {"1, * * * *", "the end was found where a minute"},
        {"? * * * *", "a minute"},
        {"0 0 L-31 * *", "1 to 30 days"},
        {"0 0 * * L", "such as 5L"},
        {"0 0 * * 5#6", "which one of the month"},
        {"0 0 15X * *", "a comma or the next field"},
        {"@reboot", "@yearly"},
        {"TZ=UTC 0 9 * * *", "here are 6"},
        {"CRON_TZ=UTC 0 9 * * * *", "time zone stands in zone"},
    };
    for (const auto& [text, expected] : crons) {
        const Error error = refused(R"({"cron": ")" + std::string(text) + R"("})");
        if (!text.starts_with("TZ="))
            EXPECT_NE(error.user.find(expected), std::string::npos) << text << ": " << error.user;
        EXPECT_EQ(error.code, Code::kInvalid);
        EXPECT_EQ(error.field, text.empty() ? "config.every" : "config.cron");
    }
    const std::vector<std::pair<std::string_view, std::string_view>> words = {
        {"every", "At character 6: the end was found where a number"},
        {"every 0 days", "1 to 3660 days"},
        {"every 2 fortnights", "\"fortnights\" was found where seconds, minutes"},
        {"2 weeks", "such as \"on Monday\""},
        {"day at 25:00", "At character 8: \"25\" was found where an hour from 0 to 23"},
        {"day at 9", "minutes, such as 9:00, or am or pm"},
        {"day at 9:5", "two digits"},
        {"day at 13 pm", "an hour from 1 to 12"},
        {"day on Mon", ""},
        {"week on Moonday", "\"moonday\" was found where a day's name"},
        {"month on the 32nd", "a day from 1 to 31"},
        {"month on the sixth Monday", "a day of the month"},
        {"15 minutes at 9:00", "a rule of seconds"},
        {"day from 9:00 to 10:00", "\"at\" and a time"},
        {"hour from 9:00 to 8:00", "later on the same day"},
        {"90 minutes on weekdays", "say from which time"},
        {"day at 9:00 starting tomorrow", "a date such as 2026-12-01"},
        {"day at 9:00 please", "At character 13: \"please\""},
        {"day at 9:00 starting 2026-02-30", "a date such as"},
        {"d\u00eda", "of ASCII only"},
    };
    for (const auto& [text, expected] : words) {
        if (expected.empty()) continue;
        const Error error = refused(R"({"every": ")" + std::string(text) + R"("})");
        EXPECT_NE(error.user.find(expected), std::string::npos) << text << ": " << error.user;
        EXPECT_EQ(error.field, "config.every");
    }
}

TEST(Schedule, ReadsItsSettingsBack) {
    const std::string_view all =
        R"({"every": "3 days at 9:00", "zone": "Europe/Madrid", "starting": "2026-12-01", "jitter": "10m",
            "overlap": "queue", "catch_up": "all", "catch_up_within": "1d",
            "pause_until": "2026-12-24T09:00:00+01:00", "input": {"a": 1}})";
    const Schedule once = settings(all);
    EXPECT_EQ(once.pause_until, at("2026-12-24T08:00:00Z"));
    EXPECT_EQ(to_text(to_json(once)), to_text(to_json(parse_schedule(to_json(once)).value())));
    const std::vector<std::pair<std::string_view, std::string_view>> wrong = {
        {R"({})", "config.every"},
        {R"({"cron": "* * * * *", "every": "day"})", "config.cron"},
        {R"({"cron": 5})", "config.cron"},
        {R"({"cron": "@daily", "zone": "../etc/passwd"})", "config.zone"},
        {R"({"cron": "@daily", "zone": ""})", ""},
        {R"({"cron": "@daily", "jitter": "2h"})", "config.jitter"},
        {R"({"cron": "@daily", "overlap": "maybe"})", "config.overlap"},
        {R"({"cron": "@daily", "catch_up": "some"})", "config.catch_up"},
        {R"({"cron": "@daily", "catch_up_within": "30d"})", "config.catch_up_within"},
        {R"({"cron": "@daily", "pause_until": "tomorrow"})", "config.pause_until"},
        {R"({"cron": "@daily", "starting": "1.12.2026"})", "config.starting"},
        {R"({"cron": "@daily", "input": [1]})", "config.input"},
        {R"({"cron": "@daily", "timezone": "UTC"})", "config.timezone"},
    };
    for (const auto& [text, field] : wrong)
        if (!field.empty()) EXPECT_EQ(refused(text).field, field) << text;
}

TEST(Schedule, RefusesWhatNeverFires) {
    Schedule never = cron("0 0 31 2 *");
    const auto out = anchor(never, at("2026-11-30T00:00:00Z"));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().field, "config.cron");
    Schedule rare = cron("0 0 29 2 5#5");
    EXPECT_TRUE(anchor(rare, at("2026-11-30T00:00:00Z")));
    Schedule rarest = cron("0 0 ? 2 5#5");
    EXPECT_EQ(
        fires(rarest, "UTC", "2092-03-01T00:00:00Z", 1), std::vector<std::string>{"2104-02-29T00:00:00Z"}
    );
}

TEST(Schedule, CountsFromTheNextDateThatFits) {
    Schedule schedule = every("2 weeks on Monday and Thursday at 9:00");
    schedule.zone = zone_of("Europe/Madrid");
    ASSERT_TRUE(anchor(schedule, at("2026-12-01T12:00:00Z")));  // a Tuesday
    EXPECT_EQ(text_or(to_json(schedule).get_object(), "starting"), "2026-12-03");
    const Schedule saved = parse_schedule(to_json(schedule)).value();
    const std::vector<std::string> expected = {
        "2026-12-03T08:00:00Z", "2026-12-14T08:00:00Z", "2026-12-17T08:00:00Z", "2026-12-28T08:00:00Z"
    };
    EXPECT_EQ(fires(saved, "Europe/Madrid", "2026-12-01T12:00:00Z", 4), expected);
    EXPECT_EQ(
        fires(saved, "Europe/Madrid", "2026-12-15T12:00:00Z", 2), (std::vector{expected[2], expected[3]})
    );
}

TEST(Schedule, FiresNotWhilePaused) {
    Schedule schedule = settings(R"({"cron": "0 * * * *", "pause_until": "2026-12-24T09:00:00Z"})");
    EXPECT_EQ(
        fires(schedule, "UTC", "2026-12-01T00:10:00Z", 1), std::vector<std::string>{"2026-12-24T09:00:00Z"}
    );
    const Due due =
        trigger::due(schedule, {.settled = at("2026-12-20T00:00:00Z"), .now = at("2026-12-24T09:00:00Z")});
    EXPECT_EQ(due.slots, std::vector{at("2026-12-24T09:00:00Z")});
    EXPECT_EQ(due.missed, 0);
}

/// Every minute, by the offset alone: what a patient person would do.
std::vector<Instant> scanned(const Schedule& schedule, Instant from, Instant to) {
    const Rule& rule = schedule.rule;
    const auto matches = [&](sys_seconds wall) {
        const auto date = floor<days>(wall);
        const year_month_day ymd(date);
        const hh_mm_ss clock(wall - date);
        const bool is_time = clock.seconds().count() == 0 &&
                             rule.minutes.test(static_cast<std::size_t>(clock.minutes().count())) &&
                             rule.hours.test(static_cast<std::size_t>(clock.hours().count()));
        const bool is_day = rule.is_any_day || rule.days.test(unsigned(ymd.day()));
        const bool is_weekday = rule.is_any_weekday || rule.weekdays.test(weekday(date).c_encoding());
        const bool is_either = rule.is_either_day && !rule.is_any_day && !rule.is_any_weekday;
        return is_time && rule.months.test(unsigned(ymd.month())) &&
               (is_either ? is_day || is_weekday : is_day && is_weekday);
    };
    std::vector<Instant> out;
    const auto wall = [&](sys_seconds utc) { return utc + schedule.zone.offset_at(utc); };
    const auto start = floor<seconds>(from) - hours(3);
    sys_seconds shown_most = wall(start);  // the latest that the clock has shown
    for (sys_seconds utc = start + minutes(1); utc <= floor<seconds>(to); utc += minutes(1)) {
        bool fires = matches(wall(utc)) && (rule.is_interval || wall(utc) > shown_most);
        for (auto skipped = wall(utc - minutes(1)) + minutes(1); skipped < wall(utc); skipped += minutes(1))
            fires = fires || matches(skipped);
        shown_most = std::max(shown_most, wall(utc));
        if (fires && Instant(utc) > from) out.push_back(Instant(utc));
    }
    return out;
}

TEST(Schedule, AgreesWithAScanOfEveryMinute) {
    std::mt19937 random(7);
    const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const auto field = [&](int least, int most) -> std::string {
        switch (upto(5)) {
            case 0:
                return "*";
            case 1:
                return "*/" + std::to_string(1 + upto(most / 2));
            case 2:
                return std::to_string(least + upto(most - least + 1));
            case 3: {
                const int first = least + upto(most - least);
                return std::to_string(first) + "-" + std::to_string(first + upto(most - first + 1));
            }
            default:
                return std::to_string(least + upto(most - least + 1)) + "," +
                       std::to_string(least + upto(most - least + 1));
        }
    };
    struct Place {
        std::string_view zone, from;
    };
    const std::vector<Place> places = {
        {"America/New_York", "2024-03-08T00:00:00Z"},
        {"America/New_York", "2024-11-01T00:00:00Z"},
        {"Australia/Lord_Howe", "2024-04-05T00:00:00Z"},
        {"Australia/Lord_Howe", "2024-10-04T00:00:00Z"},
        {"Africa/Cairo", "2024-04-24T00:00:00Z"},
        {"Africa/Cairo", "2024-10-30T00:00:00Z"},
        {"Pacific/Apia", "2011-12-28T00:00:00Z"},
        {"Europe/Dublin", "2040-10-26T00:00:00Z"},
        {"Africa/Casablanca", "2024-03-08T00:00:00Z"},
        {"Africa/Casablanca", "2024-04-12T00:00:00Z"},
        {"UTC", "2023-12-30T00:00:00Z"},
    };
    for (const Place& place : places) {
        for (int i = 0; i < 60; ++i) {
            const std::string text =
                field(0, 59) + " " + field(0, 23) + " " + field(1, 31) + " * " + field(0, 6);
            Schedule schedule = cron(text);
            schedule.zone = zone_of(place.zone);
            const Instant from = at(place.from) + Micros(upto(1'000'000));
            const Instant to = from + days(4);
            std::vector<Instant> found;
            for (auto slot = next(schedule, from); slot && *slot <= to; slot = next(schedule, *slot)) {
                ASSERT_TRUE(found.empty() || *slot > found.back()) << text;
                found.push_back(*slot);
            }
            ASSERT_EQ(found, scanned(schedule, from, to)) << place.zone << " " << text;
        }
    }
}

TEST(Schedule, IsMonotone) {
    std::mt19937 random(11);
    for (const std::string_view text : {"30 2 * * *", "*/7 1-3 * * *", "0 0 L * *", "15 1 1W * MON#1"}) {
        Schedule schedule = cron(text);
        schedule.zone = zone_of("America/New_York");
        for (int i = 0; i < 200; ++i) {
            const Instant a = at("2024-01-01T00:00:00Z") + seconds(random() % 40'000'000);
            const Instant b = a + seconds(random() % 90'000);
            const auto after_a = next(schedule, a);
            const auto after_b = next(schedule, b);
            ASSERT_GT(*after_a, a);
            ASSERT_LE(*after_a, *after_b) << text;
            if (*after_a > b) ASSERT_EQ(*after_a, *after_b) << text;
        }
    }
}

// ---- what is due

const Instant kNoon = at("2026-11-30T12:00:00Z");

Due due_of(std::string_view more, Moment moment, std::string_view rule = "*/10 * * * *") {
    const std::string comma = more.empty() ? "" : ", ";
    const Schedule schedule =
        settings(R"({"cron": ")" + std::string(rule) + "\"" + comma + std::string(more) + "}");
    return due(schedule, moment);
}

TEST(Due, FiresWhatHasCome) {
    const Due out = due_of("", {.settled = kNoon - minutes(10), .now = kNoon + seconds(1)});
    EXPECT_EQ(out.slots, std::vector{kNoon});
    EXPECT_EQ(out.missed, 0);
    EXPECT_EQ(out.settled, kNoon + seconds(1));
    EXPECT_EQ(out.next, kNoon + minutes(10));
    EXPECT_EQ(out.looks_next, out.next);
    EXPECT_TRUE(due_of("", {.settled = kNoon, .now = kNoon + seconds(1)}).slots.empty());
}

TEST(Due, CatchesUpByItsPolicy) {
    const Moment moment{.settled = kNoon - hours(2), .now = kNoon + minutes(5)};
    const Due skip = due_of(R"("catch_up": "skip")", moment);
    EXPECT_TRUE(skip.slots.empty());
    EXPECT_EQ(skip.missed, 12);
    const Due last = due_of("", moment);
    EXPECT_EQ(last.slots, std::vector{kNoon});
    EXPECT_EQ(last.missed, 11);
    const Due on_time = due_of("", {.settled = kNoon - hours(2), .now = kNoon + seconds(30)});
    EXPECT_EQ(on_time.slots, std::vector{kNoon}) << "which stands for those before it";
    const Due all = due_of(R"("catch_up": "all")", moment);  // of an hour: 11:10 to 12:00
    EXPECT_EQ(all.slots.size(), 6u);
    EXPECT_EQ(all.slots.front(), kNoon - minutes(50));
    EXPECT_EQ(all.missed, 6);
    EXPECT_EQ(due_of(R"("catch_up": "all", "catch_up_within": "1d")", moment).slots.size(), 12u);
    const Due old = due_of("", {.settled = kNoon - days(1), .now = kNoon + hours(2)}, "0 12 * * *");
    EXPECT_TRUE(old.slots.empty());  // older than an hour
    EXPECT_EQ(old.missed, 1);
}

TEST(Due, BoundsWhatIsMadeUpFor) {
    const Moment moment{.settled = kNoon - days(400), .now = kNoon};
    const Due all = due_of(R"("catch_up": "all", "catch_up_within": "7d")", moment, "* * * * * *");
    EXPECT_EQ(all.slots.size(), kCatchUpMax);
    EXPECT_EQ(all.slots.back(), kNoon);
    EXPECT_GE(all.missed, 1'000);
    EXPECT_EQ(all.settled, kNoon);
}

TEST(Due, TakesTheLatestOfManyThatLieFarBack) {
    // Every second of half a day, and six hours of nothing since.
    const Moment moment{.settled = kNoon - days(3), .now = kNoon + hours(6)};
    const Due last = due_of(R"("catch_up_within": "2d")", moment, "* * 0-11 * * *");
    EXPECT_EQ(last.slots, std::vector{kNoon - seconds(1)});
    EXPECT_GE(last.missed, 1'000);
    const Due all = due_of(R"("catch_up": "all", "catch_up_within": "2d")", moment, "* * 0-11 * * *");
    EXPECT_EQ(all.slots.size(), kCatchUpMax);
    EXPECT_EQ(all.slots.back(), kNoon - seconds(1));
}

TEST(Due, LeavesOutWhatWouldOverlap) {
    const Moment moment{.settled = kNoon - minutes(10), .now = kNoon + seconds(1), .is_running = true};
    EXPECT_EQ(due_of(R"("overlap": "allow")", moment).slots.size(), 1u);
    const Due skip = due_of(R"("overlap": "skip")", moment);
    EXPECT_TRUE(skip.slots.empty());
    EXPECT_EQ(skip.skipped, 1);
    EXPECT_EQ(skip.settled, moment.now);

    const Due queue = due_of(R"("overlap": "queue")", moment);
    EXPECT_TRUE(queue.slots.empty());
    EXPECT_EQ(queue.skipped, 0);
    EXPECT_EQ(queue.waiting, kNoon);
    EXPECT_EQ(*queue.looks_next, moment.now + seconds(1));
    // The next slot takes its place; when the run has ended, it fires, however late.
    Moment later{.settled = queue.settled, .now = kNoon + minutes(10), .is_running = true, .waiting = kNoon};
    const Due replaced = due_of(R"("overlap": "queue")", later);
    EXPECT_EQ(replaced.waiting, kNoon + minutes(10));
    EXPECT_EQ(replaced.skipped, 1);
    const Moment free{.settled = kNoon + hours(5), .now = kNoon + hours(5) + seconds(1), .waiting = kNoon};
    const Due fired = due_of(R"("overlap": "queue")", free);
    EXPECT_EQ(fired.slots, std::vector{kNoon});
    EXPECT_FALSE(fired.waiting);
}

TEST(Due, SpreadsByJitterAlwaysAlike) {
    const Schedule schedule = settings(R"({"cron": "0 * * * *", "jitter": "10m"})");
    Moment moment{.settled = kNoon - hours(1), .now = kNoon, .trigger_id = "a trigger"};
    const Millis jitter = jitter_of(schedule, moment.trigger_id);
    ASSERT_GT(jitter.count(), 0);
    ASSERT_LT(jitter, minutes(10));
    moment.settled = due(schedule, moment).settled;
    EXPECT_TRUE(due(schedule, moment).slots.empty());
    EXPECT_EQ(due(schedule, moment).looks_next, kNoon + jitter);
    moment.now = kNoon + jitter;
    EXPECT_EQ(due(schedule, moment).slots, std::vector{kNoon});
    EXPECT_NE(jitter_of(schedule, "another trigger"), jitter);
}

}  // namespace
}  // namespace weft::trigger
