#pragma once

#include <chrono>
#include <string>

namespace weft {

using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
/// Wall-clock instant in UTC; microseconds, as PostgreSQL keeps them.
using Instant = std::chrono::time_point<std::chrono::system_clock, Micros>;
/// Monotonic instant for deadlines and durations within one process.
using Steady = std::chrono::steady_clock::time_point;

/// RFC 3339 in UTC with milliseconds, e.g. 2026-11-23T08:36:00.123Z.
std::string rfc3339(Instant at);

}  // namespace weft
