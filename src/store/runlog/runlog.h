#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"

#include <optional>
#include <string>
#include <vector>

/// The log lines of runs, as people read them. Written by store/runs with the run's journal.
namespace weft::store::runlog {

struct Line {
    std::int64_t seq = 0;
    Instant at;
    std::string level;
    std::optional<std::string> step;
    std::string message;
};

/// Up to `limit` lines with a greater `seq` than `after`, oldest first; empty for an absent run.
rt::Task<Result<std::vector<Line>>> list(
    pg::Pool& pool, TenantId tenant, RunId run, std::int64_t after, int limit, rt::Deadline by
);

}  // namespace weft::store::runlog
