#include "core/media/media.h"

#include "core/media/detail/encodings.h"

#include <gtest/gtest.h>

#include <array>
#include <ranges>

namespace weft::media {
namespace {

std::string decoded(std::string_view bytes, std::string_view label) {
    return to_utf8(std::string(bytes), label).utf8;
}

struct Sample {
    std::string_view label;
    std::string_view bytes;
    std::string_view text;
};

TEST(Charset, IsReadByTheLabelsThatSendersWrite) {
    static constexpr std::array kSamples{
        Sample{"ISO-8859-1", "K\xF6ln \x80", "Köln €"},
        Sample{" Latin1 ", "caf\xE9", "café"},
        Sample{"us-ascii", "caf\xE9", "café"},
        Sample{"iso-8859-15", "5 \xA4", "5 €"},
        Sample{"iso-8859-16", "\xAA\xBA\xDE", "ȘșȚ"},
        Sample{"cp1250", "\x8A\x9E", "Šž"},
        Sample{"windows-1251", "\xCF\xF0\xE8", "При"},
        Sample{"koi8-r", "\xF0\xD2\xC9", "При"},
        Sample{"koi8-u", "\xA4\xAE", "єў"},
        Sample{"windows-874", "\xA1\xE4", "กไ"},
        Sample{"gb2312", "\xC4\xE3\xBA\xC3", "你好"},
        Sample{"GBK", "\x80", "€"},
        Sample{"gb18030", "\x81\x30\x81\x30", "\xC2\x80"},
        Sample{"big5", "\xA7\x41\xA6\x6E", "你好"},
        Sample{"euc-kr", "\xC7\xD1", "한"},
        Sample{"ks_c_5601-1987", "\xC7\xD1", "한"},
        Sample{"Shift_JIS", "\x93\xFA\x96\x7B \x1A", "日本 \x1A"},
        Sample{"windows-31j", "\x87\x40", "①"},
        Sample{"euc-jp", "\xC6\xFC\xCB\xDC", "日本"},
        Sample{"iso-2022-jp", "\x1B$B\x46\x7C\x1B(B!", "日!"},
        Sample{"utf-16", std::string_view("h\0i\0", 4), "hi"},
        Sample{"utf-16be", std::string_view("\xD8\x3D\xDE\x00", 4), "😀"},
        Sample{"macintosh", "\x8A", "ä"},
        Sample{"x-user-defined", "\x80", "\xEF\x9E\x80"},
        Sample{"iso-2022-kr", "anything", "\xEF\xBF\xBD"},
    };
    for (const Sample& sample : kSamples) {
        EXPECT_EQ(decoded(sample.bytes, sample.label), sample.text) << sample.label;
        EXPECT_FALSE(to_utf8(std::string(sample.bytes), sample.label).is_label_unknown) << sample.label;
    }
}

struct Golden {
    std::string_view name;
    std::uint64_t fnv;
};

/// FNV-1a of all 256 bytes decoded one by one, as a browser's TextDecoder gives them.
TEST(Charset, HasTheBytesOfABrowsersDecoder) {
    static constexpr std::array kGolden{
        Golden{"ibm866", 0x6b8f44234efae54a},         Golden{"iso-8859-10", 0xf0720492e19fd91b},
        Golden{"iso-8859-13", 0x4cc282a8ba420a61},    Golden{"iso-8859-14", 0x27ef6fceada8f435},
        Golden{"iso-8859-15", 0x461f37f7c64278c0},    Golden{"iso-8859-16", 0x5eb2ed1a24bea882},
        Golden{"iso-8859-2", 0x0891cdff42687236},     Golden{"iso-8859-3", 0xf9beec0aef2d7a97},
        Golden{"iso-8859-4", 0xec5455cdca7b918f},     Golden{"iso-8859-5", 0x4616b17a577dbfaf},
        Golden{"iso-8859-6", 0xc2ca17cf95aea1e2},     Golden{"iso-8859-7", 0xaef1cf286afa4969},
        Golden{"iso-8859-8-i", 0xdb6b1189065b2f5d},   Golden{"iso-8859-8", 0xdb6b1189065b2f5d},
        Golden{"koi8-r", 0x635471103b3e073d},         Golden{"koi8-u", 0xdd7fdb40af8d1d41},
        Golden{"macintosh", 0x2ac543a0fa54b935},      Golden{"windows-1250", 0x17be4b5faa6291b5},
        Golden{"windows-1251", 0xb8fb9938a8961325},   Golden{"windows-1252", 0x9cd7daffbb28039a},
        Golden{"windows-1253", 0x8961a92196ead090},   Golden{"windows-1254", 0xc9d2e7cf7c3caf14},
        Golden{"windows-1255", 0x625d3bd8d612361f},   Golden{"windows-1256", 0x8d69c07530a8824b},
        Golden{"windows-1257", 0xe142eb2fb596a64e},   Golden{"windows-1258", 0x8052f975114c9e83},
        Golden{"windows-874", 0x90812b3712221a93},    Golden{"x-mac-cyrillic", 0x66c4c06c8e064185},
        Golden{"x-user-defined", 0x814c22aa7c99d825},
    };
    for (const Golden& golden : kGolden) {
        std::uint64_t hash = 0xcbf29ce484222325;
        for (int byte = 0; byte < 256; ++byte)
            for (char c : decoded(std::string(1, static_cast<char>(byte)), golden.name))
                hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        EXPECT_EQ(hash, golden.fnv) << golden.name;
    }
}

TEST(Charset, EveryLabelOfTheStandardLeadsToADecoderThatReadsAscii) {
    std::size_t labels = 0;
    for (const auto& encoding : detail::encodings()) {
        for (auto part : std::views::split(encoding.labels, ' ')) {
            const std::string label{std::string_view(part)};
            ++labels;
            EXPECT_EQ(encoding_of(label), encoding.name) << label;
            const bool is_wide = encoding.name.starts_with("utf-16");
            if (!is_wide && encoding.name != "replacement")
                EXPECT_EQ(decoded("{\"a\":1}", label), "{\"a\":1}") << label;
        }
    }
    EXPECT_EQ(labels, 228u);  // as many as the standard's table has
}

TEST(Charset, AnUnknownLabelIsUtf8AndSaysSo) {
    const Text text = to_utf8("Köln", "utf-7");
    EXPECT_EQ(text.utf8, "Köln");
    EXPECT_TRUE(text.is_label_unknown);
    EXPECT_FALSE(to_utf8("Köln", "").is_label_unknown);
    EXPECT_EQ(encoding_of("latin-1"), "");  // no label of the standard
    EXPECT_EQ(encoding_of("latin1 utf8"), "");
}

TEST(Charset, AByteOrderMarkWinsOverTheLabelAndIsDropped) {
    EXPECT_EQ(decoded("\xEF\xBB\xBF{}", ""), "{}");
    EXPECT_EQ(decoded("\xEF\xBB\xBFK\xC3\xB6ln", "iso-8859-1"), "Köln");
    EXPECT_EQ(decoded(std::string_view("\xFF\xFEh\0i\0", 6), "utf-8"), "hi");
    EXPECT_EQ(decoded(std::string_view("\xFE\xFF\0h\0i", 6), ""), "hi");
    EXPECT_EQ(decoded("\xEF\xBB\xBF\xEF\xBB\xBF", ""), "\xEF\xBB\xBF");  // the second is a character
}

TEST(Charset, BrokenBytesBecomeReplacementsAndKeepTheAsciiBesideThem) {
    const std::string_view broken = "\xEF\xBF\xBD";
    EXPECT_EQ(decoded("a\xFFz", "utf-8"), "a" + std::string(broken) + "z");
    EXPECT_EQ(decoded("a\xE2\x82", "utf-8"), "a" + std::string(broken));
    EXPECT_EQ(
        decoded("\xED\xA0\x80", "utf-8"), std::string(broken) + std::string(broken) + std::string(broken)
    );
    EXPECT_EQ(decoded("\x81\"", "shift_jis"), std::string(broken) + "\"");
    EXPECT_EQ(decoded(std::string_view("\0\xD8!", 3), "utf-16le"), std::string(broken));
    EXPECT_TRUE(to_utf8("\xFF", "utf-8").has_replacements);
    EXPECT_FALSE(to_utf8("\xC3\xB6", "utf-8").has_replacements);
}

TEST(Charset, GivesAtMostThreeBytesForOne) {
    for (const auto& encoding : detail::encodings()) {
        std::string bytes;
        for (int i = 0; i < 40'000; ++i) bytes.push_back(static_cast<char>(i * 7919 >> 3));
        const Text text = to_utf8(bytes, encoding.labels.substr(0, encoding.labels.find(' ')));
        EXPECT_LE(text.utf8.size(), 3 * bytes.size()) << encoding.name;
        EXPECT_TRUE(is_utf8(text.utf8)) << encoding.name;
    }
}

TEST(Charset, IsWrittenAsItIsRead) {
    for (const auto& encoding : detail::encodings()) {
        const std::string label(encoding.labels.substr(0, encoding.labels.find(' ')));
        const auto bytes = from_utf8(R"({"a":1})", label);
        const bool is_written = encoding.name != "replacement" && encoding.name != "x-user-defined";
        ASSERT_EQ(bytes.has_value(), is_written) << label;
        if (bytes) EXPECT_EQ(decoded(*bytes, label), R"({"a":1})") << label;
    }
    EXPECT_EQ(from_utf8("Köln €", "iso-8859-15"), "K\xF6ln \xA4");
    EXPECT_EQ(from_utf8("日本", "shift_jis"), "\x93\xFA\x96\x7B");
    EXPECT_EQ(from_utf8("é", "utf-16le"), std::string("\xE9\0", 2));
    EXPECT_EQ(from_utf8("日", "latin1"), std::nullopt);
    EXPECT_EQ(from_utf8("😀", "shift_jis"), std::nullopt);
    EXPECT_EQ(from_utf8("日", "klingon"), "日");
    EXPECT_EQ(from_utf8("", "koi8-r"), "");
}

TEST(ContentType, IsReadWithQuotesBlanksAndOtherParameters) {
    auto read = [](std::string_view header) {
        const ContentType type = parse_content_type(header);
        return type.type + "|" + type.charset;
    };
    EXPECT_EQ(read("application/json"), "application/json|");
    EXPECT_EQ(read("Text/CSV ; Charset=ISO-8859-1"), "text/csv|iso-8859-1");
    EXPECT_EQ(read("text/plain; format=flowed; charset=\"utf-8\""), "text/plain|utf-8");
    EXPECT_EQ(read("text/plain;charset='latin1'"), "text/plain|latin1");
    EXPECT_EQ(read("application/json, application/json"), "application/json|");
    EXPECT_EQ(read("text/plain; charset"), "text/plain|");
    EXPECT_EQ(read(""), "|");
}

TEST(Xml, NamesItsOwnEncoding) {
    EXPECT_EQ(xml_encoding("<?xml version=\"1.0\" encoding='ISO-8859-1'?><a/>"), "ISO-8859-1");
    EXPECT_EQ(xml_encoding("<?xml version=\"1.0\"?><a encoding=\"x\"/>"), "");
    EXPECT_EQ(xml_encoding("<a/>"), "");
}

}  // namespace
}  // namespace weft::media
