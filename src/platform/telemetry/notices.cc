#include "platform/telemetry/notices.h"

namespace weft::telemetry {

namespace {

constexpr rate::Rate kLines{.per_second = 0.1, .burst = 20};
constexpr std::size_t kCells = 1'024;  // 32 KiB: an estimate is enough here

}  // namespace

Notices::Notices(Metrics& metrics, Logger log, const rt::Clock& clock, Rng& rng, std::string metric)
    : metrics_(metrics),
      log_(std::move(log)),
      clock_(clock),
      lines_(rng, kCells),
      metric_(std::move(metric)) {}

void Notices::note(std::string_view reason, std::string_view sender, std::initializer_list<Field> fields) {
    auto at = counters_.find(reason);
    if (at == counters_.end()) {
        auto counter =
            metrics_.counter(metric_, "Odd or refused content, by reason", {{"reason", std::string(reason)}});
        at = counters_.emplace(reason, counter).first;
    }
    at->second.add();
    if (!lines_.take(sender, kLines, 1, clock_.steady()).is_allowed) return;
    log_.with({{"reason", reason}, {"metric", metric_}}).info("odd content", fields);
}

}  // namespace weft::telemetry
