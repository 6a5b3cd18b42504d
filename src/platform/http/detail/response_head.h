#pragma once

#include "platform/http/http.h"

#include <optional>
#include <string>
#include <string_view>

namespace weft::http::detail {

std::string_view reason_phrase(int status);
bool may_have_body(int status);
bool has_valid_headers(const Response& response);

/// What the head of an answer says beside the handler's own headers.
struct HeadFacts {
    std::string_view date;
    const RequestId& id;
    std::optional<std::size_t> length;  // none: chunked
    bool is_http_1_0 = false;
    bool closes = false;
};

std::string head_text(const Response& response, const HeadFacts& facts);

}  // namespace weft::http::detail
