#pragma once

#include "graphql/execute/execute.h"
#include "graphql/serve/serve.h"
#include "platform/http/http.h"

#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// What a body or a query string asks for.
struct Incoming {
    std::vector<Request> requests;
    bool is_batch = false;
};

/// A POST's body: one request, or an array of them. Failures have Hasura's codes, invalid-json and
/// parse-failed; they mean that this is no GraphQL request at all.
Outcome<Incoming> read_body(std::string_view body);
/// A GET's parameters.
Outcome<Request> read_query(const http::Fields& query);
/// One request as JSON: also the payload of a `subscribe` message.
Outcome<Request> read_request(Json value);
/// The payload of `connection_init`: {"headers": {...}}, or the headers themselves. Takes what `Presented`
/// has room for; what is no header's value, or is too long, was not presented.
Presented read_presented(const Json& payload);

}  // namespace weft::graphql::detail
