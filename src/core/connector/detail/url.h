#pragma once

#include "core/connector/connector.h"

namespace weft::connector::detail {

struct Url {
    Origin origin;
    std::string path;   // percent-encoded, no "." or ".." segment; "" or "/..."
    std::string query;  // without '?'
    bool has_query = false;

    std::string text() const;
};

/// Strict: http or https, a host, no userinfo, no fragment, no blanks, backslashes or control characters, no
/// dot segments (also percent-encoded ones). At most 8 KiB. kInvalid with `field`.
Result<Url> parse_url(std::string_view text, std::string_view field);

/// A path in a URL: starts with '/', only characters that stand for themselves or %XX, no dot segments, no
/// "//".
Result<> check_path(std::string_view path, std::string_view field);

/// Appends name=value, both percent-encoded.
void add_query(std::string& query, std::string_view name, std::string_view value);

}  // namespace weft::connector::detail
