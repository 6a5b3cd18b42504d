#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "core/trigger/filter.h"
#include "platform/http/coding.h"
#include "platform/http/http.h"
#include "store/triggers/inbox.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::ingress::detail {

/// What a run sees of a delivery; hooks.h says how. `input` is JSON text.
struct Reading {
    std::string input;
    std::optional<std::string> bytes;  // instead: the body is no text, and becomes a file
    // What was odd and was taken nevertheless:
    std::string charset;  // a label that nobody knows
    bool has_broken_text = false;
    bool is_mislabelled = false;  // not coded as its Content-Encoding says
};
/// The address as its sender may have it. Without a public one it is taken from the request: the path has
/// the token, so a signature for another host is of no use here.
std::vector<std::string> urls_of(const std::string& public_url, const http::Request& request);
/// Of a body that may not have been read; 0 when nobody says.
std::size_t stated_length(const http::Request& head);
/// How many bytes a delivery may take while it is read, as it came included.
std::size_t reading_bytes_max(const http::Request& request, const http::Codings& codings);
/// Undoes the codings and reads the body, which it takes. kInvalid: damaged, or the content type says JSON
/// and the body is none; kLimit: beyond a limit, which the error names. Both with field "body".
Result<Reading> read_delivery(http::Request& request, const http::Codings& codings);
/// Adds a member; one whose name comes again becomes a list.
void put(JsonObject& object, std::string_view key, Json value);
/// Whether what has this type becomes a file.
bool is_bytes(std::string_view type);
/// {name: text, or a list of texts where it comes again}
JsonObject query_json(const http::Request& request);
/// `credential_header` does not reach the run; nor does whatever looks like one.
std::string trigger_of(
    store::triggers::Kind kind,
    const http::Request& request,
    const store::triggers::WebhookTarget& target,
    std::string_view credential_header,
    Instant received_at
);

/// Whether the filter wants an event with these values, which are JSON texts of ours. Takes time by their
/// size.
bool passes(const trigger::Filter& filter, std::string_view input, std::string_view trigger);

}  // namespace weft::ingress::detail
