#include "platform/telemetry/health.h"

#include "base/json.h"
#include "platform/http/router.h"
#include "platform/rt/loop.h"
#include "platform/telemetry/metrics.h"

namespace weft::telemetry {

namespace {

rt::Task<Result<http::Response>> alive() {
    co_return http::Response::text(200, "ok\n");
}

rt::Task<Result<http::Response>> ready(const Health& health) {
    auto report = health.report();
    co_return http::Response::json(report.is_ready ? 200 : 503, std::move(report.json));
}

rt::Task<Result<http::Response>> metrics_text(Metrics& metrics) {
    co_return http::Response::text(200, metrics.expose(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

Health::Report Health::report() const {
    Report report;
    JsonObject checks;
    for (const auto& [name, check] : checks_) {
        auto result = check();
        JsonObject entry;
        entry["ready"] = result.has_value();
        if (!result) {
            entry["reason"] = result.error().user;
            report.is_ready = false;
        }
        checks[name] = std::move(entry);
    }
    JsonObject body;
    body["ready"] = report.is_ready;
    body["checks"] = std::move(checks);
    report.json = to_text(Json(std::move(body)));
    return report;
}

void add_routes(http::Router& router, Metrics& metrics, const Health& health) {
    http::RouteOptions no_body{.body_bytes_max = 0};
    router.add(http::Method::kGet, "/healthz", [](http::Request) { return alive(); }, no_body);
    router.add(http::Method::kGet, "/readyz", [&health](http::Request) { return ready(health); }, no_body);
    router.add(
        http::Method::kGet, "/metrics", [&metrics](http::Request) { return metrics_text(metrics); }, no_body
    );
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
