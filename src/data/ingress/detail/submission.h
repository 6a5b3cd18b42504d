#pragma once

#include "base/error.h"
#include "base/json.h"
#include "platform/http/http.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::ingress::detail {

/// What somebody sent with a form, as UTF-8.
struct Submission {
    std::vector<std::pair<std::string, std::string>> entries;  // of a page
    std::optional<Json> json;                                  // of a program instead
    std::string_view entry(std::string_view name) const;       // the first; "" when there is none
};

/// Is it a program's, and to be answered in JSON?
bool is_json(const http::Request& request);

/// Reads a body and takes it. Errors with field "body": kInvalid (damaged, with files, or of a type that
/// forms do not have), kLimit (too large, too many entries).
Result<Submission> read_submission(http::Request& request);

/// The fields of multipart/form-data (RFC 7578). Errors as above.
Result<std::vector<std::pair<std::string, std::string>>> parse_multipart(
    std::string_view body, std::string_view content_type
);

}  // namespace weft::ingress::detail
