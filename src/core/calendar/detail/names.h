#pragma once

#include <array>
#include <string_view>

/// What CLDR calls months, days and halves of a day.
namespace weft::calendar::detail {

template <std::size_t N>
using Words = std::array<std::string_view, N>;

/// One width of each: abbreviated (MMM, EEE) and wide (MMMM, EEEE).
struct Locale {
    std::string_view tag;
    Words<12> months_short, months;
    Words<7> days_short, days;  // from Sunday on
    std::string_view am, pm;
    std::string_view quarter;  // what stands before its number (QQQ)
};

/// By a BCP 47 tag, or its language alone where the region is not in the table; nullptr when unknown.
const Locale* find_locale(std::string_view tag);
/// "de, en, es, ..."
std::string_view locale_tags();

}  // namespace weft::calendar::detail
