#pragma once

#include "control/scripts/scripts.h"
#include "platform/http/leases.h"
#include "platform/http/server.h"
#include "platform/telemetry/metrics.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>

/// What an api process counts of its own work.
namespace weft::app {

/// Counts requests by route and status; both come from bounded sets.
class RequestMetrics {
  public:
    explicit RequestMetrics(telemetry::Metrics& metrics)
        : metrics_(metrics),
          seconds_(metrics.histogram("weft_http_request_seconds", "Time to answer a request")) {}

    void add(const http::AccessRecord& record) {
        auto key = std::pair(std::string(record.route), record.status);
        auto found = counters_.find(key);
        if (found == counters_.end()) {
            telemetry::Labels labels{{"route", key.first}, {"status", std::to_string(record.status)}};
            auto counter = metrics_.counter("weft_http_requests_total", "Requests answered", labels);
            found = counters_.emplace(std::move(key), counter).first;
        }
        found->second.add();
        seconds_.observe(std::chrono::duration<double>(record.duration).count());
    }

  private:
    telemetry::Metrics& metrics_;
    telemetry::Histogram seconds_;
    std::map<std::pair<std::string, int>, telemetry::Counter> counters_;
};

/// What open streams hold, and how many were refused or ended by a limit or a revocation.
class StreamMetrics {
  public:
    explicit StreamMetrics(telemetry::Metrics& metrics)
        : streams_(metrics.gauge("weft_streams", "Open sockets and event streams")),
          subscriptions_(metrics.gauge("weft_stream_subscriptions", "Operations under way on streams")),
          bytes_(metrics.gauge("weft_stream_bytes", "What streams asked for and have not read yet")),
          ended_(metrics.counter("weft_streams_revoked_total", "Streams that a revocation or expiry ended")),
          refused_(metrics.counter("weft_stream_limits_total", "Refusals by a limit of streams")) {}

    void update(const http::Leases::Stats& stats) {
        streams_.set(static_cast<double>(stats.held[0]));
        subscriptions_.set(static_cast<double>(stats.held[1]));
        bytes_.set(static_cast<double>(stats.held[2]));
        ended_.add(static_cast<double>(stats.ended - std::exchange(ended_before_, stats.ended)));
        refused_.add(static_cast<double>(stats.refused - std::exchange(refused_before_, stats.refused)));
    }

  private:
    telemetry::Gauge streams_;
    telemetry::Gauge subscriptions_;
    telemetry::Gauge bytes_;
    telemetry::Counter ended_;
    telemetry::Counter refused_;
    std::uint64_t ended_before_ = 0;
    std::uint64_t refused_before_ = 0;
};

/// JavaScript of workflows and actions, by what the checker said of each.
class ScriptMetrics {
  public:
    explicit ScriptMetrics(telemetry::Metrics& metrics)
        : good_(counter(metrics, "good")),
          wrong_(counter(metrics, "wrong")),
          unchecked_(counter(metrics, "unchecked")) {}

    void update(const control::scripts::Stats& now) {
        good_.add(static_cast<double>(now.good - before_.good));
        wrong_.add(static_cast<double>(now.wrong - before_.wrong));
        unchecked_.add(static_cast<double>(now.unchecked - before_.unchecked));
        before_ = now;
    }

  private:
    static telemetry::Counter counter(telemetry::Metrics& metrics, std::string verdict) {
        return metrics.counter(
            "weft_scripts_checked_total", "Scripts of definitions", {{"verdict", std::move(verdict)}}
        );
    }

    telemetry::Counter good_;
    telemetry::Counter wrong_;
    telemetry::Counter unchecked_;
    control::scripts::Stats before_;
};

}  // namespace weft::app
