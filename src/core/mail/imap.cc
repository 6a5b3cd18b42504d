#include "core/mail/imap.h"

#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weft::mail {

namespace {

constexpr std::size_t kFolderBytesMax = 500;

Error broken(std::string_view what) {
    return Error::invalid(fmt::format("The mail server's answer is not IMAP: {}", what));
}

template <class T>
std::optional<T> number_of(std::string_view text) {
    T out{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

bool is_same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
        return upper(x) == upper(y);
    });
}

/// How many bytes the literal has that a line announces at its end: "{12}".
std::optional<std::size_t> literal_of(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    const std::size_t open = line.rfind('{');
    if (open == std::string_view::npos) return std::nullopt;
    return number_of<std::size_t>(line.substr(open + 1, line.size() - open - 2));
}

class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    bool is_done() {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
        return rest_.empty();
    }
    Result<Node> value(int depth) {
        if (++nodes_ > Node::kNodesMax || depth > Node::kDepthMax) return fail(broken("it is too deep"));
        if (is_done()) return fail(broken("a value is missing"));
        switch (rest_.front()) {
            case '(':
                return list(depth);
            case '"':
                return quoted();
            case '{':
                return literal();
            case ')':
                return fail(broken("a list ends that has not begun"));
            default:
                return atom();
        }
    }

  private:
    Result<Node> list(int depth) {
        rest_.remove_prefix(1);
        Node out{.kind = Node::Kind::kList, .text = {}, .list = {}};
        for (;;) {
            if (is_done()) return fail(broken("a list does not end"));
            if (rest_.front() == ')') break;
            TRY(Node item, value(depth + 1));
            out.list.push_back(std::move(item));
        }
        rest_.remove_prefix(1);
        return out;
    }
    Result<Node> quoted() {
        Node out{.kind = Node::Kind::kText, .text = {}, .list = {}};
        std::size_t at = 1;
        for (; at < rest_.size() && rest_[at] != '"'; ++at) {
            if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
            out.text += rest_[at];
        }
        if (at >= rest_.size()) return fail(broken("a string does not end"));
        rest_.remove_prefix(at + 1);
        return out;
    }
    Result<Node> literal() {
        const std::size_t line = rest_.find("\r\n");
        const auto size = literal_of(rest_.substr(0, line));
        if (line == std::string_view::npos || !size || *size > rest_.size() - line - 2)
            return fail(broken("a literal is cut"));
        Node out{.kind = Node::Kind::kText, .text = std::string(rest_.substr(line + 2, *size)), .list = {}};
        rest_.remove_prefix(line + 2 + *size);
        return out;
    }
    /// Names of sections hold brackets, and in them blanks: BODY[HEADER.FIELDS (DATE)].
    Result<Node> atom() {
        std::size_t at = 0;
        bool is_in_brackets = false;
        for (; at < rest_.size(); ++at) {
            const char c = rest_[at];
            if (c == '[') is_in_brackets = true;
            if (c == ']') is_in_brackets = false;
            if (!is_in_brackets && (c == ' ' || c == '(' || c == ')' || c == '\r')) break;
        }
        if (at == 0) return fail(broken("a value is missing"));
        Node out{.kind = Node::Kind::kAtom, .text = std::string(rest_.substr(0, at)), .list = {}};
        if (is_same_word(out.text, "NIL")) out = Node{};
        rest_.remove_prefix(at);
        return out;
    }

    std::string_view rest_;
    std::size_t nodes_ = 0;
};

std::string_view take_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view out = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return out;
}

}  // namespace

std::optional<std::uint32_t> Node::number() const {
    return kind == Kind::kAtom || kind == Kind::kText ? number_of<std::uint32_t>(text) : std::nullopt;
}

Result<Response> parse_response(std::string_view bytes) {
    constexpr std::array<std::pair<std::string_view, Response::Kind>, 4> kStatuses{{
        {"OK", Response::Kind::kOk},
        {"NO", Response::Kind::kNo},
        {"BAD", Response::Kind::kBad},
        {"BYE", Response::Kind::kBye},
    }};
    Response out;
    std::string_view rest = bytes;
    out.tag = take_word(rest);
    if (out.tag == "+") {
        out.kind = Response::Kind::kGoOn;
        return out;
    }
    std::string_view behind = rest;
    const std::string_view word = take_word(behind);
    for (const auto& [name, kind] : kStatuses) {
        if (!is_same_word(word, name)) continue;
        out.kind = kind;
        out.text = behind;
        return out;
    }
    if (out.tag != "*") return fail(broken("it answers neither OK nor NO"));
    Reader reader(rest);
    while (!reader.is_done()) {
        TRY(Node node, reader.value(0));
        out.data.push_back(std::move(node));
    }
    return out;
}

std::optional<std::uint32_t> code_number(std::string_view text, std::string_view code) {
    if (!text.starts_with('[')) return std::nullopt;
    text = text.substr(1, std::min(text.find(']'), text.size()) - 1);
    if (!is_same_word(take_word(text), code)) return std::nullopt;
    return number_of<std::uint32_t>(text);
}

Result<void> ResponseReader::feed(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kBytesMax)
        return fail(Error::limit("The mail server's answer has more than 2 MiB in one piece"));
    buffer_ += bytes;
    return {};
}

Result<std::optional<std::string>> ResponseReader::next() {
    for (;;) {
        const std::size_t end = buffer_.find("\r\n", from_);
        if (end == std::string::npos) return std::nullopt;
        if (const auto size = literal_of(std::string_view(buffer_).substr(from_, end - from_))) {
            if (*size > kBytesMax)
                return fail(Error::limit("The mail server's answer has more than 2 MiB in one piece"));
            if (buffer_.size() < end + 2 + *size) return std::nullopt;
            from_ = end + 2 + *size;
            continue;
        }
        std::string out = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        from_ = 0;
        return out;
    }
}

namespace {

/// The next character as UTF-16; nothing for what is no UTF-8.
std::optional<std::u16string> take_character(std::string_view& text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    const std::size_t size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (size == 0 || size > text.size()) return std::nullopt;
    char32_t code = size == 1 ? first : first & (0xFF >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
        code = code << 6 | (byte(i) & 0x3F);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return std::nullopt;
    text.remove_prefix(size);
    if (code < 0x10000) return std::u16string(1, static_cast<char16_t>(code));
    code -= 0x10000;
    return std::u16string{
        static_cast<char16_t>(0xD800 + (code >> 10)), static_cast<char16_t>(0xDC00 + (code & 0x3FF))
    };
}

/// "&" base64 of UTF-16, with a comma for the slash and without padding, "-".
std::string shifted(const std::u16string& units) {
    std::string bytes;
    for (const char16_t unit : units) {
        bytes += static_cast<char>(unit >> 8);
        bytes += static_cast<char>(unit & 0xFF);
    }
    std::string out = base64(bytes);
    out.resize(std::min(out.find('='), out.size()));
    std::ranges::replace(out, '/', ',');
    return "&" + out + "-";
}

}  // namespace

Result<std::string> mailbox_name(std::string_view utf8, std::string_view field) {
    const auto refused = [&](std::string_view why) {
        return fail(Error::invalid(fmt::format("A folder's name {}", why), std::string(field)));
    };
    if (utf8.empty() || utf8.size() > kFolderBytesMax) return refused("has 1 to 500 bytes");
    std::string out;
    std::u16string pending;
    const auto flush = [&] {
        if (!pending.empty()) out += shifted(pending);
        pending.clear();
    };
    while (!utf8.empty()) {
        const char c = utf8.front();
        const auto units = take_character(utf8);
        if (!units) return refused("is UTF-8");
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') return refused("has no control characters");
        if (static_cast<unsigned char>(c) >= 0x80) {
            pending += *units;
            continue;
        }
        flush();
        if (c == '"' || c == '\\') out += '\\';
        out += c;
        if (c == '&') out += '-';
    }
    flush();
    return "\"" + out + "\"";
}

}  // namespace weft::mail
