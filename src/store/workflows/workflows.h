#pragma once

#include "base/id.h"
#include "base/json.h"
#include "store/db/db.h"

#include <optional>
#include <string>

/// Workflows, their one draft each, and their immutable published versions.
namespace weft::store::workflows {

struct Workflow {
    WorkflowId id;
    std::string key;
    std::string name;
    std::string description;
    std::optional<WorkflowVersionId> published_version_id;
    std::optional<int> published_number;
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
rt::Task<Result<Page<Workflow>>> list(Db db, PageRequest page, rt::Deadline by);
rt::Task<Result<Workflow>> find(Db db, WorkflowId id, rt::Deadline by);
/// kConflict when the key is taken.
rt::Task<Result<Workflow>> add(Db db, NewWorkflow workflow, rt::Deadline by);
rt::Task<Result<Workflow>> change(Db db, WorkflowChange change, rt::Deadline by);
/// kConflict once published or while it has triggers: runs refer to versions, which never go away.
rt::Task<Result<void>> drop(Db db, WorkflowId id, rt::Deadline by);

struct Draft {
    WorkflowId workflow_id;
    Json definition;
    int revision = 1;
    std::optional<UserId> updated_by;
    Instant updated_at;
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
    UserId published_by;
};
/// Adds the next version and makes it the published one; in a transaction (locks the workflow's row). When
/// the newest version has the same content hash, that one is returned instead of a copy.
rt::Task<Result<Version>> publish(Db db, NewVersion version, rt::Deadline by);
rt::Task<Result<Page<Version>>> list_versions(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by);
rt::Task<Result<Version>> find_version(Db db, WorkflowVersionId id, rt::Deadline by);

}  // namespace weft::store::workflows
