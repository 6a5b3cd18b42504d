#pragma once

#include "core/connector/connector.h"

namespace weft::connector::detail {

struct Url {
    Origin origin;
    std::string path;   // percent-encoded, no "." or ".." segment; "" or "/..."
    std::string query;  // percent-encoded, without '?'
    bool has_query = false;
    bool has_fragment = false;  // which is not sent, hence not kept

    std::string text() const;
};

/// As the URL standard reads what people write: blanks around it go, backslashes are slashes, characters that
/// a URL cannot hold are percent-encoded and what is encoded already stays, the host as `normal_host` says,
/// default ports go. Parsing the text of a result gives the same result.
/// Stricter than the standard: known schemes only, no user name, and no dot segments, plain or encoded: a
/// value in the path could climb with them. At most 8 KiB. kInvalid with `field`; the message names the part
/// and shows it, unless it may be secret.
/// `schemes`: kAll takes the other protocols' too (protocol.h, kSchemes).
enum class Schemes { kHttp, kAll };
Result<Url> parse_url(std::string_view text, std::string_view field, Schemes schemes = Schemes::kHttp);

/// A path below a base URL, as `parse_url` would have it. Stricter: escapes are whole, no "//", no backslash,
/// '?' or '#': a value in it must not become another part. kInvalid with `field`.
Result<std::string> normal_path(std::string_view path, std::string_view field);

/// Appends name=value, both percent-encoded.
void add_query(std::string& query, std::string_view name, std::string_view value);

}  // namespace weft::connector::detail
