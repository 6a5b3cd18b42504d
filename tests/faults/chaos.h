#pragma once

#include "app/demo/instance.h"
#include "base/random.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <array>
#include <cstdint>
#include <string>

namespace weft::faults {

struct ChaosOptions {
    int kills = 60;
    int pauses = 20;
    Steady::duration spread{};  // all faults happen within this time, at random moments
    Steady::duration pause{};   // how long a worker is stopped: longer than its lease
};

enum class Fault { kApi, kWorker, kRunner, kPostgresKill, kPostgresImmediate, kPause };
inline constexpr std::array kFaultNames{
    "kill api", "kill worker", "kill runner", "kill -9 postgres", "postgres immediate stop", "pause worker"
};

struct ChaosReport {
    std::array<int, kFaultNames.size()> done{};
    int missed = 0;  // the victim was not there at that moment
    Steady last{};

    int kills() const;
    int pauses() const { return done[static_cast<std::size_t>(Fault::kPause)]; }
};

/// Kills and pauses processes of `instance` until the planned number has been reached, then returns with
/// everything running again. Ends early when `by` is over.
rt::Task<ChaosReport> rage(const demo::Instance& instance, ChaosOptions options, Rng& rng, rt::Deadline by);

}  // namespace weft::faults
