#include "platform/pack/pack.h"

#include <gtest/gtest.h>

namespace weft::pack {
namespace {

std::string packed(const std::string& plain, std::size_t step) {
    Deflater deflater;
    std::string out;
    for (std::size_t at = 0; at < plain.size(); at += step)
        out += deflater.add(std::string_view(plain).substr(at, step), Deflater::Last::kNo);
    return out + deflater.add("", Deflater::Last::kYes);
}

std::string plain(const std::string& packed, std::size_t step) {
    Inflater inflater;
    std::string out;
    for (std::size_t at = 0; at < packed.size() && !inflater.is_done(); at += step) {
        inflater.feed(packed.substr(at, step));
        for (;;) {
            auto piece = inflater.next();
            EXPECT_TRUE(piece);
            if (!piece || piece->empty()) break;
            EXPECT_LE(piece->size(), kPieceBytes);
            out += *piece;
        }
    }
    EXPECT_TRUE(inflater.is_done());
    return out;
}

TEST(Pack, ComesBackWhateverThePieces) {
    std::string text;
    for (int i = 0; text.size() < 900'000; ++i)
        text += std::to_string(i * 7919) + (i % 3 == 0 ? "\n" : " abc ");
    for (const std::size_t step : {1u << 10, 300'000u, 1u << 20}) {
        EXPECT_EQ(plain(packed(text, step), 4'096), text);
        EXPECT_EQ(plain(packed(text, step), 1u << 20), text);
    }
    EXPECT_EQ(plain(packed("", 1), 1), "");
}

TEST(Pack, DamageIsSaid) {
    std::string bytes = packed(std::string(1'000, 'a') + "b", 100);
    bytes[0] = '\xff';
    Inflater inflater;
    inflater.feed(bytes);
    EXPECT_EQ(inflater.next().error().code, Code::kInvalid);
}

TEST(Pack, CountsAsArchivesDo) {
    Count count;
    count.add("12345");
    count.add("6789");
    EXPECT_EQ(count.crc, 0xcbf43926u);
    EXPECT_EQ(count.bytes, 9);
}

}  // namespace
}  // namespace weft::pack
