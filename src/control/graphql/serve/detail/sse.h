#pragma once

#include "control/graphql/live/live.h"
#include "platform/http/http.h"

namespace weft::graphql::detail {

/// The answer to a request whose Accept wants text/event-stream (graphql-sse, distinct connections): always
/// 200; `event: next` for each answer, then `event: complete`. What is wrong with the request, or with who
/// asks, is a `next` too. Ends its subscription when the peer goes away.
http::Response stream_events(rt::Loop& loop, Live& live, Outcome<Request> request, Outcome<Session> session);

}  // namespace weft::graphql::detail
