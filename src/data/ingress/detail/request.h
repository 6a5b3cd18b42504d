#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "core/trigger/trigger.h"
#include "platform/http/coding.h"
#include "platform/http/http.h"
#include "store/triggers/inbox.h"

#include <string>

namespace weft::ingress::detail {

/// What a run sees of a delivery; hooks.h says how. `input` is JSON text.
struct Reading {
    std::string input;
    // What was odd and was taken nevertheless:
    std::string charset;  // a label that nobody knows
    bool has_broken_text = false;
    bool is_mislabelled = false;  // not coded as its Content-Encoding says
};
/// How many bytes a delivery may take while it is read, as it came included.
std::size_t reading_bytes_max(const http::Request& request, const http::Codings& codings);
/// Undoes the codings and reads the body, which it takes. kInvalid: damaged, or the content type says JSON
/// and the body is none; kLimit: beyond a limit, which the error names. Both with field "body".
Result<Reading> read_delivery(http::Request& request, const http::Codings& codings);
/// {name: text, or a list of texts where it comes again}
JsonObject query_json(const http::Request& request);
std::string trigger_of(
    const http::Request& request,
    const store::triggers::WebhookTarget& target,
    const trigger::Signature& signature,
    Instant received_at
);

}  // namespace weft::ingress::detail
