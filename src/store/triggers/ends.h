#pragma once

#include "base/id.h"
#include "base/json.h"
#include "core/runstate/policy.h"
#include "core/runstate/states.h"
#include "platform/pg/pg.h"
#include "store/triggers/refused.h"

#include <optional>
#include <string>
#include <vector>

/// Ends of runs, for the triggers that wait for them. In one transaction, which claim_ends opens: then
/// begin_runs (inbox.h) or refuse_end, then the commit; whoever dies before leaves the ends to the next.
namespace weft::store::triggers {

/// An end, and one of the triggers that wait for it; without a trigger nobody does.
struct Ended {
    TenantId tenant;
    RunId run;
    std::string workflow_key;  // "" once the workflow is gone
    runstate::RunStatus state = runstate::RunStatus::kSuccess;
    std::optional<runstate::FailureKind> failure_kind;
    std::optional<std::string> error;  // JSON text
    int depth = 0;                     // of the run that has ended
    std::optional<TriggerId> trigger;
    std::string trigger_name;
    bool is_live = false;       // it is active: the end begins a run
    bool is_listening = false;  // somebody wants a sample of it (samples.h)
    std::optional<Json> flow;   // rules of the trigger's workflow (core/flow), and of which version
    std::optional<WorkflowVersionId> version;
};
/// The oldest `limit` ends that nobody else looks at.
struct ClaimedEnds {
    pg::Transaction transaction;
    std::vector<Ended> ends;
};
rt::Task<Result<ClaimedEnds>> claim_ends(pg::Pool& pool, int limit, rt::Deadline by);

/// Told to the trigger's owner.
rt::Task<Result<void>> refuse_end(
    pg::Transaction& transaction, TenantId tenant, TriggerId trigger, RefusalReason reason, rt::Deadline by
);

}  // namespace weft::store::triggers
