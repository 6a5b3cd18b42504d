#include "app/runner/detail/operators.h"

#include "app/runner/detail/json_text.h"
#include "base/decimal.h"
#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <variant>

namespace weft::runner::operators {

namespace {

using json_text::Kind;
using templates::Path;

constexpr int kDepthMax = 32;  // brackets, operators to the left and conditionals inside one another

struct Undefined {};
/// As it is written in the run's values; never a text, a boolean or a number, unless it was only chosen.
struct Written {
    std::string json;
};
using Operand = std::variant<Undefined, Written, bool, double, std::string>;

std::optional<Operand> finite(double value) {
    if (!std::isfinite(value)) return std::nullopt;
    return value;
}

/// What an operator sees: a written scalar by its type. Nothing for a number that JavaScript takes for a
/// BigInt or for infinite.
std::optional<Operand> scalar(Operand operand) {
    const auto* written = std::get_if<Written>(&operand);
    if (!written) return operand;
    switch (json_text::kind_of(written->json)) {
        case Kind::kBool:
            return written->json == "true";
        case Kind::kNumber:
            if (json_text::is_big_integer(written->json)) return std::nullopt;
            return finite(json_text::number_of(written->json));
        case Kind::kString:
            return json_text::unescape(written->json);
        default:
            return operand;
    }
}

bool is_null(const Operand& operand) {
    const auto* written = std::get_if<Written>(&operand);
    return written && json_text::kind_of(written->json) == Kind::kNull;
}

bool is_nullish(const Operand& operand) {
    return std::holds_alternative<Undefined>(operand) || is_null(operand);
}

bool is_truthy(const Operand& operand) {
    if (const auto* written = std::get_if<Written>(&operand)) return json_text::is_truthy(written->json);
    if (const auto* flag = std::get_if<bool>(&operand)) return *flag;
    if (const auto* number = std::get_if<double>(&operand)) return *number != 0;
    const auto* text = std::get_if<std::string>(&operand);
    return text && !text->empty();
}

/// Numbers are finite here: what is not goes to the engine.
std::string printed(double number) {
    return number == 0 ? "0" : Decimal(number).text();  // JavaScript prints no -0
}

/// JavaScript's String(x), of scalars only.
std::optional<std::string> as_text(Operand operand) {
    if (std::holds_alternative<Undefined>(operand)) return "undefined";
    if (is_null(operand)) return "null";
    if (const auto* flag = std::get_if<bool>(&operand)) return *flag ? "true" : "false";
    if (const auto* number = std::get_if<double>(&operand)) return printed(*number);
    if (auto* text = std::get_if<std::string>(&operand)) return std::move(*text);
    return std::nullopt;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Loosest first; what stands in one line binds alike and to the left. Longer words come first, so that `<`
/// is not taken of `<=`.
enum class Operator : std::uint8_t {
    kChoose,
    kOr,
    kAnd,
    kSame,
    kNotSame,
    kEqual,
    kNotEqual,
    kLessEqual,
    kGreaterEqual,
    kLess,
    kGreater,
    kPlus,
    kMinus,
    kTimes,
    kOver,
    kRemainder
};
struct Word {
    std::string_view text;
    Operator what;
    int level;
};
constexpr int kLevelOr = 1;
constexpr int kLevelAnd = 2;
constexpr int kLevelUnary = 7;
constexpr std::array kWords = {
    Word{"??", Operator::kChoose, kLevelOr},
    Word{"||", Operator::kOr, kLevelOr},
    Word{"&&", Operator::kAnd, kLevelAnd},
    Word{"===", Operator::kSame, 3},
    Word{"!==", Operator::kNotSame, 3},
    Word{"==", Operator::kEqual, 3},
    Word{"!=", Operator::kNotEqual, 3},
    Word{"<=", Operator::kLessEqual, 4},
    Word{">=", Operator::kGreaterEqual, 4},
    Word{"<", Operator::kLess, 4},
    Word{">", Operator::kGreater, 4},
    Word{"+", Operator::kPlus, 5},
    Word{"-", Operator::kMinus, 5},
    Word{"*", Operator::kTimes, 6},
    Word{"/", Operator::kOver, 6},
    Word{"%", Operator::kRemainder, 6},
};
/// Reads and computes at once. Nothing, from wherever, is the end: the engine decides.
class Computation {
  public:
    Computation(std::string_view source, const Values& values, const Bindings& bindings, Work& work)
        : source_(source), values_(values), bindings_(bindings), work_(work) {}

    std::optional<Operand> whole() {
        auto out = conditional(true);
        skip_blank();
        return at_ == source_.size() ? std::move(out) : std::nullopt;
    }

  private:
    using Maybe = std::optional<Operand>;

    /// Counts how deep we are; false when that is too deep.
    class Level {
      public:
        explicit Level(int& depth) : depth_(depth) { ++depth_; }
        ~Level() { --depth_; }
        Level(const Level&) = delete;
        explicit operator bool() const { return depth_ <= kDepthMax; }

      private:
        int& depth_;
    };

    void skip_blank() {
        while (at_ < source_.size() && (source_[at_] == ' ' || source_[at_] == '\t' || source_[at_] == '\n'))
            ++at_;
    }
    std::string_view rest() const { return source_.substr(at_); }
    char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }
    bool take(char c) {
        skip_blank();
        if (peek() != c) return false;
        ++at_;
        return true;
    }

    /// `is_wanted`: whether the value is; what stands behind a decided `&&` is read only.
    Maybe conditional(bool is_wanted) {
        const Level level(depth_);
        if (!level) return std::nullopt;
        const bool outer = std::exchange(has_and_, false);
        Maybe value = binary(kLevelOr, is_wanted);
        has_and_ = outer;
        if (!value) return value;
        skip_blank();
        if (peek() != '?' || rest().starts_with("?.") || rest().starts_with("??")) return value;
        ++at_;
        const bool is_first = is_truthy(*value);
        Maybe first = conditional(is_wanted && is_first);
        if (!first || !take(':')) return std::nullopt;
        Maybe second = conditional(is_wanted && !is_first);
        if (!second) return second;
        return is_first ? std::move(first) : std::move(second);
    }

    /// Of `**`, `=>`, `<<` and their like the first half is ours, and then nothing that we know follows.
    const Word* operator_at(int level) {
        skip_blank();
        if (rest().starts_with("--")) return nullptr;
        auto found =
            std::ranges::find_if(kWords, [&](const Word& word) { return rest().starts_with(word.text); });
        return found != kWords.end() && found->level == level ? &*found : nullptr;
    }

    Maybe binary(int level, bool is_wanted) {
        if (level == kLevelUnary) return unary(is_wanted);
        Maybe left = binary(level + 1, is_wanted);
        std::optional<Operator> before;
        while (left) {
            const Word* word = operator_at(level);
            if (!word) return left;
            at_ += word->text.size();
            has_and_ = has_and_ || word->what == Operator::kAnd;
            const bool is_decided = level <= kLevelAnd && decides(word->what, *left);
            Maybe right = binary(level + 1, is_wanted && !is_decided);
            if (!right) return right;
            if (level > kLevelAnd)
                left = is_wanted ? compute(word->what, *std::move(left), *std::move(right)) : std::move(left);
            else if (!is_decided)
                left = std::move(right);
            // `??` beside a bare `||` or `&&` is no JavaScript.
            const bool is_choice = word->what == Operator::kChoose;
            const bool was_choice = before.value_or(word->what) == Operator::kChoose;
            if (level == kLevelOr && (is_choice != was_choice || (is_choice && has_and_)))
                return std::nullopt;
            before = word->what;
        }
        return left;
    }

    /// What stands on the right does not count.
    static bool decides(Operator what, const Operand& left) {
        if (what == Operator::kChoose) return !is_nullish(left);
        return is_truthy(left) == (what == Operator::kOr);
    }

    Maybe compute(Operator what, Operand left_given, Operand right_given) {
        Maybe left = scalar(std::move(left_given));
        const Maybe right = scalar(std::move(right_given));
        if (!left || !right) return std::nullopt;
        switch (what) {
            case Operator::kSame:
            case Operator::kNotSame:
            case Operator::kEqual:
            case Operator::kNotEqual: {
                const bool is_strict = what == Operator::kSame || what == Operator::kNotSame;
                const auto equal = are_equal(*left, *right, is_strict);
                if (!equal) return std::nullopt;
                return *equal == (what == Operator::kSame || what == Operator::kEqual);
            }
            case Operator::kLess:
            case Operator::kLessEqual:
            case Operator::kGreater:
            case Operator::kGreaterEqual:
                return compared(what, *left, *right);
            default:
                break;
        }
        const bool is_text =
            std::holds_alternative<std::string>(*left) || std::holds_alternative<std::string>(*right);
        if (what == Operator::kPlus && is_text) return joined(*std::move(left), *right);
        const auto* a = std::get_if<double>(&*left);
        const auto* b = std::get_if<double>(&*right);
        if (!a || !b) return std::nullopt;
        return finite(arithmetic(what, *a, *b));
    }

    static double arithmetic(Operator what, double a, double b) {
        switch (what) {
            case Operator::kPlus:
                return a + b;
            case Operator::kMinus:
                return a - b;
            case Operator::kTimes:
                return a * b;
            case Operator::kOver:
                return a / b;
            default:
                return std::fmod(a, b);
        }
    }

    Maybe joined(Operand left, const Operand& right) {
        auto a = as_text(std::move(left));
        const auto b = as_text(right);
        if (!a || !b || !spend(work_.made, a->size() + b->size())) return std::nullopt;
        return std::move(*a) + *b;
    }

    /// False when it is not there.
    static bool spend(std::size_t& left, std::size_t bytes) {
        const bool is_there = bytes <= left;
        if (is_there) left -= bytes;
        return is_there;
    }

    static std::optional<bool> are_equal(const Operand& left, const Operand& right, bool is_strict) {
        if (is_nullish(left) || is_nullish(right)) {
            if (is_strict) return left.index() == right.index() && is_null(left) == is_null(right);
            return is_nullish(left) && is_nullish(right);
        }
        const bool is_object =
            std::holds_alternative<Written>(left) || std::holds_alternative<Written>(right);
        if (is_object) return std::nullopt;
        if (left.index() != right.index()) return is_strict ? std::optional(false) : std::nullopt;
        if (const auto* number = std::get_if<double>(&left)) return *number == std::get<double>(right);
        if (const auto* flag = std::get_if<bool>(&left)) return *flag == std::get<bool>(right);
        return std::get<std::string>(left) == std::get<std::string>(right);
    }

    static Maybe compared(Operator what, const Operand& left, const Operand& right) {
        std::partial_ordering order = std::partial_ordering::unordered;
        const auto* a = std::get_if<double>(&left);
        const auto* b = std::get_if<double>(&right);
        const auto* first = std::get_if<std::string>(&left);
        const auto* second = std::get_if<std::string>(&right);
        // JavaScript compares UTF-16 units, which is another order than that of bytes.
        if (a && b)
            order = *a <=> *b;
        else if (first && second && is_ascii(*first) && is_ascii(*second))
            order = *first <=> *second;
        else
            return std::nullopt;
        switch (what) {
            case Operator::kLess:
                return order < 0;
            case Operator::kLessEqual:
                return order <= 0;
            case Operator::kGreater:
                return order > 0;
            default:
                return order >= 0;
        }
    }

    Maybe unary(bool is_wanted) {
        const Level level(depth_);
        if (!level) return std::nullopt;
        skip_blank();
        const char sign = peek();
        if (sign != '!' && sign != '-') return primary(is_wanted);
        if (rest().starts_with("--")) return std::nullopt;
        ++at_;
        Maybe value = unary(is_wanted);
        if (!value || !is_wanted) return value;
        if (sign == '!') return !is_truthy(*value);
        const Maybe number = scalar(*std::move(value));
        if (!number || !std::holds_alternative<double>(*number)) return std::nullopt;
        return -std::get<double>(*number);
    }

    Maybe primary(bool is_wanted) {
        Maybe out;
        if (take('(')) {
            out = conditional(is_wanted);
            if (!out || !take(')')) return std::nullopt;
        } else if (is_digit(peek())) {
            out = number();
        } else if (peek() == '"' || peek() == '\'') {
            out = text();
        } else if (peek() == '`') {
            out = pattern(is_wanted);
        } else if (is_name(peek())) {
            out = path(is_wanted);
        }
        if (!out) return out;
        // A property or a call of what we have is more than an operator.
        skip_blank();
        const char next = peek();
        if (next == '.' || next == '[' || next == '(' || next == '`' || rest().starts_with("?."))
            return std::nullopt;
        return out;
    }

    Maybe number() {
        std::size_t end = at_;
        auto digits = [&] {
            const std::size_t from = end;
            while (end < source_.size() && is_digit(source_[end])) ++end;
            return end > from;
        };
        auto next = [&] { return end < source_.size() ? source_[end] : '\0'; };
        const std::size_t from = at_;
        digits();
        if (source_[from] == '0' && end > from + 1) return std::nullopt;
        if (next() == '.') {
            ++end;
            if (!digits()) return std::nullopt;
        }
        if (next() == 'e' || next() == 'E') {
            ++end;
            if (next() == '+' || next() == '-') ++end;
            if (!digits()) return std::nullopt;
        }
        if (is_name(next())) return std::nullopt;  // 10n, 0x1F, 1_000
        at_ = end;
        return finite(json_text::number_of(source_.substr(from, end - from)));
    }

    Maybe text() {
        const char quote = source_[at_];
        const std::size_t end = source_.find(quote, at_ + 1);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view inside = source_.substr(at_ + 1, end - at_ - 1);
        if (inside.find_first_of("\\\r\n") != std::string_view::npos) return std::nullopt;
        at_ = end + 1;
        return std::string(inside);
    }

    /// `a ${b} c`
    Maybe pattern(bool is_wanted) {
        std::string out;
        for (++at_;;) {
            const std::size_t end = source_.find_first_of("`$\\\r", at_);
            if (end == std::string_view::npos || source_[end] == '\\' || source_[end] == '\r')
                return std::nullopt;
            out += source_.substr(at_, end - at_);
            at_ = end + 1;
            if (source_[end] == '`') return out;
            if (peek() != '{') {
                out += '$';
                continue;
            }
            ++at_;
            Maybe part = conditional(is_wanted);
            if (!part || !take('}')) return std::nullopt;
            if (!is_wanted) continue;
            Maybe value = scalar(*std::move(part));
            const auto shown = value ? as_text(*std::move(value)) : std::nullopt;
            if (!shown || !spend(work_.made, shown->size())) return std::nullopt;
            out += *shown;
        }
    }

    std::string_view name() {
        const std::size_t from = at_;
        while (at_ < source_.size() && is_name(source_[at_])) ++at_;
        return source_.substr(from, at_ - from);
    }

    Maybe path(bool is_wanted) {
        const std::string_view root = name();
        if (root == "true") return true;
        if (root == "false") return false;
        if (root == "null") return Written{"null"};
        Path path{.root = std::string(root), .keys = {}};
        for (;;) {
            auto key = next_key();
            if (!key) return std::nullopt;
            if (!*key) break;
            path.keys.push_back(std::move(**key));
        }
        if (root == "undefined" && path.keys.empty()) return Undefined{};
        if (!is_wanted) return Undefined{};
        std::string scratch;
        const auto found = values_.read(path, bindings_, scratch);
        if (!spend(work_.read, found.looked_at) || !spend(work_.made, found.json.size())) return std::nullopt;
        switch (found.is) {
            case Values::Found::Is::kValue:
                return Written{std::string(found.json)};
            case Values::Found::Is::kUndefined:
                return Undefined{};
            case Values::Found::Is::kUnknown:
                break;
        }
        return std::nullopt;
    }

    /// `.a`, `?.a`, `[0]`, `["a"]`; an empty one at the path's end, nothing for all else.
    std::optional<std::optional<Path::Key>> next_key() {
        using Key = std::optional<Path::Key>;
        const bool is_optional = rest().starts_with("?.");
        if (is_optional) at_ += 2;
        if (!is_optional && peek() == '.')
            ++at_;
        else if (peek() != '[' && !is_optional)
            return Key();
        if (peek() == '[') {
            ++at_;
            Path::Key key{.name = {}, .optional = is_optional};
            if (peek() == '"' || peek() == '\'') {
                const Maybe quoted = text();
                if (!quoted) return std::nullopt;
                key.name = std::get<std::string>(*quoted);
            } else {
                const std::size_t from = at_;
                while (is_digit(peek())) ++at_;
                const auto index = json_text::array_index(source_.substr(from, at_ - from));
                if (!index) return std::nullopt;
                key.name = *index;
            }
            if (peek() != ']') return std::nullopt;
            ++at_;
            return Key(std::move(key));
        }
        if (is_digit(peek())) return std::nullopt;  // `a?.5:1`
        const std::string_view word = name();
        if (word.empty()) return std::nullopt;
        return Key(Path::Key{.name = std::string(word), .optional = is_optional});
    }

    std::string_view source_;
    const Values& values_;
    const Bindings& bindings_;
    Work& work_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool has_and_ = false;  // since the last bracket
};

}  // namespace

std::optional<Computed> compute(
    std::string_view source, script::As as, const Values& values, const Bindings& bindings, Work& work
) {
    const auto value = Computation(source, values, bindings, work).whole();
    if (!value) return std::nullopt;
    if (as == script::As::kBool) return Computed{is_truthy(*value) ? "true" : "false"};
    std::string out;
    if (as == script::As::kText) {
        if (const auto* written = std::get_if<Written>(&*value))
            json_text::print_text(written->json, out);
        else if (!std::holds_alternative<Undefined>(*value))
            out = *as_text(*value);
        return Computed{std::move(out)};
    }
    if (std::holds_alternative<Undefined>(*value)) return Computed{};
    if (const auto* written = std::get_if<Written>(&*value))
        out = written->json;
    else if (const auto* text = std::get_if<std::string>(&*value))
        append_json_string(*text, out);
    else
        out = *as_text(*value);
    return Computed{std::move(out)};
}

}  // namespace weft::runner::operators
