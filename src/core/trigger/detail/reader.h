#pragma once

#include "base/error.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the readers of cron texts and of words share.
namespace weft::trigger::detail {

constexpr std::size_t kRuleBytesMax = 256;  // people write rules; nothing real is this long
constexpr std::size_t kShownBytesMax = 20;  // of what they wrote, in a message

inline constexpr std::array<std::string_view, 12> kMonthNames = {
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december"
};
inline constexpr std::array<std::string_view, 7> kDayNames = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"
};

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// Where `word` stands in `names`, from 0: whole, or its first three letters.
template <std::size_t N>
std::optional<int> name_index(const std::array<std::string_view, N>& names, std::string_view word) {
    for (std::size_t i = 0; i < N; ++i)
        if (word == names[i] || word == names[i].substr(0, 3)) return static_cast<int>(i);
    return std::nullopt;
}

/// `at` is counted from 0; people count from 1.
inline std::unexpected<Error> wrong_at(
    std::size_t at, std::string_view found, std::string_view expected, std::string_view field
) {
    std::string what = "the end";
    if (!found.empty()) what = fmt::format("\"{}\"", found.substr(0, kShownBytesMax));
    return fail(Error::invalid(
        fmt::format("At character {}: {} was found where {} was expected", at + 1, what, expected),
        std::string(field)
    ));
}

/// A rule is ASCII: what is not could be cut in the middle in a message.
inline Result<void> check_text(std::string_view text, std::string_view field) {
    if (text.size() > kRuleBytesMax)
        return fail(
            Error::invalid(fmt::format("A rule has at most {} characters", kRuleBytesMax), std::string(field))
        );
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c < ' ' || c > '~') && c != '\t')
            return fail(Error::invalid(
                fmt::format("At character {}: letters, digits and signs of ASCII only", i + 1),
                std::string(field)
            ));
    }
    return {};
}

}  // namespace weft::trigger::detail
