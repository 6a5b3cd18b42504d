#include "core/schema/detail/walk.h"

#include <algorithm>
#include <map>

namespace weft::schema {

unsigned types_of(const Json& value) {
    switch (value.kind()) {
        case JsonKind::kNull:
            return kNull;
        case JsonKind::kBool:
            return kBoolean;
        case JsonKind::kNumber:
            return value.get_number().is_whole() ? kNumber | kInteger : kNumber;
        case JsonKind::kString:
            return kString;
        case JsonKind::kArray:
            return kArray;
        case JsonKind::kObject:
            return kObject;
    }
    return 0;
}

std::string_view type_name(const Json& value) {
    switch (value.kind()) {
        case JsonKind::kNull:
            return "null";
        case JsonKind::kBool:
            return "a boolean";
        case JsonKind::kNumber:
            return "a number";
        case JsonKind::kString:
            return "a string";
        case JsonKind::kArray:
            return "an array";
        case JsonKind::kObject:
            return "an object";
    }
    return "";
}

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool matches(const Pattern& pattern, std::string_view text) {
    if (pattern.length_min) {
        const std::size_t length = code_points(text);
        if (length < *pattern.length_min || length > pattern.length_max.value_or(length)) return false;
    }
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern.re);
}

void append_normal(const Json& value, std::string& out) {
    if (const JsonObject* object = value.if_object()) {
        std::map<std::string_view, const Json*> sorted;
        for (const auto& member : *object) sorted.emplace(member.key(), &member.value());
        out += '{';
        for (const auto& [key, member] : sorted) {
            append_json_string(key, out);
            append_normal(*member, out);
        }
    } else if (const JsonArray* array = value.if_array()) {
        out += '[';
        for (const Json& item : *array) append_normal(item, out);
        out += ']';
    } else if (const Decimal* number = value.if_number()) {
        constexpr std::int64_t kZerosMax = 400;
        std::string text = number->plain_text(kZerosMax);
        if (text.find('.') != std::string::npos && text.find_first_of("eE") == std::string::npos) {
            text.erase(text.find_last_not_of('0') + 1);
            if (text.back() == '.') text.pop_back();
        }
        out += (text == "-0" ? "0" : text) + ' ';
    } else {
        append_text(value, out);
    }
}

}  // namespace weft::schema
