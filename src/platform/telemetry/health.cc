#include "platform/telemetry/health.h"

#include "platform/http/router.h"
#include "platform/rt/loop.h"
#include "platform/telemetry/metrics.h"

namespace weft::telemetry {

namespace {

rt::Task<Result<http::Response>> alive() {
    co_return http::Response::text(200, "ok\n");
}

rt::Task<Result<http::Response>> ready(const Health& health) {
    const bool is_ready = health.report().is_ready;
    co_return http::Response::json(
        is_ready ? 200 : 503, is_ready ? R"({"ready":true})" : R"({"ready":false})"
    );
}

bool may_scrape(const http::Request& request, const Secret& token) {
    if (token.empty()) return true;
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view given = request.headers.get("authorization");
    return given.starts_with(kBearer) && Secret(std::string(given.substr(kBearer.size()))) == token;
}

rt::Task<Result<http::Response>> metrics_text(Metrics& metrics, http::Request request, Secret token) {
    if (!may_scrape(request, token)) {
        Error error =
            Error::unauthenticated("Send `Authorization: Bearer <token of WEFT_METRICS_TOKEN_FILE>`");
        http::Response refused = http::problem(error, request.id);
        refused.headers.add("www-authenticate", "Bearer realm=\"weft metrics\"");
        co_return refused;
    }
    co_return http::Response::text(200, metrics.expose(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

Health::Report Health::report() const {
    Report report;
    for (const auto& [name, check] : checks_) {
        report.checks.emplace_back(name, check());
        report.is_ready = report.is_ready && report.checks.back().second.has_value();
    }
    return report;
}

void add_health_routes(http::Router& router, const Health& health) {
    http::RouteOptions no_body{.body_bytes_max = 0};
    router.add(http::Method::kGet, "/healthz", [](http::Request) { return alive(); }, no_body);
    router.add(http::Method::kGet, "/readyz", [&health](http::Request) { return ready(health); }, no_body);
}

void add_metrics_route(http::Router& router, Metrics& metrics, const Health& health, Secret token) {
    metrics.on_collect([&metrics, &health] {
        for (const auto& [name, result] : health.report().checks) {
            metrics.gauge(
                       "weft_ready", "1 when this part of the process can work", {{"check", name}}
            ).set(result ? 1 : 0);
        }
    });
    auto scrape = [&metrics, token = std::move(token)](http::Request request) {
        return metrics_text(metrics, std::move(request), token);
    };
    router.add(http::Method::kGet, "/metrics", std::move(scrape), {.body_bytes_max = 0});
}

void watch_loop(rt::Loop& loop, Metrics& metrics) {
    constexpr auto kStall = std::chrono::milliseconds(5);
    std::vector<double> buckets{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30};
    auto seconds = metrics.histogram(
        "weft_loop_stall_seconds", "Time one handler held the event loop, from 5 ms up", std::move(buckets)
    );
    loop.watch_stalls(kStall, [seconds](Steady::duration held) {
        seconds.observe(std::chrono::duration<double>(held).count());
    });
}

}  // namespace weft::telemetry
