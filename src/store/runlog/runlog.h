#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The log lines of runs, as people read them. Written by store/runs with the run's journal.
namespace weft::store::runlog {

/// How grave a line is, as it is stored and shown.
enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
std::string_view name(Level level);
std::optional<Level> level_from(std::string_view text);

struct Line {
    std::int64_t seq = 0;
    Instant at;
    Level level = Level::kInfo;
    std::optional<std::string> step;
    std::int64_t iteration = 0;  // of a loop's item, see runstate::Iteration
    std::string message;
};

/// Up to `limit` lines with a greater `seq` than `after`, oldest first; empty for an absent run.
rt::Task<Result<std::vector<Line>>> list(
    pg::Pool& pool, TenantId tenant, RunId run, std::int64_t after, int limit, rt::Deadline by
);

}  // namespace weft::store::runlog
