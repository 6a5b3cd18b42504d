#include "base/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace weft {

namespace {

constexpr std::int64_t kExponentMax =
    1'000'000'000'000;  // what is written beyond it is as large, or as small

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::optional<std::int64_t> int64_of(std::string_view text) {
    std::int64_t value = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// ±0.DIGITS × 10^point, with neither a leading nor a trailing zero. Zero has no digits.
struct Parts {
    bool is_negative = false;
    std::string digits;
    std::int64_t point = 0;

    explicit Parts(std::string_view text) {
        is_negative = text.starts_with('-');
        if (is_negative) text.remove_prefix(1);
        const std::size_t e = std::min(text.find_first_of("eE"), text.size());
        const std::size_t dot = std::min(text.find('.'), e);
        digits = text.substr(0, dot);
        if (dot < e) digits += text.substr(dot + 1, e - dot - 1);
        point = static_cast<std::int64_t>(dot) + (e < text.size() ? exponent(text.substr(e + 1)) : 0);
        const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
        digits.erase(0, zeros);
        point -= static_cast<std::int64_t>(zeros);
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.empty()) is_negative = false, point = 0;
    }

    static std::int64_t exponent(std::string_view text) {
        if (text.starts_with('+')) text.remove_prefix(1);
        std::int64_t value = 0;
        auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (ec == std::errc()) return std::clamp(value, -kExponentMax, kExponentMax);
        return text.starts_with('-') ? -kExponentMax : kExponentMax;
    }

    bool is_whole() const { return std::ssize(digits) <= point; }
};

/// Lays out `digits`, of which `point` stand in front of the decimal point, as ECMAScript does.
std::string layout(std::string digits, int point) {
    constexpr int kPointMin = -5;  // 1e-7 and below take exponents, and so do
    constexpr int kPointMax = 21;  // 1e21 and above
    const auto count = static_cast<int>(digits.size());
    if (count <= point && point <= kPointMax)
        return digits.append(static_cast<std::size_t>(point - count), '0');
    if (point > 0 && point <= kPointMax) return digits.insert(static_cast<std::size_t>(point), 1, '.');
    if (point <= 0 && point >= kPointMin)
        return digits.insert(0, "0." + std::string(static_cast<std::size_t>(-point), '0'));
    const int exponent = point - 1;
    if (count > 1) digits.insert(1, 1, '.');
    return digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

__extension__ using Product = unsigned __int128;

/// 10^exponent modulo `modulus`.
std::uint64_t power_of_ten(std::uint64_t exponent, std::uint64_t modulus) {
    Product result = 1 % modulus;
    Product base = 10 % modulus;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1) result = result * base % modulus;
        base = base * base % modulus;
    }
    return static_cast<std::uint64_t>(result);
}

}  // namespace

Decimal::Decimal(double value) {
    if (value == 0) {
        text_ = '0';
        return;
    }
    std::array<char, 32> buffer{};
    auto [end, ec] = std::to_chars(
        buffer.data(), buffer.data() + buffer.size(), std::abs(value), std::chars_format::scientific
    );
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const std::size_t e = text.find('e');
    std::string digits(text.substr(0, 1));
    if (e > 2) digits += text.substr(2, e - 2);
    text_ = (value < 0 ? "-" : "") +
            layout(std::move(digits), static_cast<int>(Parts::exponent(text.substr(e + 1))) + 1);
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    auto digits = [&] {
        const std::size_t from = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return at - from;
    };
    const bool is_zero = text.substr(at).starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (is_zero && whole > 1)) return std::nullopt;
    if (text.substr(at).starts_with('.') && (++at, digits() == 0)) return std::nullopt;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (digits() == 0) return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    return Decimal(AsWritten{}, text);
}

std::string Decimal::plain_text(std::int64_t zeros_max) const {
    const Parts parts(text_);
    const auto count = std::ssize(parts.digits);
    const bool is_far = parts.point < -zeros_max || parts.point - count > zeros_max;
    if (is_far || text_.find_first_of("eE") == std::string::npos) return text_;
    if (parts.digits.empty()) return "0";
    const std::string sign = parts.is_negative ? "-" : "";
    auto zeros = [](std::int64_t number) { return std::string(static_cast<std::size_t>(number), '0'); };
    if (parts.point <= 0) return sign + "0." + zeros(-parts.point) + parts.digits;
    if (parts.is_whole()) return sign + parts.digits + zeros(parts.point - count);
    const auto whole = static_cast<std::size_t>(parts.point);
    return sign + parts.digits.substr(0, whole) + '.' + parts.digits.substr(whole);
}

double Decimal::to_double() const {
    double value = 0;
    auto [end, ec] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (ec != std::errc::result_out_of_range) return value;
    const Parts parts(text_);
    if (parts.point <= 0) return 0;
    return parts.is_negative ? -HUGE_VAL : HUGE_VAL;
}

std::optional<std::int64_t> Decimal::to_int64() const {
    if (auto value = int64_of(text_)) return value;
    const Parts parts(text_);
    constexpr std::int64_t kDigitsMax = 19;
    if (!parts.is_whole() || parts.point > kDigitsMax) return std::nullopt;
    std::string plain = (parts.is_negative ? "-" : "") + parts.digits;
    plain.append(static_cast<std::size_t>(parts.point) - parts.digits.size(), '0');
    return parts.digits.empty() ? 0 : int64_of(plain);
}

bool Decimal::is_whole() const {
    return Parts(text_).is_whole();
}

int Decimal::significant_digits() const {
    return static_cast<int>(Parts(text_).digits.size());
}

bool Decimal::is_multiple_of(const Decimal& divisor) const {
    const Parts a(text_);
    const Parts b(divisor.text_);
    if (a.digits.empty()) return true;
    // A × 10^shift / B, with A and B whole and neither divisible by ten: a negative shift leaves a fraction.
    const std::int64_t shift = (a.point - std::ssize(a.digits)) - (b.point - std::ssize(b.digits));
    if (shift < 0) return false;
    std::uint64_t modulus = 0;
    for (char c : b.digits) modulus = modulus * 10 + static_cast<std::uint64_t>(c - '0');
    Product rest = 0;
    for (char c : a.digits) rest = (rest * 10 + static_cast<Product>(c - '0')) % modulus;
    return rest * power_of_ten(static_cast<std::uint64_t>(shift), modulus) % modulus == 0;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
    const Parts a(text_);
    const Parts b(other.text_);
    auto sign = [](const Parts& p) { return p.digits.empty() ? 0 : (p.is_negative ? -1 : 1); };
    if (sign(a) != sign(b) || sign(a) == 0) return sign(a) <=> sign(b);
    auto order = a.point != b.point ? a.point <=> b.point : a.digits.compare(b.digits) <=> 0;
    return a.is_negative ? 0 <=> order : order;
}

}  // namespace weft
