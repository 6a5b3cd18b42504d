#include "base/utf8.h"

#include <gtest/gtest.h>

namespace weft::utf8 {
namespace {

bool is_scalar(char32_t point) {
    return point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
}

TEST(Utf8, EveryScalarValueIsReadAsItWasWritten) {
    for (char32_t point = 0; point < 0x110000; ++point) {
        if (!is_scalar(point)) continue;
        std::string text;
        append(text, point);
        ASSERT_EQ(sequence_length(text), text.size()) << std::hex << static_cast<unsigned>(point);
        ASSERT_EQ(decode(text), point);
    }
}

/// By the definition: what the bits say, when it is a scalar value that needs this many bytes.
std::size_t by_definition(const std::string& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    const std::size_t size = lead < 0x80       ? 1
                             : lead >> 5 == 6  ? 2
                             : lead >> 4 == 14 ? 3
                             : lead >> 3 == 30 ? 4
                                               : 0;
    if (size == 0 || size > text.size()) return 0;
    char32_t point = size == 1 ? lead : lead & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (byte(i) >> 6 != 2) return 0;
        point = point << 6 | (byte(i) & 0x3Fu);
    }
    static constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    return is_scalar(point) && point >= kLeast[size] ? size : 0;
}

TEST(Utf8, NothingElseIsASequence) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            for (const char* rest : {"", "\x80", "\xbf", "\x80\x80", "\xbf\xbf", "\x80x", "\xc0\x80"}) {
                std::string text{static_cast<char>(first), static_cast<char>(second)};
                text += rest;
                ASSERT_EQ(sequence_length(text), by_definition(text)) << first << " " << second;
            }
        }
    }
    EXPECT_EQ(sequence_length(""), 0u);
}

TEST(Utf8, AnyBadByteMakesATextBad) {
    EXPECT_TRUE(is_valid(""));
    EXPECT_TRUE(is_valid("a\u00e4\u20ac\U0001F600"));
    for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82", "\x80", "\xff"})
        EXPECT_FALSE(is_valid(bad)) << bad;
}

TEST(Utf8, CountsCharactersAndUnitsOfJavaScript) {
    const std::string_view text = "a\u00e4\u20ac\U0001F600";
    EXPECT_EQ(code_points(text), 4u);
    EXPECT_EQ(utf16_units(text), 5u);
}

TEST(Utf8, APrefixEndsBetweenCharacters) {
    const std::string_view text = "a\u20ac\U0001F600";
    std::vector<std::size_t> sizes;
    for (std::size_t most = 0; most <= text.size() + 1; ++most) sizes.push_back(prefix(text, most).size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1, 1, 1, 4, 4, 4, 4, 8, 8}));
}

}  // namespace
}  // namespace weft::utf8
