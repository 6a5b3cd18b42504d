#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace weft::http {
class Router;
}
namespace weft::rt {
class Loop;
}

namespace weft::telemetry {

class Metrics;

/// Whether this process can do its work. Checks are cheap and synchronous: they read a state that its owner
/// keeps up to date, they do not ask the network.
class Health {
  public:
    using Check = std::function<Result<void>()>;
    void add(std::string name, Check check) { checks_.emplace_back(std::move(name), std::move(check)); }

    struct Report {
        bool is_ready = true;
        std::vector<std::pair<std::string, Result<void>>> checks;
    };
    Report report() const;

  private:
    std::vector<std::pair<std::string, Check>> checks_;
};

/// For whoever reaches the port: GET /healthz (200 while the loop turns) and /readyz (200 or 503), which say
/// no more than that. Borrows its arguments for the router's life.
void add_health_routes(http::Router& router, const Health& health);
/// For operators: GET /metrics, with `Authorization: Bearer <token>` unless the token is empty.
void add_metrics_route(http::Router& router, Metrics& metrics, const Health& health, Secret token);

/// Measures weft_loop_stall_seconds: how long single handlers held the loop, from 5 ms up. Nothing should.
/// `metrics` outlives the loop's last turn.
void watch_loop(rt::Loop& loop, Metrics& metrics);

}  // namespace weft::telemetry
