#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft {

/// A JSON number: the text that somebody wrote. A 64-bit id, an amount with its zeros and thirty digits stay
/// what they are from wire to wire, which no binary type gives. Comparing is exact and takes time linear in
/// the digits, whatever the exponent; arithmetic is JavaScript's and is done in the sandbox alone.
class Decimal {
  public:
    template <std::integral T>
    explicit Decimal(T value) : text_(std::to_string(value)) {}
    /// ECMAScript's Number::toString (`52.52`, `0.00001`, `1e+21`), with which computed numbers are printed.
    /// JSON has no word for what is not finite: precondition std::isfinite(value).
    explicit Decimal(double value);
    /// Nothing unless `text` is a number by JSON's grammar.
    static std::optional<Decimal> parse(std::string_view text);

    const std::string& text() const { return text_; }
    /// Without an exponent (`1000` of `1e3`), unless that would need more than `zeros_max` digits more.
    std::string plain_text(std::int64_t zeros_max) const;
    /// The nearest double; ±HUGE_VAL beyond its range.
    double to_double() const;
    /// The value, if it is whole and fits: of `100`, `1e2` and `100.0` alike.
    std::optional<std::int64_t> to_int64() const;
    bool is_whole() const;
    /// Whether this is `divisor` times a whole number. Precondition: `divisor` has 1 to kDivisorDigitsMax
    /// significant digits.
    bool is_multiple_of(const Decimal& divisor) const;
    static constexpr int kDivisorDigitsMax = 18;
    /// Digits from the first to the last that is not zero; 0 of zero.
    int significant_digits() const;

    /// By value: 1, 1.0 and 10e-1 are equal.
    std::strong_ordering operator<=>(const Decimal& other) const;
    bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

  private:
    struct AsWritten {};
    Decimal(AsWritten, std::string_view text) : text_(text) {}
    std::string text_;
};

}  // namespace weft
