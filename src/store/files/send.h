#pragma once

#include "platform/http/http.h"
#include "store/files/files.h"

namespace weft::store::files {

/// A file, or the range of it that is asked for, as an attachment that gets none of our origin's rights.
/// `files` outlives the answer. Errors: kNotFound, kUnavailable.
rt::Task<Result<http::Response>> send(Files& files, TenantId tenant, File file, http::Request request);

}  // namespace weft::store::files
