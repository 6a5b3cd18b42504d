#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/form/form.h"
#include "data/ingress/detail/receiving.h"
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
    form::Files files;
    Received received;
    std::string_view entry(std::string_view name) const;  // the first; "" when there is none
};

/// Is it a program's, and to be answered in JSON?
bool is_json(const http::Request& request);

/// Reads a body and takes it. Errors with field "body": kInvalid (damaged, of a type that forms do not have,
/// or with files and a coding), kLimit (too large, too many entries).
Result<Submission> read_submission(http::Request& request);

/// The same of multipart/form-data that comes with files.
rt::Task<Result<Submission>> receive_submission(
    http::Request& request, const form::Form& form, Receiving how, rt::Deadline by
);

/// Whatever was sent, without what is made anew each time it is sent: the ids of files.
std::string recognised_by(const Json& input);

/// The fields of multipart/form-data (RFC 7578). Errors as above.
Result<std::vector<std::pair<std::string, std::string>>> parse_multipart(
    std::string_view body, std::string_view content_type
);

}  // namespace weft::ingress::detail
