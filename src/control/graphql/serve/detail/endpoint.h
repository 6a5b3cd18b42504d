#pragma once

#include "control/graphql/serve/detail/incoming.h"
#include "control/graphql/serve/detail/negotiate.h"
#include "control/graphql/serve/serve.h"

#include <string>
#include <string_view>

namespace weft::graphql::detail {

/// An answer in the media type that the client wants. `refused` is the status under
/// application/graphql-response+json when nothing was run; application/json is 200 then, as in Hasura.
http::Response respond(Media media, Answer answer, int refused = 400);

/// The same for a failure before the engine heard of the request; `status` in every media type.
http::Response refuse(Media media, int status, const Failure& failure);

/// May a page of the request's Origin use us? Requests without one are no page's.
bool is_allowed_origin(const EndpointOptions& options, const http::Request& request);
/// What a browser needs to see to hand an answer to a page of another origin.
void add_cors(http::Response& response, const EndpointOptions& options, const http::Request& request);

/// The request's headers by lower-case name, for webhook actions.
std::map<std::string, std::string, std::less<>> lower_case(const http::Fields& headers);

}  // namespace weft::graphql::detail
