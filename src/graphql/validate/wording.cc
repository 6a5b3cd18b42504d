#include "graphql/validate/detail/wording.h"

#include <fmt/format.h>

#include <charconv>

namespace weft::graphql::wording {

std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text);
}

std::string english_list(std::string_view joiner, const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += words.size() > 2 ? ", " : " ";
        if (i > 0 && i + 1 == words.size()) out += fmt::format("{} ", joiner);
        out += words[i];
    }
    return out;
}

namespace {

/// Digits without leading and trailing zeros, and the power of ten that 0.DIGITS is multiplied by.
struct Decimal {
    std::string digits;
    long exponent = 0;
    bool is_negative = false;
};

Decimal decimal(std::string_view text) {
    Decimal out;
    std::size_t e = text.find_first_of("eE");
    std::string_view mantissa = text.substr(0, e);
    long exponent = 0;
    if (e != std::string_view::npos) {
        std::string_view digits = text.substr(e + 1);
        if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    }
    bool after_point = false;
    long whole = 0;
    for (char c : mantissa) {
        if (c == '-') out.is_negative = true;
        if (c == '.') after_point = true;
        if (c < '0' || c > '9') continue;
        if (c == '0' && out.digits.empty()) {
            whole -= after_point ? 1 : 0;
            continue;
        }
        out.digits += c;
        whole += after_point ? 0 : 1;
    }
    while (!out.digits.empty() && out.digits.back() == '0') out.digits.pop_back();
    out.exponent = out.digits.empty() ? 0 : whole + exponent;
    return out;
}

}  // namespace

std::string scientific(std::string_view text) {
    Decimal number = decimal(text);
    std::string sign = number.is_negative ? "-" : "";
    if (number.digits.empty()) return sign + "0.0";
    if (number.exponent < 0 || number.exponent > 7) {
        std::string fraction = number.digits.size() > 1 ? number.digits.substr(1) : "0";
        return fmt::format("{}{}.{}e{}", sign, number.digits[0], fraction, number.exponent - 1);
    }
    if (number.exponent == 0) return sign + "0." + number.digits;
    auto whole = static_cast<std::size_t>(number.exponent);
    if (number.digits.size() <= whole)
        return sign + number.digits + std::string(whole - number.digits.size(), '0') + ".0";
    return sign + number.digits.substr(0, whole) + "." + number.digits.substr(whole);
}

std::string_view expected(const Type& type) {
    if (type.kind == TypeKind::kEnum) return "an enum value";
    if (type.kind == TypeKind::kInput) return "an object";
    if (!type.is_builtin_scalar) return "";
    if (type.name == "Int") return "a 32-bit integer";
    if (type.name == "Float") return "a float";
    if (type.name == "String") return "a string";
    if (type.name == "Boolean") return "a boolean";
    return "a String or a 32-bit integer";
}

std::string_view found(const Value& value) {
    switch (value.kind) {
        case Value::Kind::kAbsent:
        case Value::Kind::kNull:
            return "null";
        case Value::Kind::kVariable:
            return "a variable";
        case Value::Kind::kInt:
            return "an integer";
        case Value::Kind::kFloat:
            return "a float";
        case Value::Kind::kString:
            return "a string";
        case Value::Kind::kBoolean:
            return "a boolean";
        case Value::Kind::kEnum:
            return "an enum value";
        case Value::Kind::kList:
            return "a list";
        case Value::Kind::kObject:
            return "an object";
    }
    return "null";
}

std::string_view found(const Json& value) {
    if (value.is_null()) return "null";
    if (value.is_bool()) return "a boolean";
    if (value.is_string()) return "a string";
    if (value.is_array()) return "a list";
    return value.is_object() ? "an object" : "a number";
}

namespace {

Failure failed(std::string message, std::string path, std::string code = "validation-failed") {
    return {.message = std::move(message), .code = std::move(code), .path = std::move(path)};
}

}  // namespace

Failure mismatch(std::string_view expected, const Type& type, std::string_view found, std::string path) {
    return failed(
        fmt::format("expected {} for type \"{}\", but found {}", expected, type.name, found), std::move(path)
    );
}

Failure unexpected_null(TypeUse type, std::string path) {
    TypeUse bare = type.nullable();
    if (bare.is_list()) return failed("expected a list, but found null", std::move(path));
    const Type& named = *bare.named();
    if (named.kind == TypeKind::kInput) return mismatch("an object", named, "null", std::move(path));
    return failed(fmt::format("unexpected null value for type \"{}\"", named.name), std::move(path));
}

Failure unknown_enum_value(const View& view, const Type& type, std::string_view name, std::string path) {
    std::vector<std::string> words;
    for (const EnumValue& value : type.values) {
        if (view.sees(value.element)) words.push_back(value.name);
    }
    return failed(
        fmt::format(
            "expected one of the values {} for type \"{}\", but found \"{}\"",
            english_list("or", words),
            type.name,
            name
        ),
        std::move(path)
    );
}

Failure unknown_member(const Type& type, std::string_view name, std::string path) {
    return failed(fmt::format("field \"{}\" not found in type: '{}'", name, type.name), std::move(path));
}

Failure missing_member(std::string_view name, std::string path) {
    return failed(fmt::format("missing required field \"{}\"", name), std::move(path));
}

Failure not_one_of(const Type& type, std::string path) {
    return failed(
        fmt::format("exactly one field has to be given for the oneOf type \"{}\"", type.name), std::move(path)
    );
}

Failure out_of_range(const Type& type, std::string_view number, std::string path) {
    std::string_view reason =
        type.name == "Float" ? "lies outside the bounds. Is it overflowing the float bounds?"
                             : "lies outside the bounds or is not an integer.  Maybe it is a float, or is "
                               "there integer overflow?";
    return failed(
        fmt::format("The value {} {}", scientific(number), reason), std::move(path), "parse-failed"
    );
}

}  // namespace weft::graphql::wording
