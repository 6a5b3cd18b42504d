#pragma once

#include "graphql/serve/serve.h"

#include <memory>
#include <string>

namespace weft::graphql::detail {

/// Who has opened a stream: the session, and how to look again whether it holds.
struct Asker {
    std::shared_ptr<const Session> session;  // shared with the subscriptions
    http::Leases::Terms terms;               // but `end`, which is the stream's
};

/// Asks once. The terms ask the same again, in the same words. `parts` outlives what comes of it.
rt::Task<Outcome<Asker>> ask(
    const EndpointParts& parts, std::shared_ptr<const http::Handshake> handshake, Presented presented
);

/// Tells the session of the request's headers if there are webhooks, which alone read them.
void tell_headers(
    Session& session, const Engine& engine, const http::Handshake& handshake, const Presented& presented
);

/// A limit of streams that is reached, as a client is told.
Failure limit_reached(const Error& error);

}  // namespace weft::graphql::detail
