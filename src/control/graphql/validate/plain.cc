#include "control/graphql/validate/detail/plain.h"

#include <charconv>

namespace weft::graphql::detail {

namespace {

template <class T>
bool read(std::string_view text, T& out) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Json string(std::string_view text) {
    return Json(boost::json::string_view(text.data(), text.size()));
}

Json number(std::string_view text) {
    std::int64_t whole = 0;
    if (read(text, whole)) return whole;
    std::uint64_t large = 0;
    if (read(text, large)) return large;
    double real = 0;
    if (read(text, real)) return real;
    return string(text);  // beyond a double: its digits are all that is exact
}

Json plain(const Value& literal) {
    switch (literal.kind) {
        case Value::Kind::kAbsent:
        case Value::Kind::kNull:
        case Value::Kind::kVariable:
            return nullptr;
        case Value::Kind::kInt:
        case Value::Kind::kFloat:
            return number(literal.text);
        case Value::Kind::kString:
        case Value::Kind::kEnum:
            return string(literal.text);
        case Value::Kind::kBoolean:
            return literal.text == "true";
        case Value::Kind::kList: {
            JsonArray items;
            items.reserve(literal.items.size());
            for (const Value& item : literal.items) items.push_back(plain(item));
            return items;
        }
        case Value::Kind::kObject: {
            JsonObject members;
            for (const ObjectField& field : literal.fields)
                members.insert_or_assign(field.name.text, plain(field.value));
            return members;
        }
    }
    return nullptr;
}

std::string number_text(const Json& number) {
    if (number.is_int64()) return std::to_string(number.get_int64());
    if (number.is_uint64()) return std::to_string(number.get_uint64());
    // The shortest digits that read as this number, written out: `fixed` would write 1e30 as its bits are,
    // 1000000000000000019884624838656.
    char buffer[32];
    const char* end =
        std::to_chars(
            std::begin(buffer), std::end(buffer), number.get_double(), std::chars_format::scientific
        )
            .ptr;
    std::string_view text(std::begin(buffer), end);
    const std::string sign = text.starts_with('-') ? "-" : "";
    text.remove_prefix(sign.size());
    const std::size_t at = text.find('e');
    int exponent = 0;
    (void)read(text.substr(at + (text[at + 1] == '+' ? 2 : 1)), exponent);
    std::string digits(text.substr(0, 1));
    if (at > 2) digits += text.substr(2, at - 2);
    const int point = exponent + 1;  // digits before it
    if (point <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
    const auto whole = static_cast<std::size_t>(point);
    if (whole >= digits.size()) return sign + digits + std::string(whole - digits.size(), '0');
    return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

namespace {

/// Recursion is bounded by the depth of the JSON text that the value was read from.
void append_plain(std::string& out, const Json& value) {
    if (value.is_double()) {
        out += number_text(value);
    } else if (value.is_array()) {
        out += '[';
        for (const Json& each : value.get_array()) {
            if (out.back() != '[') out += ',';
            append_plain(out, each);
        }
        out += ']';
    } else if (value.is_object()) {
        out += '{';
        for (const auto& [key, member] : value.get_object()) {
            if (out.back() != '{') out += ',';
            out += to_text(Json(key));
            out += ':';
            append_plain(out, member);
        }
        out += '}';
    } else {
        out += to_text(value);
    }
}

}  // namespace

}  // namespace weft::graphql::detail

namespace weft::graphql {

std::string plain_text(const Json& value) {
    std::string out;
    detail::append_plain(out, value);
    return out;
}

}  // namespace weft::graphql
