#include "graphql/validate/validate.h"

#include <algorithm>

namespace weft::graphql {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_identifier(std::string_view name) {
    auto part = [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && is_letter(name[0]) && std::ranges::all_of(name, part);
}

}  // namespace

Path& Path::key(std::string_view name) {
    if (is_identifier(name)) {
        text_ += '.';
        text_ += name;
        return *this;
    }
    text_ += "['";
    for (char c : name) {
        if (c == '\'') text_ += '\\';
        text_ += c;
    }
    text_ += "']";
    return *this;
}

Path& Path::index(std::size_t at) {
    text_ += '[';
    text_ += std::to_string(at);
    text_ += ']';
    return *this;
}

}  // namespace weft::graphql
