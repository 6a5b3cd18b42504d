#include "graphql/language/detail/lexer.h"

#include "base/utf8.h"
#include "graphql/language/detail/block_string.h"

#include <fmt/format.h>

#include <cstring>

namespace weft::graphql::detail {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

enum Class : unsigned char {
    kNameStart = 1,
    kDigit = 2,
    kPlain = 4,  // may stand in a string as it is, one byte long
};

constexpr std::array<unsigned char, 256> make_classes() {
    std::array<unsigned char, 256> out{};
    for (int c = 0; c < 0x80; ++c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (is_letter) out[static_cast<std::size_t>(c)] |= kNameStart;
        if (c >= '0' && c <= '9') out[static_cast<std::size_t>(c)] |= kDigit;
        if (c != '"' && c != '\\' && c != '\n' && c != '\r') out[static_cast<std::size_t>(c)] |= kPlain;
    }
    return out;
}
constexpr auto kClasses = make_classes();

bool is(unsigned char byte, int classes) {
    return (kClasses[byte] & classes) != 0;
}

constexpr std::array<TokenKind, 128> make_punctuators() {
    std::array<TokenKind, 128> out{};
    out['!'] = TokenKind::kBang;
    out['$'] = TokenKind::kDollar;
    out['&'] = TokenKind::kAmp;
    out['('] = TokenKind::kParenLeft;
    out[')'] = TokenKind::kParenRight;
    out[':'] = TokenKind::kColon;
    out['='] = TokenKind::kEquals;
    out['@'] = TokenKind::kAt;
    out['['] = TokenKind::kBracketLeft;
    out[']'] = TokenKind::kBracketRight;
    out['{'] = TokenKind::kBraceLeft;
    out['|'] = TokenKind::kPipe;
    out['}'] = TokenKind::kBraceRight;
    return out;
}
constexpr auto kPunctuators = make_punctuators();

bool is_scalar_value(std::int32_t point) {
    return (point >= 0 && point <= 0xD7FF) || (point >= 0xE000 && point <= 0x10FFFF);
}

std::int32_t hex_digit(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string_view kind_name(TokenKind kind) {
    static constexpr std::string_view kNames[] = {
        "<EOF>", "\"!\"", "\"$\"", "\"&\"", "\"(\"",  "\")\"",       "\"...\"",
        "\":\"", "\"=\"", "\"@\"", "\"[\"", "\"]\"",  "\"{\"",       "\"|\"",
        "\"}\"", "Name",  "Int",   "Float", "String", "BlockString", "<EOF>",
    };
    return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const Token& token) {
    std::string out(kind_name(token.kind));
    if (token.kind >= TokenKind::kName && token.kind <= TokenKind::kBlockString) {
        out.append(" \"").append(token.text).append("\"");
    }
    return out;
}

Token Lexer::next() {
    skip_ignored();
    if (at_ >= source_.size()) return token(TokenKind::kEnd, source_.size());
    const unsigned char c = byte(at_);
    if (is(c, kNameStart)) {
        std::size_t end = at_ + 1;
        while (is(byte(end), kNameStart | kDigit)) ++end;
        return token(TokenKind::kName, end, source_.substr(at_, end - at_));
    }
    if (c < 0x80 && kPunctuators[c] != TokenKind::kEnd) return token(kPunctuators[c], at_ + 1);
    if (is(c, kDigit) || c == '-') return number();
    if (c == '"') return source_.substr(at_).starts_with("\"\"\"") ? block_string() : string();
    if (c == '.' && source_.substr(at_).starts_with("...")) return token(TokenKind::kSpread, at_ + 3);
    return unknown_character();
}

void Lexer::skip_ignored() {
    for (; at_ < source_.size(); ++at_) {
        switch (byte(at_)) {
            case ' ':
            case ',':
            case '\n':
            case '\r':
            case '\t':
                break;
            case '#':
                skip_comment();
                break;
            case 0xEF:
                if (!source_.substr(at_).starts_with(kByteOrderMark)) return;
                at_ += 2;
                break;
            default:
                return;
        }
    }
}

// Stops before the end of the line, or before a byte that is no character: next() then reports that one.
void Lexer::skip_comment() {
    std::size_t end = at_ + 1;
    while (end < source_.size() && byte(end) != '\n' && byte(end) != '\r' && skip_character(end)) {
    }
    at_ = end - 1;
}

Token Lexer::token(TokenKind kind, std::size_t end, std::string_view text) {
    const Token out{
        .kind = kind,
        .at = static_cast<std::uint32_t>(at_),
        .end = static_cast<std::uint32_t>(end),
        .text = text,
    };
    at_ = end;
    return out;
}

Token Lexer::failed(std::size_t at, std::string message) {
    message_ = std::move(message);
    failed_at_ = static_cast<std::uint32_t>(at);
    return {.kind = TokenKind::kFailed, .at = failed_at_, .end = failed_at_, .text = {}};
}

Token Lexer::unknown_character() {
    if (byte(at_) == '\'') {
        return failed(at_, "Unexpected single quote character ('), did you mean to use a double quote (\")?");
    }
    const bool is_character = utf8::sequence_length(source_.substr(at_)) != 0;
    return failed(
        at_, fmt::format("{} character: {}.", is_character ? "Unexpected" : "Invalid", code_point_name(at_))
    );
}

Token Lexer::number() {
    std::size_t end = at_;
    TokenKind kind = TokenKind::kInt;
    if (byte(end) == '-') ++end;
    if (byte(end) == '0') {
        ++end;
        if (is(byte(end), kDigit)) {
            return failed(
                end, fmt::format("Invalid number, unexpected digit after 0: {}.", code_point_name(end))
            );
        }
    } else if ((end = digits(end)) == std::string_view::npos) {
        return failed(failed_at_, message_);
    }
    if (byte(end) == '.') {
        kind = TokenKind::kFloat;
        if ((end = digits(end + 1)) == std::string_view::npos) return failed(failed_at_, message_);
    }
    if (byte(end) == 'e' || byte(end) == 'E') {
        kind = TokenKind::kFloat;
        ++end;
        if (byte(end) == '+' || byte(end) == '-') ++end;
        if ((end = digits(end)) == std::string_view::npos) return failed(failed_at_, message_);
    }
    if (byte(end) == '.' || is(byte(end), kNameStart)) {
        return failed(end, fmt::format("Invalid number, expected digit but got: {}.", code_point_name(end)));
    }
    return token(kind, end, source_.substr(at_, end - at_));
}

std::size_t Lexer::digits(std::size_t from) {
    if (!is(byte(from), kDigit)) {
        failed(from, fmt::format("Invalid number, expected digit but got: {}.", code_point_name(from)));
        return std::string_view::npos;
    }
    while (is(byte(from), kDigit)) ++from;
    return from;
}

bool Lexer::skip_character(std::size_t& at) {
    const std::size_t length = byte(at) < 0x80 ? 1 : utf8::sequence_length(source_.substr(at));
    at += length;
    return length != 0;
}

// Without an escape, the value is a view of the source.
Token Lexer::string() {
    std::size_t end = at_ + 1;
    while (end < source_.size()) {
        const unsigned char c = byte(end);
        if (is(c, kPlain)) {
            ++end;
        } else if (c == '"') {
            return token(TokenKind::kString, end + 1, source_.substr(at_ + 1, end - at_ - 1));
        } else if (c == '\\') {
            return escaped_string(end);
        } else if (c == '\n' || c == '\r') {
            break;
        } else if (!skip_character(end)) {
            return failed(end, fmt::format("Invalid character within String: {}.", code_point_name(end)));
        }
    }
    return failed(end, "Unterminated string.");
}

Token Lexer::escaped_string(std::size_t first_escape) {
    std::string value(source_.substr(at_ + 1, first_escape - at_ - 1));
    std::size_t end = first_escape;
    while (end < source_.size()) {
        const unsigned char c = byte(end);
        if (c == '"') return token(TokenKind::kString, end + 1, keep(value));
        if (c == '\n' || c == '\r') break;
        if (c == '\\') {
            if (!append_escape(value, end)) return failed(failed_at_, message_);
            continue;
        }
        const std::size_t from = end;
        if (!skip_character(end)) {
            return failed(end, fmt::format("Invalid character within String: {}.", code_point_name(end)));
        }
        value.append(source_.substr(from, end - from));
    }
    return failed(end, "Unterminated string.");
}

bool Lexer::append_escape(std::string& out, std::size_t& at) {
    const unsigned char kind = byte(at + 1);
    if (kind == 'u') {
        return byte(at + 2) == '{' ? append_braced_escape(out, at) : append_hex_escape(out, at);
    }
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t which = at + 1 < source_.size() ? kLetters.find(source_[at + 1]) : std::string::npos;
    if (which == std::string_view::npos) {
        failed(at, fmt::format("Invalid character escape sequence: \"{}\".", units(at, 2)));
        return false;
    }
    out += kMeanings[which];
    at += 2;
    return true;
}

// \u{1F600}: one to eight digits. The bound keeps the message short, as the reference implementation does.
bool Lexer::append_braced_escape(std::string& out, std::size_t& at) {
    static constexpr std::size_t kLengthMax = 12;
    std::uint32_t point = 0;
    std::size_t size = 3;
    while (size < kLengthMax) {
        const unsigned char c = byte(at + size++);
        if (c == '}') {
            if (size < 5 || !is_scalar_value(static_cast<std::int32_t>(point))) break;
            utf8::append(out, point);
            at += size;
            return true;
        }
        const std::int32_t digit = hex_digit(c);
        point = point << 4 | static_cast<std::uint32_t>(digit);
        if (digit < 0 || static_cast<std::int32_t>(point) < 0) break;
    }
    failed(at, fmt::format("Invalid Unicode escape sequence: \"{}\".", units(at, size)));
    return false;
}

bool Lexer::append_hex_escape(std::string& out, std::size_t& at) {
    const std::int32_t code = hex4(at + 2);
    if (is_scalar_value(code)) {
        utf8::append(out, static_cast<char32_t>(code));
        at += 6;
        return true;
    }
    // Two escapes may spell a surrogate pair, as in JSON; half a pair is no text.
    if (code >= 0xD800 && code <= 0xDBFF && byte(at + 6) == '\\' && byte(at + 7) == 'u') {
        const std::int32_t trail = hex4(at + 8);
        if (trail >= 0xDC00 && trail <= 0xDFFF) {
            const std::int32_t point = 0x10000 + ((code - 0xD800) << 10) + (trail - 0xDC00);
            utf8::append(out, static_cast<char32_t>(point));
            at += 12;
            return true;
        }
    }
    failed(at, fmt::format("Invalid Unicode escape sequence: \"{}\".", units(at, 6)));
    return false;
}

std::int32_t Lexer::hex4(std::size_t at) const {
    std::int32_t out = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const std::int32_t digit = hex_digit(byte(i));
        if (digit < 0) return -1;
        out = out << 4 | digit;
    }
    return out;
}

Token Lexer::block_string() {
    std::size_t end = at_ + 3;
    bool has_escape = false;
    while (end < source_.size()) {
        if (is(byte(end), kPlain)) {
            ++end;
            continue;
        }
        const std::string_view rest = source_.substr(end);
        if (rest.starts_with("\"\"\"")) {
            const std::string_view raw = source_.substr(at_ + 3, end - at_ - 3);
            const bool is_plain = !has_escape && is_its_own_value(raw);
            const std::string_view value = is_plain ? raw : keep(block_string_value(raw));
            return token(TokenKind::kBlockString, end + 3, value);
        }
        if (rest.starts_with("\\\"\"\"")) {
            has_escape = true;
            end += 4;
        } else if (!skip_character(end)) {
            return failed(end, fmt::format("Invalid character within String: {}.", code_point_name(end)));
        }
    }
    return failed(end, "Unterminated string.");
}

std::string Lexer::code_point_name(std::size_t at) const {
    if (at >= source_.size()) return std::string(kind_name(TokenKind::kEnd));
    const char c = source_[at];
    if (c == '"') return "'\"'";
    if (c >= 0x20 && c <= 0x7E) return fmt::format("\"{}\"", c);
    const std::size_t length = utf8::sequence_length(source_.substr(at));
    if (length == 0) return fmt::format("byte 0x{:02X}", static_cast<unsigned char>(c));
    return fmt::format("U+{:04X}", static_cast<std::uint32_t>(utf8::decode(source_.substr(at, length))));
}

// The characters that fit into `count` UTF-16 code units, fewer at the end of the text or before a bad byte.
std::string_view Lexer::units(std::size_t at, std::size_t count) const {
    std::size_t end = at;
    while (end < source_.size()) {
        const std::size_t length = utf8::sequence_length(source_.substr(end));
        const std::size_t cost = length == 4 ? 2 : 1;
        if (length == 0 || cost > count) break;
        count -= cost;
        end += length;
    }
    return source_.substr(at, end - at);
}

std::string_view Lexer::keep(std::string_view text) {
    if (text.empty()) return {};
    char* copy = static_cast<char*>(arena_->allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
}

}  // namespace weft::graphql::detail
