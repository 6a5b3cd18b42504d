#pragma once

#include "graphql/serve/detail/incoming.h"
#include "graphql/serve/detail/negotiate.h"
#include "graphql/serve/serve.h"

#include <string>
#include <string_view>

namespace weft::graphql::detail {

/// An answer in the media type that the client wants. `refused` is the status under
/// application/graphql-response+json when nothing was run; application/json is 200 then, as in Hasura.
http::Response respond(Media media, Answer answer, int refused = 400);

/// The same for a failure before the engine heard of the request; `status` in every media type.
http::Response refuse(Media media, int status, const Failure& failure);

/// Of a page that may not use us.
Failure foreign_page();

/// What webhook actions are told of the request: its headers by lower-case name, and what was presented.
std::map<std::string, std::string, std::less<>> headers_of(
    const http::Handshake& handshake, const Presented& presented
);

}  // namespace weft::graphql::detail
