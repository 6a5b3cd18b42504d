#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"

#include <map>
#include <vector>

namespace weft::store::runs {

/// Those of `wanted` that have ended or given a response: one statement per tenant, one round trip for all.
rt::Task<Result<std::vector<RunId>>> answered(
    pg::Pool& pool, std::map<TenantId, std::vector<RunId>> wanted, rt::Deadline by
);

}  // namespace weft::store::runs
