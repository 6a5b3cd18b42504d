#include "core/schema/detail/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

namespace weft::schema {

namespace {

constexpr std::size_t kNowhere = std::string::npos;
constexpr std::size_t kRepeatMax = 1'000;              // RE2's own
constexpr std::size_t kTranslatedBytesMax = 64 << 10;  // of the result

// Where the two dialects mean other characters by the same letter, they are written out: inside a class.
constexpr std::string_view kSpace =
    R"(\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr std::string_view kNoSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e})"
    R"(\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr std::string_view kAny = R"([\x{0}-\x{10ffff}])";
constexpr std::string_view kNone = R"([^\x{0}-\x{10ffff}])";
constexpr std::string_view kDot = R"([^\n\r\x{2028}\x{2029}])";

struct Name {
    std::string_view from;
    std::string_view to;
};
constexpr std::array kSets{
    Name{"d", "0-9"},
    Name{"D", R"(\x{0}-/:-\x{10ffff})"},
    Name{"w", "0-9A-Z_a-z"},
    Name{"W", R"(\x{0}-/:-@\[-\^`\{-\x{10ffff})"},
    Name{"s", kSpace},
    Name{"S", kNoSpace},
};
constexpr std::array kControls{
    Name{"n", "\n"}, Name{"r", "\r"}, Name{"t", "\t"}, Name{"v", "\v"}, Name{"f", "\f"}
};
/// Long names of general categories (ECMA-262, table 69) for the short ones, which RE2 knows, as scripts.
constexpr std::array kCategories{
    Name{"Letter", "L"},
    Name{"Lowercase_Letter", "Ll"},
    Name{"Uppercase_Letter", "Lu"},
    Name{"Titlecase_Letter", "Lt"},
    Name{"Modifier_Letter", "Lm"},
    Name{"Other_Letter", "Lo"},
    Name{"Mark", "M"},
    Name{"Combining_Mark", "M"},
    Name{"Nonspacing_Mark", "Mn"},
    Name{"Spacing_Mark", "Mc"},
    Name{"Enclosing_Mark", "Me"},
    Name{"Number", "N"},
    Name{"Decimal_Number", "Nd"},
    Name{"digit", "Nd"},
    Name{"Letter_Number", "Nl"},
    Name{"Other_Number", "No"},
    Name{"Punctuation", "P"},
    Name{"punct", "P"},
    Name{"Connector_Punctuation", "Pc"},
    Name{"Dash_Punctuation", "Pd"},
    Name{"Open_Punctuation", "Ps"},
    Name{"Close_Punctuation", "Pe"},
    Name{"Initial_Punctuation", "Pi"},
    Name{"Final_Punctuation", "Pf"},
    Name{"Other_Punctuation", "Po"},
    Name{"Symbol", "S"},
    Name{"Math_Symbol", "Sm"},
    Name{"Currency_Symbol", "Sc"},
    Name{"Modifier_Symbol", "Sk"},
    Name{"Other_Symbol", "So"},
    Name{"Separator", "Z"},
    Name{"Space_Separator", "Zs"},
    Name{"Line_Separator", "Zl"},
    Name{"Paragraph_Separator", "Zp"},
    Name{"Other", "C"},
    Name{"Control", "Cc"},
    Name{"cntrl", "Cc"},
    Name{"Format", "Cf"},
    Name{"Private_Use", "Co"},
    Name{"Any", "Any"},
};

template <std::size_t N>
const Name* find(const std::array<Name, N>& table, std::string_view from) {
    const auto* found = std::ranges::find(table, from, &Name::from);
    return found == table.end() ? nullptr : found;
}

class Translator {
  public:
    explicit Translator(std::string_view text) : text_(text) {}

    Result<Translated> run() {
        while (at_ < text_.size()) {
            CHECK_OK(term());
            if (out_.text.size() > kTranslatedBytesMax) return wrong("it is too large");
        }
        if (!open_.empty()) return wrong("a ( is not closed");
        return std::move(out_);
    }

  private:
    /// One member of a class, or one escape: a character, or a set that is written inside brackets.
    struct Item {
        char32_t point = 0;
        std::string set;
    };

    static std::unexpected<Error> wrong(std::string_view why) {
        return fail(Error::invalid(fmt::format("Pattern not understood: {}", why)));
    }
    bool sees(std::string_view next) const { return text_.substr(at_).starts_with(next); }
    bool take(std::string_view next) {
        if (!sees(next)) return false;
        at_ += next.size();
        return true;
    }
    void begin_atom() { atom_ = out_.text.size(); }
    static std::string written(char32_t point) {
        const bool is_plain = point < 0x80 && std::isalnum(static_cast<int>(point)) != 0;
        return is_plain ? std::string(1, static_cast<char>(point))
                        : fmt::format("\\x{{{:x}}}", static_cast<std::uint32_t>(point));
    }

    Result<> term() {
        const char c = text_[at_];
        switch (c) {
            case '(':
                return group();
            case ')':
                ++at_;
                if (open_.empty()) return wrong("a ) closes nothing");
                out_.text += ')';
                atom_ = open_.back();
                is_single_ = false;
                open_.pop_back();
                return {};
            case '|':
            case '^':
            case '$':
                ++at_;
                out_.text += c;
                atom_ = kNowhere;
                return {};
            case '*':
            case '+':
            case '?':
                ++at_;
                if (atom_ == kNowhere) return wrong("there is nothing to repeat");
                out_.text += c;
                return end_repeat();
            case '{':
                return braces();
            default:
                return character();
        }
    }

    Result<> group() {
        const std::size_t start = out_.text.size();
        if (sees("(?=") || sees("(?!")) return wrong("look-ahead has no linear-time match");
        if (sees("(?<=") || sees("(?<!")) return wrong("look-behind has no linear-time match");
        if (take("(?<")) {
            const std::size_t end = text_.find('>', at_);
            if (end == kNowhere) return wrong("the name of a group is not closed");
            at_ = end + 1;
        } else if (!take("(?:")) {
            if (sees("(?")) return wrong("a group begins with (, (?: or (?<name>");
            ++at_;
        }
        out_.text += "(?:";
        open_.push_back(start);
        atom_ = kNowhere;
        return {};
    }

    Result<> character() {
        begin_atom();
        is_single_ = true;
        const char c = text_[at_];
        if (take("."))
            out_.text += kDot;
        else if (c == '[')
            return brackets();
        else if (c == '\\')
            return escape();
        else
            out_.text += written(point());
        return {};
    }

    char32_t point() {
        const auto lead = static_cast<unsigned char>(text_[at_]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        char32_t value = size == 1 ? lead : lead & (0x7Fu >> size);
        for (std::size_t i = 1; i < size && at_ + i < text_.size(); ++i)
            value = value << 6 | (static_cast<unsigned char>(text_[at_ + i]) & 0x3Fu);
        at_ = std::min(at_ + size, text_.size());
        return value;
    }

    Result<> escape() {
        if (take("\\b") || take("\\B")) {
            out_.text += text_.substr(at_ - 2, 2);
            atom_ = kNowhere;
            return {};
        }
        TRY(Item item, escaped());
        out_.text += item.set.empty() ? written(item.point) : '[' + item.set + ']';
        return {};
    }

    /// Behind a backslash, in a class or outside of one.
    Result<Item> escaped() {
        ++at_;
        if (at_ == text_.size()) return wrong("it ends with a backslash");
        const std::string_view name = text_.substr(at_, 1);
        const char c = name.front();
        if (const Name* set = find(kSets, name)) return ++at_, Item{.set = std::string(set->to)};
        if (const Name* control = find(kControls, name))
            return ++at_, Item{static_cast<unsigned char>(control->to.front()), {}};
        if (take("x")) return hex(2);
        if (take("u")) return unicode();
        if (sees("p{") || sees("P{")) return property();
        if (c == 'c' && at_ + 1 < text_.size() &&
            std::isalpha(static_cast<unsigned char>(text_[at_ + 1])) != 0) {
            at_ += 2;
            return Item{static_cast<char32_t>(text_[at_ - 1] & 31), {}};
        }
        const bool is_digit = c >= '0' && c <= '9';
        if (c == '0' && (at_ + 1 == text_.size() || text_[at_ + 1] < '0' || text_[at_ + 1] > '9'))
            return ++at_, Item{0, {}};
        if (is_digit || c == 'k') return wrong("a reference back to a group has no linear-time match");
        if (std::isalpha(static_cast<unsigned char>(c)) != 0)
            return wrong(fmt::format("\\{} is no escape of ECMAScript; anchors are ^ and $", c));
        return Item{point(), {}};
    }

    Result<Item> hex(std::size_t digits) {
        std::uint32_t value = 0;
        const char* from = text_.data() + at_;
        auto [end, ec] = std::from_chars(from, from + std::min(digits, text_.size() - at_), value, 16);
        const bool is_good = ec == std::errc() && end == from + digits && value <= 0x10FFFF;
        if (!is_good) return wrong("\\x takes 2 hexadecimal digits, \\u takes 4 or {…}");
        at_ += digits;
        return Item{value, {}};
    }

    Result<Item> unicode() {
        if (take("{")) {
            const std::size_t end = std::min(text_.find('}', at_), text_.size());
            TRY(Item item, hex(end - at_));
            ++at_;
            return item;
        }
        TRY(Item item, hex(4));
        if (item.point < 0xD800 || item.point > 0xDFFF) return item;
        Item low;
        if (item.point < 0xDC00 && take("\\u")) {
            TRY(low, hex(4));
        }
        if (low.point < 0xDC00 || low.point > 0xDFFF)
            return wrong("half of a surrogate pair is no character; write the character itself");
        return Item{0x10000 + ((item.point - 0xD800) << 10) + (low.point - 0xDC00), {}};
    }

    Result<Item> property() {
        const char sign = text_[at_];
        const std::size_t end = text_.find('}', at_);
        if (end == kNowhere) return wrong("\\p{ is not closed");
        std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
        at_ = end + 1;
        if (const std::size_t equals = name.find('='); equals != kNowhere) name.remove_prefix(equals + 1);
        if (const Name* category = find(kCategories, name)) name = category->to;
        const bool is_name = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '_';
        });
        if (!is_name) return wrong("\\p{…} names a general category or a script");
        return Item{.set = fmt::format("\\{}{{{}}}", sign, name)};
    }

    Result<> brackets() {
        ++at_;
        const bool is_negated = take("^");
        std::string members;
        while (!sees("]")) {
            TRY(Item from, member());
            Item to = from;
            const bool is_range = sees("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
            if (is_range && from.set.empty()) {
                ++at_;
                TRY(to, member());
                if (to.set.empty() && to.point < from.point) return wrong("a range ends before it begins");
            }
            if (!from.set.empty()) {
                members += from.set;
            } else if (!to.set.empty()) {
                members += written(from.point) + "\\x{2d}" + to.set;
            } else {
                members += written(from.point);
                if (to.point != from.point) members += '-' + written(to.point);
            }
        }
        ++at_;
        if (members.empty())
            out_.text += is_negated ? kAny : kNone;
        else
            out_.text += (is_negated ? "[^" : "[") + members + ']';
        return {};
    }

    Result<Item> member() {
        if (at_ >= text_.size()) return wrong("a [ is not closed");
        if (take("\\b")) return Item{'\b', {}};
        if (sees("\\")) return escaped();
        return Item{point(), {}};
    }

    std::optional<std::size_t> number() {
        std::size_t value = 0;
        auto [end, ec] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (ec != std::errc()) return std::nullopt;
        at_ = static_cast<std::size_t>(end - text_.data());
        return value;
    }

    /// {n}, {n,} or {n,m}; any other brace is a character.
    Result<> braces() {
        const std::size_t start = at_++;
        const auto low = number();
        const bool has_comma = low && take(",");
        const auto high = has_comma ? number() : low;
        if (!low || !take("}")) {
            at_ = start + 1;
            begin_atom();
            is_single_ = true;
            out_.text += written('{');
            return {};
        }
        if (atom_ == kNowhere) return wrong("there is nothing to repeat");
        if (high && *high < *low) return wrong("a repetition ends before it begins");
        repeat(*low, high);
        return end_repeat();
    }

    void repeat(std::size_t low, std::optional<std::size_t> high) {
        const std::string body = out_.text.substr(atom_);
        if (std::max(low, high.value_or(0)) > kRepeatMax && is_single_ && at_ + 1 == text_.size() &&
            sees("$") && out_.text.substr(0, atom_) == "^") {
            // The whole text is one kind of character: then its length says how often, at no cost.
            out_.length_min = low;
            out_.length_max = high;
            out_.text += '*';
            return;
        }
        out_.text.resize(atom_);
        auto copies = [&](std::size_t from, std::string_view to) {
            out_.text += fmt::format("{}{{{}{}}}", body, from, to);
        };
        for (; low > kRepeatMax && out_.text.size() <= kTranslatedBytesMax; low -= kRepeatMax) {
            copies(kRepeatMax, "");
            if (high) *high -= kRepeatMax;
        }
        if (!high) return copies(low, ",");
        copies(low, fmt::format(",{}", std::min(*high, kRepeatMax)));
        for (std::size_t left = *high - std::min(*high, kRepeatMax);
             left > 0 && out_.text.size() <= kTranslatedBytesMax;) {
            const std::size_t some = std::min(left, kRepeatMax);
            copies(0, fmt::format(",{}", some));
            left -= some;
        }
    }

    /// Lazy or not, the same texts match.
    Result<> end_repeat() {
        (void)take("?");
        atom_ = kNowhere;
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Translated out_;
    std::vector<std::size_t> open_;  // where the groups begin in out_
    std::size_t atom_ = kNowhere;    // where what can be repeated begins in out_
    bool is_single_ = false;         // it is one character
};

}  // namespace

Result<Translated> translate_pattern(std::string_view ecma) {
    return Translator(ecma).run();
}

}  // namespace weft::schema
