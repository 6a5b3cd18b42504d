#pragma once

#include "base/secret.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/telemetry/health.h"
#include "platform/telemetry/metrics.h"

#include <memory>
#include <string>
#include <string_view>

namespace weft::app {

/// A process's own listener for Prometheus, apart from where people come in: /metrics, /healthz, /readyz.
class MetricsServer {
  public:
    /// `listen` as --metrics-listen. Errors: not an address; taken; one that others reach without a token.
    static Result<std::unique_ptr<MetricsServer>> start(
        rt::Loop& loop,
        const rt::Clock& clock,
        Rng& rng,
        telemetry::Metrics& metrics,
        const telemetry::Health& health,
        std::string_view listen,
        Secret token
    );

    const std::string& url() const { return url_; }
    rt::Task<void> stop(rt::Deadline by) { return server_->stop(std::move(by)); }

  private:
    http::Router router_;
    std::unique_ptr<http::Server> server_;
    std::string url_;
};

}  // namespace weft::app
