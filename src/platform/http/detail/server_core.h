#pragma once

#include "platform/http/detail/body_budget.h"
#include "platform/http/detail/refusal.h"
#include "platform/http/server.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace weft::http::detail {

class Connection;

/// What all connections of one server share. Everything here belongs to the loop's thread.
struct ServerCore {
    ServerCore(rt::Loop& l, Service& s, const rt::Clock& c, Rng& r, ServerOptions o);

    /// The current `date` header value; formatted once a second.
    std::string_view date();

    rt::Loop& loop;
    Service& service;
    const rt::Clock& clock;
    Rng& rng;
    ServerOptions options;
    ServerStats stats;
    ReserveDescriptor reserve;
    BodyBudget bodies;
    bool is_draining = false;
    std::list<Connection*> open;  // for the sweep and the drain
    std::vector<char> scratch;    // reads land here first: an idle connection holds no buffer
    rt::Signal closed;            // a connection ended
    rt::Scope tasks;              // one per connection, acceptors, the sweep

  private:
    std::string date_;
    Instant date_at_{};
};

}  // namespace weft::http::detail
