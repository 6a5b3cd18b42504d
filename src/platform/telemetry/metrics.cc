#include "platform/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

namespace weft::telemetry {

namespace {

constexpr std::size_t kLabelSetsMax = 1'000;

prometheus::Labels to_labels(const Labels& labels) {
    return {labels.begin(), labels.end()};
}

/// The families of one kind by name, and how many label sets each has.
template <class Kind>
struct Families {
    struct Known {
        prometheus::Family<Kind>* family = nullptr;
        std::map<prometheus::Labels, Kind*> children;
    };

    template <class Build, class... Args>
    Kind* child(std::string_view name, Build build, const Labels& labels, Args&&... args) {
        Known& known = by_name[std::string(name)];
        if (known.family == nullptr) known.family = &build();
        auto key = to_labels(labels);
        if (auto at = known.children.find(key); at != known.children.end()) return at->second;
        if (known.children.size() >= kLabelSetsMax) {
            key = {{"overflow", "true"}};
            if (auto at = known.children.find(key); at != known.children.end()) return at->second;
        }
        Kind* made = &known.family->Add(key, std::forward<Args>(args)...);
        known.children.emplace(std::move(key), made);
        return made;
    }

    std::map<std::string, Known> by_name;
};

}  // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    Families<prometheus::Counter> counters;
    Families<prometheus::Gauge> gauges;
    Families<prometheus::Histogram> histograms;
    std::vector<std::function<void()>> updates;
};

void Counter::add(double amount) const {
    static_cast<prometheus::Counter*>(impl_)->Increment(amount);
}
void Gauge::set(double value) const {
    static_cast<prometheus::Gauge*>(impl_)->Set(value);
}
void Gauge::add(double amount) const {
    static_cast<prometheus::Gauge*>(impl_)->Increment(amount);
}
void Histogram::observe(double value) const {
    static_cast<prometheus::Histogram*>(impl_)->Observe(value);
}

std::vector<double> seconds_buckets() {
    return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
    auto build = [&]() -> auto& {
        return prometheus::BuildCounter()
            .Name(std::string(name))
            .Help(std::string(help))
            .Register(impl_->registry);
    };
    Counter out;
    out.impl_ = impl_->counters.child(name, build, labels);
    return out;
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    auto build = [&]() -> auto& {
        return prometheus::BuildGauge()
            .Name(std::string(name))
            .Help(std::string(help))
            .Register(impl_->registry);
    };
    Gauge out;
    out.impl_ = impl_->gauges.child(name, build, labels);
    return out;
}

Histogram Metrics::histogram(
    std::string_view name, std::string_view help, std::vector<double> buckets, const Labels& labels
) {
    auto build = [&]() -> auto& {
        return prometheus::BuildHistogram()
            .Name(std::string(name))
            .Help(std::string(help))
            .Register(impl_->registry);
    };
    Histogram out;
    out.impl_ = impl_->histograms.child(name, build, labels, std::move(buckets));
    return out;
}

void Metrics::on_collect(std::function<void()> update) {
    impl_->updates.push_back(std::move(update));
}

std::string Metrics::expose() const {
    for (const auto& update : impl_->updates) update();
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace weft::telemetry
