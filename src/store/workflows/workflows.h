#pragma once

#include "base/id.h"
#include "base/json.h"
#include "store/db/db.h"

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// Workflows, their one draft each, and their immutable published versions.
namespace weft::store::workflows {

enum class State : std::uint8_t { kActive, kInactive, kArchived };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kStates = {"active", "inactive", "archived"};
std::string_view name(State state);
std::optional<State> state_from(std::string_view text);

struct Workflow {
    WorkflowId id;
    std::string key;
    std::string name;
    std::string description;
    State state = State::kActive;
    std::optional<WorkflowVersionId> published_version_id;
    std::optional<int> published_number;
    bool has_unpublished_changes = false;  // a draft that is not what the last publish took
    Instant created_at;
    Instant updated_at;
};
struct NewWorkflow {
    TenantId tenant;
    WorkflowId id;
    std::string key;
    std::string name;
    std::string description;
};
struct WorkflowChange {
    WorkflowId id;
    std::optional<std::string> name;
    std::optional<std::string> description;
};
/// `state` not set: all but archived ones.
rt::Task<Result<Page<Workflow>>> list(Db db, std::optional<State> state, PageRequest page, rt::Deadline by);
rt::Task<Result<Workflow>> find(Db db, WorkflowId id, rt::Deadline by);
/// In a transaction: until it ends nobody else publishes, switches or deletes the workflow.
rt::Task<Result<Workflow>> lock(Db db, WorkflowId id, rt::Deadline by);
/// Under `lock`.
rt::Task<Result<Workflow>> set_state(Db db, WorkflowId id, State state, rt::Deadline by);
/// kConflict when the key is taken.
rt::Task<Result<Workflow>> add(Db db, NewWorkflow workflow, rt::Deadline by);
rt::Task<Result<Workflow>> change(Db db, WorkflowChange change, rt::Deadline by);
/// Which of these keys are workflows that are published, and not archived.
rt::Task<Result<std::set<std::string>>> find_published(Db db, std::set<std::string> keys, rt::Deadline by);
/// Where a workflow's breaker stands (docs/adr/0044). Open: no run begins until a time; half open: one tries.
enum class Breaker : std::uint8_t { kClosed, kOpen, kHalfOpen };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kBreakers = {"closed", "open", "half_open"};
std::string_view name(Breaker breaker);
std::optional<Breaker> breaker_from(std::string_view text);

struct Pause {
    Breaker state = Breaker::kClosed;
    int failures = 0;  // runs that failed in a row
    std::optional<Instant> until;
    std::optional<Instant> opened_at;
    std::optional<RunId> probe;  // the run that tries
    std::optional<std::string> reason;
};
rt::Task<Result<Pause>> find_pause(Db db, WorkflowId id, rt::Deadline by);
/// Nothing when it is not paused.
rt::Task<Result<void>> end_pause(Db db, WorkflowId id, rt::Deadline by);
/// What stands in the way of deleting it.
struct Usage {
    std::int64_t live_runs = 0;
    bool has_runs = false;  // ended ones too, as long as history is kept
};
rt::Task<Result<Usage>> usage(Db db, WorkflowId id, rt::Deadline by);
/// With its draft and versions; under `lock`. kConflict while it has triggers.
rt::Task<Result<void>> drop(Db db, WorkflowId id, rt::Deadline by);
/// kConflict for an archived workflow, which does not change; for an inactive one, which starts nothing.
Result<void> expect_changeable(const Workflow& workflow);
Result<void> expect_active(const Workflow& workflow);

struct Draft {
    WorkflowId workflow_id;
    Json definition;
    int revision = 1;
    std::optional<UserId> updated_by;
    Instant updated_at;
    std::string content_hash;  // SHA-256 of its text
};
/// kNotFound when nothing was ever saved.
rt::Task<Result<Draft>> find_draft(Db db, WorkflowId workflow, rt::Deadline by);
struct DraftWrite {
    TenantId tenant;
    WorkflowId workflow_id;
    Json definition;
    std::optional<int> expected_revision;  // absent: whatever is there; 0: nothing is there yet
    UserId updated_by;
};
/// kConflict when the revision has moved on; kNotFound for an unknown workflow.
rt::Task<Result<Draft>> save_draft(Db db, DraftWrite draft, rt::Deadline by);

struct Version {
    WorkflowVersionId id;
    WorkflowId workflow_id;
    int number = 1;
    Json definition;
    std::string content_hash;  // 32 bytes
    std::optional<UserId> published_by;
    Instant published_at;
};
struct NewVersion {
    TenantId tenant;
    WorkflowVersionId id;
    WorkflowId workflow_id;
    Json definition;
    Json compiled;
    std::string content_hash;
    std::string draft_hash;  // of the draft that it was made from
    UserId published_by;
};
/// Adds the next version and makes it the published one; under `lock`. When the newest version has the same
/// content hash, that one is returned instead of a copy.
rt::Task<Result<Version>> publish(Db db, NewVersion version, rt::Deadline by);
/// What one test runs.
struct NewTestVersion {
    TenantId tenant;
    WorkflowVersionId id;  // that of its run
    WorkflowId workflow_id;
    Json compiled;
    UserId made_by;
};
rt::Task<Result<void>> add_test_version(Db db, NewTestVersion version, rt::Deadline by);
rt::Task<Result<Page<Version>>> list_versions(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by);
rt::Task<Result<Version>> find_version(Db db, WorkflowVersionId id, rt::Deadline by);

}  // namespace weft::store::workflows
