#pragma once

#include "base/id.h"
#include "base/json.h"
#include "store/db/db.h"

#include <optional>
#include <string>

/// What people ask of a live run. The answer is the engine's: it acts on the job and writes the outcome.
namespace weft::store::runcontrol {

struct CancelRequest {
    UserId by;  // of a token: who made it
    std::string by_name;
    std::optional<std::string> reason;
};

/// Marks the run's job as to be cancelled (due at once, should it be parked) and notes it among the run's
/// events. In a transaction. Asking again changes nothing: the first one's name and reason stay. kNotFound;
/// kConflict when the run has ended.
rt::Task<Result<void>> request_cancel(
    Db db, TenantId tenant, RunId run, CancelRequest request, rt::Deadline by
);

/// Whether anything of the run may still be done.
rt::Task<Result<bool>> is_live(Db db, RunId run, rt::Deadline by);

}  // namespace weft::store::runcontrol
