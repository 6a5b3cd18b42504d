#pragma once

#include "base/id.h"
#include "base/limits.h"
#include "store/db/db.h"
#include "store/runs/used.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a tenant's runs have cost, by the day (UTC) on which they ended.
namespace weft::store::usage {

struct Usage {
    std::optional<std::string> day;  // "2026-12-01"; nothing: all of the days asked for
    std::optional<WorkflowId> workflow;
    std::string workflow_key;  // both empty once it has been deleted
    std::string workflow_name;
    std::int64_t runs = 0;
    runs::Used used;
};

struct Filter {
    std::string from;  // days, both included
    std::string to;
    std::optional<WorkflowId> workflow;
    bool is_by_day = true;
    bool is_by_workflow = true;
    /// Where the page before has ended.
    std::optional<std::string> after_day;
    std::optional<WorkflowId> after_workflow;
    int limit = limits::kPageSizeDefault;
};

/// The newest day first, of one day by the workflows' ids. Days without an end have no row.
rt::Task<Result<std::vector<Usage>>> list(Db db, Filter filter, rt::Deadline by);

}  // namespace weft::store::usage
