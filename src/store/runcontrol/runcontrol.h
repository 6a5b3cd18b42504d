#pragma once

#include "base/id.h"
#include "base/json.h"
#include "store/db/db.h"

#include <string>

/// What people ask of a live run. The answer is the engine's: it acts on the job and writes the outcome.
namespace weft::store::runcontrol {

/// Marks the run's job as to be cancelled (due at once, should it be parked) and notes it among the run's
/// events. In a transaction. Asking again changes nothing. kNotFound; kConflict when the run has ended.
rt::Task<Result<void>> request_cancel(Db db, TenantId tenant, RunId run, std::string reason, rt::Deadline by);

}  // namespace weft::store::runcontrol
