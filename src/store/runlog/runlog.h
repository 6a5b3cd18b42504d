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
    std::optional<std::string> fields;  // JSON text of an object
};

/// Which lines. What is not set, fits.
struct Filter {
    std::int64_t after = 0;           // a greater `seq`
    Level least = Level::kDebug;      // as grave as this, or graver
    std::optional<std::string> step;  // of that step
    std::optional<std::string> text;  // in message, step or fields, in any case of letters
    int limit = 100;
};

struct Page {
    std::vector<Line> lines;           // oldest first
    std::optional<std::int64_t> next;  // go on behind it: the look ended before the log did
};

/// A look at a bounded number of lines: with a filter a page may be short, even empty, and have a `next`.
/// Empty for an absent run.
rt::Task<Result<Page>> list(pg::Pool& pool, TenantId tenant, RunId run, Filter filter, rt::Deadline by);

}  // namespace weft::store::runlog
