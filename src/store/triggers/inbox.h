#pragma once

#include "base/id.h"
#include "base/json.h"
#include "platform/pg/pg.h"
#include "store/idempotency/idempotency.h"
#include "store/quotas/quotas.h"
#include "store/runs/payload.h"
#include "store/runs/runs.h"
#include "store/triggers/triggers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// How runs come into being: the inbox of events and the start of runs, many in one transaction.
namespace weft::store::triggers {

/// What the address of a webhook or form leads to; those that are active, or are listened to (samples.h).
struct WebhookTarget {
    TenantId tenant;
    TriggerId id;
    WorkflowId workflow;
    std::string name;
    Json config;
    std::optional<std::string> sealed_secret;
    TenantKeyId key_id;
    std::optional<WorkflowVersionId> published;  // when it was read
    bool is_workflow_active = true;
    bool is_active = true;
    bool is_listening = false;
    /// Its events begin runs.
    bool is_live() const { return is_active && is_workflow_active && published; }
};
/// By the SHA-256 of the address's token, across tenants (weft_ingest). Nothing for one that is unknown,
/// of another kind, or inactive while nobody listens.
rt::Task<Result<std::optional<WebhookTarget>>> find_by_token(
    pg::Pool& pool, Kind kind, std::string token_hash, rt::Deadline by
);

/// The workflow's published version by now; nothing when it has none or is gone.
rt::Task<Result<std::optional<WorkflowVersionId>>> find_published(
    pg::Pool& pool, TenantId tenant, WorkflowId workflow, rt::Deadline by
);

/// What a workflow's published version says about when its runs may begin, as core/flow stores it.
struct FlowRules {
    WorkflowVersionId version;
    Json rules;
    std::optional<Millis> rate_wait;  // until a run of the key asked about has room under the rate limit
};
/// Of a trigger's workflow, or of `workflow`; nothing when it has none, or nothing can begin.
rt::Task<Result<std::optional<FlowRules>>> find_flow(
    pg::Pool& pool,
    TenantId tenant,
    std::optional<TriggerId> trigger,
    WorkflowId workflow,
    std::string rate_key,
    rt::Deadline by
);

/// What a run says to the rules of a version (flow::Rules::keys).
struct FlowKeys {
    WorkflowVersionId version;
    std::string keys;  // JSON text
};

/// A run to begin, by an event of a trigger (then `workflow` is the trigger's) or by its workflow.
struct NewRun {
    TenantId tenant;
    RunId id;
    std::optional<TriggerId> trigger;
    std::string dedupe_key;                    // with a trigger; not empty, at most 200 bytes
    WorkflowId workflow;                       // without a trigger
    std::optional<WorkflowVersionId> version;  // without a trigger; the published one when not set
    std::optional<RunId> rerun_of;
    bool is_redrive = false;                  // with `rerun_of`: begins only if that is an open dead letter
    bool is_awaited = false;                  // with a trigger: a caller waits for its answer
    std::optional<RunId> follows;             // with a trigger: the run whose end it is
    int depth = 0;                            // how many runs stand above it
    std::optional<idempotency::Once> once;    // without a trigger; who holds the key already is the answer
    std::optional<FlowKeys> flow;             // needed where the workflow has rules
    std::vector<runs::StoredPayload> values;  // its input, what triggered it, and the outputs of `kept`
    std::vector<runs::StepRun> kept;          // without a trigger: steps that it begins with, see KeptStep
};
/// `id` is another run's when the event had come before, or the key was used before.
struct Begun {
    RunId id;
    std::optional<WorkflowId> workflow;  // of a new run
    bool is_same_request = true;         // false: the key was used for something else
};

/// All in one transaction and one round trip; the tenants' places in the queue are taken too. Answers by
/// position; nothing where the trigger is gone, inactive or another tenant's, the workflow is inactive, or no
/// version is published; and where the workflow has rules that `flow` was not made for, or whose rate limit
/// refuses the run (find_flow tells).
/// Repeating it with the same ids after an unknown outcome begins nothing twice.
rt::Task<Result<std::vector<std::optional<Begun>>>> begin_runs(
    pg::Pool& pool, std::vector<const NewRun*> runs, rt::Deadline by
);

/// Likewise, of events alone, in the transaction of weft_ingest that the caller has opened and commits.
/// kLeave: nothing as well where the event has come before.
enum class Repeats : std::uint8_t { kFind, kLeave };
rt::Task<Result<std::vector<std::optional<Begun>>>> begin_runs(
    pg::Transaction& transaction, std::vector<const NewRun*> runs, Repeats repeats, rt::Deadline by
);

/// Jobs of the tenant that are due, of as many as it may have (`most` by default). Those that wait take
/// nothing from anybody.
rt::Task<Result<quotas::Use>> count_backlog(
    pg::Pool& pool, TenantId tenant, std::int64_t most, rt::Deadline by
);

}  // namespace weft::store::triggers
