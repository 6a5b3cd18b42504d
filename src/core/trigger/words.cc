#include "core/trigger/detail/reader.h"
#include "core/trigger/schedule.h"

#include <algorithm>

/// The grammar, in any case, "every" optional, commas and "and" between the members of a list:
///
///     rule   = ["every"] ( count unit | day {day} | "hourly" | "daily" | "weekly" | "monthly" | "yearly" )
///     {part} count  = number | "other" | nothing unit   = "second" | "minute" | "hour" | "day" | "weekday" |
///     "week" | "month" | "quarter" | "year" (or plural) part   = "at" time {time} | "on" days | "from" time
///     "to" time | "in" month {month} | "starting" date days   = weekday {weekday} | "weekdays" | "weekends"
///     of a day, week, minute ...
///            | ["the"] ["day"] number["th"] {...} | "the last day" | "the first Monday" {...}  of a month,
///            quarter | number month | month number                                             of a year
///     time   = 9:00 | 17:30:15 | 9 am | 9:30 pm | noon | midnight
///     date   = 2026-12-01
namespace weft::trigger {

namespace {

using namespace detail;

constexpr int kDaySeconds = 24 * 3'600;
constexpr std::size_t kTimesMax = 48;   // more are an interval
constexpr int kWindowTimesMax = 1'440;  // each minute; more need no window

enum class Unit { kSecond, kMinute, kHour, kDay, kWeekday, kWeek, kMonth, kQuarter, kYear };
struct UnitRow {
    std::string_view name;
    std::string_view adverb;
    Unit unit;
    int most;
};
constexpr std::array kUnits = {
    UnitRow{"second", "", Unit::kSecond, 86'400},
    UnitRow{"minute", "", Unit::kMinute, 44'640},
    UnitRow{"hour", "hourly", Unit::kHour, 8'784},
    UnitRow{"day", "daily", Unit::kDay, 3'660},
    UnitRow{"weekday", "", Unit::kWeekday, 1},
    UnitRow{"week", "weekly", Unit::kWeek, 520},
    UnitRow{"month", "monthly", Unit::kMonth, 120},
    UnitRow{"quarter", "quarterly", Unit::kQuarter, 40},
    UnitRow{"year", "yearly", Unit::kYear, 10},
};
constexpr std::array<std::string_view, 6> kOrdinals = {"", "first", "second", "third", "fourth", "fifth"};
constexpr std::string_view kUnitsSaid =
    "seconds, minutes, hours, days, weeks, months, quarters, years or a day's name";

struct Token {
    enum class Kind : std::uint8_t { kWord, kNumber, kSign, kEnd };
    Kind kind = Kind::kEnd;
    std::string text;
    std::size_t at = 0;
    int number = 0;
    bool is_glued = false;  // to the one before
};

std::vector<Token> tokens_of(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    std::vector<Token> out;
    std::size_t end_before = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == '\t') {
            ++i;
            continue;
        }
        Token token{.at = i};
        token.is_glued = i > 0 && end_before == i;
        const auto take_while = [&](auto is) {
            while (i < text.size() && is(text[i])) token.text += text[i++];
        };
        if (is_digit(text[i])) {
            token.kind = Token::Kind::kNumber;
            take_while(is_digit);
            for (const char c : token.text) token.number = std::min(token.number * 10 + (c - '0'), 1'000'000);
        } else if (is_letter(text[i])) {
            token.kind = Token::Kind::kWord;
            take_while(is_letter);
        } else {
            token.kind = Token::Kind::kSign;
            token.text = text[i++];
        }
        end_before = i;
        out.push_back(std::move(token));
    }
    out.push_back({.at = text.size()});
    return out;
}

class WordReader {
  public:
    WordReader(std::string_view text, std::string_view path)
        : text_(lower(text)), tokens_(tokens_of(text_)), path_(path) {}

    Result<Rule> read() {
        CHECK_OK(subject());
        while (token().kind != Token::Kind::kEnd) {
            (void)sign(',');
            CHECK_OK(part());
        }
        CHECK_OK(finish());
        return std::move(rule_);
    }

  private:
    // ---- tokens
    const Token& token(std::size_t ahead = 0) const {
        return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
    }
    bool is_word(std::string_view word, std::size_t ahead = 0) const {
        return token(ahead).kind == Token::Kind::kWord && token(ahead).text == word;
    }
    bool word(std::string_view wanted) {
        if (!is_word(wanted)) return false;
        ++at_;
        return true;
    }
    bool sign(char wanted) {
        if (token().kind != Token::Kind::kSign || token().text[0] != wanted) return false;
        ++at_;
        return true;
    }
    std::optional<int> number() {
        if (token().kind != Token::Kind::kNumber) return std::nullopt;
        return tokens_[at_++].number;
    }
    std::unexpected<Error> wrong(std::string_view expected) const {
        return wrong_at(token().at, token().text, expected, path_);
    }
    std::unexpected<Error> wrong_at_token(std::size_t index, std::string_view expected) const {
        return wrong_at(tokens_[index].at, tokens_[index].text, expected, path_);
    }
    /// Between members of a list; goes on only when another member follows.
    template <class IsMember>
    bool another(IsMember is_member) {
        const std::size_t before = at_;
        const bool has_comma = sign(',');
        const bool has_and = word("and");
        if ((has_comma || has_and) && is_member()) return true;
        at_ = before;
        return false;
    }

    // ---- what it is about
    Result<void> subject() {
        (void)word("every");
        (void)word("each");
        if (is_weekday_name()) {
            unit_ = Unit::kWeek;
            has_days_ = true;
            return weekdays();
        }
        if (word("weekend") || word("weekends")) {
            (void)word("day");
            unit_ = Unit::kWeekday;
            add_weekends();
            return {};
        }
        const std::size_t before = at_;
        const auto given = number();
        if (!given && word("other")) count_ = 2;
        if (given) count_ = *given;
        for (const UnitRow& row : kUnits) {
            const bool is_noun = word(row.name) || word(std::string(row.name) + "s");
            const bool is_adverb = !is_noun && !row.adverb.empty() && at_ == before && word(row.adverb);
            if (!is_noun && !is_adverb) continue;
            unit_ = row.unit;
            if (count_ < 1 || count_ > row.most)
                return wrong_at_token(before, fmt::format("1 to {} {}s", row.most, row.name));
            if (unit_ == Unit::kWeekday) add_workdays();
            return {};
        }
        return wrong(given || count_ == 2 ? kUnitsSaid : "a number, a unit such as day, or a day's name");
    }

    Result<void> part() {
        const std::size_t before = at_;
        if (word("at")) return times();
        if (word("from") || word("between")) return window();
        if (word("starting") || word("beginning")) {
            (void)(word("on") || word("from"));
            return starting();
        }
        if (word("in")) return months();
        const bool has_on = word("on");
        if (has_on && !has_days_ && !is_fixed_days()) return days();
        at_ = before;
        if (has_on) return wrong("no other days");
        return wrong(
            is_short()
                ? "\"from 9:00 to 17:00\", \"on weekdays\", \"in May\", \"starting 2026-12-01\" or the end"
                : "\"at 9:00\", \"on Monday\", \"in May\", \"starting 2026-12-01\" or the end"
        );
    }

    bool is_short() const { return unit_ == Unit::kSecond || unit_ == Unit::kMinute || unit_ == Unit::kHour; }
    bool is_fixed_days() const { return unit_ == Unit::kWeekday || (unit_ == Unit::kDay && count_ > 1); }

    // ---- times
    Result<int> time() {
        if (word("noon")) return 12 * 3'600;
        if (word("midnight")) return 0;
        const std::size_t before = at_;
        const auto hour = number();
        if (!hour) return wrong("a time such as 9:00, 17:30 or 9 am");
        int parts[2] = {0, 0};
        bool has_minutes = false;
        for (int& part : parts) {
            if (!sign(':')) break;
            const bool is_two = token().kind == Token::Kind::kNumber && token().text.size() == 2;
            if (!is_two || token().number > 59) return wrong("two digits from 00 to 59");
            part = *number();
            has_minutes = true;
        }
        int hours = *hour;
        const bool is_pm = is_word("pm");
        if (is_pm || is_word("am")) {
            if (hours < 1 || hours > 12)
                return wrong_at_token(before, "an hour from 1 to 12 before am or pm");
            hours = hours % 12 + (is_pm ? 12 : 0);
            ++at_;
        } else if (!has_minutes) {
            return wrong("minutes, such as 9:00, or am or pm");
        }
        if (hours > 23) return wrong_at_token(before, "an hour from 0 to 23");
        return hours * 3'600 + parts[0] * 60 + parts[1];
    }
    bool is_time() const {
        return token().kind == Token::Kind::kNumber || is_word("noon") || is_word("midnight");
    }
    Result<void> times() {
        if (is_short())
            return wrong_at_token(
                at_ - 1, "\"from 9:00 to 17:00\" (a rule of seconds, minutes or hours has no times)"
            );
        do {
            TRY(const int at, time());
            if (rule_.times.size() == kTimesMax) return wrong(fmt::format("at most {} times", kTimesMax));
            rule_.times.push_back(at);
        } while (another([this] { return is_time(); }));
        return {};
    }
    Result<void> window() {
        if (!is_short()) return wrong_at_token(at_ - 1, "\"at\" and a time");
        TRY(from_, time());
        if (!word("to") && !word("until") && !word("and") && !sign('-')) return wrong("\"to\" and a time");
        const std::size_t before = at_;
        TRY(to_, time());
        if (to_ == 0) to_ = kDaySeconds - 1;  // until midnight
        if (to_ <= from_) return wrong_at_token(before, "a time later on the same day");
        has_window_ = true;
        return {};
    }

    // ---- days
    bool is_weekday_name(std::size_t ahead = 0) const {
        return token(ahead).kind == Token::Kind::kWord && weekday_of(token(ahead).text).has_value();
    }
    static std::optional<int> weekday_of(std::string_view word) {
        if (const auto found = name_index(kDayNames, word)) return found;
        if (word.ends_with('s')) return name_index(kDayNames, word.substr(0, word.size() - 1));
        for (const auto& [name, day] : {std::pair("tues", 2), {"wednes", 3}, {"thur", 4}, {"thurs", 4}})
            if (word == name) return day;
        return std::nullopt;
    }
    void add_workdays() {
        for (std::size_t day = 1; day <= 5; ++day) rule_.weekdays.set(day);
    }
    void add_weekends() {
        rule_.weekdays.set(0);
        rule_.weekdays.set(6);
    }
    Result<void> weekdays() {
        do {
            if (word("weekdays") || word("weekday")) {
                add_workdays();
            } else if (word("weekends") || word("weekend")) {
                add_weekends();
            } else if (is_weekday_name()) {
                rule_.weekdays.set(static_cast<std::size_t>(*weekday_of(tokens_[at_++].text)));
            } else {
                return wrong("a day's name, \"weekdays\" or \"weekends\"");
            }
        } while (another([this] { return is_weekday_name(); }));
        return {};
    }
    Result<void> days() {
        has_days_ = true;
        if (unit_ == Unit::kMonth || unit_ == Unit::kQuarter) return days_of_month();
        if (unit_ == Unit::kYear) return day_of_year();
        return weekdays();
    }
    Result<void> days_of_month() {
        do CHECK_OK(day_of_month());
        while (another([this] {
            return token().kind == Token::Kind::kNumber || is_word("the") || is_word("last") ||
                   is_word("day") || std::ranges::find(kOrdinals, token().text) != kOrdinals.end();
        }));
        return {};
    }
    /// "day 15", "the 15th", "15", "the last day", "the last weekday", "the first Monday"
    Result<void> day_of_month() {
        (void)word("the");
        (void)word("day");
        const std::size_t before = at_;
        if (const auto day = number()) {
            if (*day < 1 || *day > 31) return wrong_at_token(before, "a day from 1 to 31");
            (void)(word("st") || word("nd") || word("rd") || word("th"));
            (void)word("day");
            rule_.days.set(static_cast<std::size_t>(*day));
            return {};
        }
        const bool is_last = word("last");
        const auto ordinal = std::ranges::find(kOrdinals, token().text);
        if (!is_last && (token().kind != Token::Kind::kWord || ordinal == kOrdinals.end()))
            return wrong("a day of the month, such as \"the 15th\", \"the last day\" or \"the first Monday\""
            );
        if (!is_last) ++at_;
        if (is_last && word("weekday")) {
            rule_.is_last_weekday = true;
        } else if (word("day")) {
            if (is_last) rule_.days_before_last.set(0);
            if (!is_last) rule_.days.set(static_cast<std::size_t>(ordinal - kOrdinals.begin()));
        } else if (is_weekday_name()) {
            const auto day = static_cast<std::size_t>(*weekday_of(tokens_[at_++].text));
            if (is_last) rule_.last_weekdays.set(day);
            if (!is_last) rule_.nth_weekday[day].set(static_cast<std::size_t>(ordinal - kOrdinals.begin()));
        } else {
            return wrong("\"day\" or a day's name");
        }
        return {};
    }
    std::optional<int> month() {
        if (token().kind != Token::Kind::kWord) return std::nullopt;
        const auto found = name_index(kMonthNames, token().text);
        if (!found && !is_word("sept")) return std::nullopt;
        ++at_;
        return found.value_or(8) + 1;
    }
    Result<void> day_of_year() {
        (void)word("the");
        auto in = month();
        const std::size_t before = at_;
        const auto day = number();
        if (!day || *day < 1 || *day > 31) {
            at_ = before;
            return wrong("a day such as \"1 March\"");
        }
        (void)(word("st") || word("nd") || word("rd") || word("th"));
        (void)word("of");
        if (!in) in = month();
        if (!in) return wrong("a month's name");
        rule_.months.set(static_cast<std::size_t>(*in));
        rule_.days.set(static_cast<std::size_t>(*day));
        return {};
    }
    Result<void> months() {
        if (unit_ == Unit::kYear || unit_ == Unit::kQuarter || rule_.months.any())
            return wrong_at_token(at_ - 1, "no other months");
        do {
            const auto in = month();
            if (!in) return wrong("a month's name");
            rule_.months.set(static_cast<std::size_t>(*in));
        } while (another([this] { return name_index(kMonthNames, token().text).has_value(); }));
        return {};
    }
    Result<void> starting() {
        const std::size_t before = at_;
        const auto part = [this](std::size_t digits) -> std::optional<int> {
            return token().text.size() == digits ? number() : std::nullopt;
        };
        const auto y = part(4);
        const auto m = y && sign('-') ? part(2) : std::nullopt;
        const auto d = m && sign('-') ? part(2) : std::nullopt;
        if (d) {
            using namespace std::chrono;
            const year_month_day date(
                year(*y), std::chrono::month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))
            );
            if (date.ok() && *y >= 1970 && *y <= 2200) {
                rule_.anchor = date;
                return {};
            }
        }
        at_ = before;
        return wrong("a date such as 2026-12-01, from 1970 to 2200");
    }

    // ---- what follows from the parts
    Result<void> finish() {
        std::ranges::sort(rule_.times);
        const auto twice = std::ranges::unique(rule_.times);
        rule_.times.erase(twice.begin(), twice.end());
        if (unit_ == Unit::kWeek && !has_days_) return wrong("\"on\" and a day, such as \"on Monday\"");
        CHECK_OK(is_short() ? finish_short() : finish_long());
        rule_.is_any_weekday = rule_.weekdays.none() && rule_.last_weekdays.none() &&
                               std::ranges::all_of(rule_.nth_weekday, [](const auto& n) { return n.none(); });
        rule_.is_any_day = rule_.days.none() && rule_.days_before_last.none() && !rule_.is_last_weekday;
        rule_.is_either_day = true;
        if (rule_.months.none()) rule_.months.set();
        return {};
    }
    /// From a time to a time: counted from the first one. Else, what divides its whole goes by the clock
    /// (every 15 minutes is at :00, :15, :30 and :45), and what does not goes on from the anchor.
    Result<void> finish_short() {
        const int whole = unit_ == Unit::kHour ? 24 : 60;
        const int step = count_ * (unit_ == Unit::kSecond ? 1 : unit_ == Unit::kMinute ? 60 : 3'600);
        rule_.is_interval = true;
        if (has_window_) return finish_window(step);
        if (whole % count_ == 0) {
            const auto fill = [this](auto& set, Unit unit) {
                const bool is_whole = unit_ < unit;
                const std::size_t every = unit_ == unit ? static_cast<std::size_t>(count_) : 1;
                for (std::size_t i = 0; i < set.size() && (i == 0 || is_whole || unit_ == unit); i += every)
                    set.set(i);
            };
            fill(rule_.seconds, Unit::kSecond);
            fill(rule_.minutes, Unit::kMinute);
            fill(rule_.hours, Unit::kHour);
            return {};
        }
        if (has_days_ || rule_.months.any())
            return fail(Error::invalid(
                fmt::format(
                    "Every {} {}s goes on by day and night, since it does not divide {}; say from which time "
                    "to "
                    "which to limit it to some days",
                    count_,
                    unit_name(),
                    unit_ == Unit::kHour     ? "a day"
                    : unit_ == Unit::kMinute ? "an hour"
                                             : "a minute"
                ),
                std::string(path_)
            ));
        rule_.elapsed = std::chrono::seconds(step);
        return {};
    }
    Result<void> finish_window(int step) {
        if ((to_ - from_) / step >= kWindowTimesMax)
            return fail(Error::invalid(
                fmt::format("That is more than {} times a day", kWindowTimesMax), std::string(path_)
            ));
        for (int at = from_; at <= to_; at += step) rule_.times.push_back(at);
        return {};
    }
    std::string_view unit_name() const { return std::ranges::find(kUnits, unit_, &UnitRow::unit)->name; }
    Result<void> finish_long() {
        if (rule_.times.empty()) rule_.times.push_back(0);
        rule_.every = unit_ == Unit::kQuarter ? count_ * 3 : count_;
        switch (unit_) {
            case Unit::kWeek:
                rule_.unit = Rule::Unit::kWeek;
                break;
            case Unit::kMonth:
            case Unit::kQuarter:
                rule_.unit = Rule::Unit::kMonth;
                if (!has_days_) rule_.days.set(1);
                break;
            case Unit::kYear:
                rule_.unit = Rule::Unit::kYear;
                if (!has_days_) rule_.months.set(1);
                if (!has_days_) rule_.days.set(1);
                break;
            case Unit::kSecond:
            case Unit::kMinute:
            case Unit::kHour:
            case Unit::kDay:
            case Unit::kWeekday:
                break;
        }
        // Quarters are the calendar's, unless they count from a date.
        if (unit_ == Unit::kQuarter && !rule_.anchor) {
            if (count_ == 1) rule_.every = 1;
            for (const std::size_t first : {1u, 4u, 7u, 10u}) rule_.months.set(first);
        }
        return {};
    }

    std::string text_;
    std::vector<Token> tokens_;
    std::string_view path_;
    std::size_t at_ = 0;
    Rule rule_;
    Unit unit_ = Unit::kDay;
    int count_ = 1;
    bool has_days_ = false;
    bool has_window_ = false;
    int from_ = 0;  // in seconds of the day
    int to_ = 0;
};

}  // namespace

Result<Rule> parse_words(std::string_view text, std::string_view field) {
    CHECK_OK(check_text(text, field));
    return WordReader(text, field).read();
}

}  // namespace weft::trigger
