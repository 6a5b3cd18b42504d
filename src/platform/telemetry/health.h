#pragma once

#include "base/error.h"

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
        std::string json;  // {"ready":bool,"checks":{"<name>":{"ready":bool,"reason"?:text}}}
    };
    Report report() const;

  private:
    std::vector<std::pair<std::string, Check>> checks_;
};

/// GET /healthz (200 while the loop turns), /readyz (200 or 503, with reasons) and /metrics. All three borrow
/// their arguments for the router's life. /metrics is open to whoever reaches the port.
void add_routes(http::Router& router, Metrics& metrics, const Health& health);

/// Measures weft_loop_stall_seconds: how long single handlers held the loop, from 5 ms up. Nothing should.
/// `metrics` outlives the loop's last turn.
void watch_loop(rt::Loop& loop, Metrics& metrics);

}  // namespace weft::telemetry
