#pragma once

#include "graphql/serve/detail/asker.h"

namespace weft::graphql::detail {

/// What a stream of events is asked for.
struct Streamed {
    Outcome<Request> request;
    std::size_t bytes = 0;  // that the request took
    Outcome<Asker> asker;
};

/// The answer to a request whose Accept wants text/event-stream (graphql-sse, distinct connections): always
/// 200; `event: next` for each answer, then `event: complete`. What is wrong with the request, or with who
/// asks, now or later, is a `next` too. Ends its subscription when the peer goes away.
http::Response stream_events(const EndpointParts& parts, Streamed asked);

}  // namespace weft::graphql::detail
