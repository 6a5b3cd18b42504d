#include "app/runner/detail/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace weft::runner::json_text {

namespace {

constexpr int kDepthMax = 80;  // validated texts stay below 64

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

void append_utf8(std::uint32_t point, std::string& out) {
    if (point < 0x80) {
        out += static_cast<char>(point);
        return;
    }
    if (point < 0x800) {
        out += static_cast<char>(0xC0 | point >> 6);
    } else {
        if (point < 0x10000) {
            out += static_cast<char>(0xE0 | point >> 12);
        } else {
            out += static_cast<char>(0xF0 | point >> 18);
            out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
        }
        out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    }
    out += static_cast<char>(0x80 | (point & 0x3F));
}

/// ECMAScript's Number::toString: the shortest digits that read back equal, laid out by its own rules.
void print_number(double value, std::string& out) {
    constexpr int kPointMin = -5;  // 1e-7 and below take exponents, and so do
    constexpr int kPointMax = 21;  // 1e21 and above
    if (value < 0) out += '-';
    value = std::abs(value);
    std::array<char, 32> buffer{};
    auto [end, ec] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const std::size_t e = text.find('e');
    int exponent = 0;
    std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
    std::string digits(text.substr(0, 1));
    if (e > 2) digits += text.substr(2, e - 2);
    const auto count = static_cast<int>(digits.size());
    const int point = exponent + 1;  // digits in front of the decimal point
    if (count <= point && point <= kPointMax) {
        out += digits.append(static_cast<std::size_t>(point - count), '0');
    } else if (point > 0 && point <= kPointMax) {
        out += digits.insert(static_cast<std::size_t>(point), 1, '.');
    } else if (point <= 0 && point >= kPointMin) {
        out += digits.insert(0, "0." + std::string(static_cast<std::size_t>(-point), '0'));
    } else {
        if (count > 1) digits.insert(1, 1, '.');
        out += digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
    }
}

double number_of(std::string_view text) {
    double value = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    // Out of range leaves the value alone: too large is infinite, too small is zero.
    if (ec != std::errc::result_out_of_range) return value;
    const std::size_t e = text.find_first_of("eE");
    const bool is_small = e != std::string_view::npos && e + 1 < text.size() && text[e + 1] == '-';
    return is_small ? 0 : (text.front() == '-' ? -HUGE_VAL : HUGE_VAL);
}

void print_number_text(std::string_view text, std::string& out, std::string_view infinite) {
    const bool is_short_integer =
        text.size() <= 15 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (is_short_integer) {
        out += text;
        return;
    }
    const double value = number_of(text);
    if (value == 0)
        out += '0';
    else if (!std::isfinite(value))
        out += value < 0 && infinite != "null" ? "-" + std::string(infinite) : infinite;
    else
        print_number(value, out);
}

void print_value(std::string_view value, std::string& out, int depth);

void print_object(std::string_view object, std::string& out, int depth) {
    std::vector<std::pair<std::uint32_t, std::string_view>> indexed;
    each_member(object, [&](std::string_view key, std::string_view value) {
        if (auto index = array_index(inside(key))) indexed.emplace_back(*index, value);
        return true;
    });
    std::ranges::sort(indexed, {}, &std::pair<std::uint32_t, std::string_view>::first);
    bool is_first = true;
    auto print_member = [&](std::string_view key, std::string_view value) {
        out += is_first ? '{' : ',';
        is_first = false;
        print_string(key, out);
        out += ':';
        print_value(value, out, depth + 1);
    };
    for (const auto& [index, value] : indexed) print_member(std::to_string(index), value);
    each_member(object, [&](std::string_view key, std::string_view value) {
        if (indexed.empty() || !array_index(inside(key))) {
            print_member(has_escape(key) ? unescape(key) : inside(key), value);
        }
        return true;
    });
    out += is_first ? "{}" : "}";
}

void print_value(std::string_view value, std::string& out, int depth) {
    if (depth > kDepthMax) return;
    switch (kind_of(value)) {
        case Kind::kNull:
        case Kind::kBool:
            out += value;
            break;
        case Kind::kNumber:
            print_number_text(value, out, "null");
            break;
        case Kind::kString:
            if (has_escape(value))
                print_string(unescape(value), out);
            else
                out += value;
            break;
        case Kind::kArray: {
            bool is_first = true;
            each_element(value, [&](std::string_view item) {
                out += is_first ? '[' : ',';
                is_first = false;
                print_value(item, out, depth + 1);
                return true;
            });
            out += is_first ? "[]" : "]";
            break;
        }
        case Kind::kObject:
            print_object(value, out, depth);
            break;
    }
}

std::string_view trimmed(std::string_view value) {
    while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
    return value;
}

}  // namespace

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
                append_utf8(point, out);
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

void print_json(std::string_view value, std::string& out) {
    print_value(trimmed(value), out, 0);
}

void print_text(std::string_view value, std::string& out) {
    value = trimmed(value);
    switch (kind_of(value)) {
        case Kind::kNull:
            break;
        case Kind::kString:
            out += has_escape(value) ? unescape(value) : std::string(inside(value));
            break;
        case Kind::kNumber:
            print_number_text(value, out, "Infinity");
            break;
        default:
            print_value(value, out, 0);
    }
}

void print_string(std::string_view text, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += kHex[static_cast<unsigned char>(c) >> 4];
                    out += kHex[c & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
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
