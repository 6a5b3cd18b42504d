#include "core/media/detail/encodings.h"

#include <array>
#include <ranges>

namespace weft::media::detail {

namespace {

// https://encoding.spec.whatwg.org/#names-and-labels; the first is the commonest, the rest in order.
constexpr std::array kEncodings{
    Encoding{
        "utf-8",
        "UTF-8",
        Kind::kMulti,
        "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 utf-8 x-unicode20utf8"
    },
    Encoding{"big5", "Big5-HKSCS", Kind::kMulti, "big5 big5-hkscs cn-big5 csbig5 x-x-big5"},
    Encoding{"euc-jp", "euc-jp-2007", Kind::kMulti, "cseucpkdfmtjapanese euc-jp x-euc-jp"},
    Encoding{
        "euc-kr",
        "windows-949-2000",
        Kind::kMulti,
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
        "windows-949"
    },
    Encoding{"gb18030", "gb18030", Kind::kMulti, "gb18030"},
    Encoding{
        "gbk",
        "gb18030",
        Kind::kMulti,
        "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk"
    },
    Encoding{"ibm866", "ibm-866_P100-1995", Kind::kSingle, "866 cp866 csibm866 ibm866"},
    Encoding{"iso-2022-jp", "ISO-2022-JP", Kind::kMulti, "csiso2022jp iso-2022-jp"},
    Encoding{
        "iso-8859-10",
        "iso-8859-10",
        Kind::kSingle,
        "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"
    },
    Encoding{"iso-8859-13", "iso-8859-13", Kind::kSingle, "iso-8859-13 iso8859-13 iso885913"},
    Encoding{"iso-8859-14", "iso-8859-14", Kind::kSingle, "iso-8859-14 iso8859-14 iso885914"},
    Encoding{
        "iso-8859-15",
        "iso-8859-15",
        Kind::kSingle,
        "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"
    },
    Encoding{"iso-8859-16", "iso-8859-1", Kind::kSingle, "iso-8859-16"},
    Encoding{
        "iso-8859-2",
        "iso-8859-2",
        Kind::kSingle,
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"
    },
    Encoding{
        "iso-8859-3",
        "iso-8859-3",
        Kind::kSingle,
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"
    },
    Encoding{
        "iso-8859-4",
        "iso-8859-4",
        Kind::kSingle,
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"
    },
    Encoding{
        "iso-8859-5",
        "iso-8859-5",
        Kind::kSingle,
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 "
        "iso_8859-5:1988"
    },
    Encoding{
        "iso-8859-6",
        "iso-8859-6",
        Kind::kSingle,
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
        "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"
    },
    Encoding{
        "iso-8859-7",
        "iso-8859-7",
        Kind::kSingle,
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 "
        "iso_8859-7 iso_8859-7:1987 sun_eu_greek"
    },
    Encoding{
        "iso-8859-8",
        "iso-8859-8",
        Kind::kSingle,
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 "
        "iso_8859-8 iso_8859-8:1988 visual"
    },
    Encoding{"iso-8859-8-i", "iso-8859-8", Kind::kSingle, "csiso88598i iso-8859-8-i logical"},
    Encoding{"koi8-r", "koi8-r", Kind::kSingle, "cskoi8r koi koi8 koi8-r koi8_r"},
    Encoding{"koi8-u", "koi8-u", Kind::kSingle, "koi8-ru koi8-u"},
    Encoding{"macintosh", "macintosh", Kind::kSingle, "csmacintosh mac macintosh x-mac-roman"},
    Encoding{
        "replacement",
        "",
        Kind::kReplacement,
        "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement"
    },
    Encoding{
        "shift_jis",
        "ibm-943_P15A-2003",
        Kind::kMulti,
        "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"
    },
    Encoding{"utf-16be", "UTF-16BE", Kind::kMulti, "unicodefffe utf-16be"},
    Encoding{
        "utf-16le",
        "UTF-16LE",
        Kind::kMulti,
        "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16le utf-16"
    },
    Encoding{"windows-1250", "windows-1250", Kind::kSingle, "cp1250 windows-1250 x-cp1250"},
    Encoding{"windows-1251", "windows-1251", Kind::kSingle, "cp1251 windows-1251 x-cp1251"},
    Encoding{
        "windows-1252",
        "windows-1252",
        Kind::kSingle,
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 "
        "iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252"
    },
    Encoding{"windows-1253", "windows-1253", Kind::kSingle, "cp1253 windows-1253 x-cp1253"},
    Encoding{
        "windows-1254",
        "windows-1254",
        Kind::kSingle,
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 "
        "latin5 windows-1254 x-cp1254"
    },
    Encoding{"windows-1255", "windows-1255", Kind::kSingle, "cp1255 windows-1255 x-cp1255"},
    Encoding{"windows-1256", "windows-1256", Kind::kSingle, "cp1256 windows-1256 x-cp1256"},
    Encoding{"windows-1257", "windows-1257", Kind::kSingle, "cp1257 windows-1257 x-cp1257"},
    Encoding{"windows-1258", "windows-1258", Kind::kSingle, "cp1258 windows-1258 x-cp1258"},
    Encoding{
        "windows-874",
        "windows-874-2000",
        Kind::kSingle,
        "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"
    },
    Encoding{"x-mac-cyrillic", "x-mac-cyrillic", Kind::kSingle, "x-mac-cyrillic x-mac-ukrainian"},
    Encoding{"x-user-defined", "", Kind::kUserDefined, "x-user-defined"},
};

// ICU has no ISO-8859-16: it is ISO-8859-1 with these. The others are single differences.
constexpr std::array kPatches{
    Patch{"iso-8859-16", 0xA1, 0x0104},  Patch{"iso-8859-16", 0xA2, 0x0105},
    Patch{"iso-8859-16", 0xA3, 0x0141},  Patch{"iso-8859-16", 0xA4, 0x20AC},
    Patch{"iso-8859-16", 0xA5, 0x201E},  Patch{"iso-8859-16", 0xA6, 0x0160},
    Patch{"iso-8859-16", 0xA8, 0x0161},  Patch{"iso-8859-16", 0xAA, 0x0218},
    Patch{"iso-8859-16", 0xAC, 0x0179},  Patch{"iso-8859-16", 0xAE, 0x017A},
    Patch{"iso-8859-16", 0xAF, 0x017B},  Patch{"iso-8859-16", 0xB2, 0x010C},
    Patch{"iso-8859-16", 0xB3, 0x0142},  Patch{"iso-8859-16", 0xB4, 0x017D},
    Patch{"iso-8859-16", 0xB5, 0x201D},  Patch{"iso-8859-16", 0xB8, 0x017E},
    Patch{"iso-8859-16", 0xB9, 0x010D},  Patch{"iso-8859-16", 0xBA, 0x0219},
    Patch{"iso-8859-16", 0xBC, 0x0152},  Patch{"iso-8859-16", 0xBD, 0x0153},
    Patch{"iso-8859-16", 0xBE, 0x0178},  Patch{"iso-8859-16", 0xBF, 0x017C},
    Patch{"iso-8859-16", 0xC3, 0x0102},  Patch{"iso-8859-16", 0xC5, 0x0106},
    Patch{"iso-8859-16", 0xD0, 0x0110},  Patch{"iso-8859-16", 0xD1, 0x0143},
    Patch{"iso-8859-16", 0xD5, 0x0150},  Patch{"iso-8859-16", 0xD7, 0x015A},
    Patch{"iso-8859-16", 0xD8, 0x0170},  Patch{"iso-8859-16", 0xDD, 0x0118},
    Patch{"iso-8859-16", 0xDE, 0x021A},  Patch{"iso-8859-16", 0xE3, 0x0103},
    Patch{"iso-8859-16", 0xE5, 0x0107},  Patch{"iso-8859-16", 0xF0, 0x0111},
    Patch{"iso-8859-16", 0xF1, 0x0144},  Patch{"iso-8859-16", 0xF5, 0x0151},
    Patch{"iso-8859-16", 0xF7, 0x015B},  Patch{"iso-8859-16", 0xF8, 0x0171},
    Patch{"iso-8859-16", 0xFD, 0x0119},  Patch{"iso-8859-16", 0xFE, 0x021B},
    Patch{"koi8-u", 0xAE, 0x045E},       Patch{"koi8-u", 0xBE, 0x040E},
    Patch{"windows-1253", 0xAA, 0xFFFD}, Patch{"windows-1255", 0xCA, 0x05BA},
    Patch{"gbk", 0x80, 0x20AC},          Patch{"gb18030", 0x80, 0x20AC},
    Patch{"shift_jis", 0x80, 0x0080},
};

}  // namespace

std::span<const Encoding> encodings() {
    return kEncodings;
}

const Encoding* find_encoding(std::string_view label) {
    if (label.empty() || label.contains(' ')) return nullptr;
    for (const Encoding& encoding : kEncodings)
        for (auto known : std::views::split(encoding.labels, ' '))
            if (std::string_view(known) == label) return &encoding;
    return nullptr;
}

std::span<const Patch> patches() {
    return kPatches;
}

}  // namespace weft::media::detail
