#include "app/runner/detail/json_text.h"

#include "base/decimal.h"
#include "base/utf8.h"

#include <algorithm>
#include <charconv>

namespace weft::runner::json_text {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Walks a text; every step stays inside it.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) { skip_blank(); }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool is_end() const { return at_ >= text_.size(); }
    void skip_blank() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    /// Steps over one character and the blanks behind it.
    void step() {
        ++at_;
        skip_blank();
    }
    std::string_view take_string() {
        const std::size_t from = at_++;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        at_ = std::min(at_ + 1, text_.size());
        const std::string_view taken = text_.substr(from, at_ - from);
        skip_blank();
        return taken;
    }
    std::string_view take_value() {
        const std::size_t from = at_;
        if (peek() == '"') return take_string();
        if (peek() == '{' || peek() == '[') {
            take_container();
        } else {
            while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
                   text_[at_] != '}') {
                ++at_;
            }
        }
        const std::string_view taken = text_.substr(from, at_ - from);
        skip_blank();
        return taken;
    }

  private:
    void take_container() {
        int depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
            } else if (c == '{' || c == '[') {
                ++depth;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                ++at_;
                return;
            }
            at_ = std::min(at_ + 1, text_.size());
        }
    }
    std::string_view text_;
    std::size_t at_ = 0;
};

/// Calls `visit(key, value)` for each member until it returns false; `key` still has its quotes.
template <class F>
void each_member(std::string_view object, F visit) {
    Cursor at(object);
    if (at.peek() != '{') return;
    at.step();
    while (at.peek() == '"') {
        const std::string_view key = at.take_string();
        if (at.peek() != ':') return;
        at.step();
        const std::string_view value = at.take_value();
        if (!visit(key, value)) return;
        if (at.peek() != ',') return;
        at.step();
    }
}

template <class F>
void each_element(std::string_view array, F visit) {
    Cursor at(array);
    if (at.peek() != '[') return;
    at.step();
    while (!at.is_end() && at.peek() != ']') {
        if (!visit(at.take_value())) return;
        if (at.peek() != ',') return;
        at.step();
    }
}

std::string_view inside(std::string_view quoted) {
    return quoted.size() >= 2 ? quoted.substr(1, quoted.size() - 2) : std::string_view();
}

bool has_escape(std::string_view text) {
    return text.find('\\') != std::string_view::npos;
}

std::uint32_t hex4(std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

std::string_view trimmed(std::string_view value) {
    while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
    return value;
}

}  // namespace

double number_of(std::string_view text) {
    const auto number = Decimal::parse(text);
    return number ? number->to_double() : 0;
}

bool is_big_integer(std::string_view text) {
    constexpr std::string_view kSafeMax = "9007199254740991";
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.size() < kSafeMax.size() || text.find_first_not_of("0123456789") != std::string_view::npos)
        return false;
    return text.size() > kSafeMax.size() || text > kSafeMax;
}

Kind kind_of(std::string_view value) {
    switch (value.empty() ? 'n' : value.front()) {
        case 'n':
            return Kind::kNull;
        case 't':
        case 'f':
            return Kind::kBool;
        case '"':
            return Kind::kString;
        case '[':
            return Kind::kArray;
        case '{':
            return Kind::kObject;
        default:
            return Kind::kNumber;
    }
}

std::optional<std::string_view> member(std::string_view object, std::string_view key) {
    std::optional<std::string_view> found;
    each_member(object, [&](std::string_view name, std::string_view value) {
        const bool is_it = has_escape(name) ? unescape(name) == key : inside(name) == key;
        if (is_it) found = value;
        return !is_it;
    });
    return found;
}

std::optional<std::string_view> element(std::string_view array, std::uint32_t index) {
    std::optional<std::string_view> found;
    std::uint32_t at = 0;
    each_element(array, [&](std::string_view value) {
        if (at++ != index) return true;
        found = value;
        return false;
    });
    return found;
}

std::uint32_t array_size(std::string_view array) {
    std::uint32_t size = 0;
    each_element(array, [&](std::string_view) { return ++size, true; });
    return size;
}

std::string unescape(std::string_view quoted) {
    const std::string_view text = inside(quoted);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 >= text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        switch (c) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u': {
                std::uint32_t point = hex4(text.substr(i + 1, 4));
                i += 4;
                if (point >= 0xD800 && point < 0xDC00 &&
                    text.substr(std::min(i + 1, text.size())).starts_with("\\u")) {
                    point = 0x10000 + ((point - 0xD800) << 10) + (hex4(text.substr(i + 3, 4)) - 0xDC00);
                    i += 6;
                }
                utf8::append(out, point);
                break;
            }
            default:
                out += c;
        }
    }
    return out;
}

std::optional<std::uint32_t> array_index(std::string_view key) {
    if (key.empty() || key.size() > 10 || (key.size() > 1 && key.front() == '0')) return std::nullopt;
    std::uint32_t index = 0;
    auto [end, ec] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (ec != std::errc() || end != key.data() + key.size() || index == UINT32_MAX) return std::nullopt;
    return index;
}

void print_text(std::string_view value, std::string& out) {
    value = trimmed(value);
    const Kind kind = kind_of(value);
    if (kind == Kind::kString)
        out += has_escape(value) ? unescape(value) : std::string(inside(value));
    else if (kind != Kind::kNull)
        out += value;
}

std::optional<std::string> mark_big_integers(std::string_view json, std::string_view mark) {
    std::optional<std::string> out;
    std::size_t copied = 0;
    for (std::size_t at = 0; at < json.size();) {
        if (json[at] == '"') {
            for (++at; at < json.size() && json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
            ++at;
            continue;
        }
        const std::size_t end = std::min(json.find_first_not_of("-+.0123456789eE", at), json.size());
        const std::string_view number = json.substr(at, end - at);
        if (is_big_integer(number)) {
            if (!out) out.emplace();
            *out += json.substr(copied, at - copied);
            *out += '"';
            *out += mark;
            *out += number;
            *out += '"';
            copied = end;
        }
        at = std::max(end, at + 1);
    }
    if (out) *out += json.substr(copied);
    return out;
}

void unmark_big_integers(std::string& json, std::string_view mark) {
    const std::string start = '"' + std::string(mark);
    std::string out;
    std::size_t copied = 0;
    for (std::size_t at = json.find(start); at != std::string::npos; at = json.find(start, at + 1)) {
        const std::size_t from = at + start.size();
        const std::size_t end = json.find('"', from);
        if (end == std::string::npos) break;
        const std::string_view number = std::string_view(json).substr(from, end - from);
        if (!Decimal::parse(number)) continue;  // a script's own doing: it stays a text
        out += std::string_view(json).substr(copied, at - copied);
        out += number;
        copied = end + 1;
    }
    if (copied == 0) return;
    out += std::string_view(json).substr(copied);
    json = std::move(out);
}

bool is_truthy(std::string_view value) {
    value = trimmed(value);
    switch (kind_of(value)) {
        case Kind::kNull:
            return false;
        case Kind::kBool:
            return value == "true";
        case Kind::kNumber:
            return number_of(value) != 0;
        case Kind::kString:
            return value.size() > 2;
        default:
            return true;
    }
}

int depth_of(std::string_view json) {
    int depth = 0;
    int deepest = 0;
    bool is_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (is_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                is_string = false;
        } else if (c == '"') {
            is_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return deepest;
}

}  // namespace weft::runner::json_text
