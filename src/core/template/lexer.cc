#include "core/template/detail/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

namespace weft::templates::detail {

namespace {

constexpr std::array kReserved = std::to_array<std::string_view>(
    {"async",    "await",  "break", "case",   "catch",  "class",      "const", "continue", "debugger",
     "default",  "delete", "do",    "else",   "export", "extends",    "false", "finally",  "for",
     "function", "get",    "if",    "import", "in",     "instanceof", "let",   "new",      "null",
     "of",       "return", "set",   "static", "super",  "switch",     "this",  "throw",    "true",
     "try",      "typeof", "var",   "void",   "while",  "with",       "yield"}
);

constexpr std::array kGlobals = std::to_array<std::string_view>(
    {"AggregateError",
     "Array",
     "ArrayBuffer",
     "BigInt",
     "BigInt64Array",
     "BigUint64Array",
     "Boolean",
     "DataView",
     "Date",
     "Error",
     "EvalError",
     "FinalizationRegistry",
     "Float16Array",
     "Float32Array",
     "Float64Array",
     "Infinity",
     "Int16Array",
     "Int32Array",
     "Int8Array",
     "Iterator",
     "JSON",
     "Map",
     "Math",
     "NaN",
     "Number",
     "Object",
     "Promise",
     "Proxy",
     "RangeError",
     "ReferenceError",
     "Reflect",
     "RegExp",
     "Set",
     "String",
     "Symbol",
     "SyntaxError",
     "TypeError",
     "URIError",
     "Uint16Array",
     "Uint32Array",
     "Uint8Array",
     "Uint8ClampedArray",
     "WeakMap",
     "WeakRef",
     "WeakSet",
     "arguments",
     "atob",
     "btoa",
     "console",
     "decodeURI",
     "decodeURIComponent",
     "encodeURI",
     "encodeURIComponent",
     "escape",
     "globalThis",
     "isFinite",
     "isNaN",
     "parseFloat",
     "parseInt",
     "performance",
     "queueMicrotask",
     "undefined",
     "unescape"}
);

/// Keywords after which an operand follows, so that a slash starts a regular expression.
constexpr std::array kBeforeOperand = std::to_array<std::string_view>(
    {"await",
     "case",
     "delete",
     "do",
     "else",
     "in",
     "instanceof",
     "new",
     "of",
     "return",
     "throw",
     "typeof",
     "void",
     "yield"}
);

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

class Lexer {
  public:
    Lexer(std::string_view text, std::size_t start, Until until) : text_(text), at_(start), until_(until) {}

    std::expected<Scan, ScanError> run() {
        while (!error_ && !is_closed_) {
            skip_blank();
            if (error_) break;
            if (at_ >= text_.size()) {
                if (until_ == Until::kBraces && open_.empty()) fail(at_, "the {{ is not closed with }}");
                break;
            }
            step();
        }
        if (!error_ && !open_.empty()) {
            const Token& token = tokens_[open_.back()];
            fail(token.at, "'" + std::string(token.text) + "' is not closed");
        }
        if (error_) return std::unexpected(std::move(*error_));
        return Scan{std::move(tokens_), at_};
    }

  private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    void fail(std::size_t at, std::string message) {
        if (!error_) error_ = ScanError{at, std::move(message)};
    }
    void add(Kind kind, std::size_t from) {
        tokens_.push_back({kind, text_.substr(from, at_ - from), from, 0});
    }

    void skip_blank() {
        for (;;) {
            if (is_space(peek()) && at_ < text_.size()) {
                ++at_;
            } else if (text_.substr(at_).starts_with("\xc2\xa0")) {
                at_ += 2;  // no-break space, which editors like to paste
            } else if (peek() == '/' && peek(1) == '/') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (peek() == '/' && peek(1) == '*') {
                std::size_t end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) return fail(at_, "the comment is not closed with */");
                at_ = end + 2;
            } else {
                return;
            }
        }
    }

    void step() {
        const char c = peek();
        const std::size_t from = at_;
        if (is_name_start(c)) {
            while (is_name_start(peek()) || is_digit(peek())) ++at_;
            if (peek() == '\\') return fail(at_, "escapes in names are not supported");
            add(Kind::kName, from);
        } else if (c == '\\') {
            fail(at_, "escapes in names are not supported");
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            number();
        } else if (c == '"' || c == '\'') {
            string(c);
        } else if (c == '`') {
            ++at_;
            template_piece(from);
        } else if (c == '/' && is_operand_next()) {
            regex();
        } else {
            punctuator();
        }
    }

    void number() {
        const std::size_t from = at_;
        const bool is_hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
        for (;; ++at_) {
            char c = peek();
            if (!is_hex && (c == 'e' || c == 'E') && (peek(1) == '+' || peek(1) == '-'))
                ++at_;
            else if (!(is_digit(c) || c == '.' || (is_name_start(c) && static_cast<unsigned char>(c) < 0x80)))
                break;
        }
        add(Kind::kNumber, from);
    }

    void string(char quote) {
        const std::size_t from = at_++;
        while (at_ < text_.size() && peek() != quote && peek() != '\n') at_ += peek() == '\\' ? 2 : 1;
        if (at_ >= text_.size() || peek() != quote) return fail(from, "the string is not closed");
        ++at_;
        add(Kind::kString, from);
    }

    /// From behind ` or the } of a substitution, up to the next ${ or the closing `.
    void template_piece(std::size_t from) {
        while (at_ < text_.size() && peek() != '`' && !(peek() == '$' && peek(1) == '{')) {
            at_ += peek() == '\\' ? 2 : 1;
        }
        if (at_ >= text_.size()) return fail(from, "the template literal is not closed with `");
        if (peek() == '`') {
            ++at_;
            return add(Kind::kTemplate, from);
        }
        add(Kind::kTemplate, from);
        open(at_, 2);
    }

    void regex() {
        const std::size_t from = at_++;
        bool is_class = false;
        for (; at_ < text_.size() && peek() != '\n'; ++at_) {
            char c = peek();
            if (c == '\\')
                ++at_;
            else if (c == '[')
                is_class = true;
            else if (c == ']')
                is_class = false;
            else if (c == '/' && !is_class)
                break;
        }
        if (at_ >= text_.size() || peek() != '/') return fail(from, "the regular expression is not closed");
        ++at_;
        while (is_name_start(peek())) ++at_;
        add(Kind::kRegex, from);
    }

    bool is_operand_next() const {
        if (tokens_.empty()) return true;
        const Token& last = tokens_.back();
        switch (last.kind) {
            case Kind::kName: {
                const bool is_member = tokens_.size() > 1 && (tokens_[tokens_.size() - 2].is(".") ||
                                                              tokens_[tokens_.size() - 2].is("?."));
                return !is_member && std::ranges::binary_search(kBeforeOperand, last.text);
            }
            case Kind::kPunctuator:
                // A } may end a block (operand) or an object (operator); in expressions it is the latter.
                return !(
                    last.text == ")" || last.text == "]" || last.text == "}" || last.text == "++" ||
                    last.text == "--"
                );
            default:
                return false;
        }
    }

    void open(std::size_t from, std::size_t size) {
        at_ = from + size;
        open_.push_back(tokens_.size());
        add(Kind::kPunctuator, from);
    }

    void close(char c) {
        const std::size_t from = at_;
        if (open_.empty()) {
            if (until_ == Until::kBraces && c == '}' && peek(1) == '}') {
                is_closed_ = true;
                return;
            }
            return fail(from, std::string("unexpected '") + c + "'");
        }
        const std::size_t partner = open_.back();
        const std::string_view opener = tokens_[partner].text;
        const char wanted = opener == "(" ? ')' : opener == "[" ? ']' : '}';
        if (c != wanted) return fail(from, std::string("expected '") + wanted + "' before '" + c + "'");
        open_.pop_back();
        ++at_;
        tokens_[partner].match = tokens_.size();
        add(Kind::kPunctuator, from);
        tokens_.back().match = partner;
        if (opener == "${") template_piece(at_);
    }

    void punctuator() {
        const std::size_t from = at_;
        const std::string_view rest = text_.substr(at_);
        const char c = rest.front();
        if (c == '(' || c == '[' || c == '{') return open(from, 1);
        if (c == ')' || c == ']' || c == '}') return close(c);
        std::size_t size = 1;
        if (rest.starts_with("..."))
            size = 3;
        else if (rest.starts_with("=>") || rest.starts_with("++") || rest.starts_with("--"))
            size = 2;
        else if (rest.starts_with("?.") && !is_digit(peek(2)))
            size = 2;
        at_ += size;
        add(Kind::kPunctuator, from);
    }

    std::string_view text_;
    std::size_t at_;
    Until until_;
    bool is_closed_ = false;
    std::vector<Token> tokens_;
    std::vector<std::size_t> open_;  // indexes of unclosed brackets
    std::optional<ScanError> error_;
};

}  // namespace

std::expected<Scan, ScanError> scan(std::string_view text, std::size_t start, Until until) {
    return Lexer(text, start, until).run();
}

}  // namespace weft::templates::detail

namespace weft::templates {

bool is_reserved(std::string_view name) {
    return std::ranges::binary_search(detail::kReserved, name);
}

bool is_global(std::string_view name) {
    return std::ranges::binary_search(detail::kGlobals, name);
}

Result<std::vector<Token>> tokens(std::string_view source) {
    auto scan = detail::scan(source, 0, detail::Until::kEnd);
    if (!scan) return fail(Error::invalid(scan.error().message));
    return std::move(scan->tokens);
}

}  // namespace weft::templates
