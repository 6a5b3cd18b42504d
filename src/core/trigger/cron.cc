#include "core/trigger/detail/reader.h"
#include "core/trigger/schedule.h"

#include <algorithm>

namespace weft::trigger {

namespace {

using namespace detail;

/// One of the fields, as people call it.
struct Field {
    std::string_view name;
    int least;
    int most;
    std::string_view example;
};
constexpr Field kSecond{"a second (0 to 59)", 0, 59, "0"};
constexpr Field kMinute{"a minute (0 to 59)", 0, 59, "*/15"};
constexpr Field kHour{"an hour (0 to 23)", 0, 23, "9-17"};
constexpr Field kDay{"a day of the month (1 to 31, L or W)", 1, 31, "1"};
constexpr Field kMonth{"a month (1 to 12, or JAN to DEC)", 1, 12, "*"};
constexpr Field kWeekday{"a day of the week (0 to 7, or SUN to SAT)", 0, 7, "MON-FRI"};

struct Macro {
    std::string_view name;
    std::string_view means;
};
constexpr std::array kMacros = {
    Macro{"@yearly", "0 0 1 1 *"},
    Macro{"@annually", "0 0 1 1 *"},
    Macro{"@monthly", "0 0 1 * *"},
    Macro{"@weekly", "0 0 * * 0"},
    Macro{"@daily", "0 0 * * *"},
    Macro{"@midnight", "0 0 * * *"},
    Macro{"@hourly", "0 * * * *"},
};

/// A field's text and where it stands.
struct Part {
    std::string text;
    std::size_t at;
};

std::vector<Part> split(std::string_view text, std::string_view separators, std::size_t at = 0) {
    std::vector<Part> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) out.push_back({std::string(text.substr(0, end)), at});
        const std::size_t past = std::min(end + 1, text.size());
        text.remove_prefix(past);
        at += past;
    }
    return out;
}

/// Reads one field.
class FieldReader {
  public:
    FieldReader(const Part& part, const Field& field, std::string_view path)
        : text_(lower(part.text)), start_(part.at), field_(field), path_(path) {}

    /// What every field may hold, and, by `special`, what only this one may: it reads an item or leaves it.
    template <class Set, class Special>
    Result<void> read(Set& set, bool& is_any, bool& is_interval, Special special) {
        is_any = text_ == "*" || text_ == "?";
        do {
            TRY(const bool is_special, special(*this));
            if (is_special) continue;
            TRY(const Items items, range());
            is_interval = is_interval || items.is_interval;
            for (int i = items.first; i <= items.last; i += items.step)
                set.set(static_cast<std::size_t>(i % (&field_ == &kWeekday ? 7 : 1'000)));
        } while (take(','));
        if (at_ != text_.size()) return wrong("a comma or the next field");
        return {};
    }

    bool take(std::string_view what) {
        if (!std::string_view(text_).substr(at_).starts_with(what)) return false;
        at_ += what.size();
        return true;
    }
    bool take(char c) { return take(std::string_view(&c, 1)); }
    bool is_at_end() const { return at_ == text_.size() || text_[at_] == ','; }
    std::size_t mark() const { return at_; }
    void back_to(std::size_t mark) { at_ = mark; }

    std::optional<int> number() {
        int out = 0;
        std::size_t digits = 0;
        for (; digits < 4 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++digits)
            out = out * 10 + (text_[at_] - '0');
        return digits == 0 ? std::nullopt : std::optional(out);
    }
    /// A number or name within the field's bounds.
    Result<int> value() {
        const std::size_t before = at_;
        if (const auto given = number()) {
            if (*given >= field_.least && *given <= field_.most) return *given;
            at_ = before;
            return wrong(field_.name);
        }
        std::string word;
        while (at_ < text_.size() && text_[at_] >= 'a' && text_[at_] <= 'z') word += text_[at_++];
        std::optional<int> found;
        if (&field_ == &kMonth) found = name_index(kMonthNames, word).transform([](int i) { return i + 1; });
        if (&field_ == &kWeekday) found = name_index(kDayNames, word);
        if (found) return *found;
        at_ = before;
        return wrong(field_.name);
    }
    std::unexpected<Error> wrong(std::string_view expected) const {
        std::string_view found = std::string_view(text_).substr(at_);
        found = found.substr(0, found.find(','));
        return wrong_at(start_ + at_, found, expected, path_);
    }

  private:
    struct Items {
        int first, last, step = 1;
        bool is_interval = false;
    };
    /// *, a, a-b, each with /step
    Result<Items> range() {
        Items out{field_.least, &field_ == &kWeekday ? 6 : field_.most};
        const std::size_t before = at_;
        bool is_one = false;
        const bool is_day = &field_ == &kDay || &field_ == &kWeekday;
        if (take('*') || (is_day && take('?'))) {
            out.is_interval = true;
        } else {
            TRY(out.first, value());
            is_one = !take('-');
            out.last = out.first;
            if (!is_one) {
                TRY(out.last, value());
                if (&field_ == &kWeekday && out.last == 0 && out.first > 0) out.last = 7;
            }
        }
        if (out.first > out.last) {
            at_ = before;
            return wrong("a range that goes up; write two, such as 22-23,0-4");
        }
        if (!take('/')) return out;
        const auto step = number();
        if (!step || *step == 0 || *step > field_.most) {
            at_ = before;
            return wrong(fmt::format("a step of 1 to {} behind the /", field_.most));
        }
        out.step = *step;
        // "5/15": from 5 on.
        if (is_one) out.last = &field_ == &kWeekday ? 6 : field_.most;
        out.is_interval = out.is_interval || is_one;
        return out;
    }

    std::string text_;
    std::size_t start_;
    const Field& field_;
    std::string_view path_;
    std::size_t at_ = 0;
};

Result<bool> nothing_special(FieldReader&) {
    return false;
}

/// L, L-3, LW, 15W
Result<bool> special_day(Rule& rule, FieldReader& in) {
    if (in.take("lw")) {
        rule.is_last_weekday = true;
        return in.is_at_end() ? Result<bool>(true) : in.wrong("a comma or the next field");
    }
    if (in.take('l')) {
        int before = 0;
        if (in.take('-')) {
            const auto given = in.number();
            if (!given || *given < 1 || *given > 30) return in.wrong("1 to 30 days before the last one");
            before = *given;
        }
        rule.days_before_last.set(static_cast<std::size_t>(before));
        return in.is_at_end() ? Result<bool>(true) : in.wrong("a comma or the next field");
    }
    const std::size_t mark = in.mark();
    const auto day = in.number();
    if (day && *day >= 1 && *day <= 31 && in.take('w')) {
        rule.nearest_weekdays.set(static_cast<std::size_t>(*day));
        return in.is_at_end() ? Result<bool>(true) : in.wrong("a comma or the next field");
    }
    in.back_to(mark);
    return false;
}

/// 5L, FRI#2
Result<bool> special_weekday(Rule& rule, FieldReader& in) {
    const std::size_t mark = in.mark();
    if (in.take('l') && in.is_at_end()) {
        in.back_to(mark);
        return in.wrong("a day before the L, such as 5L for the last Friday");
    }
    in.back_to(mark);
    const auto value = in.value();
    if (!value) {
        in.back_to(mark);
        return false;
    }
    const auto day = static_cast<std::size_t>(*value % 7);
    if (in.take('#')) {
        const auto nth = in.number();
        if (!nth || *nth < 1 || *nth > 5) return in.wrong("which one of the month (1 to 5) behind the #");
        rule.nth_weekday[day].set(static_cast<std::size_t>(*nth));
        return true;
    }
    if (in.take('l')) {
        rule.last_weekdays.set(day);
        return in.is_at_end() ? Result<bool>(true) : in.wrong("a comma or the end");
    }
    in.back_to(mark);
    return false;
}

std::unexpected<Error> wrong_count(
    std::string_view text, const std::vector<Part>& parts, std::string_view path
) {
    if (text.starts_with('@'))
        return wrong_at(0, text, "@yearly, @monthly, @weekly, @daily, @hourly, or five or six fields", path);
    if (!parts.empty() && parts.front().text.contains('='))
        return wrong_at(0, parts.front().text, "a minute; the time zone stands in zone", path);
    return fail(Error::invalid(
        fmt::format(
            "A cron rule has five fields (minute, hour, day of the month, month, day of the week), or six "
            "with "
            "a second before them; here are {}",
            parts.size()
        ),
        std::string(path)
    ));
}

}  // namespace

Result<Rule> parse_cron(std::string_view text, std::string_view field) {
    CHECK_OK(check_text(text, field));
    std::vector<Part> parts = split(text, " \t");
    if (parts.size() == 1) {
        const auto macro = std::ranges::find(kMacros, lower(parts[0].text), &Macro::name);
        if (macro != kMacros.end()) parts = split(macro->means, " ");
    }
    if (parts.size() != 5 && parts.size() != 6) return wrong_count(text, parts, field);
    if (parts.size() == 5) parts.insert(parts.begin(), {"0", 0});

    Rule rule;
    bool ignored = false;
    bool any_day = false;
    bool any_weekday = false;
    const auto read =
        [&](std::size_t i, const Field& of, auto& set, bool& is_any, bool& interval, auto special) {
            return FieldReader(parts[i], of, field).read(set, is_any, interval, special);
        };
    CHECK_OK(read(0, kSecond, rule.seconds, ignored, rule.is_interval, nothing_special));
    CHECK_OK(read(1, kMinute, rule.minutes, ignored, rule.is_interval, nothing_special));
    CHECK_OK(read(2, kHour, rule.hours, ignored, rule.is_interval, nothing_special));
    const auto day = [&](FieldReader& in) { return special_day(rule, in); };
    CHECK_OK(read(3, kDay, rule.days, any_day, ignored, day));
    CHECK_OK(read(4, kMonth, rule.months, ignored, ignored, nothing_special));
    const auto weekday = [&](FieldReader& in) { return special_weekday(rule, in); };
    CHECK_OK(read(5, kWeekday, rule.weekdays, any_weekday, ignored, weekday));
    rule.is_any_day = any_day;
    rule.is_any_weekday = any_weekday;
    // As cron(5): a field that begins with a star leaves it to the other one.
    const auto has_star = [](const Part& part) { return part.text[0] == '*' || part.text[0] == '?'; };
    rule.is_either_day = !has_star(parts[3]) && !has_star(parts[5]);
    return rule;
}

}  // namespace weft::trigger
