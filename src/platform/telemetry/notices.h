#pragma once

#include "platform/rate/rate.h"
#include "platform/rt/clock.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"

#include <map>
#include <string>
#include <string_view>

namespace weft::telemetry {

/// What others send and we would not have written: counted by reason, and told in the log as often as one
/// sender's share allows, so that nobody fills the log. Belongs to one loop.
class Notices {
  public:
    /// `metric` is the counter's name, with a label `reason`.
    Notices(Metrics& metrics, Logger log, const rt::Clock& clock, Rng& rng, std::string metric);

    /// `reason` is a literal; `sender` whose share of lines this is: a tenant's or a trigger's id. The first
    /// 20 in a row are told, then one in ten seconds. Nothing secret in `fields`, and nothing long.
    void note(std::string_view reason, std::string_view sender, std::initializer_list<Field> fields);

  private:
    Metrics& metrics_;
    Logger log_;
    const rt::Clock& clock_;
    rate::Limiter lines_;
    std::string metric_;
    std::map<std::string_view, Counter> counters_;
};

}  // namespace weft::telemetry
