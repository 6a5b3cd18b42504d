#include "core/connector/detail/reading.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::connector::detail {

std::string below(std::string_view field, std::string_view member) {
    return field.empty() ? std::string(member) : fmt::format("{}.{}", field, member);
}

Result<> check_members(
    const Json& value, std::initializer_list<std::string_view> known, std::string_view field
) {
    if (!value.is_object()) return fail(Error::invalid("This is an object", std::string(field)));
    for (const auto& member : value.get_object()) {
        std::string_view key = member.key();
        if (key.starts_with("x-") || std::ranges::find(known, key) != known.end()) continue;
        std::string list;
        for (std::string_view name : known) list += (list.empty() ? "" : ", ") + std::string(name);
        return fail(Error::invalid(fmt::format("Unknown member; known are {}", list), below(field, key)));
    }
    return {};
}

Result<std::string> read_text(
    const JsonObject& object, std::string_view key, std::string_view fallback, std::size_t bytes_max
) {
    const Json* found = object.if_contains(key);
    if (found == nullptr) return std::string(fallback);
    if (!found->is_string()) return fail(Error::invalid("This is a text", std::string(key)));
    std::string_view text = text_of(*found);
    if (text.size() > bytes_max)
        return fail(Error::invalid(fmt::format("At most {} bytes", bytes_max), std::string(key)));
    for (char c : text)
        if ((static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || c == '\x7F')
            return fail(Error::invalid("Control characters are not allowed", std::string(key)));
    return std::string(text);
}

bool is_token(std::string_view text) {
    auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, is_good);
}

bool is_header_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (static_cast<unsigned char>(c) >= ' ' && c != '\x7F') || c == '\t';
    });
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool same_header(std::string_view a, std::string_view b) {
    return a.size() == b.size() && lower(a) == lower(b);
}

}  // namespace weft::connector::detail
