#include "app/weft/metrics_server.h"

#include "app/weft/settings.h"

namespace weft::app {

namespace {

bool is_loopback(std::string_view host) {
    return host.starts_with("127.") || host == "::1";
}

}  // namespace

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(
    rt::Loop& loop,
    const rt::Clock& clock,
    Rng& rng,
    telemetry::Metrics& metrics,
    const telemetry::Health& health,
    std::string_view listen,
    Secret token
) {
    TRY(Address address, parse_address(listen));
    if (token.empty() && !is_loopback(address.host)) {
        return fail(Error::invalid(
            "Metrics on " + address.text() +
            " would be open to others. Name a token with WEFT_METRICS_TOKEN_FILE, or listen on 127.0.0.1."
        ));
    }
    auto made = std::make_unique<MetricsServer>();
    telemetry::add_health_routes(made->router_, health);
    telemetry::add_metrics_route(made->router_, metrics, health, std::move(token));
    made->server_ = std::make_unique<http::Server>(loop, made->router_, clock, rng);
    TRY(address.port, made->server_->listen_tcp(address.host, address.port));
    made->url_ = "http://" + address.text() + "/metrics";
    return made;
}

}  // namespace weft::app
