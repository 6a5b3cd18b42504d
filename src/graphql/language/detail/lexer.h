#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

/// Source text to tokens.
namespace weft::graphql::detail {

enum class TokenKind : std::uint8_t {
    kEnd,
    kBang,
    kDollar,
    kAmp,
    kParenLeft,
    kParenRight,
    kSpread,
    kColon,
    kEquals,
    kAt,
    kBracketLeft,
    kBracketRight,
    kBraceLeft,
    kPipe,
    kBraceRight,
    kName,
    kInt,
    kFloat,
    kString,
    kBlockString,
    kFailed,  // the lexer or the parser has given up: nothing matches it, so every loop ends
};

/// How messages call a kind: `"{"`, `Name`, `<EOF>`.
std::string_view kind_name(TokenKind kind);

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::uint32_t at = 0;
    std::uint32_t end = 0;
    std::string_view text;  // name, number as written, string decoded; empty for punctuators
};

/// `Name "id"`, `"{"`, `<EOF>`.
std::string describe(const Token& token);

/// Reads one token after the other. `source` and `arena` must outlive the tokens: their texts view into them.
class Lexer {
  public:
    Lexer(std::string_view source, std::pmr::memory_resource& arena) : source_(source), arena_(&arena) {}

    /// The token after the last one; kFailed when there is none, and then message() and failed_at() say why.
    Token next();
    const std::string& message() const { return message_; }
    std::uint32_t failed_at() const { return failed_at_; }

  private:
    /// The byte there, or 0 past the end (a NUL in the text is no part of any token either).
    unsigned char byte(std::size_t at) const {
        return at < source_.size() ? static_cast<unsigned char>(source_[at]) : 0;
    }
    void skip_ignored();
    void skip_comment();
    Token token(TokenKind kind, std::size_t end, std::string_view text = {});
    Token failed(std::size_t at, std::string message);
    Token unknown_character();
    Token number();
    std::size_t digits(std::size_t from);  // npos: failed
    Token string();
    Token escaped_string(std::size_t first_escape);
    Token block_string();
    bool skip_character(std::size_t& at);
    bool append_escape(std::string& out, std::size_t& at);
    bool append_braced_escape(std::string& out, std::size_t& at);
    bool append_hex_escape(std::string& out, std::size_t& at);
    std::int32_t hex4(std::size_t at) const;
    std::string code_point_name(std::size_t at) const;
    std::string_view units(std::size_t at, std::size_t count) const;
    std::string_view keep(std::string_view text);

    std::string_view source_;
    std::pmr::memory_resource* arena_;
    std::size_t at_ = 0;  // of the token being read, then of the first byte after it
    std::string message_;
    std::uint32_t failed_at_ = 0;
};

}  // namespace weft::graphql::detail
