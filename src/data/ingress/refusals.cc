#include "data/ingress/refusals.h"

#include "platform/http/address.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <utility>

namespace weft::ingress {

namespace {

constexpr auto kWriteTimeout = std::chrono::seconds(5);
constexpr std::size_t kTypeBytesMax = 100;

/// Printable ASCII, cut: it is the sender's word.
std::string shown_type(std::string_view text) {
    std::string out(text.substr(0, kTypeBytesMax));
    std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
    return out;
}

}  // namespace

store::triggers::RefusalReason refusal_reason(const Error& error) {
    using store::triggers::RefusalReason;
    if (error.field.starts_with("input")) return RefusalReason::kInput;
    if (error.field.starts_with("body"))
        return error.code == Code::kLimit ? RefusalReason::kBodyLimit : RefusalReason::kBody;
    if (error.code == Code::kLimit || error.code == Code::kUnavailable) return RefusalReason::kOverload;
    return RefusalReason::kOther;
}

std::string masked_address(std::string_view address) {
    return http::network_of(address, {.v4_bits = 24, .v6_bits = 48});
}

Refusals::Refusals(rt::Loop& loop, pg::Pool& pool, const rt::Clock& clock, telemetry::Metrics& metrics)
    : Refusals(loop, pool, clock, metrics, Options{}) {}

Refusals::Refusals(
    rt::Loop& loop, pg::Pool& pool, const rt::Clock& clock, telemetry::Metrics& metrics, Options options
)
    : loop_(loop),
      pool_(pool),
      clock_(clock),
      metrics_(metrics),
      options_(options),
      unwritten_(metrics.counter(
          "weft_refused_unwritten_total",
          "Refused deliveries that are counted here only, not on their trigger"
      )),
      scope_(loop) {}

Refusals::~Refusals() = default;

void Refusals::count(store::triggers::RefusalReason reason) {
    auto found = counters_.find(reason);
    if (found == counters_.end()) {
        telemetry::Counter counter = metrics_.counter(
            "weft_deliveries_refused_total",
            "Deliveries to webhooks that were not taken",
            {{"reason", std::string(name(reason))}}
        );
        found = counters_.emplace(reason, counter).first;
    }
    found->second.add();
}

/// Where it is counted; nothing when this turn has no room for it.
store::triggers::RefusedCount* Refusals::place_for(const Refusal& refusal) {
    Kind kind{
        .reason = refusal.reason,
        .status = refusal.status,
        .content_type = shown_type(refusal.content_type),
        .address = refusal.address,
    };
    auto trigger = waiting_.find(refusal.trigger);
    if (trigger != waiting_.end()) {
        auto& kinds = trigger->second.kinds;
        if (auto found = kinds.find(kind); found != kinds.end()) return &found->second;
        // Many different ones: by the reason alone.
        if (kinds.size() + 1 >= options_.kinds_max) {
            kind.content_type.clear();
            kind.address.clear();
            if (auto found = kinds.find(kind); found != kinds.end()) return &found->second;
        }
        if (kinds.size() >= options_.kinds_max) return nullptr;
    }
    if (rows_ >= options_.rows_max) return nullptr;
    ++rows_;
    Waiting& waiting = waiting_[refusal.trigger];
    waiting.tenant = refusal.tenant;
    return &waiting.kinds[std::move(kind)];
}

void Refusals::note(Refusal refusal) {
    count(refusal.reason);
    store::triggers::RefusedCount* place = place_for(refusal);
    if (place == nullptr) return unwritten_.add();
    const Instant now = clock_.now();
    if (place->count == 0) place->first_at = now;
    place->last_at = now;
    place->size = static_cast<std::int64_t>(refusal.size);
    ++place->count;
    if (is_working_ || scope_.is_cancelled()) return;
    is_working_ = true;
    scope_.spawn(work());
}

/// While something is waiting; nobody is refused most of the time.
rt::Task<void> Refusals::work() {
    while (!waiting_.empty() && !scope_.is_cancelled()) {
        (void)co_await rt::sleep_for(options_.every, scope_.forever());
        if (!scope_.is_cancelled()) co_await flush(scope_.deadline(kWriteTimeout));
    }
    is_working_ = false;
}

rt::Task<void> Refusals::flush(rt::Deadline by) {
    auto waiting = std::exchange(waiting_, {});
    rows_ = 0;
    std::vector<store::triggers::Refused> rows;
    for (auto& [trigger, of] : waiting) {
        for (auto& [kind, seen] : of.kinds) rows.push_back({of.tenant, trigger, kind, seen});
    }
    if (rows.empty()) co_return;
    std::int64_t deliveries = 0;
    for (const auto& row : rows) deliveries += row.seen.count;
    auto written = co_await store::triggers::add_refused(pool_, std::move(rows), std::move(by));
    // Best effort: what the database cannot take now is in the metric.
    if (!written) unwritten_.add(static_cast<double>(deliveries));
}

rt::Task<void> Refusals::close(rt::Deadline by) {
    co_await scope_.close();
    co_await flush(std::move(by));
}

}  // namespace weft::ingress
