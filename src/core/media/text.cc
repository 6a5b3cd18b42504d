#include "core/media/detail/encodings.h"
#include "core/media/media.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucnv_err.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>

namespace weft::media {

using detail::Encoding;
using detail::Kind;

namespace {

constexpr char16_t kBroken = 0xFFFD;
constexpr std::size_t kPieceUnits = 4'096;

struct Close {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, Close>;

std::string trimmed_lower(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n\f";
    const auto first = std::min(text.find_first_not_of(kBlank), text.size());
    text.remove_prefix(first);
    text = text.substr(0, text.find_last_not_of(kBlank) + 1);
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::optional<char16_t> patch_of(const Encoding& encoding, unsigned char byte) {
    for (const detail::Patch& patch : detail::patches())
        if (patch.encoding == encoding.name && patch.byte == byte) return patch.unit;
    return std::nullopt;
}

/// UTF-16 in pieces -> UTF-8; a pair may be cut by the border of two pieces.
class Utf8Writer {
  public:
    explicit Utf8Writer(std::size_t bytes) { out_.utf8.reserve(bytes + bytes / 8); }

    void put(char16_t unit) {
        if (high_ != 0) {
            if (unit >= 0xDC00 && unit < 0xE000) {
                put_point(0x10000 + ((char32_t{high_} - 0xD800) << 10) + (char32_t{unit} - 0xDC00));
                high_ = 0;
                return;
            }
            put_broken();
            high_ = 0;
        }
        if (unit >= 0xD800 && unit < 0xDC00) {
            high_ = unit;
        } else if (unit == kBroken || (unit >= 0xDC00 && unit < 0xE000)) {
            put_broken();
        } else {
            put_point(unit);
        }
    }
    Text take() {
        if (high_ != 0) put_broken();
        return std::move(out_);
    }

  private:
    void put_broken() {
        out_.has_replacements = true;
        put_point(kBroken);
    }
    void put_point(char32_t point) {
        auto add = [&](char32_t byte) { out_.utf8.push_back(static_cast<char>(byte)); };
        if (point < 0x80) return add(point);
        if (point < 0x800) {
            add(0xC0 | point >> 6);
        } else if (point < 0x10000) {
            add(0xE0 | point >> 12);
            add(0x80 | (point >> 6 & 0x3F));
        } else {
            add(0xF0 | point >> 18);
            add(0x80 | (point >> 12 & 0x3F));
            add(0x80 | (point >> 6 & 0x3F));
        }
        add(0x80 | (point & 0x3F));
    }

    Text out_;
    char16_t high_ = 0;
};

/// Each broken sequence is one U+FFFD; what it ended with in ASCII stays: a quote must not be swallowed by
/// the half character before it. Out of memory and the like are left for ICU to report.
void on_broken(
    const void* context,
    UConverterToUnicodeArgs* args,
    const char* bytes,
    int32_t count,
    UConverterCallbackReason reason,
    UErrorCode* status
) {
    if (reason > UCNV_IRREGULAR) return;
    const auto& encoding = *static_cast<const Encoding*>(context);
    *status = U_ZERO_ERROR;
    std::array<UChar, 2> units{kBroken, 0};
    int32_t length = 1;
    const auto last = static_cast<unsigned char>(bytes[count - 1]);
    if (count == 1) units[0] = patch_of(encoding, last).value_or(kBroken);
    if (count > 1 && reason == UCNV_UNASSIGNED && last < 0x80)
        units[static_cast<std::size_t>(length++)] = last;
    ucnv_cbToUWriteUChars(args, units.data(), length, 0, status);
}

Converter open(const Encoding& encoding) {
    UErrorCode status = U_ZERO_ERROR;
    Converter out(ucnv_open(encoding.converter, &status));
    if (U_FAILURE(status)) return nullptr;
    ucnv_setToUCallBack(out.get(), &on_broken, &encoding, nullptr, nullptr, &status);
    return U_FAILURE(status) ? nullptr : std::move(out);
}

/// What ICU's tables say differently: IBM's three swapped control characters, and private characters where
/// the standard has none.
char16_t as_standard(const Encoding& encoding, char16_t unit) {
    if (encoding.name == "shift_jis")
        return unit == 0x1A ? 0x7F : unit == 0x1C ? 0x1A : unit == 0x7F ? 0x1C : unit;
    const bool is_added = encoding.name == "big5" || encoding.name == "euc-kr" || encoding.name == "euc-jp" ||
                          encoding.name == "windows-874";
    return is_added && unit >= 0xE000 && unit < 0xF900 ? kBroken : unit;
}

using Alphabet = std::array<char16_t, 256>;

/// ASCII stands for itself in each of them.
Alphabet make_alphabet(const Encoding& encoding) {
    Alphabet out{};
    out.fill(kBroken);
    const Converter converter = open(encoding);
    for (unsigned i = 0; i < 256; ++i) {
        if (i < 0x80) {
            out[i] = static_cast<char16_t>(i);
        } else if (auto patch = patch_of(encoding, static_cast<unsigned char>(i))) {
            out[i] = *patch;
        } else if (converter != nullptr) {
            const char byte = static_cast<char>(i);
            UErrorCode status = U_ZERO_ERROR;
            std::array<UChar, 2> unit{};
            const int32_t count = ucnv_toUChars(converter.get(), unit.data(), 2, &byte, 1, &status);
            if (U_SUCCESS(status) && count == 1) out[i] = as_standard(encoding, unit[0]);
        }
    }
    return out;
}

/// All of them are made at the first use: some 2 ms, and 15 KB from then on.
const Alphabet& alphabet_of(const Encoding& encoding) {
    static const std::map<std::string_view, Alphabet> alphabets = [] {
        std::map<std::string_view, Alphabet> out;
        for (const Encoding& one : detail::encodings())
            if (one.kind == Kind::kSingle) out.emplace(one.name, make_alphabet(one));
        return out;
    }();
    return alphabets.at(encoding.name);
}

Text from_single(const Encoding& encoding, std::string_view bytes) {
    const Alphabet& alphabet = alphabet_of(encoding);
    Utf8Writer out(bytes.size());
    for (char c : bytes) out.put(alphabet[static_cast<unsigned char>(c)]);
    return out.take();
}

Text from_multi(const Encoding& encoding, std::string_view bytes) {
    Utf8Writer out(bytes.size());
    const Converter converter = open(encoding);
    std::array<UChar, kPieceUnits> piece;
    const char* from = bytes.data();
    const char* const end = from + bytes.size();
    for (bool is_full = converter != nullptr; is_full;) {
        UChar* to = piece.data();
        UErrorCode status = U_ZERO_ERROR;
        ucnv_toUnicode(converter.get(), &to, piece.data() + piece.size(), &from, end, nullptr, 1, &status);
        for (const UChar* unit = piece.data(); unit != to; ++unit) out.put(as_standard(encoding, *unit));
        is_full = status == U_BUFFER_OVERFLOW_ERROR;
    }
    return out.take();
}

Text decode(const Encoding& encoding, std::string bytes) {
    switch (encoding.kind) {
        case Kind::kSingle:
            return from_single(encoding, bytes);
        case Kind::kMulti:
            if (encoding.name == "utf-8" && is_utf8(bytes)) return {.utf8 = std::move(bytes)};
            return from_multi(encoding, bytes);
        case Kind::kReplacement:
            return bytes.empty() ? Text{} : Text{.utf8 = "\xEF\xBF\xBD", .has_replacements = true};
        case Kind::kUserDefined:
            break;
    }
    Utf8Writer out(bytes.size());
    for (char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.put(static_cast<char16_t>(byte < 0x80 ? byte : 0xF780 + byte - 0x80));
    }
    return out.take();
}

struct Mark {
    std::string_view bytes;
    std::string_view encoding;
};
constexpr std::array kMarks{
    Mark{"\xEF\xBB\xBF", "utf-8"},
    Mark{"\xFE\xFF", "utf-16be"},
    Mark{"\xFF\xFE", "utf-16le"},
};

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t more = lead < 0x80   ? 0
                                 : lead < 0xC2 ? 9
                                 : lead < 0xE0 ? 1
                                 : lead < 0xF0 ? 2
                                 : lead < 0xF5 ? 3
                                               : 9;
        if (more == 9 || at + more >= text.size()) return false;
        char32_t point = more == 0 ? lead : lead & (0x3F >> more);
        for (std::size_t i = 1; i <= more; ++i) {
            const auto next = static_cast<unsigned char>(text[at + i]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3F);
        }
        const bool is_overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (is_overlong || (point >= 0xD800 && point < 0xE000) || point > 0x10FFFF) return false;
        at += more + 1;
    }
    return true;
}

std::string_view encoding_of(std::string_view label) {
    const Encoding* found = detail::find_encoding(trimmed_lower(label));
    return found == nullptr ? std::string_view() : found->name;
}

Text to_utf8(std::string bytes, std::string_view label) {
    for (const Mark& mark : kMarks) {
        if (!bytes.starts_with(mark.bytes)) continue;
        return decode(*detail::find_encoding(mark.encoding), bytes.substr(mark.bytes.size()));
    }
    const Encoding* found = detail::find_encoding(trimmed_lower(label));
    if (found != nullptr) return decode(*found, std::move(bytes));
    Text out = decode(*detail::find_encoding("utf-8"), std::move(bytes));
    out.is_label_unknown = !trimmed_lower(label).empty();
    return out;
}

namespace {

std::u16string utf16_of(const std::string& text) {
    std::u16string out(text.size(), u'\0');  // never more units than bytes
    UErrorCode status = U_ZERO_ERROR;
    int32_t count = 0;
    u_strFromUTF8(
        out.data(),
        static_cast<int32_t>(out.size()),
        &count,
        text.data(),
        static_cast<int32_t>(text.size()),
        &status
    );
    out.resize(U_FAILURE(status) ? 0 : static_cast<std::size_t>(count));
    return out;
}

std::optional<std::string> to_single(const Encoding& encoding, const std::u16string& units) {
    const Alphabet& alphabet = alphabet_of(encoding);
    std::map<char16_t, char> bytes;
    for (std::size_t i = 0; i < alphabet.size(); ++i) bytes.emplace(alphabet[i], static_cast<char>(i));
    bytes.erase(kBroken);
    std::string out;
    for (char16_t unit : units) {
        const auto byte = bytes.find(unit);
        if (byte == bytes.end()) return std::nullopt;
        out += byte->second;
    }
    return out;
}

std::optional<std::string> to_multi(const Encoding& encoding, const std::u16string& units) {
    const Converter converter = open(encoding);
    if (converter == nullptr) return std::nullopt;
    UErrorCode status = U_ZERO_ERROR;
    ucnv_setFromUCallBack(converter.get(), UCNV_FROM_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
    std::string out(UCNV_GET_MAX_BYTES_FOR_STRING(units.size(), ucnv_getMaxCharSize(converter.get())), '\0');
    const int32_t count = ucnv_fromUChars(
        converter.get(),
        out.data(),
        static_cast<int32_t>(out.size()),
        units.data(),
        static_cast<int32_t>(units.size()),
        &status
    );
    if (U_FAILURE(status)) return std::nullopt;
    out.resize(static_cast<std::size_t>(count));
    return out;
}

}  // namespace

std::optional<std::string> from_utf8(std::string text, std::string_view label) {
    const Encoding* found = detail::find_encoding(trimmed_lower(label));
    if (found == nullptr || found->name == "utf-8") return text;
    if (found->kind != Kind::kSingle && found->kind != Kind::kMulti) return std::nullopt;
    const std::u16string units = utf16_of(text);
    return found->kind == Kind::kSingle ? to_single(*found, units) : to_multi(*found, units);
}

ContentType parse_content_type(std::string_view header) {
    ContentType out;
    std::size_t end = std::min(header.find_first_of(";,"), header.size());
    out.type = trimmed_lower(header.substr(0, end));
    while (end < header.size()) {
        header.remove_prefix(end + 1);
        end = std::min(header.find(';'), header.size());
        const std::string_view parameter = header.substr(0, end);
        const auto equals = parameter.find('=');
        if (equals == std::string_view::npos || trimmed_lower(parameter.substr(0, equals)) != "charset")
            continue;
        std::string value = trimmed_lower(parameter.substr(equals + 1));
        std::erase_if(value, [](char c) { return c == '"' || c == '\''; });  // some quote, and with either
        out.charset = value.substr(0, 64);
        break;
    }
    return out;
}

bool is_json(std::string_view type) {
    return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

bool is_xml(std::string_view type) {
    return type == "application/xml" || type == "text/xml" || type.ends_with("+xml");
}

bool is_text(std::string_view type) {
    static constexpr std::array<std::string_view, 10> kOthers{
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
        "application/ndjson",
        "application/yaml",
        "application/x-yaml",
        "application/csv",
        "application/graphql",
    };
    return type.starts_with("text/") || is_json(type) || is_xml(type) ||
           std::ranges::find(kOthers, type) != kOthers.end();
}

bool has_mark(std::string_view bytes) {
    return std::ranges::any_of(kMarks, [&](const Mark& mark) { return bytes.starts_with(mark.bytes); });
}

std::string header_text(std::string value) {
    return is_utf8(value) ? std::move(value) : to_utf8(std::move(value), "iso-8859-1").utf8;
}

std::string_view xml_encoding(std::string_view bytes) {
    if (!bytes.starts_with("<?xml")) return "";
    bytes = bytes.substr(0, std::min<std::size_t>(bytes.find("?>"), 256));
    const auto at = bytes.find("encoding");
    if (at == std::string_view::npos) return "";
    const auto quote = bytes.find_first_of("\"'", at);
    if (quote == std::string_view::npos) return "";
    const auto end = bytes.find(bytes[quote], quote + 1);
    return end == std::string_view::npos ? "" : bytes.substr(quote + 1, end - quote - 1);
}

}  // namespace weft::media
