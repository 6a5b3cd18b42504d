#include "core/schema/detail/uri.h"

#include "base/percent.h"

#include <algorithm>
#include <optional>

namespace weft::schema {

namespace {

struct Parts {
    std::string_view scheme;  // with its colon
    std::optional<std::string_view> authority;
    std::string_view path;
    std::optional<std::string_view> query;
};

bool is_scheme(std::string_view text) {
    auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

/// RFC 3986, appendix B.
Parts split(std::string_view text) {
    Parts out;
    text = text.substr(0, text.find('#'));
    if (const std::size_t colon = text.find(':');
        colon != std::string_view::npos && is_scheme(text.substr(0, colon))) {
        out.scheme = text.substr(0, colon + 1);
        text.remove_prefix(colon + 1);
    }
    if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
        out.query = text.substr(mark + 1);
        text = text.substr(0, mark);
    }
    if (text.starts_with("//")) {
        const std::size_t end = std::min(text.find('/', 2), text.size());
        out.authority = text.substr(2, end - 2);
        text.remove_prefix(end);
    }
    out.path = text;
    return out;
}

/// RFC 3986, 5.2.4.
std::string without_dots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        const std::string_view name = segment.starts_with('/') ? segment.substr(1) : segment;
        if (name != "." && name != "..") {
            out += segment;
            continue;
        }
        if (!segment.starts_with('/') && !path.empty()) path.remove_prefix(1);
        if (name == "..") out.resize(out.find_last_of('/') == std::string::npos ? 0 : out.find_last_of('/'));
        if (path.empty()) out += '/';
    }
    return out;
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
    const Parts from = split(base);
    Parts to = split(reference);
    std::string path(to.path);
    if (to.scheme.empty()) {
        to.scheme = from.scheme;
        if (!to.authority) {
            to.authority = from.authority;
            if (path.empty()) {
                path = from.path;
                if (!to.query) to.query = from.query;
            } else if (!path.starts_with('/')) {
                const bool is_at_root = from.authority && from.path.empty();
                path = (is_at_root ? "/" : std::string(from.path.substr(0, from.path.rfind('/') + 1))) + path;
            }
        }
    }
    std::string out(to.scheme);
    if (to.authority) out.append("//").append(*to.authority);
    out += path.find('.') == std::string::npos ? path : without_dots(path);
    if (to.query) out.append("?").append(*to.query);
    return out;
}

std::string fragment_of(std::string_view reference) {
    const std::size_t mark = reference.find('#');
    return mark == std::string_view::npos ? std::string() : percent_decode(reference.substr(mark + 1));
}

}  // namespace weft::schema
