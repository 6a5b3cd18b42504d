#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::telemetry {

/// Handles are cheap copies; get them once and keep them. They live as long as their Metrics.
class Counter {
  public:
    void add(double amount = 1) const;

  private:
    friend class Metrics;
    void* impl_ = nullptr;
};
class Gauge {
  public:
    void set(double value) const;
    void add(double amount) const;

  private:
    friend class Metrics;
    void* impl_ = nullptr;
};
class Histogram {
  public:
    void observe(double value) const;

  private:
    friend class Metrics;
    void* impl_ = nullptr;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Bounds of seconds from 0.5 ms to 30 s: request, step and run times.
std::vector<double> seconds_buckets();

/// Counters, gauges and histograms by name and labels. Label values come from bounded sets (route patterns,
/// codes), never from tenants; past 1,000 label sets one name folds the rest into {overflow="true"}.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram histogram(
        std::string_view name,
        std::string_view help,
        std::vector<double> buckets = seconds_buckets(),
        const Labels& labels = {}
    );
    /// Called before each exposition, to set gauges from what others count.
    void on_collect(std::function<void()> update);
    /// Prometheus text format 0.0.4.
    std::string expose() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::telemetry
